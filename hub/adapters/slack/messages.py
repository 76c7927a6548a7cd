"""Messages about previews in channels of Slack: one for each preview, edited in place.

https://docs.slack.dev/reference/methods (chat.postMessage, chat.update, chat.delete, conversations.history,
conversations.replies) and https://docs.slack.dev/messaging/message-metadata. A message carries what it told in its
metadata, written with it in one request. Only messages of the hub's own app count, whatever metadata others give to
theirs. An edit alerts nobody in Slack: whom it should alert is mentioned in a reply below the message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, Final

from pydantic import Field

from generator.errors import Fault, HubError, Reason
from hub.adapters.slack.history import PAGE, History, Page, Part, Said, Ts
from hub.adapters.slack.site import NO_PLACE, POST_APART, TIER_3_APART, SlackSite
from hub.views.messages.blocks import Block, blocks_of, line_of, link_button, mention, named, reply_of
from hub.views.messages.document import Document, document_of
from hub.views.messages.drawing import drawn_of
from hub.views.messages.words import Words
from reconcilers.causes.model import Audience
from reconcilers.messages.channels import ChannelName, Drawn, Found, Place, PlaceRefused, Posted, before_data, before_of
from reconcilers.messages.model import GONE, Message
from reconcilers.messages.quiet import Before, Who

EVENT: Final = "rtb_hub_preview"
REPLY: Final = "rtb_hub_reply"
#: A channel that the app cannot post in is told of once in so long.
TOLD_AGAIN: Final = timedelta(minutes=30)
_NOT_THERE = ("message_not_found", "cant_update_message", "cant_delete_message")


class _Posted(Part):
    channel: Annotated[str, Field(pattern=r"^[CGD][A-Z0-9]{1,30}$")]
    ts: Ts


class _Me(Part):
    user_id: Annotated[str, Field(min_length=1, max_length=60)]
    bot_id: Annotated[str, Field(max_length=60)] = ""


def no_buttons(message: Message, words: Words) -> Sequence[Block]:
    """Nothing can be asked for by a click."""
    del message, words
    return ()


@dataclass(eq=False)
class SlackMessages:
    """One message for each preview, in the channel of its project.

    `channel_of`: a project's channel, by its id, which stays when it is renamed; None: it has none. `account_of`: the
    account in Slack of somebody by the hub's name, None: unknown. `approvers`: whom a request for approval mentions.
    `refused` is told of channels that cannot be posted in.
    """

    site: SlackSite
    words: Words
    channel_of: Callable[[str], str | None]
    clock: Callable[[], datetime]
    account_of: Callable[[str], str | None] = lambda _: None
    approvers: Sequence[str] = ()
    refused: Callable[[HubError], None] = lambda _: None
    buttons: Callable[[Message, Words], Sequence[Block]] = no_buttons
    name: ChannelName = "slack"
    alerts: frozenset[Who] = frozenset({"requester", "approvers", "followers"})
    _refused_at: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """No channel is read yet."""
        self._history = History(self.site, EVENT, self.clock, self._no_place)

    @cached_property
    def _me(self) -> _Me:
        """The hub's own app."""
        what = "read the hub's app"
        return self.site.read(_Me, self.site.call("auth.test", what, {}), what)

    def drawn(self, message: Message) -> Drawn:
        """See `Channel`."""
        document = document_of(message, self.words)
        return self.drawn_as(message, document, self._reply(message, document))

    def drawn_as(self, message: Message, document: Document, reply: list[Block] | None) -> Drawn:
        """A document as it stands in a channel, with what is replied below it to whom it alerts."""
        asked = message.phase == "awaiting approval" and not message.is_removal
        mentions = [mention(one) for one in self.approvers] if asked else []
        buttons = [*_links(message, self.words), *self.buttons(message, self.words)]
        content = {"text": line_of(document), "blocks": blocks_of(document, mentions, buttons)}
        beside = {"reply": reply, "to": message.requested_by}  # no part of the message: it makes none another
        return Drawn({**content, **beside}, drawn_of(content).digest, is_quiet=reply is None)

    def _reply(self, message: Message, document: Document) -> list[Block] | None:
        """What alerts somebody: that the preview ends soon, causes that the developer has to act on, and a leak."""
        labels = (self.words.cause, self.words.acts, self.words.ends)
        if message.leaks:
            return reply_of(document, named("⚠"), labels)
        is_theirs = message.cause is not None and message.cause.audience is Audience.DEVELOPER
        if not is_theirs and message.phase != "expiring soon":
            return None
        return reply_of(document, named(message.requested_by), labels)

    def find(self, place: Place) -> Found | None:
        """See `Channel`. That one was deleted is nowhere to be seen."""
        channel = self.channel_at(place)
        said = self._history.said(channel) if channel is not None else None
        if channel is None or said is None:
            return None
        posted = []
        for one in sorted(said, key=lambda one: one.order):
            before = self._told(place, one)
            if before is not None and before.phase not in GONE:
                now = self._history.again(channel, one.ts)
                if now is None:
                    return None
                before = self._told(place, now[0]) if now else None
            posted += [Posted(f"{channel}:{one.ts}", before)] if before is not None else []
        return Found(tuple(posted))

    def post(self, place: Place, drawn: Drawn, before: Before) -> str | None:
        """See `Channel`."""
        channel = self.channel_at(place)
        if channel is None:
            return None
        arguments = {
            "channel": channel, "text": drawn.content["text"], "blocks": drawn.content["blocks"],
            "metadata": _metadata(place, before), "unfurl_links": False, "unfurl_media": False,
        }  # fmt: skip
        what, turn = f"tell of {place.subject} in channel {channel}", (f"post/{channel}", POST_APART)
        try:
            told = self.site.call("chat.postMessage", what, arguments, turn=turn, may_repeat=False, expected=NO_PLACE)
            made = self.site.read(_Posted, told, what) if told["ok"] else None
        except HubError:
            self._history.forget(channel)  # nobody knows whether it is there
            raise
        if made is None:
            self._no_place(channel, told["error"])
            return None
        said = {"ts": made.ts, "user": self._me.user_id, "metadata": arguments["metadata"]}
        self._history.add(channel, Said.model_validate(said))
        return f"{made.channel}:{made.ts}"

    def edit(self, place: Place, message: str, drawn: Drawn, before: Before, *, alerts: bool) -> bool:
        """See `Channel`. Whom it alerts is told below it first: found again, nobody is told twice."""
        channel, ts = _where(message)
        if alerts and before.pings and not self._reply_below(channel, ts, drawn, before.pings[-1]):
            return False
        arguments = {
            "channel": channel, "ts": ts, "text": drawn.content["text"], "blocks": drawn.content["blocks"],
            "metadata": _metadata(place, before),
        }  # fmt: skip
        what = f"edit the message about {place.subject} in channel {channel}"
        turn = ("chat.update", TIER_3_APART)
        told = self.site.call("chat.update", what, arguments, turn=turn, expected=(*NO_PLACE, *_NOT_THERE))
        if not told["ok"] and told["error"] in NO_PLACE:
            raise self._unusable(channel, told["error"])
        return bool(told["ok"])

    def remove(self, place: Place, message: str) -> None:
        """See `Channel`."""
        channel, ts = _where(message)
        what = f"delete a second message about {place.subject} in channel {channel}"
        turn = ("chat.delete", TIER_3_APART)
        self.site.call("chat.delete", what, {"channel": channel, "ts": ts}, turn=turn, expected=_NOT_THERE)
        self._history.forget(channel)

    def note(self, place: Place, message: str | None) -> None:
        """See `Channel`. There is nowhere to note anything beside a message."""

    def channel_at(self, place: Place) -> str | None:
        """Where a message stands; None: nowhere."""
        return self.channel_of(place.issue.project)

    def _told(self, place: Place, said: Said) -> Before | None:
        """What a message told; None: it is none of ours about this preview."""
        return _before(place, said) if self._is_ours(said) else None

    def _is_ours(self, said: Said) -> bool:
        return said.user == self._me.user_id or (bool(said.bot_id) and said.bot_id == self._me.bot_id)

    def _reply_below(self, channel: str, ts: str, drawn: Drawn, once: str) -> bool:
        """Reply below a message, unless it was done before. False: the message is gone."""
        if drawn.content["reply"] is None:
            return True
        what = f"read the replies below a message in channel {channel}"
        arguments = {"channel": channel, "ts": ts, "limit": PAGE, "include_all_metadata": True}
        turn = ("conversations.replies", TIER_3_APART)
        gone = ("thread_not_found", "message_not_found")
        told = self.site.call("conversations.replies", what, arguments, turn=turn, expected=(*NO_PLACE, *gone))
        if not told["ok"]:
            if told["error"] in gone:
                return False
            raise self._unusable(channel, told["error"])
        said = [one for one in self.site.read(Page, told, what).messages if self._is_ours(one)]
        if any(one.metadata.event_type == REPLY and one.metadata.event_payload.get("once") == once for one in said):
            return True
        account = self.account_of(drawn.content["to"])
        blocks = _addressed(drawn.content["reply"], account)
        arguments = {
            "channel": channel, "thread_ts": ts, "text": drawn.content["text"], "blocks": blocks,
            "metadata": {"event_type": REPLY, "event_payload": {"once": once}},
            "unfurl_links": False, "unfurl_media": False,
        }  # fmt: skip
        what = f"reply below a message in channel {channel}"
        self.site.call("chat.postMessage", what, arguments, turn=(f"post/{channel}", POST_APART), may_repeat=False)
        return True

    def _no_place(self, channel: str, code: str) -> None:
        """Tell of a channel that cannot be posted in, once in a while."""
        now, err = self.clock(), self._unusable(channel, code)
        told = self._refused_at.get(channel)
        if told is None or not told <= now < told + TOLD_AGAIN:
            self._refused_at[channel] = now
            self.refused(err)

    def _unusable(self, channel: str, code: str) -> HubError:
        message = f"cannot tell of previews in channel {channel} in Slack: it answers {code}"
        return PlaceRefused(Reason.SLACK_REFUSED, Fault(message, remedy=NO_PLACE[code]))


def _links(message: Message, say: Words) -> Iterator[Block]:
    """Where to go: the preview while it answers, and where its change is reviewed. Nothing is approved from here."""
    if message.url and message.is_up:
        yield link_button("rtb-hub.open", say.open, message.url)
    if message.review.startswith(("https://", "http://")):
        yield link_button("rtb-hub.review", say.review, message.review)


def _addressed(blocks: list[Block], account: str | None) -> list[Block]:
    """A reply that mentions the account of whom it is to, in place of the name."""
    if account is None:
        return blocks
    (block,) = blocks
    (section,) = block["elements"]
    return [{**block, "elements": [{**section, "elements": [mention(account), *section["elements"][1:]]}]}]


def _metadata(place: Place, before: Before) -> dict[str, Any]:
    """What stands with a message; of plain values alone."""
    data = before_data(place, before)
    return {"event_type": EVENT, "event_payload": {**data, "pings": "\n".join(data["pings"])}}


def _before(place: Place, said: Said) -> Before | None:
    """What a message told; None: it is about another preview, or another hub's."""
    data = said.metadata.event_payload
    pings = data.get("pings")
    if data.get("issue") != str(place.subject) or not isinstance(pings, str):
        return None
    return before_of({**data, "pings": [one for one in pings.split("\n") if one]}, place)


def _where(message: str) -> tuple[str, str]:
    channel, _, ts = message.partition(":")
    return channel, ts
