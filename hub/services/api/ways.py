"""The way to a preview: there, when it is up; else how far it is, which there are, why not, or how it comes back."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from generator.values.formats import format_time
from generator.values.naming import IssueKey
from hub.services.api.approvals import newest_of, review_of
from hub.services.api.clusters import Told
from hub.services.api.context import Api, ApiOf, Data
from hub.services.api.limits import StrictRoute
from hub.services.api.pages import PAGE_HEADERS, page
from hub.services.api.reads import about, state_of
from hub.services.api.shapes import ways as shapes
from hub.services.api.shapes.base import tells
from hub.services.api.shapes.ways import State
from hub.services.api.snapshot import Snapshot, phase_of
from hub.services.api.told import moment, operation_told
from hub.store.operations import Operation
from hub.views.listing.rows import Listed
from hub.views.queue import QueuePosition, describe_place
from hub.views.speaking import say
from reconcilers.causes.model import Layer
from reconcilers.health.phase import Phase
from reconcilers.lifecycle.revive import Removal, recent_removal
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.history import events_of

router = APIRouter(route_class=StrictRoute)
Key = Annotated[str, Path(max_length=40)]
#: By a cluster's phase; one that a cluster says nothing sure of is up for all that Git knows.
_BY_PHASE: dict[str, State] = {
    "starting": "starting", "failed": "failed", "stuck": "stuck", "stopping": "stopping", "removed": "starting",
    "sleeping": "sleeping",
}  # fmt: skip
#: What is found before anything is made in the cluster.
_BEFORE_PODS = frozenset({Layer.SET, Layer.PROJECT, Layer.ADMISSION, Layer.ARGO})
_STEPS = ("asked", "committed", "merged", "applied", "running")
#: A start that failed is told of for so long.
_FAILED = timedelta(days=1)


@dataclass(frozen=True)
class Way:
    """Where a preview is on its way. `now`: the step that is under way; None: all are done, or none is."""

    issue: IssueKey
    state: State
    environment: EnvironmentState | None = None
    listed: Listed | None = None
    choices: tuple[Listed, ...] = ()
    now: str | None = None
    cluster: Told | None = None
    place: QueuePosition | None = None
    operation: Operation | None = None
    review: Mapping[str, Any] = field(default_factory=dict)
    removal: Removal | None = None

    @property
    def url(self) -> str | None:
        """The preview's own address, which is of its environment's domain whatever an entry says."""
        return self.listed.row.url if self.listed is not None else None


def way_to(api: Api, issue: IssueKey, env: str | None) -> Way:
    """The way to the preview of an issue, in one environment or wherever there is one. Raises as `state_of`."""
    snapshot = api.snapshot
    if env is not None:
        return _in(api, snapshot, issue, state_of(snapshot, env))
    places = ((name, str(issue)) for name in sorted(snapshot.states))
    there = tuple(snapshot.by_place[place] for place in places if place in snapshot.by_place)
    if len(there) > 1:
        return Way(issue, "choose", choices=there)
    if there:
        return _in(api, snapshot, issue, state_of(snapshot, there[0].row.environment))
    ways = [_in(api, snapshot, issue, state) for _, state in sorted(snapshot.states.items())]
    order: tuple[State, ...] = ("starting", "waiting", "failed", "stuck", "sleeping", "stopping", "expired", "none")
    return min(ways, key=lambda way: order.index(way.state), default=Way(issue, "none"))


def _in(api: Api, snapshot: Snapshot, issue: IssueKey, state: EnvironmentState) -> Way:
    env = state.environment.name
    listed = snapshot.by_place.get((env, str(issue)))
    asked = newest_of(api, f"{env}/{issue}")
    newest = asked[0] if asked else None
    way = Way(issue, "none", state, operation=newest)
    if listed is not None and listed.is_request:
        return replace(way, state="review", listed=listed, now="merged", review=review_of(asked))
    if listed is not None:
        return _live(api, replace(way, listed=listed), state)
    place = snapshot.waiting.get((env, str(issue)))
    if place is not None:
        return replace(way, state="waiting", place=place, now="committed")
    is_start = newest is not None and newest.kind in {"preview.start", "preview.revive"}
    if newest is not None and newest.is_open and newest.kind != "preview.stop":
        return replace(way, state="starting", now="committed")
    if newest is not None and is_start and newest.state == "dead" and api.clock() - newest.created_at < _FAILED:
        return replace(way, state="failed", now="committed")
    removal = recent_removal(issue, state, api.repository.store, now=api.clock())
    if removal is None:
        return way
    told = api.clusters.told(state, issue)
    is_going = told.phase is not None and told.phase.name in {"stopping", "stuck"}
    gone: State = _BY_PHASE[told.phase.name] if is_going and told.phase is not None else "expired"
    return replace(way, state=gone, removal=removal, cluster=told)


def _live(api: Api, way: Way, state: EnvironmentState) -> Way:
    told = api.clusters.told(state, way.issue)
    by_git: State = "sleeping" if way.listed is not None and way.listed.row.is_asleep else "ready"
    if told.phase is None:
        return replace(way, state=by_git, cluster=told)
    by_phase = _BY_PHASE.get(told.phase.name, "ready")
    if by_phase == "ready":
        by_phase = by_git  # what was kept of the cluster may be of before the commit
    return replace(
        way, state=by_phase, cluster=told, now=None if by_phase in {"ready", "sleeping"} else _step(told.phase)
    )


def _step(phase: Phase) -> str:
    """What is under way in the cluster: that objects are applied, or that they come up."""
    return "applied" if phase.finding is None or phase.finding.rule.layer in _BEFORE_PODS else "running"


@router.get("/api/v1/way/{key}", responses=tells(shapes.Way), response_model=None)
def way(key: Key, api: ApiOf, env: Annotated[str | None, Query(max_length=40)] = None) -> Data:
    """Where a preview is on its way: what the page /preview/KEY shows."""
    found = way_to(api, IssueKey.parse(key.upper()), env or None)
    return {**_told(found), **about(api.snapshot)}


def _told(way: Way) -> Data:
    cluster = way.cluster
    env = way.environment.environment.name if way.environment is not None else None
    return {
        "issue": str(way.issue), "environment": env,
        "state": way.state, "isSeen": cluster is not None and cluster.is_read, "url": way.url,
        "choices": [
            {
                "environment": one.row.environment, "url": one.row.url, "phase": phase_of(one),
                "ends": one.row.ends or None,
            }
            for one in way.choices
        ],
        "steps": _steps(way), "causes": cluster.data() if cluster is not None else None,
        "place": describe_place(way.place) if way.place is not None else None,
        "operation": operation_told(way.operation) if way.operation is not None else None,
        "request": way.review.get("request"),
        "revive": _revive(way.removal, env, way.issue) if way.removal is not None and env is not None else None,
    }  # fmt: skip


def _steps(way: Way) -> list[Data]:
    if way.environment is None or way.state in {"none", "expired"} or (way.removal is not None and way.listed is None):
        return []
    gated = way.environment.environment.spec.gated
    names = [name for name in _STEPS if gated or name != "merged"]
    asked_at = moment(way.operation.created_at) if way.operation is not None else None
    outline = way.listed.outline if way.listed is not None else None
    at = {
        "asked": asked_at if outline is None else outline.requested_at,
        "merged": outline.activated_at if outline is not None else None,
    }
    now = names.index(way.now) if way.now is not None else len(names)
    states = ["done"] * now + ["now"] + ["to come"] * len(names)
    return [
        {"name": name, "state": state, "at": at.get(name) if state == "done" else None}
        for name, state in zip(names, states, strict=False)
    ]


def _revive(removal: Removal, env: str, issue: IssueKey) -> Data:
    event = next(events_of(removal.commit, env, issue))
    return {
        "removedAt": format_time(event.at), "until": format_time(removal.until), "removedBy": event.who,
        "why": event.why or event.action,
    }  # fmt: skip


_WORDS: dict[State, str] = {
    "starting": "{issue} is starting.",
    "waiting": "{issue} waits for room: it is {place}.",
    "review": "{issue} in {env} awaits a review, and starts after it.",
    "failed": "{issue} did not come up: {cause}",
    "stuck": "{issue} is stuck: {cause}",
    "sleeping": "{issue} in {env} sleeps: its pods do not run. Wake it in the dashboard, or by a command.",
    "stopping": "{issue} is being removed.",
    "expired": "{issue} was removed at {removed}. It can be brought back until {until}.",
    "none": "There is no preview of {issue}. Start it, or bring it back within seven days of its removal.",
}
_AGAIN = frozenset({"starting", "waiting", "review", "stopping"})


@router.get("/preview/{key}", response_model=None, responses={303: {"description": "there"}})
def preview_anywhere(key: Key, api: ApiOf) -> Response:
    """The way to a preview: there, if it is up in one environment; else a page that says where, how far, or why not."""
    return _page(way_to(api, IssueKey.parse(key.upper()), None))


@router.get("/preview/{key}/{env}", response_model=None, responses={303: {"description": "there"}})
def preview_in(key: Key, env: Key, api: ApiOf) -> Response:
    """The way to a preview of one environment."""
    return _page(way_to(api, IssueKey.parse(key.upper()), env))


def _page(found: Way) -> Response:
    if found.state == "ready" and found.url is not None:
        return RedirectResponse(found.url, 303, PAGE_HEADERS)
    told, name = _told(found), str(found.issue)
    if found.state == "choose":
        names = [html.escape(one.row.environment) for one in found.choices]
        links = "".join(f'<li><a href="/preview/{name}/{one}">{one}</a></li>' for one in names)
        return HTMLResponse(page(name, f"<p>{say('Where?')}</p><ul>{links}</ul>"), headers=PAGE_HEADERS)
    text = say(
        _WORDS[found.state],
        issue=name, env=told["environment"] or "", place=found.place.where if found.place is not None else "",
        cause=_cause(told), removed=(told["revive"] or {}).get("removedAt", ""),
        until=(told["revive"] or {}).get("until", ""),
    )  # fmt: skip
    body, again = f"<p>{html.escape(text)}</p>", found.state in _AGAIN
    return HTMLResponse(page(name, body, again=again), 404 if found.state == "none" else 200, PAGE_HEADERS)


def _cause(told: Data) -> str:
    error = (told["operation"] or {}).get("error")
    if told["causes"] is not None and told["causes"]["text"]:
        return str(told["causes"]["text"])
    return "; ".join(fault["message"] for fault in error["faults"]) if error else say("nobody knows why yet")
