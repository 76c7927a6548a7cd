"""What a person stopped, a rule does not start again: until the issue asks anew, or somebody starts it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from generator.model.services import ProjectRule
from reconcilers.lifecycle.issue_rules import Decision, Seen, asks_since
from reconcilers.ports.git import GitStore
from reconcilers.ports.issues import Issue, IssueHistory, Issues
from reconcilers.state.history import homes_of, read_history
from reconcilers.state.policies import Environments


@dataclass(frozen=True)
class Stops:
    """The stops of an issue's previews, by Git's history, beside when the issue began to ask for them, by Jira's."""

    issue: Issue
    issues: Issues
    environments: Environments
    store: GitStore

    @cached_property
    def _history(self) -> IssueHistory | None:
        return self.issues.history(self.issue.key)

    def kept(
        self, decisions: Sequence[Decision], rules: Mapping[str, ProjectRule], seen: Mapping[str, Seen]
    ) -> tuple[Decision, ...]:
        """The decisions, without starts of what a person stopped since. Raises what reading Jira and Git raises."""
        return tuple(
            self._kept(one, rules[one.environment]) if one.change == "start" and one.environment not in seen else one
            for one in decisions
        )

    def _kept(self, decision: Decision, rule: ProjectRule) -> Decision:
        if self._history is None:
            return replace(decision, change="nothing", why=f"{self.issue.key} is not to be seen any more")
        since = asks_since(self.issue, rule, self._history)
        homes, _ = homes_of(self.environments, only=decision.environment)
        last = next(read_history(homes, self.store, key=self.issue.key, since=since), None)
        # No login has '/', and every rule's name does.
        if last is None or last.action != "stop" or "/" in last.who or last.at < since:
            return decision
        why = f"{decision.why}, but {last.who} stopped it since; it starts when the issue leaves that and comes again"
        return replace(decision, change="nothing", why=why)
