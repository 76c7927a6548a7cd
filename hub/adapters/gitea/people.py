"""Accounts on Gitea, as those who ask are called: by a login, by an e-mail that Gitea shows, by an id that stays."""

from __future__ import annotations

import re
from collections.abc import Collection

from hub.adapters.gitea import objects
from hub.adapters.gitea.answers import Found, Shown
from hub.adapters.gitea.api import GiteaApi
from hub.adapters.http import Route
from reconcilers.ports.forge import Actor, same_login

#: Gitea's rule for names (modules/validation, IsValidUsername), and the length of its column.
_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,99})")
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}")
_ID = re.compile(r"[1-9][0-9]{0,14}")


def account(api: GiteaApi, name: str, machines: Collection[str]) -> Actor:
    """See the port. An account that was renamed is found by its id only: its old name is free for others."""
    if _EMAIL.fullmatch(name):
        found = _found(api, {"q": name})
        return objects.actor(next((one for one in found if same_login(one.email, name)), None), machines)
    if not _LOGIN.fullmatch(name):
        return Actor("")
    what = "look for an account"
    answer = api.ask("GET", Route.of("/users/{}", name), what, expected=(301, 302, 307, 308, 404))
    return objects.actor(api.read(Shown, answer.data, what), machines) if answer.status < 300 else Actor("")


def account_of(api: GiteaApi, account_id: str, machines: Collection[str]) -> Actor:
    """See the port."""
    if not _ID.fullmatch(account_id):
        return Actor("")
    found = _found(api, {"uid": account_id})
    return objects.actor(next((one for one in found if str(one.id) == account_id), None), machines)


def _found(api: GiteaApi, query: dict[str, str]) -> tuple[Shown, ...]:
    """Gitea finds parts of names too: what it finds has to be looked at."""
    what = "look for an account"
    answer = api.ask("GET", Route.of("/users").below("search"), what, query={**query, "limit": "10"})
    return api.read(Found, answer.data, what).data or ()
