"""One round, told and counted: what `rtb-hub reconcile` does when it does not go on watching."""

from __future__ import annotations

from hub.reconciling.figures import RoundFigures
from hub.reconciling.journal import Journal
from hub.reconciling.round import Outcome, Round


def reconcile_once(asked: Round) -> tuple[Outcome, ...]:
    """All outcomes. Raises what the store raises when it cannot be observed."""
    telemetry = asked.ours.telemetry
    with telemetry.reconciling():
        begin = telemetry.seconds()
        outcomes = asked.run()
        figures = RoundFigures(outcomes, telemetry.seconds() - begin)
        figures.note(telemetry, at=asked.ours.clock())
        figures.tell(telemetry, is_news=Journal(telemetry).tell_round(outcomes))
    return outcomes
