"""`rtb-hub doctor --sign-in`: what keeps people from signing in, or from what they may. It changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from generator.errors import Fault, HubError, Location, ToDo
from hub.adapters.http import Answer, SenderParts
from hub.output.console import Format, emit
from hub.services.auth import building
from hub.services.auth.providers.asking import Asking, peer
from hub.services.auth.providers.github import GitHub
from hub.services.auth.providers.oidc import Oidc
from hub.services.auth.sealing import sealed_by
from hub.settings import Settings
from hub.store import people, schema, signing_keys
from hub.store.database import Database
from hub.views.diagnoses import checked_line, diagnosis_data, tell_diagnoses
from hub.wiring import Hub
from hub.wiring.services import existing_database
from reconcilers.doctor.checked import CheckedSignIn
from reconcilers.doctor.repository import Diagnosis, Severity

#: By so much a provider's tokens may be of another time; and from where on it is told.
_REFUSED, _TOLD = timedelta(seconds=60), timedelta(seconds=10)
_PEOPLE: Final = 200
_SETTINGS: Final = "docs/reference/settings.md says what each setting means"
_KEYS: Final = "make one that its owner alone reads (chmod 600)"


def run(ours: Hub, output: Format) -> bool:
    """Check and tell; whether there is no error."""
    settings = ours.settings
    database = existing_database(settings)
    try:
        asks = Asks(ours.clock, ours.sending)
        found = sorted(findings(settings, asks, database), key=lambda one: _ORDER.index(one.severity))
    finally:
        if database is not None:
            database.close()
    checked = (CheckedSignIn(_ways(settings), database.location if database is not None else None),)
    errors = sum(1 for one in found if one.severity == "error")
    data = {
        "findings": [diagnosis_data(one) for one in found],
        "checked": [checked_line(one) for one in checked],
        "rules": [],
        "errors": errors,
    }
    emit(data, output, lambda console: tell_diagnoses(console, found, checked))
    return not errors


_ORDER: Final[tuple[Severity, ...]] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Asks:
    """What providers are asked by, and the time that theirs is compared with."""

    clock: Callable[[], datetime]
    sending: SenderParts


def findings(settings: Settings, asks: Asks, database: Database | None) -> Iterator[Diagnosis]:
    """What is wrong with settings, providers, keys and roles. `database` None: there is none yet."""
    yield from map(_of_fault, building.faults(settings))
    yield from _settings(settings)
    for provider in building.providers_of(settings, asks.clock, asks.sending):
        field = "RTB_HUB_OIDC_ISSUER" if isinstance(provider, Oidc) else "RTB_HUB_GITHUB_URL"
        try:
            yield from _provider(settings, provider, asks)
        except HubError as err:
            yield from (_of_fault(fault, "provider", field) for fault in err.faults)
    if database is None:
        yield _note("database", "RTB_HUB_DATABASE_URL", "there is no database yet: keys and roles were not looked at")
        return
    try:
        schema.check(database)
        yield from _keys(settings, database)
        yield from _roles(settings, database)
        yield from _clock(database, asks)
    except HubError as err:
        yield from (_of_fault(fault, "database", "RTB_HUB_DATABASE_URL") for fault in err.faults)


def _settings(settings: Settings) -> Iterator[Diagnosis]:
    url, rules = settings.public_url, settings.roles.groups
    if url is None:
        remedy = "set it to the address that browsers reach the hub by, such as https://hub.example.com"
        yield _error("public-url", "RTB_HUB_PUBLIC_URL", "is missing: providers send people back there", remedy)
    if settings.oidc_issuer is None and settings.github_client_id is None:
        remedy = "set RTB_HUB_OIDC_ISSUER and RTB_HUB_OIDC_CLIENT_ID, or RTB_HUB_GITHUB_CLIENT_ID"
        yield _error("no-provider", "RTB_HUB_OIDC_ISSUER", "nobody can sign in: the settings name no provider", remedy)
    if not rules:
        remedy = "such as 'viewer=*; developer=rtb-devs; admin=rtb-platform'"
        yield _error("no-roles", "RTB_HUB_ROLES", "is empty: whoever signs in may do nothing", remedy)
    elif "admin" not in rules:
        yield _warning("no-admin", "RTB_HUB_ROLES", "gives nobody the role admin", "name a group: 'admin=…'")
    if url is not None and url.startswith("https://") and not settings.proxies:
        message = "is not set: behind a load balancer all people come from its addresses, and are limited as one"
        yield _warning("proxies", "RTB_HUB_PROXIES", message, "set it to the subnets of the load balancer")


def _provider(settings: Settings, provider: Oidc | GitHub, asks: Asks) -> Iterator[Diagnosis]:
    """Whether it answers, knows the hub and its address, and goes by the same time."""
    if isinstance(provider, Oidc):
        yield from _described(settings, provider)
    if settings.public_url is None:
        return
    callback = f"{settings.public_url}/api/auth/callback"
    begun, before = provider.begin(callback, "doctor"), asks.clock()
    answer = Asking(peer(provider.id, "the provider"), asks.sending).visit(begun.url, "see how people sign in")
    if answer.status >= 400:
        where = Location(f"RTB_HUB_{provider.id.upper()}_CLIENT_ID")
        message = f"{provider.label} refuses to begin a sign-in: it answers {answer.status}"
        steps = (f"register the redirect address there: {callback}", "check the client's id, and that it is active")
        yield Diagnosis("error", "redirect-address", where, message, steps)
    yield from _time_of(provider.label, answer, (before, asks.clock()))


def _described(settings: Settings, provider: Oidc) -> Iterator[Diagnosis]:
    metadata = provider.described()
    known = metadata.get("claims_supported")
    claim = settings.oidc_groups_claim
    if isinstance(known, list) and claim.partition(".")[0] not in known and claim not in known:
        message = f"the provider names no claim {claim!r}: without groups nobody has a role but by '*'"
        remedy = "have it put groups into a claim, and name that with RTB_HUB_OIDC_GROUPS_CLAIM"
        yield _warning("groups-claim", "RTB_HUB_OIDC_GROUPS_CLAIM", message, remedy)
    grants = metadata.get("grant_types_supported")
    if isinstance(grants, list) and "refresh_token" not in grants:
        message = "the provider gives no refresh tokens: people sign in again each hour"
        yield _warning("refresh-tokens", "RTB_HUB_OIDC_SCOPES", message, "allow them there, mostly by offline_access")


def _time_of(who: str, answer: Answer, asked: tuple[datetime, datetime]) -> Iterator[Diagnosis]:
    """How far their time is from when they were `asked`, from and until: a slow answer is no other time."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError):
        return
    theirs = theirs if theirs.tzinfo is not None else theirs.replace(tzinfo=UTC)
    yield from _apart(who, theirs - min(max(theirs, asked[0]), asked[1]))


def _clock(database: Database, asks: Asks) -> Iterator[Diagnosis]:
    with database.read() as connection:
        theirs = database.now(connection)
    yield from _apart("the database", theirs - asks.clock())


def _apart(who: str, by: timedelta) -> Iterator[Diagnosis]:
    if abs(by) <= _TOLD:
        return
    seconds = round(abs(by.total_seconds()))
    message = f"the clock here is {seconds} s {'behind' if by > timedelta() else 'ahead of'} {who}'s"
    if abs(by) > _REFUSED:
        message += ": what it signs is of another time, and refused"
    severity: Severity = "error" if abs(by) > _REFUSED else "warning"
    yield Diagnosis(severity, "clock", Location("clock"), message, ("set it by NTP, here and there",))


def _keys(settings: Settings, database: Database) -> Iterator[Diagnosis]:
    """Whether the key file is one, is its owner's alone, and opens the signing keys that are kept."""
    path = settings.key_file if settings.key_file is not None else settings.data / "key"
    if settings.key_file is None and not path.exists():
        yield _error("key-file", "RTB_HUB_KEY_FILE", "is missing: signing keys are encrypted by it", _KEYS)
        return
    try:
        sealed = sealed_by(path)
    except HubError as err:
        yield from map(_of_fault, err.faults)
        return
    if path.stat().st_mode & 0o007:
        yield _warning("key-file", str(path), "can be read by everybody on this machine", f"chmod o= {path}")
    with database.read() as connection:
        kept = signing_keys.listed(connection)
    for one in kept:
        if sealed.open(one.private) is None:
            message = f"the signing key {one.id} was encrypted by a key that is not in it: nobody can be signed in"
            steps = ("put the key that was there back, below the new one", "if it is lost: 'auth rotate --stolen'")
            yield Diagnosis("error", "signing-keys", Location("RTB_HUB_KEY_FILE"), message, steps)
    if not kept:
        yield _note("signing-keys", "RTB_HUB_KEY_FILE", "there is no signing key yet: the first sign-in makes one")


def _roles(settings: Settings, database: Database) -> Iterator[Diagnosis]:
    """Roles that are given to groups that nobody is in who was ever signed in: mostly a group's name is wrong."""
    held: set[str] = set()
    count, below = 0, None
    while True:
        with database.read() as connection:
            found = people.listed(connection, below=below, limit=_PEOPLE)
        count += len(found)
        held |= {role for one in found for role in one.roles}
        if len(found) < _PEOPLE:
            break
        below = found[-1].id
    if not count:
        yield _note("roles", "RTB_HUB_ROLES", "nobody was ever signed in")
        return
    for role, groups in settings.roles.groups.items():
        if role in held:
            continue
        named = ", ".join(group for _, group in groups[:5])
        message = f"nobody of the {count} who were signed in has the role {role}, which it gives to {named}"
        remedy = "compare with the groups' names there: letter by letter, of GitHub ORGANISATION/TEAM"
        yield _warning("roles", "RTB_HUB_ROLES", message, remedy)


def _ways(settings: Settings) -> tuple[str, ...]:
    given = (("oidc", settings.oidc_issuer), ("github", settings.github_client_id))
    return tuple(name for name, value in given if value is not None)


def _of_fault(fault: Fault, rule: str = "sign-in-settings", where: str = "") -> Diagnosis:
    steps: list[ToDo] = [fault.remedy] if fault.remedy else []
    if fault.allowed:
        steps.append(f"allowed: {fault.allowed}")
    return Diagnosis("error", rule, Location(where or fault.field), fault.message, tuple(steps or [_SETTINGS]))


def _error(rule: str, where: str, message: str, remedy: ToDo) -> Diagnosis:
    return Diagnosis("error", rule, Location(where), message, (remedy,))


def _warning(rule: str, where: str, message: str, remedy: ToDo) -> Diagnosis:
    return Diagnosis("warning", rule, Location(where), message, (remedy,))


def _note(rule: str, where: str, message: str) -> Diagnosis:
    return Diagnosis("note", rule, Location(where), message)
