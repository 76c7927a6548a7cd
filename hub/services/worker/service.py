"""A worker with all its parts, from its start to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from generator.model.lifecycle import ForgePolicy
from hub.actions.images import ImageFinder
from hub.actions.parts import Parts
from hub.queue.database import DatabaseWorker
from hub.queue.jobs import Jobs
from hub.queue.payloads import CatchUp
from hub.queue.port import Finished, Pace
from hub.queue.producers import Producers, read_producers
from hub.services.worker.catching_up import Senders, catch_up
from hub.services.worker.handling import DoesSlack, JobHandler, no_slack
from hub.telemetry.telemetry import SILENT, Telemetry
from hub.wiring import Hub
from hub.wiring.outside import open_images
from hub.writing.committer import GroupCommitter
from reconcilers.ports.deliveries import Deliveries
from reconcilers.ports.issues import Issues
from reconcilers.ports.sources import Sources

_PACE = Pace()


def _no_deliveries(_: ForgePolicy) -> None:
    return None


def looking_up(ours: Hub, stack: ExitStack) -> ImageFinder | None:
    """What looks up images in the registries of the settings, closed with `stack`. Raises as `open_images`."""
    images = open_images(ours)
    if images is not None:
        stack.callback(images.close)
    return images


def producers_of(ours: Hub) -> Producers | None:
    """Who signs the jobs that other programs put, as the settings say. Raises as `read_producers`."""
    settings = ours.settings
    return read_producers(settings.queue_keys, takes_unsigned=settings.queue_trust == "open")


@contextmanager
def working(  # noqa: PLR0913 - what one process is given
    parts: Parts,
    jobs: Jobs,
    *,
    concurrency: int = 20,
    pace: Pace = _PACE,
    telemetry: Telemetry = SILENT,
    redis_url: str | None = None,
    producers: Producers | None = None,
    issues: Issues | None = None,
    deliveries: Callable[[ForgePolicy], Deliveries | None] = _no_deliveries,
    images: ImageFinder | None = None,
    sources: Sources | None = None,
    slack: DoesSlack = no_slack,
) -> Iterator[DatabaseWorker]:
    """A worker that runs within. `concurrency`: threads for jobs that need one.

    `redis_url` None: of the database's queue; else Redis wakes it, and a relay runs beside it. Raises `ConfigError`
    (InvalidValue) for a Redis that evicts. `producers`: who signs what others put there; None: nobody has to.
    `issues` None: Jira is not asked. `deliveries` opens those of a forge. `images` None: no registry is asked.
    `sources` None: no pull request at GitHub is read. `slack` does what is asked for in Slack.

    When it ends, it takes no more jobs and waits for those in hand, `pace.stop` at most; another worker does the rest.
    """
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="rtb-hub-job")
    committer = GroupCommitter(parts.writer)
    senders = Senders(deliveries, issues)

    def asks(job: CatchUp, may_go_on: Callable[[], None]) -> Finished:
        return catch_up(job, jobs, parts.reading(), senders, may_go_on=may_go_on)

    handler = JobHandler(parts, committer, jobs.database, pool, issues, asks, images, sources, slack)
    with ExitStack() as stack:
        worker = DatabaseWorker(jobs, handler, pace=pace, telemetry=telemetry)
        if redis_url is not None:
            from hub.queue.bullmq import BullWorker
            from hub.queue.relay import relayed

            stack.enter_context(relayed(jobs, redis_url, telemetry))
            worker = BullWorker(jobs, handler, pace=pace, telemetry=telemetry, url=redis_url, producers=producers)
        worker.start()
        try:
            yield worker
        finally:
            is_whole = worker.stop()
            pool.shutdown(wait=is_whole, cancel_futures=True)
            if is_whole:
                committer.close()  # else a commit hangs, and its lease runs out
