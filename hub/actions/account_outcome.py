"""What comparing an account with what is rendered for it came to, object by object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from generator.errors import HubError

State = Literal["found", "missing", "differs", "unread"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact that is another: what is rendered, and what the account has. Values as JSON has them."""

    fact: str
    wanted: Any
    found: Any


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of comparing one object. `why`: why it could not be read. `repairs`: commands, or sentences."""

    stack: str
    kind: str
    name: str
    state: State
    differences: tuple[Difference, ...] = ()
    why: str = ""
    repairs: tuple[str, ...] = ()


def remedies(err: HubError) -> tuple[str, ...]:
    """What an error says to do, each once."""
    return tuple(dict.fromkeys(str(fault.remedy) for fault in err.faults if fault.remedy))
