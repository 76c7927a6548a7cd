"""What the services take beside: modules that not every installation has, and their database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from generator.errors import ConfigError, Fault, Reason

if TYPE_CHECKING:
    from generator.model.lifecycle import ForgePolicy
    from hub.adapters.http import SenderParts
    from hub.adapters.jira.site import Account
    from hub.settings import Settings
    from hub.store.database import Database
    from reconcilers.ports.deliveries import Deliveries
    from reconcilers.ports.issues import Issues


def existing_database(settings: Settings) -> Database | None:
    """The services' database; None: SQLite's file is not there, and is not made by looking.

    Raises as `open_database`.
    """
    if settings.secret("database_url") is None and not (settings.data / "hub.sqlite").exists():
        return None
    return open_database(settings)


def open_database(settings: Settings) -> Database:
    """The services' database, as the settings say. Its schema is not looked at.

    Raises `ConfigError` (InvalidValue) for a URL that is none, and where the services are not installed.
    """
    with needing_services():
        from hub.store.database import Database, sqlite_url
    return Database(settings.secret("database_url") or sqlite_url(settings.data / "hub.sqlite"))


def open_issues(settings: Settings, sending: Callable[[], SenderParts]) -> Issues | None:
    """Jira's issues, as the settings say; None: they name no site.

    Raises `ConfigError` (InvalidValue) for what is missing or wrong.
    """
    if settings.jira_url is None:
        return None
    from hub.adapters.jira.issues import open_jira

    return open_jira(settings.jira_url, jira_account(settings), sending())


def jira_account(settings: Settings) -> Account:
    """Whom the hub is at the site that the settings name."""
    from hub.adapters.jira.editions import EDITIONS
    from hub.adapters.jira.site import Account

    edition = EDITIONS[settings.jira_edition]
    return Account(settings.jira_email or "", lambda: settings.secret("jira_token") or "", edition)


def open_deliveries(settings: Settings, policy: ForgePolicy, sending: Callable[[], SenderParts]) -> Deliveries | None:
    """What a forge delivered to the App of the settings' keys; None: another kind of forge, or no such key.

    Raises `ConfigError` (InvalidForge) for keys that cannot be used.
    """
    from hub.approval.opening import app_key

    if policy.kind != "github" or (key := app_key(settings.forge)) is None:
        return None
    from hub.adapters.github.deliveries import open_deliveries as opened

    return opened(key, policy.url, sending())


@contextmanager
def needing_services() -> Iterator[None]:
    """For imports of the services' modules. Raises `ConfigError` (InvalidValue) where they are not installed."""
    try:
        yield
    except ModuleNotFoundError as err:
        remedy = "pip install 'rtb-ai-hub[services]', or 'make serve' in a checkout"
        fault = Fault(f"{err.name} is not installed, which the services need", remedy=remedy)
        raise ConfigError(Reason.INVALID_VALUE, fault) from err
