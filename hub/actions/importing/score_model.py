"""What a Score file may say. Source: the Score specification, score.dev/v1b1 (docs.score.dev)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from generator.model.entry import Model

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$")]
Type = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9]$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Amount = Annotated[str, Field(pattern=r"^[0-9]{1,15}(\.[0-9]{1,3})?(m|K|M|G|T|Ki|Mi|Gi|Ti)?$")]


class Metadata(Model):
    """Its name, and whatever else placeholders may refer to."""

    model_config = ConfigDict(extra="allow")

    name: Name
    annotations: dict[str, str] = Field(default_factory=dict)


class ServicePort(Model):
    """A port that the workload is reached at, and the container's where that is another."""

    port: Port
    protocol: Literal["TCP", "UDP"] = "TCP"
    target_port: Port | None = None


class Service(Model):
    """How the workload is reached."""

    ports: dict[Name, ServicePort] = Field(default_factory=dict)


class Header(Model):
    """A header of a probe's request."""

    name: str
    value: str


class HttpGet(Model):
    """A probe by HTTP."""

    host: str | None = None
    scheme: Literal["HTTP", "HTTPS"] | None = None
    path: str
    port: Port
    http_headers: list[Header] = Field(default_factory=list)


class Exec(Model):
    """A probe by a command."""

    command: list[str]


class Probe(Model):
    """One probe of a container."""

    http_get: HttpGet | None = None
    exec: Exec | None = None


class File(Model):
    """A file of a container."""

    mode: str | None = None
    source: str | None = None
    content: str | None = None
    binary_content: str | None = None
    no_expand: bool = False

    @model_validator(mode="after")
    def _has_one(self) -> File:
        if sum(one is not None for one in (self.source, self.content, self.binary_content)) != 1:
            raise ValueError("a file has one of 'source', 'content' and 'binaryContent'")
        return self


class Mount(Model):
    """A volume of a container."""

    source: str
    path: str | None = None
    read_only: bool | None = None


class Amounts(Model):
    """CPU and memory."""

    cpu: Amount | None = None
    memory: Amount | None = None


class Sizes(Model):
    """What a container asks for."""

    limits: Amounts = Field(default_factory=Amounts)
    requests: Amounts = Field(default_factory=Amounts)


class Container(Model):
    """One container. `files` and `volumes` are by the path in the container; lists with `target` mean the same."""

    image: Annotated[str, Field(min_length=1)]
    command: list[str] = Field(default_factory=list)
    args: list[str] = Field(default_factory=list)
    variables: dict[str, str] = Field(default_factory=dict)
    files: dict[str, File] = Field(default_factory=dict)
    volumes: dict[str, Mount] = Field(default_factory=dict)
    resources: Sizes = Field(default_factory=Sizes)
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None

    @model_validator(mode="before")
    @classmethod
    def _by_target(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {
            **data,
            **{key: _by_target(data[key]) for key in ("files", "volumes") if isinstance(data.get(key), list)},
        }


def _by_target(listed: list[Any]) -> Any:
    if not all(isinstance(one, dict) and isinstance(one.get("target"), str) for one in listed):
        return listed
    return {one["target"]: {key: value for key, value in one.items() if key != "target"} for one in listed}


class Resource(Model):
    """What a workload needs of its surroundings."""

    type: Type
    class_: Annotated[str | None, Field(alias="class")] = None
    id: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    params: dict[str, Any] = Field(default_factory=dict)


class Workload(Model):
    """A Score file."""

    api_version: Literal["score.dev/v1b1"]
    metadata: Metadata
    service: Service = Field(default_factory=Service)
    containers: Annotated[dict[Name, Container], Field(min_length=1)]
    resources: dict[str, Resource] = Field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name."""
        return self.metadata.name

    def ports(self) -> dict[str, ServicePort]:
        """Its ports that speak TCP, by name."""
        return {name: one for name, one in self.service.ports.items() if one.protocol == "TCP"}
