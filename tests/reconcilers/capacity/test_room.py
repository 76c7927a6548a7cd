"""Whether one preview more fits: each limit, one below it, at it, and one above. Pure."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from generator.errors import Fault, Reason, Stalled
from generator.model.entry import Preview, Rendered
from generator.model.environment import Environment
from hub.output.remedies import words
from reconcilers.capacity.capacity import (
    EMPTY,
    OWN_LIMIT,
    Need,
    Room,
    find_shard,
    freest_shard,
    keep_shard,
    need_of,
    room_faults,
    shard_faults,
)
from reconcilers.capacity.facts import Facts, facts_of
from reconcilers.capacity.usage import NOTHING, Usage, share_of, total
from worlds.builders import environment, image, preview

#: Of alice: two target groups and half a vCPU.
NEED = Need("alice", 2, Decimal("0.5"))
LIMITS = {"cpu": "2", "memory": "2Gi", "previews": 5, "previewsPerOwner": 3}


def place(name: str = "int", **exposure: Any) -> Environment:
    """5 previews, 3 of a person, a quota of 2 vCPUs, two shards of ten target groups."""
    policy = environment().spec.exposure.model_dump(by_alias=True)
    shards = {"shards": 2, "targetGroupsPerShard": 10, **exposure}
    return environment(name, limits=LIMITS, fargate={"quotaVcpu": 2}, exposure={**policy, **shards})


INT = place()


def fields(others: Usage, need: Need = NEED, where: Environment = INT) -> list[str]:
    return [fault.field or fault.message.split(" has ")[0] for fault in room_faults(need, others, where)]


@pytest.mark.parametrize(("there", "full"), [(3, False), (4, False), (5, True), (6, True)])
def test_the_number_of_previews(there: int, full: bool) -> None:
    assert fields(Usage(there)) == (["limits.previews"] if full else [])


@pytest.mark.parametrize(("own", "full"), [(1, False), (2, False), (3, True), (4, True)])
def test_the_number_of_previews_of_a_person(own: int, full: bool) -> None:
    others = Usage(0, owners={"alice": own, "bob": 9})
    assert fields(others) == ([OWN_LIMIT] if full else [])
    unlimited = environment(limits={**LIMITS, "previewsPerOwner": None})
    assert fields(others, where=unlimited) == []


@pytest.mark.parametrize(("used", "full"), [("1.25", False), ("1.5", False), ("1.501", True), ("2", True), ("3", True)])
def test_the_quota_of_vcpus(used: str, full: bool) -> None:
    others = Usage(0, Decimal(used))
    assert fields(others) == (["fargate.quotaVcpu"] if full else [])
    assert fields(others, Need("alice", 2, Decimal(0))) == [], "on spot nothing is taken of it"


@pytest.mark.parametrize(("used", "full"), [(7, False), (8, False), (9, True), (10, True)])
def test_the_target_groups_of_the_freest_shard(used: int, full: bool) -> None:
    others = Usage(0, shards={"previews-0": 10, "previews-1": used})
    assert fields(others) == (["no shard"] if full else [])
    assert fields(others, Need("alice", 0, Decimal(0))) == [], "what is not exposed needs none"


@pytest.mark.parametrize(("groups", "full"), [(0, False), (1, True)])
def test_what_is_not_exposed_needs_no_shard(groups: int, full: bool) -> None:
    others = Usage(0, Decimal(0), {"previews-0": 11, "previews-1": 11})  # lowered since
    assert bool(fields(others, Need("alice", groups, Decimal(0)))) == full


def test_what_is_short_is_told_with_the_numbers_and_what_to_do() -> None:
    others = Usage(5, Decimal("1.75"), {"previews-0": 9, "previews-1": 10}, {"alice": 3})
    faults = room_faults(NEED, others, INT)
    assert [fault.message for fault in faults] == [
        "int has 5 of 5 previews",
        "alice has 3 of 3 previews in int",
        "int uses 1.75 of 2 Fargate vCPUs and 0.5 more are asked for",
        "no shard has capacity for 2 target groups of 10 (previews-0: 9, previews-1: 10)",
    ]
    assert [fault.field for fault in faults] == ["limits.previews", "limits.previewsPerOwner", "fargate.quotaVcpu", ""]
    wait = "; or queue it ('start --queue')"
    told = [words(fault.remedy) for fault in faults]
    assert all(text.endswith(wait) and len(text) > 2 * len(wait) for text in told)
    gated = [words(fault.remedy) for fault in room_faults(NEED, others, place("prd", shards=2))]
    assert [text + wait for text in gated] == told, "where there is no queue it is not offered"


class TestANewOne:
    def test_it_goes_where_most_is_free_and_first_among_equals(self) -> None:
        assert find_shard(NEED, EMPTY, INT) == "previews-0"
        assert find_shard(NEED, Room(Usage(2, shards={"previews-0": 1})), INT) == "previews-1"
        assert freest_shard(Usage(shards={"previews-0": 3, "previews-1": 3}), INT) == "previews-0"

    def test_those_ahead_of_it_in_line_take_theirs_first(self) -> None:
        some = Usage(2, Decimal("0.5"), {"previews-0": 5}, {"bob": 2})
        assert find_shard(NEED, Room(some, some), INT) == "previews-1"
        more = Usage(3, Decimal(1), {"previews-0": 5}, {"bob": 3})
        with pytest.raises(Stalled) as caught:
            find_shard(NEED, Room(some, more), INT)
        assert caught.value.reason is Reason.CAPACITY_EXHAUSTED
        assert [fault.message for fault in caught.value.faults] == ["int has 5 of 5 previews"]

    def test_nobody_goes_past_a_line_that_cannot_start(self) -> None:
        line = Fault("RTB-1 waits")
        with pytest.raises(Stalled) as caught:
            find_shard(NEED, Room(line=line), INT)
        assert caught.value.faults == (line,)

    @pytest.mark.parametrize(("used", "kept"), [(7, True), (8, True), (9, False)])
    def test_its_shard_of_before_is_kept_while_it_has_room(self, used: int, kept: bool) -> None:
        room = Room(Usage(2, shards={"previews-1": used}))
        assert find_shard(NEED, room, INT, before="previews-1") == ("previews-1" if kept else "previews-0")

    def test_a_shard_that_is_made_no_longer_is_not_gone_back_to(self) -> None:
        assert find_shard(NEED, EMPTY, place(shards=1), before="previews-1") == "previews-0"

    @pytest.mark.parametrize(("used", "full"), [(7, False), (8, False), (9, True)])
    def test_the_shard_an_entry_names_must_have_room(self, used: int, full: bool) -> None:
        faults = shard_faults(NEED, "previews-1", Usage(shards={"previews-0": 10, "previews-1": used}), INT)
        assert [fault.message for fault in faults] == (
            ["previews-1 has 9 of 10 target groups in use by others, and 2 more are asked for"] if full else []
        )
        assert [words(fault.remedy) for fault in faults] == ["stop a preview, or raise exposure.shards"] * full

    @pytest.mark.parametrize(("room", "full"), [(1, True), (2, False), (3, False)])
    def test_an_empty_shard_has_all_its_room(self, room: int, full: bool) -> None:
        assert bool(shard_faults(NEED, "previews-1", NOTHING, place(targetGroupsPerShard=room))) is full

    def test_the_shard_an_entry_names_must_be_the_environments(self) -> None:
        (fault,) = shard_faults(NEED, "others-0", NOTHING, INT)
        assert fault.message == "others-0 is none of previews-0, previews-1"
        assert words(fault.remedy) == "ask for it anew"


#: An entry with one exposed component of a quarter vCPU.
BEFORE: Preview = preview(blueprint="web")
HAD = need_of("alice", BEFORE.spec.components, BEFORE.spec.compute)


def refused(need: Need, room: Room, where: Environment = INT) -> list[str]:
    """Why an update of `BEFORE` is refused; nothing: it keeps its shard."""
    try:
        assert keep_shard(need, BEFORE, room, where) == BEFORE.spec.shard == "previews-0"
    except Stalled as err:
        assert err.reason is Reason.CAPACITY_EXHAUSTED
        return [fault.message for fault in err.faults]
    return []


class TestAnUpdate:
    def test_what_it_had(self) -> None:
        assert Need("alice", 1, Decimal("0.25")) == HAD

    @pytest.mark.parametrize(("used", "full"), [("1.25", False), ("1.5", False), ("1.75", True)])
    def test_more_vcpus_must_fit(self, used: str, full: bool) -> None:
        message = f"int uses {used} of 2 Fargate vCPUs and 0.5 more are asked for"
        assert refused(Need("alice", 1, Decimal("0.5")), Room(Usage(1, Decimal(used)))) == ([message] if full else [])

    @pytest.mark.parametrize(("used", "full"), [(7, False), (8, False), (9, True)])
    def test_more_target_groups_must_fit_on_its_shard(self, used: int, full: bool) -> None:
        message = "previews-0 has 9 of 10 target groups in use by others, and RTB-123 asks for 2, 1 more"
        room = Room(Usage(1, shards={"previews-0": used}))
        assert refused(Need("alice", 2, Decimal("0.25")), room) == ([message] if full else [])

    @pytest.mark.parametrize(("room", "full"), [(1, True), (2, False), (3, False)])
    def test_its_shard_may_be_empty_but_for_itself(self, room: int, full: bool) -> None:
        where = place(targetGroupsPerShard=room)
        assert bool(refused(Need("alice", 2, Decimal("0.25")), EMPTY, where)) is full

    def test_more_on_a_shard_that_is_made_no_longer_is_refused(self) -> None:
        with pytest.raises(Stalled) as caught:
            keep_shard(Need("alice", 2, Decimal("0.25")), BEFORE, EMPTY, place(group="others"))
        (fault,) = caught.value.faults
        known = "others-0, others-1"
        assert fault.message == f"previews-0 is none of {known}, and RTB-123 asks for 1 target groups more"
        anew = "stop RTB-123 and start it anew on another shard"
        assert words(fault.remedy) == f"{anew}, or raise exposure.shards"
        with pytest.raises(Stalled) as caught:
            keep_shard(Need("alice", 2, Decimal("0.25")), BEFORE, Room(Usage(1, shards={"previews-0": 9})), INT)
        assert words(caught.value.faults[0].remedy) == f"stop another preview there, or {anew}"

    @pytest.mark.parametrize("need", [HAD, Need("alice", 0, Decimal(0))], ids=["as much", "less"])
    def test_what_adds_nothing_is_never_refused(self, need: Need) -> None:
        full = Usage(9, Decimal(9), {"previews-0": 99}, {"alice": 9})
        assert refused(need, Room(full, full, Fault("RTB-1 waits"))) == []

    @pytest.mark.parametrize("need", [Need("alice", 1, Decimal("0.5")), Need("alice", 2, Decimal("0.25"))], ids=["vCPUs", "groups"])  # fmt: skip
    def test_what_grows_does_not_go_past_a_line(self, need: Need) -> None:
        assert refused(need, Room(line=Fault("RTB-1 waits"))) == ["RTB-1 waits"]

    def test_those_ahead_of_it_in_line_take_theirs_first(self) -> None:
        ahead = Usage(1, Decimal(1), {"previews-0": 5})
        assert refused(Need("alice", 2, Decimal("0.5")), Room(ahead, ahead)) == [
            "int uses 2 of 2 Fargate vCPUs and 0.5 more are asked for",
            "previews-0 has 10 of 10 target groups in use by others, and RTB-123 asks for 2, 1 more",
        ]


def test_what_one_preview_asks_for() -> None:
    """Two pods of web are billed 0.5 vCPU each, one of api 0.25; both are exposed. On spot nothing is billed."""
    components = preview(images={"web": image("web"), "api": image("api")}).spec.components
    web, api = (components[name].model_copy(update={"cpu": "250m", "memory": "512Mi"}) for name in ("web", "api"))
    parts = {"web": web.model_copy(update={"replicas": 2, "cpu": "300m"}), "api": api}
    assert need_of("alice", parts, "fargate") == Need("alice", 2, Decimal("1.25"))
    assert need_of("alice", parts, "spot") == Need("alice", 2, Decimal(0))
    assert str(need_of("alice", {}, "fargate").vcpu) == "0"


def facts(**changed: Any) -> Facts:
    """What alice's preview takes: one target group, a quarter of a vCPU."""
    lives = replace(facts_of(preview()), owner="alice", shard="previews-0", target_groups=1, vcpu=Decimal("0.25"))
    return replace(lives, **changed)


SHARES: dict[str, tuple[tuple[Facts | None, ...], Usage]] = {
    "one entry": ((facts(),), Usage(1, Decimal("0.25"), {"previews-0": 1}, {"alice": 1})),
    "one that cannot be read": ((None,), Usage(1)),
    "one that is not exposed": ((facts(target_groups=0),), Usage(1, Decimal("0.25"), {}, {"alice": 1})),
    "an update that asks for more": (
        (facts(), facts(target_groups=2, vcpu=Decimal(1))), Usage(1, Decimal(1), {"previews-0": 2}, {"alice": 1}),
    ),
    "an update that asks for less": (
        (facts(target_groups=2, vcpu=Decimal(1)), facts()), Usage(1, Decimal(1), {"previews-0": 2}, {"alice": 1}),
    ),
    "an update on another shard": (
        (facts(), facts(shard="previews-1")), Usage(1, Decimal("0.25"), {"previews-0": 1, "previews-1": 1}, {"alice": 1}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", SHARES)
def test_what_one_preview_takes(what: str) -> None:
    entries, share = SHARES[what]
    assert share_of(entries) == share


def test_all_together() -> None:
    one, other = share_of([facts()]), share_of([facts(owner="bob", shard="previews-1")])
    assert total([]) == NOTHING
    assert total([one, one, other]) == Usage(
        3, Decimal("0.75"), {"previews-0": 2, "previews-1": 1}, {"alice": 2, "bob": 1}
    )
    assert one.plus(other).minus(other) == one


DIGESTS = [f"sha256:{letter * 64}" for letter in "abc"]


@pytest.mark.parametrize(("basis", "kept"), [(DIGESTS[2], DIGESTS[2]), (None, "")])
def test_what_an_entry_says_it_shares_is_kept(basis: str | None, kept: str) -> None:
    stamp = Rendered(generator="test", digest=DIGESTS[0], inputs=DIGESTS[1], basis=basis)
    spec = preview().spec.model_copy(update={"rendered": stamp})
    found = facts_of(preview().model_copy(update={"spec": spec}))
    assert (found.basis, found.digest, found.inputs) == (kept, *DIGESTS[:2])
    assert found.is_edited == (basis is not None)
    assert facts_of(preview()).basis == ""


def test_what_a_need_takes_on_a_shard() -> None:
    assert NEED.on("previews-1") == Usage(1, Decimal("0.5"), {"previews-1": 2}, {"alice": 1})
