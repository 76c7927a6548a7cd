"""What is printed for machines: names, values with tabs, and what an expression selects; and what of it is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.errors import Reason
from hub.output.exit_codes import CODES
from hub.output.query import LONGEST, Query, QueryError
from worlds.builders import image
from worlds.commands import git, must, rtb_hub
from worlds.repositories import state_repository

WEB = ("--blueprint", "web", "--image", f"web={image('web')}")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RTB-1 in int and stg, RTB-2 in int."""
    made = state_repository(tmp_path_factory.mktemp("printed") / "state.git")
    for key, env in (("RTB-1", "int"), ("RTB-1", "stg"), ("RTB-2", "int")):
        must("start", key, "--env", env, *WEB, "--repo", made)
    return made


def text(expression: str, state: Path) -> str:
    return must("list", "--query", expression, "-o", "text", "--repo", state).out


def test_a_selection_is_printed_as_asked(state: Path) -> None:
    wanted: list[Any] = [{"key": "RTB-1", "in": "int"}, {"key": "RTB-1", "in": "stg"}, {"key": "RTB-2", "in": "int"}]
    asked = ("list", "--query", "previews[].{key: issue, in: environment}", "--repo", state)
    assert must(*asked).json() == must(*asked, "-o", "json").json() == wanted
    assert yaml.safe_load(must(*asked, "-o", "yaml").out) == wanted
    assert must(*asked, "-o", "text").out == "int\tRTB-1\nstg\tRTB-1\nint\tRTB-2\n"
    assert must("list", "--query", "nothing.at.all", "--repo", state).out == "null\n"


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("previews[0].issue", "RTB-1\n"),
        ("previews[].issue", "RTB-1\tRTB-1\tRTB-2\n"),
        ("previews[].[issue, lease.officeHours]", "RTB-1\tfalse\nRTB-1\tfalse\nRTB-2\tfalse\n"),
        ("previews[:1].{a: issue, b: components.web.replicas, c: branch}", "RTB-1\t1\tnull\n"),
        ("previews[:1].{b: components.web.{n: replicas}, a: issue}", "RTB-1\n1\n"),
        ('[`{"a": 1}`, `{"b": 2}`]', "1\tnull\nnull\t2\n"),
        ("'a\tb\nc\x1b'", "a\\tb\\nc\\x1b\n"),
        ("`[]`", ""),
        ("avg(`[1, 2]`)", "1.5\n"),
        ("previews[?issue==`RTB-2`].issue", "RTB-2\n"),
    ],
    ids=str,
)  # fmt: skip
def test_values_have_tabs_between_them(expression: str, wanted: str, state: Path) -> None:
    assert text(expression, state) == wanted


def test_fractions_are_text_in_yaml(state: Path) -> None:
    told = must("list", "--query", "{a: avg(`[1, 2]`), b: avg(`[2]`)}", "-o", "yaml", "--repo", state).out
    assert yaml.safe_load(told) == {"a": "1.5", "b": 2}


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("previews[?a", "'previews[?a' ends too early, at character 12"),
        ("a{", "'a{' has an unexpected '{' at character 2"),
        ("a #", "'a #' has what is not JMESPath at character 3: Unknown token #"),
        ("", "is empty"),
        ("lenght(@)", "lenght() is not a function; allowed: abs, avg,"),
        ("a[?length(@, @)]", "length() takes 1 argument, and has 2"),
        ("not_null()", "not_null() takes at least 1 argument, and has 0"),
        ("a" * (LONGEST + 1), f"has {LONGEST + 1} characters; allowed: at most {LONGEST}"),
        ("!" * 1500 + "a", "is nested too deeply"),
        ("previews[::0]", "has a slice with steps of 0"),
        ("&previews", "has an expression (&...) where no function takes one"),
        ("previews[].to_array(&issue)", "has an expression (&...) where no function takes one"),
    ],
    ids=lambda one: one[:20],
)
def test_a_wrong_expression_is_told_before_anything_is_done(expression: str, told: str, state: Path) -> None:
    before = git(state, "for-each-ref")
    ran = rtb_hub("stop", "RTB-1", "--env", "int", "--query", expression, "-o", "table", "--repo", state)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert json.loads(rtb_hub("list", "--query", expression).err)["error"]["reason"] == "WrongUsage"
    assert git(state, "for-each-ref") == before


def test_each_function_with_its_own_arguments_is_taken() -> None:
    for expression in ("sort_by(@, &a)", "join(',', @)", "not_null(a, b, c)", "merge(a, b)", "map(&length(a), @)"):
        Query(expression)
    with pytest.raises(QueryError, match="takes 2 arguments, and has 1"):
        Query("map(&length(a))")


def test_what_the_data_do_not_fit_is_told_with_what_is_done(state: Path) -> None:
    ran = rtb_hub("list", "--query", "length(previews[0].branch)", "--repo", state)
    (fault,) = json.loads(ran.err)["error"]["faults"]
    assert (ran.code, ran.out, fault["field"]) == (CODES[Reason.INVALID_VALUE], "", "--query")
    assert "length() got a value of type null; allowed: string, array, object" in fault["message"]
    assert "what was asked for is done" in fault["remedy"]


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("[@, @]" + "|[@, @]" * 100, "it comes to over"),
        ("[@, @][]" + "|[@, @][]" * 100, "it comes to over"),
        ("'x'|" + "|".join(["join('', [@, @])"] * 100), "it comes to over"),
        ("ceil(to_number('inf'))", "it comes to inf, which is no number of JSON"),
        ("{a: [`NaN`]}", "it comes to nan, which is no number of JSON"),
        ("previews[?issue > `1`]", "not supported"),
    ],
    ids=lambda one: one[:12],
)
def test_a_search_ends_and_comes_to_json_or_is_refused(expression: str, told: str, state: Path) -> None:
    ran = rtb_hub("list", "--query", expression, "--repo", state)
    assert (ran.code, ran.out) == (CODES[Reason.INVALID_VALUE], "")
    assert told in json.loads(ran.err)["error"]["faults"][0]["message"]


def test_what_is_made_is_bounded_by_the_data() -> None:
    many = {"previews": [{"issue": f"RTB-{number}", "cpu": number} for number in range(150_000)]}
    assert len(Query("previews[?cpu >= `0`].issue | [::-1]").of(many)) == 150_000


@pytest.mark.parametrize("form", ["table", "wide", "name"])
def test_a_selection_is_data(form: str, state: Path) -> None:
    ran = rtb_hub("list", "--query", "previews", "-o", form, "--repo", state)
    assert (ran.code, ran.out) == (2, "")
    assert f"--query selects from data: -o json, yaml or text, not {form}" in ran.err


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("list",), ["RTB-1/int", "RTB-1/stg", "RTB-2/int"]),
        (("list", "--env", "stg", "--issue", "RTB-2"), []),
        (("show", "RTB-1", "--env", "stg"), ["RTB-1/stg"]),
        (("start", "RTB-1", "--env", "int"), ["RTB-1/int"]),
        (("set", "RTB-1", "web.cpu=250m", "--env", "int"), ["RTB-1/int"]),
        (("stop", "RTB-9", "--all", "--ignore-not-found"), []),
        (("stop", "RTB-9", "--env", "int", "--ignore-not-found"), []),
        (("approvals",), []),
        (("env", "list"), ["int", "prd", "stg"]),
        (("env", "show", "int"), ["int"]),
        (("blueprint", "list"), ["web", "web-api", "web-api-postgres"]),
        (("blueprint", "show", "web"), ["web"]),
    ],
    ids=" ".join,
)
def test_names_are_printed_alone(arguments: tuple[str, ...], names: list[str], state: Path) -> None:
    assert must(*arguments, "-o", "name", "--repo", state).out.splitlines() == names


def test_a_name_is_what_after_takes_and_what_stop_ends(tmp_path: Path) -> None:
    own = state_repository(tmp_path / "own.git")
    for env in ("int", "stg"):
        must("start", "RTB-1", "--env", env, *WEB, "--repo", own)
    first, second = must("list", "-o", "name", "--repo", own).out.split()
    assert must("list", "--after", first, "-o", "name", "--repo", own).out == f"{second}\n"
    assert must("stop", "RTB-1", "--all", "-o", "name", "--repo", own).out == f"{first}\n{second}\n"


def test_wide_has_every_column_however_narrow_the_terminal_is(state: Path) -> None:
    narrow, wide = (must("list", "-o", form, "--repo", state, COLUMNS="60").out for form in ("table", "wide"))
    assert "BLUEPRINT" not in narrow
    assert wide.splitlines()[0].split()[-2:] == ["BLUEPRINT", "OWNER"]
    assert "DOMAIN" in must("env", "list", "-o", "wide", COLUMNS="60").out.splitlines()[0]
