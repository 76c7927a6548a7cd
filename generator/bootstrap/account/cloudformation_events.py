"""What tells of events, as CloudFormation has it; see `generator.bootstrap.account.cloudformation`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from generator.bootstrap.account import objects as o

Tree = dict[str, Any]
Told = o.Topic | o.Alarm | o.Queue | o.QueuePolicy | o.EventRule


def event_properties(one: Told, value: Callable[[o.Value], Any]) -> Tree:
    """Properties of an object; `value` writes what another object gives."""
    match one:
        case o.Topic():
            told = [{"Protocol": "email", "Endpoint": email} for email in one.emails]
            return {"TopicName": one.topic_name, "Subscription": told}
        case o.Alarm():
            return {
                "AlarmName": one.alarm_name,
                "AlarmDescription": one.description,
                "Namespace": one.namespace,
                "MetricName": one.metric,
                "Dimensions": [{"Name": name, "Value": found} for name, found in sorted(one.dimensions.items())],
                "Statistic": "Average",
                "Period": 300,
                "EvaluationPeriods": one.minutes // 5,
                "Threshold": one.threshold,
                "ComparisonOperator": "LessThanThreshold" if one.below else "GreaterThanThreshold",
                "TreatMissingData": one.missing,
                "AlarmActions": [value(one.topic)],
                "OKActions": [value(one.topic)],
            }
        case o.Queue():
            return _queue(one, value)
        case o.QueuePolicy():
            return {"Queues": [value(one.queue)], "PolicyDocument": one.policy}
        case o.EventRule():
            target = {
                "Id": o.TARGET,
                "Arn": value(one.target),
                "DeadLetterConfig": {"Arn": value(one.dead)},
                "RetryPolicy": {"MaximumEventAgeInSeconds": one.seconds},
            }
            return {
                "Name": one.rule_name,
                "Description": one.description,
                "EventPattern": dict(one.pattern),
                "State": "ENABLED",
                "Targets": [target],
            }


def _queue(one: o.Queue, value: Callable[[o.Value], Any]) -> Tree:
    queue: Tree = {
        "QueueName": one.queue_name,
        "MessageRetentionPeriod": one.keep_seconds,
        "VisibilityTimeout": one.hidden_seconds,
        "SqsManagedSseEnabled": True,
    }
    if one.dead is not None:
        queue["RedrivePolicy"] = {"deadLetterTargetArn": value(one.dead), "maxReceiveCount": one.receives}
    if one.source is not None:
        queue["RedriveAllowPolicy"] = {"redrivePermission": "byQueue", "sourceQueueArns": [one.source]}
    return queue
