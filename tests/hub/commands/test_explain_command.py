"""`rtb-hub explain`: every field of every file, by the path that people type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from generator.model.json_schemas import schema
from hub.commands.explain import KINDS
from hub.views.explained_field import ExplainedField, explain
from worlds.commands import must, rtb_hub


def test_a_field_is_told_with_type_words_and_what_is_allowed() -> None:
    told = must("explain", "environment.spec.lease.ttl").out.splitlines()
    assert told[:4] == [
        "file     environment",
        "field    spec.lease.ttl",
        "type     text, required",
        "about    when nobody asks for another length",
    ]
    assert told[-1] == "such as  24h, 90m, 1h30m, 7d"


@pytest.mark.parametrize("kind", KINDS)
def test_no_line_break_of_the_source_is_told(kind: str) -> None:
    assert "\\n" not in must("explain", kind, "--recursive").out


def test_the_fields_of_an_object_are_listed_and_with_recursive_those_of_these() -> None:
    told = must("explain", "environment.spec.cluster").out
    assert "roleArn  <text" in told
    assert "warnBefore" not in must("explain", "environment.spec").out
    assert "\n  warnBefore  <text" in must("explain", "environment.spec", "--recursive").out


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("preview.spec.components.web.cpu", "spec.components.NAME.cpu"),
        ("preview.spec.components.web.env.LOG_LEVEL", "spec.components.NAME.env.NAME"),
        ("environment.spec.isolation.egress[].cidr", "spec.isolation.egress[].cidr"),
        ("environment.spec.isolation.egress[3].cidr", "spec.isolation.egress[].cidr"),
        ("environment.spec.isolation.egress.[].cidr", "spec.isolation.egress[].cidr"),
        ("services", ""),
        ("services.", ""),
    ],
)
def test_names_of_maps_and_items_of_lists_are_found(field: str, wanted: str) -> None:
    told: dict[str, Any] = must("explain", field, "--output", "json").json()
    assert (told["kind"], told["field"]) == (field.partition(".")[0], wanted)


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("environment.spec.leese", "spec has no field 'leese'"),
        ("environment.spec.leese", "did you mean: lease"),
        ("environment.spec.account.x", "spec.account has no field 'x'"),
        ("environment.spec.account.x", "allowed: nothing: it has no fields"),
        ("lease.ttl", "'lease' is no kind of file"),
        ("lease.ttl", "such as environment.lease.ttl"),
        ("environmnt", "did you mean: environment"),
        ("environment.\x1b[2J", "has no field '\\x1b'"),
        (f"environment.{'a.' * 5000}", "it has no field 'a'"),
    ],
    ids=lambda value: value[:40],
)
def test_a_field_that_there_is_not_is_refused_with_those_there_are(field: str, told: str) -> None:
    ran = rtb_hub("explain", field)
    assert (ran.code, ran.out) == (14, "")
    assert told in ran.err


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_can_be_asked_for(kind: str) -> None:
    tree = schema(kind)

    def walk(field: ExplainedField, path: str) -> Iterator[str]:
        for one in field.fields:
            below = f"{path}{one.name}" if one.name == "[]" else f"{path}.{one.name}".strip(".")
            yield below
            yield from walk(one, below)

    paths = [*walk(explain(tree, "", is_recursive=True), "")]
    assert len(paths) > 8
    for path in paths:
        found = explain(tree, path)
        assert found.name == path
        assert found.type
