"""Contexts: where a user works by a name, in one file of theirs. No secret is in it. Read without a library.

A context counts whole or not at all, so that an environment of one repository is never taken for that of another.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

VARIABLE: Final = "RTB_HUB_CONTEXT"
_REPO, _SERVER, _ACTOR = "RTB_HUB_REPO", "RTB_HUB_SERVER", "RTB_HUB_ACTOR"
#: Bytes of the file.
_MOST: Final = 1 << 20
#: Variables that the context in use gives a value, with it.
_given: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Context:
    """A state repository, or a hub that runs as a service; the environment that is meant where none is named; who."""

    name: str
    repo: str | None = None
    server: str | None = None
    environment: str | None = None
    actor: str | None = None

    def data(self) -> dict[str, str]:
        """What the file has of it."""
        values = {"repo": self.repo, "server": self.server, "environment": self.environment, "actor": self.actor}
        return {name: value for name, value in values.items() if value is not None}

    def variables(self) -> dict[str, str]:
        """What it says, as variables."""
        values = {_REPO: self.repo, _SERVER: self.server, _ACTOR: self.actor}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(slots=True)
class Contexts:
    """All of a user's. `current`: the one in use."""

    current: str | None = None
    found: dict[str, Context] = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        """What the file has."""
        return {"current": self.current, "contexts": {name: one.data() for name, one in sorted(self.found.items())}}

    def get(self, name: str, whence: str) -> Context:
        """The one that is called so. Raises `ConfigError` (UnknownContext), whose field is `whence` it was named."""
        if name in self.found:
            return self.found[name]
        from generator.errors import ConfigError, Fault, Reason, nearest

        allowed, near = ", ".join(sorted(self.found)) or "there are none", nearest(name, tuple(self.found))
        remedy = "name one of these, or add it"
        message = f"there is no context {name[:63]!r}"
        raise ConfigError(Reason.UNKNOWN_CONTEXT, Fault(message, None, whence, allowed, near, remedy))


def file_of(environ: Mapping[str, str] | None = None) -> Path:
    """The file: in XDG_CONFIG_HOME, else `.config` in the home."""
    env = os.environ if environ is None else environ
    home = env.get("XDG_CONFIG_HOME") or f"{env.get('HOME') or '/tmp'}/.config"  # noqa: S108 - no home at all
    return Path(home) / "rtb-ai-hub" / "contexts.json"


def read(path: Path) -> Contexts:
    """The contexts in the file. Raises `ConfigError` (FileUnusable) for a file that is none of contexts."""
    try:
        with path.open("rb") as file:
            text = file.read(_MOST + 1)
        if len(text) > _MOST:
            raise ValueError("it is longer than 1 MiB")
        return _parsed(json.loads(text))
    except FileNotFoundError:
        return Contexts()
    except (OSError, ValueError, RecursionError) as err:
        from generator.errors import ConfigError, Fault, Reason

        why = err.strerror if isinstance(err, OSError) else str(err)
        remedy = "correct it, or remove it and add the contexts anew; --repo, or --server, does without it"
        raise ConfigError(
            Reason.FILE_UNUSABLE, Fault(f"{path} has no contexts to be read: {why}", remedy=remedy)
        ) from err


def _parsed(data: Any) -> Contexts:
    """Raises `ValueError`."""
    if not isinstance(data, dict) or not isinstance(data.get("contexts"), dict):
        raise ValueError("it has no object 'contexts'")  # noqa: TRY004 - the text is wrong, whatever its types are
    found: dict[str, Context] = {}
    for name, one in data["contexts"].items():
        if not isinstance(one, dict) or not all(isinstance(value, str) for value in one.values()):
            raise ValueError(f"{name[:63]!r} is no object of texts")
        if unknown := one.keys() - {"repo", "server", "environment", "actor"}:
            raise ValueError(f"{name[:63]!r} has {min(unknown)[:63]!r}, which this release does not know")
        if ("repo" in one) == ("server" in one):
            raise ValueError(f"{name[:63]!r} needs a repo or a server, and not both")
        found[name] = Context(name, **one)
    current = data.get("current")
    if current is not None and current not in found:
        raise ValueError(f"the one in use, {str(current)[:63]!r}, is not in it")
    return Contexts(current, found)


def chosen(option: str | None) -> Context | None:
    """The context by the `option`, else RTB_HUB_CONTEXT, else the one in use; None: none, or variables say where.

    Raises `ConfigError` (UnknownContext, FileUnusable).
    """
    path = file_of()
    if option is not None:
        return read(path).get(option, "--context")
    if os.environ.get(_REPO) or os.environ.get(_SERVER):
        return None
    named = os.environ.get(VARIABLE)
    if not named and not path.exists():
        return None
    contexts = read(path)
    if named:
        return contexts.get(named, VARIABLE)
    return contexts.found.get(contexts.current) if contexts.current else None


def environ_in(option: str | None) -> dict[str, str]:
    """Variables as they are in the context of the `option`, or in the one that counts; in none that cannot be read.

    For completion, which tells no error.
    """
    environ = dict(os.environ)
    if option is None and not file_of().exists():
        return environ
    from generator.errors import ConfigError

    try:
        context = chosen(option)
    except ConfigError:
        return environ
    if context is not None:
        environ |= {_REPO: "", _SERVER: "", **context.variables()}
    return environ


@contextmanager
def entered(context: Context, *, by_option: bool) -> Iterator[None]:
    """Have settings be what the context says; `by_option`: also where variables say something else."""
    before = {name: os.environ.get(name) for name in (_REPO, _SERVER, _ACTOR)}
    given = context.variables()
    if not by_option and os.environ.get(_ACTOR):
        given.pop(_ACTOR, None)
    _put({_REPO: None, _SERVER: None, **given})
    _given.update(given)
    try:
        yield
    finally:
        _given.clear()
        _put(before)


def _put(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def is_given(name: str) -> bool:
    """Whether a variable has its value of the context."""
    return name in _given
