"""The whole loop on one machine: state repository behind Git over HTTP, control plane, Argo CD, and rtb-hub itself."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argo import NAMESPACE, ArgoCD
from control_plane import ControlPlane
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from stand_ins import StandIns
from state_repository import StateRepository, git, images
from toolchain import Toolchain

ENVIRONMENTS = ("int", "stg", "prd")
REFRESH = "argocd.argoproj.io/application-set-refresh"
_APPS = ("argoproj.io", "v1alpha1", NAMESPACE, "applications")


class NotInTimeError(AssertionError):
    """Something did not come about; the message shows what was there instead."""


@dataclass
class Took:
    """Seconds of one start or stop: the command, and from then until it was so in the cluster."""

    command: float
    then: float


#: So long Argo CD may overlook that an Application is being deleted (docs/adr/0039): a bound, not a figure.
GONE_SECONDS = 600


class World(StateRepository):
    """Started by `with`. `folder` holds everything and may be kept for its logs."""

    def __init__(self, folder: Path, tools: Toolchain) -> None:
        self.plane = ControlPlane(folder / "cluster", tools)
        super().__init__(folder, self.plane.kubeconfig)

    def __enter__(self) -> World:
        (self.folder / "git").mkdir(parents=True)
        self.git.__enter__()
        try:
            self.plane.__enter__()
            self.lay_out()
            self.api = self.plane.api()
            self.apps = client.CustomObjectsApi(self.api)
            self.core = client.CoreV1Api(self.api)
            self.stand_ins = StandIns(self.api)
            self.argo = ArgoCD(self.plane, self._settings())
            self.argo.start()
            self.webhooks, self.webhook_secret = self.argo.webhooks, self.argo.webhook_secret
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

    def refresh(self, env: str = "int") -> None:
        """Ask the environment's set to look at Git now."""
        note = f"{REFRESH}=true"
        self.plane.kubectl("-n", NAMESPACE, "annotate", "--overwrite", "applicationset", f"previews-{env}", note)

    def wake(self, env: str) -> None:
        """Ask a set that is stopped: it is told only of a note that was not there before."""
        self.plane.kubectl("-n", NAMESPACE, "annotate", "applicationset", f"previews-{env}", f"{REFRESH}-")
        self.refresh(env)

    def _settings(self) -> dict[str, str]:
        names = git("-C", self.bare, "ls-tree", "--name-only", "main", "argocd/int/settings/").split()
        return {Path(name).name: git("-C", self.bare, "show", f"main:{name}") for name in names}

    def _install(self) -> None:
        """What INSTALL.md says, for all environments at once: their previews have keys of their own here."""
        for name in ENVIRONMENTS:
            self.install(name, self.url)

    def install(self, env: str, url: str) -> None:
        """Apply an environment's Argo CD objects as the state repository at `url` has them."""
        with tempfile.TemporaryDirectory(dir=self.folder) as work:
            git("clone", "-q", "-b", "prd" if env == "prd" else "main", url, work)
            folder = Path(work) / "argocd" / env
            if env != "int":  # one load balancer and one platform a cluster: int's
                (folder / "kustomization.yaml").write_text("resources: [project.yaml, applicationset.yaml]\n")
            # The set's controller owns a set's generators once it was asked to look at Git.
            self.plane.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(folder))

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

    def until_gone(self, *keys: str, what: str = "", seconds: float = GONE_SECONDS) -> float:
        """Wait until Application and Namespace of each are gone; the seconds it took. Raises as `until`."""
        return self.until(f"{what or ', '.join(keys)} gone", lambda: all(self.is_gone(key) for key in keys), seconds)

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

    def stop(self, key: str, env: str = "int", *, seconds: float = GONE_SECONDS) -> Took:
        """`rtb-hub stop`, and wait until Application and Namespace are gone."""
        begin = time.monotonic()
        self.hub("stop", key, "--env", env)
        if env == "prd":
            self.merge_request(key)
        command = time.monotonic() - begin
        return Took(command, self.until_gone(key, seconds=seconds))

    def stop_all(self, keys: Iterable[str], env: str = "int", *, seconds: float = GONE_SECONDS) -> list[Took]:
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
