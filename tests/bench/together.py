"""A hundred starts at once on a remote with N previews: in common commits, next to one push each. Quote ratios.

Both sides render, validate and push over HTTP to `git http-backend` on loopback. One push each is the kindest case: one
writer, one after the other, no race lost.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from generator.values.naming import IssueKey, preview_folder
from hub import assets
from hub.adapters.git.opening import create_repository, open_store
from hub.adapters.git.store import Identity
from hub.settings import load_settings
from hub.wiring import Hub
from hub.writing.committer import GroupCommitter
from hub.writing.writer import Writer
from reconcilers.lifecycle.batch import Submission
from reconcilers.lifecycle.start import Starter, draft_of, entry_text
from reconcilers.lifecycle.start_or_wait import plan_start
from reconcilers.plan import FileChange, Plan
from reconcilers.ports.git import GitStore
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.layout import plan_layout
from worlds.builders import LIBRARY, NOW, start_request
from worlds.git_http import GitServer
from worlds.planning import layout

PREVIEWS, AT_ONCE, ALONE = 1000, 100, 20
ROOMY = {"previews: 20": "previews: 10000", "quotaVcpu: 6": "quotaVcpu: 100000", "shards: 1": "shards: 50"}


def opened(location: object, scratch: Path) -> GitStore:
    """A store with a mirror of its own, as another machine has it."""
    cache = Path(tempfile.mkdtemp(dir=scratch))
    return open_store(str(location), cache=cache, environ=os.environ, identity=Identity("bench", "bench@example.com"))


def prepared(scratch: Path, count: int, starter: Starter) -> Path:
    """A bare repository with `count` previews in int."""
    origin = scratch / "origin.git"
    create_repository(origin, bare=True, remote=None, environ=os.environ)
    subprocess.run(["git", "-C", origin, "config", "http.receivepack", "true"], check=True)
    base = assets.environment_files()["environments/base/environment.yaml"]
    for old, new in ROOMY.items():
        base = base.replace(old, new)
    store = opened(origin, scratch)
    for plan in plan_layout(layout(**{"base__environment.yaml": base}), store):
        store.commit(plan, at=NOW)
    head = store.snapshots()["main"].commit
    changes = tuple(change for number in range(1, count + 1) for change in _files(number, starter))
    store.commit(Plan("main", head, head, f"{count} previews", changes), at=NOW)
    return origin


def _files(number: int, starter: Starter) -> list[FileChange]:
    from worlds.builders import environment

    env, key = environment(), IssueKey("OLD", number)
    draft = draft_of(start_request(str(key), blueprint="web"), env, LIBRARY, now=NOW)
    spec = draft.spec.model_copy(update={"shard": f"previews-{number % 50}"})
    folder = preview_folder("int", key)
    text = entry_text(draft.model_copy(update={"spec": spec}))
    return [
        FileChange(folder / "preview.yaml", text.encode(), ""),
        FileChange(folder / "manifest.yaml", f"# {key}\n".encode() * 300, ""),
    ]


def starting(number: int, starter: Starter) -> Submission[Any]:
    """The start of preview RTB-`number`."""
    asked = start_request(f"RTB-{number}")

    def plan(state: EnvironmentState, now: datetime) -> Any:
        return plan_start(asked, state, starter=starter, now=now)

    return Submission("int", asked.key, plan)


def seconds(work: Callable[[], object]) -> float:
    """How long `work` took."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def at_once(committer: GroupCommitter, starter: Starter) -> None:
    """Start previews from a thread each, and wait until all are acknowledged."""
    threads = [
        threading.Thread(target=committer.write, args=[starting(n, starter)]) for n in range(1000, 1000 + AT_ONCE)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    """Print the comparison."""
    starter = Hub(load_settings()).starter
    with tempfile.TemporaryDirectory() as folder, GitServer(Path(folder)) as server:
        scratch = Path(folder)
        origin = prepared(scratch, PREVIEWS, starter)
        url = server.url("origin.git")
        writer = Writer(opened(url, scratch), LIBRARY, lambda: NOW)
        writer.write(starting(1, starter))  # the clone, and templates compiled
        before = commits(origin)
        alone = seconds(lambda: [writer.write(starting(n, starter)) for n in range(2, 2 + ALONE)]) / ALONE
        assert commits(origin) - before == ALONE
        before = commits(origin)
        with GroupCommitter(writer) as committer:
            together = seconds(lambda: at_once(committer, starter))
        made = commits(origin) - before
        listed = writer.store.snapshots()["main"].files(PurePosixPath("environments/int/previews/rtb"))
        assert len(listed) == 2 * (1 + ALONE + AT_ONCE), "all were written"
    print(f"N = {PREVIEWS} previews, {AT_ONCE} starts")
    print(f"{'one push each':<20}{AT_ONCE:>6} commits{alone * AT_ONCE:>8.1f} s (from {ALONE})")
    print(f"{'group commit':<20}{made:>6} commits{together:>8.1f} s, {alone * AT_ONCE / together:.1f} x as fast")


def commits(origin: Path) -> int:
    """Commits on main."""
    told = subprocess.run(
        ["git", "-C", origin, "rev-list", "--count", "main"], check=True, capture_output=True, text=True
    )
    return int(told.stdout)


if __name__ == "__main__":
    main()
