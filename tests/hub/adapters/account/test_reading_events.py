"""What AWS says of queues, rules and alarms, as facts: also what moto keeps nothing of."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from generator.bootstrap.account import objects as o
from generator.bootstrap.account.facts import same, wanted
from hub.adapters.account.access import Access
from hub.adapters.account.reading import read
from worlds.accounts import INT, REGION, stacks

NOW = datetime(2026, 11, 1, tzinfo=UTC)
OBJECTS = {one.name: one for one in stacks("int")[0].objects}
NAMED = {"Pushes": "rtb-hub-pushes", "DeadPushes": "rtb-hub-pushes-dead", "Alarms": "rtb-hub-alarms"}
QUEUE = f"arn:aws:sqs:{REGION}:{INT}:rtb-hub-pushes"


class Told(Access):
    """An account that answers each call with what it is given."""

    def __init__(self, **answers: Any) -> None:
        super().__init__(REGION)
        self.answers = answers

    def ask(self, service: str, operation: str, **_arguments: Any) -> Any:
        return self.answers.get(operation)

    def all(self, service: str, operation: str, key: str, **_arguments: Any) -> list[Any]:
        return list(self.answers.get(operation, []))


def attributes(**more: str) -> Told:
    plain = {"MessageRetentionPeriod": "1209600", "VisibilityTimeout": "30", "SqsManagedSseEnabled": "true"}
    return Told(get_caller_identity={"Account": INT}, get_queue_attributes={"Attributes": {**plain, **more}})


def facts(name: str, told: Told) -> dict[str, Any]:
    found = read(told, OBJECTS[name], NOW)
    assert found is not None
    return dict(found)


def test_a_queue_says_whose_messages_it_takes_in() -> None:
    allowed = {"redrivePermission": "byQueue", "sourceQueueArns": [QUEUE]}
    found = facts("DeadPushes", attributes(RedriveAllowPolicy=json.dumps(allowed)))
    assert found == wanted(OBJECTS["DeadPushes"], NAMED)
    for told in (attributes(), attributes(RedriveAllowPolicy=json.dumps({"redrivePermission": "allowAll"}))):
        assert not same(facts("DeadPushes", told)["takes in from"], [QUEUE])


def test_a_queue_says_what_it_gives_up() -> None:
    redrive = {"deadLetterTargetArn": f"{QUEUE}-dead", "maxReceiveCount": "100"}
    told = attributes(MessageRetentionPeriod="86400", VisibilityTimeout="60", RedrivePolicy=json.dumps(redrive))
    assert facts("Pushes", told) == wanted(OBJECTS["Pushes"], NAMED)


def test_a_queue_is_encrypted_by_a_key_that_pushes_get_past() -> None:
    assert facts("Pushes", attributes())["encrypted"] is True
    assert facts("Pushes", attributes(SqsManagedSseEnabled="false"))["encrypted"] is False
    by_kms = attributes(SqsManagedSseEnabled="false", KmsMasterKeyId="alias/aws/sqs")
    assert facts("Pushes", by_kms)["encrypted"] == "alias/aws/sqs"


@pytest.mark.parametrize("place", [f"{REGION}:999999999999", f"us-east-1:{INT}"])
def test_what_has_the_name_in_another_account_or_region_is_another(place: str) -> None:
    asked = {"get_caller_identity": {"Account": INT}}
    here, there = f"arn:aws:sqs:{REGION}:{INT}", f"arn:aws:sqs:{place}"
    for queue, dead in ((here, here), (there, here), (here, there)):
        to = {
            "Id": "queue",
            "Arn": f"{queue}:rtb-hub-pushes",
            "DeadLetterConfig": {"Arn": f"{dead}:rtb-hub-pushes-dead"},
        }
        target = {**to, "RetryPolicy": {"MaximumEventAgeInSeconds": 3600}}
        told = Told(**asked, describe_rule={"State": "ENABLED"}, list_targets_by_rule={"Targets": [target]})
        is_ours = (queue, dead) == (here, here)
        assert same(facts("PushRule", told)["targets"], wanted(OBJECTS["PushRule"], NAMED)["targets"]) is is_ours
    redrive = {"deadLetterTargetArn": f"{there}:rtb-hub-pushes-dead", "maxReceiveCount": "100"}
    assert facts("Pushes", attributes(RedrivePolicy=json.dumps(redrive)))["gives up to"] == (
        f"{there}:rtb-hub-pushes-dead after 100"
    )
    alarm = {"ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "ActionsEnabled": True}
    topic = f"arn:aws:sns:{place}:rtb-hub-alarms"
    told = Told(**asked, describe_alarms=[{**alarm, "AlarmActions": [topic]}])
    assert facts("PushesOld", told)["tells"] == [topic]


@pytest.mark.parametrize("policy", ["", "no JSON"])
def test_a_policy_that_is_none_is_another(policy: str) -> None:
    found = read(attributes(Policy=policy), OBJECTS["PushesPolicy"], NOW)
    assert found is None or not same(found["policy"], wanted(OBJECTS["PushesPolicy"], NAMED)["policy"])


@pytest.mark.parametrize("name", ["Pushes", "PushesPolicy", "PushRule", "PushesOld", "Alarms"])
def test_what_is_not_there_has_no_facts(name: str) -> None:
    assert read(Told(), OBJECTS[name], NOW) is None


def test_whoever_did_not_confirm_is_told_nothing() -> None:
    topic = f"arn:aws:sns:{REGION}:{INT}:rtb-hub-alarms"
    mail = {"Protocol": "email", "Endpoint": "platform@example.com"}
    for arn, confirmed in (("PendingConfirmation", []), (f"{topic}:1", ["platform@example.com"])):
        told = Told(
            list_topics=[{"TopicArn": topic + "-2"}, {"TopicArn": topic}],
            list_subscriptions_by_topic=[{**mail, "SubscriptionArn": arn}],
        )
        assert facts("Alarms", told) == {"confirmed": confirmed}


def test_every_rendered_kind_is_read_or_said_not_to_be() -> None:
    kinds = {type(one).__name__ for one in OBJECTS.values()}
    told = {"Subnets", "Parameters", "CacheUser", "CacheUsers"}  # docs/MULTI_ACCOUNT_AWS.md, "Compare"
    unread = {type(one).__name__ for one in OBJECTS.values() if not _is_read(one)}
    assert unread == told & kinds | {"SecurityGroup"}  # groups are compared by their rules


def _is_read(one: o.Object) -> bool:
    try:
        wanted(one, {**NAMED, **{other.name: other.name for other in OBJECTS.values()}})
    except TypeError:
        return False
    return True
