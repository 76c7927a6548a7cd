"""What of the environments' AWS accounts is not as it is rendered, as findings: of those one is signed in to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from generator.bootstrap.account.render import Account
from generator.errors import HubError, Location
from hub.actions.account_check import check_account
from hub.actions.account_outcome import Checked, remedies
from hub.adapters.account.access import Access
from reconcilers.doctor.checked import CheckedAccount
from reconcilers.doctor.repository import Diagnosis


def check_accounts(
    accounts: Iterable[Account], *, clock: Callable[[], datetime]
) -> tuple[list[Diagnosis], tuple[CheckedAccount, ...]]:
    """Compare each account that the credentials are of. Reads alone.

    That they are of none of these accounts, or cannot be asked, is a finding.
    """
    given = list(accounts)
    where = Location("AWS")
    try:
        theirs = Access(given[0].environment.spec.region).account() if given else ""
        mine = [one for one in given if one.environment.spec.account == theirs]
        if not mine:
            asked = ", ".join(f"{one.environment.name} is in {one.environment.spec.account}" for one in given)
            message = f"these credentials are of account {theirs or 'none'}; {asked or 'there are no environments'}"
            return [Diagnosis("error", "account-unread", where, message, ("sign in to one of these accounts",))], ()
        found, looked = list[Diagnosis](), list[CheckedAccount]()
        for one in mine:
            checked = check_account(one, Access(one.environment.spec.region), clock)
            found += _findings(checked, Location(f"AWS account {theirs}, {one.environment.name}"))
            looked.append(CheckedAccount(one.environment.name, theirs, len(checked)))
    except HubError as err:
        return [Diagnosis("error", "account-unread", where, err.words, remedies(err))], ()
    return found, tuple(looked)


def _findings(checked: Iterable[Checked], where: Location) -> Iterator[Diagnosis]:
    for one in checked:
        if one.state == "found":
            continue
        told = [f"{d.fact}: {_short(d.found)} there, {_short(d.wanted)} rendered" for d in one.differences]
        why = one.why or "; ".join(told) or "it is not there"
        yield Diagnosis("error", _rule(one), where, f"{one.kind} {one.name}: {why}", one.repairs)


def _rule(one: Checked) -> str:
    if one.state == "unread":
        return "account-unread"
    return "account-missing" if one.state == "missing" else "account-differs"


def _short(value: object) -> str:
    text = "nothing" if value is None or value == [] else str(value)
    return text if len(text) <= 160 else f"{text[:160]}…"
