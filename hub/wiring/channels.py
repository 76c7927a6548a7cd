"""A channel as the settings open it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.actions.telling.teller import Spread
    from hub.views.messages.words import Language
    from reconcilers.messages.channels import Channel


@dataclass(frozen=True, slots=True)
class Opened:
    """A channel, in its language; `spread`: where messages stand in it, None where there is one place for a preview.

    `missing` (None: as `Desk` has it) and `renews`: see `Desk`. `is_of_previews`: see `Teller`.
    """

    channel: Channel
    language: Language
    spread: Spread | None = None
    missing: timedelta | None = None
    renews: bool = False
    is_of_previews: bool = True
