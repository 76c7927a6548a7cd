"""Branch protection on GitHub: rulesets, read as what they enforce and written as our own for a branch.

`GET /repos/{repo}/rules/branches/{branch}` gives the active rules of all levels; who may bypass them stands in each
ruleset. A ruleset is bypassed as a whole, so ours are three: nobody bypasses the rules of history, the expiry identity
bypasses reviews and checks, and the hub's App the rule that nobody updates the branch, for pull requests only. Classic
branch protection may enforce more; it is not read, so what is said here is never too much.
Source: GitHub Docs, "Available rules for rulesets", and its OpenAPI description.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from generator.errors import ConfigError, Fault, Reason, Stalled
from hub.adapters.github.answers import (
    App,
    BypassActor,
    CheckRules,
    RequestRules,
    RequiredReviewer,
    Rule,
    Ruleset,
    Team,
    User,
    read,
    read_all,
)
from hub.adapters.github.calls import GitHubCalls
from hub.adapters.github.rules import EVERY_FILE, history_rules, review_rules, update_rules
from hub.adapters.github.teams import read_team
from hub.adapters.http import Route
from reconcilers.ports.forge import BranchProtection

#: Ids of the built-in roles that a ruleset can name (GitHub Docs, REST "Rules": RepositoryRole).
ROLES = {"maintain": 2, "write": 4, "admin": 5}
TEAM_NOT_TAKEN = (
    "this GitHub takes no team as required reviewer: a code owner must approve instead,"
    " so CODEOWNERS on the branch has to give every file to the team, itself among them"
)
#: Patterns that are every file by some of these rules only.
_PERHAPS_EVERY_FILE = frozenset({"*", "**", "**/*", "/**", "/*", "*/**"})
_OF_REVIEWS = ("pull_request", "required_status_checks")


def covers_every_file(patterns: Sequence[str]) -> bool | None:
    """Whether a required reviewer's patterns are every file; None: that cannot be told.

    GitHub calls them fnmatch in one place and gitignore's in another, and these differ in `*` across folders, in names
    that begin with a dot, and in `!`.
    """
    is_whole, may_be = set(patterns) >= set(EVERY_FILE), bool(_PERHAPS_EVERY_FILE & set(patterns))
    if any(pattern.startswith("!") for pattern in patterns):
        return None if may_be else False
    return True if is_whole else None if may_be else False


@dataclass(frozen=True, slots=True)
class Rulesets:
    """The rulesets of the repository `name`. Raises what the forge port says."""

    name: str
    calls: GitHubCalls

    def protection(self, branch: str) -> BranchProtection:
        """What GitHub enforces for `branch`."""
        pages = self.calls.pages(self._route.below("rules/branches/{}", branch))
        rules = read_all(Rule, pages, where=self.calls.where)
        protection = self._with_checks(BranchProtection(), rules)
        requests = [read(RequestRules, r.parameters, where=self.calls.where) for r in rules if r.type == "pull_request"]
        protection = self._with_requests(protection, requests)
        kinds = {rule.type for rule in rules}
        actors = {ruleset_id: self._bypass(ruleset_id) for ruleset_id in {r.ruleset_id for r in rules} if ruleset_id}
        who = _Bypassing(rules, actors)
        asks_no_team = not any(one.required_reviewers for one in requests)
        notes = (TEAM_NOT_TAKEN,) if protection.by_code_owners and asks_no_team else ()
        return replace(
            protection,
            no_deletion="deletion" in kinds,
            no_force_push="non_fast_forward" in kinds,
            updaters=self._names(who.past("update")) if "update" in kinds else None,
            bypass=self._names(actor for kind in _OF_REVIEWS for actor in who.any_of(kind)),
            rewriters=self._names(
                actor
                for kind in ("deletion", "non_fast_forward")
                for actor in who.past(kind)
                if actor.bypass_mode != "pull_request"
            ),
            editors=self._editors(),
            not_expressed=notes,
        )

    def protect(self, branch: str, wanted: BranchProtection) -> BranchProtection:
        """Write our rulesets for `branch`, and read back what holds then."""
        self.calls.repeatedly(lambda: self._write(branch, wanted))
        return self.protection(branch)

    def actions(self) -> str | None:
        """GitHub Actions, which reports the checks of workflows: its id differs by server. None: it is not there."""
        answer = self.calls.get(Route.of("/apps/{}", "github-actions"), expected=(404,))
        found = None if answer.status == 404 else read(App, answer.data, where=self.calls.where)
        return f"app:{found.id}" if found and found.id else None

    def _write(self, branch: str, wanted: BranchProtection) -> None:
        """History first: what was held before is held all the while."""
        always = [self._actor(name) for name in sorted(wanted.bypass)]
        for_requests = sorted((wanted.updaters or frozenset()) - wanted.bypass)
        updaters = [*always, *(self._actor(name, mode="pull_request") for name in for_requests)]
        team = self._team_id(wanted.approver_team) if wanted.approver_team else None
        history = history_rules(wanted)
        name = f"rtb-hub {branch}"
        if always and history:
            self._put(_ruleset(f"{name}: history", branch, history, ()), expected=())
            history = []
        rules = [*history, *review_rules(wanted, team)]
        if rules and self._put(_ruleset(name, branch, rules, always), expected=(422,) if team else ()) == 422:
            rules = [*history, *review_rules(wanted, None, by_code_owner=True)]
            self._put(_ruleset(name, branch, rules, always), expected=())
        if wanted.updaters is not None:
            self._put(_ruleset(f"{name}: updates", branch, update_rules(), updaters), expected=())

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

    def _with_checks(self, so_far: BranchProtection, rules: Iterable[Rule]) -> BranchProtection:
        """A check may be asked for twice, once bound to an App: then that App must have reported it."""
        for rule in rules:
            if rule.type == "required_status_checks":
                found = read(CheckRules, rule.parameters, where=self.calls.where)
                checks = found.required_status_checks
                bound = {(one.context, f"app:{one.integration_id}") for one in checks if one.integration_id is not None}
                so_far = replace(
                    so_far,
                    checks=so_far.checks | {check.context for check in checks},
                    check_sources=so_far.check_sources | bound,
                    up_to_date=so_far.up_to_date or (found.strict_required_status_checks_policy and bool(checks)),
                )
        return so_far

    def _with_requests(self, so_far: BranchProtection, rules: Sequence[RequestRules]) -> BranchProtection:
        if not rules:
            return so_far
        required = [one for rule in rules for one in rule.required_reviewers or () if one.minimum_approvals > 0]
        teams = self._teams(one for one in required if covers_every_file(one.file_patterns))
        unclear = self._teams(one for one in required if covers_every_file(one.file_patterns) is None)
        first = min(teams, key=lambda team: (-teams[team], team), default=None)
        methods = [set(rule.allowed_merge_methods) for rule in rules if rule.allowed_merge_methods is not None]
        return replace(
            so_far,
            requests_only=True,
            approvals=teams[first] if first else max(rule.required_approving_review_count for rule in rules),
            approver_team=first,
            further_teams=frozenset((team, count) for team, count in teams.items() if team != first),
            unclear_teams=frozenset(unclear.keys() - teams.keys()),
            dismiss_stale=any(rule.dismiss_stale_reviews_on_push for rule in rules),
            not_by_last_pusher=any(rule.require_last_push_approval for rule in rules),
            talks_resolved=any(rule.required_review_thread_resolution for rule in rules),
            by_code_owners=any(rule.require_code_owner_review for rule in rules),
            merge_commits_only=bool(methods) and set.intersection(*methods) == {"merge"},
        )

    def _teams(self, required: Iterable[RequiredReviewer]) -> dict[str, int]:
        """How many approvals of each team are asked for."""
        found: dict[str, int] = {}
        for one in required:
            name = self._team_name(one.reviewer.id)
            found[name] = max(found.get(name, 0), one.minimum_approvals)
        return found

    def _bypass(self, ruleset_id: int) -> tuple[BypassActor, ...]:
        data = self.calls.get(self._route.below("rulesets/{}", ruleset_id)).data
        ruleset = read(Ruleset, data, where=self.calls.where)
        if ruleset.bypass_actors is None:
            message = f"{self.calls.where} does not show who may bypass the ruleset {ruleset.name!r}"
            raise Stalled(Reason.FORGE_DENIED, message, remedy="let the key read and write administration")
        return ruleset.bypass_actors

    def _editors(self) -> frozenset[str] | None:
        """Administrators of the repository, as far as GitHub lists them: people, not Apps. None: not for this key."""
        route, query = self._route.below("collaborators"), {"permission": "admin", "affiliation": "all"}
        if self.calls.get(route, {**query, "per_page": 100}, expected=(403, 404)).status >= 300:
            return None
        found = read_all(User, self.calls.pages(route, query), where=self.calls.where)
        return frozenset(f"user:{user.login}" for user in found)

    def _names(self, actors: Iterable[BypassActor]) -> frozenset[str]:
        return frozenset(map(self._actor_name, dict.fromkeys(actors)))

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

    def _actor(self, name: str, *, mode: str = "always") -> dict[str, object]:
        kind, _, value = name.partition(":")
        if kind == "app" and value.isdecimal():
            return _bypass("Integration", int(value), mode)
        if kind == "team":
            return _bypass("Team", self._team_id(value), mode)
        if kind == "user":
            user = self.calls.get(Route.of("/users/{}", value)).data
            return _bypass("User", read(User, user, where=self.calls.where).id, mode)
        if name == "role:organization-admin":
            return _bypass("OrganizationAdmin", 1, mode)
        if name == "role:deploy-key":
            return _bypass("DeployKey", None, "always")
        if kind == "role" and value in ROLES:
            return _bypass("RepositoryRole", ROLES[value], mode)
        allowed = "app:ID (a number), team:ORG/TEAM, user:LOGIN, role:admin, role:maintain, role:write"
        raise ConfigError(Reason.INVALID_FORGE, Fault(f"{name!r} is no actor that may bypass a rule", allowed=allowed))

    def _team_id(self, team: str) -> int:
        return read_team(self.calls, team).id

    def _team_name(self, team_id: int | None) -> str:
        owner = self.name.partition("/")[0]
        teams = read_all(Team, self.calls.pages(Route.of("/orgs/{}/teams", owner)), where=self.calls.where)
        return next((f"{owner}/{team.slug}" for team in teams if team.id == team_id), f"#{team_id}")

    @property
    def _route(self) -> Route:
        return Route.of("/repos/{+}", self.name)


@dataclass(frozen=True, slots=True)
class _Bypassing:
    """Who bypasses rules of a kind. `actors` by ruleset."""

    rules: Sequence[Rule]
    actors: Mapping[int, tuple[BypassActor, ...]]

    def any_of(self, kind: str) -> Iterator[BypassActor]:
        """Who bypasses one ruleset at least that has such a rule: each may ask for something that no other does."""
        for ruleset_id in self._with(kind):
            yield from self.actors[ruleset_id]

    def past(self, kind: str) -> Iterator[BypassActor]:
        """Who may be past all rules of a kind that has no parameters: nobody where nobody bypasses one of them.

        Else all who bypass any of them: one person can be named as an account, by a team and by a role.
        """
        if all(self.actors[ruleset_id] for ruleset_id in self._with(kind)):
            yield from self.any_of(kind)

    def _with(self, kind: str) -> list[int]:
        return sorted({one.ruleset_id for one in self.rules if one.type == kind and one.ruleset_id is not None})


def _ruleset(
    name: str, branch: str, rules: Sequence[Mapping[str, object]], bypass: Sequence[Mapping[str, object]]
) -> dict[str, object]:
    return {
        "name": name,
        "target": "branch",
        "enforcement": "active",
        "conditions": {"ref_name": {"include": [f"refs/heads/{branch}"], "exclude": []}},
        "bypass_actors": [*bypass],
        "rules": [*rules],
    }


def _bypass(kind: str, actor_id: int | None, mode: str) -> dict[str, object]:
    return {"actor_type": kind, "actor_id": actor_id, "bypass_mode": mode}
