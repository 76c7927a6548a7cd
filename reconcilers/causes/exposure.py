"""A preview that runs and whose address does not answer: nothing in the cluster tells of it, only asking does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from generator.errors import ToDo
from generator.values.formats import format_time
from reconcilers.causes.model import Audience, Evidence, Finding, Layer, Ref, Rule, finding

#: Why an address did not answer as it should; empty: it did. `elsewhere`: its name leads where no preview is.
Failure = Literal["", "unresolved", "elsewhere", "certificate", "no-answer", "unknown-host", "status"]


@dataclass(frozen=True, slots=True)
class Reached:
    """What asking a preview's address came to, at `at`: a status, or in words why there is none."""

    host: str
    at: datetime
    status: int | None = None
    failure: Failure = ""
    error: str = ""


def _rule(code: str, who: Audience, meaning: str, *steps: ToDo) -> Rule:
    return Rule(code, Layer.URL, who, meaning, steps)


RULES: dict[Failure, Rule] = {
    "unresolved": _rule(
        "url-unresolved",
        Audience.PLATFORM,
        "The preview's name does not resolve where it was asked from. A private zone resolves inside its VPCs only.",
        "check from a network that should resolve it; if it does not there either, the DNS record of the environment's"
        " domain is missing: external-dns, its role and the hosted zone (or the wildcard record)",
    ),
    "elsewhere": _rule(
        "url-elsewhere",
        Audience.PLATFORM,
        "The preview's name leads to this machine or to a link-local address, and was not asked.",
        "correct the DNS record of the environment's domain",
    ),
    "certificate": _rule(
        "url-certificate",
        Audience.PLATFORM,
        "The certificate at the preview's address is not accepted.",
        "have an ACM certificate for the environment's domain on the load balancer (IngressClassParams)",
    ),
    "no-answer": _rule(
        "url-no-answer",
        Audience.PLATFORM,
        "The preview's name resolves, and nothing answers there in time.",
        "check that one may reach the load balancer from here (VPN, its security group and scheme), and that it listens"
        " on 443",
    ),
    "unknown-host": _rule(
        "url-host-unknown",
        Audience.PLATFORM,
        "The load balancer answers, and has no rule for the preview's host yet.",
        "wait a minute; if it stays, see what the controller says: kubectl describe ingress -n {namespace}",
    ),
    "status": _rule(
        "url-error",
        Audience.DEVELOPER,
        "The preview's address answers with an error of its own or of its targets.",
        "read the component's log ('logs'); 502 and 503 are the load balancer's while no target is healthy",
    ),
}


def unreached(reached: Reached | None, namespace: str) -> Finding | None:
    """Why the address does not answer; None where it does, or was not asked."""
    if reached is None or not reached.failure:
        return None
    subject = Ref("Ingress", reached.host)
    evidence = Evidence("state", subject, reached.failure, reached.error, reached.at)
    return finding(
        RULES[reached.failure],
        subject,
        f"it runs, and {reached.host} did not answer well when it was asked at {format_time(reached.at)}",
        reached.error,
        names={"namespace": namespace},
        evidence=[evidence],
        since=reached.at,
    )
