"""`kubectl`, as far as docs/INSTALL.md uses it."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from worlds.installing.cluster import DEFINED, DEPLOYMENTS, Cluster, Tree, plural
from worlds.installing.kubelet import Kubelet
from worlds.installing.stand_ins import Asked, RefusedError

#: What people call the kinds.
CALLED = {
    "deployment": DEPLOYMENTS, "deploy": DEPLOYMENTS, "externalsecret": "externalsecrets.external-secrets.io", "namespace": "namespaces",
    "namespaces": "namespaces", "application": "applications.argoproj.io", "applicationset": "applicationsets.argoproj.io",
    "appproject": "appprojects.argoproj.io", "ingress": "ingresses.networking.k8s.io", "configmap": "configmaps", "job": "jobs.batch",
    "jobs": "jobs.batch", "pods": "pods", "cronjob": "cronjobs.batch", "scaledobject": "scaledobjects.keda.sh", "statefulset": "statefulsets.apps",
}  # fmt: skip
#: Options that take no value, and those that do.
ALONE = {"--server-side", "--force-conflicts", "--all", "-A", "-w"}
VALUED = {
    "-n",
    "-k",
    "-f",
    "-o",
    "-l",
    "-p",
    "--type",
    "--timeout",
    "--from",
    "--from-literal",
    "--from-file",
    "--context",
    "--clusterrole",
    "--group",
}
#: What Argo CD's install.yaml brings, that others name here.
ARGOCD: list[Tree] = [
    *({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}} for kind, name in (
        ("Deployment", "argocd-server"), ("Deployment", "argocd-repo-server"), ("Deployment", "argocd-applicationset-controller"),
        ("StatefulSet", "argocd-application-controller"),
    )),
    *({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}} for name in ("argocd-cm", "argocd-cmd-params-cm", "argocd-rbac-cm")),
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "argocd-secret"}},
]  # fmt: skip


@dataclass
class Kubectl:
    """Called with what was typed; what it prints. Raises `RefusedError` for what the page does not say, and what is not there."""

    cluster: Cluster
    kubelet: Kubelet

    def __call__(self, asked: Asked) -> str:
        words, options = _parsed(asked.argv)
        if words == ["version"]:
            return "Server Version: v1.36.1\n"
        if words == ["config", "current-context"]:
            return f"{_config(asked)['current-context']}\n"
        _config(asked)
        self.cluster.settle()
        doing: Callable[[list[str], dict[str, list[str]], Asked], str] = getattr(self, f"_{words[0]}")
        told = doing(words[1:], options, asked)
        self.cluster.settle()
        return told

    def _apply(self, _words: list[str], options: dict[str, list[str]], asked: Asked) -> str:
        return "".join(self._applied(tree) for tree in _given(options, asked))

    def _applied(self, tree: Tree) -> str:
        self.cluster.apply(copy.deepcopy(tree))
        return f"{plural(tree)}/{tree['metadata']['name']} serverside-applied\n"

    def _diff(self, _words: list[str], options: dict[str, list[str]], asked: Asked) -> str:
        for tree in _given(options, asked):
            meta = tree["metadata"]
            live = self.cluster.named(plural(tree), meta["name"], meta.get("namespace", ""))
            for key in tree.keys() - {"metadata", "status"}:
                if live.get(key) != tree[key]:
                    raise RefusedError(f"{plural(tree)}/{meta['name']} differs in {key}")
        return ""

    def _create(self, words: list[str], options: dict[str, list[str]], asked: Asked) -> str:
        namespace = options.get("-n", [""])[0]
        match words:
            case ["namespace", name]:
                return self._applied({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
            case ["clusterrolebinding", name]:
                (role,) = options["--clusterrole"]
                subjects = [{"kind": "Group", "name": group} for group in options["--group"]]
                tree = {
                    "roleRef": {"kind": "ClusterRole", "name": role},
                    "subjects": subjects,
                    "metadata": {"name": name},
                }
                return self._applied(
                    {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", **tree}
                )
            case ["secret", "generic", name]:
                literals = dict(one.split("=", 1) for one in options["--from-literal"])
                files = dict(one.split("=", 1) for one in options["--from-file"])
                data = literals | {key: asked.file(path).read_text() for key, path in files.items()}
                meta = {"name": name, "namespace": namespace}
                return self._applied({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": data})
            case ["job", name]:
                (source,) = options["--from"]
                template = self.cluster.named("cronjobs.batch", source.partition("/")[2], namespace)["spec"][
                    "jobTemplate"
                ]
                job = {
                    "apiVersion": "batch/v1",
                    "kind": "Job",
                    "metadata": {"name": name, "namespace": namespace},
                    **template,
                }
                job["metadata"] = {"name": name, "namespace": namespace}
                self.cluster.apply(copy.deepcopy(job))
                self.cluster.logs[name] = self.kubelet.run(job)
                self.cluster.named("jobs.batch", name, namespace)["status"] = _true("Complete")
                return f"job.batch/{name} created\n"
        raise RefusedError(f"create {words}")

    def _wait(self, words: list[str], options: dict[str, list[str]], _asked: Asked) -> str:
        wanted = options["--for"][0].removeprefix("condition=")
        found = list(self._found(words, options))
        for one in found:
            held = [each for each in one.get("status", {}).get("conditions", []) if each["type"] == wanted]
            if not held or held[0]["status"] != "True":
                raise RefusedError(f"timed out waiting for the condition on {one['metadata']['name']}: {held}")
        if not found:
            raise RefusedError("no matching resources found")
        return ""

    def _rollout(self, words: list[str], options: dict[str, list[str]], _asked: Asked) -> str:
        if words[0] == "status":
            found = list(self._found(words[1:], options))
            for one in found:
                self.kubelet.run(one)
            for one in found:
                self.kubelet.rolled_out(one)
            return ""
        kinds = words[1].split(",")
        found = [one for kind in kinds for one in self._found([kind, *words[2:]], {**options, "--all": [""]})]
        if words[0] != "restart" or not found:
            raise RefusedError(f"rollout {words}")
        return ""

    def _get(self, words: list[str], options: dict[str, list[str]], _asked: Asked) -> str:
        if words[0] == "crd":
            if missing := set(words[1:]) - DEFINED:
                raise RefusedError(f"customresourcedefinitions {missing} not found")
            return ""
        found = [
            one for kind in words[0].split(",") for one in self._found([kind, *words[1:]], {**options, "--all": [""]})
        ]
        if "-l" in options:
            name, _, value = options["-l"][0].partition("=")
            found = [
                one
                for one in found
                if name in (labels := one["metadata"].get("labels", {})) and value in ("", labels[name])
            ]
        if (form := options.get("-o", [""])[0]).startswith("jsonpath="):
            (one,) = found
            return "".join(_filled(one, piece) for piece in re.findall(r"\{([^}]*)\}", form.removeprefix("jsonpath=")))
        return "".join(f"{one['metadata']['name']}\n" for one in found) or "No resources found\n"

    def _logs(self, words: list[str], _options: dict[str, list[str]], _asked: Asked) -> str:
        return self.cluster.logs[words[0].removeprefix("job/")]

    def _patch(self, words: list[str], options: dict[str, list[str]], _asked: Asked) -> str:
        (one,) = self._found(words, options)
        one.update(_merged(one, json.loads(options["-p"][0])))
        return ""

    def _annotate(self, words: list[str], options: dict[str, list[str]], _asked: Asked) -> str:
        said = [word for word in words if "=" in word or re.search(r"[a-z]-$", word)]
        for one in self._found([word for word in words if word not in said], options):
            annotations = one["metadata"].setdefault("annotations", {})
            for word in said:
                name, _, value = word.partition("=")
                annotations.pop(name.removesuffix("-"), None)
                annotations |= {name: value} if value else {}
        return ""

    def _delete(self, words: list[str], options: dict[str, list[str]], asked: Asked) -> str:
        trees = list(_given(options, asked)) or [*self._found(words, options)]
        for tree in trees:
            self.cluster.delete(plural(tree), tree["metadata"]["name"], tree["metadata"].get("namespace", ""))
        return ""

    def _found(self, words: list[str], options: dict[str, list[str]]) -> Iterator[Tree]:
        """The objects that were named: `kind name…`, `kind/name…`, or a kind of which all are meant."""
        namespace = "" if "-A" in options else options.get("-n", [""])[0]
        if any("/" in word for word in words):
            for word in words:
                kind, _, name = word.partition("/")
                yield self.cluster.named(CALLED[kind], name, namespace)
        elif words[1:]:
            for name in words[1:]:
                yield self.cluster.named(CALLED[words[0]], name, namespace)
        elif "--all" in options:
            yield from list(self.cluster.of(CALLED[words[0]], namespace))
        else:
            raise RefusedError(f"nothing is named: {words}")


def _true(type_: str) -> Tree:
    return {"conditions": [{"type": type_, "status": "True"}]}


def _parsed(argv: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    words: list[str] = []
    options: dict[str, list[str]] = {}
    left = list(argv)
    while left:
        word = left.pop(0)
        name, is_given, value = word.partition("=")
        if word in ALONE:
            options.setdefault(word, [])
        elif word in VALUED:
            options.setdefault(word, []).append(left.pop(0))
        elif word.startswith("--"):
            if not is_given:
                raise RefusedError(f"unknown flag: {word}")
            options.setdefault(name, []).append(value)
        else:
            words.append(word)
    return words, options


def _config(asked: Asked) -> Tree:
    path = Path(asked.environ.get("KUBECONFIG") or Path(asked.environ["HOME"]) / ".kube" / "config")
    if not path.exists():
        raise RefusedError("error: current-context is not set")
    tree: Tree = yaml.safe_load(path.read_text())
    return tree


def _given(options: dict[str, list[str]], asked: Asked) -> Iterator[Tree]:
    """The objects of -f and -k."""
    for name in options.get("-f", []):
        text = asked.stdin if name == "-" else asked.file(name).read_text()
        yield from (one for one in yaml.safe_load_all(text) if one)
    for name in options.get("-k", []):
        yield from _kustomized(asked.file(name))


def _kustomized(folder: Path) -> Iterator[Tree]:
    told = yaml.safe_load((folder / "kustomization.yaml").read_text())
    unknown = told.keys() - {"apiVersion", "kind", "namespace", "patches", "resources"}
    if unknown:
        raise RefusedError(f"{folder}: {unknown}")
    found: list[Tree] = []
    for name in told["resources"]:
        if name.startswith("https://"):
            assert re.fullmatch(
                r"https://raw\.githubusercontent\.com/argoproj/argo-cd/v[\d.]+/manifests/install\.yaml", name
            )
            found += copy.deepcopy(ARGOCD)
        elif (folder / name).is_dir():
            found += _kustomized(folder / name)
        else:
            found += [one for one in yaml.safe_load_all((folder / name).read_text()) if one]
    for one in told.get("patches", []):
        patch = yaml.safe_load((folder / one["path"]).read_text())
        (at,) = [
            n
            for n, tree in enumerate(found)
            if tree["kind"] == patch["kind"] and tree["metadata"]["name"] == patch["metadata"]["name"]
        ]
        found[at] = _merged(found[at], patch)
    for tree in found:
        if "namespace" in told:
            tree["metadata"]["namespace"] = told["namespace"]
        yield tree


def _merged(tree: Any, patch: Any) -> Any:
    """A merge patch (RFC 7386)."""
    if not isinstance(tree, dict) or not isinstance(patch, dict):
        return patch
    laid = tree | {key: _merged(tree.get(key), value) for key, value in patch.items()}
    return {key: value for key, value in laid.items() if value is not None}


def _filled(tree: Any, piece: str) -> str:
    if piece.startswith('"'):
        return str(json.loads(piece))
    for name, at in re.findall(r"\.(\w+)(?:\[(\d+)\])?", piece):
        tree = tree[name]
        tree = tree[int(at)] if at else tree
    return tree if isinstance(tree, str) else json.dumps(tree)
