"""`blueprint import` of Score files: what is taken passes, and what is left out is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.errors import ConfigError
from generator.yaml.reader import load_all
from hub.actions.importing.score import import_score
from worlds.builders import image
from worlds.commands import must, rtb_hub
from worlds.own_blueprints import with_own

API = """\
apiVersion: score.dev/v1b1
metadata: {name: api, team: shop, annotations: {a.b/c-d: x}}
service:
  ports:
    www: {port: 8080, targetPort: 4000}
    admin: {port: 9000}
containers:
  main:
    image: .
    command: [serve]
    variables:
      DB_HOST: ${resources.db.host}
      DB_PASSWORD: ${resources.db.password}
      DSN: "postgres://${resources.db.username}:${resources.db.password}@${resources.db.host}:${resources.db.port}/${resources.db.name}?x=$${y}"
      BOTH: "${resources.db.password}${resources.cache.password}"
      CACHE: "redis://${resources.cache.host}:${resources.cache.port}"
      TEAM: "${metadata.team} $5"
      HOST: "https://${resources.dns.host}/"
      OTHER: ${resources.queue.host}
      API_TOKEN: abc
      S3: ${resources.files.endpoint}
      S3_KEY: ${resources.files.secret_key}
    files:
      - target: /etc/app.conf
        content: "a=${metadata.name}"
      - {target: /x, source: ./x}
    volumes: {/data: {source: "${resources.vol}"}}
    resources: {limits: {cpu: 100m, memory: 128Mi}}
    readinessProbe: {httpGet: {path: /ready, port: 4000}}
  side:
    image: PINNED
    variables: {H: "${resources.db.host}"}
  other: {image: "acme/other:1"}
resources:
  db: {type: postgres, id: main-db}
  cache: {type: redis}
  dns: {type: dns}
  route: {type: route, params: {host: "${resources.dns.host}", path: /api, port: 8080}}
  queue: {type: amqp}
  vol: {type: volume}
  files: {type: s3}
""".replace("PINNED", image("side"))
WORKER = """\
apiVersion: score.dev/v1b1
metadata: {name: worker}
containers:
  main: {image: "acme/w:1", variables: {API: "http://${resources.api.hostname}:${resources.api.port}", DB: "${resources.db.host}", P: "x${resources.db.password}"}}
resources:
  api: {type: service-port, params: {workload: api, port: www}}
  db: {type: postgres, id: main-db}
"""


def test_workloads_and_their_resources_become_a_blueprint_that_passes_every_check(tmp_path: Path) -> None:
    (tmp_path / "api.yaml").write_text(API, encoding="utf-8")
    (tmp_path / "worker.yaml").write_text(WORKER, encoding="utf-8")
    told = must("blueprint", "import", "api.yaml", "worker.yaml", "--name", "shop", "-o", "json", cwd=tmp_path).json()
    found = yaml.safe_load((tmp_path / "blueprints" / "shop" / "blueprint.yaml").read_text(encoding="utf-8"))
    parts = found["spec"]["components"]
    api, worker, database = parts["api"], parts["worker"], parts["main-db"]
    assert api["env"] == {
        "DB_HOST": "${main-db.host}", "DB_PASSWORD": "${main-db.POSTGRES_PASSWORD}", "DSN": "${main-db.DSN}",
        "CACHE": "redis://${cache.host}:${cache.port}", "TEAM": "shop $$5", "HOST": "https://${preview.host}/",
        "S3": "http://${files.host}:${files.port}", "S3_KEY": "${files.MINIO_ROOT_PASSWORD}",
    }  # fmt: skip
    assert database["generated"] == {
        "DSN": "postgres://preview:${password}@${self.host}:${self.port}/preview?x=$${y}", "P": "x${password}",
    }  # fmt: skip
    assert (database["use"], parts["cache"]["use"], parts["files"]["use"]) == ("postgresql", "valkey", "minio")
    assert (api["port"], api["path"], api["protocol"], "host" in api) == (4000, "/api", "http", False)
    assert api["probes"]["readiness"]["path"] == "/ready"
    assert (api["ports"], api["volumes"]) == (
        {"port-9000": {"port": 9000, "protocol": "tcp"}},
        {"vol": {"path": "/data"}},
    )
    assert api["sidecars"] == {"side": {"image": image("side"), "env": {"H": "${main-db.host}"}}}
    assert (worker["role"], worker["env"]["API"]) == ("worker", "http://api:${api.port}")
    assert {
        ("api", "resources.queue"), ("api", "variables.BOTH"), ("api", "variables.OTHER"), ("api", "variables.API_TOKEN"),
        ("api", "files./etc/app.conf"), ("api", "files./x"), ("api", "volumes.vol"), ("api", "containers.other"),
        ("api", "image"), ("main-db", "image"), ("api", "resources.files"), ("api", "metadata.annotations"),
    } == {(one["service"], one["what"]) for one in told["notTaken"]} - {("cache", "image"), ("files", "image"), ("worker", "image")}  # fmt: skip
    must("blueprint", "check", "shop", "--blueprints", "blueprints", "-e", "int", cwd=tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (API.replace("admin: {port: 9000}", "admin: {prot: 9000}"), "did you mean: port"),
        (API.replace("v1b1", "v9"), "apiVersion"),
        (API.replace("command: [serve]", "command: serve"), "containers.main.command"),
        ("{apiVersion: score.dev/v1b1, metadata: {name: api}, containers: {}}", "containers"),
        (API + "---\n" + API, "two workloads 'api'"),
    ],
)
def test_what_no_score_file_says_is_refused_where_it_stands(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "score.yaml").write_text(text, encoding="utf-8")
    ran = rtb_hub("blueprint", "import", "score.yaml", "--name", "shop", cwd=tmp_path)
    assert (ran.code not in (0, 1, 2), "score.yaml" in ran.err, said in ran.err) == (True, True, True), ran.err
    assert not (tmp_path / "blueprints").exists()


def test_a_resource_by_a_name_that_references_have_gets_another() -> None:
    text = API.replace("id: main-db", "id: preview")
    found = import_score(load_all(text, "score.yaml"), "score.yaml", "own")
    parts = with_own({"own": found.text}).blueprint("own").spec.components
    assert (parts["preview-app"].use, parts["api"].env["DB_HOST"]) == ("postgresql", "${preview-app.host}")


TEXTS = st.sampled_from(
    ["", "a", "$", "$$", "${", "${resources.db.host}", "${resources.db.password}", "x${resources.db.password}{{", "${metadata.name}",
     "${resources.none.x}", "${resources.dns.url}", "${a}", "redis://${resources.c.host}"]
)  # fmt: skip
PORTS = st.dictionaries(st.sampled_from(["aa", "bb"]), st.fixed_dictionaries({"port": st.integers(1, 90)}, optional={"targetPort": st.integers(1, 90), "protocol": st.sampled_from(["TCP", "UDP"])}))  # fmt: skip
CONTAINER = st.fixed_dictionaries(
    {"image": st.sampled_from(["a:1", ".", image("x")])},
    optional={
        "variables": st.dictionaries(st.sampled_from(["A", "B_TOKEN", "a.b"]), TEXTS),
        "volumes": st.dictionaries(st.sampled_from(["/a", "/b/"]), st.fixed_dictionaries({"source": TEXTS})),
        "files": st.dictionaries(st.sampled_from(["/a", "/c"]), st.fixed_dictionaries({"content": TEXTS})),
        "readinessProbe": st.fixed_dictionaries(
            {"httpGet": st.fixed_dictionaries({"path": TEXTS, "port": st.integers(1, 90)})}
        ),
    },
)
RESOURCE = st.fixed_dictionaries({"type": st.sampled_from(["postgres", "redis", "s3", "dns", "route", "amqp"])}, optional={"id": st.sampled_from(["aa", "db"]), "params": st.fixed_dictionaries({"port": st.integers(1, 90), "path": TEXTS})})  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    PORTS,
    st.dictionaries(st.sampled_from(["one", "two"]), CONTAINER, min_size=1),
    st.dictionaries(st.sampled_from(["db", "c", "dns"]), RESOURCE),
)
def test_whatever_stands_there_it_is_a_blueprint_or_refused(ports: Any, containers: Any, resources: Any) -> None:
    tree = {
        "apiVersion": "score.dev/v1b1", "metadata": {"name": "aa"}, "service": {"ports": ports},
        "containers": containers, "resources": resources,
    }  # fmt: skip
    try:
        found = import_score(load_all(yaml.safe_dump(tree), "score.yaml"), "score.yaml", "own")
        blueprint = with_own({"own": found.text}).blueprint("own")
    except ConfigError as err:
        assert err.faults
        return
    assert "aa" in blueprint.spec.components
