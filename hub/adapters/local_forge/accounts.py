"""Who is who for the local forge: accounts, teams and machines, from the repository's Git configuration.

git config --add rtb-hub.account 'bob bob@example.com'        # whose commits are of bob
git config --add rtb-hub.member 'prd-approvers bob'           # bob is in the team prd-approvers
git config --add rtb-hub.bot 'ci'                             # ci is a machine
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from generator.errors import Reason, Stalled
from hub.adapters.git.process import Git
from reconcilers.ports.forge import Actor

#: The hub's own account and the e-mail of its commits, in every repository.
HUB, HUB_EMAIL = "rtb-hub", "rtb-hub@rtb-ai-hub.invalid"


@dataclass(frozen=True, slots=True)
class LocalAccounts:
    """The accounts of one repository. Raises `Stalled` (ForgeDenied) for configuration that cannot be understood."""

    git: Git
    location: str

    def actor(self, login: str) -> Actor:
        """The account of that name; an empty one is nobody's."""
        return Actor(login, is_bot=login in {HUB, *self._values("bot")})

    def email(self, login: str) -> str:
        """The e-mail whose commits are of `login`, else one that maps to no account."""
        known = {name: email for email, name in self.by_email().items()}
        return known.get(login, f"{login}@local.invalid")

    def by_email(self) -> Mapping[str, str]:
        """Logins by e-mail in lower case."""
        return {email.casefold(): login for login, email in self._pairs("account")} | {HUB_EMAIL: HUB}

    def members(self, team: str) -> frozenset[str]:
        """A team's logins. Raises `Stalled` (ForgeDenied) for a team without members, which is not there."""
        members = frozenset(login for name, login in self._pairs("member") if name == team)
        if not members:
            remedy = f"add its members: git -C {self.location} config --add rtb-hub.member '{team} LOGIN'"
            raise Stalled(Reason.FORGE_DENIED, f"{self.location} has no team {team!r}", remedy=remedy)
        return members

    def _pairs(self, key: str) -> Iterator[tuple[str, str]]:
        """The two words of each value. Raises `Stalled` for a value that is not two words: a list is never short."""
        for line in self._values(key):
            words = line.split()
            if len(words) != 2:
                message = f"{self.location} has rtb-hub.{key} = {line!r}, which is not two words"
                raise Stalled(Reason.FORGE_DENIED, message, remedy=f"git -C {self.location} config --edit")
            yield words[0], words[1]

    def _values(self, key: str) -> list[str]:
        return self.git.ask("config", "--get-all", f"rtb-hub.{key}").text.splitlines()
