"""The hub's Helm chart by a real Helm: with its own values the very objects of the folder, with others what they say."""

from __future__ import annotations

import copy
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from control_plane import ControlPlane
from toolchain import MANIFESTS, Toolchain

from conftest import needed
from generator.bootstrap.hub import hub_files, render_hub
from generator.model.environment import Environment
from generator.objects.manifest import Identity, Manifest
from worlds.builders import LIBRARY, digest
from worlds.hosting import AUTH_IMAGE, IMAGE, VARIATIONS, chart_of, hosted

Objects = Mapping[Identity, Any]
DIGEST = digest("9")


@pytest.fixture(scope="session")
def program() -> Path:
    """Helm, built."""
    return needed((MANIFESTS,)).program("helm")


@pytest.fixture(scope="session")
def helm(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs Helm, in a home of its own."""
    home = tmp_path_factory.mktemp("home")

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        environ = {"PATH": os.environ["PATH"], "HOME": str(home), "KUBECONFIG": os.devnull}
        command = [program, *map(str, arguments)]
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def plane(tools: Toolchain, tmp_path: Path) -> Iterator[ControlPlane]:
    """A control plane of this test's own."""
    (tmp_path / "plane").mkdir()
    with ControlPlane(tmp_path / "plane", tools) as plane:
        yield plane


@pytest.fixture
def templated(helm: Any, tmp_path: Path) -> Callable[..., Objects]:
    """What `helm template` gives of a chart with these values, by identity."""

    def objects(chart: Mapping[str, str], values: Mapping[str, Any] | None = None) -> Objects:
        (tmp_path / "values.yaml").write_text(yaml.safe_dump(values or {}))
        ran = helm("template", "any", written(chart, tmp_path / "chart"), "--values", tmp_path / "values.yaml")
        assert ran.returncode == 0, ran.stderr
        return by_identity(ran.stdout)

    return objects


def written(chart: Mapping[str, str], folder: Path) -> Path:
    for name, text in chart.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def by_identity(text: str) -> Objects:
    trees = [tree for tree in yaml.safe_load_all(text) if tree]
    found = {Manifest(tree, "").identity: tree for tree in trees}
    assert len(found) == len(trees)
    return found


def folder(environments: Sequence[Environment], auth_image: str | None = None) -> Objects:
    """The objects that `hub render --to` writes."""
    files = hub_files(render_hub(LIBRARY, environments, image=IMAGE, auth_image=auth_image, namespace="rtb-hub"))
    return by_identity("".join(text for path, text in files.items() if not path.endswith("kustomization.yaml")))


def replaced(objects: Objects, *pairs: tuple[str, str]) -> Objects:
    """The objects with texts in the place of others, wherever they are."""
    text = yaml.safe_dump_all(objects.values())
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return by_identity(text)


@pytest.mark.parametrize("name", VARIATIONS)
def test_with_its_own_values_a_chart_gives_the_objects_of_the_folder(
    name: str, templated: Callable[..., Objects], helm: Any, tmp_path: Path
) -> None:
    for auth_image in (None, AUTH_IMAGE):
        wanted = folder(VARIATIONS[name], auth_image)
        found = templated(chart_of(VARIATIONS[name], auth_image))
        assert found.keys() == wanted.keys()
        for identity, tree in wanted.items():
            assert found[identity] == tree, identity
    ran = helm("lint", "--strict", tmp_path / "chart")
    assert ran.returncode == 0, ran.stdout
    assert "[WARNING]" not in ran.stdout + ran.stderr


def test_texts_that_differ_stand_wherever_the_folder_has_them(templated: Callable[..., Objects]) -> None:
    values = {
        "images": {"hub": {"repository": "registry.example.net/hub", "digest": DIGEST}},
        "host": "previews.example.net",
        "ingress": {"loadBalancerCidrs": ["10.9.0.0/20", "10.9.16.0/20"], "scheme": "internal"},
        "externalSecrets": {"store": "our-store", "prefix": "teams/hub/"},
        "secrets": {"rtb-hub-git-main": "git-of-main", "rtb-hub-worker-database": "db-of-worker"},
        "monitoring": {"namespace": "prometheus"},
        "alerts": {"runbooks": "https://wiki.example.net/hub/"},
        "services": {"worker": {"roleArn": "arn:aws:iam::999999999999:role/worker"}},
    }
    wanted = replaced(
        folder(hosted()),
        (IMAGE, f"registry.example.net/hub@{DIGEST}"),
        ("https://hub.example.com", "https://previews.example.net"),
        ("host: hub.example.com", "host: previews.example.net"),
        ("10.1.0.0/20", "10.9.0.0/20"),
        ("10.1.16.0/20", "10.9.16.0/20"),
        ("scheme: internet-facing", "scheme: internal"),
        ("name: hub-secrets", "name: our-store"),
        ("key: rtb/hub/", "key: teams/hub/"),
        ("secretName: rtb-hub-git-main", "secretName: git-of-main"),
        ("secretName: rtb-hub-worker-database", "secretName: db-of-worker"),
        ("name: rtb-hub-worker-database", "name: db-of-worker"),
        ("metadata.name: monitoring", "metadata.name: prometheus"),
        ("https://docs.example.com/OPERATIONS/", "https://wiki.example.net/hub/"),
        ("arn:aws:iam::111111111111:role/rtb-hub-control-role", "arn:aws:iam::999999999999:role/worker"),
    )
    assert templated(chart_of(hosted()), values) == wanted


def test_another_namespace_is_that_of_every_object(templated: Callable[..., Objects]) -> None:
    found = templated(chart_of(hosted()), {"namespace": {"name": "previews", "create": False}})
    assert {identity.namespace for identity in found} == {"previews"}
    assert len(found) == len(folder(hosted())) - 1
    assert "-n rtb-hub" not in yaml.safe_dump_all(found.values())


def test_replicas_and_resources_are_those_of_one_service(templated: Callable[..., Objects]) -> None:
    resources = {"requests": {"cpu": 1, "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "1Gi"}}
    services = {
        "listener": {"minReplicas": 3, "maxReplicas": 9},
        "worker": {"minReplicas": 2, "maxReplicas": 7, "resources": resources},
    }
    found = templated(chart_of(hosted()), {"services": services, "jobs": {"upgrade": {"resources": resources}}})
    wanted = dict(copy.deepcopy(folder(hosted())))
    named = {(one.kind, one.name): tree for one, tree in wanted.items()}
    named["HorizontalPodAutoscaler", "rtb-hub-listener"]["spec"] |= {"minReplicas": 3, "maxReplicas": 9}
    named["ScaledObject", "rtb-hub-worker"]["spec"] |= {"minReplicaCount": 2, "maxReplicaCount": 7}
    worker = named["Deployment", "rtb-hub-worker"]["spec"]["template"]["spec"]["containers"][0]
    upgrade = named["CronJob", "rtb-hub-upgrade"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    worker["resources"] = upgrade["resources"] = resources
    assert found == wanted


@pytest.mark.parametrize(
    ("values", "gone"),
    [
        ({"ingress": {"enabled": False}}, {"Ingress"}),
        ({"externalSecrets": {"enabled": False}}, {"ExternalSecret"}),
        ({"alerts": {"enabled": False}}, {"PrometheusRule"}),
        ({"jobs": {"digest": {"enabled": False}}}, set()),
    ],
    ids=["ingress", "externalSecrets", "alerts", "digest"],
)
def test_optional_parts_can_be_left_out(values: Any, gone: set[str], templated: Callable[..., Objects]) -> None:
    wanted = {
        identity: tree
        for identity, tree in folder(hosted()).items()
        if (identity.name != "rtb-hub-digest" if "jobs" in values else identity.kind not in gone)
    }
    assert templated(chart_of(hosted()), values) == wanted
    assert len(wanted) < len(folder(hosted()))


def test_alerts_can_be_had_where_the_environment_has_none(templated: Callable[..., Objects]) -> None:
    given = hosted(alerts=False)
    assert templated(chart_of(given), {"alerts": {"enabled": True}}) == folder(hosted())


def test_sign_in_runs_an_image_of_its_own_where_one_is_said(templated: Callable[..., Objects]) -> None:
    repository, _, pinned = AUTH_IMAGE.rpartition("@")
    values = {"images": {"auth": {"repository": repository, "digest": pinned}}}
    assert templated(chart_of(hosted()), values) == folder(hosted(), AUTH_IMAGE)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("images.hub.digest=latest", "images/hub/digest"),
        ("images.auth.digest=" + DIGEST, "images/auth"),
        ("host=hub.example.com/", "host"),
        ("ingress.scheme=public", "ingress/scheme"),
        ("services.worker.minReplicas=0", "services/worker/minReplicas"),
        ("services.auth.maxReplicas=1", "services.auth.maxReplicas: 1 is fewer than minReplicas: 2"),
        ("services.auth.resources.limits.memory=lots", "limits/memory"),
        ("secrets.rtb-hub-git-main=Git", "secrets/rtb-hub-git-main"),
        ("alerts.runbooks=http://docs.example.com", "alerts/runbooks"),
        ("host=null", "host"),
        ("replicaCount=2", "replicaCount"),
    ],
    ids=lambda one: one.partition("=")[0],
)
def test_a_bad_value_is_refused_with_its_place(setting: str, said: str, helm: Any, tmp_path: Path) -> None:
    ran = helm("template", "any", written(chart_of(hosted()), tmp_path), "--set", setting)
    assert ran.returncode != 0
    assert said in ran.stderr
    assert ran.stdout == ""


def test_an_installation_tells_what_to_do_next(helm: Any, tmp_path: Path) -> None:
    chart = written(chart_of(hosted()), tmp_path)
    told = helm("install", "hub", chart, "--dry-run=client", "--set", "namespace.name=previews").stdout
    notes = told.split("NOTES:\n", 1)[1]
    assert "  rtb-hub-git-main\n" in notes
    assert "  rtb-hub-worker-database (made from AWS Secrets Manager)\n" in notes
    assert "kubectl -n previews create job --from cronjob/rtb-hub-upgrade upgrade-1\n" in notes
    jobs = helm("install", "hub", written(chart_of(VARIATIONS["jobs"]), tmp_path / "jobs"), "--dry-run=client").stdout
    assert "upgrade" not in jobs.split("NOTES:\n", 1)[1]


def test_a_release_is_installed_upgraded_and_leaves_the_namespace_with_its_secrets(
    plane: ControlPlane, program: Path, tmp_path: Path
) -> None:
    """As docs/INSTALL.md says it, on a real API server; and taken over from a folder that was applied before."""
    own = "of-helm"
    chart = written(chart_of(VARIATIONS["jobs"]), tmp_path / "chart")
    there = ("-n", own, "--set", f"namespace.name={own}")

    def release(*arguments: object) -> subprocess.CompletedProcess[str]:
        environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "KUBECONFIG": str(plane.kubeconfig)}
        command = [program, *map(str, arguments)]
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)

    def done(*arguments: object) -> None:
        ran = release(*arguments)
        assert ran.returncode == 0, ran.stderr

    def names(kinds: str) -> set[str]:
        return {*plane.kubectl("-n", own, "get", kinds, "-o", "name").split()}

    done("install", "hub", chart, "--create-namespace", "--take-ownership", *there)
    assert "cronjob.batch/rtb-hub-reconcile-prd" in names("cronjobs")
    labels = json.loads(plane.kubectl("get", "namespace", own, "-o", "json"))["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    done("upgrade", "hub", chart, *there, "--set", f"images.hub.digest={DIGEST}")
    assert DIGEST in plane.kubectl("-n", own, "get", "cronjob", "rtb-hub-reconcile-main", "-o", "yaml")
    plane.kubectl("-n", own, "create", "secret", "generic", "rtb-hub-git-main", "--from-literal", "password=x")
    done("uninstall", "hub", "-n", own)
    assert names("cronjobs,secrets") == {"secret/rtb-hub-git-main"}

    own, there = "of-folder", ("-n", "of-folder", "--set", "namespace.name=of-folder")
    files = render_hub(LIBRARY, VARIATIONS["jobs"], image=IMAGE, namespace=own)
    plane.kubectl("apply", "--server-side", "-k", f"{written(hub_files(files), tmp_path / 'files')}/hub")
    assert 'conflict with "kubectl"' in release("install", "hub", chart, "--take-ownership", *there).stderr
    done("install", "hub-again", chart, "--take-ownership", "--force-conflicts", *there)
