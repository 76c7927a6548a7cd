"""What jobs say: one model for each name, unknown fields refused. JSON Schema: docs/schema/job.schema.json.

They are the bodies of the API too, so whoever may add to the queue and whoever calls say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from generator.errors import ConfigError, Fault, Reason, Waiting
from generator.model.entry import Compute
from generator.render.asked import Request
from generator.values.formats import (
    Branch,
    DnsLabel,
    Duration,
    EnvironmentName,
    ImageDigest,
    ImageRepository,
    ImageTag,
    Text,
    Time,
    check_environment_name,
)
from generator.values.model_faults import faults_of
from generator.values.naming import IssueKey
from hub.store.ids import ID
from reconcilers.lifecycle.extend import ExtendRequest
from reconcilers.lifecycle.revive import ReviveRequest
from reconcilers.lifecycle.sleep import SleepRequest
from reconcilers.lifecycle.start import StartRequest
from reconcilers.ports.images import ImageName, image_name

M = TypeVar("M", bound=BaseModel)
SCHEMA: Final = "rtb-hub/job/v1"
#: A job of another version of the schema is left to a worker that knows it, and looked at again after so long.
_OF_ANOTHER_SECONDS = 60.0


#: A file of Figma's own site, as its "Copy link" gives it; it is shown as a link, and never asked for.
_FIGMA: Final = (
    r"^https://(?:www\.)?figma\.com/(?:file|design|proto|board|slides|make|site)/[A-Za-z0-9]{1,128}"
    r"(?:/[A-Za-z0-9%._~-]*)*(?:\?[A-Za-z0-9%._~=&:-]*)?(?:#[A-Za-z0-9%._~=&:-]*)?$"
)


def _issue(text: str) -> str:
    try:
        return str(IssueKey.parse(text))
    except ConfigError as err:
        raise ValueError(err.faults[0].message) from err


def _job_id(text: str) -> str:
    if not ID.fullmatch(text):
        raise ValueError("is no job id; allowed: a small letter, then 1 to 79 small letters, digits and hyphens")
    return text


def _short(text: str) -> str:
    if len(text) > 500 or not text.isprintable():
        raise ValueError("is no such text; allowed: at most 500 characters on one line, without control characters")
    return text


Issue = Annotated[str, AfterValidator(_issue)]
JobId = Annotated[str, AfterValidator(_job_id)]
Why = Annotated[Text, AfterValidator(_short)]
#: A repository of code at GitHub, by its name there.
RepoName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}/[A-Za-z0-9._-]{1,100}$")]
#: A reference of an image; what it may be is the environment's policy to say.
ImageReference = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[\x21-\x7e]+$")]
Setting = tuple[Annotated[str, Field(min_length=1, max_length=200)], Annotated[str, Field(max_length=5000)]]


class Said(BaseModel):
    """Base: frozen, unknown fields refused, camelCase as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Requester(Said):
    """Who asks. `via`: the way it came, such as `api`, `slack`, `jira`."""

    kind: Literal["person", "service"]
    id: Annotated[Text, AfterValidator(_short), Field(min_length=1)]
    via: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]


class StartBody(Said):
    """What is asked of a start: of a preview that is there, what is not named stays as it is.

    `queue`: wait while there is no room; null: where the environment has a queue. `unset`: fields that go back to the
    default (`web.cpu`, `web.env.X`, `branch`, `compute`), or an optional component that goes. `reset`: every setting
    goes back, but images stay. `mustExist`: refuse to start what is not there.
    """

    issue: Issue
    environment: EnvironmentName
    blueprint: DnsLabel | None = None
    branch: Branch | None = None
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None
    images: Annotated[dict[DnsLabel, ImageReference], Field(max_length=20)] = Field(default_factory=dict)
    settings: Annotated[list[Setting], Field(max_length=200)] = Field(default_factory=list)
    compute: Compute | None = None
    ttl: Duration | None = None
    office_hours: bool | None = None
    queue: bool | None = None
    unset: Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=200)] = Field(
        default_factory=list
    )
    reset: bool = False
    must_exist: bool = False
    reason: Why = ""

    def asked(self, requested_by: str) -> StartRequest:
        """The request that an action takes."""
        request = Request(self.images, tuple(self.settings), self.compute, self.branch, tuple(self.unset), self.reset)
        return StartRequest(
            IssueKey.parse(self.issue), requested_by, request, self.blueprint, self.ttl, self.office_hours,
            queue=self.queue, must_exist=self.must_exist,
        )  # fmt: skip


class Job(Said):
    """What all jobs say: the schema's version, their id, and who asks when."""

    job_schema: Literal["rtb-hub/job/v1"] = Field(alias="schema")
    id: JobId
    requested_by: Requester
    correlation_id: Annotated[Text, AfterValidator(_short)] = ""
    requested_at: AwareDatetime | None = None


class StartJob(Job, StartBody):
    """`preview.start`. `ifStartedBy`: leave one alone that another requester has."""

    if_started_by: Annotated[Text, AfterValidator(_short)] | None = None


class StopJob(Job):
    """`preview.stop`. `environment` null: wherever there is one. `ifStartedBy`: only one that this requester has."""

    issue: Issue
    environment: EnvironmentName | None
    reason: Why = ""
    if_started_by: Annotated[Text, AfterValidator(_short)] | None = None


class ExtendJob(Job):
    """`preview.extend`. `ifEnds`: the end that was seen; at another, nothing is added, so that a click counts once."""

    issue: Issue
    environment: EnvironmentName
    by: Duration
    if_ends: Time
    reason: Why = ""

    def asked(self, requested_by: str) -> ExtendRequest:
        """The request that an action takes."""
        return ExtendRequest(IssueKey.parse(self.issue), requested_by, self.by, self.reason, self.if_ends)


class ReviveJob(Job):
    """`preview.revive`. `ttl` null: as long as before."""

    issue: Issue
    environment: EnvironmentName
    ttl: Duration | None = None

    def asked(self, requested_by: str) -> ReviveRequest:
        """The request that an action takes."""
        return ReviveRequest(IssueKey.parse(self.issue), requested_by, self.ttl)


class SleepJob(Job):
    """`preview.sleep`."""

    issue: Issue
    environment: EnvironmentName
    reason: Why = ""

    def asked(self, requested_by: str) -> SleepRequest:
        """The request that an action takes."""
        return SleepRequest(IssueKey.parse(self.issue), requested_by, not isinstance(self, WakeJob), self.reason)


class WakeJob(SleepJob):
    """`preview.wake`."""


class ReviewJob(Job):
    """`request.review`: have the forge told what was written. `withdrawn`: that its branch is gone."""

    issue: Issue
    environment: EnvironmentName
    withdrawn: bool = False


class IssueHint(Job):
    """`issue.hint`: something about an issue changed at Jira, which is read again."""

    issue: Issue


class PullHint(Job):
    """`pull.hint`: something about a pull request changed at GitHub, which is read again. `repo`: `owner/name`."""

    repo: RepoName
    number: Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]


class DesignChanged(Job):
    """`design.changed`: the design of an issue changed in Figma. `url`: the file there."""

    issue: Issue
    url: Annotated[str, Field(max_length=1000, pattern=_FIGMA)]


class CatchUp(Job):
    """`catch.up`: look at what a sender delivered or changed that did not come by itself."""

    source: Literal["github", "jira"]


class BranchHint(Job):
    """`branch.hint`: a workflow run of a branch succeeded at GitHub; the branch is read again. `repo`: `owner/name`."""

    repo: RepoName
    branch: Branch


class ImageHint(Job):
    """`image.hint`: an image was pushed. `repository`: `HOST/NAME`. `tags`: those that name it now."""

    repository: ImageRepository
    digest: ImageDigest | None = None
    tags: Annotated[list[ImageTag], Field(max_length=50)]

    def names(self) -> list[ImageName]:
        """What may have been waited for."""
        return [image_name(f"{self.repository}:{tag}") for tag in self.tags]


class FromSlack(Job):
    """What somebody does in Slack. From the listener alone, which proved it.

    `user` of `team`: their account there, with names that they chose.
    """

    user: Annotated[str, Field(pattern=r"^[UW][A-Z0-9]{2,30}$")]
    user_name: Annotated[str, Field(max_length=100)] = ""
    team: Annotated[str, Field(pattern=r"^[TE][A-Z0-9]{2,30}$")] | None = None
    team_name: Annotated[str, Field(max_length=100)] = ""


class AskedInSlack(FromSlack):
    """What somebody asks for there. `responseUrl`: where they are told what became of it."""

    response_url: Annotated[str, Field(pattern=r"^https://hooks\.slack(-gov)?\.com/[A-Za-z0-9/_-]{1,300}$")]


class SlackClick(AskedInSlack):
    """`slack.click`: a click on a button of a message. `askedAt` and `ends`: of the preview that they saw."""

    action: Literal["extend", "sleep", "wake", "stop"]
    issue: Issue
    environment: EnvironmentName
    asked_at: Time
    ends: Time | None = None


class SlackCommand(AskedInSlack):
    """`slack.command`: what somebody typed after `/preview`, as they typed it; the first 500 characters."""

    text: Annotated[str, Field(max_length=500)]


class SlackAnswer(AskedInSlack):
    """`slack.answer`: tell who asked for an operation what became of it, once it has ended."""

    operation: JobId
    issue: Issue
    environment: EnvironmentName


class SlackUnfurl(FromSlack):
    """`slack.unfurl`: somebody posted links to the hub in a channel. `ts`: of the message that has them."""

    channel: Annotated[str, Field(pattern=r"^[CGD][A-Z0-9]{1,30}$")]
    ts: Annotated[str, Field(pattern=r"^[0-9]{1,12}\.[0-9]{1,9}$")]
    links: Annotated[list[Annotated[str, Field(max_length=3000)]], Field(min_length=1, max_length=5)]


class AutomationBody(Said):
    """What a rule of Jira's automation sends: `{issue, updated, rule}`; the three together say which delivery it is.

    `{"issue": "{{issue.key}}", "updated": "{{issue.updated}}", "rule": "{{rule.id}}"}` as custom data of the rule.
    """

    issue: Issue
    updated: Annotated[Text, AfterValidator(_short), Field(min_length=1)]
    rule: Annotated[Text, AfterValidator(_short), Field(min_length=1)]


NAMES: Final[Mapping[str, type[Job]]] = {
    "preview.start": StartJob,
    "preview.stop": StopJob,
    "preview.extend": ExtendJob,
    "preview.revive": ReviveJob,
    "preview.sleep": SleepJob,
    "preview.wake": WakeJob,
    "request.review": ReviewJob,
    "issue.hint": IssueHint,
    "pull.hint": PullHint,
    "design.changed": DesignChanged,
    "catch.up": CatchUp,
    "branch.hint": BranchHint,
    "image.hint": ImageHint,
    "slack.click": SlackClick,
    "slack.command": SlackCommand,
    "slack.answer": SlackAnswer,
    "slack.unfurl": SlackUnfurl,
}


_OF_A_PREVIEW: Final = frozenset(name for name in NAMES if name.startswith("preview."))


def parsed(name: str, payload: Mapping[str, Any]) -> Job:
    """The job that `payload` says.

    Raises `Waiting` for another version of the schema, which a newer worker takes, and `ConfigError` (InvalidValue)
    with every fault for what is wrong.
    """
    version = payload.get("schema")
    if isinstance(version, str) and version.startswith("rtb-hub/job/") and version != SCHEMA:
        message = f"a job of the schema {version[:40]!r} is left to a newer worker; this one knows {SCHEMA}"
        raise Waiting(Reason.INVALID_VALUE, Fault(message, field="schema"), retry_after_seconds=_OF_ANOTHER_SECONDS)
    if name not in NAMES:
        fault = Fault(f"there is no job {name[:60]!r}", field="name", allowed=", ".join(sorted(NAMES)))
        raise ConfigError(Reason.INVALID_VALUE, fault)
    return checked(NAMES[name], payload)


def key_of(name: str, payload: Mapping[str, Any]) -> tuple[str, bool]:
    """The key of a job whose payload nobody looked at yet, and whether it says all there is to say of its key.

    Empty where it has none: then what is wrong with it is said when it runs.
    """
    issue, environment = payload.get("issue"), payload.get("environment")
    if name not in _OF_A_PREVIEW or not isinstance(issue, str) or not isinstance(environment, str):
        return "", False
    try:
        return f"{check_environment_name(environment)}/{_issue(issue)}", name != "preview.extend"
    except ValueError:
        return "", False


def checked(model: type[M], tree: Mapping[str, Any]) -> M:
    """The model in `tree`. Raises `ConfigError` (InvalidValue) with every fault."""
    try:
        return model.model_validate(tree)
    except ValidationError as err:
        raise ConfigError(Reason.INVALID_VALUE, faults_of(err, model, lambda _: None)) from err


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of jobs; the title of each alternative is the name of its jobs."""
    hints = IssueHint | PullHint | BranchHint | ImageHint | DesignChanged
    slack = SlackClick | SlackCommand | SlackAnswer | SlackUnfurl
    every = StartJob | StopJob | ExtendJob | ReviveJob | SleepJob | WakeJob | ReviewJob | hints | CatchUp | slack
    tree: dict[str, Any] = TypeAdapter(every).json_schema(by_alias=True)
    names = {model.__name__: name for name, model in NAMES.items()}
    for name, one in tree["$defs"].items():
        one["title"] = names.get(name, one.get("title", name))
    about = "The data of a job; its name is the title of the alternative."
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:rtb-ai-hub:schema:job:v1",
        "title": "Job",
        "description": about,
        **tree,
    }
