"""Reading objects by one `git cat-file` that stays, and what was listed last: of a repository that is read often.

The git ends with the reader, or with the process it belongs to, since its input then ends. It sees what is fetched
later: git looks for new packs when it misses an object.
"""

from __future__ import annotations

import os
import secrets
import selectors
import signal
import subprocess
import threading
import time
import weakref
from collections.abc import Callable, Mapping

from hub.adapters.git.objects import Told
from hub.adapters.git.process import Git, Result, not_in_time, result_of

_READ_BYTES, _END_SECONDS = 2**20, 5


class GitReader:
    """Reads objects of one repository. Threads may share one; they take turns."""

    def __init__(self, git: Git) -> None:
        self.git = git
        #: By branch and folder: the commit that was listed last, and its listing.
        self.listings: dict[tuple[str, str], tuple[str, Mapping[str, str]]] = {}
        #: The branches' commits as they were last seen or left; none when nobody looked.
        self.heads: Mapping[str, str] = {}
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._end: Callable[[], object] = lambda: None

    def contents(self, names: bytes) -> Result:
        """What `git cat-file --batch` answers to `names`, a line each, large blobs cut as `Told` says.

        One that died meanwhile is started anew.

        Raises `Transient` when it takes too long, `Stalled` when there is no git.
        """
        with self._lock:
            stood_by = self._process is not None
            result = self._answered(names)
            return self._answered(names) if result.code != 0 and stood_by else result

    def forget(self) -> None:
        """Know nothing more of what was in the repository, which was made anew."""
        self.listings, self.heads = {}, {}
        self.close()

    def close(self) -> None:
        """End the git; it is started again when it is needed."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        self._end()
        self._process = None

    def _answered(self, names: bytes) -> Result:
        if self._process is None:
            self._process = self.git.started("cat-file", "--batch")
            self._end = weakref.finalize(self, _ended, self._process)
        try:
            out, told, is_whole = _exchanged(self._process, names, self.git.local_seconds)
        except TimeoutError as err:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._close()
            raise not_in_time("cat-file", self.git.local_seconds) from err
        except BaseException:
            self._close()  # half an answer may wait there
            raise
        if is_whole:
            return Result(0, out, "")
        _, rest = self._process.communicate()
        code = self._process.returncode
        self._close()
        return result_of(code or 1, b"", told + rest)


def _exchanged(process: subprocess.Popen[bytes], names: bytes, seconds: float) -> tuple[bytes, bytes, bool]:
    """What it answers and what it says besides, and whether it answered to the end. Raises `TimeoutError`."""
    stdin, stdout, stderr = (pipe.fileno() for pipe in (process.stdin, process.stdout, process.stderr) if pipe)
    # What follows the last answer: that to a name which nobody could know when the contents were written.
    mark = f"rtb-hub/{secrets.token_hex(16)}"
    end, left = f"{mark} missing\n".encode(), memoryview(b"%s%s\n" % (names, mark.encode()))
    answered, told, until = Told(), bytearray(), time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for pipe in (stdin, stdout, stderr):
            os.set_blocking(pipe, False)
            selector.register(pipe, selectors.EVENT_WRITE if pipe == stdin else selectors.EVENT_READ)
        while not answered.kept.endswith(end):
            if not (ready := selector.select(max(0.0, until - time.monotonic()))) and time.monotonic() >= until:
                raise TimeoutError
            for key, _ in ready:
                if key.fd == stdin:
                    try:
                        left = left[os.write(stdin, left) :]
                    except BrokenPipeError:
                        return b"", bytes(told), False
                    if not left:
                        selector.unregister(stdin)
                elif some := os.read(key.fd, _READ_BYTES):
                    (answered.add if key.fd == stdout else told.extend)(some)
                elif key.fd == stdout:
                    return b"", bytes(told), False
                else:
                    selector.unregister(stderr)
        return bytes(memoryview(answered.kept)[: -len(end)]), bytes(told), True


def _ended(process: subprocess.Popen[bytes]) -> None:
    """Let it end, and leave no zombie."""
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            pipe.close()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
