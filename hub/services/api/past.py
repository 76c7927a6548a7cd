"""What is known of previews that are gone: what they cost, as the commits before their removal say it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from hub.actions.spent import Ran


@dataclass(eq=False)
class Past:
    """What previews that are gone cost, by the commit that removed them and their entry. None: it has no price."""

    known: dict[tuple[str, str], Ran | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Nothing is known yet."""
        self.lock = threading.Lock()
