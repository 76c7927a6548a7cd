"""A server that is asked without a network, with whatever goes wrong in between: for workers that may die at any call."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal, Protocol

from generator.errors import Fault as Told
from generator.errors import Reason, Waiting
from hub.adapters.http import Answer, Origin, Request, Sender, Unanswered
from hub.adapters.http.peer import Peer

#: What goes wrong at a call: no answer, before its effect or after it, or an effect that comes later; an answer that
#: says so; the process that asks is killed before or after.
How = Literal["drop-before", "drop-after", "drop-late", "503-before", "503-after", "429", "429-unnamed", "kill-before",
              "kill-after"]  # fmt: skip
Reply = tuple[int, dict[str, str], Any]
NOWHERE = Peer("nobody", Reason.JIRA_UNREACHABLE, Reason.JIRA_REFUSED, Reason.JIRA_LIMITED)


@dataclass
class Fault:
    how: How
    late_seconds: float = 15.0
    retry_after: int = 30


class Killed(BaseException):
    """The process that asked is no more."""


class Site(Protocol):
    """What answers, after its effect; `later` keeps an effect until the site's clock is there."""

    clock: Callable[[], datetime]

    def answer(self, method: str, target: str, body: bytes | None) -> Reply: ...

    def later(self, at: datetime, act: Callable[[], object]) -> None: ...


class Nothing:
    """Nobody answers."""

    clock: Callable[[], datetime]

    def answer(self, method: str, target: str, body: bytes | None) -> Reply:
        raise NotImplementedError

    def later(self, at: datetime, act: Callable[[], object]) -> None:
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Faulty(Sender):
    """Asks a site once for each request: what goes wrong is what `faults` gives for each call (None: nothing).

    `die` is told when the process is killed.
    """

    peer: Peer = NOWHERE
    origin: Origin = field(default_factory=lambda: Origin.parse("https://site.example.com"))
    site: Site = field(default_factory=Nothing)
    faults: Callable[[], Fault | None] = lambda: None
    die: Callable[[], None] = lambda: None

    def send(self, request: Request) -> Answer:
        fault, act = self.faults(), partial(self._answer, request)
        match fault.how if fault else "":
            case "kill-before":
                self._kill()
            case "kill-after":
                act()
                self._kill()
            case "drop-before":
                raise self._unanswered(request)
            case "drop-after":
                act()
                raise self._unanswered(request)
            case "drop-late":
                assert fault is not None
                self.site.later(self.site.clock() + timedelta(seconds=fault.late_seconds), act)
                raise self._unanswered(request)
            case "503-before":
                return Answer(503, {}, b"", None)
            case "503-after":
                act()
                return Answer(503, {}, b"", None)
            case "429" | "429-unnamed":
                assert fault is not None
                assert self.peer.limited is not None
                seconds = float(fault.retry_after if fault.how == "429" else 60)
                raise Waiting(self.peer.limited, Told("it limits requests"), retry_after_seconds=seconds)
        answer = act()
        if self.peer.limited is not None and (limit := self.peer.limits(answer, self.site.clock())) is not None:
            raise Waiting(self.peer.limited, Told("it limits requests"), retry_after_seconds=limit.seconds)
        return answer

    def _kill(self) -> None:
        self.die()
        raise Killed

    def _answer(self, request: Request) -> Answer:
        status, headers, told = self.site.answer(request.method, request.target, request.body)
        return Answer(status, headers, b"", json.loads(json.dumps(told)))

    def _unanswered(self, request: Request) -> Unanswered:
        fault = Told(f"cannot {request.purpose}: no answer in time")
        return Unanswered(self.peer.unreachable, fault, failure="timeout", may_have_acted=True)
