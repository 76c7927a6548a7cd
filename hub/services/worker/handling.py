"""From a job to what is done: commands are written together by one committer, and say so in the commit they are in.

What only has to be written takes no thread while it waits for its commit. What asks a forge or reads a repository
beforehand is done by a pool of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from generator.errors import ConfigError, Fault, Reason, Transient
from generator.values.naming import IssueKey
from hub.actions import extend, revive, sleep, start, stop
from hub.actions.images import ImageFinder, Resolved, resolve
from hub.actions.parts import Parts
from hub.actions.stop import StopRequest
from hub.queue.payloads import (
    SCHEMA,
    BranchHint,
    CatchUp,
    DesignChanged,
    ExtendJob,
    FromSlack,
    ImageHint,
    IssueHint,
    Job,
    PullHint,
    ReviewJob,
    ReviveJob,
    SleepJob,
    StartJob,
    StopJob,
    parsed,
)
from hub.queue.port import Claimed, Finished
from hub.services.worker.awaiting import not_there
from hub.services.worker.hints import Outside, follow, follow_work
from hub.services.worker.told import told
from hub.store import freezes
from hub.store import jobs as rows
from hub.store.database import Database
from hub.store.ids import derived
from hub.writing.committer import GroupCommitter
from hub.writing.writer import Written
from reconcilers.lifecycle.batch import Outcome, Submission
from reconcilers.lifecycle.operated import operated
from reconcilers.ports.issues import Issues
from reconcilers.ports.sources import Sources
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.reading import Reading

T = TypeVar("T")
#: Clocks of the database and of who commits may differ so much.
_CLOCKS_DIFFER = timedelta(minutes=10)


#: Does what somebody asks for in Slack.
DoesSlack = Callable[[FromSlack, rows.JobRow, Reading], Finished]


def no_slack(asked: FromSlack, row: rows.JobRow, reading: Reading) -> Finished:
    """Nobody is told of previews in Slack here. Raises `ConfigError` (InvalidValue)."""
    del asked, row, reading
    remedy = "set RTB_HUB_SLACK_MESSAGES and what it needs"
    raise ConfigError(
        Reason.INVALID_VALUE, Fault("it came from Slack, where nobody is told of previews", remedy=remedy)
    )


@dataclass(frozen=True)
class JobHandler:
    """Does jobs. `pool`: for what takes a thread meanwhile. Call it with a claimed job; it never blocks for long.

    `sources` None: GitHub is not asked. `issues` None: Jira is not. `catch_up` asks senders; its second argument raises
    where it may not go on.
    `images` None: no registry is asked, and images are taken as they are named.
    """

    parts: Parts
    committer: GroupCommitter
    database: Database
    pool: Executor
    issues: Issues | None = None
    catch_up: Callable[[CatchUp, Callable[[], None]], Finished] = lambda _, __: Finished()
    images: ImageFinder | None = None
    sources: Sources | None = None
    slack: DoesSlack = no_slack

    def __call__(self, claimed: Claimed) -> Future[Finished]:
        """Begin it. Raises what is wrong with the job itself: `ConfigError`, `Waiting`, `Stalled` (Frozen)."""
        row = claimed.row
        job = parsed(row.name, row.payload)
        match job:
            case StartJob():
                self._refuse_frozen(job.environment)
                return self._started(claimed, job)
            case ExtendJob():
                asked_more = job.asked(job.requested_by.id)
                return self._written(claimed, extend.submission(asked_more, job.environment, self.parts.starter))
            case ReviveJob():
                self._refuse_frozen(job.environment)
                asked_back = job.asked(job.requested_by.id)
                return self._written(claimed, revive.submission(asked_back, job.environment, self.parts))
            case SleepJob():
                asked = job.asked(job.requested_by.id)
                return self._written(claimed, sleep.submission(asked, job.environment, self.parts.starter))
            case StopJob(environment=str(environment)):
                request = StopRequest(IssueKey.parse(job.issue), job.requested_by.id, job.reason)
                return self._written(claimed, _own_only(stop.submission(request, environment), job.if_started_by))
        return self.pool.submit(self._in_thread, job, claimed)

    def _in_thread(self, job: Job, claimed: Claimed) -> Finished:
        row = claimed.row
        match job:
            case StopJob():
                return self._stop_everywhere(job, row)
            case IssueHint():
                return follow(job, row, self.parts.reading(), self._outside, now=self._now())
            case PullHint() | BranchHint():
                return follow_work(job, row, self.parts.reading(), self._outside, now=self._now())
            case ImageHint():
                return self._woken(job)
            case DesignChanged():
                # The row is the record: what shows previews reads it there (hub.store.designs).
                changed = {"issue": job.issue, "url": job.url, "changedAt": row.created_at.isoformat()}
                return Finished(changed)
            case ReviewJob():
                return self._review(job)
            case FromSlack():
                return self.slack(job, row, self.parts.reading())
            case CatchUp():
                return self.catch_up(job, partial(_still_held, claimed))
        raise AssertionError(f"nothing does {row.name}")

    def _refuse_frozen(self, environment: str) -> None:
        with self.database.read() as connection:
            freezes.refuse(connection, environment, now=self.database.now(connection))

    def _started(self, claimed: Claimed, job: StartJob) -> Future[Finished]:
        """A start, once its images are known by their digests."""

        def go_on(found: Resolved) -> Future[Finished]:
            if found.lacking:
                what = f"{job.issue} in {job.environment}"
                raise not_there(what, found.lacking, waited=self._now() - claimed.row.created_at)
            with_digests = job.model_copy(update={"images": dict(found.images)})
            return self._written(claimed, _own_only(_start(with_digests, self.parts), job.if_started_by))

        return _chained(resolve(job.images, self.images), go_on)

    def _woken(self, hint: ImageHint) -> Finished:
        """Have who waits for an image look for it now."""
        with self.database.write() as connection:
            names = hint.names()
            woken = rows.wake_awaiting(connection, names, now=self.database.now(connection))
        return Finished({"woken": woken})

    def _now(self) -> datetime:
        with self.database.read() as connection:
            return self.database.now(connection)

    def _written(self, claimed: Claimed, submission: Submission[Any]) -> Future[Finished]:
        row = claimed.row
        since = row.created_at - _CLOCKS_DIFFER if claimed.attempts else None
        attributed = self.parts.attributed(submission, by=row.payload["requestedBy"]["id"])
        named = operated(attributed, row.id, store=self.parts.store, since=since, check=partial(_still_held, claimed))
        finished = partial(self._finished, claimed)
        return _then(self.committer.submit(named), finished, partial(_stopped_before, claimed))

    def _finished(self, claimed: Claimed, written: Written[Outcome]) -> Finished:
        row, environment = claimed.row, written.environment
        key = IssueKey.parse(row.payload["issue"])
        result = told(written, key, repository=self.parts.store.location, at=self.parts.clock())
        follow_ups: tuple[rows.Job, ...] = ()
        if environment.spec.gated and environment.spec.forge is not None:
            payload = {
                "schema": SCHEMA, "id": derived(row.id, "review"), "issue": row.payload["issue"],
                "environment": environment.name, "withdrawn": written.outcome.withdraw is not None,
                "requestedBy": row.payload["requestedBy"],
            }  # fmt: skip
            follow_ups = (
                rows.Job(payload["id"], row.queue, "request.review", payload, key=f"review/{row.key}", parent=row.id),
            )
        return Finished(result, follow_ups)

    def _stop_everywhere(self, job: StopJob, row: rows.JobRow) -> Finished:
        """A stop of its own in each environment where there is something. Raises what reading the states raises."""
        key = IssueKey.parse(job.issue)
        names = [state.environment.name for state in self.parts.reading().states() if _is_there(key, state)]
        puts = []
        for name in names:
            payload = {**row.payload, "id": derived(row.id, name), "environment": name}
            puts.append(
                rows.Job(payload["id"], row.queue, row.name, payload, f"{name}/{key}", replaces=True, parent=row.id)
            )
        return Finished({"environments": names}, tuple(puts))

    @property
    def _outside(self) -> Outside:
        return Outside(self.parts.store, self.issues, self.images, self.sources)

    def _review(self, job: ReviewJob) -> Finished:
        environment = self.parts.reading().state(job.environment).environment
        key = IssueKey.parse(job.issue)
        if job.withdrawn:
            reviewed = self.parts.requests.withdraw(environment, key, by=job.requested_by.id)
        else:
            reviewed = self.parts.requests.review(environment, key, by=job.requested_by.id)
        if reviewed.error is not None:
            raise reviewed.error
        request = reviewed.request
        told_of = {"number": request.number, "url": request.url, "state": request.state} if request else None
        return Finished({"request": told_of, "notYet": reviewed.unknown or None})


def _start(job: StartJob, parts: Parts) -> Submission[Any]:
    return start.submission(job.asked(job.requested_by.id), job.environment, parts.starter)


def _is_there(key: IssueKey, state: EnvironmentState) -> bool:
    return bool(state.entry(key) or state.request(key) or state.in_queue(key))


def _own_only(submission: Submission[Any], only: str | None) -> Submission[Any]:
    """Refuse, at planning, to change a preview that is another's where the job says whose it must be."""
    if only is None:
        return submission

    def plan(state: EnvironmentState, now: datetime) -> Any:
        record = state.entry(submission.key) or state.request(submission.key)
        owner = record.preview.spec.lease.requested_by if record and record.preview else None
        if owner is not None and owner != only:
            where = f"{submission.key} in {submission.environment}"
            message = f"{where} is {owner}'s, and only one of {only} is to be changed"
            raise ConfigError(Reason.NOT_ALLOWED, message, remedy="start or stop it by a command")
        return submission.plan(state, now)

    return replace(submission, plan=plan)


def _still_held(claimed: Claimed) -> None:
    if not claimed.is_held():
        raise Transient(Reason.NOT_IN_TIME, "the lease on this job ran out: another worker goes on with it")


def _stopped_before(claimed: Claimed, error: BaseException) -> Finished | None:
    """A stop that finds nothing at its second run was done by the first, which may have deleted a branch only."""
    is_gone = isinstance(error, ConfigError) and error.reason is Reason.PREVIEW_NOT_FOUND
    if is_gone and claimed.attempts and claimed.row.name == "preview.stop":
        payload = claimed.row.payload
        return Finished({"change": "removed", "issue": payload["issue"], "environment": payload["environment"]})
    return None


def _chained(future: Future[T], go_on: Callable[[T], Future[Finished]]) -> Future[Finished]:
    """The end of what `go_on` begins with the result; the error of either."""
    after: Future[Finished] = Future()

    def ended(last: Future[Finished]) -> None:
        error = last.exception()
        if error is not None:
            after.set_exception(error)
        else:
            after.set_result(last.result())

    def begun(first: Future[T]) -> None:
        try:
            go_on(first.result()).add_done_callback(ended)
        except BaseException as err:  # noqa: BLE001 - whatever it is, who waits must hear of it
            after.set_exception(err)

    future.add_done_callback(begun)
    return after


def _then(
    future: Future[T], done: Callable[[T], Finished], failed: Callable[[BaseException], Finished | None]
) -> Future[Finished]:
    """A future of what `done` makes of the result, or `failed` of the error, where it makes something."""
    after: Future[Finished] = Future()

    def go_on(ended: Future[T]) -> None:
        try:
            error = ended.exception()
            found = failed(error) if error is not None else done(ended.result())
            if found is None:
                after.set_exception(error or AssertionError("no result"))
            else:
                after.set_result(found)
        except BaseException as err:  # noqa: BLE001 - whatever it is, who waits must hear of it
            after.set_exception(err)

    future.add_done_callback(go_on)
    return after
