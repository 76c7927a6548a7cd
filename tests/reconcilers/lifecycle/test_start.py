"""Starts: two files in one plan, nothing when asked again, the lease and shard kept, gated environments by request."""

from __future__ import annotations

from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import ConfigError, HubError, Reason
from generator.model.entry import Preview
from generator.values.naming import ENTRY_FILE, MANIFEST_FILE
from hub.views.preview import entry_price
from reconcilers.lifecycle.start import entry_text
from reconcilers.state.entries import parse_entry
from worlds.builders import NOW, environment
from worlds.planning import (
    REQUEST,
    files_of,
    merged,
    observed,
    planned,
    put,
    removed,
    started,
    state_store,
    stopped,
)

FOLDER = PurePosixPath("environments/int/previews/rtb/100/rtb-123")
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "web.cpu": st.sampled_from(["250m", "500m"]),
        "web.replicas": st.sampled_from(["1", "2"]),
        "api.memory": st.sampled_from(["256Mi", "512Mi"]),
        "api.env.A": st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
        "web.secrets.B": st.just("preview/int/app/b#x"),
    },
)


def written(store: Any, branch: str = "main") -> Preview:
    (path,) = (path for path in files_of(store, branch) if path.name == ENTRY_FILE)
    return parse_entry(files_of(store, branch)[path], str(path))


def test_a_start_is_one_plan_of_entry_and_manifest() -> None:
    store = state_store()
    before = files_of(store)
    outcome = started(store)
    after = files_of(store)
    assert outcome.change == "created"
    assert after.keys() - before.keys() == {FOLDER / ENTRY_FILE, FOLDER / MANIFEST_FILE}
    assert before.items() <= after.items()
    assert written(store) == outcome.preview
    assert after[FOLDER / MANIFEST_FILE].decode() == outcome.rendering.text
    assert dict(outcome.plan.trailers)["Rendered-Digest"] == outcome.rendering.digest
    assert outcome.preview.spec.rendered
    assert outcome.preview.spec.rendered.digest == outcome.rendering.digest


@given(SETTINGS, st.randoms())
def test_asking_again_in_any_order_and_later_changes_nothing(settings: dict[str, str], random: Any) -> None:
    store, items = state_store(), list(settings.items())
    first = started(store, settings=items)
    random.shuffle(items)
    again = planned(store, settings=items, now=NOW + timedelta(hours=1), requested_by="bob")
    assert (again.change, again.plan.changes, again.preview) == ("unchanged", (), first.preview)


@given(SETTINGS, SETTINGS)
def test_an_update_keeps_what_is_not_named_and_a_reset_gives_what_a_new_one_would(
    old: dict[str, str], new: dict[str, str]
) -> None:
    store, fresh = state_store(), state_store()
    for key in ("RTB-1", "RTB-2"):  # so that another shard has more room
        started(fresh, key=key, blueprint="web")
        started(store, key=key, blueprint="web")
    first = started(store, settings=list(old.items()))
    second = started(store, settings=list(new.items()), now=NOW + timedelta(hours=3), requested_by="bob")
    assert second.change == ("updated" if second.changed else "unchanged")
    assert second.preview.spec.lease == first.preview.spec.lease
    assert second.preview.spec.shard == first.preview.spec.shard
    assert second.preview == started(fresh, settings=list({**old, **new}.items())).preview
    assert files_of(store) == files_of(fresh)
    taken_back = started(store, unset=list(old.keys() - new.keys()))
    reset = started(fresh, settings=list(new.items()), reset=True)
    assert taken_back.preview == reset.preview == started(state_store(), settings=list(new.items())).preview
    assert files_of(store) == files_of(fresh)


def test_another_length_counts_from_when_it_was_asked_for() -> None:
    store = state_store()
    first = started(store).preview.spec.lease
    later = started(store, ttl="48h", now=NOW + timedelta(hours=3), requested_by="bob").preview.spec.lease
    assert (later.requested_at, later.requested_by) == (first.requested_at, "alice")
    assert later.expires_at == "2026-11-25T02:00:00Z"


def test_office_hours_are_counted_and_kept_by_updates() -> None:
    store = state_store()
    first = started(store, ttl="18h", office_hours=True)  # Monday 11:00 in Seoul: 7, 9 and 2 hours
    assert first.preview.spec.lease.expires_at == "2026-11-25T02:00:00Z"
    assert planned(store, now=NOW + timedelta(hours=1)).change == "unchanged"
    updated = planned(store, settings=[("web.cpu", "500m")], now=NOW + timedelta(hours=1))
    assert updated.preview.spec.lease == first.preview.spec.lease
    wall = planned(store, office_hours=False, now=NOW + timedelta(hours=1)).preview.spec.lease
    assert (wall.office_hours, wall.ttl, wall.expires_at) == (False, "18h", "2026-11-23T20:00:00Z")
    longer = planned(store, ttl="27h").preview.spec.lease
    assert (longer.office_hours, longer.expires_at) == (True, "2026-11-26T02:00:00Z")


def test_an_entry_that_counts_all_hours_has_the_bytes_it_had() -> None:
    text = entry_text(started(state_store()).preview)
    assert "officeHours" not in text
    assert parse_entry(text.replace("  lease:\n", "  lease:\n    officeHours: false\n"), "x") == parse_entry(text, "x")
    assert "    officeHours: true\n" in entry_text(started(state_store(), office_hours=True).preview)


def test_office_hours_are_billed_by_the_wall() -> None:
    store = state_store()
    live = entry_price(started(store, ttl="18h", office_hours=True).preview, environment())
    assert live.lease == timedelta(hours=48)
    asked = planned(store, "prd", ttl="18h", office_hours=True).preview
    assert asked.spec.lease.expires_at is None
    assert entry_price(asked, environment("prd")).lease == timedelta(hours=48)
    assert entry_price(asked, environment("prd", officeHours=None)).lease == timedelta(hours=18)


def test_a_lease_that_is_over_is_given_anew_to_who_asks() -> None:
    store = state_store()
    started(store, ttl="48h")
    lease = started(store, now=NOW + timedelta(hours=48), requested_by="bob").preview.spec.lease
    assert (lease.requested_by, lease.ttl, lease.expires_at) == ("bob", "24h", "2026-11-26T02:00:00Z")


@pytest.mark.parametrize(
    ("hours", "ttl", "reason", "says"),
    [
        (0, "73h", Reason.OVER_LIMIT, "at most 72h"),
        (5, "4h", Reason.INVALID_VALUE, "is over already"),
        (0, "2 days", Reason.INVALID_VALUE, "hours and minutes"),
    ],
    ids=["above the cap", "over before it begins", "no length of time"],
)
def test_a_lease_that_cannot_be(hours: int, ttl: str, reason: Reason, says: str) -> None:
    store = state_store()
    started(store)
    with pytest.raises(ConfigError, match=says) as caught:
        planned(store, ttl=ttl, now=NOW + timedelta(hours=hours))
    assert caught.value.reason is reason


def test_what_a_rendering_must_not_be_is_not_planned() -> None:
    def refuse(*_: object) -> None:
        raise ConfigError(Reason.MANIFEST_INVALID, "no")

    from reconcilers.lifecycle.start import Starter
    from worlds.builders import start_request

    with pytest.raises(HubError, match="no"):
        Starter(refuse, "test").plan(start_request(), observed(state_store()), now=NOW)


def test_an_entry_that_cannot_be_read_is_replaced_by_what_is_asked_for() -> None:
    store = state_store()
    put(store, str(FOLDER / ENTRY_FILE), b"not: [an entry")
    outcome = started(store)
    assert (outcome.change, written(store)) == ("updated", outcome.preview)


class TestGated:
    def test_the_environments_branch_never_moves(self) -> None:
        store = state_store()
        prd = store.heads["prd"]
        outcome = started(store, "prd")
        assert (outcome.plan.branch, outcome.plan.base, outcome.plan.expected) == (REQUEST, prd, None)
        assert store.heads["prd"] == prd
        assert set(store.heads) == {"main", "prd", REQUEST}

    def test_its_time_starts_at_the_merge(self) -> None:
        lease = planned(state_store(), "prd").preview.spec.lease
        assert (lease.ttl, lease.expires_at) == ("8h", None)

    def test_asking_again_changes_nothing_and_otherwise_follows_the_request(self) -> None:
        store = state_store()
        started(store, "prd")
        first = store.heads[REQUEST]
        assert planned(store, "prd").change == "unchanged"
        second = started(store, "prd", settings=[("web.cpu", "500m")])
        assert (second.change, second.plan.base, second.plan.expected) == ("updated", first, first)

    def test_what_is_live_is_updated_by_request(self) -> None:
        store = state_store()
        started(store, "prd")
        merged(store)
        live = store.heads["prd"]
        assert planned(store, "prd").change == "unchanged"
        outcome = started(store, "prd", settings=[("web.cpu", "500m")])
        assert (outcome.change, outcome.plan.branch, outcome.plan.base) == ("updated", REQUEST, live)
        assert (store.heads["prd"], removed(outcome.plan)) == (live, set())

    def test_what_is_asked_for_as_it_lives_withdraws_the_request_to_remove_it(self) -> None:
        store = state_store()
        started(store, "prd")
        merged(store)
        stopped(store, "prd")
        asked_for, live = store.heads[REQUEST], store.heads["prd"]
        outcome = planned(store, "prd", now=NOW + timedelta(hours=1), requested_by="bob")
        assert (outcome.change, outcome.plan.changes, outcome.withdraw) == ("kept", (), (REQUEST, asked_for))
        assert (outcome.plan.branch, outcome.plan.base) == ("prd", live)
        started(store, "prd")
        assert store.heads.keys() == {"main", "prd"}
        assert planned(store, "prd").change == "unchanged"

    def test_what_is_asked_for_otherwise_takes_the_place_of_its_removal(self) -> None:
        store = state_store()
        started(store, "prd")
        merged(store)
        stopped(store, "prd")
        asked_for, live = store.heads[REQUEST], files_of(store, "prd")
        outcome = started(store, "prd", settings=[("web.cpu", "500m")])
        assert (outcome.change, outcome.ends_removal, outcome.withdraw) == ("updated", True, None)
        assert (outcome.plan.branch, outcome.plan.base, outcome.plan.expected) == (REQUEST, asked_for, asked_for)
        assert files_of(store, REQUEST).keys() == live.keys()
        assert written(store, REQUEST) == outcome.preview
        assert planned(store, "prd", settings=[("web.cpu", "500m")]).change == "unchanged"
        assert stopped(store, "prd").change == "removal requested"

    def test_a_request_that_was_merged_but_not_deleted_is_no_removal(self) -> None:
        store = state_store()
        started(store, "prd")
        merged(store, keep_branch=True)
        outcome = planned(store, "prd")
        assert (outcome.change, outcome.ends_removal, outcome.withdraw) == ("unchanged", False, None)
