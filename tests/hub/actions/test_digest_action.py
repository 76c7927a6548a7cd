"""What previews cost in a time, exactly, and what ends soon: by Git alone, of those that are gone, too."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from generator.errors import ConfigError
from generator.values.formats import parse_time
from generator.values.naming import IssueKey
from hub.actions.digest import digest
from hub.actions.list_previews import listed_previews
from hub.actions.start import start
from hub.actions.stop import StopRequest, stop
from hub.views.digest.model import By, Digest, Wanted
from hub.views.digest.worded import MOST_LINES, digest_data, digest_lines
from worlds.approving import Prd
from worlds.builders import start_request
from worlds.commands import commit_file


def started(prd: Prd, key: str, by: str = "alice", environment: str = "int", **given: object) -> None:
    asked = start_request(key, requested_by=by, blueprint="web", **given)
    start(asked, environment, parts=prd.parts("nobody"))


def stopped(prd: Prd, key: str) -> None:
    stop(StopRequest(IssueKey.parse(key), "bob", "done"), "int", parts=prd.parts("nobody"))


def told(prd: Prd, days: float = 7, *, by: By = "project", projects: frozenset[str] = frozenset()) -> Digest:
    now = prd.now()
    wanted = Wanted(now - timedelta(days=days), now, None, projects, by)
    return digest(wanted, repository=prd.hub().repository(str(prd.world.path)))


def listed(prd: Prd) -> dict[str, tuple[datetime, Decimal]]:
    """Since when each is there, and its list price an hour."""
    states, _ = prd.hub().repository(str(prd.world.path)).read().each(())
    found = {}
    for one in listed_previews(states, prd.now(), []):
        assert one.row.price.per_hour is not None
        found[str(one.key)] = parse_time(one.outline.begun_at), one.row.price.per_hour
    return found


def cost(hour: Decimal, begin: datetime, end: datetime) -> Decimal:
    return hour * int((end - begin).total_seconds()) / 3600


def test_what_ran_costs_what_it_ran_for_to_the_second(prd: Prd) -> None:
    started(prd, "RTB-1")
    started(prd, "ABC-1", "bob")
    begun = listed(prd)
    prd.late += timedelta(hours=2)
    stopped(prd, "RTB-1")
    prd.late += timedelta(hours=1, seconds=1)
    found = told(prd)
    assert [(group.name, [str(line.key) for line in group.lines]) for group in found.groups] == [
        ("ABC", ["ABC-1"]), ("RTB", ["RTB-1"]),
    ]  # fmt: skip
    there, ended = found.groups[0].lines[0], found.groups[1].lines[0]
    assert (there.state, there.requested_by, ended.state, ended.requested_by) == ("there", "bob", "ended", "alice")
    assert ended.at is not None
    (since, hour), (other, _) = begun["RTB-1"], begun["ABC-1"]
    assert timedelta(hours=2) <= ended.at - since < timedelta(hours=2, minutes=10)
    assert ended.cost == {"USD": cost(hour, since, ended.at)}
    assert there.cost == {"USD": cost(hour, other, found.wanted.until)}
    assert found.cost == {"USD": ended.cost["USD"] + there.cost["USD"]}
    assert (found.counts, found.is_partial) == ({"started": 2, "ended": 1}, False)
    assert digest_data(found)["cost"]["USD"] == str(found.cost["USD"].quantize(Decimal("0.000001")))


def test_only_what_was_in_the_time_counts(prd: Prd) -> None:
    started(prd, "RTB-1")
    _, hour = listed(prd)["RTB-1"]
    prd.late += timedelta(hours=4)
    assert told(prd, days=1 / 24).cost == {"USD": hour}
    stopped(prd, "RTB-1")
    prd.late += timedelta(hours=3)
    found = told(prd, days=1 / 24)
    assert (found.groups, found.counts) == ((), {})
    assert [*digest_lines(found, "en")][-1] == "There were no previews."


def test_one_that_was_removed_and_started_again_costs_both(prd: Prd) -> None:
    started(prd, "RTB-1")
    first, hour = listed(prd)["RTB-1"]
    prd.late += timedelta(hours=1)
    stopped(prd, "RTB-1")
    (group,) = told(prd).groups
    ended = group.lines[0].at
    assert ended is not None
    prd.late += timedelta(hours=5)
    started(prd, "RTB-1", "carol")
    again, _ = listed(prd)["RTB-1"]
    prd.late += timedelta(hours=2)
    found = told(prd)
    (group,) = found.groups
    (line,) = group.lines
    assert (line.state, line.requested_by) == ("there", "carol")
    assert line.cost == {"USD": cost(hour, first, ended) + cost(hour, again, found.wanted.until)}


def test_what_ends_within_a_day_is_said_and_what_awaits_approval_costs_nothing(prd: Prd) -> None:
    started(prd, "RTB-1")
    started(prd, "RTB-2", environment="prd")
    lines = {str(line.key): line for group in told(prd).groups for line in group.lines}
    assert (lines["RTB-1"].ends_soon(prd.now()), lines["RTB-2"].state, lines["RTB-2"].cost) == (True, "awaiting", {})
    english, korean = ("\n".join(digest_lines(told(prd), language)) for language in ("en", "ko"))  # type: ignore[arg-type]
    assert "RTB: 1 now, 1 ending within 24 hours" in english
    assert "int/RTB-1: active, ends soon: " in english
    assert "prd/RTB-2: awaits approval, alice" in english
    assert "현재 1개, 24시간 안에 종료 1개" in korean
    assert "prd/RTB-2: 승인 대기 중, alice" in korean


def test_groups_are_of_projects_or_of_people(prd: Prd) -> None:
    for key, by in (("RTB-1", "alice"), ("RTB-2", "bob"), ("ABC-1", "bob")):
        started(prd, key, by)
    assert [group.name for group in told(prd, by="requester").groups] == ["alice", "bob"]
    only = told(prd, projects=frozenset({"ABC"}))
    assert ([group.name for group in only.groups], only.counts) == (["ABC"], {"started": 1})


def test_what_cannot_be_read_is_said_to_be_left_out(prd: Prd) -> None:
    started(prd, "RTB-1", environment="stg")
    commit_file(prd.world.path, "environments/int/environment.yaml", "spec: [")
    found = told(prd)
    assert [*found.unreadable] == ["int"]
    assert "int cannot be read, and is left out." in [*digest_lines(found, "en")]


@pytest.mark.parametrize("name", ["a\nb", "\x1b[31mred", "x" * 500])
def test_names_of_people_stay_on_their_line(prd: Prd, name: str) -> None:
    try:
        started(prd, "RTB-1", name)
    except ConfigError:
        return  # no such name is kept
    lines = [*digest_lines(told(prd, by="requester"), "en")]
    assert not [line for line in lines if "\n" in line or len(line) > 300]


def test_of_many_the_first_are_shown_and_the_others_counted(prd: Prd) -> None:
    started(prd, "RTB-1")
    (group,) = (found := told(prd)).groups
    from dataclasses import replace

    many = replace(found, groups=(replace(group, lines=group.lines * (MOST_LINES + 7)),))
    lines = [*digest_lines(many, "ko")]
    assert (lines[-1], len(lines)) == ("- 그 밖에 7개", 3 + 1 + 1 + MOST_LINES + 1)
