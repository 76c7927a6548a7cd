"""Manifests that others publish, one object each, from the Go modules that manifests/go.mod pins; none is kept here.

A document is taken by its text alone, before anything of ours reads it: of a kind of Kubernetes or of one whose
definition is bundled, no template, and not the same as another but for comments.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from hub import assets
from worlds.go_programs import fetched
from worlds.places import ROOT

MODULES = (
    "github.com/argoproj/argo-cd/v3",
    "github.com/argoproj/argo-rollouts",
    "github.com/cert-manager/cert-manager",
    "github.com/external-secrets/external-secrets",
    "github.com/fluxcd/flux2/v2",
    "github.com/fluxcd/kustomize-controller",
    "github.com/fluxcd/source-controller",
    "github.com/kedacore/keda/v2",
    "github.com/kyverno/kyverno",
    "github.com/open-policy-agent/gatekeeper/v3",
    "github.com/prometheus-operator/prometheus-operator",
    "github.com/yannh/kubeconform",
    "github.com/zegl/kube-score",
    "istio.io/istio",
    "k8s.io/ingress-nginx",
    "k8s.io/kubectl",
    "k8s.io/kubernetes",
    "knative.dev/serving",
    "sigs.k8s.io/cluster-api",
    "sigs.k8s.io/gateway-api",
    "sigs.k8s.io/kueue",
    "sigs.k8s.io/kwok",
    "sigs.k8s.io/metrics-server",
)
_MOST_BYTES = 256 * 1024
_SPLIT = re.compile(r"^---[ \t]*(?:#.*)?$", re.MULTILINE)
_HEAD = re.compile(r"""^(apiVersion|kind):[ \t]*["']?([^\s"'#]+)["']?[ \t]*(?:#.*)?$""", re.MULTILINE)
_NAME = re.compile(r'^  name: "?([a-z0-9-]+\.[a-z0-9.-]+)"?$', re.MULTILINE)
_TEMPLATE = re.compile(r"\{\{-|-\}\}|\{\{ *(?:\.|if |else|end|range |with |include |template |toYaml|\$|/\*)|<%|\{% ")


@dataclass(frozen=True, slots=True)
class Published:
    """One document: where it is from, which kind it says it is, its text."""

    source: str
    api_version: str
    kind: str
    text: str


@cache
def published(most: int) -> tuple[Published, ...]:
    """All documents, of a module `most` at most, chosen by their digests. Downloads what is not there, by go.sum."""
    seen: set[bytes] = set()
    found = []
    for module in MODULES:
        root = fetched("manifests", module)
        kept = {}
        for path in sorted(root.rglob("*.y*ml")):
            if path.suffix in (".yaml", ".yml") and path.is_file() and path.stat().st_size <= _MOST_BYTES:
                for one in _documents(path, f"{module}/{path.relative_to(root).as_posix()}"):
                    digest = hashlib.sha256(_essence(one.text).encode()).digest()
                    if _is_known(one.api_version, one.kind):
                        kept.setdefault(digest, one)
        new = [digest for digest in kept if digest not in seen]
        chosen = set(sorted(new)[:most])
        seen |= chosen
        found += [kept[digest] for digest in new if digest in chosen]
    return tuple(found)


def definitions() -> Iterator[str]:
    """The texts of the definitions whose schemas are bundled: of two of a name, the one with the say."""
    spec = importlib.util.spec_from_file_location("bundle_schemas", ROOT / "tools" / "bundle_schemas.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    names: set[str] = set()
    for path in tool.files_of_definitions():
        for part in _SPLIT.split(path.read_text(encoding="utf-8")):
            if "kind: CustomResourceDefinition" in part and (named := _NAME.search(part)) and named[1] not in names:
                names.add(named[1])
                yield part


def _documents(path: Path, source: str) -> Iterator[Published]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    if _TEMPLATE.search(text):
        return
    for number, part in enumerate(_SPLIT.split(text), 1):
        head = _HEAD.findall(part)
        named = dict(head)
        if len(head) == len(named) == 2:
            yield Published(f"{source}#{number}", named["apiVersion"], named["kind"], part.strip("\n") + "\n")


def _essence(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))


@cache
def _kinds() -> frozenset[str]:
    """`apiVersion kind` of each kind of Kubernetes that is bundled."""
    bundle = json.loads(gzip.decompress(assets.generator_data("schema_bundles/v1.37.json.gz")))
    return frozenset(name.removeprefix("/") for name in bundle["kinds"])


@cache
def _is_known(api_version: str, kind: str) -> bool:
    """Whether the kind is one of Kubernetes, or one whose definition is bundled."""
    group, _, version = api_version.rpartition("/")
    own = files("generator").joinpath("crds", f"{kind}.{group}.{version}.json.gz")
    return f"{api_version} {kind}" in _kinds() or own.is_file()
