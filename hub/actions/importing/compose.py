"""A first blueprint from a Compose file: what is taken, and what is not and why.

Source: the Compose Specification (compose-spec.io), services. Nothing of the file is run or fetched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from generator.errors import ConfigError, Fault, Location, Reason
from generator.values.formats import (
    check_cpu,
    check_env_name,
    check_memory,
    check_url_path,
    image_digest,
)
from generator.yaml.reader import load_all
from hub.actions.importing.compose_services import Services
from hub.actions.importing.compose_values import interpolated, listed, memory_of, mounted, pairs, words_of
from hub.actions.importing.model import (
    ADDRESS,
    GUESSED,
    Imported,
    NotTaken,
    Tree,
    addressed,
    check_number,
    host_of_url,
    imported,
    is_secret,
    secret_of,
    unpinned,
)
from hub.actions.importing.trees import at

#: The images of PostgreSQL and MySQL run what is there while the folder of their data is empty.
_SEEDS: Final = "/docker-entrypoint-initdb.d"
_CURL = re.compile(r"https?://(?:localhost|127\.0\.0\.1)(?::[0-9]+)?(/[^\s'\"|;&?]*)?")
#: Fields that need nothing said: Kubernetes does so, or they mean something on one machine alone.
_SILENT: Final = frozenset(
    {
        "container_name", "restart", "networks", "hostname", "init", "stdin_open", "tty", "pull_policy", "platform",
    }
)  # fmt: skip
_TAKEN: Final = frozenset(
    {
        "image", "build", "ports", "expose", "environment", "command", "entrypoint", "depends_on", "healthcheck",
        "volumes", "user", "deploy", "scale", "tmpfs", "profiles", "cpus", "mem_limit",
    }
)  # fmt: skip
_WHY: Final = {
    "privileged": "pods are never privileged: Pod Security 'restricted', and Fargate",
    "cap_add": "capabilities can only be dropped",
    "devices": "pods get no devices of a node",
    "network_mode": "each pod has a network of its own",
    "pid": "each pod has processes of its own",
    "env_file": "the file is not read: put its variables into 'env', secrets into 'secrets'",
    "secrets": "put them into the secret store, and their names into 'secrets'",
    "configs": "put them into 'files'",
    "working_dir": "the image says it; build it in",
    "extends": "only this file is read: bring the service together first (docker compose config)",
}


def import_compose(text: bytes | str, source: str, name: str) -> Imported:
    """A blueprint `name` of the Compose file in `text`. Raises `ConfigError` for a file that is none."""
    trees = [document.data for document in load_all(text, source)]
    services = trees[0].get("services") if len(trees) == 1 and isinstance(trees[0], Mapping) else None
    if not isinstance(services, Mapping) or not services:
        fault = Fault("is no Compose file", Location(source), allowed="one document with 'services'")
        raise ConfigError(Reason.INVALID_VALUE, fault)
    check_number(len(services), "services", source)
    found = Services({str(key): one if isinstance(one, Mapping) else {} for key, one in services.items()}, source)
    taken = _Taken(found)
    components = {found.names[service]: taken.component(service) for service in found.trees}
    for key in sorted(map(str, trees[0].keys() - {"services", "version", "name", "networks", "volumes"})):
        if not key.startswith("x-"):
            taken.leave("", key, _WHY.get(key, "a blueprint has nothing like it"))
    return imported(name, source, components, taken.left)


@dataclass
class _Taken:
    """Components made of services, and what was left of them."""

    of: Services
    left: list[NotTaken] = field(default_factory=list)

    def leave(self, service: str, what: str, why: str) -> None:
        self.left.append(NotTaken(service, what, why))

    def component(self, service: str) -> Tree:
        """A service as a component."""
        one, library = self.of.trees[service], self.of.library[service]
        for key in sorted(map(str, one.keys() - _TAKEN - _SILENT)):
            self.leave(service, key, _WHY.get(key, "a blueprint has nothing like it"))
        tree: Tree = {"summary": f"{service} of the Compose file"[:200]}
        if library:
            tree["use"] = library[0]
            for key in ("environment", "command", "volumes", "ports", "healthcheck"):
                if one.get(key):
                    self.leave(service, key, f"the library's {library[0]} has its own; user and database are 'preview'")
            for path in (path for each in listed(one.get("volumes")) if (path := mounted(each)[1]).startswith(_SEEDS)):
                self.leave(service, f"volumes: {path[:80]}", "put its SQL into 'files': the image runs it once")
            self._image(service, tree)
            return tree
        self._image(service, tree)
        self._ports(service, tree)
        self._probes(service, tree)
        self._variables(service, tree)
        for ours, theirs in (("command", "entrypoint"), ("args", "command")):
            if one.get(theirs):
                tree[ours] = words_of(one[theirs])
                self._told_of_http(service, theirs, tree[ours])
        self._volumes(service, tree)
        self._size(service, tree)
        self._user(service, tree)
        self._needs(service, tree)
        if one.get("profiles"):
            tree["required"] = False
        return tree

    def _needs(self, service: str, tree: Tree) -> None:
        depends = self.of.trees[service].get("depends_on")
        needed = [str(each) for each in depends] if isinstance(depends, list | Mapping) else []
        waited = [each for each in needed if (self.of.library.get(each) or ("minio",))[0] != "minio"]
        for each in needed:
            if each not in waited and each not in self.of.jobs:
                self.leave(service, f"depends_on: {each[:60]}", "is not waited for: see 'needs' and 'ready'")
        if waited:
            tree["needs"] = [self.of.names[each] for each in waited]

    def _user(self, service: str, tree: Tree) -> None:
        user = str(self.of.trees[service].get("user") or "").partition(":")[0]
        if user.isascii() and user.isdigit() and len(user) <= 10 and 0 < int(user) < 2**31:
            tree["runAsUser"] = int(user)
        elif user:
            self.leave(service, "user", "pods do not run as root or by a name: say a number in 'runAsUser'")

    def _image(self, service: str, tree: Tree) -> None:
        image = str(self.of.trees[service].get("image") or "")
        if image_digest(image):
            tree["image"] = image
        elif service in self.of.same and not self.of.library[service]:
            tree["imageOf"] = self.of.same[service]
        elif image:
            self.leave(service, "image", unpinned(image))
        else:
            self.leave(service, "build", "images are built elsewhere: give one at each start")

    def _ports(self, service: str, tree: Tree) -> None:
        ports = self.of.ports[service]
        if service in self.of.jobs:
            tree |= {"role": "job", "when": "before"}
            return
        if ports.main is None:
            tree["role"] = "worker"
            return
        tree |= {"port": ports.main, "protocol": "http" if ports.exposed else "tcp"}
        if ports.exposed:
            tree["path"] = "/"
            if service != self.of.main:
                tree["host"] = self.of.names[service][:40].strip("-")
        for number, why in ports.kept_inside.items():
            self.leave(service, f"ports: {number}", why)
        if more := [each for each in ports.numbers if each != ports.main]:
            tree["ports"] = {f"port-{number}": {"port": number} for number in more}

    def _probes(self, service: str, tree: Tree) -> None:
        check = self.of.trees[service].get("healthcheck")
        test = check.get("test") if isinstance(check, Mapping) else None
        if not test or test == ["NONE"] or tree.get("role") == "job":
            return
        words = [str(word) for word in test] if isinstance(test, list) else ["CMD-SHELL", str(test)]
        path = _CURL.search(" ".join(words))
        if path and tree.get("protocol") == "http":
            try:
                tree["healthPath"] = check_url_path(path[1] or "/")
            except ValueError:
                self.leave(service, "healthcheck", "its path is none that probes take: see 'healthPath'")
            return
        command = ["sh", "-c", " ".join(words[1:])] if words[0] == "CMD-SHELL" else words[1:]
        probe = {"type": "command", "command": command, "periodSeconds": 10}
        tree["probes"] = {"startup": {**probe, "failureThreshold": 30}, "readiness": probe}

    def _variables(self, service: str, tree: Tree) -> None:
        env: dict[str, str] = {}
        secrets: dict[str, str] = {}
        for name, value in pairs(self.of.trees[service].get("environment")):
            try:
                check_env_name(name)
            except ValueError:
                self.leave(service, f"environment.{name[:60]}", "is no name of a variable")
                continue
            if (reference := self._of_library(value)) is not None:
                env[name] = reference
            elif value is not None and is_secret(name, value) and value in self.of.passwords:
                env[name] = self.of.passwords[value]
            elif is_secret(name, value):
                secrets[name] = f"{secret_of(self.of.names[service])}#{name}"
                self.leave(service, f"environment.{name}", GUESSED)
            elif value is None or (text := interpolated(value)) is None:
                self.leave(service, f"environment.{name}", "its value comes from who runs Compose: say it in 'env'")
            else:
                env[name] = self._addressed(text.replace("$", "$$"))
        tree |= {key: each for key, each in (("env", env), ("secrets", secrets)) if each}

    def _of_library(self, value: str | None) -> str | None:
        """The reference in place of a URL of one of the library's components; None: the value is no such URL."""
        host = host_of_url(value)
        library = self.of.library.get(host) if host else None
        return f"${{{self.of.names[host]}.{library[1]}}}" if host and library and library[1] else None

    def _addressed(self, text: str) -> str:
        """Where a text names a service with its port: by the port that it has inside the namespace."""

        def inside(service: str, port: int) -> str | None:
            if service not in self.of.trees or service in self.of.jobs:
                return None
            name = self.of.names[service]
            main = self.of.library[service] or port == self.of.ports[service].main
            return f"{name}:{f'${{{name}.port}}' if main else port}"

        return addressed(text, inside)

    def _told_of_http(self, service: str, key: str, words: list[str]) -> None:
        """Words are taken letter by letter; the Service of what speaks HTTP listens on 80 alone."""
        for match in ADDRESS.finditer(" ".join(words)):
            named = match[2]
            if (
                named in self.of.trees
                and int(match[3]) in self.of.ports[named].exposed[:1]
                and not self.of.library[named]
            ):
                self.leave(service, key, f"names {named}:{match[3]}, which is {self.of.names[named]}:80 in a preview")

    def _volumes(self, service: str, tree: Tree) -> None:
        one = self.of.trees[service]
        paths: list[str] = []
        for each in [*listed(one.get("volumes")), *(f"tmpfs:{path}" for path in listed(one.get("tmpfs")))]:
            origin, path = mounted(each)
            if origin.startswith((".", "/", "~")):
                self.leave(service, f"volumes: {origin[:80]}", "is on the machine of who runs Compose: see 'files'")
            elif path:
                paths.append(path)
        if paths:
            tree["volumes"] = {
                f"volume-{n}": {"path": path.rstrip("/")} for n, path in enumerate(dict.fromkeys(paths), 1)
            }
            self.leave(service, "volumes", "their content ends with the pod")

    def _size(self, service: str, tree: Tree) -> None:
        one = self.of.trees[service]
        deploy = one.get("deploy") if isinstance(one.get("deploy"), Mapping) else {}
        limits = at(deploy, "resources", "limits")
        replicas = at(deploy, "replicas") or one.get("scale")
        if isinstance(replicas, int) and 1 < replicas <= 10 and tree.get("role") != "job":
            tree["replicas"] = replicas
        cpu, memory = at(limits, "cpus") or one.get("cpus"), at(limits, "memory") or one.get("mem_limit")
        try:
            if cpu is not None:
                tree["cpu"] = check_cpu(str(cpu))
            if memory is not None:
                tree["memory"] = check_memory(memory_of(str(memory)))
        except ValueError:
            self.leave(service, "deploy.resources", "is no amount that pods can ask for: see 'cpu' and 'memory'")
