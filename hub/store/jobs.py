"""Jobs as rows: added once, claimed by lease, one at a time for each key, and how each ends.

States: `pending` (due at `run_at`), `sent` (a wake-up for it is in Redis), `active` (until `lease_until` somebody works
on it), `waiting` (for something that is not there yet; looked at again at `run_at`), and the ends `done`, `dead`,
`superseded`. Functions take a connection whose transaction is the caller's, and the database's time.

A job that `replaces` says all there is to say of its key: once a later one of them is done, an earlier one that is
still open is `superseded`. It need not wait for an earlier one that is tried again later; others of the key do.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, Row, and_, case, exists, func, or_, select, true, update

from generator.errors import ConfigError, Fault, Reason
from hub.store.database import Database
from hub.store.ids import ID
from hub.store.tables import JOBS
from reconcilers.ports.images import ImageName, image_name

State = Literal["pending", "sent", "active", "waiting", "done", "dead", "superseded"]
OPEN: Final = ("pending", "sent", "active", "waiting")
#: A job that so many workers died on is not given to another.
MOST_CRASHES: Final = 5
#: Claimers go one after another: two at once could take two jobs of one key.
_TURN = 7_015_002
#: Values in one statement.
_MOST_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Job:
    """A job to be put. `key` (`int/RTB-123`, empty: none): jobs of one key run one at a time. `run_at` None: now."""

    id: str
    queue: str
    name: str
    payload: Mapping[str, Any]
    key: str = ""
    replaces: bool = False
    run_at: datetime | None = None
    parent: str | None = None

    def __post_init__(self) -> None:
        """Raises `ConfigError` (InvalidValue) for an id that a queue would not take, or take for another."""
        if not ID.fullmatch(self.id):
            allowed = "a small letter, then 1 to 79 small letters, digits and hyphens"
            raise ConfigError(
                Reason.INVALID_VALUE, Fault(f"{self.id[:80]!r} is no job id", field="id", allowed=allowed)
            )


@dataclass(frozen=True, slots=True)
class Claim:
    """How many jobs to take, and for how long, under the name `token` that no other claim has.

    `queues` empty: of all. `only`: these jobs alone, if they may run.
    """

    token: str
    lease: timedelta
    limit: int = 1
    queues: Collection[str] = ()
    only: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as it is kept. `attempts`: how often somebody began it. `error` is `{reason, faults}` of the last try."""

    id: str
    seq: int
    queue: str
    name: str
    payload: Mapping[str, Any]
    key: str
    replaces: bool
    state: State
    run_at: datetime
    created_at: datetime
    attempts: int
    crashes: int
    token: str | None = None
    lease_until: datetime | None = None
    error: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None
    parent: str | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """What becomes of a job that somebody worked on. `run_at`: when it is looked at again, of `pending` and `waiting`.

    `follow_ups` are put in the same transaction.
    """

    state: Literal["done", "pending", "waiting", "dead"]
    error: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None
    run_at: datetime | None = None
    follow_ups: tuple[Job, ...] = field(default=())


_ANY: Final = true()
_COLUMNS = tuple(JOBS.c[one.name] for one in fields(JobRow))


def _row(found: Row[Any]) -> JobRow:
    return JobRow(**found._mapping)


def add(connection: Connection, database: Database, job: Job, *, now: datetime) -> bool:
    """Put a job. False: one of its id is there already, whatever became of it, and nothing is changed."""
    row = {
        "id": job.id, "created_at": now, "queue": job.queue, "name": job.name, "payload": dict(job.payload),
        "key": job.key, "replaces": job.replaces, "state": "pending", "run_at": job.run_at or now,
        "attempts": 0, "crashes": 0, "parent": job.parent,
    }  # fmt: skip
    added = database.insert(JOBS).values(row).on_conflict_do_nothing(index_elements=["id"]).returning(JOBS.c.id)
    return connection.execute(added).first() is not None


def refuse(connection: Connection, job_id: str, error: Mapping[str, Any], *, now: datetime) -> None:
    """Have a job that nobody has begun be dead. `error`: `{reason, faults}`."""
    pending = and_(JOBS.c.id == job_id, JOBS.c.state == "pending")
    connection.execute(update(JOBS).where(pending).values(state="dead", error=error, ended_at=now))


def get(connection: Connection, job_id: str) -> JobRow | None:
    """One job."""
    found = connection.execute(select(*_COLUMNS).where(JOBS.c.id == job_id)).first()
    return _row(found) if found else None


def claim(connection: Connection, database: Database, wanted: Claim, *, now: datetime) -> list[JobRow]:
    """Take jobs that may run now, in the order they came. Those that too many workers died on are `dead` instead."""
    taken = [one.id for one in runnable(connection, database, wanted, now=now)]
    if not taken:
        return []
    until = now + wanted.lease
    held = {"state": "active", "token": wanted.token, "lease_until": until, "attempts": JOBS.c.attempts + 1}
    claimed = update(JOBS).where(JOBS.c.id.in_(taken)).values(held).returning(*_COLUMNS)
    return sorted(map(_row, connection.execute(claimed)), key=lambda one: one.seq)


def runnable(
    connection: Connection, database: Database, wanted: Claim, *, now: datetime, among: ColumnElement[bool] = _ANY
) -> list[JobRow]:
    """Jobs that may run now, in the order they came, as they are before they are claimed; `among` narrows them down.

    A worker that died on one is counted, and those that too many died on are `dead`, and not among them.
    """
    database.take_turns(connection, _TURN)
    other = JOBS.alias("other")
    is_due = or_(
        and_(JOBS.c.state.in_(("pending", "sent", "waiting")), JOBS.c.run_at <= now),
        and_(JOBS.c.state == "active", JOBS.c.lease_until <= now),
    )
    is_earlier = and_(other.c.seq < JOBS.c.seq, other.c.state.in_(OPEN))
    # What is due goes first, unless it waits itself for one before it that is tried again later.
    before = JOBS.alias("before")
    later = and_(before.c.state.in_(("pending", "sent")), before.c.run_at > now)
    other_waits = exists().where(before.c.key == other.c.key, before.c.seq < other.c.seq, later)
    goes_first = or_(
        other.c.state == "active",
        and_(other.c.run_at <= now, or_(other.c.replaces.is_(True), ~other_waits)),
        and_(other.c.state != "waiting", JOBS.c.replaces.is_(False)),
    )
    is_held = exists().where(
        JOBS.c.key != "",
        other.c.key == JOBS.c.key,
        other.c.id != JOBS.c.id,
        or_(and_(other.c.state == "active", other.c.lease_until > now), and_(is_earlier, goes_first)),
    )
    may_run = select(*_COLUMNS).where(is_due, ~is_held, among).order_by(JOBS.c.seq).limit(wanted.limit)
    if wanted.queues:
        may_run = may_run.where(JOBS.c.queue.in_(wanted.queues))
    if wanted.only is not None:
        may_run = may_run.where(JOBS.c.id.in_(wanted.only))
    found = [_row(one) for one in connection.execute(may_run)]
    crashed = [one for one in found if one.state == "active"]
    poison = {one.id for one in crashed if one.crashes + 1 >= MOST_CRASHES}
    for one in crashed:
        connection.execute(update(JOBS).where(JOBS.c.id == one.id).values(crashes=one.crashes + 1))
    for job_id in poison:
        fault = {"message": f"the worker died {MOST_CRASHES} times on this job"}
        died = {"reason": Reason.UNEXPECTED.value, "faults": [fault]}
        end = {"state": "dead", "error": died, "token": None, "lease_until": None, "ended_at": now}
        connection.execute(update(JOBS).where(JOBS.c.id == job_id).values(end))
    return [one for one in found if one.id not in poison]


def renew(connection: Connection, held: Mapping[str, str], *, until: datetime) -> set[str]:
    """Hold jobs (id → token of the claim) for longer; the ids of those that are still held."""
    kept: set[str] = set()
    by_token: dict[str, list[str]] = {}
    for job_id, token in held.items():
        by_token.setdefault(token, []).append(job_id)
    for token, ids in by_token.items():
        mine = and_(JOBS.c.id.in_(ids), JOBS.c.token == token, JOBS.c.state == "active")
        longer = update(JOBS).where(mine).values(lease_until=until).returning(JOBS.c.id)
        kept |= set(connection.execute(longer).scalars())
    return kept


def end(connection: Connection, database: Database, job: JobRow, ending: Ending, *, now: datetime) -> bool:
    """End a claimed job, or let it go on later. False: another has claimed it meanwhile, and nothing is changed."""
    is_over = ending.state in ("done", "dead")
    values = {
        "state": ending.state, "error": ending.error, "result": ending.result, "token": None, "lease_until": None,
        "run_at": ending.run_at or JOBS.c.run_at, "ended_at": now if is_over else None,
    }  # fmt: skip
    mine = and_(JOBS.c.id == job.id, JOBS.c.token == job.token, JOBS.c.state == "active")
    if connection.execute(update(JOBS).where(mine).values(values).returning(JOBS.c.id)).first() is None:
        return False
    for one in ending.follow_ups:
        add(connection, database, one, now=now)
    if ending.state == "done" and job.replaces and job.key:
        stands = JOBS.c.state.in_(("pending", "sent", "waiting"))
        earlier = and_(JOBS.c.key == job.key, JOBS.c.seq < job.seq, JOBS.c.replaces.is_(True), stands)
        connection.execute(update(JOBS).where(earlier).values(state="superseded", ended_at=now, result={"by": job.id}))
    return True


def next_due(connection: Connection, *, now: datetime, queues: Collection[str] = ()) -> datetime | None:
    """The first moment after `now` at which time alone lets a job run; None: there is none."""
    moment = case((JOBS.c.state == "active", JOBS.c.lease_until), else_=JOBS.c.run_at)
    first = select(func.min(moment)).where(JOBS.c.state.in_(OPEN), moment > now)
    if queues:
        first = first.where(JOBS.c.queue.in_(queues))
    found: datetime | None = connection.execute(first).scalar()
    return found


def counts(connection: Connection) -> Mapping[tuple[str, State], int]:
    """How many there are, by queue and state."""
    many = select(JOBS.c.queue, JOBS.c.state, func.count()).group_by(JOBS.c.queue, JOBS.c.state)
    return {(queue, state): count for queue, state, count in connection.execute(many)}


def listed(
    connection: Connection, *, state: State | None = None, below: int | None = None, limit: int = 50
) -> list[JobRow]:
    """Jobs, the newest first; those with a `seq` below `below`."""
    wanted = select(*_COLUMNS).order_by(JOBS.c.seq.desc()).limit(limit)
    if state is not None:
        wanted = wanted.where(JOBS.c.state == state)
    if below is not None:
        wanted = wanted.where(JOBS.c.seq < below)
    return [_row(one) for one in connection.execute(wanted)]


def oldest_due(connection: Connection, *, now: datetime) -> Mapping[str, datetime]:
    """Since when the oldest job that is due, and in nobody's hand, has been, by queue; those without one left out."""
    is_due = or_(
        and_(JOBS.c.state.in_(("pending", "sent")), JOBS.c.run_at <= now),
        and_(JOBS.c.state == "active", JOBS.c.lease_until <= now),
    )
    first = select(JOBS.c.queue, func.min(JOBS.c.run_at)).where(is_due).group_by(JOBS.c.queue)
    return {one[0]: one[1] for one in connection.execute(first)}


def waiting_keys(connection: Connection, name: str) -> set[str]:
    """The keys of jobs of this name that nobody has begun: what they read, they read later than now."""
    waits = JOBS.c.state.in_(("pending", "sent", "waiting"))
    return set(connection.execute(select(JOBS.c.key).where(JOBS.c.name == name, waits)).scalars())


def retry(connection: Connection, job_id: str, *, now: datetime) -> bool:
    """Have a dead job run again. False: it is not there, or not dead."""
    again = {"state": "pending", "run_at": now, "crashes": 0, "error": None, "ended_at": None}
    dead = and_(JOBS.c.id == job_id, JOBS.c.state == "dead")
    return connection.execute(update(JOBS).where(dead).values(again).returning(JOBS.c.id)).first() is not None


def wake_awaiting(connection: Connection, names: Collection[ImageName], *, now: datetime) -> int:
    """Have jobs that wait for one of these images look for it now; how many."""
    waits = and_(JOBS.c.state == "waiting", JOBS.c.run_at > now, JOBS.c.error.is_not(None))
    wanted = {*names}
    ids = [
        job_id
        for job_id, error in connection.execute(select(JOBS.c.id, JOBS.c.error).where(waits))
        if wanted & {image_name(text) for text in error.get("awaited", ())}
    ]
    for begin in range(0, len(ids), _MOST_AT_ONCE):
        some = and_(JOBS.c.id.in_(ids[begin : begin + _MOST_AT_ONCE]), JOBS.c.state == "waiting")
        connection.execute(update(JOBS).where(some).values(run_at=now))
    return len(ids)


def wake(connection: Connection, keys: Sequence[str], *, now: datetime) -> int:
    """Have what waits of these keys be looked at now; how many."""
    waits = and_(JOBS.c.key.in_(keys), JOBS.c.state == "waiting", JOBS.c.run_at > now)
    return len(connection.execute(update(JOBS).where(waits).values(run_at=now).returning(JOBS.c.id)).all())
