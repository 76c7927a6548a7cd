"""A real KEDA on the control plane: its operator, and the server of external metrics behind the API server."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import yaml
from control_plane import ControlPlane
from processes import free_port

NAMESPACE = "keda"
_METRICS = "v1beta1.external.metrics.k8s.io"
_SERVICE = "keda-metrics-apiserver"


class Keda:
    """Started and stopped by its caller. Its metrics must go before it: without them no namespace is ever deleted."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane

    def start(self, until: Callable[[str, Callable[[], object], float], object]) -> None:
        """Install and start both, and wait until the API server reaches them. `until` waits as `World.until`."""
        plane, authority = self.plane, self.plane.authority
        plane.apply(self._definitions())
        plane.wait_for_definitions()
        between, port = f"127.0.0.1:{free_port()}", free_port()
        plane.apply(
            [
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
                # Addresses of loopback are refused in an EndpointSlice: the name leads there.
                {
                    "apiVersion": "v1",
                    "kind": "Service",
                    "metadata": {"name": _SERVICE, "namespace": NAMESPACE},
                    "spec": {"type": "ExternalName", "externalName": "localhost"},
                },
            ]
        )
        trusted = plane.folder / "trusted"
        trusted.mkdir()
        (trusted / authority.certificate.name).write_bytes(authority.certificate.read_bytes())
        plane.run(
            "keda-operator", plane.tools.program("keda-operator"), "--cert-dir", authority.folder,
            "--enable-cert-rotation=false", "--ca-dir", trusted, f"--metrics-service-bind-address={between}",
            f"--metrics-bind-address=127.0.0.1:{free_port()}", f"--health-probe-bind-address=127.0.0.1:{free_port()}",
            KUBECONFIG=str(plane.kubeconfig), POD_NAMESPACE=NAMESPACE, WATCH_NAMESPACE="",
            KEDA_CLUSTER_OBJECT_NAMESPACE=NAMESPACE,
        )  # fmt: skip
        access = [f"--{of}-kubeconfig={plane.kubeconfig}" for of in ("lister", "authentication", "authorization")]
        plane.run(
            "keda-adapter", plane.tools.program("keda-adapter"), *access, "--bind-address=127.0.0.1",
            f"--secure-port={port}", "--cert-dir", authority.folder, "--client-ca-file", authority.certificate,
            "--tls-cert-file", authority.leaf, "--tls-private-key-file", authority.key,
            f"--metrics-service-address={between}", f"--port={free_port()}",
            KUBECONFIG=str(plane.kubeconfig), POD_NAMESPACE=NAMESPACE, WATCH_NAMESPACE="",
            KEDA_CLUSTER_OBJECT_NAMESPACE=NAMESPACE,
        )  # fmt: skip
        plane.apply([self._registration(port)])
        until("KEDA's metrics are served", self._is_available, 90)

    def stop(self) -> None:
        """Take its metrics out of the API, and end both."""
        self.plane.kubectl("delete", "apiservice", _METRICS, "--ignore-not-found")
        for name in ("keda-adapter", "keda-operator"):
            if (process := self.plane.processes.pop(name, None)) is not None:
                process.stop()

    def memory_peak(self) -> dict[str, int]:
        """Most memory that each held so far, in bytes."""
        return {name: self.plane.processes[name].memory_peak() for name in ("keda-operator", "keda-adapter")}

    def _is_available(self) -> bool:
        told = json.loads(self.plane.kubectl("get", "apiservice", _METRICS, "-o", "json"))
        conditions = told.get("status", {}).get("conditions", ())
        return any(one["type"] == "Available" and one["status"] == "True" for one in conditions)

    def _definitions(self) -> list[dict[str, Any]]:
        folder = self.plane.tools.sources_of("keda-operator") / "config" / "crd" / "bases"
        return [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yaml"))]

    def _registration(self, port: int) -> dict[str, Any]:
        bundle = base64.b64encode(self.plane.authority.certificate.read_bytes()).decode()
        group, version = "external.metrics.k8s.io", "v1beta1"
        return {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": _METRICS},
            "spec": {
                "group": group, "version": version, "groupPriorityMinimum": 100, "versionPriority": 100,
                "service": {"name": _SERVICE, "namespace": NAMESPACE, "port": port}, "caBundle": bundle,
            },
        }  # fmt: skip
