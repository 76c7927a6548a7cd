"""`rtb-hub why`: from a cluster, from a file, and what is saved of one for others to read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from generator.errors import Reason
from generator.yaml.reader import load
from generator.yaml.writer import dump
from hub.output.exit_codes import CODES, USAGE
from worlds.commands import IMAGES, Ran, must, rtb_hub
from worlds.kube_api import KubeApi, refusal
from worlds.repositories import state_repository
from worlds.situations import pod, recorded, situation

TARGET = "preview-rtb-123"
APPLICATIONS = "applications.argoproj.io"
HANDED = Path(__file__).parents[2] / "golden" / "causes" / "handed"
PROGRESSING = {"sync": {"status": "Synced"}, "health": {"status": "Progressing"}}


@dataclass
class Place:
    """A state repository with one preview, and its cluster."""

    state: Path
    api: KubeApi
    kubeconfig: Path

    def why(self, *arguments: object, key: str = "RTB-123") -> Ran:
        at = ("--repo", self.state, "--cluster", "here", "--kubeconfig", self.kubeconfig)
        return rtb_hub("why", key, "--env", "int", *arguments, *at)

    def add(self, kind: str, name: str, namespace: str = TARGET, **fields: Any) -> None:
        self.api.add(kind, name, namespace, **fields)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    state = tmp_path / "state.git"
    state_repository(state)
    must("start", "RTB-123", "--env", "int", *IMAGES, "--repo", state)
    with KubeApi() as api:
        found = Place(state, api, api.kubeconfig(tmp_path / "config"))
        owner = {"ownerReferences": [{"kind": "ApplicationSet", "name": "previews-int"}]}
        found.add(APPLICATIONS, TARGET, "argocd", spec={"project": "previews-int"}, meta=owner, status=PROGRESSING)
        api.add("namespaces", TARGET, meta={"labels": {"app.kubernetes.io/managed-by": "rtb-ai-hub"}})
        yield found


def broken(place: Place) -> None:
    waits = {"name": "web", "state": {"waiting": {"reason": "ErrImagePull", "message": "manifest unknown \x1b[2J"}}}
    spec = {"containers": [{"name": "web", "image": "i", "env": [{"name": "TOKEN", "value": "hunter2-secret"}]}]}
    place.add("pods", "web-1", spec=spec, status={"phase": "Pending", "containerStatuses": [waits]})


def test_it_tells_cause_audience_steps_and_evidence(place: Place) -> None:
    broken(place)
    told = place.why("-o", "json").json()
    assert (told["phase"], told["code"], told["audience"], told["final"]) == (
        "failed",
        "image-missing",
        "developer",
        True,
    )
    assert told["text"].startswith("the image of container web in pod web-1 cannot be pulled: ErrImagePull: manifest")
    assert "push it" in told["steps"][0]
    assert [(one["kind"], one["name"], one["container"]) for one in told["evidence"]] == [("Pod", "web-1", "web")]
    assert (told["others"], told["unread"]) == ([], [])
    ran = place.why()
    assert ran.code == 0
    assert "for       the developer; waiting does not help" in ran.out
    assert "\x1b" not in ran.out


def test_show_tells_the_same_cause_in_one_line(place: Place) -> None:
    broken(place)
    shown = rtb_hub("show", "RTB-123", "--env", "int", "--repo", place.state, "--cluster", "here", "--kubeconfig", place.kubeconfig, "-o", "json").json()  # fmt: skip
    told = place.why("-o", "json").json()
    assert (shown["phase"], shown["cause"], shown["remedy"]) == (told["phase"], told["text"], told["steps"][0])


def test_one_preview_costs_eight_requests_and_two_more_where_it_needs_them(place: Place) -> None:
    place.why()
    assert len(place.api.requests) == 8
    assert {r.method for r in place.api.requests} == {"GET"}


def test_check_ends_with_a_code_of_its_own(place: Place) -> None:
    assert place.why("--check").code == 0
    broken(place)
    ran = place.why("--check")
    assert ran.code == CODES[Reason.PREVIEW_FAILED]
    assert "image-missing" in ran.out


def test_a_kind_that_may_not_be_read_is_told_and_hides_no_other(place: Place) -> None:
    broken(place)
    place.api.answers["events"] = [refusal(403)]
    told = place.why("-o", "json").json()
    assert told["code"] == "image-missing"
    assert [one["resource"] for one in told["unread"]] == ["events"]
    assert "does not allow listing events" in told["unread"][0]["why"]
    place.api.served.remove("externalsecrets.external-secrets.io")
    assert "not read  externalsecrets.external-secrets.io: this cluster does not know the kind" in place.why().out


@pytest.mark.parametrize(("resource", "answers", "reason"), [
    (APPLICATIONS, [refusal(403)], Reason.CLUSTER_REFUSED),
    ("namespaces", [refusal(403)], Reason.CLUSTER_REFUSED),
    ("pods", [refusal(503)] * 3, Reason.CLUSTER_UNREACHABLE),
])  # fmt: skip
def test_without_an_answer_of_the_cluster_there_is_none(place: Place, resource: str, answers: list[Any], reason: Reason) -> None:  # fmt: skip
    place.api.answers[resource] = answers
    assert place.why().code == CODES[reason]


def test_a_preview_that_is_gone_or_never_was_is_removed(place: Place) -> None:
    assert "no entry of it in Git and nothing in the cluster" in place.why(key="RTB-9").out
    told = place.why("-o", "json", key="RTB-9").json()
    assert (told["phase"], told["code"], told["text"], told["steps"]) == ("removed", None, "", [])


def test_what_is_saved_answers_the_same_and_holds_nobodys_secrets(place: Place, tmp_path: Path) -> None:
    broken(place)
    file = tmp_path / "saved.yaml"
    live = place.why("--save", file, "-o", "json").json()
    text = file.read_text()
    assert "hunter2" not in text
    assert rtb_hub("why", "--recorded", file, "-o", "json").json() == live
    assert [p.name for p in tmp_path.iterdir() if p.name.endswith(".tmp")] == []


def test_what_is_saved_is_read_however_much_happened(place: Place, tmp_path: Path) -> None:
    broken(place)
    about = {"kind": "Pod", "name": "web-1", "namespace": TARGET}
    for number in range(1200):
        place.add("events", f"web-1.{number}", reason="Killing", message="m", involvedObject=about, count=number)
    file = tmp_path / "saved.yaml"
    live = place.why("--save", file, "-o", "json").json()
    assert rtb_hub("why", "--recorded", file, "-o", "json").json() == live


def test_a_file_that_cannot_be_written_is_told(place: Place, tmp_path: Path) -> None:
    ran = place.why("--save", tmp_path / "no" / "such" / "folder.yaml")
    assert ran.code == CODES[Reason.INVALID_VALUE]
    assert "--save: cannot be written: No such file or directory" in ran.err


SECRETS = (
    "password=hunter2pass",
    'PGPASSWORD: "hunter2pass"',
    "Authorization: Bearer hunter2pass",
    "postgresql://preview:hunter2pass@postgres:5432/preview",
    "token: ghp_hunter2passhunter2pass",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJodW50ZXIy.hunter2pass",
    "AKIAHUNTER2PASSWORD1",
)


def test_what_is_saved_is_without_secrets_people_accounts_hosts_and_other_previews(
    place: Place, tmp_path: Path
) -> None:
    place.api.objects["namespaces"][0]["metadata"] |= {
        "annotations": {"preview.rtb-ai-hub/owner": "jane.doe@corp.example"}
    }
    ingress = {"rules": [{"host": "rtb-123.int.corp.example"}], "ingressClassName": "previews-0"}
    place.add(
        "ingresses.networking.k8s.io", "preview", spec=ingress, status={}, meta={"managedFields": [{"manager": "jane"}]}
    )
    message = (
        "Failed build model due to ingress: preview-rtb-999/preview: no certificate found for host: rtb-999.int.corp.example,"
        " arn:aws:iam::123456789012:role/x"
    )
    about = {"kind": "Ingress", "name": "preview"}
    place.add("events", "e1", type="Warning", involvedObject=about, reason="FailedBuildModel", message=message)
    for number, secret in enumerate(SECRETS):
        ended = {
            "terminated": {
                "reason": "Error",
                "exitCode": 1,
                "message": f"cannot start: {secret}; mail jane.doe@corp.example",
            }
        }
        waits = {
            "name": "web",
            "restartCount": 4,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": ended,
        }
        place.add("pods", f"web-{number}", status={"phase": "Running", "containerStatuses": [waits]})
    file = tmp_path / "saved.yaml"
    live = place.why("--save", file, "-o", "json").json()
    text = file.read_text()
    for word in ("hunter2", "HUNTER2", "jane", "123456789012", "rtb-999", "corp.example", "managedFields"):
        assert word not in text, word
    again = rtb_hub("why", "--recorded", file, "-o", "json").json()
    assert (again["phase"], again["code"]) == (live["phase"], live["code"])
    assert {one["code"] for one in again["others"]} == {one["code"] for one in live["others"]} != set()
    assert "alb-other-preview" in {one["code"] for one in again["others"]}, "what was another's is another's still"


def test_a_recording_needs_neither_repository_nor_cluster(tmp_path: Path) -> None:
    (file,) = HANDED.glob("103-*.yaml")
    ran = rtb_hub("why", "--recorded", file, cwd=tmp_path)
    assert ran.code == 0
    assert "RTB-123 in int: starting" in ran.out
    assert "not this preview is at fault but preview-rtb-999" in ran.out
    assert "phase: starting" in must("why", "--recorded", file, "-o", "yaml").out


def test_all_tells_what_else_was_found() -> None:
    (file,) = HANDED.glob("117-*.yaml")
    assert "also      1 more: --all tells them" in must("why", "--recorded", file).out
    assert "also      secret-missing: container web of pod" in must("why", "--recorded", file, "--all").out


def test_a_key_chooses_among_several_previews(tmp_path: Path) -> None:
    tree = situation("crash", "boom")
    tree["objects"]["pods"].append(
        {**pod("other"), "metadata": {**pod("other")["metadata"], "namespace": "preview-rtb-9"}}
    )
    file = tmp_path / "case.yaml"
    file.write_text(dump(tree))
    assert must("why", "--recorded", file, "-o", "json").json()["code"] == "crash-exit"
    assert must("why", "RTB-9", "--recorded", file, "-o", "json").json()["code"] == "set-missing"


def row(sentence: str, content: str | bytes, reason: Reason, text: str) -> Any:
    return pytest.param(content, reason, text, id=sentence)


WHOLE = dump(recorded())


@pytest.mark.parametrize(("content", "reason", "text"), [
    row("nothing", "", Reason.INVALID_VALUE, "is no recording"),
    row("no YAML", "{", Reason.UNREADABLE_YAML, "is not YAML"),
    row("no text", b"\xff\xfe\x00", Reason.UNREADABLE_YAML, ""),
    row("a list", "[]", Reason.INVALID_VALUE, "is no recording"),
    row("no objects", 'now: "2026-11-23T02:00:00Z"\nentry: {present: true}\n', Reason.INVALID_VALUE, "is no recording"),
    row("no time", "now: soon\nentry: {present: true}\nobjects: {}\n", Reason.INVALID_VALUE, "case.yaml:1:1: error: 'now' is no time"),
    row("no entry", 'now: "2026-11-23T02:00:00Z"\nobjects: {}\n', Reason.INVALID_VALUE, "'entry.present'"),
    row("a strange age", WHOLE.replace("askedSecondsAgo: 600", "askedSecondsAgo: -5"), Reason.INVALID_VALUE, "askedSecondsAgo"),
    row("objects that are none", 'now: "2026-11-23T02:00:00Z"\nentry: {present: true}\nobjects: {pods: {a: 1}}\n', Reason.INVALID_VALUE, "no list of 'pods'"),
    row("an object without a name", 'now: "2026-11-23T02:00:00Z"\nentry: {present: true}\nobjects:\n  pods:\n  - {}\n', Reason.INVALID_VALUE, "case.yaml:5:5: error: is no object of Kubernetes"),
    row("cut off", WHOLE[: len(WHOLE) // 2].rsplit(":", 1)[0], Reason.UNREADABLE_YAML, "case.yaml:"),
    row("too deep", "objects: " + "[" * 100 + "]" * 100, Reason.UNREADABLE_YAML, "nested deeper"),
    row("an alias bomb", "a: &a [x]\nobjects: {pods: [*a, *a]}\n", Reason.UNREADABLE_YAML, "alias"),
    row("too large", b"#" * (16 * 1024 * 1024 + 1), Reason.INVALID_VALUE, "is larger than 16 MiB"),
])  # fmt: skip
def test_what_is_no_recording_is_an_error_with_its_place(tmp_path: Path, content: str | bytes, reason: Reason, text: str) -> None:  # fmt: skip
    (tmp_path / "case.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    ran = rtb_hub("why", "--recorded", "case.yaml", cwd=tmp_path)
    assert ran.code == CODES[reason], ran.err
    assert text in ran.err


def test_a_file_that_is_not_there_is_told() -> None:
    ran = rtb_hub("why", "--recorded", "/no/such/file.yaml")
    assert ran.code == CODES[Reason.INVALID_VALUE]
    assert "--recorded: cannot be read: No such file or directory: /no/such/file.yaml" in ran.err


@pytest.mark.parametrize("arguments", [
    (), ("RTB-1",), ("--recorded", "f", "--cluster", "c"), ("--recorded", "f", "--save", "g"), ("--recorded", "f", "--url"),
])  # fmt: skip
def test_options_that_do_not_go_together_are_refused(arguments: tuple[str, ...]) -> None:
    assert rtb_hub("why", *arguments).code == USAGE


def test_a_recording_keeps_what_it_could_not_read(place: Place, tmp_path: Path) -> None:
    place.api.answers["events"] = [refusal(403)]
    file = tmp_path / "saved.yaml"
    live = place.why("--save", file, "-o", "json").json()
    assert load(file.read_bytes(), "saved").data["unread"].keys() == {"events"}
    assert rtb_hub("why", "--recorded", file, "-o", "json").json()["unread"] == live["unread"]


def test_the_address_of_one_that_runs_is_asked_for_only_when_that_is_wanted(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.api.objects[APPLICATIONS][0]["status"] = {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}}
    told = place.why("-o", "json").json()
    assert (told["phase"], told["text"], told["steps"], told["reachable"]) == ("running", "", [], None)
    assert "url       not checked" in place.why().out

    def nowhere(*_: object, **__: object) -> list[object]:
        raise OSError(8, "Name or service not known")

    monkeypatch.setattr("hub.adapters.preview_page._addresses", nowhere)
    told = place.why("--url", "-o", "json").json()
    assert (told["phase"], told["code"], told["audience"]) == ("running", "url-unresolved", "platform")
    assert told["reachable"]["failure"] == "unresolved"
    assert "DNS" in told["steps"][0]


@pytest.mark.parametrize("text", ["a: [", "", "root:x:0:0:root:/root:/bin/bash\n", "objects: {}\n", "\0"])
def test_whatever_is_no_recording_is_told_with_how_to_make_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    ran = rtb_hub("why", "--recorded", tmp_path / "x.yaml", "-o", "json")
    assert ran.code != 0
    for fault in json.loads(ran.err)["error"]["faults"]:
        assert "--save" in fault["remedy"], fault
