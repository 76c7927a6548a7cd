"""How the listener learns of pushes to ECR: a rule of EventBridge, the queue `hub.ecrQueue`, and one for what fails.

A push is told of so that who waits for an image looks at once; it looks now and then anyway, and gives up after an
hour. So nothing is tried for longer than that, and a message that nobody could keep is kept where an alarm sees it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from generator.bootstrap.account.objects import Alarm, EventRule, Made, Object, Queue, QueuePolicy
from generator.bootstrap.account.place import Place, aws_of
from generator.bootstrap.account.policy import Document, Statement, document
from generator.model.environment import Environment

RULE = "rtb-hub-pushes"
DEAD = "-dead"
#: The longest name of a queue (SQS, "Quotas"), which the one for what fails has to fit into.
QUEUE_NAME_MOST = 80
#: The longest pattern of a rule (EventBridge, "Quotas").
_PATTERN_MOST = 2048
_HOUR, _DAY = 3600, 86_400
#: How often the listener may take a message and fail: it waits for a minute between, so for more than an hour.
_RECEIVES = 100


def queue_name(url: str) -> str:
    """The name of a queue, by its address."""
    return url.rsplit("/", 1)[1]


def push_objects(home: Environment, queue: str, repositories: tuple[str, ...]) -> Iterator[Object]:
    """For the queue whose address `queue` is; `repositories`: whose pushes may be waited for."""
    here, name = Place.of(home), queue_name(queue)
    own, dead = here.arn("sqs", name), here.arn("sqs", name + DEAD)
    yield Queue("DeadPushes", name + DEAD, 14 * _DAY, 30, source=own)
    yield Queue("Pushes", name, _DAY, 60, Made("DeadPushes", "arn"), _RECEIVES)
    rule = here.arn("events", f"rule/{RULE}")
    for object_name, target, arn in (("Pushes", name, own), ("DeadPushes", name + DEAD, dead)):
        yield QueuePolicy(f"{object_name}Policy", Made(object_name, "id"), target, _from_rule(rule, arn))
    yield EventRule(
        "PushRule",
        RULE,
        "Pushes to repositories whose images run as previews",
        _pattern(repositories),
        Made("Pushes", "arn"),
        Made("DeadPushes", "arn"),
        _HOUR,
    )
    if aws_of(home).notify:
        yield from _alarms(name)


def _from_rule(rule: str, queue: str) -> Document:
    """EventBridge puts messages in, for this rule and no other, of whatever account."""
    return document(
        Statement(
            "Rule",
            ("sqs:SendMessage",),
            (queue,),
            principal={"Service": "events.amazonaws.com"},
            conditions={"ArnEquals": {"aws:SourceArn": rule}},
        )
    )


def _pattern(repositories: tuple[str, ...]) -> dict[str, object]:
    """Where the names are too many for a pattern, pushes to any repository: the listener sorts out the rest."""
    detail: dict[str, object] = {"action-type": ["PUSH"], "result": ["SUCCESS"]}
    pattern: dict[str, object] = {"source": ["aws.ecr"], "detail-type": ["ECR Image Action"], "detail": detail}
    named = {**pattern, "detail": {**detail, "repository-name": sorted(repositories)}}
    return named if len(json.dumps(named)) <= _PATTERN_MOST else pattern


def _alarms(name: str) -> Iterator[Alarm]:
    topic = Made("Alarms", "arn")
    yield Alarm(
        "PushesOld",
        f"{RULE}-old",
        "Pushes to ECR wait for a quarter of an hour: the hub's listener does not take them",
        "AWS/SQS",
        "ApproximateAgeOfOldestMessage",
        {"QueueName": name},
        below=False,
        threshold=900,
        minutes=5,
        topic=topic,
        missing="notBreaching",
    )
    yield Alarm(
        "PushesDead",
        f"{RULE}-dead",
        "Pushes to ECR were given up: EventBridge may not put them into the queue, or the listener cannot keep them",
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        {"QueueName": name + DEAD},
        below=False,
        threshold=0,
        minutes=5,
        topic=topic,
        missing="notBreaching",
    )
