"""Strict reading: every value with its place, every mistake a fault, nothing without bound."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import ConfigError, Location, Reason
from generator.yaml.reader import MAX_FILE_NODES, MAX_NODES, load, load_all

TEXT = """\
apiVersion: v1
spec:
  components:
    web: {port: 3000}
  list:
    - a
    - name: b
"""


@pytest.mark.parametrize(
    ("path", "value_at", "key_at"),
    [
        ((), (1, 1), (1, 1)),
        (("apiVersion",), (1, 13), (1, 1)),
        (("spec", "components", "web", "port"), (4, 17), (4, 11)),
        (("spec", "list", 1, "name"), (7, 13), (7, 7)),
        (("spec", "list", 0), (6, 7), (6, 7)),
    ],
    ids=["the root", "a scalar", "in a flow mapping", "in a list's item", "a list's item"],
)
def test_places_are_those_an_editor_shows(
    path: tuple[str | int, ...], value_at: tuple[int, int], key_at: tuple[int, int]
) -> None:
    document = load(TEXT, "f.yaml")
    assert document.location(path) == Location("f.yaml", *value_at)
    assert document.key_location(path) == Location("f.yaml", *key_at)


def test_a_missing_value_has_its_parents_place() -> None:
    document = load(TEXT, "f.yaml")
    assert document.location(("spec", "nothing")) is None
    assert document.nearest_location(("spec", "list", 7, "x")) == Location("f.yaml", 5, 3)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", False),
        ("Yes", True),
        ("on", True),
        ("0123", 83),
        ("0x1F", 31),
        ("1_000", 1000),
        ("-12", -12),
        ("12:30:45", "12:30:45"),
        ("2026-11-23", "2026-11-23"),
        ("2026-11-23T02:00:00Z", "2026-11-23T02:00:00Z"),
        ("1.5", 1.5),
        ("~", None),
        ("'no'", "no"),
        ("=", "="),
        ("y", True),
        ("N", False),
        ("1e3", 1000.0),
        ("12345e6", 12345000000.0),
        ("08", 8.0),
        ("0o17", 15),
        ("0X1F", 31),
        ("+.5", 0.5),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("0x7fffffffffffffff", 2**63 - 1),
        ("'18446744073709551616'", "18446744073709551616"),
    ],
)
def test_scalars_are_read_as_kubernetes_would(text: str, value: object) -> None:
    found = load(f"a: {text}", "f").data["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", "f:2:1: key 'a' stands twice, first in line 1"),
        ("1: x", "f:1:1: key '1' is not text"),
        ("[a]: x", "f:1:1: key 'a collection' is not text"),
        ("a: !!python/object:os.system x", "f:1:4: has the tag"),
        ("a: &x 1\nb: [*x]\nc: &y [1]\nd: *y", "f:3:4: is an alias"),
        ("a: &x {b: 1}\n<<: *x", "f:2:1: key '<<' is not text"),
        ("a: [1", "f:2:1: is not YAML"),
        ("a: 1\n---\nb: 2", "f:3:1: holds several documents"),
        ("a: \x00", "holds a character that YAML does not allow"),
        ("[" * 100 + "]" * 100, "deeper than 64 levels"),
        ("- " * 1_000_000, "deeper than 64 levels"),
        ("a: " + "{a: " * 1_000_000, "f:1:256: is nested deeper than 64 levels"),
        ("a: {b: !x {c: 1}}", "f:1:8: has the tag '!x'"),
        ("a: !!set {b}", "f:1:4: has the tag 'set'"),
        ("a: !!str {b: 1}", "f:1:4: has the tag 'str'"),
        ("a: !!int x", "f:1:4: 'x' is not a value of the kind 'int'"),
        ("a: !!float x", "f:1:4: 'x' is not a value of the kind 'float'"),
        ("a: !!bool maybe", "f:1:4: 'maybe' is not a value of the kind 'bool'"),
        ("a: .inf", "f:1:4: '.inf' is not a value of the kind 'float'"),
        ("a: .NaN", "f:1:4: '.NaN' is not a value of the kind 'float'"),
        ("y: 1", "f:1:1: key 'y' is not text"),
        ("a: 0x_", "f:1:4: '0x_' is not a value of the kind 'int'"),
        ("a: " + "1" * 5000, "f:1:4: '1111"),
        ("a: 9223372036854775808", "f:1:4: '9223372036854775808' is a number beyond 64 bits"),
        ("a: [-9223372036854775809]", "f:1:5: '-9223372036854775809' is a number beyond 64 bits"),
        ("a: 0xFFFFFFFFFFFFFFFF", "put it in quotes if it is text"),
        ("a: \ud800", "holds half of a surrogate pair at offset 3"),
    ],
    ids=[
        "a key twice",
        "a number as key",
        "a list as key",
        "a tag",
        "an alias",
        "a merge key",
        "an open list",
        "several documents",
        "a NUL",
        "nested too deep",
        "so deep that a stack would overflow",
        "mappings so deep that a stack would overflow",
        "a tag on a mapping",
        "a set",
        "a mapping that says it is text",
        "a word that says it is a number",
        "a word that says it is a fraction",
        "a word that says it is a truth value",
        "an infinite number",
        "what is not a number",
        "a truth value as key",
        "a prefix without digits",
        "more digits than a number may have",
        "one more than 64 bits hold",
        "one less than 64 bits hold",
        "64 bits without a sign",
        "half of a surrogate pair",
    ],
)
def test_mistakes_are_faults_with_their_place(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(text, "f")
    assert caught.value.reason is Reason.UNREADABLE_YAML
    assert message in str(caught.value)


def test_all_mistakes_of_a_file_come_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load("a: 1\na: 2\nb: !x 1\n2: c\n", "f")
    assert [fault.where.line for fault in caught.value.faults if fault.where] == [2, 3, 4]


def test_bytes_must_be_utf_8() -> None:
    with pytest.raises(ConfigError, match="not UTF-8 at byte 3"):
        load(b"a: \xff", "f")


def test_manifests_may_use_anchors() -> None:
    (document,) = load_all("a: &x {b: 1}\nc: *x\n", "f")
    assert document.data == {"a": {"b": 1}, "c": {"b": 1}}


def test_a_bomb_of_aliases_is_refused() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    with pytest.raises(ConfigError, match="more than 200000 values"):
        load_all("\n".join(levels), "f")


def test_an_alias_of_what_holds_it_is_refused() -> None:
    with pytest.raises(ConfigError, match="deeper than 64 levels"):
        load_all("a: &x [*x]", "f")


def test_as_deep_as_allowed_is_read() -> None:
    assert str(load("[" * 65 + "]" * 65, "f").data) == "[" * 65 + "]" * 65
    with pytest.raises(ConfigError, match="deeper than 64 levels"):
        load("[" * 66 + "]" * 66, "f")


def test_an_empty_text_is_an_empty_document() -> None:
    assert load("", "f").data is None
    assert load_all("---\n---\na: 1\n", "f")[-1].data == {"a": 1}


#: Pieces that YAML gives a meaning to: joined, they reach far more of a parser than letters by chance.
PIECES = [
    "a",
    "b",
    ": ",
    "- ",
    "\n",
    "\n  ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "? ",
    "&a ",
    "*a",
    "!!int ",
    "!!bool ",
    "!x ",
    "|",
    ">",
]
PIECES += [
    "'",
    '"',
    "#",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "<<",
    "0x",
    "_",
    "0",
    "8",
    ".",
    "e+9",
    "~",
    "=",
    "\0",
    "\t",
    "\ud800",
]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_mangled_yaml_raises_declared_errors_only(text: str) -> None:
    try:
        load_all(text, "f")
    except ConfigError as err:
        assert err.faults


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_arbitrary_input_raises_declared_errors_only(text: str | bytes) -> None:
    try:
        load_all(text, "f")
    except ConfigError as err:
        assert err.faults


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &a {x: 1, w: 2}\nb: {<<: *a, w: 3}\n", {"x": 1, "w": 3}),
        ("a: &a {x: 1, w: 2}\nb: {w: 3, <<: *a}\n", {"x": 1, "w": 3}),
        ("a: &a {x: 1}\nc: &c {x: 2, z: 3}\nb: {<<: [*a, *c]}\n", {"x": 1, "z": 3}),
        ("a: &a {x: 1}\nc: &c {<<: *a, z: 3}\nb: {<<: *c}\n", {"x": 1, "z": 3}),
        ("b: {'<<': 1}\n", {"<<": 1}),
    ],
)
def test_a_merge_key_adds_what_is_not_there(text: str, value: object) -> None:
    (document,) = load_all(text, "f")
    assert document.data["b"] == value


def test_a_merge_key_merges_mappings_only_and_not_where_aliases_are_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be merged"):
        load_all("b: {<<: 1}\n", "f")
    with pytest.raises(ConfigError, match="key '<<' is not text"):
        load("b: {<<: {a: 1}}\n", "f")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'{"a": "\ud83d\ude80 go"}', "\U0001f680 go"),
        (r'{"a": "\uD83D\uDE80\ud83d\ude80"}', "\U0001f680\U0001f680"),
        (r'{"a": "\\ud83d"}', r"\ud83d"),
        (r'{"a": "\ud83d!"}', "\ufffd!"),
        (r'{"a": "\ude80"}', "\ufffd"),
        (r'{"a": "\u00e9\/"}', "é/"),
    ],
)
def test_json_may_write_a_character_as_two_escapes(text: str, value: str) -> None:
    (document,) = load_all(text, "f")
    assert document.data == {"a": value}


@pytest.mark.parametrize(("read", "most"), [(load, MAX_FILE_NODES), (load_all, MAX_NODES)])
def test_a_file_of_too_many_values_is_refused_before_it_is_read_whole(read: Callable[..., object], most: int) -> None:
    """The sequence is a value, too."""
    read("[" + "1," * (most - 2) + "1]", "x.yaml")
    with pytest.raises(ConfigError) as caught:
        read("[" + "1," * (most - 1) + "1]", "x.yaml")
    assert caught.value.faults[0].message == f"holds more than {most} values"


def test_other_keys_are_text_where_asked_for() -> None:
    text = "1: a\n0x10: b\nyes: c\n3.14: d\n1000000.0: e\n2e-7: f\n-4: g\n"
    (document,) = load_all(text, "f", other_keys=True)
    assert document.data == {"1": "a", "16": "b", "true": "c", "3.14": "d", "1e+06": "e", "2e-07": "f", "-4": "g"}
    assert str(document.key_location(("1",))) == "f:1:1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1: a\n'1': b", "f:2:1: key '1' stands twice, first in line 1"),
        ("null: a", "f:1:1: key 'null' is not text"),
        ("[a]: b", "f:1:1: key 'a collection' is not text"),
        ("1e300: a", "f:1:1: key '1e300' is not text"),
    ],
)
def test_other_keys_that_are_none_are_faults(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        load_all(text, "f", other_keys=True)
