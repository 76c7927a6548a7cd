"""`rtb-hub why`: why a preview does not come up or go away, for whom it is, and what to do."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.errors import ConfigError, Fault, Reason, Stalled
from generator.values.formats import format_time
from generator.values.naming import NAMESPACE_PREFIX, IssueKey
from hub.actions.why import Answer, why, why_recorded
from hub.adapters.kubernetes.clean_recording import cleaned
from hub.adapters.kubernetes.recording import LIMIT_BYTES, reached_data, read_recording
from hub.commands.cluster_options import Options, open_for
from hub.output.console import Format, emit, printable
from hub.views.phases import STYLES
from hub.views.why import FOR_WHOM, evidence_text, steps_of, told_time, why_data
from hub.wiring import hub
from reconcilers.health.phase import UP

if TYPE_CHECKING:
    from rich.console import Console

    from reconcilers.causes.model import Finding

_RECORD = "name a file that 'rtb-hub why KEY --env NAME --cluster CONTEXT --save FILE' wrote"
_NOTHING = "there is no entry of it in Git and nothing in the cluster: it was removed, or never started"
_BAD = ("failed", "stuck")


def run_recorded(file: Path, key: str | None, *, is_whole: bool, check: bool, output: Format) -> None:
    """Answer from a file. Raises `ConfigError` (InvalidValue, UnreadableYaml) and, when asked to, `Stalled`."""
    try:
        with file.open("rb") as opened:
            content = opened.read(LIMIT_BYTES + 1)
    except OSError as err:
        fault = Fault(f"cannot be read: {err.strerror}: {file}", field="--recorded")
        raise ConfigError(Reason.INVALID_VALUE, fault) from err
    try:
        recording = read_recording(content, str(file))
    except ConfigError as err:
        told = (replace(fault, remedy=fault.remedy or _RECORD) for fault in err.faults)
        raise ConfigError(err.reason, told) from err
    answer = why_recorded(recording, IssueKey.parse(key) if key else None)
    _emit(answer, is_whole=is_whole, output=output)
    _check(answer, check=check)


def run(  # noqa: PLR0913 - the options that there are
    key: str,
    env: str,
    *,
    repo: str | None,
    at: Options,
    save: Path | None,
    is_whole: bool,
    check: bool,
    output: Format,
    url: bool = False,
) -> None:
    """Answer from a cluster, and save what was read. Raises what reading Git and the cluster raises, and as above."""
    issue = IssueKey.parse(key)
    ours = hub()
    cluster = open_for(ours, at, env, repo)
    answer = why(
        issue,
        env,
        repository=ours.repository(repo),
        cluster=cluster,
        clock=ours.clock,
        reach=ours.reach if url else None,
    )
    if save is not None:
        _save(answer, save)
    _emit(answer, is_whole=is_whole, output=output)
    _check(answer, check=check)


def _save(answer: Answer, file: Path) -> None:
    from generator.yaml.writer import dump

    content = dump(cleaned(answer.recording, answer.name).tree())
    aside = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    try:
        aside.write_text(content, encoding="utf-8")
        aside.replace(file)
    except OSError as err:
        aside.unlink(missing_ok=True)
        raise ConfigError(
            Reason.INVALID_VALUE, Fault(f"cannot be written: {err.strerror}: {file}", field="--save")
        ) from err


def _check(answer: Answer, *, check: bool) -> None:
    if check and answer.phase.name in _BAD:
        raise Stalled(Reason.PREVIEW_FAILED, Fault(f"it is {answer.phase.name}"))


def _emit(answer: Answer, *, is_whole: bool, output: Format) -> None:
    emit(answer_data(answer), output, lambda console: tell(console, answer, is_whole=is_whole))


def answer_data(answer: Answer) -> dict[str, Any]:
    """An answer for machines."""
    reached = answer.recording.reached
    return {**why_data(answer.phase, answer.unread), "reachable": reached_data(reached) if reached else None}


def tell(console: Console, answer: Answer, *, is_whole: bool) -> None:
    """An answer for people; `is_whole`: with everything that was found."""
    from rich.text import Text

    phase, found = answer.phase, answer.phase.finding
    name = answer.name.removeprefix(NAMESPACE_PREFIX).upper() or "the preview"
    where = f" in {answer.recording.environment}" if answer.recording.environment else ""
    console.print(Text.assemble((name, "bold"), f"{printable(where)}: ", (phase.name, STYLES[phase.name])))
    cause, steps = _words(answer)
    _line(console, "cause", cause or (_NOTHING if phase.name == "removed" else ""))
    if found is not None:
        _line(console, "code", f"{found.code} (see docs/reference/causes.md)")
        _line(console, "for", FOR_WHOM[found.audience] + ("; waiting does not help" if found.is_final else ""))
        _line(console, "since", told_time(found.since) or "")
    for number, step in enumerate(steps, 1):
        _line(console, f"to do {number}", step)
    if found is not None:
        _evidence(console, found)
    for other in phase.others if is_whole else ():
        _line(console, "also", f"{other.code}: {other.text}")
        _evidence(console, other)
    if phase.others and not is_whole:
        _line(console, "also", f"{len(phase.others)} more: --all tells them")
    _line(console, "url", _url(answer))
    for kind, reason in sorted(answer.unread.items()):
        _line(console, "not read", f"{kind}: {reason}")
    console.print(Text.assemble((f"  {'looked at':<10}", "cyan"), format_time(answer.recording.now)))


def _words(answer: Answer) -> tuple[str, list[str]]:
    """The cause and what to do, in the language of who reads."""
    from hub.output.console import is_translated

    phase = answer.phase
    if not is_translated():
        return phase.cause, steps_of(phase)
    from hub.views.speaking import phase_told, speaking

    with speaking("ko"):
        told = phase_told(phase, why_data(phase, answer.unread))
    return told["text"], told["steps"]


def _url(answer: Answer) -> str:
    """Whether its address answers, with the time it was asked at."""
    reached = answer.recording.reached
    if reached is None:
        return "not checked (--url asks it)" if answer.phase.name in UP else ""
    told = f"answers {reached.status}" if reached.status else "does not answer"
    return f"https://{reached.host}/ {told}, at {format_time(reached.at.replace(microsecond=0))}"


def _evidence(console: Console, found: Finding) -> None:
    for one in found.evidence:
        at = told_time(one.at)
        parts = [
            f"{one.source} of {one.subject.kind} {one.subject.name}",
            *([f"at {at}"] if at else []),
            one.reason,
            evidence_text(one, found),
        ]
        _line(console, "evidence", ": ".join(part for part in (", ".join(parts[:-2]), *parts[-2:]) if part))


def _line(console: Console, name: str, told: str) -> None:
    from rich.text import Text

    if told:
        console.print(Text.assemble((f"  {name:<10}", "cyan"), printable(told)))
