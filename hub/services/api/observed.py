"""What `rtb-hub why`, `status` and `logs` print by the cluster that the hub reads, for clients of a server."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from generator.errors import Reason, Transient
from generator.values.naming import IssueKey
from hub.actions.log_wish import Wish
from hub.actions.why import Answer
from hub.adapters.kubernetes.recording import Recording
from hub.commands import status as status_command
from hub.commands import why as why_command
from hub.commands.logs import log_data
from hub.services.api.context import Api, ApiOf, CallerOf, Data
from hub.services.api.limits import StrictRoute, in_turn
from hub.services.api.reads import Env, Key, state_of
from hub.services.api.shapes import worded as shapes
from hub.services.api.shapes.base import tells
from hub.services.api.worded import FormOf

router = APIRouter(prefix="/api/v1/previews/{env}/{key}", route_class=StrictRoute)
#: Where a preview stands: a client ends with another code for some. And what it is on its way to: running, or removed.
PHASE, GOAL = "X-RTB-Phase", "X-RTB-Goal"


def _answer(api: Api, env: str, issue: IssueKey) -> Answer:
    """What the cluster tells of a preview. Raises why it cannot be read."""
    told = api.clusters.told(state_of(api.snapshot, env), issue)
    if told.phase is None:
        raise told.error or AssertionError("nothing is known, and not why")
    return Answer(issue.namespace, told.phase, Recording(told.at, env, unread=told.unread))


@router.get("/why", responses=tells(shapes.Why, content=shapes.IN_WORDS), response_model=None)
def shown_why(
    env: Env, key: Key, api: ApiOf, form: FormOf, whole: Annotated[bool, Query(alias="all")] = False
) -> Response:
    """What `rtb-hub why` prints of a preview: as JSON, or for `Accept: text/plain` in words.

    Refused where its cluster cannot be read. `X-RTB-Phase` says where it stands.
    """
    answer = _answer(api, env, IssueKey.parse(key))
    return form.answer(
        lambda: why_command.answer_data(answer),
        lambda console: why_command.tell(console, answer, is_whole=whole),
        **{PHASE: answer.phase.name},
    )


@router.get("/status", responses=tells(shapes.Status, content=shapes.IN_WORDS), response_model=None)
def shown_status(env: Env, key: Key, api: ApiOf, form: FormOf) -> Response:
    """What `rtb-hub status` prints of a preview: as JSON, or for `Accept: text/plain` in words.

    Refused where its cluster cannot be read. `X-RTB-Goal` says what it is on its way to: running, or removed.
    """
    issue = IssueKey.parse(key)
    is_wanted = state_of(api.snapshot, env).entry(issue) is not None
    phase = _answer(api, env, issue).phase
    return form.answer(
        lambda: status_command.status_data(issue, env, phase),
        lambda console: status_command.tell(console, phase),
        **{PHASE: phase.name, GOAL: "running" if is_wanted else "removed"},
    )


@router.get("/logs/{component}", responses=tells(shapes.Log), response_model=None)
def shown_log(
    env: Env, key: Key, component: Annotated[str, Path(max_length=253)], request: Request, api: ApiOf, caller: CallerOf,
    tail: Annotated[int, Query(ge=1, le=10_000)] = 100, previous: bool | None = None,
    since_seconds: Annotated[int | None, Query(alias="sinceSeconds", ge=1, le=2**31 - 1)] = None,
) -> Data:  # fmt: skip
    """What `rtb-hub logs` prints: the last lines of a component's log, at most 4 MiB. Each reading is audited.

    `previous` left out: of the run before where it is down between two tries. The hub needs the role `rtb-hub-logs` in
    the cluster.
    """
    issue, state = IssueKey.parse(key), state_of(api.snapshot, env)
    caller.must_write(env, gated=state.environment.spec.gated)
    api.access.logs.take(caller.id)
    busy = Transient(Reason.NOT_IN_TIME, "many logs are read at this moment", remedy="ask again")
    with in_turn(api.reading_logs, busy):
        asked, lines = api.clusters.log(env, issue, Wish(component, previous, tail, since_seconds))
        api.access.note(request, caller, ("preview.logs", f"{env}/{issue} {asked.pod} {asked.container}"))
        return log_data(asked, lines)
