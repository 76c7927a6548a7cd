"""Standard output and standard error of the process, so that no failure to print is taken for another.

Standard output that takes nothing raises an error of its own, since an `OSError` without a file's name may as well come
from a file. Standard error that takes nothing is let go: nobody is left to be told, and the exit code still tells.
"""

from __future__ import annotations

import codecs
import io
import os
import sys

TYPE_CHECKING = False  # `typing`, `pathlib` and `contextlib` would double what `--version` takes
if TYPE_CHECKING:
    from typing import Any

#: The name by which Python's codecs know `_escaped`.
_ESCAPED = "rtb-hub-escaped"
#: ASCII by another name: click takes a stream of ASCII for one that is set up wrongly, and writes UTF-8 to it.
_ASCII = "rtb_hub_ascii"


class OutputLostError(OSError):
    """Standard output takes nothing: its disk is full, it is closed, its terminal is gone."""


class OutputClosedError(BrokenPipeError):
    """Nobody reads standard output any more, as `head` when it has enough."""


class _Stream(io.FileIO):
    """A stream that waits where it does not block: whoever shares a terminal or pipe may have set O_NONBLOCK on it."""

    def write(self, data: Any, /) -> int:
        while (written := super().write(data)) is None:
            import select

            select.select([], [self.fileno()], [])
        return written


class _Output(_Stream):
    #: Whether what cannot be printed is let go, since the command is not to end in the middle of what it changes.
    carries_on = False
    #: What was let go first.
    failure: OSError | None = None

    def write(self, data: Any, /) -> int:
        if self.failure is not None:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except BrokenPipeError as err:
            closed = OutputClosedError()  # without EPIPE, at which click ends the process with 1
            return self._let_go(closed, err, data)
        except OSError as err:
            return self._let_go(OutputLostError(err.errno, err.strerror), err, data)

    def _let_go(self, failure: OSError, cause: OSError, data: Any) -> int:
        if not self.carries_on:
            raise failure from cause
        self.failure = failure
        return memoryview(data).nbytes


class _Errors(_Stream):
    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def carry_on() -> None:
    """Let standard output fail from here on without an error: `lost_output` tells at the end that it did."""
    if (output := _output()) is not None:
        output.carries_on = True


def lost_output() -> OutputLostError | None:
    """How printing failed of a command that went on. None: it did not, or nobody wanted to read more."""
    failure = None if (output := _output()) is None else output.failure
    return failure if isinstance(failure, OutputLostError) else None


def _output() -> _Output | None:
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw if isinstance(raw, _Output) else None


def guard_streams() -> None:
    """Have the process's streams fail as above, and never for what their encoding cannot say: `✓` in EUC-KR.

    A stream that is no file, as tests have, keeps its way to fail. A closed standard error becomes one to nowhere, and
    a closed standard input one from nowhere: it is empty.
    """
    codecs.register_error(_ESCAPED, _escaped)
    codecs.register(_ascii)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 - as long as the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - as long as the process
    sys.stdout, sys.stderr = _guarded(sys.stdout, _Output), _guarded(sys.stderr, _Errors)


def _guarded(stream: object, raw: type[_Output | _Errors]) -> io.TextIOWrapper:
    if not isinstance(stream, io.TextIOWrapper):
        return stream  # type: ignore[return-value] # somebody else's, who prints in their own way
    encoding = _ASCII if codecs.lookup(stream.encoding).name == "ascii" else stream.encoding
    if not isinstance(stream.buffer, io.BufferedWriter | io.FileIO):
        stream.reconfigure(encoding=encoding, errors=_ESCAPED)
        return stream
    buffer = io.BufferedWriter(raw(stream.fileno(), "w", closefd=False))
    at_once = stream.line_buffering or stream.write_through
    return io.TextIOWrapper(buffer, encoding, _ESCAPED, line_buffering=at_once)


def _ascii(name: str) -> codecs.CodecInfo | None:
    if name != _ASCII:
        return None
    one = codecs.lookup("ascii")
    return codecs.CodecInfo(
        one.encode, one.decode, one.streamreader, one.streamwriter, one.incrementalencoder, one.incrementaldecoder, name
    )


def _escaped(err: UnicodeError) -> tuple[str, int]:
    r"""What an encoding cannot say as `\uXXXX`, two of them beyond U+FFFF: so JSON stays JSON (RFC 8259, section 7)."""
    if not isinstance(err, UnicodeEncodeError):
        raise err
    units = err.object[err.start : err.end].encode("utf-16-be", "surrogatepass")
    pairs = zip(units[::2], units[1::2], strict=True)
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in pairs), err.end


def discard_output() -> None:
    """Have what is still to be written to standard output go nowhere, so that nothing fails again at the end."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):  # a stream of no descriptor is flushed by nobody at the end
        pass
