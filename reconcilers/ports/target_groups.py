"""Target groups that AWS has of a cluster's namespaces. Texts come from AWS and are not to be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from generator.errors import ToDo


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """A target group that the load balancer controller made for an Ingress or Service in `namespace`.

    `balancers`: ARNs of the load balancers that send requests to it.
    """

    name: str
    arn: str
    namespace: str
    balancers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Targets:
    """Which of them there are. `unread`: why that is not known, with what to do; nothing follows from `found` then.

    `is_refused`: it will not be known before somebody does something.
    """

    found: tuple[TargetGroup, ...] = ()
    unread: str = ""
    remedy: ToDo = ""
    is_refused: bool = False


class TargetGroups(Protocol):
    """Where AWS may be asked. Raises `Transient` when it cannot be reached and `Stalled` when it refuses to answer."""

    def of(self, namespace: str = "") -> tuple[TargetGroup, ...]:
        """Those of this cluster by name, in one namespace or in all."""
