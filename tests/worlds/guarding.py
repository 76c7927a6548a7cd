"""A state repository in real Git that tests make good and bad commits in, and judging them by the guard."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from generator.model.entry import Preview
from generator.values.formats import format_time
from generator.values.naming import ENTRY_FILE, MANIFEST_FILE, IssueKey, preview_folder
from hub.adapters.git.history import GitHistory
from hub.adapters.git.process import Git
from hub.adapters.git.reader import GitReader
from hub.settings import load_settings
from hub.wiring import Hub
from reconcilers.guard.judge import CAP, Guard, Judgement
from reconcilers.guard.walk import Policy, Refusal, Who
from reconcilers.lifecycle.start import Starter, draft_of, entry_text
from reconcilers.state.policies import read_policies
from worlds.builders import LIBRARY, NOW, start_request
from worlds.planning import layout

VERSION = "test"
HUB = Hub(load_settings({}))
STARTER = Starter(HUB.check, VERSION)
HOUR = timedelta(hours=1)
#: A file's content, with a mode when it is not an ordinary one; None removes it. A submodule's content is a commit.
Content = bytes | tuple[str, bytes] | None
Files = dict[str, Content]


@dataclass(frozen=True)
class World:
    """The repository. Commits are made beside its branches, which stay as they are."""

    path: Path

    def git(self, *arguments: str, stdin: bytes = b"", **environ: str) -> bytes:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        dates = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), format_time(NOW - 10 * HOUR))
        command = ["git", "-C", str(self.path), *who, *arguments]
        done = subprocess.run(
            command, input=stdin, env={**os.environ, **dates, **environ}, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @cached_property
    def history(self) -> GitHistory:
        return GitHistory(GitReader(Git(dict(os.environ), self.path)))

    def commit(self, files: Mapping[str, Content], *parents: str) -> str:
        """A commit of the first parent's tree with `files` changed."""
        index = {"GIT_INDEX_FILE": str(self.path / "test-index")}
        self.git("read-tree", *parents[:1] or ["--empty"], **index)
        lines = []
        for path, content in files.items():
            mode, text = content if isinstance(content, tuple) else ("100644", content)
            if text is None:
                lines.append(b"0 %s\t%s\0" % (b"0" * 40, os.fsencode(path)))
                continue
            blob = text if mode == "160000" else self.git("hash-object", "-w", "--stdin", stdin=text).strip()
            lines.append(b"%s %s\t%s\0" % (mode.encode(), blob, os.fsencode(path)))
        self.git("update-index", "-z", "--index-info", stdin=b"".join(lines), **index)
        tree = self.git("write-tree", **index).decode().strip()
        chain = [word for parent in parents for word in ("-p", parent)]
        return self.git("commit-tree", tree, *chain, "-m", "a change").decode().strip()

    def read(self, commit: str, path: str) -> bytes:
        return self.git("show", f"{commit}:{path}")

    def policies(self, base: str, branch: str) -> dict[str, Policy]:
        snapshot = self.history.snapshot(branch, base)
        found = {name: Policy(*one) for name, one in read_policies(snapshot, str(self.path), LIBRARY).items()}
        return {name: policy for name, policy in found.items() if policy.environment.spec.branch == branch}

    def judge(
        self,
        base: str,
        head: str,
        branch: str = "main",
        *,
        who: Who = "any",
        cap: int = CAP,
        now: datetime = NOW,
        version: str = VERSION,
    ) -> Judgement:
        guard = Guard(self.policies(base, branch), self.history, HUB.check, version, now, who, cap)
        return guard.judge(self.history.walk(base, head))

    def preview(self, base: str, env: str, key: str, *, now: datetime = NOW, **fields: Any) -> Preview:
        """An entry as `start` would make it on the branch at `base`."""
        environment = self.policy(base, env).environment
        return draft_of(start_request(key, **fields), environment, LIBRARY, now=now)

    def policy(self, base: str, env: str) -> Policy:
        return Policy(*read_policies(self.history.snapshot("", base), str(self.path), LIBRARY)[env])

    def files(self, base: str, preview: Preview, starter: Starter = STARTER) -> Files:
        """Both files of a preview, rendered by the policy at `base`."""
        policy = self.policy(base, preview.spec.environment)
        bare = with_spec(preview, rendered=None)
        stamped, rendering = starter.rendered(bare, policy.environment, policy.library)
        return {
            entry_path(preview): entry_text(stamped).encode(),
            manifest_path(preview): rendering.text.encode(),
        }

    def started(self, base: str, env: str, key: str, **fields: Any) -> str:
        """A commit on `base` that starts a preview."""
        return self.commit(self.files(base, self.preview(base, env, key, **fields)), base)


def lay_out(path: Path) -> tuple[World, str, str]:
    """A repository, and the first commits of main (int, stg) and prd."""
    subprocess.run(["git", "init", "-q", "--bare", "--initial-branch=main", path], check=True)
    world = World(path)
    shipped = layout()
    heads = []
    for names in (["int", "stg"], ["prd"]):
        files: Files = {str(p): content for p, content in shipped.files(names).items()}
        heads.append(world.commit({**files, ".github/CODEOWNERS": b"* @example/prd-approvers\n"}))
    return world, heads[0], heads[1]


def folder(env: str, key: str) -> str:
    return str(preview_folder(env, IssueKey.parse(key)))


def entry_path(preview: Preview) -> str:
    return str(preview_folder(preview.spec.environment, preview.key) / ENTRY_FILE)


def manifest_path(preview: Preview) -> str:
    return str(PurePosixPath(entry_path(preview)).with_name(MANIFEST_FILE))


def with_spec(preview: Preview, **changes: Any) -> Preview:
    return preview.model_copy(update={"spec": preview.spec.model_copy(update=changes)})


def with_lease(preview: Preview, **changes: Any) -> Preview:
    """The entry with fields of its lease replaced; times may be datetimes."""
    texts = {name: format_time(value) if isinstance(value, datetime) else value for name, value in changes.items()}
    return with_spec(preview, lease=preview.spec.lease.model_copy(update=texts))


def with_component(preview: Preview, name: str, **changes: Any) -> Preview:
    components = dict(preview.spec.components)
    components[name] = components[name].model_copy(update=changes)
    return with_spec(preview, components=components)


def stamped(preview: Preview, at: datetime, length: timedelta = 8 * HOUR) -> Preview:
    return with_lease(preview, activated_at=at, expires_at=at + length)


def rules(judgement: Judgement) -> set[str]:
    return {refusal.rule for refusal in judgement.refusals}


def one(judgement: Judgement) -> Refusal:
    (refusal,) = judgement.refusals
    return refusal
