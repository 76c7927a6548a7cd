"""Both images, as built by their Dockerfiles: what is in them, what is not, and that all the hub renders runs in them."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from builder import DIST, IMAGES
from cryptography.fernet import Fernet
from image import USER, Image, owned

from generator.bootstrap.hub import render_hub
from hub import __version__
from worlds.builders import LIBRARY, digest, environment
from worlds.commands import git
from worlds.git_http import GitServer
from worlds.postgres import free_port
from worlds.repositories import state_repository
from worlds.valkey import valkey

IMAGE = f"registry.example.com/rtb-hub@{digest()}"
CERTIFICATE = "arn:aws:acm:ap-northeast-2:111111111111:certificate/00000000-0000-0000-0000-000000000002"
COMPILERS = ("gcc", "cc", "g++", "make", "ld", "as", "go", "node", "npm")


@pytest.fixture(scope="module")
def reached() -> Iterator[Path]:
    """A folder that another user comes to, unlike those of pytest."""
    with tempfile.TemporaryDirectory(prefix="rtb-hub-images-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture(scope="module")
def images(reached: Path) -> dict[str, Image]:
    return {name: Image.unpacked(DIST / f"rtb-{name}.tar", reached / name) for name in IMAGES}


@dataclass
class Place:
    """What the pods need around them. `containers`: of each rendered pod, its only container by the name of its object."""

    folder: Path
    containers: dict[str, Any]
    values: dict[str, str]

    def pod(self, name: str) -> tuple[Any, dict[str, Any], dict[str, str]]:
        """Its container, what `Image.start` is given, and port's name → the free one that stands for it."""
        given = self.containers[name]
        numbers = {str(one["containerPort"]): str(free_port()) for one in given.get("ports", ())}
        mounts: dict[str, dict[str, Path]] = {"secrets": {}, "writable": {}}
        for one in given["volumeMounts"]:
            at, place = one["mountPath"], self.folder / name / one["name"]
            place.mkdir(parents=True)
            if one.get("readOnly"):
                for path, value in self.values.items():
                    if path.startswith(f"{at}/"):
                        (place / path.removeprefix(f"{at}/")).write_text(value)
                for file in place.iterdir():
                    owned(file, 0o440)
                mounts["secrets"][at] = owned(place, 0o750)
            else:
                mounts["writable"][at] = owned(place, 0o2770)
        variables = {one["name"]: one.get("value", "") for one in given["env"]}
        command = [*given["command"], *(numbers.get(one, one) for one in given["args"])]
        ports = {one["name"]: numbers[str(one["containerPort"])] for one in given.get("ports", ())}
        return command, {"variables": variables, **mounts}, ports


@pytest.fixture(scope="module")
def place(reached: Path, postgres: Any) -> Iterator[Place]:
    folder = reached / "place"
    folder.mkdir()
    repository = state_repository(folder / "state.git")
    git(repository, "config", "http.receivepack", "true")
    with GitServer(folder) as server, postgres.database() as database, valkey() as redis:
        tree = environment("int").as_tree()
        argocd = {**tree["spec"]["argocd"], "repository": server.url("state.git")}
        hub = {
            "host": "hub.example.com",
            "scheme": "internet-facing",
            "certificates": [CERTIFICATE],
            "loadBalancerCidrs": ["10.1.32.0/24"],
            "secretStore": "rtb-hub",
            "secrets": "rtb/hub/",
            "webhooks": ["github", "jira"],
            "jira": {"url": "https://example.atlassian.net", "email": "rtb-hub@example.com"},
            "redis": "redis.example.com:6379",
            "signIn": {"github": {"clientId": "Iv23liexample"}, "roles": {"viewer": ["acme/devs"]}},
        }
        files = render_hub(LIBRARY, [environment("int", argocd=argocd, hub=hub)], image=IMAGE, namespace="rtb-hub")
        containers = {}
        for manifest in (one.data for manifests in files.values() for one in manifests):
            if manifest["kind"] in ("Deployment", "CronJob"):
                spec = manifest["spec"].get("jobTemplate", manifest)["spec"]
                (containers[manifest["metadata"]["name"]],) = spec["template"]["spec"]["containers"]
        values = {
            "/etc/rtb-hub/database/url": database,
            "/etc/rtb-hub/redis/url": redis.url,
            "/etc/rtb-hub/webhooks/github": "of-github",
            "/etc/rtb-hub/webhooks/jira": "of-jira",
            "/etc/rtb-hub/jira/token": "token-of-jira",
            "/etc/rtb-hub/git/username": "rtb-hub",
            "/etc/rtb-hub/git/password": "not-asked-for",
            "/etc/rtb-hub/sign-in/key": Fernet.generate_key().decode(),
            "/etc/rtb-hub/sign-in/github-client-secret": "of-the-app",
        }
        yield Place(folder, containers, values)


@pytest.mark.parametrize("name", IMAGES)
def test_what_an_image_says_of_itself(name: str, images: dict[str, Image]) -> None:
    config = images[name].config
    assert config["User"] == f"{USER}:{USER}"
    assert config["Entrypoint"] == ["rtb-hub"]
    assert images[name].layers == 2, "what Debian installs and the hub are one on top of the base"
    assert not [one for one in config["Env"] if re.search("pip|index|proxy|token|secret|password", one, re.IGNORECASE)]


@pytest.mark.parametrize("name", IMAGES)
def test_nothing_is_in_it_that_builds_or_installs(name: str, images: dict[str, Image]) -> None:
    root = images[name].root
    found = [
        one
        for one in COMPILERS
        for folder in ("usr/bin", "usr/local/bin", "usr/lib/rtb-hub/bin")
        if (root / folder / one).exists()
    ]
    assert found == []
    assert not (root / "etc/pip.conf").exists()
    assert not list((root / "usr/lib/rtb-hub").rglob("pip"))
    assert not list((root / "usr/lib/rtb-hub").rglob("node_modules"))
    assert not (root / "build").exists()
    others = [
        path for path in (root / "usr/lib/rtb-hub").rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o6022
    ]
    assert others == [], "nobody else may change a file, and none gives its owner's rights"


def test_the_image_of_sign_in_has_no_way_to_git_or_aws(images: dict[str, Image]) -> None:
    root = images["auth"].root
    assert not (root / "usr/bin/git").exists()
    assert not (root / "usr/bin/ssh").exists()
    assert not list((root / "usr/lib/rtb-hub").rglob("boto*"))
    assert (images["hub"].root / "usr/bin/git").exists()
    assert list((images["hub"].root / "usr/lib/rtb-hub").rglob("botocore"))


@pytest.mark.parametrize("name", IMAGES)
def test_the_command_runs_as_the_user_of_the_image(name: str, images: dict[str, Image]) -> None:
    code, out = images[name].run(*images[name].config["Entrypoint"], "version", "--output", "json")
    assert (code, json.loads(out)["version"]) == (0, __version__), out
    code, out = images[name].run(
        "python", "-c", "import os; print(os.getuid(), os.getgid()); open('/usr/lib/rtb-hub/x', 'w')"
    )
    assert f"{USER} {USER}\n" in out
    assert "Read-only file system" in out


def test_the_jobs_run_as_rendered(images: dict[str, Image], place: Place) -> None:
    for name in ("rtb-hub-upgrade", "rtb-hub-reconcile-main"):
        command, given, _ = place.pod(name)
        code, out = images["hub"].run(*command, **given)
        assert code == 0, f"{name}: {out}"


def test_the_services_answer_their_probes_and_end(images: dict[str, Image], place: Place) -> None:
    running: dict[str, tuple[subprocess.Popen[str], dict[str, str]]] = {}
    try:
        for service in ("auth", "listener", "worker", "dashboard"):
            command, given, ports = place.pod(f"rtb-hub-{service}")
            if service == "dashboard":  # asks for the keys of sign-in, by its name in the cluster
                at = f"http://127.0.0.1:{running['auth'][1]['http']}"
                variables = given["variables"]
                variables["RTB_HUB_JWKS_URL"] = variables["RTB_HUB_JWKS_URL"].replace("http://rtb-hub-auth", at)
            running[service] = images["auth" if service == "auth" else "hub"].start(command, **given), ports
        for service, (process, ports) in running.items():
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                asked = place.containers[f"rtb-hub-{service}"][probe]["httpGet"]
                answers(process, f"http://127.0.0.1:{ports[asked['port']]}{asked['path']}")
        for service, (process, _) in running.items():
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=60)
            assert "Traceback" not in out, f"{service}: {out}"
    finally:
        for process, _ in running.values():
            process.kill()


def answers(process: subprocess.Popen[str], url: str) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                assert answer.status == 200
                return
        except OSError as err:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise AssertionError(f"{url}: {err}: {process.communicate()[0]}") from err
            time.sleep(0.2)
