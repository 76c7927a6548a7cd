"""A forge without a server: requests and reviews beside a bare repository. Implements `reconcilers.ports.forge.Forge`.

For the demo, for tests, and for trying the hub out. Merges and conflicts are real Git merges, made in the object
database and published by compare-and-swap. Who is who stands in the Git configuration (`accounts`).
It proves nobody's identity: whoever can write the folder can be anyone. `protection` says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from generator.errors import ConfigError, Fault, Moved, Reason, Remedy, RemedyKind, Stalled
from hub.adapters.git.merges import Comparisons, Signature, merge_commit, merged_by, merged_tree
from hub.adapters.git.process import Git
from hub.adapters.git.push_rules import protect, rules_of
from hub.adapters.git.reader import GitReader
from hub.adapters.local_forge.accounts import LocalAccounts, read_accounts
from hub.adapters.local_forge.refs import (
    ATTEMPTS,
    REQUESTS,
    RefUpdate,
    RequestRefs,
    Stored,
    StoredComment,
    StoredRequest,
    StoredReview,
)
from hub.telemetry.telemetry import SILENT, Telemetry
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
    hub_labels,
    merge_message,
    merged_labels,
    must_be_onto,
    same_login,
)

NOT_EXPRESSED = (
    "a bare repository authenticates no user: whoever can write its folder can move any branch, and review as anyone",
    "it does not ask for approvals or checks before a push",
)
_NAME = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
_HEADS = "refs/heads/"


@dataclass(frozen=True, slots=True)
class LocalForge:
    """The requests of the bare repository at `path`, seen by the account `actor`.

    Each call reads refs once and, where it needs to know who is who, the configuration once.
    """

    path: Path
    actor: str
    clock: Callable[[], datetime]
    refs: RequestRefs
    commits: Comparisons

    @property
    def git(self) -> Git:
        """`git` in the repository."""
        return self.refs.git

    @property
    def location(self) -> str:
        """The repository's path."""
        return str(self.path)

    def whoami(self) -> Identity:
        """The account this was opened as."""
        accounts = self._accounts()
        return Identity(accounts.actor(self.actor), self.actor, accounts.email(self.actor))

    def account(self, name: str) -> Actor:
        """See the port. Accounts are those that the configuration names."""
        return self._accounts().account(name)

    def account_of(self, account_id: str) -> Actor:  # noqa: ARG002 - the port's
        """See the port. An account here is its name, and has no id."""
        return Actor("")

    def requests(self, base: str, *, prefix: str, closed_since: datetime) -> tuple[ChangeRequest, ...]:
        """See the port."""
        stored = self.refs.read()
        asked = (one for one in stored.requests.values() if one.base == base and one.branch.startswith(prefix))
        found = [self._seen(one, stored) for one in asked]
        kept = [one for one in found if one.state == "open" or (one.ended_at or closed_since) >= closed_since]
        if not kept:
            return ()
        accounts = self._accounts()
        return tuple(self._shown(one, stored, accounts) for one in sorted(kept, key=lambda one: one.number))

    def request(self, number: int) -> ChangeRequest:
        """See the port."""
        stored = self.refs.read(number)
        return self._shown(self._seen(stored.one(number), stored), stored, self._accounts())

    def open(self, branch: str, base: str, *, title: str, body: str) -> ChangeRequest:
        """See the port."""
        one, stored = self._opened(branch, base, title=title, body=body)
        return self._shown(one, stored, self._accounts())

    def ask(self, branch: str, base: str, wanted: RequestContent) -> ChangeRequest:
        """See the port: in one write. Whether it can be merged is not computed yet."""
        accounts = self._accounts()
        if wanted.team is not None:
            accounts.members(wanted.team)
        labels = hub_labels(wanted.labels)

        def filled(one: StoredRequest) -> StoredRequest:
            asked = one.asked if wanted.team is None else one.asked | {wanted.team}
            fields = {"title": wanted.title, "body": wanted.body, "labels": merged_labels(one.labels, labels)}
            return one.model_copy(update={**fields, "asked": asked})

        one, stored = self._opened(branch, base, title=wanted.title, body=wanted.body, filled=filled)
        if filled(one) != one:
            one, stored = self.refs.change(one.number, lambda one, by: filled(self._seen(one, by)), found=stored)
        return self._shown(one, stored, accounts, is_compared=False)

    def _opened(
        self,
        branch: str,
        base: str,
        *,
        title: str,
        body: str,
        filled: Callable[[StoredRequest], StoredRequest] = lambda one: one,
    ) -> tuple[StoredRequest, Stored]:
        """The open request of the two branches as it is; else a new one, `filled`. Raises as `open` does."""
        stored = self.refs.read()
        head, base_at = self._must_head(branch, stored), self._must_head(base, stored)
        standing = [one for one in stored.requests.values() if (one.branch, one.base) == (branch, base)]
        if found := next((one for one in (self._seen(one, stored) for one in standing) if one.state == "open"), None):
            return found, stored
        if self.commits.contains(base_at, head):
            raise Stalled(
                Reason.FORGE_REFUSED, f"{branch} has nothing that {base} lacks", remedy="there is nothing to ask"
            )
        new = StoredRequest(
            number=0,
            title=title,
            body=body,
            branch=branch,
            base=base,
            head=head,
            base_at=base_at,
            author=self.actor,
            state="open",
            created_at=self.clock(),
        )
        return self.refs.add(stored, lambda number: filled(new.model_copy(update={"number": number}))), stored

    def update(self, number: int, *, title: str, body: str) -> ChangeRequest:
        """See the port."""
        return self._told(*self._changed(number, lambda one: one.model_copy(update={"title": title, "body": body})))

    def close(self, number: int, comment: str) -> ChangeRequest:
        """See the port."""

        def ended(one: StoredRequest) -> StoredRequest:
            if one.state != "open":
                return one
            return _commented(one, self.actor, "closed", comment).ended("closed", one.head, self.clock())

        return self._told(*self._changed(number, ended))

    def reviews(self, number: int) -> tuple[Review, ...]:
        """See the port."""
        reviews, accounts = self.refs.read(number).one(number).reviews, self._accounts()
        return tuple(
            Review(accounts.actor(r.author), "dismissed" if r.is_dismissed else r.state, r.commit, r.at)
            for r in reviews
        )

    def committers(self, number: int) -> frozenset[Committer]:
        """See the port. A commit is of the account that the configuration gives its e-mail to."""
        stored = self.refs.read(number)
        one = self._seen(stored.one(number), stored)
        since = self._must_head(one.base, stored) if one.state == "open" else one.base_at
        accounts = self._accounts()
        by_email = accounts.by_email()
        fields = self.git.must("log", "-z", "--format=%H%n%an%n%ae%n%cn%n%ce", f"{since}..{one.head}").text
        found: set[Committer] = set()
        for record in filter(None, fields.split("\0")):
            commit, *who = record.split("\n")
            for role, name, email in (("author", *who[0:2]), ("committer", *who[2:4])):
                actor = accounts.actor(by_email.get(email.casefold(), ""))
                found.add(Committer(commit, actor, "author" if role == "author" else "committer", name, email))
        return frozenset(found)

    def team_members(self, team: str) -> frozenset[str]:
        """See the port. Raises `Stalled` (ForgeDenied) for a team without members too."""
        return self._accounts().members(team)

    def checks(self, commit: str) -> tuple[Check, ...]:
        """See the port."""
        return tuple(Check(one.name, one.state, one.source) for one in self.refs.checks(commit))

    def set_labels(self, number: int, labels: Iterable[str]) -> None:
        """See the port."""
        wanted = hub_labels(labels)
        self._changed(number, lambda one: one.model_copy(update={"labels": merged_labels(one.labels, wanted)}))

    def ask_review(self, number: int, team: str) -> None:
        """See the port."""
        self.team_members(team)
        self._changed(number, lambda one: one.model_copy(update={"asked": one.asked | {team}}))

    def put_comment(self, number: int, marker: str, body: str) -> None:
        """See the port."""
        self._changed(number, lambda one: _commented(one, self.actor, marker, body))

    def merge(self, number: int, head: str, *, onto: str | None = None) -> str:
        """See the port: the branch moves and the request is marked merged, in one transaction."""
        for _ in range(ATTEMPTS):
            stored = self.refs.read(number)
            one = self._seen(stored.one(number), stored)
            if one.head != head:
                raise Moved(Reason.BRANCH_MOVED, f"request {number} is at {one.head[:12]}, not at {head[:12]}")
            if one.state == "merged" and one.merge_commit:
                return one.merge_commit
            if one.state != "open":
                raise Stalled(Reason.MERGE_REFUSED, f"request {number} is {one.state}", remedy="open a new one")
            base = self._must_head(one.base, stored)
            must_be_onto(one.base, base, onto)
            tree = merged_tree(self.git, base, head)
            if tree is None:
                message = f"request {number} conflicts with {one.base}"
                raise Stalled(Reason.MERGE_REFUSED, message, remedy=f"bring {one.branch} up to date with {one.base}")
            at = self.clock()
            commit = merge_commit(self.git, tree, (base, head), self._message(one), self._signature(at))
            merged = self.refs.blob(one.ended("merged", head, at, commit))
            if self.refs.swap(
                RefUpdate(_HEADS + one.base, base, commit),
                RefUpdate(_HEADS + one.branch, head, head),
                RefUpdate(f"{REQUESTS}{number}", stored.blobs[number], merged),
            ):
                return commit
        raise self.refs.busy(f"merge request {number}")

    def protection(self, branch: str) -> BranchProtection:
        """See the port: what the repository refuses of pushes."""
        rules = rules_of(self.path, environ=self.git.environ, telemetry=self.git.telemetry)
        return BranchProtection(
            no_force_push=rules.held_by("no-rewriting", branch) is not None,
            no_deletion=rules.held_by("no-deletion", branch) is not None,
            not_expressed=NOT_EXPRESSED,
        )

    def check_reporter(self) -> str | None:
        """See the port. A folder asks nobody who reports."""
        return None

    def protect(self, branch: str, wanted: BranchProtection) -> BranchProtection:
        """See the port: installs the push rules of `hub.adapters.git.push_rules`, which hold both or neither."""
        if wanted.no_force_push or wanted.no_deletion:
            protect(self.path, [branch], environ=self.git.environ, telemetry=self.git.telemetry)
        return self.protection(branch)

    def review(self, number: int, state: ReviewState) -> None:
        """Review a request at its head, as this account. Raises `Stalled` (ForgeRefused): one's own, or not open."""
        at = self.clock()

        def reviewed(one: StoredRequest) -> StoredRequest:
            if one.state != "open":
                raise Stalled(Reason.FORGE_REFUSED, f"request {number} is {one.state}")
            if same_login(one.author, self.actor) and state != "commented":
                raise Stalled(Reason.FORGE_REFUSED, f"{self.actor} cannot review what {self.actor} asked for")
            review = StoredReview(author=self.actor, state=state, commit=one.head, at=at)
            return one.model_copy(update={"reviews": (*one.reviews, review)})

        self._changed(number, reviewed)

    def _changed(self, number: int, by: Callable[[StoredRequest], StoredRequest]) -> tuple[StoredRequest, Stored]:
        """The request with what `by` makes of it as the branches say it is, and what was read beside it."""
        return self.refs.change(number, lambda one, beside: by(self._seen(one, beside)))

    def _seen(self, one: StoredRequest, stored: Stored) -> StoredRequest:
        """The request as the branches say it is: a push moves its head, a merge or a deletion by hand ends it."""
        if one.state != "open":
            return one
        found, base = stored.heads.get(one.branch), self._must_head(one.base, stored)
        head = found or one.head
        if not self.commits.contains(base, head):
            return one.model_copy(update={"head": head}) if found else one.ended("closed", head, None)
        if self.commits.contains(one.base_at, head):  # moved back: nothing is left that was asked for
            return one.ended("closed", head, None)
        commit, at = merged_by(self.git, base, head)
        return one.ended("merged", head, at, commit)

    def _told(self, one: StoredRequest, stored: Stored) -> ChangeRequest:
        return self._shown(one, stored, self._accounts())

    def _shown(
        self, one: StoredRequest, stored: Stored, accounts: LocalAccounts, *, is_compared: bool = True
    ) -> ChangeRequest:
        """The request for others; whether it can be merged is computed where `is_compared`."""
        can_tell = is_compared and one.state == "open"
        return ChangeRequest(
            number=one.number,
            url=f"{self.location}#{one.number}",
            title=one.title,
            body=one.body,
            branch=one.branch,
            head=one.head,
            base=one.base,
            author=accounts.actor(one.author),
            state=one.state,
            created_at=one.created_at,
            merged_at=one.ended_at if one.state == "merged" else None,
            merge_commit=one.merge_commit,
            labels=one.labels,
            mergeable=self.commits.is_mergeable(self._must_head(one.base, stored), one.head) if can_tell else None,
        )

    def _message(self, one: StoredRequest) -> str:
        return "\n\n".join(merge_message(one.number, one.branch, one.title)) + "\n"

    def _signature(self, at: datetime) -> Signature:
        who = self.whoami()
        return Signature(who.name, who.email, at)

    def _accounts(self) -> LocalAccounts:
        return read_accounts(self.git, self.location)

    def _must_head(self, branch: str, stored: Stored) -> str:
        head = stored.heads.get(branch)
        if head is None:
            raise Moved(Reason.BRANCH_MOVED, f"{self.location} has no branch {branch} (any more)")
        return head


def open_local_forge(
    path: Path,
    *,
    actor: str,
    clock: Callable[[], datetime],
    environ: Mapping[str, str],
    telemetry: Telemetry = SILENT,
) -> LocalForge:
    """The forge of the bare repository at `path`, for the account `actor`.

    Raises `ConfigError` (InvalidForge) when there is no bare repository, or the name is none for an account.
    """
    git = Git(environ, path, telemetry=telemetry)
    if not path.is_dir() or git.run("rev-parse", "--is-bare-repository").text != "true":
        remedy = Remedy(RemedyKind.NAME_BARE_REPOSITORY)
        raise ConfigError(Reason.INVALID_FORGE, Fault(f"{path} is not a bare Git repository", remedy=remedy))
    return local_forge(path, GitReader(git), actor=actor, clock=clock)


def local_forge(path: Path, reader: GitReader, *, actor: str, clock: Callable[[], datetime]) -> LocalForge:
    """As `open_local_forge`, of a repository that is open and known to be bare. Raises `ConfigError` (InvalidForge)."""
    if not _NAME.match(actor):
        allowed = "letters, digits, '.', '_' and '-', beginning with a letter or digit, 100 at most"
        raise ConfigError(Reason.INVALID_FORGE, Fault(f"{actor!r} is no account's name", allowed=allowed))
    return LocalForge(path, actor, clock, RequestRefs(reader), Comparisons(reader.git))


def _commented(one: StoredRequest, author: str, marker: str, body: str) -> StoredRequest:
    wanted = StoredComment(author=author, marker=marker, body=body)
    comments = [wanted if (c.author, c.marker) == (author, marker) else c for c in one.comments]
    return one.model_copy(update={"comments": tuple(comments if wanted in comments else [*comments, wanted])})
