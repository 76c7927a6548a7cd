"""Target groups of a cluster as moto has them: found by the controller's tags, in few requests, and never guessed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from generator.errors import Transient
from hub import __version__
from hub.adapters.http import SenderParts
from hub.adapters.kubernetes.aws import EksAccess
from hub.adapters.kubernetes.cluster import Cluster, open_cluster
from hub.adapters.kubernetes.target_groups import MOST_PAGES, PAGE, AwsTargetGroups
from hub.retrying import Backoff
from worlds.kube_api import CREATED, KubeApi

boto3 = pytest.importorskip("boto3")
moto = pytest.importorskip("moto")
ROLE, REGION, CLUSTER = "arn:aws:iam::111111111111:role/rtb-hub-reader", "ap-northeast-2", "rtb-int"
TARGET = "preview-rtb-123"
Asked = list[tuple[str, dict[str, Any]]]


class Account:
    """An account with target groups; `asked` are the calls of its load balancing, with what they ask for."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.access = EksAccess(CLUSTER, REGION, ROLE, lambda: datetime(2026, 11, 28, tzinfo=UTC))
        self.client = self.access.client("elbv2")
        self.groups = AwsTargetGroups(self.access)

    def add(self, name: str, tags: dict[str, str]) -> str:
        made = self.client.create_target_group(
            Name=name, TargetType="lambda", Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
        )  # fmt: skip
        self.asked.clear()
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    def add_of(self, namespace: str, number: int = 0, cluster: str = CLUSTER) -> str:
        tags = {
            "elbv2.k8s.aws/cluster": cluster,
            "ingress.k8s.aws/stack": "previews-0",
            "ingress.k8s.aws/resource": f"{namespace}/preview-web:80",
        }
        return self.add(f"k8s-{namespace.replace('-', '')[:8]}-web-{number:010x}", tags)

    @property
    def calls(self) -> list[str]:
        return [name for name, _ in self.asked]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    asked: Asked = []
    with moto.mock_aws():
        from botocore.client import BaseClient

        real = BaseClient._make_api_call

        def counting(self: Any, name: str, arguments: Any) -> Any:
            if self.meta.service_model.service_name == "elbv2":
                asked.append((name, arguments))
            return real(self, name, arguments)

        monkeypatch.setattr(BaseClient, "_make_api_call", counting)
        yield Account(asked)


@contextmanager
def failing(code: str, status: int, *, only: str, times: int = 100) -> Iterator[None]:
    """Answers of AWS to one operation are errors, so often."""
    from botocore.client import BaseClient

    real, left = BaseClient._make_api_call, [times]

    def answer(self: Any, name: str, arguments: Any) -> Any:
        if name != only or not left[0]:
            return real(self, name, arguments)
        left[0] -= 1
        told = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise self.exceptions.from_code(code)(told, name)

    with mock.patch.object(BaseClient, "_make_api_call", answer):
        yield


def test_those_of_this_cluster_are_found_by_the_controllers_tags(account: Account) -> None:
    ours, other = account.add_of(TARGET), account.add_of("preview-rtb-124", 1)
    service = {"elbv2.k8s.aws/cluster": CLUSTER, "service.k8s.aws/stack": f"{TARGET}/db", "service.k8s.aws/resource": f"{TARGET}/db:5432"}  # fmt: skip
    balanced = account.add("k8s-previewr-db-1", service)
    account.add_of(TARGET, 2, cluster="rtb-other")
    account.add("k8s-previewr-web-other", {"Name": "x"})
    account.add("somebody-elses", {"elbv2.k8s.aws/cluster": CLUSTER, "ingress.k8s.aws/resource": f"{TARGET}/x:80"})
    assert [(one.arn, one.namespace) for one in account.groups.of(TARGET)] == [(balanced, TARGET), (ours, TARGET)]
    assert {one.arn for one in account.groups.of()} == {ours, other, balanced}
    assert account.groups.of("preview-rtb-12") == (), "a name that others begin with"


def test_tags_are_asked_for_by_twenty_and_once(account: Account) -> None:
    for number in range(41):
        account.add_of(f"preview-rtb-{number}", number)
    account.add_of("platform-x", 99)
    assert len(account.groups.of("preview-rtb-7")) == 1
    assert account.calls == ["DescribeTargetGroups", *["DescribeTags"] * 3]
    assert [len(asked["ResourceArns"]) for name, asked in account.asked if name == "DescribeTags"] == [20, 20, 1]
    account.asked.clear()
    assert len(account.groups.of("preview-rtb-8")) == 1
    assert account.calls == ["DescribeTargetGroups"]
    assert account.asked[0][1]["PageSize"] == PAGE


def test_pages_are_followed_and_bounded(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.client import BaseClient

    real, pages = BaseClient._make_api_call, 3
    arn = account.add_of(TARGET)

    def paged(self: Any, name: str, arguments: Any) -> Any:
        if name != "DescribeTargetGroups":
            return real(self, name, arguments)
        number = int(arguments.get("Marker", 1))
        account.asked.append((name, arguments))
        found = [{"TargetGroupArn": arn, "TargetGroupName": "k8s-previewr-web-1"}] if number == pages else []
        return {"TargetGroups": found, **({"NextMarker": str(number + 1)} if number != pages else {})}

    monkeypatch.setattr(BaseClient, "_make_api_call", paged)
    assert [one.arn for one in account.groups.of(TARGET)] == [arn]
    assert account.calls.count("DescribeTargetGroups") == 3
    pages = 10_000
    with pytest.raises(Transient, match=f"there are more than {MOST_PAGES * PAGE}"):
        account.groups.of(TARGET)


def test_one_that_goes_while_it_is_read_begins_the_reading_anew(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, kept = account.add_of(TARGET, 1), account.add_of("preview-rtb-9", 2)
    listed: Callable[..., Any] = AwsTargetGroups._listed
    looks: list[int] = []

    def once(self: AwsTargetGroups, client: Any, namespace: str) -> Any:
        found = listed(self, client, namespace)
        looks.append(len(found))
        if len(looks) == 1:
            account.client.delete_target_group(TargetGroupArn=gone)
        return found

    monkeypatch.setattr(AwsTargetGroups, "_listed", once)
    with failing("TargetGroupNotFound", 400, only="DescribeTags", times=1):
        assert [one.arn for one in account.groups.of()] == [kept]
    assert looks == [2, 1]
    with failing("TargetGroupNotFound", 400, only="DescribeTags"), pytest.raises(Transient, match="faster"):
        AwsTargetGroups(account.access).of()


def test_what_is_refused_or_fails_is_not_known(account: Account) -> None:
    account.add_of(TARGET)
    for only in ("DescribeTargetGroups", "DescribeTags"):
        for code, status, is_refused in (("AccessDenied", 403, True), ("Throttling", 400, False), ("Oops", 500, False)):
            with failing(code, status, only=only):
                told = Cluster("here", None, account.groups).targets(TARGET)  # type: ignore[arg-type]
            assert told is not None
            assert (told.found, told.is_refused) == ((), is_refused)
            assert "the target groups of cluster rtb-int" in told.unread
            assert ("elasticloadbalancing:DescribeTags" in str(told.remedy)) == is_refused


def test_aws_is_asked_of_one_that_is_gone_and_of_no_other(account: Account, tmp_path: Path) -> None:
    account.add_of(TARGET)
    with KubeApi() as api:
        parts = SenderParts(backoff=Backoff(tries=2, sleep=lambda _: None))
        at = open_cluster("here", kubeconfig=str(api.kubeconfig(tmp_path / "config")), parts=parts)
        cluster = Cluster("here", at.sender, account.groups)

        def targets(*, is_asked: bool = False) -> Any:
            return cluster.record("argocd", TARGET, applications="previews-int", is_asked=is_asked).targets

        api.add("namespaces", TARGET, meta={"creationTimestamp": CREATED})
        assert (targets(), account.calls) == (None, [])
        api.objects.clear()
        assert (targets(is_asked=True), account.calls) == (None, [])
        assert [one.namespace for one in targets().found] == [TARGET]
        assert at.record("argocd", TARGET, applications="previews-int", is_asked=False).targets is None


def test_requests_to_aws_name_the_hub_and_its_version(account: Account) -> None:
    agents: list[str] = []
    for service in ("sts", "eks", "elbv2"):
        client = account.access.client(service)
        client.meta.events.register("before-send", lambda request, **_: agents.append(request.headers["User-Agent"]))
        {"sts": lambda c=client: c.get_caller_identity(), "eks": lambda c=client: c.list_clusters(),
         "elbv2": lambda c=client: c.describe_target_groups()}[service]()  # fmt: skip
    told = [agent.decode() if isinstance(agent, bytes) else agent for agent in agents]
    assert len(told) == 3
    assert all(agent.endswith(f" rtb-ai-hub/{__version__}") for agent in told)
