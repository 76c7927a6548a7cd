"""What a change may look like as history: when its commits say that they were made, and what was merged into it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from generator.errors import Location
from generator.values.formats import YEARS, format_time
from reconcilers.guard.walk import Dated, Merging, Refusal

#: A commit may say that it was made so much later than now, or earlier than its parents: clocks differ, by less.
TOLERANCE = timedelta(hours=1)
_NOWHERE = Location("")
_ANEW = "withdraw it, and ask for it anew"


def date_refusals(dates: Iterable[Dated], now: datetime) -> Iterator[Refusal]:
    """Commits whose dates cannot be true at `now` (aware). What reads history breaks on them, or takes them for true.

    Nobody can follow a parent that is itself ahead of now, so it bounds nothing: it is told where it is the change.
    """
    for one in dates:
        if wrong := _wrong(one, now):
            yield Refusal("commit-date", _NOWHERE, wrong, one.commit)


def _wrong(one: Dated, now: datetime) -> str:
    for what, at in (("written", one.written_at), ("made", one.made_at)):
        if at is None or at.year not in YEARS:
            return f"says that it was {what} at what is no time of the years {YEARS.start} to {YEARS.stop - 1}"
        if at > now + TOLERANCE:
            return f"says that it was {what} at {format_time(at)}, which is later than now, {format_time(now)}"
    before = max((at for at in one.after if at <= now + TOLERANCE), default=None)
    if before is not None and one.made_at is not None and one.made_at < before - TOLERANCE:
        return f"says that it was made at {format_time(one.made_at)}, before its parent, {format_time(before)}"
    return ""


def merge_refusals(merges: Iterable[Merging]) -> Iterator[Refusal]:
    """Requests of which nobody can see what merging them gives: people and forges compare with one merge base."""
    for one in merges:
        if one.bases != 1:
            told = f"it has {one.bases} merge bases with its target, so no difference shows what it changes; {_ANEW}"
            yield Refusal("merge-bases", _NOWHERE, told, one.commit)
        for commit in one.foreign[:1]:
            told = f"it merges what never was a state of its target ({commit[:12]}); {_ANEW}"
            yield Refusal("foreign-merge", _NOWHERE, told, one.commit)
        for path in one.conflicts[:1]:
            told = f"it conflicts with its target in {path}; {_ANEW}"
            yield Refusal("merge-conflict", Location(path), told, one.commit)
