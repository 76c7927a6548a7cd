"""The whole loop on one machine: state repository behind Git over HTTP, control plane, Argo CD, and rtb-hub itself."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from argo import NAMESPACE, ArgoCD
from commands import Ran
from control_plane import ControlPlane
from git_http import GitServer
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from stand_ins import StandIns
from toolchain import Toolchain

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ("int", "stg", "prd")
_ROOMY = {"limits": {"previews": 500}, "fargate": {"quotaVcpu": 5000}}
REFRESH = "argocd.argoproj.io/application-set-refresh"
_APPS = ("argoproj.io", "v1alpha1", NAMESPACE, "applications")


class NotInTimeError(AssertionError):
    """Something did not come about; the message shows what was there instead."""


@dataclass
class Took:
    """Seconds of one start or stop: the command, and from then until it was so in the cluster."""

    command: float
    then: float


class World:
    """Started by `with`. `folder` holds everything and may be kept for its logs."""

    def __init__(self, folder: Path, tools: Toolchain) -> None:
        self.folder = folder
        self.plane = ControlPlane(folder / "cluster", tools)
        self.git = GitServer(folder / "git", on_push=self._announce)
        self.is_announcing = False  # until there is somebody to tell

    def __enter__(self) -> World:
        (self.folder / "git").mkdir(parents=True)
        self.git.__enter__()
        try:
            self.plane.__enter__()
            self._lay_out()
            self.api = self.plane.api()
            self.apps = client.CustomObjectsApi(self.api)
            self.core = client.CoreV1Api(self.api)
            self.stand_ins = StandIns(self.api)
            self.argo = ArgoCD(self.plane, self._settings())
            self.argo.start()
            self.is_announcing = True
            self.stand_ins.start()
            self._install()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if hasattr(self, "stand_ins") and self.stand_ins.is_started:
            self.stand_ins.stop()
        self.plane.stop()
        self.git.__exit__()

    # The state repository

    @property
    def url(self) -> str:
        return self.git.url("state.git")

    @property
    def bare(self) -> Path:
        return self.folder / "git" / "state.git"

    def hub(self, *arguments: object, code: int = 0) -> Ran:
        """Run rtb-hub on the state repository."""
        env = {
            **os.environ,
            "RTB_HUB_REPO": self.url,
            "RTB_HUB_ACTOR": "alice",
            "RTB_HUB_CACHE": str(self.folder / "hub-cache"),
            "HOME": str(self.folder),
            "KUBECONFIG": str(self.plane.kubeconfig),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "COLUMNS": "200",
        }
        command = [sys.executable, "-m", "hub.cli.main", *map(str, arguments)]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == code, f"rtb-hub {' '.join(map(str, arguments))}: {done.returncode}\n{done.stderr}"
        return Ran(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def clone(self, branch: str) -> Iterator[Path]:
        """A clone of the state repository with the branch checked out, as a person or another tool has it."""
        work = self.folder / f"work-{time.monotonic_ns()}"
        try:
            _git("clone", "-q", "-b", branch, self.url, work)
            _git("-C", work, "config", "user.name", "a")
            _git("-C", work, "config", "user.email", "a@example.com")
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def push(self, change: Callable[[Path], object], branch: str = "main", *, message: str = "by hand") -> None:
        """Change the branch past the hub."""
        with self.clone(branch) as work:
            change(work)
            _git("-C", work, "add", "-A")
            _git("-C", work, "commit", "-q", "-m", message)
            _git("-C", work, "push", "-q", "origin", branch)

    def render_into(self, work: Path, key: str, env: str = "int", change: Callable[[str], str] = str) -> None:
        """Entry and manifest of a preview as `rtb-hub render` writes them, the manifest changed, into a clone."""
        project, number = key.lower().split("-")
        folder = work / "environments" / env / "previews" / project / str(int(number) // 100 * 100) / key.lower()
        self.hub("render", key, "--env", env, *images(), "--to", folder)
        manifest = folder / "manifest.yaml"
        manifest.write_text(change(manifest.read_text(encoding="utf-8")), encoding="utf-8")

    def push_rendered(self, key: str, change: Callable[[str], str] = str, env: str = "int") -> None:
        """A preview pushed past the hub, its manifest changed."""
        self.push(lambda work: self.render_into(work, key, env, change))

    def head(self, branch: str) -> str:
        return _git("-c", "safe.directory=*", "-C", self.bare, "rev-parse", f"refs/heads/{branch}").strip()

    def refresh(self, env: str = "int") -> None:
        """Ask the environment's set to look at Git now."""
        note = f"{REFRESH}=true"
        self.plane.kubectl("-n", NAMESPACE, "annotate", "--overwrite", "applicationset", f"previews-{env}", note)

    def merge_request(self, key: str, env: str = "prd") -> None:
        """Merge a request branch and delete it, as the Git host does after the review."""
        request = f"preview/{env}/{key.lower()}"
        with self.clone("prd") as work:
            _git("-C", work, "merge", "-q", "--no-ff", "-m", f"Merge {request}", f"origin/{request}")
            _git("-C", work, "push", "-q", "--atomic", "origin", "prd", f":refs/heads/{request}")

    def _lay_out(self) -> None:
        """`rtb-hub init` with the shipped environments, room for many previews and our URL."""
        environments = self.folder / "environments"
        shutil.copytree(ROOT / "environments", environments)
        base = environments / "base" / "environment.yaml"
        tree = yaml.safe_load(base.read_text(encoding="utf-8"))
        tree["spec"]["argocd"]["repository"] = self.url
        for name, values in _ROOMY.items():
            tree["spec"][name].update(values)
        tree["spec"]["exposure"]["shards"] = 10
        base.write_text(yaml.safe_dump(tree), encoding="utf-8")
        prd = environments / "prd" / "environment.yaml"
        prd.write_text(prd.read_text(encoding="utf-8").replace("previews: 5", "previews: 500"), encoding="utf-8")
        self.hub("init", self.bare, "--environments", environments)
        _git("-C", self.bare, "config", "http.receivepack", "true")

    def _settings(self) -> dict[str, str]:
        names = _git("-C", self.bare, "ls-tree", "--name-only", "main", "argocd/int/settings/").split()
        return {Path(name).name: _git("-C", self.bare, "show", f"main:{name}") for name in names}

    def _install(self) -> None:
        """What INSTALL.md says, for all environments at once: their previews have keys of their own here."""
        for name, branch in (("int", "main"), ("stg", "main"), ("prd", "prd")):
            work = self.folder / f"admin-{name}"
            _git("clone", "-q", "-b", branch, self.url, work)
            if name != "int":  # one load balancer and one platform a cluster: int's
                folder = work / "argocd" / name
                (folder / "kustomization.yaml").write_text("resources: [project.yaml, applicationset.yaml]\n")
            self.plane.kubectl("apply", "--server-side", "-k", str(work / "argocd" / name))

    # Announcing pushes, as GitHub's webhook does

    def _announce(self, before: dict[str, str], after: dict[str, str]) -> None:
        if not self.is_announcing:
            return
        for ref, commit in after.items():
            old = before.get(ref)
            if old == commit or not ref.startswith("refs/heads/"):
                continue
            changed = _git("-C", self.bare, "diff", "--name-only", old, commit).split() if old else []
            self.announce(ref, old or "0" * 40, commit, changed)

    def announce(self, ref: str, before: str, after: str, changed: list[str]) -> None:
        """Send a signed push event of GitHub's shape to both endpoints."""
        page = self.url.removesuffix(".git")
        body = json.dumps(
            {
                "ref": ref,
                "before": before,
                "after": after,
                "repository": {"html_url": page, "clone_url": self.url, "default_branch": "main", "name": "state"},
                "commits": [{"id": after, "added": [], "removed": [], "modified": changed}],
            }
        ).encode()
        signature = hmac.new(self.argo.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": "push",
            "X-Hub-Signature-256": f"sha256={signature}",
        }
        for url in self.argo.webhooks:
            try:
                urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10).close()
            except (urllib.error.URLError, OSError):
                continue  # a lost webhook: polling makes up for it

    # What is there

    def app(self, key: str) -> dict[str, Any] | None:
        return self._or_none(lambda: self.apps.get_namespaced_custom_object(*_APPS, f"preview-{key.lower()}"))

    def namespace(self, key: str) -> Any:
        return self._or_none(lambda: self.core.read_namespace(f"preview-{key.lower()}"))

    def all_apps(self, env: str = "int") -> dict[str, dict[str, Any]]:
        found = self.apps.list_namespaced_custom_object(*_APPS)["items"]
        return {app["metadata"]["name"]: app for app in found if app["spec"]["project"] == f"previews-{env}"}

    def pods(self, key: str) -> list[Any]:
        return self.core.list_namespaced_pod(f"preview-{key.lower()}").items

    def set_conditions(self, env: str = "int") -> dict[str, dict[str, Any]]:
        found = self.apps.get_namespaced_custom_object(
            "argoproj.io", "v1alpha1", NAMESPACE, "applicationsets", f"previews-{env}"
        )
        return {condition["type"]: condition for condition in found.get("status", {}).get("conditions", ())}

    def is_healthy(self, key: str) -> bool:
        return is_healthy(self.app(key))

    def is_gone(self, key: str) -> bool:
        return self.app(key) is None and self.namespace(key) is None

    def runs(self, key: str, letter: str) -> bool:
        """Whether there are pods, and all that are not on their way out have the images of that letter."""
        pods = [pod for pod in self.pods(key) if not pod.metadata.deletion_timestamp]
        return bool(pods) and all(c.image.endswith(letter * 64) for pod in pods for c in pod.spec.containers)

    def health_of(self, prefix: str, env: str = "int") -> dict[str, bool]:
        """Application → whether it is Healthy, of all previews whose key starts with `prefix`."""
        return {n: is_healthy(app) for n, app in self.all_apps(env).items() if n.startswith(f"preview-{prefix}")}

    def namespaces(self, prefix: str) -> list[str]:
        names = [namespace.metadata.name for namespace in self.core.list_namespace().items]
        return [name for name in names if name.startswith(f"preview-{prefix}")]

    def until(self, what: str, test: Callable[[], object], seconds: float = 60) -> float:
        """Wait until `test` holds; the seconds it took. Raises `NotInTimeError`, or `ComponentError` when one has died."""
        begin = time.monotonic()
        while not test():
            self.plane.check()
            if time.monotonic() - begin > seconds:
                raise NotInTimeError(f"not within {seconds:.0f} s: {what}\n{self._seen()}")
            time.sleep(0.1)
        return time.monotonic() - begin

    def start(self, key: str, env: str = "int", *more: object, seconds: float = 60, wait: bool = True) -> Took:
        """`rtb-hub start`, and wait until it is Healthy."""
        begin = time.monotonic()
        self.hub("start", key, "--env", env, *images(), *more)
        if env == "prd":
            self.merge_request(key)
        command = time.monotonic() - begin
        return Took(command, self.until(f"{key} is Healthy", lambda: self.is_healthy(key), seconds) if wait else 0)

    def stop(self, key: str, env: str = "int", *, seconds: float = 60) -> Took:
        """`rtb-hub stop`, and wait until Application and Namespace are gone."""
        begin = time.monotonic()
        self.hub("stop", key, "--env", env)
        if env == "prd":
            self.merge_request(key)
        command = time.monotonic() - begin
        return Took(command, self.until(f"{key} is gone", lambda: self.is_gone(key), seconds))

    def stop_all(self, keys: Iterable[str], env: str = "int", *, seconds: float = 120) -> list[Took]:
        """Stop one after the other, and wait for all of them together."""
        pushed: dict[str, tuple[float, float]] = {}
        for key in keys:
            begin = time.monotonic()
            self.hub("stop", key, "--env", env)
            pushed[key] = (time.monotonic() - begin, time.monotonic())
        took: dict[str, Took] = {}

        def all_gone() -> bool:
            for key in pushed.keys() - took.keys():
                if self.is_gone(key):
                    command, since = pushed[key]
                    took[key] = Took(command, time.monotonic() - since)
            return len(took) == len(pushed)

        self.until(f"{', '.join(pushed)} are gone", all_gone, seconds)
        return [*took.values()]

    def _or_none(self, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except ApiException as error:
            if error.status == 404:
                return None
            raise

    def _seen(self) -> str:
        lines = []
        for app in self.apps.list_namespaced_custom_object(*_APPS)["items"][:10]:
            status = app.get("status", {})
            operation = status.get("operationState", {})
            lines.append(
                f"{app['metadata']['name']}: {status.get('sync', {}).get('status')} {status.get('health', {}).get('status')}"
                f" {operation.get('phase')} {operation.get('message', '')[:300]} deleting={app['metadata'].get('deletionTimestamp')}"
                f" {[c['message'][:200] for c in status.get('conditions', ())]}"
            )
        lines += [
            f"set {env}: {[(c['type'], c['status'], c['message'][:200]) for c in self.set_conditions(env).values()]}"
            for env in ENVIRONMENTS
        ]
        return "\n".join(lines)


def is_healthy(app: dict[str, Any] | None) -> bool:
    """Synced and Healthy, and not on its way out."""
    if app is None or app["metadata"].get("deletionTimestamp"):
        return False
    status = app.get("status", {})
    return status.get("sync", {}).get("status") == "Synced" and status.get("health", {}).get("status") == "Healthy"


def images(letter: str = "a", names: tuple[str, ...] = ("web", "api")) -> list[str]:
    """Options that give each component an image."""
    return [part for name in names for part in ("--image", f"{name}=registry.example.com/{name}@sha256:{letter * 64}")]


def _git(*arguments: object) -> str:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(["git", *map(str, arguments)], env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"git {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout
