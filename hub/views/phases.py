"""A preview's phase, for people and for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub.output.remedies import words
from reconcilers.health.phase import Phase

if TYPE_CHECKING:
    from rich.text import Text

STYLES = {
    "running": "green",
    "starting": "cyan",
    "awaiting approval": "cyan",
    "expiring soon": "yellow",
    "sleeping": "blue",
    "stopping": "yellow",
    "unknown": "magenta",
    "failed": "red",
    "stuck": "red",
    "removed": "dim",
}


def phase_data(phase: Phase | None) -> dict[str, Any]:
    """A phase for machines."""
    if phase is None:
        return {"phase": None, "cause": "", "remedy": ""}
    return {"phase": phase.name, "cause": phase.cause, "remedy": words(phase.remedy)}


def phase_text(phase: Phase | None) -> Text:
    """A phase for people, one word or two."""
    from rich.text import Text

    return Text(phase.name, STYLES[phase.name]) if phase else Text("–", "dim")
