"""One message for a preview and a channel, edited in place, whatever is killed, lost, deleted or refused where."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from generator.errors import HubError, Reason, Transient
from hub.actions.telling import teller
from hub.actions.telling.posting import AGAIN, REFUSED, SETTLED
from hub.adapters.jira.editions import CLOUD, DATA_CENTER, EDITIONS, Edition
from hub.adapters.jira.messages import JiraComments, JiraLinks
from hub.store.messages import LEASE
from hub.telemetry.telemetry import Telemetry
from reconcilers.causes.model import Audience
from reconcilers.messages.model import Message, MessagePhase
from worlds.announcing import KINDS, Announcing
from worlds.faulty import Fault, Killed
from worlds.jira_server.site import Comment, Issue
from worlds.messages import NOW, message
from worlds.mortal import Life

JIRA = pytest.mark.parametrize("kind", [JiraComments, JiraLinks])
ALL = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(params=EDITIONS)
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Announcing:
    return Announcing(tmp_path, edition=EDITIONS[request.param])


def checked(world: Announcing) -> None:
    """Nothing that was asked or answered is against what Atlassian publishes."""
    assert world.violations() == []


def test_it_is_posted_once_edited_in_place_and_closed_by_the_last_word(world: Announcing) -> None:
    worker = world.worker()
    assert world.tell(message("starting"), by=worker) == Counter(posted=1)
    first = world.comments[0].id
    assert world.tell(message("starting"), by=worker) == Counter()
    for phase in ("running", "expiring soon", "removed"):
        world.later(minutes=2)
        assert world.tell(message(phase), by=worker) == Counter(edited=1)
        assert (world.told(), world.comments[0].id) == (phase, first)
    assert world.row().state == "closed"
    assert world.tell(message("removed"), by=worker) == Counter()
    world.later(days=1)
    assert world.tell(message("starting"), by=worker)["edited"] == 0, "what begins anew waits for what comes with it"
    world.later(minutes=2)
    assert world.tell(message("starting"), by=worker)["edited"] == 1
    assert (world.told(), world.row().state) == ("starting", "open")
    checked(world)


def test_only_an_edit_that_somebody_waits_for_alerts(world: Announcing) -> None:
    worker = world.worker()
    alerts = []
    for phase, audience in [("starting", None), ("running", None), ("failed", Audience.PLATFORM), ("running", None),
                            ("failed", Audience.DEVELOPER), ("expiring soon", None), ("running", None)]:  # fmt: skip
        world.later(minutes=3)
        world.tell(message(phase, audience or Audience.DEVELOPER), by=worker)  # type: ignore[arg-type]
        alerts.append(world.comments[0].alerts)
    every_edit = [0, 1, 2, 3, 4, 5, 6]
    assert alerts == ([0, 1, 1, 1, 2, 3, 3] if world.edition.has_quiet_edits else every_edit)


def test_a_changed_price_waits_and_what_is_equal_asks_nothing(world: Announcing) -> None:
    worker = world.worker()
    world.tell(message("running"), by=worker)
    calls = len(world.jira.calls)
    changed = replace(message("running"), requested_by="bob")
    for _ in range(5):
        world.later(seconds=9)
        assert world.tell(changed, by=worker) == Counter()
    assert len(world.jira.calls) == calls
    world.later(seconds=20)
    assert world.tell(changed, by=worker) == Counter(edited=1)


@JIRA
def test_who_lost_the_database_finds_the_message(world: Announcing, kind: type) -> None:
    world.tell(message("running"), by=world.worker(kind))
    world.lose_the_database()
    world.later(minutes=5)
    done = world.tell(message("running"), by=world.worker(kind))
    assert done == (Counter(found=1) if kind is JiraComments else Counter(edited=1))
    assert len(world.issue.comments) + len(world.issue.links) == 1
    checked(world)


@JIRA
@pytest.mark.parametrize("is_lost", [False, True], ids=["known", "database lost"])
def test_what_a_person_deleted_is_not_made_again_in_that_phase(world: Announcing, kind: type, is_lost: bool) -> None:
    worker = world.worker(kind)
    world.tell(message("running"), by=worker)
    world.issue.comments.clear()
    world.issue.links.clear()
    changed = replace(message("running"), url="https://another.example.com/")
    for _ in range(6):
        if is_lost:
            world.lose_the_database()
            worker = world.worker(kind)
        world.later(minutes=5)
        world.tell(changed, by=worker)
        assert not world.issue.comments
        assert not world.issue.links
    assert world.row(worker.channel.name).state == "declined"
    world.later(minutes=2)
    assert world.tell(message("failed"), by=worker) == Counter(posted=1)
    assert len(world.issue.comments) + len(world.issue.links) == 1
    checked(world)


@JIRA
def test_a_preview_that_ended_is_told_of_nowhere_new(world: Announcing, kind: type) -> None:
    worker = world.worker(kind)
    world.tell(message("starting"), by=worker)
    world.issue.comments.clear()
    world.issue.links.clear()
    for _ in range(3):
        world.later(minutes=20)
        world.tell(message("removed"), by=worker)
    assert not world.issue.comments
    assert not world.issue.links
    assert world.row(worker.channel.name).state == "closed"
    other = replace(message("removed"), issue="RTB-9")
    assert set(world.tell(other, message("unknown"), by=worker)) <= {"unchanged", "parked"}, "it is looked for once"
    calls = len(world.jira.calls)
    assert world.tell(other, message("unknown"), by=worker) == Counter()
    assert len(world.jira.calls) == calls


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_went_while_the_database_was_lost_is_told_its_last_word(world: Announcing, kind: type) -> None:
    world.tell(message("running"), by=world.worker(kind))
    world.lose_the_database()
    world.later(minutes=5)
    world.tell(message("removed"), replace(message("removed"), issue="RTB-9"), by=world.worker(kind))
    assert world.phases(kind) == ["removed"]
    assert world.row(world.worker(kind).channel.name).state == "closed"
    assert world.worker(kind).open_keys() == frozenset()
    checked(world)


@pytest.mark.parametrize("how", ["drop-after", "503-after", "kill-after"])
def test_a_post_whose_end_is_not_known_is_looked_for(world: Announcing, how: str) -> None:
    world.faults = [None, None, Fault(how)]  # type: ignore[arg-type]
    try:
        assert world.tell(message("running")) == Counter()
    except Killed:
        world.later(seconds=LEASE.total_seconds())
    assert len(world.comments) == 1
    world.later(seconds=5)
    assert world.tell(message("running"))["found"] == 1
    assert world.told() == "running"


def test_a_post_that_arrives_late_is_waited_for(world: Announcing) -> None:
    world.faults = [None, None, Fault("drop-late", late_seconds=20)]
    world.tell(message("running"))
    for _ in range(10):
        world.later(seconds=8)
        world.tell(message("running"))
        assert len(world.comments) <= 1
    assert world.told() == "running"


def test_a_post_that_never_arrives_is_made_again_once_it_cannot(world: Announcing) -> None:
    world.faults = [None, None, Fault("drop-before")]
    world.tell(message("running"))
    worker = world.worker()
    world.later(seconds=SETTLED.total_seconds() - 1)
    assert world.tell(message("running"), by=worker)["posted"] == 0
    world.later(seconds=1)
    assert world.tell(message("running"), by=worker) == Counter(posted=1)


def test_what_came_twice_all_the_same_is_one_again_some_time_after(world: Announcing) -> None:
    world.faults = [None, None, Fault("drop-late", late_seconds=SETTLED.total_seconds() + 30)]
    worker = world.worker()
    world.tell(message("running"), by=worker)
    world.later(seconds=SETTLED.total_seconds() + 1)
    world.tell(message("running"), by=worker)
    world.later(seconds=60)
    world.jira.arrive()
    assert len(world.comments) == 2
    oldest = min(one.id for one in world.comments)
    world.later(seconds=AGAIN.total_seconds())
    world.tell(message("running"), by=worker)
    assert [one.id for one in world.comments] == [oldest]
    world.later(minutes=3)
    world.tell(message("failed"), by=worker)
    assert world.told() == "failed"


@pytest.mark.parametrize("how", ["drop-after", "503-after", "kill-after", "drop-before"])
def test_an_edit_whose_end_is_not_known_alerts_once(world: Announcing, how: str) -> None:
    world.tell(message("starting"))
    world.later(minutes=3)
    world.faults = [Fault(how)]  # type: ignore[arg-type]
    try:
        assert world.tell(message("running")) == Counter()
    except Killed:
        world.later(seconds=LEASE.total_seconds())
    world.later(minutes=2)
    world.tell(message("running"))
    assert (world.told(), world.comments[0].alerts) == ("running", 1)


def test_a_limit_is_kept_and_nothing_is_asked_before_it_ends(world: Announcing) -> None:
    worker = world.worker()
    world.faults = [Fault("429", retry_after=120)]
    several = [replace(message("running"), issue=f"RTB-{number}") for number in range(1, 9)]
    world.tell(*several, by=worker)
    calls = len(world.jira.calls)
    assert calls <= 3 * 4, "what was in hand goes on, and no more is begun"
    world.later(seconds=119)
    world.tell(message("running"), *several, by=worker)
    assert len(world.jira.calls) == calls
    world.later(seconds=1)
    assert world.tell(message("running"), by=worker) == Counter(posted=1)


def test_a_mistake_while_a_failure_is_told_is_not_lost(world: Announcing) -> None:
    def refused(err: HubError) -> None:
        raise IndexError("a mistake of ours")

    worker = world.worker()
    worker.telemetry = cast(Telemetry, SimpleNamespace(count=lambda *_, **__: None, refused=refused))
    world.faults = [Fault("429")]
    with pytest.raises(IndexError, match="a mistake of ours"):
        world.tell(message("running"), by=worker)


def test_an_issue_that_is_not_there_is_tried_daily_and_keeps_no_other_waiting(world: Announcing) -> None:
    worker, missing = world.worker(), replace(message("running"), issue="RTB-404")
    assert world.tell(missing, message("running"), by=worker) == Counter(parked=1, posted=1)
    calls = len(world.jira.calls)
    world.later(hours=9)
    world.tell(missing, by=worker)
    assert len(world.jira.calls) == calls
    world.later(hours=15)
    world.jira.issues["RTB-404"] = Issue()
    assert world.tell(missing, by=worker) == Counter(posted=1)


def test_an_issue_that_moved_keeps_its_message(world: Announcing) -> None:
    worker = world.worker()
    world.tell(message("starting"), by=worker)
    world.jira.moved["RTB-123"] = "ABC-7"
    world.jira.issues["ABC-7"] = world.jira.issues.pop("RTB-123")
    world.lose_the_database()
    world.later(minutes=2)
    world.tell(message("running"))
    assert len(world.jira.issues["ABC-7"].comments) == 1


def test_what_is_refused_is_left_alone_for_a_while(world: Announcing) -> None:
    world.jira.denied = [("POST", "/rest/api/3/issue/{issueIdOrKey}/comment")]
    worker = world.worker()
    assert world.tell(message("running"), by=worker) == Counter()
    calls = len(world.jira.calls)
    world.later(seconds=REFUSED.total_seconds() - 1)
    assert world.tell(message("running"), by=worker) == Counter()
    assert len(world.jira.calls) == calls
    world.jira.denied = []
    world.later(seconds=1)
    assert world.tell(message("running"), by=worker) == Counter(posted=1), "a refusal made nothing: no wait for it"


def test_an_account_that_may_not_edit_issues_tells_all_the_same(world: Announcing) -> None:
    world.jira.denied = [("PUT", "/rest/api/3/issue/{issueIdOrKey}/properties")]
    assert world.tell(message("running")) == Counter(posted=1)
    assert len(world.refusals) == 1
    world.lose_the_database()
    assert world.tell(message("running")) == Counter(found=1)


def test_a_comment_of_somebody_else_is_never_taken_for_the_hubs(world: Announcing) -> None:
    world.tell(message("running"))
    ours = world.comments[0]
    forged = Comment(1, "mallory", ours.body, dict(ours.properties))
    world.issue.comments[1] = forged
    world.lose_the_database()
    world.later(minutes=5)
    world.tell(message("failed"))
    assert set(world.issue.comments) == {1, ours.id}
    assert (forged.edits, ours.edits) == (0, 1)


@pytest.mark.parametrize("noted", ["\ud800", "../..", "", 5])
def test_what_others_noted_at_the_issue_keeps_no_message_from_being_found(world: Announcing, noted: object) -> None:
    world.tell(message("running"))
    (name,) = world.issue.properties
    world.issue.properties[name] = {"message": noted}
    world.lose_the_database()
    assert world.tell(message("running")) == Counter(found=1)
    checked(world)


def test_a_list_without_properties_is_asked_one_by_one(world: Announcing) -> None:
    world.jira.lists_properties = False
    world.tell(message("running"))
    world.issue.comments[1] = Comment(1, "mallory", {}, {})
    world.lose_the_database()
    assert world.tell(message("running")) == Counter(found=1)


def test_an_old_message_is_found_below_many_comments(world: Announcing) -> None:
    world.tell(message("running"))
    first = world.comments[0].id
    for number in range(60):
        world.issue.comments[first + 100 + number] = Comment(first + 100 + number, "mallory", {}, {})
    world.lose_the_database()
    assert world.tell(message("running")) == Counter(found=1)
    world.later(minutes=15)
    world.tell(message("failed"))
    assert world.issue.comments[first].edits == 1


def test_two_hubs_and_two_environments_have_a_message_each(world: Announcing) -> None:
    world.tell(message("running"))
    world.tell(replace(message("running"), environment="stg"))
    another = world.worker()
    object.__setattr__(another.desk, "repository", "ba9876543210")
    world.lose_the_database()
    world.tell(message("running"), by=another)
    assert len(world.comments) == 3


def test_a_plan_says_what_would_be_done_and_does_nothing(world: Announcing) -> None:
    worker = world.worker()
    (planned,) = worker.planned([message("failed")])
    assert (planned.action, planned.ping and planned.ping.who) == ("post", "requester")
    assert world.jira.calls == []
    world.tell(message("failed"), by=worker)
    (planned,) = worker.planned([message("failed")])
    assert planned.action == "none"
    world.later(minutes=2)
    (planned,) = worker.planned([message("running")])
    assert (planned.action, planned.at) == ("edit", None)


def test_a_channel_of_several_places_has_a_message_at_each_that_it_knows(world: Announcing) -> None:
    why = Transient(Reason.FORGE_UNREACHABLE, "no network")
    opened, worker = [], world.worker()

    def spread(messages: Sequence[Message], told: Collection[str], failures: list[Exception]) -> Sequence[Message]:
        opened.append(sorted(told))
        failures.append(why)
        return [replace(one, at=at) for one in messages for at in ("acme/api#7", "acme/web#8")]

    worker.spread = spread
    assert sum(world.tell(message("starting"), by=worker).values()) == 2
    rows = ["int/RTB-123 acme/api#7", "int/RTB-123 acme/web#8"]
    assert (world.tell(message("starting"), by=worker), opened) == (Counter(), [[], rows])
    assert worker.open_keys() == {"int/RTB-123"}
    assert worker.failures == [why]
    assert [one.message.row for one in worker.planned([message("starting")])] == rows


def test_what_differs_for_the_longest_is_told_first(world: Announcing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teller, "AT_ONCE", 1)
    several = [replace(message("running"), issue=f"RTB-{number}") for number in (1, 2)]
    for one in several:
        world.jira.issues[one.issue] = Issue()
    worker = world.worker()
    world.tell(*several, by=worker)
    world.later(minutes=2)
    changed = [replace(one, requested_by="bob") for one in several]
    world.tell(several[0], changed[1], by=worker)
    world.later(seconds=10)
    world.tell(*changed, by=worker)
    world.later(minutes=2)
    world.faults = [None, Fault("429")]
    assert world.tell(*changed, by=worker) == Counter(edited=1)
    edited = [one.edits for key in ("RTB-1", "RTB-2") for one in world.jira.issues[key].comments.values()]
    assert edited == [0, 1]


HOWS = ["drop-before", "drop-after", "drop-late", "503-before", "503-after", "429", "429-unnamed", "kill-before",
        "kill-after", None, None, None, None, None]  # fmt: skip
PHASES: list[MessagePhase] = ["starting", "running", "failed", "stuck", "expiring soon", "unknown", "running"]


@pytest.mark.parametrize(
    ("kind", "edition", "seed"),
    [(kind, CLOUD, seed) for kind in KINDS for seed in range(12)]
    + [(kind, DATA_CENTER, seed) for kind in (JiraComments, JiraLinks) for seed in range(12, 16)],
)
def test_whatever_goes_wrong_there_is_exactly_one_and_it_is_right(
    tmp_path: Path, seed: int, kind: type, edition: Edition
) -> None:
    rolls, world = random.Random(seed), Announcing(tmp_path, edition=edition)
    lives = [Life(), Life()]
    workers = [world.worker(kind, life) for life in lives]
    told: MessagePhase = "starting"
    for _ in range(rolls.randint(3, 14)):
        world.later(seconds=rolls.choice([1, 5, 20, 45, 61, 300, 700]))
        told = rolls.choice([told, rolls.choice(PHASES)])
        world.faults = [
            Fault(how, late_seconds=rolls.choice([1, 10, 19])) if how else None  # type: ignore[arg-type]
            for how in rolls.choices(HOWS, k=6)
        ]
        which = rolls.randrange(2)
        lives[which].writes = rolls.choice([None, None, 1, 2, 3, 4])
        try:
            world.tell(message(told), by=workers[which])
        except Killed:
            lives[which] = Life()
            workers[which] = world.worker(kind, lives[which])
        if rolls.random() < 0.05:
            world.later(seconds=25)
            world.arrive()
            world.lose_the_database()
    world.faults, last = [], world.worker(kind)
    for _ in range(8):
        world.later(minutes=6)
        world.tell(message("failed"), by=last)
    assert world.phases(kind) == ["failed"]
    assert world.row(last.channel.name).token is None
    world.later(minutes=6)
    assert world.tell(message("failed"), by=last) == Counter()
    checked(world)


def test_when_it_begins_a_worker_holds_the_row_for_no_longer_than_its_lease(world: Announcing) -> None:
    world.faults = [Fault("kill-before")]
    with pytest.raises(Killed):
        world.tell(message("running"))
    assert world.tell(message("running")) == Counter(taken=1)
    world.now = NOW + LEASE
    assert world.tell(message("running")) == Counter(posted=1)
