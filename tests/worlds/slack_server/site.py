"""The workspace: what it keeps, and what each method does. What Slack would not take is in `violations`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from slack_sdk.models.blocks import Block
from slack_sdk.models.metadata import Metadata

from worlds.late import Late

BOT, BOT_ID = "U0HUB", "B0HUB"
#: Below it are the addresses at which clicks are answered.
HOOKS = "/actions/"
Reply = tuple[int, dict[str, str], Any]
_TIER_3 = 50


@dataclass
class SlackChannel:
    """A channel with its messages by `ts`, as conversations.history gives them. `replies`: by the `ts` they are below."""

    name: str = "previews"
    is_member: bool = True
    is_archived: bool = False
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    replies: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


@dataclass
class SlackServer(Late):
    """`channels` by id. `scopes`: of the hub's token. `limits`: whether more than Slack takes is answered 429.

    `edits`: how often each message was edited. `ephemeral`: what who clicked was told. `clock` is that of late effects,
    of times of messages and of limits.
    """

    channels: dict[str, SlackChannel] = field(default_factory=lambda: {"C0TEAM": SlackChannel()})
    scopes: set[str] = field(
        default_factory=lambda: {"chat:write", "channels:history", "groups:history", "channels:read", "groups:read"}
    )
    limits: bool = False
    violations: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    edits: Counter[str] = field(default_factory=Counter)
    ephemeral: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._made = 0
        self._when: dict[str, list[datetime]] = {}

    def answer(self, method: str, target: str, body: bytes | None) -> Reply:
        """What it answers to a request, after its effect."""
        with self._lock:
            self.arrive()
            if urlsplit(target).path.startswith(HOOKS):
                self.ephemeral.append(json.loads(body or b"{}"))
                return 200, {}, {"ok": True}
            name = urlsplit(target).path.removeprefix("/api/")
            self.calls.append(name)
            asked = {
                key: _value(key, text) for key, text in parse_qsl((body or b"").decode(), strict_parsing=bool(body))
            }
            headers = {"x-oauth-scopes": ",".join(sorted(self.scopes))}
            if method != "POST" or not (act := getattr(self, "_" + name.replace(".", "_"), None)):
                self.violations.append(f"{method} {target} is no method")
                return 200, headers, {"ok": False, "error": "unknown_method"}
            if self.limits and (wait := self._limited(name, asked)):
                return 429, {"Retry-After": str(wait)}, {"ok": False, "error": "ratelimited"}
            told = act(asked)
            return 200, headers, told if isinstance(told, dict) else {"ok": False, "error": told}

    def _limited(self, name: str, asked: dict[str, Any]) -> int:
        """One post a second in a channel; 50 calls a minute of another method."""
        key, most, length = name, _TIER_3, timedelta(minutes=1)
        if name == "chat.postMessage":
            key, most, length = f"{name}/{asked['channel']}", 1, timedelta(seconds=1)
        now = self.clock()
        known = self._when[key] = [one for one in self._when.get(key, []) if one > now - length]
        if len(known) >= most:
            return max(1, int((known[0] + length - now).total_seconds()))
        known.append(now)
        return 0

    def _auth_test(self, asked: dict[str, Any]) -> Any:
        return {
            "ok": True,
            "url": "https://team.slack.com/",
            "team": "Team",
            "user": "hub",
            "team_id": "T0",
            "user_id": BOT,
            "bot_id": BOT_ID,
        }

    def _chat_postMessage(self, asked: dict[str, Any]) -> Any:  # noqa: N802 - as Slack calls it
        channel = self._open(asked, "chat:write")
        if not isinstance(channel, SlackChannel):
            return channel
        self._check(asked)
        self._made += 1
        ts = f"{int(self.clock().timestamp())}.{self._made:06d}"
        message = {
            "type": "message", "ts": ts, "user": BOT, "bot_id": BOT_ID, "text": asked["text"], "blocks": asked["blocks"],
            "metadata": asked.get("metadata", {}),
        }  # fmt: skip
        if parent := asked.get("thread_ts"):
            channel.replies.setdefault(parent, []).append({**message, "thread_ts": parent})
        else:
            channel.messages[ts] = message
        return {"ok": True, "channel": asked["channel"], "ts": ts, "message": message}

    def _chat_update(self, asked: dict[str, Any]) -> Any:
        channel = self._open(asked, "chat:write")
        if not isinstance(channel, SlackChannel):
            return channel
        self._check(asked)
        message = channel.messages.get(asked["ts"])
        if message is None:
            return "message_not_found"
        if message["bot_id"] != BOT_ID:
            return "cant_update_message"
        message |= {"text": asked["text"], "blocks": asked["blocks"], "metadata": asked["metadata"], "edited": {}}
        self.edits[asked["ts"]] += 1
        return {"ok": True, "channel": asked["channel"], "ts": asked["ts"], "text": asked["text"]}

    def _chat_unfurl(self, asked: dict[str, Any]) -> Any:
        if "links:write" not in self.scopes:
            return self._lacks("links:write")
        channel = self.channels.get(asked["channel"])
        if channel is None or asked["ts"] not in channel.messages:
            return "cannot_unfurl_message"
        links = channel.messages[asked["ts"]].get("links", ())
        if not set(asked["unfurls"]) <= set(links):
            return "cannot_unfurl_url"
        for one in asked["unfurls"].values():
            self.violations += faults(one["blocks"])
        channel.messages[asked["ts"]]["unfurls"] = asked["unfurls"]
        return {"ok": True}

    def _chat_delete(self, asked: dict[str, Any]) -> Any:
        channel = self._open(asked, "chat:write")
        if not isinstance(channel, SlackChannel):
            return channel
        return {"ok": True, **asked} if channel.messages.pop(asked["ts"], None) else "message_not_found"

    def _conversations_history(self, asked: dict[str, Any]) -> Any:
        channel = self._open(asked, "channels:history", reads=True)
        if not isinstance(channel, SlackChannel):
            return channel
        newest = sorted((one for one in channel.messages if _is_between(one, asked)), reverse=True)
        start, most = int(asked.get("cursor") or 0), int(asked["limit"])
        more = {"next_cursor": str(start + most)} if len(newest) > start + most else {}
        said = [channel.messages[ts] for ts in newest[start : start + most]]
        return {"ok": True, "messages": said, "has_more": bool(more), "response_metadata": more}

    def _conversations_replies(self, asked: dict[str, Any]) -> Any:
        channel = self._open(asked, "channels:history", reads=True)
        if not isinstance(channel, SlackChannel):
            return channel
        if asked["ts"] not in channel.messages:
            return "thread_not_found"
        return {"ok": True, "messages": [channel.messages[asked["ts"]], *channel.replies.get(asked["ts"], [])]}

    def _conversations_info(self, asked: dict[str, Any]) -> Any:
        if "channels:read" not in self.scopes:
            return self._lacks("channels:read")
        channel = self.channels.get(asked["channel"])
        if channel is None:
            return "channel_not_found"
        told = {
            "id": asked["channel"],
            "name": channel.name,
            "is_member": channel.is_member,
            "is_archived": channel.is_archived,
        }
        return {"ok": True, "channel": told}

    def _open(self, asked: dict[str, Any], scope: str, *, reads: bool = False) -> SlackChannel | str | dict[str, Any]:
        if scope not in self.scopes:
            return self._lacks(scope)
        channel = self.channels.get(asked["channel"])
        if channel is None:
            return "channel_not_found"
        if channel.is_archived and not reads:
            return "is_archived"
        return channel if channel.is_member else "not_in_channel"

    def _lacks(self, scope: str) -> dict[str, Any]:
        return {"ok": False, "error": "missing_scope", "needed": scope, "provided": ",".join(sorted(self.scopes))}

    def _check(self, asked: dict[str, Any]) -> None:
        self.violations += faults(asked["blocks"])
        if len(asked["text"]) > 4000 or not asked["text"]:
            self.violations.append("the text is empty, or longer than 4,000 characters")
        if (metadata := asked.get("metadata")) is not None:
            Metadata(**metadata).validate_json()
            flat = metadata["event_payload"].values()
            self.violations += [f"metadata has {one!r}" for one in flat if not isinstance(one, str | int | bool)]


def faults(blocks: list[dict[str, Any]]) -> Iterable[str]:
    """What Slack would not take of blocks, by slack_sdk's models and what its documentation says beside."""
    if len(blocks) > 50:
        yield "more than 50 blocks"
    for tree, block in zip(blocks, Block.parse_all(blocks), strict=True):
        try:
            block.validate_json()
        except Exception as err:  # noqa: BLE001 - whatever it says
            yield str(err)
        if block.to_dict() != tree:
            yield f"slack_sdk reads another block: {block.to_dict()} for {tree}"
    for one in _every(blocks):
        if one.get("type") in ("text", "link") and "style" not in ("bullet", "ordered") and one.get("text") == "":
            yield "an empty text"
        if one.get("type") == "button" and (
            len(one["text"]["text"]) > 75 or len(one.get("value", "-")) > 2000 or len(one.get("url", "-")) > 3000
        ):
            yield "a button that is too long"
        if one.get("type") == "mrkdwn" or (one.get("type") == "plain_text" and len(one["text"]) > 3000):
            yield f"{one['type']}: {one['text'][:50]}"


def _every(tree: Any) -> Iterable[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for one in tree:
            yield from _every(one)


def _is_between(ts: str, asked: dict[str, Any]) -> bool:
    """Whether a message is within `oldest` and `latest`, which count themselves where `inclusive` says so."""
    bounds = [asked[name] for name in ("oldest", "latest") if name in asked]
    if ts in bounds:
        return asked.get("inclusive") == "true"
    return float(asked.get("oldest", 0)) < float(ts) < float(asked.get("latest", "inf"))


def _value(key: str, text: str) -> Any:
    return json.loads(text) if key in ("blocks", "metadata", "limit", "unfurls") else text
