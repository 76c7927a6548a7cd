"""What was judged before is not judged again, and what is told stays the same, whatever came before."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.objects.findings import Finding
from generator.objects.manifest import Manifest, manifests_in
from generator.objects.pods import template_path
from generator.validate import known
from generator.validate.known import content_of, unless_good, without_images
from generator.validate.policy import PolicySettings
from generator.values.model_faults import field_path
from worlds.places import ROOT
from worlds.validating import VALIDATOR

GOLDEN = ROOT / "tests" / "golden"
#: What stands where it should not, of every type.
ODD: tuple[Any, ...] = (None, "", 0, -1, True, 1.5, [], {}, "No_Name", "10Zi", ["ALL", None], {"x": None}, "9" * 300)
LEAVES = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, -0.0, 1.0]) | st.text(max_size=3)
TREES = st.recursive(
    LEAVES, lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=2), below, max_size=3)
)


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "_known", {})


def of_golden(name: str) -> tuple[tuple[Manifest, ...], PolicySettings]:
    manifests = manifests_in((GOLDEN / name).read_text(encoding="utf-8"), name)
    namespace = next(m.identity.name for m in manifests if m.kind == "Namespace")
    return manifests, PolicySettings(namespace)


def findings(manifests: tuple[Manifest, ...], settings: PolicySettings) -> tuple[Finding, ...]:
    return VALIDATOR.validate(manifests, kubernetes=["1.34"], settings=settings)


def looking_at_all(
    manifests: tuple[Manifest, ...], settings: PolicySettings, patch: pytest.MonkeyPatch
) -> tuple[Finding, ...]:
    """What is found with nothing kept and every container's own image."""
    with patch.context() as context:
        context.setattr(known, "LONGEST", -1)
        context.setattr(known, "_without_image", lambda container: container)
        return findings(manifests, settings)


def places(tree: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in pairs:
        yield (*path, key)
        yield from places(value, (*path, key))


def put(tree: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """A copy of `tree` with `value` at `path`."""
    changed = copy.deepcopy(tree)
    at = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return changed


def judged(manifest: Manifest) -> tuple[str | int, ...] | None:
    """Where the part stands that is judged once."""
    if manifest.kind in ("LimitRange", "ResourceQuota", "Service", "Ingress"):
        return ("spec",)
    template = template_path(manifest)
    return None if template is None else (*template, "spec")


@pytest.mark.parametrize(
    "name",
    [
        "previews/web-api-postgres-int-fargate/manifest.yaml",
        "previews/web-int-spot/manifest.yaml",
        "blueprints/migrated-api.yaml",
    ],
)
def test_a_changed_part_is_told_as_if_nothing_were_known(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    manifests, settings = of_golden(name)
    assert findings(manifests, settings) == ()
    told = 0
    for index, manifest in enumerate(manifests):
        top = judged(manifest)
        inner = () if top is None else [p for p in places(manifest.data) if p[: len(top)] == top]
        for number, path in enumerate(inner):
            odd = ODD[number % len(ODD)]
            changed = replace(manifest, data=put(manifest.data, path, odd))
            every = (*manifests[:index], changed, *manifests[index + 1 :])
            expected = looking_at_all(every, settings, monkeypatch)
            assert findings(every, settings) == expected, field_path(path)
            assert findings(every, settings) == expected, f"{field_path(path)} a second time"
            told += len(expected)
        assert findings(manifests, settings) == (), "what was good still is"
    assert told > 100


@pytest.mark.parametrize(
    "image", ["", None, 7, "registry.example.com/a:latest", "evil.example.com/a@sha256:" + 64 * "0"]
)
def test_an_image_is_judged_each_time(image: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    manifests, settings = of_golden("previews/web-api-int-fargate/manifest.yaml")
    settings = replace(settings, registries=("registry.example.com",))
    findings(manifests, settings)
    at = next(index for index, m in enumerate(manifests) if m.kind == "Deployment")
    path = ("spec", "template", "spec", "containers", 0, "image")
    every = (*manifests[:at], replace(manifests[at], data=put(manifests[at].data, path, image)), *manifests[at + 1 :])
    expected = looking_at_all(every, settings, monkeypatch)
    assert expected
    assert findings(every, settings) == expected


def test_what_is_good_on_a_node_is_not_taken_for_good_on_fargate() -> None:
    manifests, settings = of_golden("previews/web-api-int-spot/manifest.yaml")
    assert findings(manifests, settings) == ()
    at = next(index for index, m in enumerate(manifests) if m.kind == "Deployment")
    label = ("spec", "template", "metadata", "labels", "rtb.hub/compute")
    changed = replace(manifests[at], data=put(manifests[at].data, label, "fargate"))
    told = {finding.rule for finding in findings((*manifests[:at], changed, *manifests[at + 1 :]), settings)}
    assert "fargate/node-choice" in told


def test_what_was_good_is_not_asked_again_and_what_was_not_is() -> None:
    asked: list[str] = []

    def rules(name: str, *found: Finding) -> Iterator[Finding]:
        asked.append(name)
        yield from found

    manifest = Manifest({"kind": "Pod"}, "f.yaml")
    wrong = Finding.of(manifest, "api/pod", "is wrong", (), "")
    for _ in range(2):
        assert list(unless_good("a", b"good", rules("good"))) == []
        assert list(unless_good("a", b"bad", rules("bad", wrong))) == [wrong]
        assert list(unless_good("a", None, rules("long"))) == []
    assert asked == ["good", "bad", "long", "bad", "long"]


@given(TREES, TREES)
def test_content_is_equal_for_equal_parts_alone(one: Any, other: Any) -> None:
    assert (content_of(one) == content_of(other)) == (repr(one) == repr(other))
    assert content_of(copy.deepcopy(one)) == content_of(one)


def test_content_of_what_is_no_plain_data_or_is_long_is_not_kept() -> None:
    class Text(str):
        __slots__ = ()

    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    assert [content_of(part) for part in (Text("a"), object(), deep, "a" * known.LONGEST)] == [None] * 4


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "MOST", 3)
    answers = [known.known("n", content_of(number), lambda number=number: number * 2) for number in range(10)]
    assert answers == [number * 2 for number in range(10)]
    assert len(known._known) <= 3


def test_an_answer_that_another_thread_drops_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "MOST", 0)
    monkeypatch.setattr(known, "_keep", lambda _, __: known._known.clear())
    assert known.known("n", b"a", lambda: 7) == 7


def test_a_part_without_images_is_the_same_but_for_them() -> None:
    pod = {"containers": [{"image": "a", "name": "x"}, {"image": ""}, {"name": "y"}, None], "initContainers": "no"}
    before = copy.deepcopy(pod)
    assert without_images(pod) == {
        "containers": [{"image": "image", "name": "x"}, {"image": ""}, {"name": "y"}, None],
        "initContainers": "no",
    }
    assert pod == before
    assert without_images([1]) == [1]
