"""`rtb-hub reconcile` as a process on a real repository: once, ahead, watching, twice at once, and killed."""

from __future__ import annotations

import itertools
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from generator.values.formats import parse_time
from hub.adapters.git.opening import create_repository, open_store
from hub.adapters.git.store import Identity
from reconcilers.state.layout import plan_layout
from worlds.builders import NOW
from worlds.commands import commit_file, git, must, rtb_hub, state_of
from worlds.kube_api import KubeApi
from worlds.places import PYTHON_PATH, WORLDS
from worlds.planning import layout, started
from worlds.polling import until
from worlds.reconciling import ROOMY

HOUR = timedelta(hours=1)
PAST = "2026-01-02T00:00:00Z"


def store_of(state: Path) -> Any:
    return open_store(str(state), cache=state, environ=os.environ, identity=Identity("hub", "hub@example.com"))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A bare state repository with the shipped environments."""
    create_repository(tmp_path / "state.git", bare=True, remote=None, environ=os.environ)
    store = store_of(tmp_path / "state.git")
    for plan in plan_layout(layout(), store):
        store.commit(plan, at=NOW)
    return tmp_path / "state.git"


def start(state: Path, key: str, *, ends: datetime | None = None, env: str = "int") -> None:
    """Start a preview with a day of time, or with an hour that ends then."""
    now = ends - timedelta(hours=1) if ends else datetime.now(UTC).replace(microsecond=0)
    started(store_of(state), env, key=key, ttl="1h" if ends else "24h", now=now, spec=ROOMY)


def live(state: Path) -> list[str]:
    listed = git(state, "ls-tree", "-r", "--name-only", "main", "environments/").split()
    return sorted(path.split("/")[-2] for path in listed if path.endswith("/preview.yaml"))


def expired(state: Path) -> list[str]:
    """The previews that commits say have expired, in all of the history."""
    log = git(state, "log", "--format=%(trailers:only,unfold)%x00", "main")
    blocks = [block.split("\n") for block in log.split("\0")]
    return sorted(
        line.removeprefix("Preview: ")
        for lines in blocks
        for line, action in itertools.pairwise(lines)
        if line.startswith("Preview: ") and action == "Action: expire"
    )


def test_what_has_nothing_to_do_is_one_line_and_none_when_quiet(state: Path) -> None:
    start(state, "RTB-1")
    told = must("reconcile", "--repo", state).out.splitlines()
    assert len(told) == 1, told
    assert re.fullmatch(r"18 reconcilers in int, prd, stg: nothing to do; next at [-0-9T:]+Z", told[0]) or told
    assert must("reconcile", "--quiet", "--repo", state).out == ""
    start(state, "RTB-2", ends=parse_time(PAST))
    told = must("reconcile", "--quiet", "--only", "expiry", "--repo", state).out.splitlines()
    assert [line.partition(":")[0] for line in told] == ["int expiry remove int/rtb-2", "int expiry"]


def test_once_then_nothing(state: Path) -> None:
    start(state, "RTB-1", ends=parse_time(PAST))
    start(state, "RTB-2")
    ran = must("reconcile", "--only", "expiry", "--repo", state)
    assert "int expiry remove int/rtb-1: its lease ended at 2026-01-02T00:00:00Z" in ran.out
    assert f"int expiry: done, commit {git(state, 'rev-parse', 'main')[:12]} on main" in ran.out
    assert (live(state), expired(state)) == (["rtb-2"], ["int/rtb-1"])
    before = state_of(state)
    again = must("reconcile", "--only", "expiry", "--repo", state, "-o", "json").json()
    assert state_of(state) == before
    assert [(one["environment"], one["actions"], one["commit"]) for one in again["passes"]] == [
        (name, [], None) for name in ("int", "prd", "stg")
    ]


def test_ahead_shows_the_very_commit(state: Path) -> None:
    start(state, "RTB-1", ends=parse_time(PAST))
    before = state_of(state)
    for words in (("--at", "2026-01-02T09:00:00+09:00"), ("--dry-run",)):
        shown = must("reconcile", "--only", "expiry", "--env", "int", *words, "--repo", state, "-o", "json").json()
        (ahead,) = shown["passes"]
        assert shown["dryRun"] is True
        assert ahead["actions"] == [
            {"kind": "remove", "preview": "int/rtb-1", "why": f"its lease ended at {PAST}", "due": PAST}
        ]
        assert state_of(state) == before
        (early,) = must(
            "reconcile", "--only", "expiry", "-e", "int", "--at", "2026-01-01T23:00:00Z", "--repo", state, "-o", "json"
        ).json()["passes"]
        assert (early["actions"][0]["kind"], early["plan"], early["nextDue"]) == ("warn", None, PAST)
    base = git(state, "rev-parse", "main").strip()
    (done,) = must("reconcile", "--only", "expiry", "--env", "int", "--repo", state, "-o", "json").json()["passes"]
    assert {**done, "commit": None} == ahead
    assert git(state, "log", "-1", "--format=%B", "main").strip() == ahead["plan"]["message"].strip()
    removed = git(state, "diff", "--name-status", base, "main").split("\n")[:-1]
    assert [f"remove {line[2:]}: its lease ended at {PAST}" for line in removed] == ahead["plan"]["changes"]


def test_too_many_are_held_until_a_person_confirms(state: Path) -> None:
    for number in range(1, 6):
        start(state, f"RTB-{number}", ends=parse_time(PAST))
    before = state_of(state)
    ran = rtb_hub("reconcile", "--only", "expiry", "--env", "int", "--repo", state)
    assert ran.code == 6
    assert (
        "int expiry held 5 of 5 previews are due at once, more than 50 % (expiry.maxShare); none is removed" in ran.out
    )
    told = re.search(r"rtb-hub (reconcile .*--confirm-removals) 5$", ran.out, re.MULTILINE)
    assert told
    assert rtb_hub(*told[1].split(), 4, "--repo", state).code == 6
    assert state_of(state) == before
    must(*told[1].split(), 5, "--repo", state)
    assert live(state) == []


def test_what_cannot_be_read_needs_a_person_and_keeps_no_other(state: Path) -> None:
    commit_file(state, "environments/int/previews/rtb/0/rtb-1/preview.yaml", "metadata: [")
    start(state, "RTB-2", ends=parse_time(PAST))
    start(state, "RTB-3", ends=parse_time(PAST), env="stg")
    ran = rtb_hub("reconcile", "--only", "expiry", "--repo", state, "-o", "json")
    assert ran.code == 6
    assert [aside["preview"] for one in ran.json()["passes"] for aside in one["setAside"]] == ["int/rtb-1"]
    assert live(state) == ["rtb-1"]
    assert (
        "int expiry skipped int/rtb-1: environments/int/"
        in rtb_hub("reconcile", "--only", "expiry", "--repo", state).out
    )


def test_what_prd_refuses_is_told_as_what_it_is(state: Path) -> None:
    start(state, "RTB-1", ends=parse_time(PAST), env="prd")
    git(state, "update-ref", "refs/heads/prd", "preview/prd/rtb-1")
    git(state, "branch", "-D", "preview/prd/rtb-1")
    path = "environments/prd/previews/rtb/0/rtb-1/preview.yaml"
    text = git(state, "show", f"prd:{path}")
    commit_file(state, path, text.replace('ttl: "1h"\n', f'ttl: "1h"\n    expiresAt: "{PAST}"\n'), "prd")
    start(state, "RTB-2", ends=parse_time(PAST))
    hook = state / "hooks" / "pre-receive"
    hook.write_text(
        '#!/bin/sh\nwhile read -r _ _ ref; do [ "$ref" != refs/heads/prd ] || { echo reviewed only >&2; exit 1; }; done\n'
    )
    hook.chmod(0o755)
    url = f"file://{state}"
    ran = rtb_hub("reconcile", "--only", "expiry", "--repo", url)
    assert ran.code == 35
    told = " ".join(ran.out.split())
    assert "prd expiry error: what has expired in prd is still there: cannot push to prd" in told
    assert "reviewed only" in told
    assert "push with the identity that may bypass its rule" in told
    assert live(state) == []
    hook.unlink()
    must("reconcile", "--only", "expiry", "--env", "prd", "--repo", url)
    assert "rtb-1" not in git(state, "ls-tree", "-r", "--name-only", "prd")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--only", "expire"), 14, "did you mean: expiry"),
        (("--at", "tomorrow"), 14, "RFC 3339"),
        (("--at", "2026-11-24T02:00:00"), 14, "offset from UTC"),
        (("--at", "2026-02-30T02:00:00Z"), 14, "RFC 3339"),
        (("--at", "0001-01-01T00:00:00+14:00"), 14, "RFC 3339"),
        (("--watch", "--dry-run"), 14, "--dry-run"),
        (("--metrics-port", 9100), 14, "add --watch"),
        (("--watch", "--metrics-address", "::1"), 14, "add --metrics-port"),
        (("--watch", "--at", PAST), 14, "--at"),
        (("--watch", "--confirm-removals", 5, "-e", "int"), 14, "one environment"),
        (("--confirm-removals", 5), 14, "one environment"),
        (("--confirm-removals", 5, "-e", "int", "-e", "stg"), 14, "one environment"),
        (("--confirm-removals", 0, "-e", "int"), 2, "--confirm-removals"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else None,
)
def test_options_that_make_no_sense_are_refused_before_anything_is_read(
    words: tuple[Any, ...], code: int, told: str
) -> None:
    ran = rtb_hub("reconcile", "--only", "expiry", *words, "--repo", "nowhere")
    assert ran.code == code
    assert told in ran.err


def test_an_environment_that_is_not_there_is_told_with_the_nearest(state: Path) -> None:
    for words in ((), ("--watch",)):
        ran = rtb_hub("reconcile", "--only", "expiry", "--env", "itn", *words, "--repo", state)
        assert ran.code == 11
        assert "did you mean: int" in ran.err


WATCH = ("reconcile", "--only", "expiry", "--watch")


class Watching:
    """A `reconcile --watch` in a process of its own. `clock`: a file that says its time (`worlds/watch_process.py`)."""

    def __init__(
        self, state: Path, *words: str, clock: Path | None = None, stderr: int = subprocess.PIPE, **environ: str
    ) -> None:
        program = [str(WORLDS / "watch_process.py"), str(clock)] if clock else ["-m", "hub.cli.main"]
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", *program, *WATCH, "--repo", str(state), *words],
            env={**os.environ, "PYTHONPATH": PYTHON_PATH, **environ},
            stderr=stderr,
            stdout=subprocess.PIPE,
            text=True,
        )

    def until(self, event: str) -> list[dict[str, Any]]:
        """The events up to the first of this name."""
        lines: list[dict[str, Any]] = []
        assert self.process.stderr
        for line in self.process.stderr:
            lines.append(json.loads(line))
            if lines[-1]["event"] == event:
                return lines
        raise AssertionError(f"it ended without {event!r}: {lines}")

    def end(self, number: int) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


@pytest.fixture
def watches() -> Iterator[list[Watching]]:
    started: list[Watching] = []
    yield started
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_watch_ends_cleanly_when_asked(state: Path, watches: list[Watching], number: int) -> None:
    watches.append(Watching(state, "-o", "json"))
    lines = watches[0].until("waiting")
    assert [(line["event"], line["level"]) for line in lines] == [("watching", "info"), ("waiting", "info")]
    assert len(lines[1]["reconcile_id"]) == 12
    code, out, err = watches[0].end(number)
    assert (code, out) == (0, "")
    assert json.loads(err.splitlines()[-1])["event"] == "ended"


def test_it_tells_the_figures_of_previews_in_clusters_too(state: Path, watches: list[Watching], tmp_path: Path) -> None:
    with KubeApi() as api:
        looks = {"RTB_HUB_CLUSTERS": "int=here", "KUBECONFIG": str(api.kubeconfig(tmp_path / "config"))}
        watches.append(Watching(state, "--metrics-port", "0", **looks))
        url = watches[0].until("waiting")[0]["metrics"]
        told = 'rtb_hub_phase_previews{environment="int",phase="running"} 0.0'
        until(lambda: told in urllib.request.urlopen(url).read().decode(), lambda: "no figures of previews")
        assert watches[0].end(signal.SIGTERM)[0] == 0


def test_its_lines_for_people_cannot_move_a_cursor(state: Path, watches: list[Watching]) -> None:
    commit_file(state, "environments/int/previews/rtb/0/rtb-1/preview.yaml", 'kind: "\\e[2J"\n')
    shown, terminal = pty.openpty()
    watches.append(Watching(state, stderr=terminal))
    os.close(terminal)
    with os.fdopen(shown, encoding="utf-8") as screen:
        head = [screen.readline() for _ in range(4)]
        assert re.match(r"\S+Z info    watching repository=\S+ reconcilers=expiry\n", head[0])
        about = r"reconcile_id=\w+ reconciler=expiry environment=int preview=int/rtb-1"
        assert re.match(rf"\S+Z warning set-aside {about} why=\".*\n", head[1])
        assert re.match(r"\S+Z info    round reconcile_id=\w+ outcome=done passes=3 .*set_aside=1 .*\n", head[2])
        assert "\x1b" not in "".join(head)
        assert watches[0].end(signal.SIGTERM)[0] == 0


def test_where_there_is_no_terminal_its_lines_are_for_machines(state: Path, watches: list[Watching]) -> None:
    watches.append(Watching(state))
    assert watches[0].until("waiting")[0]["repository"] == str(state)
    assert watches[0].end(signal.SIGTERM)[0] == 0


def test_it_serves_its_figures_and_whether_it_goes_on(state: Path, watches: list[Watching]) -> None:
    watches.append(Watching(state, "--metrics-port", "0"))
    url = watches[0].until("waiting")[0]["metrics"]
    assert url.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(url) as answer:
        figures = answer.read().decode()
    for name in ("int", "stg", "prd"):
        (told,) = re.findall(rf'^rtb_hub_last_success_timestamp_seconds{{environment="{name}"}} (\S+)$', figures, re.M)
        assert abs(float(told) - time.time()) < 120
    assert re.search(r'^rtb_hub_passes_total{environment="int",outcome="unchanged",reconciler="expiry"} 1.0$', figures, re.M)  # fmt: skip
    assert re.search(r"^process_resident_memory_bytes \d", figures, re.M)
    with urllib.request.urlopen(url.replace("/metrics", "/healthz")) as answer:
        assert answer.status == 200
    second = rtb_hub("reconcile", "--watch", "--metrics-port", url.split(":")[2].split("/")[0], "--repo", state)
    assert (second.code, "name a port that is free" in second.err) == (14, True)
    assert watches[0].end(signal.SIGTERM)[0] == 0


def test_two_watches_and_one_killed_end_where_one_does(state: Path, watches: list[Watching], tmp_path: Path) -> None:
    begin, clock = datetime.now(UTC).replace(microsecond=0), tmp_path / "clock"
    for number in (1, 2):
        start(state, f"RTB-{number}", ends=begin + number * HOUR)
    start(state, "RTB-3")

    def it_is(at: datetime) -> None:
        (tmp_path / "next").write_text(str(at.timestamp()))
        (tmp_path / "next").rename(clock)

    it_is(begin)
    watches += [Watching(state, "-o", "json", clock=clock), Watching(state, "-o", "json", clock=clock)]
    for one in watches:
        one.until("waiting")
    watches[0].process.kill()
    for number, kept in ((1, ["rtb-2", "rtb-3"]), (2, ["rtb-3"])):
        it_is(begin + number * HOUR)
        until(lambda kept=kept: live(state) == kept, lambda: f"{live(state)} are still there")  # type: ignore[misc]
    assert expired(state) == ["int/rtb-1", "int/rtb-2"]
    code, _, err = watches[1].end(signal.SIGTERM)
    assert code == 0
    done = [line["preview"] for line in map(json.loads, err.splitlines()) if line["event"] == "done"]
    assert done == ["int/rtb-1", "int/rtb-2"]
    git(state, "fsck", "--strict", "--no-dangling")
    assert git(state, "rev-list", "--merges", "main") == ""


@pytest.fixture
def rounds(state: Path) -> Iterator[Callable[[str], int]]:
    """Makes a round of a watch with a PATH, in a process that may be killed, and says how it ended."""
    command = [sys.executable, str(WORLDS / "watch_process.py"), "once", *WATCH, "--repo", str(state)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": PYTHON_PATH}, text=True, **pipes) as process:

        def a_round(path: str) -> int:
            process.stdin.write(f"{path}\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            return int(process.stdout.readline())  # type: ignore[union-attr]

        yield a_round


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_watch_killed_at_any_git_call_leaves_whole_commits_and_no_work_undone(
    state: Path, rounds: Callable[[str], int], tmp_path: Path, when: str
) -> None:
    """It is killed (-9) when it starts the n-th git, before or after that took effect, for every n of a round."""
    for number in range(1, 4):
        start(state, f"RTB-{number}", ends=parse_time(PAST))
    for number in range(4, 9):
        start(state, f"RTB-{number}")
    kept = [f"rtb-{number}" for number in range(4, 9)]
    everything = ["rtb-1", "rtb-2", "rtb-3", *kept]
    begin = git(state, "rev-parse", "main").strip()
    real, tool, count = shutil.which("git"), tmp_path / "bin" / "git", tmp_path / "count"
    tool.parent.mkdir()
    dies = "kill -9 $PPID; exit 1" if when == "before" else f'"{real}" "$@"; kill -9 $PPID; exit 0'
    tool.write_text(
        f'#!/bin/sh\nread -r n < "{count}"; echo $((n-1)) > "{count}"\n[ "$n" = 1 ] && {{ {dies}; }}\nexec "{real}" "$@"\n'
    )
    tool.chmod(0o755)
    path = os.environ["PATH"]
    left: list[list[str]] = []
    for n in itertools.count(1):
        count.write_text(f"{n}\n")
        code = rounds(f"{tool.parent}:{path}")
        if code == 0:
            break
        assert code == -signal.SIGKILL
        left.append(live(state))
        assert left[-1] in (kept, everything)
        git(state, "fsck", "--strict", "--no-dangling")
        assert rounds(path) == 0
        assert (live(state), expired(state)) == (kept, ["int/rtb-1", "int/rtb-2", "int/rtb-3"])
        git(state, "update-ref", "refs/heads/main", begin)
    assert n > 5
    assert everything in left
    assert live(state) == kept
