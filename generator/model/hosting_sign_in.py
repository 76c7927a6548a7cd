"""By whom people sign in to the hub's services, and what they may. Part of the shape of `environment.yaml`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from generator.model.entry import Model

_Name = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,200}$")]
_Group = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,500}$")]
RoleName = Literal["viewer", "developer", "operator", "admin", "approver"]


class HubOidc(Model):
    """An OpenID Connect provider; its client secret is by reference."""

    issuer: Annotated[str, Field(pattern=r"^https://[a-zA-Z0-9][\x21-\x7e]{0,500}$")] = Field(
        description="as its discovery document says"
    )
    client_id: _Name = Field(description="what the hub is called there")
    groups_claim: _Name = Field("groups", description="the claim that lists a person's groups")
    name_claim: _Name = Field("email", description="the claim that names a person in entries and commits")
    scopes: Annotated[str, Field(pattern=r"^openid( [\x21\x23-\x5b\x5d-\x7e]+)*$", max_length=500)] = Field(
        "openid profile email", description="with `offline_access` where a refresh token takes it"
    )


class HubGitHub(Model):
    """A GitHub App that people sign in by; its client secret is by reference."""

    client_id: _Name = Field(description="of the App")
    url: Annotated[str, Field(pattern=r"^https://[a-z0-9][a-z0-9.-]{0,252}(:[0-9]{1,5})?$")] = Field(
        "https://github.com", description="or of a GitHub Enterprise Server"
    )


class HubTrustedJob(Model):
    """A job of GitHub Actions whose token is exchanged for one of the hub's."""

    repository_id: Annotated[str, Field(pattern=r"^[0-9]{1,19}$")] = Field(description="its number, not its name")
    ref: Annotated[str, Field(pattern=r"^refs/[\x21-\x29\x2b-\x7e]{1,250}\*?$")] | None = Field(
        None, description="such as `refs/heads/main`, with `*` at its end for all below; none = by environment alone"
    )
    environment: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,255}$")] | None = Field(
        None, description="of GitHub; none = any job of the ref"
    )
    scopes: Annotated[
        list[Literal["preview:read", "preview:write", "preview:request-prd"]], Field(min_length=1, max_length=3)
    ] = Field(description="what it may")
    environments: Annotated[list[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]], Field(max_length=20)] = (
        Field(default_factory=list, description="of the hub; empty = all")
    )


class HubSignIn(Model):
    """Who may sign in, and what they may."""

    oidc: HubOidc | None = Field(None, description="by OpenID Connect")
    github: HubGitHub | None = Field(None, description="by GitHub")
    roles: dict[RoleName, Annotated[list[_Group], Field(min_length=1, max_length=200)]] = Field(
        default_factory=dict, description="role → groups: `oidc:GROUP`, `github:ORGANISATION/TEAM`, as RTB_HUB_ROLES"
    )
    actions: Annotated[list[HubTrustedJob], Field(max_length=200)] = Field(
        default_factory=list,
        description="GitHub Actions jobs whose tokens are exchanged; each names ref or environment",
    )
