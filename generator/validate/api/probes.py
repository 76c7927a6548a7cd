"""Probes and lifecycle hooks of a container: one handler each, ports, numbers."""

from __future__ import annotations

from generator.objects.cursor import Cursor
from generator.validate.api import formats
from generator.validate.api.checks import Found, at_least, one_of, says

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_PROBE_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_HOOK_HANDLERS = ("exec", "httpGet", "tcpSocket", "sleep")
_COUNTS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")


def handlers(container: Cursor, grace: int | None) -> Found:
    """Probes and hooks of `container`. `grace`: the pod's seconds to end, None for the default."""
    for name in container.chosen(_PROBES):
        probe = container.at(name)
        yield from one_of(probe, _PROBE_HANDLERS, "api/probe")
        yield from _handler(probe, "api/probe")
        yield from at_least(probe, 0, *_COUNTS, rule="api/probe")
        seconds = probe.at("terminationGracePeriodSeconds")
        if name == "readinessProbe" and seconds.data is not None:
            yield seconds.finding("api/probe", "is not allowed for a readiness probe", "remove it")
        yield from at_least(probe, 1, "terminationGracePeriodSeconds", rule="api/probe")
        if name != "readinessProbe" and (probe.number("successThreshold") or 1) > 1:
            yield probe.at("successThreshold").finding("api/probe", "must be 1", "remove it")
    lifecycle = container.at("lifecycle")
    for name in lifecycle.chosen(("postStart", "preStop")):
        hook = lifecycle.at(name)
        yield from one_of(hook, _HOOK_HANDLERS, "api/lifecycle")
        yield from _handler(hook, "api/lifecycle")
        longest = 30 if grace is None else grace
        yield from at_least(hook.at("sleep"), 0, "seconds", rule="api/lifecycle", highest=longest)


def _handler(place: Cursor, rule: str) -> Found:
    command = place.get("exec")
    if isinstance(command, dict) and not command.get("command"):
        yield place.at("exec", "command").finding(rule, "is missing", "name the command")
    for name in place.chosen(("httpGet", "tcpSocket", "grpc")):
        handler = place.at(name)
        if not isinstance(handler.data, dict):
            continue
        port = handler.at("port")
        if port.data is None:
            yield port.finding(rule, "is missing", "set it")
        yield from says(port, formats.port(port.data), rule, "a number from 1 to 65535, or a port's name")
