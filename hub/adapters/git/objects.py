"""What Git's plumbing prints, read in one place: `cat-file --batch`, tree objects, `ls-tree`, raw `diff-tree`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

#: Mode of what is not there, of a folder, of a symbolic link, and of a submodule, which is no file.
ABSENT, FOLDER, LINK, SUBMODULE = "000000", "40000", "120000", "160000"
#: Options under which `diff-tree` tells every change as two modes, two ids and a path: renames stay two paths, and no
#: configuration or .gitmodules of the change hides a submodule.
RAW = ("-r", "--raw", "-z", "--no-renames", "--no-abbrev", "--no-ext-diff", "--ignore-submodules=none")
_LISTED = re.compile(r"(\d+) (\w+) ([0-9a-f]+)\t([^\0]+)\0")
#: Of the year 9999.
_LAST_SECOND = 253_402_300_799
#: Of a number that is later than that in any case.
_MOST_DIGITS = 20
_COMMITTED = re.compile(rb"^committer .*> (\d{1,20}) [+-]\d{4}$", re.MULTILINE)
_WRITTEN = re.compile(rb"^author .*> (\d{1,20}) [+-]\d{4}$", re.MULTILINE)
#: Contents of larger files are not read whole.
LARGEST_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Answer:
    """One object that `cat-file --batch` was asked for. `kind` is empty when there is none by that name."""

    content_id: str
    kind: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Difference:
    """One file that is not the same in two trees: mode and id before and after."""

    path: str
    old_mode: str
    old_id: str
    mode: str
    content_id: str


def answers(told: bytes, count: int) -> Iterator[Answer]:
    """What `cat-file --batch` told of `count` names, in their order. Raises `ValueError` when it told of fewer."""
    position = 0
    for _ in range(count):
        end = told.index(b"\n", position)
        header = told[position:end].split(b" ")
        position = end + 1
        if header[-1] == b"missing":
            yield Answer("", "", b"")
            continue
        size = int(header[-1])
        yield Answer(header[-3].decode(), header[-2].decode(), told[position : position + size])
        position += size + 1


class Told:
    """What `cat-file --batch` tells, as it comes; of a blob above `LARGEST_BYTES` one byte more than these.

    Whoever may push can put a file of any size onto a branch. It must not take the memory of who reads that branch.
    """

    def __init__(self) -> None:
        self.kept = bytearray()
        self._header = bytearray()
        #: What follows, next one last: how many bytes, and whether they are kept.
        self._ahead: list[tuple[int, bool]] = []

    def add(self, some: bytes) -> None:
        """The next bytes."""
        position = 0
        while position < len(some):
            if not self._ahead:
                end = some.find(b"\n", position) + 1 or len(some)
                self._header += some[position:end]
                position = end
                if self._header.endswith(b"\n"):
                    self._begin()
                continue
            left, is_kept = self._ahead.pop()
            part = some[position : position + left]
            position += len(part)
            if is_kept:
                self.kept += part
            if len(part) < left:
                self._ahead.append((left - len(part), is_kept))

    def _begin(self) -> None:
        """A header is whole: `ID KIND SIZE`, or `NAME missing`."""
        header, self._header = bytes(self._header), bytearray()
        *named, last = header[:-1].split(b" ")
        size = int(last) if last.isdigit() else None
        if size is not None and named[-1] == b"blob" and size > LARGEST_BYTES:
            shown = LARGEST_BYTES + 1
            header = b" ".join([*named, b"%d\n" % shown])
            self._ahead = [(1, True), (size - shown, False), (shown, True)]
        elif size is not None:
            self._ahead = [(size + 1, True)]
        self.kept += header


def tree_entries(content: bytes, id_bytes: int) -> Iterator[tuple[str, str, str]]:
    """Name, mode (`100644`) and id of what a tree object holds, in its order; an id has `id_bytes` bytes."""
    position = 0
    while position < len(content):
        end = content.index(b"\0", position)
        mode, _, name = content[position:end].partition(b" ")
        position = end + 1 + id_bytes
        yield name.decode("utf-8", "surrogateescape"), mode.decode(), content[end + 1 : position].hex()


def listed(told: bytes) -> Sequence[tuple[str, str, str, str]]:
    """Mode, kind, id and path of each line of `ls-tree -z`."""
    return _LISTED.findall(told.decode("utf-8", "surrogateescape"))


def differences(told: bytes) -> Iterator[Difference]:
    """What `diff-tree` told with the options `RAW`: `:oldmode newmode oldid newid status`, then the path."""
    fields = told.decode("utf-8", "surrogateescape").split("\0")
    for about, path in zip(fields[::2], fields[1::2], strict=False):
        old_mode, mode, old_id, content_id, _ = about.removeprefix(":").split(" ")
        yield Difference(path, old_mode, old_id, mode, content_id)


def committed_at(commit: bytes) -> datetime | None:
    """When the text of a commit says that it was made (aware); None for what is no time, such as one after 9999."""
    return _time(_COMMITTED.search(commit.partition(b"\n\n")[0]))


def signed_at(commit: bytes) -> tuple[datetime | None, datetime | None]:
    """When the text of a commit says that it was written, and when committed, as `committed_at`."""
    header = commit.partition(b"\n\n")[0]
    return _time(_WRITTEN.search(header)), _time(_COMMITTED.search(header))


def bounded_time(seconds: str) -> datetime:
    """A time as Git tells it, or the nearest that can be told: a commit may claim any, in milliseconds for instance.

    What is no number (Git then tells nothing) is 1970.
    """
    known = seconds if seconds.isascii() and seconds.isdigit() else "0"
    return datetime.fromtimestamp(min(int(known[:_MOST_DIGITS]), _LAST_SECOND), UTC)


def _time(found: re.Match[bytes] | None) -> datetime | None:
    return datetime.fromtimestamp(int(found[1]), UTC) if found and int(found[1]) <= _LAST_SECOND else None


def names(of: Iterable[str]) -> bytes:
    """Names, one a line, for `cat-file --batch`."""
    return "".join(f"{one}\n" for one in of).encode("utf-8", "surrogateescape")
