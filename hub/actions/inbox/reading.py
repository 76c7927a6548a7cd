"""The body of a delivery as data: UTF-8, JSON or a form that holds JSON, each key once. Pure.

Whoever sent it has signed it, and still it may be cut off, compressed, or made by a program with a mistake.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from generator.errors import ConfigError, Fault, Reason, Remedy, RemedyKind

_FORM = "application/x-www-form-urlencoded"
#: Fields of a form: Slack's commands have a dozen.
_FIELDS = 100


def read_body(headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
    """The object that a body holds. Of a form, that of its field `payload`, else its fields as texts.

    `headers` have small names. Raises `ConfigError` (InvalidValue) that says where it cannot be read.
    """
    encoding = headers.get("content-encoding", "identity").strip().lower() or "identity"
    if encoding != "identity":
        raise _unreadable(f"it is encoded as {encoding[:20]!r}", allowed="no Content-Encoding")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as err:
        raise _unreadable(f"byte {err.start + 1} is no UTF-8", allowed="UTF-8") from err
    if headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM:
        return _form(text)
    return _object(text)


def _form(text: str) -> Mapping[str, Any]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=_FIELDS)
        fields = _once(pairs)
    except ValueError as err:
        raise _unreadable(f"it is no form: {str(err)[:100]}", allowed=_FORM) from err
    return _object(fields["payload"]) if "payload" in fields else fields


def _object(text: str) -> Mapping[str, Any]:
    try:
        tree = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError as err:
        raise _unreadable("it is nested too deeply") from err
    except ValueError as err:
        raise _unreadable(f"it is no JSON: {str(err)[:200]}") from err
    if not isinstance(tree, dict):
        raise _unreadable(f"it is a {type(tree).__name__}", allowed="a JSON object")
    return tree


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _unreadable(why: str, *, allowed: str = "") -> ConfigError:
    remedy = Remedy(RemedyKind.SHOW_DELIVERY)
    return ConfigError(
        Reason.INVALID_VALUE,
        Fault(f"the body cannot be read: {why}", field="body", allowed=allowed, remedy=remedy),
    )
