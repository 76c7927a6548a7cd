"""The listing: what each filter keeps, filters together, the order of rows, and the totals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from io import StringIO
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from generator.errors import ConfigError, Reason
from generator.values.naming import IssueKey
from hub.actions.list_previews import listed_previews
from hub.output.columns import Cell, Columns
from hub.output.console import Format, emit
from hub.output.machines import _item_json, _json
from hub.views.listing.data import listing_data
from hub.views.listing.listing import Listing
from hub.views.listing.model import LEASE_PHASES, Cursor, Filter, Order, Page, Sort, wanted
from hub.views.listing.rows import Listed
from hub.views.listing.table import FIRST_PAGE, tell
from reconcilers.health.phase import Phase
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.outline import outline_from, outline_text
from reconcilers.state.reading import read_states
from worlds.builders import LIBRARY, NOW
from worlds.memory_store import MemoryCache
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
    return list(listed_previews(states(), AT, []))


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
        ({"ends_within": "soon"}, Reason.INVALID_VALUE, "such as 7d, 24h, 90m or 1h30m"),
        ({"issues": ["rtb-1"]}, Reason.INVALID_ISSUE_KEY, "did you mean 'RTB-1'"),
        ({"project": "r"}, Reason.INVALID_VALUE, "'r' is not a project of issues"),
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


def printed(listing: Listing, *, width: int = 200, is_terminal: bool = False) -> str:
    console = Console(width=width, file=StringIO(), highlight=False, markup=False, force_terminal=is_terminal, color_system=None, soft_wrap=True)  # fmt: skip
    tell(console, listing)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def listing_of(rows: Sequence[Listed], *, sort: Sort = "key", reverse: bool = False, **page: Any) -> Listing:
    order = Order(sort, reverse)
    return Listing(states(), order.sorted(rows), None, Filter(), order, Page(**page))


def many(count: int) -> list[Listed]:
    """Rows of the issues X-1 to X-`count`."""
    one = next(one for one in previews() if one.row.environment == "int")
    keys = [IssueKey("XY", number) for number in range(1, count + 1)]
    return [replace(one, key=key, row=replace(one.row, key=str(key))) for key in keys]


class TestPages:
    @given(st.sampled_from(["key", "ends", "price", "owner", "age"]), st.booleans(), st.integers(1, 4))
    def test_one_after_the_other_are_the_whole_list(self, sort: Sort, reverse: bool, limit: int) -> None:
        rows = [*previews(), *many(3), *(replace(one, is_request=True) for one in many(2))]
        whole = listing_of(rows, sort=sort, reverse=reverse, limit=0)
        assert whole.next_after(whole.shown) is None
        found: list[Listed] = []
        after: Cursor | None = None
        for _ in rows:
            page = listing_of(rows, sort=sort, reverse=reverse, limit=limit, after=after)
            assert len(page.shown) <= limit
            found += page.shown
            if (cursor := page.next_after(page.shown)) is None:
                break
            after = Cursor.parse(str(cursor))
        assert tuple(found) == whole.previews

    @pytest.mark.parametrize("reverse", [False, True])
    def test_by_key_a_row_that_is_gone_is_gone_on_after(self, reverse: bool) -> None:
        rows = many(5)
        after = Cursor.at(rows[2])
        expected = listing_of(rows, reverse=reverse, after=after).shown
        assert listing_of([*rows[:2], *rows[3:]], reverse=reverse, after=after).shown == expected
        assert len(expected) == 2

    def test_of_a_live_preview_and_its_request_none_is_left_out(self) -> None:
        live = many(1)[0]
        asked = replace(live, is_request=True)
        assert listing_of([asked], after=Cursor.at(live)).shown == (asked,)
        assert listing_of([live], after=Cursor.at(asked)).shown == ()

    def test_in_another_order_one_that_is_gone_is_refused(self) -> None:
        with pytest.raises(ConfigError, match="RTB-77/int is not among what is listed") as caught:
            _ = listing_of(previews(), sort="ends", after=Cursor.parse("RTB-77/int")).shown
        assert caught.value.faults[0].field == "--after"

    @pytest.mark.parametrize("text", ["", "RTB-1", "RTB-1/", "/int", "rtb-1/int", "RTB-1/prd/x", "RTB-1/prd/request/x"])
    def test_what_is_no_row_is_refused(self, text: str) -> None:
        with pytest.raises(ConfigError):
            Cursor.parse(text)

    def test_totals_are_of_all_that_match(self) -> None:
        assert listing_of(many(9), limit=2).totals == listing_of(many(9)).totals
        assert "9 previews; " in printed(listing_of(many(9), limit=2))

    def test_a_terminal_is_shown_the_first_rows_and_how_to_see_the_others(self) -> None:
        shown = printed(listing_of(many(FIRST_PAGE + 7)), is_terminal=True)
        assert f"XY-{FIRST_PAGE} " in shown
        assert f"XY-{FIRST_PAGE + 1} " not in shown
        assert f"… and 7 more: --after XY-{FIRST_PAGE}/int goes on" in shown
        goes_on = printed(
            listing_of(many(FIRST_PAGE + 7), after=Cursor.parse(f"XY-{FIRST_PAGE}/int")), is_terminal=True
        )
        assert f"XY-{FIRST_PAGE + 7} " in goes_on
        assert "more:" not in goes_on

    @pytest.mark.parametrize(("is_terminal", "page"), [(False, {}), (True, {"limit": 0})], ids=["pipe", "--all"])
    def test_what_is_read_by_programs_or_asked_for_whole_is_whole(
        self, is_terminal: bool, page: dict[str, Any]
    ) -> None:
        shown = printed(listing_of(many(FIRST_PAGE + 7), **page), is_terminal=is_terminal)
        assert f"XY-{FIRST_PAGE + 7} " in shown
        assert "more:" not in shown

    def test_a_page_that_was_asked_for_says_where_the_next_begins_to_programs_too(self) -> None:
        rows = many(3)
        assert "next" not in listing_data(listing_of(rows))
        assert listing_data(listing_of(rows, limit=2))["next"] == "XY-2/int"
        assert listing_data(listing_of(rows, limit=3))["next"] is None
        assert [one["issue"] for one in listing_data(listing_of(rows, limit=2))["previews"]] == ["XY-1", "XY-2"]
        assert listing_data(listing_of(rows, limit=2))["totals"] == listing_data(listing_of(rows))["totals"]


CELLS = st.text(st.sampled_from("ab–漢 "), max_size=12).map(str.strip)


@given(
    st.lists(st.tuples(CELLS, CELLS, st.text("xy/", max_size=60), CELLS), min_size=1, max_size=5), st.integers(85, 130)
)
def test_columns_look_like_a_table_of_rich(rows: list[tuple[str, ...]], width: int) -> None:
    console = Console(width=width, file=StringIO(), highlight=False, markup=False)
    names = ("ONE", "漢 TWO", "URL", "FOUR")
    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(name, justify="right" if name == "ONE" else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    expected = console.file.getvalue()  # type: ignore[attr-defined]
    console.file = StringIO()
    Columns(names, frozenset({"ONE"}), "URL").tell(console, [[Cell(text) for text in row] for row in rows])
    assert console.file.getvalue() == "".join(f"{line.rstrip()}\n" for line in expected.splitlines())


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_items_of_long_lists_are_written_as_others(item: Any) -> None:
    assert _item_json(item) == _json(item, 4)


def test_outlines_survive_being_kept() -> None:
    rows = previews()
    assert [outline_from(outline_text(one.outline)) for one in rows] == [one.outline for one in rows]
    for text in ("", "{}", "[1]", "[" + ",".join(["1"] * 14) + "]", json.dumps([*range(12), {"web": [1]}, 2])):
        with pytest.raises(ValueError, match=r"."):
            outline_from(text)


def test_what_is_listed_is_the_same_with_and_without_a_cache() -> None:
    store, cache = state_store(), MemoryCache()
    started(store, "int", key="RTB-7")
    expected = list(listed_previews(read_states(store, LIBRARY), AT, []))
    for _ in range(2):
        found = list(listed_previews(read_states(store, LIBRARY, cache=cache), AT, []))
        assert [(one.row, one.outline) for one in found] == [(one.row, one.outline) for one in expected]
    cache.kept = {name: one._replace(outline="[]", entry="") for name, one in cache.kept.items()}
    found = list(listed_previews(read_states(store, LIBRARY, cache=cache), AT, []))
    assert [one.outline for one in found] == [one.outline for one in expected], "Git tells what the cache cannot"
