"""`validate` next to kubeconform on the same published objects, each a file: processor time and memory of a process.

Both are strict and have the same schemas on disk; ours checks more besides. They run in turn: quote ratios.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from listing import launched

from worlds import kubeconform
from worlds.public_manifests import published

OBJECTS, MOST_OF_A_MODULE, ROUNDS = 1000, 60, 5


def main() -> None:
    """Print the medians and the ratio."""
    with tempfile.TemporaryDirectory() as scratch:
        manifests, schemas = Path(scratch) / "manifests", Path(scratch) / "schemas"
        for made in (manifests, schemas):
            made.mkdir()
        kubeconform.write_schemas(schemas)
        chosen = published(MOST_OF_A_MODULE)[:OBJECTS]
        for number, one in enumerate(chosen):
            (manifests / f"{number:05}.yaml").write_text(one.text, encoding="utf-8")
        hub = str(Path(sys.executable).parent / "rtb-hub")
        ours = [hub, "validate", str(manifests), "--kubernetes", kubeconform.VERSION, "--output", "json"]
        commands = {"rtb-hub validate": ours, "kubeconform -strict": kubeconform.command(schemas, manifests)}
        took = _medians(commands)
    print(f"{f'{len(chosen)} published objects, a file each':<46}{'CPU s':>8}{'MiB':>8}{'x':>8}")
    least = took["kubeconform -strict"][0]
    for title, (seconds, mebibytes) in took.items():
        print(f"{title:<46}{seconds:>8.2f}{mebibytes:>8.0f}{seconds / least:>8.2f}")


def _medians(commands: dict[str, list[str]]) -> dict[str, tuple[float, float]]:
    samples: dict[str, list[tuple[float, float]]] = {title: [] for title in commands}
    for _ in range(ROUNDS):
        for title, command in commands.items():
            samples[title].append(_used(command))
    return {
        title: (statistics.median(s for s, _ in found), statistics.median(m for _, m in found))
        for title, found in samples.items()
    }


def _used(command: Sequence[str]) -> tuple[float, float]:
    """Seconds of CPU and MiB at most; both find mistakes, so their exit codes say nothing."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(launched(command), check=True, capture_output=True, text=True, env=kept)
    seconds, mebibytes = json.loads(done.stdout)
    return float(seconds), float(mebibytes)
