"""Environments that cannot be read, beside those that can: for people and for machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from generator.errors import HubError
from hub.output.console import printable
from hub.output.remedies import fault_line

if TYPE_CHECKING:
    from rich.console import Console


def describe_unreadable(errors: Mapping[str, HubError]) -> list[dict[str, Any]]:
    """Each for machines. `errors`: why, by the environment's name, or by the branch's when nothing of it can be read.

    `file` is where the first fault is; empty when it is in none.
    """
    return [
        {"environment": name, "file": _file(error), "faults": [fault_line(fault) for fault in error.faults]}
        for name, error in errors.items()
    ]


def tell_unreadable(console: Console, errors: Mapping[str, HubError]) -> None:
    """Each for people; see `describe_unreadable`."""
    from rich.text import Text

    for name, error in errors.items():
        console.print(Text(f"! {printable(name)} cannot be read; nothing is told of it:", "red"))
        for fault in error.faults:
            console.print(f"    {printable(fault_line(fault))}")


def _file(error: HubError) -> str:
    return next((fault.where.file for fault in error.faults if fault.where), "")
