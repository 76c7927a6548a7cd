"""Credentials that a cluster refuses before they end: made anew once, the request repeated, and then told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.errors import Stalled
from hub import __version__
from hub.adapters.http import SenderParts
from hub.adapters.kubernetes.cluster import Cluster, open_cluster
from hub.adapters.kubernetes.connection import RENEWED_SECONDS
from hub.adapters.kubernetes.in_cluster import own_cluster
from hub.adapters.kubernetes.logs import LogAsked, log_lines
from hub.retrying import Backoff
from worlds.kube_api import TOKEN, KubeApi

PEM = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"
ASKED = LogAsked(namespace="preview-rtb-1", pod="web-1", container="web")


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def api() -> Iterator[KubeApi]:
    with KubeApi() as server:
        yield server


class Command:
    """A kubeconfig whose credentials a command makes: what its file holds, as long as it likes."""

    def __init__(self, api: KubeApi, folder: Path, seconds: Seconds) -> None:
        self.answer, self.calls, self.config = folder / "answer", folder / "calls", folder / "config"
        self.says("first")
        tree = json.loads(api.kubeconfig(self.config).read_text())
        script = f"echo x >> {self.calls}; cat {self.answer}"
        command = {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script]}
        tree["users"][0]["user"] = {"exec": {**command, "interactiveMode": "Never"}}
        self.config.write_text(json.dumps(tree))
        parts = SenderParts(backoff=Backoff(tries=2, sleep=lambda _: None), seconds=seconds)
        self.cluster = open_cluster("here", kubeconfig=str(self.config), parts=parts)

    def says(self, token: str) -> None:
        credential = {
            "apiVersion": "client.authentication.k8s.io/v1",
            "kind": "ExecCredential",
            "status": {"token": token},
        }
        self.answer.write_text(json.dumps(credential))

    @property
    def runs(self) -> int:
        return len(self.calls.read_text().split())


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def command(api: KubeApi, tmp_path: Path, seconds: Seconds) -> Command:
    return Command(api, tmp_path, seconds)


def in_pod(api: KubeApi, folder: Path) -> Cluster:
    (folder / "ca.crt").write_text(PEM)
    (folder / "token").write_text(f"{TOKEN}\n")
    environ = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(api.server.server_port)}
    parts = SenderParts(backoff=Backoff(tries=2, sleep=lambda _: None))
    return own_cluster(environ, parts, account=folder, scheme="http")


def test_a_command_is_run_anew_when_its_token_is_refused(api: KubeApi, command: Command) -> None:
    """A command that names no end of its token is never run again by the client."""
    api.tokens = {"first"}
    command.cluster.observe("argocd")
    assert command.runs == 1
    api.tokens = {"second"}
    command.says("second")
    api.requests.clear()
    assert command.cluster.observe("argocd").applications == {}
    assert (command.runs, len(api.requests)) == (2, 4), "one list was asked for twice"


def test_many_that_are_refused_at_once_run_the_command_once(api: KubeApi, command: Command) -> None:
    api.tokens = {"second"}
    command.says("second")
    threads = [threading.Thread(target=command.cluster.observe, args=("argocd",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert command.runs == 2


def test_a_second_refusal_is_told_and_the_command_is_left_alone_for_a_while(
    api: KubeApi, command: Command, seconds: Seconds
) -> None:
    api.tokens = set()
    refusals: list[int] = []
    for number in range(3):
        command.says(f"new-{number}")
        with pytest.raises(Stalled, match=r"does not accept the credentials.*auth whoami"):
            command.cluster.observe("argocd")
        refusals.append(len(api.requests))
        api.requests.clear()
    assert refusals == [2, 1, 1], "no storm of new tokens"
    assert command.runs == 2
    seconds.now += RENEWED_SECONDS
    api.tokens = {"new-2"}
    command.cluster.observe("argocd")
    assert command.runs == 3


def test_a_command_that_fails_when_it_is_run_anew_leaves_the_refusal_told(api: KubeApi, command: Command) -> None:
    api.tokens = set()
    command.answer.write_text("the SSO session has expired")
    with pytest.raises(Stalled, match=r"does not accept the credentials"):
        command.cluster.observe("argocd")
    assert len(api.requests) == 1, "nothing is asked without credentials"
    command.config.write_text("{")
    with pytest.raises(Stalled, match=r"does not accept the credentials"):
        command.cluster.observe("argocd")


def test_a_stream_is_begun_anew_with_a_new_token(api: KubeApi, command: Command) -> None:
    api.tokens, api.log = {"second"}, b"listening\n"
    command.says("second")
    assert [*log_lines(command.cluster, ASKED)] == ["listening"]
    assert command.runs == 2


def test_a_token_that_kubelet_wrote_meanwhile_is_read(api: KubeApi, tmp_path: Path) -> None:
    cluster = in_pod(api, tmp_path)
    api.tokens = {"rotated"}

    def rotate() -> None:
        (tmp_path / "token").write_text("rotated\n")

    api.refusing = rotate
    cluster.observe("argocd")
    assert len(api.requests) == 4, "one list was asked for twice"


def test_a_pod_whose_account_is_gone_is_told_what_to_see(api: KubeApi, tmp_path: Path) -> None:
    cluster = in_pod(api, tmp_path)
    api.tokens = set()
    with pytest.raises(Stalled, match=r"does not accept the credentials.*its ServiceAccount is still there"):
        cluster.observe("argocd")
    assert len(api.requests) == 1


def test_every_request_names_the_hub_and_its_version(api: KubeApi, command: Command, tmp_path: Path) -> None:
    api.tokens = {"first", TOKEN}
    command.cluster.observe("argocd")
    in_pod(api, tmp_path).observe("argocd")
    assert api.agents == {f"rtb-ai-hub/{__version__}"}
