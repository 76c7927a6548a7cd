"""Networks as addresses and a prefix length, parsed: what is not one a packet filter would take in another sense."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any

from pydantic import AfterValidator, Field

Network = IPv4Network | IPv6Network
#: Where instances and pods find metadata and credentials (EC2 User Guide, instance metadata; EKS Pod Identity).
METADATA = (ip_network("169.254.0.0/16"), ip_network("fd00:ec2::/32"))
#: Lengths of a VPC's subnets (VPC User Guide, "Subnet CIDR blocks").
_SUBNET_LENGTHS = {4: range(16, 29), 6: range(44, 65)}
_LOCAL = tuple(map(ip_network, ("127.0.0.0/8", "224.0.0.0/4", "::1/128", "fe80::/10", "ff00::/8")))


def parse_network(text: str) -> Network:
    """The network in `text`, such as 10.1.0.0/20. Raises `ValueError`: it must be written as it is shown.

    That refuses a mask in place of the length, an address within the network, a zone, and zeros in front.
    """
    allowed = "addresses and prefix length, such as 10.1.0.0/20"
    try:
        network = ip_network(text, strict=False)
    except ValueError as err:
        raise ValueError(f"{text[:80]!r} is no network; allowed: {allowed}") from err
    if "%" in text:
        raise ValueError(f"{text[:80]!r} names a zone, which other hosts do not know; allowed: {allowed}")
    if str(network) != text:
        raise ValueError(f"{text[:80]!r} is not how the network is written; allowed: {network}")
    return network


def check_network(text: str) -> str:
    """Any network that packets come from or go to, all addresses included; none of a host's own or of groups."""
    network = parse_network(text)
    if any(_is_within(network, local) for local in _LOCAL):
        raise ValueError(f"{text!r} is no network that others are in")
    return text


def check_destination(text: str) -> str:
    """A network that previews may reach: not that of metadata and credentials."""
    check_network(text)
    if any(_is_within(parse_network(text), metadata) for metadata in METADATA):
        raise ValueError(f"{text!r} is where a node's metadata and credentials are; previews may not reach it")
    return text


def check_subnets(text: str) -> str:
    """A subnet of a VPC, or some of them in one: /16 to /28, of IPv6 /44 to /64."""
    network = parse_network(check_destination(text))
    lengths = _SUBNET_LENGTHS[network.version]
    if network.prefixlen not in lengths:
        what = f"has {network.num_addresses} addresses, which no subnet of a VPC has"
        raise ValueError(f"{text!r} {what}; allowed: /{lengths.start} to /{lengths.stop - 1}")
    return text


def metadata_within(network: str) -> list[str]:
    """What of a checked network must be left out, so that metadata and credentials are not in it."""
    return list(_metadata_within(network))


@lru_cache(256)
def _metadata_within(network: str) -> tuple[str, ...]:
    whole = parse_network(network)
    return tuple(str(metadata) for metadata in METADATA if _is_within(metadata, whole))


def _is_within(inner: Network, outer: Network) -> bool:
    if isinstance(inner, IPv4Network):
        return isinstance(outer, IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, IPv6Network) and inner.subnet_of(outer)


def _shown(*examples: str) -> Any:
    return Field(json_schema_extra={"pattern": r"^[0-9a-f.:]{2,43}/[0-9]{1,3}$", "examples": [*examples]})


Sources = Annotated[str, AfterValidator(check_network), _shown("10.0.0.0/8", "0.0.0.0/0")]
Destination = Annotated[str, AfterValidator(check_destination), _shown("0.0.0.0/0")]
Subnets = Annotated[str, AfterValidator(check_subnets), _shown("10.1.0.0/20")]
