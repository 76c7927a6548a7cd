"""Requests at the forge: asking for a review, and doing what the approval reconciler planned.

Every step may be repeated: an open request is found again, a comment is edited, a merge names the commit it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from generator.errors import ConfigError, HubError, Moved, Reason, Stalled, Waiting, declared
from generator.objects.diff import compare
from generator.objects.manifest import Manifest, manifests_in
from generator.values.naming import ENTRY_FILE, MANIFEST_FILE, IssueKey, preview_folder
from hub.approval.examiner import Examiner
from hub.views.preview import money_line, preview_row
from reconcilers.approval.decisions import ApprovalResult, Judged, plan_approval, since, without_policy
from reconcilers.approval.observer import Observer
from reconcilers.approval.text import Asked, RequestText, code, removal_text, request_text, told, unreadable_text
from reconcilers.ports.forge import ChangeRequest, Forge, RequestContent
from reconcilers.ports.git import GitStore, Snapshot
from reconcilers.state.entries import parse_entry
from reconcilers.state.environment import EnvironmentState

#: The one comment that says what a request waits for.
MARKER = "rtb-hub-approval"
#: Reasons of `Forge.merge` after which it is known not to be merged.
_NOT_MERGED = (Reason.BRANCH_MOVED, Reason.MERGE_NOT_READY, Reason.MERGE_REFUSED)


@dataclass(frozen=True)
class ReviewProcess:
    """Where requests of one environment are asked for, examined and decided upon."""

    store: GitStore
    forge: Forge
    examiner: Examiner
    clock: Callable[[], datetime]

    def ask(self, name: str, state: EnvironmentState) -> ChangeRequest:
        """Open the request of a preview (`rtb-123`) whose branch is there, or bring an open one up to date.

        Raises what the forge raises, and `KeyError` for a preview without a request branch.
        """
        snapshot = state.request_snapshots[name]
        text = self._text(name, snapshot, state)
        base = state.environment.spec.branch
        policy = state.environment.spec.approval
        wanted = RequestContent(text.title, text.body, frozenset(text.labels), policy.team if policy else None)
        return self.forge.ask(snapshot.branch, base, wanted)

    def found(self, state: EnvironmentState, *, now: datetime) -> ApprovalResult:
        """What becomes of an environment's requests at `now`. Raises what the forge raises."""
        policy = state.environment.spec.approval
        if policy is None:
            return without_policy(state.environment.name)
        observer = Observer(self.store, self.forge, self.examiner.examine)
        found = observer.requests(state, policy, since=since(policy, now))
        return plan_approval(state, found, policy, now=now)

    def act(self, found: ApprovalResult, state: EnvironmentState) -> None:
        """Do what was planned. What fails does not keep the rest from being done; the first failure is then raised.

        What moved meanwhile is no failure: it is judged anew by the next run.
        """
        failures: list[HubError] = []
        for step in self._steps(found, state):
            try:
                step()
            except Moved:
                continue
            except Exception as err:  # noqa: BLE001 - the border of a request
                failures.append(declared(f"a request to {state.environment.name} cannot be acted on", err))
        if failures:
            raise failures[0]

    def _steps(self, found: ApprovalResult, state: EnvironmentState) -> Iterator[Callable[[], object]]:
        yield from (partial(self.ask, name, state) for name in found.unasked)
        yield from (partial(self.store.delete_branch, branch, expected=commit) for branch, commit in found.left_over)
        to_merge = [one for one in found.judged if one.verdict.kind == "merge"]
        if to_merge:
            yield partial(self._merge_first, to_merge, state.snapshot.commit)
        for one in found.judged:
            if one.verdict.kind == "close":
                yield partial(self._close, one, state)
            elif one.verdict.kind == "wait":
                yield partial(self._comment, one)

    def _merge_first(self, judged: Sequence[Judged], onto: str) -> None:
        """Merge the first that the forge lets be merged, and delete its branch; raises why it refused others.

        `onto` is the commit they were judged on.
        The rest has to be judged anew by what then stands. So has all when nobody knows whether one was merged.
        """
        refusals: list[HubError] = []
        for place, one in enumerate(judged):
            try:
                self.forge.merge(one.request.number, one.request.head, onto=onto)
            except (Moved, Waiting, Stalled) as err:
                if err.reason not in _NOT_MERGED:
                    raise
                if err.reason is Reason.MERGE_REFUSED:
                    refusals.append(err)
                    self._tell(one, [f"the forge, which refuses to merge it: {err.words}"])
                continue
            for other in judged[place + 1 :]:
                self._tell(other, [f"request {one.request.number}, which was merged first: it is judged anew"])
            self.store.delete_branch(one.request.branch, expected=one.request.head)
            break
        if refusals:
            raise refusals[0]

    def _close(self, one: Judged, state: EnvironmentState) -> None:
        """Say why, delete the branch if it is still what was judged, and close: a push that came first is kept."""
        number, words = one.request.number, f"Closed: {code(*told([one.verdict.why]))}. It may be asked for again."
        self.forge.put_comment(number, MARKER, words)
        if not one.request.is_foreign and one.name in state.request_snapshots:
            self.store.delete_branch(one.request.branch, expected=one.request.head)
        self.forge.close(number, words)

    def _comment(self, one: Judged) -> None:
        self._tell(one, told([wait.words for wait in one.verdict.waits], most=50))

    def _tell(self, one: Judged, waits: Sequence[str]) -> None:
        lines = [f"- {code(words)}" for words in waits]
        lines += [f"- not counted: {code(words)}" for words in told(one.verdict.not_counted)]
        self.forge.put_comment(one.request.number, MARKER, "\n".join(["This waits for:", "", *lines]))

    def _text(self, name: str, snapshot: Snapshot, state: EnvironmentState) -> RequestText:
        """Of what merging gives, not of what stands on its branch; of what cannot be read, why."""
        environment, key = state.environment, IssueKey.parse(name.upper())
        given = self.examiner.preview(state, snapshot, key)
        asked = replace(self._asked(key, snapshot, environment.name), faults=given.faults)
        if given.entry is None and given.manifest is None:
            return removal_text(asked, str(key), environment)
        folder = preview_folder(environment.name, key)
        live = state.by_name.get(name)
        before: tuple[Manifest, ...] = state.manifests_of(live) if live else ()
        try:
            preview = parse_entry(given.entry or b"", str(folder / ENTRY_FILE))
            after = manifests_in(given.manifest or b"", str(folder / MANIFEST_FILE))
        except ConfigError as err:  # somebody else pushed it: told where its reviewers look, and never merged
            return unreadable_text(replace(asked, faults=(*map(str, err.faults), *given.faults)), str(key), environment)
        row = preview_row(preview, environment, now=self.clock())
        return request_text(asked, preview, environment, compare(before, after), price=money_line(row))

    def _asked(self, key: IssueKey, snapshot: Snapshot, environment: str) -> Asked:
        """By the newest commit that changed the preview; its trailers say who asked, and why."""
        newest = next(self.store.log(snapshot, below=preview_folder(environment, key)))
        trailers = dict(newest.trailers)
        return Asked(newest.subject, trailers.get("Requested-By", newest.author), trailers.get("Reason", ""))
