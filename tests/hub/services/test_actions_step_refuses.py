"""The step of GitHub Actions and what is no hub, or one that means harm: it ends, says why, and runs nothing of it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, StreamingResponse

from worlds.actions_step import Ran, step
from worlds.served import on_loopback

URL = "https://rtb-7.int.example.com"
DONE = {"id": "op-1", "state": "done", "result": {"change": "created", "url": URL}}
COMMAND = "\n::stop-commands::x\r\n  ::add-path::/evil\n##[add-path]/evil"


def asked(folder: Path, *, answer_ms: int = 60_000, wait: str = "0", **answers: Any) -> Ran:
    """What the step did with a hub of these answers: to `exchange`, `start` and `status`; any JSON, or a response."""
    given: dict[str, Any] = {
        "token": {"value": "eyJ.of.github"},
        "exchange": {"accessToken": "eyJ.of.hub"},
        "start": DONE,
        **answers,
    }
    app = FastAPI(openapi_url=None)

    def answer(path: str, name: str, method: str) -> None:
        def told() -> Response:
            one = given[name]
            return one() if callable(one) else JSONResponse(one)

        app.add_api_route(path, told, methods=[method], response_model=None)

    answer("/token", "token", "GET")
    answer("/api/auth/exchange", "exchange", "POST")
    answer("/api/v1/previews", "start", "POST")
    answer("/api/v1/previews/int/RTB-7/status", "status", "GET")
    with on_loopback(app) as url:
        return step(url, folder, url, answer_ms=answer_ms, issue="RTB-7", wait=wait)


def commands(ran: Ran) -> list[str]:
    """The commands that a runner finds in the log: at the beginning of a line, or in it in the old form."""
    lines = re.split(r"[\r\n]", ran.out)
    found = [line.strip().split("::")[1] for line in lines if line.strip().startswith("::")]
    return found + [line for line in lines if "##[" in line and not line.strip().startswith("::")]


def refused(ran: Ran, told: str) -> None:
    assert (ran.code, told in ran.out, ran.outputs.keys() - {"operation"}, ran.summary) == (1, True, set(), ""), ran
    assert set(commands(ran)) <= {"add-mask", "error"}
    assert ran.out.count("::error::") == 1
    assert not re.search(r"Error: |at .*index\.mjs", ran.out), "a reason, and no stack"


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield b" " * 2**20
        await anyio.lowlevel.checkpoint()


async def _never_more() -> AsyncIterator[bytes]:
    yield b"{"
    await anyio.sleep_forever()


def test_what_a_hub_says_is_taken(tmp_path: Path) -> None:
    ran = asked(tmp_path, status={"phase": "running"}, wait="1")
    assert (ran.code, ran.outputs) == (0, {"operation": "op-1", "url": URL, "phase": "running"})
    assert commands(ran) == ["add-mask", "add-mask"]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda: StreamingResponse(_endless()), "is of more than"),
        (lambda: HTMLResponse("<p>Welcome</p>"), "status 200, and the answer is no object of JSON"),
        (lambda: RedirectResponse("https://elsewhere.example.com", 302), "status 302"),
        (None, "no object of JSON"),
        ([], "that can be used: is it a hub of this release?"),
        (lambda: JSONResponse({"faults": "x"}, 403), "status 403"),
        (lambda: JSONResponse({"faults": [None, {"message": f"no{COMMAND}"}]}, 403), ": no"),
    ],
)
def test_what_is_no_answer_of_a_hub_is_refused_at_once(tmp_path: Path, answer: Any, told: str) -> None:
    refused(asked(tmp_path, exchange=answer), told)


@pytest.mark.parametrize(
    "answer",
    [
        lambda: StreamingResponse(_never_more(), media_type="application/json"),
        lambda: JSONResponse({}, 503, {"Retry-After": "1e9"}),
        lambda: JSONResponse({}, 429, {"Retry-After": "-1"}),
    ],
)
def test_what_does_not_answer_is_given_up(tmp_path: Path, answer: Any) -> None:
    refused(asked(tmp_path, answer_ms=300, exchange=answer), "does not answer (")


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("token", {"value": f"eyJ{COMMAND}"}),
        ("exchange", {"accessToken": f"eyJ{COMMAND}"}),
        ("start", {**DONE, "id": f"op{COMMAND}"}),
        ("start", {**DONE, "state": f"done{COMMAND}"}),
        ("start", {**DONE, "result": None}),
        ("start", {**DONE, "result": {"url": f"{URL}{COMMAND}"}}),
        ("start", {**DONE, "result": {"url": f"{URL}/$(id)"}}),
        ("start", {**DONE, "result": {"url": "javascript:alert(1)"}}),
        ("start", {**DONE, "state": "failed", "error": {"faults": [{"message": COMMAND}]}}),
    ],
)
def test_no_word_of_an_answer_is_a_command_or_an_output(tmp_path: Path, name: str, answer: Any) -> None:
    refused(asked(tmp_path, **{name: answer}), "cannot ")


def test_a_phase_is_one_word_or_more_and_nothing_else(tmp_path: Path) -> None:
    ran = asked(tmp_path, status={"phase": f"running{COMMAND}"}, wait="0.001")
    assert (ran.code, ran.outputs.get("phase")) == (1, None), ran
    assert commands(ran) == ["add-mask", "add-mask", "error"]


@pytest.mark.parametrize(
    ("answer", "phase"),
    [
        ({**DONE, "request": {"url": COMMAND}}, "in-review"),
        ({**DONE, "result": {"change": "queued", "place": COMMAND}}, "queued"),
    ],
)
def test_a_notice_stays_one_line(tmp_path: Path, answer: Any, phase: str) -> None:
    ran = asked(tmp_path, start=answer)
    assert (ran.code, ran.outputs) == (0, {"operation": "op-1", "phase": phase})
    assert commands(ran) == ["add-mask", "add-mask", "notice"]
