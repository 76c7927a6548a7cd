"""What tells of events in an account, as facts; see `hub.adapters.account.reading`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from generator.bootstrap.account import objects as o
from generator.bootstrap.account.facts import Facts
from generator.bootstrap.account.place import Place
from hub.adapters.account.access import Access

_ABOVE, _BELOW = "GreaterThanThreshold", "LessThanThreshold"


def topic(access: Access, one: o.Topic, _now: datetime) -> Facts | None:
    """Who is told: an address that did not confirm is not."""
    topics = access.all("sns", "list_topics", "Topics")
    arn = next((str(found["TopicArn"]) for found in topics if _name(found["TopicArn"]) == one.topic_name), None)
    if arn is None:
        return None
    told = access.all("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=arn)
    mails = (found for found in told if found["Protocol"] == "email")
    return {"confirmed": sorted(str(m["Endpoint"]) for m in mails if str(m["SubscriptionArn"]).startswith("arn:"))}


def alarm(access: Access, one: o.Alarm, _now: datetime) -> Facts | None:
    """One whose actions are off tells nobody."""
    alarms = access.all("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNames=[one.alarm_name])
    if not alarms:
        return None
    (found,) = alarms
    way = {_ABOVE: "above", _BELOW: "below"}.get(found["ComparisonOperator"], found["ComparisonOperator"])
    return {
        "figure": f"{found.get('Namespace')} {found.get('MetricName')}",
        "dimensions": {part["Name"]: part["Value"] for part in found.get("Dimensions", [])},
        "threshold": f"{way} {_number(found.get('Threshold', 0))}",
        "minutes": found.get("Period", 0) * found["EvaluationPeriods"] / 60,
        "without figures": found.get("TreatMissingData", "missing"),
        "tells": [_own(access, arn) for arn in found.get("AlarmActions", [])] if found["ActionsEnabled"] else [],
    }


def queue(access: Access, one: o.Queue, _now: datetime) -> Facts | None:
    """Times in seconds. `encrypted` is the key of KMS, if any: neither EventBridge nor the listener may use it."""
    found = _attributes(access, one.queue_name)
    if found is None:
        return None
    dead, source = _tree(found.get("RedrivePolicy")), _tree(found.get("RedriveAllowPolicy"))
    by_queue = source.get("redrivePermission") == "byQueue"
    return {
        "encrypted": found.get("KmsMasterKeyId") or found.get("SqsManagedSseEnabled") == "true",
        "keeps": int(found["MessageRetentionPeriod"]),
        "hides": int(found["VisibilityTimeout"]),
        "gives up to": f"{_own(access, dead['deadLetterTargetArn'])} after {dead['maxReceiveCount']}" if dead else None,
        "takes in from": source.get("sourceQueueArns") if by_queue else source.get("redrivePermission"),
    }


def queue_policy(access: Access, one: o.QueuePolicy, _now: datetime) -> Facts | None:
    """None: the queue is not there, or has no policy."""
    found = _attributes(access, one.queue_name)
    return {"policy": _tree(found["Policy"])} if found and found.get("Policy") else None


def event_rule(access: Access, one: o.EventRule, _now: datetime) -> Facts | None:
    """With all of its targets by id: another one is told of events, too."""
    found = access.ask("events", "describe_rule", Name=one.rule_name)
    if found is None:
        return None
    targets = (access.ask("events", "list_targets_by_rule", Rule=one.rule_name) or {}).get("Targets", [])
    return {
        "state": found["State"],
        "pattern": _tree(found.get("EventPattern")),
        "targets": {str(target["Id"]): _target(access, target) for target in targets},
    }


def _target(access: Access, target: Mapping[str, Any]) -> str:
    dead = _own(access, target.get("DeadLetterConfig", {}).get("Arn", "nowhere"))
    seconds = target.get("RetryPolicy", {}).get("MaximumEventAgeInSeconds", 86_400)
    return f"{_own(access, target['Arn'])}, else {dead} after {seconds} s"


def _attributes(access: Access, name: str) -> Mapping[str, str] | None:
    """By the address that a queue has in its account: AWS's policy SecurityAudit may not ask for it."""
    place = Place(access.account(), access.region)
    url = f"https://sqs.{place.region}.{place.suffix}/{place.account}/{name}"
    told = access.ask("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["All"])
    return None if told is None else told.get("Attributes", {})


def _number(told: float) -> float:
    """AWS tells whole numbers as such with a point."""
    return int(told) if float(told).is_integer() else told


def _tree(told: str | None) -> Any:
    """A text of JSON; what is none is kept as it is, and is another than any that is rendered."""
    try:
        return json.loads(told) if told else {}
    except ValueError:
        return {"unreadable": told}


def _own(access: Access, arn: str) -> str:
    """The name of what is in this account and region; of anything else the whole, since others may have the name."""
    return _name(arn) if f":{access.region}:{access.account()}:" in arn else arn


def _name(arn: str) -> str:
    return str(arn).rsplit(":", 1)[-1]
