"""Which registries the hub may ask for images: a file of the process, named by RTB_HUB_REGISTRIES.

It is no file of the state repository: who may push there must not choose where the hub shows its keys. JSON Schema:
docs/schema/registries.schema.json.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from generator.errors import ConfigError, Fault, Location, Reason
from generator.model.entry import Model
from generator.values.model_faults import faults_of
from generator.yaml.reader import load

_ECR = re.compile(
    r"(?P<account>[0-9]{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z]{2}(?:-[a-z]+){1,3}-[0-9])\.amazonaws\.com(?:\.cn)?"
)
_ROLE = re.compile(r"arn:aws(?:-[a-z]+)*:iam::[0-9]{12}:role/[\w+=,.@/-]{1,512}", re.ASCII)


def _host(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[0-9]{1,5})?", text):
        raise ValueError(f"{text[:80]!r} is no host of a registry; allowed: HOST or HOST:PORT in small letters")
    return text


def _role(text: str) -> str:
    if not _ROLE.fullmatch(text):
        raise ValueError(f"{text[:80]!r} is no role; allowed: arn:aws:iam::ACCOUNT:role/NAME")
    return text


Host = Annotated[str, AfterValidator(_host)]
RoleArn = Annotated[str, AfterValidator(_role)]
Below = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*/?$", max_length=255)]


class RegistryAccess(Model):
    """Base: what is said of a registry wherever it is named; a password is told in another way in each."""

    kind: Literal["oci", "ecr"] = Field(description="oci: by the distribution protocol; ecr: Amazon's, by its own API")
    repositories: Annotated[list[Below], Field(max_length=500)] = Field(
        default_factory=list, description="which are asked for: names, or what is below NAME/; none = all of it"
    )
    role_arn: RoleArn | None = Field(
        None,
        description="ecr: the role of the registry's account that is assumed; none: the hub's own, "
        "`workerRole` on Kubernetes",
    )
    username: Annotated[str, Field(pattern=r"^[^:\s]{1,255}$")] | None = Field(
        None, description="oci: who signs in; none: nobody"
    )
    token_hosts: Annotated[list[Host], Field(max_length=10)] = Field(
        default_factory=list, description="oci: hosts beside its own that are asked for tokens, with the password"
    )
    blob_hosts: Annotated[list[Host], Field(max_length=20)] = Field(
        default_factory=list, description="oci: hosts beside its own that it may send us to for blobs, without a key"
    )


class RegistryRule(RegistryAccess):
    """How one registry is asked."""

    password_file: Annotated[str, Field(pattern=r"^/[^\x00\n]{1,1000}$")] | None = Field(
        None, description="oci: the file that holds the password or token, as an absolute path; read at each sign-in"
    )

    @model_validator(mode="after")
    def _is_of_its_kind(self) -> RegistryRule:
        if self.kind == "ecr" and (self.username or self.password_file or self.token_hosts or self.blob_hosts):
            raise ValueError("says of ecr what only oci has; allowed: repositories, roleArn")
        if self.kind == "oci" and self.role_arn:
            raise ValueError("has a roleArn, which only ecr has; allowed: username and passwordFile")
        if (self.username is None) != (self.password_file is None):
            raise ValueError("needs both or none of username and passwordFile; allowed: both, or none")
        return self

    def allows(self, repository: str) -> bool:
        """Whether this repository of the registry may be asked for."""
        return not self.repositories or any(
            repository == one or (one.endswith("/") and repository.startswith(one)) for one in self.repositories
        )


class Registries(Model):
    """The file."""

    registries: Annotated[dict[Host, RegistryRule], Field(max_length=50)] = Field(
        description="host, as it stands in the names of images → how it is asked"
    )

    @model_validator(mode="after")
    def _is_ecr(self) -> Registries:
        for host, rule in self.registries.items():
            if rule.kind == "ecr" and not _ECR.fullmatch(host):
                allowed = "ACCOUNT.dkr.ecr.REGION.amazonaws.com"
                raise ValueError(f"{host[:80]!r} is no registry of ECR; allowed: {allowed}")
        return self


def ecr_place(host: str) -> tuple[str, str]:
    """The account and the region of a registry of ECR. Raises `ValueError` for another host."""
    found = _ECR.fullmatch(host)
    if found is None:
        raise ValueError(f"{host!r} is no registry of ECR")
    return found["account"], found["region"]


def read_registries(text: bytes, source: str) -> Registries:
    """The file, named `source` for people. Raises `ConfigError` with every fault: UnreadableYaml, InvalidRegistries."""
    document = load(text, source)
    if not isinstance(document.data, Mapping):
        fault = Fault("is no mapping", document.location(()) or Location(source), allowed="registries")
        raise ConfigError(Reason.INVALID_REGISTRIES, fault)
    try:
        return Registries.model_validate(document.data)
    except ValidationError as err:
        raise ConfigError(Reason.INVALID_REGISTRIES, faults_of(err, Registries, document.nearest_location)) from err
