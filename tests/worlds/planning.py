"""Planning on a state repository in memory, as commands do on Git: observe, plan, commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import PurePosixPath
from typing import Any, TypeVar

import pytest

from generator.errors import HubError, Reason, Transient
from generator.model.entry import Preview
from generator.values.formats import format_time
from generator.values.naming import ENTRY_FILE, IssueKey
from generator.values.quantities import duration
from hub import assets
from reconcilers.lifecycle.start import Starter, StartOutcome, entry_text
from reconcilers.lifecycle.stop import StopOutcome, plan_stop
from reconcilers.plan import FileChange, Plan
from reconcilers.state.entries import parse_entry
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.layout import Layout, plan_layout
from reconcilers.state.reading import read_state
from worlds.builders import LIBRARY, NOW, environment, start_request
from worlds.memory_store import MemorySnapshot, MemoryStore

KEY = IssueKey.parse("RTB-123")
FOLDER = PurePosixPath("environments/int/previews/rtb/100/rtb-123")
REQUEST = "preview/prd/rtb-123"
NAMES = ("int", "prd", "stg")
E = TypeVar("E", bound=HubError)
STARTER = Starter(lambda *_: None, "test")


def layout(**files: str) -> Layout:
    """The shipped environments, with files of `environments/` added or replaced (`/` written as `__`)."""
    changed = {f"environments/{name.replace('__', '/')}": text for name, text in files.items()}
    return Layout(
        environments={name: environment(name) for name in NAMES},
        environment_files={**assets.environment_files(), **changed},
        shared_files={"README.md": "What this is.\n"},
        own_files={name: {f"argocd/{name}/project.yaml": f"# {name}\n"} for name in NAMES},
    )


def state_store() -> MemoryStore:
    """A repository laid out with the shipped environments: int and stg on main, prd on prd."""
    return _laid_out().copy()


@cache
def _laid_out() -> MemoryStore:
    store = MemoryStore()
    for plan in plan_layout(layout(), store):
        store.commit(plan, at=NOW)
    return store


def observed(store: MemoryStore, env: str = "int", **spec: Any) -> EnvironmentState:
    """The environment as read, with fields of its spec replaced."""
    state = read_state(store, env, LIBRARY)
    return replace(state, environment=environment(env, **spec)) if spec else state


def planned(
    store: MemoryStore, env: str = "int", *, key: str = "RTB-123", now: datetime = NOW, spec: Mapping[str, Any] = {}, **fields: Any
) -> StartOutcome:  # fmt: skip
    """What a start would do."""
    return STARTER.plan(start_request(key, **fields), observed(store, env, **spec), now=now)


def started(store: MemoryStore, env: str = "int", **fields: Any) -> StartOutcome:
    """A start, carried out."""
    outcome = planned(store, env, **fields)
    if outcome.withdraw:
        store.delete_branch(outcome.withdraw[0], expected=outcome.withdraw[1])
    store.commit(outcome.plan, at=fields.get("now", NOW))
    return outcome


def stopped(store: MemoryStore, env: str = "int", key: IssueKey = KEY, *, at: datetime = NOW) -> StopOutcome:
    """A stop, carried out."""
    outcome = plan_stop(key, observed(store, env), requested_by="bob")
    if outcome.withdraw:
        store.delete_branch(outcome.withdraw[0], expected=outcome.withdraw[1])
    committed(store, outcome.plan, at=at)
    return outcome


def committed(store: MemoryStore, plan: Plan | None, *, at: datetime = NOW) -> None:
    """What a command does with a plan."""
    if plan:
        store.commit(plan, at=at)


def stamped(store: MemoryStore, *, now: datetime = NOW) -> None:
    """Give what was merged into prd its end, as the reconciler does after a merge."""
    record = observed(store, "prd").entry(KEY)
    assert record
    assert record.preview
    lease = record.preview.spec.lease
    update = {"activated_at": format_time(now), "expires_at": format_time(now + duration(lease.ttl))}
    spec = record.preview.spec.model_copy(update={"lease": lease.model_copy(update=update)})
    put(store, str(record.path), entry_text(record.preview.model_copy(update={"spec": spec})).encode(), "prd")


def written(store: MemoryStore, branch: str = "main", folder: PurePosixPath = FOLDER) -> Preview:
    """The entry as it stands."""
    return parse_entry(files_of(store, branch)[folder / ENTRY_FILE], "preview.yaml")


def refusal(store: MemoryStore, act: Callable[[], object], kind: type[E]) -> E:
    """The error of what leaves all branches as they were."""
    before = dict(store.heads)
    with pytest.raises(kind) as caught:
        act()
    assert store.heads == before
    return caught.value


def merged(store: MemoryStore, *, keep_branch: bool = False) -> None:
    """Merge the request into prd by a fast-forward, as a reviewer does at the Git host."""
    store.heads["prd"] = store.heads[REQUEST]
    if not keep_branch:
        del store.heads[REQUEST]


def put(store: MemoryStore, path: str, content: bytes | None, branch: str = "main", *, at: datetime = NOW) -> None:
    """Write or remove one file past the hub, as a person or another tool would."""
    head = store.heads.get(branch)
    store.commit(Plan(branch, head, head, "By hand", (FileChange(PurePosixPath(path), content, ""),)), at=at)


def files_of(store: MemoryStore, branch: str = "main") -> Mapping[PurePosixPath, bytes]:
    return store.snapshots()[branch].tree


def removed(plan: Plan | None) -> set[PurePosixPath]:
    """The files a plan takes away."""
    return {change.path for change in plan.changes if change.content is None} if plan else set()


@dataclass
class Broken:
    """A store whose `at`-th answer fails or comes back empty; what is written goes to the store behind it."""

    store: MemoryStore
    at: int
    fails: bool
    calls: int = 0
    location: str = "memory"

    def answer(self, value: Any, empty: Any) -> Any:
        self.calls += 1
        if self.calls != self.at:
            return value
        if self.fails:
            raise Transient(Reason.REPOSITORY_UNREACHABLE, "the network is gone")
        return empty

    def snapshots(self) -> Mapping[str, Any]:
        return self.answer({name: BrokenSnapshot(self, s) for name, s in self.store.snapshots().items()}, {})  # type: ignore[no-any-return]


@dataclass(frozen=True)
class BrokenSnapshot:
    store: Broken
    behind: MemorySnapshot

    @property
    def branch(self) -> str:
        return self.behind.branch

    @property
    def commit(self) -> str:
        return self.behind.commit

    def files(self, below: PurePosixPath) -> tuple[PurePosixPath, ...]:
        return self.store.answer(self.behind.files(below), ())  # type: ignore[no-any-return]

    def read(self, paths: Iterable[PurePosixPath]) -> Mapping[PurePosixPath, bytes]:
        return self.store.answer(self.behind.read(paths), {})  # type: ignore[no-any-return]

    def names(self, folder: PurePosixPath) -> tuple[str, ...]:
        return self.store.answer(self.behind.names(folder), ())  # type: ignore[no-any-return]

    def listing(self, below: PurePosixPath) -> Mapping[str, str]:
        return self.store.answer(self.behind.listing(below), {})  # type: ignore[no-any-return]

    def changed(self, since: Any, below: PurePosixPath) -> Mapping[str, str | None]:
        return self.store.answer(self.behind.changed(since.behind, below), {})  # type: ignore[no-any-return]
