"""What schemas ask for beyond JSON Schema: formats as the API server reads them, lists that hold an item once."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import datetime
from ipaddress import ip_address
from typing import Any

import jsonschema_rs

from generator.validate.definitions import ONCE

#: Compiled when it is first needed: what people write has no times.
_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.,][0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})"


def _is_time(text: str) -> bool:
    """RFC 3339, as Go reads it: with seconds and a zone, and fractions when there are any."""
    if not re.fullmatch(_TIME, text):
        return False
    try:
        datetime.fromisoformat(f"{text[:19]}+00:00")
    except ValueError:
        return False
    return True


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except ValueError:
        return False
    return True


def _is_address(version: int) -> Callable[[str], bool]:
    def is_address(text: str) -> bool:
        try:
            return ip_address(text).version == version
        except ValueError:
            return False

    return is_address


#: What is not here is not checked: jsonschema_rs knows more formats than the API server asks for.
_FORMATS: dict[str, Callable[[str], bool]] = {
    **dict.fromkeys(("date", "duration", "email", "hostname", "uri", "uuid"), lambda _: True),
    "byte": _is_base64,
    "date-time": _is_time,
    "ipv4": _is_address(4),
    "ipv6": _is_address(6),
}


class _Once:
    """The keyword `ONCE`, as jsonschema_rs asks for it."""

    def __init__(self, _parent: object, keys: list[tuple[str, Any]], _path: object) -> None:
        self._keys = keys

    def validate(self, instance: Any) -> None:
        """Raises `ValueError` with the index of the first item that is there already, and the keys."""
        seen: list[list[Any]] = []
        for index, item in enumerate(instance if isinstance(instance, list) else ()):
            if isinstance(item, dict):
                own = [default if item.get(key) is None else item[key] for key, default in self._keys]
                if own in seen:
                    raise ValueError(f"{index} {', '.join(key for key, _ in self._keys)}")
                seen.append(own)


def compiled(schema: dict[str, Any]) -> Any:
    """A validator of `schema`, which knows these keywords and formats."""
    return jsonschema_rs.Draft202012Validator(schema, keywords={ONCE: _Once}, formats=_FORMATS, validate_formats=True)
