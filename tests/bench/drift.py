"""Time and memory of a drift pass over many previews in a real repository: cold, warm, one changed, all changed.

`python tests/bench/drift.py [COUNT]`. Each line is a process of its own, so that its memory is its own. Quote ratios.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).parent)]

from content import entry

from generator.model.blueprint import TemplateLibrary
from generator.model.environment import Environment
from generator.render.render import PreviewRenderer
from generator.values.naming import ENTRY_FILE, MANIFEST_FILE, preview_folder
from hub import __version__
from hub.reconciling.registry import drift_pass
from hub.settings import load_settings
from hub.wiring import Hub
from reconcilers.lifecycle.start import entry_text
from reconcilers.plan import FileChange, Plan
from reconcilers.state.layout import plan_layout
from worlds.builders import LIBRARY, NOW, environment
from worlds.planning import layout

TEMPLATE = "templates/preview/_common/more.yaml.j2"
MORE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more, namespace: {{ preview.namespace }}}\n"
ROUNDS = 3


def changes(count: int, env: Environment) -> Iterator[FileChange]:
    """The files of previews RTB-1 to RTB-`count`."""
    renderer = PreviewRenderer(LIBRARY)
    for number in range(1, count + 1):
        draft = entry(number, env)
        rendering = renderer.render(draft, env)
        preview = renderer.stamped(draft, rendering, env, __version__)
        folder = preview_folder(env.name, preview.key)
        yield FileChange(folder / MANIFEST_FILE, rendering.text.encode(), "bench")
        yield FileChange(folder / ENTRY_FILE, entry_text(preview).encode(), "bench")


def make(ours: Hub, count: int) -> None:
    """A state repository with `count` previews in int."""
    store = ours.store(None)
    for plan in plan_layout(layout(), store):
        store.commit(plan, at=NOW)
    head = store.snapshots()["main"].commit
    store.commit(Plan("main", head, head, "Start many", tuple(changes(count, environment()))), at=NOW)


def measure(ours: Hub, case: str) -> dict[str, float]:
    """One pass of `case`, observing included: seconds, seconds of the pass alone, MiB at most, and what it found."""
    library = TemplateLibrary({**LIBRARY.files, TEMPLATE: MORE}) if case == "all" else None
    begin = time.perf_counter()
    state = ours.reading(ours.store(None)).state("int")
    seen = time.perf_counter()
    found = drift_pass(ours, replace(state, library=library) if library else state, at=NOW)
    end = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    counts = {"equal": found.equal, "rendered": found.rendered, "differ": len(found.differences)}
    return {"whole": end - begin, "pass": end - seen, "MiB": peak, **counts, "waiting": found.waiting}


def edit(ours: Hub) -> None:
    """Change one manifest by hand."""
    store = ours.store(None)
    head = store.snapshots()["main"]
    path = preview_folder("int", entry(7, environment()).key) / MANIFEST_FILE
    text = head.read([path])[path].replace(b"replicas: 1", b"replicas: 2")
    store.commit(Plan("main", head.commit, head.commit, "Edit", (FileChange(PurePosixPath(path), text, ""),)), at=NOW)


def child(what: str, argument: str) -> None:
    """One step in a process of its own."""
    ours = Hub(load_settings())
    if what == "make":
        make(ours, int(argument))
    elif what == "edit":
        edit(ours)
    else:
        print(json.dumps(measure(ours, argument)))


def main(count: str = "10000") -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder, "state.git")
        subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(repository)], check=True)
        environ = {**os.environ, "RTB_HUB_REPO": str(repository), "HOME": folder, "XDG_CACHE_HOME": folder}

        def call(*arguments: str) -> str:
            command = [sys.executable, __file__, *arguments]
            return subprocess.run(command, check=True, env=environ, capture_output=True, text=True).stdout

        call("make", count)
        cases = ("cold", "entries warm", "warm", "one", "all")
        print(
            f"drift pass over {count:<16}{'whole s':>9}{'pass s':>8}{'MiB':>6}{'equal':>8}{'rendered':>10}{'differ':>8}{'waiting':>9}"
        )
        for case in cases:
            if case == "one":
                call("edit", "1")
            found = []
            for _ in range(ROUNDS):
                for name in {"cold": ["rtb-ai-hub"], "entries warm": ["rtb-ai-hub/drift"]}.get(case, []):
                    subprocess.run(["rm", "-rf", str(Path(folder, name))], check=True)
                found.append(json.loads(call("measure", case)))
            middle = sorted(found, key=lambda one: one["whole"])[ROUNDS // 2]
            print(
                f"{case:<32}{middle['whole']:>9.2f}{middle['pass']:>8.2f}{middle['MiB']:>6.0f}{middle['equal']:>8}{middle['rendered']:>10}{middle['differ']:>8}{middle['waiting']:>9}"
            )


if __name__ == "__main__":
    child(*sys.argv[1:])
