"""The ApplicationSet that makes an environment's Applications: missing, stopped by an error, or silent."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from generator.errors import Remedy, RemedyKind
from reconcilers.causes.model import (
    Audience,
    Evidence,
    Finding,
    Layer,
    Ref,
    Rule,
    about,
    classified,
    finding,
    said,
    unclassified,
)
from reconcilers.ports.cluster import ApplicationSet

_DOCTOR = Remedy(RemedyKind.RUN_DOCTOR)


def _rule(code: str, meaning: str, *steps: str | Remedy, words: tuple[str, ...]) -> Rule:
    return Rule(code, Layer.SET, Audience.PLATFORM, meaning, steps, said(*words) if words else None)


STOPPED_BY_ENTRY = _rule(
    "set-stopped-by-entry",
    "An entry that Argo CD cannot read has stopped the ApplicationSet: nothing of the environment is made, changed or"
    " removed until it is repaired.",
    _DOCTOR,
    words=(r"unable to process file", r"unable to parse file", r"previews/[^\s'\"]{1,200}/preview\.yaml"),
)
RULES = (
    STOPPED_BY_ENTRY,
    _rule(
        "set-git-denied",
        "Argo CD may not read the state repository.",
        "give Argo CD credentials for the state repository (a repository Secret in its namespace)",
        words=(
            "authentication required",
            "permission denied",
            "Repository not found",
            "could not read Username",
            "Invalid username or (?:password|token)",
            r"\b40[13]\b",
            "authorization failed",
            "handshake failed",
        ),
    ),
    _rule(
        "set-git-unreachable",
        "Argo CD cannot reach the state repository or its own repo-server.",
        "see whether the repo-server runs and reaches the Git host: kubectl get pods -n argocd -l"
        " app.kubernetes.io/name=argocd-repo-server",
        words=(
            "code = Unavailable",
            "code = DeadlineExceeded",
            "deadline exceeded",
            "i/o timeout",
            "no such host",
            "dial tcp",
            "connection refused",
            "EOF",
            r"Client\.Timeout",
            "TLS handshake",
            "x509",
            "failed to (?:list refs|fetch|initialize)",
            "unable to resolve",
        ),
    ),
    _rule(
        "set-rights-missing",
        "The ApplicationSet's controller may not make or change Applications.",
        "give the ServiceAccount it names the right it names: an administrator applies Argo CD's own roles again",
        words=(r"User \"[^\"]*\" cannot \w+ resource",),
    ),
    _rule(
        "set-duplicate",
        "Two entries make an Application of the same name, so the ApplicationSet makes none anew.",
        _DOCTOR,
        words=("duplicate", "already exists"),
    ),
    _rule(
        "set-project-missing",
        "The AppProject that the ApplicationSet's Applications name is not there.",
        "an administrator applies argocd/<environment> (kubectl apply -k), which brings the AppProject",
        words=("project .{0,120}(?:not exist|not found)", "invalid project reference"),
    ),
    _rule(
        "set-destination-unknown",
        "Argo CD knows no cluster by the name or address that the ApplicationSet's Applications name.",
        "register the cluster in Argo CD (a cluster Secret), or correct the destination in argocd/<environment>",
        words=("cluster .{0,120}(?:not been configured|not found)", "no clusters with this name", "destination"),
    ),
    _rule(
        "set-template-wrong",
        "The ApplicationSet's template cannot be filled in with what an entry says.",
        _DOCTOR,
        words=(
            "template",
            "render",
            "map has no entry for key",
            "error generating application",
            r"Application\.argoproj\.io \"[^\"]{0,200}\" is invalid",
        ),
    ),
)
MISSING = _rule(
    "set-missing",
    "The environment's ApplicationSet is not in this cluster.",
    "an administrator applies argocd/<environment> (kubectl apply -k)",
    words=(),
)
SILENT = _rule(
    "set-silent",
    "Argo CD has made no Application of the entry, and its ApplicationSet tells no error.",
    "look at the log of Argo CD's applicationset controller, and at the ApplicationSet's conditions",
    words=(),
)
ALL = (*RULES, MISSING, SILENT)
_OTHER = unclassified(Layer.SET)
_ENTRY = re.compile(r"previews/[a-z0-9]+/[0-9]+/([a-z][a-z0-9]*-[0-9]+)/preview\.yaml")


def missing() -> Finding:
    """That the environment has no ApplicationSet there."""
    return finding(MISSING, Ref("ApplicationSet", ""), "the environment's ApplicationSet is not in this cluster")


def silent(since: datetime, asked: str) -> Finding:
    """That no Application was made of an entry asked for at `asked`."""
    return finding(
        SILENT, Ref("ApplicationSet", ""), f"Argo CD has made no Application of it since {asked}", since=since
    )


def stopped(applications: ApplicationSet | None) -> Finding | None:
    """What has stopped a set; None while it works."""
    error = applications.error if applications else None
    if applications is None or error is None:
        return None
    rule = classified(RULES, f"{error.reason}: {error.message}" if error.reason else error.message) or _OTHER
    subject = Ref("ApplicationSet", applications.name)
    found = finding(
        rule,
        subject,
        f"the ApplicationSet {applications.name} has stopped",
        error.message,
        evidence=[Evidence("condition", subject, error.reason, error.message, error.since)],
        since=error.since,
    )
    entry = _ENTRY.search(error.message)
    if rule is STOPPED_BY_ENTRY and entry is not None:
        return replace(found, steps=(*found.steps, about(RemedyKind.STOP_OTHER, issue=entry.group(1).upper())))
    return found
