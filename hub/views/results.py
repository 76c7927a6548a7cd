"""What a pass of a reconciler has to tell beside its actions, for machines and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub.views.drift import pass_data, tell_pass
from reconcilers.results import ReconcileResult
from reconcilers.scheduled.drift import DriftResult

if TYPE_CHECKING:
    from rich.console import Console


def details(found: ReconcileResult) -> dict[str, Any]:
    """For machines; nothing for most."""
    return pass_data(found) if isinstance(found, DriftResult) else {}


def has_details(found: ReconcileResult) -> bool:
    """Whether there is more to tell people than counts of what is as it should be."""
    return isinstance(found, DriftResult) and bool(found.differences or found.waiting)


def show(console: Console, found: ReconcileResult) -> None:
    """For people; nothing for most."""
    if isinstance(found, DriftResult):
        tell_pass(console, found)
