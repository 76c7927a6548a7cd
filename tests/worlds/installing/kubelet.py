"""Runs what the hub renders for its cluster: its Jobs to their end, its Deployments until their probes answer."""

from __future__ import annotations

import contextlib
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from worlds.forking import Forked, Forks
from worlds.installing.cluster import DEPLOYMENTS, SECRETS, Cluster, Tree
from worlds.installing.stand_ins import RefusedError
from worlds.postgres import free_port

SECONDS = 90
#: Sign-in by its name in the cluster.
AUTH = "http://rtb-hub-auth"


@dataclass
class Running:
    """A service: its process, and the free port of this machine that stands for each of its ports, by name."""

    process: Forked
    ports: dict[str, str]

    def url(self, port: str) -> str:
        return f"http://127.0.0.1:{self.ports[port]}"


@dataclass
class Kubelet:
    """One container at a time, as a process of this machine with the rendered arguments, variables and mounted secrets.

    `elsewhere`: of names in secrets' values, what is reached instead (the database and the cache of this machine).
    """

    cluster: Cluster
    forks: Forks
    folder: Path
    environ: Mapping[str, str]
    elsewhere: Mapping[str, str]
    services: dict[str, Running] = field(default_factory=dict)
    #: By Deployment: a free port for each of its ports, by name.
    ports: dict[str, dict[str, str]] = field(default_factory=dict)

    def ports_of(self, name: str) -> dict[str, str]:
        """The ports of a Deployment, whether it runs yet or not."""
        if name not in self.ports:
            (container,) = self.cluster.named(DEPLOYMENTS, name, "rtb-hub")["spec"]["template"]["spec"]["containers"]
            self.ports[name] = {one["name"]: str(free_port()) for one in container["ports"]}
        return self.ports[name]

    def run(self, tree: Tree) -> str:
        """Run a Job to its end, or begin a Deployment; what a Job printed. Raises `RefusedError` where it fails."""
        name, kind = tree["metadata"]["name"], tree["kind"]
        (container,) = tree["spec"]["template"]["spec"]["containers"]
        ports = self.ports_of(name) if kind == "Deployment" else {}
        numbers = {str(one["containerPort"]): ports[one["name"]] for one in container.get("ports", [])}
        arguments, variables = self._given(name, tree["spec"]["template"]["spec"], container, numbers)
        assert container["command"] == ["rtb-hub"]
        process = self.forks.start(*arguments, cwd=self.folder, environ=variables)
        if kind == "Job":
            out = process.read()
            if code := process.wait():
                raise RefusedError(f"{name} ended with {code}: {out}")
            return out
        self.services[name] = Running(process, ports)
        return ""

    def rolled_out(self, tree: Tree) -> None:
        """Wait until a Deployment that has begun answers its probes. Raises `RefusedError` where it does not."""
        running = self.services[tree["metadata"]["name"]]
        (container,) = tree["spec"]["template"]["spec"]["containers"]
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            asked = container[probe]["httpGet"]
            _answers(running.process, f"{running.url(asked['port'])}{asked['path']}")

    def _given(
        self, name: str, spec: Tree, container: Tree, numbers: Mapping[str, str]
    ) -> tuple[list[str], dict[str, str]]:
        """Arguments and variables, with each mounted folder where it lies here."""
        volumes = {one["name"]: one for one in spec["volumes"]}
        places: dict[str, str] = {}
        for mount in container["volumeMounts"]:
            at = self.folder / name / mount["mountPath"].strip("/")
            at.mkdir(parents=True, exist_ok=True)
            places[mount["mountPath"]] = str(at)
            for file, value in self._files(volumes[mount["name"]]).items():
                (at / file).write_text(value, encoding="utf-8")

        def here(text: str) -> str:
            for there, place in places.items():
                text = text.replace(there, place)
            if AUTH in text:
                text = text.replace(AUTH, f"http://127.0.0.1:{self.ports_of('rtb-hub-auth')['http']}")
            return text

        variables = {one["name"]: here(one.get("value", "")) for one in container["env"]}
        arguments = [numbers.get(one, here(one)) for one in container["args"]]
        kept = {key: value for key, value in self.environ.items() if not key.startswith("RTB_HUB_")}
        return arguments, {**kept, **variables}

    def _files(self, volume: Mapping[str, Any]) -> dict[str, str]:
        """Name and text of each file that a volume brings."""
        found: dict[str, str] = {}
        if "secret" in volume:
            found = self.cluster.named(SECRETS, volume["secret"]["secretName"], "rtb-hub")["stringData"]
        elif "configMap" in volume:
            found = self.cluster.named("configmaps", volume["configMap"]["name"], "rtb-hub")["data"]

        def here(text: str) -> str:
            for there, place in self.elsewhere.items():
                text = text.replace(there, place)
            return text

        return {name: here(value) for name, value in found.items()}

    def end(self) -> None:
        for one in self.services.values():
            with contextlib.suppress(ProcessLookupError):
                one.process.kill()
            one.process.wait()
        self.services.clear()


def _answers(process: Forked, url: str) -> None:
    """Wait until it does. Raises `RefusedError` where the process has ended, or time is up."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError as err:
            if not Path(f"/proc/{process.pid}").exists() or time.monotonic() > deadline:
                told = err.read().decode() if isinstance(err, urllib.error.HTTPError) else ""
                raise RefusedError(f"{url} does not answer: {err} {told}") from err
        time.sleep(0.05)
