"""What other parts call to tell of their work: one value, handed in. Without a log and a meter it tells nobody.

What is bound by `about` stands on all events told in that block by this thread, whichever part tells them.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from generator.errors import HubError, Moved, Stalled
from hub.telemetry import events, metrics
from hub.telemetry.events import Event, Level
from hub.telemetry.metrics import Metric

if TYPE_CHECKING:
    from reconcilers.results import ReconcileResult

#: What is bound just now, by thread. Each block of `about` puts it back: nothing is left when it ends.
_ABOUT: ContextVar[Mapping[str, object]] = ContextVar("rtb_hub_about")
#: Where an unexpected exception may be caught; see `Telemetry.unexpected`.
Border = Literal["entry", "request", "pass", "environment", "round", "http", "command"]
#: Actions that tell what stands, from pass to pass.
_STANDING = ("warn", "report", "wait")
GitOutcome = Literal["ok", "nonzero", "timeout", "missing", "kept"]
ReconcileOutcome = Literal["changed", "unchanged", "held", "failed", "unexpected"]


class Log(Protocol):
    """Where events go."""

    def is_told(self, level: Level) -> bool:
        """Whether events of this level go anywhere."""

    def tell(self, name: str, level: Level, about: Mapping[str, object], error: BaseException | None) -> None:
        """Write one event; `error` with its traceback."""


class Meter(Protocol):
    """Where figures go."""

    def add(self, metric: Metric, by: float, labels: Mapping[str, str]) -> None:
        """Count up."""

    def put(self, metric: Metric, value: float, labels: Mapping[str, str]) -> None:
        """Say how much it is now."""

    def observe(self, metric: Metric, value: float, labels: Mapping[str, str]) -> None:
        """Note one of many values."""


class _NoLog:
    def is_told(self, level: Level) -> bool:
        del level
        return False

    def tell(self, name: str, level: Level, about: Mapping[str, object], error: BaseException | None) -> None:
        """Tell nobody."""


class _NoMeter:
    def add(self, metric: Metric, by: float, labels: Mapping[str, str]) -> None:
        """Count nothing."""

    put = observe = add


class HttpCall(Protocol):
    """What is told of a call to another service that ended: `hub.adapters.http.values.Call` says what each is."""

    @property
    def system(self) -> str: ...  # noqa: D102
    @property
    def operation(self) -> str: ...  # noqa: D102
    @property
    def method(self) -> str: ...  # noqa: D102
    @property
    def outcome(self) -> str: ...  # noqa: D102
    @property
    def seconds(self) -> float: ...  # noqa: D102
    @property
    def waited_seconds(self) -> float: ...  # noqa: D102
    @property
    def attempts(self) -> int: ...  # noqa: D102
    @property
    def remaining(self) -> int | None: ...  # noqa: D102


class EndedReconcile(NamedTuple):
    """A pass that ended. `found` None: not even planned."""

    reconciler: str
    environment: str
    outcome: ReconcileOutcome
    found: ReconcileResult | None = None


class Telemetry:
    """Tells a log and a meter. Both are handed in; every method is safe to call from several threads."""

    __slots__ = ("_log", "_meter", "_new_id", "seconds")

    def __init__(
        self,
        log: Log = _NoLog(),  # noqa: B008 - they hold nothing
        meter: Meter = _NoMeter(),  # noqa: B008
        *,
        new_id: Callable[[], str] = lambda: secrets.token_hex(6),
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log, self._meter, self._new_id = log, meter, new_id
        #: Seconds that only go forward, to time work by.
        self.seconds = seconds

    @contextmanager
    def about(self, **bound: object) -> Iterator[None]:
        """Bind names of `events.BOUND` to all events that are told within."""
        if unknown := bound.keys() - events.BOUND.keys():
            raise ValueError(f"nothing is bound by the name of {min(unknown)}")
        token = _ABOUT.set({**_ABOUT.get({}), **bound})
        try:
            yield
        finally:
            _ABOUT.reset(token)

    @contextmanager
    def reconciling(self) -> Iterator[str]:
        """Bind a new `reconcile_id`, and give it."""
        made = self._new_id()
        with self.about(reconcile_id=made):
            yield made

    def tell(self, event: Event, /, **fields: object) -> None:
        """Tell an event. Raises `ValueError` for what is no field of it."""
        self._tell(event, event.level, fields)

    def tell_at(self, level: Level, event: Event, /, **fields: object) -> None:
        """Tell an event at another level than its own. Raises `ValueError` for what is no field of it."""
        self._tell(event, level, fields)

    def _tell(
        self, event: Event, level: Level, fields: Mapping[str, object], error: BaseException | None = None
    ) -> None:
        if unknown := fields.keys() - {*event.fields, *events.BOUND}:
            raise ValueError(f"the event {event.name} has no {min(unknown)}")
        if self._log.is_told(level):
            self._log.tell(event.name, level, {**_ABOUT.get({}), **fields}, error)

    def unexpected(self, border: Border, error: BaseException, /) -> None:
        """Tell an exception that nobody declared, with its traceback, and count it."""
        self.tell_unexpected(border, error)
        self.count_unexpected(border)

    def tell_unexpected(self, border: Border, error: BaseException, /) -> None:
        """Tell it alone, where it is counted otherwise."""
        about = {"border": border, "error_type": type(error).__name__}
        self._tell(events.UNEXPECTED, events.UNEXPECTED.level, about, error)

    def count_unexpected(self, border: Border, /) -> None:
        """Count one, where it is told otherwise: one that stands is told once."""
        self._meter.add(metrics.UNEXPECTED, 1, {"border": border})

    def git_process(self, command: str, outcome: GitOutcome, *, seconds: float) -> None:
        """A Git process ended, or (`kept`) was started to stay: its subcommand, and how long that took."""
        self.tell(events.GIT_PROCESS, command=command, outcome=outcome, seconds=round(seconds, 4))
        self._meter.add(metrics.GIT_PROCESSES, 1, {"command": command, "outcome": outcome})
        self._meter.observe(metrics.GIT_SECONDS, seconds, {"command": command})

    def http_call(self, call: HttpCall) -> None:
        """A call to another service ended."""
        target = {"target": call.system}
        self.tell(
            events.HTTP_CALL,
            target=call.system,
            method=call.method,
            route=call.operation,
            outcome=call.outcome,
            tries=call.attempts,
            seconds=round(call.seconds, 4),
            waited=round(call.waited_seconds, 4),
            remaining=call.remaining,
        )
        is_status = call.outcome.isdigit() and call.outcome != "429"
        outcome = f"{call.outcome[0]}xx" if is_status else call.outcome
        self._meter.add(metrics.HTTP_CALLS, 1, {**target, "method": call.method, "outcome": outcome})
        self._meter.add(metrics.HTTP_TRIES, max(0, call.attempts - 1), target)
        self._meter.observe(metrics.HTTP_SECONDS, call.seconds, target)
        if call.remaining is not None:
            self._meter.put(metrics.HTTP_REMAINING, call.remaining, target)

    def delivery(self, source: str, outcome: str, *, seconds: float, kept: str = "") -> None:
        """A delivery to the listener was answered; `kept`: the id that it is kept by."""
        is_lost = outcome in ("failed", "too-large", "too-slow", "limited", "not-kept")
        about = {"source": source, "outcome": outcome, "id": kept, "seconds": round(seconds, 4)}
        self.tell_at("warning" if is_lost else "debug", events.DELIVERY, **about)
        self._meter.add(metrics.DELIVERIES, 1, {"source": source, "outcome": outcome})
        self._meter.observe(metrics.DELIVERY_SECONDS, seconds, {})

    def count(self, metric: Metric, by: float = 1, **labels: str) -> None:
        """Count up a figure that tells no event."""
        self._meter.add(metric, by, labels)

    def gauge(self, metric: Metric, value: float, **labels: str) -> None:
        """Say how much a figure is now."""
        self._meter.put(metric, value, labels)

    def observe(self, metric: Metric, value: float, **labels: str) -> None:
        """Note one of many values of a figure."""
        self._meter.observe(metric, value, labels)

    def signed(self, outcome: str) -> None:
        """Somebody signed in, was refreshed or was not: `outcome` as `metrics.AUTH` has them."""
        self.tell_at("warning" if outcome == "reuse" else "debug", events.SIGNED, outcome=outcome)
        self._meter.add(metrics.AUTH, 1, {"outcome": outcome})

    def commit(self, branch: str, *, seconds: float, commit: str | None = None, error: HubError | None = None) -> None:
        """A commit was published, or (`error`) was not."""
        kinds = ((Moved, "moved"), (Stalled, "refused"), (HubError, "failed"))
        outcome = next((word for kind, word in kinds if isinstance(error, kind)), "committed")
        self.tell(events.COMMIT, branch=branch, commit=commit, outcome=outcome, seconds=round(seconds, 4))
        self._meter.add(metrics.COMMITS, 1, {"outcome": outcome})
        self._meter.observe(metrics.COMMIT_SECONDS, seconds, {})

    def written(self, commit: str | None) -> None:
        """A request was answered. Bind `environment`, `key` and `operation` around it."""
        self.tell(events.WRITTEN, commit=commit)

    def refused(self, error: HubError) -> None:
        """A request was refused, by a declared error. Bind `environment`, `key` and `operation` around it."""
        self.tell(events.REFUSED, reason=error.reason.value, why=error.words)
        self.count_refusal(error)

    def count_refusal(self, error: HubError) -> None:
        """Count what was refused, where it is told otherwise."""
        self._meter.add(metrics.REFUSALS, 1, {"reason": error.reason.value})

    @contextmanager
    def planning(self, reconciler: str, environment: str) -> Iterator[None]:
        """Bind what a pass is about while it is planned, and note how long that took, however it ends."""
        begin = self.seconds()
        try:
            with self.about(reconciler=reconciler, environment=environment):
                yield
        finally:
            self._meter.observe(metrics.PASS_SECONDS, self.seconds() - begin, {"reconciler": reconciler})

    def pass_ended(self, ended: EndedReconcile) -> None:
        """One reconciler's pass over one environment ended; its events are the journal's to tell."""
        both = {"reconciler": ended.reconciler, "environment": ended.environment}
        self._meter.add(metrics.PASSES, 1, {**both, "outcome": ended.outcome})
        if ended.found is None:
            return
        self._meter.put(metrics.SET_ASIDE, len(ended.found.set_aside), both)
        self._meter.put(metrics.HELD, 1 if ended.found.held else 0, both)
        reports = sum(1 for action in ended.found.actions if action.kind == "report")
        self._meter.put(metrics.REPORTS, reports, both)
        for action in ended.found.actions if ended.outcome == "changed" else ():
            if action.kind not in _STANDING:
                self._meter.add(metrics.ACTIONS, 1, {"environment": ended.environment, "action": action.kind})

    def round_ended(self, *, seconds: float, is_whole: bool) -> None:
        """A round over all environments ended. `is_whole`: nothing in it failed."""
        self._meter.add(metrics.ROUNDS, 1, {"outcome": "done" if is_whole else "failed"})
        self._meter.observe(metrics.ROUND_SECONDS, seconds, {})

    def succeeded(self, environment: str, *, at: datetime) -> None:
        """All passes over an environment went through, or it is as it was when they last did."""
        self._meter.put(metrics.LAST_SUCCESS, at.timestamp(), {"environment": environment})

    def holds(self, environment: str, *, previews: int, queued: int) -> None:
        """How much an environment holds, and how many wait for room there."""
        self._meter.put(metrics.PREVIEWS, previews, {"environment": environment})
        self._meter.put(metrics.QUEUED, queued, {"environment": environment})

    def next_due(self, environment: str, at: datetime | None) -> None:
        """When time alone gives the next action in an environment."""
        self._meter.put(metrics.NEXT_DUE, at.timestamp() if at else 0, {"environment": environment})


#: Tells nobody.
SILENT = Telemetry()
