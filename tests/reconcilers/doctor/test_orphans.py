"""Orphans between Git, Argo CD and namespaces: each kind, and the moment before it is one."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import PurePosixPath

from generator.errors import RemedyKind
from generator.values.formats import format_time
from reconcilers.doctor.orphans import EXPIRED_LATE, left_in_aws, orphans
from reconcilers.health.phase import NOTICED, REMOVED, Seen
from reconcilers.ports.target_groups import TargetGroup
from reconcilers.state.entries import EntryRecord
from worlds.builders import NOW, environment, preview
from worlds.memory_store import MemorySnapshot
from worlds.observations import ago, application, details, held, namespace


def found(seen: Seen, **inside: object) -> list[str]:
    read = {"preview-rtb-123": details(*inside.get("things", ()))} if inside else {}  # type: ignore[misc]
    return [one.kind for one in orphans({"rtb-123": seen}, read, argocd="argocd", now=NOW)]


def test_a_namespace_alone_is_left_over_unless_it_goes() -> None:
    assert found(Seen(namespace=namespace())) == ["namespace-left-over"]
    assert found(Seen(namespace=namespace(deleting_since=ago(minutes=10)))) == []
    assert found(Seen(namespace=namespace(), unread="no network")) == [], "what is not known is no orphan"


def test_an_application_without_entry_is_given_time_to_be_noticed() -> None:
    late = application(operation_since=NOW - REMOVED - timedelta(seconds=1))
    assert found(Seen(application=late, namespace=namespace())) == ["application-without-entry"]
    assert found(Seen(application=application(operation_since=NOW - REMOVED), namespace=namespace())) == []


def test_an_application_that_lost_its_entry_a_moment_ago_is_no_orphan() -> None:
    since = {"removed_at": NOW - REMOVED, "application": application(operation_since=ago(hours=1))}
    assert found(Seen(**since, namespace=namespace())) == []
    since["removed_at"] -= timedelta(seconds=1)
    assert found(Seen(**since, namespace=namespace())) == ["application-without-entry"]


def test_what_is_removed_for_long_is_told_whatever_holds_it() -> None:
    going = {"deleting_since": ago(minutes=11)}
    app = application(**going, finalizers=("example.com/keep",))
    (told,) = orphans({"rtb-123": Seen(application=app)}, {}, argocd="argocd", now=NOW)
    assert (told.kind, told.subject) == ("held-by-finalizer", "Application preview-rtb-123")
    assert told.text == "is being removed since 2026-11-23T01:49:00Z, held by finalizer example.com/keep"
    assert found(Seen(application=app, namespace=namespace(**going)), things=[held(minutes=11)]) == [
        "held-by-finalizer"
    ]
    assert found(Seen(namespace=namespace(**going)), things=[]) == ["held-by-finalizer"]
    assert found(Seen(application=application(deleting_since=ago(minutes=10)))) == []


def test_what_a_finalizer_holds_is_told_after_ten_minutes() -> None:
    since = {"deleting_since": ago(minutes=10)}
    going = Seen(application=application(**since), namespace=namespace(**since))
    assert found(going, things=[held(minutes=11)]) == ["held-by-finalizer"]
    assert found(going, things=[held(minutes=10)]) == []


def test_what_aws_has_of_namespaces_that_are_gone_is_left_over() -> None:
    arn = "arn:aws:elasticloadbalancing:ap-northeast-2:111111111111:targetgroup/k8s-previewr-web-1/0123456789abcdef"
    groups = [
        TargetGroup("k8s-previewr-web-1", arn, "preview-rtb-7"),
        TargetGroup("k8s-previewr-web-2", f"{arn}; rm -rf /", "preview-rtb-7"),
        TargetGroup("k8s-previewr-web-3", arn, "preview-rtb-8"),
        TargetGroup("k8s-rtbplatf-anchor-4", arn, "rtb-platform"),
    ]
    told = [*left_in_aws(groups, {"preview-rtb-8"})]
    assert [(one.kind, one.preview, one.subject) for one in told] == [
        ("target-group-left-over", "rtb-7", "TargetGroup k8s-previewr-web-1"),
        ("target-group-left-over", "rtb-7", "TargetGroup k8s-previewr-web-2"),
    ]
    assert str(told[0].remedy).endswith(f"delete-target-group --region ap-northeast-2 --target-group-arn {arn}")
    assert str(told[1].remedy).endswith("--region REGION --target-group-arn ARN"), "no text of AWS's is a command"


def test_an_entry_without_application_and_one_whose_lease_ended_are_told() -> None:
    seen = Seen(
        entry=record(begun=NOW - NOTICED - timedelta(seconds=1), ends=NOW - EXPIRED_LATE - timedelta(seconds=1))
    )
    told = [*orphans({"rtb-123": seen}, {}, argocd="argocd", now=NOW)]
    assert [one.kind for one in told] == ["entry-without-application", "expired-still-there"]
    assert getattr(told[1].remedy, "kind", None) is RemedyKind.STOP_OTHER
    assert found(Seen(entry=record(begun=NOW - NOTICED, ends=NOW - EXPIRED_LATE))) == []


def record(*, begun: datetime, ends: datetime) -> EntryRecord:
    made = preview(environment())
    lease = made.spec.lease.model_copy(update={"activated_at": format_time(begun), "expires_at": format_time(ends)})
    spec = made.spec.model_copy(update={"lease": lease})
    path = PurePosixPath("environments/int/previews/rtb/100/rtb-123/preview.yaml")
    return EntryRecord(path, MemorySnapshot("main", "0" * 40, {}), made.model_copy(update={"spec": spec}))
