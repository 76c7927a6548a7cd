"""Jobs that others put into BullMQ's queues themselves: what row they become. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from hub.queue.payloads import key_of
from hub.store.ids import ID
from hub.store.jobs import Job

#: What a job may say: as much as the API takes of one, in characters of JSON, and so many levels of it.
MOST, DEEPEST = 1 << 20, 100


def fits(data: Any) -> bool:
    """Whether a row may hold it: what JSON is not written of keeps all that is written with it from the database."""
    level = [data]
    for _ in range(DEEPEST):
        level = [inner for one in level for inner in _within(one)]
        if not level:
            return len(json.dumps(data)) <= MOST
    return False


def _within(data: Any) -> Iterable[Any]:
    return data.values() if isinstance(data, Mapping) else data if isinstance(data, list) else ()


def foreign(  # noqa: PLR0913 - what BullMQ says of a job
    queue: str, job_id: str, name: str, data: Any, *, added: int, by: str = ""
) -> Job:
    """The job of this id in a queue. `added`: when it was put, in milliseconds. `by`: who signed it; empty: nobody.

    An id that BullMQ made (a number that begins anew when Redis is emptied), or a strange one, becomes one that is the
    same each time this very job is seen. Who asks is written down as told by somebody else, and so is nobody's word.
    """
    if not ID.fullmatch(job_id):
        job_id = _of_this_one(queue, job_id, added)
    payload: Mapping[str, Any] = data if isinstance(data, Mapping) else {"data": data}
    said = {**payload, "requestedBy": _as_told(payload.get("requestedBy"), queue, by)}
    said.setdefault("id", job_id)
    key, replaces = key_of(name, said)
    return Job(job_id, queue, as_text(name), said, key, replaces)


def refused(queue: str, job_id: str, name: str, data: Any, *, added: int) -> Job:
    """The row of a job that does not prove who put it: it cannot be run, and has no id that another job may have."""
    return Job(_of_this_one(queue, job_id, added), queue, as_text(name), {"refused": data})


def _of_this_one(queue: str, job_id: str, added: int) -> str:
    told = f"{queue}\0{job_id}\0{added}".encode("utf-8", "surrogatepass")
    return f"{queue}-{hashlib.sha256(told).hexdigest()[:32]}"


def as_text(name: str) -> str:
    """A name or an id as any database takes it: PostgreSQL refuses NUL, and neither takes half of a surrogate pair."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in name[:200])


def _as_told(who: Any, queue: str, by: str) -> Any:
    if not isinstance(who, Mapping) or not isinstance(who.get("id"), str):
        return who
    via = queue.removesuffix("-queue")
    return {**who, "kind": "service", "id": f"{who['id']}, as told by {by or via}", "via": via}
