"""What is measured, by name; and medians of rendering and start-up, ours next to peers that write the same objects. Quote ratios: machines differ.

Ours is validated, a peer's is not. A peer that cannot be installed, or whose objects are others than ours, is named with
the reason instead of a time.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

import drift
import kills
import listing
import services
import starts
import together
import validating
import webhook
from content import ACTOR, BRANCH, Objects, Pattern, difference, entry, images, rendered
from peer_inputs import BATCH, WRITERS, Inputs, Job
from peers import PEERS, NotInstalledError, Peer, reason
from timing import Took, medians, middle, milliseconds, spent, texts

from generator.model.environment import Environment
from generator.render.render import PreviewRenderer
from generator.validate.policy import PolicySettings
from generator.validate.validation import Validator
from hub import assets
from worlds.builders import LIBRARY, environment

HUB = str(Path(sys.executable).parent / "rtb-hub")
BARE, OURS = "python -c pass", "rtb-hub render, validated"
#: What a start is held against: a process that imports the two libraries that any renderer of templates would.
REFERENCE = "python -c 'import jinja2, yaml'"
COMPLETION = {"_RTB_HUB_COMPLETE": "bash_complete", "COMP_WORDS": "rtb-hub st", "COMP_CWORD": "1"}
COLD_ROUNDS, BATCH_ROUNDS = 9, 3
#: Previews in one process of a peer. Marginal time is what counts, and a thousand would take minutes.
PEER_BATCH = 100
#: Our own batches, the one that peers are held against last.
WARM = (10, 100, 1000)
LEGEND = f"""
Bare is python. Every peer timed wrote the same objects as ours, compared as parsed YAML in this run; none validates them.
Ours warm is in process, with new renderer and validator; a peer's is what each of {PEER_BATCH} previews adds to its process.
All take turns, and ratios are of processor time, of all threads: it says more where others are at work.
Helm renders one release a process."""


@dataclass(frozen=True)
class Peers:
    """Processes to time, by title: `one` renders one preview, `many` renders PEER_BATCH. `faults` say why not."""

    one: dict[str, Job]
    many: dict[str, Job]
    faults: dict[str, str]


def ours() -> dict[str, Job]:
    """Our own processes by title."""
    pinned = [part for name, reference in images(1).items() for part in ("-i", f"{name}={reference}")]
    here, environ = Path.cwd(), {"RTB_HUB_ACTOR": ACTOR}
    return {
        BARE: Job([sys.executable, "-c", "pass"], here),
        "rtb-hub --version": Job([HUB, "--version"], here),
        "rtb-hub --help": Job([HUB, "--help"], here),
        "rtb-hub start --help": Job([HUB, "start", "--help"], here),
        "completion of 'rtb-hub st'": Job([HUB], here, COMPLETION),
        OURS: Job([HUB, "render", "RTB-1", "--env", "int", "--branch", BRANCH, *pinned], here, environ),
    }


def prepared(
    previews: Sequence[Objects], scratch: Path, *, peers_wanted: Sequence[Peer] = PEERS, most: int = PEER_BATCH
) -> Peers:
    """Install each peer that is wanted, write its inputs, run it once and hold what it wrote to `previews`.

    `most` 1: for one preview alone.
    """
    *wanted, another = previews
    pattern = Pattern(another, wanted[-1])
    values = {f"rtb-{number}": pattern.values(objects) for number, objects in enumerate(wanted, 1)}
    peers = Peers({}, {}, {})
    for peer in peers_wanted:
        try:
            installed = peer.installed()
            for count, jobs in ((1, peers.one), (PEER_BATCH, peers.many)):
                if count > most:
                    continue
                if count == 1 or peer.name in BATCH:
                    inputs = Inputs(pattern, dict(list(values.items())[:count]))
                    job = WRITERS[peer.name](inputs, installed, scratch / peer.name / str(count))
                    objects = [tree for objects in wanted[:count] for tree in objects]
                    if fault := fault_of(job, objects, scratch):
                        peers.faults[peer.title] = f"rendering {count}: {fault}"
                    else:
                        jobs[peer.title] = job
        except NotInstalledError as err:
            peers.faults[peer.title] = f"not installed: {err}"
    return peers


def fault_of(job: Job, expected: Objects, home: Path, *, clock: bool = False) -> str | None:
    """Why `job` is not to be timed: it fails, or writes other objects than expected."""
    try:
        return difference(expected, texts(job, home), clock=clock)
    except subprocess.CalledProcessError as err:
        return f"fails: {reason(err.stderr) or reason(err.stdout) or err}"


def warm(count: int, env: Environment, *, validate: bool) -> Took:
    """Time a preview in one batch of `count` different previews, new renderer and validator."""
    entries = [entry(number, env) for number in range(1, count + 1)]

    def work() -> None:
        renderer, validator = PreviewRenderer(LIBRARY), Validator(assets.generator_data)
        for one in entries:
            manifests = renderer.render(one, env).manifests
            if validate:
                settings = PolicySettings.for_preview(one, env)
                assert not validator.validate(manifests, kubernetes=["1.34"], settings=settings)

    before = time.process_time()
    wall = milliseconds(work)
    return Took(wall / count, (time.process_time() - before) * 1000 / count)


def report_cold(took: Mapping[str, float], faults: Mapping[str, str], objects: int) -> None:
    """One preview, whole process; and why a peer is missing from a table."""
    helm = next((one for title, one in took.items() if title.startswith("helm ")), None)
    print(f"{f'one preview of {objects} objects, whole process':<46}{'median ms':>10}{'x bare':>8}{'x helm':>8}")
    for title, one in took.items():
        print(f"{title:<46}{one:>10.1f}{one / took[BARE]:>8.1f}{f'{one / helm:.2f}' if helm else '–':>8}")
    for title, fault in faults.items():
        print(f"{title:<46}{fault}")


def measured_warm(env: Environment, peers: Peers, scratch: Path) -> tuple[dict[str, Took], dict[str, Took]]:
    """Ours by title, and what each further preview adds to a peer's process: medians of rounds that take turns."""
    rounds: list[dict[str, Took]] = []
    added: list[dict[str, Took]] = []
    for _ in range(BATCH_ROUNDS):
        titles = {"ours, text only": False, "ours, validated": True}
        rounds.append({f"{title:<36}{n:>10}": warm(n, env, validate=on) for n in WARM for title, on in titles.items()})
        few, many = (spent(jobs, scratch, 1) for jobs in (peers.one, peers.many))
        added.append({title: _each(few[title], many[title]) for title in many})
    return middle(rounds), middle(added)


def _each(few: Took, many: Took) -> Took:
    return Took(*((all_of - one) / (PEER_BATCH - 1) for one, all_of in zip(few, many, strict=True)))


def report_warm(ours: Mapping[str, Took], added: Mapping[str, Took]) -> None:
    """Many previews in one process. Of a peer: what each further preview adds to its process, next to ours validated."""
    print(f"\n{'many previews in one process':<36}{'previews':>10}{'wall ms':>10}{'cpu ms':>10}{'x ours, cpu':>13}")
    for title, (wall, cpu) in ours.items():
        print(f"{title}{wall:>10.2f}{cpu:>10.2f}")
    last = [*ours.values()][-1]
    for title, (wall, cpu) in added.items():
        print(f"{title:<36}{PEER_BATCH:>10}{wall:>10.2f}{cpu:>10.2f}{cpu / last.cpu:>13.1f}")


def render() -> None:
    """Print the tables of rendering and start-up."""
    env = environment()
    previews = rendered(PEER_BATCH + 1, env)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        peers = prepared(previews, scratch)
        processes = ours()
        if fault := fault_of(processes[OURS], previews[0], scratch, clock=True):
            sys.exit(f"{OURS}: {fault}")
        cold = medians(processes | peers.one, scratch, COLD_ROUNDS)
        ours_warm, added = measured_warm(env, peers, scratch)
    report_cold(cold, peers.faults, len(previews[0]))
    report_warm(ours_warm, added)
    print(LEGEND)


def cold() -> None:
    """Print how long starting takes, next to peers that render the same objects from templates."""
    previews = rendered(3, environment())
    wanted = [peer for peer in PEERS if peer.name in ("helm", "kustomize")]
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        peers = prepared(previews, scratch, peers_wanted=wanted, most=1)
        processes = ours()
        if fault := fault_of(processes[OURS], previews[0], scratch, clock=True):
            sys.exit(f"{OURS}: {fault}")
        reference = {REFERENCE: Job([sys.executable, "-c", "import jinja2, yaml"], Path.cwd())}
        took = spent(reference | processes | peers.one, scratch, COLD_ROUNDS)
    report_starts(took, peers.faults)


def report_starts(took: Mapping[str, Took], faults: Mapping[str, str]) -> None:
    """Each process's time and processor time, and the latter's ratio to the reference and to helm."""
    helm = next((one for title, one in took.items() if title.startswith("helm ")), None)
    print(f"{'whole process, one preview':<46}{'wall ms':>10}{'cpu ms':>10}{'x jinja2+yaml':>15}{'x helm':>8}")
    for title, (wall, cpu) in took.items():
        beside = f"{cpu / helm.cpu:.2f}" if helm else "–"
        print(f"{title:<46}{wall:>10.1f}{cpu:>10.1f}{cpu / took[REFERENCE].cpu:>15.2f}{beside:>8}")
    for title, fault in faults.items():
        print(f"{title:<46}{fault}")


BENCHES = {
    "cold": cold,
    "render": render,
    "git": starts.main,
    "together": together.main,
    "drift": drift.main,
    "list": listing.main,
    "validate": validating.main,
    "webhook": webhook.main,
    "services": services.main,
    "kills": kills.main,
}


def main(*names: str) -> None:
    """Run the benches of these names; all when there is none."""
    if unknown := [name for name in names if name not in BENCHES]:
        sys.exit(f"no bench is called {unknown[0]}; there are {', '.join(BENCHES)}")
    for name in names or BENCHES:
        BENCHES[name]()


if __name__ == "__main__":
    main(*sys.argv[1:])
