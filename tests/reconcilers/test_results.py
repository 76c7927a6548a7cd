"""Passes: printable, comparable, and one commit a branch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from generator.errors import Fault
from reconcilers.plan import FileChange, Plan
from reconcilers.results import Action, ReconcileResult, SetAside, commits


def plan(name: str, branch: str = "main", base: str = "a" * 40) -> Plan:
    change = FileChange(PurePosixPath(f"environments/{name}/x"), None, "due")
    return Plan(branch, base, base, f"Expire x in {name}", (change,), (("Preview", f"{name}/x"), ("Action", "expire")))


def test_a_pass_prints_one_line_for_each_thing_whatever_stands_in_it() -> None:
    one = ReconcileResult(
        "expiry",
        "int",
        (Action("remove", "int/rtb-1", "due\nreport int/rtb-9: nothing"),),
        (SetAside("int/rtb-2", PurePosixPath("x"), (Fault("is no\rYAML"), Fault("is empty"))),),
        held=Fault("too many", remedy="confirm"),
    )
    assert one.lines() == (
        "remove int/rtb-1: due report int/rtb-9: nothing",
        "skipped int/rtb-2: is no YAML; is empty",
        "held int: too many; confirm",
    )


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (ReconcileResult("expiry", "int"), False),
        (ReconcileResult("expiry", "int", (Action("remove", "int/x", ""), Action("warn", "int/y", ""))), False),
        (ReconcileResult("expiry", "int", (Action("report", "int/x", ""),)), True),
        (ReconcileResult("expiry", "int", set_aside=(SetAside("int/x", PurePosixPath("x"), ()),)), True),
        (ReconcileResult("expiry", "int", held=Fault("too many")), True),
    ],
    ids=["nothing", "done by itself", "a report", "skipped", "held"],
)
def test_a_person_is_needed_when_something_stays_undone(one: ReconcileResult, expected: bool) -> None:
    assert one.needs_a_person is expected


def test_environments_of_one_branch_become_one_commit() -> None:
    passes = [ReconcileResult("expiry", name, plan=plan(name)) for name in ("int", "stg")]
    gated = ReconcileResult("expiry", "prd", plan=plan("prd", "prd"))
    nothing = ReconcileResult("expiry", "dev", plan=replace(plan("dev", "dev"), changes=()))
    main, prd = commits([gated, *passes, nothing, ReconcileResult("expiry", "x")], "Expire previews in int, stg")
    assert main.subject == "Expire previews in int, stg"
    assert [str(change.path) for change in main.changes] == ["environments/int/x", "environments/stg/x"]
    assert [value for name, value in main.trailers if name == "Preview"] == ["int/x", "stg/x"]
    assert prd == gated.plan


def test_passes_of_different_observations_are_never_one_commit() -> None:
    passes = [
        ReconcileResult("expiry", "int", plan=plan("int")),
        ReconcileResult("expiry", "stg", plan=plan("stg", base="b" * 40)),
    ]
    with pytest.raises(ValueError, match="different commits"):
        commits(passes, "Expire")
