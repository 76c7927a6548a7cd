"""Times processes side by side: all run in turn in each round, so that a busy machine is as busy for each of them."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from peer_inputs import Job

#: Of the caller's environment. PYTHONDONTWRITEBYTECODE and what configures a tool are left out.
KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")


def run(job: Job, home: Path) -> str:
    """Run `job` with an empty home. Returns its standard output. Raises `CalledProcessError`."""
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    done = subprocess.run(
        job.command,
        cwd=job.cwd,
        env={**environment, "HOME": str(home), **job.environ},
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    return done.stdout


def texts(job: Job, home: Path) -> list[str]:
    """Run `job`; the texts of what it writes. Raises `CalledProcessError`."""
    printed = run(job, home)
    if job.writes is None:
        return [printed]
    return [path.read_text(encoding="utf-8") for path in sorted(job.writes.rglob("*")) if path.is_file()]


def milliseconds(work: Callable[[], object]) -> float:
    """How long `work` took."""
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000


def medians(jobs: Mapping[str, Job], home: Path, rounds: int) -> dict[str, float]:
    """Median milliseconds of each job's whole process."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            times[name].append(milliseconds(partial(run, job, home)))
    return {name: statistics.median(took) for name, took in times.items()}


class Took(NamedTuple):
    """Median milliseconds of a whole process: by the clock, and of processor time, its children's included."""

    wall: float
    cpu: float


def spent(jobs: Mapping[str, Job], home: Path, rounds: int) -> dict[str, Took]:
    """What each job's whole process took, all of them in turn. Processor time says more where others are at work."""
    return middle([{name: _spent(job, home) for name, job in jobs.items()} for _ in range(rounds)])


def _spent(job: Job, home: Path) -> Took:
    before = _children_seconds()
    wall = milliseconds(partial(run, job, home))
    return Took(wall, (_children_seconds() - before) * 1000)


def middle(rounds: Sequence[Mapping[str, Took]]) -> dict[str, Took]:
    """The medians of several rounds of the same measurements."""
    return {
        name: Took(*(statistics.median(column) for column in zip(*(one[name] for one in rounds), strict=True)))
        for name in rounds[0]
    }


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
