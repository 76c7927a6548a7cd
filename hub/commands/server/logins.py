"""Signing a command line in to a hub, and staying so: tokens in a file of its own, for its owner only."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from generator.errors import ConfigError, Fault, Reason
from hub import __version__
from hub.adapters.http import Route
from hub.commands.server.calling import Api, Asked
from hub.settings.own_files import changing

_EARLY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Logins:
    """The sign-ins of this user, by the address of each hub, in one file."""

    path: Path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Logins:
        """In XDG_STATE_HOME, else `.local/state` in the home."""
        state = environ.get("XDG_STATE_HOME") or f"{environ.get('HOME') or '/tmp'}/.local/state"  # noqa: S108
        return cls(Path(state) / "rtb-ai-hub" / "logins.json")

    def find(self, url: str) -> dict[str, Any] | None:
        """The sign-in at a hub. Raises `ConfigError` (FileUnusable) for a file that cannot be read."""
        found = self._read().get(url)
        return found if isinstance(found, dict) else None

    @contextmanager
    def changing(self) -> Iterator[dict[str, Any]]:
        """All of them, to be changed by one process at a time; kept when the block ends. Raises as `find`."""
        try:
            with changing(self.path, lambda _: self._read(), lambda held: held) as held:
                yield held
        except OSError as err:
            raise self._unusable() from err

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as err:
            raise self._unusable() from err
        return found if isinstance(found, dict) else {}

    def _unusable(self) -> ConfigError:
        return ConfigError(Reason.FILE_UNUSABLE, Fault(f"{self.path} cannot be used", remedy="remove it, sign in anew"))


def token_of(logins: Logins, url: str, plain: Api, *, now: Callable[[], datetime] | None = None) -> str | None:
    """The access token of now, refreshed where it runs out; None: nobody signed in there.

    Raises what the hub refuses a refresh with; a session that has ended is forgotten.
    """
    clock = now or _now
    found = logins.find(url)
    if found is None:
        return None
    if _is_fresh(found, clock()):
        return str(found["accessToken"])
    ended: ConfigError | None = None
    with logins.changing() as held:
        found = held.get(url)
        if not isinstance(found, dict):
            return None
        if not _is_fresh(found, clock()):  # else another process was quicker
            body = {"refreshToken": found.get("refreshToken", "")}
            try:
                held[url] = found = _kept(_ask(plain, "/api/auth/refresh", body, "stay signed in"), clock())
            except ConfigError as err:
                if err.reason is not Reason.NOT_SIGNED_IN:
                    raise
                del held[url]
                ended = err
    if ended is not None:
        raise ended
    return str(found["accessToken"])


def login(plain: Api, url: str, logins: Logins, say: Callable[[str], None], *, sleep: Any = time.sleep) -> str:
    """Sign in by a browser, which may be another machine's; who it is. Raises what the hub refuses with."""
    client = f"rtb-hub {__version__} on {platform.node()}".encode("ascii", "replace").decode()[:100]
    asked = _ask(plain, "/api/auth/device", {"client": client}, "sign in")
    say(f"open {asked['verificationUrl']}")
    say(f"and compare the code: {asked['userCode']}")
    seconds = min(60.0, max(1.0, float(asked["interval"])))
    for _ in range(int(float(asked["expiresIn"]) / seconds) + 1):
        told = _ask(plain, "/api/auth/device/token", {"deviceCode": asked["deviceCode"]}, "sign in")
        if told.get("state") == "allowed":
            with logins.changing() as held:
                held[url] = _kept(told, _now())
            return str(told["name"])
        sleep(seconds)
    raise ConfigError(Reason.NOT_SIGNED_IN, Fault("nobody let this command line in in time", remedy="begin again"))


def logout(plain: Api, url: str, logins: Logins) -> bool:
    """End the session at a hub and forget it; False: there was none. Raises what the hub refuses with."""
    with logins.changing() as held:
        found = held.pop(url, None)
    if not isinstance(found, dict):
        return False
    plain.call(
        Route.of("/api/auth/logout"),
        Asked(purpose="sign out", method="POST", body={"refreshToken": found.get("refreshToken", "")}),
    )
    return True


def _is_fresh(found: Mapping[str, Any], now: datetime) -> bool:
    try:
        ends = datetime.fromisoformat(str(found["accessExpiresAt"]))
        return bool(found["accessToken"]) and ends - _EARLY > now
    except (KeyError, ValueError, TypeError):
        return False


def _kept(told: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What is kept of tokens. Until when they hold is by this machine's clock, which may be another than the hub's."""
    ends = now + timedelta(seconds=int(told["accessSeconds"]))
    return {
        **{name: told[name] for name in ("name", "accessToken", "refreshToken")},
        "accessExpiresAt": ends.isoformat(),
    }


def _now() -> datetime:
    return datetime.now(UTC)


def _ask(plain: Api, path: str, body: Mapping[str, Any], purpose: str) -> Mapping[str, Any]:
    answer = plain.call(Route.of(path), Asked(purpose=purpose, method="POST", body=body))
    data: Mapping[str, Any] = answer.data
    return data
