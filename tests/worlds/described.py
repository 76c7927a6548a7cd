"""Holds answers of the API to its description: status, media type, and every field."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import jsonschema_rs

from hub.services.api.described import described


class Described:
    """The description of one application."""

    def __init__(self, app: Any) -> None:
        self._document = described(app)
        self._paths = sorted(self._document["paths"], key=lambda path: (path.count("{"), path))

    def hold(self, method: str, path: str, answer: Any) -> None:
        """Fail for an answer that is not as it is described. What no route answers is not looked at."""
        known = next((one for one in self._paths if _pattern(one).fullmatch(path.partition("?")[0])), None)
        route = self._document["paths"].get(known, {}).get(method.lower())
        if route is None or answer.status_code in {303, 304}:
            return
        status, every = answer.status_code, route["responses"]
        told = every.get(str(status)) or every.get(f"{status // 100}XX")
        assert told is not None, f"{method} {known} does not say that it answers {status}"
        media = answer.headers.get("content-type", "").partition(";")[0]
        schema = told.get("content", {}).get(media, {}).get("schema")
        if schema and media.endswith("json"):
            errors = [
                f"{'.'.join(map(str, one.instance_path))}: {one.message}"
                for one in self._validator(schema).iter_errors(answer.json())
            ]
            assert not errors, f"{method} {known}: {errors[:5]}"

    def _validator(self, schema: dict[str, Any]) -> Any:
        name = json.dumps(schema)
        if name not in _MADE:
            whole = {**schema, "components": self._document["components"]}
            _MADE[name] = jsonschema_rs.Draft202012Validator(whole)
        return _MADE[name]


#: Validators by what is held to: to make one takes longer than all that a test asks.
_MADE: dict[str, Any] = {}


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\?\{\w+\\?\}", "[^/]+", re.escape(path)))
