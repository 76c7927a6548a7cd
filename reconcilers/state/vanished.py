"""Environments that were there when the repository was read before, and are not any more: missed aloud.

What is not there any more is not "nothing to do": its previews live on in its cluster, and nothing removes them. An
environment that had no preview left may go without a word, if its branch is still there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from generator.errors import Fault, HubError, Reason, Stalled
from reconcilers.state.entries import entry_files
from reconcilers.state.policies import Environments, Observed


@dataclass(frozen=True, slots=True)
class Known:
    """An environment as it was seen last: its branch, that branch's commit, and how many entries it had."""

    branch: str
    commit: str
    previews: int


def seen(environments: Environments, before: Mapping[str, Known]) -> dict[str, Known]:
    """What is known after a reading: the environments found now, and of those that were not, what was known `before`.

    Raises what listing a branch raises.
    """
    found = {
        name: Known(one.snapshot.branch, one.snapshot.commit, len(entry_files(one.files(), name)))
        for name, one in environments.found.items()
        if isinstance(one, Observed)
    }
    return {**before, **found}


def missed(
    environments: Environments, known: Mapping[str, Known], *, branches: Collection[str], forget: str
) -> dict[str, HubError | None]:
    """Those that are `known` and not found, by name, each with why it is missed; None: it went as it should.

    `branches` are those that there are now, `forget` says in words how to have it forgotten.
    """
    return {
        name: None if one.branch in branches and not one.previews else _missed(name, one, branches, forget)
        for name, one in sorted(known.items())
        if name not in environments.found and one.branch not in environments.unreadable
    }


def with_missed(environments: Environments, missing: Mapping[str, HubError | None]) -> Environments:
    """The environments, those that are missed among them as what cannot be read."""
    errors = {name: err for name, err in missing.items() if err is not None}
    found = {**environments.found, **errors}
    return replace(environments, found={name: found[name] for name in sorted(found)})


def _missed(name: str, one: Known, branches: Collection[str], forget: str) -> HubError:
    count = "1 preview" if one.previews == 1 else f"{one.previews} previews"
    what = f"was on branch {one.branch} at {one.commit[:12]}, with {count}, and is not there any more"
    if one.branch in branches:
        back = f"bring environments/{name} back on {one.branch}, by reverting the commit that removed it"
    else:
        back = f"bring the branch back: git push REPOSITORY {one.commit}:refs/heads/{one.branch}"
    remedy = f"{back}; or, if it is meant, {forget}"
    return Stalled(Reason.ENVIRONMENT_MISSING, Fault(what, field=name, remedy=remedy))
