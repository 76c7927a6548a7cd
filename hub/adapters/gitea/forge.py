"""The forge port on Gitea and Forgejo, through their HTTP API. Implements `reconcilers.ports.forge.Forge`.

Where Gitea promises less than the port, this makes it so on the strict side; docs/FORGES.md lists where.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from generator.errors import Fault, HubError, Moved, Reason, Stalled, Waiting
from hub.adapters.gitea import objects, people
from hub.adapters.gitea.answers import Comment, Commit, Compared, Named, Pull, Rule, Status
from hub.adapters.gitea.answers import Review as ReviewRow
from hub.adapters.gitea.api import GiteaApi, said
from hub.adapters.gitea.protection import left_out, protection_of, rule_of
from hub.adapters.gitea.requests import GiteaRequests
from hub.adapters.gitea.teams import read_team
from hub.adapters.http import Answer
from reconcilers.plan import one_line
from reconcilers.ports.forge import (
    LABEL_PREFIX,
    Actor,
    BranchProtection,
    ChangeRequest,
    Check,
    Committer,
    Identity,
    RequestContent,
    Review,
    ask_in_steps,
    hub_labels,
    merge_message,
    must_be_onto,
)

RETRY_SECONDS = 15.0
#: How often a merge is asked for before its refusal is believed.
MERGE_TRIES = 5
#: What Gitea also says of a request whose branch was deleted, until it shows it as closed.
_CLOSING = (404, 500)
_MARKER = re.compile(r"\A[A-Za-z0-9-]{1,60}\Z")
_COLOUR = "#0e8a16"


@dataclass(frozen=True)
class GiteaForge:
    """One repository on a Gitea, seen by the account whose token `api` has.

    `teams` reads teams, which Gitea shows to their members and to an organisation's owners only: with a token of its
    own, of the scope read:organization, the hub's account need not be in the team that approves. `machines`: logins in
    lower case of accounts that are no people; the hub's own is one anyway.
    """

    api: GiteaApi
    teams: GiteaApi
    machines: frozenset[str]

    @property
    def location(self) -> str:
        """The repository's address."""
        return self.api.location

    def whoami(self) -> Identity:
        """See the port."""
        return self._requests.identity()

    def account(self, name: str) -> Actor:
        """See the port: any account of the server."""
        return people.account(self.api, name, self._requests.bots)

    def account_of(self, account_id: str) -> Actor:
        """See the port."""
        return people.account_of(self.api, account_id, self._requests.bots)

    def requests(self, base: str, *, prefix: str, closed_since: datetime) -> tuple[ChangeRequest, ...]:
        """See the port. Open ones are read before and after the ended ones, or one reopened between were in neither."""
        kept = {pull.number: pull for pull in self._requests.open_ones(base)}
        kept |= {pull.number: pull for pull in self._requests.ended_ones(base, closed_since)}
        kept |= {pull.number: pull for pull in self._requests.open_ones(base)}
        found = (self._requests.shown(kept[number]) for number in sorted(kept))
        return tuple(one for one in found if one.base == base and one.branch.startswith(prefix))

    def request(self, number: int) -> ChangeRequest:
        """See the port.

        Gitea says alike that a request conflicts and that it has not looked yet. It is asked again for a while; what
        cannot be merged even then is said to conflict.
        """
        found = self._requests.shown(self._requests.look(number))
        for attempt in self.api.looks.attempts():
            if attempt > 1:
                found = self._requests.shown(self._requests.look(number))
            if found.state != "open" or found.mergeable is not None:
                return found
        return replace(found, mergeable=False)

    def open(self, branch: str, base: str, *, title: str, body: str) -> ChangeRequest:
        """See the port. Compares first: Gitea would open a request that changes nothing."""
        what = f"open a request to merge {branch} into {base}"
        if found := self._requests.standing(branch, base):
            return found
        for name in (branch, base):
            if self._requests.branch(name, what) is None:
                raise Moved(Reason.BRANCH_MOVED, f"{self.location} has no branch {name} (any more)")
        compared = self.api.ask("GET", self.api.at("compare/{+}...{+}", base, branch), what).data
        if self.api.read(Compared, compared, what).total_commits == 0:
            raise self.api.refused(what, f"{branch} has nothing that {base} lacks", remedy="there is nothing to ask")
        new = {"head": branch, "base": base, "title": title, "body": body}
        answer = self.api.ask("POST", self.api.at("pulls"), what, body=new, expected=(404, 409))
        if answer.status == 404:
            raise Moved(Reason.BRANCH_MOVED, f"{self.location} has lost {branch} or {base} just now")
        if answer.status == 409 and (found := self._requests.standing(branch, base)):
            return found
        if answer.status == 409:
            raise self.api.unreachable(what, "it says that there is one, and lists none")
        return self._requests.shown(self.api.read(Pull, answer.data, what))

    def ask(self, branch: str, base: str, wanted: RequestContent) -> ChangeRequest:
        """See the port."""
        return ask_in_steps(self, branch, base, wanted)

    def update(self, number: int, *, title: str, body: str) -> ChangeRequest:
        """See the port."""
        found = self._requests.shown(self._requests.look_to_write(number, f"update request {number}"))
        if (found.title, found.body) != (title, body):
            self._edit(number, {"title": title, "body": body}, "update")
        return self.request(number)

    def close(self, number: int, comment: str) -> ChangeRequest:
        """See the port. Says why first: a close that fails half-way is repeated, and says it once."""
        pull = self._requests.look_to_write(number, f"close request {number}")
        if self._requests.shown(pull).state == "open":
            self.put_comment(number, "closed", comment)
            self._edit(number, {"state": "closed"}, "close")
        return self.request(number)

    def reviews(self, number: int) -> tuple[Review, ...]:
        """See the port."""
        self._requests.look(number)
        what = f"read the reviews of request {number}"
        rows = self.api.every(ReviewRow, self.api.at("pulls/{}/reviews", number), what, key="id", may_hide=True)
        if not rows:
            return ()
        aimed = self._requests.retargeted_at(number, sum(row.comments_count for row in rows))
        return self.api.made(what, lambda: objects.reviews(rows, self._requests.bots, aimed_at=aimed))

    def committers(self, number: int) -> frozenset[Committer]:
        """See the port. Gitea lists a push's commits a moment later: the head has to be among them."""
        what = f"read the commits of request {number}"
        quick = {"stat": "false", "verification": "false", "files": "false"}
        for _ in self.api.looks.attempts():
            found = self._requests.shown(self._requests.look(number))
            rows = self.api.every(Commit, self.api.at("pulls/{}/commits", number), what, query=quick, key="sha")
            made = objects.committers(rows, self._requests.bots)
            if found.state != "open" or found.head in {one.commit for one in made}:
                return made
        raise self.api.unreachable(what, "it has not taken in the last push, or there is nothing left to merge")

    def team_members(self, team: str) -> frozenset[str]:
        """See the port. Machines are left out: nobody is asked for the approval of one."""
        return frozenset(login for login in read_team(self.teams, team) if login.casefold() not in self._requests.bots)

    def checks(self, commit: str) -> tuple[Check, ...]:
        """See the port. Every report is read: Gitea's own summary lets the last one of a name win, whoever sent it."""
        what = f"read the checks of {commit[:12]}"
        query = {"sort": "highestindex"}
        return objects.checks(self.api.every(Status, self.api.at("statuses/{}", commit), what, query=query, key="id"))

    def set_labels(self, number: int, labels: Iterable[str]) -> None:
        """See the port. Labels that the repository lacks are made."""
        wanted = hub_labels(labels)
        what = f"label request {number}"
        present = objects.labels(self._requests.look_to_write(number, what).labels)
        if missing := sorted(wanted - present.keys()):
            known = objects.labels(self.api.every(Named, self.api.at("labels"), what, key="id"))
            ids = [known.get(name) or self._made_label(name, what) for name in missing]
            self.api.ask("POST", self.api.at("issues/{}/labels", number), what, body={"labels": ids})
        for name in sorted(present):
            if name.startswith(LABEL_PREFIX) and name not in wanted:
                self.api.ask("DELETE", self.api.at("issues/{}/labels/{}", number, present[name]), what)

    def ask_review(self, number: int, team: str) -> None:
        """See the port. Gitea asks teams of the repository's own organisation, and ignores others silently."""
        what = f"ask {team} for a review of request {number}"
        if self._requests.shown(self._requests.look_to_write(number, what)).state != "open":
            return
        members = {login.casefold() for login in self.team_members(team)}
        name = team.rpartition("/")[2]
        if self._is_asked(number, name) or any(one.author.login.casefold() in members for one in self.reviews(number)):
            return
        route = self.api.at("pulls/{}/requested_reviewers", number)
        self.api.ask("POST", route, what, body={"team_reviewers": [name]})
        if not self._is_asked(number, name):
            remedy = f"take a team of {self.api.owner}, and give it the repository"
            raise self.api.refused(what, "it asks only teams of the repository's organisation", remedy=remedy)

    def put_comment(self, number: int, marker: str, body: str) -> None:
        """See the port. The marker is an HTML comment before the text, which Gitea does not show."""
        if not _MARKER.match(marker):
            raise ValueError(f"not a marker: {marker!r}")
        what = f"comment on request {number}"
        self._requests.look_to_write(number, what)
        hidden = f"<!-- rtb-hub:{marker} -->\n"
        text = hidden + body
        mine = [one for one in self._own_comments(number, what) if one.body.startswith(hidden)]
        if not mine:
            self.api.ask("POST", self.api.at("issues/{}/comments", number), what, body={"body": text})
        elif mine[0].body != text:
            self.api.ask("PATCH", self.api.at("issues/comments/{}", mine[0].id), what, body={"body": text})

    def merge(self, number: int, head: str, *, onto: str | None = None) -> str:
        """See the port. Gitea compares the request's commit only, so its target is read right before.

        Gitea refuses alike what it has not looked at, what conflicts and what a rule forbids. How the request stands
        afterwards tells them apart.
        """
        refusal: Answer | None = None
        for _ in replace(self.api.looks, tries=MERGE_TRIES).attempts():
            found = self._requests.shown(self._requests.look(number))
            if found.state == "merged":
                return self._requests.merged_at(found, head)
            if found.state == "closed":
                raise Stalled(Reason.MERGE_REFUSED, f"request {number} is closed", remedy="open a new one")
            if found.head != head:
                raise Moved(Reason.BRANCH_MOVED, f"request {number} is at {found.head[:12]}, not at {head[:12]}")
            if found.mergeable is False:
                raise Stalled(Reason.MERGE_REFUSED, f"request {number} is a draft", remedy="mark it as ready")
            if found.mergeable:
                if onto is not None:
                    target = self._requests.branch(found.base, f"read {found.base}")
                    must_be_onto(found.base, target.commit.id if target and target.commit else None, onto)
                title, text = merge_message(number, found.branch, found.title)
                wanted = {
                    "Do": "merge",
                    "head_commit_id": head,
                    "delete_branch_after_merge": False,
                    "MergeTitleField": title,
                    "MergeMessageField": text,
                }
                what = f"merge request {number}"
                route = self.api.at("pulls/{}/merge", number)
                answer = self.api.ask("POST", route, what, body=wanted, expected=(404, 405, 409, 500))
                if answer.status == 200:
                    return self._requests.merged_at(self._requests.shown(self._requests.look(number)), head)
                if refusal and answer.status not in _CLOSING:
                    raise self._not_merged(number, answer)
                refusal = answer
        raise self._not_merged(number, refusal)

    def protection(self, branch: str) -> BranchProtection:
        """See the port. Only an administrator of the repository may read rules."""
        what = f"read the protection of {branch}"
        rows = self.api.ask("GET", self.api.at("branch_protections"), what).data
        found = self._requests.branch(branch, what)
        if found is None:
            return BranchProtection(not_expressed=(f"there is no branch {branch}",))
        if not found.protected:
            return BranchProtection()
        if not isinstance(rows, list):
            raise self.api.unreachable(what, "its answer is no list")
        name = found.effective_branch_protection_name
        rules = (self.api.read(Rule, row, what) for row in rows)
        rule = next((rule for rule in rules if rule.rule_name == name), None)
        if rule is None:
            raise self.api.unreachable(what, "it names a rule that it does not list")
        return protection_of(rule, self.api.owner)

    def check_reporter(self) -> str | None:
        """See the port. A rule of Gitea names checks, and nobody who reports them."""
        return None

    def protect(self, branch: str, wanted: BranchProtection) -> BranchProtection:
        """See the port. The hub's rule is the one that has the branch's name."""
        what = f"protect {branch}"
        try:
            rule = rule_of(wanted, self.api.owner)
        except ValueError as err:
            remedy = f"name a team of {self.api.owner}"
            raise self.api.refused(what, one_line(str(err)), remedy=remedy) from err
        route = self.api.at("branch_protections/{+}", branch)
        if self.api.ask("PATCH", route, what, body=rule, expected=(404,)).status == 404:
            self.api.ask("POST", self.api.at("branch_protections"), what, body={"rule_name": branch, **rule})
        held = self.protection(branch)
        return replace(held, not_expressed=(*held.not_expressed, *left_out(wanted)))

    @cached_property
    def _requests(self) -> GiteaRequests:
        return GiteaRequests(self.api, self.machines)

    def _edit(self, number: int, fields: Mapping[str, str], verb: str) -> None:
        """Change fields of a request. One that was merged just now (412) stays as it is."""
        what = f"{verb} request {number}"
        answer = self.api.ask("PATCH", self.api.at("pulls/{}", number), what, body=fields, expected=(409, 412))
        if answer.status == 409:
            raise self.api.unreachable(what, "somebody else changed it at the same time")

    def _is_asked(self, number: int, name: str) -> bool:
        return name.casefold() in objects.asked_teams(self._requests.look(number))

    def _own_comments(self, number: int, what: str) -> list[Comment]:
        """This account's comments on a request."""
        found = self.api.comments(self.api.ask("GET", self.api.at("issues/{}/comments", number), what), what)
        return [one for one in found if objects.actor(one.user, ()).login == self._requests.me]

    def _made_label(self, name: str, what: str) -> int:
        new = {"name": name, "color": _COLOUR, "description": "kept by rtb-hub"}
        return self.api.read(Named, self.api.ask("POST", self.api.at("labels"), what, body=new).data, what).id

    def _not_merged(self, number: int, refusal: Answer | None) -> HubError:
        message = f"{self.location} does not merge request {number}"
        if refusal is None:
            fault = Fault(f"{message}: it conflicts with its base", remedy="bring its branch up to date")
            return Stalled(Reason.MERGE_REFUSED, fault)
        if refusal.status in _CLOSING:
            return self.api.unreachable(f"merge request {number}", f"it answers {refusal.status}")
        if refusal.status == 409:
            fault = Fault(f"{message} now: its base is moving")
            return Waiting(Reason.MERGE_NOT_READY, fault, retry_after_seconds=RETRY_SECONDS)
        why = said(refusal.data) or "a rule is not satisfied"
        return Stalled(Reason.MERGE_REFUSED, Fault(f"{message}: {why}", remedy="see the request's page"))
