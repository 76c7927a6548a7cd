"""The local mirror of a remote repository: ours alone, so it is mended and remade without asking.

* Processes share a mirror by a lock (flock) that ends with them: whoever fetches or mends has it alone, whoever commits
  shares it. The `git` that a killed process leaves running keeps it. So under the lock alone, every other lock file
  and half-made pack is of a process that died.
* A mirror that is damaged is marked, and made anew when it is next opened or fetched into.
* Once a day, and when loose objects pile up, one that nobody uses just then is packed and pruned: when it is opened,
  and in between, since some processes stay for weeks.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from generator.errors import ConfigError, Fault, Reason, Transient
from hub.adapters.git.location import mirror_directory
from hub.adapters.git.process import Git, Result, said
from hub.telemetry.telemetry import SILENT, Telemetry

_LOCK, _DAMAGED, _TENDED = "rtb-hub.lock-file", "rtb-hub.damaged", "rtb-hub.tended"
_WAIT_SECONDS = 120.0
_LOOK_SECONDS = 0.02
_TEND_SECONDS = 86_400
#: How long a process that stays lets a mirror be after packing it: what lost races left lies there loose for an hour.
REST_SECONDS = 600
#: Of the 256 folders of loose objects one is looked at, as `git gc --auto` does: about 2,000 objects, 200 starts.
_SAMPLE, _SAMPLE_LIMIT = "17", 8
#: What nothing refers to goes when it is older: a snapshot of before a rewritten history may still be read.
_PRUNE = "--prune=1.hour.ago"


@dataclass(frozen=True, slots=True)
class Mirror:
    """One mirror's folder, what it is a mirror of (with credentials), and the clocks to wait and to count days by."""

    directory: Path
    url: str = field(repr=False)
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    seconds: Callable[[], float] = time.time

    @contextmanager
    def shared(self) -> Iterator[int]:
        """Hold the lock together with others. Yields its descriptor, which a `git` inherits."""
        with self._held(fcntl.LOCK_SH) as descriptor:
            yield descriptor

    @contextmanager
    def alone(self) -> Iterator[int]:
        """Hold the lock alone. Raises `Transient` when others hold it for too long."""
        with self._held(fcntl.LOCK_EX) as descriptor:
            yield descriptor

    @contextmanager
    def _held(self, kind: int) -> Iterator[int]:
        descriptor = os.open(self.directory / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            until = self.monotonic() + _WAIT_SECONDS
            while not _taken(descriptor, kind):
                if self.monotonic() > until:
                    message = f"other processes hold {self.directory} for more than {_WAIT_SECONDS:g} s"
                    remedy = "try again; 'fuser' tells which they are"
                    raise Transient(Reason.REPOSITORY_UNREACHABLE, Fault(message, remedy=remedy))
                self.sleep(_LOOK_SECONDS)
            yield descriptor
        finally:
            os.close(descriptor)

    def make(self, git: Git) -> bool:
        """Make it, unless it is there, whole and not marked as damaged. True when that was done."""
        if self._is_whole(git):
            return False
        with self.alone():
            if self._is_whole(git):  # another process may just have made it
                return False
            _empty(self.directory)
            Git(git.environ, telemetry=git.telemetry).must(
                "init", "--quiet", "--bare", "--initial-branch=main", "--", str(self.directory)
            )
            git.must("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")  # a push notes it too
            git.must("config", "remote.origin.url", self.url)
        return True

    def _is_whole(self, git: Git) -> bool:
        told = git.run("config", "--get", "remote.origin.url")
        return told.code == 0 and told.text == self.url and not self.is_damaged

    @property
    def is_damaged(self) -> bool:
        """Whether it is marked as damaged."""
        return (self.directory / _DAMAGED).exists()

    def mark_damaged(self) -> None:
        """Have it made anew when it is next opened or fetched into."""
        (self.directory / _DAMAGED).touch()

    def remove_stale_locks(self) -> bool:
        """Remove git's lock files. Only while the lock is held alone. True when there were some."""
        found = [*self.directory.glob("*.lock"), *self.directory.glob("refs/**/*.lock")]
        found += self.directory.glob("objects/**/*.lock")
        for path in found:
            path.unlink(missing_ok=True)
        return bool(found)

    def tend(self, git: Git, *, rest_seconds: float = 0) -> None:
        """Pack, prune, and drop what dead processes left, when it is time and nobody uses the mirror just now.

        It is not time within `rest_seconds` of the last one. Never raises: a commit may just have been made, and what
        is in its way is in that of the next fetch, which tells.
        """
        try:
            if self._needs_tending(rest_seconds):
                self._tend(git)
        except OSError:  # such as files that are gone, since another process makes the mirror anew
            return

    def _tend(self, git: Git) -> None:
        descriptor = os.open(self.directory / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not _taken(descriptor, fcntl.LOCK_EX):
                return
            (self.directory / _TENDED).touch()  # first: what fails today is not tried again before tomorrow
            self.remove_stale_locks()
            if not _packed(git.inheriting(descriptor), "gc", "--quiet", _PRUNE):
                self.mark_damaged()
        finally:
            os.close(descriptor)

    def _needs_tending(self, rest_seconds: float) -> bool:
        tended = self.directory / _TENDED
        if not tended.exists():
            tended.touch()
            return False
        loose = self.directory / "objects" / _SAMPLE
        many = loose.is_dir() and len(list(loose.iterdir())) > _SAMPLE_LIMIT
        age = self.seconds() - tended.stat().st_mtime
        return age >= rest_seconds and (many or age > _TEND_SECONDS)


def damaged(mirror: Mirror, result: Result) -> Transient:
    """The error of a mirror that lacks objects, which is marked to be made anew."""
    mirror.mark_damaged()
    message = f"the local copy of the repository is damaged: {said(result)}"
    return Transient(Reason.REPOSITORY_UNREACHABLE, message, remedy="run this again: the copy is then made anew")


def open_mirror(
    cache: Path, url: str, environ: Mapping[str, str], *, telemetry: Telemetry = SILENT
) -> tuple[Mirror, Git]:
    """The mirror of `url` below `cache`, made when it is not there or is damaged, tended when it is time."""
    directory = mirror_directory(cache, url)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)
    except OSError as err:
        remedy = "set RTB_HUB_CACHE to a folder that you can write to"
        fault = Fault(
            f"{cache} cannot hold a copy of the repository: {err.strerror}", field="RTB_HUB_CACHE", remedy=remedy
        )
        raise ConfigError(Reason.INVALID_VALUE, fault) from err
    mirror, git = Mirror(directory, url), Git(environ, directory, is_git_directory=True, telemetry=telemetry)
    mirror.make(git)
    mirror.tend(git)
    return mirror, git


def pack_when_due(git: Git, directory: Path) -> None:
    """Let `git gc --auto` decide on a repository of our own that only we write: nobody else's git would do it."""
    loose = directory / "objects" / _SAMPLE
    if loose.is_dir() and len(list(loose.iterdir())) > _SAMPLE_LIMIT:
        _packed(git, "-c", f"gc.auto={_SAMPLE_LIMIT * 256}", "-c", "gc.autoDetach=false", "gc", "--auto", "--quiet")


def _packed(git: Git, *arguments: str) -> bool:
    """Run `git gc`; False when it found something wrong. One that takes too long is ended, and tells nothing."""
    try:
        return git.run(*arguments).code == 0
    except Transient:
        return True


def _empty(directory: Path) -> None:
    """Remove all but the lock that is held; the mark goes last, so that dying here begins anew."""
    for path in sorted(directory.iterdir(), key=lambda path: path.name == _DAMAGED):
        if path.name == _LOCK:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _taken(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
