"""The hub's scheduled jobs: reviewed as rendered, valid everywhere, and their command lines and credentials work."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.bootstrap.hub import hub_files, render_hub
from generator.bootstrap.hub_jobs import UNREVIEWED, jobs_of
from generator.model.environment import Environment
from generator.validate.schemas import VERSIONS
from generator.validate.validation import PolicySettings, Validator
from hub import assets
from hub.reconciling.registry import RECONCILERS
from hub.reconciling.registry import UNREVIEWED as OF_EXPIRY
from worlds.builders import LIBRARY, digest, environment
from worlds.commands import git, must, rtb_hub
from worlds.git_http import GitServer
from worlds.places import ROOT, TESTS
from worlds.repositories import state_repository

GOLDEN = TESTS / "golden"
IMAGE = f"registry.example.com/rtb-hub@{digest()}"
SHIPPED = [environment(name) for name in ("int", "stg", "prd")]


def rendered(*environments: Environment) -> dict[str, str]:
    return hub_files(render_hub(LIBRARY, environments or SHIPPED, image=IMAGE, namespace="rtb-hub"))


def jobs(*environments: Environment) -> dict[str, Any]:
    """CronJobs by name."""
    trees = [tree for text in rendered(*environments).values() for tree in yaml.safe_load_all(text)]
    return {tree["metadata"]["name"]: tree for tree in trees if tree["kind"] == "CronJob"}


def pod(job: Any) -> Any:
    return job["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def at(repository: str, name: str = "int", **spec: Any) -> Environment:
    argocd = {**environment(name).as_tree()["spec"]["argocd"], "repository": repository}
    return environment(name, argocd=argocd, **spec)


def test_the_rendered_files_are_the_reviewed_ones(update_golden: bool) -> None:
    wanted = rendered()
    if update_golden:
        for path, text in wanted.items():
            (GOLDEN / path).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / path).write_text(text, encoding="utf-8")
    assert {path.relative_to(GOLDEN).as_posix(): path.read_text() for path in (GOLDEN / "hub").glob("*.yaml")} == wanted


def test_everything_validates_for_every_version() -> None:
    manifests = [m for found in render_hub(LIBRARY, SHIPPED, image=IMAGE, namespace="rtb-hub").values() for m in found]
    assert {m.kind for m in manifests} == {"Namespace", "ServiceAccount", "CronJob"}
    assert Validator(assets.generator_data).validate(manifests, kubernetes=VERSIONS, settings=PolicySettings()) == ()


def test_a_gated_branch_has_a_job_an_identity_and_work_of_its_own() -> None:
    main, prd = jobs()["rtb-hub-reconcile-main"], jobs()["rtb-hub-reconcile-prd"]
    secrets = [pod(job)["volumes"][0]["secret"]["secretName"] for job in (main, prd)]
    assert secrets == ["rtb-hub-git-main", "rtb-hub-git-prd"]
    assert pod(main)["serviceAccountName"] != pod(prd)["serviceAccountName"]
    (container,) = pod(prd)["containers"]
    assert container["args"] == [
        "reconcile", "--env", "prd", "--only", "stamp", "--only", "expiry", "--output", "json",
    ]  # fmt: skip
    assert pod(main)["containers"][0]["args"] == [
        "reconcile", "--env", "int", "--env", "stg", "--env", "prd", "--output", "json",
    ]  # fmt: skip
    assert set(UNREVIEWED) == OF_EXPIRY <= set(RECONCILERS)


def test_where_all_branches_are_gated_there_is_a_job_of_the_hubs_own_that_decides_upon_requests() -> None:
    hubs, prd = jobs_of([environment("prd")])[::-1]
    assert (prd.gated, hubs.gated) == (True, False)
    assert hubs.arguments == ["reconcile", "--env", "prd", "--output", "json"]
    assert (hubs.variables["RTB_HUB_IDENTITY"], prd.variables["RTB_HUB_IDENTITY"]) == ("hub", "expiry")
    assert hubs.secret != prd.secret
    assert len(hubs.name) <= 52


@pytest.mark.parametrize(
    ("forge", "keys"),
    [
        ({"kind": "github", "repository": "acme/state"}, {"APP_ID", "APP_KEY"}),
        ({"kind": "gitea", "url": "https://git.example.com/acme/state"}, {"TOKEN"}),
    ],
    ids=["github", "gitea"],
)
def test_each_identity_is_given_its_own_keys_and_never_the_others(forge: dict[str, str], keys: set[str]) -> None:
    found = jobs(environment("int"), environment("prd", forge=forge))
    for name, identity, own, other in (
        ("main", "hub", "RTB_HUB_FORGE_", "RTB_EXPIRY_FORGE_"),
        ("prd", "expiry", "RTB_EXPIRY_FORGE_", "RTB_HUB_FORGE_"),
    ):
        job = found[f"rtb-hub-reconcile-{name}"]
        (container,) = pod(job)["containers"]
        variables = {one["name"]: one["value"] for one in container["env"]}
        assert variables["RTB_HUB_IDENTITY"] == identity
        wanted = keys | ({"TEAMS_TOKEN"} if keys == {"TOKEN"} and identity == "hub" else set())
        assert {one for one in variables if one.startswith(own)} == {f"{own}{key}_FILE" for key in wanted}
        assert other not in str(job)
        assert f"rtb-hub-git-{'prd' if name == 'main' else 'main'}" not in str(job)


@pytest.mark.parametrize("name", ["rtb-hub-reconcile-main", "rtb-hub-reconcile-prd"])
def test_what_a_job_runs_is_a_command_of_this_release(name: str, tmp_path: Path) -> None:
    state_repository(tmp_path / "state.git")
    (container,) = pod(jobs()[name])["containers"]
    assert container["command"] == ["rtb-hub"]
    ran = must(*container["args"], RTB_HUB_REPO=str(tmp_path / "state.git"), RTB_HUB_CACHE=str(tmp_path))
    assert {one["environment"] for one in ran.json()["passes"]} == set(container["args"]) & {"int", "stg", "prd"}


@pytest.mark.parametrize("job", jobs().values(), ids=jobs())
def test_runs_do_not_pile_up_and_may_do_little(job: Any) -> None:
    spec, of_job = job["spec"], job["spec"]["jobTemplate"]["spec"]
    assert (spec["concurrencyPolicy"], spec["timeZone"], of_job["backoffLimit"]) == ("Forbid", "Etc/UTC", 0)
    assert 10 <= spec["startingDeadlineSeconds"] <= of_job["activeDeadlineSeconds"] <= 600
    assert pod(job)["automountServiceAccountToken"] is False
    (container,) = pod(job)["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["resources"]["requests"] == container["resources"]["limits"]
    written = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    variables = {one["name"]: one["value"] for one in container["env"]}
    assert written == {variables["RTB_HUB_CACHE"], variables["HOME"]}


@pytest.mark.parametrize("newline", ["", "\n"], ids=["bare", "with a line break"])
def test_a_token_is_read_from_the_secret_and_sent_to_its_host_only(tmp_path: Path, newline: str) -> None:
    state_repository(tmp_path / "state.git")
    git(tmp_path / "state.git", "config", "http.receivepack", "true")
    token = r"s3cret%s\n$(x)"
    for file, text in (("username", "hub"), ("password", token)):
        (tmp_path / file).write_text(text + newline)
    with GitServer(tmp_path, password=token) as server, GitServer(tmp_path, password="other") as other:
        repository = server.url("state.git")
        (job,) = jobs(at(repository)).values()
        (container,) = pod(job)["containers"]
        variables = {one["name"]: one["value"] for one in container["env"]}
        assert variables["RTB_HUB_REPO"] == repository
        assert token not in str(job)
        here = {name: value.replace("/etc/rtb-hub/git", str(tmp_path)) for name, value in variables.items()}
        here |= {"RTB_HUB_CACHE": str(tmp_path / "cache"), "HOME": str(tmp_path)}
        ran = must(*container["args"], **here)
        assert token not in ran.out + ran.err
        refused = rtb_hub(*container["args"], **{**here, "RTB_HUB_REPO": other.url("state.git")})
        assert refused.code == 39
        asked = "protocol=http\nhost={}\n\n".format(other.url("").split("/")[2])
        filled = subprocess.run(
            ["git", "credential", "fill"],
            input=asked,
            env={**os.environ, **here, "GIT_TERMINAL_PROMPT": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "s3cret" not in filled.stdout


@pytest.mark.parametrize("url", ["git@git.example.com:team/state.git", "ssh://git@git.example.com/team/state.git"])
def test_over_ssh_a_key_and_known_hosts_are_taken_from_the_secret(url: str) -> None:
    (job,) = jobs(at(url)).values()
    variables = {one["name"]: one["value"] for one in pod(job)["containers"][0]["env"]}
    assert variables["RTB_HUB_REPO"] == url
    assert "-i /etc/rtb-hub/git/ssh-privatekey " in variables["GIT_SSH_COMMAND"]
    assert "-o StrictHostKeyChecking=yes" in variables["GIT_SSH_COMMAND"]
    assert "GIT_CONFIG_COUNT" not in variables


def test_names_are_told_apart_and_short_enough() -> None:
    branches = ["a/b", "a.b", "A-B", "x" * 200, "_", "main"]
    environments = [at("https://git.example.com/a/b.git", branch=branch) for branch in branches]
    environments.append(at("https://git.example.com/other.git", branch="main"))
    names = [job.name for job in jobs_of(environments)]
    assert len(set(names)) == len(names) == 7
    assert max(map(len, names)) <= 52
    assert jobs_of(environments) == jobs_of(environments[::-1])
    assert list(jobs(*environments)) == sorted(names)


def test_it_is_printed_or_written_and_refused_when_it_would_not_run(tmp_path: Path) -> None:
    printed = must("hub", "render", "--image", IMAGE).out
    assert [tree for tree in yaml.safe_load_all(printed) if tree["kind"] == "CronJob"] == list(jobs().values())
    must("hub", "render", "--image", IMAGE, "--to", tmp_path, "--environments", ROOT / "environments")
    assert (tmp_path / "hub" / "reconcile-prd.yaml").read_text() == rendered()["hub/reconcile-prd.yaml"]
    assert must("validate", tmp_path, "--kubernetes", f"{VERSIONS[0]}-{VERSIONS[-1]}").code == 0
    assert rtb_hub("hub", "render", "--image", "rtb-hub:latest").code == 15
    assert rtb_hub("hub", "render", "--image", IMAGE, "--namespace", "No").code == 14
