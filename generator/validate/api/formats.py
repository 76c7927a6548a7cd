"""Formats of names, ports and addresses as Kubernetes checks them: what is wrong as text, None when nothing is.

Source: k8s.io/apimachinery, pkg/util/validation and pkg/api/validation. What stands in every object is remembered.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from generator.objects.cursor import whole

Check = Callable[[str], str | None]

_LABEL_1123 = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(rf"{_LABEL_1123.pattern}(\.{_LABEL_1123.pattern})*")
_QUALIFIED = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_PORT_NAME = re.compile(r"[-a-z0-9]+")
_PERCENT = re.compile(r"[0-9]+%")


@lru_cache(2000)
def dns_label(text: str) -> str | None:
    """RFC 1123: 63 characters, no dots."""
    if len(text) > 63 or not _LABEL_1123.fullmatch(text):
        return f"{text[:80]!r} is no RFC 1123 label: at most 63 small letters, digits and '-'"
    return None


@lru_cache(2000)
def dns_label_1035(text: str) -> str | None:
    """RFC 1035: as `dns_label`, but a letter comes first."""
    if len(text) > 63 or not _LABEL_1035.fullmatch(text):
        return f"{text[:80]!r} is no RFC 1035 label: at most 63 small letters, digits and '-', a letter first"
    return None


@lru_cache(2000)
def subdomain(text: str) -> str | None:
    """RFC 1123 with dots: 253 characters in all, no limit for a part."""
    if len(text) > 253 or not _SUBDOMAIN.fullmatch(text):
        return f"{text[:80]!r} is no RFC 1123 name: at most 253 small letters, digits, '-' and '.'"
    return None


def wildcard_subdomain(text: str) -> str | None:
    """A subdomain, or one below `*.`."""
    return subdomain(text.removeprefix("*."))


def path_segment(text: str) -> str | None:
    """A name that only must fit in a path: those of RBAC."""
    if text in (".", "..") or "/" in text or "%" in text:
        return f"{text[:80]!r} may hold no '/' and '%', and not be '.' or '..'"
    return None


@lru_cache(2000)
def qualified_name(text: str) -> str | None:
    """`[prefix/]name`: keys of labels, names of resources and finalizers."""
    prefix, slash, name = text.rpartition("/")
    if (slash and (not prefix or subdomain(prefix))) or len(name) > 63 or not _QUALIFIED.fullmatch(name):
        return (
            f"{text[:80]!r} is no qualified name: [prefix/]name, the name of at most 63 letters, digits, '-', '_', '.'"
        )
    return None


@lru_cache(2000)
def label_value(text: str) -> str | None:
    """The value of a label; it may be empty."""
    if text and (len(text) > 63 or not _QUALIFIED.fullmatch(text)):
        return (
            f"{text[:80]!r} is no label value: at most 63 letters, digits, '-', '_' and '.', none of these at the ends"
        )
    return None


@lru_cache(2000)
def data_key(text: str) -> str | None:
    """A key of a ConfigMap or Secret, which becomes a file's name."""
    if len(text) > 253 or not _KEY.fullmatch(text) or text == "." or text.startswith(".."):
        return f"{text[:80]!r} is no key: at most 253 letters, digits, '-', '_' and '.', not beginning with '..'"
    return None


def port_name(text: str) -> str | None:
    """An IANA service name: 15 characters, a letter among them."""
    whole_ = len(text) <= 15 and _PORT_NAME.fullmatch(text) and any(c.isalpha() for c in text)
    if not whole_ or "--" in text or text[0] == "-" or text[-1] == "-":
        return f"{text[:80]!r} is no port name: at most 15 small letters, digits and single '-', a letter among them"
    return None


@lru_cache(2000)
def env_name(text: str) -> str | None:
    """The name of an environment variable: any printable ASCII but '='."""
    if not text or "=" in text or not (text.isascii() and text.isprintable()):
        return f"{text[:80]!r} is no name of a variable: printable ASCII without '='"
    return None


def port_number(value: Any) -> str | None:
    """A number from 1 to 65535; other types are the schemas' to tell."""
    number = whole(value)
    return None if number is None or 1 <= number <= 65535 else f"{number} is no port: 1 to 65535"


def port(value: Any) -> str | None:
    """A port by number or by name."""
    return port_name(value) if isinstance(value, str) else port_number(value)


def count_or_percent(value: Any) -> str | None:
    """A number from 0, or a percentage as text."""
    if isinstance(value, str):
        return None if _PERCENT.fullmatch(value) else f"{value[:40]!r} is no percentage such as 25%"
    number = whole(value)
    return None if number is None or number >= 0 else f"{number} is negative"


def address(text: str) -> str | None:
    """An IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return f"{text[:80]!r} is no IP address"
    return None


def network(text: str) -> str | None:
    """An IPv4 or IPv6 network as CIDR; bits of the host may be set."""
    try:
        if "/" not in text:
            raise ValueError(text)
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return f"{text[:80]!r} is no network such as 10.0.0.0/16"
    return None
