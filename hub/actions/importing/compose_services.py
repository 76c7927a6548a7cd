"""What the services of a Compose file are to each other: names, images, ports that others reach, passwords, jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from generator.errors import ConfigError, Fault, Location, Reason
from generator.values.formats import check_dns_label
from hub.actions.importing.compose_values import interpolated, listed, pairs, target, words_of
from hub.actions.importing.model import ADDRESS, component_name, last_name, library_of

#: Of the library's components: the variable with a password that they are given in a Compose file too.
_PASSWORDS: Final = frozenset({"POSTGRES_PASSWORD", "MYSQL_PASSWORD", "MINIO_ROOT_PASSWORD"})
#: Images, by the last part of their name, whose pages let anybody who opens them read or change everything behind them:
#: no password, or one that is the same everywhere (RabbitMQ's `guest`).
_ADMINISTERED: Final = frozenset(
    {
        "activemq", "activemq-artemis", "adminer", "cerebro", "dozzle", "elasticsearch", "kafka-ui", "kibana",
        "mailhog", "mailpit", "mongo-express", "opensearch", "opensearch-dashboards", "pgadmin4", "phpmyadmin",
        "portainer", "portainer-ce", "rabbitmq", "redis-commander", "redisinsight", "traefik",
    }
)  # fmt: skip
_HTTP: Final = frozenset({"http", "https", "ws", "wss"})


@dataclass(frozen=True, slots=True)
class Ports:
    """What a service listens on: `numbers` the main one first, of which `exposed` are to be reached from outside."""

    numbers: tuple[int, ...]
    exposed: tuple[int, ...]
    #: Published, but not exposed, each with why.
    kept_inside: Mapping[int, str]

    @classmethod
    def of(cls, one: Mapping[str, Any], reached: list[tuple[str, int, str]]) -> Ports:
        """Those of one service, which others reach by `reached` (service, port, scheme)."""
        published, inside = ([n for each in listed(one.get(k)) if (n := target(each))] for k in ("ports", "expose"))
        other = {port for _, port, scheme in reached if scheme and scheme not in _HTTP}
        kept = {port: "is not exposed: other services do not speak HTTP to it" for port in published if port in other}
        if last_name(str(one.get("image", ""))) in _ADMINISTERED:
            why = "is not exposed: its page is its administrators'. Give it a password, then 'path' and 'host'"
            kept |= {port: why for port in published if port not in other}
        exposed = tuple(dict.fromkeys(port for port in published if port not in kept))
        numbers = dict.fromkeys([*exposed, *published, *inside, *(port for _, port, _ in reached)])
        return cls(tuple(numbers), exposed, kept)

    @property
    def main(self) -> int | None:
        """The port that it is named by."""
        return next(iter(self.numbers), None)


@dataclass
class Services:
    """The services by their names in the file, which is told as `source`. Raises `ConfigError` for bad names."""

    trees: Mapping[str, Mapping[str, Any]]
    source: str

    def __post_init__(self) -> None:
        self.names = {service: self._name(service) for service in self.trees}
        if len({*self.names.values()}) != len(self.names):
            fault = Fault("two services have one name once they are spelt as DNS labels", Location(self.source))
            raise ConfigError(Reason.INVALID_VALUE, fault)
        self.library = {s: library_of(str(one.get("image", ""))) for s, one in self.trees.items()}
        images = [str(one.get("image") or one.get("build") or "") for one in self.trees.values()]
        first = dict(zip(reversed(images), reversed(self.names.values()), strict=True))
        self.same = {s: first[i] for s, i in zip(self.trees, images, strict=True) if i and first[i] != self.names[s]}
        self.passwords = dict(self._passwords())
        needs = (one.get("depends_on") for one in self.trees.values())
        self.jobs = {
            str(service)
            for each in needs
            if isinstance(each, Mapping)
            for service, how in each.items()
            if isinstance(how, Mapping) and how.get("condition") == "service_completed_successfully"
        }
        reached = tuple(self._reached())
        self.ports = {s: Ports.of(one, [each for each in reached if each[0] == s]) for s, one in self.trees.items()}
        self.main = next((s for s, ports in self.ports.items() if ports.exposed and not self.library[s]), None)

    def _reached(self) -> Iterator[tuple[str, int, str]]:
        """Which ports of which services the variables and commands name, with the scheme of the URL, or ''."""
        for one in self.trees.values():
            values = [value for _, value in pairs(one.get("environment")) if value]
            words = [word for key in ("command", "entrypoint") if one.get(key) for word in words_of(one[key])]
            for text in (*values, *words):
                for match in ADDRESS.finditer(interpolated(text) or text):
                    if match[2] in self.trees and 0 < int(match[3]) < 65536:
                        yield match[2], int(match[3]), (match[1] or "").lower()

    def _passwords(self) -> Iterator[tuple[str, str]]:
        """Passwords that services of the library are given, each with the reference in place of it."""
        for service, library in self.library.items():
            for name, value in pairs(self.trees[service].get("environment")) if library else ():
                if value and name in _PASSWORDS:
                    yield value, f"${{{self.names[service]}.{name}}}"

    def _name(self, service: str) -> str:
        name = service.lower().replace("_", "-").replace(".", "-")
        try:
            return component_name(check_dns_label(name))
        except ValueError as err:
            raise ConfigError(Reason.INVALID_VALUE, Fault.saying(err, f"services.{service[:60]}")) from err
