"""Where pods may go: tolerations, affinity, spread; and the rest of a pod spec that is neither container nor volume."""

from __future__ import annotations

from generator.objects.cursor import Cursor
from generator.validate.api import formats
from generator.validate.api.checks import Found, at_least, fits, given, once, says
from generator.validate.api.metadata import pairs, selector

_RULE = "api/scheduling"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def scheduling(pod: Cursor) -> Found:
    """Everything of the pod spec at `pod` that says where its pods go."""
    yield from pairs(pod, "nodeSelector")
    for toleration in pod.items("tolerations"):
        yield from _toleration(toleration)
    spreads = pod.items("topologySpreadConstraints")
    kinds = [((s.text("topologyKey"), s.text("whenUnsatisfiable")), s) for s in spreads]
    yield from once(kinds, _RULE, "constraint")
    for spread in spreads:
        yield from at_least(spread, 1, "maxSkew", "minDomains", rule=_RULE)
        yield from given(spread, "topologyKey", _RULE)
        yield from selector(spread.at("labelSelector"))
        if spread.get("matchLabelKeys") and spread.get("labelSelector") is None:
            yield spread.at("matchLabelKeys").finding(_RULE, "needs a labelSelector", "add one, or remove it")
        if spread.get("minDomains") is not None and spread.get("whenUnsatisfiable") != "DoNotSchedule":
            yield spread.at("minDomains").finding(_RULE, "needs whenUnsatisfiable: DoNotSchedule", "remove it")
    if pod.get("affinity") is not None:
        yield from _affinity(pod.at("affinity"))


def _toleration(place: Cursor) -> Found:
    operator, key = place.get("operator") or "Equal", place.get("key")
    if key:
        yield from fits(place.at("key"), formats.qualified_name, _RULE)
    elif operator != "Exists" and isinstance(place.data, dict):
        yield place.at("operator").finding(_RULE, "must be Exists without a key", "name a key, or set Exists")
    if operator == "Exists" and place.get("value"):
        yield place.at("value").finding(_RULE, "stands with Exists", "remove it, or set operator: Equal")
    elif operator == "Equal":
        yield from fits(place.at("value"), formats.label_value, _RULE)
    if place.get("tolerationSeconds") is not None and place.get("effect") != "NoExecute":
        yield place.at("effect").finding(_RULE, "must be NoExecute with tolerationSeconds", "set it")


def required_nodes(required: Cursor) -> Found:
    """What nodes a pod, or who uses a volume, must be on."""
    if not required.get("nodeSelectorTerms"):
        yield required.at("nodeSelectorTerms").finding(_RULE, "is missing", "name one term at least")
    for term in required.items("nodeSelectorTerms"):
        yield from _node_term(term)


def _affinity(place: Cursor) -> Found:
    node = place.at("nodeAffinity")
    if isinstance(node.get(REQUIRED), dict):
        yield from required_nodes(node.at(REQUIRED))
    for preferred in node.items(PREFERRED):
        yield from at_least(preferred, 1, "weight", rule=_RULE, highest=100)
        yield from _node_term(preferred.at("preference"))
    for kind in ("podAffinity", "podAntiAffinity"):
        for preferred in place.items(kind, PREFERRED):
            yield from at_least(preferred, 1, "weight", rule=_RULE, highest=100)
            yield from _pod_term(preferred.at("podAffinityTerm"))
        for term in place.items(kind, REQUIRED):
            yield from _pod_term(term)


def _node_term(term: Cursor) -> Found:
    for need in term.items("matchExpressions"):
        yield from fits(need.at("key"), formats.qualified_name, _RULE)
        operator, values = need.get("operator"), need.get("values")
        count = len(values) if isinstance(values, list) else 0
        if operator in ("In", "NotIn") and not count:
            yield need.at("values").finding(_RULE, f"is missing for {operator}", "name one value at least")
        elif operator in ("Exists", "DoesNotExist") and count:
            yield need.at("values").finding(_RULE, f"stands with {operator}", "remove it")
        elif operator in ("Gt", "Lt") and count != 1:
            yield need.at("values").finding(_RULE, f"must be one number for {operator}", "name one")
        for value in need.items("values") if operator in ("In", "NotIn") else ():
            yield from fits(value, formats.label_value, _RULE)
    yield from _node_fields(term)


def _node_fields(term: Cursor) -> Found:
    for need in term.items("matchFields"):
        if need.get("key") != "metadata.name":
            yield need.at("key").finding(_RULE, "is no field that nodes are chosen by", "metadata.name")
        names = need.get("values")
        if need.get("operator") in ("In", "NotIn") and not (isinstance(names, list) and len(names) == 1):
            yield need.at("values").finding(_RULE, "must be one value", "name one")
        for value in need.items("values"):
            yield from fits(value, formats.subdomain, _RULE)


def _pod_term(term: Cursor) -> Found:
    if isinstance(term.data, dict):
        yield from given(term, "topologyKey", _RULE)
        yield from fits(term.at("topologyKey"), formats.qualified_name, _RULE)
        yield from selector(term.at("labelSelector"))
        yield from selector(term.at("namespaceSelector"))
        for keys in ("matchLabelKeys", "mismatchLabelKeys"):
            if term.get(keys) and term.get("labelSelector") is None:
                yield term.at(keys).finding(_RULE, "needs a labelSelector", "add one, or remove it")


def identity(pod: Cursor) -> Found:
    """Names, addresses and times of the pod spec at `pod`."""
    for field, check in (
        ("serviceAccountName", formats.subdomain),
        ("nodeName", formats.subdomain),
        ("priorityClassName", formats.subdomain),
        ("runtimeClassName", formats.subdomain),
        ("hostname", formats.dns_label),
        ("subdomain", formats.dns_label),
    ):
        if pod.get(field):
            yield from fits(pod.at(field), check, "api/name")
    yield from at_least(pod, 0, "terminationGracePeriodSeconds")
    for alias in pod.items("hostAliases"):
        yield from says(alias.at("ip"), formats.address(str(alias.get("ip"))), "api/address", "fix it")
        for host in alias.items("hostnames"):
            yield from fits(host, formats.subdomain, "api/name")
    gates = pod.items("schedulingGates")
    yield from once([(gate.text("name"), gate.at("name")) for gate in gates], "api/pod", "gate")
    sysctls = pod.items("securityContext", "sysctls")
    yield from once([(one.text("name"), one.at("name")) for one in sysctls], "api/security-context", "sysctl")
    nameservers = pod.items("dnsConfig", "nameservers")
    if pod.get("dnsPolicy") == "None" and not nameservers:
        yield pod.at("dnsConfig", "nameservers").finding("api/address", "is missing for dnsPolicy None", "name one")
    if len(nameservers) > 3:
        yield pod.at("dnsConfig", "nameservers").finding("api/address", "has more than 3", "three at most")
    for server in nameservers:
        yield from fits(server, formats.address, "api/address")
