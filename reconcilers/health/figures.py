"""What is counted of an environment's previews by their cluster. Pure, but for what a `Track` remembers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from generator.values.formats import parse_time
from reconcilers.health.phase import UP, Phase, Seen
from reconcilers.leases import begin_of

_NONE = timedelta(0)
#: A preview whose first look shows it running was not seen to come up; nothing is told of it.
_NOT_SEEN = frozenset({"unknown", "removed", "awaiting approval"})


@dataclass(frozen=True, slots=True)
class Figures:
    """One environment at one moment. `causes` by layer (slug) and audience; `starts` by compute, in seconds.

    `starts`: from what began a preview (its lease, or the merge) to the first look that shows it running. `gone`: from
    the moment it was due (the end of its lease, or the first look without its entry) to the first look without it.
    """

    phases: Mapping[str, int]
    causes: Mapping[tuple[str, str], int]
    unclassified: int = 0
    oldest_stuck: timedelta = _NONE
    expiry_lag: timedelta = _NONE
    is_set_stopped: bool = False
    starts: tuple[tuple[str, float], ...] = ()
    gone: tuple[float, ...] = ()


@dataclass
class Track:
    """Remembers how the previews of one environment stood at the look before."""

    _before: dict[str, str] = field(default_factory=dict)
    _due: dict[str, datetime] = field(default_factory=dict)
    _told: set[tuple[str, datetime]] = field(default_factory=set)
    _has_looked: bool = False

    def figures(self, seen: Mapping[str, Seen], phases: Mapping[str, Phase], *, now: datetime) -> Figures:
        """What there is now, and what came up or went since the look before."""
        found = [phase.finding for phase in phases.values() if phase.finding is not None]
        stuck = [phase.finding.since for phase in phases.values() if phase.name == "stuck" and phase.finding]
        late = [now - ends for one in seen.values() if (ends := _ends(one)) is not None and ends < now]
        sets = [one.applications for one in seen.values() if one.applications is not None]
        starts, gone = [*self._starts(seen, phases, now)], [*self._gone(seen, phases, now)]
        self._before, self._has_looked = {name: phase.name for name, phase in phases.items()}, True
        return Figures(
            phases=Counter(phase.name for phase in phases.values()),
            causes=Counter((one.rule.layer.slug, str(one.audience)) for one in found),
            unclassified=sum(one.code.startswith("unclassified-") for one in found),
            oldest_stuck=max((now - since for since in stuck if since), default=_NONE),
            expiry_lag=max(late, default=_NONE),
            is_set_stopped=any(one.error is not None for one in sets),
            starts=tuple(starts),
            gone=tuple(gone),
        )

    def _starts(self, seen: Mapping[str, Seen], phases: Mapping[str, Phase], now: datetime) -> list[tuple[str, float]]:
        told = []
        for name, phase in phases.items():
            begun, compute = _begun(seen[name])
            if begun is None or phase.name not in UP or (name, begun) in self._told:
                continue
            self._told.add((name, begun))
            before = self._before.get(name)
            is_new = self._has_looked if before is None else before not in UP and before not in _NOT_SEEN
            if is_new:
                told.append((compute, max(0.0, (now - begun).total_seconds())))
        self._told = {one for one in self._told if one[0] in phases}
        return told

    def _gone(self, seen: Mapping[str, Seen], phases: Mapping[str, Phase], now: datetime) -> list[float]:
        for name, one in seen.items():
            ends = _ends(one)
            if ends is not None and ends <= now:
                self._due.setdefault(name, ends)
            elif one.entry is not None:
                self._due.pop(name, None)
            elif name in self._before and phases[name].name not in _NOT_SEEN:
                self._due.setdefault(name, now)
        away = [name for name in self._due if name not in phases or phases[name].name == "removed"]
        return [max(0.0, (now - self._due.pop(name)).total_seconds()) for name in away]


def _begun(seen: Seen) -> tuple[datetime | None, str]:
    if seen.preview is None:
        return None, ""
    return begin_of(seen.preview.spec.lease), seen.preview.spec.compute


def _ends(seen: Seen) -> datetime | None:
    ends = seen.preview.spec.lease.expires_at if seen.preview is not None else None
    return parse_time(ends) if ends else None
