"""`rtb-hub digest` on a repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.errors import Reason
from hub.output.exit_codes import CODES
from worlds.commands import IMAGES, must, rtb_hub
from worlds.repositories import state_repository


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = state_repository(tmp_path / "state.git")
    must("start", "RTB-1", "--env", "int", *IMAGES, "--repo", made)
    return made


def test_it_tells_people_and_machines(repo: Path) -> None:
    told = must("digest", "--repo", repo).out
    assert "1 started, 0 ended, 0 extended, 0 revived" in told
    assert "- int/RTB-1: active, ends soon: " in told
    assert "시작 1건" in must("digest", "--language", "ko", "--repo", repo).out
    data = must("digest", "--project", "rtb", "--by", "requester", "--output", "json", "--repo", repo).json()
    (group,) = data["groups"]
    (preview,) = group["previews"]
    assert (preview["issue"], preview["state"], preview["endsSoon"]) == ("RTB-1", "there", True)
    assert (data["by"], data["counts"]["started"], data["isPartial"]) == ("requester", 1, False)
    assert must("digest", "--project", "ABC", "--output", "json", "--repo", repo).json()["groups"] == []


@pytest.mark.parametrize("wrong", [("--since", "soon"), ("--project", "a-b"), ("--env", "nowhere")])
def test_what_makes_no_sense_is_refused(repo: Path, wrong: tuple[str, str]) -> None:
    ran = rtb_hub("digest", *wrong, "--repo", repo)
    assert ran.code in (CODES[Reason.INVALID_VALUE], CODES[Reason.UNKNOWN_ENVIRONMENT])
