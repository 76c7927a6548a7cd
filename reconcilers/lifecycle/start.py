"""Start: from a request and the observed state to a plan that writes entry and manifests in one commit.

Asking again with the same input gives an empty plan; with other input, an update that keeps lease and shard. Who asks
for a preview whose removal is only requested wants it to stay: that request is withdrawn, or an update takes its place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from generator.errors import ConfigError, Fault, Reason, Remedy, RemedyKind
from generator.model.blueprint import DEFAULT, TemplateLibrary
from generator.model.entry import Lease, Preview
from generator.model.environment import Environment
from generator.render.asked import Request
from generator.render.render import PreviewRenderer, Rendering
from generator.render.request import components_of, compute_of
from generator.values.formats import format_time, parse_time
from generator.values.model_faults import faults_of
from generator.values.naming import ENTRY_FILE, MANIFEST_FILE, IssueKey, preview_folder
from generator.yaml.writer import dump
from reconcilers.capacity.capacity import EMPTY, Room, find_shard, keep_shard, need_of, need_of_entry
from reconcilers.leases import begin_of, end_after, is_over, length_of, new_lease
from reconcilers.lifecycle.changed import entry_changes

if TYPE_CHECKING:  # an entry is drafted and rendered without a repository, and what reads one takes a while to load
    from generator.model.queued import QueuedPreview
    from generator.objects.diff import FieldChange
    from reconcilers.plan import Plan
    from reconcilers.state.entries import EntryRecord
    from reconcilers.state.environment import EnvironmentState

Change = Literal["created", "updated", "unchanged", "kept"]
Check = Callable[[Rendering, Preview, Environment], None]


@dataclass(frozen=True, slots=True)
class StartRequest:
    """What a person asks for: what is not named stays as it is in the entry or the queue, else it is the default.

    `queue`: wait in line while there is no room; None: where the environment has a queue. `must_exist`: refuse to start
    what is not there.
    """

    key: IssueKey
    requested_by: str
    request: Request
    blueprint: str | None = None
    ttl: str | None = None
    office_hours: bool | None = None
    queue: bool | None = False
    must_exist: bool = False


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

    @property
    def changed(self) -> tuple[FieldChange, ...]:
        """What an update changes of the entry; empty for all else."""
        before = self.previous.preview if self.previous else None
        return entry_changes(before, self.preview) if before and self.change == "updated" else ()


@dataclass(frozen=True, slots=True)
class Starter:
    """Plans starts. `check` raises `ConfigError` (ManifestInvalid) for a rendering that must not be committed."""

    check: Check
    version: str
    #: Renderers that are not in use. One keeps what it compiled, and serves one thread at a time.
    _spare: deque[PreviewRenderer] = field(default_factory=lambda: deque(maxlen=4), compare=False, repr=False)

    def plan(self, asked: StartRequest, state: EnvironmentState, *, now: datetime) -> StartOutcome:
        """Plan one start, by which a request that waited leaves the line.

        Raises `ConfigError` for a wrong request, or for what another release wrote, and `Stalled` (CapacityExhausted)
        when it is full, or others wait.
        """
        from reconcilers.lifecycle.queue_order import room_for
        from reconcilers.plan import Plan
        from reconcilers.state.environment import must_be_of_this_release, must_not_share

        must_be_of_this_release(asked.key, state)
        environment = state.environment
        previous = _previous(asked.key, state)
        before = previous.preview if previous else None
        waits = state.in_queue(asked.key)
        room = room_for(asked.key, state)
        kept = before or (waits.queued if waits else None)
        if asked.must_exist and kept is None:
            message = f"there is no preview of {asked.key} in {environment.name}"
            raise ConfigError(Reason.PREVIEW_NOT_FOUND, Fault(message, remedy=Remedy(RemedyKind.START_FIRST)))
        draft = draft_of(asked, environment, state.library, kept, room=room, now=now)
        preview, rendering = self.rendered(draft, environment, state.library)
        must_not_share(rendering.manifests, state)
        check_room(preview, room, environment, before)
        plan = start_plan(preview, rendering, state, Attribution(asked.requested_by))
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
        renderer = self._renderer(library)
        rendering = renderer.render(draft, environment)
        self.check(rendering, draft, environment)
        stamped = renderer.stamped(draft, rendering, environment, self.version)
        self._spare.append(renderer)
        return stamped, rendering

    def _renderer(self, library: TemplateLibrary) -> PreviewRenderer:
        """One of this library that nobody else uses: compiling templates takes longer than all else of a start."""
        for renderer in tuple(self._spare):
            if renderer.library == library:
                try:
                    self._spare.remove(renderer)
                except ValueError:  # another thread was quicker
                    continue
                return renderer
        return PreviewRenderer(library)


def draft_of(  # noqa: PLR0913 - what an entry is made of
    asked: StartRequest,
    environment: Environment,
    library: TemplateLibrary,
    before: Preview | QueuedPreview | None = None,
    *,
    room: Room = EMPTY,
    now: datetime,
) -> Preview:
    """The entry without its stamp of rendering. `room` is what it finds.

    `before` has the values that stay: the entry it replaces, or what waited for it. Of another blueprint's components
    only the images stay. Raises `ConfigError` for a wrong request, and `Stalled` (CapacityExhausted).
    """
    entry = before if isinstance(before, Preview) else None
    was, request = before.spec if before else None, asked.request
    blueprint = library.blueprint(asked.blueprint or (was.blueprint if was else DEFAULT))
    compute = compute_of(request, environment, blueprint, was.compute if was else None)
    of_components = replace(request, reset=True) if was and was.blueprint != blueprint.name else request
    components = components_of(of_components, blueprint, environment, was.components if was else {}, compute)
    branch = request.branch
    if branch is None and was and not request.forgets("branch"):
        branch = was.branch
    lease = _lease(asked, environment, before, now)
    owner = was.lease.requested_by if was else asked.requested_by
    need = need_of(owner, components, compute)
    sleep = entry.spec.sleep if entry and not request.reset and not is_over(entry.spec.lease, now) else None
    if sleep is not None and sleep.asleep:
        need = replace(need, vcpu=Decimal(0))  # what runs on all the same is counted once it is rendered
    shard = keep_shard(need, entry, room, environment) if entry else find_shard(need, room, environment)
    spec = {
        "issue": str(asked.key),
        "environment": environment.name,
        "blueprint": blueprint.name,
        "branch": branch,
        "compute": compute,
        "components": components,
        "shard": shard,
        "lease": lease,
        "sleep": sleep,
    }
    return checked({"metadata": {"name": asked.key.name}, "spec": spec})


def check_room(preview: Preview, room: Room, environment: Environment, before: Preview | None = None) -> None:
    """Raise `Stalled` (CapacityExhausted) when templates add pods that there is no room for.

    What the components take was looked at before it was rendered.
    """
    if preview.spec.rendered is None or preview.spec.rendered.pods is None:
        return
    need = need_of_entry(preview)
    if before is not None:
        keep_shard(need, before, room, environment)
    else:
        find_shard(need, room, environment, before=preview.spec.shard)


def checked(tree: Mapping[str, Any]) -> Preview:
    """The entry in `tree`. Raises `ConfigError` (InvalidValue) with every fault."""
    try:
        return Preview.model_validate(tree)
    except ValidationError as err:
        raise ConfigError(Reason.INVALID_VALUE, faults_of(err, Preview, lambda _: None)) from err


def entry_text(preview: Preview) -> str:
    """The text of `preview.yaml`: fields without a value left out, a comment that leads editors to the schema."""
    return file_text(preview, "preview", preview_folder(preview.spec.environment, preview.key))


def file_text(file: Preview | QueuedPreview, schema: str, folder: PurePosixPath) -> str:
    """The text of a file in `folder` that is described by `schema`."""
    tree = file.model_dump(mode="json", by_alias=True, exclude_none=True)
    for component in tree["spec"]["components"].values():
        for name in ("env", "secrets", "command", "args"):
            if not component[name]:
                del component[name]
    return f"# yaml-language-server: $schema={'../' * len(folder.parts)}docs/schema/{schema}.schema.json\n{dump(tree)}"


def _lease(
    asked: StartRequest, environment: Environment, before: Preview | QueuedPreview | None, now: datetime
) -> Lease | dict[str, Any]:
    """The lease that still runs; or a fresh one, or one of another length when asked for, as a tree to be checked."""
    found = before.spec.lease if before else None
    current = None if isinstance(found, Lease) and is_over(found, now) else found
    kept = None if asked.request.reset else current
    ttl = asked.ttl or (kept.ttl if kept else environment.spec.lease.ttl)
    office_hours = asked.office_hours
    if office_hours is None:
        office_hours = kept.office_hours if kept else False
    length = length_of(ttl, environment)
    if not isinstance(current, Lease):
        by = current.requested_by if current else asked.requested_by
        return new_lease(by, now, ttl, environment, office_hours=office_hours)
    if (ttl, office_hours) == (current.ttl, current.office_hours):
        return current
    requested_at = parse_time(current.requested_at)
    anew = new_lease(current.requested_by, requested_at, ttl, environment, office_hours=office_hours)
    if environment.spec.gated and current.activated_at is None:
        return anew
    ends = end_after(begin_of(current), length, environment, office_hours=office_hours)
    if ends <= now:
        what = f"{ttl} after {format_time(begin_of(current))} is over already"
        raise ConfigError(Reason.INVALID_VALUE, Fault(what, field="ttl", remedy="ask for longer, or stop it"))
    # What has begun counts from there: else every other length would bring the whole cap again.
    begun = {"activatedAt": current.activated_at} if current.activated_at else {}
    return anew | begun | {"expiresAt": format_time(ends)}


def _previous(key: IssueKey, state: EnvironmentState) -> EntryRecord | None:
    """What a start replaces: the request that awaits approval before what is live."""
    return (state.request(key) if state.environment.spec.gated else None) or state.entry(key)


@dataclass(frozen=True, slots=True)
class Attribution:
    """What is done to a preview, as its history tells. `verb` is start or update unless it says otherwise.

    `because` is added to why, in words; `trailers` are those of this verb alone.
    """

    by: str
    verb: str = ""
    because: str = ""
    trailers: tuple[tuple[str, str], ...] = ()


def start_plan(preview: Preview, rendering: Rendering, state: EnvironmentState, attribution: Attribution) -> Plan:
    """The plan that writes entry and manifests, and takes it out of the line; empty when it is there as it is."""
    from reconcilers.plan import FileChange, Plan
    from reconcilers.state.environment import target

    previous = _previous(preview.key, state)
    environment, key = state.environment, preview.key
    folder, waits = preview_folder(environment.name, key), state.in_queue(key)
    verb = attribution.verb or ("update" if previous else "start")
    why = f"{verb} {key} in {environment.name}{attribution.because}"
    changes = (
        FileChange(folder / MANIFEST_FILE, rendering.text.encode(), f"{why}: {len(rendering.manifests)} objects"),
        FileChange(folder / ENTRY_FILE, entry_text(preview).encode(), f"{why}: the entry"),
        *((FileChange(waits.path, None, f"{why}: it waits no longer"),) if waits else ()),
    )
    branch, base, expected = target(key, state)
    return Plan(
        branch=branch,
        base=base,
        expected=expected,
        subject=f"{verb.capitalize()} {key} in {environment.name}",
        changes=() if previous is not None and previous.preview == preview else changes,
        trailers=(
            ("Preview", f"{environment.name}/{key.name}"),
            ("Action", verb),
            ("Requested-By", attribution.by),
            *attribution.trailers,
            ("Rendered-Digest", rendering.digest),
            ("Generator", f"rtb-hub {preview.spec.rendered.generator if preview.spec.rendered else ''}"),
        ),
    )
