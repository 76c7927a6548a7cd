"""What each peer gets: the same objects in its own language, with what makes a preview as values beside the templates.

Each is given the lightest work that writes the objects: values come ready, where ours derives them from the entry, and
nothing is validated. Each is called as its users call it, without a network.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from content import Pattern, fill_slots
from peers import node

from generator.yaml.writer import dump


@dataclass(frozen=True)
class Job:
    """A process to time, and where its objects are afterwards: in files below `writes`, else on standard output."""

    command: Sequence[str]
    cwd: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    writes: Path | None = None


@dataclass(frozen=True)
class Inputs:
    """Previews for peers: what they share, and the values of each by its key."""

    pattern: Pattern
    previews: Mapping[str, Mapping[str, str]]

    def templates(self, expression: str) -> dict[str, str]:
        """A template an object, by file name. `expression` prints a value as quoted YAML; it calls the value NAME."""
        trees = self.pattern.slotted()
        return {f"{tree['kind']}-{n}.yaml".lower(): fill_slots(dump(tree), expression) for n, tree in enumerate(trees)}


def helm(inputs: Inputs, installed: Path, at: Path) -> Job:
    """A chart. One release a process: with more than one preview, its values are those of the first."""
    key, values = next(iter(inputs.previews.items()))
    _write(at / "chart" / "Chart.yaml", dump({"apiVersion": "v2", "name": "preview", "version": "0.1.0"}))
    for name, text in inputs.templates("{{ .Values.NAME | quote }}").items():
        _write(at / "chart" / "templates" / name, text)
    _write(at / "values.yaml", dump(values))
    return Job([str(installed / "tool"), "template", key, "chart", "--values", "values.yaml"], at)


def kustomize(inputs: Inputs, installed: Path, at: Path) -> Job:
    """A base, which is a preview, and an overlay for each other: namespace, labels, images, and patches for the rest."""
    base = {f"{tree['kind']}-{n}.yaml".lower(): tree for n, tree in enumerate(inputs.pattern.first)}
    for name, tree in base.items():
        _write(at / "base" / name, dump(tree))
    _write(at / "base" / "kustomization.yaml", dump(_kustomization(sorted(base))))
    for key, values in inputs.previews.items():
        overlay = _kustomization(["../../base"]) | _overlay(inputs.pattern, values)
        _write(at / "previews" / key / "kustomization.yaml", dump(overlay))
    keys = list(inputs.previews)
    _write(at / "all" / "kustomization.yaml", dump(_kustomization([f"../previews/{key}" for key in keys])))
    return Job([str(installed / "tool"), "build", f"previews/{keys[0]}" if len(keys) == 1 else "all"], at)


def _kustomization(resources: list[str]) -> dict[str, Any]:
    return {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": resources}


def _overlay(pattern: Pattern, values: Mapping[str, str]) -> dict[str, Any]:
    """The built-in transformers where they give the same objects. (Labels in selectors: they would add to them.)"""
    namespace: set[str] = set()
    labels: dict[str, str] = {}
    images: list[dict[str, str]] = []
    patches: dict[int, list[dict[str, str]]] = {}
    for (index, *path), name in pattern.names.items():
        value = values[name]
        if path in (["metadata", "namespace"], ["metadata", "name"]):
            namespace.add(value)
        elif path[-3:-1] == ["metadata", "labels"]:
            labels[str(path[-1])] = value
        elif path[-1] == "image":
            image, _, digest = value.partition("@")
            images.append({"name": image, "digest": digest})
        else:
            pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
            patches.setdefault(int(index), []).append({"op": "replace", "path": pointer, "value": value})
    (only,) = namespace
    return {
        "namespace": only,
        "labels": [{"pairs": labels, "includeTemplates": True}],
        "images": images,
        "patches": [
            {"target": {"kind": tree["kind"], "name": tree["metadata"]["name"]}, "patch": dump(patches[index])}
            for index, tree in enumerate(pattern.first)
            if index in patches
        ],
    }


def kapitan(inputs: Inputs, installed: Path, at: Path) -> Job:
    """A class that compiles Jinja templates, and a target a preview. Uses all cores, as it does by default."""
    for name, text in inputs.templates("{{ inventory.parameters.preview.NAME | tojson }}").items():
        _write(at / "templates" / name, text)
    compiled = {"output_path": ".", "input_type": "jinja2", "input_paths": ["templates"]}
    shared = {"parameters": {"kapitan": {"compile": [compiled]}}}
    _write(at / "inventory" / "classes" / "preview.yml", dump(shared))
    for key, values in inputs.previews.items():
        target = {"classes": ["preview"], "parameters": {"kapitan": {"vars": {"target": key}}, "preview": values}}
        _write(at / "inventory" / "targets" / f"{key}.yml", dump(target))
    return Job([str(installed / "bin" / "python"), "-m", "kapitan", "compile"], at, writes=at / "compiled")


def cdk8s(inputs: Inputs, installed: Path, at: Path) -> Job:
    """An app in JavaScript with a chart a preview, run by Node itself: without the start of cdk8s' own command."""
    _write(at / "values.json", json.dumps(inputs.previews))
    objects = fill_slots(json.dumps(inputs.pattern.slotted(), indent=2), "v.NAME")
    lines = [
        'const { App, Chart, ApiObject } = require("cdk8s");',
        'const previews = require("./values.json");',
        f"const objects = (v) => {objects};",
        "const app = new App();",
        "for (const [key, values] of Object.entries(previews)) {",
        "  const chart = new Chart(app, key);",
        '  objects(values).forEach((o, n) => new ApiObject(chart, o.kind + "-" + n, o));',
        "}",
        "app.synth();",
    ]
    _write(at / "app.js", "\n".join(lines) + "\n")
    environ = {"NODE_PATH": str(installed / "node_modules")}
    return Job([str(node(installed)), "app.js"], at, environ, writes=at / "dist")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


#: Of a peer: how to write its inputs into a folder, given where it is installed.
WRITERS: Mapping[str, Callable[[Inputs, Path, Path], Job]] = {
    "helm": helm,
    "kustomize": kustomize,
    "kapitan": kapitan,
    "cdk8s": cdk8s,
}
#: Peers that render many previews in one process. Helm renders one release a process.
BATCH = frozenset({"kustomize", "kapitan", "cdk8s"})
