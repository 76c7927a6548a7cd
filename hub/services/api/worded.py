"""What `rtb-hub list` and `rtb-hub show` print, for those who work through a server: as JSON, or in words.

The words are the command line's own, from the same views, so that both say the same; a client prints them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from generator.errors import ConfigError, Fault, HubError, Reason
from generator.values.naming import IssueKey
from hub.actions.history import Told
from hub.actions.show import show_in
from hub.commands import history as history_command
from hub.commands import start as start_command
from hub.commands.show import shown_data
from hub.commands.show import tell as tell_shown
from hub.output.console import printable
from hub.output.times import Reader, read_by
from hub.output.worded import UNBOUNDED, worded
from hub.queue.payloads import StartBody
from hub.services.api.context import ApiOf, CallerOf
from hub.services.api.limits import StrictRoute
from hub.services.api.planning import planned_start
from hub.services.api.reads import Env, Key, state_of
from hub.services.api.shapes import worded as shapes
from hub.services.api.shapes.base import tells
from hub.services.api.snapshot import Snapshot, design_data
from hub.views.listing.data import listing_data
from hub.views.listing.listing import Listing
from hub.views.listing.model import Cursor, Filter, Order, Page, Sort, wanted
from hub.views.listing.rows import Listed
from hub.views.listing.table import tell as tell_listing
from hub.views.preview import outline_row
from reconcilers.lifecycle.start import StartOutcome
from reconcilers.state.history import Home, read_history

if TYPE_CHECKING:
    from rich.console import Console

router = APIRouter(prefix="/api/v1", route_class=StrictRoute)
#: Rows of one answer. A listing is of one moment, so it is not put together of pages.
MOST = 10_000
#: The reason of what kept a part from being read: a client ends with its code, by which nobody takes a part for all.
INCOMPLETE = "X-RTB-Incomplete"
#: What a start would be: a client ends with another code where it is nothing.
CHANGE = "X-RTB-Change"
Names = Annotated[list[Annotated[str, Query(max_length=100)]], Query(max_length=50)]
One = Annotated[str | None, Query(max_length=200)]


@dataclass(frozen=True, slots=True)
class Form:
    """How an answer is to look: JSON, or words on so many columns, with styles for a terminal."""

    is_text: bool
    width: int
    is_terminal: bool

    def answer(self, data: Callable[[], Any], tell: Callable[[Console], None], **headers: str) -> Response:
        """What is told, in this form."""
        headers["Cache-Control"] = "private, no-cache"
        if self.is_text:
            text = worded(tell, width=self.width, is_terminal=self.is_terminal)
            return PlainTextResponse(text, headers=headers)
        return JSONResponse(data(), headers=headers)


def form_of(
    request: Request, width: Annotated[int, Query(ge=20, le=UNBOUNDED)] = UNBOUNDED, terminal: bool = False
) -> Form:
    """The form that a request asks for by its Accept header."""
    return Form(request.headers.get("accept", "").startswith("text/plain"), width, terminal)


FormOf = Annotated[Form, Depends(form_of)]


@router.get("/listing", responses=tells(shapes.Listing, content=shapes.IN_WORDS), response_model=None)
def listing(
    api: ApiOf, caller: CallerOf, form: FormOf, env: Names = [], phase: Names = [], issue: Names = [],  # noqa: B006 - read as a query
    owner: One = None, blueprint: One = None, ends_within: Annotated[str | None, Query(alias="endsWithin")] = None,
    project: One = None, sort: Sort = "key", reverse: bool = False,
    limit: Annotated[int | None, Query(ge=0, le=MOST)] = None, after: One = None,
    mine: Annotated[bool, Query(description="only what the caller asked for; not with `owner`")] = False,
) -> Response:  # fmt: skip
    """What `rtb-hub list` prints: as JSON, or for `Accept: text/plain` in words. `limit` 0: all, of at most 10000."""
    if mine and owner is not None:
        fault = Fault("is given beside owner", field="mine", allowed="either owner or mine")
        raise ConfigError(Reason.INVALID_VALUE, fault)
    filters = wanted(
        envs=env, owner=caller.name if mine else owner, blueprint=blueprint, phases=phase,
        ends_within=ends_within, issues=issue, project=project, sees_cluster=False,
    )  # fmt: skip
    page = Page(limit, Cursor.parse(after) if after else None)
    found = listed(api.snapshot, filters, Order(sort, reverse), page, now=api.clock())
    if not limit and len(found.previews) > MOST:
        found = replace(found, page=replace(page, limit=MOST))
    why = next(iter(found.failures.values()), None)
    incomplete = {INCOMPLETE: why.reason.value} if why else {}

    def tell(console: Console) -> None:
        tell_listing(console, found)
        _tell_designs(console, [one for one in found.shown if one.design is not None])

    return form.answer(lambda: _data(found), tell, **incomplete)


def listed(snapshot: Snapshot, filters: Filter, order: Order, page: Page, *, now: datetime) -> Listing:
    """The listing of a snapshot at `now` (aware). Raises as `hub.actions.list_previews.list_previews`."""
    for name in sorted(filters.envs):
        state_of(snapshot, name)
    states = tuple(state for name, state in sorted(snapshot.states.items()) if filters.shows_environment(name))
    failures: dict[str, HubError] = {
        name: err for name, err in snapshot.failures.items() if filters.shows_environment(name)
    }
    if not states:
        for error in failures.values():
            raise error
    names = {state.environment.name for state in states}
    every = (one for one in snapshot.rows if one.row.environment in names)
    rows = [_now(one, now) for one in every if filters.shows(one, None, now=now)]
    unlisted = tuple(one for one in snapshot.unlisted if one[0] in names)
    return Listing(states, order.sorted(rows), None, filters, order, page, failures, unlisted)


def _now(one: Listed, now: datetime) -> Listed:
    return replace(one, row=outline_row(one.outline, one.state.environment, now=now))


def _data(found: Listing) -> dict[str, Any]:
    data = listing_data(found)
    data["previews"] = [
        {**told, "designChange": design_data(one.design)} if one.design else told
        for told, one in zip(data["previews"], found.shown, strict=True)
    ]
    return data


@router.get("/previews/{env}/{key}/shown", responses=tells(shapes.Shown, content=shapes.IN_WORDS), response_model=None)
def shown(env: Env, key: Key, api: ApiOf, form: FormOf) -> Response:
    """What `rtb-hub show` prints of a preview: as JSON, or for `Accept: text/plain` in words."""
    snapshot, issue = api.snapshot, IssueKey.parse(key)
    found = show_in(state_of(snapshot, env), issue, cluster=None, clock=api.clock)
    listed_there = snapshot.by_place.get((env, str(issue)))
    changed = [listed_there] if listed_there is not None and listed_there.design is not None else []

    def data() -> Any:
        return {**shown_data(found), "designChange": design_data(changed[0].design)} if changed else shown_data(found)

    def tell(console: Console) -> None:
        tell_shown(console, found)
        _tell_designs(console, changed)

    return form.answer(data, tell)


@router.get("/history", responses=tells(shapes.ShownHistory, content=shapes.IN_WORDS), response_model=None)
def shown_history(
    api: ApiOf, form: FormOf, key: Annotated[str | None, Query(max_length=40)] = None,
    env: Annotated[str | None, Query(max_length=40)] = None, since: Annotated[str | None, Query(max_length=20)] = None,
    limit: Annotated[int, Query(ge=0, le=MOST)] = 50,
) -> Response:  # fmt: skip
    """What `rtb-hub history` prints: as JSON, or for `Accept: text/plain` in words. `limit` 0: at most 10000."""
    snapshot, asked = api.snapshot, history_command.Arguments(key, env, since, limit)
    states = [state_of(snapshot, env)] if env is not None else list(snapshot.states.values())
    homes = [Home(state.environment.name, state.snapshot, state.request_snapshots) for state in states]
    issue, begin = IssueKey.parse(key) if key else None, history_command.since_of(since, api.clock())
    events = list(islice(read_history(homes, api.repository.store, key=issue, since=begin), (limit or MOST) + 1))
    told = Told(tuple(events[: limit or MOST]), len(events) > (limit or MOST), {} if env else snapshot.failures)
    why = next(iter(told.unreadable.values()), None)
    incomplete = {INCOMPLETE: why.reason.value} if why else {}
    with read_by(Reader(api.clock)):
        return form.answer(
            lambda: history_command.history_data(told),
            lambda console: history_command.tell(console, told, asked),
            **incomplete,
        )


@router.post(
    "/previews/plan/shown", responses=tells(shapes.ShownDifference, content=shapes.IN_WORDS), response_model=None
)
def shown_difference(body: StartBody, api: ApiOf, caller: CallerOf, form: FormOf) -> Response:
    """What `rtb-hub diff` prints of a start with this body: as JSON, or for `Accept: text/plain` in words.

    `X-RTB-Change` says what it would be.
    """
    found = planned_start(api, caller, body)
    outcome = found.outcome
    if not isinstance(outcome, StartOutcome):
        raise AssertionError(f"a start is not planned as {type(outcome).__name__}")  # noqa: TRY004 - a mistake of ours
    return form.answer(
        lambda: start_command.difference_data(found.changes, outcome),
        lambda console: start_command.tell_difference(console, found.changes, outcome),
        **{CHANGE: outcome.change},
    )


def _tell_designs(console: Console, changed: Sequence[Listed]) -> None:
    """Those whose design changed since they were asked for; what comes of it is for people to say."""
    from rich.text import Text

    for one in changed:
        if one.design is not None:
            told = f"design changed since {one.row.key} in {one.row.environment} was asked for: {one.design.url}"
            console.print(Text(printable(told), "yellow"))
