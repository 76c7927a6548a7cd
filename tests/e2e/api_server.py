"""A real Kubernetes API server without containers, on its etcd: all on loopback and free ports, below one folder."""

from __future__ import annotations

import json
import secrets
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import yaml
from kubernetes import client, config
from processes import Process, free_port
from toolchain import Toolchain

from worlds.authority import PROXY, Authority

READER_GROUP = "rtb-hub-reader"


class ApiServer:
    """Started by `with`; everything ends with it. `flags`: more of the server's."""

    def __init__(self, folder: Path, tools: Toolchain, flags: Sequence[str] = ()) -> None:
        self.folder, self.tools, self.flags = folder, tools, flags
        self.kubeconfig = folder / "kubeconfig"
        self.processes: dict[str, Process] = {}
        self._tokens = {"admin": secrets.token_hex(16), "reader": secrets.token_hex(16)}

    @property
    def token(self) -> str:
        """The administrator's."""
        return self._tokens["admin"]

    def __enter__(self) -> Self:
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
        self.key, self.certificate = self._service_account_key(), self.folder / "certificates" / "apiserver.crt"
        tokens = self.folder / "tokens.csv"
        tokens.write_text(
            f"{self._tokens['admin']},admin,admin,system:masters\n{self._tokens['reader']},hub,hub,{READER_GROUP}\n",
            encoding="ascii",
        )
        api = self.run(
            "kube-apiserver", self.tools.program("kube-apiserver"), "--etcd-servers", etcd, "--secure-port", secure,
            "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--cert-dir", self.certificate.parent,
            "--service-account-key-file", self.key, "--service-account-signing-key-file", self.key,
            "--service-account-issuer", "https://kubernetes.default.svc", "--token-auth-file", tokens,
            "--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.0.0.0/20", "--endpoint-reconciler-type", "none",
            # How it calls servers behind it, such as KEDA's of metrics.
            "--requestheader-client-ca-file", self.authority.certificate, "--requestheader-allowed-names", PROXY,
            "--requestheader-username-headers", "X-Remote-User", "--requestheader-group-headers", "X-Remote-Group",
            "--requestheader-extra-headers-prefix", "X-Remote-Extra-",
            "--proxy-client-cert-file", self.authority.leaf, "--proxy-client-key-file", self.authority.key, *self.flags,
        )  # fmt: skip
        self.url = f"https://127.0.0.1:{secure}"
        api.wait(lambda: _is_ready(f"{self.url}/readyz", self.certificate, self._tokens["admin"]))
        self._write_kubeconfig()

    def _service_account_key(self) -> Path:
        command = [self.tools.key_maker, "--host", "127.0.0.1"]
        subprocess.run(command, check=True, cwd=self.folder, capture_output=True)
        return self.folder / "key.pem"

    def _write_kubeconfig(self) -> None:
        users = [{"name": name, "user": {"token": token}} for name, token in self._tokens.items()]
        contexts = [{"name": name, "context": {"cluster": "here", "user": name}} for name in self._tokens]
        cluster = {"server": self.url, "certificate-authority": str(self.certificate)}
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


def _is_ready(url: str, authority: Path, token: str) -> bool:
    try:
        context = ssl.create_default_context(cafile=str(authority))
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=2, context=context) as answer:
            return bool(answer.status == 200)
    except (OSError, ssl.SSLError, urllib.error.URLError):
        return False
