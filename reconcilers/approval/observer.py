"""What is known of the requests to change a gated environment: from the forge, and from what their branches hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from generator.errors import Fault, HubError, declared, unexpected
from generator.model.lifecycle import Approval
from generator.values.formats import parse_time
from generator.values.naming import previews_folder
from reconcilers.approval.requesters import Requesters, asked_by, requesters_of
from reconcilers.approval.verdict import Observed
from reconcilers.plan import one_line
from reconcilers.ports.forge import ChangeRequest, Committer, Forge
from reconcilers.ports.git import GitStore, Snapshot
from reconcilers.state.environment import REQUEST_PREFIX, EnvironmentState
from reconcilers.state.history import PREVIEW


@dataclass(frozen=True, slots=True)
class Examined:
    """A request by our own examination: what is wrong with it, and why it can never be merged as it is (empty: it may).

    `obsolete`: the environment's branch holds what it asks for already, or changed the same files since.
    """

    content: tuple[str, ...] = ()
    obsolete: str = ""


Examine = Callable[[EnvironmentState, Snapshot], Examined]


@dataclass(frozen=True, slots=True)
class Requests:
    """The open requests with the preview's name (`rtb-123`), and those of our own that ended since the time asked for.

    `obsolete` says of request branches without an open request why nobody can want what they ask for any more, and
    `faults` why nobody can tell.
    """

    open: tuple[tuple[str, Observed], ...]
    ended: tuple[tuple[str, ChangeRequest], ...]
    obsolete: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, tuple[Fault, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Observer:
    """Reads requests. What cannot be read of one is told in it, and the others go on."""

    store: GitStore
    forge: Forge
    examine: Examine

    def requests(self, state: EnvironmentState, policy: Approval, *, since: datetime) -> Requests:
        """All requests of an environment. Raises what the forge raises when it cannot even list them."""
        prefix = f"{REQUEST_PREFIX}{state.environment.name}/"
        found = self.forge.requests(state.environment.spec.branch, prefix=prefix, closed_since=since)
        named = [(request.branch.removeprefix(prefix), request) for request in found]
        members = self._members(policy) if any(request.state == "open" for request in found) else frozenset()
        observed = [
            (name, self._observed(name, request, state, members)) for name, request in named if request.state == "open"
        ]
        open_ones = tuple((name, one) for name, one in observed if one.request.state == "open")
        asked = {name for name, one in observed if not one.request.is_foreign}
        unasked = {name: snapshot for name, snapshot in state.request_snapshots.items() if name not in asked}
        obsolete = {name: self._obsolete(state, one) for name, one in unasked.items()}
        return Requests(
            open_ones,
            tuple((name, request) for name, request in named if request.state != "open" and not request.is_foreign),
            {name: why for name, why in obsolete.items() if isinstance(why, str) and why},
            {name: why.faults for name, why in obsolete.items() if isinstance(why, HubError)},
        )

    def _obsolete(self, state: EnvironmentState, snapshot: Snapshot) -> str | HubError:
        """Why a branch without an open request asks for nothing any more; empty: it does. An error: nobody can tell."""
        try:
            return self.examine(state, snapshot).obsolete
        except Exception as err:  # noqa: BLE001 - the border of a request
            return declared(f"{snapshot.branch} cannot be examined", err)

    def _members(self, policy: Approval) -> frozenset[str] | HubError:
        try:
            return self.forge.team_members(policy.team)
        except HubError as err:
            return err

    def _observed(
        self, name: str, listed: ChangeRequest, state: EnvironmentState, members: frozenset[str] | HubError
    ) -> Observed:
        try:
            return self._read(name, self.forge.request(listed.number), state, members)
        except HubError:
            raise  # of the forge, which cannot be asked
        except Exception as err:  # noqa: BLE001 - the border of a request
            found = unexpected(f"request {listed.number} cannot be judged", err)
            return Observed(listed, unread=(found.words,), faults=found.faults)

    def _read(
        self, name: str, request: ChangeRequest, state: EnvironmentState, members: frozenset[str] | HubError
    ) -> Observed:
        number = request.number
        if request.state != "open" or request.is_foreign:
            return Observed(request)
        if request.base != (base := state.environment.spec.branch):
            told = f"it was aimed at {one_line(request.base)} since it was listed, not at {base} any more"
            return Observed(request, unread=(told,))
        snapshot = state.request_snapshots.get(name)
        if snapshot is None or snapshot.commit != request.head:
            return Observed(request, unread=("its branch moved since it was read",))
        if isinstance(members, HubError):
            return Observed(request, unread=(members.words,))
        try:
            committers = self.forge.committers(number)
            examined = self.examine(state, snapshot)
            asked, misnamed = self._asked(name, state, snapshot, committers)
            policy = state.environment.spec.forge
            return Observed(
                request,
                requesters=asked.logins,
                requester_ids=asked.ids,
                unknown_requesters=asked.unknown,
                machines=frozenset(policy.machines if policy else ()),
                reviews=self.forge.reviews(number),
                committers=committers,
                members=members,
                checks=self.forge.checks(request.head),
                content=(*examined.content, *misnamed),
                obsolete=examined.obsolete,
            )
        except HubError as err:
            return Observed(request, unread=(err.words,))

    def _asked(
        self, name: str, state: EnvironmentState, snapshot: Snapshot, committers: frozenset[Committer]
    ) -> tuple[Requesters, tuple[str, ...]]:
        """All who asked for what is in a request: as its entry says, and as the trailers of its commits do.

        And what its commits say of other previews, which the history of the environment would tell once it is merged.

        The ids beside names of an older entry stand in the commits that wrote them, as far back as its lease goes.
        """
        leases = [
            record.preview.spec.lease for record in state.requests if record.name == name and record.preview is not None
        ]
        named = {lease.requested_by for lease in leases}
        named |= {extension.requested_by for lease in leases for extension in lease.extensions}
        left = {one.commit for one in committers}
        ids: dict[str, set[str]] = {one: set() for one in named}
        own, misnamed = f"{state.environment.name}/{name}", []
        for logged in self.store.log(snapshot, below=previews_folder(state.environment.name)):
            is_own = logged.commit in left
            others = [value for key, value in logged.trailers if is_own and key == PREVIEW and value != own]
            misnamed += [f"{logged.commit[:12]} says that it changes {one_line(other)[:100]}" for other in others[:1]]
            for who, account_id in asked_by(logged.trailers):
                if is_own or (who in ids and not ids[who]):
                    ids.setdefault(who, set()).update({account_id} - {""})
            left.discard(logged.commit)
            if not left and all(ids.values()):
                break
            if not left and all(parse_time(lease.requested_at) > logged.at for lease in leases):
                break
        return requesters_of(self.forge, ids), tuple(misnamed)
