"""Where the local forge keeps its requests: one blob a request, in a ref of the repository itself.

`refs/rtb-hub/requests/7` holds request 7 as JSON and `refs/rtb-hub/checks/COMMIT` what was reported for a commit. Refs
rather than a file beside the repository, because Git moves several of them in one transaction: a merge moves the
branch and marks the request merged, or does neither (git-update-ref(1), --stdin). Every write compares and swaps, so
several processes may write at once. They travel with a mirror and stay out of fetches, which take `refs/heads/` only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from generator.errors import Reason, Stalled, Transient
from hub.adapters.git.objects import answers, names
from hub.adapters.git.process import Git, said
from hub.adapters.git.reader import GitReader
from reconcilers.ports.forge import CheckState, RequestState, ReviewState

REQUESTS = "refs/rtb-hub/requests/"
CHECKS = "refs/rtb-hub/checks/"
_HEADS = "refs/heads/"
#: How often a write is tried anew when others keep writing the same request.
ATTEMPTS = 10

CommitId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StoredReview(_Stored):
    """A review as it was given. `is_dismissed` keeps what it said."""

    author: str
    state: ReviewState
    commit: CommitId
    at: AwareDatetime
    is_dismissed: bool = False


class StoredComment(_Stored):
    """A comment; `marker` is empty for one that people wrote."""

    author: str
    marker: str
    body: str


class StoredCheck(_Stored):
    """The latest result of one check by one account."""

    name: str
    state: CheckState
    source: str


class StoredRequest(_Stored):
    """A request. While it is open its head is wherever the branch is; `head` is where it was at the last write.

    `base_at` is the commit `base` was at when it was opened.
    """

    number: int
    title: str
    body: str
    branch: str
    base: str
    head: CommitId
    base_at: CommitId
    author: str
    state: RequestState
    created_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    merge_commit: CommitId | None = None
    labels: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    reviews: tuple[StoredReview, ...] = ()
    comments: tuple[StoredComment, ...] = ()

    def ended(
        self, state: RequestState, head: str, at: datetime | None, merge_commit: str | None = None
    ) -> StoredRequest:
        """The request as it ends. `at` None: nobody knows when."""
        return self.model_copy(update={"state": state, "head": head, "ended_at": at, "merge_commit": merge_commit})


_CHECKS = TypeAdapter(tuple[StoredCheck, ...])


@dataclass(frozen=True, slots=True)
class RefUpdate:
    """One ref of a transaction: from `old` (None: it must not exist) to `new`. Equal: it must be there, and stays."""

    ref: str
    old: str | None
    new: str


@dataclass(frozen=True, slots=True)
class Stored:
    """Requests by number, the blob that each stands in, and the commits of all branches: all as of one reading."""

    requests: Mapping[int, StoredRequest]
    blobs: Mapping[int, str]
    heads: Mapping[str, str]

    def one(self, number: int) -> StoredRequest:
        """A request. Raises `Stalled` (RequestNotFound)."""
        if number not in self.requests:
            raise Stalled(Reason.REQUEST_NOT_FOUND, f"there is no request {number}")
        return self.requests[number]


@dataclass(frozen=True, slots=True)
class RequestRefs:
    """The requests and checks of one bare repository. Raises `Stalled` (ForgeRefused) for what cannot be read."""

    reader: GitReader

    @property
    def git(self) -> Git:
        """`git` in the repository."""
        return self.reader.git

    def read(self, number: int | None = None) -> Stored:
        """All requests, or the one of a number if it is there, and the heads of all branches."""
        refs = self._listed(_HEADS, REQUESTS if number is None else f"{REQUESTS}{number}")
        heads = {ref.removeprefix(_HEADS): commit for ref, commit in refs.items() if ref.startswith(_HEADS)}
        blobs = {int(ref.removeprefix(REQUESTS)): blob for ref, blob in refs.items() if ref.startswith(REQUESTS)}
        texts = self._texts(blobs.values())
        requests = {number: self._request(f"{REQUESTS}{number}", texts[blob]) for number, blob in blobs.items()}
        return Stored(requests, blobs, heads)

    def add(self, found: Stored, make: Callable[[int], StoredRequest]) -> StoredRequest:
        """Store a new request under the next number that is free, as it was `found`, or as it is by then."""
        for _ in range(ATTEMPTS):
            number = max(found.blobs, default=0) + 1
            request = make(number)
            if self.swap(RefUpdate(f"{REQUESTS}{number}", None, self.blob(request))):
                return request
            found = self.read()
        raise self.busy("open a request")

    def change(
        self, number: int, by: Callable[[StoredRequest, Stored], StoredRequest], *, found: Stored | None = None
    ) -> tuple[StoredRequest, Stored]:
        """Store what `by`, which may be called again, makes of a request and of what is read beside it; returns both.

        Nothing is written when the request stays the same. `found`: what was just read of it.
        """
        for _ in range(ATTEMPTS):
            found = found or self.read(number)
            request = found.one(number)
            changed = by(request, found)
            update = RefUpdate(f"{REQUESTS}{number}", found.blobs[number], "")
            if changed == request or self.swap(replace(update, new=self.blob(changed))):
                return changed, found
            found = None
        raise self.busy(f"change request {number}")

    def checks(self, commit: str) -> tuple[StoredCheck, ...]:
        """What was reported for a commit."""
        ref = CHECKS + commit
        blob = self._listed(ref).get(ref)
        return self._checks(ref, self._texts([blob])[blob]) if blob else ()

    def blob(self, request: StoredRequest) -> str:
        """Write a request into the object database, where nothing refers to it yet."""
        return self._write(request.model_dump_json(indent=1).encode())

    def swap(self, *updates: RefUpdate) -> bool:
        """Move all the refs or none. False: one of them is no longer where it was."""
        lines = "".join(
            f"verify {u.ref} {u.old}\n" if u.old == u.new else f"update {u.ref} {u.new} {u.old or '0' * 40}\n"
            for u in updates
        )
        # git-update-ref(1): `prepare` takes all locks and compares; only `commit` moves.
        result = self.git.run(
            "update-ref", "-m", "rtb-hub", "--stdin", stdin=f"start\n{lines}prepare\ncommit\n".encode()
        )
        if result.code == 0:
            return True
        if all(self._listed(u.ref).get(u.ref) == u.old for u in updates):
            remedy = "if a *.lock file of a process that died stands beside a ref, remove it; then try again"
            raise Stalled(Reason.REPOSITORY_REFUSED, f"cannot move {updates[0].ref}: {said(result)}", remedy=remedy)
        return False

    @staticmethod
    def busy(what: str) -> Transient:
        """The error for a write that others got ahead of every time."""
        return Transient(Reason.FORGE_UNREACHABLE, f"cannot {what}: others keep writing it", remedy="try again")

    def _listed(self, *below: str) -> dict[str, str]:
        listing = self.git.must("for-each-ref", "--format=%(objectname) %(refname)", *below).text.splitlines()
        return {ref: blob for blob, _, ref in (line.partition(" ") for line in listing)}

    def _texts(self, blobs: Iterable[str]) -> dict[str, bytes]:
        asked = list(dict.fromkeys(blobs))
        if not asked:
            return {}
        result = self.reader.contents(names(asked))
        if result.code != 0:
            remedy = "'git fsck' there names damaged objects"
            raise Stalled(Reason.REPOSITORY_REFUSED, f"git cat-file failed: {said(result)}", remedy=remedy)
        return {blob: one.content for blob, one in zip(asked, answers(result.out, len(asked)), strict=True)}

    def _write(self, text: bytes) -> str:
        return self.git.must("hash-object", "-w", "--stdin", stdin=text).text

    @staticmethod
    def _request(ref: str, text: bytes) -> StoredRequest:
        try:
            return StoredRequest.model_validate_json(text)
        except ValidationError as err:
            raise _unreadable(ref) from err

    @staticmethod
    def _checks(ref: str, text: bytes) -> tuple[StoredCheck, ...]:
        try:
            return _CHECKS.validate_json(text)
        except ValidationError as err:
            raise _unreadable(ref) from err


def _unreadable(ref: str) -> Stalled:
    remedy = f"it was written by another release or by hand: see it with 'git show {ref}'"
    return Stalled(Reason.FORGE_REFUSED, f"{ref} is not readable", remedy=remedy)
