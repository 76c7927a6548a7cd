"""Extensions as values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime, timedelta

import pytest

from generator.errors import ConfigError, Reason
from generator.values.formats import parse_time
from generator.values.naming import IssueKey
from hub.actions.extend import extend
from hub.actions.parts import Parts
from hub.actions.start import Started, start
from hub.adapters.git.store import GitRepository
from reconcilers.lifecycle.extend import ExtendRequest
from reconcilers.plan import Plan
from worlds.approving import Prd
from worlds.builders import start_request
from worlds.commands import git

KEY = IssueKey.parse("RTB-123")
HOUR = timedelta(hours=1)


def asked(by: str, time: str = "4h", **fields: str) -> ExtendRequest:
    return ExtendRequest(KEY, by, time, **fields)


@pytest.fixture
def end(prd: Prd) -> str:
    found = start(start_request(requested_by="alice", blueprint="web"), "int", parts=prd.parts("nobody"))
    assert isinstance(found, Started)
    end = found.outcome.preview.spec.lease.expires_at
    assert end
    return end


def test_an_extension_is_counted_from_the_end_and_recorded_for_who_asked(prd: Prd, end: str) -> None:
    found = extend(asked("bob", reason="demo"), "int", parts=prd.parts("nobody"))
    assert (found.outcome.change, found.outcome.before) == ("extended", end)
    assert parse_time(found.outcome.ends) == parse_time(end) + 4 * HOUR
    one = found.outcome.extended
    assert one
    assert (one.requested_by, one.by, one.reason) == ("bob", "4h", "demo")
    assert found.done.commit == git(prd.world.path, "rev-parse", "main").strip()


def test_a_button_two_people_press_extends_once(prd: Prd, end: str) -> None:
    extend(asked("bob", if_ends=end), "int", parts=prd.parts("nobody"))
    again = extend(asked("carol", if_ends=end), "int", parts=prd.parts("nobody"))
    assert (again.outcome.change, again.outcome.plan, again.done.commit) == ("unchanged", None, None)
    assert again.outcome.extended
    assert again.outcome.extended.requested_by == "bob"


def test_a_branch_that_moves_meanwhile_keeps_the_end_that_was_seen(prd: Prd, end: str) -> None:
    def bob() -> None:
        extend(asked("bob", "1h"), "int", parts=prd.parts("nobody"))

    found = extend(asked("alice"), "int", parts=overtaken(prd, bob))
    assert found.outcome.change == "unchanged"
    assert found.outcome.extended
    assert (found.outcome.extended.requested_by, found.outcome.ends) == (
        "bob",
        found.outcome.preview.spec.lease.expires_at,
    )
    assert parse_time(found.outcome.ends) == parse_time(end) + HOUR


def overtaken(prd: Prd, first: Callable[[], None]) -> Parts:
    """The parts of somebody whom another writer overtakes once."""
    left = iter([True])

    class Overtaken(GitRepository):
        def commit(self, plan: Plan, *, at: datetime) -> str:
            if next(left, False):
                first()
            return super().commit(plan, at=at)

    ours = prd.hub("nobody")
    real = prd.store(ours)
    return ours.parts_of(Overtaken(**{field.name: getattr(real, field.name) for field in fields(real)}))


def test_at_the_cap_it_is_refused(prd: Prd, end: str) -> None:
    capped = extend(asked("bob", "9999h"), "int", parts=prd.parts("nobody"))
    assert (capped.outcome.change, capped.outcome.ends) == ("extended to the cap", capped.outcome.cap)
    with pytest.raises(ConfigError) as caught:
        extend(asked("carol", "1h"), "int", parts=prd.parts("nobody"))
    assert caught.value.reason is Reason.OVER_LIMIT
