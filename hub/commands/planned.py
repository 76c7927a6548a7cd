"""What commands with `--dry-run` tell: what would be committed, and that nothing was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from generator.errors import ConfigError, Fault, Reason, Remedy, RemedyKind
from generator.objects.diff import ABSENT, FieldChange
from hub.actions.stop import StopRequest, submission
from hub.output.console import Format, emit, printable
from hub.views.changes import field_lines, fields_data
from reconcilers.lifecycle.start import StartOutcome

if TYPE_CHECKING:
    from rich.console import Console

    from hub.actions.parts import Parts
    from reconcilers.lifecycle.batch import Outcome, Submission
    from reconcilers.plan import Plan


def tell(asked: Submission[Any], *, parts: Parts, output: Format) -> None:
    """What would come of it now, as a plan that is thrown away. Raises what planning and reading raise."""
    data = _planned(asked, parts)
    emit(data, output, lambda console: _tell(console, data))


def tell_stop(  # noqa: PLR0913 - the command's options
    asked: StopRequest, names: Sequence[str], *, is_one: bool, ignore_not_found: bool, parts: Parts, output: Format
) -> None:
    """The same of stops in the environments `names`, or in the one; told as one where that was named.

    Raises `ConfigError` (PreviewNotFound) where there is nothing to stop, unless `ignore_not_found`.
    """
    found: list[dict[str, Any]] = []
    for name in names:
        try:
            found.append(_planned(submission(asked, name), parts))
        except ConfigError as err:
            if err.reason is not Reason.PREVIEW_NOT_FOUND or (is_one and not ignore_not_found):
                raise
    if not found and not ignore_not_found:
        fault = Fault(
            f"there is no preview of {asked.key} in {', '.join(names)}", remedy=Remedy(RemedyKind.LIST_PREVIEWS)
        )
        raise ConfigError(Reason.PREVIEW_NOT_FOUND, fault)
    if is_one and not found:
        tell_nothing(str(asked.key), names[0], output)
        return

    def people(console: Console) -> None:
        for one in found:
            _tell(console, one)
        if not found:
            console.print(f"no preview of {asked.key} in any environment; nothing would change")

    data = found[0] if is_one else {"dryRun": True, "issue": str(asked.key), "planned": found}
    emit(data, output, people)


def tell_nothing(key: str, env: str, output: Format) -> None:
    """That there is none to stop, where that is no error."""
    nothing = {"change": "none", "issue": key, "environment": env}
    emit(nothing, output, lambda console: console.print(f"no preview of {key} in {env}; nothing changed"))


def _planned(asked: Submission[Any], parts: Parts) -> dict[str, Any]:
    outcome = asked.plan(parts.reading().state(asked.environment), parts.clock())
    plan: Plan | None = None if outcome.plan is None or outcome.plan.is_converged else outcome.plan
    return {
        "dryRun": True,
        "issue": str(asked.key),
        "environment": asked.environment,
        "change": outcome.change,
        "changed": fields_data(_changed(outcome)),
        "onBranch": plan.branch if plan else None,
        "message": plan.subject if plan else None,
        "files": [
            {"path": str(one.path), "change": "removed" if one.content is None else "written", "why": one.why}
            for one in (plan.changes if plan else ())
        ],
    }


def _changed(outcome: Outcome) -> tuple[FieldChange, ...]:
    return outcome.changed if isinstance(outcome, StartOutcome) else ()


def _tell(console: Console, data: dict[str, Any]) -> None:
    from rich.text import Text

    what = f"{data['issue']} in {data['environment']}"
    console.print(Text.assemble(("would be ", "yellow"), (what, "bold"), f": {data['change']}; nothing is written"))
    if data["message"]:
        console.print(printable(f"  commit  {data['message']} on {data['onBranch']}"))
    changed = [
        FieldChange(one["field"], one.get("before", ABSENT), one.get("after", ABSENT)) for one in data["changed"]
    ]
    for line in field_lines(changed):
        console.print(Text(f"  changed {line}"))
    for one in data["files"]:
        console.print(printable(f"  {one['change']:<7} {one['path']}: {one['why']}"))
