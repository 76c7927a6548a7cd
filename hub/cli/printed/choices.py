"""What commands about environments, their accounts, blueprints and fields print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from generator.model.component_template import ComponentTemplate
from generator.model.environment import Environment
from hub.services.api.shapes.base import EnvironmentText, Shape
from hub.services.api.shapes.worded import Unreadable


class AccountDifference(Shape):
    """A fact of an object in an account that is otherwise than it was rendered."""

    fact: str
    wanted: Any
    found: Any


class AccountCheck(Shape):
    """An object of an account, compared with what is rendered for it."""

    stack: str | None = Field(description="null: it is needed, and of no stack")
    kind: str
    name: str
    state: Literal["found", "missing", "differs", "unread"]
    why: str | None = Field(description="why it could not be read")
    differences: list[AccountDifference]
    repairs: list[str] = Field(description="commands, or sentences")


class CheckedAccount(Shape):
    """An environment's account, compared with what is rendered for it."""

    environment: EnvironmentText
    account: str
    region: str
    checks: list[AccountCheck]


class AccountRecord(Shape):
    """The wildcard record of an environment, and the change that makes it right."""

    environment: EnvironmentText
    zone: str | None = Field(description="the hosted zone; null: names are kept elsewhere")
    change_batch: dict[str, Any] | None = Field(
        description="what 'aws route53 change-resource-record-sets' takes; null: nothing to change, or not known"
    )
    checks: list[AccountCheck]


class Environments(Shape):
    """All environments, each with every value."""

    origin: str
    environments: list[Environment]
    unreadable: list[Unreadable]


class EditedBranch(Shape):
    """A commit of an edit."""

    branch: str
    commit: str
    request_for: str | None = Field(description="the branch that it is to be merged into, by review; null: it is there")
    request_url: str | None = Field(description="its pull request; null: there is none, or no forge to ask for one")
    written: list[str] = Field(description="files")


class EditedEnvironment(Shape):
    """An edit of the file of an environment. `branches` is empty where a folder was edited, or nothing was written."""

    environment: str
    file: str
    changed: bool
    dry_run: bool
    diff: str = Field(description="unified; empty: nothing changed")
    branches: list[EditedBranch]


class Value(Shape):
    """One value of an environment, and where it is set."""

    field: str = Field(examples=["spec.lease.ttl"])
    value: Any
    set_at: str = Field(description="file:line:column, or default")


class Explained(Shape):
    """Every value of an environment, and where it is set."""

    environment: EnvironmentText
    values: list[Value]


class ExplainedField(Shape):
    """A field of a file. `default` is left out where there is none."""

    field: str = Field(examples=["spec.lease.ttl"], description="empty: all of the file")
    type: str = Field(examples=["text", "whole number", "list of object"])
    about: str
    required: bool
    default: Any = None
    allowed: list[str]
    examples: list[str]
    fields: list[ExplainedField]


class ExplainedFile(ExplainedField):
    """A field, and the kind of file that it is in."""

    kind: str = Field(examples=["environment"])


class BlueprintName(Shape):
    """A blueprint, and what it is for."""

    name: str
    summary: str
    default: bool
    own: bool = Field(description="of the state repository, or of --blueprints")
    components: list[str]


class UnreadableBlueprint(Shape):
    """A blueprint that cannot be read, and why."""

    name: str
    faults: list[str]


class Blueprints(Shape):
    """The blueprints."""

    blueprints: list[BlueprintName]
    unreadable: list[UnreadableBlueprint]


class Tried(Shape):
    """What a blueprint comes to in an environment."""

    environment: EnvironmentText
    compute: str
    objects: int
    per_hour: str | None = Field(description="null: it has no price of its own there, or could not be rendered")
    faults: list[str]


class CheckedBlueprint(Shape):
    """A blueprint that was rendered in each environment. `faults`: those of the file."""

    name: str
    ok: bool
    faults: list[str]
    environments: list[Tried]


class CheckedBlueprints(Shape):
    """Blueprints that were rendered in each environment."""

    blueprints: list[CheckedBlueprint]


class Blueprint(Shape):
    """A blueprint: components, what can be set of them, templates."""

    name: str
    summary: str
    own: bool = Field(description="of the state repository, or of --blueprints")
    components: dict[str, ComponentTemplate]
    fields: dict[str, str] = Field(description="what --set takes, with the words for its type")
    templates: list[str]


class NotTaken(Shape):
    """Something of a file that the blueprint has not, and why."""

    service: str
    what: str
    why: str


class WrittenBlueprint(Shape):
    """A first blueprint that was written."""

    file: str
    not_taken: list[NotTaken]


#: See `hub.cli.printed`.
OUTPUTS: Mapping[str, Any] = {
    "account-check": CheckedAccount,
    "account-record": AccountRecord,
    "blueprint-check": CheckedBlueprints,
    "blueprint-import": WrittenBlueprint,
    "blueprint-list": Blueprints,
    "blueprint-new": WrittenBlueprint,
    "blueprint-show": Blueprint,
    "env-add": EditedEnvironment,
    "env-list": Environments,
    "env-remove": EditedEnvironment,
    "env-set": EditedEnvironment,
    "env-show": Environment | Explained,
    "explain": ExplainedFile,
}
