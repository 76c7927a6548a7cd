"""Who asked, as accounts of the forge: by the ids that commits keep, and by names where they keep none.

Names are what people typed. One that is no account's tells nobody who asked, so whoever approves might have: it counts
like a commit of nobody's. Pure but for the forge that is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconcilers.plan import one_line
from reconcilers.ports.forge import Actor, Forge

#: The trailer with who asked, as they are called, and the one behind it with the id of their account.
REQUESTED_BY, REQUESTED_BY_ID = "Requested-By", "Requested-By-Id"


@dataclass(frozen=True, slots=True)
class Requesters:
    """Those who asked: logins (also as typed) and ids of their accounts, and a sentence for each whom nobody knows."""

    logins: frozenset[str]
    ids: frozenset[str]
    unknown: tuple[str, ...]


def with_account(trailers: Iterable[tuple[str, str]], account: Actor) -> tuple[tuple[str, str], ...]:
    """The trailers of a commit, with the account's id behind who asked; as they are for one without an id."""

    def both() -> Iterator[tuple[str, str]]:
        for name, value in trailers:
            yield name, value
            if name == REQUESTED_BY and account.id:
                yield REQUESTED_BY_ID, account.id

    return tuple(both())


def asked_by(trailers: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Each who asked by a commit's trailers, with the id behind the name; empty: there is none."""
    who: str | None = None
    for name, value in trailers:
        if who is not None:
            yield who, value if name == REQUESTED_BY_ID else ""
        who = value if name == REQUESTED_BY else None
    if who is not None:
        yield who, ""


def requesters_of(forge: Forge, ids: Mapping[str, Collection[str]]) -> Requesters:
    """Who they are, by name with the ids kept beside it. Raises what the forge raises."""
    logins, found_ids, unknown = set(ids), set(), []
    for name, kept in sorted(ids.items()):
        accounts = [forge.account_of(account_id) for account_id in sorted(kept)] or [forge.account(name)]
        logins |= {one.login for one in accounts if one.is_known}
        found_ids |= {one.id for one in accounts if one.id} | set(kept)
        unknown += [words for one in accounts if (words := nobody(name, one))]
    return Requesters(frozenset(logins), frozenset(found_ids), tuple(dict.fromkeys(unknown)))


def nobody(name: str, account: Actor) -> str:
    """Why nobody knows which person asked as `name`; empty: it is the account's."""
    shown = one_line(name)[:100]
    if not account.is_known:
        return f"nobody can tell whether an approver asked for it as {shown!r}: that is no account there"
    if account.is_bot:
        return f"nobody can tell whether an approver asked for it as {shown!r}: that is a machine's account"
    return ""
