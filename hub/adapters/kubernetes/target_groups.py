"""Target groups of a cluster, as AWS has them: found by the tags that the load balancer controller gives them.

Only ever described. The tags are those of aws-load-balancer-controller, pkg/deploy/tracking/provider.go:
`elbv2.k8s.aws/cluster` is the cluster's name, `ingress.k8s.aws/resource` is `namespace/ingress-service:port`, and
`service.k8s.aws/resource` is `namespace/service:port`. Names begin with `k8s-`, the first eight letters and digits of
the namespace, and `-` (pkg/ingress/model_build_target_group.go), which spares reading the tags of others.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from generator.errors import Fault, Reason, Transient
from hub.adapters.kubernetes.aws import EksAccess
from reconcilers.ports.target_groups import TargetGroup

#: What one call may ask for (API reference: DescribeTargetGroups, DescribeTags).
PAGE, TAGGED_AT_ONCE = 400, 20
#: An account has 3,000 target groups in a region unless its quota was raised.
MOST_PAGES = 25
RIGHTS = "elasticloadbalancing:DescribeTargetGroups and elasticloadbalancing:DescribeTags"
_T = TypeVar("_T")
_CLUSTER = "elbv2.k8s.aws/cluster"
_RESOURCES = ("ingress.k8s.aws/resource", "service.k8s.aws/resource")
_TRIES = 3


@dataclass(eq=False)
class AwsTargetGroups:
    """Those of one cluster. Safe for threads. The tags of one are read once: the controller does not change them."""

    access: EksAccess
    #: By ARN: name of the cluster, and namespace.
    _known: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def of(self, namespace: str = "") -> tuple[TargetGroup, ...]:
        """See the port. A call for 400 target groups, and one for 20 that are not known yet."""
        with self._lock:
            client = self._asked("reach", lambda: self.access.client("elbv2"))
            for _ in range(_TRIES):
                listed = self._asked("list", partial(self._listed, client, namespace))
                if self._asked("read the tags of", partial(self._read_tags, client, listed)):
                    return tuple(sorted(self._ours(listed, namespace), key=lambda one: (one.namespace, one.name)))
            raise self._unknown("they change faster than they can be read")

    def _asked(self, doing: str, ask: Callable[[], _T]) -> _T:
        return self.access.asked(f"{doing} the target groups of", ask, rights=RIGHTS)

    def _listed(self, client: Any, namespace: str) -> Mapping[str, tuple[str, tuple[str, ...]]]:
        """Names that the controller may have given, and the ARNs of their load balancers, by ARN."""
        begin = f"k8s-{re.sub('[^0-9A-Za-z]', '', namespace)[:8]}-" if namespace else "k8s-"
        found: dict[str, tuple[str, tuple[str, ...]]] = {}
        marker: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            answer = client.describe_target_groups(PageSize=PAGE, **marker)
            found |= {
                one["TargetGroupArn"]: (one["TargetGroupName"], tuple(one.get("LoadBalancerArns", ())))
                for one in answer["TargetGroups"]
            }
            if not answer.get("NextMarker"):
                return {arn: told for arn, told in found.items() if told[0].startswith(begin)}
            marker = {"Marker": answer["NextMarker"]}
        raise self._unknown(f"there are more than {MOST_PAGES * PAGE}")

    def _read_tags(self, client: Any, listed: Mapping[str, object]) -> bool:
        """Of those that are not known; False where one of them has gone since it was listed."""
        wanted = [arn for arn in listed if arn not in self._known]
        for begin in range(0, len(wanted), TAGGED_AT_ONCE):
            try:
                answer = client.describe_tags(ResourceArns=wanted[begin : begin + TAGGED_AT_ONCE])
            except client.exceptions.TargetGroupNotFoundException:
                return False
            for told in answer["TagDescriptions"]:
                tags = {one["Key"]: one.get("Value", "") for one in told["Tags"]}
                resource = next((tags[name] for name in _RESOURCES if name in tags), "")
                if _CLUSTER in tags:
                    self._known[told["ResourceArn"]] = (tags[_CLUSTER], resource.partition("/")[0])
        return True

    def _ours(self, listed: Mapping[str, tuple[str, tuple[str, ...]]], namespace: str) -> Iterator[TargetGroup]:
        for arn, (name, balancers) in listed.items():
            cluster, place = self._known.get(arn, ("", ""))
            if cluster == self.access.cluster and place and namespace in ("", place):
                yield TargetGroup(name, arn, place, balancers)

    def _unknown(self, why: str) -> Transient:
        message = f"cannot tell the target groups of cluster {self.access.cluster} in {self.access.region}: {why}"
        remedy = "look at them in AWS: aws elbv2 describe-target-groups"
        return Transient(Reason.CLUSTER_UNREACHABLE, Fault(message, remedy=remedy))
