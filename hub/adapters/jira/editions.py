"""What differs between Jira Cloud and Jira Data Center, as one table: all else of this adapter is the same for both.

Cloud: https://developer.atlassian.com/cloud/jira/platform/rest/v3/. Data Center, from 8.14 on, which has personal
access tokens: https://developer.atlassian.com/server/jira/platform/rest/ (API version 2). There a comment's text is
wiki mark-up, nothing is said of alerts when a comment is edited (the project's notification scheme decides), pages of a
search are numbered, and people have a key in place of an account ID.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from hub.adapters.http import Answer
from hub.adapters.http.peer import limit_of
from hub.adapters.http.reading import pause_of
from hub.adapters.http.values import Limit
from hub.views.messages.adf import adf_of
from hub.views.messages.document import Document
from hub.views.messages.wiki import wiki_of

EditionName = Literal["cloud", "data-center"]
_LONGEST_ACCOUNT: Final = 255


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition. `api`: below which path calls are; `account`: the field of a person that names it for good.

    `drawn`: a document as the body of a comment. `has_quiet_edits`: an edit says itself whether it alerts, else each
    may. `has_tokens_of_pages`: a search goes on by a token, and not by numbers. `names_permissions`: what is asked for
    is named, else all is told. `has_emails`: an account signs in by its e-mail address and a token, and not by a token
    alone; how to make one and a new one is said for people. `tokens`: where an account's tokens are listed with their
    ends; empty: nothing tells them.
    """

    name: EditionName
    api: str
    account: str
    drawn: Callable[[Document], Any]
    search: str
    has_quiet_edits: bool
    has_tokens_of_pages: bool
    names_permissions: bool
    has_emails: bool
    how_to_make: str
    how_to_renew: str
    limits: Callable[[Answer, datetime], Limit | None]
    tokens: str = ""

    def account_of(self, person: Mapping[str, Any]) -> str:
        """What names a person of an answer for good; empty: nobody that can be told from others."""
        found = person.get(self.account)
        return found if isinstance(found, str) and len(found) <= _LONGEST_ACCOUNT else ""

    def authorization(self, email: str, token: str) -> str:
        """What signs a request (RFC 7617; RFC 6750, section 2.1)."""
        if not self.has_emails:
            return f"Bearer {token}"
        return "Basic " + base64.b64encode(f"{email}:{token}".encode()).decode()


def _limit_of_buckets(answer: Answer, now: datetime) -> Limit | None:
    """A limit of Data Center's: where `Retry-After` is missing or 0, new requests come with the next interval.

    https://confluence.atlassian.com/adminjiraserver/adjusting-your-code-for-rate-limiting-987143384.html
    """
    limit = limit_of(answer, now)
    if limit is None or (limit.is_named and limit.seconds > 0):
        return limit
    seconds = pause_of(answer.headers.get("x-ratelimit-interval-seconds"), now)
    return Limit(seconds) if seconds else limit


CLOUD: Final = Edition(
    name="cloud",
    api="/rest/api/3",
    account="accountId",
    drawn=adf_of,
    search="/search/jql",
    has_quiet_edits=True,
    has_tokens_of_pages=True,
    names_permissions=True,
    has_emails=True,
    how_to_make="make one at id.atlassian.com, under Security, API tokens",
    how_to_renew="make a new API token of the account (they last a year at most) and give it to the hub",
    limits=limit_of,
)
DATA_CENTER: Final = Edition(
    name="data-center",
    api="/rest/api/2",
    account="key",
    drawn=wiki_of,
    search="/search",
    has_quiet_edits=False,
    has_tokens_of_pages=False,
    names_permissions=False,
    has_emails=False,
    how_to_make="make one in the account's profile, under Personal Access Tokens",
    how_to_renew="make a new personal access token of the account and give it to the hub",
    limits=_limit_of_buckets,
    tokens="/rest/pat/latest/tokens",
)
EDITIONS: Final[Mapping[EditionName, Edition]] = {one.name: one for one in (CLOUD, DATA_CENTER)}
