"""All causes of one preview, the root first.

The earlier layer is told first, then what waiting does not help, then what is oldest. Edges find roots where the order
does not: what needs a database is told after the database; what needs a Secret after the ExternalSecret that makes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from reconcilers.causes import (
    admission,
    argo,
    argo_rules,
    crash_rules,
    crashes,
    exposure,
    images,
    load_balancer,
    load_balancer_rules,
    network,
    progress,
    readiness,
    removal_rules,
    scheduling,
    scheduling_rules,
    secrets,
    sets,
    starting_containers,
)
from reconcilers.causes.look import Look
from reconcilers.causes.model import Finding, Layer, Rule, unclassified

_LAYERS = (
    argo,
    admission,
    secrets,
    images,
    starting_containers,
    crashes,
    scheduling,
    network,
    readiness,
    load_balancer,
    progress,
)
#: Layers whose findings are all of a rule.
_KNOWN_WHOLE = frozenset({Layer.PROJECT, Layer.CRASH, Layer.PROGRESS, Layer.URL})
#: What a component that cannot work without another shows: it ends, or is not ready.
_SYMPTOMS = frozenset({Layer.CRASH, Layer.READINESS, Layer.LOAD_BALANCER, Layer.PROGRESS})
#: Codes of a component that ends because what it needs is not there yet.
_WAITING = frozenset(
    {"crash-exit", "crash-cannot-connect", "crash-done", "probe-readiness-status", "probe-readiness-refused"}
)
#: The component of a blueprint that the others need (templates/preview/web-api-postgres).
_DATABASE = "postgres"
_COMES_UP = timedelta(minutes=5)
#: Codes that are told because nobody says anything: what could not be read may have said it.
BY_SILENCE = frozenset({"pod-not-tried", "fargate-pod-forgotten", "alb-silent", "progress-silent"})
#: Codes of a pod that misses a Secret, and how soon kubelet looks for it again.
_WITHOUT_SECRET = frozenset({"secret-missing", "volume-secret-missing"})
_TRIED_AGAIN = timedelta(minutes=2)
_LATEST = datetime.max.replace(tzinfo=UTC)
#: Spot nodes are made when a pod asks for one: so long a scheduler that finds none is no cause.
_NORMAL = frozenset({"nodes-full", "nodes-tainted", "nodes-do-not-match", "no-nodes", "nodes-unschedulable"})


def rules() -> tuple[Rule, ...]:
    """Every rule, by layer; codes are unique."""
    found = (
        *sets.ALL,
        *argo_rules.ALL,
        *admission.RULES,
        *secrets.RULES,
        secrets.SILENT,
        *images.RULES,
        *starting_containers.RULES,
        *crash_rules.RULES,
        *scheduling_rules.RULES,
        *network.RULES,
        *readiness.RULES,
        *load_balancer_rules.ALL,
        *progress.RULES,
        *removal_rules.RULES,
        *exposure.RULES.values(),
        *(unclassified(layer) for layer in Layer if layer not in _KNOWN_WHOLE),
    )
    return tuple(sorted(found, key=lambda rule: rule.layer))


def findings(look: Look) -> tuple[Finding, ...]:
    """Everything that keeps a preview from coming up, the root first, each once."""
    found: dict[tuple[str, str, str, str], Finding] = {}
    for layer in _LAYERS:
        for one in layer.findings(look):
            if one.code in _NORMAL and not one.is_overdue(look.now):
                continue
            if one.code in BY_SILENCE and look.details.unread:
                continue
            key = (one.code, one.subject.kind, one.workload or one.subject.name, one.subject.container)
            if key not in found or _order(one) < _order(found[key]):
                found[key] = one
    needs = _needs(look, tuple(found.values()))
    troubled = {one.workload for one in found.values() if one.workload}
    kept = [one for one in found.values() if not _waits(look, one, needs, troubled)]
    has_binding = any(one.subject.kind == "TargetGroupBinding" for one in kept)
    return tuple(
        sorted(
            kept,
            key=lambda one: (
                _is_symptom(one, needs, troubled)
                or (has_binding and one.code.startswith("target-") and bool(one.workload)),
                *_order(one),
            ),
        )
    )


def _order(one: Finding) -> tuple[int, bool, datetime, str, str, str]:
    return (
        one.rule.layer,
        not one.is_final,
        one.since or _LATEST,
        one.subject.kind,
        one.subject.name,
        one.subject.container,
    )


def _is_symptom(one: Finding, needs: Mapping[str, frozenset[str]], troubled: set[str]) -> bool:
    """Whether a finding is of a workload that needs another one which has a cause of its own."""
    return one.rule.layer in _SYMPTOMS and bool(needs.get(one.workload, frozenset()) & troubled)


def _waits(look: Look, one: Finding, needs: Mapping[str, frozenset[str]], troubled: set[str]) -> bool:
    """Whether it only ends because what it needs is still coming up, without a cause of its own."""
    if one.code in _WITHOUT_SECRET and _is_made_soon(look, one):
        return True
    if one.code not in _WAITING or one.is_final:
        return False
    for workload in look.workloads:
        if workload.name in needs.get(one.workload, frozenset()) - troubled and workload.ready < workload.wanted:
            young = [pod for pod in look.pods_of(workload) if look.now - pod.created <= _COMES_UP]
            if young:
                return True
    return False


def _is_made_soon(look: Look, one: Finding) -> bool:
    """Whether an ExternalSecret makes the Secret it misses: just now, or as soon as its operator looks at it."""
    said = " ".join(evidence.message for evidence in one.evidence)
    for secret in look.details.secrets:
        since = secret.created if secret.is_ready is None else secret.since if secret.is_ready else None
        patience = secrets.SLOW if secret.is_ready is None else _TRIED_AGAIN
        if since and look.now - since <= patience and f'"{secret.target}"' in said:
            return True
    return False


def _needs(look: Look, found: tuple[Finding, ...]) -> dict[str, frozenset[str]]:
    """By workload the others that it needs: by a Secret of their name, a container that waits for them, its words."""
    names = {one.name for one in look.workloads if one.kind != "Job"}
    needs: dict[str, set[str]] = {}
    for pod in look.pods:
        mine = look.workload_of(pod)
        waits_for = {c.name.removeprefix("wait-for-") for c in pod.containers if c.name.startswith("wait-for-")}
        needs.setdefault(mine, set()).update(((pod.needs | waits_for) & names) - {mine})
    for one in found:
        if one.rule.layer in _SYMPTOMS and one.workload:
            text = " ".join(e.message for e in one.evidence)
            needs.setdefault(one.workload, set()).update(_mentioned(text, names - {one.workload}))
    for mine, others in needs.items():
        if _DATABASE in names and mine != _DATABASE:
            others.add(_DATABASE)
    return {
        mine: frozenset(other for other in others if mine not in needs.get(other, set()))
        for mine, others in needs.items()
    }


def _mentioned(text: str, names: set[str]) -> Iterator[str]:
    return (name for name in names if re.search(rf"(?:(?<=//)|(?<![\w./-])){re.escape(name)}(?=[:.\s\"')]|$)", text))
