"""Start: from a request and the observed state to a plan that writes entry and manifests in one commit.

Asking again with the same input gives an empty plan; with other input, an update that keeps lease and shard. Who asks
for a preview whose removal is only requested wants it to stay: that request is withdrawn, or an update takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import ValidationError

from generator import request as requests
from generator.blueprint import DEFAULT, TemplateLibrary
from generator.entry import Lease, Preview, Rendered
from generator.environment import Environment
from generator.errors import ConfigError, Fault, Reason
from generator.formats import parse_time
from generator.model_faults import faults_of
from generator.naming import ENTRY_FILE, MANIFEST_FILE, IssueKey, preview_folder
from generator.render import PreviewRenderer, Rendering
from generator.yaml_writer import dump
from reconcilers.capacity import check_room, choose_shard, keep_shard
from reconcilers.leases import end_after, is_over, length_of, new_lease
from reconcilers.plan import FileChange, Plan
from reconcilers.state import EntryRecord, EnvironmentState, target

Change = Literal["created", "updated", "unchanged", "kept"]
Check = Callable[[Rendering, Preview, Environment], None]


@dataclass(frozen=True, slots=True)
class StartRequest:
    """What a person asks for. `blueprint`, `ttl` and `office_hours` None: as before, else the default."""

    key: IssueKey
    requested_by: str
    request: requests.Request
    blueprint: str | None = None
    ttl: str | None = None
    office_hours: bool | None = None


@dataclass(frozen=True, slots=True)
class StartOutcome:
    """What starting would do: the entry and its rendering, and the plan (empty when unchanged or kept).

    `ends_removal`: the preview's removal was requested, and no longer is. Either `withdraw` names the request branch to
    delete and the commit it must still be at ("kept"), or the plan puts an update in its place.
    """

    change: Change
    preview: Preview
    rendering: Rendering
    plan: Plan
    previous: EntryRecord | None
    ends_removal: bool = False
    withdraw: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Starter:
    """Plans starts. `check` raises `ConfigError` (ManifestInvalid) for a rendering that must not be committed."""

    library: TemplateLibrary
    check: Check
    version: str

    def plan(self, asked: StartRequest, state: EnvironmentState, *, now: datetime) -> StartOutcome:
        """Plan one start. Raises `ConfigError` for a wrong request and `Stalled` (CapacityExhausted) when full."""
        environment = state.environment
        previous = (state.request(asked.key) if environment.spec.gated else None) or state.entry(asked.key)
        before = previous.preview if previous else None
        draft = self.draft(asked, environment, before, others=_others(asked.key, state), now=now)
        preview, rendering = self.rendered(draft, environment, state.library)
        plan = _plan(asked, preview, rendering, state, previous)
        removal = asked.key.name in state.removals
        if removal and plan.is_converged:
            head = state.snapshot.commit
            live = Plan(state.snapshot.branch, head, head, f"Keep {asked.key} in {environment.name}")
            withdraw = (plan.branch, state.request_heads[asked.key.name])
            return StartOutcome("kept", preview, rendering, live, previous, True, withdraw)
        change: Change = "unchanged" if plan.is_converged else "updated" if previous else "created"
        return StartOutcome(change, preview, rendering, plan, previous, removal)

    def rendered(self, draft: Preview, environment: Environment, library: TemplateLibrary) -> tuple[Preview, Rendering]:
        """The entry with its stamp, and its manifests, checked. Raises what rendering and `check` raise."""
        renderer = PreviewRenderer(library)
        rendering = renderer.render(draft, environment)
        self.check(rendering, draft, environment)
        inputs = renderer.inputs_digest(draft, environment, self.version)
        stamp = Rendered(generator=self.version, digest=rendering.digest, inputs=inputs)
        return draft.model_copy(update={"spec": draft.spec.model_copy(update={"rendered": stamp})}), rendering

    def draft(
        self,
        asked: StartRequest,
        environment: Environment,
        before: Preview | None,
        *,
        others: tuple[EntryRecord, ...],
        now: datetime,
    ) -> Preview:
        """The entry without its stamp of rendering. `before` is the entry it replaces, `others` all other entries."""
        blueprint = self.library.blueprint(asked.blueprint or (before.spec.blueprint if before else DEFAULT))
        components = requests.components_of(asked.request, blueprint, environment)
        compute = requests.compute_of(asked.request, environment)
        lease = _lease(asked, environment, before, now)
        neighbours = [record.facts for record in others if record.facts is not None]
        count = 0 if before else len({record.name for record in others})
        check_room(components, compute, neighbours, environment, count=count)
        if before:
            shard = keep_shard(components, before, neighbours, environment)
        else:
            shard = choose_shard(components, neighbours, environment)
        spec = {
            "issue": str(asked.key),
            "environment": environment.name,
            "blueprint": blueprint.name,
            "branch": asked.request.branch,
            "compute": compute,
            "components": components,
            "shard": shard,
            "lease": lease,
        }
        return checked({"metadata": {"name": asked.key.name}, "spec": spec})


def checked(tree: Mapping[str, Any]) -> Preview:
    """The entry in `tree`. Raises `ConfigError` (InvalidValue) with every fault."""
    try:
        return Preview.model_validate(tree)
    except ValidationError as err:
        raise ConfigError(Reason.INVALID_VALUE, faults_of(err, Preview, lambda _: None)) from err


def entry_text(preview: Preview) -> str:
    """The text of `preview.yaml`: fields without a value left out, a comment that leads editors to the schema."""
    tree = preview.model_dump(mode="json", by_alias=True, exclude_none=True)
    for component in tree["spec"]["components"].values():
        for name in ("env", "secrets", "command", "args"):
            if not component[name]:
                del component[name]
    up = "../" * len(preview_folder(preview.spec.environment, preview.key).parts)
    return f"# yaml-language-server: $schema={up}docs/schema/preview.schema.json\n{dump(tree)}"


def _others(key: IssueKey, state: EnvironmentState) -> tuple[EntryRecord, ...]:
    return tuple(record for record in state.records if record.name != key.name)


def _lease(
    asked: StartRequest, environment: Environment, before: Preview | None, now: datetime
) -> Lease | dict[str, Any]:
    """The lease that still runs; or a fresh one, or one of another length when asked for, as a tree to be checked."""
    running = before.spec.lease if before and not is_over(before.spec.lease, now) else None
    ttl = asked.ttl or (running.ttl if running else environment.spec.lease.ttl)
    office_hours = asked.office_hours
    if office_hours is None:
        office_hours = running.office_hours if running else False
    length = length_of(ttl, environment)
    if running is None:
        return new_lease(asked.requested_by, now, ttl, environment, office_hours=office_hours)
    if (ttl, office_hours) == (running.ttl, running.office_hours):
        return running
    requested_at = parse_time(running.requested_at)
    if end_after(requested_at, length, environment, office_hours=office_hours) <= now:
        what = f"{ttl} after {running.requested_at} is over already"
        raise ConfigError(Reason.INVALID_VALUE, Fault(what, field="ttl", remedy="ask for longer, or stop it"))
    return new_lease(running.requested_by, requested_at, ttl, environment, office_hours=office_hours)


def _plan(
    asked: StartRequest,
    preview: Preview,
    rendering: Rendering,
    state: EnvironmentState,
    previous: EntryRecord | None,
) -> Plan:
    environment = state.environment
    folder = preview_folder(environment.name, asked.key)
    unchanged = previous is not None and previous.preview == preview
    verb = "Update" if previous else "Start"
    why = f"{verb.lower()} {asked.key} in {environment.name}"
    changes = (
        FileChange(folder / MANIFEST_FILE, rendering.text.encode(), f"{why}: {len(rendering.manifests)} objects"),
        FileChange(folder / ENTRY_FILE, entry_text(preview).encode(), f"{why}: the entry"),
    )
    branch, base, expected = target(asked.key, state)
    return Plan(
        branch=branch,
        base=base,
        expected=expected,
        subject=f"{verb} {asked.key} in {environment.name}",
        changes=() if unchanged else changes,
        trailers=(
            ("Preview", f"{environment.name}/{asked.key.name}"),
            ("Action", verb.lower()),
            ("Requested-By", asked.requested_by),
            ("Rendered-Digest", rendering.digest),
            ("Generator", f"rtb-hub {preview.spec.rendered.generator if preview.spec.rendered else ''}"),
        ),
    )
