"""Completion in bash, zsh and fish: what is offered, the scripts, and where they are put."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import pexpect
import pytest

from generator.model.blueprint import TemplateLibrary
from hub.adapters import server_names
from hub.adapters.git import glance
from hub.assets import template_files
from hub.cli import names
from hub.cli.about import SCHEMAS
from hub.commands.schema import NAMES
from hub.views.listing.model import LEASE_PHASES
from reconcilers.health.phase import PhaseName
from worlds.api_world import api_world
from worlds.commands import IMAGES, commit_file, git, must, rtb_hub
from worlds.places import ROOT
from worlds.repositories import state_repository
from worlds.served import on_loopback
from worlds.serving import served
from worlds.terminals import spawned

SHELLS = ("bash", "zsh", "fish")
WHERE = {
    "bash": ".bash_completions/rtb-hub.sh",
    "zsh": ".zfunc/_rtb-hub",
    "fish": ".config/fish/completions/rtb-hub.fish",
}


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy with other tests takes more than the second that somebody at a shell waits."""
    monkeypatch.setattr(glance, "SECONDS", 60.0)


def offered(line: str, *, is_whole: bool = False, cwd: Path | None = None, **environ: str) -> list[str]:
    """What bash is offered where `line` ends; `is_whole`: without what it has typed before the last `=` or `:`."""
    breaks = " \t\n\"'><=;|&(:" if not is_whole else " "
    asked = {"COMP_WORDS": line, "COMP_BREAKS": breaks, "_RTB_HUB_COMPLETE": "bash_complete", **environ}
    ran = must(cwd=cwd, **asked)
    assert ran.err == ""
    return [told.partition(",")[2] for told in ran.out.splitlines() if told]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("rtb-hub st", ["start", "status", "stop"]),
        ("rtb-hub env ", ["list", "show", "set", "add", "remove"]),
        ("rtb-hub list --so", ["--sort"]),
        ("rtb-hub list --sort ", ["key", "ends", "price", "owner", "age"]),
        ("rtb-hub list --sort=p", ["price"]),
        ("rtb-hub list -o ", ["table", "wide", "name", "json", "yaml", "text"]),
        ("rtb-hub start RTB-1 --compute s", ["spot"]),
        ("rtb-hub nothing", []),
        ("rtb-hub get RTB-", []),
        ("rtb-hub help env s", ["show", "set"]),
        ("rtb-hub help list ", []),
        ("rtb-hub schema queued", ["queued-preview"]),
        ("rtb-hub list --phase e", ["expiring\\ soon", "expired", "endless"]),
        ("rtb-hub env show p", ["prd"]),
        ("rtb-hub price --env i", ["int"]),
        ("rtb-hub blueprint show web-", ["web-api", "web-api-postgres"]),
        ("rtb-hub start RTB-9 --blueprint web-api-postgres --image ", ["web=", "api=", "postgres=", "seed="]),
        ("rtb-hub price --env int --set api.mem", ["api.memory="]),
        ("rtb-hub price --env int --set ap", ["api."]),
        ("rtb-hub 'sho", ["show"]),
    ],
    ids=str,
)
def test_what_is_offered(line: str, wanted: list[str], tmp_path: Path) -> None:
    assert offered(line, cwd=tmp_path) == wanted


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RTB-12 in int and stg, RTB-123 and a queued AB-7 in stg; environments of two branches."""
    made = state_repository(tmp_path_factory.mktemp("offered") / "state.git")
    for key, env in (("RTB-12", "int"), ("RTB-12", "stg"), ("RTB-123", "stg")):
        must("start", key, "--env", env, *IMAGES, "--set", "web.env.LEVEL=debug", "--repo", made)
    commit_file(made, "environments/stg/queue/ab-7.yaml", "queued: true\n")
    return made


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("show ", ["AB-7", "RTB-12", "RTB-123"]),
        ("show RTB-123", ["RTB-123"]),
        ("show rtb-1", ["rtb-12", "rtb-123"]),
        ("show -e int ", ["RTB-12"]),
        ("list --issue R", ["RTB-12", "RTB-123"]),
        ("stop --issue A", ["AB-7"]),
        ("revive ", []),
        ("show RTB-123 --env ", ["stg"]),
        ("show RTB-123 --env=s", ["stg"]),
        ("start RTB-123 --env ", ["int", "prd", "stg"]),
        ("show XY-1 -e ", ["int", "prd", "stg"]),
        ("env show i", ["int"]),
        ("logs RTB-12 ", ["api", "web"]),
        ("set RTB-12 -e int w", ["web."]),
        ("set RTB-12 -e int web.re", ["web.replicas="]),
        ("set RTB-12 -e int web.replicas=", []),
        ("set RTB-12 -e int web.env.", ["web.env.LEVEL="]),
        ("set RTB-12 -e int web.cpu=1 api.po", ["api.port="]),
        ("unset RTB-12 -e int web.e", ["web.env.LEVEL", "web.env"]),
        ("unset RTB-12 -e int br", ["branch"]),
    ],
    ids=str,
)
def test_names_of_the_state_repository_are_offered(line: str, wanted: list[str], state: Path, tmp_path: Path) -> None:
    for _ in range(2):  # looked for, and remembered
        assert offered(f"rtb-hub {line}", RTB_HUB_REPO=str(state), RTB_HUB_CACHE=str(tmp_path)) == wanted


def test_what_changed_is_offered_at_once(state: Path, tmp_path: Path) -> None:
    made = tmp_path / "state.git"
    shutil.copytree(state, made)
    environ = {"RTB_HUB_REPO": str(made), "RTB_HUB_CACHE": str(tmp_path / "cache")}
    assert "RTB-200" not in offered("rtb-hub show ", **environ)
    must("start", "RTB-200", "--env", "int", *IMAGES, **environ)
    assert "RTB-200" in offered("rtb-hub show ", **environ)
    git(made, "update-ref", "refs/heads/preview/prd/rtb-300", "main")
    assert offered("rtb-hub show RTB-3", **environ) == ["RTB-300"]
    must("stop", "RTB-200", "--env", "int", **environ)
    assert "RTB-200" not in offered("rtb-hub show ", **environ)


def test_a_remote_repository_is_offered_as_it_was_seen_last(state: Path, tmp_path: Path) -> None:
    url, environ = f"file://{state}", {"RTB_HUB_CACHE": str(tmp_path)}
    line = f"rtb-hub show --repo {url} "
    assert offered(line, **environ) == []
    assert not (tmp_path / "repositories").exists()
    must("list", "--repo", url, **environ)
    assert offered(line, **environ) == ["AB-7", "RTB-12", "RTB-123"]


@pytest.mark.parametrize("kept", [b"", b"\xff\xfe", b"{}", None], ids=["empty", "bytes", "other", "a folder"])
def test_names_that_cannot_be_remembered_are_looked_for(kept: bytes | None, state: Path, tmp_path: Path) -> None:
    environ = {"RTB_HUB_REPO": str(state), "RTB_HUB_CACHE": str(tmp_path)}
    offered("rtb-hub show ", **environ)
    file = next((tmp_path / "names").iterdir())
    file.unlink()
    file.mkdir() if kept is None else file.write_bytes(kept)
    assert offered("rtb-hub show RTB-123", **environ) == ["RTB-123"]


def test_hostile_names_are_not_offered(state: Path, tmp_path: Path) -> None:
    made = tmp_path / "state.git"
    shutil.copytree(state, made)
    for name in ("$(id)", "a;b", "-x", "a b", "A", "`id`", "a\nb"):
        commit_file(made, f"environments/{name}/environment.yaml", "kind: Environment\n")
        commit_file(made, f"environments/int/previews/rtb/0/{name}/preview.yaml", "kind: Preview\n")
    entry = "environments/int/previews/rtb/0/rtb-12/preview.yaml"
    commit_file(made, entry, git(made, "show", f"main:{entry}").replace("    web:", "    $(id):\n    web;x:"))
    environ = {"RTB_HUB_REPO": str(made), "RTB_HUB_CACHE": str(tmp_path / "cache")}
    assert offered("rtb-hub list --env ", **environ) == ["int", "prd", "stg"]
    assert offered("rtb-hub show -e int ", **environ) == ["RTB-12"]
    assert offered("rtb-hub logs RTB-12 -e int ", **environ) == ["api"]


KUBECONFIG = """apiVersion: v1
clusters:
- cluster: {server: https://a.example.com}
  name: not-this
contexts:
- context:
    cluster: a
    namespace: b
  name: arn:aws:eks:ap-northeast-2:111111111111:cluster/rtb-int
- context: {cluster: c}
  name: "rtb-stg"
- name: $(id)
current-context: rtb-stg
users:
- name: neither
"""


def test_contexts_of_the_kubeconfig_are_offered(tmp_path: Path) -> None:
    (tmp_path / "config").write_text(KUBECONFIG)
    environ = {"KUBECONFIG": f"{tmp_path}/missing:{tmp_path}/config"}
    long = "arn:aws:eks:ap-northeast-2:111111111111:cluster/rtb-int"
    assert offered("rtb-hub list --cluster ", **environ) == [long, "rtb-stg"]
    assert offered("rtb-hub list --cluster a", is_whole=True, **environ) == [long]
    # bash replaces what follows the last colon.
    assert offered("rtb-hub list --cluster arn:aws:e", **environ) == ["eks:ap-northeast-2:111111111111:cluster/rtb-int"]


@pytest.mark.parametrize(
    "environ",
    [
        {"RTB_HUB_REPO": "/nonexistent"},
        {"RTB_HUB_REPO": "https://git.example.com/state.git"},
        {"PATH": "/nonexistent"},
        {"RTB_HUB_CACHE": "/dev/null/x"},
        {"HOME": "/nonexistent", "KUBECONFIG": "/proc/self/mem"},
        {"RTB_HUB_SERVER": "https://hub.example.com"},
        {"_RTB_HUB_COMPLETE": "tcsh_complete"},
        {"_RTB_HUB_COMPLETE": "zsh_complete", "COMP_CWORD": "x"},
    ],
    ids=str,
)
def test_nothing_that_is_wrong_is_told(environ: dict[str, str], tmp_path: Path) -> None:
    for line in ("rtb-hub show ", "rtb-hub list --cluster ", "rtb-hub show RTB-1 --env "):
        ran = rtb_hub(cwd=tmp_path, **{"COMP_WORDS": line, "_RTB_HUB_COMPLETE": "bash_complete", **environ})
        assert (ran.code, ran.err) == (0, "")


def test_a_git_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glance, "SECONDS", 1.0)
    program = tmp_path / "git"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o700)
    environ = {"RTB_HUB_REPO": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    begin = time.monotonic()
    assert offered("rtb-hub show ", **environ) == []
    assert time.monotonic() - begin < 30


def test_names_of_a_server_are_those_that_it_told_last(tmp_path: Path) -> None:
    """The first key is answered with nothing, and has them asked for; whoever asks again is told."""
    with served(tmp_path) as serving, api_world(serving) as world, on_loopback(world.app) as address:
        for key, env in (("RTB-12", "int"), ("RTB-123", "stg")):
            must("start", key, "--env", env, *IMAGES, "--repo", serving.path)
        world.api.feed.refresh()
        cache = tmp_path / "cache"
        environ = {"RTB_HUB_SERVER": address, "RTB_HUB_SERVER_TOKEN": "alice", "RTB_HUB_CACHE": str(cache)}
        assert offered("rtb-hub show ", cwd=tmp_path, PYTHONPATH=str(ROOT), **environ) == []
        file = server_names.file_of(cache, address)
        until = time.monotonic() + 60
        while not file.exists():
            assert time.monotonic() < until, "nobody asked the server"
            time.sleep(0.05)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for line, wanted in (
        ("show ", ["RTB-12", "RTB-123"]),
        ("show -e int ", ["RTB-12"]),
        ("show RTB-123 --env ", ["stg"]),
        ("list --env ", ["int", "prd", "stg"]),
        ("logs RTB-12 ", ["web", "api"]),
        ("start RTB-9 --blueprint web-api-p", ["web-api-postgres"]),
        ("start RTB-9 --blueprint web-api-postgres --image ", ["web=", "api=", "postgres=", "seed="]),
        ("set RTB-12 -e int web.re", ["web.replicas="]),
    ):  # the server is gone meanwhile
        assert offered(f"rtb-hub {line}", cwd=tmp_path, **environ) == wanted, line
        by_option = {**environ, "RTB_HUB_SERVER": ""}
        assert offered(f"rtb-hub --server {address} {line}", cwd=tmp_path, **by_option) == wanted
    home = {"HOME": str(tmp_path), "RTB_HUB_CACHE": str(cache)}
    must("context", "add", "there", "--server", address, **home)
    assert offered("rtb-hub --context there show -e int ", cwd=tmp_path, **home) == ["RTB-12"]


def test_a_server_that_never_answers_is_asked_by_nobody_who_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hub that takes the connection and says nothing; the one that asks it has no stream of the shell's."""
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(os, "posix_spawn", lambda *words, **more: asked.append((words, more)))
    environ = {"RTB_HUB_SERVER": "https://hub.example.com", "RTB_HUB_CACHE": str(tmp_path)}
    for _ in range(3):  # one asks, however often a key is pressed
        assert offered("rtb-hub show ", cwd=tmp_path, **environ) == []
    ((program, words, told), more), *others = asked  # type: ignore[misc]
    assert others == []
    assert (program, words[1]) == (sys.executable, "-P")
    assert told["RTB_HUB_SERVER"] == "https://hub.example.com"
    assert "_RTB_HUB_COMPLETE" not in told
    assert {stream for _, stream, *_ in more["file_actions"]} == {0, 1, 2}  # type: ignore[call-overload]
    monkeypatch.setattr(server_names, "SECONDS", 0.0)
    offered("rtb-hub show ", cwd=tmp_path, **environ)
    assert len(asked) == 2


def test_whoever_asks_a_server_that_never_answers_ends_by_itself(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        script = "from hub.commands.server import names; names._SECONDS = 1; names.main()"
        environ = {**os.environ, "PYTHONPATH": str(ROOT), "RTB_HUB_SERVER": url, "RTB_HUB_CACHE": str(tmp_path)}
        ran = subprocess.run([sys.executable, "-P", "-c", script], env=environ, check=False, timeout=60)
    assert ran.returncode == -signal.SIGALRM
    assert not (tmp_path / "names").exists()


def test_hostile_names_of_a_server_are_not_offered() -> None:
    hostile = ("$(id)", "a;b", "-x", "a b", "`id`", "", "A", "x" * 64, "\x1b[2J")
    lines = [f"environment\t{one}" for one in hostile]
    lines += [f"preview\tint\t{one}\tweb\tweb" for one in (*hostile, "RTB-0", "rtb-1")]
    lines += [f"preview\tint\tRTB-1\t{one}\tweb" for one in hostile if one]
    lines += [f"blueprint\t{one}\tweb" for one in hostile]
    inside = [one for one in hostile if one not in ("", "a b")]
    lines += [f"preview\tint\tRTB-2\tweb\tapi {one}" for one in inside]
    lines += [f"blueprint\tweb\tapi {one}" for one in inside]
    found = server_names.parsed("\n".join([*lines, "preview\tint\tRTB-7\tweb\tweb api"]))
    assert {name: place.entries for name, place in found.environments.items()} == {"int": {"RTB-7"}}
    assert (found.previews, found.blueprints) == ({("int", "RTB-7"): ("web", ("web", "api"))}, {})


OWN = """apiVersion: blueprint.rtb-ai-hub/v1
kind: Blueprint
metadata:
  name: shop
spec:
  summary: A shop
  components:
    shop:
      port: 8080
    mailer:
      role: worker
"""


def test_blueprints_of_the_teams_own_are_offered_with_their_components(state: Path, tmp_path: Path) -> None:
    made = tmp_path / "state.git"
    shutil.copytree(state, made)
    commit_file(made, "blueprints/shop/blueprint.yaml", OWN)
    commit_file(made, "blueprints/$(id)/blueprint.yaml", OWN)
    environ = {"RTB_HUB_REPO": str(made), "RTB_HUB_CACHE": str(tmp_path / "cache")}
    for _ in range(2):  # looked for, and remembered
        assert offered("rtb-hub start RTB-9 --env int --blueprint s", **environ) == ["shop"]
        assert offered("rtb-hub list --blueprint shop", **environ) == ["shop"]
        assert offered("rtb-hub start RTB-9 -e int -b shop --image ", **environ) == ["shop=", "mailer="]
        assert offered("rtb-hub start RTB-9 -e int -b shop --set mailer.re", **environ) == ["mailer.replicas="]
        assert offered("rtb-hub start RTB-9 -e prd -b s", **environ) == []  # its branch has none
    folder = tmp_path / "folder" / "kiosk"
    folder.mkdir(parents=True)
    (folder / "blueprint.yaml").write_text(OWN)
    line = f"rtb-hub render RTB-9 -e int --blueprints {folder.parent} -b ki"
    assert offered(line, **environ) == ["kiosk"]
    assert offered(f"{line}osk --image m", **environ) == ["mailer="]


def test_names_that_are_written_down_are_those_there_are() -> None:
    assert set(SCHEMAS) == {*NAMES, "openapi"}
    assert set(names._PHASES) == {*LEASE_PHASES, *get_args(PhaseName)}
    library = TemplateLibrary(template_files())
    assert names._names_in(names._blueprints()) == [*library.blueprint_names()]
    for name in library.blueprint_names():
        seen = names.components_in(library.files[f"templates/preview/{name}/blueprint.yaml"])
        assert [*seen] == [*library.blueprint(name).spec.components]


def _program(folder: Path) -> Path:
    program = folder / "rtb-hub"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m hub.cli.main "$@"\n')
    program.chmod(0o700)
    return program


@contextmanager
def _terminal(shell: str, folder: Path, state: Path) -> Iterator[pexpect.spawn[str]]:
    """A shell on a terminal of its own, with the script that it would be given, at its prompt."""
    program, script = _program(folder), folder / f"completion.{shell}"
    script.write_text(must("--show-completion", shell).out)
    environ = {
        **os.environ, "RTB_HUB_REPO": str(state), "RTB_HUB_CACHE": str(folder / "cache"), "PS1": "ready> ", "TERM": "dumb",
        "PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "ZDOTDIR": str(folder), "HISTFILE": "",
    }  # fmt: skip
    begin = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"]}[shell]
    with spawned(shell, begin, environ) as terminal:
        terminal.expect_exact("ready> ")
        if shell == "zsh":
            terminal.sendline("autoload -Uz compinit; compinit -u; PS1='set> '")
            terminal.expect_exact("set> ", timeout=60)
        terminal.sendline(f"source {script}; PS1='asked> '")
        terminal.expect_exact("asked> ")
        yield terminal
        terminal.sendcontrol("c")
        terminal.expect_exact("asked> ")  # zsh forgets what is typed while it is interrupted
        terminal.sendline("exit")
        terminal.expect(pexpect.EOF)


def _type(terminal: pexpect.spawn[str], typed: str, wanted: str) -> None:
    """Type it, and press the key at its end again while nothing fits: git is given a second, and a busy machine more."""
    terminal.send(typed)
    for _ in range(20):
        if terminal.expect_exact([wanted, "\a"]) == 0:
            return
        terminal.send(typed[-1])
    raise AssertionError(f"{wanted!r} is not offered behind {typed!r}")


@pytest.mark.parametrize(
    "shell",
    [
        pytest.param(one, marks=pytest.mark.skipif(shutil.which(one) is None, reason=f"no {one}"))
        for one in ("bash", "zsh")
    ],
)
def test_a_shell_completes_as_one_types(shell: str, state: Path, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(KUBECONFIG)
    with _terminal(shell, tmp_path, state) as terminal:
        for typed, wanted in (
            ("echo; rtb-hub show A\t", "rtb-hub show AB-7 "),
            ("--en\t", "--env "),
            ("s\t", "stg "),
            ("-o j\t", "json "),
        ):
            _type(terminal, typed, wanted)
        terminal.sendcontrol("u")
        _type(terminal, "rtb-hub set RTB-12 --env=i\t", "nt ")
        _type(terminal, "web.mem\t", "ory=")
        _type(terminal, "512Mi api.me\t", "mory=")
        terminal.sendcontrol("u")
        terminal.send(f"KUBECONFIG={tmp_path}/config; export KUBECONFIG\r")
        terminal.expect_exact("asked> ")
        _type(terminal, "rtb-hub list --cluster arn:aws:e\t", "cluster/rtb-int ")


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish")
def test_fish_is_offered_the_same(state: Path, tmp_path: Path) -> None:
    script = tmp_path / "completion.fish"
    script.write_text(must("--show-completion", "fish").out)
    asks = f"source {script}; complete -C 'rtb-hub show RTB-12'; complete -C 'rtb-hub set RTB-12 -e int web.mem'"
    path = f"{_program(tmp_path).parent}:{os.environ['PATH']}"
    environ = {**os.environ, "RTB_HUB_REPO": str(state), "PATH": path, "PYTHONPATH": str(ROOT)}
    command = ["fish", "--no-config", "-c", asks]
    for _ in range(20):  # git is given a second, and a busy machine takes more
        ran = subprocess.run(command, env=environ, capture_output=True, text=True, check=True, timeout=60)
        if "web.memory=" in ran.stdout and "RTB-12\t" in ran.stdout:
            break
    names = [line.partition("\t")[0] for line in ran.stdout.splitlines()]
    assert (names, ran.stderr) == (["RTB-12", "RTB-123", "web.memory="], "")


@pytest.mark.parametrize("shell", SHELLS)
def test_installing_puts_the_script_in_place_once(shell: str, tmp_path: Path) -> None:
    (tmp_path / ".bashrc").write_text("alias ll='ls -l'")
    for _ in range(2):
        told = must("--install-completion", shell, HOME=str(tmp_path)).out
    assert str(tmp_path / WHERE[shell]) in told
    assert (tmp_path / WHERE[shell]).read_text() == must("--show-completion", shell).out
    if shell == "bash":
        lines = ["alias ll='ls -l'", "source ~/.bash_completions/rtb-hub.sh"]
        assert (tmp_path / ".bashrc").read_text().splitlines() == lines
    if shell == "zsh":
        assert (tmp_path / ".zshrc").read_text() == "fpath+=~/.zfunc; autoload -Uz compinit; compinit\n"


def test_without_a_name_it_is_the_shell_of_the_user() -> None:
    assert must("--show-completion", SHELL="/usr/bin/zsh").out == must("--show-completion", "zsh").out


@pytest.mark.parametrize("option", ["--show-completion", "--install-completion"])
def test_another_shell_is_refused_with_those_there_are(option: str, tmp_path: Path) -> None:
    for ran in (rtb_hub(option, "tcsh", HOME=str(tmp_path)), rtb_hub(option, SHELL="/bin/tcsh", HOME=str(tmp_path))):
        assert (ran.code, ran.out) == (2, "")
        assert "'tcsh': name one of bash, zsh, fish" in " ".join(ran.err.split())
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / ".config").write_text("a file in the way")
    ran = rtb_hub("--install-completion", "fish", HOME=str(tmp_path))
    assert ran.code == 2
    assert f"cannot write {tmp_path}/.config" in "".join(ran.err.split("\n"))
