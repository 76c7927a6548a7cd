"""What a watch tells: one line an event on standard error, for people or, as JSON, for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from generator.values.formats import format_time
from hub.output.console import printable
from hub.reconciling.round import Outcome


def _stderr(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


@dataclass
class Journal:
    """Writes events. Of what stays as it is from round to round, only the change is told."""

    clock: Callable[[], datetime]
    as_json: bool
    write: Callable[[str], None] = _stderr
    _standing: frozenset[tuple[str, ...]] = field(default=frozenset(), init=False)

    def tell(self, event: str, **about: str) -> None:
        """One event, with what it is about."""
        head = {"at": format_time(self.clock()), "event": event}
        if self.as_json:
            self.write(json.dumps({**head, **about}, ensure_ascii=False))
            return
        rest = " ".join(f"{name}={_shown(value)}" for name, value in about.items())
        self.write(" ".join(part for part in (head["at"], event, rest) if part))

    def tell_round(self, outcomes: Sequence[Outcome]) -> bool:
        """What was done in a round, and what is new of what is not. True when there was something to tell."""
        told = False
        standing: set[tuple[str, ...]] = set()
        for one in outcomes:
            about = {"reconciler": one.reconciler, "environment": one.environment}
            for event, detail in _events(one):
                key = (event, *about.values(), *detail.values())
                if event != "done":  # which is over when it is told; the others stand until they are gone
                    standing.add(key)
                if key not in self._standing:
                    self.tell(event, **about, **detail)
                    told = True
        for event, reconciler, environment, *_ in sorted(self._standing - standing):
            still = any(key[:3] == (event, reconciler, environment) for key in standing)
            if event in ("failed", "held") and not still:
                self.tell("recovered", reconciler=reconciler, environment=environment, what=event)
                told = True
        self._standing = frozenset(standing)
        return told


def _events(one: Outcome) -> list[tuple[str, dict[str, str]]]:
    events: list[tuple[str, dict[str, str]]] = []
    result = one.result
    if result is not None:
        for action in result.actions:
            detail = {"preview": action.preview, "why": action.why}
            if action.kind in ("warn", "report"):
                events.append((action.kind, detail))
            elif one.commit is not None:
                events.append(("done", {"action": action.kind, **detail, "commit": one.commit}))
        for aside in result.set_aside:
            why = "; ".join(str(fault) for fault in aside.faults)
            events.append(("set-aside", {"preview": aside.preview, "why": why}))
        if result.held:
            events.append(("held", {"why": result.held.message, "remedy": result.held.remedy}))
    if one.error is not None:
        fault = one.error.faults[0]
        events.append(("failed", {"reason": one.error.reason.value, "why": fault.message, "remedy": fault.remedy}))
    return events


def _shown(value: str) -> str:
    text = printable(value)
    return json.dumps(text, ensure_ascii=False) if " " in text or '"' in text or not text else text
