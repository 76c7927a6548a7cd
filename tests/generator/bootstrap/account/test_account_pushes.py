"""The rule that tells of pushes: whose, and where their names are too many for it."""

from __future__ import annotations

import json

import pytest

from generator.bootstrap.account import objects as o
from worlds.accounts import HUB, QUEUE, environments, stacks
from worlds.builders import environment

#: HUB has a role that requests are counted as.
SLEEP = {"afterIdle": "2h"}


def rule(repositories: list[str]) -> o.EventRule:
    aws = {**environment("int").as_tree()["spec"]["aws"], "repositories": repositories}
    (stack, _) = stacks("int", [environment("int", hub=HUB, sleep=SLEEP, aws=aws), *environments()[1:]])
    (found,) = [one for one in stack.objects if isinstance(one, o.EventRule)]
    return found


def test_pushes_of_every_environments_repositories_are_told() -> None:
    others = {name for one in environments() if one.spec.aws is not None for name in one.spec.aws.repositories}
    assert set(rule(["team/extra"]).pattern["detail"]["repository-name"]) == others | {"team/extra"}


@pytest.mark.parametrize(("many", "is_named"), [(5, True), (200, False)])
def test_a_pattern_fits_into_a_rule(many: int, is_named: bool) -> None:
    pattern = rule([f"team/repository-{number:04}" for number in range(many)]).pattern
    assert len(json.dumps(pattern)) <= 2048
    assert ("repository-name" in pattern["detail"]) is is_named
    assert pattern["detail"]["action-type"] == ["PUSH"]


def test_a_queue_gives_up_or_takes_in() -> None:
    dead = o.Made("Dead", "arn")
    for given in ({}, {"dead": dead}, {"receives": 3}, {"dead": dead, "receives": 3, "source": QUEUE}):
        with pytest.raises(ValueError, match="either gives up"):
            o.Queue("Queue", "queue", 60, 30, **given)  # type: ignore[arg-type]


def test_without_addresses_nobody_is_told_and_without_a_queue_there_is_none() -> None:
    aws = {**environment("int").as_tree()["spec"]["aws"], "notify": []}
    aws.pop("budget", None)
    others = [environment(one.name, aws={**one.as_tree()["spec"]["aws"], "budget": None}) for one in environments()[1:]]
    (quiet, _) = stacks("int", [environment("int", hub=HUB, sleep=SLEEP, aws=aws), *others])
    assert not [one for one in quiet.objects if isinstance(one, o.Alarm | o.Topic)]
    assert [one for one in quiet.objects if isinstance(one, o.Queue)]
    hub = {key: value for key, value in HUB.items() if key not in ("ecrQueue", "listenerRole")}
    (none, _) = stacks("int", [environment("int", hub=hub, sleep=SLEEP), *environments()[1:]])
    assert not [one for one in none.objects if isinstance(one, o.Queue | o.QueuePolicy | o.EventRule)]
