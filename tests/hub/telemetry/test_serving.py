"""Figures over HTTP: what is there, who may not have the port, and that it ends."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from generator.errors import ConfigError, Reason
from hub.telemetry.meter import PrometheusMeter
from hub.telemetry.metrics import METRICS
from hub.telemetry.serving import MetricsAddress


def served(**where: object) -> MetricsAddress:
    return MetricsAddress(PrometheusMeter(CollectorRegistry()).registry, **{"port": 0, **where})  # type: ignore[arg-type]


def got(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as err:
        with err:
            return err.code, err.read().decode()


def test_every_figure_is_there_from_the_beginning_as_it_is_documented() -> None:
    with served().served(lambda: True) as url:
        code, text = got(url)
    assert code == 200
    found = {family.name: family for family in text_string_to_metric_families(text)}
    for metric in METRICS:
        family = found[metric.name.removesuffix("_total")]
        assert (family.type, family.documentation) == (metric.kind, metric.meaning)


def test_it_says_whether_the_process_goes_on() -> None:
    well = True
    with served().served(lambda: well) as url:
        health = url.replace("/metrics", "/healthz")
        assert got(health) == (200, "ok\n")
        well = False
        assert got(health) == (503, "the loop does not go on\n")


def test_it_names_what_is_down() -> None:
    answers = True
    with served().served(lambda: True, {"database": lambda: answers, "worker": lambda: True}) as url:
        ready = url.replace("/metrics", "/readyz")
        assert got(ready) == (200, '{"status": "ok", "parts": {"database": "ok", "worker": "ok"}}')
        answers = False
        assert got(ready) == (503, '{"status": "down", "parts": {"database": "down", "worker": "ok"}}')


@pytest.mark.parametrize("path", ["/", "/readyz", "/metrics/..%2f", "/etc/passwd", "/?x=/metrics"])
def test_there_is_nothing_else(path: str) -> None:
    with served().served(lambda: True) as url:
        assert got(url.replace("/metrics", path))[0] == 404


def test_by_default_only_this_machine_reaches_it() -> None:
    with served().served(lambda: True) as url:
        assert url.startswith("http://127.0.0.1:")
    with served(host="::1").served(lambda: True) as url:
        assert url.startswith("http://[::1]:")
        assert got(url)[0] == 200


def test_when_it_ends_nobody_listens_and_the_port_is_free() -> None:
    with served().served(lambda: True) as url:
        port = int(url.split(":")[2].split("/")[0])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
    with served(port=port).served(lambda: True) as again:
        assert got(again)[0] == 200


def test_one_who_does_not_finish_asking_keeps_nobody_from_it() -> None:
    with served().served(lambda: True) as url:
        port = int(url.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port)) as slow:
            slow.sendall(b"GET /metrics HT")
            assert got(url)[0] == 200


def test_a_port_in_use_is_refused_with_a_remedy() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigError) as caught, served(port=port).served(lambda: True):
            pass
    (fault,) = caught.value.faults
    assert caught.value.reason is Reason.INVALID_VALUE
    assert (fault.field, f"port {port}" in fault.message) == ("--metrics-port", True)
    assert "name a port that is free" in fault.remedy


def test_a_port_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="port 70000"):
        served(port=70000).served(lambda: True).__enter__()


@pytest.mark.parametrize("host", ["192.0.2.1", "", "no such host", "a" * 300, "ü" * 80])
def test_an_address_that_is_not_here_is_refused(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(name: str, *_: object, **__: object) -> list[tuple[int, ...]]:
        if name == "192.0.2.1":
            return [(socket.AF_INET,)]
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)  # no question to a name server
    with pytest.raises(ConfigError, match="cannot serve metrics at"), served(host=host).served(lambda: True):
        pass
