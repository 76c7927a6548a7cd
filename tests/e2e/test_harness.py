"""The harness itself: what goes wrong is named with what to do, no process is left, and nothing passes by not running."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from control_plane import ControlPlane
from processes import ComponentError, Process, free_port
from toolchain import GITEA, PlatformError, Toolchain, ToolError

from conftest import outcome_without

HERE = Path(__file__).resolve().parent


def go_that(folder: Path, script: str) -> dict[str, str]:
    """An environment whose Go is a script."""
    path = folder / "go"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return {"RTB_HUB_GO": str(path), "XDG_CACHE_HOME": str(folder / "cache")}


def test_a_go_that_is_too_old_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"Go 1\.27 or later is needed.*go1\.20"):
        Toolchain.find(go_that(tmp_path, "echo go version go1.20.1 linux/amd64"))


def test_a_platform_that_cannot_run_it_skips_on_a_laptop_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(PlatformError, match="Linux and macOS"):
        Toolchain.find({})
    assert outcome_without(PlatformError("no"), in_ci=False) == "skip"
    assert outcome_without(PlatformError("no"), in_ci=True) == "fail"
    assert outcome_without(ToolError("no"), in_ci=False) == "fail"


def test_no_registry_reachable_is_said_with_what_to_do(
    tools: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOPROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path))
    with pytest.raises(ToolError, match="no module registry can be reached"):
        tools.sources_of("etcd")


def test_a_full_disk_during_the_build_is_said_and_leaves_nothing_behind(tmp_path: Path) -> None:
    script = 'case "$1" in version) echo go version go1.27.0 x/y;; *) head -c 1 /dev/zero > /dev/full;; esac'
    tools = Toolchain.find(go_that(tmp_path, script))
    (tools.cache / ".building-left-by-a-killed-run").mkdir(parents=True)
    with pytest.raises(ToolError, match="the disk is full"):
        tools.build()
    assert [path.name for path in tools.cache.iterdir()] == ["lock"]


def test_a_c_compiler_that_is_not_there_is_said(tmp_path: Path) -> None:
    script = 'case "$1" in version) echo go version go1.27.0 x/y;; *) echo \'cgo: C compiler "gcc" not found\' >&2; exit 1;; esac'
    with pytest.raises(ToolError, match="install gcc or clang"):
        Toolchain.find(go_that(tmp_path, script)).build((GITEA,))


def test_a_cache_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(ToolError, match="XDG_CACHE_HOME"):
        Toolchain.find(go_that(tmp_path, "echo go version go1.27.0 x/y")).build()


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo broken flag; exit 3", "ended with code 3.*\n.*broken flag"),
        ("head -c 1 /dev/zero > /dev/full", "disk is full"),
    ],
    ids=["that dies at start", "that finds the disk full"],
)
def test_a_component(tmp_path: Path, script: str, says: str) -> None:
    process = Process("etcd", ["sh", "-c", script], tmp_path / "etcd.log")
    process.start()
    with pytest.raises(ComponentError, match=says) as caught:
        process.wait(lambda: False)
    assert str(caught.value).startswith("etcd ")


def test_a_port_that_was_taken_in_between_is_said(tools: Toolchain, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        command = [str(tools.program("etcd")), "--data-dir", str(tmp_path / "data"), "--listen-peer-urls", url]
        process = Process("etcd", command, tmp_path / "etcd.log")
        process.start()
        with pytest.raises(ComponentError, match="another program took the port"):
            process.wait(lambda: False)


def test_a_control_plane_that_does_not_come_up_names_the_component_and_leaves_no_process(
    tools: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs of KUBEBUILDER_ASSETS are taken: here an API server that dies at once."""
    (tmp_path / "assets").mkdir()
    fake = tmp_path / "assets" / "kube-apiserver"
    fake.write_text("#!/bin/sh\necho cannot serve today >&2\nexit 7\n")
    fake.chmod(0o755)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "assets"))
    plane = ControlPlane(tmp_path / "cluster", tools)
    with pytest.raises(ComponentError, match=r"kube-apiserver ended with code 7[\s\S]*cannot serve today"), plane:
        pytest.fail("it came up")
    assert [process.name for process in plane.processes.values() if process.is_running] == []


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_a_killed_run_leaves_no_process(tmp_path: Path) -> None:
    program = f"""
import sys, time
sys.path.insert(0, {str(HERE)!r})
from pathlib import Path
from processes import Process
process = Process("sleeper", ["sleep", "300"], Path({str(tmp_path / "log")!r}))
process.start()
time.sleep(0.5)
print(process.pid, flush=True)
time.sleep(300)
"""
    run = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    with run.stdout:
        pid = int(run.stdout.readline())
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    until(
        lambda: (
            not Path(f"/proc/{pid}").exists()
            or "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        )
    )


def until(test: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.05)
