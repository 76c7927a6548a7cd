"""`rtb-hub protect`: show what the forge enforces for branches and what it should, or make it so and read it back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.errors import ConfigError, Fault, Reason, Remedy, RemedyKind
from generator.model.environment import Environment
from generator.model.overlay import unknown_environment
from hub.output.console import Format, emit, printable
from hub.output.exit_codes import UNHEALTHY
from hub.output.remedies import words
from hub.wiring import Hub, hub
from reconcilers.approval.protection import Opening, by_branch, compare, rows, wanted_protection
from reconcilers.ports.forge import BranchProtection

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {"error": "bold red", "warning": "bold yellow"}


@dataclass(frozen=True, slots=True)
class _Protected:
    """One branch. `before` is what was found, `after` what was read back; the same when nothing was applied."""

    branch: str
    environments: tuple[str, ...]
    where: str
    wanted: BranchProtection
    before: BranchProtection
    after: BranchProtection

    @property
    def openings(self) -> tuple[Opening, ...]:
        """The ways past it that are left."""
        return compare(self.wanted, self.after)


def run(env: str | None, *, apply: bool, repo: str | None, output: Format) -> None:
    """Tell each branch, and after applying exit with `UNHEALTHY` when a way past a gated branch is left."""
    ours = hub()
    environments = [state.environment for state in ours.read_states(ours.store(repo))]
    branches, skipped = _chosen(environments, env)
    plans = {branch: wanted_protection(on_it) for branch, on_it in branches.items()}  # all faults before any effect
    done = [_one(ours, repo, branches[branch], wanted, apply=apply) for branch, wanted in plans.items()]
    data = {
        "applied": apply,
        "branches": [_data(one) for one in done],
        "skipped": [
            {"branch": branch, "environments": [one.name for one in on_it], "why": "no forge in their files"}
            for branch, on_it in skipped.items()
        ],
    }

    def tell(console: Console) -> None:
        for one in done:
            _tell(console, one, applied=apply)
        for branch, on_it in skipped.items():
            console.print(f"{branch}: {', '.join(one.name for one in on_it)} name no forge, so it was left alone")
        if not apply:
            console.print("nothing was changed; --apply changes it, with an administrator's key")

    emit(data, output, tell)
    if apply and any(opening.severity == "error" for one in done for opening in one.openings):
        sys.exit(UNHEALTHY)


def _chosen(
    environments: Sequence[Environment], env: str | None
) -> tuple[dict[str, tuple[Environment, ...]], dict[str, tuple[Environment, ...]]]:
    """Branches to protect, and those without a forge. Raises `ConfigError` for an unknown environment, or none."""
    names = [one.name for one in environments]
    if env is not None and env not in names:
        raise unknown_environment(env, names)
    asked = {b: on_it for b, on_it in by_branch(environments).items() if env in (None, *(one.name for one in on_it))}
    with_forge = {b: on_it for b, on_it in asked.items() if any(one.spec.forge is not None for one in on_it)}
    if not with_forge:
        who = env or "no environment"
        fault = Fault(
            f"{who} names {'no' if env else 'a'} forge, so nothing can be protected",
            field="forge",
            remedy=Remedy(RemedyKind.SET_FORGE),
        )
        raise ConfigError(Reason.INVALID_ENVIRONMENT, fault)
    for branch, on_it in with_forge.items():
        if len({one.spec.forge.model_dump_json() for one in on_it if one.spec.forge is not None}) > 1:
            fault = Fault(f"environments on the branch {branch} name different forges", field="forge")
            raise ConfigError(Reason.INVALID_ENVIRONMENT, fault)
    return with_forge, {b: on_it for b, on_it in asked.items() if b not in with_forge}


def _one(
    ours: Hub, repo: str | None, on_it: Sequence[Environment], wanted: BranchProtection, *, apply: bool
) -> _Protected:
    named = next(one for one in on_it if one.spec.forge is not None)
    forge, branch = ours.forge(named, repo), named.spec.branch
    assert forge is not None  # noqa: S101 - it names one
    before = forge.protection(branch)
    after = forge.protect(branch, wanted) if apply else before
    return _Protected(branch, tuple(one.name for one in on_it), forge.location, wanted, before, after)


def _changes(one: _Protected, *, applied: bool) -> list[tuple[str, str, str]]:
    """What is or would be another than before: its name, before, after."""
    before, after = rows(one.before), rows(one.after if applied else one.wanted)
    return [(name, before[name], after[name]) for name in before if before[name] != after[name]]


def _data(one: _Protected) -> dict[str, Any]:
    return {
        "branch": one.branch,
        "environments": list(one.environments),
        "forge": one.where,
        "wanted": dict(rows(one.wanted)),
        "before": dict(rows(one.before)),
        "enforced": dict(rows(one.after)),
        "notExpressed": list(one.after.not_expressed),
        "openings": [
            {"severity": o.severity, "rule": o.rule, "what": o.what, "how": o.how, "remedy": words(o.to_do)}
            for o in one.openings
        ],
    }


def _tell(console: Console, one: _Protected, *, applied: bool) -> None:
    from rich.text import Text

    console.print(
        Text.assemble(
            (one.branch, "bold"), f" of {', '.join(one.environments)} at {printable(one.where)}, enforced now:"
        )
    )
    changes = {name: (before, after) for name, before, after in _changes(one, applied=applied)}
    for name, value in rows(one.after).items():
        line = Text.assemble((f"  {name}: ", "cyan"), printable(value))
        if name in changes:
            before, after = changes[name]
            line.append(printable(f" (was {before})" if applied else f" (would be {after})"), "bold")
        console.print(line)
    for note in one.after.not_expressed:
        console.print(Text(f"  not by this forge: {printable(note)}", "yellow"))
    if not applied and not changes:
        console.print(Text("  as wanted", "green"))
    for opening in one.openings:
        if opening.rule == "forge-cannot-hold":
            continue  # told above
        head = (f"{opening.severity}: ", _STYLES[opening.severity])
        console.print(Text.assemble("  ", head, printable(opening.what), (f" [{opening.rule}]", "dim")))
        console.print(Text.assemble(("    how: ", "cyan"), printable(opening.how)))
        console.print(Text.assemble(("    to do: ", "cyan"), printable(words(opening.to_do))))
