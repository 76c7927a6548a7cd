"""What workers that are killed (-9) in the middle of many jobs leave behind: jobs lost, jobs done twice, and the time.

Workers are processes with the paces that are shipped, one after another; each is killed at a moment that chance picks,
once it has done some of its jobs.
"""

from __future__ import annotations

import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from worlds.builders import image
from worlds.forking import Forks
from worlds.serving import Serving, job
from worlds.valkey import valkey

JOBS, KILLS, SEED = 1_000, 10, 15
#: The longest after a worker has done a job that it is killed.
_LATEST_SECONDS = 1.5
_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Left:
    """What became of the jobs. `lost`: not done, or in no commit. `doubled`: in two commits. `crashes`: most of a job.

    `commits`: all there are. `seconds`: until all were done; `after`: of those, with the worker that was left alone.
    """

    lost: int
    doubled: int
    crashes: int
    commits: int
    seconds: float
    after: float


def main() -> None:
    """Print it for each queue."""
    with tempfile.TemporaryDirectory() as place, Forks("worlds.worker_process:main") as forks:
        for queue in ("database", "BullMQ"):
            with _redis(queue == "BullMQ") as redis:
                left = killed(Path(place) / queue, forks, redis)
            what = f"{KILLS} x kill -9 in {JOBS:,} jobs, {queue}"
            found = f"{left.lost} lost, {left.doubled} doubled"
            told = f"{left.commits} commits in {left.seconds:.0f} s, {left.after:.0f} s of them after the last kill"
            print(f"{what:<46}{found:<32}goal 0 and 0; {told}; a job's workers died {left.crashes} times at most")


@contextmanager
def _redis(is_wanted: bool) -> Iterator[str]:
    with ExitStack() as stack:
        yield stack.enter_context(valkey()).url if is_wanted else ""


def killed(folder: Path, forks: Forks, redis: str, *, jobs: int = JOBS, kills: int = KILLS) -> Left:
    """Have `jobs` starts done by workers of which `kills` are killed. `redis`: its URL; empty: without."""
    folder.mkdir()
    url = sqlite_url(folder / "hub.sqlite")
    database = Database(url)
    prepare(database)
    database.close()
    serving, chance = Serving(folder / "state.git", url), random.Random(SEED)
    names = [f"op-{number}" for number in range(1, jobs + 1)]
    images, before = {"web": image("web")}, len(serving.subjects())
    serving.put(*(job(name, issue=f"RTB-{name[3:]}", images=images, blueprint="web") for name in names))
    begin = last = time.monotonic()
    for number in range(kills + 1):
        is_last, wanted = number == kills, _over(serving) + 1
        worker = forks.start(serving.path, serving.url, redis)
        try:
            last = time.monotonic()
            while _over(serving) < (jobs if is_last else wanted):
                time.sleep(_LOOK_SECONDS)
            if not is_last:
                time.sleep(chance.uniform(0, _LATEST_SECONDS))
        finally:
            worker.kill()
        if (worker.read(), worker.wait()) != ("", -signal.SIGKILL):
            raise RuntimeError("a worker ended by itself")
    end = time.monotonic()
    rows = [row for name in names if (row := serving.jobs.get(name)) is not None]
    committed = Counter(serving.operations())
    lost = sum(row.state != "done" or not committed[row.id] for row in rows) + jobs - len(rows)
    doubled = sum(count > 1 for count in committed.values())
    commits = len(serving.subjects()) - before
    serving.close()
    return Left(lost, doubled, max(row.crashes for row in rows), commits, end - begin, end - last)


def _over(serving: Serving) -> int:
    """How many jobs are over, whatever came of them."""
    return sum(many for (_, state), many in serving.jobs.counts().items() if state in ("done", "dead"))
