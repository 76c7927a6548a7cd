"""Takes out of a recording what is nobody else's business: secrets, people, and the names of other previews.

What is left are the fields that causes are found in. Names and numbers are replaced by others, the same by the same, so
that what was joined stays joined. Texts of programs (`terminated.message`) are kept without what looks like a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from generator.values.naming import NAMESPACE_PREFIX
from hub.adapters.kubernetes.fields import Tree, inner, mapping, mappings, text
from hub.adapters.kubernetes.recording import Recording

#: Stands for the host of any preview.
_HOST = "preview.example.com"
_META = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "finalizers", "ownerReferences")
_LABELS = (
    "app.kubernetes.io/managed-by",
    "preview.rtb-ai-hub/environment",
    "preview.rtb-ai-hub/issue",
    "rtb.hub/compute",
    "pod-template-hash",
    "eks.amazonaws.com/fargate-profile",
)
_REVISION = "deployment.kubernetes.io/revision"
_SPEC = (
    "project", "destination", "replicas", "completions", "backoffLimit", "activeDeadlineSeconds", "ingressClassName",
    "schedulerName", "readinessGates", "secretStoreRef", "target", "finalizers", "progressDeadlineSeconds",
)  # fmt: skip
_EVENT = (
    "type", "reason", "message", "count", "involvedObject", "source", "reportingComponent", "firstTimestamp",
    "lastTimestamp", "eventTime", "series",
)  # fmt: skip
_SECRET = re.compile(
    r"(?P<key>\b(?:[\w.-]*(?:password|passwd|secret|token|api[_-]?key|credential|authorization)[\w.-]*)"
    r"[\"']?\s*(?:=|:\s)\s*[\"']?(?:bearer |basic )?)(?P<value>[^\s\"',;&}]{3,})"
    r"|(?P<url>://[^\s/:@]{1,200}:)[^\s/@]{1,300}(?=@)"
    r"|(?P<jwt>\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?)"
    r"|(?P<aws>\b(?:AKIA|ASIA)[A-Z0-9]{16}\b)"
    r"|(?P<forge>\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-)[\w-]{10,})",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(r"(?<![0-9a-fA-F])\d{12}(?![0-9a-fA-F])")
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_NAMED = re.compile(r"\b(?:preview-)?(?:[a-z][a-z0-9]{0,19})-[0-9]{1,9}\b", re.IGNORECASE)
_URL_HOST = re.compile(r"(?<=://)(?:[^\s/@]{1,300}@)?([a-z0-9-]+(?:\.[a-z0-9-]+)+)", re.IGNORECASE)
_PUBLIC = (
    "amazonaws.com",
    "docker.io",
    "docker.com",
    "quay.io",
    "ghcr.io",
    "gcr.io",
    "k8s.io",
    ".svc",
    "cluster.local",
)


def cleaned(recording: Recording, target: str) -> Recording:
    """A recording of one preview (`preview-rtb-123`) that may be shown to others."""
    names = _Names(recording, target)
    found = {kind: [*_kept(kind, trees, target)] for kind, trees in recording.objects.items()}
    return replace(
        recording,
        objects={kind: [_each_text(tree, names.clean) for tree in trees] for kind, trees in found.items()},
        unread={kind: names.clean(why) for kind, why in recording.unread.items()},
        reached=recording.reached and replace(recording.reached, host=_HOST, error=""),
        targets=recording.targets and replace(recording.targets, unread=names.clean(recording.targets.unread)),
    )


def _kept(kind: str, trees: Any, target: str) -> Iterator[dict[str, Any]]:
    for tree in trees:
        meta = tree["metadata"]
        if kind in ("applications.argoproj.io", "namespaces") and meta["name"] != target:
            continue
        if kind == "events":
            yield {**_head(tree), **{name: tree[name] for name in _EVENT if name in tree}}
        else:
            yield {**_head(tree), "spec": _spec(inner(tree, "spec")), "status": _status(inner(tree, "status"))}


def _head(tree: Tree) -> dict[str, Any]:
    meta = tree["metadata"]
    kept = {name: meta[name] for name in _META if name in meta}
    labels = {name: value for name, value in inner(meta, "labels").items() if name in _LABELS}
    revision = inner(meta, "annotations").get(_REVISION)
    return {
        **{name: tree[name] for name in ("apiVersion", "kind") if name in tree},
        "metadata": {
            **kept,
            **({"labels": labels} if labels else {}),
            **({"annotations": {_REVISION: revision}} if revision else {}),
        },
    }


def _spec(spec: Tree) -> dict[str, Any]:
    kept = {name: spec[name] for name in _SPEC if name in spec}
    source = inner(spec, "source")
    if source:
        kept["source"] = {name: source[name] for name in ("path", "targetRevision") if name in source}
    for name in ("containers", "initContainers"):
        if found := [_container(one) for one in mappings(spec.get(name))]:
            kept[name] = found
    if volumes := [one for one in mappings(spec.get("volumes")) if "secret" in one or "configMap" in one]:
        kept["volumes"] = volumes
    template = inner(spec, "template", "spec")
    if template:
        kept["template"] = {"spec": _spec(template)}
    return kept


def _container(one: Tree) -> dict[str, Any]:
    """A container without its command, its arguments and the values of its variables."""
    variables = [
        {"name": text(var.get("name")), "valueFrom": var["valueFrom"]}
        for var in mappings(one.get("env"))
        if "valueFrom" in var
    ]
    return {
        **{name: one[name] for name in ("name", "image", "envFrom", "resources") if name in one},
        **({"env": variables} if variables else {}),
    }


def _status(status: Tree) -> dict[str, Any]:
    return {
        name: value
        for name, value in status.items()
        if name not in ("summary", "history", "podIP", "podIPs", "hostIP", "hostIPs")
    }


class _Names:
    """Replaces names by others, the same by the same."""

    def __init__(self, recording: Recording, target: str) -> None:
        self.target, self.ours = target, target.removeprefix(NAMESPACE_PREFIX)
        self.others: dict[str, str] = {}
        self.accounts: dict[str, str] = {}
        self.hosts: dict[str, str] = {}
        self.private = _private(_domains(recording))

    def clean(self, told: str) -> str:
        """A text without secrets, people, accounts, hosts and other previews."""
        told = _SECRET.sub(_without_secret, told)
        told = _MAIL.sub("somebody@example.com", told)
        told = _URL_HOST.sub(lambda m: m.group(0) if _is_public(m.group(1)) else self._host(m.group(1)), told)
        told = self.private.sub(lambda m: self._host(m.group(0)), told)
        told = _ACCOUNT.sub(lambda m: self.accounts.setdefault(m.group(0), f"{len(self.accounts) + 1:012d}"), told)
        return _NAMED.sub(self._named, told)

    def _host(self, host: str) -> str:
        return self.hosts.setdefault(host, f"host-{chr(97 + len(self.hosts) % 26)}.example.com")

    def _named(self, match: re.Match[str]) -> str:
        """A preview's name, that of another replaced. What only looks like one (`web-7`) is left alone."""
        name = match.group(0).lower()
        is_namespace = name.startswith(NAMESPACE_PREFIX)
        key = name.removeprefix(NAMESPACE_PREFIX)
        project = self.ours.partition("-")[0]
        if key == self.ours or (not is_namespace and key.partition("-")[0] != project):
            return match.group(0)
        other = self.others.setdefault(key, f"other-{len(self.others) + 1}")
        return f"{NAMESPACE_PREFIX if is_namespace else ''}{other}"


def _domains(recording: Recording) -> Iterator[str]:
    """The domains that the preview's hosts are in, and the registries of its images."""
    for tree in recording.objects.get("ingresses.networking.k8s.io", ()):
        for rule in mappings(inner(tree, "spec").get("rules")):
            yield text(rule.get("host")).partition(".")[2]
    for trees in recording.objects.values():
        for tree in trees:
            for spec in (inner(tree, "spec"), inner(tree, "spec", "template", "spec")):
                for container in (*mappings(spec.get("initContainers")), *mappings(spec.get("containers"))):
                    yield text(container.get("image")).partition("/")[0]


def _private(domains: Iterator[str]) -> re.Pattern[str]:
    """What matches a host in one of these domains; nothing for none."""
    found = {re.escape(one) for one in domains if "." in one and not _is_public(one)}
    ends = "|".join(sorted(found, key=len, reverse=True)) or "(?!)"
    return re.compile(rf"(?<![\w.-])(?:[a-z0-9-]+\.)*(?:{ends})(?![\w-])", re.IGNORECASE)


def _without_secret(match: re.Match[str]) -> str:
    before = match.group("key") or match.group("url") or ""
    return f"{before}(removed)"


def _is_public(host: str) -> bool:
    return host.lower().endswith(_PUBLIC)


def _each_text(value: Any, clean: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {name: _each_text(one, clean) for name, one in mapping(value).items()}
    if isinstance(value, list):
        return [_each_text(one, clean) for one in value]
    return value
