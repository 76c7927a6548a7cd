"""What every import has in common: what it gives, which images the library stands for, which names are of secrets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from generator.errors import ConfigError, Fault, Location, Reason
from generator.model.blueprint import MOST_COMPONENTS
from generator.model.blueprint_checks import RESERVED
from generator.yaml.writer import dump
from hub.telemetry.redaction import has_token

Tree = dict[str, Any]
#: Images that a component of the library stands for, by the last part of their name, and the key with their URL.
_LIBRARY: Final = {
    "postgres": ("postgresql", "DATABASE_URL"),
    "postgresql": ("postgresql", "DATABASE_URL"),
    "mysql": ("mysql", "DATABASE_URL"),
    "redis": ("valkey", "REDIS_URL"),
    "valkey": ("valkey", "REDIS_URL"),
    "minio": ("minio", None),
    "localstack": ("localstack", None),
}
_SECRET = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|CREDENTIAL|(?:^|_)(?:PASS|PWD|SALT|PEPPER)(?:$|_)"
    r"|(?:^|(?<!PUBLIC)(?<!PUBLISHABLE)_)KEY$",
    re.IGNORECASE,
)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^@/\s]*@)?([a-z0-9_.-]+)(?::[0-9]+)?(?:/\S*)?", re.IGNORECASE)
#: Where a text names a host and its port, with the scheme of the URL when it is one.
ADDRESS: Final = re.compile(
    r"(?<![\w.+-])(?:([a-z][a-z0-9+.-]*)://(?:[^@/\s]*@)?)?([a-z0-9_.-]+):([0-9]{1,5})(?![\w.])", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class NotTaken:
    """What the blueprint does not have, of which service (''= of none alone), and why."""

    service: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Imported:
    """The text of a `blueprint.yaml`, and what of the source it lacks."""

    text: str
    not_taken: tuple[NotTaken, ...]


def imported(
    name: str, source: str, components: Mapping[str, Tree], left: Iterable[NotTaken], pull_secrets: Iterable[str] = ()
) -> Imported:
    """A blueprint `name` of these components."""
    spec: Tree = {"summary": f"imported from {source.rpartition('/')[2]}"[:200]}
    if pulling := [*pull_secrets]:
        spec["pullSecrets"] = pulling
    spec["components"] = dict(components)
    head = {"apiVersion": "blueprint.rtb-ai-hub/v1", "kind": "Blueprint", "metadata": {"name": name}}
    return Imported(dump({**head, "spec": spec}), tuple(left))


def check_number(count: int, what: str, source: str) -> None:
    """Raise `ConfigError` (InvalidValue) for more services than a blueprint may have components."""
    if count > MOST_COMPONENTS:
        fault = Fault(f"has {count} {what}", Location(source), what, f"at most {MOST_COMPONENTS}")
        raise ConfigError(Reason.INVALID_VALUE, fault)


def component_name(label: str) -> str:
    """The label as the name of a component: another where references mean something else by it."""
    return f"{label}-app" if label in RESERVED else label


def library_of(image: str) -> tuple[str, str | None] | None:
    """The library's component that stands for an image, and its key with a URL; None: it has none."""
    return _LIBRARY.get(last_name(image))


def last_name(image: str) -> str:
    """The last part of an image's name, without tag and digest."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def is_secret(variable: str, value: str | None) -> bool:
    """Whether a variable's name, or the form of its value, says that the value is a secret: better one too many."""
    return _SECRET.search(variable) is not None or has_token(value or "")


def host_of_url(text: str | None) -> str | None:
    """The host of a text that is a URL as a whole; None: it is none."""
    match = _URL.fullmatch(text or "")
    return match[1] if match else None


def addressed(text: str, inside: Callable[[str, int], str | None]) -> str:
    """The text with hosts and ports as `inside` names them in a preview; None: they stay."""

    def told(match: re.Match[str]) -> str:
        found = inside(match[2], int(match[3]))
        return match[0] if found is None else f"{match[0][: match.start(2) - match.start()]}{found}"

    return ADDRESS.sub(told, text)
