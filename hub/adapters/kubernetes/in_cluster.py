"""The cluster that this process runs in, by the ServiceAccount of its pod (Kubernetes: "Accessing the API from a Pod").

The token is read with each request, and once more after a 401: kubelet writes it anew before it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from generator.errors import Reason, Stalled
from hub.adapters.http import Origin, SenderParts
from hub.adapters.kubernetes.cluster import Cluster
from hub.adapters.kubernetes.connection import Remedies, api_server

HOST, PORT = "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def is_inside(environ: Mapping[str, str]) -> bool:
    """Whether this process runs in a pod with a ServiceAccount."""
    return bool(environ.get(HOST)) and (ACCOUNT / "token").exists()


def own_cluster(
    environ: Mapping[str, str], parts: SenderParts, *, account: Path = ACCOUNT, scheme: str = "https"
) -> Cluster:
    """The cluster of this pod. Raises `Stalled` (ClusterRefused) where it has no ServiceAccount."""
    from urllib3 import PoolManager

    host, port = environ.get(HOST, ""), environ.get(PORT, "443")
    authority = account / "ca.crt"
    if not host or not authority.exists():
        raise Stalled(Reason.CLUSTER_REFUSED, "this process does not run in a pod with a ServiceAccount")
    where = f"[{host}]" if ":" in host else host
    sender = api_server(
        Origin.parse(f"{scheme}://{where}:{port}", is_clear_allowed=scheme == "http"),
        _token(account / "token"),
        parts,
        pool=PoolManager(ca_certs=str(authority), maxsize=10),
        remedies=Remedies(
            network="check that the pod reaches the API server (network policies), and its ServiceAccount",
            certificate=f"check {authority}",
            credentials="see that its ServiceAccount is still there and that kubelet renews its token, then restart"
            " the pod",
        ),
    )
    return Cluster("in-cluster", sender)


def _token(path: Path) -> Callable[[], str]:
    def read() -> str:
        try:
            return f"Bearer {path.read_text(encoding='utf-8').strip()}"
        except (OSError, UnicodeDecodeError) as err:
            message = f"cannot read the cluster: the ServiceAccount's token {path} cannot be read"
            raise Stalled(Reason.CLUSTER_REFUSED, message) from err

    return read
