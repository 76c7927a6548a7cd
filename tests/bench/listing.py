"""What it costs to look at a repository of N previews: `list`, a pass of `reconcile`, and how many gits starts take.

Each line is a process of its own. CPU is the process's and its gits', of a machine that others may use: quote ratios.
`expiry pass` is one in process, observing included: what `list` is held to, since it reads the same entries.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).parent)]

from starts import HUB, build

from generator.values.formats import format_time
from hub.settings import load_settings
from hub.wiring import Hub
from reconcilers.scheduled.expiry import plan_expiry
from worlds.builders import NOW, image
from worlds.counted_git import CountedGit

SIZES = (100, 1_000, 10_000)
ROUNDS = 3
#: A process begins with the peak memory of the one that it was forked from, so a small one starts and measures ours.
_LAUNCHER = """
import json, resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""
CASES: Mapping[str, Sequence[str]] = {
    "list --limit 50": ("list", "--limit", "50"),
    "list -o json": ("list", "-o", "json"),
    "list (table)": ("list",),
    "reconcile --only expiry": ("reconcile", "--only", "expiry", "--at", format_time(NOW), "-o", "json"),
}
LEGEND = f"""
Medians of {ROUNDS}, entries kept by an earlier command. "over json": of the same N."""


def environ(folder: Path, **more: str) -> dict[str, str]:
    """What our processes see: a cache of their own, and compiled modules kept, as installed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "RTB_HUB_CACHE": str(folder / "cache"), "RTB_HUB_ACTOR": "bench", "COLUMNS": "200", **more}


def launched(command: Sequence[str]) -> list[str]:
    """A command that runs `command` and prints its seconds of CPU and MiB at most, as a list in JSON."""
    return [sys.executable, "-c", _LAUNCHER, *command]


def used(folder: Path, repository: str, arguments: Sequence[str]) -> tuple[float, float]:
    """Seconds of CPU and MiB at most, of one command."""
    command = launched([HUB, *arguments, "--repo", repository])
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environ(folder))
    seconds, mebibytes = json.loads(done.stdout)
    return seconds, mebibytes


def expiry_seconds(folder: Path, repository: str) -> float:
    """Seconds of CPU of an expiry pass in process, entries kept."""
    ours = Hub(load_settings(environ(folder)))
    store, _ = ours.store(repository), ours.library
    begin = time.process_time()
    for state in ours.reading(store).states():
        plan_expiry(state, at=NOW)
    return time.process_time() - begin


def median(measure: Callable[[], tuple[float, float]]) -> tuple[float, float]:
    """The median seconds and MiB."""
    found = [measure() for _ in range(ROUNDS)]
    return statistics.median(one[0] for one in found), statistics.median(one[1] for one in found)


def report(scratch: Path) -> Path:
    """CPU and memory by N. Returns the largest repository."""
    print(f"{'looking at N previews':<32}{'N':>8}{'CPU s':>8}{'MiB':>6}{'over json':>11}{'x N=' + str(SIZES[0]):>9}")
    first: dict[str, float] = {}
    for size in SIZES:
        folder = scratch / str(size)
        folder.mkdir()
        path = folder / "state.git"
        build(path, size)
        used(folder, str(path), CASES["list -o json"])
        rows = {title: median(partial(used, folder, str(path), arguments)) for title, arguments in CASES.items()}
        rows["expiry pass, in process"] = (
            statistics.median(expiry_seconds(folder, str(path)) for _ in range(ROUNDS)),
            0.0,
        )
        whole = rows["list -o json"][0]
        for title, (seconds, mebibytes) in rows.items():
            growth = seconds / first.setdefault(title, seconds)
            memory = f"{mebibytes:.0f}" if mebibytes else "–"
            print(f"{title:<32}{size:>8}{seconds:>8.2f}{memory:>6}{seconds / whole:>11.2f}{growth:>9.1f}")
    return path


def count_gits(scratch: Path) -> None:
    """Gits and fetches of a pass where nothing is due, and gits of a start."""
    folder = scratch / "few"
    folder.mkdir()
    counted = CountedGit(scratch / "bin")
    environments = folder / "environments"
    seen = environ(folder, PATH=counted.path)

    def gits(*arguments: str) -> list[str]:
        counted.taken()
        subprocess.run([HUB, *arguments], check=True, env=seen, stdout=subprocess.DEVNULL)
        return counted.taken()

    subprocess.run(["cp", "-r", str(Path(__file__).parents[2] / "environments"), str(environments)], check=True)
    with (environments / "prd" / "environment.yaml").open("a", encoding="utf-8") as file:
        file.write("  forge: {kind: local}\n")
    path = folder / "state.git"
    gits("init", str(path), "--environments", str(environments))
    subprocess.run(["git", "-C", path, "config", "rtb-hub.member", "example/prd-approvers bob"], check=True)
    start = ("start", "RTB-1", "--blueprint", "web", "--image", f"web={image('web')}", "--repo")
    print(f"\n{'gits':<32}{'all':>8}{'fetch':>8}")
    starts = {"start in int": gits(*start, str(path), "--env", "int")}
    for repository in (f"file://{path}", str(path)):
        gits("reconcile", "--repo", repository)
        kind = "a remote" if repository.startswith("file:") else "a path"
        starts[f"reconcile, nothing due, {kind}"] = gits("reconcile", "--repo", repository)
    starts["start in prd, gated"] = gits(*start, str(path), "--env", "prd")
    for title, taken in starts.items():
        print(f"{title:<32}{len(taken):>8}{taken.count('fetch'):>8}")


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        report(Path(folder))
        count_gits(Path(folder))
    print(LEGEND)


if __name__ == "__main__":
    main()
