"""What is wrong with how a forge guards a state repository: findings of `rtb-hub doctor`. Pure.

The ways past a branch's protection are in `reconcilers.approval.protection`; here are the people, accounts and files
around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from generator.errors import HubError, Location, Remedy, RemedyKind
from generator.model.environment import Environment
from generator.values.counting import counted
from reconcilers.approval.openings import after_applying, compare
from reconcilers.approval.repository_files import CODEOWNERS
from reconcilers.doctor.repository import Diagnosis
from reconcilers.ports.forge import BranchProtection, Identity, same_login
from reconcilers.ports.git import Snapshot

#: Found by `diagnose_rules`, too, with a remedy of its own, where the forge is a folder beside a bare repository.
OF_THE_HOOK = frozenset({"force-push-allowed", "deletion-allowed"})


def diagnose_protection(
    branch: str, where: str, wanted: BranchProtection, found: BranchProtection, *, is_local: bool = False
) -> Iterator[Diagnosis]:
    """Every way past the protection of `branch` at the forge `where`. `is_local`: applying it there changes nothing."""
    openings = compare(wanted, found)
    for one in after_applying(openings) if is_local else openings:
        place = Location(f"{branch} at {where}")
        yield Diagnosis(one.severity, one.rule, place, f"{one.what}: {one.how}", (one.to_do,))


def diagnose_own_rights(where: str, hub: Identity) -> Diagnosis:
    """The finding on an identity of the hub that was shown a branch's rules: only who may change them is."""
    message = f"{hub.actor.login}, as which the hub runs, may change these rules: its key alone is past the review"
    remedy = "take administration from it; protect and doctor need an administrator's key, which no program keeps"
    return Diagnosis("error", "hub-edits-rules", Location(where), message, (remedy,))


def diagnose_team(environment: Environment, where: str, members: Iterable[str], hub: Identity) -> Iterator[Diagnosis]:
    """A team in which too few people could approve. Machines that the environment names, and the hub's, are none."""
    policy, forge = environment.spec.approval, environment.spec.forge
    if policy is None or forge is None:
        return
    machines = [*forge.machines, hub.actor.login, (policy.expiry_identity or "").removeprefix("user:")]
    people = [login for login in members if not any(same_login(login, machine) for machine in machines)]
    of_people = counted(len(people), "person", "people")
    if len(people) < policy.required:
        message = f"{policy.team} has {of_people}, and {policy.required} must approve: no request can be approved"
        yield Diagnosis("error", "team-too-small", Location(where), message, (f"add people to {policy.team}",))
    elif len(people) == policy.required:
        message = f"{policy.team} has {of_people}, and all must approve: a request by one of them cannot be approved"
        yield Diagnosis("warning", "team-too-small", Location(where), message, (f"add people to {policy.team}",))


def diagnose_account(where: str, hub: Identity, email: str, *, is_identity: bool) -> Iterator[Diagnosis]:
    """Commits that the forge takes for somebody else's. `is_identity`: the process says which of the hub's it is."""
    if email.casefold() == hub.email.casefold():
        return
    message = (
        f"commits are made as {email}, which is not the address of {hub.actor.login}:"
        " the forge maps them to no account, or to another"
    )
    remedy = [f"set RTB_HUB_GIT_EMAIL={hub.email} and RTB_HUB_GIT_NAME={hub.name} where the hub runs"]
    if not is_identity:
        remedy.append("if these are an administrator's keys, ask again with the hub's, and RTB_HUB_IDENTITY=hub")
    yield Diagnosis("error" if is_identity else "warning", "commits-unmapped", Location(where), message, tuple(remedy))


def diagnose_branch_files(snapshot: Snapshot, wanted: Mapping[str, str], *, gated: bool) -> Iterator[Diagnosis]:
    """Files that the forge reads of a branch (`wanted`: texts by path), against what `rtb-hub init` would write."""
    found = snapshot.read([PurePosixPath(path) for path in wanted])
    remedy = (Remedy(RemedyKind.LAY_OUT_AGAIN),)
    for path, text in sorted(wanted.items()):
        at = found.get(PurePosixPath(path))
        if at is None:
            message = f"is missing on branch {snapshot.branch}: the forge requests no review by it"
            yield Diagnosis("error" if gated else "warning", "guard-file-missing", Location(path), message, remedy)
        elif at != text.encode():
            message = f"on branch {snapshot.branch} differs from what this release lays out"
            is_error = gated and path == CODEOWNERS
            yield Diagnosis("error" if is_error else "warning", "guard-file-differs", Location(path), message, remedy)


def both_identities() -> Diagnosis:
    """The finding on a process that holds the keys of both identities: whoever takes it over is both."""
    message = "this process is given keys of both identities: whoever takes it over asks, and pushes past the review"
    remedy = "give each its own process, with RTB_HUB_FORGE_… or RTB_EXPIRY_FORGE_…, never both"
    return Diagnosis("error", "both-identities", Location("the environment of this process"), message, (remedy,))


def unread(where: str, what: str, err: HubError) -> Diagnosis:
    """The finding on something that the forge did not tell."""
    fault = err.faults[0]
    message = f"{what} could not be read, so nothing is known of it: {fault.message}"
    return Diagnosis("warning", "forge-unread", Location(where), message, (fault.remedy,) if fault.remedy else ())
