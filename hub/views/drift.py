"""How what differs from what templates and policy render is shown, to people and to machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.values.counting import counted
from hub.output.console import fault_data, printable
from hub.views.changes import change_data, print_changes
from reconcilers.scheduled.drift import DriftResult

if TYPE_CHECKING:
    from rich.console import Console

#: Previews whose objects people are shown, and objects of each and fields of those; machines get all.
SHOWN_PREVIEWS, SHOWN_FIELDS = 10, 5


def pass_data(found: DriftResult) -> dict[str, Any]:
    """What a pass has to tell beside its actions, for machines. `objects` null: the manifest in Git is unreadable."""
    return {
        "differences": [
            {
                "preview": one.preview,
                "path": str(one.path),
                "causes": list(one.causes),
                "refusals": [fault_data(fault) for fault in one.refusals],
                "objects": None if one.changes is None else [change_data(change) for change in one.changes],
            }
            for one in found.differences
        ],
        "equal": found.equal,
        "rendered": found.rendered,
        "waiting": found.waiting,
    }


def tell_pass(console: Console, found: DriftResult) -> None:
    """The objects of what differs, shortened, and the counts."""
    from rich.text import Text

    for one in found.differences[:SHOWN_PREVIEWS]:
        console.print(Text(printable(f"{one.preview}: {', '.join(one.causes)}"), "bold"))
        if one.changes is None:
            console.print(Text("  the manifest in Git cannot be read as objects; all of it is rewritten", "yellow"))
        elif not one.changes:
            console.print(Text("  no object changes; only its formatting, or the record in the entry", "dim"))
        else:
            print_changes(console, one.changes, indent="  ", most=SHOWN_FIELDS)
    if (more := len(found.differences) - SHOWN_PREVIEWS) > 0:
        console.print(Text(f"… and {counted(more, 'more preview')}; --output json lists all", "dim"))
    told = f"{found.equal} up to date ({found.rendered} had to be re-rendered to tell)"
    counts = f"{told}, {len(found.differences)} drifted"
    waiting = f"; {found.waiting} with changed inputs are left to the next runs" if found.waiting else ""
    console.print(Text(f"{found.environment}: {counts}{waiting}"))
