"""One Slack workspace, asked with the token of an app's bot: what its answers mean, and how often it is asked.

https://docs.slack.dev/apis/web-api/: an answer of status 200 says in `ok` whether it was done, and in `error` why not.
https://docs.slack.dev/apis/web-api/rate-limits/: one message a second in a channel; other methods by their tier.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, ValidationError

from generator.errors import ConfigError, Fault, HubError, Reason, Stalled, Transient, Waiting
from hub.adapters.http import (
    Answer,
    Origin,
    OriginError,
    Peer,
    Request,
    Route,
    Secret,
    Sender,
    SenderParts,
    without_secrets,
)
from hub.adapters.http.turns import Turns

_M = TypeVar("_M", bound=BaseModel)
_REMEDY = "check the network and RTB_HUB_SLACK_API; nothing is lost, it is tried again"
_NEW_TOKEN = "install the app anew in the workspace, and give the hub its bot token (RTB_HUB_SLACK_TOKEN)"  # noqa: S105
#: Bot tokens, those that are rotated among them: https://docs.slack.dev/authentication/tokens.
_TOKEN = re.compile(r"(xoxb|xoxe\.xoxb)-[\x21-\x7e]{5,500}")
PEER = Peer(
    "slack",
    unreachable=Reason.SLACK_UNREACHABLE,
    refused=Reason.SLACK_REFUSED,
    limited=Reason.SLACK_LIMITED,
    remedy=_REMEDY,
)
#: Seconds between two calls. A method of tier 3 may be called 50 times a minute in a workspace.
POST_APART: Final = 1.0
TIER_3_APART: Final = 1.2
#: Why nothing can be told in a channel, with what to do about it.
NO_PLACE: Final[Mapping[str, str]] = {
    "channel_not_found": "name the channel by its id (at the end of its details); invite the app where it is private",
    "is_archived": "name another channel, or have it brought back",
    "not_in_channel": "invite the app: /invite in the channel",
}
_LIMIT_BYTES = 8 * 1024 * 1024
_TIMEOUT_SECONDS = 10.0
#: Where an answer that says that there is a limit does not say for how long.
_LIMITED_SECONDS = 30.0
_CODE = re.compile(r"[a-z][a-z0-9_]{0,79}")
_AGAIN = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})
_LIMITS = frozenset({"ratelimited", "rate_limited"})
_NO_TOKEN = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"})
#: What an admin of the workspace, or whoever made the app, can do about a refusal.
_REMEDIES: Final[Mapping[str, str]] = {
    "edit_window_closed": "have an admin of the workspace let messages be edited at any time",
    "restricted_action": "have an admin of the workspace let the app post in the channel",
    "restricted_action_read_only_channel": "have an admin of the workspace let the app post in the channel",
    "team_access_not_granted": "have an admin of the organisation add the app to the workspace",
    "ekm_access_denied": "have an admin of the organisation give the app access to the workspace's messages",
}


def _form(value: Any) -> str:
    """An argument in a form, which all methods take: what is no text as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=True, separators=(",", ":"))


@dataclass(frozen=True)
class SlackSite:
    """A workspace. `name` is the API's address, for people. Safe for threads."""

    name: str
    sender: Sender
    turns: Turns

    def call(  # noqa: PLR0913 - a call
        self,
        method: str,
        what: str,
        arguments: Mapping[str, Any],
        *,
        turn: tuple[str, float] | None = None,
        may_repeat: bool = True,
        expected: Collection[str] = (),
    ) -> Mapping[str, Any]:
        """The answer to a method. One that is not done for a reason in `expected` is given as it is, with its `error`.

        `what` goes on after "cannot"; `turn`: whom it takes turns with, and how far apart. Raises `Stalled`
        (SlackRefused), `Waiting` (SlackLimited), `Transient` (SlackUnreachable).
        """
        return self.answered(method, what, arguments, turn=turn, may_repeat=may_repeat, expected=expected)[0]

    def answered(  # noqa: PLR0913 - a call
        self,
        method: str,
        what: str,
        arguments: Mapping[str, Any],
        *,
        turn: tuple[str, float] | None = None,
        may_repeat: bool = True,
        expected: Collection[str] = (),
    ) -> tuple[Mapping[str, Any], Answer]:
        """As `call`, with the answer as it came."""
        if turn is not None:
            self.turns.wait(*turn)
        request = Request(
            route=Route.of(f"/api/{method}"),
            purpose=f"{what} in Slack",
            method="POST",
            headers=(("Content-Type", "application/x-www-form-urlencoded"),),
            body=urlencode({name: _form(value) for name, value in arguments.items()}).encode(),
            timeout_seconds=_TIMEOUT_SECONDS,
            limit_bytes=_LIMIT_BYTES,
            may_repeat=may_repeat,
        )
        answer = self.sender.send(request)
        if answer.status >= 500:
            raise self.unreachable(what, f"it answers {answer.status}")
        if answer.status >= 300:
            raise self.refused(what, f"it answers {answer.status}", "check RTB_HUB_SLACK_API: https://slack.com")
        told = answer.data
        if not isinstance(told, Mapping) or not isinstance(told.get("ok"), bool):
            raise self.unreachable(what, "its answer makes no sense")
        if not told["ok"] and told.get("error") not in expected:
            raise self._failed(what, told)
        return told, answer

    def read(self, model: type[_M], data: object, what: str) -> _M:
        """An answer by its model. Raises `Transient` (SlackUnreachable) for one that makes no sense."""
        try:
            return model.model_validate(data)
        except ValidationError as err:
            raise self.unreachable(what, "its answer makes no sense") from err

    def _failed(self, what: str, told: Mapping[str, Any]) -> HubError:
        said = told.get("error")
        code = said if isinstance(said, str) and _CODE.fullmatch(said) else "no error that it has a name for"
        if code in _LIMITS:
            fault = Fault(f"cannot {what} in Slack: it limits requests", remedy="it goes on by itself")
            return Waiting(Reason.SLACK_LIMITED, fault, retry_after_seconds=_LIMITED_SECONDS)
        if code in _AGAIN:
            return self.unreachable(what, f"it answers {code}")
        if code in _NO_TOKEN:
            return self.refused(what, f"the hub's token is not accepted ({code})", _NEW_TOKEN)
        if code == "missing_scope":
            needed = told.get("needed")
            scope = needed if isinstance(needed, str) and re.fullmatch(r"[a-z:._, ]{1,200}", needed) else "a scope"
            remedy = f"give the app {scope} (OAuth & Permissions), and install it anew"
            return self.refused(what, f"the hub's token lacks {scope}", remedy)
        remedy = _REMEDIES.get(code, "see the method's errors at https://docs.slack.dev/reference/methods")
        return self.refused(what, f"it answers {code}", remedy)

    def unreachable(self, what: str, why: str) -> Transient:
        """It cannot be asked just now."""
        return Transient(Reason.SLACK_UNREACHABLE, Fault(f"cannot {what} in Slack: {why}", remedy=_REMEDY))

    def refused(self, what: str, why: str, remedy: str) -> Stalled:
        """It does not do what was asked."""
        return Stalled(Reason.SLACK_REFUSED, Fault(f"cannot {what} in Slack: {why}", remedy=remedy))


def open_site(url: str, token: Secret, parts: SenderParts) -> SlackSite:
    """The workspace that a token is of. Asks Slack nothing yet.

    Raises `ConfigError` (InvalidValue) for an address that is none or would send the token in clear and a token that is
    no bot's, and what `token` raises.
    """
    faults = []
    try:
        origin = Origin.parse(url)
    except OriginError as err:
        told = f"{without_secrets(url)[:200] or 'it'} is no address of Slack: {err}"
        faults.append(Fault(told, field="RTB_HUB_SLACK_API", allowed="https://slack.com, https://slack-gov.com"))
    if not _TOKEN.fullmatch(token()):
        remedy = "copy it from the app's page, under OAuth & Permissions: Bot User OAuth Token"
        fault = Fault("this is no bot's token", field="RTB_HUB_SLACK_TOKEN", allowed="xoxb-…", remedy=remedy)
        faults.append(fault)
    if faults:
        raise ConfigError(Reason.INVALID_VALUE, faults)
    # A limit is not waited for: others of the pass are told meanwhile, and nobody holds a row for that long.
    sender = Sender(PEER, origin, lambda: f"Bearer {token()}", parts, patience_seconds=0.0)
    return SlackSite(str(origin), sender, Turns.of(parts))
