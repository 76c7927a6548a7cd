"""What a person asks of the components: settings parsed, laid over what is there and over the defaults.

One rule: what is not named stays. Where nothing is there yet, it is the environment's default, else the blueprint's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from generator.errors import ConfigError, Fault, Reason, nearest
from generator.model.blueprint import Blueprint
from generator.model.component_template import decided
from generator.model.entry import Component, Compute
from generator.model.environment import Environment

#: Fields of a component that hold text whatever they look like; `--set web.env.X=no` stays the text "no".
_NUMBERS: Final = frozenset({"port", "replicas", "runAsUser"})
_LISTS: Final = frozenset({"command", "args"})
_MAPPINGS: Final = frozenset({"env", "secrets"})
#: Fields that empty text sets to none, whatever the blueprint says: not exposed, probed by TCP.
_MAY_BE_NONE: Final = frozenset({"path", "healthPath"})
_FIELDS: Final = tuple(found.alias or name for name, found in Component.model_fields.items())
_PATHS: Final = f"{', '.join(_FIELDS)}, env.NAME, secrets.NAME"
#: What 'unset' takes beside components: fields of the preview itself.
_OF_THE_PREVIEW: Final = ("branch", "compute")
#: Fields of the preview, and none of a component's, that are neither set nor unset by a path.
_NO_PATHS: Final = frozenset({"ttl", "officeHours", "blueprint"})
_ASK_ANEW: Final = "it is an option of a start, which updates a preview that is there"


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for: `images` maps component → reference, `settings` are (dotted path, text) pairs.

    A path is such as `web.env.X`; a list's path may come several times, once an item. `unset`: paths whose value goes
    back to the default, `branch`, `compute`, or an optional component that goes. `reset`: everything goes back but the
    images that have no default.
    """

    images: Mapping[str, str] = field(default_factory=dict)
    settings: Sequence[tuple[str, str]] = ()
    compute: Compute | None = None
    branch: str | None = None
    unset: Sequence[str] = ()
    reset: bool = False

    def forgets(self, name: str) -> bool:
        """True when what the preview has of `name` (`branch`, `compute`) does not stay."""
        return self.reset or name in self.unset


def trees_of(
    request: Request, blueprint: Blueprint, environment: Environment, kept: Mapping[str, Component]
) -> dict[str, dict[str, Any]]:
    """Component → its fields as in `Component`, of those that are required, kept or asked for. Not checked yet.

    Raises `ConfigError` (UnknownComponent, InvalidValue) with every fault of what was asked.
    """
    asked = _asked(request, blueprint)
    unset = _unset(request, blueprint, asked)
    laid_out = blueprint.spec.components
    gone = {name for name, fields in unset.items() if None in fields}
    stays = {name: component for name, component in kept.items() if name in laid_out and name not in gone}
    required = {name for name, one in laid_out.items() if one.required}
    trees: dict[str, dict[str, Any]] = {}
    for name in sorted(required | asked.keys() | stays.keys()):
        defaults = defaults_of(name, blueprint, environment)
        tree = dict(defaults)
        if name in stays:
            before = _set_fields(stays[name], decided(laid_out[name].role))
            tree = {"image": before["image"], **defaults} if request.reset else tree | before
        for path in unset.get(name, ()):
            if path is not None:
                _take_out(tree, path, defaults)
        trees[name] = _laid_over(tree, asked.get(name, {}))
    for name, tree in trees.items():
        if "image" not in asked.get(name, {}) and (image := _image(name, trees, blueprint, stays)):
            tree["image"] = image
    return trees


def _image(
    name: str, trees: Mapping[str, Mapping[str, Any]], blueprint: Blueprint, stays: Mapping[str, Component]
) -> str | None:
    """The image of a component that nobody asks one for; None: it stays as it is.

    One that runs the image of another goes on doing so, unless it was given one of its own.
    """
    laid_out, own = blueprint.spec.components[name], trees[name].get("image")
    if laid_out.image_of is None:
        return laid_out.image if own is None else None
    source = laid_out.image_of
    other, before = trees.get(source, {}).get("image"), stays.get(source)
    follows = own is None or (before is not None and own == before.image)
    return other if follows else None


def defaults_of(name: str, blueprint: Blueprint, environment: Environment) -> dict[str, Any]:
    """The fields of a component that nobody has to name: the blueprint's, and over them the environment's."""
    shared = {"port", "cpu", "memory", "storage", "replicas", "path", "health_path"}
    tree = blueprint.spec.components[name].model_dump(by_alias=True, include=shared, exclude_none=True)
    if defaults := environment.spec.components.get(name):
        tree |= defaults.model_dump(by_alias=True, exclude_none=True)
    return tree


def check_known(names: Iterable[str], blueprint: Blueprint) -> None:
    """Raise `ConfigError` (UnknownComponent) when a blueprint lacks one of the components `names`."""
    known = tuple(blueprint.spec.components)
    unknown = [
        Fault(
            f"blueprint {blueprint.name} has no component {name[:60]!r}",
            field="components",
            allowed=", ".join(known),
            nearest=nearest(name, known),
        )
        for name in sorted(set(names) - set(known))
    ]
    if unknown:
        raise ConfigError(Reason.UNKNOWN_COMPONENT, unknown)


def _set_fields(component: Component, of_blueprint: frozenset[str]) -> dict[str, Any]:
    """What stands in an entry, but for what the blueprint decides today as it did then."""
    tree = component.model_dump(by_alias=True)
    return {name: value for name, value in tree.items() if name not in of_blueprint}


def _laid_over(tree: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """`asked` over `tree`: variables one by one, all else as a whole. A variable has a value or a secret, not both."""
    merged: dict[str, Any] = {}
    for one, other in (("env", "secrets"), ("secrets", "env")):
        taken = asked.get(other, {})
        variables = {name: value for name, value in tree.get(one, {}).items() if name not in taken}
        merged[one] = {**variables, **asked.get(one, {})}
    return {**tree, **asked, **merged}


def _take_out(tree: dict[str, Any], path: str, defaults: Mapping[str, Any]) -> None:
    """Have the field or variable at `path` be what it is where nobody names it."""
    name, _, variable = path.partition(".")
    if variable:
        tree[name] = {one: value for one, value in tree.get(name, {}).items() if one != variable}
    elif name in defaults:
        tree[name] = defaults[name]
    else:
        tree.pop(name, None)


def _asked(request: Request, blueprint: Blueprint) -> dict[str, dict[str, Any]]:
    """Component → fields asked for, in the shape of `Component`."""
    asked: dict[str, dict[str, Any]] = {}
    faults: list[Fault] = []
    for name, image in request.images.items():
        asked.setdefault(name, {})["image"] = image
    for path, text in request.settings:
        name, dot, rest = path.partition(".")
        if not dot:
            faults.append(_no_setting(name, blueprint))
            continue
        try:
            _put(asked.setdefault(name, {}), rest, text)
        except ValueError as err:
            faults.append(Fault.saying(err, field=path[:120]))
    check_known(asked, blueprint)
    faults.extend(
        Fault("cannot be set: the template decides it", field=f"{name}.{field}", allowed="only for services")
        for name, fields in asked.items()
        for field in fields
        if field in decided(blueprint.spec.components[name].role)
    )
    if faults:
        raise ConfigError(Reason.INVALID_VALUE, faults)
    return asked


def _unset(
    request: Request, blueprint: Blueprint, asked: Mapping[str, Mapping[str, Any]]
) -> dict[str, set[str | None]]:
    """Component → paths to take out; None: the component itself."""
    unset: dict[str, set[str | None]] = {}
    faults: list[Fault] = []
    unknown: list[Fault] = []
    allowed = _may_be_unset(blueprint)
    known = tuple(blueprint.spec.components)
    for path in request.unset:
        name, dot, rest = path.partition(".")
        if path in _OF_THE_PREVIEW:
            if (request.branch if path == "branch" else request.compute) is not None:
                faults.append(Fault("is set and unset at once", field=path))
            continue
        if name not in known and name in {*_NO_PATHS, *_OF_THE_PREVIEW}:
            message = "is of the preview as a whole, and cannot be unset"
            faults.append(Fault(message, field=path[:120], allowed=allowed, remedy=_ASK_ANEW))
            continue
        if name not in known:
            message = f"blueprint {blueprint.name} has no component {name[:60]!r}"
            near = nearest(name, (*known, *_OF_THE_PREVIEW))
            unknown.append(Fault(message, field=path[:120], allowed=allowed, nearest=near))
            continue
        unset.setdefault(name, set()).add(rest if dot else None)
        if dot and not _is_field(rest):
            message = f"{rest[:60]!r} is not a field of a component"
            faults.append(Fault(message, field=path[:120], allowed=allowed, nearest=nearest(rest, _FIELDS)))
        elif name in asked and (not dot or _is_asked(rest, asked[name])):
            faults.append(Fault("is set and unset at once", field=path[:120]))
    if unknown:
        raise ConfigError(Reason.UNKNOWN_COMPONENT, [*unknown, *faults])
    if faults:
        raise ConfigError(Reason.INVALID_VALUE, faults)
    return unset


def _may_be_unset(blueprint: Blueprint) -> str:
    """All that 'unset' takes, in words."""
    components = blueprint.spec.components
    optional = [name for name, one in components.items() if not one.required]
    removed = f", an optional component ({', '.join(optional)})" if optional else ""
    names = ", ".join(components)
    return f"{', '.join(_OF_THE_PREVIEW)}{removed}, or COMPONENT.FIELD of {names}, with FIELD one of {_PATHS}"


def _no_setting(name: str, blueprint: Blueprint) -> Fault:
    """What is wrong with setting what has no dot."""
    known = tuple(blueprint.spec.components)
    of_all = name not in known and name in {*_NO_PATHS, *_OF_THE_PREVIEW}
    allowed = f"COMPONENT.FIELD=TEXT of {', '.join(known)}, with FIELD one of {_PATHS}"
    if of_all:
        message = "is of the preview as a whole, and no setting of a component"
        return Fault(message, field=name[:120], allowed=allowed, remedy=_ASK_ANEW)
    return Fault("names no field of a component", field=name[:120], allowed=allowed, nearest=nearest(name, known))


def _is_field(path: str) -> bool:
    """Whether a component has what `path` (`port`, `env.NAME`) names."""
    name, dot, variable = path.partition(".")
    return name in _FIELDS and bool(dot) == bool(variable) and (not dot or name in _MAPPINGS)


def _is_asked(path: str, asked: Mapping[str, Any]) -> bool:
    """Whether a component's field or variable is among those that are set."""
    name, _, variable = path.partition(".")
    return variable in asked.get(name, {}) if variable else name in asked


def _put(fields: dict[str, Any], path: str, text: str) -> None:
    """Set `path` (`port`, `env.NAME`) in `fields`. Raises `ValueError` for a path or number that cannot be."""
    name, dot, key = path.partition(".")
    if name in _MAPPINGS:
        if not key:
            raise ValueError(f"{name} needs a variable's name; write COMPONENT.{name}.NAME=VALUE")
        variables = fields.setdefault(name, {})
        if key in variables:
            raise ValueError("is set twice")
        variables[key] = text
    elif dot:
        raise ValueError(f"{path[:60]!r} has no parts; only env.NAME and secrets.NAME have")
    elif name in _LISTS:
        fields.setdefault(name, []).append(text)
    elif name in fields:
        raise ValueError("is set twice")
    elif name in _MAY_BE_NONE and not text:
        fields[name] = None
    elif name in _NUMBERS:
        if not (text.isascii() and text.isdigit() and len(text) <= 10):
            raise ValueError(f"{text[:60]!r} is not allowed; allowed: {_range(name)}")
        fields[name] = int(text)
    else:
        fields[name] = text


def _range(name: str) -> str:
    """Which numbers a field may be, in words, as its model says."""
    told = Component.model_json_schema()["properties"][name]
    (number,) = (one for one in told.get("anyOf", [told]) if one.get("type") == "integer")
    return f"a whole number from {number['minimum']} to {number['maximum']}"
