"""What stands in a state repository, as it is here, in the time between two key strokes: for completion in a shell.

It asks Git for names alone, fetches nothing, takes no lock, and gives up early. Whatever is wrong (no repository, no
git, another user's, too slow, too much) is the same as nothing to be seen. `hub.adapters.git.store` reads for
everything else; this imports none of it.
"""

from __future__ import annotations

import os
import re
import select
import signal
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hub.adapters.git.kept_names import Place, recall, remember
from hub.adapters.git.location import is_url, mirror_directory

#: In all, for everything that git is asked. A quick disk takes a hundredth of it.
SECONDS = 1.0
#: Of one answer: the names of some 50,000 previews.
_MOST_BYTES = 8 * 2**20
#: Branches that are listed: those of environments are few, and requests are no branches of environments.
_MOST_BRANCHES = 12
_READ_BYTES = 2**16
_REQUESTS = "preview/"
_OURS, _THEIRS = "refs/heads/", "refs/remotes/origin/"
#: As the names of environments and issues are checked where they are read (`generator.values`): nothing that a shell
#: would take for more than a word.
_ENVIRONMENT = r"[a-z][a-z0-9-]{0,30}"
_KEY = r"[a-z][a-z0-9]{1,9}-[1-9][0-9]{0,8}"
_BLUEPRINT = re.compile(r"blueprints/(?P<name>[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)/blueprint\.yaml")
_FILE = re.compile(
    rf"environments/(?P<env>{_ENVIRONMENT})/"
    rf"(?:(?P<itself>environment\.yaml)|previews/(?:[a-z0-9]+/){{2}}(?P<key>{_KEY})/preview\.yaml"
    rf"|queue/(?P<queued>{_KEY})\.yaml)"
)
_REQUEST = re.compile(rf"{_REQUESTS}(?P<env>{_ENVIRONMENT})/(?P<key>{_KEY})")
#: No prompt, no lock, no fetching of what a partial clone lacks.
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}


@dataclass(frozen=True, slots=True)
class Seen:
    """The environments, and of each what it holds and the keys that are asked for by requests."""

    environments: Mapping[str, Place] = field(default_factory=dict)
    requests: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def keys(self, environment: str) -> frozenset[str]:
        """The keys of all issues that are there somehow."""
        place = self.environments[environment]
        return place.entries | place.queued | self.requests.get(environment, frozenset())

    def entry(self, environment: str, key: str) -> str:
        """Where an entry is in Git, as `commit:path`."""
        project, _, number = key.lower().partition("-")
        folder = f"{project}/{int(number) // 100 * 100}/{key.lower()}"
        return f"{self.environments[environment].commit}:environments/{environment}/previews/{folder}/preview.yaml"


class Glance:
    """Looks at one repository. `location`: a path, or a URL, of which the mirror below `cache` is looked at."""

    def __init__(self, location: str, *, cache: Path, environ: Mapping[str, str]) -> None:
        if is_url(location):
            mirror = mirror_directory(cache, location)
            self._where: tuple[str, str] = ("--git-dir", str(mirror))
        else:
            path = Path(location).expanduser().absolute()
            self._where = ("-C", str(path.parent if path.name == ".git" and path.is_file() else path))
        self._kept = cache / "names" / f"{zlib.crc32(self._where[1].encode('utf-8', 'surrogateescape')):08x}"
        self._environ = {**environ, **_QUIET}
        self._until = time.monotonic() + SECONDS

    def names(self) -> Seen:
        """What there is by name."""
        heads = self._heads()
        ordered = sorted(
            (name for name in heads if not name.startswith(_REQUESTS)), key=lambda one: (one != "main", one)
        )
        commits = list(dict.fromkeys(heads[name] for name in ordered[:_MOST_BRANCHES]))
        state = " ".join(commits)
        environments = recall(self._kept, state)
        if environments is None:
            environments = self._listed(commits)
            if environments:
                remember(self._kept, state, environments)
        requests: dict[str, set[str]] = {}
        for found in filter(None, map(_REQUEST.fullmatch, heads)):
            requests.setdefault(found["env"], set()).add(found["key"].upper())
        return Seen(environments, {name: frozenset(keys) for name, keys in requests.items()})

    def _listed(self, commits: Sequence[str]) -> Mapping[str, Place]:
        found: dict[str, Place] = {}
        listings = self._answers(
            [("ls-tree", "-r", "--name-only", one, "environments/", "blueprints/") for one in commits]
        )
        for commit, listing in zip(commits, listings, strict=True):
            entries: dict[str, list[str]] = {}
            queued: dict[str, list[str]] = {}
            lines = listing.splitlines()
            own = frozenset(one["name"] for one in filter(None, map(_BLUEPRINT.fullmatch, lines)))
            for one in filter(None, map(_FILE.fullmatch, lines)):
                if one["itself"]:
                    found.setdefault(one["env"], Place(commit))
                elif one["key"]:
                    entries.setdefault(one["env"], []).append(one["key"].upper())
                else:
                    queued.setdefault(one["env"], []).append(one["queued"].upper())
            for name, place in found.items():
                if place.commit == commit:
                    there, waiting = (frozenset(of.get(name, ())) for of in (entries, queued))
                    found[name] = Place(commit, there, waiting, own)
        found.pop("base", None)
        return dict(sorted(found.items()))

    def content(self, where: str) -> str:
        """The text of a file at `commit:path`; empty when it cannot be had."""
        return next(iter(self._answers([("cat-file", "blob", where)])))

    def _heads(self) -> Mapping[str, str]:
        """The commit of each branch: of the remote's as they were seen last where there are any, else of our own."""
        asked = ("for-each-ref", "--format=%(objectname) %(refname)", _THEIRS, _OURS)
        listed = [line.partition(" ") for line in next(iter(self._answers([asked]))).splitlines()]
        theirs = {name.removeprefix(_THEIRS): commit for commit, _, name in listed if name.startswith(_THEIRS)}
        return theirs or {name.removeprefix(_OURS): commit for commit, _, name in listed}

    def _answers(self, questions: Sequence[Sequence[str]]) -> Iterator[str]:
        """What git says to each, all asked at once; empty for one that it has no answer to in time."""
        started = [self._started(one) for one in questions]
        for one in started:
            yield _answer(one, self._until)

    def _started(self, arguments: Sequence[str]) -> tuple[int, int] | None:
        """The process, and where it writes to."""
        settings = ("-c", "safe.bareRepository=all", "-c", "protocol.allow=never")
        reads, writes = os.pipe()
        try:
            process = os.posix_spawnp(
                "git",
                ("git", *settings, *self._where, *arguments),
                self._environ,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, writes, 1),
                    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
                ],
            )
        except OSError:
            os.close(reads)
            return None
        finally:
            os.close(writes)
        return process, reads


def _answer(started: tuple[int, int] | None, until: float) -> str:
    if started is None:
        return ""
    process, reads = started
    told, is_whole = bytearray(), False
    try:
        while len(told) <= _MOST_BYTES and select.select([reads], [], [], max(0.0, until - time.monotonic()))[0]:
            if not (some := os.read(reads, _READ_BYTES)):
                is_whole = True
                break
            told += some
    finally:
        os.close(reads)
        if not is_whole:
            os.kill(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
    return told.decode("utf-8", "replace") if is_whole and status == 0 else ""
