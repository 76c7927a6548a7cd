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
#: Tells that something is not taken: what, and why.
Leave = Callable[[str, str], None]
#: Why a value is left that only its name or its form says is a secret.
GUESSED: Final = "looks like a secret: put its value into the store"
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
#: A secret in a text: a private key; the password of a URL; the value behind a name or a flag; one that a header has.
#: What begins with `$` or `{` comes from elsewhere.
_SAYS = r"(?:password|passwd|passphrase|secret|token|api[_-]?key|credential)"
_VALUE = r"(?![${<]|(?:true|false|null|none|[0-9]+)\b)[^\s'\"]{4,}"
_HELD = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|://[^\s/@:'\"]*:(?![${<])[^\s/@'\"]+@"
    rf"|(?:{_SAYS}|authorization)['\"]?[ \t]*[:=][ \t]*['\"]?(?:(?:bearer|basic)[ \t]+)?{_VALUE}"
    rf"|(?<![\w-])--?[\w-]{{0,40}}{_SAYS}[ \t]+['\"]?{_VALUE}"
    r"|\b(?:bearer|basic)[ \t]+[A-Za-z0-9._~+/=-]{16,}",
    re.IGNORECASE,
)
_HELD_SO: Final = "holds what looks like a secret: have the program read it from a variable of 'secrets'"
#: How kustomize ends names of generated objects (kustomize, api/hasher): ten of these characters.
_HASH = re.compile(r"-[245-9bcdfghkmt]{10}\Z")
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
    """A blueprint `name` of these components, without what holds a secret."""
    spec: Tree = {"summary": f"imported from {source.rpartition('/')[2]}"[:200]}
    if pulling := [*pull_secrets]:
        spec["pullSecrets"] = pulling
    told = [*left]
    spec["components"] = {
        component: _without_secrets(tree, "", lambda what, why, to=component: told.append(NotTaken(to, what, why)))  # type: ignore[misc]
        for component, tree in components.items()
    }
    head = {"apiVersion": "blueprint.rtb-ai-hub/v1", "kind": "Blueprint", "metadata": {"name": name}}
    return Imported(dump({**head, "spec": spec}), tuple(told))


def check_number(count: int, what: str, source: str) -> None:
    """Raise `ConfigError` (InvalidValue) for more services than a blueprint may have components."""
    if count > MOST_COMPONENTS:
        fault = Fault(f"has {count} {what}", Location(source), what, f"at most {MOST_COMPONENTS}")
        raise ConfigError(Reason.INVALID_VALUE, fault)


def within(where: str, leave: Leave) -> Leave:
    """As `leave`, for what is within something, whose place begins what is told."""
    return lambda what, why: leave(f"{where}{what}", why)


def label_of(text: str, most: int, otherwise: str) -> str:
    """The text as a DNS label of at most so many characters; `otherwise` when nothing of it can be in one."""
    return re.sub(r"[^a-z0-9-]+", "-", text.lower())[:most].strip("-") or otherwise


def secret_of(name: str) -> str:
    """The reference to a secret in the store, among those of an environment's applications.

    Without the hash that kustomize ends names of generated Secrets with: another content would be another secret.
    """
    return f"preview/${{environment.name}}/app/{_HASH.sub('', name)}"


def unpinned(image: str) -> str:
    """Why an image of a component is not taken that has no digest."""
    return f"{image[:100]!r} is not pinned by digest: give one at each start, or here"


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
    return _SECRET.search(variable) is not None or has_secret(value or "")


def has_secret(text: str) -> bool:
    """Whether a text holds a secret by its form, or behind a name or a flag that says so."""
    return has_token(text) or _HELD.search(text) is not None


def _without_secrets(tree: Tree, where: str, leave: Callable[[str, str], None]) -> Tree:
    """A component, or a container of it, without commands, probes and files that hold secrets; `leave` is told which.

    Its variables were looked at when they were read.
    """
    found: Tree = {}
    for key, one in tree.items():
        if key in ("sidecars", "init"):
            found[key] = {name: _without_secrets(its, f"{where}{key}.{name}.", leave) for name, its in one.items()}
        elif key in ("files", "probes"):
            if kept := {name: its for name, its in one.items() if not _holds(its, f"{where}{key}.{name}", leave)}:
                found[key] = kept
        elif key not in ("command", "args") or not _holds(one, f"{where}{key}", leave):
            found[key] = one
    return found


def _holds(told: Any, what: str, leave: Callable[[str, str], None]) -> bool:
    words = told.get("command", ()) if isinstance(told, dict) else told
    name = what.rpartition("/")[2]  # of a file: one without a dot is named as variables are
    if not ("/" in what and "." not in name and is_secret(name, None)) and not has_secret(
        words if isinstance(words, str) else " ".join(words)
    ):
        return False
    leave(what, _HELD_SO)
    return True


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
