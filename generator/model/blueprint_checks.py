"""What the components of a blueprint say of one another that cannot be: references, images, ports, names in a pod."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from generator.model.component_template import BesideContainer, ComponentTemplate, Probes, name_fault
from generator.model.references import (
    FIXED,
    OF_COMPONENT,
    OF_ENVIRONMENT,
    OF_PREVIEW,
    PASSWORD,
    SELF,
    Reference,
    references,
    whole,
)

#: Components of these names would be taken for something else in a reference.
RESERVED = ("preview", "environment", SELF)
Components = Mapping[str, ComponentTemplate]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One thing that is wrong, with the path of the field within the file."""

    path: tuple[str, ...]
    message: str
    allowed: str = ""


def contradictions(components: Components, pull_secrets: Sequence[str]) -> Iterator[Contradiction]:
    """Everything that cannot be, component by component."""
    for index, text in enumerate(pull_secrets):
        yield from _text(text, ("spec", "pullSecrets", str(index)), components, None, _NO_COMPONENTS)
    for name, one in components.items():
        path = ("spec", "components", name)
        if name in RESERVED:
            yield Contradiction(path, f"{name!r} is no name for a component: references have it", "another name")
        if (told := name_fault(name, one)) is not None:
            yield Contradiction(path, told)
        yield from _image_of(one.image_of, (*path, "imageOf"), components, own=name)
        yield from _needs(name, one, path, components)
        yield from _texts(name, one, path, components)
        yield from _probes(one.probes, (*path, "probes"), {*one.port_numbers}, one.port is not None)
        yield from _pod(name, one, path)


def _image_of(
    source: str | None, path: tuple[str, ...], components: Components, own: str | None
) -> Iterator[Contradiction]:
    if source is None:
        return
    if source not in components or source == own:
        yield Contradiction(path, f"there is no other component {source!r}", ", ".join(components.keys() - {own}))
    elif own is not None and components[source].image_of is not None:
        yield Contradiction(path, f"{source} runs the image of another itself", components[source].image_of or "")


def _needs(name: str, one: ComponentTemplate, path: tuple[str, ...], components: Components) -> Iterator[Contradiction]:
    known = sorted(other for other, its in components.items() if its.ready is not None and other != name)
    for other in one.needs:
        if other not in known:
            told = f"{other!r} has no 'ready', by which it is known to answer" if other in components else ""
            yield Contradiction((*path, "needs"), told or f"there is no component {other!r}", ", ".join(known))
        elif name in components[other].needs:
            yield Contradiction((*path, "needs"), f"{name} and {other} wait for each other")
        elif one.when == "before" and components[other].role == "job":
            yield Contradiction((*path, "needs"), f"{other} is a job, and nothing answers there")
    if len({*one.needs}) != len(one.needs):
        yield Contradiction((*path, "needs"), "names one component twice")


def _texts(name: str, one: ComponentTemplate, path: tuple[str, ...], components: Components) -> Iterator[Contradiction]:
    for field, texts in (("env", one.env), ("secrets", one.secrets), ("generated", one.generated)):
        allowed = {"env": _ALL, "secrets": _NO_COMPONENTS, "generated": _PLAIN}[field]
        for variable, text in texts.items():
            yield from _text(text, (*path, field, variable), components, name, allowed)
    if one.ready is not None:
        yield from _text(one.ready, (*path, "ready"), components, name, _PLAIN)
    for variable in sorted(one.env.keys() & one.secrets.keys()):
        yield Contradiction((*path, "secrets", variable), "is in 'env' too: a variable has one value")
    for field, containers in (("init", one.init), ("sidecars", one.sidecars)):
        for beside, container in containers.items():
            for variable, text in container.env.items():
                yield from _text(text, (*path, field, beside, "env", variable), components, name, _ALL)
            yield from _image_of(container.image_of, (*path, field, beside, "imageOf"), components, None)


#: What a text may refer to: values of components; those that are kept in a Secret, or that people choose freely.
_NO_COMPONENTS, _PLAIN, _ALL = (False, False), (True, False), (True, True)


def _text(
    text: str, path: tuple[str, ...], components: Components, own: str | None, may: tuple[bool, bool]
) -> Iterator[Contradiction]:
    """What is wrong with the references of a text. `may`: refer to components, and to what they keep in a Secret."""
    is_generated = "generated" in path
    try:
        found = references(text.replace(PASSWORD, "") if is_generated else text)
    except ValueError as err:
        message, _, allowed = str(err).partition("; allowed: ")
        yield Contradiction(path, message, allowed)
        return
    of_components, of_secrets = may
    for one in found:
        if one.of in ("preview", "environment"):
            names = OF_ENVIRONMENT if one.of == "environment" else OF_PREVIEW if of_secrets else FIXED
            if one.name not in names:
                yield Contradiction(path, f"{one} is no value that can stand here", ", ".join(names))
            continue
        of = own if one.of == SELF else one.of
        if not of_components or of is None or of not in components:
            known = ("preview", "environment", *((SELF, *components) if of_components else ()))
            yield Contradiction(path, f"{one} refers to nothing that is there", ", ".join(known))
        elif one.name in components[of].generated:
            if not of_secrets or whole(text) is None:
                yield Contradiction(path, f"{one} is a secret: it is the whole value of a variable of 'env', or not")
        elif (told := _missing(one, components[of])) is not None:
            yield Contradiction(path, told, ", ".join((*OF_COMPONENT, *components[of].generated)))


def _missing(one: Reference, component: ComponentTemplate) -> str | None:
    """Why a component has no such value; None: it has."""
    if one.name not in OF_COMPONENT:
        return f"{one} is no value"
    if one.name == "port" and component.port is None:
        return f"{one}: the component has no port"
    if one.name == "url" and component.path is None:
        return f"{one}: the component is not exposed"
    return None


def _probes(probes: Probes, path: tuple[str, ...], names: set[str], has_main: bool) -> Iterator[Contradiction]:
    for field in ("startup", "readiness", "liveness"):
        probe = getattr(probes, field)
        if probe is None or probe.type in ("command", "none"):
            continue
        if probe.port is None and not has_main:
            yield Contradiction((*path, field), "there is no main port: name one", ", ".join(sorted(names)))
        elif probe.port is not None and probe.port not in names:
            yield Contradiction((*path, field, "port"), f"there is no port {probe.port!r}", ", ".join(sorted(names)))


def _pod(name: str, one: ComponentTemplate, path: tuple[str, ...]) -> Iterator[Contradiction]:
    """Names and numbers that the containers of a pod share."""
    waits = {f"wait-for-{other}" for other in one.needs}
    for field, containers in (("init", one.init), ("sidecars", one.sidecars)):
        for beside in containers:
            if beside == name or beside in waits:
                yield Contradiction((*path, field, beside), "is the name of another container of the pod")
    numbers: dict[int, str] = dict.fromkeys(one.port_numbers.values(), name)
    names = {*one.port_numbers}
    for beside, container in one.sidecars.items():
        yield from _sidecar_ports(container, (*path, "sidecars", beside, "ports"), (numbers, names), beside)
        own = {*container.ports}
        yield from _probes(container.probes, (*path, "sidecars", beside, "probes"), own, has_main=False)


def _sidecar_ports(
    container: BesideContainer, path: tuple[str, ...], taken: tuple[dict[int, str], set[str]], beside: str
) -> Iterator[Contradiction]:
    numbers, names = taken
    for port_name, port in container.ports.items():
        other = numbers.setdefault(port.port, beside)
        if other != beside or port_name in names:
            yield Contradiction((*path, port_name), f"{port.port} or its name is a port of {other} too")
        names.add(port_name)
