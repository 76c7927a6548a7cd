"""The entry: `preview.yaml` in the state repository, the only source of truth about a preview.

It holds what was asked for and the lease, never anything observed. JSON Schema: docs/schema/preview.schema.json.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from generator.errors import ConfigError
from generator.values.bounds import STORAGE, Storage
from generator.values.formats import (
    Branch,
    Cpu,
    DnsLabel,
    Duration,
    EnvironmentName,
    EnvName,
    EnvValue,
    Image,
    Memory,
    Port,
    SecretReference,
    Text,
    Time,
    UrlPath,
)
from generator.values.naming import IssueKey

Compute = Literal["fargate", "spot"]


class Model(BaseModel):
    """Base of all file models: frozen, unknown fields forbidden, camelCase in files, no type coercion.

    Each is built when it is first used: most are only parts of another, and are never validated on their own.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        strict=True,
        defer_build=True,
    )


def _issue(text: str) -> str:
    try:
        return str(IssueKey.parse(text))
    except ConfigError as err:
        raise ValueError(str(err.faults[0])) from err


class Component(Model):
    """One workload of a preview. Fields left out take the blueprint's and the environment's defaults at `start`."""

    image: Image = Field(description="what runs, pinned by digest where the environment says so")
    port: Port | None = Field(None, description="port that the container listens on")
    cpu: Cpu = Field(description="requested and at most, of one pod")
    memory: Memory = Field(description="requested and at most, of one pod")
    storage: Storage = Field(STORAGE, description="on the disk of one pod, requested and at most")
    replicas: Annotated[int, Field(ge=1, le=10)] = Field(1, description="number of pods")
    path: UrlPath | None = Field(None, description="URL path under the preview's host; none = not exposed")
    health_path: UrlPath | None = Field(None, description="HTTP path of the probes; none = the port is probed by TCP")
    env: dict[EnvName, EnvValue] = Field(default_factory=dict, description="plain variables; never a secret")
    secrets: dict[EnvName, SecretReference] = Field(default_factory=dict, description="variable → name[#property]")
    command: list[EnvValue] = Field(default_factory=list, description="in place of the image's entry point")
    args: list[EnvValue] = Field(default_factory=list, description="arguments of the command")
    run_as_user: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        None, description="user id, for an image whose own user is root or a name"
    )


class Extension(Model):
    """One extension of a lease."""

    by: Duration = Field(description="how much longer, as asked for; the cap may have given less")
    requested_by: Text = Field(description="who asked")
    at: Time = Field(description="when")
    reason: Text = Field("", description="why")


class Lease(Model):
    """The time a preview may live."""

    requested_by: Text = Field(description="who asked")
    requested_at: Time = Field(description="when it was asked for")
    ttl: Duration = Field(description="how long it may live")
    activated_at: Time | None = Field(None, description="when a gated request was merged: its time starts then")
    expires_at: Time | None = Field(None, description="when it ends; none until a gated request is merged and stamped")
    office_hours: bool = Field(
        False,
        exclude_if=lambda counted: not counted,
        description="true: ttl, extensions and cap count the environment's `officeHours` only",
    )
    extensions: list[Extension] = Field(default_factory=list)


class Sleep(Model):
    """Whether a preview sleeps: its pods do not run, all else of it stays. What keeps data in its pod runs on."""

    asleep: bool = Field(description="true: it sleeps; false: it was woken, and stays awake until the office closes")
    since: Time = Field(description="when it was put to sleep or woken")
    requested_by: Text = Field(description="who asked, or the reconciler")
    why: Literal["asked", "office-hours", "idle"] = Field(
        description="office-hours: woken by itself when the office opens; asked, idle: when somebody wakes it"
    )
    idle_since: Time | None = Field(None, description="idle: since when no request came; none = otherwise")


class RenderedPods(Model):
    """Equal pods that the manifests make."""

    name: Text = Field(description="of the object that makes them")
    replicas: Annotated[int, Field(ge=1, le=1_000_000)] = Field(description="how many run at once")
    millicores: Annotated[int, Field(ge=0, le=2**63 - 1)] = Field(description="that each asks for")
    memory_bytes: Annotated[int, Field(ge=0, le=2**63 - 1)] = Field(description="that each asks for")
    compute: Annotated[str, Field(max_length=63)] = Field(description="where they run; empty: not said")


class Rendered(Model):
    """What the manifests beside the entry were rendered by and from."""

    generator: Text = Field(description="release of rtb-hub")
    digest: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")] = Field(description="of `manifest.yaml`")
    inputs: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")] = Field(
        description="of entry, environment and templates; with another one, the manifest may differ"
    )
    basis: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")] | None = Field(
        None, description="of environment and templates alone: tells an edited entry from edited templates"
    )
    blueprint: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")] | None = Field(
        None, description="of the files of the team's own blueprint; none = one that rtb-hub has"
    )
    pods: list[RenderedPods] | None = Field(
        None, description="pods of the manifests, for price and quota; none = those of the components alone"
    )
    saved: list[RenderedPods] | None = Field(
        None, description="pods that do not run while the preview sleeps; none = it is awake"
    )


class Metadata(Model):
    """The object's name."""

    name: DnsLabel = Field(description="the issue key in lower case")


class Wanted(Model):
    """What was asked for, wherever it is placed."""

    issue: Annotated[str, AfterValidator(_issue)] = Field(description="Jira issue key, such as RTB-123")
    environment: EnvironmentName = Field(description="the environment it runs in")
    blueprint: DnsLabel = Field(description="the set of templates it is rendered from")
    branch: Branch | None = Field(None, description="the source branch the images were built from; shown to people")
    compute: Compute = Field("fargate", description="where its pods run")
    components: dict[DnsLabel, Component] = Field(min_length=1, max_length=30)

    @property
    def wanted(self) -> dict[str, Any]:
        """These fields alone, by name, whatever else a spec holds: what goes over into another one."""
        return {name: getattr(self, name) for name in Wanted.model_fields}


class PreviewSpec(Wanted):
    """What was asked for."""

    shard: DnsLabel = Field(
        description="the load-balancer group it is exposed through; `start` chooses it, and it stays"
    )
    lease: Lease
    sleep: Sleep | None = Field(None, description="whether it sleeps; none = it never did")
    rendered: Rendered | None = None


class Preview(Model):
    """An entry."""

    api_version: Literal["preview.rtb-ai-hub/v1"] = "preview.rtb-ai-hub/v1"
    kind: Literal["Preview"] = "Preview"
    metadata: Metadata
    spec: PreviewSpec

    @property
    def key(self) -> IssueKey:
        """The issue key, parsed."""
        return IssueKey.parse(self.spec.issue)

    @property
    def is_asleep(self) -> bool:
        """Whether its pods are not to run."""
        return self.spec.sleep is not None and self.spec.sleep.asleep
