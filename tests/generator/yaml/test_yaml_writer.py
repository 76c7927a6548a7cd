"""What we write is read back the same by every parser that matters: PyYAML (1.1), ruamel.yaml (1.2) and Go's."""

from __future__ import annotations

import io
import itertools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from generator.errors import ConfigError
from generator.yaml.reader import load
from generator.yaml.writer import dump, dump_all, quoted
from worlds.hostile import CORPUS
from worlds.places import REAL_HOME, WORLDS

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
TREE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def by_pyyaml(text: str) -> Any:
    return yaml.load(text, Loader=yaml.CSafeLoader)


def by_ruamel(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(io.StringIO(text))


@pytest.fixture(scope="session")
def go_parsers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that reads YAML by the parsers of Kubernetes and of Argo CD and prints JSON."""
    go = shutil.which("go") or str(Path(sys.executable).parent / "go")
    program = tmp_path_factory.mktemp("go") / "goyaml"
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(REAL_HOME),
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=readonly",
        "CGO_ENABLED": "0",
    }
    env |= {name: os.environ[name] for name in os.environ if name.startswith(("GOPROXY", "GOSUM", "GONO", "SSL_"))}
    source = WORLDS / "go_yaml"
    built = subprocess.run(
        [go, "build", "-o", program, "."], cwd=source, env=env, check=False, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
    return program


@pytest.mark.parametrize(
    "read", [by_pyyaml, by_ruamel, lambda text: load(text, "x").data], ids=["PyYAML", "ruamel", "ours"]
)
def test_every_hostile_text_survives_as_value_and_key(read: Any) -> None:
    for text in CORPUS:
        tree = {"value": text, "list": [text, [text]], "keys": {text[:150]: 1}}
        assert read(dump(tree)) == tree, text


@given(TREE)
def test_any_tree_is_read_back_by_python(tree: Any) -> None:
    text = dump(tree)
    assert by_pyyaml(text) == tree
    assert load(text, "x").data == tree
    assert not {*text} & {*"\0\r\t\x1b\x7f\x85\xa0\u2028\u2029\ufeff\u200b\u202e"}, "shown escaped"


@given(TREE)
def test_any_tree_is_read_back_by_yaml_1_2(tree: Any) -> None:
    assert by_ruamel(dump(tree)) == tree


def test_go_reads_what_we_write(go_parsers: Path) -> None:
    made: list[str] = []

    @given(st.lists(TEXT, min_size=20, max_size=60))
    def collect(texts: list[str]) -> None:
        made.extend(texts)

    collect()
    texts = [*CORPUS, *made]
    tree = {
        "texts": texts,
        "keys": {text: index for index, text in enumerate(dict.fromkeys(text[:150] for text in texts))},
    }
    for parser in ("sigs.k8s.io/yaml", "yaml.v3"):
        result = subprocess.run([go_parsers, parser], input=dump(tree).encode(), capture_output=True, check=True)
        assert json.loads(result.stdout) == tree, parser


SCALARS = """
y n Y N yes No ON off true TRUE tRUE ~ null Null nULL 1e3 1E3 1e+3 1.5e3 12345e6 0123 08 09 0o17 0O17 0x1f 0X1F 0b11
0B11 1_000 .5 5. 5.5 +1 -1 +.5 -.5e-3 -0123 +0x1F 0b2 0o8 1__0 _1 1_ 250m 1Gi 1.2.3 v1 1e 1e+ e3 . - + .. +- 0o 0x = 0 -0
9223372036854775807 1.50 24h 1-2 0.0.0.0 0xg 1,2 yess nn yn Y1
"""


def test_we_read_plain_words_as_kubernetes_does(go_parsers: Path) -> None:
    text = "\n".join(f"- {word}" for word in SCALARS.split() if word != "-")
    done = subprocess.run([go_parsers, "sigs.k8s.io/yaml"], input=text.encode(), capture_output=True, check=True)
    theirs, ours = json.loads(done.stdout), load(text, "x").data
    assert [(word, isinstance(word, bool)) for word in ours] == [(word, isinstance(word, bool)) for word in theirs]


def test_a_value_is_one_line_whatever_it_holds() -> None:
    assert all(dump({"a": text}).count("\n") == 1 for text in CORPUS)


@pytest.mark.parametrize(
    "word", ["web", "preview-rtb-123", "app.kubernetes.io/name", "RuntimeDefault", "/api", "v1.34"]
)
def test_plain_words_stay_plain(word: str) -> None:
    assert quoted(word) == word


@pytest.mark.parametrize(
    "text", ["y", "N", "on", "Off", "null", "~", "1e3", "0123", "12345e6", "250m", "", "a:", "=", ".inf"]
)
def test_doubtful_words_are_quoted(text: str) -> None:
    assert quoted(text) == f'"{text}"'


@pytest.mark.parametrize(
    "word", ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity"]
)
def test_words_with_a_meaning_are_quoted_in_any_case(word: str) -> None:
    for cases in itertools.product(*((letter, letter.upper()) for letter in word)):
        assert quoted("".join(cases)) == f'"{"".join(cases)}"'


@given(st.permutations(CORPUS[:60]))
def test_the_order_of_insertion_does_not_show(texts: list[str]) -> None:
    assert dump(dict.fromkeys(texts, 1)) == dump(dict.fromkeys(CORPUS[:60], 1))


def test_keys_are_sorted_so_that_order_of_input_does_not_show() -> None:
    assert (
        dump({"b": 1, "a": {"d": 2, "c": 3}}) == dump({"a": {"c": 3, "d": 2}, "b": 1}) == "a:\n  c: 3\n  d: 2\nb: 1\n"
    )


def test_documents_follow_the_header() -> None:
    assert dump_all([{"a": 1}, {"b": []}], "# made\n") == "# made\n---\na: 1\n---\nb: []\n"


def test_a_float_is_refused_because_parsers_differ_on_it() -> None:
    with pytest.raises(TypeError, match="float"):
        dump({"price": 0.1})


def test_a_key_too_long_for_yaml_is_refused() -> None:
    with pytest.raises(ConfigError, match="key of 10002 characters"):
        dump({" " * 10_000: 1})


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(ConfigError, match="surrogate"):
        dump({"a": "\ud800"})
