"""`reconcile --watch` in a process of its own, with a time that only a test moves.

`CLOCK arguments…`: it is as many seconds after 1970 as the file CLOCK says, for the clock and for pauses.
`once arguments…`: for each PATH read from standard input a child that makes one round; prints how it ended, as
`subprocess` would. The children are forked, so that dozens of them cost the start of one.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from datetime import UTC, datetime
from pathlib import Path

from hub.cli.main import main
from hub.reconciling import watch

Pause = Callable[[float], bool]


def moved_by(clock: Path) -> Callable[[Pause], watch.Time]:
    """Times that follow a file."""

    def seconds() -> float:
        return float(clock.read_text(encoding="ascii"))

    def now() -> datetime:
        return datetime.fromtimestamp(seconds(), UTC)

    return lambda pause: RealTime(lambda left: pause(min(left, 0.02)), now=now, seconds=seconds)


def forked(arguments: list[str]) -> None:
    """A round in a child for each line, and how it ended."""
    sys.argv = ["rtb-hub", *(word for word in arguments if word != "--watch"), "--dry-run"]
    with suppress(SystemExit), redirect_stdout(io.StringIO()):
        main()  # imports what every child needs
    watch.Time = lambda _: RealTime(lambda _: True)  # type: ignore[assignment, misc]
    sys.argv = ["rtb-hub", *arguments]
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.environ["PATH"] = line.strip()
            main()
            sys.exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


RealTime = watch.Time

if __name__ == "__main__":
    if sys.argv[1] == "once":
        forked(sys.argv[2:])
    else:
        watch.Time = moved_by(Path(sys.argv[1]))  # type: ignore[assignment, misc]
        sys.argv[1:] = sys.argv[2:]
        main()
