"""One pass over all messages: what previews there are, and each channel brought up to date."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from hub.actions.telling.posting import Outcome
from hub.actions.telling.previews import Previews
from hub.actions.telling.teller import Planned, Teller
from hub.store.messages import MessageRow
from reconcilers.messages.channels import ChannelName

_SCHEME = re.compile(r"^[a-z+]+://")
_SCP = re.compile(r"^(?:[^/@]*@)?([^/:]+):(?!//)")


@dataclass(frozen=True)
class Telling:
    """All messages of a process."""

    previews: Previews
    tellers: tuple[Teller, ...]

    def look(self, environment: str | None = None) -> Mapping[str, Counter[Outcome]]:
        """Bring all up to date; what was done, by channel. `environment`: its messages alone.

        What keeps one message from being told is in its teller's `failures`. Raises what reading the repository raises,
        and `Transient` (DatabaseUnreachable).
        """
        known = {teller.channel.name: teller.known() for teller in self.tellers}
        messages = [*self.previews.messages(_open(known), environment=environment)]
        return {
            teller.channel.name: teller.bring_up_to_date(messages, known[teller.channel.name])
            for teller in self.tellers
        }

    def plan(self, environment: str | None = None) -> list[Planned]:
        """What `look` would do, by preview and channel. Raises as it does."""
        known = {teller.channel.name: teller.known() for teller in self.tellers}
        messages = [*self.previews.messages(_open(known), environment=environment)]
        planned = [one for teller in self.tellers for one in teller.planned(messages, known[teller.channel.name])]
        return sorted(planned, key=lambda one: (one.message.key, one.channel))


def _open(known: Mapping[ChannelName, Mapping[str, MessageRow]]) -> frozenset[str]:
    """The previews that there are messages of which have not told their last word."""
    return frozenset(key for found in known.values() for key, row in found.items() if row.state != "closed")


def repository_id(location: str) -> str:
    """Tells hubs apart that write to one site: a digest of where the state repository is, however it is reached."""
    text = _SCHEME.sub("", location)
    text = text if text != location else _SCP.sub(r"\1/", text)
    place = re.sub(r":[0-9]+/", "/", text.rpartition("@")[2], count=1).rstrip("/").removesuffix(".git")
    return hashlib.sha256(place.encode()).hexdigest()[:12]
