"""Overlays: what is laid over what, who set each value, and every fault of every file at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import ConfigError, Location, Reason
from generator.model.overlay import Merged, explain, merge, read_environment, unknown_environment
from generator.yaml.reader import Document, load
from generator.yaml.writer import dump, scalar
from hub import assets

SHIPPED = assets.environment_files()
NAMES = ("int", "prd", "stg")
KEY = st.sampled_from(["a", "b", "c"])
LEAF = st.integers(0, 99) | st.sampled_from(["x", "no", "1e3"]) | st.booleans() | st.none() | st.just([1, "y"])
TREE = st.dictionaries(KEY, st.recursive(LEAF, lambda inner: st.dictionaries(KEY, inner, max_size=3), max_leaves=8))
Path = tuple[str | int, ...]


def path_of(name: str) -> str:
    return f"environments/{name}/environment.yaml"


def files_of(name: str, **changed: str) -> dict[str, str]:
    """The two layers of a shipped environment, with texts of `base` or of its own changed."""
    return {path_of(layer): changed.get(layer, SHIPPED[path_of(layer)]) for layer in ("base", name)}


def faults(name: str, **changed: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_environment(name, files_of(name, **changed))
    assert caught.value.reason is Reason.INVALID_ENVIRONMENT
    return [str(fault) for fault in caught.value.faults]


def layers(*trees: Any) -> Merged:
    return merge([load(dump(tree), f"{number}.yaml") for number, tree in enumerate(trees)])


def leaves(tree: Any, path: Path = ()) -> dict[Path, Any]:
    if isinstance(tree, dict):
        return {p: v for key, child in tree.items() for p, v in leaves(child, (*path, key)).items()}
    return {path: tree}


def is_set(tree: Any, path: Path) -> bool:
    """Whether `tree` says something at `path` or, with something that is no mapping, above it."""
    for part in path:
        if not isinstance(tree, dict):
            return True
        if part not in tree:
            return False
        tree = tree[part]
    return True


@pytest.mark.parametrize(
    ("below", "above", "result"),
    [
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}}, {"a": {"x": 1, "y": 3}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"x": 1}}, {"a": 2}, {"a": 2}),
        ({"a": 2}, {"a": {"x": 1}}, {"a": {"x": 1}}),
        ({"a": {"x": 1}}, {"a": {}}, {"a": {"x": 1}}),
        ({"a": 1}, {"a": None}, {"a": None}),
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, ["not a mapping"], {"a": 1}),
    ],
    ids=["mappings merge", "a list is replaced", "a mapping by a value", "a value by a mapping", "nothing to say", "a null", "another key", "what is no mapping"],
)  # fmt: skip
def test_what_is_laid_over_what(below: Any, above: Any, result: Any) -> None:
    assert layers(below, above).data == result


@given(TREE, TREE)
def test_the_upper_layer_wins_and_the_lower_shows_where_it_is_silent(below: Any, above: Any) -> None:
    merged = leaves(layers(below, above).data)
    assert leaves(above).items() <= merged.items()
    silent = {path: value for path, value in leaves(below).items() if not is_set(above, path)}
    assert silent.items() <= merged.items()
    assert merged.keys() == leaves(above).keys() | silent.keys()


@given(TREE, TREE)
def test_every_value_has_the_place_where_it_is_written(below: Any, above: Any) -> None:
    merged = layers(below, above)
    for path, value in leaves(merged.data).items():
        where = merged.set_at(path)
        assert where is not None
        assert where.file == ("1.yaml" if path in leaves(above) else "0.yaml")
        if not isinstance(value, list):
            assert text_at(merged.layers[int(where.file[0])], (below, above), where) == scalar(value)


def text_at(layer: Document, trees: tuple[Any, Any], where: Location) -> str:
    assert layer.source == where.file
    return dump(trees[int(where.file[0])]).splitlines()[where.line - 1][where.column - 1 :]


@given(TREE)
def test_an_empty_layer_and_the_same_again_change_nothing(tree: Any) -> None:
    assert layers(tree).data == layers(tree, {}).data == layers({}, tree).data == layers(tree, tree).data == tree


def test_what_no_file_sets_has_its_parents_place_or_none() -> None:
    merged = layers({"a": {"b": 1}})
    assert merged.set_at(("a", "c")) is None
    assert merged.where(("a", "c", "d")) == merged.set_at(("a",)) == Location("0.yaml", 2, 3)


@pytest.mark.parametrize("name", NAMES)
def test_explain_names_file_line_and_column_of_every_value_we_ship(name: str) -> None:
    files = files_of(name)
    explained = list(explain(*read_environment(name, files)))
    assert {value.where.file for value in explained if value.where} == set(files)
    for value in explained:
        if value.where is None or isinstance(value.value, list):
            continue
        line = files[value.where.file].splitlines()[value.where.line - 1]
        assert line[value.where.column - 1 :].strip('"').startswith(scalar(value.value).strip('"')), value


def test_a_default_of_the_model_was_set_by_no_file() -> None:
    text = SHIPPED[path_of("base")].replace("apiVersion: environment.rtb-ai-hub/v1\n", "")
    own = SHIPPED[path_of("int")].replace("apiVersion: environment.rtb-ai-hub/v1\n", "")
    (version,) = (
        v for v in explain(*read_environment("int", files_of("int", base=text, int=own))) if v.path == ("apiVersion",)
    )
    assert (version.value, version.where) == ("environment.rtb-ai-hub/v1", None)


def test_every_fault_comes_at_once_with_its_place_in_the_file_that_made_it() -> None:
    base = (
        SHIPPED[path_of("base")]
        .replace("  lease:\n", "  leese: {}\n  lease:\n")
        .replace("  region: ap-northeast-2\n", "")
    )
    own = SHIPPED[path_of("int")].replace('"111111111111"', "111111111111") + "  compute:\n    default: fargat\n"
    found = faults("int", base=base, int=own)
    base_line = base[: base.index("leese")].count("\n") + 1
    account, compute = (own[: own.index(words)].count("\n") + 1 for words in ("account", "default: fargat"))
    assert len(found) == 4
    unknown = f"{path_of('base')}:{base_line}:10: spec.leese: there is no such field; allowed: account, region"
    assert any(text.startswith(unknown) and text.endswith("did you mean 'lease'?") for text in found)
    assert f"{path_of('int')}:{account}:12: spec.account: 111111111111 is not text; put it in quotes" in found
    assert (
        f"{path_of('int')}:{compute}:14: spec.compute.default: 'fargat' is not allowed; allowed: 'fargate' or 'spot'; did you mean 'fargate'?"
        in found
    )
    assert any("spec.region: is missing" in text for text in found)


def test_a_rule_across_fields_is_told_at_the_nearest_value() -> None:
    (fault,) = faults("int", int=SHIPPED[path_of("int")] + "  lease:\n    ttl: 96h\n")
    assert "spec.lease: warnBefore 2h < ttl 96h <= cap 72h must hold" in fault
    assert fault.startswith(path_of("int"))


def test_files_that_are_no_yaml_are_told_together() -> None:
    found = faults("int", base="a: [\n", int="b: 1\nb: 2\n")
    assert [text.split(":")[0] for text in found] == [path_of("base"), path_of("int")]
    assert found[1].startswith(f"{path_of('int')}:2:1: key 'b' stands twice")


def test_a_file_that_is_no_mapping() -> None:
    assert f"{path_of('int')}:1:1: ['a'] is not a mapping; allowed: apiVersion, kind, metadata, spec" in faults(
        "int", int="- a\n"
    )


def test_the_name_is_that_of_the_folder() -> None:
    (fault,) = faults("int", int=SHIPPED[path_of("int")].replace("name: int", "name: itn", 1))
    assert fault == f"{path_of('int')}:5:9: metadata.name: 'itn' is not the name of its folder; allowed: int"


def test_another_folder_is_another_environment() -> None:
    own = SHIPPED[path_of("stg")].replace("name: stg", "name: qa", 1).replace("stg.preview", "qa.preview")
    environment, _ = read_environment("qa", {path_of("base"): SHIPPED[path_of("base")], path_of("qa"): own})
    shipped, _ = read_environment("stg", files_of("stg"))
    assert (environment.name, environment.spec.domain) == ("qa", "qa.preview.example.com")
    assert environment.spec.lease == shipped.spec.lease


def test_an_environment_without_a_folder_is_told_the_nearest() -> None:
    (fault,) = unknown_environment("itn", NAMES).faults
    assert (fault.nearest, fault.allowed) == ("int", "int, prd, stg")
    assert "is a folder below environments/" in fault.remedy
