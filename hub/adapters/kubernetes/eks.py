"""The cluster of an environment in EKS, as AWS tells where it is, and its target groups."""

from __future__ import annotations

import ssl

from generator.bootstrap.argocd import READER
from generator.errors import Reason, Stalled
from generator.model.environment import EnvironmentSpec
from hub.adapters.http import Origin, SenderParts
from hub.adapters.kubernetes.aws import REFUSED_LASTS, EksAccess
from hub.adapters.kubernetes.cluster import Cluster
from hub.adapters.kubernetes.connection import Remedies, api_server
from hub.adapters.kubernetes.target_groups import AwsTargetGroups


def eks_cluster(spec: EnvironmentSpec, access: EksAccess, parts: SenderParts) -> Cluster:
    """The cluster of an environment. Raises as `EksAccess`."""
    from hub.adapters.kubernetes.renewing import RenewingPool

    known = access.described()
    try:
        pool = RenewingPool(known, lambda: access.described(REFUSED_LASTS))
    except ssl.SSLError as err:
        message = f"cluster {spec.cluster.name}: the certificate of its authority, as AWS tells it, is none"
        raise Stalled(Reason.CLUSTER_REFUSED, message) from err
    sender = api_server(
        Origin.parse(known[0]),
        access.authorization,
        parts,
        pool=pool,
        remedies=Remedies(
            network="check that this machine may reach the cluster's endpoint (public access, VPC, security group)",
            certificate="see what stands between this machine and the cluster's endpoint: AWS was asked for its"
            " certificate",
            credentials=f"give {access.role} an access entry in this cluster with the group {READER} (docs/INSTALL.md)",
        ),
        make=access.make,
    )
    return Cluster(spec.cluster.name, sender, AwsTargetGroups(access))
