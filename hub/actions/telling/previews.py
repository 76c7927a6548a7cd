"""The message of every preview there is, and the last of those that were told of and are there no more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from generator.model.entry import Preview
from generator.model.environment import Environment
from generator.values.naming import IssueKey, preview_host
from hub.actions.cluster_phases import Clusters, read_each, read_environment
from hub.actions.list_previews import listed_previews
from hub.actions.spent import ran_of
from hub.views.listing.rows import Listed
from hub.views.preview import outline_row
from reconcilers.health.phase import Phase
from reconcilers.lifecycle.revive import recent_removal
from reconcilers.messages.derive import Known, cost_of, message_of
from reconcilers.messages.model import Cost, Ending, Message
from reconcilers.ports.git import ClusterReader, GitStore
from reconcilers.state.entries import EntryRecord
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.history import events_of
from reconcilers.state.outline import outline_of
from reconcilers.state.policies import Environments
from reconcilers.state.reading import Reading

#: Further ahead of this machine's clock no commit is believed to have been made.
_AHEAD: Final = timedelta(days=1)


def no_review(key: str) -> str:
    """Nobody knows where anything is reviewed."""
    del key
    return ""


def no_code(environments: Environments) -> Mapping[str, tuple[str, ...]]:
    """Nobody asks for repositories of code."""
    del environments
    return {}


def none_departed(state: EnvironmentState) -> Sequence[str]:
    """Nobody asks which previews there were."""
    del state
    return ()


@dataclass(frozen=True)
class Previews:
    """Previews as the hub knows them. `clusters` by environment: of another it is told what Git tells.

    `store` is what `read` reads. `review`: where a change of a preview (`prd/RTB-123`) is reviewed; empty: unknown.
    `code`: repositories of the code of each project; `departed`: previews that were there (see `Departed`). Neither
    raises anything.
    """

    store: GitStore
    read: Callable[[], Reading]
    clock: Callable[[], datetime]
    clusters: Mapping[str, ClusterReader] = field(default_factory=dict)
    review: Callable[[str], str] = no_review
    code: Callable[[Environments], Mapping[str, tuple[str, ...]]] = no_code
    departed: Callable[[EnvironmentState], Sequence[str]] = none_departed

    def messages(
        self,
        told: Collection[str],
        *,
        environment: str | None = None,
        unheard: Callable[[Sequence[str]], Sequence[str]] = lambda keys: keys,
    ) -> Iterator[Message]:
        """All, by environment and key. `told`: previews (`int/RTB-123`) that there are messages of.

        `unheard`: of those that are there no more, which there may be messages of that nobody remembers.

        An environment that cannot be read has none, so that nothing of it is told to be gone; nor has a preview
        whose entry or place in the queue cannot be read. Clusters are read at once: one that is away delays no other.
        Raises what the store raises, and `ConfigError` (UnknownEnvironment).
        """
        reading = self.read()
        states, _ = reading.each(() if environment is None else (environment,))
        code = self.code(reading.environments)
        lost = unheard([key for state in states for key in self.departed(state)])
        there = {state.environment.name: self._there(state, {*told, *lost}) for state in states}
        found = self._phases([one for one in states if there[one.environment.name]], there)
        for state in states:
            phases = found.get(state.environment.name, {})
            for name, one in sorted(there[state.environment.name].items()):
                known = self._known(state, one, phases.get(name))
                yield message_of(replace(known, code=code.get(one.key.project, ())))

    def _there(self, state: EnvironmentState, told: Collection[str]) -> dict[str, _There]:
        there = _there(state, self.clock())
        written = {record.name for record in state.records} | {record.name for record in state.queued}
        unreadable = written - there.keys()
        for key in _keys(told, state.environment.name):
            if key.name not in unreadable:
                there.setdefault(key.name, _There(key))
        return there

    def _phases(
        self, states: Sequence[EnvironmentState], there: Mapping[str, Mapping[str, _There]]
    ) -> Mapping[str, Mapping[str, Phase]]:
        """By environment and preview name, of those whose cluster is asked."""
        asked = [state for state in states if state.environment.name in self.clusters]
        clusters = Clusters(lambda environment: self.clusters[environment.name], is_own=True)
        found = {}
        for state, placed in zip(asked, read_each(clusters, asked, read_environment), strict=True):
            name = state.environment.name
            _, found[name] = placed.phases(sorted(there[name]), now=self.clock())
        return found

    def _known(self, state: EnvironmentState, there: _There, phase: Phase | None) -> Known:
        key, live, asked = there.key, there.live, there.asked
        listed, is_request = live or asked, live is None and asked is not None
        is_removal = live is not None and live.removal is not None
        is_gone = listed is None and not there.is_queued and (phase is None or phase.name == "removed")
        name = f"{state.environment.name}/{key}"
        return Known(
            issue=str(key),
            environment=state.environment.name,
            url=f"https://{preview_host(key.name, state.environment.spec.domain)}/",
            outline=listed.outline if listed else None,
            price=listed.row.price if listed else None,
            phase=phase,
            is_request=is_request,
            is_removal=is_removal,
            is_queued=there.is_queued,
            review=self.review(name) if is_removal or is_request else "",
            ending=self._ending(state, key) if is_gone else None,
        )

    def _ending(self, state: EnvironmentState, key: IssueKey) -> Ending | None:
        """How it ended, while it can be brought back; None: longer ago, or at a time that nobody believes."""
        now = self.clock()
        removal = recent_removal(key, state, self.store, now=now)
        if removal is None or removal.commit.at > now + _AHEAD:
            return None
        preview, event = removal.record.preview, next(events_of(removal.commit, state.environment.name, key))
        return Ending(
            at=event.at,
            by=event.who,
            why=event.why,
            cost=_cost(preview, state.environment, event.at) if preview else None,
            until=removal.until,
        )


def _cost(preview: Preview, environment: Environment, until: datetime) -> Cost | None:
    outline = outline_of(preview)
    row = outline_row(outline, environment, now=until)
    ran = ran_of(outline, row, until) if row.saved is not None else None
    if ran is None:
        return cost_of(outline, row.price, until)
    return Cost(ran.cost(ran.begin, until), ran.currency)


@dataclass(slots=True)
class _There:
    """What Git has of one: an entry, a request, a place among those who wait for room; none of them: it is gone."""

    key: IssueKey
    live: Listed | None = None
    asked: Listed | None = None
    is_queued: bool = False


def _there(state: EnvironmentState, now: datetime) -> dict[str, _There]:
    """By preview name, all that can be read."""
    found: dict[str, _There] = {}
    unlisted: list[tuple[str, EntryRecord]] = []
    for one in listed_previews([state], now, unlisted):
        there = found.setdefault(one.key.name, _There(one.key))
        there.asked, there.live = (one, there.live) if one.is_request else (there.asked, one)
    for record in state.queued:
        if record.queued is not None and state.entry(record.queued.key) is None:
            found.setdefault(record.name, _There(record.queued.key)).is_queued = True
    return found


def _keys(told: Collection[str], environment: str) -> Iterator[IssueKey]:
    """The issues of an environment among previews that were told of."""
    for key in told:
        home, _, issue = key.rpartition("/")
        if home == environment:
            yield IssueKey.parse(issue)
