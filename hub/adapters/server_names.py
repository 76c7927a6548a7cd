"""The names that a hub that runs as a service told last, for completion in a shell.

Nothing is asked while a key is pressed: a file below the cache folder says what there was. Where it is older than some
seconds, a process of its own asks the hub for the next time (`hub.commands.server.names`). One that does not answer, or
refuses, holds nobody up, and is asked again no sooner than that.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hub.adapters.git.kept_names import Place

#: How old names may be before they are asked for anew, and how often a hub is asked at most.
SECONDS = 20.0
#: Of the file: 10,000 previews, as many as a hub lists.
_MOST_BYTES = 2 * 2**20
_WORD = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_WORDS = rf"(?:{_WORD}(?: {_WORD})*)?"
_KEY = r"[A-Z][A-Z0-9]{1,9}-[1-9][0-9]{0,8}"
#: An environment; a preview in one, with its blueprint and components; a blueprint with its components; by tabs. Each
#: is checked as elsewhere: nothing that a shell would take for more than a word.
_LINE = re.compile(
    rf"environment\t(?P<env>{_WORD})"
    rf"|preview\t(?P<of>{_WORD})\t(?P<key>{_KEY})\t(?P<made>{_WORD}|)\t(?P<has>{_WORDS})"
    rf"|blueprint\t(?P<name>{_WORD})\t(?P<with>{_WORDS})"
)
#: Asks as `hub.commands.server.names` does; -P: never by what lies in the current folder.
_ASKS = ("-P", "-c", "from hub.commands.server.names import main; main()")


@dataclass(frozen=True, slots=True)
class ServerNames:
    """Environments with their keys, what previews are made of by (environment, key), blueprints with components."""

    environments: Mapping[str, Place] = field(default_factory=dict)
    previews: Mapping[tuple[str, str], tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    blueprints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def components(self, env: str, key: str, blueprint: str) -> list[str]:
        """Those of the preview that is meant, with those of its blueprint, or of the one that is named."""
        at = next((at for at in self.previews if at[1] == key and env in ("", at[0])), None)
        made, has = self.previews[at] if at else ("", ())
        return list(dict.fromkeys([*self.blueprints.get(blueprint or made or "web-api", ()), *has]))


def file_of(cache: Path, url: str) -> Path:
    """Where names of the hub at `url` are kept."""
    return cache / "names" / f"server-{zlib.crc32(url.encode('utf-8', 'surrogateescape')):08x}"


def names_of(flag: str | None, environ: Mapping[str, str], cache: Path) -> ServerNames:
    """What the hub told last that `flag`, else the environment names; asked for anew behind it where that is old."""
    url = flag or environ.get("RTB_HUB_SERVER") or ""
    if not url:
        return ServerNames()
    path = file_of(cache, url)
    with contextlib.suppress(OSError, NotImplementedError):  # what cannot be asked for is done without
        if _is_due(path):
            _ask({**environ, "RTB_HUB_SERVER": url, "RTB_HUB_CACHE": str(cache)})
    return _told(path)


def parsed(text: str) -> ServerNames:
    """The names in such a file; a line that is none of names says nothing."""
    keys: dict[str, set[str]] = {}
    previews: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {}
    blueprints: dict[str, tuple[str, ...]] = {}
    for one in filter(None, map(_LINE.fullmatch, text.splitlines())):
        if one["env"]:
            keys.setdefault(one["env"], set())
        elif one["key"]:
            keys.setdefault(one["of"], set()).add(one["key"])
            previews[one["of"], one["key"]] = one["made"], tuple(one["has"].split())
        else:
            blueprints[one["name"]] = tuple(one["with"].split())
    places = {name: Place("", frozenset(found)) for name, found in sorted(keys.items())}
    return ServerNames(places, previews, blueprints)


def _told(path: Path) -> ServerNames:
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1).decode("ascii")
    except (OSError, UnicodeDecodeError):
        return ServerNames()
    return parsed(text) if len(text) <= _MOST_BYTES else ServerNames()


def _is_due(path: Path) -> bool:
    """Whether the names are old, and nobody has asked for them a moment ago; then it is this process that asks."""
    now = time.time()
    marker = path.with_name(f"{path.name}.asked")
    if any(0 <= now - one.stat().st_mtime < SECONDS for one in (path, marker) if one.exists()):
        return False
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()
    return True


def _ask(environ: Mapping[str, str]) -> None:
    """Start the process that asks. It has no stream of ours, so that no shell waits for it."""
    nowhere = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in (0, 1, 2)]
    told = {name: value for name, value in environ.items() if name not in ("_RTB_HUB_COMPLETE", "COMP_WORDS")}
    os.posix_spawn(sys.executable, (sys.executable, *_ASKS), told, file_actions=nowhere, setsid=True)
