"""A state repository in real Git, and the parts that actions take, put together by hand: no settings, no process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from generator.validate.validation import Validator
from generator.values.naming import IssueKey
from hub import assets
from hub.actions.repository import Repository
from hub.adapters.git.opening import create_repository, open_store
from hub.adapters.git.store import GitRepository, Identity
from hub.writing.writer import Writer
from reconcilers.lifecycle.batch import Submission
from reconcilers.lifecycle.start import Starter
from reconcilers.lifecycle.start_or_wait import plan_start
from reconcilers.lifecycle.stop import plan_stop
from reconcilers.state.entries import NOTHING_KEPT
from reconcilers.state.layout import plan_layout
from worlds.builders import LIBRARY, NOW, start_request
from worlds.commands import commit_file
from worlds.local_world import QUIET
from worlds.planning import layout

VALIDATOR = Validator(assets.generator_data)
STARTER = Starter(lambda *_: None, "test")


@dataclass
class Acting:
    """The shipped environments in a bare repository: int and stg on main, prd on prd. The clock stands at `now`."""

    path: Path
    now: datetime = NOW
    files: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        create_repository(self.path, bare=True, remote=None, environ=QUIET)
        for plan in plan_layout(layout(**self.files), self.store):
            self.store.commit(plan, at=NOW)

    def clock(self) -> datetime:
        return self.now

    @property
    def store(self) -> GitRepository:
        """The repository, opened anew as each command does."""
        identity = Identity("rtb-hub", "rtb-hub@example.com")
        return open_store(str(self.path), cache=self.path.parent / "cache", environ=QUIET, identity=identity)

    @property
    def repository(self) -> Repository:
        return Repository(self.store, LIBRARY, NOTHING_KEPT)

    def start(self, key: str = "RTB-123", env: str = "int", *, queue: bool = False, **fields: Any) -> None:
        """Start a preview, or have it wait."""
        asked = replace(start_request(key, **fields), queue=queue)
        writer = Writer(self.store, LIBRARY, self.clock)
        writer.write(Submission(env, asked.key, lambda state, now: plan_start(asked, state, starter=STARTER, now=now)))

    def wait_for_room(self, key: str = "RTB-123") -> None:
        """Have a preview wait in int, all of whose room others have taken."""
        for number in (101, 102, 103):
            self.start(f"RTB-{number}", settings=(("web.cpu", "1"), ("api.cpu", "1")))
        self.start(key, queue=True)

    def stop(self, key: str = "RTB-123", env: str = "int") -> None:
        issue = IssueKey.parse(key)
        writer = Writer(self.store, LIBRARY, self.clock)
        writer.write(Submission(env, issue, lambda state, _: plan_stop(issue, state, requested_by="bob")))

    def put(self, path: str, text: str, branch: str = "main") -> None:
        """Commit a file past the hub."""
        commit_file(self.path, path, text, branch)
