"""One round of reconcilers: observe, plan, commit, for each branch by itself. What fails keeps nobody else from it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from generator.errors import ConfigError, Fault, HubError, Moved, Reason, Stalled, Transient, declared, nearest
from hub.reconciling.registry import RECONCILERS, Planned, Reconciler, ReconcileTime, is_mine
from hub.retrying import in_turn, planned_anew
from hub.wiring import Hub
from reconcilers.plan import Plan
from reconcilers.ports.git import GitStore
from reconcilers.results import ReconcileResult, commits
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.reading import Reading


@dataclass(frozen=True, slots=True)
class Asked:
    """Which environments and reconcilers (none: all)."""

    envs: tuple[str, ...] = ()
    only: tuple[str, ...] = ()

    def reconcilers(self) -> tuple[str, ...]:
        """Names in their order. Raises `ConfigError` (InvalidValue) for one that there is not."""
        for name in self.only:
            if name not in RECONCILERS:
                known = list(RECONCILERS)
                fault = Fault(
                    f"there is no reconciler {name[:80]!r}",
                    field="--only",
                    allowed=", ".join(known),
                    nearest=nearest(name, known),
                )
                raise ConfigError(Reason.INVALID_VALUE, fault)
        return tuple(name for name in RECONCILERS if not self.only or name in self.only)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one pass. `environment`: its name, or that of a branch that cannot be read.

    `commit` names what was committed, None when nothing was. `error`: why it was not carried out, or not even planned.
    `is_unread`: the environment cannot be read before a person does something, so no reconciler did anything there.
    """

    reconciler: str
    environment: str
    result: ReconcileResult | None = None
    commit: str | None = None
    error: HubError | None = None
    is_unread: bool = False

    @property
    def mistakes(self) -> tuple[Exception, ...]:
        """Exceptions that nobody declared, caught at the border of an entry, a request or the pass."""
        asides = self.result.set_aside if self.result else ()
        own = self.error.faults if self.error else ()
        return mistakes_in([*(fault for aside in asides for fault in aside.faults), *own])

    @property
    def next_due(self) -> datetime | None:
        """When time alone gives another pass."""
        return self.result.next_due if self.result else None


def mistakes_in(faults: Iterable[Fault]) -> tuple[Exception, ...]:
    """The exceptions that nobody declared among the causes of faults."""
    return tuple(fault.cause for fault in faults if fault.cause is not None)


@dataclass
class Round:
    """One round at one moment. `acts` False: nothing is committed.

    The repository is observed once, and anew when this round changed it, or may have: the next reconciler plans on what
    the last one left.
    """

    ours: Hub
    store: GitStore
    asked: Asked
    moment: ReconcileTime
    acts: bool = True
    _reading: Reading | None = field(default=None, init=False)

    def run(self) -> tuple[Outcome, ...]:
        """All outcomes, by reconciler and environment. Raises what the store raises when it cannot be observed."""
        outcomes: list[Outcome] = []
        told: set[tuple[str, str]] = set()
        for name in self.asked.reconcilers():
            states, failures = self._observe()
            news = {where: err for where, err in failures.items() if (where, str(err)) not in told}
            outcomes += [
                Outcome(name, where, error=err, is_unread=not isinstance(err, Transient)) for where, err in news.items()
            ]
            told |= {(where, str(err)) for where, err in news.items()}
            branches: dict[str, list[EnvironmentState]] = {}
            for state in states:
                if not is_mine(name, state, self.ours.settings.identity):
                    continue
                branches.setdefault(state.snapshot.branch, []).append(state)
            of_branches = [one for branch in branches.values() for one in self._branch(name, branch)]
            outcomes += sorted(of_branches, key=lambda one: one.environment)
        return tuple(outcomes)

    def _observe(self) -> tuple[Sequence[EnvironmentState], Mapping[str, HubError]]:
        if self._reading is None:
            self._reading = self.ours.reading(self.store)
        states, failures = self._reading.each(self.asked.envs)
        for state in states:
            held = {"previews": len(state.entries), "queued": len(state.queued)}
            self.ours.telemetry.holds(state.environment.name, **held)
        return states, failures

    def _branch(self, reconciler: str, observed: Sequence[EnvironmentState]) -> list[Outcome]:
        """The outcomes of the environments of one branch. It is observed again while it moves."""
        pending = {state.environment.name for state in observed}
        outcomes: list[Outcome] = []
        states: Sequence[EnvironmentState] | None = observed
        turns, since = self.ours.turns_of(self.store), time.monotonic()

        def attempt() -> None:
            # In turn once it lost: before, it may have nothing to commit, or ask a forge, which others need not await.
            with in_turn(turns if states is None else None, since, has_lost=True):
                tried()

        def tried() -> None:
            nonlocal states
            current, failures = self._observe() if states is None else (states, {})
            states = None
            outcomes.extend(Outcome(reconciler, name, error=failures[name]) for name in sorted(pending & set(failures)))
            pending.difference_update(failures)
            done, moved = self._attempt(reconciler, [s for s in current if s.environment.name in pending])
            outcomes.extend(done)
            pending.difference_update(one.environment for one in done)
            if moved is not None:
                raise moved

        try:
            planned_anew(attempt)
        except Exception as err:  # noqa: BLE001 - the border of a branch
            told = declared(f"{reconciler} cannot be run on {', '.join(sorted(pending))}", err)
            outcomes += [Outcome(reconciler, name, error=told) for name in sorted(pending)]
        return outcomes

    def _attempt(self, name: str, states: Sequence[EnvironmentState]) -> tuple[list[Outcome], Moved | None]:
        """Plan for each, commit once a branch. What is not among the outcomes has to be planned anew."""
        reconciler = RECONCILERS[name](self.ours, self.store)
        planned: list[tuple[EnvironmentState, Planned]] = []
        outcomes: list[Outcome] = []
        moved: Moved | None = None
        for state in states:
            try:
                with self.ours.telemetry.planning(name, state.environment.name):
                    planned.append((state, reconciler.plan(state, self.moment)))
            except Exception as err:  # noqa: BLE001 - the border of a pass
                self._reading = None  # it may be what was read that is wrong
                where = state.environment.name
                outcomes.append(Outcome(name, where, error=declared(f"{name} of {where} cannot be planned", err)))
        passes = [one.found for _, one in planned]
        names = [one.environment for one in passes if one.plan is not None and not one.plan.is_converged]
        plans = commits(passes, f"{reconciler.subject} in {', '.join(names)}") if self.acts else ()
        for plan in plans:
            self._reading = None  # whatever comes of the commit
            of_plan = [(state, one.found) for state, one in planned if _is_part(one.found, plan)]
            try:
                commit = self.store.commit(plan, at=self.ours.clock())
            except Moved as err:
                moved = err
            except Exception as err:  # noqa: BLE001 - the border of a pass
                told = declared(f"{name} cannot be committed to {plan.branch}", err)
                outcomes += [_failed(name, reconciler, state, one, told) for state, one in of_plan]
            else:
                outcomes += [Outcome(name, one.environment, one, commit) for _, one in of_plan]
        idle = [one for _, one in planned if not any(_is_part(one.found, plan) for plan in plans)]
        return [*outcomes, *(self._acted(name, one) for one in idle)], moved

    def _acted(self, name: str, planned: Planned) -> Outcome:
        """The outcome of a pass without a commit, after what else it does is done."""
        found = planned.found
        if planned.act is not None and self.acts:
            if not {action.kind for action in found.actions} <= _LEAVES_GIT_ALONE:
                self._reading = None
            try:
                planned.act()
            except Exception as err:  # noqa: BLE001 - the border of a pass
                told = declared(f"{name} of {found.environment} cannot be carried out", err)
                return Outcome(name, found.environment, found, error=told)
        return Outcome(name, found.environment, found)


#: Kinds of actions that tell somebody something, and change nothing in the repository.
_LEAVES_GIT_ALONE = frozenset({"wait", "warn", "report"})


def _is_part(one: ReconcileResult, plan: Plan) -> bool:
    return one.plan is not None and not one.plan.is_converged and one.plan.branch == plan.branch


def _failed(name: str, reconciler: Reconciler, state: EnvironmentState, one: ReconcileResult, err: HubError) -> Outcome:
    told = reconciler.refused(state.environment, err) if isinstance(err, Stalled) else err
    return Outcome(name, one.environment, one, error=told)
