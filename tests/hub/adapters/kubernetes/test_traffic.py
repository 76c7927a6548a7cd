"""Requests to previews as CloudWatch tells them: no data is no zero, and what is told in part is not known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from generator.errors import Reason, Stalled, Transient
from hub.adapters.kubernetes.aws import EksAccess
from hub.adapters.kubernetes.traffic import QUERIES, AwsTraffic
from reconcilers.ports.target_groups import TargetGroup
from reconcilers.ports.traffic import PERIOD, Measured, Span

boto3 = pytest.importorskip("boto3")
moto = pytest.importorskip("moto")
ROLE, REGION, CLUSTER = "arn:aws:iam::111111111111:role/rtb-hub-reader", "ap-northeast-2", "rtb-int"
NOW = datetime(2026, 11, 28, 12, 3, tzinfo=UTC)
SPAN = Span(NOW.replace(hour=11, minute=0), NOW.replace(minute=0), NOW)
PERIODS = [SPAN.since + PERIOD * number for number in range(12)]
NAMESPACE = "preview-rtb-1"
BASE = f"arn:aws:elasticloadbalancing:{REGION}:111111111111"
BALANCER = f"{BASE}:loadbalancer/app/k8s-previews0-1/abc"
Data = Mapping[str, Mapping[str, Mapping[datetime, float]]]
UP = dict.fromkeys(PERIODS, 1.0)


class Account:
    """An account as moto has it: a load balancer of previews, its target groups, and what CloudWatch was given."""

    def __init__(self) -> None:
        self.access = EksAccess(CLUSTER, REGION, ROLE, lambda: NOW)
        self.elb, self.watch = self.access.client("elbv2"), self.access.client("cloudwatch")
        ec2 = self.access.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"]["SubnetId"]
            for n, zone in enumerate("ac")
        ]  # fmt: skip
        self.vpc = vpc
        made = self.elb.create_load_balancer(Name="k8s-previews0", Subnets=subnets, Type="application")
        self.balancer = made["LoadBalancers"][0]["LoadBalancerArn"]

    def group(self, namespace: str, number: int = 0) -> str:
        """A target group of a preview behind the load balancer."""
        tags = {"elbv2.k8s.aws/cluster": CLUSTER, "ingress.k8s.aws/resource": f"{namespace}/preview-web:{80 + number}"}
        made = self.elb.create_target_group(
            Name=f"k8s-{namespace.replace('-', '')[:8]}-web-{number:010x}", Protocol="HTTP", Port=80, VpcId=self.vpc,
            TargetType="ip", Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )  # fmt: skip
        arn = str(made["TargetGroups"][0]["TargetGroupArn"])
        self.elb.create_listener(
            LoadBalancerArn=self.balancer, Protocol="HTTP", Port=8000 + number,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}],
        )  # fmt: skip
        return arn

    def counts(self, group: str, metric: str, values: Mapping[datetime, float]) -> None:
        dimensions = [
            {"Name": "TargetGroup", "Value": group.rpartition(":")[2]},
            {"Name": "LoadBalancer", "Value": self.balancer.partition(":loadbalancer/")[2]},
        ]
        data = [
            {"MetricName": metric, "Dimensions": dimensions, "Timestamp": at, "Value": one}
            for at, one in values.items()
        ]
        for begin in range(0, len(data), 20):
            self.watch.put_metric_data(Namespace="AWS/ApplicationELB", MetricData=data[begin : begin + 20])

    def told(self, *namespaces: str) -> Mapping[str, Measured]:
        return AwsTraffic(self.access).of(namespaces or (NAMESPACE,), SPAN)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    with moto.mock_aws():
        yield Account()


def test_no_requests_and_healthy_all_the_time_is_quiet(account: Account) -> None:
    groups = [account.group(NAMESPACE), account.group(NAMESPACE, 1)]
    for group in groups:
        account.counts(group, "HealthyHostCount", UP)
    account.group("preview-rtb-2", 2)
    told = account.told()
    assert told == {NAMESPACE: Measured(groups=2, was_up=True)}
    assert told[NAMESPACE].is_quiet


def test_no_data_at_all_is_not_quiet(account: Account) -> None:
    account.group(NAMESPACE)
    told = account.told(NAMESPACE, "preview-rtb-9")
    assert told == {NAMESPACE: Measured(groups=1)}, "and of one without a target group nothing is told"
    assert not told[NAMESPACE].is_quiet


@pytest.mark.parametrize("spoil", ["a gap", "a zero", "one group"])
def test_health_that_is_not_told_all_the_time_of_all_is_not_quiet(account: Account, spoil: str) -> None:
    groups = [account.group(NAMESPACE), account.group(NAMESPACE, 1)]
    account.counts(groups[0], "HealthyHostCount", UP)
    others = {"a gap": {**UP}, "a zero": {**UP, PERIODS[5]: 0.0}, "one group": {}}[spoil]
    if spoil == "a gap":
        del others[PERIODS[5]]
    account.counts(groups[1], "HealthyHostCount", others)
    assert account.told() == {NAMESPACE: Measured(groups=2)}


@pytest.mark.parametrize("at", [SPAN.since, NOW - timedelta(minutes=1)], ids=["first", "in the last minute"])
def test_a_request_to_any_of_its_groups_is_use(account: Account, at: datetime) -> None:
    groups = [account.group(NAMESPACE), account.group(NAMESPACE, 1)]
    for group in groups:
        account.counts(group, "HealthyHostCount", UP)
    account.counts(groups[1], "RequestCount", {at: 1.0})
    told = account.told()[NAMESPACE]
    assert told.last is not None
    assert told.last <= at < told.last + PERIOD
    assert not told.is_quiet


def test_a_request_before_the_span_is_none(account: Account) -> None:
    group = account.group(NAMESPACE)
    account.counts(group, "HealthyHostCount", UP)
    account.counts(group, "RequestCount", {SPAN.since - timedelta(minutes=1): 3.0})
    assert account.told()[NAMESPACE].is_quiet


# What moto cannot be made to answer: pages, states, refusals. Answers are held to botocore's own model by its Stubber.


def answering(monkeypatch: pytest.MonkeyPatch, groups: Sequence[TargetGroup], say: Callable[[Any], None]) -> AwsTraffic:
    """Traffic of these groups; `say` puts what CloudWatch answers."""
    from botocore.stub import Stubber

    client = boto3.client("cloudwatch", region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")
    stubber = Stubber(client)
    say(stubber)
    stubber.activate()
    access = EksAccess(CLUSTER, REGION, ROLE, lambda: NOW)
    monkeypatch.setattr(access, "client", lambda name: client)
    traffic = AwsTraffic(access)
    monkeypatch.setattr(traffic.groups, "of", lambda namespace="": tuple(groups))
    return traffic


def group_of(number: int = 0, balancers: tuple[str, ...] = (BALANCER,)) -> TargetGroup:
    return TargetGroup(f"k8s-{number}", f"{BASE}:targetgroup/k8s-{number}/f00", NAMESPACE, balancers)


def result(name: str, state: str, values: Mapping[datetime, float]) -> Mapping[str, Any]:
    return {"Id": name, "Label": "x", "StatusCode": state, "Timestamps": list(values), "Values": list(values.values())}


def answer(*results: Mapping[str, Any], more: str = "") -> Mapping[str, Any]:
    return {"MetricDataResults": [*results], **({"NextToken": more} if more else {})}


def test_pages_make_one_answer_and_the_question_is_what_aws_has(monkeypatch: pytest.MonkeyPatch) -> None:
    half = len(PERIODS) // 2
    sent = {
        "MetricDataQueries": [
            {
                "Id": "q0",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/ApplicationELB",
                        "MetricName": "HealthyHostCount",
                        "Dimensions": [
                            {"Name": "TargetGroup", "Value": "targetgroup/k8s-0/f00"},
                            {"Name": "LoadBalancer", "Value": "app/k8s-previews0-1/abc"},
                        ],
                    },
                    "Period": 300,
                    "Stat": "Minimum",
                },
            }
        ],
        "StartTime": SPAN.since,
        "EndTime": SPAN.settled,
    }

    def say(stubber: Any) -> None:
        stubber.add_response("get_metric_data", answer(result("q0", "Complete", {})))
        first = result("q0", "PartialData", dict.fromkeys(PERIODS[:half], 1.0))
        stubber.add_response("get_metric_data", answer(first, more="t"), sent)
        second = result("q0", "Complete", dict.fromkeys(PERIODS[half:], 1.0))
        stubber.add_response("get_metric_data", answer(second), {**sent, "NextToken": "t"})

    traffic = answering(monkeypatch, [group_of()], say)
    assert traffic.of([NAMESPACE], SPAN)[NAMESPACE].is_quiet


@pytest.mark.parametrize("state", ["PartialData", "InternalError", "Forbidden"])
@pytest.mark.parametrize("of", ["requests", "health"])
def test_what_is_told_in_part_is_unread(monkeypatch: pytest.MonkeyPatch, state: str, of: str) -> None:
    def say(stubber: Any) -> None:
        if of == "health":
            stubber.add_response("get_metric_data", answer(result("q0", "Complete", {})))
        stubber.add_response("get_metric_data", answer(result("q0", state, UP if of == "health" else {})))

    told = answering(monkeypatch, [group_of()], say).of([NAMESPACE], SPAN)[NAMESPACE]
    assert of in told.unread
    assert not told.is_quiet


def test_a_query_without_an_answer_is_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    traffic = answering(monkeypatch, [group_of()], lambda stub: stub.add_response("get_metric_data", answer()))
    assert traffic.of([NAMESPACE], SPAN)[NAMESPACE].unread


@pytest.mark.parametrize("balancers", [(), (f"{BASE}:loadbalancer/net/x/abc",)], ids=["none", "of another kind"])
def test_what_no_such_load_balancer_leads_to_is_unread(
    monkeypatch: pytest.MonkeyPatch, balancers: tuple[str, ...]
) -> None:
    told = answering(monkeypatch, [group_of(0, balancers)], lambda stub: None).of([NAMESPACE], SPAN)
    assert told[NAMESPACE].unread


def test_five_hundred_a_call_and_health_of_the_quiet_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = [group_of(number) for number in range(QUERIES + 1)]

    def say(stubber: Any) -> None:
        busy = [result(f"q{number}", "Complete", {NOW: 1.0}) for number in range(QUERIES)]
        stubber.add_response("get_metric_data", answer(*busy))
        stubber.add_response("get_metric_data", answer(result("q0", "Complete", {})))
        stubber.add_response("get_metric_data", answer(result("q0", "Complete", UP)))

    told = answering(monkeypatch, groups, say).of([NAMESPACE], SPAN)[NAMESPACE]
    assert (told.groups, told.last) == (QUERIES + 1, NOW)


@pytest.mark.parametrize(
    ("code", "status", "error"), [("AccessDenied", 403, Stalled), ("Throttling", 400, Transient), ("X", 500, Transient)]
)
def test_a_refusal_names_the_right_and_what_passes_passes(
    monkeypatch: pytest.MonkeyPatch, code: str, status: int, error: type[Exception]
) -> None:
    def say(stubber: Any) -> None:
        stubber.add_client_error("get_metric_data", code, "no", status)

    with pytest.raises(error) as caught:
        answering(monkeypatch, [group_of()], say).of([NAMESPACE], SPAN)
    if error is Stalled:
        assert caught.value.reason is Reason.CLUSTER_REFUSED  # type: ignore[attr-defined]
        assert "cloudwatch:GetMetricData" in str(caught.value)
    with pytest.raises(error):
        answering(monkeypatch, [], say).check(SPAN)
