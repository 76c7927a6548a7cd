"""Validating files that people keep: what is checked together, and in which order it is told."""

from __future__ import annotations

from pathlib import Path

from generator.model.environment import Environment
from hub.actions.manifest_files import read_manifests
from hub.actions.validate import Validated, validate
from worlds.acting import VALIDATOR
from worlds.builders import environment, preview, render
from worlds.places import ROOT

POD = """apiVersion: v1
kind: Pod
metadata: {name: one}
spec: {containers: [{name: web, image: "elsewhere.example.com/web:1"}]}
"""


def found(folder: Path, env: Environment | None = None) -> Validated:
    return validate(read_manifests([folder]), versions=("1.34",), environment=env, validator=VALIDATOR)


def test_a_previews_file_is_clean_and_a_copy_elsewhere_is_checked_object_by_object(tmp_path: Path) -> None:
    (tmp_path / "manifest.yaml").write_text(render(preview()).text)
    assert found(tmp_path, environment()).findings == ()
    assert found(tmp_path).objects == len(render(preview()).manifests)


def test_the_environments_image_policy_counts(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(POD)
    lax = environment(images={"pinned": False, "registries": []})
    strict = environment(images={"pinned": True, "registries": ["registry.example.com"]})
    of_images = [
        {one.rule for one in found(tmp_path, env).findings if "image" in one.rule} for env in (lax, None, strict)
    ]
    assert of_images == [set(), {"policy/image-digest"}, {"policy/image-digest", "policy/image-registry"}]


def test_what_cannot_be_read_is_a_finding_in_the_order_of_files(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: [\n")
    (tmp_path / "b.yaml").write_text(POD.replace("containers", "contaners"))
    (tmp_path / "c.yaml").write_text("nothing: at all\n")
    told = found(tmp_path)
    assert told.findings[0].rule == "file/unreadable"
    assert [Path(one.location.file).name for one in told.findings if one.location][:2] == ["a.yaml", "b.yaml"]
    assert told.errors == len([one for one in told.findings if one.severity == "error"]) > 1
    assert len(told.skipped) == 1


def test_the_shipped_argocd_objects_are_clean() -> None:
    told = found(ROOT / "argocd")
    assert told.objects > 10
    assert told.errors == 0
