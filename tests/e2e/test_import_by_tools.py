"""`blueprint import` of what the real Helm and kustomize render: the chart of `helm create`, and an overlay."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from toolchain import MANIFESTS

from conftest import needed
from generator.model.blueprint import FILE
from worlds.builders import digest, image
from worlds.commands import must, rtb_hub

HERE = Path(__file__).resolve().parent
CHANGED = {
    "image": {"repository": "registry.example.com/shop", "tag": f"1@{digest()}"},
    "ingress": {
        "enabled": True,
        "hosts": [{"host": "shop.example.com", "paths": [{"path": "/shop", "pathType": "Prefix"}]}],
    },
    "autoscaling": {"enabled": True},
    "imagePullSecrets": [{"name": "registry"}],
    "resources": {"limits": {"cpu": "250m", "memory": "256Mi"}},
    "volumes": [{"name": "tmp", "emptyDir": {}}],
    "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
}
GATEWAY = {"httpRoute": {"enabled": True}}


@pytest.fixture(scope="session")
def path() -> str:
    """PATH with Helm and kustomize."""
    return f"{needed((MANIFESTS,)).program('helm').parent}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture(scope="session")
def created(path: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chart that `helm create` makes."""
    folder = tmp_path_factory.mktemp("created")
    environ = {"PATH": path, "HOME": str(folder)}
    subprocess.run(["helm", "create", "shop"], cwd=folder, env=environ, check=True, capture_output=True)
    return folder / "shop"


def imported(source: Path, cwd: Path, path: str, *more: str) -> tuple[dict[str, Any], dict[tuple[str, str], str]]:
    """The spec of the blueprint `shop` that it becomes, checked in every environment and rendered; what is told."""
    told = must("blueprint", "import", source, "--name", "shop", "-o", "json", *more, cwd=cwd, PATH=path).json()
    must("blueprint", "check", "shop", "--blueprints", "blueprints", cwd=cwd)
    spec = yaml.safe_load((cwd / "blueprints" / "shop" / FILE).read_text(encoding="utf-8"))["spec"]
    pinned = [("--image", f"{name}={image(name)}") for name, one in spec["components"].items() if "image" not in one]
    options = ["--env", "int", "--blueprints", "blueprints", *(word for pair in pinned for word in pair)]
    rendered = must("blueprint", "render", "shop", *options, cwd=cwd).out
    found = {tree["metadata"]["name"] for tree in yaml.safe_load_all(rendered) if tree["kind"] == "Deployment"}
    assert found == {*spec["components"]}
    return spec, {(one["service"], one["what"]): one["why"] for one in told["notTaken"]}


def test_the_chart_of_helm_create_becomes_a_blueprint(created: Path, path: str, tmp_path: Path) -> None:
    spec, left = imported(created, tmp_path, path)
    shop = spec["components"]["shop"]
    assert (shop["port"], shop["protocol"], shop["probes"]["readiness"]["path"]) == (80, "http", "/")
    assert left.keys() == {
        ("", "path"), ("", "Pod shop-test-connection"), ("shop", "serviceAccountName"), ("shop", "image"),
    }  # fmt: skip
    assert "'path: /'" in left["", "path"]
    assert "is not pinned by digest" in left["shop", "image"]


def test_the_values_that_people_have_are_those_of_the_blueprint(created: Path, path: str, tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(yaml.safe_dump(CHANGED))
    spec, left = imported(created, tmp_path, path, "--values", "ours.yaml")
    shop = spec["components"]["shop"]
    assert shop["image"] == f"registry.example.com/shop:1@{digest()}"
    assert (shop["path"], shop["cpu"], shop["memory"]) == ("/shop", "250m", "256Mi")
    assert shop["volumes"] == {"tmp": {"path": "/tmp"}}
    assert spec["pullSecrets"] == ["preview/${environment.name}/app/registry"]
    assert ("", "path") not in left
    assert "'replicas'" in left["", "HorizontalPodAutoscaler shop"]


def test_a_chart_behind_a_gateway_is_exposed(created: Path, path: str, tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(yaml.safe_dump(GATEWAY))
    spec, left = imported(created, tmp_path, path, "--values", "ours.yaml")
    assert spec["components"]["shop"]["path"] == "/headers"
    assert ("", "path") not in left


def test_an_overlay_of_kustomize_becomes_a_blueprint(path: str, tmp_path: Path) -> None:
    shutil.copytree(HERE / "kustomization", tmp_path / "k")
    spec, left = imported(tmp_path / "k" / "overlays" / "int", tmp_path, path)
    web, api = spec["components"]["int-web-v1"], spec["components"]["int-api-v1"]
    assert (web["image"], web["replicas"]) == (f"registry.example.com/web@{digest()}", 2)
    assert (web["port"], web["path"], web["probes"]["readiness"]["path"]) == (3000, "/", "/healthz")
    assert web["env"] == {"API": "http://int-api-v1:${int-api-v1.port}", "LOG": "info", "MODE": "int"}
    assert web["files"] == {"/etc/web/app.conf": "a=b\n"}
    assert (api["cpu"], api["memory"]) == ("250m", "256Mi")
    assert api["secrets"] == {"TOKEN": "preview/${environment.name}/app/int-keys-v1#token"}
    assert "of-kustomize" not in str((spec, left))
    assert ("int-api-v1", "image") in left


def test_a_base_from_elsewhere_is_refused_with_a_way_out(path: str, tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [https://git.example.com/team/base.git?ref=v1]\n")
    ran = rtb_hub("blueprint", "import", tmp_path, "--name", "shop", cwd=tmp_path, PATH=path)
    assert ran.code != 0
    assert "what it fetches from elsewhere has to be in the folder" in ran.err
    assert not (tmp_path / "blueprints").exists()
