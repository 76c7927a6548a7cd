"""Links to previews at the hub that somebody posts in a channel: what they lead to, in a line below.

Only in the channel that previews of the project are told of in anyway, and in the platform's: whoever reads it there
reads the same of the preview's message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from generator.errors import ConfigError
from generator.values.naming import IssueKey
from hub.queue.payloads import SlackUnfurl
from hub.queue.port import Finished
from hub.services.slack.asking import must_be_slacks
from hub.store import jobs as rows
from hub.views.messages.blocks import unfurled
from hub.views.messages.commands import CommandWords
from hub.views.messages.document import document_of
from hub.views.messages.words import Words
from reconcilers.messages.model import Message
from reconcilers.state.reading import Reading

#: The dashboard's page of a preview, and the way to one.
_PAGE: Final = re.compile(r"/previews/(?P<env>[a-z0-9-]{1,40})/(?P<key>[A-Za-z0-9_-]{1,60})/?")
_WAY: Final = re.compile(r"/preview/(?P<key>[A-Za-z0-9_-]{1,60})(?:/(?P<env>[a-z0-9-]{1,40}))?/?")


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link leads to. `environment` empty: wherever there is one."""

    issue: IssueKey
    environment: str = ""


def linked(url: str, hub: str) -> Linked | None:
    """The preview that a link to the hub at `hub` (`https://HOST`) leads to; None: to none."""
    try:
        parts, own = urlsplit(url), urlsplit(hub)
    except ValueError:
        return None
    match = _PAGE.fullmatch(parts.path) or _WAY.fullmatch(parts.path)
    if (parts.scheme, parts.netloc.lower()) != (own.scheme, own.netloc.lower()) or match is None:
        return None
    try:
        return Linked(IssueKey.parse(match["key"].upper()), match["env"] or "")
    except ConfigError:
        return None


@dataclass(frozen=True)
class Shares:
    """Shows it. `hub`: its URL; `channels`: those that may show a project's; `put`: has Slack show it."""

    hub: str | None
    channels: Callable[[str], Iterable[str | None]]
    messages: Callable[[Iterable[str]], Sequence[Message]]
    put: Callable[[str, str, Mapping[str, Sequence[Mapping[str, Any]]]], str]
    words: Words
    say: CommandWords
    clock: Callable[[], datetime]

    def __call__(self, shared: SlackUnfurl, row: rows.JobRow, reading: Reading) -> Finished:
        """Have it shown. Raises what reading the state and `put` raise: it is done again."""
        must_be_slacks(row.payload)
        found = {url: one for url in shared.links if self.hub and (one := linked(url, self.hub)) is not None}
        may = {url: one for url, one in found.items() if shared.channel in self.channels(one.issue.project)}
        if not may:
            return Finished({"change": "nothing", "why": "no link leads to a preview that is told of in this channel"})
        names = sorted(reading.environments.found)
        asked = {
            url: [f"{name}/{one.issue}" for name in names if one.environment in ("", name)] for url, one in may.items()
        }
        there = [one for one in self.messages({key for keys in asked.values() for key in keys}) if one.was_there]
        as_of = self.say.as_of.format(at=self.words.moment(self.clock()))
        unfurls = {
            url: unfurled([document_of(one, self.words) for one in those], as_of)
            for url, keys in asked.items()
            if (those := [one for one in there if one.key in keys])
        }
        if not unfurls:
            return Finished({"change": "nothing", "why": "there is no such preview"})
        why = self.put(shared.channel, shared.ts, unfurls)
        return Finished({"change": "nothing", "why": why} if why else {"shown": len(unfurls)})
