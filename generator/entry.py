"""The entry: `preview.yaml` in the state repository, the only source of truth about a preview.

It holds what was asked for and the lease, never anything observed. JSON Schema: docs/schema/preview.schema.json.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from generator.errors import ConfigError
from generator.formats import (
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
from generator.naming import IssueKey

Compute = Literal["fargate", "spot"]


class Model(BaseModel):
    """Base of all file models: frozen, unknown fields forbidden, camelCase in files, no type coercion."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, strict=True)


def _issue(text: str) -> str:
    try:
        return str(IssueKey.parse(text))
    except ConfigError as err:
        raise ValueError(str(err.faults[0])) from err


class Component(Model):
    """One workload of a preview. Fields left out take the blueprint's and the environment's defaults at `start`."""

    image: Image
    port: Port | None = None
    cpu: Cpu
    memory: Memory
    replicas: Annotated[int, Field(ge=1, le=10)] = 1
    path: UrlPath | None = Field(None, description="URL path under the preview's host; none = not exposed")
    health_path: UrlPath | None = Field(None, description="HTTP path of the probes; none = the port is probed by TCP")
    env: dict[EnvName, EnvValue] = Field(default_factory=dict, description="plain variables; never a secret")
    secrets: dict[EnvName, SecretReference] = Field(default_factory=dict, description="variable → name[#property]")
    command: list[EnvValue] = Field(default_factory=list)
    args: list[EnvValue] = Field(default_factory=list)
    run_as_user: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class Extension(Model):
    """One extension of a lease."""

    by: Duration
    requested_by: Text
    at: Time
    reason: Text = ""


class Lease(Model):
    """The time a preview may live. `expires_at` is absent until a gated request is merged and stamped."""

    requested_by: Text
    requested_at: Time
    ttl: Duration
    activated_at: Time | None = None
    expires_at: Time | None = None
    extensions: list[Extension] = Field(default_factory=list)


class Rendered(Model):
    """What the manifests beside the entry were rendered by, and the digest of `manifest.yaml`."""

    generator: Text
    digest: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
    inputs: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class Metadata(Model):
    """The object's name: the issue key in lower case."""

    name: DnsLabel


class PreviewSpec(Model):
    """What was asked for."""

    issue: Annotated[str, AfterValidator(_issue)]
    environment: EnvironmentName
    blueprint: DnsLabel
    branch: Branch | None = Field(None, description="the source branch the images were built from; shown to people")
    compute: Compute = "fargate"
    components: dict[DnsLabel, Component] = Field(min_length=1, max_length=10)
    shard: DnsLabel
    lease: Lease
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
