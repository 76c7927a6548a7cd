"""The step of GitHub Actions (`action.yml`), run by Node against the API, sign-in and worker, with a job's own token."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from worlds.actions_step import ACTION, Ran, step
from worlds.api_world import URL, ApiWorld, api_world
from worlds.commands import IMAGES, must
from worlds.github_sign_in import GitHubSignIn
from worlds.kube_api import KubeApi
from worlds.places import ROOT
from worlds.preview_states import APPLICATIONS, there
from worlds.served import on_loopback
from worlds.serving import served

LINES = "\n".join(str(IMAGES[at + 1]) for at in range(0, len(IMAGES), 2))
TRUST = [
    {
        "repositoryId": "42",
        "ref": "refs/heads/main",
        "scopes": ["preview:write", "preview:read"],
        "environments": ["int"],
    }
]


@dataclass
class Job:
    """A job of a workflow. `claims`: what its token says otherwise. `audiences`: what it asked tokens for."""

    url: str
    github: GitHubSignIn
    world: ApiWorld
    cluster: KubeApi
    folder: Path
    runner: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    audiences: list[str] = field(default_factory=list)
    may_sign_in: bool = True

    def step(self, **inputs: str) -> Ran:
        runner = self.runner if self.may_sign_in else ""
        return step(self.url, self.folder, runner, **{"images": LINES, "wait": "0", **inputs})

    def tokens(self) -> FastAPI:
        """Where a job asks for its own token."""
        app = FastAPI(openapi_url=None)

        @app.get("/token")
        def token(request: Request, audience: str) -> Any:
            if request.headers.get("authorization") != "Bearer of-the-job":
                return JSONResponse({"message": "no"}, 401)
            self.audiences.append(audience)
            return {"value": self.github.job(**self.claims)}

        return app


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Job]:
    monkeypatch.setattr("hub.services.api.clusters.KEPT", timedelta(0))
    github = GitHubSignIn(URL)
    with served(tmp_path) as serving, KubeApi() as cluster, on_loopback(github.app()) as github.url:
        trust = {"ACTIONS_ISSUER": github.url, "ACTIONS_TRUST": json.dumps(TRUST)}
        with api_world(serving, **trust) as world, on_loopback(world.app) as url:
            config = cluster.kubeconfig(tmp_path / "config")
            world.api.clusters.connected = {"int": serving.hub.cluster("here", str(config))}
            made = Job(url, github, world, cluster, tmp_path)
            with on_loopback(made.tokens()) as made.runner:
                yield made


def test_a_preview_is_started_updated_and_stopped(job: Job) -> None:
    there(job.cluster, "RTB-7", "Healthy")
    ran = job.step(issue="RTB-7", wait="1")
    assert (ran.code, ran.outputs["phase"]) == (0, "running"), ran.out
    assert ran.outputs["url"].startswith("https://rtb-7.")
    assert ran.outputs["url"] in ran.summary
    assert job.audiences == [job.url], "the token is good for this hub alone"
    assert must("list", "--repo", job.world.serving.path, "-o", "json").json()["previews"][0]["issue"] == "RTB-7"
    again = job.step(issue="RTB-7", images="")
    assert (again.code, again.outputs["url"]) == (0, ran.outputs["url"]), again.out
    stopped = job.step(issue="RTB-7", command="stop")
    assert stopped.code == 0, stopped.out
    assert must("list", "--repo", job.world.serving.path, "-o", "json").json()["previews"] == []


def test_the_key_of_the_branch_counts_where_none_is_given(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = job.step()
    assert (ran.code, "the branch 'main' names none" in ran.out) == (1, True), ran.out
    ran = job.step(issue="rtb-7 and RTB-8")
    assert (ran.code, "allowed: a key such as RTB-123" in ran.out) == (1, True), ran.out


def test_what_does_not_come_up_fails_with_its_cause(job: Job) -> None:
    application = there(job.cluster, "RTB-7")
    assert application in job.cluster.objects[APPLICATIONS]
    ran = job.step(issue="RTB-7", wait="0.02")
    assert ran.code == 1
    assert ran.outputs["phase"] != "running"
    assert "::error::RTB-7 in int is" in ran.out


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"command": "delete"}, "allowed: start, stop"),
        ({"hub": "hub.example.com"}, "is no address"),
        ({"hub": "http://hub.example.com"}, "https is needed"),
        ({"images": "web"}, "NAME=REFERENCE@sha256:"),
        ({"images": LINES.replace("@sha256:", ":v")}, "sha256"),
        ({"environment": "../../auth"}, "cannot start RTB-7"),
        ({"environment": "itn"}, "itn"),
        ({"ttl": "never"}, "'never' is not a duration"),
        ({"wait": "61"}, "minutes from 0 to 60"),
        ({"blueprint": "nothing"}, "nothing"),
    ],
)
def test_a_wrong_input_is_told_and_nothing_is_started(job: Job, inputs: dict[str, str], told: str) -> None:
    ran = job.step(**{"issue": "RTB-7", **inputs})
    assert (ran.code, told in ran.out, ran.out.count("::error::")) == (1, True, 1), ran.out
    assert must("list", "--repo", job.world.serving.path, "-o", "json").json()["previews"] == []


def test_a_job_that_is_not_trusted_learns_why(job: Job) -> None:
    job.claims = {"ref": "refs/heads/other"}
    ran = job.step(issue="RTB-7")
    assert (ran.code, "RTB_HUB_ACTIONS_TRUST" in ran.out) == (1, True), ran.out
    job.may_sign_in = False
    ran = job.step(issue="RTB-7")
    assert (ran.code, "permissions: {id-token: write}" in ran.out) == (1, True), ran.out


def test_the_documentation_names_every_input_and_shows_a_workflow() -> None:
    text = (ROOT / "docs" / "ACTIONS.md").read_text(encoding="utf-8")
    shown = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert shown is not None
    workflow = yaml.safe_load(shown[1])
    assert workflow["permissions"]["id-token"] == "write"
    (step,) = workflow["jobs"]["preview"]["steps"]
    assert step["with"].keys() <= ACTION["inputs"].keys()
    table = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", text, re.MULTILINE)
    assert re.findall(r"`(\w+)`", "".join(table)) == list(ACTION["inputs"])
    assert {one for one, given in ACTION["inputs"].items() if given.get("required")} <= step["with"].keys()


def test_no_token_is_printed_but_to_be_masked(job: Job) -> None:
    ran = job.step(issue="RTB-7")
    told = [line for line in ran.out.splitlines() if not line.startswith("::add-mask::")]
    assert not [line for line in told if "eyJ" in line or "of-the-job" in line]
    assert ran.out.count("::add-mask::eyJ") == 2


def test_text_of_the_hub_adds_no_command_and_no_output(job: Job) -> None:
    ran = job.step(issue="RTB-7", images="web=x\n\r::set-output name=url::https://evil.example")
    assert (ran.code, ran.outputs) == (1, {})
    assert not re.search(r"(?m)^::set-output", ran.out)
