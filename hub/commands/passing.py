"""What keeps a look from being taken and passes by itself: whoever looks again and again goes on."""

from __future__ import annotations

from typing import Final

from generator.errors import Reason

PASSING: Final = frozenset({
    Reason.SERVER_UNREACHABLE, Reason.CLUSTER_UNREACHABLE, Reason.REPOSITORY_UNREACHABLE, Reason.DATABASE_UNREACHABLE,
    Reason.TOO_MANY_REQUESTS, Reason.NOT_IN_TIME,
})  # fmt: skip
