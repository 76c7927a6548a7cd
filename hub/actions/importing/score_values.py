"""Placeholders of Score files as references of a blueprint.

Source: docs.score.dev, "Score specification reference" and the default provisioners: what resources of a type give.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hub.actions.importing.model import Leave, Tree
from hub.actions.importing.score_model import Resource, Workload
from hub.actions.importing.trees import at

#: Type of a resource → the library's component, its key with the password, and its other outputs; C is the component.
_PLACE: Final = {"host": "${C.host}", "port": "${C.port}"}
_DATABASE: Final = {**_PLACE, "name": "preview", "database": "preview", "username": "preview"}
_LIBRARY: Final[Mapping[str, tuple[str, str, Mapping[str, str]]]] = {
    "postgres": ("postgresql", "POSTGRES_PASSWORD", _DATABASE),
    "postgres-instance": ("postgresql", "POSTGRES_PASSWORD", _DATABASE),
    "mysql": ("mysql", "MYSQL_PASSWORD", _DATABASE),
    "mysql-instance": ("mysql", "MYSQL_PASSWORD", _DATABASE),
    "redis": ("valkey", "VALKEY_PASSWORD", {**_PLACE, "username": "default"}),
    "s3": (
        "minio",
        "MINIO_ROOT_PASSWORD",
        {
            "endpoint": "http://${C.host}:${C.port}",
            "region": "us-east-1",
            "bucket": "preview",
            "access_key_id": "preview",
            "aws_access_key_id": "preview",
        },
    ),
}
_PASSWORDS: Final = frozenset({"password", "secret_key", "aws_secret_key"})
#: Types that a preview has by itself.
BY_ITSELF: Final = frozenset({"dns", "route", "volume", "service", "service-port"})
_PLACEHOLDER = re.compile(r"\$\$|\$\{([^{}]{0,200})\}")


def library_for(resource: Resource) -> str | None:
    """The library's component that stands for a resource; None: it has none."""
    found = _LIBRARY.get(resource.type)
    return found[0] if found else None


@dataclass(frozen=True, slots=True)
class _Password:
    """A password in a text: that of a component, kept there by the name `key`."""

    component: str
    key: str


@dataclass
class Values:
    """What placeholders of one workload mean. `named`: resource → the component that stands for it."""

    workload: Workload
    workloads: Mapping[str, Workload]
    named: Mapping[str, str]
    #: Workload → the number of its main port.
    main: Mapping[str, int]
    #: Component → texts with its password that it has to keep, by key.
    kept: dict[str, dict[str, str]] = field(default_factory=dict)

    def text(self, text: str, variable: str, leave: Leave) -> str | None:
        """A text as a blueprint has it; None: it cannot be told, and is left with why."""
        parts: list[str | _Password] = []
        end = 0
        for match in _PLACEHOLDER.finditer(text):
            parts.append(text[end : match.start()].replace("$", "$$"))
            end = match.end()
            found = "$$" if match[1] is None else self._value(match[1])
            if found is None:
                leave(variable, f"{match[0]} has no value in a preview: say the variable in 'env' or 'secrets'")
                return None
            parts.append(found)
        parts.append(text[end:].replace("$", "$$"))
        told = [part for part in parts if part]
        passwords = {part for part in told if isinstance(part, _Password)}
        if not passwords:
            return "".join(str(part) for part in told)
        return self._with_password(told, passwords, variable, leave)

    def _with_password(
        self, parts: list[str | _Password], passwords: set[_Password], variable: str, leave: Leave
    ) -> str | None:
        """A reference to a text that the component of the password keeps."""
        first = min(passwords, key=lambda one: one.component)
        if len(parts) == 1:
            return f"${{{first.component}.{first.key}}}"
        own, other = "${" + first.component + ".", re.compile(r"(?<!\$)(?:\$\$)*\$\{(?!self\.)")
        text = "".join("${password}" if isinstance(part, _Password) else part.replace(own, "${self.") for part in parts)
        if len(passwords) > 1 or "{{" in text or "}}" in text or other.search(text.replace("${password}", "")):
            leave(variable, "has a password beside values of others: put the parts together in the program")
            return None
        texts = self.kept.setdefault(first.component, {})
        names = (variable, f"{variable}_{self.workload.name.replace('-', '_').upper()}")
        key = next(name for name in names if texts.setdefault(name, text) == text or name == names[-1])
        return f"${{{first.component}.{key}}}"

    def _value(self, path: str) -> str | _Password | None:
        of, *rest = path.split(".")
        if of == "metadata":
            found = at(self.workload.metadata.model_dump(by_alias=True), *rest)
            return str(found).replace("$", "$$") if isinstance(found, str | int) else None
        if of != "resources" or len(rest) < 2:
            return None
        name = next((name for name in (".".join(rest[:-1]), rest[0]) if name in self.workload.resources), "")
        return self._output(name, rest[-1]) if name else None

    def _output(self, name: str, output: str) -> str | _Password | None:
        resource = self.workload.resources[name]
        if name in self.named:
            component, (_, key, outputs) = self.named[name], _LIBRARY[resource.type]
            if output in _PASSWORDS:
                return _Password(component, key)
            told = outputs.get(output)
            return None if told is None else told.replace("${C.", f"${{{component}.")
        if resource.type == "dns":
            return {"host": "${preview.host}", "url": "${preview.url}"}.get(output)
        if resource.type in ("service", "service-port"):
            return self._service(resource.params, output)
        return None

    def _service(self, params: Mapping[str, Any], output: str) -> str | None:
        workload = str(params.get("workload", ""))
        if workload not in self.workloads:
            return None
        if output in ("host", "hostname", "name"):
            return workload
        ports = self.workloads[workload].ports()
        port = ports.get(str(params.get("port", "")))
        number = None if port is None else port.target_port or port.port
        main = self.main.get(workload)
        if output != "port" or (number or main) is None:
            return None
        return f"${{{workload}.port}}" if number in (None, main) else str(number)


def route_of(workload: Workload) -> Tree | None:
    """The parameters of the first route of a workload; None: it has none."""
    return next((dict(one.params) for one in workload.resources.values() if one.type == "route"), None)
