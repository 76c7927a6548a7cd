"""One pass over all messages: what previews there are, and each channel brought up to date."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from hub.actions.telling.posting import Outcome
from hub.actions.telling.previews import Previews
from hub.actions.telling.teller import Planned, Teller
from reconcilers.messages.model import Message

_SCHEME = re.compile(r"^[a-z+]+://")
_SCP = re.compile(r"^(?:[^/@]*@)?([^/:]+):(?!//)")


def nobody_notices(changed: Callable[[], None]) -> AbstractContextManager[None]:
    """What has changed is seen when it is looked at."""
    del changed
    return nullcontext()


@dataclass(frozen=True)
class Telling:
    """All messages of a process. `noticing` calls what it is given when a cluster has news, while it lasts.

    `unheard`: see `Previews.messages`.
    """

    previews: Previews
    tellers: tuple[Teller, ...]
    noticing: Callable[[Callable[[], None]], AbstractContextManager[None]] = nobody_notices
    unheard: Callable[[Sequence[str]], Sequence[str]] = lambda keys: keys

    def look(self, environment: str | None = None) -> Mapping[str, Counter[Outcome]]:
        """Bring all up to date; what was done, by channel. `environment`: its messages alone.

        What keeps one message from being told is in its teller's `failures`. Raises what reading the repository raises,
        and `Transient` (DatabaseUnreachable).
        """
        messages = self.messages(environment)
        return {teller.channel.name: teller.bring_up_to_date(messages) for teller in self.tellers}

    def plan(self, environment: str | None = None) -> list[Planned]:
        """What `look` would do, by preview and channel. Raises as it does."""
        messages = self.messages(environment)
        planned = [one for teller in self.tellers for one in teller.planned(messages)]
        return sorted(planned, key=lambda one: (one.message.row, one.channel))

    def messages(self, environment: str | None = None) -> list[Message]:
        """What there is to tell, in every channel. Raises as `look`."""
        told = frozenset[str]().union(*(teller.open_keys() for teller in self.tellers))
        return [*self.previews.messages(told, environment=environment, unheard=self.unheard)]


def repository_id(location: str) -> str:
    """Tells hubs apart that write to one site: a digest of where the state repository is, however it is reached."""
    text = _SCHEME.sub("", location)
    text = text if text != location else _SCP.sub(r"\1/", text)
    place = re.sub(r":[0-9]+/", "/", text.rpartition("@")[2], count=1).rstrip("/").removesuffix(".git")
    return hashlib.sha256(place.encode()).hexdigest()[:12]
