"""A pass: what one reconciler found about one environment and would do, as data. Printing it is the dry run.

A reconciler is a pure function from what was observed to a `ReconcileResult`. Whoever runs it prints the result,
commits its plan, or both (`hub.commands.reconcile`). It is comparable, and the same observation at the same time gives
the same one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Literal

from generator.errors import Fault
from reconcilers.plan import Plan, combined, one_line

#: What an action does. `report` does nothing: it names what a person has to look at. The others need no person.
ActionKind = Literal[
    "remove",
    "warn",
    "stamp",
    "correct",
    "admit",
    "sleep",
    "wake",
    "open",
    "merge",
    "close",
    "wait",
    "tidy",
    "announce",
    "report",
]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do about one preview, and why.

    `preview` is `<environment>/<name>`, as in the trailer of that name, or the environment's name alone. `due` (aware)
    is the time it goes by, where there is one.
    """

    kind: ActionKind
    preview: str
    why: str
    due: datetime | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.preview}: {one_line(self.why)}"


@dataclass(frozen=True, slots=True)
class SetAside:
    """An entry that could not be judged, and why. It is left as it is, and the others go on."""

    preview: str
    path: PurePosixPath
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        return f"skipped {self.preview}: {one_line('; '.join(map(str, self.faults)))}"


@dataclass(frozen=True, slots=True)
class ReconcileResult:
    """What one reconciler plans for one environment.

    `actions` are in the order of their effect, then of their previews; each that changes Git is done by `plan`, None
    when there is nothing to commit. `held` says why they are not carried out: then `plan` is None as well, and the
    actions are what would be done. `next_due` (aware) is when the same entries give another pass by time alone.
    """

    reconciler: str
    environment: str
    actions: tuple[Action, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    plan: Plan | None = None
    held: Fault | None = None
    next_due: datetime | None = None

    @property
    def needs_a_person(self) -> bool:
        """True when something stays undone until somebody looks at it."""
        return bool(self.held or self.set_aside or any(action.kind == "report" for action in self.actions))

    def lines(self) -> tuple[str, ...]:
        """One line for each action, for each entry skipped, and for what holds the pass."""
        held = (f"held {self.environment}: {one_line(str(self.held))}",) if self.held else ()
        return (*map(str, self.actions), *map(str, self.set_aside), *held)


def commits(passes: Iterable[ReconcileResult], subject: str) -> tuple[Plan, ...]:
    """One plan for each branch that `passes`, of one observation, would change, sorted by branch.

    `subject` is that of a commit for several environments; a single plan keeps its own. Raises `ValueError` for passes
    of different observations, or two that touch one file.
    """
    plans: dict[str, list[Plan]] = {}
    for one in passes:
        if one.plan is not None and not one.plan.is_converged:
            plans.setdefault(one.plan.branch, []).append(one.plan)
    return tuple(combined(plans[branch], subject) for branch in sorted(plans))
