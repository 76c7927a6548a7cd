"""Keeping the names that completion offers through a server: `hub.adapters.server_names` starts it at a key stroke."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from generator.errors import HubError
from hub.adapters.http import Route
from hub.adapters.server_names import file_of
from hub.commands.server.calling import Api, Asked
from hub.commands.server.logins import Logins, token_of
from hub.commands.server.printing import mapping
from hub.settings.places import places
from hub.settings.server import server_settings

#: In all; a hub that needs longer is asked again later.
_SECONDS = 15


def main() -> None:
    """Ask the hub that the environment names, and end: in silence, and by a signal when it takes too long."""
    signal.alarm(_SECONDS)
    with contextlib.suppress(HubError, OSError):
        keep(places().cache)


def keep(cache: Path) -> None:
    """Ask for the names and keep them below `cache`, whole or not at all. Raises as `Api.call`, and `OSError`."""
    settings = server_settings()
    api = Api.of(settings, lambda url, plain: token_of(Logins.of(settings.environ), url, plain))
    text = "".join(f"{line}\n" for line in _lines(api))
    path = file_of(cache, settings.url or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.new-{os.getpid()}")
    aside.touch(mode=0o600)
    try:
        aside.write_text(text, encoding="ascii", errors="replace")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _lines(api: Api) -> Iterator[str]:
    for one in _all(api, "environments"):
        yield f"environment\t{one.get('name')}"
    for one in _all(api, "listing", "previews"):
        components = one.get("components")
        names = " ".join(components) if isinstance(components, dict) else ""
        yield f"preview\t{one.get('environment')}\t{one.get('issue')}\t{one.get('blueprint')}\t{names}"
    for one in _all(api, "blueprints"):
        names = " ".join(map(str, one.get("components") or ()))
        yield f"blueprint\t{one.get('name')}\t{names}"


def _all(api: Api, path: str, name: str = "") -> Iterator[dict[str, Any]]:
    purpose = f"tell its {name or path}"
    told = mapping(api.call(Route.of(f"/api/v1/{path}"), Asked(purpose=purpose)).data, purpose).get(name or path)
    yield from (one for one in told if isinstance(one, dict)) if isinstance(told, list) else ()
