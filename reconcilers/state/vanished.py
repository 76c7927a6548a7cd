"""Environments that were there, and are not any more: missed aloud.

They are known from when the repository was read before, or by what is left of them on its branches.

What is not there any more is not "nothing to do": its previews live on in its cluster, and nothing removes them. An
environment that had no preview left may go without a word, if its branch is still there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from generator.errors import Fault, HubError, Reason, Stalled
from generator.model.overlay import BASE
from reconcilers.ports.git import Snapshot
from reconcilers.state.entries import entry_files
from reconcilers.state.environment import LAYOUT_FILE, REQUEST_PREFIX
from reconcilers.state.policies import ENVIRONMENTS, POLICY, Environments, Observed

_ARGOCD, _SET = PurePosixPath("argocd"), "applicationset.yaml"


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


def left_behind(environments: Environments, branches: Mapping[str, Snapshot]) -> dict[str, HubError]:
    """Those of which only traces are left on the `branches` there are, by name, each with why it is missed.

    Traces are Argo CD's files of an environment (`argocd/<name>`), previews or a queue in a folder without an
    `environment.yaml`, and requests for one, unless a branch cannot be read: theirs may be that one. Raises what
    reading names raises.
    """
    missing: dict[str, HubError] = {}
    for branch, snapshot in branches.items():
        unknown = environments.unreadable if branch.startswith(REQUEST_PREFIX) else branch in environments.unreadable
        if unknown or LAYOUT_FILE.name not in snapshot.names(PurePosixPath()):
            continue
        for name, trace in _traces(branch, snapshot):
            if name not in environments.found and name != BASE and name not in missing:
                missing[name] = _trace_missed(name, branch, trace)
    return missing


def _traces(branch: str, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Names of environments with the path of what is left of each on a branch; of a request's, its own alone."""
    if branch.startswith(REQUEST_PREFIX):
        name = branch.removeprefix(REQUEST_PREFIX).partition("/")[0]
        if POLICY in snapshot.names(ENVIRONMENTS / name):
            yield name, str(ENVIRONMENTS / name)
        return
    for name in snapshot.names(_ARGOCD):
        if _SET in snapshot.names(_ARGOCD / name):
            yield name, str(_ARGOCD / name)
    for name in snapshot.names(ENVIRONMENTS):
        held = snapshot.names(ENVIRONMENTS / name)
        if POLICY not in held:
            yield from ((name, str(ENVIRONMENTS / name / one)) for one in held if one in ("previews", "queue"))


def _trace_missed(name: str, branch: str, trace: str) -> HubError:
    what = f"is not there any more, while {trace} still is on branch {branch}"
    if branch.startswith(REQUEST_PREFIX):
        remedy = f"bring the branch of {name} back; or, if it is meant, delete the branch {branch}"
    else:
        remedy = (
            f"bring {ENVIRONMENTS / name}/{POLICY} back, by reverting the commit that removed it; or, if it is meant"
            f" and nothing runs in its cluster any more, remove {trace} on {branch}"
        )
    return Stalled(Reason.ENVIRONMENT_MISSING, Fault(what, field=name, remedy=remedy))


def with_missed(environments: Environments, missing: Mapping[str, HubError]) -> Environments:
    """The environments, those that are missed among them as what cannot be read."""
    found = {**environments.found, **missing}
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
