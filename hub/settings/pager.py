"""Which program shows long output on a terminal, by the rules of GitHub's `gh` (`gh help environment`).

Read without a library; `hub.settings.model` has RTB_HUB_PAGER among all others.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

VARIABLE = "RTB_HUB_PAGER"


@dataclass(frozen=True, slots=True)
class Pager:
    """Its words, and its environment: for `less` that of `gh` (styles, an end by itself where all fits)."""

    words: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)


def pager(environ: Mapping[str, str] | None = None) -> Pager | None:
    """The program of RTB_HUB_PAGER, else of PAGER. None: none is named, or `cat`, or what is no command line.

    An empty RTB_HUB_PAGER is one that is given: it switches PAGER off.
    """
    env = dict(os.environ if environ is None else environ)
    named = env.get(VARIABLE, env.get("PAGER", ""))
    try:
        words = tuple(shlex.split(named))
    except ValueError:  # quotes that do not end
        return None
    if not words or words == ("cat",):
        return None
    env.pop("PAGER", None)
    return Pager(words, {"LESS": "FRX", "LV": "-c", **env})
