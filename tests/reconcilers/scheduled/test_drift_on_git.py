"""Drift on a real repository with the real policy and memo, and how what differs is shown."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from hub.output.console import console
from hub.reconciling.registry import drift_pass
from hub.settings import load_settings
from hub.views.drift import SHOWN_FIELDS, SHOWN_PREVIEWS, pass_data, tell_pass
from hub.wiring import Hub
from reconcilers.scheduled.drift import DriftResult
from worlds.commands import IMAGES, commit_file, git, must, rtb_hub
from worlds.repositories import state_repository

HOME = "environments/int/previews/rtb/100"
OVERLAY = "environments/int/templates/preview/_common/more.yaml.j2"
MORE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more, namespace: {{ preview.namespace }}}\n"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return state_repository(tmp_path / "state.git")


def start(state: Path, *keys: str, env: str = "int") -> None:
    for key in keys:
        must("start", key, "--env", env, *IMAGES, "--repo", state)


def observe(state: Path) -> DriftResult:
    """One pass, as the command makes it: with new parts, and what is kept in the cache folder."""
    ours = Hub(load_settings({**os.environ, "RTB_HUB_CACHE": str(state.parent / "cache")}))
    return drift_pass(ours, ours.reading(ours.store(str(state))).state("int"), at=ours.clock())


def reconcile(state: Path) -> DriftResult:
    ours = Hub(load_settings(dict(os.environ)))
    found = observe(state)
    if found.plan is not None:
        ours.store(str(state)).commit(found.plan, at=ours.clock())
    return found


def edit(state: Path, path: str, old: str, new: str) -> None:
    text = git(state, "show", f"main:{path}")
    assert old in text
    commit_file(state, path, text.replace(old, new, 1))


def shown(found: DriftResult) -> str:
    out = console()
    out.file = io.StringIO()
    tell_pass(out, found)
    return out.file.getvalue()


def test_what_the_hub_writes_is_equal_and_is_not_rendered_again(state: Path) -> None:
    start(state, "RTB-101", "RTB-102")
    assert (observe(state).rendered, observe(state).equal) == (0, 2)
    assert list((state.parent / "cache" / "drift").glob("verified.sqlite"))


def test_a_change_by_hand_is_undone_in_one_commit_that_says_why(state: Path) -> None:
    start(state, "RTB-101", "RTB-102")
    edit(state, f"{HOME}/rtb-102/manifest.yaml", "replicas: 1", "replicas: 3")
    edited = git(state, "rev-parse", "main").strip()
    reconcile(state)
    assert git(state, "rev-parse", "main~1").strip() == edited
    assert git(state, "diff", "--name-only", "main~1", "main").split() == [f"{HOME}/rtb-102/manifest.yaml"]
    assert git(state, "diff", "main~2", "main") == ""
    assert git(state, "log", "-1", "--format=%s%n%(trailers)", "main").split("\n")[:4] == [
        "Correct RTB-102 in int",
        "Preview: int/rtb-102",
        "Action: correct",
        "Reason: manifest.yaml was edited by hand",
    ]
    git(state, "fsck", "--strict")
    assert observe(state).plan is None


def test_an_overlay_of_the_repository_is_rolled_out(state: Path) -> None:
    start(state, "RTB-101", "RTB-102")
    commit_file(state, OVERLAY, MORE)
    found = reconcile(state)
    assert [one.causes for one in found.differences] == [("template",), ("template",)]
    assert "name: more" in git(state, "show", f"main:{HOME}/rtb-101/manifest.yaml")
    assert (observe(state).plan, observe(state).rendered) == (None, 0)
    ran = rtb_hub("diff", "RTB-101", "--env", "int", *IMAGES, "--repo", state)
    assert (ran.code, ran.out) == (0, "nothing would change\n")


def test_the_repository_says_that_it_is_only_reported(state: Path) -> None:
    start(state, "RTB-101")
    path = "environments/int/environment.yaml"
    commit_file(state, path, git(state, "show", f"main:{path}") + "  drift: {mode: report}\n")
    commit_file(state, OVERLAY, MORE)
    found = reconcile(state)
    assert (found.plan, [one.kind for one in found.actions]) == (None, ["report"])


def test_an_image_that_policy_refuses_today_is_told_and_stays(state: Path) -> None:
    start(state, "RTB-101")
    path = "environments/base/environment.yaml"
    edit(state, path, "registries: []", "registries: [ours.example.com/]")
    head = git(state, "rev-parse", "main")
    found = reconcile(state)
    assert [one.causes for one in found.differences] == [("policy",)]
    assert git(state, "rev-parse", "main") == head


def test_a_damaged_memo_costs_time_only(state: Path) -> None:
    start(state, "RTB-101")
    observe(state)
    (state.parent / "cache" / "drift" / "verified.sqlite").write_bytes(b"nonsense" * 999)
    assert observe(state).equal == 1


def test_people_are_shown_cause_and_objects_and_machines_all(state: Path) -> None:
    start(state, "RTB-101")
    edit(state, f"{HOME}/rtb-101/manifest.yaml", "replicas: 1", "replicas: 3")
    text = shown(observe(state))
    assert text.split("\n")[:6] == [
        "int/rtb-101: manifest-edited",
        "  ~ Deployment preview-rtb-101/api",
        "      spec.replicas",
        "        - 3",
        "        + 1",
        "int: 0 up to date (1 had to be re-rendered to tell), 1 drifted",
    ]
    data = json.loads(json.dumps(pass_data(observe(state))))
    assert data["differences"] == [
        {
            "preview": "int/rtb-101",
            "path": f"{HOME}/rtb-101/preview.yaml",
            "causes": ["manifest-edited"],
            "refusals": [],
            "objects": [
                {
                    "change": "changed",
                    "object": "Deployment preview-rtb-101/api",
                    "fields": [{"field": "spec.replicas", "before": 3, "after": 1}],
                }
            ],
        }
    ]
    assert (data["equal"], data["rendered"], data["waiting"]) == (0, 1, 0)


def test_what_people_are_shown_is_shortened_and_cannot_steer_a_terminal(state: Path) -> None:
    keys = [f"RTB-{number}" for number in range(101, 102 + SHOWN_PREVIEWS)]
    path = "environments/base/environment.yaml"
    for old, new in (("quotaVcpu: 6", "quotaVcpu: 1000"),):
        edit(state, path, old, new)
    start(state, *keys)
    edit(state, f"{HOME}/rtb-101/manifest.yaml", "replicas: 1", f'replicas: "\\e[31m{"x" * 999}"')
    commit_file(state, f"{HOME}/rtb-102/manifest.yaml", "[]\n")
    commit_file(state, f"{HOME}/rtb-103/manifest.yaml", 'apiVersion: v1\nkind: A\nmetadata: {name: "\\e[31m"}\n')
    commit_file(state, OVERLAY, MORE)
    text = shown(observe(state))
    assert "\x1b" not in text
    assert "x" * 100 not in text
    assert "cannot be read as objects" in text
    assert "objects more" in text
    assert "… and 1 more preview" in text
    assert sum(line.startswith("  + ") for line in text.split("\n")) <= SHOWN_PREVIEWS * SHOWN_FIELDS
