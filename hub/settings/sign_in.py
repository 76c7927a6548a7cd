"""Settings of sign-in that are more than a word: who has which role, and which GitHub Actions jobs are trusted.

Roles are written as `ROLE=GROUP,GROUP; ROLE=…`, or as a JSON object of lists where a group's name holds a sign of
these. Trusted jobs are a JSON list of objects; `TrustedJob` has their shape.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

ProviderName = Literal["oidc", "github"]
PROVIDERS: Final[tuple[ProviderName, ...]] = ("oidc", "github")
#: Each holds those before it, but approver, which is shown and gives nothing: approval happens at the forge.
ROLE_NAMES: Final = ("viewer", "developer", "operator", "admin", "approver")
#: Whoever signs in by the provider.
EVERYBODY: Final = "*"
_ROLES_BYTES, _TRUST_BYTES = 32 * 1024, 64 * 1024
_FORM = "allowed: such as 'developer=rtb-devs; admin=github:acme/platform', or a JSON object of lists"
_TEAM = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")


class RoleRules(BaseModel):
    """Which groups give which role. A group is written with its provider's name before it, or alone for any."""

    model_config = ConfigDict(frozen=True)

    groups: Mapping[str, tuple[tuple[ProviderName | None, str], ...]] = Field(default_factory=dict)
    text: str = ""

    def __str__(self) -> str:
        return self.text

    def roles_of(self, provider: ProviderName, groups: Collection[str]) -> tuple[str, ...]:
        """The roles of somebody who signed in by `provider` and is in `groups`, the least first.

        GitHub's names are the same in capitals and small letters.
        """
        is_github = provider == "github"
        held = {one.lower() for one in groups} if is_github else {EVERYBODY, *groups}
        return tuple(
            role
            for role in ROLE_NAMES
            if any(
                by in (None, provider) and (group.lower() if is_github else group) in held
                for by, group in self.groups.get(role, ())
            )
        )

    def unqualified(self) -> list[str]:
        """Groups that are written without their provider."""
        return sorted({group for named in self.groups.values() for by, group in named if by is None})


def role_rules(given: Any) -> RoleRules:
    """Read the rules. Raises `ValueError` with what is wrong."""
    if isinstance(given, RoleRules):
        return given
    if not isinstance(given, str):
        raise ValueError(f"is no text; {_FORM}")  # noqa: TRY004 - pydantic tells ValueErrors
    if len(given.encode()) > _ROLES_BYTES:
        raise ValueError(f"has more than {_ROLES_BYTES} bytes")
    pairs = _pairs_of_json(given) if given.lstrip().startswith("{") else _pairs_of_text(given)
    groups: dict[str, list[tuple[ProviderName | None, str]]] = {}
    for role, named in pairs:
        if role not in ROLE_NAMES:
            raise ValueError(f"{role[:40]!r} is no role; allowed: {', '.join(ROLE_NAMES)}")
        if role in groups:
            raise ValueError(f"the role {role} stands twice")
        groups[role] = [_group(one) for one in named]
        if not groups[role]:
            raise ValueError(f"the role {role} has no group; {_FORM}")
    return RoleRules(groups={role: tuple(named) for role, named in groups.items()}, text=given)


def _pairs_of_text(text: str) -> list[tuple[str, list[str]]]:
    pairs = []
    for part in filter(None, (one.strip() for one in text.split(";"))):
        role, separator, rest = part.partition("=")
        if not separator:
            raise ValueError(f"{part[:40]!r} gives no role to anybody; {_FORM}")
        pairs.append((role.strip(), [one.strip() for one in rest.split(",") if one.strip()]))
    return pairs


def _pairs_of_json(text: str) -> list[tuple[str, list[str]]]:
    try:
        found = json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError) as err:
        raise ValueError(f"is no JSON; {_FORM}") from err
    for _, named in found:
        if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
            raise ValueError(f"gives a role to something else than a list of groups; {_FORM}")
    return [(str(role), named) for role, named in found]


def _group(text: str) -> tuple[ProviderName | None, str]:
    before, separator, after = text.partition(":")
    by: ProviderName | None = None
    if separator and before in PROVIDERS:
        by, text = ("oidc" if before == "oidc" else "github"), after
    if not text or len(text) > 500 or not text.isprintable():
        raise ValueError("a group is empty, too long or not printable; allowed: 1 to 500 signs")
    if by == "github" and text == EVERYBODY:
        raise ValueError("'github:*' would be anybody with an account at GitHub; allowed: teams, such as acme/platform")
    if by == "github" and not _TEAM.fullmatch(text):
        raise ValueError(f"{text[:60]!r} is no team of GitHub; allowed: ORGANISATION/TEAM, by their names in addresses")
    return by, text


class TrustedJob(BaseModel):
    """Jobs of GitHub Actions whose tokens are exchanged, and for what. A claim that is not named here is any.

    `repository_id` is the number, since names are given anew. `ref`: whole, such as `refs/heads/main`, or with `*` at
    its end. `environment`: GitHub's, of the job. `environments`: of the hub, empty for all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    repository_id: Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]
    ref: Annotated[str, Field(pattern=r"^refs/[\x21-\x29\x2b-\x7e]{1,250}\*?$")] | None = None
    environment: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    scopes: Annotated[
        tuple[Literal["preview:read", "preview:write", "preview:request-prd"], ...], Field(min_length=1, max_length=3)
    ]
    environments: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")], ...], Field(max_length=20)
    ] = ()

    def fits(self, claims: Mapping[str, Any]) -> bool:
        """Whether a verified token is of such a job."""
        if str(claims.get("repository_id", "")) != self.repository_id:
            return False
        if self.environment is not None and claims.get("environment") != self.environment:
            return False
        if self.ref is None:
            return True
        ref = str(claims.get("ref", ""))
        return ref.startswith(self.ref[:-1]) if self.ref.endswith("*") else ref == self.ref


class TrustedJobs(BaseModel):
    """All of them. One that trusts a whole repository, whatever its branch, has to say so with `refs/*`."""

    model_config = ConfigDict(frozen=True)

    jobs: tuple[TrustedJob, ...] = ()
    text: str = ""

    def __str__(self) -> str:
        return self.text


_JOBS = TypeAdapter(Annotated[tuple[TrustedJob, ...], Field(max_length=200)])


def trusted_jobs(given: Any) -> TrustedJobs:
    """Read them. Raises `ValueError` with what is wrong."""
    if isinstance(given, TrustedJobs):
        return given
    if not isinstance(given, str) or len(given.encode()) > _TRUST_BYTES:
        raise ValueError(f"is no text of at most {_TRUST_BYTES} bytes")
    try:
        jobs = _JOBS.validate_json(given)
    except ValidationError as err:
        first = err.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where}: {first['msg']}" if where else f"is no JSON list of jobs: {first['msg']}") from err
    for number, one in enumerate(jobs):
        if one.ref is None and one.environment is None:
            raise ValueError(f"{number}: names neither ref nor environment; allowed: ref 'refs/*' for every branch")
    return TrustedJobs(jobs=jobs, text=given)


def proxies(given: Any) -> str:
    """CIDRs, with commas between. Raises `ValueError` for what is none, and for all addresses at once."""
    text = str(given)
    for one in filter(None, (part.strip() for part in text.split(","))):
        network = ipaddress.ip_network(one)
        if network.prefixlen == 0:
            raise ValueError(f"{one} would let anybody say where they come from; allowed: the load balancer's subnets")
    return ",".join(filter(None, (part.strip() for part in text.split(","))))


def public_url(given: Any) -> str:
    """Scheme, host and port. Raises `ValueError` for anything else; http is for this machine alone."""
    text = str(given).rstrip("/")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as err:
        raise ValueError("is no address; allowed: https://HOST") from err
    plain = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}" + (f":{port}" if port is not None else "")
    if plain != text or not re.fullmatch(r"[a-z0-9.:-]{1,253}", host):
        raise ValueError("is no address of a site; allowed: https://HOST in lower case, without a path")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in ("127.0.0.1", "localhost", "::1")):
        raise ValueError("would send sign-ins in clear; allowed: https, and http for this machine alone")
    return text


Roles = Annotated[RoleRules, BeforeValidator(role_rules)]
Trust = Annotated[TrustedJobs, BeforeValidator(trusted_jobs)]
Proxies = Annotated[str, BeforeValidator(proxies)]
PublicUrl = Annotated[str, BeforeValidator(public_url)]
