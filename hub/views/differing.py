"""A unified diff for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.output.console import printable

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def tell_diff(console: Console, diff: str, *, margin: str = "") -> None:
    """Print it, a line each."""
    from rich.text import Text

    for line in diff.splitlines():
        console.print(Text(f"{margin}{printable(line)}", _STYLES.get(line[:1], "")))
