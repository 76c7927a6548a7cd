"""What a container asks for, as a component says it."""

from __future__ import annotations

from typing import Final

from generator.values.bounds import check_storage
from generator.values.formats import check_cpu, check_memory
from hub.actions.importing.model import Leave
from hub.actions.importing.trees import Read, text_at

_SIZE: Final = "is no amount that pods can ask for: see 'cpu', 'memory', 'storage'"
_CHECKS: Final = (
    ("cpu", "cpu", check_cpu), ("memory", "memory", check_memory), ("storage", "ephemeral-storage", check_storage),
)  # fmt: skip


def sizes_of(container: Read, leave: Leave) -> dict[str, str]:
    """Its limits, else its requests, of Kubernetes' `resources`; what no pod can ask for is told by `leave`."""
    found: dict[str, str] = {}
    for ours, theirs, check in _CHECKS:
        amounts = (text_at(container, "resources", key, theirs) for key in ("limits", "requests"))
        amount = next((text for text in amounts if text), "")
        try:
            found |= {ours: check(amount)} if amount else {}
        except ValueError:
            leave(f"resources: {theirs}", _SIZE)
    return found
