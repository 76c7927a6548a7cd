"""`rtb-hub reconcile`: run the reconcilers once or go on watching, or show what they would do at any time."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from generator.errors import ConfigError, Fault, Reason, Unexpected
from generator.values.formats import format_time
from hub.approval.opening import refuse_mixed
from hub.commands.passes import tell_people
from hub.output.console import Format, emit, error_data, fault_data
from hub.output.exit_codes import CODES, NEEDS_A_PERSON, OK
from hub.reconciling.once import reconcile_once
from hub.reconciling.registry import ReconcileTime
from hub.reconciling.round import Asked, Outcome, Round
from hub.views.results import details
from hub.wiring import hub, watching
from reconcilers.plan import Plan
from reconcilers.scheduled import sleep

if TYPE_CHECKING:
    from reconcilers.ports.git import GitStore


@dataclass(frozen=True, slots=True)
class Options:
    """The command's options as given."""

    envs: Sequence[str] = ()
    only: Sequence[str] = ()
    dry_run: bool = False
    watch: bool = False
    at: str | None = None
    confirm_removals: int | None = None
    metrics_port: int | None = None
    metrics_address: str | None = None
    quiet: bool = False


def run(given: Options, *, repo: str | None, output: Format) -> None:
    """Reconcile, tell, and exit with the first error's code, or with `NEEDS_A_PERSON` when something is left to one."""
    asked = Asked(tuple(given.envs), tuple(given.only))
    asked.reconcilers()
    _check_together(given)
    ours = hub()
    refuse_mixed(ours.settings.forge)
    at = _time(given.at) if given.at is not None else ours.clock()
    if given.watch:
        from hub.reconciling.observing import observing
        from hub.reconciling.watch import watch_store

        as_json = not output.is_for_people
        watched, metrics = watching(ours, as_json=as_json, port=given.metrics_port, host=given.metrics_address)
        with observing(watched, repo) if metrics else nullcontext():
            watch_store(watched, watched.store(repo), asked, metrics=metrics)
        return
    store = ours.store(repo)
    looks = given.dry_run or sleep.NAME in given.only
    moment = ReconcileTime(at, given.confirm_removals, rehearsed=given.at is not None, looks=looks)
    acts = not (given.dry_run or moment.rehearsed)
    outcomes = reconcile_once(Round(ours, store, asked, moment, acts))
    tell(outcomes, moment, store, acts=acts, output=output, quiet=given.quiet)
    sys.exit(exit_code(outcomes))


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """That of the first error of a pass, else `NEEDS_A_PERSON` when something is left to one, else `OK`.

    An environment that cannot be read is left to a person, and so is what a mistake of ours kept from being done.
    """
    errors = [one.error for one in outcomes if one.error is not None]
    declared = [one.error for one in outcomes if one.error is not None and not one.is_unread]
    for err in declared:
        if not isinstance(err, Unexpected):
            return CODES[err.reason]
    is_left = errors or any(one.result and one.result.needs_a_person for one in outcomes)
    return NEEDS_A_PERSON if is_left else OK


def tell(  # noqa: PLR0913 - what a pass came to, and how it is told
    outcomes: Sequence[Outcome],
    moment: ReconcileTime,
    store: GitStore,
    *,
    acts: bool,
    output: Format,
    quiet: bool = False,
) -> None:
    """Print the outcomes; `quiet`: for people, only those that have something to tell."""
    data = {
        "at": format_time(moment.at),
        "repository": store.location,
        "dryRun": not acts,
        "passes": [outcome_data(one) for one in outcomes],
    }
    emit(data, output, lambda console: tell_people(console, outcomes, moment, acts=acts, quiet=quiet))


def outcome_data(one: Outcome) -> dict[str, Any]:
    """One outcome for machines. `plan` is what would be or was committed, `commit` what was."""
    result = one.result
    return {
        "reconciler": one.reconciler,
        "environment": one.environment,
        "actions": [
            {"kind": a.kind, "preview": a.preview, "why": a.why, "due": format_time(a.due) if a.due else None}
            for a in (result.actions if result else ())
        ],
        "setAside": [
            {"preview": s.preview, "path": str(s.path), "faults": [fault_data(fault) for fault in s.faults]}
            for s in (result.set_aside if result else ())
        ],
        "details": details(result) if result else {},
        "held": fault_data(result.held) if result and result.held else None,
        "nextDue": format_time(one.next_due) if one.next_due else None,
        "plan": _plan_data(result.plan) if result and result.plan else None,
        "commit": one.commit,
        "error": error_data(one.error) if one.error else None,
    }


def _plan_data(plan: Plan) -> dict[str, Any]:
    return {"branch": plan.branch, "base": plan.base, "message": plan.message(), "changes": list(plan.lines())}


def _check_together(given: Options) -> None:
    """Raise `ConfigError` (InvalidValue) for options that do not go together."""
    faults = []
    for name, is_given in (("--dry-run", given.dry_run), ("--at", given.at is not None)):
        if given.watch and is_given:
            faults.append(
                Fault("a watch commits what is due, when it is", field=name, remedy="leave out one of the two")
            )
    for name, value in (("--metrics-port", given.metrics_port), ("--metrics-address", given.metrics_address)):
        if value is not None and not given.watch:
            faults.append(Fault("figures are served while watching", field=name, remedy="add --watch"))
    if given.metrics_address is not None and given.metrics_port is None:
        faults.append(Fault("there is no port to serve at", field="--metrics-address", remedy="add --metrics-port"))
    if given.confirm_removals is not None and (given.watch or len(set(given.envs)) != 1):
        remedy = "name the one environment with --env, without --watch"
        faults.append(
            Fault("what is confirmed is one run of one environment", field="--confirm-removals", remedy=remedy)
        )
    if faults:
        raise ConfigError(Reason.INVALID_VALUE, faults)


def _time(text: str) -> datetime:
    """A time with its offset from UTC, to the second."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("no offset")
        return moment.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError) as err:
        allowed = "RFC 3339, such as 2026-11-24T02:00:00Z or 2026-11-24T11:00:00+09:00"
        fault = Fault(f"{text[:80]!r} is not a time with its offset from UTC", field="--at", allowed=allowed)
        raise ConfigError(Reason.INVALID_VALUE, fault) from err
