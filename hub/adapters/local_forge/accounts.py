"""Who is who for the local forge: accounts, teams and machines, from the repository's Git configuration.

git config --add rtb-hub.account 'bob bob@example.com'        # whose commits are of bob
git config --add rtb-hub.member 'example/prd-approvers bob'           # bob is in the team prd-approvers
git config --add rtb-hub.bot 'ci'                             # ci is a machine
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from generator.errors import Reason, Stalled
from hub.adapters.git.process import Git
from reconcilers.ports.forge import Actor, same_login

#: The hub's own account and the e-mail of its commits, in every repository.
HUB, HUB_EMAIL = "rtb-hub", "rtb-hub@rtb-ai-hub.invalid"


@dataclass(frozen=True, slots=True)
class LocalAccounts:
    """The accounts of one repository, as its configuration had them when it was read.

    `values` are those of each key (`bot`, `account`, `member`). Raises `Stalled` (ForgeDenied) where one that is looked
    at cannot be understood.
    """

    values: Mapping[str, Sequence[str]]
    location: str

    def actor(self, login: str) -> Actor:
        """The account of that name, spelled as the configuration spells it; an empty one is nobody's."""
        named = next((one for one in self._names() if same_login(one, login)), login)
        return Actor(named, is_bot=any(same_login(one, login) for one in (HUB, *self.values.get("bot", ()))))

    def account(self, name: str) -> Actor:
        """The account that goes by `name`, its login or its e-mail; an unknown actor when there is none."""
        login = self.by_email().get(name.casefold(), name)
        return self.actor(login if any(same_login(one, login) for one in self._names()) else "")

    def _names(self) -> Iterator[str]:
        """The logins that the configuration names, each as often as it does; the first spelling counts."""
        yield HUB
        yield from (login for login, _ in self._pairs("account"))
        yield from (login for _, login in self._pairs("member"))
        yield from self.values.get("bot", ())

    def email(self, login: str) -> str:
        """The e-mail whose commits are of `login`, else one that maps to no account."""
        known = {name.casefold(): email for email, name in self.by_email().items()}
        return known.get(login.casefold(), f"{login}@local.invalid")

    def by_email(self) -> Mapping[str, str]:
        """Logins by e-mail in lower case."""
        return {email.casefold(): login for login, email in self._pairs("account")} | {HUB_EMAIL: HUB}

    def members(self, team: str) -> frozenset[str]:
        """A team's logins. Raises `Stalled` (ForgeDenied) for a team without members, which is not there."""
        members = frozenset(self.actor(login).login for name, login in self._pairs("member") if same_login(name, team))
        if not members:
            remedy = f"add its members: git -C {self.location} config --add rtb-hub.member '{team} LOGIN'"
            raise Stalled(Reason.FORGE_DENIED, f"{self.location} has no team {team!r}", remedy=remedy)
        return members

    def _pairs(self, key: str) -> Iterator[tuple[str, str]]:
        """The two words of each value. Raises `Stalled` for a value that is not two words: a list is never short."""
        for value in self.values.get(key, ()):
            words = value.split()
            if len(words) != 2:
                message = f"{self.location} has rtb-hub.{key} = {value!r}, which is not two words"
                raise Stalled(Reason.FORGE_DENIED, message, remedy=f"git -C {self.location} config --edit")
            yield words[0], words[1]


def read_accounts(git: Git, location: str) -> LocalAccounts:
    """The accounts as the configuration has them now, in one reading. Raises `Stalled` when Git cannot read it."""
    values: dict[str, list[str]] = {}
    # Each with -z: its name in lower case, a line break and its value (none where it is a mere name), and NUL.
    for entry in git.ask("config", "-z", "--get-regexp", r"^rtb-hub\.").text.split("\0"):
        if not entry:
            continue  # after the last one
        name, _, value = entry.partition("\n")
        values.setdefault(name.removeprefix("rtb-hub."), []).append(value)
    return LocalAccounts(values, location)
