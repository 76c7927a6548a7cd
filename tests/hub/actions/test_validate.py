"""Validating files that people keep: what is checked together, and in which order it is told."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from generator.errors import ConfigError
from generator.model.environment import Environment
from hub.actions.manifest_files import read_definitions, read_manifests
from hub.actions.validate import CHECK_ALL, Choices, Validated, validate
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


def findings_in(folder: Path, **texts: str) -> list[tuple[str, str, str, int]]:
    """(rule, file, severity, line) of what is found in files of these names and texts, `_` for a slash in the name."""
    for name, text in texts.items():
        path = folder / f"{name.replace('_', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return [
        (one.rule, Path(one.location.file).name, one.severity, one.location.line)
        for one in found(folder).findings
        if one.location
    ]


CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\n"


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("apiVersion: v1\nkind: [Pod]\nmetadata: {name: a}\n", 2, "kind: is not text"),
        ("apiVersion: v1\nkind: {a: b}\nmetadata: {name: a}\n", 2, "kind: is not text"),
        ("apiVersion: 1\nkind: Pod\n", 1, "apiVersion: is not text"),
        ("apiversion: v1\nkind: ConfigMap\n", 1, "apiVersion: is missing"),
        (f"{CONFIG}---\napiVersion: v1\nmetadata: {{name: a}}\n", 5, "kind: is missing"),
        ("spec: {a: b}\n", 1, "apiVersion: is missing"),
    ],
)
def test_what_is_meant_as_an_object_and_is_none_is_told(text: str, line: int, told: str, tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(text)
    (finding,) = found(tmp_path).findings
    assert (finding.rule, finding.message, finding.location and finding.location.line) == ("file/no-object", told, line)


def test_a_misspelt_key_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text("apiVersion: v1\nKind: ConfigMap\nmetadata: {name: a}\n")
    assert [one.remedy for one in found(tmp_path).findings] == ["rename 'Kind' to 'kind'"]


def test_a_file_that_is_named_must_hold_objects_and_one_in_a_folder_need_not(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text("nothing: at all\n")
    assert found(tmp_path).findings == ()
    assert [one.rule for one in found(tmp_path / "f.yaml").findings] == ["file/no-object"]


def test_only_what_tools_read_is_left_out(tmp_path: Path) -> None:
    flux = (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a}\nspec: {intervall: 5m}\n"
    )
    others = "apiVersion: example.com/v1\nkind: %s\nmetadata: {name: a}\n"
    for kind in ("Component", "Environment", "Preview", "Blueprint"):
        (tmp_path / f"{kind}.yaml").write_text(others % kind)
    (tmp_path / "flux.yaml").write_text(flux)
    (tmp_path / "k.yaml").write_text("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n")
    (tmp_path / "c.yaml").write_text("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n")
    (tmp_path / "p.yaml").write_text("apiVersion: preview.rtb-ai-hub/v1\nkind: Preview\n")
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: a\n")
    told = found(tmp_path)
    assert (told.objects, len(told.skipped)) == (5, 4)


def test_items_of_a_list_that_are_no_objects_are_told(tmp_path: Path) -> None:
    items = "\n".join(f"- {item}" for item in ("null", "text", "{kind: ConfigMap, metadata: {name: a}}", "[]"))
    told = findings_in(tmp_path, a=f"apiVersion: v1\nkind: List\nitems:\n{items}\n")
    assert [(rule, line) for rule, _, _, line in told] == [
        ("file/list-item", 4),
        ("file/list-item", 5),
        ("file/no-object", 6),
        ("file/list-item", 7),
    ]


def test_items_of_a_list_of_one_kind_are_of_that_kind(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: ConfigMapList\nitems:\n- metadata: {name: A}\n- metadata: {name: b}\n"
    assert findings_in(tmp_path, a=text) == [("api/name", "a.yaml", "error", 4)]


def test_the_same_object_twice_is_an_error_in_one_folder_and_a_warning_in_two(tmp_path: Path) -> None:
    assert findings_in(tmp_path / "one", a=f"{CONFIG}---\n{CONFIG}") == [("file/duplicate", "a.yaml", "error", 7)]
    assert findings_in(tmp_path / "two", a=CONFIG, b=CONFIG) == [("file/duplicate", "b.yaml", "error", 3)]
    assert findings_in(tmp_path / "overlays", int_a=CONFIG, stg_a=CONFIG) == [
        ("file/duplicate", "a.yaml", "warning", 3)
    ]
    generated = "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}\n"
    assert findings_in(tmp_path / "generated", a=f"{generated}---\n{generated}") == []


def test_a_finding_of_an_object_that_stands_twice_is_told_where_it_is(tmp_path: Path) -> None:
    wrong = CONFIG + "data: {a b: c}\n"
    told = findings_in(tmp_path, a=f"{wrong}---\n{wrong}")
    assert [line for rule, _, _, line in told if rule == "api/data"] == [4, 9]


def test_one_preview_in_two_environments_is_two(tmp_path: Path) -> None:
    for name in ("int", "stg"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.yaml").write_text(render(preview(environment(name)), environment(name)).text)
    assert found(tmp_path).findings == ()


def test_a_link_that_leads_up_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(CONFIG)
    (tmp_path / "up").symlink_to(tmp_path)
    assert found(tmp_path).objects == 1


def test_standard_input_is_read_to_a_limit(tmp_path: Path) -> None:
    asked: list[int] = []

    def stdin(most: int) -> bytes:
        asked.append(most)
        return CONFIG.encode()

    files = read_manifests([Path("-")], stdin)
    assert (len(files.manifests), files.findings, asked[0] < 2**30) == (1, [], True)
    assert str(files.locate(files.manifests[0], ("kind",))) == "stdin:2:1"


def test_a_pipe_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(CONFIG,))
    writer.start()
    files = read_manifests([pipe])
    writer.join()
    assert len(files.manifests) == 1


def test_nothing_to_check_is_an_error_unless_allowed(tmp_path: Path) -> None:
    files = read_manifests([tmp_path])
    arguments: dict[str, Any] = {"versions": ("1.34",), "environment": None, "validator": VALIDATOR}
    with pytest.raises(ConfigError, match="no Kubernetes object"):
        validate(files, **arguments, choices=Choices(allow_empty=False))
    assert validate(files, **arguments, choices=Choices()).objects == 0


DEFINITION = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
"""
WIDGET = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec: {sise: 1}\n"


def told(folder: Path, choices: Choices = CHECK_ALL) -> list[tuple[str, str]]:
    files = read_manifests([folder])
    checked = validate(files, versions=("1.34",), environment=None, validator=VALIDATOR, choices=choices)
    return [(one.rule, one.severity) for one in checked.findings]


def test_a_kind_is_known_by_a_definition_given_or_beside_it(tmp_path: Path) -> None:
    (tmp_path / "objects").mkdir()
    (tmp_path / "objects" / "w.yaml").write_text(WIDGET)
    assert told(tmp_path / "objects") == [("schema/unknown-kind", "error")]
    (tmp_path / "crds").mkdir()
    item = DEFINITION.replace("\n", "\n  ")
    (tmp_path / "crds" / "c.yaml").write_text(f"apiVersion: v1\nkind: List\nitems:\n- {item}")
    given = read_definitions([tmp_path / "crds"])
    assert told(tmp_path / "objects", Choices(given)) == [("schema/unknown-field", "error")]
    (tmp_path / "objects" / "c.yaml").write_text(DEFINITION)
    assert told(tmp_path / "objects") == [("schema/unknown-field", "error")]


@pytest.mark.parametrize(
    "schema",
    ["{type: object, properties: {spec: {pattern: '('}}}", "{type: [object]}", "null", "{properties: 1}"],
)
def test_a_definition_that_cannot_be_used_hides_nothing(schema: str, tmp_path: Path) -> None:
    head, _, _ = DEFINITION.rpartition("{openAPIV3Schema")
    (tmp_path / "c.yaml").write_text(f"{head}{{openAPIV3Schema: {schema}}}\n")
    (tmp_path / "w.yaml").write_text(WIDGET)
    (tmp_path / "z.yaml").write_text(CONFIG.replace("name: a", "name: A"))
    assert ("api/name", "error") in told(tmp_path)


def test_definitions_that_are_asked_for_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(CONFIG)
    with pytest.raises(ConfigError, match="defines no kind"):
        read_definitions([tmp_path])
    (tmp_path / "c.yaml").write_text("a: [\n")
    with pytest.raises(ConfigError, match=r"c\.yaml"):
        read_definitions([tmp_path])


@pytest.mark.parametrize("skip", ["Widget", "example.com/Widget", "example.com/v1/Widget"])
def test_kinds_are_skipped_and_unknown_ones_noted_as_asked(skip: str, tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_text(WIDGET)
    assert told(tmp_path, Choices(skip=(skip,))) == []
    noted = Choices(skip=("other.example.com/Widget",), unknown="note")
    assert told(tmp_path, noted) == [("schema/unknown-kind", "note")]
