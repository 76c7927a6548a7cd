"""How a command ends that told of all environments but those that cannot be read."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from generator.errors import HubError
from hub.output.exit_codes import CODES


def exit_for_unreadable(errors: Mapping[str, HubError]) -> None:
    """Exit with the first error's code, if there is one: by the code alone, a part must not be taken for all."""
    for error in errors.values():
        sys.exit(CODES[error.reason])
