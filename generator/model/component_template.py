"""What a blueprint says of one component: what runs, how it is reached, probed and told what it needs.

Only the model; how it is laid out as Kubernetes objects is `generator.render`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from generator.model.entry import Model
from generator.values.bounds import STORAGE, Storage
from generator.values.cron import check_schedule
from generator.values.formats import (
    Cpu,
    DnsLabel,
    EnvName,
    EnvValue,
    Image,
    Memory,
    Port,
    Text,
    UrlPath,
    check_text,
)

Role = Literal["service", "worker", "job", "scheduled", "database"]
Protocol = Literal["http", "grpc", "tcp"]
#: Fields of an entry's component that a role leaves to be set. The others are the blueprint's alone.
_OF_SERVICES: Final = frozenset({"port", "path", "healthPath", "replicas"})
_SETTABLE: Final = {"service": _OF_SERVICES, "worker": frozenset({"replicas"})}
#: Of the files of one component: a ConfigMap holds 1 MiB (Kubernetes, "ConfigMaps"), names and encoding included.
MOST_OF_FILES = 512 * 1024
#: A CronJob's name, to which the controller adds eleven characters (Kubernetes, "CronJob"); a Job's gets a digest.
_LONGEST_NAME = 52
# Kubernetes' IANA service names: at most 15 of a-z, 0-9 and '-', with a letter, no '-' at the ends or twice.
_PORT_NAME = re.compile(r"(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*")
_MOUNT_PATH = re.compile(r"(?:/[A-Za-z0-9_.@+-]{1,100}){1,12}")
#: The volume that a component's files are in.
FILES_VOLUME: Final = "blueprint-files"
#: The volume of a pod that all its folders on EFS are in: a pod that has one volume twice may wait for ever.
EFS_VOLUME: Final = "preview-efs"
_RESERVED = ("/proc", "/sys", "/dev")


def decided(role: Role) -> frozenset[str]:
    """Fields of an entry's component that cannot be set for this role: the blueprint decides them."""
    return _OF_SERVICES - _SETTABLE.get(role, frozenset())


def _check_port_name(text: str) -> str:
    if _PORT_NAME.fullmatch(text) is None:
        raise ValueError(f"{text[:40]!r} is not a port's name; allowed: at most 15 of a-z, 0-9 and '-', with a letter")
    return text


def _check_mount_path(text: str) -> str:
    if _MOUNT_PATH.fullmatch(text) is None or {".", ".."} & {*text.split("/")}:
        raise ValueError(f"{text[:80]!r} is not a path in a container; allowed: absolute, such as /var/cache/app")
    if text.startswith(tuple(f"{one}/" for one in _RESERVED)) or text in _RESERVED:
        raise ValueError(f"{text[:80]!r} is the kernel's; allowed: a path outside {', '.join(_RESERVED)}")
    return text


def _check_schedule(text: str) -> str:
    check_text(text, limit=100)
    check_schedule(text)
    return text


def _check_file(text: str) -> str:
    if "\0" in text:
        raise ValueError("a file of a ConfigMap cannot hold a NUL character; remove it")
    return check_text(text, limit=MOST_OF_FILES)


def _check_generated(text: str) -> str:
    if "{{" in text or "}}" in text:
        raise ValueError("'{{' and '}}' mean something to the External Secrets Operator; write ${password} alone")
    return check_text(text)


PortName = Annotated[str, AfterValidator(_check_port_name)]
MountPath = Annotated[str, AfterValidator(_check_mount_path)]
Schedule = Annotated[str, AfterValidator(_check_schedule)]
FileText = Annotated[str, AfterValidator(_check_file)]
Generated = Annotated[str, AfterValidator(_check_generated)]
UserId = Annotated[int, Field(ge=1, le=2**31 - 1)]


class NamedPort(Model):
    """A further port, reached inside the namespace."""

    port: Port = Field(description="port that the container listens on; the Service has the same")
    protocol: Literal["http", "grpc", "tcp", "udp"] = Field("tcp", description="what is spoken there")


class Probe(Model):
    """How it is found out whether a container has started, takes requests, or still works."""

    type: Literal["http", "tcp", "grpc", "command", "none"] = Field(description="`none`: there is no such probe")
    path: UrlPath | None = Field(None, description="of `http`")
    service: Text | None = Field(None, description="of `grpc`: the service asked for; none = the server as a whole")
    command: list[EnvValue] = Field(default_factory=list, max_length=50, description="of `command`: succeeds with 0")
    port: PortName | None = Field(None, description="name of the port; none = the component's main port")
    period_seconds: Annotated[int, Field(ge=1, le=3600)] = Field(10, description="between two probes")
    failure_threshold: Annotated[int, Field(ge=1, le=1000)] = Field(3, description="failures in a row that count")
    timeout_seconds: Annotated[int, Field(ge=1, le=60)] = Field(3, description="how long an answer may take")
    initial_delay_seconds: Annotated[int, Field(ge=0, le=3600)] = Field(0, description="before the first probe")

    @model_validator(mode="after")
    def _is_whole(self) -> Probe:
        needed = {"http": "path", "command": "command"}.get(self.type)
        if needed and not getattr(self, needed):
            raise ValueError(f"a probe of type {self.type} needs '{needed}'")
        own = {"http": {"path", "port"}, "tcp": {"port"}, "grpc": {"port", "service"}, "command": {"command"}}
        strange = {"path", "service", "command", "port"} & self.model_fields_set - own.get(self.type, set())
        if strange:
            raise ValueError(f"a probe of type {self.type} has no '{min(strange)}'")
        return self


class Probes(Model):
    """Probes of one container. One that is left out is the default of the component's role."""

    startup: Probe | None = Field(None, description="until it succeeds, the other two wait")
    readiness: Probe | None = Field(None, description="requests are sent while it succeeds")
    liveness: Probe | None = Field(None, description="the container is restarted when it fails")


class Volume(Model):
    """A folder that all containers of a pod share.

    `empty`: its content ends with the pod. `efs`: it is on the file system that the environment names, shared by all
    pods of the component, and nothing deletes it with the preview.
    """

    kind: Literal["empty", "efs"] = Field("empty", description="`efs`: kept on the environment's file system (`efs`)")
    path: MountPath = Field(description="where every container of the pod has it")
    size: Storage | None = Field(None, description="of an empty one, at most; none = the component's `storage`")

    @model_validator(mode="after")
    def _has_a_bound(self) -> Volume:
        if self.kind == "efs" and self.size is not None:
            raise ValueError("a volume of the kind efs has no 'size': the file system grows")
        return self


class BesideContainer(Model):
    """A container that runs before the component's own (`init`) or beside it (`sidecars`)."""

    image: Image | None = Field(None, description="what runs; none = the image of `imageOf`")
    image_of: DnsLabel | None = Field(None, description="runs the image of this component; none = of its own one")
    command: list[EnvValue] = Field(default_factory=list, max_length=100, description="in place of the entry point")
    args: list[EnvValue] = Field(default_factory=list, max_length=100, description="arguments of the command")
    env: dict[EnvName, EnvValue] = Field(default_factory=dict, max_length=200, description="variables; see `env`")
    share_env: bool = Field(False, description="it gets the component's own variables and secrets too")
    cpu: Cpu = Field("100m", description="requested and at most")
    memory: Memory = Field("128Mi", description="requested and at most")
    storage: Storage = Field("256Mi", description="on the pod's disk, requested and at most")
    run_as_user: UserId | None = Field(None, description="user id; none = the component's")
    ports: dict[PortName, NamedPort] = Field(default_factory=dict, max_length=20, description="of a sidecar")
    probes: Probes = Field(default_factory=Probes, description="of a sidecar; none unless they are named")

    @model_validator(mode="after")
    def _one_image(self) -> BesideContainer:
        if self.image is not None and self.image_of is not None:
            raise ValueError("'image' and 'imageOf' cannot both be there")
        return self


class ComponentTemplate(Model):
    """What a blueprint says of one of its components.

    Roles: `service` answers requests, `worker` runs without being asked, `job` runs once, `scheduled` by the clock,
    `database` keeps data in its pod, which ends with it.
    """

    summary: Text = Field(description="what it is for, in a few words")
    role: Role = Field("service", description="how it runs")
    use: DnsLabel | None = Field(None, description="a component of the library that this one is laid over")
    layout: Literal["common", "templates"] = Field(
        "common", description="`templates`: templates of the blueprint alone lay it out"
    )
    required: bool = Field(True, description="false: it only runs when an image of it is asked for")
    image: Image | None = Field(None, description="what runs where no image is asked for")
    image_of: DnsLabel | None = Field(None, description="runs the image of this component where none is asked for")
    port: Port | None = Field(None, description="port that the container listens on")
    protocol: Protocol = Field("http", description="what is spoken at `port`")
    ports: dict[PortName, NamedPort] = Field(default_factory=dict, max_length=20, description="further ports by name")
    cpu: Cpu = Field("250m", description="of one pod")
    memory: Memory = Field("256Mi", description="of one pod")
    storage: Storage = Field(STORAGE, description="on the disk of one pod")
    replicas: Annotated[int, Field(ge=1, le=10)] = Field(1, description="number of pods")
    path: UrlPath | None = Field(None, description="URL path under the preview's host; none = not exposed")
    host: Annotated[DnsLabel, Field(max_length=40)] | None = Field(
        None, description="exposed at a host of its own: `<key>-<host>`, beside the preview's"
    )
    health_path: UrlPath | None = Field(None, description="HTTP path of the probes; none = the port is probed by TCP")
    probes: Probes = Field(default_factory=Probes, description="in place of the probes by `port` and `healthPath`")
    database: bool = Field(False, description="the database's address is put in as DATABASE_URL")
    command: list[EnvValue] = Field(default_factory=list, max_length=100, description="in place of the entry point")
    args: list[EnvValue] = Field(default_factory=list, max_length=100, description="arguments of the command")
    run_as_user: UserId | None = Field(None, description="user id, for an image whose own user is root or a name")
    env: dict[EnvName, EnvValue] = Field(
        default_factory=dict, max_length=200, description="plain variables, with `${…}` for values of the preview"
    )
    secrets: dict[EnvName, Text] = Field(
        default_factory=dict, max_length=100, description="variable → name[#property], with `${environment.name}`"
    )
    generated: dict[EnvName, Generated] = Field(
        default_factory=dict, max_length=20, description="a Secret made once in the cluster, with `${password}`"
    )
    ready: Text | None = Field(None, description="shell command of its image that succeeds once it answers")
    needs: list[DnsLabel] = Field(default_factory=list, max_length=10, description="waits until these are ready")
    when: Literal["before", "beside", "after"] = Field("beside", description="of a `job`: around the others' start")
    schedule: Schedule | None = Field(None, description="of a `scheduled` one: five fields of cron, UTC")
    files: dict[MountPath, FileText] = Field(
        default_factory=dict, max_length=50, description="path in the container → text, as a ConfigMap"
    )
    volumes: dict[DnsLabel, Volume] = Field(default_factory=dict, max_length=20, description="folders by name")
    init: dict[DnsLabel, BesideContainer] = Field(
        default_factory=dict, max_length=10, description="containers that end before the others start, in this order"
    )
    sidecars: dict[DnsLabel, BesideContainer] = Field(
        default_factory=dict, max_length=10, description="containers that run beside its own one"
    )

    @model_validator(mode="after")
    def _is_whole(self) -> ComponentTemplate:
        for fault in _faults(self):
            raise ValueError(fault)
        return self

    @property
    def keeps_files(self) -> bool:
        """Whether it has a volume on the environment's file system."""
        return any(volume.kind == "efs" for volume in self.volumes.values())

    @property
    def is_common(self) -> bool:
        """Whether the common templates lay it out."""
        return self.layout == "common"

    @property
    def port_numbers(self) -> dict[str, int]:
        """The ports of its own container by name, the main one first, by the protocol that is spoken there."""
        main = {self.protocol: self.port} if self.port is not None else {}
        return main | {name: one.port for name, one in self.ports.items()}

    def described(self) -> dict[str, Any]:
        """What differs from the defaults, and the fields that every component has, by the names of the file."""
        always = {"summary", "role", "required", "cpu", "memory", "storage", "replicas", "database"}
        tree = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        told = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return {name: value for name, value in tree.items() if name in told or name in always}


def _faults(one: ComponentTemplate) -> tuple[str, ...]:
    """What a component says of itself that cannot be, in words."""
    is_service = one.role == "service"
    mounts = [*one.files, *(volume.path for volume in one.volumes.values())]
    beside = [*one.init, *one.sidecars]
    checks = (
        (one.image is not None and one.image_of is not None, "'image' and 'imageOf' cannot both be there"),
        (one.role == "worker" and one.port is not None, "a worker has no 'port'; 'ports' name what it listens on"),
        (not is_service and (one.path or one.host) is not None, f"a {one.role} is not exposed: no 'path', no 'host'"),
        (one.host is not None and one.path is None, "'host' needs a 'path', such as /"),
        (one.path is not None and one.protocol == "tcp", "tcp cannot be exposed: a load balancer speaks HTTP or gRPC"),
        (one.protocol in one.ports, f"a port named {one.protocol!r} is the main one; name it otherwise"),
        (len({*one.port_numbers.values()}) != len(one.port_numbers), "one port number stands there twice"),
        ((one.role == "scheduled") != (one.schedule is not None), "'schedule' and the role scheduled go together"),
        (one.role != "job" and one.when != "beside", "only a job has 'when'"),
        (not is_service and one.role != "worker" and one.replicas != 1, f"a {one.role} has one pod"),
        (FILES_VOLUME in one.volumes, f"a volume named {FILES_VOLUME!r} is that of 'files'; name it otherwise"),
        (EFS_VOLUME in one.volumes, f"a volume named {EFS_VOLUME!r} is that of the kind efs; name it otherwise"),
        (len({*mounts}) != len(mounts), "a file and a volume are at one path"),
        (any(_is_below(a, b) for a in one.files for b in one.files), "a file is below another file's path"),
        (sum(len(text.encode()) for text in one.files.values()) > MOST_OF_FILES, "the files have over 512 KiB in all"),
        (len({*beside}) != len(beside), "an init container and a sidecar have one name"),
        (any(each.ports or each.probes != Probes() for each in one.init.values()), "init has no ports and no probes"),
        (one.role in ("job", "scheduled") and bool(one.port_numbers), f"a {one.role} has no ports"),
    )
    return tuple(words for is_wrong, words in checks if is_wrong)


def _is_below(path: str, other: str) -> bool:
    return path.startswith(f"{other}/")


def name_fault(name: str, one: ComponentTemplate) -> str | None:
    """Why `name` is too long for what the component becomes; None: it is not."""
    if one.role in ("job", "scheduled") and len(name) > _LONGEST_NAME:
        return f"the name of a {one.role} has {len(name)} characters; allowed: at most {_LONGEST_NAME}"
    return None
