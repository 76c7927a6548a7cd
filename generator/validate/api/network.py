"""Services, Ingresses and NetworkPolicies."""

from __future__ import annotations

import ipaddress
from typing import Any

from generator.objects.cursor import Cursor
from generator.objects.manifest import Manifest
from generator.validate.api import formats
from generator.validate.api.checks import Found, at_least, fits, given, once, one_of, says
from generator.validate.api.metadata import pairs, selector
from generator.validate.known import content_of, unless_good

_PORT = "a number from 1 to 65535, or a port's name"
_CLASS = "kubernetes.io/ingress.class"
_BAD_IN_PATH = ("//", "/./", "/../", "%2f", "%2F")
_OUTSIDE = ("NodePort", "LoadBalancer")
_LOAD_BALANCER_ONLY = ("allocateLoadBalancerNodePorts", "loadBalancerClass", "loadBalancerSourceRanges")


def service(manifest: Manifest) -> Found:
    """A Service."""
    spec = Cursor.of(manifest).at("spec")
    yield from pairs(spec, "selector")
    rest = spec.without("selector")
    yield from unless_good("api service", content_of(rest.data), _service(rest))


def _service(spec: Cursor) -> Found:
    if spec.data is None:
        yield spec.finding("api/service", "is missing", "name its ports")
        return
    kind, ports = spec.get("type") or "ClusterIP", spec.items("ports")
    headless = spec.get("clusterIP") == "None"
    if kind == "ExternalName":
        yield from given(spec, "externalName", "api/service")
        if name := spec.text("externalName"):
            yield from says(spec.at("externalName"), formats.subdomain(name.removesuffix(".")), "api/service", "fix it")
        for field in spec.chosen(("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")):
            if spec.get(field):
                yield spec.at(field).finding("api/service", "stands with ExternalName", "remove it")
    elif not ports and not headless:
        yield spec.at("ports").finding("api/service", "is missing", "name one port at least")
    elif headless and kind in _OUTSIDE:
        yield spec.at("clusterIP").finding("api/service", f"None stands with type: {kind}", "remove one")
    yield from _service_ports(ports, kind)
    yield from _service_options(spec, kind)


def _service_ports(ports: list[Cursor], kind: str) -> Found:
    yield from once([(p.text("name") or None, p.at("name")) for p in ports], "api/service", "port name")
    for field in ("port", "nodePort"):
        taken = [((p.get("protocol") or "TCP", p.number(field)), p.at(field)) for p in ports if p.number(field)]
        yield from once(taken, "api/service", field)
    for port in ports:
        name = port.text("name")
        if name:
            yield from fits(port.at("name"), formats.dns_label, "api/service")
        elif len(ports) > 1:
            yield port.at("name").finding("api/service", "is missing", "several ports need names")
        if isinstance(port.data, dict) and port.get("port") is None:
            yield port.at("port").finding("api/service", "is missing", "set it")
        yield from says(port.at("port"), formats.port_number(port.get("port")), "api/port", "1 to 65535")
        if port.get("targetPort"):  # 0 and empty text stand for the port itself
            yield from says(port.at("targetPort"), formats.port(port.get("targetPort")), "api/port", _PORT)
        if port.get("nodePort"):
            if kind in ("ClusterIP", "ExternalName"):
                yield port.at("nodePort").finding(
                    "api/service", f"stands with type: {kind}", "remove it, or set NodePort"
                )
            yield from says(
                port.at("nodePort"), formats.port_number(port.get("nodePort")), "api/port", "30000 to 32767"
            )
        if port.get("appProtocol"):
            yield from fits(port.at("appProtocol"), formats.qualified_name, "api/service")


def _service_options(spec: Cursor, kind: str) -> Found:
    if kind != "LoadBalancer":
        for field in spec.chosen(_LOAD_BALANCER_ONLY):
            if spec.get(field) != []:
                yield spec.at(field).finding("api/service", "needs type: LoadBalancer", "remove it")
    if spec.get("externalTrafficPolicy") and kind not in _OUTSIDE and not spec.get("externalIPs"):
        message = f"stands with type: {kind}"
        yield spec.at("externalTrafficPolicy").finding("api/service", message, "remove it")
    if spec.get("healthCheckNodePort") and not (
        kind == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"
    ):
        message = "needs type: LoadBalancer and externalTrafficPolicy: Local"
        yield spec.at("healthCheckNodePort").finding("api/service", message, "remove it")
    yield from _service_addresses(spec)


def _service_addresses(spec: Cursor) -> Found:
    affinity = spec.at("sessionAffinityConfig")
    if spec.get("sessionAffinity") == "ClientIP":
        yield from at_least(affinity.at("clientIP"), 1, "timeoutSeconds", rule="api/service", highest=86_400)
    elif affinity.data is not None:
        yield affinity.finding("api/service", "needs sessionAffinity: ClientIP", "remove it")
    for source in spec.items("loadBalancerSourceRanges"):
        if isinstance(source.data, str):
            yield from says(source, formats.network(source.data.strip()), "api/address", "such as 10.0.0.0/16")
    for address in spec.items("externalIPs"):
        yield from fits(address, formats.address, "api/address")
    for address in (spec.at("clusterIP"), *spec.items("clusterIPs")):
        if address.data not in ("None", "", None):
            yield from fits(address, formats.address, "api/address")


def ingress(manifest: Manifest) -> Found:
    """An Ingress."""
    root = Cursor.of(manifest)
    spec = root.at("spec")
    for rule in spec.items("rules"):
        if host := rule.text("host"):
            yield from _host(rule.at("host"), host)
    annotated = root.at("metadata", "annotations").get(_CLASS)
    same = spec.with_data(_without_hosts(spec.data))
    yield from unless_good("api ingress", content_of(same.data), _routes(same))
    class_at = spec.at("ingressClassName")
    if annotated is not None and class_at.data is not None and annotated != class_at.data:
        place = root.at("metadata", "annotations", _CLASS)
        yield place.finding("api/ingress", "differs from ingressClassName", "remove the annotation")


def _without_hosts(spec: Any) -> Any:
    """The spec of an Ingress whose rules have no hosts, when they are as they should be."""
    if not (isinstance(spec, dict) and isinstance(spec.get("rules"), list)):
        return spec
    rules = [{key: one[key] for key in one if key != "host"} if isinstance(one, dict) else one for one in spec["rules"]]
    return spec | {"rules": rules}


def _routes(spec: Cursor) -> Found:
    rules, default = spec.items("rules"), spec.at("defaultBackend")
    if not rules and default.data is None:
        yield spec.finding("api/ingress", "has neither rules nor a defaultBackend", "add one of them")
    if default.data is not None:
        yield from _backend(default)
    for rule in rules:
        http = rule.at("http")
        if http.data is not None and not http.get("paths"):
            yield http.at("paths").finding("api/ingress", "is missing", "name one path at least")
        for path in http.items("paths"):
            yield from _path(path)
            yield from _backend(path.at("backend"))
    yield from _tls_and_class(spec)


def _tls_and_class(spec: Cursor) -> Found:
    for tls in spec.items("tls"):
        for host_at in tls.items("hosts"):
            if isinstance(host_at.data, str):
                yield from says(
                    host_at, formats.wildcard_subdomain(host_at.data), "api/ingress", "such as a.example.com"
                )
        if tls.get("secretName"):
            yield from fits(tls.at("secretName"), formats.subdomain, "api/ingress")
    yield from fits(spec.at("ingressClassName"), formats.subdomain, "api/ingress")


def _host(place: Cursor, host: str) -> Found:
    if formats.address(host) is None:
        yield place.finding("api/ingress", "is an IP address", "a name, without port and scheme")
    else:
        yield from says(
            place, formats.wildcard_subdomain(host), "api/ingress", "a name in small letters, without port and scheme"
        )


def _path(place: Cursor) -> Found:
    path, kind, at = place.get("path"), place.get("pathType"), place.at("path")
    text = path if isinstance(path, str) else ""
    exact = kind in ("Exact", "Prefix")
    if (exact or text) and not text.startswith("/") and (path is None or isinstance(path, str)):
        yield at.finding("api/ingress", f"{text[:80]!r} is no absolute path", "begin it with '/'")
    elif exact and (any(part in text for part in _BAD_IN_PATH) or text.endswith(("/..", "/."))):
        yield at.finding("api/ingress", f"{text[:80]!r} holds '//', '/./', '/../' or '%2f'", "write it plainly")


def _backend(place: Cursor) -> Found:
    yield from one_of(place, ("service", "resource"), "api/ingress")
    service_at = place.at("service")
    if not isinstance(service_at.data, dict):
        return
    yield from given(service_at, "name", "api/ingress")
    yield from fits(service_at.at("name"), formats.dns_label, "api/ingress")
    port = service_at.at("port")
    if port.data is None:
        yield port.finding("api/ingress", "is missing", "name or number of the Service's port")
        return
    yield from one_of(port, ("name", "number"), "api/ingress")
    yield from fits(port.at("name"), formats.port_name, "api/ingress")
    yield from says(port.at("number"), formats.port_number(port.get("number")), "api/port", "1 to 65535")


def network_policy(manifest: Manifest) -> Found:
    """A NetworkPolicy."""
    spec = Cursor.of(manifest).at("spec")
    yield from selector(spec.at("podSelector"))
    types = spec.items("policyTypes")
    for one in types:
        if one.data in ("", {}):
            yield one.finding("api/network-policy", "is empty", "Ingress or Egress")
    if len(types) > 2:
        yield spec.at("policyTypes").finding("api/network-policy", "has more than two", "Ingress, Egress or both")
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for rule in spec.items(direction):
            for port in rule.items("ports"):
                yield from _policy_port(port)
            for peer in rule.items(peers):
                yield from _peer(peer)


def _policy_port(place: Cursor) -> Found:
    port, end = place.get("port"), place.number("endPort")
    yield from says(place.at("port"), formats.port(port), "api/port", _PORT)
    if end is None:
        return
    if not isinstance(port, int):
        yield place.at("endPort").finding("api/network-policy", "needs a port by number", "set port")
    elif end < port:
        yield place.at("endPort").finding("api/network-policy", f"{end} is less than port", "raise it")
    yield from says(place.at("endPort"), formats.port_number(end), "api/port", "1 to 65535")


def _peer(place: Cursor) -> Found:
    chosen = place.chosen(("podSelector", "namespaceSelector", "ipBlock"))
    if isinstance(place.data, dict) and not chosen:
        yield place.finding("api/network-policy", "names no peer", "podSelector, namespaceSelector or ipBlock")
    if "ipBlock" in chosen and len(chosen) > 1:
        yield place.at("ipBlock").finding("api/network-policy", "stands beside a selector", "write two peers")
    yield from selector(place.at("podSelector"))
    yield from selector(place.at("namespaceSelector"))
    block = place.at("ipBlock")
    yield from given(block, "cidr", "api/network-policy")
    cidr = block.text("cidr")
    if cidr:
        yield from says(block.at("cidr"), formats.network(cidr), "api/address", "such as 10.0.0.0/16")
    for excepted in block.items("except"):
        if isinstance(excepted.data, str):
            wrong = formats.network(excepted.data)
            yield from says(excepted, wrong, "api/address", "such as 10.0.1.0/24")
            if not wrong and cidr and not formats.network(cidr) and not _within(excepted.data, cidr):
                yield excepted.finding("api/network-policy", f"is no part of {cidr}", "a smaller network in it")


def _within(inner: str, outer: str) -> bool:
    small, large = (ipaddress.ip_network(text, strict=False) for text in (inner, outer))
    if small.version != large.version or small.prefixlen <= large.prefixlen:
        return False
    return small.network_address in large
