"""The forge port: change requests, reviews, checks, teams and branch protection of one repository, in our words.

A forge is GitHub, Gitea or Forgejo, or a folder beside a bare repository. What the hub relies on, whatever the forge;
an adapter makes it so, on the strict side:

* **What cannot be read raises.** An empty answer means that there is nothing; a partial one never comes back, nor one
  page of several.
* **Accounts compare.** Every login in this module is spelled as the forge spells the account now, and `Actor.id` stays
  when it is renamed: `same_account` compares. What people typed elsewhere is asked for with `Forge.account`.
* **Doing it again is harmless.** Every method that writes reaches a state and may be repeated after a lost answer.
* **A request is merged only at the commit that was judged, onto the one it was judged on**: `merge` names both.
* **Nobody is left out.** A commit that maps to no account is an unknown committer, an account that is gone an unknown
  author; neither is dropped from an answer.
* **Retries, paging, limits and tokens stay inside.** What is raised was tried enough; no message holds a credential.

Every method raises, and each adapter translates into these (kind, reason):

| kind | reason | when |
|---|---|---|
| `ConfigError` | InvalidForge | no key, an unreadable key, an address that is none |
| `Stalled` | ForgeDenied | wrong or revoked key, no rights, no such team, archived, not installed there |
| `Stalled` | ForgeRefused | the repository was renamed or is gone, or the forge refuses this one thing for good |
| `Stalled` | RequestNotFound | there is no request of that number |
| `Waiting` | ForgeLimited | a rate limit that ends later than an adapter waits; `retry_after_seconds` says when |
| `Transient` | ForgeUnreachable | no connection, a time-out, a server's fault, an answer that makes no sense |

Pure: no adapter, client or clock here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from generator.errors import Moved, Reason
from reconcilers.plan import one_line

RequestState = Literal["open", "merged", "closed"]
ReviewState = Literal["approved", "changes-requested", "commented", "dismissed"]
CheckState = Literal["passed", "failed", "pending"]

#: Labels that begin so are the hub's; all others are people's and stay as they are.
LABEL_PREFIX = "preview:"


@dataclass(frozen=True, slots=True)
class Actor:
    """An account. `login` is empty for one that is gone or unknown: it is nobody's equal, and nobody approves as it.

    `is_bot`: the forge says so (an App, a bot account), or the adapter was told that this account is a machine's.
    `id` is the forge's own, which no renaming changes; empty where the forge has none.
    """

    login: str
    is_bot: bool = False
    id: str = field(default="", compare=False)

    @property
    def is_known(self) -> bool:
        """False for an account that is gone."""
        return bool(self.login)


@dataclass(frozen=True, slots=True)
class Identity:
    """The account that the adapter acts as, and the name and e-mail whose commits the forge maps to it."""

    actor: Actor
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """A pull request. `branch` and `base` are branch names, `head` is the 40-digit commit that `branch` is at.

    `is_foreign`: `branch` is one of another repository (a fork), of whoever it belongs to. `mergeable`: False when it
    conflicts with `base` or is a draft, None when the forge has not computed it yet (always, in a listing of some:
    ask `Forge.request`). `merge_commit` and `merged_at` are set exactly when `state` is merged; times are aware.
    """

    number: int
    url: str
    title: str
    body: str
    branch: str
    head: str
    base: str
    author: Actor
    state: RequestState
    created_at: datetime
    merged_at: datetime | None = None
    merge_commit: str | None = None
    labels: frozenset[str] = frozenset()
    mergeable: bool | None = None
    is_foreign: bool = False


@dataclass(frozen=True, slots=True)
class RequestContent:
    """What a request is to say: title and body, all its labels of the hub, and the team that is asked to review it."""

    title: str
    body: str
    labels: frozenset[str] = frozenset()
    team: str | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """One submitted review, of the request as it was at `commit` (empty: the forge no longer says, so it is stale).

    `state` is `dismissed` whatever it was before. `at` is aware. `is_elsewhere`: the request was aimed at another
    branch since, or in that very second, so nobody knows which difference was read.
    """

    author: Actor
    state: ReviewState
    commit: str
    at: datetime
    is_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Committer:
    """Who a commit of a request is by, as its author or its committer. An unknown actor: it maps to no account.

    The name and e-mail are what the commit claims, which nobody verified. They are for people to read.
    """

    commit: str
    actor: Actor
    role: Literal["author", "committer"]
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Check:
    """One result that was reported for a commit: the latest of `name` by `source` (an App's name or a login).

    A name may come from several sources. It has passed only when all of them have: whoever can write one cannot
    outvote another. Skipped and neutral count as passed, cancelled and stale ones as failed.
    """

    name: str
    state: CheckState
    source: str = ""


@dataclass(frozen=True, slots=True)
class BranchProtection:
    """What the forge enforces for one branch. The default is a branch that nothing protects.

    `requests_only`: pushes are refused, the branch moves by a merged request. `updaters`: who alone may move it, by a
    merge too; None: whoever may write. `approvals`: how many the forge asks for; `approver_team`: whose members'
    approvals count, None for anyone's who may write; `further_teams`: others that must approve all too, each with how
    many; `unclear_teams`: those that must approve files of which nobody can tell whether they are all.
    `dismiss_stale`: a push voids approvals. `not_by_last_pusher`: who
    pushed last cannot be the one who approves. `talks_resolved`: no conversation may be left open. `checks`: names that
    must have passed on the head; `check_sources`: of each of them who alone may report it, where that is held.
    `up_to_date`: a request must hold all of the branch, so that checks saw what a merge gives. `merge_commits_only`: no
    squashing and no rebasing. `by_code_owners`: an owner that CODEOWNERS on the branch names must approve.
    `bypass`: who may skip reviews or checks, or push. `rewriters`: whom `no_force_push` or `no_deletion` does not hold
    for. `editors`: who may change these rules; None: the forge does not tell.
    Identities are `app:ID`, `user:LOGIN`, `team:TEAM` or `role:NAME`, in the forge's spelling.
    `not_expressed`: sentences on what of this the forge cannot enforce, enforces in part, or does not tell; a value
    here is never stronger than what the forge does.
    """

    requests_only: bool = False
    updaters: frozenset[str] | None = None
    approvals: int = 0
    approver_team: str | None = None
    further_teams: frozenset[tuple[str, int]] = frozenset()
    unclear_teams: frozenset[str] = frozenset()
    dismiss_stale: bool = False
    not_by_last_pusher: bool = False
    talks_resolved: bool = False
    checks: frozenset[str] = frozenset()
    check_sources: frozenset[tuple[str, str]] = frozenset()
    up_to_date: bool = False
    merge_commits_only: bool = False
    by_code_owners: bool = False
    no_force_push: bool = False
    no_deletion: bool = False
    bypass: frozenset[str] = frozenset()
    rewriters: frozenset[str] = frozenset()
    editors: frozenset[str] | None = field(default=None, compare=False)
    not_expressed: tuple[str, ...] = ()


class Forge(Protocol):
    """One repository on a forge, seen by one account. The module's table says what every method raises."""

    @property
    def location(self) -> str:
        """The repository for people: an address or a path, without credentials."""

    def whoami(self) -> Identity:
        """The account this adapter acts as. Raises `Stalled` (ForgeDenied) when its key is not, or no longer, good."""

    def account(self, name: str) -> Actor:
        """The account that somebody goes by: a login in any case, or an e-mail where the forge can tell whose it is.

        An unknown actor when no account that this repository concerns goes by it; nothing of `name` is guessed at.
        """

    def account_of(self, account_id: str) -> Actor:
        """The account of that `Actor.id`, as it is called now; an unknown actor when it is gone."""

    def requests(self, base: str, *, prefix: str, closed_since: datetime) -> tuple[ChangeRequest, ...]:
        """All requests against `base` whose branch begins with `prefix`, by number.

        Every open one, and those closed or merged at or after `closed_since`; an older one may come along. Requests of
        forks are among them.
        """

    def request(self, number: int) -> ChangeRequest:
        """One request as it is now. Raises `Stalled` (RequestNotFound)."""

    def open(self, branch: str, base: str, *, title: str, body: str) -> ChangeRequest:
        """Open a request to merge `branch` into `base`; an open one of the same two is returned as it is.

        Raises `Moved` when one of the branches is not there (any more), and `Stalled` (ForgeRefused) when `branch` has
        nothing that `base` lacks.
        """

    def ask(self, branch: str, base: str, wanted: RequestContent) -> ChangeRequest:
        """`open`, and whatever of `update`, `set_labels` and `ask_review` makes the request say what is `wanted`.

        Raises what they raise. What came first may have been done then, and doing it all again is harmless.
        """

    def update(self, number: int, *, title: str, body: str) -> ChangeRequest:
        """Give a request this title and body. Nothing is written when it has them."""

    def close(self, number: int, comment: str) -> ChangeRequest:
        """Close a request without merging, saying why. One that is closed or merged stays as it is, unsaid.

        The comment is one that is edited: a repeated close does not say it twice. The branch stays.
        """

    def reviews(self, number: int) -> tuple[Review, ...]:
        """All submitted reviews, oldest first; pending ones and requests for a review are none."""

    def committers(self, number: int) -> frozenset[Committer]:
        """The author and the committer of every commit that the request would add. Never empty for an open one.

        Raises `Stalled` (ForgeRefused) when there are more commits than the forge lists.
        """

    def team_members(self, team: str) -> frozenset[str]:
        """The logins of a team's present members, invited ones not among them.

        `team` is `ORG/TEAM`; the local forge has no organisations and takes a bare name. Raises `Stalled` (ForgeDenied)
        when there is no such team or this account may not read it: a team that is not there is not an empty team.
        """

    def checks(self, commit: str) -> tuple[Check, ...]:
        """All checks reported for `commit`, sorted by name and source. None reported is an empty answer, not green."""

    def set_labels(self, number: int, labels: Iterable[str]) -> None:
        """Make the hub's labels of a request exactly `labels`, each beginning with LABEL_PREFIX. Others stay.

        Raises `ValueError` for a label that is not the hub's.
        """

    def ask_review(self, number: int, team: str) -> None:
        """Ask a team for a review, once: nothing happens when it is asked already or a member has reviewed."""

    def put_comment(self, number: int, marker: str, body: str) -> None:
        """Keep one comment of this account on a request: the one that carries `marker` is edited, else one is made.

        `marker` is letters, digits and '-'; it is not shown. A comment of somebody else is never touched, and nothing
        is written when the text stands already.
        """

    def merge(self, number: int, head: str, *, onto: str | None = None) -> str:
        """Merge a request that is still at `head`, by a merge commit; returns that commit, 40 hexadecimal digits.

        `onto` is the commit of the target that the request was judged on; None: whatever it is at. Forges whose merge
        compares the request only are asked for the target right before. A request that was merged at `head` before
        returns its merge commit: the answer was lost, not the merge.

        Raises `Moved` (BranchMoved) when the request or its target is at another commit, `Waiting` (MergeNotReady)
        while the forge computes whether it can be merged, and `Stalled` (MergeRefused) when it conflicts, is closed, or
        a rule of the forge is not satisfied. On any error it is not merged, or was and the next call says so.
        """

    def protection(self, branch: str) -> BranchProtection:
        """What the forge enforces for `branch`, whoever set it up. A branch nothing protects is the default value.

        Rules that are switched off or only evaluated count for nothing.
        """

    def check_reporter(self) -> str | None:
        """Who the forge's own CI reports checks as, an identity as in `BranchProtection`; None: no rule can name it."""

    def protect(self, branch: str, wanted: BranchProtection) -> BranchProtection:
        """Make the hub's own rule for `branch` demand `wanted`, and return what the forge then enforces, read back.

        Rules that somebody else made stay. What the forge cannot express stands in the result's `not_expressed`.
        """


def ask_in_steps(forge: Forge, branch: str, base: str, wanted: RequestContent) -> ChangeRequest:
    """`Forge.ask` by its parts, for a forge that takes them one by one."""
    request = forge.open(branch, base, title=wanted.title, body=wanted.body)
    request = forge.update(request.number, title=wanted.title, body=wanted.body)
    forge.set_labels(request.number, wanted.labels)
    if wanted.team is not None:
        forge.ask_review(request.number, wanted.team)
    return request


def merge_message(number: int, branch: str, title: str) -> tuple[str, str]:
    """Subject and body of the commit by which a request is merged.

    Anybody who may push writes the title, so it stands within a sentence: on a line of its own it could be a trailer,
    which the hub reads as its own word.
    """
    return f"Merge request {number} from {branch}", f"It was asked for as {one_line(title)!r}."


def must_be_onto(branch: str, found: str | None, onto: str | None) -> None:
    """Raise `Moved` (BranchMoved) when a target is not at the commit that a request was judged on (None: any)."""
    if onto is not None and found != onto:
        now = found[:12] if found else "gone"
        raise Moved(Reason.BRANCH_MOVED, f"{branch} is {now}, and what was judged is a merge onto {onto[:12]}")


def same_login(one: str, other: str) -> bool:
    """Whether two spellings name one account: case does not count. An unknown account is never the same as another."""
    return bool(one) and one.casefold() == other.casefold()


def same_account(one: Actor, other: Actor) -> bool:
    """Whether two are one account: by ids where both have one, whatever they are called. Unknown ones never are."""
    if not (one.is_known and other.is_known):
        return False
    return one.id == other.id if one.id and other.id else same_login(one.login, other.login)


def hub_labels(labels: Iterable[str]) -> frozenset[str]:
    """`labels`, which must all be the hub's. Raises `ValueError` for one that is not."""
    wanted = frozenset(labels)
    if foreign := sorted(label for label in wanted if not label.startswith(LABEL_PREFIX)):
        raise ValueError(f"not a label of the hub: {foreign[0]!r}")
    return wanted


def merged_labels(present: Iterable[str], labels: Iterable[str]) -> frozenset[str]:
    """What a request that has the labels `present` has after `Forge.set_labels`. Raises `ValueError` like it."""
    return hub_labels(labels) | {label for label in present if not label.startswith(LABEL_PREFIX)}
