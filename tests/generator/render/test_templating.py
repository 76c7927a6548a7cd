"""Templates lay out and values are bound: no value changes the shape, no mistake goes without file and line."""

from __future__ import annotations

import copy
from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import ConfigError, Reason
from generator.render import template_rules
from generator.render.templating import MAX_STEPS, Renderer
from worlds.hostile import CORPUS

NAME = "templates/t.yaml.j2"
TREE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def render(source: str, values: dict[str, Any] | None = None, **macros: str) -> tuple[Any, ...]:
    shared = {f"templates/_shared/{name}.j2": text for name, text in macros.items()}
    return Renderer({NAME: source, **shared}).render(NAME, values or {})


def fault(source: str, values: dict[str, Any] | None = None, **macros: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        render(source, values, **macros)
    return caught.value


@given(TREE)
def test_a_value_arrives_as_it_is_whatever_it_is(value: Any) -> None:
    (document,) = render("a: {{ x }}\nb: [{{ x }}, {c: {{ x }}}]\n", {"x": value})
    assert document == {"a": value, "b": [value, {"c": value}]}
    assert type(document["a"]) is type(value)


@pytest.mark.parametrize("text", CORPUS)
def test_hostile_text_stays_one_scalar_wherever_it_is_put(text: str) -> None:
    source = "a: {{ x }}\nb: \"pre {{ x }} post\"\nc: 'q{{ x }}'\nd: p{{ x }}s\ne: |\n  block {{ x }}\n{% for y in l %}\n{{ y }}: 1\n{% endfor %}\n"
    (document,) = render(source, {"x": text, "l": ["key " + text]})
    assert document == {
        "a": text,
        "b": f"pre {text} post",
        "c": f"q{text}",
        "d": f"p{text}s",
        "e": f"block {text}\n",
        "key " + text: 1,
    }


def test_conditions_and_loops_decide_the_shape() -> None:
    source = (
        "{% for c in cs if c.on %}\n---\nname: {{ c.name }}\n{% if c.n > 1 %}\nmany: true\n{% endif %}\n{% endfor %}\n"
    )
    values = {"cs": [{"on": True, "name": "a", "n": 1}, {"on": False}, {"on": True, "name": "b", "n": 2}]}
    assert render(source, values) == ({"name": "a"}, {"name": "b", "many": True})


def test_a_constant_is_a_value_like_any_other() -> None:
    renderer = Renderer({NAME: "a: {{ x }}\nb: {{ '<a>: &b' }}\nc: {{ 'no' if flag else 1 }}\nd: {{ y }}\n"})
    for x in (1, 2):
        values = {"x": x, "y": -x, "flag": True}
        assert renderer.render(NAME, values) == ({"a": x, "b": "<a>: &b", "c": "no", "d": -x},)


def test_the_same_values_give_the_same_tree_twice_and_stay_as_they_were() -> None:
    renderer = Renderer({NAME: "{% for k, v in x.items() %}\n{{ k }}: {{ v }}\n{% endfor %}\nall: {{ x }}\n"})
    values = {"x": {"b": [1, {"c": None}], "a": True}}
    kept = copy.deepcopy(values)
    assert renderer.render(NAME, values) == renderer.render(NAME, values) == ({**kept["x"], "all": kept["x"]},)
    assert values == kept


def test_a_mistake_does_not_spoil_the_next_render() -> None:
    renderer = Renderer({NAME: "a: {{ x }}\nb: {{ y.z }}\n"})
    for values in ({"x": 1}, {"x": 1, "y": {}}):
        with pytest.raises(ConfigError):
            renderer.render(NAME, values)
    assert renderer.render(NAME, {"x": 1, "y": {"z": 2}}) == ({"a": 1, "b": 2},)


def test_a_macro_lays_out_and_can_be_indented() -> None:
    macro = "{% macro box(v) %}\nvalue: {{ v }}\nlist: [{{ v }}]{% endmacro %}\n"
    source = "{% import '_shared/m.j2' as m %}\na:\n  {{ m.box(x) | indent(2) }}\n"
    assert render(source, {"x": "no: {{ y }}"}, m=macro) == ({"a": {"value": "no: {{ y }}", "list": ["no: {{ y }}"]}},)


LOOP = "{% import '_shared/m.j2' as m %}\n{% for c in cs %}\n---\nname: {{ c }}\nin: {{ y }}\n{% endfor %}\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (LOOP, {"cs"}),
        ("{# Why. #}\n{% if cs %}\na: {{ cs }}\n{% endif %}\n---\nalways: true\n", {"cs"}),
        ("{% for c in cs %}\n---\na: {{ c }}\n{% endfor %}\n{% if y %}\n---\nb: 1\n{% endif %}\n", {"cs", "y"}),
        ("{% for c in cs %}\n---\na: {{ c }}\n{% else %}\nnone: {{ y }}\n{% endfor %}\n", set()),
        ("{% if cs %}\na: 1\n{% elif y %}\nb: 1\n{% endif %}\n", set()),
        ("{% if cs %}\na: 1\n{% else %}\nb: {{ y }}\n{% endif %}\n", set()),
        ("{% if not cs %}\na: {{ y }}\n{% endif %}\n", set()),
        ("a: {{ y }}\n{% for c in cs %}\n---\na: {{ c }}\n{% endfor %}\n", set()),
        ("{% macro cs() %}\na: 1{% endmacro %}\n{% if cs %}\nb: {{ y }}\n{% endif %}\n", set()),
        ("a: 1\n", set()),
    ],
)
def test_a_template_run_for_others_before_gives_what_a_fresh_one_gives(source: str, expected: set[str]) -> None:
    templates = {NAME: source, "templates/_shared/m.j2": "{% macro box() %}\na: 1{% endmacro %}\n"}
    used = Renderer(templates)
    cases: list[dict[str, Any]] = [{"cs": cs, "y": y} for cs in ([], {}, "", None, 0, ["a"], []) for y in ([], 1, 2)]
    for values in (*cases, {}, {"y": 1}, *reversed(cases)):
        outcomes = []
        for renderer in (used, Renderer(templates)):
            try:
                outcomes.append(str(renderer.render(NAME, values)))
            except ConfigError as err:
                outcomes.append(str(err))
        assert outcomes[0] == outcomes[1], values
    assert template_rules.subjects(jinja2.Environment().parse(source)) == expected


def test_documents_of_one_shape_share_what_has_no_value_and_nothing_else() -> None:
    renderer = Renderer({NAME: "fixed: {a: [1]}\nvalue: {{ x }}\nlist: [{{ x }}]\n"})
    (first,) = renderer.render(NAME, {"x": 1})
    kept = copy.deepcopy(first)
    (second,) = renderer.render(NAME, {"x": 2})
    assert first == kept
    assert second == {"fixed": {"a": [1]}, "value": 2, "list": [2]}
    assert first["fixed"] is second["fixed"]


@pytest.mark.parametrize(
    ("source", "place", "says"),
    [
        ("a: 1\nb: {{ preview.nmae }}\n", ":2: nmae:", "did you mean 'name'"),
        ("a: {{ prevew }}\n", ":1: prevew:", "did you mean 'preview'"),
        ("{% if preview.x.y %}\na: 1\n{% endif %}\n", ":1: x:", "no attribute 'x'"),
        ("a: 1\nb: {% for %}\n", ":2:", "Expected an expression"),
        ("a: 1\n{% if x %}\n", ":2:", "Unexpected end of template"),
        ("a: 1\nb: {{ preview.name ~ 'x' }}\n", ":2:", "Concat is not allowed"),
        ("{% set a = 1 %}\n", ":1:", "Assign is not allowed"),
        ("\n{% include 'x' %}\n", ":2:", "Include is not allowed"),
        ("{% extends 'x' %}\n", ":1:", "Extends is not allowed"),
        ("a: {{ preview.name | upper }}\n", ":1:", "filter 'upper' is not allowed"),
        ("a: {{ preview.name | safe }}\n", ":1:", "filter 'safe'"),
        ("{% import 'other.j2' as o %}\n", ":1:", "only macros below _shared/"),
        ("{% for a in preview recursive %}{% endfor %}", ":1:", "recursive loop"),
        ("a: {{ preview.name.upper() == 'x' }}\n", ":1:", "a call is not allowed"),
        ("a: {{ preview.__class__ }}\n", ":1:", "__class__"),
        ("a: {{ ''.__class__.__mro__ }}\n", ":1:", "__class__"),
        ("a: {{ preview.name.__class__.__base__ }}\n", ":1:", "unsafe"),
        ("a: [{{ preview.name }}\nb: c\n", "", "is not YAML"),
        ("a: {{ flag }}\na: 2\n", "", "key 'a' stands twice, first in line 1"),
        ("a: \ue0000\ue001\n", ":1:", "private-use"),
        ('a: "\\ue0005\\ue001"\nb: {{ flag }}\n', "", "private-use"),
        ('a: "\\U0000E000"\n', "", "private-use"),
        ('a: "x{{ flag }}"\n', ": a:", "a bool cannot be part of a text"),
        ('a: {b: ["x{{ preview }}"]}\n', ": a.b[0]:", "a dict cannot be part of a text"),
        ("{{ preview.name }}: 1\n{{ preview.name }}: 2\n", "", "key 'rtb' twice"),
        ("{{ preview.name }}: 1\nrtb: 2\n", "", "key 'rtb' twice"),
        ("{{ flag }}: 1\n", "", "is not text"),
        ("{{ preview }}: 1\n", "", "is not text"),
        ("a: 1\nb: {{ preview.items }}\n", ":2:", "a builtin_function_or_method cannot be printed"),
        ("{% for a in preview %}\na: {{ loop }}\n{% endfor %}\n", ":2:", "a LoopContext cannot be printed"),
        ("a: {{ self }}\n", ":1:", "a TemplateReference cannot be printed"),
        ("a: 1\nb: {{ n is divisibleby 0 }}\n", ":2:", "modulo by zero"),
        ("a: {{ n < preview }}\n", ":1:", "not supported between"),
        ("{% for a in n %}{% endfor %}", ":1:", "not iterable"),
        ("{% for a in preview %}" * 25 + "{% endfor %}" * 25, ":1:", "is nested too deep"),
        ("{% if flag %}" * 120 + "{% endif %}" * 120, ":1:", "is nested too deep"),
        ("a: {{ preview.name.format_map(preview) }}\n", ":1:", "a call is not allowed"),
        ("{% raw %}{{ x }}{% endraw %}: 1\n", "", "is not text"),
        ("a: {{ 'x'.center(99999999999) }}\n", ":1:", "a call is not allowed"),
        ("a: {{ preview.name.join(preview) | indent(2) }}\n", ":1:", "a call is not allowed"),
        ("a: {{ preview.name | indent(2) }}\n", ":1:", "the filter 'indent' is not allowed"),
        ("a: {{ preview() }}\n", ":1:", "a call is not allowed"),
        ("{% macro m() %}{% endmacro %}{% for m in preview %}\na: {{ m.center(9) }}{% endfor %}", ":2:", "is called"),
        (
            "{% macro m(f) %}\na: {{ f.center(9) }}{% endmacro %}{% macro f() %}{% endmacro %}{{ m('x') }}",
            ":2:",
            "is called",
        ),
        ("{% if n == 2 %}{% macro preview() %}{% endmacro %}{% endif %}a: {{ preview.copy() }}", ":1:", "is called"),
        ("{% macro m() %}a: 1{% endmacro %}\n{{ m() | indent(99999999999) }}", ":2:", "indents by more than 100"),
        ("{% autoescape false %}a: {{ n }}{% endautoescape %}", "", "ScopedEvalContextModifier is not allowed"),
        ("{% with %}{% endwith %}", ":1:", "With is not allowed"),
        ("{% block a %}{% endblock %}", ":1:", "Block is not allowed"),
        ("{% filter upper %}{% endfilter %}", ":1:", "FilterBlock is not allowed"),
        ("{% call f() %}{% endcall %}", ":1:", "CallBlock is not allowed"),
        ("{% do f() %}", ":1:", "unknown tag 'do'"),
        ("a: {{ n + 1 }}\n", ":1:", "Add is not allowed"),
        ("a: {{ 'x' * 9999999999 }}\n", ":1:", "Mul is not allowed"),
        ("a: {{ range(3) }}\n", ":1:", "a call is not allowed"),
    ],
)
def test_a_mistake_names_file_line_and_what_is_wrong(source: str, place: str, says: str) -> None:
    error = fault(source, {"preview": {"name": "rtb"}, "flag": True, "n": 1})
    assert error.reason is Reason.TEMPLATE_INVALID
    assert str(error).startswith(f"{NAME}{place}")
    assert says in str(error)


def test_every_forbidden_construct_is_reported_at_once() -> None:
    assert len(fault("{% set a = 1 %}\n{% include 'x' %}\na: {{ b | upper }}\n").faults) == 3


@pytest.mark.parametrize(
    ("source", "macro"),
    [
        ("{% for a in l %}{% for b in l %}{% for c in l %}{% endfor %}{% endfor %}{% endfor %}", ""),
        ("{% for a in l %}{% for b in l %}{% for c in l %}\nx{{ c }}: 1{% endfor %}{% endfor %}{% endfor %}", ""),
        ("{% import '_shared/m.j2' as m %}{{ m.f() }}", "{% macro f() %}{{ f() }}{% endmacro %}"),
        (
            "{% import '_shared/m.j2' as m %}{{ m.f(9) }}",
            "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{{ f(n) }}{% endmacro %}",
        ),
    ],
    ids=["loops that print nothing", "loops that print", "a macro that calls itself", "a macro that branches"],
)
def test_a_template_without_end_is_stopped_and_named(source: str, macro: str) -> None:
    error = fault(source, {"l": list(range(MAX_STEPS // 100))}, m=macro)
    assert error.reason is Reason.TEMPLATE_UNBOUNDED
    assert str(error).startswith("templates/_shared/m.j2:1" if macro else f"{NAME}:")


def test_macros_may_be_local_or_taken_by_name() -> None:
    macro = "{% macro f(v) %}x: {{ v }}{% endmacro %}{% macro g(v) %}w: {{ v }}{% endmacro %}"
    source = macro.replace("x:", "z:").replace("f(", "own(") + "{% from '_shared/m.j2' import f, g as h %}\n"
    source += "{{ f(n) }}\n{{ h(n) }}\n{{ own(n) }}\n"
    assert render(source, {"n": 1}, m=macro) == ({"x": 1, "w": 1, "z": 1},)


def test_a_template_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=r"there is no template templates/none\.yaml\.j2"):
        Renderer({}).render("templates/none.yaml.j2", {})
