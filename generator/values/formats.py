"""Field types checked against their own standards. Each is an `Annotated` string or number for pydantic models.

The checks raise `ValueError` with what is allowed; the readers in `generator.model.entry` and
`generator.model.environment` turn those into faults with file, line and column.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from generator.values.quantities import duration, memory_bytes, millicores

_DNS_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_ENVIRONMENT = re.compile(r"[a-z](?:[-a-z0-9]{0,28}[a-z0-9])?")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,252}")
# Distribution's reference grammar (github.com/distribution/reference), with the digest algorithm fixed to sha256.
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = (
    r"(?:(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::[0-9]{1,5})?)"
)
#: What an image's tag may be, by the distribution specification.
IMAGE_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_IMAGE = re.compile(
    rf"(?P<name>(?:{_HOST}/)?{_COMPONENT}(?:/{_COMPONENT})*)(?::(?P<tag>{IMAGE_TAG.pattern}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)
# git check-ref-format(1): no space, control, ~ ^ : ? * [ \, no "..", "@{", "//", no "." or "/" at the wrong ends.
_BRANCH_BAD = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|^[-./]|[./]$|\.lock(?:/|$)|^(?:@|HEAD)$")
_URL_PATH = re.compile(r"/(?:[A-Za-z0-9._~!$&'()+,;=:@-]+/)*[A-Za-z0-9._~!$&'()+,;=:@-]*")
#: Without user and password: they would end up in Git and in error messages.
_GIT_URL = re.compile(
    r"(?:https?|ssh)://(?:git@)?[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]{1,100}){1,10}"
    r"|git@[A-Za-z0-9.-]{1,253}:[A-Za-z0-9._~-]{1,100}(?:/[A-Za-z0-9._~-]{1,100}){0,9}"
)
_SECRET = re.compile(r"(?P<key>[A-Za-z0-9/_+=.@-]{1,512})(?:#(?P<property>[A-Za-z0-9_.-]{1,253}))?")
_PLAIN_CPU = r"[0-9]{1,6}(\.[0-9]{1,3})?m?"
_PLAIN_MEMORY = r"[0-9]{1,15}(\.[0-9]{1,3})?(Ki|Mi|Gi|Ti|k|M|G|T)?"
_RFC3339_UTC = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def _matches(pattern: re.Pattern[str], text: str, what: str, allowed: str) -> str:
    if pattern.fullmatch(text) is None:
        raise ValueError(f"{text[:80]!r} is not {what}; allowed: {allowed}")
    return text


def check_dns_label(text: str) -> str:
    """RFC 1123 label: at most 63 lower-case letters, digits and inner hyphens."""
    return _matches(_DNS_LABEL, text, "a DNS label", "at most 63 of a-z, 0-9 and '-', not at the ends")


def check_domain(text: str) -> str:
    """A DNS name of at least two labels, at most 200 characters, so that a preview's host stays below 253."""
    if len(text) > 200 or "." not in text:
        raise ValueError(f"{text[:80]!r} is not a domain; allowed: at least two labels, at most 200 characters")
    labels = text.split(".")
    for label in labels:
        check_dns_label(label)
    if len(labels) == 4 and all(map(str.isdigit, labels)):
        raise ValueError(f"{text[:80]!r} is an address, not a domain; allowed: such as int.preview.example.com")
    return text


def check_environment_name(text: str) -> str:
    """A folder name below `environments/`; `base` is reserved."""
    if text == "base":
        raise ValueError("'base' is what every environment is laid over, not an environment")
    return _matches(_ENVIRONMENT, text, "an environment name", "at most 30 of a-z, 0-9 and '-', a letter first")


def check_env_name(text: str) -> str:
    """A C identifier: POSIX's rule for environment variables and Kubernetes' for `envFrom` keys."""
    return _matches(_ENV_NAME, text, "an environment variable name", "letters, digits and '_', not a digit first")


def check_env_value(text: str) -> str:
    """Any text an environment can hold: no NUL (execve(2)), at most 64 KiB."""
    if "\0" in text:
        raise ValueError("an environment variable cannot hold a NUL character; remove it")
    return check_text(text, limit=65536)


def check_text(text: str, *, limit: int = 1024) -> str:
    """Free text: valid Unicode scalar values, at most `limit` bytes of UTF-8."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError as err:
        raise ValueError("the text holds half of a surrogate pair; allowed: valid Unicode") from err
    if size > limit:
        raise ValueError(f"the text has {size} bytes; allowed: at most {limit}")
    return text


def check_image(text: str) -> str:
    """An image reference: name, optional tag, optional sha256 digest."""
    if len(text) > 512:
        raise ValueError("an image reference has at most 512 characters here")
    _matches(_IMAGE, text, "an image reference", "[registry/]name[:tag][@sha256:<64 hex digits>]")
    # Distribution's NameTotalLengthMax, which the kubelet holds to.
    if (match := _IMAGE.fullmatch(text)) and len(match["name"]) > 255:
        raise ValueError("the name in an image reference has at most 255 characters, registry included")
    return text


def image_digest(reference: str) -> str | None:
    """The digest of an image reference (`sha256:…`), or None when it only names a tag."""
    match = _IMAGE.fullmatch(reference)
    return match["digest"] if match else None


def check_image_repository(text: str) -> str:
    """The name of an image reference, without tag and digest."""
    check_image(text)
    if image_digest(text) or ":" in text.rpartition("/")[2]:
        raise ValueError(f"{text[:80]!r} is more than a repository; allowed: [registry/]name, tag or digest beside it")
    return text


def check_branch(text: str) -> str:
    """A Git branch name, by git-check-ref-format(1), at most 200 bytes."""
    check_text(text, limit=200)
    if not text or _BRANCH_BAD.search(text):
        raise ValueError(f"{text[:80]!r} is not a branch name; allowed: what 'git check-ref-format --branch' takes")
    return text


def check_url_path(text: str) -> str:
    """An absolute URL path without query, escape or wildcard, as Ingress rules and probes take it."""
    if len(text) > 200:
        raise ValueError("a path has at most 200 characters here")
    if {".", ".."} & {*text.split("/")}:
        raise ValueError(f"{text!r} holds a segment '.' or '..', which Kubernetes refuses; allowed: such as / or /api")
    return _matches(_URL_PATH, text, "a URL path", "an absolute path such as / or /api, without query or escapes")


def check_git_url(text: str) -> str:
    """The URL of a Git repository as Argo CD takes it. What is refused is not shown: it may hold a password."""
    if {".", ".."} & {*text.split("/")} or _GIT_URL.fullmatch(text) is None:
        allowed = "https://HOST/PATH, ssh://git@HOST/PATH or git@HOST:PATH, without user and password"
        raise ValueError(f"this is not a Git URL; allowed: {allowed}")
    return text


def check_secret(text: str) -> str:
    """A reference to AWS Secrets Manager: `name` or `name#property` (never the secret itself).

    A name is letter by letter what it is there. Other stores and people take `a/../b` for `b`, so no part is dots.
    """
    _matches(_SECRET, text, "a secret reference", "name or name#property, as in AWS Secrets Manager")
    return without_dots(text, split_secret(text)[0])


def without_dots(text: str, name: str) -> str:
    """`text` when no part of the name in it, between its slashes, is `.` or `..`."""
    if {".", ".."} & {*name.split("/")}:
        raise ValueError(f"{text[:80]!r} has a part that is only dots; allowed: a name without '.' and '..' as parts")
    return text


def split_secret(text: str) -> tuple[str, str | None]:
    """A checked secret reference as (name, property or None)."""
    key, _, prop = text.partition("#")
    return key, prop or None


def check_cpu(text: str) -> str:
    """A CPU quantity; see `generator.values.quantities.millicores`."""
    millicores(text)
    return text


def check_memory(text: str) -> str:
    """A memory quantity; see `generator.values.quantities.memory_bytes`."""
    memory_bytes(text)
    return text


def check_duration(text: str) -> str:
    """A duration; see `generator.values.quantities.duration`."""
    duration(text)
    return text


#: Of all times in files: no lease began before, and none lasts so long.
YEARS = range(2000, 2200)


def parse_time(text: str) -> datetime:
    """An RFC 3339 time in UTC, to the second. Raises `ValueError`."""
    _matches(_RFC3339_UTC, text, "a time", "RFC 3339 in UTC, to the second, such as 2026-11-23T02:00:00Z")
    try:
        return datetime.fromisoformat(text)  # ten times as quick as strptime, and there are thousands
    except ValueError as err:
        raise ValueError(f"{text!r} is not a date of the calendar") from err


def format_time(moment: datetime) -> str:
    """`moment` (aware) as RFC 3339 in UTC, to the second."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def check_time(text: str) -> str:
    """A time of a file, see `parse_time`, in years in which nothing that is added to it leaves the calendar."""
    if parse_time(text).year not in YEARS:
        raise ValueError(f"{text!r} is no time of a lease; allowed: the years {YEARS.start} to {YEARS.stop - 1}")
    return text


def _shown(pattern: str, *examples: str) -> Any:
    """For JSON Schema: the pattern that comes nearest to a check, and examples."""
    return Field(json_schema_extra={"pattern": pattern, "examples": [*examples]})


DnsLabel = Annotated[str, AfterValidator(check_dns_label), _shown(f"^{_DNS_LABEL.pattern}$", "web")]
Domain = Annotated[
    str,
    AfterValidator(check_domain),
    _shown(rf"^({_DNS_LABEL.pattern})(\.({_DNS_LABEL.pattern}))+$", "int.preview.example.com"),
]
EnvironmentName = Annotated[str, AfterValidator(check_environment_name), _shown(f"^{_ENVIRONMENT.pattern}$", "int")]
EnvName = Annotated[str, AfterValidator(check_env_name)]
EnvValue = Annotated[str, AfterValidator(check_env_value)]
Text = Annotated[str, AfterValidator(check_text)]
Image = Annotated[
    str,
    AfterValidator(check_image),
    _shown("^[^\\s]{1,512}$", "registry.example.com/web@sha256:<64 hexadecimal digits>"),
]
ImageRepository = Annotated[str, AfterValidator(check_image_repository)]
ImageTag = Annotated[str, Field(pattern=f"^{IMAGE_TAG.pattern}$")]
ImageDigest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Branch = Annotated[str, AfterValidator(check_branch), _shown(r"^[^\s~^:?*\[\\]{1,200}$", "feature/RTB-123-login")]
UrlPath = Annotated[str, AfterValidator(check_url_path), _shown(f"^{_URL_PATH.pattern}$", "/", "/api")]
GitUrl = Annotated[
    str, AfterValidator(check_git_url), _shown(f"^({_GIT_URL.pattern})$", "https://git.example.com/team/state.git")
]
SecretReference = Annotated[str, AfterValidator(check_secret)]
Cpu = Annotated[str, AfterValidator(check_cpu), _shown(f"^{_PLAIN_CPU}$", "250m", "0.5", "2")]
Memory = Annotated[str, AfterValidator(check_memory), _shown(f"^{_PLAIN_MEMORY}$", "256Mi", "1Gi")]
Duration = Annotated[
    str,
    AfterValidator(check_duration),
    _shown("^([0-9]{1,5}d)?([0-9]{1,5}h)?([0-9]{1,5}m)?$", "24h", "90m", "1h30m", "7d"),
]
Time = Annotated[str, AfterValidator(check_time), _shown(f"^{_RFC3339_UTC.pattern}$", "2026-11-23T02:00:00Z")]
Port = Annotated[int, Field(ge=1, le=65535)]
