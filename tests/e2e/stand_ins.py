"""Stand-ins for the controllers that need AWS: the load balancer controller and the External Secrets Operator.

Each does what Argo CD and previews see of the real one: finalizers and status of an Ingress; a Secret and the condition
Ready for an ExternalSecret.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from kubernetes import client, dynamic
from kubernetes.client.exceptions import ApiException

GROUP_FINALIZER = "group.ingress.k8s.aws/"
#: An Ingress with this annotation has no address, and an ExternalSecret of a secret in a folder of this name gets no Secret:
#: `faults.Saying` says of them what the annotation, or the secret's last part, names.
FAULT = "fault"
_MERGE = {"content_type": "application/merge-patch+json"}


class StandIns:
    """Looks at all objects twice a second. `is_load_balancer_stuck`: finalizers stay on, as when its role is broken."""

    def __init__(self, api: client.ApiClient) -> None:
        self._client = dynamic.DynamicClient(api)
        self._core = client.CoreV1Api(api)
        self._stop = threading.Event()
        self.is_load_balancer_stuck = False
        #: Namespaces whose Ingress gets no address.
        self.unaddressed: set[str] = set()
        #: Ingresses get their addresses whatever fault they have.
        self.has_no_faults = False
        #: Namespace → when its Ingress was given an address.
        self.addressed: dict[str, datetime] = {}
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True, name="stand-ins")

    @property
    def is_started(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)

    def _run(self) -> None:
        ingresses = self._client.resources.get(api_version="networking.k8s.io/v1", kind="Ingress")
        secrets = self._client.resources.get(api_version="external-secrets.io/v1", kind="ExternalSecret")
        work: tuple[tuple[Any, Callable[[Any, Any], None]], ...] = ((ingresses, self._ingress), (secrets, self._secret))
        while not self._stop.wait(0.25):
            for resource, handle in work:
                try:
                    for found in resource.get().items:
                        with contextlib.suppress(ApiException):  # changed or gone in between: the next round sees it
                            handle(resource, found)
                except Exception as error:  # noqa: BLE001 - the API server is being restarted or is gone
                    self.error = error

    def _ingress(self, resource: Any, ingress: Any) -> None:
        meta, finalizer = ingress.metadata, GROUP_FINALIZER + (ingress.spec.ingressClassName or "none")
        held = [*(meta.finalizers or [])]
        where = {"name": meta.name, "namespace": meta.namespace}
        if meta.deletionTimestamp:
            if finalizer in held and not self.is_load_balancer_stuck:
                left = [one for one in held if one != finalizer]
                resource.patch(body={"metadata": {"finalizers": left or None}}, **where, **_MERGE)
        elif finalizer not in held:
            resource.patch(body={"metadata": {"finalizers": [*held, finalizer]}}, **where, **_MERGE)
        elif meta.namespace in self.unaddressed or (_has_fault(ingress) and not self.has_no_faults):
            if _has_fault(ingress) and _addresses(ingress):
                resource.status.patch(body={"status": {"loadBalancer": {"ingress": None}}}, **where, **_MERGE)
        elif not _addresses(ingress):
            name = f"k8s-{ingress.spec.ingressClassName}.ap-northeast-2.elb.example.com"
            status = {"status": {"loadBalancer": {"ingress": [{"hostname": name}]}}}
            resource.status.patch(body=status, **where, **_MERGE)
            self.addressed[meta.namespace] = datetime.now(UTC)

    def _secret(self, resource: Any, secret: Any) -> None:
        meta, conditions = secret.metadata, (secret.status or {}).get("conditions") or []
        if meta.deletionTimestamp or any(c["type"] == "Ready" for c in conditions) or fault_of_secret(secret):
            return
        name = secret.spec.target.name or meta.name
        owner = {"apiVersion": secret.apiVersion, "kind": secret.kind, "name": meta.name, "uid": meta.uid}
        body = {"metadata": {"name": name, "ownerReferences": [owner]}, "stringData": {"made-by": "the stand-in"}}
        if secret.spec.target.creationPolicy != "Merge":
            with contextlib.suppress(ApiException):  # it is there already
                self._core.create_namespaced_secret(meta.namespace, body)
        ready = {"type": "Ready", "status": "True", "reason": "SecretSynced", "message": "secret synced"}
        resource.status.patch(
            body={"status": {"conditions": [ready]}}, name=meta.name, namespace=meta.namespace, **_MERGE
        )


def fault_of_secret(secret: Any) -> str:
    """Which fault External Secrets is to have with it, by the name of the secret that it asks for; empty for none."""
    names = [str(one.remoteRef.key).split("/") for one in secret.spec.data or ()]
    return next((name[-1] for name in names if FAULT in name[:-1]), "")


def _addresses(ingress: Any) -> Any:
    return ((ingress.status or {}).get("loadBalancer") or {}).get("ingress")


def _has_fault(ingress: Any) -> bool:
    return FAULT in dict(ingress.metadata.annotations or {})
