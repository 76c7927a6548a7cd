"""Whether the clock here may be behind, by when the newest commit of a branch says that it was made. Pure.

A commit from a clock that is ahead looks the same: then another commit, made by a clock that is right, ends it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from generator.errors import Fault, Reason, Stalled
from generator.values.formats import format_time

#: Clocks of machines that keep time by NTP differ by far less.
CLOCK_TOLERANCE = timedelta(minutes=5)
#: By so much no lease may be written wrongly, and `guard` refuses a commit that is older than its parent.
MOST_BEHIND = timedelta(hours=1)
UNDATED = (
    "the newest commit of the branch has a date that is none, so it does not tell whether the clock here is behind;"
    " the next commit ends that"
)


def clock_behind(at: datetime, newest: datetime | None) -> str:
    """Why the clock here may be behind, in words; empty when nothing says so. Both times are aware.

    `newest` is when the newest commit was made; None, a date that is none, is no evidence.
    """
    if newest is None or newest - at <= CLOCK_TOLERANCE:
        return ""
    here, there = format_time(at), format_time(newest)
    return f"the clock here may be behind: it says {here}, and the branch was committed to at {there}"


def must_not_be_far_behind(at: datetime, newest: datetime | None, *, branch: str) -> None:
    """Raise `Stalled` (ClockBehind) for a clock by which nothing may be written to `branch`."""
    if newest is not None and newest - at > MOST_BEHIND:
        remedy = (
            f"set the clock (NTP); if it is right, the newest commit's date is not: commit once more to {branch},"
            " by hand, on a machine whose clock is right"
        )
        fault = Fault(f"cannot write to {branch}: {clock_behind(at, newest)}", remedy=remedy)
        raise Stalled(Reason.CLOCK_BEHIND, fault)
