"""When the personal access token that the hub has at a Jira Data Center ends, asked of the site itself.

https://confluence.atlassian.com/enterprise/using-personal-access-tokens-1026032365.html: an account may list its own
tokens, each with `id` and `expiringAt` (ISO 8601; null: no end). Nothing there says which of them asks: a token is
Base64 of `ID:SECRET`, as servers make them, which Atlassian does not promise; a token of another form is known only
where it is the account's only one.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, RootModel

from generator.errors import Stalled, Transient, Waiting
from hub.adapters.http import Request, Route
from hub.adapters.http.token_ends import TokenEnd, end_at
from hub.adapters.jira.site import JiraSite

_BEGINS = re.compile(rb"([0-9]{1,20}):")
_WHAT = "read when the hub's token ends"


class _Token(BaseModel):
    model_config = ConfigDict(frozen=True)
    id: int | str
    ends: Annotated[Any, Field(alias="expiringAt")] = None


class _Tokens(RootModel[list[_Token]]):
    pass


def token_end(site: JiraSite, token: str) -> TokenEnd:
    """When `token` ends, by the list of its account's. Raises nothing: what cannot be read is not known."""
    request = Request(route=Route.of(site.edition.tokens), purpose=f"{_WHAT} on {site.name}", may_repeat=True)
    try:
        found = site.read(_Tokens, site.ask(request, _WHAT).data, _WHAT).root
    except (Stalled, Transient, Waiting) as err:
        return TokenEnd(unknown=err.faults[0].message)
    known = _id_of(token)
    mine = [one for one in found if known in ("", str(one.id))]
    if len(mine) != 1:
        return TokenEnd(unknown=f"{site.name} does not tell which of the account's tokens is the hub's")
    return end_at(mine[0].ends)


def _id_of(token: str) -> str:
    try:
        found = _BEGINS.match(base64.b64decode(token, validate=True))
    except (binascii.Error, ValueError):
        return ""
    return found[1].decode() if found else ""
