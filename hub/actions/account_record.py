"""The wildcard record of an environment: what leads browsers to the load balancer that its previews share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.bootstrap.account.place import aws_of
from generator.errors import ConfigError, Fault, HubError, Reason
from generator.model.environment import Environment
from hub.actions.account_outcome import Checked, Difference, remedies
from hub.actions.account_repairs import record_command
from hub.adapters.account.access import Access
from hub.adapters.account.names import Balancer, aliases, balancer

#: As Route 53 takes it.
Change = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wildcard:
    """What the record was found to be, and the change that makes it right; None: nothing to change, or not known."""

    checked: tuple[Checked, ...]
    batch: Change | None


def wildcard(environment: Environment, access: Access) -> Wildcard:
    """The record `*.DOMAIN` compared with the load balancer of the environment's anchor. Reads alone.

    What cannot be read is told as such. Raises `ConfigError` (InvalidValue) where each Ingress needs a record of its
    own.
    """
    spec, zone = environment.spec, aws_of(environment).zone
    name = f"*.{spec.domain}"
    if spec.exposure.shards > 1:
        fault = Fault(
            f"{environment.name} has {spec.exposure.shards} load balancers, and a wildcard leads to one",
            field="exposure.shards",
            remedy="have ExternalDNS make a record for each Ingress, or set exposure.shards to 1",
        )
        raise ConfigError(Reason.INVALID_VALUE, fault)
    group = f"{spec.exposure.group}-0"
    try:
        found = balancer(access, spec.cluster.name, group)
        if found is None:
            repair = "apply what 'argocd render' prints for the environment: its anchor Ingress makes it"
            return Wildcard((Checked("", "LoadBalancer", group, "missing", repairs=(repair,)),), None)
        there = None if zone is None else aliases(access, zone, name)
    except HubError as err:
        return Wildcard((Checked("", "Record", name, "unread", why=err.words, repairs=remedies(err)),), None)
    if zone is not None and there is None:
        repair = f"correct aws.zone of environments/{environment.name}/environment.yaml"
        return Wildcard((Checked("", "HostedZone", zone, "missing", repairs=(repair,)),), None)
    return _compared(name, zone, found, there or {})


def _compared(name: str, zone: str | None, wanted: Balancer, there: Mapping[str, str]) -> Wildcard:
    other = there.get("CNAME")
    if other == wanted.host:
        return Wildcard((Checked("", "Record", f"{name} CNAME", "found"),), None)
    if other is not None:  # Route 53 takes no other record beside one
        repair = f"delete the CNAME of {name} in zone {zone}, then ask again"
        difference = Difference("alias", wanted.host, other)
        return Wildcard((Checked("", "Record", f"{name} CNAME", "differs", (difference,), repairs=(repair,)),), None)
    wrong = [kind for kind in wanted.kinds if there.get(kind) != wanted.host]
    batch = {"Changes": [_change(name, kind, wanted) for kind in wrong]} if wrong else None
    repair = f"where you keep the names of {name.removeprefix('*.')}: make {name} an alias of {wanted.host}"
    if zone is not None:
        repair = record_command(zone, batch)
    return Wildcard(tuple(_lines(name, wanted, there, repair)), batch)


def _lines(name: str, wanted: Balancer, there: Mapping[str, str], repair: str) -> Iterator[Checked]:
    for kind in wanted.kinds:
        record, found = f"{name} {kind}", there.get(kind)
        if found == wanted.host:
            yield Checked("", "Record", record, "found")
            continue
        difference = Difference("alias", wanted.host, found)
        yield Checked("", "Record", record, "differs" if found else "missing", (difference,), repairs=(repair,))


def _change(name: str, kind: str, wanted: Balancer) -> Change:
    alias = {"DNSName": wanted.host, "HostedZoneId": wanted.zone, "EvaluateTargetHealth": False}
    return {"Action": "UPSERT", "ResourceRecordSet": {"Name": name, "Type": kind, "AliasTarget": alias}}
