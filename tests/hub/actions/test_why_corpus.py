"""Causes against situations: those handed to us, of real reports, and our own for every rule there is."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.yaml.writer import dump
from hub.actions.why import why_recorded
from hub.adapters.kubernetes.recording import read_recording
from hub.views.why import why_data
from reconcilers.causes import engine
from worlds.places import ROOT
from worlds.situations import situation

HOME = ROOT / "tests" / "golden" / "causes"
HANDED = sorted((HOME / "handed").glob("*.yaml"))
#: Nothing in the cluster tells of these: only asking the URL does.
NOT_VISIBLE = {"116-dns-not-visible"}


def load(path: Path) -> Any:
    return yaml.load(path.read_bytes(), yaml.CSafeLoader)


OWN = load(HOME / "own.yaml")


def answered(content: bytes) -> dict[str, Any]:
    answer = why_recorded(read_recording(content, "case.yaml"))
    return why_data(answer.phase, answer.unread)


@cache
def handed(path: Path) -> dict[str, Any]:
    return answered(path.read_bytes())


def misleading(expected: dict[str, Any], told: dict[str, Any]) -> list[str]:
    texts = [told["text"], *told["steps"]]
    return [one for one in expected["must_not_mention"] if any(re.search(one, text) for text in texts)]


def wrong(expected: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """What is not as expected, by the rules of the corpus: cause, step, phase, audience, and what would mislead."""
    found = {
        "cause": [one for one in expected["must_mention"] if not re.search(one, told["text"])],
        "step": [] if _is_advised(expected, told) else expected["next_step"],
        "phase": [] if told["phase"] in expected["phases"] else [told["phase"]],
        "audience": [] if told["audience"] == expected["audience"] else [told["audience"]],
        "final": [] if told["final"] == expected["final"] else [told["final"]],
        "misleading": misleading(expected, told),
        "told": [told["code"], *told["steps"]] if expected["quiet"] and (told["code"] or told["steps"]) else [],
    }
    return {name: what for name, what in found.items() if what}


def _is_advised(expected: dict[str, Any], told: dict[str, Any]) -> bool:
    return not expected["next_step"] or any(re.search(one, s) for one in expected["next_step"] for s in told["steps"])


@pytest.mark.parametrize("path", HANDED, ids=lambda path: path.stem)
def test_a_handed_situation_is_told_whole(path: Path) -> None:
    found = wrong(load(path)["expected"], handed(path))
    if path.stem in NOT_VISIBLE:
        assert found.keys() == {"cause", "step", "audience"}, "what is seen now need not be listed as invisible"
    else:
        assert found == {}, handed(path)


def test_the_score_of_the_handed_situations() -> None:
    cases = {path: load(path)["expected"] for path in HANDED}
    whole = sum(not wrong(expected, handed(path)) for path, expected in cases.items())
    assert len(cases) == 55
    assert whole >= 0.95 * len(cases)
    assert not any(misleading(expected, handed(path)) for path, expected in cases.items())


@cache
def own(number: int) -> dict[str, Any]:
    case = OWN[number]
    return answered(dump(situation(case["in"], case.get("says", ""), **case.get("with", {}))).encode())


@pytest.mark.parametrize("number", range(len(OWN)), ids=lambda n: f"{n}-{OWN[n]['code']}")
def test_our_own_situation_is_told_by_its_rule(number: int) -> None:
    case, told = OWN[number], own(number)
    assert case["source"]
    assert told["code"] == case.get("expect", case["code"]), told
    assert (told["audience"], told["phase"]) == (case["for"], case["phase"]), told
    assert len(told["text"]) <= 400
    if case["code"] is None:
        assert told["steps"] == told["others"] == told["evidence"] == []
    else:
        assert any(re.search(case["do"], step) for step in told["steps"]), told["steps"]
        assert told["evidence"] or case["in"] in ("set_missing", "set_silent", "left_over", "unowned", "leaving"), told


def test_every_rule_has_a_situation() -> None:
    met = {handed(path)["code"] for path in HANDED} | {own(number)["code"] for number in range(len(OWN))}
    met |= {other["code"] for path in HANDED for other in handed(path)["others"]}
    codes = [rule.code for rule in engine.rules()]
    assert len(codes) == len(set(codes)), "a code is one rule's"
    assert set(codes) - met == set()
    assert met - {None} <= set(codes), "every code that is told is a rule's"


def test_what_no_rule_knows_is_shown_as_it_is_and_not_advised_on() -> None:
    unknown = [number for number, case in enumerate(OWN) if str(case["code"]).startswith("unclassified")]
    assert len(unknown) >= 10
    for number in unknown:
        assert own(number)["steps"] == ["'rtb-hub why --all' shows everything that was looked at"]
        said = OWN[number].get("says") or OWN[number]["with"]["held"]
        assert said in own(number)["text"]
