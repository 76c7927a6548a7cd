"""Extend: give a preview more time, up to the cap, once for each time somebody asks.

A click that comes twice extends once. A request says which end it was made for, by `if_ends` or by having been planned
before: when the lease ends at another time by now, nothing is added. And the same person asking for the same length
again within `SAME_CLICK` is taken as the same click.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from pydantic import ValidationError

from generator.errors import ConfigError, Fault, Reason, Remedy, RemedyKind
from generator.model.entry import Extension, Lease, Preview
from generator.model.environment import Environment
from generator.render.render import Rendering
from generator.render.request import check_fits
from generator.values.formats import format_time, parse_time
from generator.values.model_faults import faults_of
from generator.values.naming import ENTRY_FILE, MANIFEST_FILE, IssueKey, preview_folder
from generator.values.quantities import duration
from reconcilers.leases import cap_of, end_after, is_over
from reconcilers.lifecycle.start import Starter, entry_text
from reconcilers.lifecycle.stop import preview_not_found
from reconcilers.plan import FileChange, Plan
from reconcilers.state.entries import EntryRecord
from reconcilers.state.environment import EnvironmentState, target

Change = Literal["extended", "extended to the cap", "unchanged"]
SAME_CLICK = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ExtendRequest:
    """What a person asks for: `by` (such as 4h) more time, and why.

    `if_ends`: the end that was seen; if the lease ends at another time, nothing is added. `sees` is the same, put there
    by planning, so that a request planned anew after others wrote keeps the end it first saw.
    """

    key: IssueKey
    requested_by: str
    by: str
    reason: str = ""
    if_ends: str | None = None
    sees: str | None = None


@dataclass(frozen=True, slots=True)
class ExtendOutcome:
    """What extending would do. `plan` is None when nothing is added; `extended` is then who did already, if known.

    `again` is the request to plan with when the branch moved meanwhile. `before` and `ends` are RFC 3339 times.
    `ends_removal`: the plan takes the place of a request to remove the preview. `withdraw` is always None: nothing that
    awaits approval is taken back.
    """

    change: Change
    preview: Preview
    plan: Plan | None
    before: str
    ends: str
    cap: str
    again: ExtendRequest
    extended: Extension | None = None
    ends_removal: bool = False
    withdraw: tuple[str, str] | None = None


def plan_extension(asked: ExtendRequest, state: EnvironmentState, *, starter: Starter, now: datetime) -> ExtendOutcome:
    """Plan one extension, of a request that awaits approval before what is live.

    Raises `ConfigError`: PreviewNotFound, UnreadableEntry, InvalidValue, OverLimit (it ends at the cap already), and
    what rendering with today's templates and policy raises.
    """
    environment = state.environment
    extension = _extension(asked, now)
    record, preview = standing(asked.key, state)
    lease = preview.spec.lease
    ends = lease.expires_at
    if ends is None:
        raise _no_end(preview, environment)
    cap = cap_of(lease, environment)
    again = asked if asked.sees else replace(asked, sees=ends)
    removal = asked.key.name in state.removals
    done = _done_already(asked, lease, now)
    if done is not None:
        return ExtendOutcome("unchanged", preview, None, ends, ends, format_time(cap), again, done[0], removal)
    if environment.spec.gated and is_over(lease, now):
        raise _over(preview, environment)
    begin = now if is_over(lease, now) else parse_time(ends)
    wanted = end_after(begin, duration(asked.by), environment, office_hours=lease.office_hours)
    if begin >= cap:
        raise _at_the_cap(preview, environment, cap)
    new = min(wanted, cap)
    longer = lease.model_copy(
        update={"expires_at": format_time(new), "extensions": [*lease.extensions, extension]},
    )
    draft = preview.model_copy(update={"spec": preview.spec.model_copy(update={"lease": longer})})
    check_fits(draft.spec.components, state.library.blueprint(draft.spec.blueprint))
    extended, rendering = starter.rendered(draft, environment, state.library)
    plan = _plan(asked, extended, rendering, state, None if removal else record)
    change: Change = "extended" if new == wanted else "extended to the cap"
    return ExtendOutcome(change, extended, plan, ends, format_time(new), format_time(cap), again, extension, removal)


def _extension(asked: ExtendRequest, now: datetime) -> Extension:
    tree = {"by": asked.by, "requestedBy": asked.requested_by, "at": format_time(now), "reason": asked.reason}
    try:
        extension = Extension.model_validate(tree)
    except ValidationError as err:
        raise ConfigError(Reason.INVALID_VALUE, faults_of(err, Extension, lambda _: None)) from err
    if asked.if_ends is not None:
        try:
            parse_time(asked.if_ends)
        except ValueError as err:
            raise ConfigError(Reason.INVALID_VALUE, Fault.saying(err, field="if-ends")) from err
    return extension


def standing(key: IssueKey, state: EnvironmentState) -> tuple[EntryRecord, Preview]:
    """The preview as it is asked for now: what awaits approval, else what is live. Raises `ConfigError`."""
    record = state.request(key) or state.entry(key)
    if record is None:
        raise preview_not_found(key, state)
    if record.preview is None:
        raise ConfigError(Reason.UNREADABLE_ENTRY, record.faults)
    return record, record.preview


def _done_already(asked: ExtendRequest, lease: Lease, now: datetime) -> tuple[Extension | None] | None:
    """The extension that makes this one needless (None in it: unknown, the end was set otherwise), or None."""
    last = lease.extensions[-1] if lease.extensions else None
    for seen in (asked.if_ends, asked.sees):
        if seen is not None and seen != lease.expires_at:
            return (last,)
    if asked.if_ends is None and last is not None and last.requested_by == asked.requested_by:
        is_same = duration(last.by) == duration(asked.by)
        # Clocks of two machines differ a little, so the other click may seem to come later.
        if is_same and abs(now - parse_time(last.at)) < SAME_CLICK:
            return (last,)
    return None


def _no_end(preview: Preview, environment: Environment) -> ConfigError:
    what = f"{preview.spec.issue} in {environment.name} has no end yet: its {preview.spec.lease.ttl} begin at the merge"
    remedy = Remedy(RemedyKind.EXTEND_LATER)
    return ConfigError(Reason.INVALID_VALUE, Fault(what, field="lease.expiresAt", remedy=remedy))


def _over(preview: Preview, environment: Environment) -> ConfigError:
    """Its removal is due, and a review would come after it."""
    what = f"the time of {preview.spec.issue} in {environment.name} was up at {preview.spec.lease.expires_at}"
    remedy = Remedy(RemedyKind.START_ANEW)
    return ConfigError(Reason.INVALID_VALUE, Fault(what, field="lease.expiresAt", remedy=remedy))


def _at_the_cap(preview: Preview, environment: Environment, cap: datetime) -> ConfigError:
    lease, most = preview.spec.lease, environment.spec.lease.cap
    counted = " of office hours" if lease.office_hours else ""
    begin = lease.activated_at or lease.requested_at
    what = (
        f"{preview.spec.issue} in {environment.name} ends at {lease.expires_at}, and {format_time(cap)} is the latest:"
        f" {most}{counted} after {begin}"
    )
    remedy = "stop it and start it anew, or raise lease.cap of the environment"
    return ConfigError(Reason.OVER_LIMIT, Fault(what, field="by", remedy=remedy))


def _plan(
    asked: ExtendRequest,
    preview: Preview,
    rendering: Rendering,
    state: EnvironmentState,
    record: EntryRecord | None,
) -> Plan:
    """The entry, and the manifest unless it stands beside `record` (None: it stands nowhere) as it would be written."""
    name, spec = state.environment.name, preview.spec
    folder = preview_folder(name, asked.key)
    manifest, content = folder / MANIFEST_FILE, rendering.text.encode()
    stands = state.manifest_beside(record) if record else None
    why = f"extend {asked.key} in {name} by {asked.by}, to {spec.lease.expires_at}"
    changes = [FileChange(folder / ENTRY_FILE, entry_text(preview).encode(), f"{why}: the entry")]
    if stands != content:
        changes.insert(0, FileChange(manifest, content, f"{why}: {len(rendering.manifests)} objects"))
    branch, base, expected = target(asked.key, state)
    return Plan(
        branch=branch,
        base=base,
        expected=expected,
        subject=f"Extend {asked.key} in {name}",
        changes=tuple(changes),
        trailers=(
            ("Preview", f"{name}/{asked.key.name}"),
            ("Action", "extend"),
            ("Requested-By", asked.requested_by),
            ("By", asked.by),
            ("Ends", spec.lease.expires_at or ""),
            *((("Reason", asked.reason),) if asked.reason else ()),
            ("Rendered-Digest", rendering.digest),
            ("Generator", f"rtb-hub {spec.rendered.generator if spec.rendered else ''}"),
        ),
    )
