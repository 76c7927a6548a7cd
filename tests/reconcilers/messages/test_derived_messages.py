"""What is told of a preview, from what the hub knows of it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from generator.cost.pricing import PreviewPrice
from reconcilers.causes.model import Audience, Layer, Ref, Rule, finding
from reconcilers.health.phase import Phase, PhaseName
from reconcilers.messages.derive import Known, cost_of, message_of
from reconcilers.messages.model import Cost, Ending
from reconcilers.state.outline import Outline, outline_of
from worlds.builders import NOW, environment, preview

PRICE = PreviewPrice((), Decimal("0.05"), Decimal("0.40"), timedelta(hours=8), "USD", "2026-11-01")


def outline() -> Outline:
    return outline_of(preview(environment()))


def known(phase: Phase | None = None, **fields: object) -> Known:
    there = {"outline": outline(), "price": PRICE, "url": "https://rtb-123.int.example.com/", **fields}
    return Known("RTB-123", "int", phase=phase, **there)  # type: ignore[arg-type]


def found(layer: Layer, audience: Audience, text: str, *, name: PhaseName = "failed") -> Phase:
    rule = Rule("a-code", layer, audience, "It ends by itself.", ("do this", "do that", "and this", "and more"))
    one = finding(rule, Ref("Pod", "web-1", "web"), text)
    return Phase(name, one.text, one.steps[0], finding=one)


@pytest.mark.parametrize(
    ("case", "phase"),
    [
        (known(Phase("running")), "running"),
        (known(), "unseen"),
        (known(outline=None, is_queued=True), "queued"),
        (known(Phase("stopping"), outline=None, is_queued=True), "stopping"),
        (known(is_request=True), "awaiting approval"),
        (known(Phase("unknown", "no network"), is_request=True), "awaiting approval"),
        (known(Phase("stopping"), is_request=True), "stopping"),
        (known(Phase("removed"), outline=None), "removed"),
        (known(outline=None), "withdrawn"),
        (known(Phase("unknown", "no network"), outline=None), "unknown"),
    ],
)
def test_the_phase_is_what_is_known_and_no_more(case: Known, phase: str) -> None:
    assert message_of(case).phase == phase


def test_while_it_comes_up_nothing_is_told_that_changes_with_each_look() -> None:
    first = message_of(known(Phase("starting", "Argo CD: OutOfSync, Missing")))
    assert first == message_of(known(Phase("starting", "Argo CD applies it: 3 of 7")))
    assert (first.cause, first.url) == (None, "https://rtb-123.int.example.com/")


def test_a_cause_says_whose_job_it_is_and_holds_no_account() -> None:
    told = message_of(known(found(Layer.IMAGE, Audience.PLATFORM, "denied for arn:aws:iam::123456789012:role/x")))
    assert told.cause is not None
    assert (told.cause.code, told.cause.audience, len(told.cause.steps)) == ("a-code", Audience.PLATFORM, 3)
    assert told.cause.text == "denied for (ARN)"
    assert "123456789012" in told.cause.for_platform


def test_a_line_of_a_log_is_not_told_and_neither_is_how_often_it_crashed() -> None:
    texts = (f"container web ends ({count} times): password=hunter2" for count in (3, 4))
    first, second = (message_of(known(found(Layer.CRASH, Audience.DEVELOPER, one))) for one in texts)
    assert first.cause is not None
    assert first.cause.text == "web: It ends by itself."
    assert first.cause.text == second.cause.text  # type: ignore[union-attr]


def test_the_end_of_a_preview_is_told_when_it_is_gone_and_cut_to_a_line() -> None:
    ending = Ending(NOW, "al\nice", "w" * 500, Cost(Decimal("0.2"), "USD"), NOW)
    assert message_of(known(Phase("stopping"), outline=None, ending=ending)).ending is None
    told = message_of(known(Phase("removed"), outline=None, ending=ending)).ending
    assert told is not None
    assert (told.by, len(told.why), told.cost) == ("al ice", 200, ending.cost)


def test_what_it_had_cost_is_that_of_the_time_it_was_there() -> None:
    one = outline()
    assert cost_of(one, PRICE, NOW + timedelta(hours=4)) == Cost(Decimal("0.2"), "USD")
    assert cost_of(one, PRICE, NOW - timedelta(hours=4)) == Cost(Decimal(0), "USD"), "a clock went back"
    spot = PreviewPrice((), None, None, timedelta(hours=8), "USD", "2026-11-01")
    assert cost_of(one, spot, NOW) is None
