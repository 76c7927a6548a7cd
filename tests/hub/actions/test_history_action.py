"""The history as a value: what is asked for, what is left out, and environments that cannot be read."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from generator.errors import ConfigError, Reason
from generator.values.naming import IssueKey
from hub.actions.history import Told, Wanted, history
from worlds.acting import Acting


@pytest.fixture
def acting(tmp_path: Path) -> Acting:
    made = Acting(tmp_path / "state.git")
    for key, env in (("RTB-1", "int"), ("RTB-2", "stg"), ("RTB-3", "prd")):
        made.now += timedelta(minutes=1)
        made.start(key, env)
    made.now += timedelta(minutes=1)
    made.stop("RTB-1", "int")
    return made


def told(acting: Acting, wanted: Wanted) -> list[tuple[str, str, str]]:
    return [
        (event.environment, event.name, event.action) for event in history(wanted, repository=acting.repository).events
    ]


def test_it_is_told_newest_first_of_one_environment_key_or_time(acting: Acting) -> None:
    everything = [
        ("int", "rtb-1", "stop"),
        ("prd", "rtb-3", "start"),
        ("stg", "rtb-2", "start"),
        ("int", "rtb-1", "start"),
    ]
    assert told(acting, Wanted()) == everything
    assert told(acting, Wanted(environment="int")) == [everything[0], everything[3]]
    assert told(acting, Wanted(key=IssueKey.parse("RTB-2"))) == [everything[2]]
    assert told(acting, Wanted(since=acting.now - timedelta(minutes=1))) == everything[:2]


@pytest.mark.parametrize(("limit", "more"), [(0, False), (3, True), (4, False), (5, False)])
def test_a_limit_says_whether_there_is_more(acting: Acting, limit: int, more: bool) -> None:
    found = history(Wanted(limit=limit), repository=acting.repository)
    assert (len(found.events), found.more) == (min(limit or 4, 4), more)


def test_an_environment_that_cannot_be_read_keeps_no_other_from_being_told(acting: Acting) -> None:
    acting.put("environments/stg/environment.yaml", "{{{")
    found: Told = history(Wanted(), repository=acting.repository)
    assert {event.environment for event in found.events} == {"int", "prd"}
    assert {name: err.reason for name, err in found.unreadable.items()} == {"stg": Reason.INVALID_ENVIRONMENT}
    assert history(Wanted(environment="int"), repository=acting.repository).unreadable == {}
    for name, reason in (("stg", Reason.INVALID_ENVIRONMENT), ("itn", Reason.UNKNOWN_ENVIRONMENT)):
        with pytest.raises(ConfigError) as caught:
            history(Wanted(environment=name), repository=acting.repository)
        assert caught.value.reason is reason


def test_a_branch_that_cannot_be_read_may_hold_what_is_asked_for(acting: Acting) -> None:
    acting.put("rtb-hub.yaml", "{{{", "prd")
    found = history(Wanted(), repository=acting.repository)
    assert list(found.unreadable) == ["prd"]
    with pytest.raises(ConfigError) as caught:
        history(Wanted(environment="prd"), repository=acting.repository)
    assert caught.value.reason is found.unreadable["prd"].reason
