"""Where requests to an environment's previews are counted, and how this process asks: by the role of its cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from generator.model.environment import Environment
    from hub.adapters.kubernetes.traffic import AwsTraffic


def traffic_of(environment: Environment, clock: Callable[[], datetime]) -> AwsTraffic:
    """That of an environment's account, which is asked when it is used. Needs the extra `aws` then."""
    from hub.adapters.kubernetes.aws import EksAccess
    from hub.adapters.kubernetes.traffic import AwsTraffic

    spec = environment.spec
    return AwsTraffic(EksAccess(spec.cluster.name, spec.region, spec.cluster.role_arn, clock))
