"""A real Kubernetes control plane without containers: etcd, API server, controllers, scheduler, and KWOK for nodes.

All on loopback and free ports, below one folder. Nodes look like Fargate's and like a Karpenter spot node; pods on them
run at once, but those whose image is `BROKEN` never start, and those that `kubelet` runs, or that have an image of
`faults`, are left alone.
"""

from __future__ import annotations

import json
import re
import secrets
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from authority import PROXY, Authority
from faults import IMAGES
from kubernetes import client, config
from processes import Process, free_port
from toolchain import DEFINITIONS, MODULES, Toolchain

BROKEN = "registry.example.com/broken@sha256:" + "b" * 64
READER_GROUP = "rtb-hub-reader"
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


class ControlPlane:
    """Started by `with`; everything ends with it."""

    def __init__(self, folder: Path, tools: Toolchain) -> None:
        self.folder, self.tools = folder, tools
        self.kubeconfig = folder / "kubeconfig"
        self.processes: dict[str, Process] = {}
        self._tokens = {"admin": secrets.token_hex(16), "reader": secrets.token_hex(16)}

    def __enter__(self) -> ControlPlane:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End everything, etcd last: an API server without it does not end."""
        for process in reversed(self.processes.values()):
            process.stop()

    def check(self) -> None:
        """Raise `ComponentError` when a component has died."""
        for process in self.processes.values():
            process.check()

    def run(self, name: str, *command: object, **env: str) -> Process:
        """Start a component and keep it."""
        process = Process(name, [*map(str, command)], self.folder / f"{name}.log", env)
        self.processes[name] = process
        process.start()
        return process

    def kubectl(self, *arguments: str, stdin: str = "", check: bool = True) -> str:
        """Run kubectl as administrator."""
        command = [self.tools.program("kubectl"), "--kubeconfig", self.kubeconfig, *arguments]
        ran = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if check and ran.returncode:
            raise RuntimeError(f"kubectl {' '.join(arguments)}: {ran.stderr}")
        return ran.stdout + ("" if check else ran.stderr)

    def api(self) -> client.ApiClient:
        """A client as administrator."""
        return config.new_client_from_config(str(self.kubeconfig), context="admin")

    def apply(self, objects: Iterable[dict[str, Any]]) -> None:
        """Apply objects on the server's side."""
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=yaml.safe_dump_all(objects))

    def _start(self) -> None:
        self.authority = Authority(self.folder / "authority")
        port, peer, secure = free_port(), free_port(), free_port()
        etcd = f"http://127.0.0.1:{port}"
        self.run(
            "etcd", self.tools.program("etcd"), "--data-dir", self.folder / "etcd", "--unsafe-no-fsync",
            "--listen-client-urls", etcd, "--advertise-client-urls", etcd,
            "--listen-peer-urls", f"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
            "--initial-cluster", f"default=http://127.0.0.1:{peer}",
        )  # fmt: skip
        key = self._service_account_key()
        tokens = self.folder / "tokens.csv"
        tokens.write_text(
            f"{self._tokens['admin']},admin,admin,system:masters\n{self._tokens['reader']},hub,hub,{READER_GROUP}\n",
            encoding="ascii",
        )
        certificates = self.folder / "certificates"
        api = self.run(
            "kube-apiserver", self.tools.program("kube-apiserver"), "--etcd-servers", etcd, "--secure-port", secure,
            "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--cert-dir", certificates,
            "--service-account-key-file", key, "--service-account-signing-key-file", key,
            "--service-account-issuer", "https://kubernetes.default.svc", "--token-auth-file", tokens,
            "--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.0.0.0/20", "--endpoint-reconciler-type", "none",
            # How it calls servers behind it, such as KEDA's of metrics.
            "--requestheader-client-ca-file", self.authority.certificate, "--requestheader-allowed-names", PROXY,
            "--requestheader-username-headers", "X-Remote-User", "--requestheader-group-headers", "X-Remote-Group",
            "--requestheader-extra-headers-prefix", "X-Remote-Extra-",
            "--proxy-client-cert-file", self.authority.leaf, "--proxy-client-key-file", self.authority.key,
        )  # fmt: skip
        authority = certificates / "apiserver.crt"
        server = f"https://127.0.0.1:{secure}"
        api.wait(lambda: authority.exists() and _is_ready(f"{server}/readyz", authority, self._tokens["admin"]))
        self._write_kubeconfig(server, authority)
        access = [
            f"--{flag}={self.kubeconfig}"
            for flag in ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")
        ]
        quick = ["--leader-elect=false", "--kube-api-qps=300", "--kube-api-burst=600", "--bind-address=127.0.0.1"]
        self.run(
            "kube-controller-manager", self.tools.program("kube-controller-manager"), *access, *quick,
            "--secure-port", free_port(), "--service-account-private-key-file", key, "--root-ca-file", authority,
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

    def wait_for_definitions(self) -> None:
        """Wait until all are established.

        `kubectl wait` fails on one that has no conditions yet, as just after it was made on a busy machine.
        """
        for left in reversed(range(10)):
            try:
                self.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
            except RuntimeError:
                if not left:
                    raise
                time.sleep(1)
            else:
                return

    def _service_account_key(self) -> Path:
        command = [self.tools.key_maker, "--host", "127.0.0.1"]
        subprocess.run(command, check=True, cwd=self.folder, capture_output=True)
        return self.folder / "key.pem"

    def _write_kubeconfig(self, server: str, authority: Path) -> None:
        users = [{"name": name, "user": {"token": token}} for name, token in self._tokens.items()]
        contexts = [{"name": name, "context": {"cluster": "here", "user": name}} for name in self._tokens]
        cluster = {"server": server, "certificate-authority": str(authority)}
        self.kubeconfig.touch(mode=0o600)
        tree = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "here", "cluster": cluster}],
            "users": users,
            "contexts": contexts,
            "current-context": "admin",
        }
        self.kubeconfig.write_text(json.dumps(tree), encoding="ascii")

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


def _is_ready(url: str, authority: Path, token: str) -> bool:
    try:
        context = ssl.create_default_context(cafile=str(authority))
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=2, context=context) as answer:
            return bool(answer.status == 200)
    except (OSError, ssl.SSLError, urllib.error.URLError):
        return False


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
