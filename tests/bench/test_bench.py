"""What makes the bench honest: peers get what makes our objects, differences are seen, and a failure to install is told."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import content
import peers
import pytest
from peer_inputs import Inputs, kustomize

from generator.yaml.writer import dump_all
from worlds.builders import environment

PREVIEWS = content.rendered(3, environment())
PATTERN = content.Pattern(PREVIEWS[1], PREVIEWS[2])


def test_templates_filled_with_the_values_of_a_preview_give_its_objects() -> None:
    values = PATTERN.values(PREVIEWS[0])
    templates = Inputs(PATTERN, {"rtb-1": values}).templates("<NAME>")
    for name, value in values.items():
        templates = {path: text.replace(f"<{name}>", json.dumps(value)) for path, text in templates.items()}
    assert content.difference(PREVIEWS[0], list(templates.values())) is None


def test_templates_hold_no_value_of_a_preview() -> None:
    texts = Inputs(PATTERN, {}).templates("NAME").values()
    found = [value for value in PATTERN.values(PREVIEWS[1]).values() if any(value in text for text in texts)]
    assert found == []


def test_an_overlay_is_made_of_one_previews_values_alone(tmp_path: Path) -> None:
    kustomize(Inputs(PATTERN, {"rtb-1": PATTERN.values(PREVIEWS[0])}), tmp_path, tmp_path)
    overlay = (tmp_path / "previews" / "rtb-1" / "kustomization.yaml").read_text(encoding="utf-8")
    assert all(part in overlay for value in PATTERN.values(PREVIEWS[0]).values() for part in value.split("@"))


def _without_the_last(objects: list[Any]) -> None:
    objects.pop()


def _with_one_more(objects: list[Any]) -> None:
    objects.append({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "more"}})


def _with_one_twice(objects: list[Any]) -> None:
    objects.append(objects[0])


def _with_another_text(objects: list[Any]) -> None:
    objects[0]["metadata"]["labels"]["preview.rtb-ai-hub/issue"] = "rtb-2"


def _with_a_number_for_a_text(objects: list[Any]) -> None:
    quota = next(tree for tree in objects if tree["kind"] == "ResourceQuota")
    quota["spec"]["hard"]["pods"] = int(quota["spec"]["hard"]["pods"])


def _with_a_field_less(objects: list[Any]) -> None:
    del objects[0]["metadata"]["annotations"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_without_the_last, "lacks Deployment"),
        (_with_one_more, "also has Secret more"),
        (_with_one_twice, "there twice"),
        (_with_another_text, "differs in metadata.labels.preview.rtb-ai-hub/issue"),
        (_with_a_number_for_a_text, "differs in spec.hard.pods"),
        (_with_a_field_less, "differs in metadata.annotations"),
    ],
)
def test_other_objects_than_ours_are_told(change: Callable[[list[Any]], None], said: str) -> None:
    assert content.difference(PREVIEWS[0], [dump_all(PREVIEWS[0])]) is None
    objects = copy.deepcopy(list(PREVIEWS[0]))
    change(objects)
    assert said in str(content.difference(PREVIEWS[0], [dump_all(objects)]))


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(peers, "PINS", tmp_path / "pins")
    (tmp_path / "pins" / "tool").mkdir(parents=True)
    (tmp_path / "pins" / "tool" / "pins.txt").write_text("tool==1.2\n", encoding="utf-8")
    return tmp_path / "cache" / "rtb-ai-hub" / "bench"


def test_a_peer_is_installed_once_for_each_state_of_its_pins(cache: Path) -> None:
    installs: list[str] = []
    peer = peers.Peer("tool", r"tool==(\S+)", lambda pins, _: installs.append(pins.name))
    assert peer.title == "tool 1.2"
    assert peer.installed() == peer.installed()
    assert len(installs) == 1
    (peers.PINS / "tool" / "pins.txt").write_text("tool==1.3\n", encoding="utf-8")
    peer.installed()
    assert len(installs) == 2
    assert len(list(cache.iterdir())) == 2


def test_a_failed_install_says_why_and_leaves_nothing(cache: Path) -> None:
    def fails(_: Path, to: Path) -> None:
        (to / "half").touch()
        peers._run(sys.executable, "-c", "import sys; sys.exit('no luck\\nnpm notice new version')", cwd=to)

    with pytest.raises(peers.NotInstalledError, match=r"^no luck$"):
        peers.Peer("tool", "x", fails).installed()
    assert list(cache.iterdir()) == []


def test_the_services_are_measured_by_what_they_do(tmp_path: Path) -> None:
    import services
    import streams

    from hub.store.database import sqlite_url

    assert services.redelivered(services._prepared(sqlite_url(tmp_path / "inbox.sqlite")), rounds=2, at_once=5) == (
        2,
        2,
    )
    assert services.started_by_webhook(tmp_path / "webhook", rounds=1) > 0
    commits, seconds = services.started_by_api(tmp_path / "api", starts=2)
    assert 1 <= commits <= 2
    assert seconds > 0
    assert services.listed_through_server(rounds=1) > 0
    assert services.page_of_many(tmp_path / "page", few=2, many=3, rounds=1) > 0
    took = streams.told(tmp_path / "streams", 3, changes=1)
    assert len(took) == 3
    assert min(took) > 0
