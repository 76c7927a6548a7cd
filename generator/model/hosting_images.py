"""Which registries of images the hub's worker asks, as an environment says it; see `generator.model.registries`."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from generator.model.registries import Registries, RegistryAccess, RegistryRule
from generator.values.formats import DnsLabel


class HubRegistry(RegistryAccess):
    """How one registry is asked. As in the file of RTB_HUB_REGISTRIES, but that a password is one of a secret."""

    password: DnsLabel | None = Field(
        None,
        description="oci: the property of the secret `registries`, below `secrets`, that has the password or token",
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
