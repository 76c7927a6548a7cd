"""Waiting for images that are not there yet: how long, how often they are looked for, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from generator.errors import ConfigError, Fault, Reason, Waiting

#: So long an image is waited for since its job was put; looked for after a quarter of that time, within these.
GIVE_UP, _FIRST, _MOST = timedelta(hours=1), timedelta(seconds=15), timedelta(minutes=5)
_WAITS = "nothing is to be done if its build is running; a push to the registry is noticed"
_OVER = "push the image, or check its name, and have the job run again"


def not_there(
    what: str, lacking: Mapping[str, str], *, waited: timedelta, unknown: Mapping[str, str] | None = None
) -> Waiting | ConfigError:
    """The error (ImageNotThere) of a job that lacks images: to wait, or after `GIVE_UP` to end.

    `what` is started; by component, `lacking` are references, and `unknown` says why none is known. `waited`: since the
    job was put.
    """
    is_over = waited >= GIVE_UP
    how = f"is given up after {_told(GIVE_UP)}" if is_over else "waits for its image"
    why = {**{component: f"there is no {text}" for component, text in lacking.items()}, **(unknown or {})}
    faults = [
        Fault(f"{what} {how}: {text}", field=f"images.{component}", remedy=_OVER if is_over else _WAITS)
        for component, text in sorted(why.items())
    ]
    if is_over:
        return ConfigError(Reason.IMAGE_NOT_THERE, faults)
    pause = min(max(waited / 4, _FIRST), _MOST)
    awaited = sorted({*lacking.values()})
    return Waiting(Reason.IMAGE_NOT_THERE, faults, retry_after_seconds=pause.total_seconds(), awaited=awaited)


def _told(length: timedelta) -> str:
    return f"{int(length.total_seconds()) // 60} minutes"
