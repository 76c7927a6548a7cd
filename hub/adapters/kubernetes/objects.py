"""From the API server's JSON to `reconcilers.ports.cluster`. Knows fields of objects, nothing of how they are fetched.

Fields: Kubernetes API reference 1.34; Argo CD's types (pkg/apis/application/v1alpha1). What happens inside a namespace
is in `inside`. An object is only ever read here after `is_object` said so; its other fields may be anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from generator.values.naming import NAMESPACE_PREFIX
from hub.adapters.kubernetes.fields import Tree, inner, mapping, mappings, moment, text, texts
from reconcilers.ports import cluster as observed

_MANAGED, _ENVIRONMENT = "app.kubernetes.io/managed-by", "preview.rtb-ai-hub/environment"
#: The match condition by which a policy of ours names what it guards: `… in ['a', 'b']` (templates/argocd/admission).
_GUARDED, _LISTED, _QUOTED = "guarded", re.compile(r"\bin\s*\[([^\]]*)\]"), re.compile("'([^']*)'")


def is_object(item: object) -> bool:
    """Whether an item of a list is an object of Kubernetes: it has a name and was made at a time."""
    meta = inner(mapping(item), "metadata")
    if not isinstance(meta.get("name"), str) or moment(meta.get("creationTimestamp")) is None:
        return False
    return "deletionTimestamp" not in meta or moment(meta["deletionTimestamp"]) is not None


def application(tree: Tree) -> observed.Application:
    """An Argo CD Application."""
    meta, status = tree["metadata"], inner(tree, "status")
    operation = inner(status, "operationState")
    return observed.Application(
        name=meta["name"],
        project=text(inner(tree, "spec").get("project")),
        created=created(tree),
        owner=next(
            (text(o.get("name")) for o in mappings(meta.get("ownerReferences")) if o.get("kind") == "ApplicationSet"),
            "",
        ),
        deleting_since=moment(meta.get("deletionTimestamp")),
        sync=text(inner(status, "sync").get("status")),
        health=text(inner(status, "health").get("status")),
        operation=text(operation.get("phase")),
        operation_message=text(operation.get("message")),
        failures=tuple(
            f"{text(result.get('kind'))} {text(result.get('name'))}: {text(result.get('message'))}"
            for result in mappings(inner(operation, "syncResult").get("resources"))
            if result.get("status") == "SyncFailed" or result.get("hookPhase") in ("Failed", "Error")
        ),
        conditions=tuple(
            observed.Condition(text(c.get("type")), "True", message=text(c.get("message")), since=_since(c))
            for c in mappings(status.get("conditions"))
        ),
        operation_since=moment(operation.get("startedAt")),
        finalizers=tuple(texts(meta.get("finalizers"))),
    )


def application_set(tree: Tree) -> observed.ApplicationSet:
    """An Argo CD ApplicationSet."""
    return observed.ApplicationSet(
        name=tree["metadata"]["name"],
        created=created(tree),
        deleting_since=moment(tree["metadata"].get("deletionTimestamp")),
        conditions=conditions(tree),
    )


def namespace(tree: Tree) -> observed.Namespace | None:
    """A namespace that is ours by its label, or a preview's by its name; None for any other."""
    meta = tree["metadata"]
    labels = inner(meta, "labels")
    managed = labels.get(_MANAGED) == observed.MANAGED_BY
    if not managed and not meta["name"].startswith(NAMESPACE_PREFIX):
        return None
    return observed.Namespace(
        name=meta["name"],
        created=created(tree),
        environment=text(labels.get(_ENVIRONMENT)),
        is_managed=managed,
        deleting_since=moment(meta.get("deletionTimestamp")),
        conditions=conditions(tree),
        finalizers=tuple(texts(meta.get("finalizers"))),
    )


def policies(found: Iterable[Tree], bindings: Iterable[Tree]) -> dict[str, observed.Policy]:
    """ValidatingAdmissionPolicies by name, with whether a binding puts them in force."""
    actions: dict[str, set[str]] = {}
    for binding in bindings:
        spec = inner(binding, "spec")
        actions.setdefault(text(spec.get("policyName")), set()).update(texts(spec.get("validationActions")))
    result = {}
    for tree in found:
        name = tree["metadata"]["name"]
        rules = mappings(inner(tree, "spec", "matchConstraints").get("resourceRules"))
        conditions = mappings(inner(tree, "spec").get("matchConditions"))
        listed = (_LISTED.findall(str(c.get("expression"))) for c in conditions if c.get("name") == _GUARDED)
        guarded = [name for lists in listed for text in lists for name in _QUOTED.findall(text)]
        names = frozenset(name for rule in rules for name in texts(rule.get("resourceNames"))) | frozenset(guarded)
        result[name] = observed.Policy(name, names, name in actions, "Deny" in actions.get(name, ()))
    return result


def conditions(tree: Tree) -> tuple[observed.Condition, ...]:
    """The conditions of an object's status."""
    return tuple(
        observed.Condition(
            text(c.get("type")), text(c.get("status")), text(c.get("reason")), text(c.get("message")), _since(c)
        )
        for c in mappings(inner(tree, "status").get("conditions"))
    )


def created(tree: Tree) -> datetime:
    """When an object (`is_object`) was made."""
    found = moment(tree["metadata"]["creationTimestamp"])
    assert found is not None  # noqa: S101 - `is_object` has looked
    return found


def _since(condition: Tree) -> datetime | None:
    return moment(condition.get("lastTransitionTime"))
