"""What the command line would print, as text: for those who work through a server."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

#: As of a pipe, which has no edge.
UNBOUNDED = 1000


def worded(tell: Callable[[Console], None], *, width: int = UNBOUNDED, is_terminal: bool = False) -> str:
    """What `tell` prints, without styles, on `width` columns; `is_terminal`: with what a terminal has of styles."""
    from rich.console import Console

    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=is_terminal, color_system="standard" if is_terminal else None,
        highlight=False, markup=False, emoji=False, soft_wrap=True, _environ={},
    )  # fmt: skip
    tell(console)
    return out.getvalue()
