"""Medians of what is done with a repository of N previews, next to the plain git sequence a script would use.

The script has its manifests at hand and a clone with a work tree: it writes files, `git add`, `git commit`, `git push`.
"Plain" writes two files in folders as ours; "script" one an object in a flat folder, as scripts do. Ours observes the
repository, plans, renders, validates, commits and pushes: as one who writes alone, or asking the remote first. Each
writes to a repository of its own with equal content, in turn. Ours also pays for its process where it says "command".
"""

from __future__ import annotations

import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count, product
from pathlib import Path, PurePosixPath

from timing import milliseconds

from generator.model.environment import Environment
from generator.values.naming import ENTRY_FILE, MANIFEST_FILE, IssueKey, preview_folder
from generator.yaml.writer import dump
from hub.adapters.git.opening import create_repository, open_store
from hub.adapters.git.store import GitRepository, Identity
from hub.adapters.git.trees import commit_tree
from hub.adapters.sqlite.entry_cache import SqliteEntryCache
from hub.settings import load_settings
from hub.wiring import Hub
from hub.writing.committer import GroupCommitter
from hub.writing.writer import Writer
from reconcilers.lifecycle.batch import Submission
from reconcilers.lifecycle.start import Starter, entry_text
from reconcilers.plan import FileChange, Plan
from reconcilers.state.layout import plan_layout
from reconcilers.state.reading import read_state
from worlds.builders import LIBRARY, NOW, environment, image, preview, start_request
from worlds.git_http import GitServer
from worlds.planning import layout

SIZES = (10, 1_000, 10_000)
ROUNDS = 5
#: Between two starts, for what is done when nobody waits: it is not to slow what is measured next.
_IDLE_SECONDS = 0.05
Files = Mapping[PurePosixPath, str]
STARTER = Starter(lambda *_: None, "test")
#: An environment takes 10,000 at most, so there is room for those that are started here.
IN_INT = 9_900
HUB = str(Path(sys.executable).parent / "rtb-hub")
WHO = Identity("rtb-hub", "hub@example.com")
FIRST = 10_001
#: A process begins with the peak memory of the one that it was forked from, so a small one starts and measures ours.
_LAUNCHER = """
import resource, subprocess, sys, time
begin = time.perf_counter()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
LEGEND = f"""
Medians of {ROUNDS}. Plain: work tree, add, commit, push of two files at hand in our folders; script: of a file an object
in a flat folder. "in process": one who writes alone; "asking": the remote is asked first. "command": a whole process.
Cold is without kept entries. Growth is of the remote's objects, as written, before any repacking."""


def texts(number: int, model: tuple[str, str, str]) -> tuple[str, str]:
    """Entry and manifest of preview RTB-`number`, made of those of a model, whose images and stamp are replaced."""
    entry, manifest, digest = model
    images = {name: hashlib.sha256(f"{name} {number}".encode()).hexdigest() for name in ("web", "api")}
    for was, now in ((f"{FIRST - 1}", f"{number}"), ("a" * 64, images["web"]), ("b" * 64, images["api"])):
        entry, manifest = entry.replace(was, now), manifest.replace(was, now)
    return entry.replace(digest, f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"), manifest


def model(env: Environment) -> tuple[str, str, str]:
    """An entry's text, its manifest's, and the digest that stands in the entry.

    Its shard is none of the environment's: all of those together have no room for thousands.
    """
    draft = preview(env, key=f"RTB-{FIRST - 1}", images={"web": image("web", "a"), "api": image("api", "b")})
    elsewhere = draft.model_copy(update={"spec": draft.spec.model_copy(update={"shard": "elsewhere-0"})})
    made, rendering = STARTER.rendered(elsewhere, env, LIBRARY)
    return entry_text(made), rendering.text, rendering.digest


def roomy() -> Environment:
    """The shipped int, with room for all."""
    tree = environment("int").as_tree()
    tree["spec"]["limits"]["previews"] = 10_000
    tree["spec"]["fargate"]["quotaVcpu"] = 100_000
    tree["spec"]["exposure"]["shards"] = 50
    return Environment.model_validate(tree)


def flat_files(number: int, texts_of: tuple[str, str, str]) -> dict[PurePosixPath, str]:
    """As a script writes a preview: one file an object, all previews in one folder."""
    entry, manifest = texts(number, texts_of)
    folder, documents = PurePosixPath(f"environments/int/previews/rtb-{number}"), manifest.split("\n---\n")
    named = {folder / f"{place:02}.yaml": document for place, document in enumerate(documents)}
    return {folder / ENTRY_FILE: entry, **named}


def our_files(number: int, texts_of: tuple[str, str, str], env: str = "int") -> dict[PurePosixPath, str]:
    """As ours is laid out: an entry and a manifest, in folders of a hundred."""
    folder = preview_folder(env, IssueKey("RTB", number))
    return dict(zip((folder / ENTRY_FILE, folder / MANIFEST_FILE), texts(number, texts_of), strict=True))


def build_flat(path: Path, count: int) -> None:
    """A bare repository with `count` previews as a script lays them out."""
    store, texts_of = bare(path), model(roomy())
    files = (flat_files(number, texts_of) for number in range(FIRST, FIRST + count))
    changes = tuple(FileChange(file, text.encode(), "") for some in files for file, text in some.items())
    store.commit(Plan("main", None, None, f"Start {count}", changes), at=NOW)


def bare(path: Path) -> GitRepository:
    """An empty repository that is pushed to and never packed."""
    create_repository(path, bare=True, remote=None, environ=os.environ)
    store = opened(str(path), path.parent / "cache")
    store.git.must("config", "http.receivepack", "true")
    store.git.must("config", "gc.auto", "0")
    return store


def build(path: Path, count: int) -> None:
    """A bare repository with `count` previews, laid out as `rtb-hub init` does, in one commit each."""
    store = bare(path)
    for plan in plan_layout(layout(**{"int__environment.yaml": dump(roomy().as_tree())}), store):
        store.commit(plan, at=NOW)
    by_env = {"int": min(count, IN_INT), "stg": max(0, count - IN_INT)}
    changes: list[FileChange] = []
    for env, many in by_env.items():
        texts_of = model(roomy() if env == "int" else environment(env))
        for number in range(FIRST, FIRST + many):
            files = our_files(number, texts_of, env)
            changes += [FileChange(file, text.encode(), "") for file, text in files.items()]
    head = store.snapshots()["main"].commit
    store.commit(Plan("main", head, head, f"Start {count}", tuple(changes)), at=NOW)


def opened(location: str, cache: Path) -> GitRepository:
    """The store at a location."""
    return open_store(location, cache=cache, environ=os.environ, identity=WHO)


def size(repository: Path) -> int:
    """Bytes of a repository's objects as they lie on the disk's blocks."""
    return sum(path.stat().st_size for path in (repository / "objects").rglob("*") if path.is_file())


@dataclass
class Case:
    """One repository size: copies of one origin for each way, and what each took."""

    scratch: Path
    count: int
    server: GitServer
    took: dict[str, list[float]] = field(default_factory=dict)
    growth: list[float] = field(default_factory=list)
    number: int = 20_000

    def origin(self, name: str, of: str = "") -> Path:
        """A copy of the repository of this size (`of`: its name's end), made when first asked for."""
        path = self.scratch / f"{self.count}-{name}.git"
        if not path.exists():
            shutil.copytree(self.scratch / f"{self.count}{of}.git", path)
        return path

    def time(self, title: str, work: Callable[[], object]) -> None:
        """Add one measurement."""
        self.took.setdefault(title, []).append(milliseconds(work))

    def fresh(self) -> int:
        """The number of an issue that has no preview."""
        self.number += 1
        return self.number

    def median(self, title: str) -> float:
        """Median milliseconds."""
        return statistics.median(self.took[title])


def plain(case: Case, title: str, name: str, location: str, files_of: Callable[..., Files]) -> Callable[[], None]:
    """The script's sequence in a clone with a work tree, which is made here."""
    clone = case.scratch / f"{case.count}-{title}-{name}-clone"
    subprocess.run(["git", "clone", "-q", location, clone], check=True)
    texts_of = model(roomy())

    def start() -> None:
        files = files_of(case.fresh(), texts_of)
        folder = clone / next(iter(files)).parent
        folder.mkdir(parents=True)
        for file, text in files.items():
            (clone / file).write_text(text, encoding="utf-8")
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "gc.auto=0")
        case.time(f"{title} add, commit, {name}", lambda: run(clone, who, str(folder)))
        case.time(f"{title} push, {name}", lambda: subprocess.run(["git", "-C", clone, "push", "-q"], check=True))
        both = (case.took[f"{title} {part}, {name}"][-1] for part in ("add, commit", "push"))
        case.took.setdefault(f"{title} start, {name}", []).append(sum(both))

    return start


def run(clone: Path, who: tuple[str, ...], folder: str) -> None:
    """`git add` and `git commit`."""
    subprocess.run(["git", "-C", clone, "add", folder], check=True)
    subprocess.run(["git", "-C", clone, *who, "commit", "-q", "-m", "Start"], check=True)


def in_process(case: Case, title: str, location: str, ours: Hub, *, asks: bool = False) -> Callable[[], None]:
    """Our start without the start of a process: observe, plan, render, validate, commit, push."""
    store = opened(location, case.scratch / f"{case.count}-{title}-cache")
    cache = SqliteEntryCache(case.scratch / f"{case.count}-{title}-entries", version="bench")
    minutes = count()  # after a minute nobody relies on what is known
    writer = Writer(store, ours.library, lambda: NOW + timedelta(minutes=next(minutes) if asks else 0), cache=cache)
    committer = GroupCommitter(writer)  # as a worker has it; its thread waits until the process ends

    def start() -> None:
        asked = start_request(f"RTB-{case.fresh()}")
        committer.write(Submission("int", asked.key, lambda state, now: ours.starter.plan(asked, state, now=now)))

    def measured() -> None:
        case.time(title, start)
        time.sleep(_IDLE_SECONDS)

    start()  # reads all, and compiles templates: as a worker does once
    return measured


def command(case: Case, title: str, *arguments: str, cache: str) -> int:
    """Time one whole process of ours; returns its peak memory in KiB, or that of the largest git it started."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(case.scratch), "RTB_HUB_ACTOR": "alice"}
    environ["RTB_HUB_CACHE"] = str(case.scratch / cache)
    launched = [sys.executable, "-S", "-c", _LAUNCHER, HUB, *arguments]
    done = subprocess.run(launched, env=environ, stdout=subprocess.PIPE, text=True, check=True)
    seconds, peak = done.stdout.split()
    case.took.setdefault(title, []).append(float(seconds) * 1000)
    return int(peak)


def start_command(case: Case, name: str, location: str) -> int:
    """`rtb-hub start` as a whole."""
    images = (part for name in ("web", "api") for part in ("--image", f"{name}={image(name)}"))
    key = f"RTB-{case.fresh()}"
    title, cache = f"ours command, {name}", f"{case.count}-{name}-command"
    return command(case, title, "start", key, "--env", "int", "--repo", location, *images, cache=cache)


def measure(case: Case, ours: Hub) -> dict[str, int]:
    """All measurements of one size. Returns peak memory in KiB by command."""
    places = {}
    for name in ("local", "http"):
        for way in ("plain", "script", "process", "asking", "command"):
            path = case.origin(f"{name}-{way}", "-flat" if way == "script" else "")
            places[name, way] = str(path) if name == "local" else case.server.url(path.name)
    work = []
    for name in ("local", "http"):
        work.append(plain(case, "plain", name, places[name, "plain"], our_files))
        work.append(plain(case, "script", name, places[name, "script"], flat_files))
        work.append(in_process(case, f"ours in process, {name}", places[name, "process"], ours))
    work.append(in_process(case, "ours asking, http", places["http", "asking"], ours, asks=True))
    peaks: dict[str, int] = {}
    for name in ("local", "http"):
        start_command(case, name, places[name, "command"])  # fills mirror and cache
        case.took.pop(f"ours command, {name}")
    for _ in range(ROUNDS):
        before = size(case.origin("http-process"))
        for one in work:
            one()
        case.growth.append((size(case.origin("http-process")) - before) / 1024)
        for name in ("local", "http"):
            peaks["start"] = max(peaks.get("start", 0), start_command(case, name, places[name, "command"]))
    store = opened(places["local", "process"], case.scratch)
    for number in range(ROUNDS):
        reads(case, store, case.scratch / f"{case.count}-cold-{number}")
        head = store.snapshots()["main"].commit
        change = FileChange(PurePosixPath(f"environments/int/previews/rtb/0/rtb-{number}/x"), b"x" * 8000, "")
        plan = Plan("main", head, head, "Start", (change,))
        case.time("ours commit, client part", partial(commit_tree, store.git, plan, who=("a", "a@b"), at=NOW))
        listing = ("list", "--repo", places["local", "process"], "--output", "json")
        command(case, "list command, cold", *listing, cache=f"{case.count}-list-{number}")
        peaks["list"] = command(case, "list command", *listing, cache=f"{case.count}-list-{number}")
    return peaks


def reads(case: Case, store: GitRepository, folder: Path) -> None:
    """A pass that looks for what is due, as the expiry reconciler does: cold, warm, and with one entry changed."""

    def due() -> int:
        state = read_state(store, "int", LIBRARY, cache=SqliteEntryCache(folder, version="bench"))
        ends = [record.facts.expires_at for record in state.entries if record.facts]
        return sum(1 for end in ends if end is not None and end <= NOW + timedelta(days=9))

    case.time("expiry pass, cold", due)
    case.time("expiry pass, warm", due)


def report(cases: Mapping[int, Case], peaks: Mapping[int, Mapping[str, int]]) -> None:
    """The tables."""
    titles = list(cases[SIZES[0]].took)
    print(f"\n{'milliseconds':<40}" + "".join(f"{f'N={count}':>12}" for count in cases) + f"{'last/first':>12}")
    for title in titles:
        found = [case.median(title) for case in cases.values()]
        print(f"{title:<40}" + "".join(f"{one:>12.1f}" for one in found) + f"{found[-1] / found[0]:>12.2f}")
    for name in ("local", "http"):
        ways = ("in process", "asking", "command") if name == "http" else ("in process", "command")
        for way, peer in product(ways, ("plain", "script")):
            found = [c.median(f"ours {way}, {name}") / c.median(f"{peer} start, {name}") for c in cases.values()]
            print(f"{f'ours {way} / {peer}, {name}':<40}" + "".join(f"{one:>12.2f}" for one in found))
    found = [c.median("ours commit, client part") / c.median("plain add, commit, local") for c in cases.values()]
    print(f"{'ours commit / plain add, commit':<40}" + "".join(f"{one:>12.3f}" for one in found))
    grown = [statistics.median(case.growth) for case in cases.values()]
    print(f"{'growth a start, KiB':<40}" + "".join(f"{one:>12.1f}" for one in grown))
    for name in ("start", "list"):
        print(f"{f'peak memory of {name}, MiB':<40}" + "".join(f"{p[name] / 1024:>12.0f}" for p in peaks.values()))
    print(LEGEND)


def main() -> None:
    """Print the tables."""
    ours = Hub(load_settings())
    cases: dict[int, Case] = {}
    peaks: dict[int, dict[str, int]] = {}
    with tempfile.TemporaryDirectory() as folder, GitServer(Path(folder)) as server:
        for many in SIZES:
            build(Path(folder) / f"{many}.git", many)
            build_flat(Path(folder) / f"{many}-flat.git", many)
            cases[many] = Case(Path(folder), many, server)
            peaks[many] = measure(cases[many], ours)
    report(cases, peaks)
