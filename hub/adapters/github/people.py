"""Accounts on GitHub, as those who ask are called: by a login, by an e-mail that GitHub knows, by an id that stays."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from hub.adapters.github.answers import User, UsersFound, read
from hub.adapters.github.calls import GitHubCalls
from hub.adapters.http import Route
from reconcilers.ports.forge import Actor, same_login

#: The account that GitHub shows in the place of every one that was deleted.
GONE = "ghost"
#: GitHub's own rule for new names; an App's account has `[bot]` behind it, an account of Enterprise Managed Users `_`.
_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,99})(?:\[bot\])?")
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}")
#: Setting your commit email address (GitHub Docs): the address that GitHub gives every account.
_NO_REPLY = re.compile(r"([0-9]{1,15})\+[^@]{1,100}@users\.noreply\.[A-Za-z0-9.-]{1,190}", re.IGNORECASE)
_ID = re.compile(r"[0-9]{1,15}")


def actor(user: User | None, machines: Collection[str]) -> Actor:
    """The account of a user object. `machines`: logins that GitHub takes for people's. None, and the ghost: nobody."""
    if user is None or user.login.casefold() == GONE:
        return Actor("")
    is_bot = user.type != "User" or any(same_login(user.login, machine) for machine in machines)
    return Actor(user.login, is_bot, str(user.id))


@dataclass(frozen=True, slots=True)
class People:
    """The accounts that the repository `name` concerns: who may read it, and the members of its organisation.

    The whole world has accounts on GitHub; one that merely has the name somebody goes by is not who asked.
    """

    name: str
    calls: GitHubCalls
    machines: Collection[str]

    def account(self, name: str) -> Actor:
        """See the port. An e-mail is found where GitHub gave it to the account, or where its profile shows it."""
        if match := _NO_REPLY.fullmatch(name):
            return self.account_of(match[1])
        if _EMAIL.fullmatch(name):
            return self._by_email(name)
        return self._concerned(Route.of("/users/{}", name)) if _LOGIN.fullmatch(name) else Actor("")

    def account_of(self, account_id: str) -> Actor:
        """See the port."""
        return self._concerned(Route.of("/user/{}", account_id)) if _ID.fullmatch(account_id) else Actor("")

    def _by_email(self, email: str) -> Actor:
        """By a public address only: GitHub's search finds parts of words, so the profile itself has to say it."""
        query = {"q": f"{email} in:email", "per_page": 5}
        answer = self.calls.get(Route.of("/search/users"), query, expected=(422,))
        if answer.status == 422:
            return Actor("")
        for found in read(UsersFound, answer.data, where=self.calls.where).items:
            route = Route.of("/users/{}", found.login)
            user = self._read(route)
            if user is not None and same_login(user.email or "", email):
                return self._concerned(route)
        return Actor("")

    def _concerned(self, route: Route) -> Actor:
        found = actor(self._read(route), self.machines)
        return found if found.is_known and self._is_concerned(found) else Actor("")

    def _is_concerned(self, found: Actor) -> bool:
        if found.is_bot:
            return True
        owner = self.name.partition("/")[0]
        if same_login(owner, found.login):
            return True
        collaborators = Route.of("/repos/{+}", self.name).below("collaborators/{}", found.login)
        if self.calls.get(collaborators, expected=(404,)).status == 204:
            return True
        # 302: this key is no member's, and is sent to the public members, who are no proof of the others.
        members = Route.of("/orgs/{}/members/{}", owner, found.login)
        return self.calls.get(members, expected=(302, 404)).status == 204

    def _read(self, route: Route) -> User | None:
        answer = self.calls.get(route, expected=(404,))
        return None if answer.status == 404 else read(User, answer.data, where=self.calls.where)
