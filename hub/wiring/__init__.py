"""Builds the real parts of a process, by its settings. Nothing else makes clients.

`composing` puts them together, `services` what only the services need; here is what a process begins with.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hub.settings import Settings, load_settings
from hub.telemetry.events import UNKNOWN_SETTING
from hub.telemetry.telemetry import Log, Telemetry
from hub.wiring.composing import Hub, utc_now
from hub.wiring.services import needing_services

if TYPE_CHECKING:
    from hub.telemetry.events import Level
    from hub.telemetry.serving import MetricsAddress

__all__ = ["Hub", "hub", "needing_services", "utc_now", "watching"]


def hub() -> Hub:
    """The hub of this process. Its log tells of mistakes of our own alone, unless the settings ask for more."""
    settings = load_settings()
    log = _log(settings, settings.log_level or "error", as_json=not sys.stderr.isatty())
    return Hub(settings, telemetry=_beginning(Telemetry(log), settings))


def watching(
    ours: Hub, *, as_json: bool, port: int | None = None, host: str | None = None
) -> tuple[Hub, MetricsAddress | None]:
    """The hub of a process that stays: it tells what it does, and counts it, to be served at `host` and `port`.

    `as_json` False: as JSON even so, where standard error is no terminal.
    """
    log = _log(ours.settings, ours.settings.log_level or "info", as_json=as_json or not sys.stderr.isatty())
    if port is None:
        return replace(ours, telemetry=_beginning(Telemetry(log), ours.settings)), None
    from prometheus_client import CollectorRegistry, ProcessCollector

    from hub.telemetry.meter import PrometheusMeter
    from hub.telemetry.serving import LOOPBACK, MetricsAddress

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    told = _beginning(Telemetry(log, PrometheusMeter(registry)), ours.settings)
    return replace(ours, telemetry=told), MetricsAddress(registry, port, host or LOOPBACK)


def _beginning(telemetry: Telemetry, settings: Settings) -> Telemetry:
    """Tell of variables that are named like settings and are none."""
    for name, near in settings.unknown():
        telemetry.tell(UNKNOWN_SETTING, name=name, nearest=near)
    return telemetry


def _log(settings: Settings, level: Level, *, as_json: bool) -> Log:
    from hub.output.console import printable
    from hub.telemetry.log import LinesLog

    return LinesLog(sys.stderr, lambda: datetime.now(UTC), as_json, printable, level, settings.secrets)
