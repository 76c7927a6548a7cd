"""History: who changed which preview, when and why, from the trailers of commits.

One commit may change many previews: each `Preview` trailer begins the block of one. A commit that has no block for a
preview and changed its folder all the same was made by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import merge
from itertools import takewhile

from generator.errors import HubError
from generator.values.naming import IssueKey, preview_folder, previews_folder
from reconcilers.ports.git import GitStore, LoggedCommit, Snapshot
from reconcilers.state.environment import issue_of
from reconcilers.state.policies import Environments, Observed
from reconcilers.state.reading import requested_on

BY_HAND = "by hand"
#: The trailer with which the block of a preview begins, such as `int/rtb-123`.
PREVIEW = "Preview"


@dataclass(frozen=True, slots=True)
class Event:
    """One change of one preview. All texts but `environment` come from commits: whoever can push wrote them.

    `name` (`rtb-123`) is empty when a commit by hand is told of a whole environment. `action` is the trailer's, or
    `BY_HAND`; `details` are the block's other trailers. `awaits`: the request branch, while it is not merged.
    """

    at: datetime
    environment: str
    name: str
    action: str
    who: str
    why: str
    commit: str
    subject: str
    details: tuple[tuple[str, str], ...] = ()
    awaits: str | None = None


@dataclass(frozen=True, slots=True)
class Home:
    """An environment, the branch it lives on, and the request branches of its previews by preview name."""

    environment: str
    snapshot: Snapshot
    requests: Mapping[str, Snapshot]


def homes_of(environments: Environments, *, only: str | None = None) -> tuple[tuple[Home, ...], Mapping[str, HubError]]:
    """All environments, sorted by name, without reading entries; and why others cannot be read, by name or branch.

    `only`: this one, or the error that keeps it from being read is raised, or `ConfigError` (UnknownEnvironment).
    """
    found, unreadable = environments.each() if only is None else ((environments.one(only),), {})
    return tuple(map(_home, found)), unreadable


def _home(one: Observed) -> Home:
    return Home(one.environment.name, one.snapshot, requested_on(one.branches, one.environment))


def read_history(
    homes: Sequence[Home], store: GitStore, *, key: IssueKey | None = None, since: datetime | None = None
) -> Iterator[Event]:
    """What happened in these environments, newest first: to one preview, or to all. Raises what `GitStore.log` raises.

    Within a branch the order is Git's own, so that clocks that differ turn nothing round.
    """
    streams = [stream for home in homes for stream in _streams(home, store, key, since)]
    return merge(*streams, key=lambda event: event.at, reverse=True)


def _streams(home: Home, store: GitStore, key: IssueKey | None, since: datetime | None) -> Iterator[Iterator[Event]]:
    """The events of an environment's own branch, and of each of its request branches."""
    name = home.environment
    below = previews_folder(name) if key is None else preview_folder(name, key)
    commits = list(store.log(home.snapshot, below=below, since=since))
    yield (event for commit in commits for event in events_of(commit, name, key))
    merged = {home.snapshot.commit, *(commit.commit for commit in commits)}
    for asked, snapshot in home.requests.items():
        requested = issue_of(asked)
        if requested is None or (key is not None and requested != key) or snapshot.commit in merged:
            continue
        # The branch is this preview's own, so nothing else of it is looked at.
        log = store.log(snapshot, below=preview_folder(name, requested), since=since)
        waiting = list(takewhile(lambda commit: commit.commit not in merged, log))
        yield _awaiting(waiting, name, requested, snapshot.branch)


def _awaiting(commits: Sequence[LoggedCommit], environment: str, key: IssueKey, branch: str) -> Iterator[Event]:
    return (replace(event, awaits=branch) for commit in commits for event in events_of(commit, environment, key))


def events_of(commit: LoggedCommit, environment: str, key: IssueKey | None) -> Iterator[Event]:
    """What a commit that changed the folder of `key`, or of an environment's previews, did there."""
    found = False
    for name, block in blocks(commit.trailers):
        if name.partition("/")[0] == environment and (key is None or name == f"{environment}/{key.name}"):
            found = True
            told = dict(reversed(block))  # of two of a name, the first
            yield Event(
                at=commit.at,
                environment=environment,
                name=name.partition("/")[2],
                action=told.get("Action", ""),
                who=told.get("Requested-By", commit.author),
                why=told.get("Reason", ""),
                commit=commit.commit,
                subject=commit.subject,
                details=tuple(trailer for trailer in block if trailer[0] not in _TOLD),
            )
    if not found:
        name = key.name if key else ""
        why = commit.subject
        yield Event(commit.at, environment, name, BY_HAND, commit.author, why, commit.commit, why)


_TOLD = frozenset({"Action", "Requested-By", "Reason"})


def blocks(trailers: Sequence[tuple[str, str]]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The trailers of each preview a commit changed, as (`int/rtb-123`, its trailers): `Preview` begins each."""
    block: list[tuple[str, str]] | None = None
    name = ""
    for trailer in trailers:
        if trailer[0] == PREVIEW:
            if block is not None:
                yield name, block
            name, block = trailer[1], []
        elif block is not None:
            block.append(trailer)
    if block is not None:
        yield name, block
