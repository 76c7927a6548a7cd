"""A first blueprint of Score files: workloads become components, resources of known types components of the library."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from generator.errors import ConfigError, Fault, Location, Reason
from generator.values.formats import check_env_name, check_url_path, image_digest
from generator.values.model_faults import faults_of
from generator.yaml.reader import Document
from hub.actions.importing.model import (
    GUESSED,
    Imported,
    NotTaken,
    Tree,
    check_number,
    component_name,
    imported,
    is_secret,
    label_of,
    secret_of,
    within,
)
from hub.actions.importing.probes import probes_of
from hub.actions.importing.score_model import Container, Workload
from hub.actions.importing.score_values import BY_ITSELF, Values, library_for, route_of
from hub.actions.importing.sizes import sizes_of

_VOLUME = re.compile(r"\$\{resources\.([^{}]{1,100})\}")
_MODES: Final = frozenset({None, "644", "0644", "444", "0444"})


def is_score(tree: Any) -> bool:
    """Whether the data of a document says that it is a Score file."""
    return isinstance(tree, Mapping) and str(tree.get("apiVersion", "")).startswith("score.dev/")


def import_score(documents: Iterable[Document], source: str, name: str) -> Imported:
    """A blueprint `name` of Score files. Raises `ConfigError` (InvalidValue) for what none of them may say."""
    workloads: dict[str, Workload] = {}
    for document in documents:
        try:
            workload = Workload.model_validate(document.data)
        except ValidationError as err:
            raise ConfigError(Reason.INVALID_VALUE, faults_of(err, Workload, document.nearest_location)) from err
        if workload.name in workloads:
            fault = Fault(f"there are two workloads {workload.name!r}", document.nearest_location(("metadata", "name")))
            raise ConfigError(Reason.INVALID_VALUE, fault)
        workloads[workload.name] = workload
    check_number(len(workloads), "workloads", source)
    named = {each: _named(one, workloads) for each, one in workloads.items()}
    main = {each: number for each, one in workloads.items() if (number := _main(one)) is not None}
    components: dict[str, Tree] = {}
    left: list[NotTaken] = []
    kept: dict[str, dict[str, str]] = {}
    for each, one in workloads.items():
        values = Values(one, workloads, named[each], main, kept)
        taken = _Taken(one, values, each == next((w for w in workloads if route_of(workloads[w])), None))
        components[each] = taken.component()
        left += taken.left
        for resource, component in named[each].items():
            use = library_for(one.resources[resource])
            if components.setdefault(component, {"summary": f"resource {resource}"[:200], "use": use})["use"] != use:
                fault = Fault(f"resources of two types have the id {component!r}", Location(source))
                raise ConfigError(Reason.INVALID_VALUE, fault)
            left.append(NotTaken(component, "image", "no image is named: give one at each start, or here"))
    for component, texts in kept.items():
        components[component]["generated"] = texts
    return imported(name, source, components, dict.fromkeys(left))


def _named(workload: Workload, workloads: Mapping[str, Workload]) -> dict[str, str]:
    """Resources of a workload that are components of the library, by the components' names. One `id` is one of them."""
    found: dict[str, str] = {}
    for name, resource in workload.resources.items():
        if library_for(resource) is None:
            continue
        others = (one for one in workloads.values() if one.name != workload.name)
        alone = resource.id or all(name not in one.resources for one in others)
        text = resource.id or (name if alone else f"{workload.name}-{name}")
        label = component_name(label_of(text, 40, "resource"))
        found[name] = label if label not in workloads else f"{label}-{library_for(resource)}"
    return found


def _main(workload: Workload) -> int | None:
    """The number of the main port: that of its route, else its first one."""
    ports = workload.ports()
    wanted = (route_of(workload) or {}).get("port")
    named = [one for name, one in ports.items() if wanted in (name, one.port, str(one.port))]
    found = next(iter(named or ports.values()), None)
    return None if found is None else found.target_port or found.port


@dataclass
class _Taken:
    """The component of a workload; `is_first`: it is at the preview's own host where a route exposes it."""

    workload: Workload
    values: Values
    is_first: bool
    left: list[NotTaken] = field(default_factory=list)

    def leave(self, what: str, why: str) -> None:
        self.left.append(NotTaken(self.workload.name, what, why))

    def component(self) -> Tree:
        """The workload as a component, its first container as the component's own."""
        self._resources()
        (first, own), *others = self.workload.containers.items()
        tree: Tree = {"summary": f"workload {self.workload.name}"[:200], **self._ports()}
        tree |= self._image(own, "image") | self._container(own, "", is_own=True)
        sidecars: dict[str, Tree] = {}
        volumes: dict[str, Tree] = {}
        files: dict[str, str] = {}
        for name, container in self.workload.containers.items():
            where = "" if name == first else f"containers.{name}."
            files |= dict(self._files(container, where))
            self._volumes(container, where, volumes)
        for name, container in others:
            if image := self._image(container, f"containers.{name}"):
                sidecars[name] = image | self._container(container, f"containers.{name}.", is_own=False)
        told = {"volumes": volumes, "files": files, "sidecars": sidecars}
        return tree | {key: one for key, one in told.items() if one}

    def _resources(self) -> None:
        if self.workload.metadata.annotations:
            self.leave("metadata.annotations", "annotations of a preview's objects are its own")
        for name, one in self.workload.resources.items():
            if name not in self.values.named and one.type not in BY_ITSELF:
                self.leave(f"resources.{name}", f"the library has nothing of type {one.type}")
            elif one.type == "s3":
                self.leave(f"resources.{name}", "the bucket 'preview' has to be made, such as by a job before")
            elif one.params and one.type not in BY_ITSELF:
                self.leave(f"resources.{name}.params", "the library's component has its own")

    def _ports(self) -> Tree:
        main, tree = _main(self.workload), Tree()
        if main is None:
            return {"role": "worker"}
        numbers = {one.target_port or one.port: (name, one) for name, one in self.workload.service.ports.items()}
        name, port = numbers[main]
        tree |= {"port": main, "protocol": "http" if port.port == 80 else "tcp"}
        if (route := route_of(self.workload)) is not None:
            tree |= {"protocol": "http", **self._route(route)}
        more = {number: each for number, each in numbers.items() if number != main}
        if more:
            tree["ports"] = {
                f"port-{number}": {"port": number, "protocol": one.protocol.lower()}
                for number, (_, one) in more.items()
            }
        for number, (name, one) in more.items():
            if one.port != number:
                self.leave(f"service.ports.{name}", f"is at {number} in a preview, not at {one.port}")
        return tree

    def _route(self, route: Tree) -> Tree:
        path = str(route.get("path", "/"))
        try:
            told = {"path": check_url_path(path.rstrip("/") or "/")}
        except ValueError:
            self.leave("route", f"its path {path[:80]!r} is none that an Ingress has here: / is exposed")
            told = {"path": "/"}
        host = str(route.get("host", ""))
        if host and not host.startswith("${"):
            self.leave("route", f"its host {host[:80]!r} is the environment's to say")
        routes = [name for name, one in self.workload.resources.items() if one.type == "route"]
        for name in routes[1:]:
            self.leave(f"resources.{name}", "a component is exposed once")
        shared = self.is_first or len({r.id for r in self.workload.resources.values() if r.type == "dns"} - {None}) > 0
        return told if shared else {**told, "host": self.workload.name[:40].strip("-")}

    def _image(self, container: Container, where: str) -> Tree:
        if image_digest(container.image):
            return {"image": container.image}
        own = next(iter(self.workload.containers.values()))
        if container is not own and container.image == own.image != ".":
            return {"imageOf": self.workload.name}
        hint = "give one at each start, or here" if container is own else "pin it, and import again"
        self.leave(where, f"its image {container.image[:100]!r} is not pinned by digest: {hint}")
        return {}

    def _container(self, container: Container, where: str, *, is_own: bool) -> Tree:
        tree: Tree = {}
        for key, words in (("command", container.command), ("args", container.args)):
            if words:
                tree[key] = words
                if any("${" in word for word in words):
                    self.leave(f"{where}{key}", "placeholders in it are taken letter by letter")
        env, secrets = self._variables(container, where)
        if env:
            tree["env"] = env
        if secrets and is_own:
            tree["secrets"] = secrets
        data = container.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
        leave = within(where, self.leave)
        numbers: dict[object, str | None] = {}
        if is_own and (main := _main(self.workload)) is not None:
            numbers = {
                one.target_port or one.port: f"port-{one.target_port or one.port}"
                for one in self.workload.ports().values()
            }
            numbers[main] = None
        probes = probes_of(data, numbers, leave)
        return tree | sizes_of(data, leave) | ({"probes": probes} if probes else {})

    def _variables(self, container: Container, where: str) -> tuple[dict[str, str], dict[str, str]]:
        env: dict[str, str] = {}
        secrets: dict[str, str] = {}
        for name, text in container.variables.items():
            try:
                check_env_name(name)
            except ValueError:
                self.leave(f"{where}variables.{name[:60]}", "is no name of a variable here")
                continue
            told = self.values.text(text, name, within(f"{where}variables.", self.leave))
            if told is None:
                continue
            if is_secret(name, text) and text and "${" not in told:
                secrets[name] = f"{secret_of(self.workload.name)}#{name}"
                self.leave(f"{where}variables.{name}", GUESSED)
            else:
                env[name] = told
        return env, secrets

    def _files(self, container: Container, where: str) -> Iterator[tuple[str, str]]:
        for path, file in container.files.items():
            if file.content is None:
                self.leave(f"{where}files.{path}", "only text that stands in the file is taken: put it into 'files'")
                continue
            if file.mode not in _MODES:
                self.leave(f"{where}files.{path}.mode", "files of a preview are read, not run")
            if not file.no_expand and "${" in file.content:
                self.leave(f"{where}files.{path}", "placeholders in it are taken letter by letter")
            yield path, file.content

    def _volumes(self, container: Container, where: str, volumes: dict[str, Tree]) -> None:
        for path, mount in container.volumes.items():
            named = _VOLUME.fullmatch(mount.source)
            label = label_of(named[1] if named else mount.source, 63, "volume")
            known = volumes.setdefault(label, {"path": path.rstrip("/")})
            if known["path"] != path.rstrip("/"):
                self.leave(f"{where}volumes.{path}", f"every container of the pod has it at {known['path']}")
            elif mount.path:
                self.leave(f"{where}volumes.{path}", "the whole volume is there, not its 'path'")
            self.leave(f"volumes.{label}", "its content ends with the pod")
