"""From a request to an operation: kept with its job and its audit row in one transaction, and answered.

202 says that it is kept, and `Location` where to look. `Prefer: wait=N` waits for its end, at most a minute: 200 with
what was done, or the problem that it came to. `Prefer: return=representation`: with all that the command line prints.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from generator.errors import ConfigError, Fault, HubError, Reason
from hub.queue.ending import faults_of
from hub.services.api import problems
from hub.services.api.context import Api, ApiOf, CallerOf, RightOf, audit_entry
from hub.services.api.keeping import Asked, keep
from hub.services.api.rights import Caller, Right
from hub.services.api.told import fault_told, operation_told
from hub.store import operations
from hub.store.operations import Operation

_WAIT_MOST = 60.0
_PREFER = re.compile(r"(?:^|[,;\s])wait=([0-9]{1,5})\b")
_WHOLE = re.compile(r"(?:^|[,;\s])return=representation\b")


@dataclass(frozen=True, slots=True)
class Call:
    """A request that asks for a change: who, by what right, which request of theirs, and how long they wait."""

    request: Request
    api: Api
    caller: Caller
    right: Right
    idempotency_key: str | None
    wait: float
    wants_whole: bool = False


def call_of(
    request: Request, api: ApiOf, caller: CallerOf, right: RightOf,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
    prefer: Annotated[str | None, Header(max_length=200)] = None,
) -> Call:  # fmt: skip
    """The call of a request. Raises `ConfigError` (InvalidValue) for a service that names no key, or a strange one."""
    if idempotency_key is not None and not (idempotency_key.isascii() and idempotency_key.isprintable()):
        fault = Fault("this is no key", field="Idempotency-Key", allowed="1 to 200 printable ASCII signs")
        raise ConfigError(Reason.INVALID_VALUE, fault)
    if caller.kind == "service" and idempotency_key is None:
        what = "a service says which request of its own this is, so that one that is sent twice is done once"
        raise ConfigError(Reason.INVALID_VALUE, Fault(what, field="Idempotency-Key"))
    return Call(request, api, caller, right, idempotency_key, wait_seconds(prefer), wants_whole(prefer))


CallOf = Annotated[Call, Depends(call_of)]


def wait_seconds(prefer: str | None) -> float:
    """How long a client would wait, by its Prefer header (RFC 7240)."""
    match = _PREFER.search(prefer or "")
    return min(_WAIT_MOST, float(match[1])) if match else 0.0


def wants_whole(prefer: str | None) -> bool:
    """Whether a client would have the whole result, by its Prefer header: what the command line would print of it."""
    return _WHOLE.search(prefer or "") is not None


async def answered(call: Call, asked: Asked) -> Response:
    """Have it done, and answer."""
    operation_id = await run_in_threadpool(_put, call, asked)
    one = await ended(call.api, operation_id, call.wait)
    if one is None:
        raise ConfigError(Reason.NOT_FOUND, f"there is no operation {operation_id}")
    headers = {"Location": f"/api/v1/operations/{operation_id}"}
    if call.wait:
        headers["Preference-Applied"] = f"wait={call.wait:g}"
    told = operation_told(one, is_whole=call.wants_whole)
    if one.is_open or not call.wait:
        return JSONResponse(told, 202, headers)
    if one.error is None:
        await run_in_threadpool(call.api.feed.catch_up)
        return JSONResponse(told, 200, headers)
    found = faults_of(one.error)
    faults, messages = [fault_told(fault) for fault in found], tuple(fault.message for fault in found)
    answer = problems.answer(call.request, Reason(one.error["reason"]), faults, messages, operation=operation_told(one))
    answer.headers.update(headers)
    return answer


async def ended(api: Api, operation_id: str, wait: float) -> Operation | None:
    """The operation once it has ended, or as it is after `wait` seconds."""

    def read() -> Operation | None:
        with api.jobs.database.read() as connection:
            return operations.get(connection, operation_id)

    loop = asyncio.get_running_loop()
    changed, ends = asyncio.Event(), loop.time() + wait

    def tell() -> None:
        loop.call_soon_threadsafe(changed.set)

    unlisten = api.jobs.listen(tell) if wait else None
    try:
        while True:
            changed.clear()
            one = await run_in_threadpool(read)
            left = ends - loop.time()
            if one is None or not one.is_open or left <= 0 or api.ending.is_set():
                return one
            try:
                await asyncio.wait_for(changed.wait(), min(left, 1.0))
            except TimeoutError:
                continue
    finally:
        if unlisten is not None:
            unlisten()


def _put(call: Call, asked: Asked) -> str:
    """Keep the operation, its job and the audit row together; its id. Refusals are audited too."""
    jobs, about = call.api.jobs, (asked.action, asked.key)
    named = replace(asked, idempotency_key=call.idempotency_key, correlation=problems.request_id(call.request))
    try:
        with jobs.database.write() as connection:
            entry = audit_entry(call.request, call.caller, about)
            operation_id, is_new = keep(connection, jobs, call.caller, named, entry)
    except HubError as err:
        if err.reason is not Reason.DATABASE_UNREACHABLE:
            call.api.access.note(call.request, call.caller, about, err)
        raise
    if is_new:
        jobs.notify()
    return operation_id
