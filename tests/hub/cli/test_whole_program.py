"""Every command as a program of its own: what it prints and exits with. Other tests run the command line in theirs."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.errors import Reason
from hub.cli.app import app
from hub.output.exit_codes import CODES, DIFFERENT, NEEDS_A_PERSON, OK, REFUSED, UNHEALTHY, USAGE
from worlds.approving import TEAM, laid_out
from worlds.builders import image
from worlds.commands import IMAGES, Ran, commit_file, git, must, rtb_hub, whole_program
from worlds.dead_jobs import with_dead_job
from worlds.kube_api import KubeApi
from worlds.places import ROOT

KEY, MANIFEST = "RTB-1", "environments/int/previews/rtb/0/rtb-1/manifest.yaml"
IN_PRD = ("--env", "prd", "--blueprint", "web", "--image", f"web={image('web')}")
INT = ("--env", "int")
#: By command: arguments that succeed, with words of its output; arguments that fail, and the code they exit with.
PROGRAMS: dict[str, tuple[tuple[str, ...], str, tuple[str, ...], int | Reason]] = {
    "version": ((), "rtb-hub 0.1.0", ("more",), USAGE),
    "help": (("env", "show"), "--explain", ("nothing",), USAGE),
    "init": (("new.git",), "next: rtb-hub start KEY", ("taken",), Reason.TARGET_NOT_EMPTY),
    "start": ((KEY, *INT, *IMAGES, "--set", "web.cpu=500m"), "updated", ("RTB-2", *INT), Reason.INVALID_VALUE),
    "set": ((KEY, *INT, "web.cpu=500m"), "changed web.cpu: 250m", ("RTB-9", *INT, "web.cpu=1"), Reason.PREVIEW_NOT_FOUND),
    "unset": ((KEY, *INT, "web.env.A"), "up to date", (KEY, *INT, "web.cpus"), Reason.INVALID_VALUE),
    "diff": ((KEY, *INT, *IMAGES), "nothing would change", ("RTB-2", *INT, *IMAGES), DIFFERENT),
    "render": ((KEY, *INT, *IMAGES), "kind: Namespace", ("rtb_1", *INT, *IMAGES), Reason.INVALID_ISSUE_KEY),
    "show": ((KEY, *INT), "preview-rtb-1", ("RTB-9", *INT), Reason.PREVIEW_NOT_FOUND),
    "wait": (("RTB-9", *INT, "--for", "removed", "--cluster", "here"), "is removed", (KEY, *INT, "--cluster", "there"), Reason.UNKNOWN_CONTEXT),
    "doctor": (("--repo", "plain.git"), "checked", ("--env", "stg"), UNHEALTHY),
    "demo": (("demo",), "RTB-207", ("taken",), Reason.TARGET_NOT_EMPTY),
    "list": ((), "2 previews; ", ("--env", "itn"), Reason.UNKNOWN_ENVIRONMENT),
    "stop": ((KEY, *INT), "entry and manifests deleted", ("RTB-9", *INT), Reason.PREVIEW_NOT_FOUND),
    "extend": ((KEY, *INT, "--by", "1h"), "ends at", (KEY, *INT, "--by", "soon"), Reason.INVALID_VALUE),
    "sleep": ((KEY, *INT), "is put to sleep", ("RTB-9", *INT), Reason.PREVIEW_NOT_FOUND),
    "wake": ((KEY, *INT), "nothing was changed", ("RTB-9", *INT), Reason.PREVIEW_NOT_FOUND),
    "revive": ((KEY, *INT), "nothing was changed", ("RTB-9", *INT), Reason.PREVIEW_NOT_FOUND),
    "history": ((), "start", ("--since", "yesterday"), Reason.INVALID_VALUE),
    "price": (INT, "256 MiB", (*INT, "--set", "api.memory=much"), Reason.INVALID_VALUE),
    "validate": (("good",), "12 objects", ("bad",), CODES[Reason.MANIFEST_INVALID]),
    "guard": (("main^1..main",), "allowed", ("edited^1..edited",), REFUSED),
    "schema": (("preview",), '"$schema"', ("nothing",), Reason.INVALID_VALUE),
    "reconcile": (("--only", "expiry", *INT), "nothing to do; next at", ("--only", "expiry", "--env", "stg"), NEEDS_A_PERSON),
    "protect": (("--env", "prd"), "prd", ("--env", "itn"), Reason.UNKNOWN_ENVIRONMENT),
    "approvals": ((), "waits for: 1 more approval", ("--env", "itn"), Reason.UNKNOWN_ENVIRONMENT),
    "approve": (("RTB-5", "--env", "prd"), "approved request 1", (KEY, "--env", "prd"), Reason.REQUEST_NOT_FOUND),
    "env list": ((), "int", ("--environments", "taken"), Reason.INVALID_ENVIRONMENT),
    "env set": (("int", "lease.ttl=12h"), "commit", ("int", "lease.tll=1h"), Reason.INVALID_VALUE),
    "env add": (("int", "images.registries=r.example.com/"), "commit", ("int", "lease.ttl=1h"), Reason.INVALID_VALUE),
    "env remove": (("int", "aws.budget"), "commit", ("int", "lease.warnBefore"), Reason.INVALID_VALUE),
    "env show": (("int",), "0.04656", ("itn",), Reason.UNKNOWN_ENVIRONMENT),
    "account check": (("--help",), "SecurityAudit", ("--env", "itn"), Reason.UNKNOWN_ENVIRONMENT),
    "account record": (("--help",), "changes nothing", ("--env", "itn"), Reason.UNKNOWN_ENVIRONMENT),
    "account render": (INT, "AWS::EKS::FargateProfile", ("--env", "itn"), Reason.UNKNOWN_ENVIRONMENT),
    "argocd render": (INT, "kind: ApplicationSet", ("--env", "itn"), Reason.UNKNOWN_ENVIRONMENT),
    "hub render": (("--image", image("hub")), "kind: CronJob", ("--image", "hub:latest"), Reason.IMAGE_NOT_PINNED),
    "blueprint list": ((), "web-api-postgres", ("more",), USAGE),
    "blueprint show": (("web",), "web", ("wep",), Reason.UNKNOWN_BLUEPRINT),
    "blueprint check": (("web", *INT), "web", ("wep",), Reason.UNKNOWN_BLUEPRINT),
    "blueprint render": (("web", *INT), "kind: Namespace", ("wep", *INT), Reason.UNKNOWN_BLUEPRINT),
    "blueprint new": (("shop",), "shop", ("Shop",), Reason.INVALID_VALUE),
    "blueprint import": (("compose.yaml", "--name", "shop"), "shop", ("nothing.yaml", "--name", "shop"), Reason.INVALID_VALUE),
    "explain": (("environment.spec.lease",), "ttl", ("environment.spec.leese",), Reason.INVALID_VALUE),
    "digest": ((), "RTB", ("--since", "soon"), Reason.INVALID_VALUE),
    "why": (("RTB-9", *INT, "--cluster", "here"), "removed", (KEY, *INT, "--cluster", "there"), Reason.UNKNOWN_CONTEXT),
    "status": (("RTB-9", *INT, "--cluster", "here"), "removed", (KEY, *INT, "--cluster", "there"), Reason.UNKNOWN_CONTEXT),
    "open": ((KEY, *INT, "--force"), "https://rtb-1.", ("RTB-9", *INT, "--cluster", "here"), Reason.PREVIEW_FAILED),
    "logs": (("--help",), "rtb-hub-logs", (KEY, "web", *INT, "--cluster", "here"), Reason.INVALID_VALUE),
    "orphans": (("--help",), "left over", (*INT, "--cluster", "there"), Reason.UNKNOWN_CONTEXT),
    "config": ((), "RTB_HUB_REPO", ("more",), USAGE),
    "man": (("--to", "man1"), "pages are in man1", (), USAGE),
    "context add": (("team", "--repo", "state.git"), "is kept, and in use", ("Team", "--repo", "x"), Reason.INVALID_VALUE),
    "context list": ((), "there are no contexts", ("more",), USAGE),
    "context use": (("--none",), "no context is in use", ("team",), Reason.UNKNOWN_CONTEXT),
    "context show": (("--help",), "context show team", ("team",), Reason.UNKNOWN_CONTEXT),
    "context remove": (("--help",), "nothing is touched", ("team",), Reason.UNKNOWN_CONTEXT),
    "db upgrade": ((), "already", ("more",), USAGE),
    "db prune": (("--dry-run",), "would delete", ("more",), USAGE),
    "db grants": ((), "GRANT SELECT", ("--prefix", "A"), Reason.INVALID_VALUE),
    "login": (("--help",), "XDG_STATE_HOME", (), USAGE),
    "logout": (("--help",), "there and here", (), USAGE),
    "auth rotate": (("--help",), "encrypt all keys anew", (), Reason.INVALID_VALUE),
    "token create": (("ci", "--scope", "preview:read"), "rtbh_", ("Ci", "--scope", "preview:read"), Reason.INVALID_VALUE),
    "token list": ((), "token", ("more",), USAGE),
    "token revoke": (("--help",), "within five seconds", ("token-x",), Reason.NOT_FOUND),
    "tell": (("--help",), "edited", ("--dry-run",), Reason.INVALID_VALUE),
    "webhook list": ((), "github", ("--limit", "0"), USAGE),
    "webhook show": (("guid-1",), "verifiedBy", ("guid-2",), Reason.NOT_FOUND),
    "webhook replay": (("guid-1",), "put replay", ("guid-2",), Reason.NOT_FOUND),
    "job list": ((), "1 dead in jira-queue", ("--state", "gone"), USAGE),
    "job show": (("op-1",), "preview.start", ("op-2",), Reason.NOT_FOUND),
    "job retry": (("op-1",), "runs again", ("op-2",), Reason.NOT_FOUND),
}  # fmt: skip
#: They end when they are told to: test_serve.py and test_assistant.py of tests/hub/services start them as programs.
SERVES = ("serve", "mcp")
WITHOUT_REPOSITORY = (
    "man",
    "init",
    "demo",
    "schema",
    "validate",
    "blueprint list",
    "blueprint show",
    "blueprint new",
    "blueprint import",
    "explain",
    "price",
    "render",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a repository (a preview in int, a broken entry in stg, a request in prd) and a cluster's address."""
    folder = tmp_path_factory.mktemp("programs")
    laid_out(folder / "state.git", "{kind: local}")
    state = folder / "state.git"
    git(state, "config", "--add", "rtb-hub.member", f"{TEAM} bob")
    commit_file(state, "environments/stg/previews/rtb/0/rtb-7/preview.yaml", "kind: [\n")
    must("start", KEY, *INT, *IMAGES, "--repo", state)
    must("start", "RTB-5", *IN_PRD, "--repo", state)
    git(state, "branch", "edited", "main")
    text = git(state, "show", f"main:{MANIFEST}")
    commit_file(state, MANIFEST, text.replace("replicas: 1", "replicas: 9", 1), "edited")
    for name, manifest in (("good", text), ("bad", text.replace("replicas: 1", "replicsa: 1", 1))):
        (folder / name).mkdir()
        (folder / name / "manifest.yaml").write_text(manifest)
    must("init", folder / "plain.git")
    (folder / "compose.yaml").write_text("services: {web: {image: nginx, ports: ['80:80']}}\n")
    (folder / "taken").mkdir()
    (folder / "taken" / "file").write_text("mine\n")
    with_dead_job(folder / "data")
    with KubeApi() as api:
        api.kubeconfig(folder / "kubeconfig")
        yield folder


def commands_of(group: object, *names: str) -> Iterator[str]:
    """The names of all commands below a group."""
    for name, one in getattr(group, "commands", {}).items():
        if hasattr(one, "commands"):
            yield from commands_of(one, *names, name)
        else:
            yield " ".join((*names, name))


def test_no_command_is_left_out() -> None:
    assert sorted([*PROGRAMS, *SERVES]) == sorted(commands_of(app))


@pytest.mark.parametrize("command", PROGRAMS)
def test_a_command_does_what_it_is_for_and_tells_what_is_wrong(command: str, folder: Path, tmp_path: Path) -> None:
    subprocess.run(["cp", "-r", f"{folder}/.", tmp_path], check=True)
    good, words, bad, ends = PROGRAMS[command]
    environ = {
        "KUBECONFIG": str(tmp_path / "kubeconfig"),
        "RTB_HUB_ACTOR": "bob",
        "RTB_HUB_DATA": str(tmp_path / "data"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }
    if command not in WITHOUT_REPOSITORY:
        environ["RTB_HUB_REPO"] = str(tmp_path / "state.git")
    refused = whole_program(*command.split(), *bad, cwd=tmp_path, **environ)
    assert refused.code == (CODES[ends] if isinstance(ends, Reason) else ends), refused.err
    assert "Traceback" not in refused.err
    assert f"[{ends}]" in refused.err if isinstance(ends, Reason) else refused.out or refused.err
    ran = whole_program(*command.split(), *good, cwd=tmp_path, **environ)
    assert (ran.code, ran.err) == (0, ""), ran.out
    assert words in ran.out


def words(ran: Ran) -> list[str]:
    """What it told, by words: how lines break depends on the length of the program's name."""
    return re.findall(
        r"[^\s│╭╮╰╯─]+", f"{ran.out}\nand on standard error:\n{ran.err}".replace("python -m hub.cli.main", "rtb-hub")
    )


def test_both_ways_to_run_it_tell_the_same(folder: Path) -> None:
    """The command line in the test's process is what the program is: arguments, folder, variables, streams, code.

    Of commands that do not tell how much time is left, which differs from one run to the next.
    """
    for arguments in (
        ("history",),
        ("show", "RTB-9", *INT, "-o", "json"),
        ("start",),
        ("--help",),
        ("env", "show", "itn"),
    ):
        here, there = (run(*arguments, cwd=folder / "state.git", COLUMNS="90") for run in (rtb_hub, whole_program))
        assert here.code == there.code
        assert words(here) == words(there)
        assert here.out or here.err


def test_nothing_of_a_run_is_left_behind(folder: Path) -> None:
    before = dict(os.environ), Path.cwd(), sys.argv, sys.stdout, sys.stderr, sys.stdin
    rtb_hub("show", "RTB-9", *INT, cwd=folder, RTB_HUB_REPO="nowhere")
    assert before == (dict(os.environ), Path.cwd(), sys.argv, sys.stdout, sys.stderr, sys.stdin)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("list",), OK),
        (("list", "-o", "json"), OK),
        (("start", "RTB-77", *INT, *IMAGES), OK),  # what was committed is done, whoever reads of it
        (("render", KEY, *INT, *IMAGES), OK),
    ],
    ids=["list", "list as JSON", "start", "render"],
)
def test_a_reader_that_went_away_is_no_crash(arguments: tuple[str, ...], code: int, folder: Path) -> None:
    gone, pipe = os.pipe()
    os.close(gone)
    with os.fdopen(pipe, "wb") as out:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "hub.cli.main", *arguments],
            cwd=folder / "state.git",
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=out,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (code, b"")


def test_a_process_seldom_looks_for_garbage_and_not_at_its_end() -> None:
    looks = "import gc, atexit; gc.callbacks.append(lambda phase, _: phase == 'start' and print('looked'))"
    frozen = "atexit.register(lambda: print(f'frozen: {gc.get_freeze_count() > 0}'))"
    run = "import sys; sys.argv = ['rtb-hub', '--help']; from hub.cli.main import program; program()"
    code = f"{looks}; {frozen}; {run}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    starting, told, ending = done.stdout.partition("Usage: ")
    assert told
    assert starting.count("looked") <= 5  # else some 26 times
    assert "frozen: True" in ending


def test_a_terminal_gets_colour_and_its_width_and_a_pipe_gets_neither(folder: Path) -> None:
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm-256color",
        "RTB_HUB_REPO": str(folder / "state.git"),
    }
    del environ["COLUMNS"]
    terminal, end = pty.openpty()
    termios.tcsetwinsize(end, (24, 60))
    with os.fdopen(end, "wb") as out, os.fdopen(terminal, "rb", buffering=0) as told:
        subprocess.run([sys.executable, "-m", "hub.cli.main", "list"], env=environ, stdout=out, check=True)
        seen = os.read(told.fileno(), 1 << 16).decode()
    assert "\x1b[" in seen
    assert "PER HOUR" not in seen
    piped = whole_program("list", RTB_HUB_REPO=str(folder / "state.git")).out
    assert "\x1b[" not in piped
    assert "PER HOUR" in piped
