"""What an object should be like, as facts that an account is compared by: each a name and a value of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from generator.bootstrap.account import objects as o

Facts = Mapping[str, Any]


class GroupRule(NamedTuple):
    """One rule of a security group as it is there. `first`, `last`: ports, or of ICMP type and code; -1 is any.

    `peer`: a network, or the id of a group or of a list of prefixes. As text it is such as `in tcp 53 from sg-1`.
    """

    direction: Literal["in", "out"]
    protocol: str
    first: int
    last: int
    peer: str

    def __str__(self) -> str:
        ports = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return f"{self.direction} {self.protocol} {ports} {'from' if self.direction == 'in' else 'to'} {self.peer}"


def wanted(one: o.Object, named: Mapping[str, str]) -> Facts:  # noqa: C901, PLR0912 - one case a kind
    """The facts of an object of a kind that is read. `named`: names in AWS by object. Raises `TypeError`."""
    match one:
        case o.Role():
            policies = {f"policy {name}": policy for name, policy in one.policies.items()}
            return {"trust": one.trust, "path": one.path, **policies, "attached policies": []}
        case o.IdentityProvider():
            return {"audience": one.audience}
        case o.FargateProfile():
            selectors = [{"namespace": one.namespace, "labels": dict(one.labels)}]
            subnets = sorted(one.subnets)
            return {"status": "ACTIVE", "subnets": subnets, "selectors": selectors, "role": _named(one.role, named)}
        case o.AccessEntry():
            return {"groups": sorted(one.groups), "access policies": []}
        case o.Secret():
            return {"value": "there"}
        case o.Certificate():
            return {"status": "ISSUED"}
        case o.LogGroup():
            return {"days": one.days}
        case o.Budget():
            return {"dollars": one.dollars}
        case o.Repository():
            return {"policy": one.policy, "tags": "IMMUTABLE", "scan on push": True}
        case o.Database():
            return {
                "deletion protection": True,
                "encrypted": True,
                "public": False,
                "zones": one.zones,
                "version": one.version,
            }
        case o.Cache():
            return {"encrypted": True, "TLS": True, "status": "available"}
        case o.Topic():
            return {"confirmed": sorted(one.emails)}
        case o.Alarm():
            return {
                "figure": f"{one.namespace} {one.metric}",
                "dimensions": dict(one.dimensions),
                "threshold": f"{'below' if one.below else 'above'} {one.threshold}",
                "minutes": one.minutes,
                "without figures": one.missing,
                "tells": [_named(one.topic, named)],
            }
        case o.Queue():
            given_up = None if one.dead is None else f"{_named(one.dead, named)} after {one.receives}"
            return {
                "encrypted": True,
                "keeps": one.keep_seconds,
                "hides": one.hidden_seconds,
                "gives up to": given_up,
                "takes in from": None if one.source is None else [one.source],
            }
        case o.QueuePolicy():
            return {"policy": one.policy}
        case o.EventRule():
            return {
                "state": "ENABLED",
                "pattern": one.pattern,
                "targets": {
                    o.TARGET: f"{_named(one.target, named)}, else {_named(one.dead, named)} after {one.seconds} s"
                },
            }
        case _:
            raise TypeError(f"{type(one).__name__} is not compared")


def _named(value: o.Value, named: Mapping[str, str]) -> str:
    return value if isinstance(value, str) else named[value.of]


def same(one: Any, other: Any) -> bool:
    """Whether two values mean the same: one text and a list of it do in policies, and no list has an order."""
    return bool(_canonical(one) == _canonical(other))


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _canonical(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        parts = sorted((_canonical(part) for part in value), key=lambda part: json.dumps(part, sort_keys=True))
        return parts[0] if len(parts) == 1 and isinstance(parts[0], str) else parts
    return value
