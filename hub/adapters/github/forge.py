"""GitHub, or GitHub Enterprise, as a forge: implements `reconcilers.ports.forge.Forge` for one repository.

Beside it: `calls`, what is read of `answers`, `checks`, `teams`, protection (`rulesets`), `keys` and `access`.
Statuses and their meaning: GitHub's OpenAPI description. Where GitHub says less than the port promises, the adapter
asks again rather than guess: after a refused merge it reads the request, and takes no refusal's text for a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from generator.errors import Fault, Moved, Reason, Stalled, Waiting
from hub.adapters.github.answers import (
    Asked,
    Branch,
    Comment,
    Commit,
    Event,
    Pull,
    PullReview,
    Repository,
    User,
    read,
    read_all,
)
from hub.adapters.github.calls import GitHubCalls, senseless
from hub.adapters.github.checks import read_checks
from hub.adapters.github.people import People, actor
from hub.adapters.github.rulesets import Rulesets
from hub.adapters.github.teams import read_members
from hub.adapters.http import Route
from reconcilers.ports.forge import (
    Actor,
    BranchProtection,
    ChangeRequest,
    Check,
    Committer,
    Identity,
    RequestContent,
    Review,
    ReviewState,
    ask_in_steps,
    merge_message,
    merged_labels,
    must_be_onto,
    same_login,
)

#: GitHub lists no more commits of a pull request (REST, "List commits on a pull request").
MAX_COMMITS = 250
NOT_READY_SECONDS = 5.0
#: What GitHub records when a pull request is aimed at another branch (Docs, "Issue event types"; not in the timeline).
RETARGETED = ("base_ref_changed", "automatic_base_change_succeeded")
_REVIEW_STATES: dict[str, ReviewState] = {
    "APPROVED": "approved",
    "CHANGES_REQUESTED": "changes-requested",
    "COMMENTED": "commented",
    "DISMISSED": "dismissed",
}


@dataclass
class GitHubForge:
    """The repository `name` (`owner/name`). `identify` tells who the key belongs to; `bots` are machines' accounts."""

    name: str
    calls: GitHubCalls
    identify: Callable[[], Identity]
    bots: frozenset[str] = frozenset()
    _identity: Identity | None = field(default=None, repr=False)
    _is_there: bool = field(default=False, repr=False)

    @property
    def location(self) -> str:
        """The repository's name with its host."""
        return self.calls.where

    def whoami(self) -> Identity:
        """See the port. Asked once."""
        if self._identity is None:
            self._identity = self.identify()
        return self._identity

    def account(self, name: str) -> Actor:
        """See the port."""
        return self._people.account(name)

    def account_of(self, account_id: str) -> Actor:
        """See the port."""
        return self._people.account_of(account_id)

    def requests(self, base: str, *, prefix: str, closed_since: datetime) -> tuple[ChangeRequest, ...]:
        """See the port. Open ones are read before and after: one that ends or reopens meanwhile is in one of them."""
        still_open = {"state": "open", "base": base, "sort": "created", "direction": "asc"}
        found = {pull.number: pull for pull in self._pulls(still_open)}
        for pull in self._pulls({"state": "closed", "base": base, "sort": "updated", "direction": "desc"}):
            if pull.updated_at < closed_since:
                break
            found[pull.number] = pull
        found |= {pull.number: pull for pull in self._pulls(still_open)}
        return tuple(self._shown(found[n]) for n in sorted(found) if found[n].head.ref.startswith(prefix))

    def request(self, number: int) -> ChangeRequest:
        """See the port."""
        return self._shown(self._pull(number))

    def open(self, branch: str, base: str, *, title: str, body: str) -> ChangeRequest:
        """See the port."""
        return self.calls.repeatedly(lambda: self._opened(branch, base, title, body))

    def ask(self, branch: str, base: str, wanted: RequestContent) -> ChangeRequest:
        """See the port."""
        return ask_in_steps(self, branch, base, wanted)

    def update(self, number: int, *, title: str, body: str) -> ChangeRequest:
        """See the port."""

        def act() -> ChangeRequest:
            pull = self._pull(number)
            if (pull.title, pull.body or "") == (title, body):
                return self._shown(pull)
            answer = self.calls.send("PATCH", self._at("pulls/{}", number), {"title": title, "body": body})
            return self._shown(self._read_pull(answer.data))

        return self.calls.repeatedly(act)

    def close(self, number: int, comment: str) -> ChangeRequest:
        """See the port."""

        def act() -> ChangeRequest:
            pull = self._pull(number)
            if pull.state == "closed":
                return self._shown(pull)
            self.put_comment(number, "closed", comment)
            return self._shown(
                self._read_pull(self.calls.send("PATCH", self._at("pulls/{}", number), {"state": "closed"}).data)
            )

        return self.calls.repeatedly(act)

    def reviews(self, number: int) -> tuple[Review, ...]:
        """See the port."""
        self._pull(number)
        items = read_all(PullReview, self.calls.pages(self._at("pulls/{}/reviews", number)), where=self.location)
        aimed = self._retargeted_at(number) if items else None
        found = [
            Review(
                self._actor(one.user),
                self._review_state(one),
                one.commit_id or "",
                one.submitted_at,
                is_elsewhere=aimed is not None and one.submitted_at <= aimed,
            )
            for one in items
            if one.submitted_at is not None and one.state != "PENDING"
        ]
        return tuple(sorted(found, key=lambda review: review.at))

    def _retargeted_at(self, number: int) -> datetime | None:
        """When a request was last aimed at another branch, to the second; read after the reviews that it voids."""
        pages = self.calls.pages(self._at("issues/{}/events", number))
        events = read_all(Event, pages, where=self.location)
        return max((one.created_at for one in events if one.event in RETARGETED), default=None)

    def committers(self, number: int) -> frozenset[Committer]:
        """See the port."""
        pull = self._pull(number)
        if (pull.commits or 0) > MAX_COMMITS:
            message = f"request {number} has {pull.commits} commits, and GitHub lists {MAX_COMMITS}"
            raise Stalled(Reason.FORGE_REFUSED, message, remedy="ask anew with fewer commits")
        items = list(self.calls.pages(self._at("pulls/{}/commits", number)))
        commits = read_all(Commit, items, where=self.location)
        if pull.head.sha not in {commit.sha for commit in commits} or len(commits) != pull.commits:
            raise Moved(Reason.BRANCH_MOVED, f"request {number} moved while its commits were read")
        return frozenset(committer for commit in commits for committer in self._by(commit))

    def team_members(self, team: str) -> frozenset[str]:
        """See the port. `team` is `ORG/SLUG`."""
        return read_members(self.calls, team)

    def checks(self, commit: str) -> tuple[Check, ...]:
        """See the port: check runs and commit statuses."""
        return read_checks(self.calls, self._at("commits/{}", commit))

    def set_labels(self, number: int, labels: Iterable[str]) -> None:
        """See the port. Labels go one by one, so that one that somebody else sets meanwhile stays."""
        wanted = frozenset(labels)

        def act() -> None:
            present = {label.name for label in self._pull(number).labels}
            after = merged_labels(present, wanted)
            if missing := sorted(after - present):
                self.calls.send("POST", self._at("issues/{}/labels", number), {"labels": missing})
            for label in sorted(present - after):
                self.calls.send("DELETE", self._at("issues/{}/labels/{}", number, label), expected=(404,))

        self.calls.repeatedly(act)

    def ask_review(self, number: int, team: str) -> None:
        """See the port."""
        members = self.team_members(team)

        def act() -> None:
            path = self._at("pulls/{}/requested_reviewers", number)
            pull, asked = self._pull(number), read(Asked, self.calls.get(path).data, where=self.location)
            slug = team.rpartition("/")[2]
            if pull.state == "closed" or slug in {one.slug for one in asked.teams}:
                return
            if any(same_login(review.author.login, member) for member in members for review in self.reviews(number)):
                return
            self.calls.send("POST", path, {"team_reviewers": [slug]})

        self.calls.repeatedly(act)

    def put_comment(self, number: int, marker: str, body: str) -> None:
        """See the port. The marker is an HTML comment before the text, which GitHub does not show."""
        mark = f"<!-- rtb-hub:{marker} -->\n"

        def act() -> None:
            self._pull(number)
            me, path = self.whoami().actor.login, self._at("issues/{}/comments", number)
            for one in read_all(Comment, self.calls.pages(path), where=self.location):
                if one.user is None or not same_login(one.user.login, me) or not one.body.startswith(mark):
                    continue
                if one.body != mark + body:
                    self.calls.send("PATCH", self._at("issues/comments/{}", one.id), {"body": mark + body})
                return
            self.calls.send("POST", path, {"body": mark + body})

        self.calls.repeatedly(act)

    def merge(self, number: int, head: str, *, onto: str | None = None) -> str:
        """See the port. GitHub compares the request's commit only, so its target is read right before."""
        return self.calls.repeatedly(lambda: self._merged(number, head, onto))

    def protection(self, branch: str) -> BranchProtection:
        """See the port: rulesets, of the repository and its organisation."""
        self._must_be_there()
        return Rulesets(self.name, self.calls).protection(branch)

    def check_reporter(self) -> str | None:
        """See the port: GitHub Actions."""
        return Rulesets(self.name, self.calls).actions()

    def protect(self, branch: str, wanted: BranchProtection) -> BranchProtection:
        """See the port: one ruleset of the repository, named after the branch."""
        self._must_be_there()
        return Rulesets(self.name, self.calls).protect(branch, wanted)

    def _opened(self, branch: str, base: str, title: str, body: str) -> ChangeRequest:
        head = f"{self.name.partition('/')[0]}:{branch}"
        for pull in self._pulls({"state": "open", "base": base, "head": head}):
            shown = self._shown(pull)
            if not shown.is_foreign and (shown.branch, shown.base) == (branch, base):
                return shown
        wanted = {"title": title, "body": body, "head": branch, "base": base}
        answer = self.calls.send("POST", self._at("pulls"), wanted, expected=(422,))
        if answer.status != 422:
            return self._shown(self._read_pull(answer.data))
        for name in (branch, base):
            if self.calls.get(self._at("branches/{}", name), expected=(404,)).status == 404:
                raise Moved(Reason.BRANCH_MOVED, f"{self.location} has no branch {name} (any more)")
        message = f"{self.location} opens no request for {branch}: {answer.message}"
        raise Stalled(Reason.FORGE_REFUSED, message, remedy="there may be nothing to ask for")

    def _merged(self, number: int, head: str, onto: str | None) -> str:
        pull = self._pull_anew(number)
        if (done := self._merged_already(pull, head)) is not None:
            return done
        if onto is not None:
            answer = self.calls.get(self._at("branches/{}", pull.base.ref), expected=(404,))
            at = None if answer.status == 404 else read(Branch, answer.data, where=self.location).commit.sha
            must_be_onto(pull.base.ref, at, onto)
        title, text = merge_message(number, pull.head.ref, pull.title)
        wanted = {"sha": head, "merge_method": "merge", "commit_title": title, "commit_message": text}
        answer = self.calls.send("PUT", self._at("pulls/{}/merge", number), wanted, expected=(404, 405, 409, 422))
        if answer.status < 300 and isinstance(answer.data, dict) and answer.data.get("merged"):
            return str(answer.data["sha"])
        pull = self._pull_anew(number)
        if (done := self._merged_already(pull, head)) is not None:
            return done
        what = f"request {number} of {self.location}"
        if pull.mergeable_state == "behind":
            wanted = {"expected_head_sha": head}
            self.calls.send("PUT", self._at("pulls/{}/update-branch", number), wanted, expected=(422,))
            fault = Fault(f"{what} did not hold all of {pull.base.ref}: it was brought up to date, to be reviewed anew")
            raise Waiting(Reason.MERGE_NOT_READY, fault, retry_after_seconds=NOT_READY_SECONDS)
        if pull.mergeable is None or (
            answer.status == 405 and pull.mergeable_state in ("clean", "unstable", "has_hooks")
        ):
            # Not computed yet; or all is well by now: `base` moved between GitHub's look and its merge.
            fault = Fault(f"{what} cannot be merged yet: {answer.message}", remedy="try again")
            raise Waiting(Reason.MERGE_NOT_READY, fault, retry_after_seconds=NOT_READY_SECONDS)
        if pull.mergeable is False:
            remedy = f"bring {pull.head.ref} up to date with {pull.base.ref}"
            raise Stalled(Reason.MERGE_REFUSED, f"{what} conflicts with {pull.base.ref}", remedy=remedy)
        remedy = "a rule of the repository is not satisfied: the request's page on GitHub says which"
        raise Stalled(Reason.MERGE_REFUSED, f"{what} is not merged: {answer.message}", remedy=remedy)

    def _merged_already(self, pull: Pull, head: str) -> str | None:
        """The merge commit of a request that is merged at `head`, None while it is open. Raises for all else."""
        if pull.head.sha != head:
            raise Moved(Reason.BRANCH_MOVED, f"request {pull.number} is at {pull.head.sha[:12]}, not at {head[:12]}")
        if pull.merged_at is not None and pull.merge_commit_sha:
            return pull.merge_commit_sha
        if pull.state == "closed":
            raise Stalled(Reason.MERGE_REFUSED, f"request {pull.number} is closed", remedy="open a new one")
        return None

    def _pull(self, number: int) -> Pull:
        self._must_be_there()
        answer = self.calls.get(self._at("pulls/{}", number), expected=(404,))
        if answer.status == 404:
            raise Stalled(Reason.REQUEST_NOT_FOUND, f"{self.location} has no request {number}")
        pull = self._read_pull(answer.data)
        if pull.mergeable is None:  # GitHub may compute it without a new ETag
            self.calls.forget(self._at("pulls/{}", number))
        return pull

    def _pull_anew(self, number: int) -> Pull:
        self.calls.forget(self._at("pulls/{}", number))
        return self._pull(number)

    def _pulls(self, query: Mapping[str, object]) -> Iterator[Pull]:
        self._must_be_there()
        for item in self.calls.pages(self._at("pulls"), query):
            yield self._read_pull(item)

    def _read_pull(self, data: object) -> Pull:
        """A pull request of this very repository: a redirect from an old name would bring another's."""
        pull = read(Pull, data, where=self.location)
        self._must_be_named(pull.base.repo)
        return pull

    def _must_be_there(self) -> None:
        """Raise `Stalled` unless the repository is there, under this name. Asked once."""
        if not self._is_there:
            found = self.calls.get(Route.of("/repos/{+}", self.name)).data
            self._must_be_named(read(Repository, found, where=self.location))
            self._is_there = True

    def _must_be_named(self, repository: Repository | None) -> None:
        if repository is None or repository.full_name.casefold() != self.name.casefold():
            now = repository.full_name if repository else "nothing"
            message = f"{self.location} is called {now} now"
            raise Stalled(Reason.FORGE_REFUSED, message, remedy="name the repository by its present name")

    def _shown(self, pull: Pull) -> ChangeRequest:
        is_merged = pull.merged_at is not None
        return ChangeRequest(
            number=pull.number,
            url=pull.html_url,
            title=pull.title,
            body=pull.body or "",
            branch=pull.head.ref,
            head=pull.head.sha,
            base=pull.base.ref,
            author=self._actor(pull.user),
            state="merged" if is_merged else pull.state,
            created_at=pull.created_at,
            merged_at=pull.merged_at,
            merge_commit=pull.merge_commit_sha if is_merged else None,
            labels=frozenset(label.name for label in pull.labels),
            mergeable=False if pull.draft else pull.mergeable,
            is_foreign=pull.head.repo is None or pull.head.repo.full_name.casefold() != self.name.casefold(),
        )

    def _actor(self, user: User | None) -> Actor:
        return actor(user, self.bots)

    @property
    def _people(self) -> People:
        return People(self.name, self.calls, self.bots)

    def _review_state(self, review: PullReview) -> ReviewState:
        try:
            return _REVIEW_STATES[review.state]
        except KeyError as err:
            raise senseless(self.location, "review") from err

    def _by(self, commit: Commit) -> Iterator[Committer]:
        for role, account, person in (
            ("author", commit.author, commit.commit.author),
            ("committer", commit.committer, commit.commit.committer),
        ):
            actor = self._actor(read(User, account, where=self.location) if account else None)
            name, email = (person.name, person.email) if person else ("", "")
            yield Committer(commit.sha, actor, "author" if role == "author" else "committer", name, email)

    def _at(self, template: str, *values: object) -> Route:
        return Route.of("/repos/{+}", self.name).below(template, *values)
