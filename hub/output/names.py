"""The name of what a command prints: what other commands, and `list --after`, take to mean it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from hub.output.formats import printable

#: Lists in what is printed whose items have names.
_LISTS: Final = (
    "previews",
    "stopped",
    "planned",
    "environments",
    "blueprints",
    "tokens",
    "contexts",
    "jobs",
    "deliveries",
)


def names_of(data: Mapping[str, Any]) -> Iterator[str]:
    """The names in what a command prints as JSON, in its order: of the items of its list, else its own.

    A preview is ISSUE/ENVIRONMENT, an environment or a blueprint its name; all else has an id. What was not there has
    none.
    """
    if data.get("change") == "none":
        return
    if isinstance(changed := data.get("preview"), dict):
        yield printable(_name(changed, ""))
        return
    if isinstance(requests := data.get("requests"), list):
        for each in requests:
            for one in each["open"]:
                yield printable(f"{one['issue']}/{each['environment']}")
        return
    listed = next((data[name] for name in _LISTS if isinstance(data.get(name), list)), [data])
    for one in listed:
        yield printable(_name(one, str(data.get("issue", ""))))


def _name(one: Mapping[str, Any], issue: str) -> str:
    if "environment" in one and (one.get("issue") or issue):
        return f"{one.get('issue') or issue}/{one['environment']}"
    if "metadata" in one:
        return str(one["metadata"]["name"])
    return str(one["id"] if "id" in one else one["name"])
