"""Drift: previews whose manifests are not what today's templates, environment and policy make of their entries.

An entry says what its manifest was rendered from, and its digest. Where both hold, or a memo knows the two files as
equal, nothing is rendered. All others are; what differs is written anew, a set number a run, with lease and shard as
they are. What cannot be rendered is skipped, what today's policy refuses is reported: neither is ever removed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from generator.errors import Moved, Transient, declared
from generator.values.naming import MANIFEST_FILE
from reconcilers.capacity.facts import Facts
from reconcilers.plan import Plan
from reconcilers.ports.git import Pair, VerifiedMemo
from reconcilers.results import Action, ReconcileResult, SetAside
from reconcilers.scheduled.drift_judge import CAUSES, Cause, Difference, Judge, Judged
from reconcilers.state.entries import EntryRecord, read_listed
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.preview_files import LEFT_OVER, STRAY, PreviewFiles, folder_of, preview_files

NAME = "drift"
_RANK = {cause: rank for rank, cause in enumerate(CAUSES)}
#: Manifests in memory at once.
_AT_ONCE = 250


@dataclass(frozen=True, slots=True)
class DriftResult(ReconcileResult):
    """What is not as it would be rendered. `equal` counts previews that are, `rendered` those rendered to know.

    `waiting` counts those that have other inputs than today's and were not looked at: the next runs do.
    """

    differences: tuple[Difference, ...] = ()
    equal: int = 0
    rendered: int = 0
    waiting: int = 0

    def lines(self) -> tuple[str, ...]:
        """Those of every pass, and how many previews wait for the next run."""
        lines = ReconcileResult.lines(self)
        return (*lines, f"{self.waiting} more in {self.environment}: in the next runs") if self.waiting else lines


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An entry that may differ, and why. `pair` is that of its files, None without a manifest."""

    record: EntryRecord
    causes: tuple[Cause, ...]
    pair: Pair | None


@dataclass(slots=True)
class _Found:
    """What a pass has found so far. `verified`: pairs found equal, with their basis."""

    verified: dict[Pair, str] = field(default_factory=dict)
    corrections: list[Judged] = field(default_factory=list)
    refused: list[Difference] = field(default_factory=list)
    aside: list[SetAside] = field(default_factory=list)
    equal: int = 0
    rendered: int = 0


def plan_drift(state: EnvironmentState, judge: Judge, memo: VerifiedMemo, *, now: datetime) -> DriftResult:
    """What is to be corrected in one environment. Previews whose time is up are left to their removal.

    Raises what reading raises: a partial read corrects nothing.
    """
    environment, files, found = state.environment, preview_files(state), _Found()
    live = [record for record in state.entries if record.facts is not None and not _is_over(record.facts, now)]
    found.aside = [SetAside(_name(state, r), r.path, r.faults) for r in state.entries if r.facts is None]
    today = judge.bases(environment)
    candidates = _candidates(state, _unverified(files, live, today, memo), today, found)
    found.equal = len(live) - len(candidates)
    for candidate, text in _with_texts(state, candidates):
        if len(found.corrections) == environment.spec.drift.per_run:
            break
        found.rendered += 1
        _judge(state, judge, candidate, text, found)
    memo.remember(found.verified)
    return _pass(state, found, files, waiting=len(candidates) - found.rendered)


def _is_over(facts: Facts, now: datetime) -> bool:
    return facts.expires_at is not None and facts.expires_at <= now


def _name(state: EnvironmentState, record: EntryRecord) -> str:
    return f"{state.environment.name}/{record.name}"


def _unverified(
    files: PreviewFiles, records: Sequence[EntryRecord], today: frozenset[str], memo: VerifiedMemo
) -> list[_Candidate]:
    """Those that the memo does not know as equal by today's basis. Reads nothing.

    One that was equal by another basis has been edited by nobody since: only its template can be another.
    """
    pairs: dict[str, Pair] = {folder: (files.entries[folder], m) for folder, m in files.manifests.items()}
    known = memo.recall(pairs.values())
    found = []
    for record in records:
        pair = pairs.get(folder_of(record))
        basis = known.get(pair) if pair else None
        if basis not in today:
            found.append(_Candidate(record, ("template",) if basis else (), pair))
    return found


def _candidates(
    state: EnvironmentState, unverified: Sequence[_Candidate], today: frozenset[str], found: _Found
) -> list[_Candidate]:
    """Those that may differ by what they say themselves, the most pressing first. Renders nothing."""
    candidates = [one for one in unverified if one.causes]
    for one, manifest in _with_texts(state, [one for one in unverified if not one.causes]):
        facts = one.record.facts
        if facts is None:
            continue
        if causes := tuple(_causes(facts, manifest, today)):
            candidates.append(_Candidate(one.record, causes, one.pair))
        elif one.pair is not None:
            found.verified[one.pair] = facts.basis
    return sorted(candidates, key=lambda one: (_RANK[one.causes[0]], one.record.file))


def _causes(facts: Facts, manifest: bytes | None, today: frozenset[str]) -> Iterator[Cause]:
    """Why the manifest may not be what today's templates render, the most pressing first."""
    if manifest is None:
        yield "manifest-missing"
    elif facts.digest and "sha256:" + hashlib.sha256(manifest).hexdigest() != facts.digest:
        yield "manifest-edited"
    if facts.is_edited:
        yield "entry-edited"
    if not facts.basis:
        yield "stamp-missing"
    elif facts.basis not in today:
        yield "template"


def _with_texts(state: EnvironmentState, candidates: Sequence[_Candidate]) -> Iterator[tuple[_Candidate, bytes | None]]:
    """Candidates with the text of their manifest, None without one; read some at a time."""
    for begin in range(0, len(candidates), _AT_ONCE):
        some = candidates[begin : begin + _AT_ONCE]
        paths = [one.record.path.parent / MANIFEST_FILE if one.pair else None for one in some]
        texts = read_listed(state.snapshot, [path for path in paths if path is not None])
        for one, path in zip(some, paths, strict=True):
            yield one, None if path is None else texts[path]


def _judge(state: EnvironmentState, judge: Judge, candidate: _Candidate, text: bytes | None, found: _Found) -> None:
    """Render one, and put it where it belongs."""
    record = candidate.record
    try:
        judged = judge.judge(record, state.environment, causes=candidate.causes, text=text)
    except (Transient, Moved):
        raise  # a partial read corrects nothing
    except Exception as err:  # noqa: BLE001 - the border of an entry
        faults = declared(f"{record.name} cannot be compared", err).faults
        found.aside.append(SetAside(_name(state, record), record.path, faults))
        return
    if judged.difference is None:
        found.equal += 1
        if candidate.pair is not None:
            found.verified[candidate.pair] = judged.basis
    elif judged.difference.refusals:
        found.refused.append(judged.difference)
    else:
        found.corrections.append(judged)


def _pass(state: EnvironmentState, found: _Found, files: PreviewFiles, *, waiting: int) -> DriftResult:
    environment = state.environment
    corrects = environment.spec.drift.mode == "correct" and not environment.spec.gated
    differences = [judged.difference for judged in found.corrections if judged.difference is not None]
    actions = [Action("correct" if corrects else "report", one.preview, one.why) for one in differences]
    actions += [Action("report", one.preview, one.why) for one in found.refused]
    actions += [Action("report", environment.name, f"{path} {what}") for path, what in _foreign(files)]
    return DriftResult(
        reconciler=NAME,
        environment=environment.name,
        actions=tuple(actions),
        set_aside=tuple(sorted(found.aside, key=lambda one: one.path)),
        plan=_plan(state, found.corrections) if corrects and differences else None,
        differences=(*differences, *found.refused),
        equal=found.equal,
        rendered=found.rendered,
        waiting=waiting,
    )


def _foreign(files: PreviewFiles) -> Iterator[tuple[str, str]]:
    for path in files.strays:
        yield path, STRAY
    for path in files.left_over:
        yield path, LEFT_OVER


def _plan(state: EnvironmentState, corrections: Sequence[Judged]) -> Plan:
    head, name = state.snapshot.commit, state.environment.name
    differences = [judged.difference for judged in corrections if judged.difference is not None]
    first = differences[0].path.parent.name.upper()
    return Plan(
        branch=state.snapshot.branch,
        base=head,
        expected=head,
        subject=f"Correct {first if len(differences) == 1 else f'{len(differences)} previews'} in {name}",
        changes=tuple(change for judged in corrections for change in judged.files),
        trailers=tuple(
            trailer
            for one in differences
            for trailer in (("Preview", one.preview), ("Action", "correct"), ("Reason", one.why))
        ),
    )
