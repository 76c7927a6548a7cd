"""From pydantic's validation errors to faults a person can act on: place, field, what is allowed, nearest name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from generator.errors import Fault, Location, nearest

Path = tuple[str | int, ...]
_OTHER_RELEASE = "use the release that knows it"
_NEWER_RELEASE = "a newer release of rtb-hub wrote it: upgrade this one"

#: As Kubernetes writes versions of an API (v2, v1beta1); longer numbers are none.
_VERSION = re.compile(r"v([0-9]{1,9})(?:[a-z]+[0-9]{1,9})?")


def faults_of(
    error: ValidationError, model: type[BaseModel], where: Callable[[Path], Location | None]
) -> tuple[Fault, ...]:
    """One fault for each error, in file order. `where` gives the place of a path or of its nearest parent."""
    errors = error.errors(include_url=False)
    faults = [_fault(details, model, where) for details in errors]
    other = tuple(filter(_is_release, faults))
    if other:  # what else is wrong there may be right in that release
        return other
    return tuple(sorted(faults, key=lambda f: (f.where.file, f.where.line, f.where.column) if f.where else ("", 0, 0)))


def is_of_another_release(faults: Iterable[Fault]) -> bool:
    """Whether that is why a file cannot be read: then it is right for those who know it, and theirs to change."""
    return any(map(_is_release, faults))


def _is_release(fault: Fault) -> bool:
    return fault.field == "apiVersion" and fault.remedy in (_OTHER_RELEASE, _NEWER_RELEASE)


def field_path(path: Path) -> str:
    """`("spec", "components", "web", 0)` as `spec.components.web[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _fault(details: ErrorDetails, model: type[BaseModel], where: Callable[[Path], Location | None]) -> Fault:
    path = tuple(part for part in details["loc"] if part != "[key]")
    field, place, context = field_path(path), where(path), details.get("ctx", {})
    match details["type"]:
        case "extra_forbidden":
            known = _fields_at(model, path[:-1])
            name = str(path[-1])
            return Fault("there is no such field", place, field, allowed=", ".join(known), nearest=nearest(name, known))
        case "missing":
            return Fault("is missing", place, field, remedy=_description(model, path))
        case "literal_error":
            allowed = str(context.get("expected", ""))
            if path == ("apiVersion",) and (remedy := _release_remedy(str(details["input"]), allowed)):
                told = f"{_shown(details)} is of another release of rtb-hub"
                return Fault(told, place, field, allowed, remedy=remedy)
            words = allowed.replace("'", "").replace(" or ", ", ").split(", ")
            return Fault(
                f"{_shown(details)} is not allowed", place, field, allowed, nearest(str(details["input"]), words)
            )
        case "string_pattern_mismatch":
            return Fault(f"{_shown(details)} has the wrong form", place, field, allowed=f"{context.get('pattern')}")
        case "value_error":
            message, _, allowed = str(context.get("error", details["msg"])).partition("; allowed: ")
            return Fault(message, place, field, allowed)
        case "model_type" | "model_attributes_type" | "dict_type":
            message = "is empty" if details["input"] is None else f"{_shown(details)} is not a mapping"
            return Fault(message, place, field, allowed="a mapping of fields to values")
        case "string_type":
            hint = "put it in quotes" if isinstance(details["input"], bool | int | float) else ""
            return Fault(f"{_shown(details)} is not text", place, field, remedy=hint)
        case _:
            message = details["msg"].removeprefix("Input should be ")
            return Fault(f"{_shown(details)} is not allowed", place, field, allowed=message)


def _release_remedy(given: str, expected: str) -> str:
    """What to do about an apiVersion of the same group as the one expected, in another version; else empty."""
    group, _, version = given.partition("/")
    found, known = _VERSION.fullmatch(version), re.search(rf"'{re.escape(group)}/v([0-9]+)'", expected)
    if not found or not known:
        return ""
    return _NEWER_RELEASE if int(found[1]) > int(known[1]) else _OTHER_RELEASE


def _shown(details: ErrorDetails) -> str:
    text = repr(details["input"])
    return text if len(text) <= 80 else text[:79] + "…"


def _fields_at(model: type[BaseModel], path: Path) -> tuple[str, ...]:
    """The names a file may use at `path` below `model`; empty where names are free."""
    current: Any = model
    for part in path:
        current = _child(current, part)
    return tuple(_aliases(current)) if isinstance(current, type) and issubclass(current, BaseModel) else ()


def _description(model: type[BaseModel], path: Path) -> str:
    current: Any = model
    for part in path[:-1]:
        current = _child(current, part)
    if isinstance(current, type) and issubclass(current, BaseModel):
        for name, field in current.model_fields.items():
            if path[-1] in (field.alias, name) and field.description:
                return field.description
    return ""


def _aliases(model: type[BaseModel]) -> Iterator[str]:
    return (field.alias or name for name, field in model.model_fields.items())


def _child(annotation: Any, part: str | int) -> Any:
    """The annotation of what stands at `part` inside a value of `annotation`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            if part in (field.alias, name):
                return _unwrapped(field.annotation)
        return None
    return _unwrapped(get_args(annotation)[-1]) if get_args(annotation) else None


def _unwrapped(annotation: Any) -> Any:
    """`X` from `X | None` and `Annotated[X, …]`."""
    arguments = [a for a in get_args(annotation) if a is not type(None)]
    if getattr(annotation, "__metadata__", None):
        return _unwrapped(arguments[0])
    is_optional = type(None) in get_args(annotation)
    return _unwrapped(arguments[0]) if is_optional and len(arguments) == 1 else annotation
