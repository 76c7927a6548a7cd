"""`make playground`: the control plane, Argo CD and a state repository, left running for people to try.

`python tests/e2e/playground.py up FOLDER` runs until Ctrl-C or `… down FOLDER` from elsewhere. FOLDER/env.sh, to be
sourced by a second terminal, has rtb-hub and kubectl on PATH, and says where repository and cluster are.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import signal
import sys
import textwrap
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # the servers that tests share

from faults import FAULTS, Saying, image_of  # noqa: E402
from processes import ComponentError  # noqa: E402
from state_repository import images  # noqa: E402
from toolchain import Toolchain, ToolError, say  # noqa: E402
from world import ENVIRONMENTS, World  # noqa: E402

_OWNER = "playground.json"


def up(folder: Path) -> None:
    """Run until told to end. Raises `ToolError` or `ComponentError` when it cannot."""
    _make_room(folder)
    tools = Toolchain.find()
    tools.build()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    (folder / _OWNER).write_text(json.dumps({"pid": os.getpid(), "started": _start_of(os.getpid())}), encoding="ascii")
    say("starting Kubernetes and Argo CD: about half a minute")
    try:
        with World(folder / "run", tools) as world, Saying(world.api):
            _tell(folder, world)
            while not ended.wait(1):
                world.plane.check()
            say("ending")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def down(folder: Path) -> None:
    """End the playground in `folder`, and wait until it is gone."""
    pid = _running(folder)
    if pid is None:
        say(f"no playground runs in {folder}")
        return
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + 60
    while _running(folder) is not None:
        if time.monotonic() > end:
            raise ComponentError(f"process {pid} does not end; its logs are below {folder}")
        time.sleep(0.2)
    say("ended")


def _make_room(folder: Path) -> None:
    """An empty folder; what a killed playground left goes. Raises `ComponentError` when one runs, or it is somebody's."""
    if _running(folder) is not None:
        raise ComponentError(f"a playground runs in {folder} already: 'make playground-stop' ends it")
    if folder.exists() and any(folder.iterdir()) and not (folder / _OWNER).exists():
        raise ComponentError(f"{folder} has files that no playground made: move them first")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _running(folder: Path) -> int | None:
    """The process that owns the folder, while it lives."""
    try:
        told = json.loads((folder / _OWNER).read_text(encoding="ascii"))
        pid = int(told["pid"])
        os.kill(pid, 0)
    except (OSError, ValueError, KeyError):
        return None
    return pid if _start_of(pid) == told["started"] else None  # else the number is another process's by now


def _start_of(pid: int) -> str:
    """When a process began, in the kernel's ticks; empty where the system does not tell."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19]
    except OSError:
        return ""


def _tell(folder: Path, world: World) -> None:
    kubectl = world.plane.tools.program("kubectl").parent
    script = folder / "env.sh"
    lines = {
        "PATH": f'{shlex.quote(f"{Path(sys.executable).parent}:{kubectl}")}:"$PATH"',
        "KUBECONFIG": shlex.quote(str(world.plane.kubeconfig)),
        "RTB_HUB_REPO": shlex.quote(world.url),
        "RTB_HUB_CLUSTERS": ",".join(f"{name}=reader" for name in ENVIRONMENTS),
    }
    script.write_text("".join(f"export {name}={value}\n" for name, value in lines.items()), encoding="utf-8")
    _, web, *others = images()
    start, rest = "rtb-hub start RTB-{} --env int", " ".join(others)
    say(f"""
A real Kubernetes API and Argo CD are up, following {world.url}

In a second terminal:
  . {script}
  {start.format(7)} --image {web} {rest}
  rtb-hub status RTB-7 --env int --watch
  kubectl get applications -n argocd
  kubectl get all -n preview-rtb-7
  rtb-hub list
  rtb-hub stop RTB-7 --env int && rtb-hub wait RTB-7 --env int --for removed
  rtb-hub doctor --env int --cluster admin
Your own Compose file as a preview: docs/reference/blueprints.md, "Tasks".

Something wrong, to be told why: a preview whose image, secret or Ingress has a fault
  {start.format(8)} --image web={image_of("crash-oom")} {rest}
  {start.format(9)} --image {web} {rest} --set web.secrets.TOKEN=preview/int/app/fault/secret-does-not-exist#token
  kubectl -n preview-rtb-7 annotate ingress preview fault=alb-full
  rtb-hub why RTB-8 --env int
  rtb-hub orphans --env int
What you break with kubectl or Git is as wrong as in any cluster. The faults that there are, by code:
{_codes()}

kubeconfig: {world.plane.kubeconfig} (contexts admin, and reader: what the hub may do)
Nodes are made up: pods are said to run, no image is pulled, and there are no logs. Logs: {world.plane.folder}
Ctrl-C here, or 'make playground-stop', ends it.""")


def _codes() -> str:
    """The faults that are to be had, by what has them."""
    have = {
        "image": [one.code for one in FAULTS if one.is_of_an_image],
        "secret": [one.code for one in FAULTS if one.teller == "ExternalSecret"],
        "Ingress": [one.code for one in FAULTS if one.teller == "Ingress"],
    }
    return "\n".join(
        textwrap.fill(
            f"{name}: {', '.join(codes)}", 118, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
        )
        for name, codes in have.items()
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("up", "down"))
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    try:
        {"up": up, "down": down}[given.action](given.folder.resolve())
    except (ToolError, ComponentError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
