"""Commands that repair what tells of events in an account; see `hub.actions.account_repairs`."""

from __future__ import annotations

from typing import Any

from generator.bootstrap.account import objects as o
from generator.bootstrap.account.cloudformation_events import Told, event_properties
from generator.bootstrap.account.place import Place
from hub.actions.account_commands import as_json, command


def telling(stack: o.Stack, one: Told, fact: str, found: Any) -> tuple[str, ...]:
    """What makes an object what it should be, whichever fact of it differs; `found`: what was there."""
    place = Place(stack.account, stack.region)
    match one:
        case o.Topic():
            lacking = sorted(set(one.emails).difference(found or ()))
            arn = place.arn("sns", one.topic_name)
            asked = ("--topic-arn", arn, "--protocol", "email", "--notification-endpoint")
            first = "confirm by the link in the mail that AWS sent to each address; this sends it anew:"
            return (first, *(command("sns", "subscribe", *asked, email) for email in lacking)) if lacking else ()
        case o.Alarm():
            return (_alarm(stack, one, place),)
        case o.Queue():
            attributes = _properties(stack, one, place)
            del attributes["QueueName"]
            managed = _attributes(place, one.queue_name, attributes)
            if fact == "encrypted" and isinstance(found, str):  # SQS has one way to encrypt a queue at a time
                return (_attributes(place, one.queue_name, {"KmsMasterKeyId": ""}), managed)
            return (managed,)
        case o.QueuePolicy():
            return (_attributes(place, one.queue_name, {"Policy": one.policy}),)
        case o.EventRule():
            properties = _properties(stack, one, place)
            rule = ("--name", one.rule_name, "--description", one.description, "--state", "ENABLED")
            targets = ("--rule", one.rule_name, "--targets", as_json(properties["Targets"]))
            others = sorted(set(found or ()) - {o.TARGET}) if fact == "targets" else []
            return (
                command("events", "put-rule", *rule, "--event-pattern", as_json(properties["EventPattern"])),
                command("events", "put-targets", *targets),
                *([command("events", "remove-targets", "--rule", one.rule_name, "--ids", *others)] if others else []),
            )


def _properties(stack: o.Stack, one: Told, place: Place) -> dict[str, Any]:
    """As the template has them, with ARNs in the place of references."""

    def arn(value: o.Value) -> str:
        if isinstance(value, str):
            return value
        of = next(other for other in stack.objects if other.name == value.of)
        if isinstance(of, o.Queue):
            return place.arn("sqs", of.queue_name)
        if isinstance(of, o.Topic):
            return place.arn("sns", of.topic_name)
        raise TypeError(f"{value.of} has no ARN that is known")

    return event_properties(one, arn)


def _alarm(stack: o.Stack, one: o.Alarm, place: Place) -> str:
    words: list[str] = []
    options = {
        "AlarmName": "alarm-name", "AlarmDescription": "alarm-description", "Namespace": "namespace",
        "MetricName": "metric-name", "Dimensions": "dimensions", "Statistic": "statistic", "Period": "period",
        "EvaluationPeriods": "evaluation-periods", "Threshold": "threshold",
        "ComparisonOperator": "comparison-operator", "TreatMissingData": "treat-missing-data",
        "AlarmActions": "alarm-actions", "OKActions": "ok-actions",
    }  # fmt: skip
    for name, value in _properties(stack, one, place).items():
        words += [f"--{options[name]}", as_json(value) if isinstance(value, list) else str(value)]
    return command("cloudwatch", "put-metric-alarm", *words, "--actions-enabled")


def _attributes(place: Place, name: str, attributes: dict[str, Any]) -> str:
    """SQS takes every attribute as a text."""
    texts = {
        key: str(value).lower() if isinstance(value, int) else value if isinstance(value, str) else as_json(value)
        for key, value in attributes.items()
    }
    url = f"https://sqs.{place.region}.{place.suffix}/{place.account}/{name}"
    return command("sqs", "set-queue-attributes", "--queue-url", url, "--attributes", as_json(texts))
