"""From what a person asks for to the components of an entry: what is left out filled in, every fault at once.

Lowest first: the blueprint's defaults, the environment's `components`, what is there already, the request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from generator.cost.fargate import ContainerRequest, PodRequests, billed_size
from generator.errors import About, ConfigError, Fault, Reason, Remedy, RemedyKind
from generator.model.blueprint import Blueprint
from generator.model.component_template import decided
from generator.model.entry import Component, Compute
from generator.model.environment import Environment
from generator.render.asked import Request, defaults_of, trees_of
from generator.values.bounds import is_from
from generator.values.formats import image_digest
from generator.values.model_faults import faults_of
from generator.values.quantities import GIB, MIB, memory_bytes, millicores

#: What helps where a preview is too large: of what, as components and `spec.limits` call it.
_LESS = "give components less '{0}', or leave one out; who runs the environment may raise its spec.limits.{0}"


def components_of(
    request: Request,
    blueprint: Blueprint,
    environment: Environment,
    kept: Mapping[str, Component] | None = None,
    compute: Compute | None = None,
) -> dict[str, Component]:
    """The components to run, where `kept` are there and stay as far as nothing else is asked.

    `compute`: where they run, when that is not for the request alone to say. Raises `ConfigError` with the first reason
    found and every fault of that reason.
    """
    components: dict[str, Component] = {}
    faults: list[Fault] = []
    trees = trees_of(request, blueprint, environment, kept or {})
    for name, tree in trees.items():
        if "image" not in tree:
            source = trees.get(blueprint.spec.components[name].image_of or "")
            if source is not None and "image" not in source:
                continue  # it runs the image of that one, which has none itself
            remedy = Remedy(RemedyKind.GIVE_IMAGE, About(name=name))
            faults.append(Fault("has no image", field=f"components.{name}", remedy=remedy))
            continue
        try:
            components[name] = Component.model_validate(tree)
        except ValidationError as err:
            prefix = f"components.{name}."
            faults.extend(
                Fault(f.message, field=prefix + f.field, allowed=f.allowed, nearest=f.nearest, remedy=f.remedy)
                for f in faults_of(err, Component, lambda _: None)
            )
    faults.extend(_contradictions(components, blueprint))
    if faults:
        raise ConfigError(Reason.INVALID_VALUE, faults)
    check_policy(components, compute or compute_of(request, environment, blueprint), environment)
    return components


def _contradictions(components: Mapping[str, Component], blueprint: Blueprint) -> Iterator[Fault]:
    """What components say of one another, or of themselves, that cannot both be."""
    paths: dict[tuple[str | None, str], str] = {}
    for name, component in components.items():
        if component.path is not None:
            other = paths.setdefault((blueprint.spec.components[name].host, component.path.rstrip("/")), name)
            if other != name:
                message = f"{component.path!r} is the path of {other} too: one of them could never be reached"
                yield Fault(message, field=f"components.{name}.path", remedy="give each a path of its own")
        if blueprint.spec.components[name].role != "service":
            continue
        field = f"components.{name}.env.PORT"
        told = component.env.get("PORT")
        if told is not None and told != str(component.port):
            message = f"{told!r} is not the port that probes and Service use, {component.port}"
            yield Fault(message, field=field, remedy=f"set {name}.port; the container is told it as PORT")
        if "PORT" in component.secrets:
            message = "a secret cannot say which port probes and Service use"
            yield Fault(message, field=f"components.{name}.secrets.PORT", remedy=f"set {name}.port")


def check_components(components: Mapping[str, Component], blueprint: Blueprint, environment: Environment) -> None:
    """Raise `ConfigError` when components that stand in an entry are not what `components_of` could have given.

    UnknownComponent for one that the blueprint does not have, or that is missing; InvalidValue for fields that the
    blueprint's template decides.
    """
    check_fits(components, blueprint)
    known = blueprint.spec.components
    faults: list[Fault] = []
    faults.extend(_contradictions(components, blueprint))
    for name, component in components.items():
        of_blueprint = decided(known[name].role)
        if not of_blueprint:
            continue
        given = component.model_dump(
            by_alias=True, include={"port", "path", "health_path", "replicas"}, exclude_none=True
        )
        laid_out = {"replicas": 1, **defaults_of(name, blueprint, environment)}
        faults.extend(
            Fault("cannot be set: the template decides it", field=f"components.{name}.{field}")
            for field in sorted(of_blueprint)
            if given.get(field) != laid_out.get(field)
        )
    if faults:
        raise ConfigError(Reason.INVALID_VALUE, faults)


def compute_of(
    request: Request, environment: Environment, blueprint: Blueprint, kept: Compute | None = None
) -> Compute:
    """Where the pods run: as asked, else as before, else the environment's default, or what a database can run on.

    Raises `ConfigError` (InvalidValue) when that is not allowed there, or not for a blueprint with a database.
    """
    policy = environment.spec.compute
    asked = request.compute or (None if request.forgets("compute") else kept)
    compute = asked or policy.default
    if asked is None and compute == "spot" and blueprint.has_database and "fargate" in policy.allowed:
        compute = "fargate"
    check_compute(compute, environment, blueprint)
    return compute


def check_fits(components: Mapping[str, Component], blueprint: Blueprint) -> None:
    """Raise `ConfigError` (UnknownComponent) when an entry's components are not those that the blueprint now has."""
    known = blueprint.spec.components
    required = {name for name, laid_out in known.items() if laid_out.required}
    strange, lacking = sorted(components.keys() - known.keys()), sorted(required - components.keys())
    faults = [f"blueprint {blueprint.name} has no component {name!r} any more" for name in strange]
    faults += [f"blueprint {blueprint.name} now needs a component {name!r}" for name in lacking]
    if faults:
        remedy = "start it anew, with the components that the blueprint has"
        told = [Fault(text, field="components", allowed=", ".join(known), remedy=remedy) for text in faults]
        raise ConfigError(Reason.UNKNOWN_COMPONENT, told)


def check_compute(compute: Compute, environment: Environment, blueprint: Blueprint) -> None:
    """Raise `ConfigError` (InvalidValue) when pods may not run there: a spot node goes, and with it a database."""
    allowed = environment.spec.compute.allowed
    if compute not in allowed:
        fault = Fault(f"{compute} is not allowed in {environment.name}", field="compute", allowed=", ".join(allowed))
        raise ConfigError(Reason.INVALID_VALUE, fault)
    if compute == "spot" and blueprint.has_database:
        message = f"{blueprint.name} has a database, and a spot node is taken away within two minutes, with its data"
        raise ConfigError(Reason.INVALID_VALUE, Fault(message, field="compute", allowed="fargate"))


def check_policy(components: Mapping[str, Component], compute: Compute, environment: Environment) -> None:
    """Raise `ConfigError` (ImageNotPinned, InvalidValue, OverLimit) with every fault against the policy."""
    pinned = environment.spec.images.pinned
    checks: tuple[tuple[Reason, Iterator[Fault]], ...] = (
        (Reason.IMAGE_NOT_PINNED, _unpinned(components) if pinned else iter(())),
        (Reason.INVALID_VALUE, _foreign(components, environment)),
        (Reason.OVER_LIMIT, _over_limits(components, compute, environment)),
    )
    for reason, faults in checks:
        if found := tuple(faults):
            raise ConfigError(reason, found)


def _unpinned(components: Mapping[str, Component]) -> Iterator[Fault]:
    for name, component in components.items():
        if image_digest(component.image) is None:
            yield Fault(
                f"{component.image!r} is not pinned by digest",
                field=f"components.{name}.image",
                allowed="name@sha256:<64 hex digits>",
                remedy="a tag may move after the review; resolve it to its digest first",
            )


def _foreign(components: Mapping[str, Component], environment: Environment) -> Iterator[Fault]:
    registries, prefixes = environment.spec.images.registries, environment.spec.secrets.prefixes
    for name, component in components.items():
        if registries and not is_from(component.image, registries):
            yield Fault(
                "comes from a foreign registry", field=f"components.{name}.image", allowed=", ".join(registries)
            )
        for variable, reference in component.secrets.items():
            if not reference.startswith(tuple(prefixes)):
                yield Fault(
                    f"secret name {reference!r} is not allowed in {environment.name}",
                    field=f"components.{name}.secrets.{variable}",
                    allowed="names starting with " + ", ".join(prefixes),
                )


def _over_limits(components: Mapping[str, Component], compute: Compute, environment: Environment) -> Iterator[Fault]:
    limits = environment.spec.limits
    cpu = sum(millicores(c.cpu) * c.replicas for c in components.values())
    memory = sum(memory_bytes(c.memory) * c.replicas for c in components.values())
    detail = ", ".join(f"{n}: {c.replicas} × {c.cpu} / {c.memory}" for n, c in components.items())
    if cpu > millicores(limits.cpu):
        yield Fault(
            f"asks for {cpu}m CPU in all ({detail})",
            field="components",
            allowed=f"at most {limits.cpu} a preview",
            remedy=_LESS.format("cpu"),
        )
    if memory > memory_bytes(limits.memory):
        asked = f"{memory / GIB:g}Gi" if memory >= GIB else f"{memory / MIB:g}Mi"
        yield Fault(
            f"asks for {asked} in all ({detail})",
            field="components",
            allowed=f"at most {limits.memory} a preview",
            remedy=_LESS.format("memory"),
        )
    storage = sum(memory_bytes(c.storage) * c.replicas for c in components.values())
    if storage > memory_bytes(limits.storage):
        each = ", ".join(f"{n}: {c.replicas} × {c.storage}" for n, c in components.items())
        yield Fault(
            f"asks for {storage / GIB:g}Gi of disk in all ({each})",
            field="components",
            allowed=f"at most {limits.storage} a preview",
            remedy=_LESS.format("storage"),
        )
    if compute == "fargate":
        for component in components.values():
            billed_size(pod_requests(component))


def pod_requests(component: Component) -> PodRequests:
    """What one pod of the component asks for."""
    return requests_of(component.cpu, component.memory)


def requests_of(cpu: str, memory: str) -> PodRequests:
    """What a pod of one container asks for that has these quantities. Raises `ValueError` for others than those."""
    return PodRequests((ContainerRequest(millicores(cpu), memory_bytes(memory)),))
