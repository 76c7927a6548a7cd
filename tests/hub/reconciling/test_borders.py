"""A mistake of ours, planted at every border: what it hits is skipped, with its traceback, and the rest goes on."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from generator.errors import Reason, Stalled
from hub.actions.list_previews import listed_previews
from hub.commands.reconcile import exit_code
from hub.output.exit_codes import NEEDS_A_PERSON
from hub.reconciling.journal import Journal
from hub.reconciling.registry import ReconcileTime
from hub.reconciling.round import Asked, Outcome, Round
from hub.settings import load_settings
from hub.telemetry.telemetry import Telemetry
from hub.wiring import Hub
from reconcilers.lifecycle.start_or_wait import plan_start
from reconcilers.state.reading import read_repository, read_state
from worlds.approving import prd_on
from worlds.builders import LIBRARY, NOW, environment, start_request
from worlds.memory_store import MemoryStore
from worlds.planning import STARTER, files_of, put, started, state_store
from worlds.reconciling import entry_path, live

HOUR = timedelta(hours=1)


def run(store: MemoryStore, only: str, at: datetime, cache: Path) -> tuple[Outcome, ...]:
    ours = Hub(load_settings({"RTB_HUB_CACHE": str(cache)}), clock=lambda: at)
    return Round(ours, store, Asked((), (only,)), ReconcileTime(at)).run()


def planted(
    monkeypatch: pytest.MonkeyPatch, target: str, hits: Callable[..., bool], error: Exception | None = None
) -> None:
    """The function or method `target` fails for the arguments that `hits` says: by `error`, else by a mistake of ours."""
    owner, name = target.rsplit(".", 1)
    module, _, kind = owner.rpartition(".")
    holder = getattr(importlib.import_module(module), kind) if kind[:1].isupper() else importlib.import_module(owner)
    real = getattr(holder, name)

    def fails(*arguments: Any, **named: Any) -> Any:
        if hits(*arguments):
            raise error or ZeroDivisionError("planted")
        return real(*arguments, **named)

    monkeypatch.setattr(holder, name, fails)


def two_due() -> MemoryStore:
    store = state_store()
    for env in ("int", "stg"):
        started(store, env, key="RTB-1", ttl="1h")
        started(store, env, key="RTB-2", ttl="1h")
    return store


def two_merged() -> MemoryStore:
    store = state_store()
    for key in ("RTB-1", "RTB-2"):
        started(store, "prd", key=key)
        store.heads["prd"] = store.heads.pop(f"preview/prd/{key.lower()}")
    return store


def two_waiting() -> MemoryStore:
    """Two that found no room while there was none."""
    store = state_store()
    full = environment("int", limits=environment().spec.limits.model_dump(by_alias=True) | {"previews": 1})
    started(store, key="RTB-9")
    for key in ("RTB-1", "RTB-2"):
        state = replace(read_state(store, "int", LIBRARY), environment=full)
        plan = plan_start(replace(start_request(key), queue=True), state, starter=STARTER, now=NOW).plan
        assert plan
        store.commit(plan, at=NOW)
    return store


def two_edited() -> MemoryStore:
    store = state_store()
    for key in ("RTB-1", "RTB-2"):
        started(store, key=key)
        put(store, entry_path(key).replace("preview.yaml", "manifest.yaml"), b"edited: by hand\n")
    return store


def lease_began(store: MemoryStore) -> list[str]:
    texts = {path: text for path, text in files_of(store, "prd").items() if path.name == "preview.yaml"}
    return sorted(f"prd/{path.parent.name}" for path, text in texts.items() if b"expiresAt: null" not in text and b"activatedAt" in text)  # fmt: skip


def waits(store: MemoryStore) -> list[str]:
    return sorted(path.stem for path in files_of(store) if "queue" in path.parts)


def corrected(store: MemoryStore) -> list[str]:
    texts = {path: text for path, text in files_of(store).items() if path.name == "manifest.yaml"}
    return sorted(path.parent.name for path, text in texts.items() if text != b"edited: by hand\n")


BORDERS = {
    "an entry that is read": (two_due, "reconcilers.state.entries.parse_entry", lambda _, path: path == entry_path("RTB-1"), "expiry", live, ["int/rtb-1"]),
    "an entry that is judged": (two_due, "reconcilers.scheduled.expiry._contradiction", lambda record: record.file == entry_path("RTB-1"), "expiry", live, ["int/rtb-1"]),
    "an environment": (two_due, "reconcilers.state.reading._state", lambda one, _: one.environment.name == "int", "expiry", live, ["int/rtb-1", "int/rtb-2"]),
    "a policy file": (two_due, "reconcilers.state.policies._environment", lambda name, *_: name == "int", "expiry", live, ["int/rtb-1", "int/rtb-2"]),
    "a pass": (two_due, "reconcilers.scheduled.expiry.plan_expiry", lambda state: state.environment.name == "int", "expiry", live, ["int/rtb-1", "int/rtb-2"]),
    "a lease that begins": (two_merged, "reconcilers.scheduled.stamp._stamped", lambda preview, *_: preview.spec.issue == "RTB-1", "stamp", lease_began, ["prd/rtb-2"]),
    "a request in the queue that is read": (two_waiting, "reconcilers.state.queue_files._misplaced", lambda queued, *_: queued.spec.issue == "RTB-1", "queue", waits, ["rtb-1"]),
    "a request in the queue that is judged": (two_waiting, "reconcilers.state.queue_files._need", lambda queued: queued.spec.issue == "RTB-1", "queue", waits, ["rtb-1"]),
    "a request in the queue that is started": (two_waiting, "reconcilers.scheduled.admission._admitted", lambda one, *_: one.record.name == "rtb-1", "queue", waits, ["rtb-1"]),
    "a preview that is compared": (two_edited, "reconcilers.scheduled.drift_judge.Judge.judge", lambda _, record, *__: record.name == "rtb-1", "drift", corrected, ["rtb-2"]),
}  # fmt: skip


@pytest.mark.parametrize("border", BORDERS)
def test_a_mistake_keeps_back_what_it_hits_and_nothing_else(
    border: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, target, hits, only, look, left = BORDERS[border]
    store = made()
    planted(monkeypatch, target, hits)
    outcomes = run(store, only, NOW + HOUR, tmp_path)
    assert look(store) == left
    assert {type(one) for outcome in outcomes for one in outcome.mistakes} == {ZeroDivisionError}
    assert all(one.__traceback__ for outcome in outcomes for one in outcome.mistakes)
    assert exit_code(outcomes) == NEEDS_A_PERSON


def test_what_cannot_be_read_is_left_to_a_person_as_a_mistake_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = two_due()
    put(store, "environments/stg/environment.yaml", b"nonsense: [")
    planted(monkeypatch, "reconcilers.state.reading._state", lambda one, _: one.environment.name == "int")
    assert exit_code(run(store, "expiry", NOW + HOUR, tmp_path)) == 6


REQUESTS: dict[str, tuple[str, Callable[..., bool]]] = {
    "that is read": ("reconcilers.approval.observer.Observer._read", lambda _, name, *__: name == "rtb-7"),
    "that is judged": ("reconcilers.approval.decisions._verdict", lambda name, *_: name == "rtb-7"),
    "that is told why it waits": (
        "hub.approval.review_process.ReviewProcess._comment",
        lambda _, judged: judged.name == "rtb-7",
    ),
}


@pytest.mark.parametrize("border", REQUESTS)
def test_a_mistake_about_one_request_keeps_no_other_from_being_merged(
    border: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with prd_on("local", tmp_path) as prd:
        prd.start("RTB-7")
        prd.start()
        prd.world.report(prd.world.head("preview/prd/rtb-123"), "guard", "passed")
        prd.world.review(prd.number(), "bob", "approved")
        planted(monkeypatch, *REQUESTS[border])
        before = prd.merges()
        outcome = prd.reconcile("approval")["approval"]
        assert prd.merges() == before + 1
        assert {type(one) for one in outcome.mistakes} == {ZeroDivisionError}
        assert exit_code([outcome]) == NEEDS_A_PERSON


def test_a_branch_that_cannot_be_examined_keeps_no_request_from_being_merged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A declared error about a branch whose request was closed: it is told and set aside, and its branch stays."""
    with prd_on("local", tmp_path) as prd:
        prd.start("RTB-7")
        prd.world.forge.close(prd.number(), "not now")
        prd.start()
        prd.world.report(prd.world.head("preview/prd/rtb-123"), "guard", "passed")
        prd.world.review(prd.number(), "bob", "approved")
        refused = Stalled(Reason.REPOSITORY_REFUSED, "git cat-file failed: a damaged object")
        examine = "hub.approval.examiner.Examiner.examine"
        planted(monkeypatch, examine, lambda _, __, snapshot: snapshot.branch == "preview/prd/rtb-7", refused)
        before = prd.merges()
        outcome = prd.reconcile("approval")["approval"]
        assert prd.merges() == before + 1
        assert outcome.result
        assert [(one.preview, *one.faults) for one in outcome.result.set_aside] == [("prd/rtb-7", *refused.faults)]
        assert exit_code([outcome]) == NEEDS_A_PERSON
        assert prd.world.head("preview/prd/rtb-7")


def test_a_mistake_is_logged_once_with_its_traceback_while_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, BaseException | None]] = []

    class Log:
        def is_told(self, level: str) -> bool:
            return level == "error"

        def tell(self, name: str, level: str, about: Any, error: BaseException | None) -> None:
            told.append((name, error))

    store = two_due()
    planted(
        monkeypatch, "reconcilers.scheduled.expiry._contradiction", lambda record: record.file == entry_path("RTB-1")
    )
    journal = Journal(Telemetry(log=Log()))
    for _ in range(3):
        journal.tell_round(run(store, "expiry", NOW + HOUR, tmp_path))
    ((name, error),) = told
    assert (name, type(error)) == ("unexpected", ZeroDivisionError)
    assert error
    assert error.__traceback__


def test_a_mistake_about_one_entry_leaves_the_others_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    planted(monkeypatch, "hub.actions.list_previews.outline_row", lambda outline, _: outline.issue == "RTB-1")
    unlisted: list[tuple[str, Any]] = []
    found = list(listed_previews(read_repository(two_due(), LIBRARY).states(), NOW, unlisted))
    assert [(one.row.environment, one.key.name) for one in found] == [("int", "rtb-2"), ("stg", "rtb-2")]
    assert [(env, record.name) for env, record in unlisted] == [("int", "rtb-1"), ("stg", "rtb-1")]
    assert all(isinstance(fault.cause, ZeroDivisionError) for _, record in unlisted for fault in record.faults)
