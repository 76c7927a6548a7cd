"""A first blueprint from a Compose file: what is taken, and what is not and why.

Source: the Compose Specification (compose-spec.io), services. Nothing of the file is run or fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from generator.errors import ConfigError, Fault, Location, Reason
from generator.model.blueprint import MOST_COMPONENTS
from generator.values.formats import (
    check_cpu,
    check_dns_label,
    check_env_name,
    check_memory,
    check_url_path,
    image_digest,
)
from generator.yaml.reader import load_all
from generator.yaml.writer import dump
from hub.actions.compose_values import at, interpolated, listed, memory_of, mounted, pairs, target, words_of

Tree = dict[str, Any]
#: Images that a component of the library stands for, by the last part of their name, and the key with their URL.
_LIBRARY: Final = {
    "postgres": ("postgresql", "DATABASE_URL"),
    "postgresql": ("postgresql", "DATABASE_URL"),
    "mysql": ("mysql", "DATABASE_URL"),
    "redis": ("valkey", "REDIS_URL"),
    "valkey": ("valkey", "REDIS_URL"),
    "minio": ("minio", None),
}
#: Of the library's components: the variable with a password that they are given in a Compose file too.
_PASSWORDS: Final = frozenset({"POSTGRES_PASSWORD", "MYSQL_PASSWORD", "MINIO_ROOT_PASSWORD"})
_SECRET = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIAL", re.IGNORECASE)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^@/\s]*@)?([a-z0-9_-]+)(?::[0-9]+)?(?:/\S*)?", re.IGNORECASE)
#: Where a text names a service and its port, with the scheme of the URL when it is one.
_ADDRESS = re.compile(
    r"(?<![\w.+-])(?:([a-z][a-z0-9+.-]*)://(?:[^@/\s]*@)?)?([a-z0-9_.-]+):([0-9]{1,5})(?![\w.])", re.IGNORECASE
)
_HTTP: Final = frozenset({"http", "https", "ws", "wss"})
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


@dataclass(frozen=True, slots=True)
class NotTaken:
    """What of the file the blueprint does not have, and why."""

    service: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Imported:
    """The text of a `blueprint.yaml`, and what of the file it lacks."""

    text: str
    not_taken: tuple[NotTaken, ...]


def import_compose(text: bytes | str, source: str, name: str) -> Imported:
    """A blueprint `name` of the Compose file in `text`. Raises `ConfigError` for a file that is none."""
    trees = [document.data for document in load_all(text, source)]
    services = trees[0].get("services") if len(trees) == 1 and isinstance(trees[0], Mapping) else None
    if not isinstance(services, Mapping) or not services:
        fault = Fault("is no Compose file", Location(source), allowed="one document with 'services'")
        raise ConfigError(Reason.INVALID_VALUE, fault)
    if len(services) > MOST_COMPONENTS:
        fault = Fault(f"has {len(services)} services", Location(source), "services", f"at most {MOST_COMPONENTS}")
        raise ConfigError(Reason.INVALID_VALUE, fault)
    found = _File({str(key): one if isinstance(one, Mapping) else {} for key, one in services.items()}, source)
    components = {found.names[service]: found.component(service) for service in found.services}
    for key in sorted(map(str, trees[0].keys() - {"services", "version", "name", "networks", "volumes"})):
        if not key.startswith("x-"):
            found.leave("", key, _WHY.get(key, "a blueprint has nothing like it"))
    spec = {"summary": f"imported from {source.rpartition('/')[2]}"[:200], "components": components}
    head = {"apiVersion": "blueprint.rtb-ai-hub/v1", "kind": "Blueprint", "metadata": {"name": name}}
    return Imported(dump({**head, "spec": spec}), tuple(found.left))


@dataclass(frozen=True, slots=True)
class _Ports:
    """What a service listens on: `numbers` the main one first, of which `exposed` are to be reached from outside."""

    numbers: tuple[int, ...]
    exposed: tuple[int, ...]
    #: Published, and spoken to by others otherwise than by HTTP, which alone is exposed.
    kept_inside: tuple[int, ...]

    @classmethod
    def of(cls, one: Mapping[str, Any], reached: list[tuple[str, int, str]]) -> _Ports:
        published, inside = ([n for each in listed(one.get(k)) if (n := target(each))] for k in ("ports", "expose"))
        other = {port for _, port, scheme in reached if scheme and scheme not in _HTTP}
        exposed = tuple(dict.fromkeys(port for port in published if port not in other))
        numbers = dict.fromkeys([*exposed, *published, *inside, *(port for _, port, _ in reached)])
        return cls(tuple(numbers), exposed, tuple(dict.fromkeys(port for port in published if port in other)))

    @property
    def main(self) -> int | None:
        return next(iter(self.numbers), None)


@dataclass
class _File:
    services: Mapping[str, Mapping[str, Any]]
    source: str
    left: list[NotTaken] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names = {service: self._name(service) for service in self.services}
        if len({*self.names.values()}) != len(self.names):
            fault = Fault("two services have one name once they are spelt as DNS labels", Location(self.source))
            raise ConfigError(Reason.INVALID_VALUE, fault)
        self.library = {s: _library_of(str(one.get("image", ""))) for s, one in self.services.items()}
        images = [str(one.get("image") or one.get("build") or "") for one in self.services.values()]
        first = dict(zip(reversed(images), reversed(self.names.values()), strict=True))
        self.same = {s: first[i] for s, i in zip(self.services, images, strict=True) if i and first[i] != self.names[s]}
        self.passwords = dict(self._passwords())
        needs = (one.get("depends_on") for one in self.services.values())
        self.jobs = {
            str(service)
            for each in needs
            if isinstance(each, Mapping)
            for service, how in each.items()
            if isinstance(how, Mapping) and how.get("condition") == "service_completed_successfully"
        }
        reached = tuple(self._reached())
        self.ports = {s: _Ports.of(one, [each for each in reached if each[0] == s]) for s, one in self.services.items()}
        self.main = next((s for s, ports in self.ports.items() if ports.exposed and not self.library[s]), None)

    def _reached(self) -> Iterator[tuple[str, int, str]]:
        """Which ports of which services the variables and commands name, with the scheme of the URL, or ''."""
        for one in self.services.values():
            values = [value for _, value in pairs(one.get("environment")) if value]
            words = [word for key in ("command", "entrypoint") if one.get(key) for word in words_of(one[key])]
            for text in (*values, *words):
                for match in _ADDRESS.finditer(interpolated(text) or text):
                    if match[2] in self.services and 0 < int(match[3]) < 65536:
                        yield match[2], int(match[3]), (match[1] or "").lower()

    def _passwords(self) -> Iterator[tuple[str, str]]:
        """Passwords that services of the library are given, each with the reference in place of it."""
        for service, library in self.library.items():
            for name, value in pairs(self.services[service].get("environment")) if library else ():
                if value and name in _PASSWORDS:
                    yield value, f"${{{self.names[service]}.{name}}}"

    def _name(self, service: str) -> str:
        name = service.lower().replace("_", "-").replace(".", "-")
        try:
            return check_dns_label(name)
        except ValueError as err:
            raise ConfigError(Reason.INVALID_VALUE, Fault.saying(err, f"services.{service[:60]}")) from err

    def leave(self, service: str, what: str, why: str) -> None:
        self.left.append(NotTaken(service, what, why))

    def component(self, service: str) -> Tree:
        """A service as a component."""
        one, library = self.services[service], self.library[service]
        for key in sorted(map(str, one.keys() - _TAKEN - _SILENT)):
            self.leave(service, key, _WHY.get(key, "a blueprint has nothing like it"))
        tree: Tree = {"summary": f"{service} of the Compose file"[:200]}
        if library:
            tree["use"] = library[0]
            for key in ("environment", "command", "volumes", "ports", "healthcheck"):
                if one.get(key):
                    self.leave(service, key, f"the library's {library[0]} has its own; user and database are 'preview'")
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
        depends = self.services[service].get("depends_on")
        needed = [str(each) for each in depends] if isinstance(depends, list | Mapping) else []
        waited = [each for each in needed if (self.library.get(each) or ("minio",))[0] != "minio"]
        for each in needed:
            if each not in waited and each not in self.jobs:
                self.leave(service, f"depends_on: {each[:60]}", "is not waited for: see 'needs' and 'ready'")
        if waited:
            tree["needs"] = [self.names[each] for each in waited]

    def _user(self, service: str, tree: Tree) -> None:
        user = str(self.services[service].get("user") or "").partition(":")[0]
        if user.isascii() and user.isdigit() and len(user) <= 10 and 0 < int(user) < 2**31:
            tree["runAsUser"] = int(user)
        elif user:
            self.leave(service, "user", "pods do not run as root or by a name: say a number in 'runAsUser'")

    def _image(self, service: str, tree: Tree) -> None:
        image = str(self.services[service].get("image") or "")
        if image_digest(image):
            tree["image"] = image
        elif service in self.same and not self.library[service]:
            tree["imageOf"] = self.same[service]
        elif image:
            self.leave(service, "image", f"{image[:100]!r} is not pinned by digest: give one at each start, or here")
        else:
            self.leave(service, "build", "images are built elsewhere: give one at each start")

    def _ports(self, service: str, tree: Tree) -> None:
        ports = self.ports[service]
        if service in self.jobs:
            tree |= {"role": "job", "when": "before"}
            return
        if ports.main is None:
            tree["role"] = "worker"
            return
        tree |= {"port": ports.main, "protocol": "http" if ports.exposed else "tcp"}
        if ports.exposed:
            tree["path"] = "/"
            if service != self.main:
                tree["host"] = self.names[service][:40].strip("-")
        for number in ports.kept_inside:
            self.leave(service, f"ports: {number}", "is not exposed: other services do not speak HTTP to it")
        if more := [each for each in ports.numbers if each != ports.main]:
            tree["ports"] = {f"port-{number}": {"port": number} for number in more}

    def _probes(self, service: str, tree: Tree) -> None:
        check = self.services[service].get("healthcheck")
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
        for name, value in pairs(self.services[service].get("environment")):
            try:
                check_env_name(name)
            except ValueError:
                self.leave(service, f"environment.{name[:60]}", "is no name of a variable")
                continue
            if (reference := self._of_library(value)) is not None:
                env[name] = reference
            elif value is not None and _SECRET.search(name) and value in self.passwords:
                env[name] = self.passwords[value]
            elif _SECRET.search(name):
                secrets[name] = f"preview/${{environment.name}}/app/{self.names[service]}#{name}"
                self.leave(service, f"environment.{name}", "looks like a secret: put its value into the store")
            elif value is None or (text := interpolated(value)) is None:
                self.leave(service, f"environment.{name}", "its value comes from who runs Compose: say it in 'env'")
            else:
                env[name] = self._addressed(text.replace("$", "$$"))
        tree |= {key: each for key, each in (("env", env), ("secrets", secrets)) if each}

    def _of_library(self, value: str | None) -> str | None:
        """The reference in place of a URL of one of the library's components; None: the value is no such URL."""
        match = _URL.fullmatch(value or "")
        library = self.library.get(match[1]) if match else None
        return f"${{{self.names[match[1]]}.{library[1]}}}" if match and library and library[1] else None

    def _addressed(self, text: str) -> str:
        """Where a text names a service with its port: by the port that it has inside the namespace."""

        def inside(match: re.Match[str]) -> str:
            service, port = match[2], int(match[3])
            if service not in self.services or service in self.jobs:
                return match[0]
            name = self.names[service]
            main = self.library[service] or port == self.ports[service].main
            return f"{match[0][: match.start(2) - match.start()]}{name}:{f'${{{name}.port}}' if main else port}"

        return _ADDRESS.sub(inside, text)

    def _told_of_http(self, service: str, key: str, words: list[str]) -> None:
        """Words are taken letter by letter; the Service of what speaks HTTP listens on 80 alone."""
        for match in _ADDRESS.finditer(" ".join(words)):
            named = match[2]
            if named in self.services and int(match[3]) in self.ports[named].exposed[:1] and not self.library[named]:
                self.leave(service, key, f"names {named}:{match[3]}, which is {self.names[named]}:80 in a preview")

    def _volumes(self, service: str, tree: Tree) -> None:
        one = self.services[service]
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
        one = self.services[service]
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


def _library_of(image: str) -> tuple[str, str | None] | None:
    return _LIBRARY.get(image.partition("@")[0].rpartition("/")[2].partition(":")[0])
