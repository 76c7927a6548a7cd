"""What tells of events, as Terraform has it; see `generator.bootstrap.account.terraform`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from generator.bootstrap.account import objects as o
from generator.bootstrap.account.terraform_expression import Expression, Resource

Tree = dict[str, Any]
Told = o.Topic | o.Alarm | o.Queue | o.QueuePolicy | o.EventRule


def event_arguments(one: Told, value: Callable[[o.Value], Any]) -> Tree:
    """Arguments of an object's own resource; `value` writes what another object gives."""
    match one:
        case o.Topic():
            return {"name": one.topic_name}
        case o.Alarm():
            return {
                "alarm_name": one.alarm_name,
                "alarm_description": one.description,
                "namespace": one.namespace,
                "metric_name": one.metric,
                "dimensions": dict(one.dimensions),
                "statistic": "Average",
                "period": 300,
                "evaluation_periods": one.minutes // 5,
                "threshold": one.threshold,
                "comparison_operator": "LessThanThreshold" if one.below else "GreaterThanThreshold",
                "treat_missing_data": one.missing,
                "alarm_actions": [value(one.topic)],
                "ok_actions": [value(one.topic)],
            }
        case o.Queue():
            return _queue(one, value)
        case o.QueuePolicy():
            return {"queue_url": value(one.queue), "policy": json.dumps(one.policy, sort_keys=True)}
        case o.EventRule():
            pattern = json.dumps(one.pattern, sort_keys=True)
            return {"name": one.rule_name, "description": one.description, "event_pattern": pattern, "state": "ENABLED"}


def beside(one: o.Topic | o.EventRule, name: str, value: Callable[[o.Value], Any]) -> Iterator[Resource]:
    """Resources of their own that CloudFormation has in one with the object; `name`: of its resource."""
    match one:
        case o.Topic():
            about = {"topic_arn": value(o.Made(one.name, "arn")), "protocol": "email"}
            for number, email in enumerate(one.emails):
                yield "aws_sns_topic_subscription", f"{name}_{number}", {**about, "endpoint": email}
        case o.EventRule():
            yield (
                "aws_cloudwatch_event_target",
                name,
                {
                    "rule": Expression(f"aws_cloudwatch_event_rule.{name}.name"),
                    "target_id": o.TARGET,
                    "arn": value(one.target),
                    "dead_letter_config": {"arn": value(one.dead)},
                    "retry_policy": {"maximum_event_age_in_seconds": one.seconds, "maximum_retry_attempts": 185},
                },
            )


def _queue(one: o.Queue, value: Callable[[o.Value], Any]) -> Tree:
    queue: Tree = {
        "name": one.queue_name,
        "message_retention_seconds": one.keep_seconds,
        "visibility_timeout_seconds": one.hidden_seconds,
        "sqs_managed_sse_enabled": True,
    }
    if one.dead is not None:
        dead = value(one.dead).text
        policy = f"jsonencode({{deadLetterTargetArn = {dead}, maxReceiveCount = {one.receives}}})"
        queue["redrive_policy"] = Expression(policy)
    if one.source is not None:
        allowed = {"redrivePermission": "byQueue", "sourceQueueArns": [one.source]}
        queue["redrive_allow_policy"] = json.dumps(allowed, sort_keys=True)
    return queue
