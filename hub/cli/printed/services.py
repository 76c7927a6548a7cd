"""What commands about the services and rtb-hub itself print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from hub.cli.printed.previews import ErrorData
from hub.services.api.shapes import operations, tokens
from hub.services.api.shapes.base import EnvironmentText, IssueText, Shape, Time


class Job(Shape):
    """A job, without what it says."""

    id: str
    queue: str
    name: str = Field(examples=["preview.start"])
    key: str | None = Field(description="jobs of one key run one at a time", examples=["int/RTB-123"])
    state: str = Field(examples=["pending", "sent", "active", "waiting", "done", "dead", "superseded"])
    attempts: int
    crashes: int
    created_at: Time | None
    run_at: Time | None
    ended_at: Time | None
    parent: str | None
    error: ErrorData | None


class PlannedRetry(Job):
    """With --dry-run: a job that would run again."""

    dry_run: Literal[True]


class OneJob(Job):
    """A job with what it says, and what it came to."""

    payload: dict[str, Any]
    result: dict[str, Any] | None


class Jobs(Shape):
    """Jobs, the newest first, and how many there are of what."""

    jobs: list[Job]
    counts: list[operations.JobCount]
    more: bool


class Deliveries(Shape):
    """Deliveries, the newest first."""

    deliveries: list[operations.Delivery]
    more: bool


class Upgraded(Shape):
    """The schema of the services' database. `before` null: it was empty."""

    database: str
    before: str | None
    after: str


class Pruned(Shape):
    """Rows that were or would be deleted, by kind. Null: another process deletes just now."""

    database: str
    dry_run: bool
    rows: dict[str, int] | None


class Granted(Shape):
    """The roles of the services in their database, and the SQL that makes them."""

    roles: dict[str, str]
    statements: list[str]
    applied: bool


class Revoked(Shape):
    """A service token that holds no more."""

    id: str
    revoked: Literal[True]


class PlannedRevocation(Shape):
    """With --dry-run: a service token that would hold no more."""

    dry_run: Literal[True]
    id: str


class Told(Shape):
    """What was done about messages: how many of each outcome, by channel."""

    dry_run: Literal[False]
    done: dict[str, dict[str, int]]
    failed: int


class Message(Shape):
    """A message, and what would be done about it."""

    environment: EnvironmentText
    issue: IssueText
    channel: str
    place: str | None = Field(description="which of several places of the channel; null: there is one a preview")
    action: str
    at: Time | None
    alerts: str | None
    phase: str
    text: str


class Messages(Shape):
    """With --dry-run: every message."""

    dry_run: Literal[True]
    messages: list[Message]


class Setting(Shape):
    """A setting as it holds. What is secret is `set` or `not set`."""

    name: str
    value: str
    source: Literal["environment", "context", "file", "default"]
    default: str


class UnknownSetting(Shape):
    """A variable that looks like a setting and is none."""

    name: str
    nearest: str


class Rules(Shape):
    """Jira projects that hub/services.yaml has rules for, by branch. `unread`: why that is not known."""

    projects: dict[str, list[str]]
    unread: str | None


class Settings(Shape):
    """All settings. `rules` null: no state repository is named."""

    settings: list[Setting]
    unknown: list[UnknownSetting]
    rules: Rules | None


class Rotated(Shape):
    """A new key for access tokens."""

    key: str
    signs: str = Field(description="when it begins to", examples=["now", "in 24 hours"])


class Version(Shape):
    """Which release it is, and what runs it."""

    version: str
    python: str
    platform: str


class Context(Shape):
    """A context: a repository or a server, an environment, who asks."""

    name: str
    in_use: bool
    repo: str | None
    server: str | None
    environment: str | None
    actor: str | None


class NoContext(Shape):
    """No context is in use any more."""

    name: None


class Contexts(Shape):
    """All contexts of a user, and the file that they are in."""

    file: str
    contexts: list[Context]


#: See `hub.cli.printed`.
OUTPUTS: Mapping[str, Any] = {
    "auth-rotate": Rotated,
    "config": Settings,
    "context-add": Context,
    "context-list": Contexts,
    "context-remove": Context,
    "context-show": Context,
    "context-use": Context | NoContext,
    "db-grants": Granted,
    "db-prune": Pruned,
    "db-upgrade": Upgraded,
    "job-list": Jobs,
    "job-retry": Job | PlannedRetry,
    "job-show": OneJob,
    "tell": Told | Messages,
    "token-create": tokens.NewToken,
    "token-list": tokens.Tokens,
    "token-revoke": Revoked | PlannedRevocation,
    "version": Version,
    "webhook-list": Deliveries,
    "webhook-replay": operations.Replayed,
    "webhook-show": operations.OneDelivery,
}
