"""Pull requests on a Gitea: one message for a preview and channel, whatever is killed, lost or refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from hub.adapters.pull_requests.comments import PullComments
from hub.adapters.pull_requests.statuses import PullStatuses
from reconcilers.causes.model import Audience
from reconcilers.messages.model import Message, MessagePhase
from worlds.announcing_gitea import GiteaAnnouncing, Kind
from worlds.messages import message
from worlds.ordeal import gone_through


def told(phase: MessagePhase) -> Message:
    return replace(message(phase, Audience.DEVELOPER), code=("acme/web",), build="aa1")


@pytest.mark.parametrize("kind", [PullComments, PullStatuses])
@pytest.mark.parametrize("seed", range(6))
def test_whatever_goes_wrong_it_is_told_once_and_right(tmp_path: Path, seed: int, kind: Kind) -> None:
    world = GiteaAnnouncing(tmp_path)
    calm = gone_through(world, kind, seed, told)
    if kind is PullComments:
        (made,) = world.site.comments
        assert "**failed**" in made["body"]
    else:
        assert {one["context"] for one in world.site.statuses} == {"preview/int"}
        assert world.site.statuses[-1]["state"] == "failure"
    world.later(minutes=6)
    assert world.tell(told("failed"), by=calm) == Counter()
