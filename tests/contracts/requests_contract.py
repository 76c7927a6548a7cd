"""What every forge must do for messages in pull requests (`hub.adapters.pull_requests.places.Requests`).

`RequestsContract` is inherited by a test class whose module gives a `world` fixture: a repository with one pull request.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from hub.adapters.pull_requests.comments import PullComments
from hub.adapters.pull_requests.places import At, Requests
from hub.adapters.pull_requests.statuses import PullStatuses
from hub.views.messages.words import ENGLISH
from reconcilers.causes.model import Audience
from reconcilers.messages.channels import Place
from reconcilers.messages.quiet import Before
from reconcilers.ports.sources import OpenWorks
from worlds.messages import NOW, message

BEFORE = Before("0" * 32, "running", NOW)


class RequestsWorld(Protocol):
    """`place` is of the pull request; `repository` is its name, `head` the newest commit of its branch."""

    requests: Requests
    works: OpenWorks
    place: Place
    repository: str
    head: str

    def comment_by_another(self, body: str) -> None: ...

    def status_by_another(self, commit: str, context: str, state: str) -> None: ...

    def close(self) -> None: ...


class RequestsContract:
    def test_a_comment_is_made_found_edited_and_removed(self, world: RequestsWorld) -> None:
        channel = PullComments(world.requests, ENGLISH, "gitea-comment")
        found = channel.find(world.place)
        assert found is not None
        assert found.posted == ()
        made = channel.post(world.place, channel.drawn(message("starting")), replace(BEFORE, phase="starting"))
        assert made is not None
        assert channel.edit(world.place, made, channel.drawn(message("running")), BEFORE, alerts=True)
        found = channel.find(world.place)
        assert found is not None
        assert [(one.id, one.before) for one in found.posted] == [(made, BEFORE)]
        ((_, body),) = world.requests.comments(world.place) or ()
        assert "Preview in int" in body
        channel.remove(world.place, made)
        channel.remove(world.place, made)
        assert world.requests.comments(world.place) == []
        assert not channel.edit(world.place, made, channel.drawn(message("failed")), BEFORE, alerts=False)

    def test_what_another_wrote_is_never_taken_for_the_hubs(self, world: RequestsWorld) -> None:
        channel = PullComments(world.requests, ENGLISH, "gitea-comment")
        made = channel.post(world.place, channel.drawn(message("running")), BEFORE)
        ((_, body),) = world.requests.comments(world.place) or ()
        world.comment_by_another(body)
        found = channel.find(world.place)
        assert found is not None
        assert [one.id for one in found.posted] == [made]
        world.status_by_another(world.head, "preview/int", "success")
        assert world.requests.newest_status(world.place, world.head) is None

    def test_statuses_tell_how_it_came_up_and_its_end_changes_nothing(self, world: RequestsWorld) -> None:
        channel = PullStatuses(world.requests, ENGLISH, "gitea-status")
        at = channel.post(world.place, channel.drawn(message("starting")), BEFORE)
        assert at == world.head
        assert world.requests.newest_status(world.place, world.head) == "pending"
        found = channel.find(world.place)
        assert found is not None
        assert [one.id for one in found.posted] == [world.head]
        told = [
            (message("running"), "success"),
            (message("failed", Audience.DEVELOPER), "failure"),
            (message("failed", Audience.PLATFORM), "error"),
            (message("running"), "success"),
            (message("removed"), "success"),
        ]
        for one, state in told:
            assert channel.edit(world.place, at, channel.drawn(one), BEFORE, alerts=False)
            assert world.requests.newest_status(world.place, world.head) == state
        assert channel.edit(world.place, at, channel.drawn(message("starting")), BEFORE, alerts=False)
        assert channel.edit(world.place, at, channel.drawn(message("removed")), BEFORE, alerts=False)
        assert world.requests.newest_status(world.place, world.head) == "error", (
            "what never came up stays pending nowhere"
        )

    def test_each_environment_has_a_status_of_its_own(self, world: RequestsWorld) -> None:
        channel, other = PullStatuses(world.requests, ENGLISH, "gitea-status"), replace(world.place, environment="stg")
        channel.post(world.place, channel.drawn(message("running")), BEFORE)
        channel.post(other, channel.drawn(message("failed")), BEFORE)
        states = [world.requests.newest_status(place, world.head) for place in (world.place, other)]
        assert states == ["success", "failure"]

    def test_a_request_or_a_repository_that_is_not_there_is_no_place(self, world: RequestsWorld) -> None:
        for at in (f"{world.repository}#999", "acme/nothing#1"):
            nowhere = replace(world.place, at=f"{at}/abc123")
            assert world.requests.comments(nowhere) is None
            assert world.requests.commit(nowhere) is None
            assert world.requests.comment(nowhere, "told") is None

    def test_a_request_that_was_closed_is_told_of_to_the_end(self, world: RequestsWorld) -> None:
        channel = PullComments(world.requests, ENGLISH, "gitea-comment")
        made = channel.post(world.place, channel.drawn(message("running")), BEFORE)
        assert made is not None
        assert [one.number for one in world.works.open_works(world.repository)] == [At.of(world.place).number]
        world.close()
        assert world.works.open_works(world.repository) == ()
        assert channel.edit(world.place, made, channel.drawn(message("removed")), BEFORE, alerts=True)
        assert world.requests.commit(world.place) == world.head
