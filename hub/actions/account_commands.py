"""How a command of the AWS CLI is written for people."""

from __future__ import annotations

import json
import shlex
from typing import Any


def command(*words: str) -> str:
    """One line of a shell."""
    return shlex.join(("aws", *words))


def as_json(value: Any) -> str:
    """A word that the CLI takes for a value with parts."""
    return json.dumps(value, sort_keys=True)
