"""What starts and stops previews by itself: `hub/services.yaml` on the branch of the environments it is for.

JSON Schema: docs/schema/services.schema.json. Statuses are told by id, since Jira translates their names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError, model_validator

from generator.errors import ConfigError, Fault, Location, Reason
from generator.model.entry import Model
from generator.values.formats import IMAGE_TAG, DnsLabel, EnvironmentName, ImageDigest, ImageRepository
from generator.values.model_faults import faults_of
from generator.yaml.reader import Document, load

SERVICES_FILE = PurePosixPath("hub/services.yaml")
#: What a tag may have in braces: the issue's key, the commit's id (its first seven digits, or all), the branch's name.
PLACES = ("key", "sha7", "sha", "branch")
#: Those that only a branch or pull request of the issue tells.
_OF_WORK = frozenset({"sha7", "sha", "branch"})
_PLACE = re.compile(r"\{([^{}]*)\}")
_LONGEST = {"key": "A" * 10 + "-" + "9" * 9, "sha7": "0" * 7, "sha": "0" * 40, "branch": "b"}
#: Files kept read in a process: the same text is read for each hint.
_MOST_KEPT = 16


def _not_prd(name: str) -> str:
    if name == "prd":
        raise ValueError("nothing starts in 'prd' by itself; allowed: environments that nobody has to approve")
    return name


def _tag(text: str) -> str:
    for place in _PLACE.findall(text):
        if place not in PLACES:
            allowed = ", ".join(f"{{{one}}}" for one in PLACES)
            raise ValueError(f"{place[:40]!r} in braces stands for nothing; allowed: {allowed}")
    if not IMAGE_TAG.fullmatch(_PLACE.sub(lambda found: _LONGEST[found[1]], text)):
        allowed = "at most 128 of letters, digits, '_', '.' and '-' with what stands in braces filled in"
        raise ValueError(f"{text[:80]!r} makes no tag; allowed: {allowed}")
    return text


def _each_once(values: Sequence[str]) -> Sequence[str]:
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"{value[:80]!r} stands there twice; allowed: each once")
    return values


StatusId = Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]
IssueLabel = Annotated[str, Field(pattern=r"^\S{1,255}$")]
ProjectKey = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{1,9}$")]
TagPattern = Annotated[str, AfterValidator(_tag)]
#: A repository of code on GitHub.
CodeRepository = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}$")]
CheckName = Annotated[str, Field(pattern=r"^[^\x00-\x1f]{1,100}$")]


class On(Model):
    """What an issue must have: one of the statuses, or one of the labels."""

    status_ids: Annotated[list[StatusId], Field(max_length=100), AfterValidator(_each_once)] = Field(
        default_factory=list, description="ids of statuses, as /rest/api/3/status lists them"
    )
    labels: Annotated[list[IssueLabel], Field(max_length=100), AfterValidator(_each_once)] = Field(
        default_factory=list, description="labels, in the case that they are written in"
    )

    @model_validator(mode="after")
    def _says_something(self) -> On:
        if not self.status_ids and not self.labels:
            raise ValueError("names neither a status nor a label; allowed: statusIds, labels, or both")
        return self


class ImageRule(Model):
    """Which image a component runs: one that is the same for each issue by its digest, else by what its tag will be."""

    repository: ImageRepository = Field(description="[registry/]name")
    tag: TagPattern | None = Field(None, description="the tag, such as {key}-{sha7}")
    digest: ImageDigest | None = Field(None, description="in place of the tag: the image of every issue")
    source: CodeRepository | None = Field(
        None,
        description="of a tag with {sha7}, {sha} or {branch}: the repository on GitHub whose pull request tells",
    )
    otherwise: TagPattern | None = Field(
        None, description="the tag where the issue has no open pull request in `source`, such as main"
    )

    @model_validator(mode="after")
    def _is_one(self) -> ImageRule:
        if (self.tag is None) == (self.digest is None):
            raise ValueError("needs one of tag and digest; allowed: tag, or digest")
        if self.needs_work and self.source is None:
            raise ValueError("has a tag of a commit or branch and no source; allowed: source: owner/name beside it")
        if self.source is not None and not self.needs_work:
            raise ValueError("has a source that its tag does not need; allowed: {sha7}, {sha} or {branch} in its tag")
        if self.otherwise is not None and (self.source is None or _OF_WORK & {*_PLACE.findall(self.otherwise)}):
            raise ValueError("has a wrong otherwise; allowed: beside source, with {key} alone in braces")
        return self

    @property
    def needs_work(self) -> bool:
        """Whether a pull request or a branch of the issue has to tell what its tag is."""
        return bool(_OF_WORK & {*_PLACE.findall(self.tag or "")})

    @property
    def pinned(self) -> str | None:
        """The image by its digest, where that is known without asking a registry."""
        return f"{self.repository}@{self.digest}" if self.digest else None


class PullRule(Model):
    """Which pull requests on GitHub start previews, by the issue that their branch names, as feature/RTB-123-login."""

    repositories: Annotated[list[CodeRepository], Field(min_length=1, max_length=50), AfterValidator(_each_once)] = (
        Field(description="whose pull requests count; forks' never do")
    )
    labels: Annotated[list[IssueLabel], Field(max_length=100), AfterValidator(_each_once)] = Field(
        default_factory=lambda: ["preview"], description="an open pull request with one of these starts"
    )
    checks: Annotated[list[CheckName], Field(max_length=20), AfterValidator(_each_once)] = Field(
        default_factory=list, description="so does a branch whose newest commit passed all of these; none = no branch"
    )

    @model_validator(mode="after")
    def _says_something(self) -> PullRule:
        if not self.labels and not self.checks:
            raise ValueError("names neither a label nor a check; allowed: labels, checks, or both")
        return self


class ProjectRule(Model):
    """What starts and stops the previews of one Jira project's issues."""

    start_on: On | None = Field(None, description="what of an issue starts previews; none: only pull requests do")
    pull_requests: PullRule | None = Field(None, description="which pull requests start previews; none: none do")
    stop_on: On | None = Field(
        None, description="what stops those started so, beside the issue being done; none: what starts it being gone"
    )
    environments: Annotated[
        list[Annotated[EnvironmentName, AfterValidator(_not_prd)]],
        Field(min_length=1, max_length=20),
        AfterValidator(_each_once),
    ] = Field(description="where; none of them gated, and all on the branch of this file")
    blueprint: DnsLabel | None = Field(None, description="which templates; none: the default, web-api")
    images: Annotated[dict[DnsLabel, ImageRule], Field(min_length=1, max_length=20)] = Field(
        description="component → which image it runs"
    )

    @property
    def code(self) -> list[str]:
        """The repositories of code that it names."""
        named = [one.source for one in self.images.values() if one.source is not None]
        return [*(self.pull_requests.repositories if self.pull_requests else ()), *named]

    @model_validator(mode="after")
    def _is_decided(self) -> ProjectRule:
        start, stop = self.start_on, self.stop_on
        if start is None and (self.pull_requests is None or stop is not None):
            raise ValueError("has no startOn; allowed: startOn, or pullRequests without stopOn")
        both = {*start.status_ids} & {*stop.status_ids} if start and stop else set()
        both |= {*start.labels} & {*stop.labels} if start and stop else set()
        if both:
            raise ValueError(f"{min(both)[:80]!r} both starts and stops; allowed: one of startOn and stopOn")
        return self


class Services(Model):
    """The file."""

    projects: Annotated[dict[ProjectKey, ProjectRule], Field(max_length=200)] = Field(
        description="Jira project's key → its rule"
    )


def read_services(text: bytes, *, homes: Mapping[str, str | None], branch: str) -> Services:
    """The file on `branch`. `homes`: the branch of each environment there is, None for one that is gated.

    Raises `ConfigError` with every fault: UnreadableYaml, InvalidServices.
    """
    services, document = _read(text)
    faults = [
        Fault(told, document.location(("projects", key, "environments", number)), field, _here(homes, branch))
        for key, rule in services.projects.items()
        for number, name in enumerate(rule.environments)
        if (told := _why_not(name, homes, branch))
        for field in [f"projects.{key}.environments[{number}]"]
    ]
    if faults:
        raise ConfigError(Reason.INVALID_SERVICES, faults)
    return services


def _why_not(name: str, homes: Mapping[str, str | None], branch: str) -> str:
    """Why nothing may start in an environment by a file on `branch`; empty: it may."""
    if name not in homes:
        return f"there is no environment {name!r}"
    home = homes[name]
    if home is None:
        return f"{name!r} is gated: what changes there is approved first"
    return "" if home == branch else f"{name!r} lives on branch {home}"


def _here(homes: Mapping[str, str | None], branch: str) -> str:
    return ", ".join(sorted(name for name, home in homes.items() if home == branch)) or "none on this branch"


@lru_cache(_MOST_KEPT)
def _read(text: bytes) -> tuple[Services, Document]:
    source = str(SERVICES_FILE)
    document = load(text, source)
    if not isinstance(document.data, Mapping):
        fault = Fault("is no mapping", document.location(()) or Location(source), allowed="projects")
        raise ConfigError(Reason.INVALID_SERVICES, fault)
    try:
        return Services.model_validate(document.data), document
    except ValidationError as err:
        raise ConfigError(Reason.INVALID_SERVICES, faults_of(err, Services, document.nearest_location)) from err
