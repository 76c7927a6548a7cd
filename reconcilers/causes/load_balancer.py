"""Ingresses without an address: what the AWS Load Balancer Controller says, and of which member of the group.

The controller writes a group's error as an event on every member (`recordIngressGroupEvent`); the Ingress at fault is
named in the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from generator.errors import RemedyKind
from generator.values.naming import NAMESPACE_PREFIX
from reconcilers.causes import admission
from reconcilers.causes.load_balancer_rules import OTHER_PREVIEW, RULES, SILENT, SLOW
from reconcilers.causes.look import Look, of_event
from reconcilers.causes.model import (
    Evidence,
    Finding,
    Layer,
    Ref,
    Rule,
    about,
    classified,
    finding,
    unclassified,
)
from reconcilers.ports.cluster import Event, Ingress

_OTHER = unclassified(Layer.LOAD_BALANCER)
_MEMBER = re.compile(r"\bingress: ([a-z0-9][-a-z0-9]*)/([a-z0-9][-a-z0-9.]*)")
_KEY = re.compile(r"[a-z][a-z0-9]+-[0-9]+")


def findings(look: Look) -> Iterator[Finding]:
    """One for each Ingress without an address that the controller complains about, or is long silent on."""
    for ingress in sorted(look.details.ingresses, key=lambda one: one.name):
        if not ingress.has_address:
            event = look.event("Ingress", ingress.name, uid=ingress.uid, after=ingress.created)
            if event is not None:
                yield _told(look, ingress, event)
            elif ingress.created and look.now - ingress.created > SLOW:
                yield finding(
                    SILENT,
                    Ref("Ingress", ingress.name),
                    f"Ingress {ingress.name} waits for the load balancer, and the controller says nothing",
                    names={"namespace": look.namespace},
                    evidence=[Evidence("state", Ref("Ingress", ingress.name), "no address", at=ingress.created)],
                    since=ingress.created,
                )
    yield from _targets(look)


def _targets(look: Look) -> Iterator[Finding]:
    """What the controller says of the TargetGroupBindings, which it makes of the Ingress."""
    names = {e.name for e in look.details.events if e.kind == "TargetGroupBinding"}
    for name in sorted(names):
        event = look.event("TargetGroupBinding", name)
        if event is not None and look.is_recent(event):
            yield finding(
                _judged(event),
                Ref("TargetGroupBinding", name),
                f"TargetGroupBinding {name} does not work",
                f"{event.reason}: {event.message}",
                names={"namespace": look.namespace},
                evidence=[of_event(event)],
                since=event.first or event.last,
            )


def _judged(event: Event) -> Rule:
    """What is known of an event of the controller's: of AWS and its own, or of what the API server told it."""
    return (
        classified(RULES, event.message)
        or classified(admission.RULES, event.message)
        or classified(RULES, event.reason)
        or _OTHER
    )


def _told(look: Look, ingress: Ingress, event: Event) -> Finding:
    other = _other(look, event)
    rule = OTHER_PREVIEW if other else _judged(event)
    before = f"Ingress {ingress.name} waits for the load balancer"
    if other:
        before = f"not this preview is at fault but {other[0]}, whose Ingress stops the whole group"
    found = finding(
        rule,
        Ref("Ingress", ingress.name),
        before,
        f"{event.reason}: {event.message}",
        names={"namespace": look.namespace, "name": ingress.name},
        evidence=[of_event(event)],
        since=event.first or event.last or ingress.created,
    )
    return _with_steps(found, other, ingress)


def _with_steps(found: Finding, other: tuple[str, str] | None, ingress: Ingress) -> Finding:
    if other is not None:
        name = other[0].removeprefix(NAMESPACE_PREFIX)
        where = f"repair or stop the other one, {other[0]}: its Ingress {other[1]} stops the whole load balancer group"
        known = _KEY.fullmatch(name) is not None
        return replace(found, steps=(where, *([about(RemedyKind.STOP_OTHER, issue=name.upper())] if known else [])))
    if found.code == "alb-full" and ingress.group:
        return replace(found, steps=(*found.steps, f"the group that is full is {ingress.group[:63]}"))
    return found


def _other(look: Look, event: Event) -> tuple[str, str] | None:
    """The member of the group that the message names, when it is not in this namespace."""
    member = _MEMBER.search(event.message)
    if member is None or not look.namespace or member.group(1) == look.namespace:
        return None
    return member.group(1), member.group(2)
