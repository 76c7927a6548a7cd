"""Branch protection on GitHub: rulesets, read as what they enforce and written as one of our own for a branch.

`GET /repos/{repo}/rules/branches/{branch}` gives the active rules of all levels; who may bypass them stands in each
ruleset. Classic branch protection may enforce more; it is not read, so what is said here is never too much.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from generator.errors import ConfigError, Fault, Reason, Stalled
from hub.adapters.github.answers import (
    BypassActor,
    CheckRules,
    RequestRules,
    Rule,
    Ruleset,
    Team,
    User,
    read,
    read_all,
)
from hub.adapters.github.calls import GitHubCalls
from hub.adapters.github.teams import read_team
from hub.adapters.http import Route
from reconcilers.ports.forge import BranchProtection

#: GitHub matches these file patterns with fnmatch; together they are every file.
EVERY_FILE = ("*", "**/*")
#: Ids of the built-in roles that a ruleset can name (GitHub Docs, REST "Rules": RepositoryRole).
ROLES = {"maintain": 2, "write": 4, "admin": 5}
TEAM_NOT_TAKEN = (
    "this GitHub takes no team as required reviewer: a code owner must approve instead,"
    " so CODEOWNERS on the branch has to give every file to the team, itself among them"
)


@dataclass(frozen=True, slots=True)
class Rulesets:
    """The rulesets of the repository `name`. Raises what the forge port says."""

    name: str
    calls: GitHubCalls

    def protection(self, branch: str) -> BranchProtection:
        """What GitHub enforces for `branch`."""
        pages = self.calls.pages(self._route.below("rules/branches/{}", branch))
        rules = read_all(Rule, pages, where=self.calls.where)
        protection = BranchProtection()
        for rule in rules:
            protection = self._with_rule(protection, rule)
        ids = sorted({rule.ruleset_id for rule in rules if rule.ruleset_id is not None})
        bypass = frozenset(name for ruleset_id in ids for name in self._bypass(ruleset_id))
        asks_code_owners = any(rule.parameters.get("require_code_owner_review") for rule in rules)
        notes = (TEAM_NOT_TAKEN,) if asks_code_owners and protection.approver_team is None else ()
        return replace(protection, bypass=bypass, by_code_owners=asks_code_owners, not_expressed=notes)

    def protect(self, branch: str, wanted: BranchProtection) -> BranchProtection:
        """Write our ruleset for `branch`, and read back what holds then."""
        self.calls.repeatedly(lambda: self._write(branch, wanted))
        return self.protection(branch)

    def _write(self, branch: str, wanted: BranchProtection) -> None:
        ruleset = {
            "name": f"rtb-hub {branch}",
            "target": "branch",
            "enforcement": "active",
            "conditions": {"ref_name": {"include": [f"refs/heads/{branch}"], "exclude": []}},
            "bypass_actors": [self._actor(name) for name in sorted(wanted.bypass)],
        }
        team = self._team_id(wanted.approver_team) if wanted.approver_team else None
        if self._put({**ruleset, "rules": _rules(wanted, team)}, expected=(422,) if team else ()) == 422:
            self._put({**ruleset, "rules": _rules(wanted, None, by_code_owner=True)}, expected=())

    def _put(self, ruleset: Mapping[str, object], *, expected: tuple[int, ...]) -> int:
        listed = read_all(
            Ruleset,
            self.calls.pages(self._route.below("rulesets"), {"includes_parents": "false"}),
            where=self.calls.where,
        )
        ours = next((one.id for one in listed if one.name == ruleset["name"]), None)
        if ours is None:
            return self.calls.send("POST", self._route.below("rulesets"), ruleset, expected=expected).status
        return self.calls.send("PUT", self._route.below("rulesets/{}", ours), ruleset, expected=expected).status

    def _with_rule(self, so_far: BranchProtection, rule: Rule) -> BranchProtection:
        match rule.type:
            case "deletion":
                return replace(so_far, no_deletion=True)
            case "non_fast_forward":
                return replace(so_far, no_force_push=True)
            case "required_status_checks":
                found = read(CheckRules, rule.parameters, where=self.calls.where).required_status_checks
                return replace(so_far, checks=so_far.checks | {check.context for check in found})
            case "pull_request":
                return self._with_requests(so_far, read(RequestRules, rule.parameters, where=self.calls.where))
        return so_far

    def _with_requests(self, so_far: BranchProtection, rules: RequestRules) -> BranchProtection:
        approvals, team = rules.required_approving_review_count, so_far.approver_team
        for one in rules.required_reviewers or ():
            if set(EVERY_FILE) <= set(one.file_patterns) and one.minimum_approvals > 0:
                approvals, team = max(approvals, one.minimum_approvals), self._team_name(one.reviewer.id)
        return replace(
            so_far,
            requests_only=True,
            approvals=max(so_far.approvals, approvals),
            approver_team=team,
            dismiss_stale=so_far.dismiss_stale or rules.dismiss_stale_reviews_on_push,
            not_by_last_pusher=so_far.not_by_last_pusher or rules.require_last_push_approval,
        )

    def _bypass(self, ruleset_id: int) -> Iterator[str]:
        data = self.calls.get(self._route.below("rulesets/{}", ruleset_id)).data
        ruleset = read(Ruleset, data, where=self.calls.where)
        if ruleset.bypass_actors is None:
            message = f"{self.calls.where} does not show who may bypass the ruleset {ruleset.name!r}"
            raise Stalled(Reason.FORGE_DENIED, message, remedy="let the key read and write administration")
        for actor in ruleset.bypass_actors:
            yield self._actor_name(actor)

    def _actor_name(self, actor: BypassActor) -> str:
        match actor.actor_type:
            case "Integration":
                return f"app:{actor.actor_id}"
            case "Team":
                return f"team:{self._team_name(actor.actor_id)}"
            case "User":
                user = self.calls.get(Route.of("/user/{}", actor.actor_id)).data
                return f"user:{read(User, user, where=self.calls.where).login}"
            case "RepositoryRole":
                names = {number: name for name, number in ROLES.items()}
                return f"role:{names.get(actor.actor_id or 0, f'#{actor.actor_id}')}"
            case "OrganizationAdmin":
                return "role:organization-admin"
            case "DeployKey":
                return "role:deploy-key"
        return f"role:{actor.actor_type}"

    def _actor(self, name: str) -> dict[str, object]:
        kind, _, value = name.partition(":")
        if kind == "app" and value.isdecimal():
            return _bypass("Integration", int(value))
        if kind == "team":
            return _bypass("Team", self._team_id(value))
        if kind == "user":
            user = self.calls.get(Route.of("/users/{}", value)).data
            return _bypass("User", read(User, user, where=self.calls.where).id)
        if name == "role:organization-admin":
            return _bypass("OrganizationAdmin", 1)
        if name == "role:deploy-key":
            return _bypass("DeployKey", None)
        if kind == "role" and value in ROLES:
            return _bypass("RepositoryRole", ROLES[value])
        allowed = "app:ID (a number), team:ORG/TEAM, user:LOGIN, role:admin, role:maintain, role:write"
        raise ConfigError(
            Reason.INVALID_FORGE, Fault(f"{name!r} names nobody who could bypass a rule", allowed=allowed)
        )

    def _team_id(self, team: str) -> int:
        return read_team(self.calls, team).id

    def _team_name(self, team_id: int | None) -> str:
        owner = self.name.partition("/")[0]
        teams = read_all(Team, self.calls.pages(Route.of("/orgs/{}/teams", owner)), where=self.calls.where)
        return next((f"{owner}/{team.slug}" for team in teams if team.id == team_id), f"#{team_id}")

    @property
    def _route(self) -> Route:
        return Route.of("/repos/{+}", self.name)


def _rules(wanted: BranchProtection, team: int | None, *, by_code_owner: bool = False) -> list[dict[str, object]]:
    rules: list[dict[str, object]] = []
    if wanted.no_deletion:
        rules.append({"type": "deletion"})
    if wanted.no_force_push:
        rules.append({"type": "non_fast_forward"})
    if wanted.requests_only or wanted.approvals:
        rules.append({"type": "pull_request", "parameters": _requests(wanted, team, by_code_owner=by_code_owner)})
    if wanted.checks:
        rules.append({"type": "required_status_checks", "parameters": _checks(wanted.checks)})
    return rules


def _requests(wanted: BranchProtection, team: int | None, *, by_code_owner: bool) -> dict[str, object]:
    reviewer = {
        "file_patterns": list(EVERY_FILE),
        "minimum_approvals": wanted.approvals,
        "reviewer": {"id": team, "type": "Team"},
    }
    return {
        "allowed_merge_methods": ["merge"],
        "dismiss_stale_reviews_on_push": wanted.dismiss_stale,
        "require_code_owner_review": by_code_owner,
        "require_last_push_approval": wanted.not_by_last_pusher,
        "required_approving_review_count": wanted.approvals,
        "required_review_thread_resolution": False,
        **({"required_reviewers": [reviewer]} if team is not None else {}),
    }


def _checks(names: Iterable[str]) -> dict[str, object]:
    return {
        "strict_required_status_checks_policy": False,
        "required_status_checks": [{"context": name} for name in sorted(names)],
    }


def _bypass(kind: str, actor_id: int | None) -> dict[str, object]:
    return {"actor_type": kind, "actor_id": actor_id, "bypass_mode": "always"}
