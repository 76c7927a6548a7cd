"""What is wrong with a state repository, and what to do about it: findings like a compiler's. Pure.

What a cluster shows is in `reconcilers.doctor.cluster`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import PurePosixPath
from typing import Literal

from generator.bootstrap.argocd import argocd_folder
from generator.errors import About, ConfigError, Location, Remedy, RemedyKind, ToDo
from generator.model.across import shared_secret
from generator.model.environment import Environment
from generator.model.services import SERVICES_FILE
from generator.values.formats import format_time
from generator.values.model_faults import is_of_another_release
from generator.values.naming import MANIFEST_FILE, IssueKey, preview_folder
from generator.values.quantities import duration
from generator.values.shell import shell_word
from generator.yaml.reader import load
from reconcilers.approval.push_rules import BranchRule, PushRules, RuleName
from reconcilers.health.lengths import for_how_long
from reconcilers.state.apart import APART
from reconcilers.state.entries import EntryRecord
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.overlong import beyond_cap
from reconcilers.state.preview_files import LEFT_OVER, STRAY, folder_of, preview_files

Severity = Literal["error", "warning", "note"]
#: An entry may outlive its lease by this before it is an error: expiry runs every minute.
OVERDUE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One finding. `where`: a place in a file of the state repository, or what else it is about. `remedy`: steps."""

    severity: Severity
    rule: str
    where: Location
    message: str
    remedy: tuple[ToDo, ...] = ()


def diagnose_entries(state: EnvironmentState, *, now: datetime) -> Iterator[Diagnosis]:
    """Entries that cannot be read or stand in a wrong place, have outlived their lease, or lack their manifests."""
    environment, cap = state.environment.name, duration(state.environment.spec.lease.cap)
    files = preview_files(state)
    for record in state.records:
        if record.faults:
            yield from _unreadable(record, environment)
    for record in state.entries:
        if not record.faults and folder_of(record) not in files.manifests:
            message = f"has no {MANIFEST_FILE} beside it: Argo CD has nothing to apply"
            remedy = Remedy(RemedyKind.START_OR_STOP, _about(record, environment))
            yield Diagnosis("error", "manifest-missing", Location(str(record.path)), message, (remedy,))
        yield from _overdue(record, environment, now)
        yield from _lease(record, state.environment, cap)
    for file in files.left_over:
        step = f"remove it: git rm {shell_word(file)} on branch {state.snapshot.branch}"
        yield Diagnosis("warning", "manifest-left-over", Location(file), LEFT_OVER, (step,))
    for file in files.strays:
        yield Diagnosis("note", "stray-file", Location(file), STRAY, ("remove it if it is not yours",))


def diagnose_services(error: ConfigError) -> Iterator[Diagnosis]:
    """What is wrong with a branch's file of rules: nothing starts or stops by itself there meanwhile."""
    for fault in error.faults:
        parts = (fault.field, fault.message, f"allowed: {fault.allowed}" if fault.allowed else "")
        message = ": ".join(part for part in parts if part) + "; meanwhile nothing starts or stops by it"
        remedy = fault.remedy or "fix the file and commit it, past this check"
        yield Diagnosis("error", "services-unreadable", fault.where or Location(str(SERVICES_FILE)), message, (remedy,))


def _unreadable(record: EntryRecord, environment: str) -> Iterator[Diagnosis]:
    remedy, stops = removal(record, environment), stops_the_set(record)
    for fault in record.faults:
        parts = (fault.field, fault.message, f"allowed: {fault.allowed}" if fault.allowed else "")
        message = ": ".join(part for part in parts if part)
        if stops:
            message += f"; while it is there, no preview of {environment} is made, changed or removed"
        yield Diagnosis("error", "entry-unreadable", fault.where or Location(str(record.path)), message, (remedy,))


def _about(record: EntryRecord, environment: str) -> About:
    return About(environment, record.name.upper())


def removal(record: EntryRecord, environment: str, *, place: str = "") -> ToDo:
    """How to get rid of an entry: by its key, when it stands where that key's entry does. `place` comes first.

    What another release wrote is not to be removed, but read by that release.
    """
    if is_of_another_release(record.faults):
        return f"{place}: {record.faults[0].remedy}" if place else record.faults[0].remedy
    try:
        key = IssueKey.parse(record.name.upper())
    except ConfigError:
        key = None
    if key and record.path.parent == preview_folder(environment, key):
        return Remedy(RemedyKind.REPAIR_OR_STOP, About(environment, str(key), place))
    at = f"{place}: " if place else ""
    return f"{at}repair it, or remove it: git rm {shell_word(str(record.path))} on branch {record.snapshot.branch}"


def stops_the_set(record: EntryRecord) -> bool:
    """True when the file generator of an ApplicationSet cannot take the file: no YAML, or neither mapping nor list.

    An entry with a wrong field does not: name and path come from its folder alone.
    """
    text = record.snapshot.read([record.path]).get(record.path, b"")
    try:
        data = load(text, str(record.path)).data
    except ConfigError:
        return True
    items = data if isinstance(data, list) else [data]
    return not all(item is None or isinstance(item, Mapping) for item in items)


def _overdue(record: EntryRecord, environment: str, now: datetime) -> Iterator[Diagnosis]:
    expires_at = record.facts.expires_at if record.facts else None
    if expires_at is None or (over := now - expires_at) <= timedelta(0):
        return
    severity: Severity = "error" if over > OVERDUE else "warning"
    message = f"its lease ended {for_how_long(over)} ago ({format_time(expires_at)}), and the entry is still there"
    remedy = Remedy(RemedyKind.STOP, _about(record, environment))
    yield Diagnosis(severity, "entry-expired", Location(str(record.path)), message, (remedy,))


def _lease(record: EntryRecord, environment: Environment, cap: timedelta) -> Iterator[Diagnosis]:
    """A lease that never ends, or ends later than any may."""
    where, remedy = Location(str(record.path)), Remedy(RemedyKind.STOP, _about(record, environment.name))
    if record.facts is not None and record.facts.expires_at is None:
        if environment.spec.gated:
            message = "was merged, and its lease has not begun: it does not end by itself"
            step = "the expiry identity's 'reconcile' begins it; see that this runs"
            yield Diagnosis("warning", "lease-not-begun", where, message, (step,))
        else:
            yield Diagnosis("error", "lease-endless", where, "has no expiresAt: it does not end by itself", (remedy,))
    elif told := beyond_cap(record, environment, cap):
        yield Diagnosis("warning", "lease-beyond-cap", where, told, (remedy,))


def diagnose_argocd(state: EnvironmentState, wanted: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Argo CD files on the branch against what the templates render now (`wanted`: texts by path)."""
    name, snapshot = state.environment.name, state.snapshot
    folder = argocd_folder(name)
    paths = [PurePosixPath(path) for path in wanted]
    found = snapshot.read(paths)
    remedy = (
        Remedy(RemedyKind.LAY_OUT_AGAIN),
        f"then have an administrator apply it: kubectl apply --server-side -k {folder}",
    )
    for path in paths:
        where = Location(str(path))
        if path not in found:
            message = f"is missing on branch {snapshot.branch}"
            yield Diagnosis("error", "argocd-missing", where, message, remedy)
        elif found[path] != wanted[str(path)].encode():
            message = f"on branch {snapshot.branch} differs from what today's templates and {name}'s values render"
            yield Diagnosis("warning", "argocd-differs", where, message, remedy)
    for path in sorted(set(snapshot.files(folder)) - set(paths)):
        message = "is not rendered by today's templates; nothing removes it"
        yield Diagnosis("note", "argocd-left-over", Location(str(path)), message, ("remove it if it is not yours",))


def diagnose_sharing(environments: Sequence[Environment]) -> Iterator[Diagnosis]:
    """Environments that would get in each other's way."""
    for one, other in combinations(environments, 2):
        names, a, b = f"{one.name} and {other.name}", one.spec, other.spec
        where = Location(f"environments/{other.name}/environment.yaml")
        if (a.account, a.region, a.cluster.name) == (b.account, b.region, b.cluster.name):
            message = f"{names} share cluster {b.cluster.name}: a preview of one key in both would be one namespace"
            yield Diagnosis("error", "shared-cluster", where, message, ("give each a cluster of its own",))
        if read := shared_secret(a, b):
            message = f"{names} share an account: previews of one could read {read}"
            yield Diagnosis("error", "shared-secrets", where, message, (APART,))
        if a.domain == b.domain:
            message = f"{names} share the domain {b.domain}: a preview of one key in both would be one host"
            yield Diagnosis("error", "shared-domain", where, message, ("give each a domain of its own",))
        if a.branch == b.branch and a.gated != b.gated:
            message = f"{names} share branch {b.branch}, and only one changes by review: rules are per branch, not path"
            yield Diagnosis("error", "shared-branch", where, message, ("give the gated one a branch of its own",))


def diagnose_rules(rules: Sequence[BranchRule], held: PushRules | None, where: str) -> Iterator[Diagnosis]:
    """Rules of branches that nothing holds. `held`: what the repository at the path `where` refuses of pushes.

    None: `where` is answered by a Git host, or it is a work tree that nobody pushes to. Git cannot tell its rules.
    """
    if held is None:
        message = "whether these rules are in force where people push to cannot be read from here"
        yield Diagnosis("note", "branch-rules-unknown", Location(where), message, _in_words(rules))
        return
    open_rules = [rule for rule in rules if held.held_by(rule.name, rule.branch) is None]
    codes: dict[RuleName, str] = {"no-rewriting": "force-push-allowed", "no-deletion": "deletion-allowed"}
    for name, code in codes.items():
        if lacking := [rule for rule in open_rules if rule.name == name]:
            message = f"no hook or setting makes it {lacking[0].words} ({', '.join(rule.branch for rule in lacking)})"
            yield Diagnosis("warning", code, Location(where), message, _protection(held, where))
    if any(rule.name == "reviewed" for rule in rules) and not held.requests_can_be_withdrawn:
        message = "refuses to delete any branch (receive.denyDeletes): a request cannot be withdrawn"
        remedy = (f"git -C {shell_word(where)} config --unset-all receive.denyDeletes", *_protection(held, where))
        yield Diagnosis("warning", "withdrawal-refused", Location(where), message, remedy)
    if of_people := [rule for rule in open_rules if rule.name not in codes]:
        message = "nothing restricts who may push: a bare repository has no accounts or reviews"
        yield Diagnosis("note", "branch-rules-unknown", Location(where), message, _in_words(of_people))


def _protection(held: PushRules, where: str) -> tuple[ToDo, ...]:
    """How to have the rules of history held. Not by `receive.denyDeletes`, which would hold for requests, too."""
    kind = RemedyKind.HAVE_NO_HOOKS_SHARED
    if held.is_protectable:
        kind = RemedyKind.INSTALL_HOOK
    elif held.hook == "foreign":
        kind = RemedyKind.REPLACE_HOOK
    return (Remedy(kind, About(path=where)),)


def _in_words(rules: Sequence[BranchRule]) -> tuple[str, ...]:
    return tuple(f"enforce on {rule.branch}: {rule.words}" for rule in rules)
