"""What a kubelet does for the hub's own pods, with processes of this machine: their command, variables, secrets, probes.

Others' pods are KWOK's. A container's files and addresses are not its own here: what it mounts is a folder, and each of
its ports is a free one of loopback.
"""

from __future__ import annotations

import base64
import contextlib
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from control_plane import RUN_AS_PROCESSES
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from processes import Process, free_port

ROOT = Path(__file__).resolve().parents[2]
_PROGRAMS = {"rtb-hub": (sys.executable, "-m", "hub.cli.main")}
_AGAIN_SECONDS = 1.0


@dataclass
class Container:
    """A pod's only container: its process, and where its ports are. `restarts`: how often it was begun anew."""

    pod: Any
    process: Process
    ports: Mapping[int, int]
    restarts: int = 0
    is_ready: bool = False
    ends_by: float | None = None  # when it is killed, once it was told to end
    ended: float | None = None
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.pod.metadata.labels["app.kubernetes.io/name"])

    def address(self, port: int) -> str:
        """Where that port of the container is."""
        return f"http://127.0.0.1:{self.ports[port]}"


class Kubelet:
    """Looks at the pods of a namespace four times a second; started and stopped by its caller.

    `room`: how many pods of a name may run; the others stay as they are while an image is pulled. `environ` is what all
    containers find besides, as in their image. `history` keeps (time.monotonic(), pod, what became of it).
    """

    def __init__(self, api: client.ApiClient, namespace: str, folder: Path, environ: Mapping[str, str]) -> None:
        self._core, self._namespace, self._folder, self._environ = client.CoreV1Api(api), namespace, folder, environ
        self._stop = threading.Event()
        self.room: dict[str, int] = {}
        self.containers: dict[str, Container] = {}
        self.history: list[tuple[float, str, str]] = []
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True, name="kubelet")

    def start(self) -> None:
        self._folder.mkdir()
        self._thread.start()

    def stop(self) -> None:
        """End what runs, and itself."""
        self._stop.set()
        self._thread.join(60)

    def of(self, name: str) -> list[Container]:
        """The containers of that name that run or begin anew."""
        return [one for one in list(self.containers.values()) if one.name == name]

    def when(self, name: str, what: str, *, since: float = 0) -> float | None:
        """When that first came to a pod of that name, not before `since`."""
        return next(
            (at for at, pod, told in list(self.history) if pod.startswith(name) and told == what and at >= since), None
        )

    def _run(self) -> None:
        while not self._stop.wait(0.25):
            try:
                pods = self._core.list_namespaced_pod(self._namespace).items
                for pod in pods:
                    if (pod.metadata.labels or {}).get("app.kubernetes.io/name") in RUN_AS_PROCESSES:
                        with contextlib.suppress(ApiException):  # changed or gone in between: the next round sees it
                            self._look(pod)
                self._forget({pod.metadata.uid for pod in pods})
            except Exception as error:  # noqa: BLE001 - the API server is busy or gone: said when a scenario fails
                self.error = error
        for one in self.containers.values():
            one.process.stop()

    def _look(self, pod: Any) -> None:
        known = self.containers.get(pod.metadata.uid)
        if pod.metadata.deletion_timestamp:
            self._end(pod, known)
        elif pod.spec.node_name and pod.status.phase not in ("Succeeded", "Failed"):
            if known is None:
                self._begin(pod)
            else:
                self._go_on(pod, known)

    def _begin(self, pod: Any) -> None:
        name = pod.metadata.labels["app.kubernetes.io/name"]
        if len(self.of(name)) >= self.room.get(name, 0):
            return
        (given,) = pod.spec.containers
        folder = self._folder / pod.metadata.name
        folder.mkdir(exist_ok=True)
        ports = {one.container_port: free_port() for one in given.ports or ()}
        numbers = {str(number): str(free) for number, free in ports.items()}
        arguments = [numbers.get(one, one).replace("0.0.0.0", "127.0.0.1") for one in given.args]
        places = self._mounted(pod, given, folder)
        environ = {one.name: _moved(one.value or "", places) for one in given.env or ()}
        command = [*_PROGRAMS[given.command[0]], *arguments]
        process = Process(pod.metadata.name, command, folder / "log", {**self._environ, **environ})
        process.start()
        self.containers[pod.metadata.uid] = Container(pod, process, ports)
        self._note(pod, "started")

    def _mounted(self, pod: Any, container: Any, folder: Path) -> dict[str, str]:
        """Where the container mounts what → the folder that stands for it."""
        volumes = {one.name: one for one in pod.spec.volumes or ()}
        places = {}
        for mount in container.volume_mounts or ():
            place = folder / mount.name
            place.mkdir(parents=True, exist_ok=True)
            places[mount.mount_path] = str(place)
            if (secret := volumes[mount.name].secret) is not None:
                data = self._core.read_namespaced_secret(secret.secret_name, self._namespace).data
                for key, value in data.items():
                    (place / key).write_bytes(base64.b64decode(value))
        return places

    def _go_on(self, pod: Any, one: Container) -> None:
        if one.process.is_running:
            one.ended = None
            is_ready = self._is_ready(pod, one)
            if is_ready and not one.is_ready:
                self._note(pod, "ready")
            one.is_ready = is_ready
            self._tell(one, "Running", {"running": {"startedAt": _time(pod.status.start_time)}})
        elif pod.spec.restart_policy == "Never":
            code = one.process.exit_code
            self._tell(one, "Failed" if code else "Succeeded", {"terminated": {"exitCode": code}})
        elif one.ended is None:
            one.ended, one.is_ready = time.monotonic(), False
            self._note(pod, "ended")
            self._tell(one, "Running", {"waiting": {"reason": "CrashLoopBackOff"}})
        elif time.monotonic() - one.ended > _AGAIN_SECONDS:
            one.restarts += 1
            one.process.start()
            self._note(pod, "started again")

    def _is_ready(self, pod: Any, one: Container) -> bool:
        (given,) = pod.spec.containers
        if given.readiness_probe is None:
            return True
        asked = given.readiness_probe.http_get
        port = next(p.container_port for p in given.ports if asked.port in (p.name, p.container_port))
        try:
            with urllib.request.urlopen(one.address(port) + asked.path, timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _end(self, pod: Any, one: Container | None) -> None:
        """SIGTERM, SIGKILL after the pod's grace period; the pod goes when its process has."""
        if one is not None and one.process.is_running:
            if one.ends_by is None:
                one.ends_by = time.monotonic() + (pod.spec.termination_grace_period_seconds or 0)
                self._note(pod, "told to end")
                one.process.terminate()
            elif time.monotonic() > one.ends_by:
                one.process.kill()
            return
        self._core.delete_namespaced_pod(pod.metadata.name, self._namespace, grace_period_seconds=0)
        self.containers.pop(pod.metadata.uid, None)
        self._note(pod, "gone")

    def _forget(self, there: set[str]) -> None:
        """End what runs of pods that were taken away without a grace period."""
        for uid in self.containers.keys() - there:
            self.containers.pop(uid).process.kill()

    def _tell(self, one: Container, phase: str, state: dict[str, Any]) -> None:
        """Write the pod's status when it changed."""
        meta, (given,) = one.pod.metadata, one.pod.spec.containers
        told = {"phase": phase, "state": state, "ready": one.is_ready, "restarts": one.restarts}
        if told == one.told:
            return
        now, is_true = _time(datetime.now(UTC)), str(one.is_ready)
        ready = [{"type": kind, "status": is_true, "lastTransitionTime": now} for kind in ("Ready", "ContainersReady")]
        container = {
            "name": given.name, "image": given.image, "imageID": given.image, "ready": one.is_ready,
            "restartCount": one.restarts, "state": state,
        }  # fmt: skip
        status = {"phase": phase, "startTime": now, "conditions": ready, "containerStatuses": [container]}
        self._core.patch_namespaced_pod_status(meta.name, self._namespace, {"status": status})
        one.told = told

    def _note(self, pod: Any, what: str) -> None:
        self.history.append((time.monotonic(), pod.metadata.name, what))


def _moved(value: str, places: Mapping[str, str]) -> str:
    """A variable's value with the folders that stand for what is mounted."""
    for mounted in sorted(places, key=len, reverse=True):
        value = value.replace(mounted, places[mounted])
    return value


def _time(at: datetime | None) -> str:
    return (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
