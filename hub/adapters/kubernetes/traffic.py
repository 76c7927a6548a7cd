"""Requests to previews and health of their targets, as CloudWatch counts them for Application Load Balancers.

Of namespace AWS/ApplicationELB, by target group and load balancer (Elastic Load Balancing, "CloudWatch metrics for your
Application Load Balancer"): RequestCount has no data where no request came, and health checks are no requests;
HealthyHostCount is always reported, so that it tells "no request" from "not measured". A WebSocket or a stream counts
when it begins. GetMetricData takes 500 queries a call, goes on in further pages, and says of each query whether it is
complete (CloudWatch API reference). It is billed by the query, so that health is asked for of the quiet alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from generator.errors import Fault, Reason, Transient
from hub.adapters.kubernetes.aws import EksAccess
from hub.adapters.kubernetes.target_groups import AwsTargetGroups
from reconcilers.ports.target_groups import TargetGroup
from reconcilers.ports.traffic import PERIOD, Measured, Span

RIGHTS: Final = "cloudwatch:GetMetricData"
QUERIES: Final = 500
#: A week of one query is 2016 values, and a page has 100,800.
MOST_PAGES: Final = 100
_REQUESTS, _HEALTH = ("RequestCount", "Sum"), ("HealthyHostCount", "Minimum")
#: A target group behind a load balancer, by the names of CloudWatch's dimensions.
_Place = tuple[str, str]
_Values = Mapping[datetime, float]


@dataclass(eq=False)
class AwsTraffic:
    """Of the previews of one cluster."""

    access: EksAccess
    groups: AwsTargetGroups = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.groups = AwsTargetGroups(self.access)

    def of(self, namespaces: Collection[str], span: Span) -> Mapping[str, Measured]:
        """See the port. A namespace with a target group whose load balancer is none of this kind is unread."""
        found: dict[str, list[TargetGroup]] = {}
        for group in self.groups.of():
            if group.namespace in namespaces:
                found.setdefault(group.namespace, []).append(group)
        places = {name: list(_places(groups)) for name, groups in found.items()}
        known = [place for some in places.values() for place in some if place is not None]
        requests = self._values(known, _REQUESTS, span.since, span.now)
        quiet = [place for place in known if (values := requests.get(place)) is not None and not any(values.values())]
        health = self._values(quiet, _HEALTH, span.since, span.settled)
        return {name: _measured(some, requests, health, span) for name, some in places.items()}

    def check(self, span: Span) -> None:
        """Raise what keeps this from being read: a query of nothing's, which IAM allows or not as any other."""
        self.groups.of()
        self._values([("targetgroup/none/0", "app/none/0")], _REQUESTS, span.since, span.now)

    def _values(
        self, places: Sequence[_Place], metric: tuple[str, str], since: datetime, until: datetime
    ) -> Mapping[_Place, _Values | None]:
        """Values by the beginning of their period; None where they are not all told."""
        told: dict[_Place, _Values | None] = {}
        for begin in range(0, len(places), QUERIES):
            asked = {f"q{number}": place for number, place in enumerate(places[begin : begin + QUERIES])}
            queries = [_query(name, place, metric) for name, place in asked.items()]
            ask = partial(self._asked, queries, since, until)
            answers = self.access.asked("read the requests to previews of", ask, rights=RIGHTS)
            told |= {place: answers.get(name) for name, place in asked.items()}
        return told

    def _asked(self, queries: Sequence[Any], since: datetime, until: datetime) -> Mapping[str, _Values | None]:
        client, values, states = self.access.client("cloudwatch"), dict[str, dict[datetime, float]](), dict[str, str]()
        more: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            answer = client.get_metric_data(MetricDataQueries=queries, StartTime=since, EndTime=until, **more)
            for one in answer["MetricDataResults"]:
                states[one["Id"]] = one.get("StatusCode", "")
                pairs = zip(one["Timestamps"], one["Values"], strict=True)
                values.setdefault(one["Id"], {}).update({at.astimezone(UTC): float(value) for at, value in pairs})
            if not answer.get("NextToken"):
                return {name: values[name] if state == "Complete" else None for name, state in states.items()}
            more = {"NextToken": answer["NextToken"]}
        message = (
            f"CloudWatch has more than {MOST_PAGES} pages of requests to previews of cluster {self.access.cluster}"
        )
        raise Transient(Reason.CLUSTER_UNREACHABLE, Fault(message))


def _places(groups: Iterable[TargetGroup]) -> Iterator[_Place | None]:
    """Where the requests of each are counted; None for what is not counted as here."""
    for group in groups:
        names = [arn.partition(":loadbalancer/")[2] for arn in group.balancers]
        if not names:
            yield None
        for name in names:
            yield (group.arn.rpartition(":")[2], name) if name.startswith("app/") else None


def _query(name: str, place: _Place, metric: tuple[str, str]) -> Mapping[str, Any]:
    dimensions = zip(("TargetGroup", "LoadBalancer"), place, strict=True)
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/ApplicationELB",
                "MetricName": metric[0],
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
            },
            "Period": int(PERIOD.total_seconds()),
            "Stat": metric[1],
        },
    }


def _measured(
    places: Sequence[_Place | None],
    requests: Mapping[_Place, _Values | None],
    health: Mapping[_Place, _Values | None],
    span: Span,
) -> Measured:
    if None in places:
        return Measured(unread="a target group has no Application Load Balancer")
    known = [place for place in places if place is not None]
    groups, counted = len({group for group, _ in known}), [requests[place] for place in known]
    if any(one is None for one in counted):
        return Measured(groups, unread="CloudWatch does not tell all of its requests")
    came = [at for values in counted if values for at, value in values.items() if value]
    if came:
        return Measured(groups, last=max(came))
    if any(health[place] is None for place in known):
        return Measured(groups, unread="CloudWatch does not tell all of its health")
    return Measured(groups, was_up=all(_was_up(health[place] or {}, span) for place in known))


def _was_up(values: _Values, span: Span) -> bool:
    at = span.since
    while at < span.settled:
        if values.get(at, 0) < 1:
            return False
        at += PERIOD
    return span.since < span.settled
