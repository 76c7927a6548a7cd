"""Revivals: what was removed comes back as it was, with a fresh lease, by today's rules; nothing else comes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.errors import ConfigError, HubError, Reason, Stalled
from generator.model.blueprint import TemplateLibrary
from generator.values.naming import ENTRY_FILE, MANIFEST_FILE, IssueKey
from reconcilers.lifecycle.revive import KEPT, ReviveOutcome, ReviveRequest, plan_revival, recent_removal
from reconcilers.state.environment import EnvironmentState
from worlds.builders import LIBRARY, NOW
from worlds.memory_store import MemoryStore
from worlds.planning import (
    FOLDER,
    KEY,
    REQUEST,
    STARTER,
    committed,
    files_of,
    merged,
    observed,
    put,
    refusal,
    stamped,
    started,
    state_store,
    stopped,
    written,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = NOW + 2 * DAY


def revival(
    store: MemoryStore,
    env: str = "int",
    *,
    now: datetime = LATER,
    ttl: str | None = None,
    state: EnvironmentState | None = None,
) -> ReviveOutcome:
    """What a revival would do."""
    asked = ReviveRequest(KEY, "carol", ttl)
    return plan_revival(asked, state or observed(store, env), store=store, starter=STARTER, now=now)


def revived(store: MemoryStore, env: str = "int", **fields: Any) -> ReviveOutcome:
    """A revival, carried out."""
    outcome = revival(store, env, **fields)
    if outcome.withdraw:
        store.delete_branch(outcome.withdraw[0], expected=outcome.withdraw[1])
    committed(store, outcome.plan, at=fields.get("now", LATER))
    return outcome


def refused(store: MemoryStore, env: str = "int", **fields: Any) -> HubError:
    return refusal(store, lambda: revived(store, env, **fields), HubError)


def expired(store: MemoryStore, *, at: datetime) -> str:
    """Entry and manifest removed as the reconciler does; returns the commit."""
    stopped(store, at=at)
    return store.heads["main"]


def test_what_was_removed_comes_back_as_it_was_with_a_fresh_lease() -> None:
    store = state_store()
    before = started(store, ttl="8h", settings=[("web.env.A", "no")]).preview
    by = expired(store, at=NOW + 8 * HOUR)
    outcome = revived(store)
    after = written(store)
    assert (outcome.change, outcome.preview) == ("revived", after)
    lease = after.spec.lease
    assert (lease.requested_by, lease.requested_at, lease.ttl, lease.expires_at, lease.extensions) == (
        "carol",
        "2026-11-25T02:00:00Z",
        "8h",
        "2026-11-25T10:00:00Z",
        [],
    )
    assert outcome.removal
    assert outcome.removal.commit.commit == by
    same = {"lease": before.spec.lease, "rendered": before.spec.rendered}
    assert after.model_copy(update={"spec": after.spec.model_copy(update=same)}) == before
    assert outcome.plan
    assert outcome.plan.message().splitlines()[:6] == [
        "Revive RTB-123 in int",
        "",
        "Preview: int/rtb-123",
        "Action: revive",
        "Requested-By: carol",
        f"Removed-By-Commit: {by}",
    ]


def test_until_when_it_can_be_brought_back_never_leaves_the_calendar() -> None:
    store = state_store()
    started(store)
    expired(store, at=NOW)
    removal = recent_removal(KEY, observed(store), store, now=LATER)
    assert removal
    assert removal.until == NOW + KEPT
    last = datetime.max.replace(tzinfo=UTC)
    assert replace(removal, commit=replace(removal.commit, at=last)).until == last


def test_a_revival_gives_what_the_same_start_at_that_time_would() -> None:
    store, fresh = state_store(), state_store()
    started(store, settings=[("web.cpu", "500m")])
    stopped(store)
    revived(store)
    started(fresh, settings=[("web.cpu", "500m")], requested_by="carol", now=LATER)
    assert files_of(store) == files_of(fresh)


def test_another_length_may_be_asked_for_and_office_hours_stay() -> None:
    store = state_store()
    started(store, ttl="8h", office_hours=True)
    stopped(store)
    lease = revived(store, ttl="16h", now=NOW).preview.spec.lease
    assert (lease.ttl, lease.office_hours, lease.expires_at) == (
        "16h",
        True,
        "2026-11-24T09:00:00Z",
    )


def test_what_is_there_is_left_as_it_is() -> None:
    store = state_store()
    first = started(store)
    stopped(store)
    second = revived(store)
    outcome = revived(store, ttl="1h")
    assert (outcome.change, outcome.plan, outcome.preview) == ("unchanged", None, second.preview)
    assert second.preview != first.preview


def test_what_was_removed_twice_comes_back_as_it_was_last() -> None:
    store = state_store()
    started(store)
    stopped(store, at=NOW + HOUR)
    started(store, settings=[("web.cpu", "500m")], now=NOW + 2 * HOUR)
    stopped(store, at=NOW + 3 * HOUR)
    assert revived(store).preview.spec.components["web"].cpu == "500m"


def test_an_expiry_that_was_reverted_by_hand_is_no_removal() -> None:
    store = state_store()
    started(store, settings=[("web.cpu", "500m")])
    files = dict(files_of(store))
    stopped(store, at=NOW + HOUR)
    for name in (MANIFEST_FILE, ENTRY_FILE):
        put(store, str(FOLDER / name), files[FOLDER / name], at=NOW + 2 * HOUR)
    assert revival(store).change == "unchanged"
    started(store, reset=True, now=NOW + 3 * HOUR)
    stopped(store, at=NOW + 4 * HOUR)
    outcome = revived(store)
    assert outcome.removal
    assert outcome.removal.commit.at == NOW + 4 * HOUR
    assert outcome.preview.spec.components["web"].cpu == "250m"


def test_a_file_that_goes_later_is_not_the_entrys_removal() -> None:
    store = state_store()
    started(store)
    put(store, str(FOLDER / ENTRY_FILE), None, at=NOW + HOUR)
    put(store, str(FOLDER / MANIFEST_FILE), None, at=NOW + 2 * HOUR)
    outcome = revived(store)
    assert outcome.removal
    assert outcome.removal.commit.at == NOW + HOUR
    assert files_of(store).keys() >= {FOLDER / ENTRY_FILE, FOLDER / MANIFEST_FILE}


def test_what_was_removed_longer_ago_or_never_was() -> None:
    store = state_store()
    error = refused(store)
    assert error.reason is Reason.PREVIEW_NOT_FOUND
    assert "there never was a preview of RTB-123 in int" in str(error)
    started(store)
    by = expired(store, at=NOW)
    assert revival(store, now=NOW + KEPT).change == "revived"
    error = refused(store, now=NOW + KEPT + timedelta(seconds=1))
    assert error.reason is Reason.PREVIEW_NOT_FOUND
    assert f"was removed at 2026-11-23T02:00:00Z, more than 7 days ago; start it anew; 'git show {by[:12]}'" in str(
        error
    )


def test_an_entry_that_could_not_be_read_then_does_not_come_back() -> None:
    store = state_store()
    put(store, str(FOLDER / ENTRY_FILE), b"apiVersion: nonsense\n")
    by = expired(store, at=NOW)
    error = refused(store)
    assert (error.reason, len(error.faults) > 1) == (Reason.UNREADABLE_ENTRY, True)
    assert f"could not be read when {by[:12]} removed it" in str(error.faults[0])
    put(store, str(FOLDER / ENTRY_FILE), b"not: [an entry")
    assert refused(store).reason is Reason.UNREADABLE_ENTRY


@pytest.mark.parametrize(
    ("spec", "reason", "says"),
    [
        ({"images": {"pinned": True, "registries": ["other.example.com/"]}}, Reason.INVALID_VALUE, "comes from a foreign registry"),
        ({"limits": {"cpu": "250m", "memory": "2Gi", "previews": 20}}, Reason.OVER_LIMIT, "asks for 500m CPU"),
        ({"compute": {"default": "spot", "allowed": ["spot"]}}, Reason.INVALID_VALUE, "fargate is not allowed"),
        ({"lease": {"ttl": "4h", "cap": "8h", "warnBefore": "2h"}}, Reason.OVER_LIMIT, "24h is too long"),
        ({"officeHours": None}, Reason.INVALID_VALUE, "has no office hours"),
    ],
    ids=["images", "size", "compute", "length", "office hours"],
)  # fmt: skip
def test_what_todays_policy_forbids(spec: dict[str, Any], reason: Reason, says: str) -> None:
    store = state_store()
    started(store, ttl="24h", office_hours="officeHours" in spec)
    stopped(store)
    with pytest.raises(ConfigError, match=says) as caught:
        revival(store, state=observed(store, **spec))
    assert caught.value.reason is reason


def test_what_todays_blueprint_has_no_more() -> None:
    store = state_store()
    started(store)
    stopped(store)
    files, path = dict(LIBRARY.files), "templates/preview/web-api/blueprint.yaml"
    files[path] = files[path].replace("\n    api:", "\n    backend:")
    state = replace(observed(store), library=TemplateLibrary(files))
    with pytest.raises(ConfigError, match="no component 'api' any more") as caught:
        revival(store, state=state)
    assert caught.value.reason is Reason.UNKNOWN_COMPONENT


def test_there_must_be_room() -> None:
    store = state_store()
    started(store)
    stopped(store)
    started(store, key="RTB-9")
    for spec in ({"limits": {"cpu": "2", "memory": "2Gi", "previews": 1}}, {"fargate": {"quotaVcpu": 1}}):
        state = observed(store, **spec)
        if "limits" in spec:
            with pytest.raises(Stalled, match="int has 1 of 1 previews") as caught:
                revival(store, state=state)
            assert caught.value.reason is Reason.CAPACITY_EXHAUSTED
        else:
            assert revival(store, state=state).change == "revived"  # 0.5 vCPU each


def test_the_shard_is_the_one_it_was_on_while_there_is_room() -> None:
    store = state_store()
    exposure = {**observed(store).environment.as_tree()["spec"]["exposure"], "shards": 2, "targetGroupsPerShard": 2}
    started(store, spec={"exposure": exposure})
    assert written(store).spec.shard == "previews-0"
    stopped(store)
    assert revival(store, state=observed(store, exposure=exposure)).preview.spec.shard == "previews-0"
    started(store, key="RTB-9", spec={"exposure": exposure})
    assert revival(store, state=observed(store, exposure=exposure)).preview.spec.shard == "previews-1"
    with pytest.raises(Stalled, match="no shard has capacity"):
        revival(store, state=observed(store, exposure={**exposure, "shards": 1}))
    other = observed(store, exposure={**exposure, "group": "others"})
    assert revival(store, state=other).preview.spec.shard == "others-0"


@settings(max_examples=15)
@given(st.lists(st.sampled_from(["start", "stop", "revive"]), max_size=7))
def test_in_any_order_it_is_there_after_a_revival_and_as_it_was_before_its_removal(steps: list[str]) -> None:
    store, now = state_store(), NOW
    there, known, size = False, False, 0
    for step in steps:
        now += HOUR
        if step == "start":
            size = 500 if size == 250 else 250
            started(store, settings=[("web.cpu", f"{size}m")], now=now)
            there = known = True
        elif step == "stop" and there:
            stopped(store, at=now)
            there = False
        elif step == "revive" and known:
            outcome = revived(store, now=now)
            assert (outcome.change == "unchanged") is there
            there = True
        if there:
            assert written(store).spec.components["web"].cpu == f"{size}m"
        assert (FOLDER / ENTRY_FILE in files_of(store)) is there


def test_a_neighbours_removal_is_not_this_ones() -> None:
    store = state_store()
    started(store, key="RTB-124")
    stopped(store, key=IssueKey.parse("RTB-124"))
    assert refused(store).reason is Reason.PREVIEW_NOT_FOUND


class TestGated:
    def removed(self) -> MemoryStore:
        store = state_store()
        started(store, "prd")
        merged(store)
        stamped(store)
        stopped(store, "prd", at=NOW + HOUR)
        return store

    def test_it_comes_back_by_request_with_its_time_from_the_merge(self) -> None:
        store = self.removed()
        merged(store)
        live = store.heads["prd"]
        outcome = revived(store, "prd")
        assert outcome.plan
        assert (outcome.change, outcome.plan.branch, outcome.plan.base) == ("revived", REQUEST, live)
        assert store.heads["prd"] == live
        lease = outcome.preview.spec.lease
        assert (lease.expires_at, lease.activated_at, lease.ttl) == (None, None, "8h")
        assert revived(store, "prd").change == "unchanged"

    def test_a_removal_that_is_only_requested_is_withdrawn(self) -> None:
        store = self.removed()
        outcome = revived(store, "prd")
        assert (outcome.change, outcome.plan) == ("kept", None)
        assert set(store.heads) == {"main", "prd"}
        assert replace(revived(store, "prd"), preview=outcome.preview).change == "unchanged"
