"""What a round tells a log: what was done, and what is new of what stands. Repetitions are not told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hub.output.remedies import fault_line, words
from hub.reconciling.round import Outcome, mistakes_in
from hub.telemetry import events
from hub.telemetry.events import Event
from hub.telemetry.telemetry import Telemetry

_OF_ACTIONS = {"warn": events.WARN, "report": events.REPORT}
#: What is told again as `recovered` when it is gone.
_ENDING = {events.FAILED.name, events.HELD.name}


@dataclass
class Journal:
    """Tells rounds. Of what stays as it is from round to round, only the change is told."""

    telemetry: Telemetry
    _standing: frozenset[tuple[str, ...]] = field(default=frozenset(), init=False)

    def tell_round(self, outcomes: Sequence[Outcome]) -> bool:
        """What was done in a round, and what is new of what is not. True when there was something to tell."""
        told = False
        standing: set[tuple[str, ...]] = set()
        for one in outcomes:
            for event, detail, mistakes in _events(one):
                key = (event.name, one.reconciler, one.environment, *detail.values())
                if event is not events.DONE:  # which is over when it is told; the others stand until they are gone
                    standing.add(key)
                if key not in self._standing:
                    with self.telemetry.about(reconciler=one.reconciler, environment=one.environment):
                        self.telemetry.tell(event, **detail)
                        for mistake in mistakes:
                            self.telemetry.tell_unexpected("pass" if event is events.FAILED else "entry", mistake)
                    told = True
        for name, reconciler, environment, *_ in sorted(self._standing - standing):
            still = any(key[:3] == (name, reconciler, environment) for key in standing)
            if name in _ENDING and not still:
                with self.telemetry.about(reconciler=reconciler, environment=environment):
                    self.telemetry.tell(events.RECOVERED, what=name)
                told = True
        self._standing = frozenset(standing)
        return told


def _events(one: Outcome) -> Iterator[tuple[Event, dict[str, str], tuple[Exception, ...]]]:
    """Each event, what it is about, and the exceptions that nobody declared among its causes."""
    result = one.result
    if result is not None:
        for action in result.actions:
            detail = {"preview": action.preview, "why": action.why}
            if action.kind in _OF_ACTIONS:
                yield _OF_ACTIONS[action.kind], detail, ()
            elif one.commit is not None:
                yield events.DONE, {"action": action.kind, **detail, "commit": one.commit}, ()
        for aside in result.set_aside:
            why = "; ".join(fault_line(fault) for fault in aside.faults)
            yield events.SET_ASIDE, {"preview": aside.preview, "why": why}, mistakes_in(aside.faults)
        if result.held:
            yield events.HELD, {"why": result.held.message, "remedy": words(result.held.remedy)}, ()
    if one.error is not None:
        fault = one.error.faults[0]
        detail = {"reason": one.error.reason.value, "why": fault.message, "remedy": words(fault.remedy)}
        yield events.FAILED, detail, mistakes_in(one.error.faults)
