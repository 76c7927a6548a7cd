"""The text of a document that its shape writes is the text of the bound document, to the letter."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generator.render.render import HEADER, PreviewRenderer
from generator.render.skeleton import compile_skeleton, placeholder
from generator.render.templating import Renderer
from generator.render.written import text_of
from generator.yaml.writer import dump, dump_all
from worlds.builders import COMPONENTS, LIBRARY, environment, preview

COUNT = 4
#: What the writer makes of placeholders, and what surrounds values in lines, standing there as ordinary text.
LOOKALIKES = [
    '"\\ue0000\\ue001"',
    "\\ue0000\\ue001",
    'a: "\\ue0001\\ue001"',
    "- ",
    "---",
    "a: b",
    "\n",
    '"',
    "yes",
    "0x1",
]
TEXT = st.text(max_size=4) | st.sampled_from(LOOKALIKES)
SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | TEXT
VALUES = st.recursive(
    SCALARS, lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXT, below, max_size=3), max_leaves=6
)
PRINTED = st.integers(0, COUNT - 1).map(placeholder)
#: Of parts of a text, the first values are texts or numbers: nothing else may be a part.
JOINED = st.tuples(TEXT, st.sampled_from([placeholder(0), placeholder(1)]), TEXT).map("".join)
SKELETONS = st.recursive(
    SCALARS | PRINTED | JOINED, lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXT, below, max_size=3)
)


def bound(tree: Any, values: tuple[Any, ...]) -> Any:
    """`tree` with values in it, by the parser and binder that templates go through."""
    return compile_skeleton(json.dumps(tree))[0].bind(values) if tree is not None else None


@given(SKELETONS, st.tuples(TEXT, st.integers(0, 9), VALUES, VALUES))
@example({"a": [[placeholder(2)], placeholder(3)], "b": {"c": placeholder(2)}}, ("", 0, {"x": [1]}, [[], {}, [1]]))
@example([{placeholder(0): 1}], ("a", 0, 0, 0))
def test_a_shape_writes_what_the_writer_writes(tree: Any, values: tuple[Any, ...]) -> None:
    write = text_of(tree)
    if write is not None:
        assert write(values) == dump(bound(tree, values))


def test_a_shape_with_values_for_keys_is_not_written_ahead() -> None:
    assert text_of({"a": {placeholder(0): 1}}) is None
    assert text_of({"a": {"b": placeholder(0)}, "c": [placeholder(1), "x"]}) is not None


def test_what_cannot_be_written_is_told_when_it_is_written() -> None:
    renderer = Renderer({"templates/a": "a: 1.5\nb: {{ x }}\n"})
    document = renderer.documents("templates/a", {"x": 1})[0]
    with pytest.raises(TypeError, match="float"):
        document.text()


@pytest.mark.parametrize("blueprint", COMPONENTS)
def test_a_preview_is_written_as_its_objects(blueprint: str) -> None:
    env = environment()
    rendering = PreviewRenderer(LIBRARY).render(preview(env, blueprint=blueprint), env)
    assert rendering.text == dump_all((manifest.data for manifest in rendering.manifests), HEADER)
