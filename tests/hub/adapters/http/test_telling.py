"""Calls are told to the telemetry of the process, in words that the figures have."""

from __future__ import annotations

from typing import get_args

from hub.adapters.http.values import Call, Failure, Method
from hub.settings import load_settings
from hub.telemetry.metrics import HTTP_OUTCOME, METHOD, TARGET
from hub.telemetry.telemetry import HttpCall, Telemetry
from hub.wiring import Hub


class Told(Telemetry):
    """Remembers the calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[HttpCall] = []

    def http_call(self, call: HttpCall) -> None:
        self.calls.append(call)


def test_what_senders_share_tells_the_telemetry_of_the_process() -> None:
    telemetry = Told()
    call = Call("github", "/repos/{}/pulls", "GET", "200", 2.5, 1.0, 3, 0, 10, remaining=7)
    Hub(load_settings(), telemetry=telemetry).sending.observe(call)
    assert telemetry.calls == [call]


def test_every_word_of_a_call_is_one_of_the_figures() -> None:
    assert {*get_args(Failure), "429"} <= set(HTTP_OUTCOME.values or ())
    assert set(get_args(Method)) <= set(METHOD.values or ())
    assert {"github", "gitea", "kubernetes"} <= set(TARGET.values or ())
