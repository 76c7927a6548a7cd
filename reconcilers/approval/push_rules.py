"""What must hold for the branches of a state repository, in words (the one list that people are shown), and what does.

Argo CD believes a branch. Whoever moves one back to an older state, or empties it, removes previews without asking the
hub and brings back removed ones, and no setting of Argo CD limits how many.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from generator.model.environment import Environment
from reconcilers.state.environment import REQUEST_PREFIX

RuleName = Literal["no-rewriting", "no-deletion", "hub-only", "reviewed"]
HookState = Literal["ours", "outdated", "not executable", "foreign", "none"]
Holder = Literal["hook", "setting"]


@dataclass(frozen=True, slots=True)
class BranchRule:
    """One rule of one branch. `environments` are the names of those that live on the branch, sorted."""

    branch: str
    environments: tuple[str, ...]
    name: RuleName
    words: str


@dataclass(frozen=True, slots=True)
class PushRules:
    """What a repository that is reached by its path refuses of pushes.

    `hook` tells of the file that git runs as `update` hook: ours as this release writes it, ours of another release
    (it may do less), ours but not executable (git skips it), another's, or none. `guarded` are the
    branches our hook is told. The two settings hold for all branches. `is_protectable`: `rtb-hub init` on its path
    puts our hook in force; it leaves another's alone, and folders of hooks that several repositories may share.
    """

    hook: HookState
    guarded: frozenset[str]
    deny_rewriting: bool
    deny_deletion: bool
    is_protectable: bool = True

    def held_by(self, rule: RuleName, branch: str) -> Holder | None:
        """What holds `rule` for `branch`, or None. Who may push, and reviews, no bare repository knows."""
        if rule not in ("no-rewriting", "no-deletion"):
            return None
        if self.hook == "ours" and (branch in self.guarded or not (self.guarded or branch.startswith(REQUEST_PREFIX))):
            return "hook"
        return "setting" if (self.deny_rewriting if rule == "no-rewriting" else self.deny_deletion) else None

    @property
    def requests_can_be_withdrawn(self) -> bool:
        """False when a hub that pushes here could not delete a request's branch."""
        return not self.deny_deletion


def branch_rules(environments: Mapping[str, Environment]) -> tuple[BranchRule, ...]:
    """The rules of all branches that `environments` (by name) live on, in the order they are shown."""
    branches: dict[str, list[Environment]] = {}
    for environment in sorted(environments.values(), key=lambda e: (e.spec.gated, e.spec.branch, e.name)):
        branches.setdefault(environment.spec.branch, []).append(environment)
    return tuple(rule for branch, on_it in branches.items() for rule in _rules(branch, on_it))


def _rules(branch: str, on_it: list[Environment]) -> tuple[BranchRule, ...]:
    names = tuple(sorted(environment.name for environment in on_it))
    words: dict[RuleName, str] = {
        "no-rewriting": "refuse force pushes, also by administrators: an older state deletes or restores previews",
        "no-deletion": "refuse to delete the branch",
    }
    if any(environment.spec.gated for environment in on_it):
        words["reviewed"] = (
            "require pull requests, which the hub's identity alone merges;"
            f" approvals of the team of {' and '.join(names)} only, and none by the author or the last pusher;"
            " dismiss approvals on a push; only the identity that deletes expired previews may bypass"
        )
    else:
        words["hub-only"] = "let only the hub's identity push; people use the hub, or a pull request that you review"
    return tuple(BranchRule(branch, names, name, text) for name, text in words.items())
