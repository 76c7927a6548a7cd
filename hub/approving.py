"""Requests at the forge: asking for a review, and doing what the approval reconciler planned.

Every step may be repeated: an open request is found again, a comment is edited, a merge names the commit it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.diff import compare
from generator.errors import HubError, Moved, Waiting
from generator.manifest import Manifest
from hub.commands.start import committed_manifests
from hub.commands.view import money_line, preview_row
from reconcilers.approval import ApprovalPass, Judged
from reconcilers.forge import ChangeRequest, Forge
from reconcilers.guard import Guard
from reconcilers.guard_facts import Policy
from reconcilers.ports import GitStore, Snapshot
from reconcilers.request_text import Asked, RequestText, code, removal_text, request_text
from reconcilers.state import EnvironmentState

if TYPE_CHECKING:
    from hub.wiring import Hub

#: The one comment that says what a request waits for.
MARKER = "rtb-hub-approval"


@dataclass(frozen=True)
class Desk:
    """Where requests of one environment are asked for, examined and decided upon."""

    ours: Hub
    store: GitStore
    forge: Forge

    def ask(self, name: str, state: EnvironmentState) -> ChangeRequest:
        """Open the request of a preview (`rtb-123`) whose branch is there, or bring an open one up to date.

        Raises what the forge raises, and `KeyError` for a preview without a request branch.
        """
        snapshot = state.request_snapshots[name]
        text = self._text(name, snapshot, state)
        base = state.environment.spec.branch
        request = self.forge.open(snapshot.branch, base, title=text.title, body=text.body)
        request = self.forge.update(request.number, title=text.title, body=text.body)
        self.forge.set_labels(request.number, text.labels)
        if (policy := state.environment.spec.approval) is not None:
            self.forge.ask_review(request.number, policy.team)
        return request

    def examine(self, state: EnvironmentState, snapshot: Snapshot) -> tuple[str, ...]:
        """What guard says of a request as it would be merged into the branch as it is now."""
        history = self.ours.history(self.store.location)
        walk = history.proposal(state.snapshot.commit, snapshot.commit)
        policies = {state.environment.name: Policy(state.environment, state.library)}
        guard = Guard(policies, history, self.ours.check, self.ours.starter.version, self.ours.clock())
        refusals = guard.judge(walk).refusals
        return tuple(f"{one.where.file or 'the change'}: {one.message} [{one.rule}]" for one in refusals)

    def act(self, found: ApprovalPass, state: EnvironmentState) -> None:
        """Do what was planned. What fails does not keep the rest from being done; the first failure is then raised."""
        failures = [err for step in self._steps(found, state) if (err := _failure(step)) is not None]
        if failures:
            raise failures[0]

    def _steps(self, found: ApprovalPass, state: EnvironmentState) -> Iterator[Callable[[], object]]:
        for name in found.unasked:
            yield lambda name=name: self.ask(name, state)  # type: ignore[misc]
        for branch, commit in found.left_over:
            yield lambda branch=branch, commit=commit: self._delete(branch, commit)  # type: ignore[misc]
        for one in found.judged:
            if one is found.merging:
                yield lambda one=one: self._merge(one)  # type: ignore[misc]
            elif one.verdict.kind == "close":
                yield lambda one=one: self._close(one)  # type: ignore[misc]
            else:
                yield lambda one=one: self._comment(one)  # type: ignore[misc]

    def _merge(self, one: Judged) -> None:
        try:
            self.forge.merge(one.request.number, one.request.head)
        except (Moved, Waiting):
            return  # it is judged anew by the next run
        self._delete(one.request.branch, one.request.head)

    def _close(self, one: Judged) -> None:
        self.forge.close(one.request.number, f"Closed: {code(one.verdict.why)}. It may be asked for again.")
        self._delete(one.request.branch, one.request.head)

    def _comment(self, one: Judged) -> None:
        told = [f"- {code(wait.words)}" for wait in one.verdict.waits] or ["- the request before it"]
        told += [f"- not counted: {code(words)}" for words in one.verdict.not_counted]
        self.forge.put_comment(one.request.number, MARKER, "\n".join(["This waits for:", "", *told]))

    def _delete(self, branch: str, commit: str) -> None:
        """Delete a request branch that is still at `commit`; one that moved on asks for something else by now."""
        try:
            self.store.delete_branch(branch, expected=commit)
        except Moved:
            return

    def _text(self, name: str, snapshot: Snapshot, state: EnvironmentState) -> RequestText:
        asked = self._asked(snapshot)
        live = state.by_name.get(name)
        before: tuple[Manifest, ...] = committed_manifests(live) if live else ()
        record = next((one for one in state.requests if one.name == name), None)
        if record is None or record.preview is None:
            return removal_text(asked, name.upper(), state.environment)
        changes = compare(before, committed_manifests(record))
        row = preview_row(record.preview, state.environment, now=self.ours.clock())
        return request_text(asked, record.preview, state.environment, changes, price=money_line(row))

    def _asked(self, snapshot: Snapshot) -> Asked:
        """By the newest commit of the branch; its trailers say who asked, and why."""
        newest = next(self.store.log(snapshot))
        trailers = dict(newest.trailers)
        return Asked(newest.subject, trailers.get("Requested-By", newest.author), trailers.get("Reason", ""))


def _failure(step: Callable[[], object]) -> HubError | None:
    try:
        step()
    except HubError as err:
        return err
    return None
