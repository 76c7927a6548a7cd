"""Two ways to do what an assistant asks: through the API of a hub, or on a state repository in this process.

Either gives JSON as the command line prints it, and raises the same `HubError`. Who asks is the token's owner there,
and RTB_HUB_ACTOR here; the rights, the audit log and the commits are those of every other way.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from generator.render.asked import Request
from generator.values.naming import IssueKey
from hub.actions import extend, revive, sleep, start, stop
from hub.actions.list_previews import list_previews
from hub.actions.log_wish import Wish
from hub.actions.logs import chosen_log
from hub.actions.show import show
from hub.actions.start import Queued
from hub.actions.stop import StopRequest
from hub.actions.why import why
from hub.adapters.http import Route
from hub.adapters.kubernetes.logs import log_lines
from hub.commands.logs import log_data
from hub.commands.server import changing
from hub.commands.server import logs as through
from hub.commands.server.calling import Api, Asked, preview_route
from hub.commands.server.printing import mapping
from hub.commands.show import shown_data
from hub.commands.why import answer_data
from hub.views.done import extend_data, queue_data, revive_data, sleep_data, start_data, stop_data
from hub.views.listing.data import listing_data
from hub.views.listing.model import Page, Selection, wanted
from hub.views.plans import differences_data
from hub.wiring import Hub
from hub.wiring.clusters import own_cluster_of
from reconcilers.lifecycle.extend import ExtendRequest
from reconcilers.lifecycle.revive import ReviveRequest
from reconcilers.lifecycle.sleep import SleepRequest
from reconcilers.lifecycle.start import StartRequest

#: Rows of one listing: what an assistant can use at a time.
MOST = 200


class Way(Protocol):
    """Reads and changes previews. `asked` has the fields of the API's bodies, without those that are null."""

    def listing(self, envs: Sequence[str], owner: str | None) -> dict[str, Any]:
        """What there is."""

    def show(self, env: str, key: str) -> dict[str, Any]:
        """One preview."""

    def why(self, env: str, key: str) -> dict[str, Any]:
        """Why one is where it is, by its cluster."""

    def logs(self, env: str, key: str, wish: Wish) -> dict[str, Any]:
        """The last lines of a component's log, as they are."""

    def plan(self, env: str, key: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What a start would change, object by object."""

    def change(self, action: str, env: str, key: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Start, stop, extend, revive, put to sleep or wake one, to the end."""


@dataclass(frozen=True)
class Through:
    """Through the API of a hub."""

    api: Api

    def listing(self, envs: Sequence[str], owner: str | None) -> dict[str, Any]:
        """What there is."""
        query = [("limit", str(MOST)), *(("env", one) for one in envs), *([("owner", owner)] if owner else [])]
        return self._told(Route.of("/api/v1/listing"), Asked(purpose="list previews", query=query))

    def show(self, env: str, key: str) -> dict[str, Any]:
        """One preview."""
        return self._told(preview_route(env, IssueKey.parse(key), "shown"), Asked(purpose=f"show {key} in {env}"))

    def why(self, env: str, key: str) -> dict[str, Any]:
        """Why one is where it is, by the cluster that the hub reads."""
        asked = Asked(purpose=f"tell why {key} in {env} is where it is")
        return self._told(preview_route(env, IssueKey.parse(key), "why"), asked)

    def logs(self, env: str, key: str, wish: Wish) -> dict[str, Any]:
        """The last lines of a component's log, by the cluster that the hub reads."""
        return through.log(self.api, (key, env), wish)

    def plan(self, env: str, key: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What a start would change, object by object, with price, room, and what would be refused."""
        body = {**asked, "issue": str(IssueKey.parse(key)), "environment": env}
        call = Asked(purpose=f"plan a start of {key} in {env}", method="POST", body=body)
        return self._told(Route.of("/api/v1/previews/plan"), call)

    def _told(self, route: Route, asked: Asked) -> dict[str, Any]:
        return mapping(self.api.call(route, asked).data, asked.purpose)

    def change(self, action: str, env: str, key: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Start, stop, extend, revive, put to sleep or wake one, to the end."""
        issue = IssueKey.parse(key)
        purpose = f"{action} {issue} in {env}"
        if action == "start":
            body = {**asked, "issue": str(issue), "environment": env}
            return changing.details(changing.done(self.api, Route.of("/api/v1/previews"), body, purpose))
        return changing.details(changing.done(self.api, preview_route(env, issue, action), asked, purpose))


@dataclass(frozen=True)
class Here:
    """On a state repository, which serves one call at a time."""

    ours: Hub
    repo: str | None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def listing(self, envs: Sequence[str], owner: str | None) -> dict[str, Any]:
        """What there is."""
        filters = wanted(
            envs=envs, owner=owner, blueprint=None, phases=(), ends_within=None, issues=(), project=None,
            sees_cluster=False,
        )  # fmt: skip
        with self._lock:
            asked, repository = Selection(filters, page=Page(MOST)), self.ours.repository(self.repo)
            found = list_previews(asked, repository=repository, clusters=None, clock=self.ours.clock)
            data = listing_data(found)
            return {**data, "previews": [*data["previews"]]}

    def show(self, env: str, key: str) -> dict[str, Any]:
        """One preview."""
        with self._lock:
            repository = self.ours.repository(self.repo)
            return shown_data(
                show(IssueKey.parse(key), env, repository=repository, cluster=None, clock=self.ours.clock)
            )

    def why(self, env: str, key: str) -> dict[str, Any]:
        """Why one is where it is, by its environment's own cluster."""
        with self._lock:
            cluster = own_cluster_of(self.ours, env, kubeconfig=None, repo=self.repo)
            repository = self.ours.repository(self.repo)
            return answer_data(
                why(IssueKey.parse(key), env, repository=repository, cluster=cluster, clock=self.ours.clock)
            )

    def logs(self, env: str, key: str, wish: Wish) -> dict[str, Any]:
        """The last lines of a component's log, by its environment's own cluster."""
        with self._lock:
            cluster = own_cluster_of(self.ours, env, kubeconfig=None, repo=self.repo)
            asked = chosen_log(IssueKey.parse(key), wish, cluster=cluster, clock=self.ours.clock)
            return log_data(asked, log_lines(cluster, asked))

    def plan(self, env: str, key: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What a start would change, object by object; refused where the start would be."""
        with self._lock:
            wants = self._wanted(IssueKey.parse(key), asked)
            found = start.diff(replace(wants, queue=False), env, parts=self.ours.parts(self.repo))
            return {"change": found.outcome.change, **differences_data(found.changes)}

    def _wanted(self, issue: IssueKey, asked: Mapping[str, Any]) -> StartRequest:
        settings = tuple((name, value) for name, value in asked.get("settings", ()))
        request = Request(asked.get("images", {}), settings, None, asked.get("branch"))
        return StartRequest(
            issue, self.ours.settings.actor, request, asked.get("blueprint"), asked.get("ttl"), None,
            queue=bool(asked.get("queue")),
        )  # fmt: skip

    def change(self, action: str, env: str, key: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Start, stop, extend, revive, put to sleep or wake one, to the end."""
        issue, actor = IssueKey.parse(key), self.ours.settings.actor
        with self._lock:
            parts = self.ours.parts(self.repo)
            if action == "start":
                started = start.start(self._wanted(issue, asked), env, parts=parts)
                if isinstance(started, Queued):
                    return queue_data(started.outcome, started.done)
                return start_data(started.outcome, started.done)
            if action == "stop":
                stopped = stop.stop(
                    StopRequest(issue, actor, asked.get("reason", "")), env, parts=parts, ignore_not_found=False
                )
                return stop_data(stopped.outcome, stopped.done) if stopped else {"change": "none"}
            if action == "extend":
                more = ExtendRequest(issue, actor, asked["by"], asked.get("reason", ""), asked.get("ifEnds"))
                extended = extend.extend(more, env, parts=parts)
                return extend_data(extended.outcome, extended.done)
            if action in ("sleep", "wake"):
                slept = sleep.sleep(
                    SleepRequest(issue, actor, action == "sleep", asked.get("reason", "")), env, parts=parts
                )
                return sleep_data(slept.outcome, slept.done)
            revived = revive.revive(ReviveRequest(issue, actor, asked.get("ttl")), env, parts=parts)
            return revive_data(revived.outcome, revived.done)
