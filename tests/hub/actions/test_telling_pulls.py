"""Pull requests of the code: one message for a preview, place and channel, whatever is killed, lost, pushed or refused."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from generator.errors import Reason, Waiting
from hub.actions.telling.posting import REFUSED
from hub.actions.telling.pulls import FRESH
from hub.adapters.github.messages.code import CONTENT_AN_HOUR
from hub.adapters.github.messages.deployments import GitHubDeployments
from hub.adapters.github.messages.verdicts import GitHubChecks
from hub.store.messages import LEASE
from hub.telemetry import events
from reconcilers.causes.model import Audience
from reconcilers.messages.model import Message, MessagePhase
from worlds.announcing_pulls import KINDS, GitHubComments, GitHubStatuses, Kind, PullAnnouncing
from worlds.faulty import Fault, How, Killed
from worlds.github_server.state import Comment
from worlds.messages import message
from worlds.ordeal import gone_through
from worlds.telling import Told

EACH = pytest.mark.parametrize("kind", KINDS)
BUILDS = pytest.mark.parametrize("kind", [GitHubDeployments, GitHubChecks, GitHubStatuses])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PullAnnouncing]:
    with PullAnnouncing(tmp_path) as made:
        yield made
        assert made.violations() == []


def told(phase: MessagePhase = "running", audience: Audience = Audience.DEVELOPER, build: str = "aa1") -> Message:
    return replace(message(phase, audience), code=("acme/web",), build="" if phase == "removed" else build)


def states(world: PullAnnouncing) -> list[list[str]]:
    """What each deployment came to, one after the other."""
    return [[str(status["state"]) for status in one.statuses] for one in world.state.deployments.values()]


@EACH
def test_it_is_posted_once_edited_in_place_and_closed_by_the_last_word(world: PullAnnouncing, kind: Kind) -> None:
    worker = world.worker(kind)
    assert world.tell(told("starting"), by=worker) == Counter(posted=1)
    (first,) = world.made(kind)
    assert world.tell(told("starting"), by=worker) == Counter()
    for phase in ("running", "removed"):
        world.later(minutes=20)
        assert world.tell(told(phase), by=worker)["edited"] == 1  # type: ignore[arg-type]
    assert world.made(kind) == [first]
    assert worker.open_keys() == frozenset()
    world.later(minutes=20)
    assert world.tell(told("removed"), by=worker) == Counter()


@EACH
def test_who_lost_the_database_finds_it(world: PullAnnouncing, kind: Kind) -> None:
    world.tell(told(), by=world.worker(kind))
    world.lose_the_database()
    world.later(minutes=5)
    done = world.tell(told(), by=world.worker(kind))
    assert done == (Counter(found=1) if kind is GitHubComments else Counter(edited=1))
    assert len(world.made(kind)) == 1


@EACH
def test_where_nothing_changed_the_look_after_a_post_writes_nothing(world: PullAnnouncing, kind: Kind) -> None:
    worker = world.worker(kind)
    world.tell(told(), by=worker)
    world.site.calls.clear()
    world.later(minutes=20)
    world.tell(told(), by=worker)
    assert [one for one in world.site.calls if not one.startswith("GET ")] == []
    assert len(world.site.calls) > 1, "it was looked"


def test_the_deployment_tells_where_it_is_and_how_it_ended(world: PullAnnouncing) -> None:
    worker = world.worker(GitHubDeployments)
    for phase in ("starting", "running", "failed", "expiring soon", "stopping", "removed"):
        world.later(minutes=3)
        world.tell(told(phase), by=worker)  # type: ignore[arg-type]
    assert states(world) == [["in_progress", "success", "failure", "success", "inactive"]]
    (made,) = world.state.deployments.values()
    assert (made.asked["required_contexts"], made.asked["auto_merge"]) == ([], False)
    assert (made.asked["transient_environment"], made.asked["production_environment"]) == (True, False)
    assert made.asked["environment"] == "preview/int"
    assert [one.get("environment_url", "") for one in made.statuses] == [
        "", "https://rtb-123.int.example.com/", "", "https://rtb-123.int.example.com/", "",
    ]  # fmt: skip
    assert all(one["auto_inactive"] is False for one in made.statuses)


@BUILDS
def test_other_images_are_told_of_at_the_commit_that_they_are_of(world: PullAnnouncing, kind: Kind) -> None:
    worker, first = world.worker(kind), world.web.git.head("feature/RTB-123-login")
    world.tell(told(), by=worker)
    second = world.web.push("2")
    world.later(minutes=3)
    assert world.tell(told(), by=worker) == Counter(), "the same images are of the same commit, whatever is pushed"
    done = world.tell(told(build="aa2"), by=worker)
    assert (done["posted"], done["edited"]) == (1, 1)
    world.later(minutes=3)
    world.tell(told("removed"), by=worker)
    if kind is GitHubDeployments:
        assert states(world) == [["success", "inactive"], ["success", "inactive"]]
        assert [one.commit for one in world.state.deployments.values()] == [first, second]
    elif kind is GitHubChecks:
        assert [(one.commit, one.conclusion) for one in world.state.runs] == [(first, "success"), (second, "success")]
    else:
        assert [(one.commit, one.state) for one in world.state.statuses] == [(first, "success"), (second, "success")]


def test_a_check_found_again_stays_at_the_commit_of_its_deployment(world: PullAnnouncing) -> None:
    world.tell(told(), by=world.worker(GitHubDeployments))
    world.tell(told(), by=world.worker(GitHubChecks))
    world.web.push("2")
    world.lose_the_database()
    world.later(minutes=3)
    world.tell(told("failed"), by=world.worker(GitHubChecks))
    (run,) = world.state.runs
    (deployment,) = world.state.deployments.values()
    assert (run.commit, run.conclusion) == (deployment.commit, "failure")


@pytest.mark.parametrize(
    ("phase", "audience", "conclusion", "state"),
    [
        ("starting", Audience.DEVELOPER, None, "pending"),
        ("stuck", Audience.DEVELOPER, None, "pending"),
        ("running", Audience.DEVELOPER, "success", "success"),
        ("failed", Audience.DEVELOPER, "failure", "failure"),
        ("failed", Audience.PLATFORM, "neutral", "error"),
        ("failed", Audience.NOBODY, "neutral", "error"),
    ],
)
def test_what_the_commit_is_not_to_blame_for_is_no_failure_of_it(
    world: PullAnnouncing, phase: Any, audience: Audience, conclusion: str | None, state: str
) -> None:
    for kind in (GitHubChecks, GitHubStatuses):
        world.tell(told(phase, audience), by=world.worker(kind))
    (run,), (status,) = world.state.runs, world.state.statuses
    assert (run.conclusion, status.state) == (conclusion, state)
    if phase in ("failed", "stuck"):
        assert told(phase, audience).cause.text in run.output["summary"]  # type: ignore[union-attr]
        assert told(phase, audience).cause.text[:60] in status.description  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("before", "after"), [("running", "success"), ("failed", "failure"), ("starting", "cancelled")]
)
def test_the_end_of_a_preview_changes_no_verdict(world: PullAnnouncing, before: Any, after: str) -> None:
    for kind in (GitHubChecks, GitHubStatuses):
        worker = world.worker(kind)
        world.tell(told(before), by=worker)
        world.later(minutes=3)
        world.tell(told("removed"), by=worker)
    assert [one.conclusion for one in world.state.runs] == [after]
    assert world.state.statuses[-1].state == (after if after != "cancelled" else "error")
    world.later(minutes=3)
    revived = world.worker(GitHubChecks)
    world.tell(told("running"), by=revived)
    world.later(minutes=3)
    world.tell(told("running"), by=revived)
    assert [one.conclusion for one in world.state.runs] == ["success"]


def test_what_nobody_looked_at_has_no_verdict(world: PullAnnouncing) -> None:
    assert world.tell(told("unseen"), by=world.worker(GitHubChecks)) == Counter()
    assert world.tell(told("unseen"), by=world.worker(GitHubDeployments)) == Counter(posted=1)
    assert states(world) == [["in_progress"]]


@EACH
def test_a_cluster_that_cannot_be_read_changes_nothing_there(world: PullAnnouncing, kind: Kind) -> None:
    worker = world.worker(kind)
    world.tell(told("running"), by=worker)
    writes = [one for one in world.site.calls if not one.startswith("GET ")]
    for _ in range(4):
        world.later(minutes=3)
        world.tell(replace(told("unknown"), last=None), by=worker)
    after = [one for one in world.site.calls if not one.startswith("GET ")]
    assert len(after) - len(writes) == (1 if kind is GitHubComments else 0), "a comment has a word for it"


def test_a_comment_that_somebody_deleted_is_not_made_again_in_that_phase(world: PullAnnouncing) -> None:
    worker = world.worker()
    world.tell(told(), by=worker)
    world.pull_comments().clear()
    changed = replace(told(), url="https://another.example.com/")
    for _ in range(6):
        world.later(minutes=5)
        world.tell(changed, by=worker)
        assert world.pull_comments() == []
    world.later(minutes=2)
    assert world.tell(told("failed"), by=worker) == Counter(posted=1)
    assert len(world.pull_comments()) == 1


def test_a_comment_of_somebody_else_is_never_taken_for_the_hubs(world: PullAnnouncing) -> None:
    world.tell(told())
    (ours,) = world.pull_comments()
    forged = Comment(1, world.state.accounts["alice"], ours.body, ours.at)
    world.pull_comments().insert(0, forged)
    world.lose_the_database()
    world.later(minutes=5)
    world.tell(told("failed"))
    assert [one.id for one in world.pull_comments()] == [1, ours.id]
    assert ("**failed**" in ours.body, "**failed**" in forged.body) == (True, False)


@pytest.mark.parametrize("mark", ["{}", "{" * 9000, '{"repository":5}', '{"digest":"\\ud800"}'])
def test_what_is_no_mark_of_ours_keeps_no_message_from_being_found(world: PullAnnouncing, mark: str) -> None:
    world.tell(told())
    (ours,) = world.pull_comments()
    world.pull_comments().insert(0, Comment(1, ours.user, f"<!-- rtb-hub:{mark} -->\nx", ours.at))
    world.lose_the_database()
    assert world.tell(told()) == Counter(found=1)


def test_each_environment_hub_and_issue_has_its_own(world: PullAnnouncing) -> None:
    world.tell(told())
    world.tell(replace(told(), environment="stg"))
    another = world.worker()
    object.__setattr__(another.desk, "repository", "ba9876543210")
    world.lose_the_database()
    world.tell(told(), by=another)
    assert len(world.pull_comments()) == 3


@EACH
def test_several_repositories_of_an_issue_have_one_each(tmp_path: Path, kind: Kind) -> None:
    with PullAnnouncing(tmp_path, repositories=("web", "api")) as world:
        several = replace(told(), code=("acme/api", "acme/docs", "acme/web"))
        worker = world.worker(kind)
        assert world.tell(several, by=worker) == Counter(posted=2)
        (failure,) = worker.failures
        assert "acme/docs" in str(failure), "one that is gone keeps no other from being told"
        calls = len(world.site.calls)
        world.tell(several, by=worker)
        assert len(world.site.calls) == calls, "what was refused is left alone for a while, what was read is known"
        world.later(minutes=2)
        world.site.servers.pop("api").__exit__()
        assert world.tell(replace(several, phase="failed"), by=worker)["edited"] == 1


@pytest.mark.parametrize("kind", [GitHubComments, GitHubDeployments, GitHubChecks])
def test_one_that_went_while_the_database_was_lost_is_told_its_last_word(world: PullAnnouncing, kind: Kind) -> None:
    if kind is not GitHubDeployments:  # by which the others are found again
        world.tell(told(), by=world.worker(GitHubDeployments))
    world.tell(told(), by=world.worker(kind))
    world.state.pulls[1].state = "closed"
    world.lose_the_database()
    world.later(minutes=5)
    gone = replace(told("removed"), build="")
    world.tell(gone, replace(gone, issue="RTB-9"), by=world.worker(kind))
    (row,) = world.rows(kind) - {"int/RTB-9"}
    assert row.startswith("int/RTB-123 acme/web#1")
    if kind is GitHubComments:
        assert "is removed" in world.body()
    if kind is GitHubDeployments:
        assert [one.state for one in world.state.deployments.values()] == ["inactive"]
    calls = len(world.site.calls)
    assert world.tell(gone, replace(gone, issue="RTB-9"), by=world.worker(kind)) == Counter()
    assert len(world.site.calls) == calls, "once it is told, nobody is asked for it"


def test_deployments_that_cannot_be_read_are_not_taken_for_none(world: PullAnnouncing) -> None:
    world.tell(told(), by=world.worker(GitHubDeployments))
    world.tell(told())
    world.lose_the_database()
    world.later(minutes=5)
    gone, worker = replace(told("removed"), build=""), world.worker()
    world.faults = [Fault("503-before")]
    assert world.tell(gone, by=worker) == Counter()
    assert worker.failures
    assert world.rows(GitHubComments) == set()
    assert world.tell(gone, by=worker) == Counter(edited=1)
    assert "is removed" in world.body()


def test_in_a_repository_that_is_gone_nothing_is_left_to_be_told(world: PullAnnouncing) -> None:
    world.tell(told())
    world.lose_the_database()
    world.site.servers.pop("web").__exit__()
    world.tell(replace(told("removed"), code=("acme/web", "acme/docs")))
    assert world.rows(GitHubComments) == {"int/RTB-123"}


@EACH
def test_it_is_told_to_the_end_in_a_request_that_was_closed_and_in_a_newer_one_too(
    world: PullAnnouncing, kind: Kind
) -> None:
    worker = world.worker(kind)
    world.tell(told("starting"), by=worker)
    world.state.pulls[1].state = "closed"
    world.web.push("3", "feature/RTB-123-again")
    world.pull(world.web, 2, "feature/RTB-123-again")
    world.later(seconds=FRESH.total_seconds())
    assert world.tell(told("starting"), by=worker) == Counter(posted=1)
    assert len(world.made(kind)) == (1 if kind is GitHubComments else 2)
    world.later(minutes=3)
    assert world.tell(told("removed"), by=worker)["edited"] == 2
    if kind is GitHubComments:
        assert ["**removed**" in world.pull_comments(number)[0].body for number in (1, 2)] == [True, True]


@EACH
def test_a_repository_that_is_gone_or_without_the_app_is_let_go_of_with_the_preview(
    world: PullAnnouncing, kind: Kind
) -> None:
    world.tell(told(), by=world.worker(kind))
    world.web.gone, worker = True, world.worker(kind)
    world.later(minutes=20)
    world.tell(told("failed"), by=worker)
    assert "not installed" in str(worker.failures[0])
    assert len(worker.open_keys()) == 1
    for _ in range(2):
        world.later(days=1)
        world.tell(told("removed"), by=worker)
    assert worker.open_keys() == frozenset()
    assert worker.failures == []


@EACH
def test_what_github_tells_as_a_text_is_found_too(world: PullAnnouncing, kind: Kind) -> None:
    world.tell(told(), by=world.worker(kind))
    for one in world.state.deployments.values():
        one.asked["payload"] = json.dumps(one.asked["payload"])
    world.lose_the_database()
    world.later(minutes=5)
    world.tell(told("failed"), by=world.worker(kind))
    assert len(world.made(kind)) == 1


@EACH
def test_a_repository_that_is_renamed_meanwhile_keeps_its_message(world: PullAnnouncing, kind: Kind) -> None:
    worker = world.worker(kind)
    world.tell(told("starting"), by=worker)
    world.state.old_name, world.state.repo = "acme/web", "shop"
    world.site.servers["shop"] = world.web
    world.later(minutes=2)
    world.tell(told("running"), by=worker)
    world.later(minutes=20)
    world.tell(told("running"), by=worker)
    assert len(world.made(kind)) == 1
    world.later(minutes=2)
    assert world.tell(told("removed"), by=worker)["edited"] == 1
    assert worker.open_keys() == frozenset()


def test_a_preview_whose_issue_has_no_request_is_told_of_nowhere(world: PullAnnouncing) -> None:
    assert world.tell(replace(told(), issue="RTB-9")) == Counter()
    world.state.pulls[1].head_repo = "mallory/web"
    world.later(minutes=1)
    assert world.tell(told()) == Counter(), "forks' requests never count"


@EACH
@pytest.mark.parametrize("how", ["drop-after", "503-after", "kill-after", "drop-before", "kill-before"])
def test_a_post_whose_end_is_not_known_is_looked_for(world: PullAnnouncing, kind: Kind, how: How) -> None:
    reads = 3 if kind is GitHubChecks or kind is GitHubStatuses else 2
    again = 2 if kind is GitHubChecks or kind is GitHubStatuses else 1 if kind is GitHubDeployments else 0
    world.faults = [*[None] * (1 + reads + again), Fault(how)]
    try:
        assert world.tell(told(), by=world.worker(kind)) == Counter()
    except Killed:
        world.later(seconds=LEASE.total_seconds())
    assert world.faults == [], "it was the post that went wrong"
    assert len(world.made(kind)) == (1 if "after" in how else 0)
    for _ in range(3):
        world.later(minutes=2)
        world.tell(told(), by=world.worker(kind))
    assert len(world.made(kind)) == 1


def test_an_edit_that_was_lost_is_made_again_though_what_it_told_came_back(world: PullAnnouncing) -> None:
    worker = world.worker(GitHubDeployments)
    world.tell(told("running"), by=worker)
    world.later(minutes=3)
    world.faults = [Fault("drop-after")]
    world.tell(told("failed"), by=worker)
    world.later(minutes=3)
    world.tell(told("running"), by=worker)
    assert states(world) == [["success", "failure", "success"]]


def test_what_is_refused_is_left_alone_for_a_while(world: PullAnnouncing) -> None:
    app = next(iter(world.state.apps.values()))
    app.permissions["deployments"] = "read"
    worker = world.worker(GitHubDeployments)
    world.tell(told(), by=worker)
    (failure,) = worker.failures
    assert "does not allow" in str(failure)
    writes = len(world.site.calls)
    world.later(seconds=REFUSED.total_seconds() - 1)
    world.tell(told(), by=worker)
    assert [one for one in world.site.calls[writes:] if "deployments" in one] == []
    app.permissions["deployments"] = "write"
    world.later(seconds=1)
    assert world.tell(told(), by=worker) == Counter(posted=1)


def test_a_branch_that_is_gone_by_then_is_refused_and_no_other_waits(world: PullAnnouncing) -> None:
    world.web.git.branches.pop("feature/RTB-123-login")  # type: ignore[attr-defined]
    world.web.handlers.looked_at = world.web.git.heads()  # as if GitHub had not seen it yet
    worker = world.worker(GitHubDeployments)
    world.tell(told(), by=worker)
    assert "No ref found" in str(worker.failures[0])
    assert world.tell(told(), by=world.worker(GitHubComments)) == Counter(posted=1)


def test_limits_of_github_are_kept_by_all_of_a_repository(world: PullAnnouncing) -> None:
    worker = world.worker()
    world.web.limited = [{"Retry-After": "120"}] * 9
    world.tell(told(), by=worker)
    (failure,) = worker.failures
    assert isinstance(failure, Waiting)
    calls = len(world.site.calls)
    world.later(seconds=119)
    world.tell(told(), by=worker)
    assert len(world.site.calls) == calls
    world.web.limited = []
    world.later(seconds=2)
    assert world.tell(told(), by=worker) == Counter(posted=1)


def test_a_limit_that_one_channel_met_keeps_the_others_of_its_process_from_asking(world: PullAnnouncing) -> None:
    comments, deployments = world.worker(GitHubComments), world.worker(GitHubDeployments)
    object.__setattr__(deployments.channel, "code", comments.channel.requests)  # type: ignore[attr-defined]
    for worker in (comments, deployments):
        world.tell(told(), by=worker)
    world.web.limited = [{"Retry-After": "120"}] * 9
    world.later(minutes=2)
    world.tell(told("failed"), by=comments)
    calls = len(world.site.calls)
    world.tell(replace(told("failed"), code=()), by=deployments)
    assert len(world.site.calls) == calls
    world.web.limited = []
    world.later(minutes=2)
    assert world.tell(replace(told("failed"), code=()), by=deployments) == Counter(edited=1)


def test_what_keeps_places_from_being_known_is_told_when_it_begins(world: PullAnnouncing) -> None:
    seen, worker = Told(), world.worker()
    worker.telemetry = seen.telemetry
    gone = replace(told(), code=("acme/docs",))
    for _ in range(3):
        world.tell(gone, by=worker)
    assert len(seen.of(events.REFUSED)) == 1
    assert len(worker.failures) == 1


def test_500_at_once_keep_a_second_apart_and_an_hours_comments(world: PullAnnouncing) -> None:
    for number in range(1, 501):
        branch = f"feature/RTB-{number}-x"
        world.web.push("1", branch)
        world.pull(world.web, number, branch)
    several = [replace(told(), issue=f"RTB-{number}") for number in range(1, 501)]
    worker, begun, world.web.remaining = world.worker(), world.now, 10**6
    assert world.tell(*several, by=worker) == Counter(posted=CONTENT_AN_HOUR)
    assert world.now - begun == timedelta(seconds=CONTENT_AN_HOUR - 1), "no two writes within a second"
    assert {one.reason for one in worker.failures} == {Reason.FORGE_LIMITED}  # type: ignore[attr-defined]
    world.later(hours=1)
    assert world.tell(*several, by=worker)["posted"] == 500 - CONTENT_AN_HOUR
    assert all(len(one.comments) == 1 for one in world.state.pulls.values())


@EACH
@pytest.mark.parametrize("seed", range(6))
def test_whatever_goes_wrong_there_is_exactly_one_and_it_is_right(tmp_path: Path, seed: int, kind: Kind) -> None:
    with PullAnnouncing(tmp_path) as world:
        calm = gone_through(world, kind, seed, told)
        made = [one for one in world.made(kind) if not (kind is GitHubChecks and not one.external_id)]
        assert len(made) == 1
        if kind is GitHubComments:
            assert "**failed**" in world.body()
        elif kind is GitHubDeployments:
            assert made[0].state == "failure"
        elif kind is GitHubChecks:
            assert made[0].conclusion == "failure"
        else:
            assert world.state.statuses[-1].state == "failure"
        world.later(minutes=6)
        assert world.tell(told("failed"), by=calm) == Counter()
        assert world.violations() == []
