"""What Argo CD says of an Application: that it cannot read, compare or apply it, or waits for a hook.

Conditions and messages: pkg/apis/application/v1alpha1, controller/state.go, controller/sync.go and gitops-engine's
sync_context.go. What the API server says of a single object is classified as admission is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from generator.errors import Remedy, RemedyKind
from reconcilers.causes import admission
from reconcilers.causes.argo_rules import AGAIN, DEGRADED, HOOK_FAILED, HOOK_WAITS, RULES, SILENT, WAITS
from reconcilers.causes.look import Look
from reconcilers.causes.model import (
    Audience,
    Evidence,
    Finding,
    Layer,
    Ref,
    Rule,
    classified,
    finding,
    unclassified,
)
from reconcilers.ports.cluster import Application, Condition

_OTHER = unclassified(Layer.ARGO)
_REFUSED = unclassified(Layer.ARGO, is_final=True)
_BROKEN = ("ComparisonError", "InvalidSpecError", "SyncError", "UnknownError")
_VERBS = {"ComparisonError": "Argo CD cannot compare it with Git", "SharedResourceWarning": "Argo CD warns"}
_HOOK = re.compile(r"waiting for completion of hook (?:[\w.]*/)?Job/([a-z0-9][-a-z0-9.]{0,252})")
#: A sync that waits for a hook notices its end at once.
_NOTICED = timedelta(seconds=60)
#: The application controller looks at an Application within seconds.
_LOOKED_AT = timedelta(minutes=3)
#: A Deployment has ten minutes to come up (progressDeadlineSeconds of the templates), and tells when it did not.
_LONGEST_SYNC = timedelta(minutes=15)


def findings(look: Look) -> Iterator[Finding]:
    """What Argo CD cannot do, of a sync that failed or is tried again, of its conditions, and of hooks."""
    application = look.application
    if application is None:
        return
    if found := _sync(application):
        yield found
    for condition in sorted(application.conditions, key=lambda one: (_weight(one), one.message)):
        if condition.type in _BROKEN or (condition.type == "SharedResourceWarning" and application.sync != "Synced"):
            yield _of_condition(application, condition)
    if found := hook(look, application):
        yield found
    if not application.sync and not application.health and look.now - application.created > _LOOKED_AT:
        yield finding(
            SILENT,
            Ref("Application", application.name),
            "Argo CD has not looked at the Application",
            evidence=[Evidence("state", Ref("Application", application.name), "no status", at=application.created)],
            since=application.created,
        )


def _weight(condition: Condition) -> int:
    return _BROKEN.index(condition.type) if condition.type in _BROKEN else len(_BROKEN)


def judged(message: str) -> Rule | None:
    """What is known of a message of Argo CD's: of an object as the API server told it, or of Argo CD itself."""
    return (
        classified(RULES[:3], message)
        or classified(admission.RULES, message)
        or classified((*RULES[3:], HOOK_FAILED), message)
    )


def _sync(application: Application) -> Finding | None:
    message = "; ".join(application.failures) or application.operation_message
    ended = application.operation in ("Failed", "Error")
    if not ended and not (application.operation == "Running" and application.failures):
        return None
    rule = judged(message) or (_REFUSED if ended else _OTHER)
    if ended and rule.audience is not Audience.NOBODY:
        rule = replace(rule, patience=timedelta(0))  # Argo CD does not try the same commit again
    subject = Ref("Application", application.name)
    found = finding(
        rule,
        subject,
        "Argo CD cannot apply it" if ended or rule.is_final else "Argo CD tries again",
        message,
        names={"application": application.name, "namespace": application.name},
        evidence=[
            Evidence("condition", subject, f"operation {application.operation}", message, application.operation_since)
        ],
        since=application.operation_since,
    )
    is_known = not rule.code.startswith("unclassified") and AGAIN not in rule.steps
    if ended and is_known and rule.audience is not Audience.NOBODY:
        return replace(found, steps=(*found.steps, Remedy(RemedyKind.RESTART_AFTER_SYNC)))
    return found


def _of_condition(application: Application, condition: Condition) -> Finding:
    subject = Ref("Application", application.name)
    return finding(
        judged(condition.message) or _OTHER,
        subject,
        _VERBS.get(condition.type, "Argo CD cannot apply it"),
        f"{condition.type}: {condition.message}",
        names={"application": application.name, "namespace": application.name},
        evidence=[Evidence("condition", subject, condition.type, condition.message, condition.since)],
        since=condition.since,
    )


def hook_job(application: Application) -> str:
    """The Job that a running sync waits for as a hook, empty when it waits for none."""
    found = _HOOK.search(application.operation_message) if application.operation == "Running" else None
    return found.group(1) if found else ""


def hook(look: Look, application: Application) -> Finding | None:
    """A hook that a sync waits for although its Job has ended or is gone."""
    name = hook_job(application)
    if not name or "jobs.batch" in look.details.unread:
        return None
    job = look.workload("Job", name)
    has_ended = job is None or any((c := job.condition(t)) and c.holds for t in ("Complete", "Failed"))
    begun = application.operation_since
    if not has_ended or begun is None or look.now - begun <= _NOTICED:
        return None
    subject = Ref("Application", application.name)
    return finding(
        HOOK_WAITS,
        subject,
        "Argo CD waits for a hook that has ended" if job else "Argo CD waits for a hook that is not there",
        application.operation_message,
        names={"application": application.name},
        evidence=[Evidence("condition", subject, "operation Running", application.operation_message, begun)],
        since=begun,
    )


def waits(look: Look) -> Finding | None:
    """A sync that has waited too long for something that nothing else tells of; None while it may."""
    application = look.application
    begun = application.operation_since if application and application.operation == "Running" else None
    if application is None or begun is None or look.now - begun <= _LONGEST_SYNC:
        return None
    subject = Ref("Application", application.name)
    message = application.operation_message
    return finding(
        WAITS,
        subject,
        "Argo CD still applies it",
        message,
        names={"application": application.name},
        evidence=[Evidence("condition", subject, "operation Running", message, begun)],
        since=begun,
    )


def degraded(application: Application) -> Finding:
    """That Argo CD reports it Degraded, when nothing else tells why."""
    subject = Ref("Application", application.name)
    return finding(
        DEGRADED,
        subject,
        "Argo CD reports it Degraded",
        names={"application": application.name},
        evidence=[Evidence("condition", subject, "health", application.health)],
    )
