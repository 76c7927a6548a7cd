"""Stop: remove entry and manifests of one preview in one commit, or withdraw a request that awaits approval or room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from generator.errors import About, ConfigError, Fault, Reason, Remedy, RemedyKind, nearest
from generator.values.naming import IssueKey, preview_folder
from reconcilers.plan import FileChange, Plan
from reconcilers.state.environment import EnvironmentState, must_be_of_this_release, target


@dataclass(frozen=True, slots=True)
class StopOutcome:
    """What stopping would do. `withdraw` names a request branch to delete and the commit it must still be at."""

    change: Literal["removed", "removal requested", "withdrawn", "left the line"]
    plan: Plan | None
    withdraw: tuple[str, str] | None = None


def plan_stop(key: IssueKey, state: EnvironmentState, *, requested_by: str, reason: str = "") -> StopOutcome:
    """Plan one stop. An unreadable entry can be stopped too, unless another release wrote it.

    Raises `ConfigError`: PreviewNotFound, UnreadableEntry (of another release).
    """
    must_be_of_this_release(key, state)
    environment = state.environment
    record, request, waits = state.entry(key), state.request(key), state.in_queue(key)
    if record is None and request is not None:
        return StopOutcome("withdrawn", None, (request.snapshot.branch, request.snapshot.commit))
    if record is None and waits is None:
        raise preview_not_found(key, state)
    why = f"stop {key} in {environment.name}" + (f": {reason}" if reason else "")
    branch, base, expected = target(key, state)
    folder = preview_folder(environment.name, key)
    files = () if record is None or key.name in state.removals else state.snapshot.files(folder)
    plan = Plan(
        branch=branch,
        base=base,
        expected=expected,
        subject=f"Stop {key} in {environment.name}",
        changes=tuple(FileChange(path, None, why) for path in (*files, *((waits.path,) if waits else ()))),
        trailers=(
            ("Preview", f"{environment.name}/{key.name}"),
            ("Action", "stop"),
            ("Requested-By", requested_by),
            *((("Reason", reason),) if reason else ()),
        ),
    )
    if record is None:
        return StopOutcome("left the line", plan)
    return StopOutcome("removal requested" if environment.spec.gated else "removed", plan)


def preview_not_found(key: IssueKey, state: EnvironmentState) -> ConfigError:
    """The error that a preview is not there, with the most similar one that is."""
    name = state.environment.name
    fault = Fault(
        f"there is no preview of {key} in {name}",
        nearest=nearest(str(key), sorted(record.name.upper() for record in state.records)),
        remedy=Remedy(RemedyKind.LIST_PREVIEWS, About(name)),
    )
    return ConfigError(Reason.PREVIEW_NOT_FOUND, fault)
