"""Protecting branches at their forge: what it enforces and should, or making it so and reading it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from generator.errors import ConfigError, Fault, Reason, Remedy, RemedyKind
from generator.model.blueprint import TemplateLibrary
from generator.model.environment import Environment
from generator.model.overlay import unknown_environment
from reconcilers.approval.openings import Opening, after_applying, compare
from reconcilers.approval.protection import by_branch, wanted_protection
from reconcilers.ports.forge import BranchProtection, Forge
from reconcilers.ports.git import GitStore
from reconcilers.state.policies import observed_environments

#: Opens the forge that an environment names; None: it names none.
OpenForge = Callable[[Environment], Forge | None]


@dataclass(frozen=True, slots=True)
class ProtectedBranch:
    """One branch. `before` is what was found, `after` what was read back; the same when nothing `is_applied`.

    `is_local`: at a forge that is a folder, which holds nothing, whatever is applied.
    """

    branch: str
    environments: tuple[str, ...]
    where: str
    wanted: BranchProtection
    before: BranchProtection
    after: BranchProtection
    is_applied: bool = False
    is_local: bool = False

    @property
    def openings(self) -> tuple[Opening, ...]:
        """The ways past it that are left."""
        left = compare(self.wanted, self.after)
        return after_applying(left) if self.is_applied or self.is_local else left


@dataclass(frozen=True, slots=True)
class Protected:
    """The branches that a forge keeps, and the environments of each branch that names no forge."""

    branches: tuple[ProtectedBranch, ...]
    skipped: Mapping[str, tuple[str, ...]]

    @property
    def is_open(self) -> bool:
        """Whether a way past a gated branch is left."""
        return any(opening.severity == "error" for one in self.branches for opening in one.openings)


def plan_protection(env: str | None, *, store: GitStore, forge_of: OpenForge) -> Protected:
    """What the forge enforces now for the branch of one environment, or for all; nothing is changed.

    Raises `ConfigError` for an unknown environment, one that cannot be read, and when no forge is named; what the forge
    raises.
    """
    chosen = _chosen(store, env)
    found = [_looked_at(on_it, forge_of) for on_it in chosen.on_branches]
    return Protected(tuple(one for _, one in found), chosen.skipped)


def apply_protection(env: str | None, *, store: GitStore, forge_of: OpenForge) -> Protected:
    """Have the forge enforce it, and read back what holds then. Raises as `plan_protection`, before any effect."""
    chosen = _chosen(store, env)
    done = []
    for on_it in chosen.on_branches:
        forge, one = _looked_at(on_it, forge_of)
        done.append(replace(one, after=forge.protect(one.branch, one.wanted), is_applied=True))
    return Protected(tuple(done), chosen.skipped)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The environments of each branch that can be protected, and the branches without a forge."""

    on_branches: Sequence[Sequence[Environment]]
    skipped: Mapping[str, tuple[str, ...]]


def _chosen(store: GitStore, env: str | None) -> _Chosen:
    """Branches to protect, and those without a forge. Raises `ConfigError` for an unknown environment, or none."""
    environments = [one.environment for one in observed_environments(store, TemplateLibrary({}))]
    names = [one.name for one in environments]
    if env is not None and env not in names:
        raise unknown_environment(env, names)
    asked = {b: on_it for b, on_it in by_branch(environments).items() if env in (None, *(one.name for one in on_it))}
    with_forge = {b: on_it for b, on_it in asked.items() if any(one.spec.forge is not None for one in on_it)}
    if not with_forge:
        raise _without_forge(env)
    for branch, on_it in with_forge.items():
        if len({one.spec.forge.model_dump_json() for one in on_it if one.spec.forge is not None}) > 1:
            fault = Fault(f"environments on the branch {branch} name different forges", field="forge")
            raise ConfigError(Reason.INVALID_ENVIRONMENT, fault)
    skipped = {b: tuple(one.name for one in on_it) for b, on_it in asked.items() if b not in with_forge}
    for on_it in with_forge.values():
        wanted_protection(on_it)
    return _Chosen(list(with_forge.values()), skipped)


def _without_forge(env: str | None) -> ConfigError:
    who = env or "no environment"
    fault = Fault(
        f"{who} names {'no' if env else 'a'} forge, so nothing can be protected",
        field="forge",
        remedy=Remedy(RemedyKind.SET_FORGE),
    )
    return ConfigError(Reason.INVALID_ENVIRONMENT, fault)


def _looked_at(on_it: Sequence[Environment], forge_of: OpenForge) -> tuple[Forge, ProtectedBranch]:
    named = next(one for one in on_it if one.spec.forge is not None)
    forge, branch = forge_of(named), named.spec.branch
    assert forge is not None  # noqa: S101 - it names one
    wanted = wanted_protection(on_it, reporter=forge.check_reporter())
    before = forge.protection(branch)
    names = tuple(one.name for one in on_it)
    is_local = named.spec.forge is not None and named.spec.forge.kind == "local"
    return forge, ProtectedBranch(branch, names, forge.location, wanted, before, before, is_local=is_local)
