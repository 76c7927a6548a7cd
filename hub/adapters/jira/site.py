"""One Jira site, asked with an account's API token: what its answers mean, and in which words failures are told.

The errors are those of `reconcilers.ports.issues`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from generator.errors import ConfigError, Fault, Reason, Stalled, Transient
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
from hub.adapters.jira.editions import CLOUD, Edition
from reconcilers.plan import one_line

_REMEDY = "check the network and RTB_HUB_JIRA_URL; nothing is lost, it is tried again"
_TOKEN = re.compile(r"[\x21-\x7e]{8,1000}")
_EMAIL = re.compile(r"[\x21-\x39\x3b-\x7e]{1,254}")


def peer_of(edition: Edition) -> Peer:
    """Who is asked."""
    return Peer(
        "jira",
        unreachable=Reason.JIRA_UNREACHABLE,
        refused=Reason.JIRA_REFUSED,
        limited=Reason.JIRA_LIMITED,
        remedy=_REMEDY,
        limits=edition.limits,
    )


PEER = peer_of(CLOUD)
_M = TypeVar("_M", bound=BaseModel)


@dataclass(frozen=True)
class JiraSite:
    """`name` is its address, for people. `needs`: what the account must be allowed. Safe for threads."""

    name: str
    sender: Sender
    needs: str = "Browse Projects"
    edition: Edition = CLOUD

    def route(self, template: str, *values: object) -> Route:
        """The route of a call, such as `/issue/{}`."""
        return Route.of(self.edition.api + template, *values)

    def ask(self, request: Request, what: str, expected: Collection[int] = ()) -> Answer:
        """The answer to a request. Raises what the port's table says for a status that is not `expected`.

        `what` goes on after "cannot".
        """
        answer = self.sender.send(request)
        if answer.status < 300 or answer.status in expected:
            return answer
        match answer.status:
            case 401:
                key = "e-mail address and token are" if self.edition.has_emails else "token is"
                raise self.refused(what, f"the hub's {key} not accepted", self.edition.how_to_renew)
            case 403:
                raise self.refused(what, _said(answer.data) or "the account may not", f"give it {self.needs}")
            case status if status < 400:
                raise self.refused(what, "it answers that it is elsewhere", "name the site's own address")
            case status if status < 500:
                why = _said(answer.data) or f"it answers {status}"
                raise self.refused(what, why, "check hub/services.yaml, and that the account may see its projects")
            case status:
                raise self.unreachable(what, f"it answers {status}")

    def read(self, model: type[_M], data: object, what: str) -> _M:
        """An answer by its model. Raises `Transient` (JiraUnreachable) for one that makes no sense."""
        try:
            return model.model_validate(data)
        except ValidationError as err:
            raise self.unreachable(what, "its answer makes no sense") from err

    def unreachable(self, what: str, why: str) -> Transient:
        """It cannot be asked just now."""
        return Transient(Reason.JIRA_UNREACHABLE, Fault(f"cannot {what} on {self.name}: {why}", remedy=_REMEDY))

    def refused(self, what: str, why: str, remedy: str) -> Stalled:
        """It does not do what was asked."""
        return Stalled(Reason.JIRA_REFUSED, Fault(f"cannot {what} on {self.name}: {why}", remedy=remedy))


@dataclass(frozen=True, slots=True)
class Account:
    """Whom the hub is at a site. `email`: empty where the edition needs none."""

    email: str
    token: Secret
    edition: Edition = CLOUD


def open_site(url: str, account: Account, parts: SenderParts, *, needs: str = "Browse Projects") -> JiraSite:
    """The site at `url`, such as https://example.atlassian.net. Asks the server nothing yet.

    Raises `ConfigError` (InvalidValue) for an address that is none or would send the token in clear, an e-mail address
    or token that is none, and what `token` raises.
    """
    faults, edition, email = [], account.edition, account.email
    try:
        origin = Origin.parse(url)
    except OriginError as err:
        told = f"{without_secrets(url)[:200] or 'it'} is no address of a Jira site: {err}"
        faults.append(Fault(told, field="RTB_HUB_JIRA_URL", allowed="https://HOST; http only to this machine"))
    if email and not edition.has_emails:
        remedy = "leave it out: the token says whose it is"
        faults.append(Fault("Data Center takes no e-mail address", field="RTB_HUB_JIRA_EMAIL", remedy=remedy))
    if edition.has_emails and not _EMAIL.fullmatch(email):
        allowed = "the address of the account that the token is of"
        faults.append(Fault("this is no e-mail address", field="RTB_HUB_JIRA_EMAIL", allowed=allowed))
    if not _TOKEN.fullmatch(account.token()):
        told = "the token is empty or no token"
        faults.append(Fault(told, field="RTB_HUB_JIRA_TOKEN", remedy=edition.how_to_make))
    if faults:
        raise ConfigError(Reason.INVALID_VALUE, faults)

    def authorization() -> str:
        return edition.authorization(email, account.token())

    return JiraSite(str(origin), Sender(peer_of(edition), origin, authorization, parts), needs, edition)


def _said(tree: Any) -> str:
    """The first `errorMessages` of a refusal on one line, shortened; empty when there is none."""
    told = tree.get("errorMessages") if isinstance(tree, dict) else None
    return one_line(told[0])[:200] if isinstance(told, list) and told and isinstance(told[0], str) else ""
