"""The listing: what each filter keeps, filters together, the order of rows, and the totals."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import cache
from io import StringIO
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from generator.errors import ConfigError, Reason
from hub.commands.listing.listing import Listing
from hub.commands.listing.model import LEASE_PHASES, Filter, Order, Sort, wanted
from hub.commands.listing.rows import Listed
from hub.commands.listing.run import listed_previews
from hub.commands.listing.table import tell
from hub.output.console import Format, emit
from reconcilers.health.phase import Phase
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.reading import read_states
from worlds.builders import LIBRARY, NOW
from worlds.planning import started, state_store

AT = NOW + timedelta(hours=7)
NOTHING: dict[str, Any] = {
    "envs": (), "owner": None, "blueprint": None, "phases": (), "ends_within": None, "issues": (), "project": None,
    "sees_cluster": False,
}  # fmt: skip


@cache
def states() -> tuple[EnvironmentState, ...]:
    store = state_store()
    for key, env, fields in (
        ("RTB-20", "int", {"ttl": "8h", "requested_by": "bob"}),
        ("RTB-9", "int", {"ttl": "48h", "settings": [("web.cpu", "1")], "now": NOW + timedelta(hours=1)}),
        ("RTB-9", "stg", {"ttl": "6h", "compute": "spot"}),
        ("AB-3", "stg", {"blueprint": "web", "requested_by": "bob", "now": NOW - timedelta(hours=2)}),
        ("AB-4", "prd", {"blueprint": "web", "requested_by": "carol"}),
    ):
        started(store, env, key=key, **fields)
    return read_states(store, LIBRARY)


def previews() -> list[Listed]:
    return list(listed_previews(states(), AT))


def shown(*, sort: Sort = "key", reverse: bool = False, **options: Any) -> list[str]:
    chosen = wanted(**NOTHING | options)
    kept = [
        one for one in previews() if chosen.shows_environment(one.row.environment) and chosen.shows(one, None, now=AT)
    ]
    return [f"{one.row.key} {one.row.environment}" for one in Order(sort, reverse).sorted(kept)]


ALL = ["AB-3 stg", "AB-4 prd", "RTB-9 int", "RTB-9 stg", "RTB-20 int"]
ROWS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing asked for": ({}, ALL),
    "an environment": ({"envs": ["stg"]}, ["AB-3 stg", "RTB-9 stg"]),
    "two environments": ({"envs": ["stg", "prd"]}, ["AB-3 stg", "AB-4 prd", "RTB-9 stg"]),
    "an owner": ({"owner": "bob"}, ["AB-3 stg", "RTB-20 int"]),
    "a blueprint": ({"blueprint": "web"}, ["AB-3 stg", "AB-4 prd"]),
    "active ones": ({"phases": ["active"]}, ["AB-3 stg", "RTB-9 int"]),
    "two phases": ({"phases": ["expired", "awaiting approval"]}, ["AB-4 prd", "RTB-9 stg"]),
    "what ends soon": ({"phases": ["expiring soon"]}, ["RTB-20 int"]),
    "what ends within an hour, or is over": ({"ends_within": "1h"}, ["RTB-9 stg", "RTB-20 int"]),
    "what ends within a day": ({"ends_within": "1d"}, ["AB-3 stg", "RTB-9 stg", "RTB-20 int"]),
    "an issue": ({"issues": ["RTB-9"]}, ["RTB-9 int", "RTB-9 stg"]),
    "two issues": ({"issues": ["RTB-9", "AB-3"]}, ["AB-3 stg", "RTB-9 int", "RTB-9 stg"]),
    "a project": ({"project": "AB"}, ["AB-3 stg", "AB-4 prd"]),
    "a project that only begins alike": ({"project": "RT"}, []),
    "what ends first": ({"sort": "ends"}, ["RTB-9 stg", "RTB-20 int", "AB-3 stg", "RTB-9 int", "AB-4 prd"]),
    "the dear ones first": ({"sort": "price"}, ["RTB-9 int", "RTB-20 int", "AB-3 stg", "AB-4 prd", "RTB-9 stg"]),
    "by owner": ({"sort": "owner"}, ["RTB-9 int", "RTB-9 stg", "AB-3 stg", "RTB-20 int", "AB-4 prd"]),
    "the old ones first": ({"sort": "age"}, ["AB-3 stg", "AB-4 prd", "RTB-9 stg", "RTB-20 int", "RTB-9 int"]),
    "the other way round": ({"reverse": True}, ALL[::-1]),
    "all of it at once": ({"envs": ["int", "stg"], "owner": "bob", "project": "RTB", "phases": ["expiring soon"], "ends_within": "1h", "issues": ["RTB-20"], "blueprint": "web-api", "sort": "age", "reverse": True}, ["RTB-20 int"]),
}  # fmt: skip


@pytest.mark.parametrize(("options", "rows"), ROWS.values(), ids=ROWS)
def test_what_is_shown(options: dict[str, Any], rows: list[str]) -> None:
    assert shown(**options) == rows


CHOICES = st.fixed_dictionaries(
    {},
    optional={
        "envs": st.lists(st.sampled_from(["int", "stg", "prd"]), max_size=2),
        "owner": st.sampled_from(["alice", "bob", "nobody"]),
        "blueprint": st.sampled_from(["web", "web-api"]),
        "phases": st.lists(st.sampled_from(LEASE_PHASES), max_size=2),
        "ends_within": st.sampled_from(["1m", "2h", "3d"]),
        "issues": st.lists(st.sampled_from(["RTB-9", "AB-3", "X1-1"]), max_size=2),
        "project": st.sampled_from(["AB", "RTB"]),
    },
)
ORDERS = st.builds(Order, st.sampled_from(["key", "ends", "price", "owner", "age"]), st.booleans())


@given(CHOICES, ORDERS)
def test_filters_together_keep_what_each_keeps_in_one_order(options: dict[str, Any], order: Order) -> None:
    each = [set(shown(**{name: value})) for name, value in options.items()]
    together = shown(**options, sort=order.sort, reverse=order.reverse)
    assert set(together) == set(ALL).intersection(*each)
    everything = shown(sort=order.sort, reverse=order.reverse)
    assert together == [row for row in everything if row in together]


def test_phases_of_a_cluster_count_where_one_is_read() -> None:
    chosen = wanted(**NOTHING | {"phases": ["failed"], "sees_cluster": True})
    one = previews()[0]
    assert chosen.shows(one, Phase("failed", "", ""), now=AT)
    assert not chosen.shows(one, Phase("running", "", ""), now=AT)
    assert not chosen.shows(one, None, now=AT)
    assert chosen.shows_leaving("rtb-1", Phase("failed", "", ""))
    assert not chosen.shows_leaving("rtb-1", Phase("stopping", "", ""))
    assert not wanted(**NOTHING | {"owner": "bob"}).shows_leaving("rtb-1", Phase("stopping", "", ""))
    assert not wanted(**NOTHING | {"project": "AB"}).shows_leaving("rtb-1", Phase("stopping", "", ""))


@pytest.mark.parametrize(
    ("options", "reason", "says"),
    [
        ({"phases": ["runing"], "sees_cluster": True}, Reason.INVALID_VALUE, "did you mean 'running'"),
        ({"phases": ["running"]}, Reason.INVALID_VALUE, "--cluster"),
        ({"ends_within": "soon"}, Reason.INVALID_VALUE, "such as 7d, 12h or 1d12h"),
        ({"issues": ["rtb-1"]}, Reason.INVALID_ISSUE_KEY, "did you mean 'RTB-1'"),
        ({"project": "r"}, Reason.INVALID_ISSUE_KEY, "'r-1' is not an issue key"),
    ],
    ids=["a slip", "a cluster's phase without one", "no length", "no key", "no project"],
)
def test_what_can_never_be_shown(options: dict[str, Any], reason: Reason, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        wanted(**NOTHING | options)
    assert caught.value.reason is reason
    assert says in str(caught.value)


def test_the_total_is_the_sum_of_what_is_shown_and_has_a_price() -> None:
    rows = tuple(previews())
    (total,) = Listing(states(), rows, None, Filter()).totals
    priced = [one.row.price for one in rows if one.row.price.per_hour is not None]
    assert (total.currency, total.previews) == ("USD", 4)
    assert total.per_hour == sum(price.per_hour for price in priced if price.per_hour)
    assert total.per_lease == sum(price.total for price in priced if price.total)
    assert Listing(states(), rows[:0], None, Filter()).totals == ()


@pytest.mark.parametrize("count", [0, 1, 3])
def test_what_is_printed_while_it_is_made_is_the_same_json(count: int, capsys: pytest.CaptureFixture[str]) -> None:
    items = [{"text": "a\n\u2028é", "none": {}, "list": [number, []]} for number in range(count)]
    emit({"first": 1, "items": iter(items), "last": {"x": [None]}}, Format.JSON, lambda _: None)
    whole = {"first": 1, "items": items, "last": {"x": [None]}}
    assert capsys.readouterr().out == json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
    emit({"items": iter(items)}, Format.YAML, lambda _: None)
    assert yaml.safe_load(capsys.readouterr().out) == {"items": items}


@pytest.mark.parametrize("width", [80, 129, 200])
def test_a_table_in_parts_looks_like_a_whole_one(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = Listing(states(), tuple(listed_previews(states(), AT)), None, Filter())

    def printed() -> str:
        console = Console(width=width, file=StringIO(), highlight=False, markup=False)
        tell(console, listing)
        assert isinstance(console.file, StringIO)
        return console.file.getvalue()

    whole = printed()
    monkeypatch.setattr("hub.commands.listing.table._ROWS", 2)
    assert printed() == whole
