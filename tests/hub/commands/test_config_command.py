"""`rtb-hub config`: what holds, for people and machines, and no secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generator.errors import Reason
from hub.output.exit_codes import CODES
from hub.settings import setting_names
from worlds.builders import digest
from worlds.commands import commit_file, must, rtb_hub
from worlds.repositories import state_repository

RULES = f"""\
projects:
  RTB:
    startOn: {{labels: [preview]}}
    environments: [int]
    blueprint: web
    images:
      web: {{repository: registry.example.com/web, digest: "{digest()}"}}
"""


def test_every_setting_is_told_with_its_source_and_default() -> None:
    told = must("config", "--output", "json", RTB_HUB_REPO="state.git").json()
    rows = {one["name"]: one for one in told["settings"]}
    assert rows["RTB_HUB_REPO"] == {
        "name": "RTB_HUB_REPO",
        "value": "state.git",
        "source": "environment",
        "default": "",
    }
    assert rows["RTB_HUB_WORKER_CONCURRENCY"]["value"] == rows["RTB_HUB_WORKER_CONCURRENCY"]["default"] == "20"
    own = {name for name in setting_names() if not name.startswith("RTB_EXPIRY_") and "_FORGE_" not in name}
    assert own <= set(rows)


def test_people_see_no_secret_and_what_is_misspelt() -> None:
    secret = "postgresql://hub:s3cr3t@127.0.0.1/hub"
    ran = must("config", RTB_HUB_DATABASE_URL=secret, RTB_HUB_FORGE_TOKEN="t0ken-of-hub", RTB_HUB_DATABASE_URI="x")
    assert "s3cr3t" not in ran.out
    assert "t0ken-of-hub" not in ran.out
    rows = {line.split()[0]: line.split()[1:] for line in ran.out.splitlines()}
    assert rows["RTB_HUB_DATABASE_URL"] == ["set", "environment", "not", "set"]
    assert rows["RTB_HUB_FORGE_TOKEN"] == ["set", "environment", "not", "set"]
    assert "RTB_HUB_DATABASE_URI is no setting of this release; did you mean RTB_HUB_DATABASE_URL?" in ran.out


def test_what_is_wrong_is_told_at_once() -> None:
    ran = rtb_hub("config", RTB_HUB_WORKER_CONCURRENCY="many", RTB_HUB_LOG_LEVEL="loud")
    assert (ran.code, "RTB_HUB_WORKER_CONCURRENCY" in ran.err, "RTB_HUB_LOG_LEVEL" in ran.err) == (14, True, True)


def test_the_rules_of_the_state_repository_are_told_and_what_is_wrong_with_them(tmp_path: Path) -> None:
    repo = state_repository(tmp_path / "state.git")
    assert must("config", "-o", "json", RTB_HUB_REPO=str(repo)).json()["rules"] == {"projects": {}, "unread": None}
    commit_file(repo, "hub/services.yaml", RULES)
    assert must("config", "-o", "json", RTB_HUB_REPO=str(repo)).json()["rules"]["projects"] == {"main": ["RTB"]}
    assert "hub/services.yaml on main has rules for RTB\n" in must("config", RTB_HUB_REPO=str(repo)).out
    commit_file(repo, "hub/services.yaml", RULES.replace("blueprint: web", "blueprint: [1]"))
    ran = rtb_hub("config", "-o", "json", RTB_HUB_REPO=str(repo))
    assert (ran.code, len(ran.json()["settings"]) > 50) == (CODES[Reason.INVALID_SERVICES], True)
    line = RULES.split("\n").index("    blueprint: web") + 1
    (fault,) = json.loads(ran.err)["error"]["faults"]
    assert (fault["file"], fault["line"], fault["field"]) == ("hub/services.yaml", line, "projects.RTB.blueprint")
    gone = must("config", RTB_HUB_REPO=str(tmp_path / "gone"))
    assert "hub/services.yaml is not read: " in gone.out
    assert must("config", "-o", "json").json()["rules"] is None


@pytest.mark.parametrize("url", ["http://hub.example.com", "https://alice:pw@hub.example.com", "hub.example.com"])
def test_an_address_of_a_server_that_is_none_is_refused(url: str) -> None:
    ran = rtb_hub("config", RTB_HUB_SERVER=url)
    assert (ran.code, "RTB_HUB_SERVER" in ran.err, "alice" in ran.err) == (14, True, False)
