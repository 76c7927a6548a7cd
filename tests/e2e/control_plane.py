"""A real Kubernetes control plane without containers: etcd, API server, controllers, scheduler, and KWOK for nodes.

All on loopback and free ports, below one folder. Nodes look like Fargate's and like a Karpenter spot node; pods on them
run at once, but those whose image is `BROKEN` never start, and those that `kubelet` runs, or that have an image of
`faults`, are left alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from api_server import ApiServer
from faults import IMAGES
from processes import free_port
from toolchain import DEFINITIONS, MODULES

BROKEN = "registry.example.com/broken@sha256:" + "b" * 64
#: Pods of these names (`app.kubernetes.io/name`) are left to `kubelet`.
RUN_AS_PROCESSES = ("rtb-hub-listener", "rtb-hub-worker", "rtb-hub-upgrade")
_CRDS = Path(__file__).resolve().parents[2] / "generator" / "crds"
_STAGES = (
    "pod/fast/pod-ready",
    "pod/fast/pod-complete",
    "pod/fast/pod-delete",
    "node/fast/node-initialize",
    "node/heartbeat-with-lease/node-heartbeat-with-lease",
)
_FARGATE = {"eks.amazonaws.com/compute-type": "fargate"}
_SPOT = {"karpenter.sh/capacity-type": "spot", "kubernetes.io/arch": "amd64", "topology.kubernetes.io/zone": "z1"}
_SPOT_TAINT = {"key": "rtb.hub/preview", "value": "true", "effect": "NoSchedule"}


class ControlPlane(ApiServer):
    """An API server with controllers, scheduler and KWOK. Started by `with`; everything ends with it."""

    def _start(self) -> None:
        super()._start()
        access = [
            f"--{flag}={self.kubeconfig}"
            for flag in ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")
        ]
        quick = ["--leader-elect=false", "--kube-api-qps=300", "--kube-api-burst=600", "--bind-address=127.0.0.1"]
        self.run(
            "kube-controller-manager", self.tools.program("kube-controller-manager"), *access, *quick,
            "--secure-port", free_port(), "--service-account-private-key-file", self.key, "--root-ca-file", self.certificate,
            "--controllers", "*,-nodeipam",
            "--horizontal-pod-autoscaler-sync-period=2s",
        )  # fmt: skip
        self.run("kube-scheduler", self.tools.program("kube-scheduler"), *access, *quick, "--secure-port", free_port())
        stages = self.folder / "stages.yaml"
        stages.write_text(yaml.safe_dump_all(self._stages()), encoding="utf-8")
        self.run(
            "kwok", self.tools.program("kwok"), "--kubeconfig", self.kubeconfig, "--manage-all-nodes=false",
            "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake", "--config", stages,
            "--node-lease-duration-seconds=40",  # without it nodes are NotReady after a minute
            "--server-address", f"127.0.0.1:{free_port()}", "--node-port", free_port(), HOME=str(self.folder),
        )  # fmt: skip
        self.apply([*_nodes(), *self._definitions()])
        self.wait_for_definitions()

    def _stages(self) -> Iterable[dict[str, Any]]:
        """KWOK's own fast stages, but not for `RUN_AS_PROCESSES`; pods with the image `BROKEN` get one of ours."""
        name_of = '.metadata.labels["app.kubernetes.io/name"]'
        others = {"key": name_of, "operator": "NotIn", "values": [*RUN_AS_PROCESSES]}
        stages = self.tools.sources_of("kwok") / "kustomize" / "stage"
        for name in _STAGES:
            stage = yaml.safe_load((stages / f"{name}.yaml").read_text(encoding="utf-8"))
            if name.startswith("pod/"):
                stage["spec"]["selector"]["matchExpressions"].append(others)
            if name.endswith("pod-ready"):
                image = {"key": ".spec.containers.[].image", "values": [BROKEN]}
                selector = stage["spec"]["selector"]["matchExpressions"]
                selector.append({**image, "values": [BROKEN, *IMAGES], "operator": "NotIn"})
                yield _cannot_pull([*selector[:-1], {**image, "operator": "In"}])
            yield stage

    def _definitions(self) -> Iterable[dict[str, Any]]:
        folders = [(self.tools.sources_of("argocd"), "manifests/crds/*-crd.yaml")]
        folders += [(self.tools.sources(MODULES / "crds", name), pattern) for name, pattern in DEFINITIONS.items()]
        for folder, pattern in folders:
            start, _, rest = pattern.partition("{")
            names, _, end = rest.partition("}")
            for path in (path for name in names.split(",") for path in sorted(folder.glob(start + name + end))):
                yield from (tree for tree in yaml.safe_load_all(path.read_text(encoding="utf-8")) if tree)
        yield _own_definition("IngressClassParams", "elbv2.k8s.aws", "v1beta1", "ingressclassparams")


def _nodes() -> Iterable[dict[str, Any]]:
    room = {"cpu": "1000", "memory": "4000Gi", "ephemeral-storage": "40000Gi", "pods": "2000"}
    for name, labels, taints in (("fargate", _FARGATE, []), ("spot", _SPOT, [_SPOT_TAINT])):
        yield {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": name,
                "annotations": {"kwok.x-k8s.io/node": "fake"},
                "labels": {"kubernetes.io/hostname": name, **labels},
            },
            "spec": {"taints": taints},
            "status": {"allocatable": room, "capacity": room},
        }


def _cannot_pull(selector: list[dict[str, Any]]) -> dict[str, Any]:
    waiting = {"key": ".status.containerStatuses.[].state.waiting.reason", "operator": "DoesNotExist"}
    status = """
containerStatuses:
{{ range .spec.containers }}
- image: {{ .image | Quote }}
  name: {{ .name | Quote }}
  ready: false
  restartCount: 0
  state: {waiting: {reason: ImagePullBackOff, message: "Back-off pulling image: not found"}}
{{ end }}
phase: Pending
"""
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": "pod-cannot-pull"},
        "spec": {
            "resourceRef": {"apiGroup": "v1", "kind": "Pod"},
            "selector": {"matchExpressions": [*selector, waiting]},
            "next": {"statusTemplate": status},
        },
    }


def _own_definition(kind: str, group: str, version: str, plural: str) -> dict[str, Any]:
    """A definition made from our own schema, for the one kind whose module cannot be had."""
    ours = json.loads((_CRDS / f"{kind}.{group}.{version}.json").read_text(encoding="utf-8"))
    spec = json.loads(re.sub(r'"additionalProperties": false,? ?', "", json.dumps(ours["properties"]["spec"])))
    schema = {"type": "object", "properties": {"spec": spec}}
    versions = [{"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]
    names = {"kind": kind, "plural": plural, "singular": kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "scope": "Cluster", "names": names, "versions": versions},
    }
