"""What a round comes to, in figures: for metrics, and for the line that closes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from generator.errors import Unexpected
from hub.reconciling.round import Outcome, mistakes_in
from hub.telemetry import events
from hub.telemetry.telemetry import EndedReconcile, ReconcileOutcome, Telemetry


@dataclass(frozen=True, slots=True)
class RoundFigures:
    """One round: its outcomes, and how many seconds it took."""

    outcomes: Sequence[Outcome]
    seconds: float

    @property
    def succeeded(self) -> frozenset[str]:
        """The environments whose passes all went through; one that awaits a person is among them."""
        failed = {one.environment for one in self.outcomes if one.error is not None}
        return frozenset(one.environment for one in self.outcomes) - failed

    def note(self, telemetry: Telemetry, *, at: datetime) -> None:
        """Count the passes and the round; note what succeeded at `at` (aware), and what is due next."""
        for one in self.outcomes:
            telemetry.pass_ended(EndedReconcile(one.reconciler, one.environment, _word(one), one.result))
            for _ in mistakes_in(
                fault for aside in (one.result.set_aside if one.result else ()) for fault in aside.faults
            ):
                telemetry.count_unexpected("entry")
            if isinstance(one.error, Unexpected):
                telemetry.count_unexpected("pass")
            elif one.error is not None:
                telemetry.count_refusal(one.error)
        for name in sorted(self.succeeded):
            of_one = (one.next_due for one in self.outcomes if one.environment == name and one.next_due)
            telemetry.next_due(name, min(of_one, default=None))
            telemetry.succeeded(name, at=at)
        telemetry.round_ended(seconds=self.seconds, is_whole=not self._failed)

    def tell(self, telemetry: Telemetry, *, is_news: bool) -> None:
        """The line that closes the round: of interest when something in it was told, else a step among many."""
        results = [one.result for one in self.outcomes if one.result]
        telemetry.tell_at(
            "info" if is_news else events.ROUND.level,
            events.ROUND,
            outcome="failed" if self._failed else "done",
            passes=len(self.outcomes),
            failed=self._failed,
            held=sum(1 for one in results if one.held),
            actions=sum(len(one.actions) for one in results),
            set_aside=sum(len(one.set_aside) for one in results),
            commits=len({one.commit for one in self.outcomes if one.commit}),
            seconds=round(self.seconds, 3),
        )

    @property
    def _failed(self) -> int:
        return sum(1 for one in self.outcomes if one.error is not None)


def _word(one: Outcome) -> ReconcileOutcome:
    if one.error is not None:
        return "unexpected" if isinstance(one.error, Unexpected) else "failed"
    if one.result is not None and one.result.held:
        return "held"
    return "changed" if one.commit is not None else "unchanged"
