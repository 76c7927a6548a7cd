"""Which registries of images the hub's worker asks, as an environment says it; see `generator.model.registries`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from generator.model.entry import Model
from generator.model.registries import Below, Host, Registries, RegistryRule, RoleArn
from generator.values.formats import DnsLabel


class HubRegistry(Model):
    """How one registry is asked. As in the file of RTB_HUB_REGISTRIES, but that a password is one of a secret."""

    kind: Literal["oci", "ecr"] = Field(description="oci: by the distribution protocol; ecr: Amazon's, by its own API")
    repositories: Annotated[list[Below], Field(max_length=500)] = Field(
        default_factory=list, description="which are asked for: names, or what is below NAME/; none = all of it"
    )
    role_arn: RoleArn | None = Field(
        None, description="ecr: the role of the registry's account that is assumed; none: `workerRole` itself"
    )
    username: Annotated[str, Field(pattern=r"^[^:\s]{1,255}$")] | None = Field(
        None, description="oci: who signs in; none: nobody"
    )
    password: DnsLabel | None = Field(
        None,
        description="oci: the property of the secret `registries`, below `secrets`, that has the password or token",
    )
    token_hosts: Annotated[list[Host], Field(max_length=10)] = Field(
        default_factory=list, description="oci: hosts beside its own that are asked for tokens, with the password"
    )
    blob_hosts: Annotated[list[Host], Field(max_length=20)] = Field(
        default_factory=list, description="oci: hosts beside its own that it may send us to for blobs, without a key"
    )

    @model_validator(mode="after")
    def _signs_in_whole(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("needs both or none of username and password; allowed: both, or none")
        self.rule("/")
        return self

    def rule(self, folder: str) -> RegistryRule:
        """The same for the file of RTB_HUB_REGISTRIES, with its password in `folder`. Raises `ValueError`."""
        given = self.model_dump(exclude={"password"}, exclude_none=True)
        if self.password is not None:
            given["password_file"] = f"{folder.rstrip('/')}/{self.password}"
        return RegistryRule.model_validate(given)

    def hosts(self, own: str) -> tuple[str, ...]:
        """Every host that is connected to, `own` first; with a port where it is not the usual one."""
        return (own, *self.token_hosts, *self.blob_hosts)


def registries_file(given: dict[str, HubRegistry], folder: str) -> dict[str, object]:
    """The tree of the file of RTB_HUB_REGISTRIES. Raises `ValueError` for what that file does not take."""
    whole = Registries(registries={host: one.rule(folder) for host, one in given.items()})
    return whole.model_dump(mode="json", by_alias=True, exclude_defaults=True)
