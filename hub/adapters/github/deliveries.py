"""What GitHub says that it delivered to an App, and having it deliver again. It keeps that for some days.

Source: https://docs.github.com/en/rest/apps/webhooks (an App signs for itself; no installation's token is taken). Pages
go by a cursor that is good for as long as its delivery is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from hub.adapters.github.access import PUBLIC_API
from hub.adapters.github.answers import Part
from hub.adapters.github.calls import PATIENCE_SECONDS, PEER, GitHubCalls, senseless
from hub.adapters.github.keys import AppKey, AppSignature
from hub.adapters.http import Origin, Route, Sender, SenderParts
from reconcilers.ports.deliveries import Sent, SentPage

_PAGE = 100
_DELIVERIES = "/app/hook/deliveries"
_CURSOR = re.compile(r"[\x21-\x7e]{1,200}")


class _Item(Part):
    id: int = Field(ge=0)
    guid: str = Field(min_length=1, max_length=200)
    delivered_at: AwareDatetime
    status_code: int


_ITEMS = TypeAdapter(tuple[_Item, ...])


@dataclass(frozen=True)
class AppDeliveries:
    """Of the App with this id. Safe for one thread at a time."""

    app_id: int
    calls: GitHubCalls

    @property
    def sender(self) -> str:
        """See `reconcilers.ports.deliveries.Deliveries`."""
        return f"github/{self.app_id}"

    def page(self, name: str | None = None) -> SentPage | None:
        """See `reconcilers.ports.deliveries.Deliveries`."""
        query: dict[str, object] = {"per_page": _PAGE}
        if name is not None:
            query["cursor"] = name
        answer = self.calls.get(Route.of(_DELIVERIES), query, expected=() if name is None else (400, 404, 422))
        if answer.status >= 400:
            return None
        try:
            items = _ITEMS.validate_python(answer.data)
        except ValidationError as err:
            raise senseless(self.calls.where, _DELIVERIES) from err
        tries = tuple(Sent(one.id, one.guid, one.delivered_at, one.status_code) for one in items)
        return SentPage(tries, self._cursor(answer.following))

    def again(self, sent: Sent) -> bool:
        """See `reconcilers.ports.deliveries.Deliveries`. Asking twice delivers twice, by the same id."""
        route = Route.of(f"{_DELIVERIES}/{{}}/attempts", sent.id)
        answer = self.calls.repeatedly(lambda: self.calls.send("POST", route, expected=(400, 404, 422)))
        return answer.status < 300

    def _cursor(self, following: str | None) -> str | None:
        if following is None:
            return None
        found = parse_qs(urlsplit(following).query).get("cursor", [])
        if len(found) != 1 or not _CURSOR.fullmatch(found[0]):
            raise senseless(self.calls.where, _DELIVERIES)
        return found[0]


def open_deliveries(key: AppKey, api: str | None, parts: SenderParts) -> AppDeliveries:
    """The deliveries of an App at `api` (None: GitHub's own). Asks nothing yet. `api` was checked with its policy."""
    origin = Origin.parse(api or PUBLIC_API)
    sender = Sender(PEER, origin, AppSignature(key, parts.clock), parts, PATIENCE_SECONDS)
    return AppDeliveries(key.app_id, GitHubCalls(sender, f"{origin.host}, App {key.app_id}"))
