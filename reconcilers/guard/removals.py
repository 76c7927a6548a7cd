"""What a walk ends: previews that it removes, and those whose time it makes shorter, which are gone a little later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from generator.errors import ConfigError, Location
from generator.values.naming import ENTRY_FILE
from reconcilers.capacity.facts import Facts, facts_of
from reconcilers.guard.walk import Policy, Refusal, Who
from reconcilers.state.entries import parse_entry


class Removed(NamedTuple):
    """An entry's folder, and the commit that removed it.

    `is_alone`: the commit does nothing else. `is_said`: nobody reviews it, and the commit's message names it.
    """

    folder: str
    commit: str
    is_alone: bool
    is_said: bool


@dataclass(slots=True)
class Removals:
    """All by folder with the commit that did it, and `live`, those whose time was not up.

    `shortened`: folder to environment and commit, of those whose lease still ran and then ended earlier.
    """

    all: dict[str, str] = field(default_factory=dict)
    live: list[Removed] = field(default_factory=list)
    shortened: dict[str, tuple[str, str]] = field(default_factory=dict)

    def remove(self, one: Removed, entry: bytes | None, *, now: datetime) -> None:
        """An entry (None: it cannot be read) was removed."""
        facts = facts_in(entry)
        if facts is None or facts.expires_at is None or facts.expires_at > now:
            self.live.append(one)

    def change(
        self, folder: str, environment: str, commit: str, texts: tuple[bytes | None, bytes], now: datetime
    ) -> None:
        """An entry was changed, with its `texts` before and after."""
        before, after = map(facts_in, texts)
        if before is None or after is None or after.expires_at is None or before.expires_at is None:
            return
        if now < before.expires_at and after.expires_at < before.expires_at:
            self.shortened.setdefault(folder, (environment, commit))

    def refusals(self, policies: Mapping[str, Policy], *, who: Who, cap: int) -> Iterator[Refusal]:
        """Why that is refused, by the `policies` of the environments and the number that may go at once."""
        for folder, commit, is_alone, is_said in self.live:
            where = Location(f"{folder}/{ENTRY_FILE}")
            if who == "expiry":
                yield Refusal("removal-not-due", where, "its time is not known to be up", commit)
            elif is_said:
                continue
            elif len(self.live) > 1:
                message = f"its time is not up, and {len(self.live) - 1} more such previews are removed with it"
                yield Refusal("removal-not-due", where, message, commit)
            elif not is_alone:
                message = "its time is not up, and the commit that removes it does more than that"
                yield Refusal("removal-not-due", where, message, commit)
        ended = {**{folder: commit for folder, (_, commit) in self.shortened.items()}, **self.all}
        if len(ended) > cap:
            first, commit = next(iter((self.all or ended).items()))
            what = f"{len(self.all)} previews are removed" if self.all else ""
            more = f"{len(ended) - len(self.all)} end earlier than they did" if len(ended) > len(self.all) else ""
            message = f"{' and '.join(part for part in (what, more) if part)}, and the cap is {cap}"
            yield Refusal("removal-cap", Location(f"{first}/{ENTRY_FILE}"), message, commit)
        for name, policy in policies.items():
            mine = [(folder, commit) for folder, (home, commit) in self.shortened.items() if home == name]
            most = policy.environment.spec.expiry.max_removals
            if len(mine) > most:
                message = f"{len(mine)} previews end earlier than they did, more than {most} (expiry.maxRemovals)"
                yield Refusal("removal-cap", Location(f"{mine[0][0]}/{ENTRY_FILE}"), message, mine[0][1])


def facts_in(text: bytes | None) -> Facts | None:
    """The facts of an entry; None for what is none."""
    try:
        return facts_of(parse_entry(text, "")) if text is not None else None
    except ConfigError:
        return None
