"""The commands with `--cluster`, on a real repository and an API server's answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from generator.errors import ConfigError, Reason
from hub.commands import wait
from hub.commands.cluster_options import Options
from hub.output.console import Format
from hub.output.exit_codes import CODES, UNHEALTHY
from worlds.commands import IMAGES, Ran, commit_file, must, rtb_hub, state_of
from worlds.kube_api import KubeApi, refusal
from worlds.repositories import state_repository

ENTRY = "environments/int/previews/rtb/100/rtb-123/preview.yaml"
APPLICATIONS = "applications.argoproj.io"
SETS = "applicationsets.argoproj.io"
OURS = {"app.kubernetes.io/managed-by": "rtb-ai-hub", "preview.rtb-ai-hub/environment": "int"}
GOOD = {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}}


@dataclass
class Place:
    """A state repository with one preview, a cluster, and the command on both."""

    state: Path
    api: KubeApi
    kubeconfig: Path

    def hub(self, *arguments: object) -> Ran:
        return rtb_hub(*arguments, "--repo", self.state, "--cluster", "here", "--kubeconfig", self.kubeconfig)

    def application(self, name: str = "preview-rtb-123", **fields: Any) -> dict[str, Any]:
        owner = {"ownerReferences": [{"kind": "ApplicationSet", "name": "previews-int"}]}
        meta = {**owner, **fields.pop("meta", {})}
        return self.api.add(
            APPLICATIONS, name, "argocd", spec={"project": "previews-int"}, meta=meta, **{"status": GOOD, **fields}
        )

    def namespace(self, name: str = "preview-rtb-123", **meta: Any) -> None:
        self.api.add("namespaces", name, meta={"labels": OURS, **meta})


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    state = tmp_path / "state.git"
    state_repository(state)
    must("start", "RTB-123", "--env", "int", *IMAGES, "--repo", state)
    with KubeApi() as api:
        install(api)
        yield Place(state, api, api.kubeconfig(tmp_path / "config"))


def install(api: KubeApi) -> None:
    """What an administrator applies for int."""
    working = {"conditions": [{"type": "ErrorOccurred", "status": "False"}]}
    api.add(SETS, "previews-int", "argocd", status=working)
    for name in ("previews-int", "rtb-platform"):
        api.add("appprojects.argoproj.io", name, "argocd")
    api.add(APPLICATIONS, "rtb-platform", "argocd", spec={"project": "rtb-platform"}, status=GOOD)
    for name in ("rtb-hub-preview-tracking", "rtb-hub-guard-deletion"):
        api.add("validatingadmissionpolicies.admissionregistration.k8s.io", name, spec={})
        bound = {"policyName": name, "validationActions": ["Deny"]}
        api.add("validatingadmissionpolicybindings.admissionregistration.k8s.io", name, spec=bound)


def stop_set(place: Place, file: str) -> None:
    message = f"unable to process file '{file}' from repository 'x': unable to parse file"
    (found,) = place.api.objects[SETS]
    found["status"] = {"conditions": [{"type": "ErrorOccurred", "status": "True", "message": message}]}


def test_show_tells_the_phase_for_people_and_machines(place: Place) -> None:
    place.application()
    place.namespace()
    assert place.hub("show", "RTB-123", "--env", "int").out.startswith("RTB-123 in int: running\n")
    told = place.hub("show", "RTB-123", "--env", "int", "-o", "json").json()
    assert (told["phase"], told["cause"], told["remedy"], told["lease"]["phase"]) == ("running", "", "", "active")


def test_show_without_a_cluster_says_nothing_of_a_phase(place: Place) -> None:
    assert "phase" not in must("show", "RTB-123", "--env", "int", "--repo", place.state, "-o", "json").json()
    assert place.api.requests == []


def test_show_tells_the_cause(place: Place) -> None:
    place.application(status={"sync": {"status": "Synced"}, "health": {"status": "Progressing"}})
    place.namespace()
    waits = {"name": "web", "state": {"waiting": {"reason": "ErrImagePull", "message": "no such image \x1b[2J"}}}
    place.api.add("pods", "web-1", "preview-rtb-123", status={"phase": "Pending", "containerStatuses": [waits]})
    ran = place.hub("show", "RTB-123", "--env", "int")
    assert "RTB-123 in int: failed" in ran.out
    assert "the image of container web in pod web-1 cannot be pulled: ErrImagePull: no such image" in ran.out
    assert "\x1b" not in ran.out


def test_show_follows_a_preview_whose_entry_is_gone_until_it_is_removed(place: Place) -> None:
    place.application(meta={"deletionTimestamp": "2026-11-23T01:00:00Z"})
    place.namespace()
    must("stop", "RTB-123", "--env", "int", "--repo", place.state)
    assert place.hub("show", "RTB-123", "--env", "int", "-o", "json").json()["phase"] == "stuck"
    place.api.objects[APPLICATIONS].pop()
    assert (
        place.hub("show", "RTB-123", "--env", "int", "-o", "json")
        .json()["cause"]
        .startswith("the namespace is left over")
    )
    place.api.objects["namespaces"].clear()
    told = place.hub("show", "RTB-123", "--env", "int", "-o", "json").json()
    assert told == {
        "issue": "RTB-123",
        "environment": "int",
        "namespace": "preview-rtb-123",
        "phase": "removed",
        "cause": "",
        "remedy": "",
    }


def test_a_cluster_that_refuses_makes_the_phase_unknown_never_removed(place: Place) -> None:
    must("stop", "RTB-123", "--env", "int", "--repo", place.state)
    place.api.answers[APPLICATIONS] = [refusal(403)]
    told = place.hub("show", "RTB-123", "--env", "int", "-o", "json").json()
    assert told["phase"] == "unknown"
    assert "does not allow listing applications.argoproj.io" in told["cause"]
    assert "rtb-hub-reader" in told["remedy"]


def test_an_unknown_context_is_refused_before_anything_is_read(place: Place) -> None:
    ran = rtb_hub(
        "show", "RTB-123", "--env", "int", "--repo", "/nowhere", "--cluster", "hree", "--kubeconfig", place.kubeconfig
    )
    assert ran.code == CODES[Reason.UNKNOWN_CONTEXT]
    assert "did you mean: here" in ran.err


def test_the_kubeconfig_is_found_by_its_variable(place: Place) -> None:
    for environ in ({"KUBECONFIG": str(place.kubeconfig)}, {"HOME": str(place.kubeconfig.parent)}):
        home = place.kubeconfig.parent / ".kube"
        home.mkdir(exist_ok=True)
        (home / "config").write_bytes(place.kubeconfig.read_bytes())
        must("show", "RTB-123", "--env", "int", "--repo", place.state, "--cluster", "here", **environ)


def test_list_tells_phases_causes_and_who_is_leaving(place: Place) -> None:
    for key in ("RTB-1", "RTB-2"):
        must("start", key, "--env", "int", *IMAGES, "--repo", place.state)
    must("start", "RTB-3", "--env", "stg", *IMAGES, "--repo", place.state)
    place.application("preview-rtb-1")
    place.application("preview-rtb-2", status={"health": {"status": "Degraded"}})
    place.application("preview-rtb-9", meta={"deletionTimestamp": "2026-11-23T01:00:00Z"})
    told = place.hub("list", "-o", "json").json()
    assert {p["issue"]: p["phase"] for p in told["previews"]} == {
        "RTB-1": "running",
        "RTB-2": "failed",
        "RTB-3": None,  # its set is not in this cluster
        "RTB-123": "starting",
    }
    assert [(p["issue"], p["phase"]) for p in told["leaving"]] == [("RTB-9", "stuck")]
    out = place.hub("list").out
    assert "RTB-2 in int: failed: Argo CD reports it Degraded" in out
    assert "RTB-9 in int: stuck: stopping since 2026-11-23T01:00:00Z" in out
    assert " PHASE " in out


def test_doctor_is_well_and_says_what_it_checked(place: Place) -> None:
    place.application()
    place.namespace()
    before = state_of(place.state)
    ran = place.hub("doctor")
    assert ran.code == 0, ran.out
    assert "checked int: 1 entry and" in ran.out
    assert "checked cluster here: int, its ApplicationSet and 1 preview" in ran.out
    assert "checked cluster here: prd is not in it (no previews-prd)" in ran.out
    assert state_of(place.state) == before
    assert {r.method for r in place.api.requests} == {"GET"}


def test_doctor_reports_like_a_compiler(place: Place) -> None:
    commit_file(place.state, ENTRY, "metadata: {name: x\nspec: [\n")
    stop_set(place, ENTRY)
    ran = place.hub("doctor", "--env", "int")
    assert ran.code == UNHEALTHY
    assert f"{ENTRY}:2:5: error: is not YAML" in ran.out
    assert "[entry-unreadable]" in ran.out
    assert "rtb-hub stop RTB-123 --env int" in ran.out
    assert "cluster here: ApplicationSet previews-int: error: has stopped" in ran.out
    assert "kubectl --context here -n argocd annotate applicationset previews-int" in ran.out


def test_doctor_tells_machines_the_same(place: Place) -> None:
    commit_file(place.state, ENTRY, "metadata: {name: x\nspec: [\n")
    stop_set(place, ENTRY)
    ran = place.hub("doctor", "--env", "int", "-o", "json")
    told = ran.json()
    assert (ran.code, told["errors"]) == (UNHEALTHY, 2)
    assert [(f["rule"], f["where"], f["line"], f["column"]) for f in told["findings"] if f["severity"] == "error"] == [
        ("entry-unreadable", ENTRY, 2, 5),
        ("set-stopped", "cluster here: ApplicationSet previews-int", 0, 0),
    ]
    assert told["checked"]


def test_doctor_tells_a_cluster_it_cannot_read_as_an_error(place: Place) -> None:
    for answers in ([refusal(403)], [(200, b"{}")]):
        place.api.answers["namespaces"] = [*answers]
        ran = place.hub("doctor")
        assert ran.code == UNHEALTHY
        assert "could not be read, so nothing is known of it" in ran.out
        assert ran.out.count("error: ") == 1


def test_doctor_without_a_cluster_looks_at_the_repository_only(place: Place) -> None:
    ran = rtb_hub("doctor", "--repo", place.state)
    assert ran.code == 0
    assert "[branch-rules-unknown]" in ran.out
    assert (
        "checked rules of main: no-rewriting enforced by hook, no-deletion enforced by hook, hub-only not enforced"
        in ran.out
    )
    (place.state / "hooks" / "update").unlink()
    assert "[force-push-allowed]" in rtb_hub("doctor", "--repo", place.state).out
    assert place.api.requests == []


def test_doctor_refuses_an_environment_that_is_not_there(place: Place) -> None:
    ran = rtb_hub("doctor", "--repo", place.state, "--env", "itn")
    assert ran.code == CODES[Reason.UNKNOWN_ENVIRONMENT]
    assert "did you mean: int" in ran.err


def test_clusters_are_each_environments_own_and_one_that_is_away_is_told(place: Place, tmp_path: Path) -> None:
    place.application()
    place.namespace()
    must("start", "RTB-2", "--env", "stg", *IMAGES, "--repo", place.state)
    own = {"RTB_HUB_CLUSTERS": "int=here,stg=elsewhere", "KUBECONFIG": str(place.kubeconfig)}
    ran = rtb_hub("list", "--clusters", "--env", "int", "--env", "stg", "-o", "json", "--repo", place.state, **own)
    told = {one["environment"]: (one["phase"], one["cause"]) for one in ran.json()["previews"]}
    assert ran.code == 0
    assert told["int"] == ("running", "")
    assert told["stg"][0] == "unknown"
    assert "elsewhere" in told["stg"][1]
    ran = rtb_hub("doctor", "--clusters", "--repo", place.state, "--env", "int", "--env", "stg", **own)
    assert ran.code == UNHEALTHY
    assert "[cluster-unread]" in ran.out
    assert "checked cluster here: int" in ran.out
    ran = place.hub("list", "--clusters")
    assert (ran.code, "either --cluster or --clusters" in ran.err) == (2, True)


def test_wait_ends_when_it_runs_and_tells_how_it_went(place: Place) -> None:
    place.application()
    place.namespace()
    ran = place.hub("wait", "RTB-123", "--env", "int", "--for", "running")
    assert (ran.code, ran.out.splitlines()[-1].split(" after ")[0]) == (0, "RTB-123 in int is running")
    told = place.hub("wait", "RTB-123", "--env", "int", "-o", "json").json()
    assert (told["phase"], told["issue"]) == ("running", "RTB-123")


def test_wait_has_an_exit_code_for_time_that_is_up(place: Place) -> None:
    place.application()
    place.namespace()
    ran = place.hub("wait", "RTB-123", "--env", "int", "--for", "removed", "--timeout", "1s")
    assert ran.code == CODES[Reason.NOT_IN_TIME]
    assert "running" in ran.out
    assert "not removed in time: it is running" in ran.err


@pytest.mark.parametrize("text", ["0m", "0s", "s", "-1s", "1.5s", "soon", "10m\n"])
def test_wait_refuses_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(ConfigError, match=r"is not a duration.*90s, 10m"):
        wait.run("RTB-123", "int", "running", timeout=text, repo=None, at=Options("here"), output=Format.TABLE)


def test_wait_does_not_wait_for_a_cluster_that_refuses(place: Place) -> None:
    place.api.answers[APPLICATIONS] = [refusal(403)]
    assert place.hub("wait", "RTB-123", "--env", "int").code == CODES[Reason.CLUSTER_REFUSED]


def test_the_json_of_an_error_while_waiting_is_json(place: Place) -> None:
    place.api.answers[APPLICATIONS] = [refusal(401)]
    ran = place.hub("wait", "RTB-123", "--env", "int", "-o", "json")
    assert json.loads(ran.err)["error"]["reason"] == "ClusterRefused"
