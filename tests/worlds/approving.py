"""A state repository whose prd changes by review at a forge, with the people and the hub around it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from generator.errors import HubError
from generator.model.environment import Environment
from generator.values.naming import IssueKey
from hub import assets
from hub.actions.extend import extend
from hub.actions.parts import Parts
from hub.actions.start import Started, start
from hub.actions.stop import StopRequest, stop
from hub.adapters.git.opening import create_repository
from hub.reconciling.registry import ReconcileTime
from hub.reconciling.round import Asked, Outcome, Round
from hub.settings import load_settings
from hub.wiring import Hub
from reconcilers.approval.decisions import ApprovalResult
from reconcilers.lifecycle.done import Reviewed
from reconcilers.lifecycle.extend import ExtendRequest
from reconcilers.ports.forge import Forge
from reconcilers.state.entries import EntryRecord
from reconcilers.state.layout import plan_layout
from worlds.builders import NOW, start_request
from worlds.commands import commit_file, git
from worlds.github_world import GitHubWorld
from worlds.local_world import QUIET, LocalWorld
from worlds.planning import layout
from worlds.repositories import copied, packed

TEAM = "acme/prd-approvers"
BRANCH = "preview/prd/rtb-123"
ENTRY = "environments/prd/previews/rtb/100/rtb-123/preview.yaml"
POLICY = "environments/prd/environment.yaml"


@dataclass(frozen=True)
class TestHub(Hub):
    """The hub with a forge that a test has put between."""

    __test__ = False
    put: Forge | None = field(default=None, repr=False)

    def forge(self, environment: Environment, repo: str | None) -> Forge | None:
        return self.put if environment.spec.forge is not None else None


@dataclass
class Prd:
    """`world` is the forge with its people; `late` is how much later than the world's clock it is for the hub."""

    world: Any
    tmp: Path
    forge: Any
    late: timedelta = timedelta()
    store_of: Callable[[Any], Any] = lambda store: store

    def now(self) -> datetime:
        at = self.world.clock() if isinstance(self.world, LocalWorld) else datetime.now(UTC)
        return (at + self.late).replace(microsecond=0)

    def hub(self, actor: str = "alice", **environ: str) -> TestHub:
        who = self.world.forge.whoami()
        told = {**QUIET, "RTB_HUB_ACTOR": actor, "RTB_HUB_CACHE": str(self.tmp / "cache"), **environ}
        if not isinstance(self.world, LocalWorld):
            told |= {"RTB_HUB_GIT_NAME": who.name, "RTB_HUB_GIT_EMAIL": who.email}
        return TestHub(load_settings(told), clock=self.now, put=self.forge)

    def store(self, ours: Hub) -> Any:
        return self.store_of(ours.store(str(self.world.path)))

    def parts(self, by: str) -> Parts:
        ours = self.hub(by)
        return ours.parts_of(self.store(ours))

    def start(self, key: str = "RTB-123", *, by: str = "alice", **fields: Any) -> Reviewed:
        asked = start_request(key, requested_by=by, **{"blueprint": "web", **fields})
        started = start(asked, "prd", parts=self.parts(by))
        assert isinstance(started, Started)
        return started.done.reviewed

    def stop(self, key: str = "RTB-123", *, by: str = "alice") -> Reviewed:
        stopped = stop(StopRequest(IssueKey.parse(key), by), "prd", parts=self.parts(by))
        assert stopped
        return stopped.done.reviewed

    def extend(self, key: str = "RTB-123", *, by: str = "alice", time: str = "2h") -> Reviewed:
        asked = ExtendRequest(IssueKey.parse(key), by, time)
        return extend(asked, "prd", parts=self.parts(by)).done.reviewed

    def reconcile(self, *only: str, acts: bool = True, **environ: str) -> dict[str, Outcome]:
        """The outcomes in prd, by reconciler."""
        ours = self.hub(**environ)
        found = Round(ours, self.store(ours), Asked(("prd",), only), ReconcileTime(ours.clock()), acts).run()
        return {one.reconciler: one for one in found}

    def told(self, *only: str, acts: bool = True) -> tuple[str, ...]:
        """What approval did, or would: its actions as lines."""
        return told(self.reconcile(*(only or ("approval",)), acts=acts)["approval"])

    def judged(self) -> tuple[str, str, tuple[str, ...]]:
        """Of the only open request: the decision, why, and what is not counted. Nothing is done."""
        outcome = self.reconcile("approval", acts=False)["approval"]
        assert isinstance(outcome.result, ApprovalResult), outcome
        (one,) = outcome.result.judged
        return one.verdict.kind, one.verdict.why, one.verdict.not_counted

    def number(self) -> int:
        """The newest request."""
        return max(one.number for one in self.requests())

    def requests(self) -> tuple[Any, ...]:
        found: tuple[Any, ...] = self.world.forge.requests("prd", prefix="preview/prd/", closed_since=NOW - timedelta(days=999))  # fmt: skip
        return found

    def green(self) -> None:
        self.world.report(self.world.head(BRANCH), "guard", "passed")

    def approved(self, by: str = "bob") -> None:
        self.green()
        self.world.review(self.number(), by, "approved")

    def entry(self, key: str = "RTB-123") -> EntryRecord | None:
        ours = self.hub()
        return ours.reading(ours.store(str(self.world.path))).state("prd").entry(IssueKey.parse(key))

    def lease(self) -> Any:
        record = self.entry()
        assert record
        assert record.preview
        return record.preview.spec.lease

    def merges(self) -> int:
        return len(git(self.world.path, "rev-list", "--merges", "--first-parent", "prd").split())

    def rewinding(self) -> Callable[[], None]:
        """What brings everything back to how it is now: the repository, the hub's cache, the forge, the times."""
        folders, kept = (self.world.path, self.tmp / "cache"), self.tmp / "kept"
        packed(self.world.path)
        for folder in folders:
            shutil.copytree(folder, kept / folder.name)
        forget, late = self.world.remembering(), self.late

        def rewind() -> None:
            for folder in folders:
                shutil.rmtree(folder)
                shutil.copytree(kept / folder.name, folder)
            forget()
            self.late, self.forge, self.store_of = late, self.world.forge, lambda store: store

        return rewind

    def policy(self, **changed: str) -> None:
        """Replace texts of prd's file."""
        text = git(self.world.path, "show", f"prd:{POLICY}")
        for old, new in changed.items():
            assert old in text
            text = text.replace(old, new)
        commit_file(self.world.path, POLICY, text, "prd")


def policy_text(forge: str) -> str:
    text = assets.environment_files()[POLICY].replace("example/prd-approvers", TEAM)
    return text.replace("  domain: prd.", f"  forge: {forge}\n  domain: prd.", 1)


def laid_out(path: Path, forge: str) -> None:
    """The state repository that every test begins with, its prd reviewed at `forge`."""
    copied(f"laid out, {forge}", lambda home: _lay_out(home, forge), path)


def _lay_out(path: Path, forge: str) -> None:
    create_repository(path, bare=True, remote=None, environ=QUIET)
    ours = Hub(load_settings({**QUIET, "RTB_HUB_CACHE": str(path.parent / "cache")}), clock=lambda: NOW)
    store = ours.store(str(path))
    for plan in plan_layout(replace_policy(forge), store):
        store.commit(plan, at=NOW)


def replace_policy(forge: str) -> Any:
    whole = layout()
    return replace(whole, environment_files={**whole.environment_files, POLICY: policy_text(forge)})


@contextmanager
def prd_on(kind: str, tmp: Path) -> Iterator[Prd]:
    path = tmp / "state.git"
    if kind == "local":
        laid_out(path, "{kind: local}")
        world = LocalWorld(path, team=TEAM)
        yield Prd(world, tmp, world.forge)
        return
    laid_out(path, "{kind: github, repository: acme/state}")
    with GitHubWorld(path) as github:
        yield Prd(github, tmp, github.forge)


def told(approval: Outcome) -> tuple[str, ...]:
    """What approval did, or would: its actions as lines."""
    if approval.error is not None:
        raise approval.error
    assert isinstance(approval.result, ApprovalResult)
    return approval.result.lines()


def failed(outcomes: Mapping[str, Outcome]) -> list[HubError]:
    return [one.error for one in outcomes.values() if one.error is not None]
