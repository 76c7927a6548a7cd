"""`blueprint import` of manifests, charts and kustomizations: what is taken passes, and what is left out is told."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.errors import ConfigError
from hub.actions.importing.kubernetes import import_objects
from hub.actions.manifest_files import ManifestFiles
from hub.adapters import renderers
from worlds.builders import image
from worlds.commands import must, rtb_hub
from worlds.own_blueprints import with_own

MANIFESTS = (
    (Path(__file__).parent / "shop_manifests.yaml").read_text(encoding="utf-8").replace("PINNED", image("proxy"))
)


def imported(text: str, cwd: Path, *more: str) -> tuple[dict[str, Any], dict[tuple[str, str], str]]:
    """The components that a folder with this manifest becomes, and what is told of it as not taken."""
    (cwd / "deploy").mkdir()
    (cwd / "deploy" / "all.yaml").write_text(text, encoding="utf-8")
    told = must("blueprint", "import", "deploy", "--name", "shop", "-o", "json", *more, cwd=cwd).json()
    found = yaml.safe_load((cwd / "blueprints" / "shop" / "blueprint.yaml").read_text(encoding="utf-8"))
    return found["spec"], {(one["service"], one["what"]): one["why"] for one in told["notTaken"]}


def test_a_folder_of_manifests_becomes_a_blueprint_that_passes_every_check(tmp_path: Path) -> None:
    spec, left = imported(MANIFESTS, tmp_path)
    parts = spec["components"]
    web, api = parts["shop-web"], parts["shop-api"]
    assert web["env"] == {
        "API": "http://shop-api:${shop-api.port}/v1", "DB": "${db.DATABASE_URL}", "LOG": "info",
        "NS": "${preview.namespace}", "U": "http://shop-api:${shop-api.port}/v1/x$$y", "RPC": "shop-api:9000",
    }  # fmt: skip
    assert web["secrets"]["T"] == "preview/${environment.name}/app/s#token"
    assert (web["port"], web["protocol"], web["path"], web["replicas"]) == (3000, "http", "/", 2)
    assert web["probes"]["readiness"] == {
        "type": "http", "path": "/health", "initialDelaySeconds": 4, "periodSeconds": 10, "timeoutSeconds": 1,
        "failureThreshold": 3,
    }  # fmt: skip
    assert web["files"] == {"/etc/app/LOG": "info", "/etc/app/app.conf": "a=b $x"}
    assert web["volumes"] == {"tmp": {"path": "/tmp", "size": "64Mi"}}
    assert web["sidecars"]["proxy"]["probes"]["liveness"]["port"] == "metrics"
    assert (api["path"], api["port"], api["ports"]) == ("/api", 4000, {"port-9000": {"port": 9000, "protocol": "tcp"}})
    assert api["init"] == {"migrate": {"args": ["migrate"]}}
    assert (parts["nightly"]["schedule"], parts["nightly"]["imageOf"]) == ("0 3 * * *", "shop-api")
    assert (parts["seed"]["role"], parts["seed"]["when"]) == ("job", "after")
    assert parts["db"]["use"] == "postgresql"
    assert spec["pullSecrets"] == ["preview/${environment.name}/app/reg"]
    assert "verysecret" not in str(spec)
    assert left["shop-web", "sidecars.log"].startswith("its image 'fluent:1' is not pinned by digest")
    assert left["shop-api", "Ingress i: shop.example.com/api(/|$)"] == "is exposed at /api, and all below it"
    assert {
        ("", "HorizontalPodAutoscaler h"), ("shop-web", "serviceAccountName"), ("shop-web", "env: app.conf"),
        ("shop-web", "env: T"), ("db", "env"), ("", "Ingress i: a/b"), ("", "Job test"), ("", "ConfigMap unused"),
        ("", "Service nowhere"), ("shop-web", "hostNetwork"), ("shop-web", "volumes: host (hostPath)"),
        ("shop-web", "lifecycle"), ("shop-web", "image"), ("", "imagePullSecrets"), ("shop-api", "init.wait"),
    } <= left.keys()  # fmt: skip
    must("blueprint", "check", "shop", "--blueprints", "blueprints", "-e", "int", cwd=tmp_path)


def test_a_digest_that_is_none_pins_no_image_of_the_library(tmp_path: Path) -> None:
    spec, left = imported(MANIFESTS.replace("postgres:16", "postgres@sha256:16"), tmp_path)
    assert (spec["components"]["db"]["use"], "image" in spec["components"]["db"]) == ("postgresql", False)
    assert left["db", "image"].startswith("'postgres@sha256:16' is not pinned by digest")


def test_what_no_blueprint_says_is_told_of_what_was_imported(tmp_path: Path) -> None:
    text = MANIFESTS.replace("mountPath: /tmp", "mountPath: tmp/x")
    assert text != MANIFESTS
    (tmp_path / "all.yaml").write_text(text, encoding="utf-8")
    ran = rtb_hub("blueprint", "import", "all.yaml", "--name", "shop", cwd=tmp_path)
    assert ran.code == 18
    assert ran.err.startswith("all.yaml: error: spec.components.shop-web.volumes.tmp.path: 'tmp/x' is not a path")
    assert ran.err.endswith("to do: correct what it is made of there, or leave that out, and import again\n")
    assert not (tmp_path / "blueprints").exists()


def test_a_second_host_is_a_host_of_its_own_and_an_open_service_is_exposed(tmp_path: Path) -> None:
    text = "---\n".join(
        f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec: {{template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: x, image: "{name}:1", ports: [{{containerPort: 8080}}]}}]}}}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec: {{type: {kind}, selector: {{app: {name}}}, ports: [{{port: 8080}}]}}
"""
        for name, kind in (("front", "LoadBalancer"), ("admin", "NodePort"), ("inner", "ClusterIP"))
    )
    parts = imported(text, tmp_path)[0]["components"]
    assert (parts["front"]["path"], parts["front"].get("host"), parts["admin"]["host"]) == ("/", None, "admin")
    assert (parts["inner"]["protocol"], parts["inner"]["port"], "path" in parts["inner"]) == ("tcp", 8080, False)


APP = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: web:1
          ports: [{containerPort: 8080}]
          env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: NAME, key: token}}}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
"""
ROUTE = """\
---
apiVersion: gateway.networking.k8s.io/v1
kind: KIND
metadata: {name: web}
spec: SPEC
"""
TO_WEB = "backendRefs: [{name: web, port: 80}]"


@pytest.mark.parametrize(
    ("kind", "spec", "path", "protocol"),
    [
        ("HTTPRoute", f"{{rules: [{{{TO_WEB}}}]}}", "/", "http"),
        ("HTTPRoute", f"{{hostnames: [a.example.com], rules: [{{matches: [{{path: {{value: /api}}}}], {TO_WEB}}}]}}",
         "/api", "http"),
        ("GRPCRoute", f"{{rules: [{{matches: [{{method: {{service: a.B}}}}], {TO_WEB}}}]}}", "/", "grpc"),
    ],
)  # fmt: skip
def test_a_route_of_a_gateway_exposes_as_an_ingress_does(
    kind: str, spec: str, path: str, protocol: str, tmp_path: Path
) -> None:
    found, left = imported(APP + ROUTE.replace("KIND", kind).replace("SPEC", spec), tmp_path)
    web = found["components"]["web"]
    assert (web["port"], web["path"], web["protocol"]) == (8080, path, protocol)
    assert ("", "path") not in left


def test_a_route_with_several_hosts_or_to_no_service_is_told(tmp_path: Path) -> None:
    spec = (
        f"{{hostnames: [a.example.com, b.example.com], rules: [{{{TO_WEB}}}, {{backendRefs: [{{name: x, port: 1}}]}}]}}"
    )
    _, left = imported(APP + ROUTE.replace("KIND", "HTTPRoute").replace("SPEC", spec), tmp_path)
    assert left["web", "HTTPRoute web: b.example.com/"] == "a component is exposed once: web is at /"
    assert left["", "HTTPRoute web: a.example.com/"] == "leads to no pods of the manifests"


def test_a_preview_that_nobody_can_open_is_told(tmp_path: Path) -> None:
    found, left = imported(APP, tmp_path)
    assert "path" not in found["components"]["web"]
    assert "'path: /'" in left["", "path"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("keys-h2g8f6dc57", "keys"),
        ("keys-67cfk4ht9m", "keys"),
        ("keys-production", "keys-production"),
        ("keys-0123456789", "keys-0123456789"),
    ],
)
def test_a_secret_keeps_its_name_whatever_kustomize_generated(name: str, kept: str, tmp_path: Path) -> None:
    found, _ = imported(APP.replace("NAME", name), tmp_path)
    assert found["components"]["web"]["secrets"] == {"TOKEN": f"preview/${{environment.name}}/app/{kept}#token"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}", "runs nothing"),
        ("{apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {containers: []}}", "runs nothing"),
        ("a: [", "is not YAML"),
    ],
)
def test_what_runs_nothing_is_refused_with_its_name(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "all.yaml").write_text(text, encoding="utf-8")
    ran = rtb_hub("blueprint", "import", "deploy", "--name", "shop", cwd=tmp_path)
    assert (ran.code not in (0, 1, 2), said in ran.err, "deploy" in ran.err) == (True, True, True), ran.err
    assert not (tmp_path / "blueprints").exists()


def stand_in(folder: Path, tool: str, script: str) -> str:
    """A program `tool` that runs a script of sh, and the PATH that has it alone."""
    bin_folder = folder / "bin"
    bin_folder.mkdir(exist_ok=True)
    program = bin_folder / tool
    program.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return str(bin_folder)


def chart(folder: Path) -> Path:
    made = folder / "a chart"
    made.mkdir()
    (made / "Chart.yaml").write_text("{apiVersion: v2, name: x, version: 1.0.0}", encoding="utf-8")
    return made


def test_a_chart_is_rendered_by_helm_with_its_values_and_without_a_network(tmp_path: Path) -> None:
    made, said = chart(tmp_path), tmp_path / "said"
    (tmp_path / "all.yaml").write_text(MANIFESTS, encoding="utf-8")
    (tmp_path / "-v.yaml").write_text("a: 1", encoding="utf-8")
    script = f'printf "%s\\n" "$@" "$https_proxy" "$KUBECONFIG" "$SECRET" > {shlex.quote(str(said))}; cat {shlex.quote(str(tmp_path / "all.yaml"))}'  # fmt: skip
    path = stand_in(tmp_path, "helm", script)
    must("blueprint", "import", str(made), "--name", "shop", "--values=-v.yaml", cwd=tmp_path, PATH=path, SECRET="x")
    assert said.read_text().splitlines() == [
        "template", "shop", str(made), "--namespace", "preview", "--values", str(tmp_path / "-v.yaml"),
        "http://127.0.0.1:9", "/dev/null", "",
    ]  # fmt: skip
    spec = yaml.safe_load((tmp_path / "blueprints" / "shop" / "blueprint.yaml").read_text(encoding="utf-8"))["spec"]
    assert {"shop-web", "shop-api", "db"} <= spec["components"].keys()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (None, "install Helm (helm.sh/docs/intro/install)"),
        ("echo 'Error: bad {{ chart' >&2; exit 1", "Error: bad {{ chart"),
        ("true", "runs nothing"),
    ],
)
def test_a_chart_that_cannot_be_rendered_is_told_with_a_way_out(script: str | None, said: str, tmp_path: Path) -> None:
    path = stand_in(tmp_path, "helm", script) if script else str(tmp_path)
    ran = rtb_hub("blueprint", "import", str(chart(tmp_path)), "--name", "shop", cwd=tmp_path, PATH=path)
    assert (ran.code not in (0, 1, 2), said in ran.err) == (True, True), ran.err


def test_a_tool_that_does_not_end_is_ended_and_one_that_prints_without_end_is_refused(tmp_path: Path) -> None:
    path = stand_in(tmp_path, "kustomize", "sleep 600 & wait")
    with pytest.raises(ConfigError, match=r"was not done in 0\.2 s"):
        renderers.kustomize(tmp_path, {"PATH": path}, seconds=0.2)
    stand_in(tmp_path, "kustomize", f"head -c {renderers.MOST_BYTES + 1} /dev/zero")
    with pytest.raises(ConfigError, match="prints over 16 MiB"):
        renderers.kustomize(tmp_path, {"PATH": path})
    for stream in ("", " >&2"):  # it would go on for ever
        stand_in(tmp_path, "kustomize", f"head -c {renderers.MOST_BYTES + 1} /dev/zero{stream}; sleep 600")
        with pytest.raises(ConfigError, match="prints over 16 MiB"):
            renderers.kustomize(tmp_path, {"PATH": path})


@pytest.mark.parametrize("arguments", [("docker-compose.yml", "x.yaml"), ("x.yaml", "--values", "x.yaml"), ("none",)])
def test_arguments_that_do_not_go_together_are_refused(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "docker-compose.yml").write_text("services: {a: {image: x}}", encoding="utf-8")
    (tmp_path / "x.yaml").write_text(MANIFESTS, encoding="utf-8")
    ran = rtb_hub("blueprint", "import", *arguments, "--name", "shop", cwd=tmp_path)
    assert ran.code not in (0, 1, 2), ran.out


HELD = """
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data:
  DB_PASSWORD: kept-1
  CODE: ghp_kept2kept2kept2kept2kept2
  DATABASE: postgres://u:kept-3@db.example.com:5432/x
  app.ini: "password = kept-4"
  plain.ini: "tokens: 3\\npassword = ${PASSWORD}\\nsecretName: web"
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers:
      - {name: first, image: "web:1", args: [--api-key, kept-5], env: [{name: NAME, value: plain}]}
      containers:
      - name: web
        image: web:1
        command: [sh, -c, "run --password=kept-6"]
        args: [-p, "https://u:kept-7@host/x"]
        envFrom: [{configMapRef: {name: conf}}]
        env: [{name: A, valueFrom: {configMapKeyRef: {name: conf, key: DB_PASSWORD}}}, {name: B, value: "$(DATABASE)"}]
        livenessProbe: {exec: {command: [curl, -H, "Authorization: Bearer kept-8"]}}
        readinessProbe: {exec: {command: [cat, /ready]}}
        volumeMounts: [{name: c, mountPath: /etc/c}]
      volumes: [{name: c, configMap: {name: conf}}]
"""


def test_no_secret_of_a_manifest_is_written_into_a_blueprint(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(HELD, encoding="utf-8")
    told = must("blueprint", "import", "all.yaml", "--name", "shop", "-o", "json", cwd=tmp_path).json()["notTaken"]
    text = (tmp_path / "blueprints" / "shop" / "blueprint.yaml").read_text(encoding="utf-8")
    assert "kept" not in text
    web = yaml.safe_load(text)["spec"]["components"]["web"]
    assert web["secrets"].keys() == {"A", "DB_PASSWORD", "CODE", "DATABASE"}
    assert web["files"].keys() == {"/etc/c/plain.ini"}
    assert (web["probes"].keys(), web["init"]["first"]["env"]) == ({"readiness"}, {"NAME": "plain"})
    left = {one["what"] for one in told if "looks like a secret: have" in one["why"]}
    assert left == {
        "args", "command", "files./etc/c/CODE", "files./etc/c/DATABASE", "files./etc/c/DB_PASSWORD",
        "files./etc/c/app.ini", "init.first.args", "probes.liveness",
    }  # fmt: skip


SCALAR = st.none() | st.booleans() | st.integers(-5, 99999) | st.sampled_from(
    ["", "a", "b", "80", "http", "a:80", "http://a:80/x", "$(A)", "${x}", "$$", "/x", "/proc", "../..", "é" * 70, "Always", "postgres:1", "\u0000"]
)  # fmt: skip
KEYS = st.sampled_from(
    ["name", "image", "ports", "containerPort", "env", "value", "valueFrom", "secretKeyRef", "key", "configMapRef", "envFrom",
     "httpGet", "port", "path", "readinessProbe", "volumeMounts", "mountPath", "configMap", "emptyDir", "limits", "cpu", "resources"]
)  # fmt: skip
TREE = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
CONTAINER = st.dictionaries(KEYS, TREE, max_size=6)
POD = st.fixed_dictionaries({"containers": st.lists(CONTAINER, min_size=1, max_size=2)}, optional={"initContainers": TREE, "volumes": TREE, "imagePullSecrets": TREE})  # fmt: skip
SERVICE = st.fixed_dictionaries(
    {"selector": st.just({"app": "a"})}, optional={"ports": TREE, "type": st.just("NodePort")}
)
RULES = st.dictionaries(st.sampled_from(["rules", "defaultBackend"]), TREE, max_size=2)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["Deployment", "StatefulSet", "DaemonSet"]), POD, SERVICE, RULES, TREE)
def test_whatever_stands_there_it_is_a_blueprint_or_refused(
    kind: str, pod: Any, service: Any, rules: Any, data: Any
) -> None:
    template = {"metadata": {"labels": {"app": "a"}}, "spec": pod}
    trees = [
        {
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": {"name": "a"},
            "spec": {"template": template, "replicas": data},
        },
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": service},
        {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "a"}, "spec": rules},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data},
    ]
    files = ManifestFiles()
    files.add(Path("all.yaml"), lambda: yaml.safe_dump_all(trees).encode(), named=True)
    try:
        found = import_objects(files, "all.yaml", "own")
        blueprint = with_own({"own": found.text}).blueprint("own")
    except ConfigError as err:
        assert err.faults
        return
    assert len(blueprint.spec.components) == 1
