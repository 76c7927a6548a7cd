"""`blueprint import` and `blueprint new`: what is written passes `blueprint check`, and what is left out is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.errors import ConfigError
from hub.actions.importing.compose import import_compose
from worlds.builders import image
from worlds.commands import must, rtb_hub
from worlds.own_blueprints import with_own

COMPOSE = f"""\
version: "3.9"
x-common: &common
  restart: always
  environment: &env {{LOG_LEVEL: "${{LOG_LEVEL:-info}}", PRICE: "5$$"}}
services:
  web:
    <<: *common
    build: .
    ports: ["8080:3000"]
    environment: {{<<: *env, API_URL: "http://api:4000/v1", DEBUG: true}}
    depends_on: [api]
    healthcheck: {{test: ["CMD", "curl", "-f", "http://localhost:3000/health"]}}
    deploy: {{resources: {{limits: {{cpus: "0.1", memory: 128M}}}}}}
  api:
    image: acme/api:1.2
    ports: [{{target: 4000, published: "4000"}}]
    expose: ["9000"]
    environment:
      - DATABASE_URL=postgres://u:p4ss@db:5432/app
      - DB_PASSWORD=p4ss
      - REDIS_URL=redis://cache:6379/0
      - AMQP_URL=amqp://queue:5672
      - JWT_SECRET=abc
      - FROM_HOST
    depends_on:
      db: {{condition: service_healthy}}
      migrate: {{condition: service_completed_successfully}}
    volumes: ["./conf:/etc/conf:ro", "uploads:/data/"]
    user: "1000:1000"
    deploy: {{replicas: 2, resources: {{limits: {{cpus: "0.1", memory: 128M}}}}}}
  migrate: {{image: "acme/api:1.2", command: migrate --all, environment: {{DATABASE_URL: "postgres://u:p4ss@db/app"}}}}
  worker: {{image: "acme/api:1.2", command: [worker], privileged: true, mem_limit: 128m}}
  queue: {{image: "{image("rabbitmq")}", expose: [5672], healthcheck: {{test: rabbitmq-diagnostics -q ping}}}}
  db: {{image: "postgres:16", environment: {{POSTGRES_PASSWORD: p4ss}}, volumes: ["pg:/var/lib/postgresql/data"]}}
  cache: {{image: "redis:7-alpine"}}
volumes: {{pg: {{}}, uploads: {{}}}}
"""


def test_a_compose_file_becomes_a_blueprint_that_passes_every_check(tmp_path: Path) -> None:
    (tmp_path / "docker-compose.yml").write_text(COMPOSE, encoding="utf-8")
    told = must("blueprint", "import", "docker-compose.yml", "--name", "shop", "-o", "json", cwd=tmp_path).json()
    found = yaml.safe_load((tmp_path / "blueprints" / "shop" / "blueprint.yaml").read_text(encoding="utf-8"))
    parts = found["spec"]["components"]
    assert parts["web"]["env"] == {"LOG_LEVEL": "info", "PRICE": "5$$", "API_URL": "http://api:${api.port}/v1", "DEBUG": "true"}  # fmt: skip
    assert (parts["web"]["path"], parts["web"]["healthPath"], parts["api"]["host"]) == ("/", "/health", "api")
    assert parts["api"]["env"] == {
        "DATABASE_URL": "${db.DATABASE_URL}", "DB_PASSWORD": "${db.POSTGRES_PASSWORD}",
        "REDIS_URL": "${cache.REDIS_URL}", "AMQP_URL": "amqp://queue:${queue.port}",
    }  # fmt: skip
    assert parts["api"]["secrets"] == {"JWT_SECRET": "preview/${environment.name}/app/api#JWT_SECRET"}
    assert (parts["api"]["needs"], parts["api"]["replicas"], parts["api"]["runAsUser"]) == (["db"], 2, 1000)
    assert (parts["migrate"]["role"], parts["migrate"]["when"], parts["migrate"]["imageOf"]) == ("job", "before", "api")
    assert (parts["worker"]["role"], parts["worker"]["imageOf"], parts["worker"]["memory"]) == (
        "worker",
        "api",
        "128Mi",
    )
    assert (parts["db"]["use"], parts["cache"]["use"], parts["queue"]["image"]) == ("postgresql", "valkey", image("rabbitmq"))  # fmt: skip
    left = {(one["service"], one["what"]) for one in told["notTaken"]}
    assert {
        ("worker", "privileged"), ("api", "volumes: ./conf"), ("api", "environment.FROM_HOST"),
        ("api", "environment.JWT_SECRET"), ("web", "build"), ("db", "environment"), ("db", "image"),
    } <= left  # fmt: skip
    assert "p4ss" not in str(found)
    parts["queue"] |= {"cpu": "100m", "memory": "128Mi"}
    for name in ("db", "cache", "migrate", "worker"):
        parts[name] |= {"cpu": "100m", "memory": "128Mi"}
    (tmp_path / "blueprints" / "shop" / "blueprint.yaml").write_text(yaml.safe_dump(found), encoding="utf-8")
    must("blueprint", "check", "shop", "--blueprints", "blueprints", "-e", "int", cwd=tmp_path)


QUEUE = """\
services:
  api:
    build: {context: ./api}
    ports: ["4000:4000"]
    environment: {AMQP_URL: "amqp://u:${PASSWORD}@queue:5672/", NATS: "nats://bus:4222,nats://bus:4222", OWN: "${X:-http://api:4000}"}
    depends_on: [queue, db]
  worker:
    build: {context: ./api}
    command: wait-for queue:5672 api:4000
    environment: {AMQP_URL: "amqp://queue:5672", CONSOLE: "http://queue:15672"}
  queue: {image: "acme/broker:3", ports: ["5672:5672", "15672:15672"]}
  bus: {image: "nats:2"}
  db: {image: "postgres:17", volumes: ["./seed.sql:/docker-entrypoint-initdb.d/seed.sql:ro"]}
"""


def test_ports_that_others_name_are_listened_on_and_addressed_as_they_are() -> None:
    found = import_compose(QUEUE, "c.yml", "own")
    parts = yaml.safe_load(found.text)["spec"]["components"]
    queue, bus = parts["queue"], parts["bus"]
    assert (queue["port"], queue["protocol"], queue["host"]) == (15672, "http", "queue")
    assert queue["ports"] == {"port-5672": {"port": 5672}}
    assert (bus["port"], bus["protocol"], "path" in bus, "role" in bus) == (4222, "tcp", False, False)
    assert parts["worker"]["env"] == {"AMQP_URL": "amqp://queue:5672", "CONSOLE": "http://queue:${queue.port}"}
    assert parts["api"]["env"] == {"NATS": "nats://bus:${bus.port},nats://bus:${bus.port}", "OWN": "http://api:${api.port}"}  # fmt: skip
    assert (parts["api"]["path"], parts["worker"]["imageOf"], parts["api"]["needs"]) == ("/", "api", ["db"])
    assert with_own({"own": found.text}).blueprint("own").spec.components.keys() == parts.keys()
    left = {(one.service, one.what): one.why for one in found.not_taken}
    assert left["queue", "ports: 5672"] == "is not exposed: other services do not speak HTTP to it"
    assert left["worker", "command"] == "names api:4000, which is api:80 in a preview"
    assert {("api", "depends_on: queue"), ("api", "environment.AMQP_URL")} <= left.keys()
    assert "'files'" in left["db", "volumes: /docker-entrypoint-initdb.d/seed.sql"]
    assert ("api", "depends_on: db") not in left


def test_a_service_by_a_name_that_references_have_gets_another() -> None:
    text = "services: {preview: {image: a, ports: [80]}, web: {image: b, environment: {U: 'http://preview:80/'}}}"
    found = import_compose(text, "c.yml", "own")
    parts = with_own({"own": found.text}).blueprint("own").spec.components
    assert parts.keys() == {"preview-app", "web"}
    assert parts["web"].env == {"U": "http://preview-app:${preview-app.port}/"}


def test_pages_of_administrators_are_not_exposed() -> None:
    text = QUEUE.replace("acme/broker:3", "rabbitmq:3-management").replace('"nats:2"', 'adminer, ports: ["8080:8080"]')
    found = import_compose(text, "c.yml", "own")
    parts = yaml.safe_load(found.text)["spec"]["components"]
    assert [(parts[name]["protocol"], "path" in parts[name]) for name in ("queue", "bus", "api")] == [
        ("tcp", False), ("tcp", False), ("http", True)
    ]  # fmt: skip
    assert (parts["queue"]["port"], parts["queue"]["ports"]) == (5672, {"port-15672": {"port": 15672}})
    why = {(one.service, one.what): one.why for one in found.not_taken}
    assert "its page is its administrators'" in why["queue", "ports: 15672"]
    assert "its page is its administrators'" in why["bus", "ports: 8080"]


def test_new_writes_one_that_passes_every_check_and_overwrites_nothing(tmp_path: Path) -> None:
    ran = must("blueprint", "new", "shop", cwd=tmp_path)
    assert "rtb-hub blueprint check shop --blueprints blueprints" in ran.out
    must("blueprint", "check", "--blueprints", "blueprints", cwd=tmp_path)
    again = rtb_hub("blueprint", "new", "shop", cwd=tmp_path)
    assert (again.code != 0, "is there already" in again.err) == (True, True)


@pytest.mark.parametrize("name", ["../x", "web", "A", "", "a/b"])
def test_what_is_no_name_of_ones_own_is_refused(name: str, tmp_path: Path) -> None:
    assert rtb_hub("blueprint", "new", name, cwd=tmp_path).code != 0
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("text", ["", "a: b", "services: []", "services: {}", "[", "\ufffe", "services: {a b: {}}"])
def test_what_is_no_compose_file_is_refused_with_its_name(text: str, tmp_path: Path) -> None:
    (tmp_path / "c.yml").write_text(text, encoding="utf-8")
    ran = rtb_hub("blueprint", "import", "c.yml", "--name", "shop", cwd=tmp_path)
    assert ran.code not in (0, 1, 2), ran.err
    assert not (tmp_path / "blueprints").exists()


ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 99999) | st.sampled_from(
        ["", "80", "1:2:3", "a:b", "${X}", "${X:-y}", "$", "$$", "${db.url}", "{{ .x }}", "\u0000", "redis://b:1", "/x", "../..", "é" * 70, "0:0"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["target", "a", "A", "test", "replicas", "resources", "limits", "cpus", "memory"]), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
FIELDS = ("image", "ports", "expose", "environment", "command", "entrypoint", "depends_on", "healthcheck", "volumes",
          "user", "deploy", "scale", "tmpfs", "profiles", "cpus", "mem_limit", "privileged")  # fmt: skip
SERVICE = st.dictionaries(st.sampled_from(FIELDS), ANY, max_size=6)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), SERVICE, min_size=1, max_size=3))
def test_whatever_stands_there_it_is_a_blueprint_or_refused(services: dict[str, Any]) -> None:
    try:
        found = import_compose(yaml.safe_dump({"services": services}), "c.yml", "own")
        blueprint = with_own({"own": found.text}).blueprint("own")
    except ConfigError as err:
        assert err.faults
        return
    assert {*blueprint.spec.components} == {*services}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("STRIPE_KEY", "x1"),
        ("DB_PASS", "x1"),
        ("smtp_pwd", "x1"),
        ("COOKIE_SALT", "x1"),
        ("PAYMENTS", "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc"),
        ("UPLOADS", "AKIA" + "IOSFODNN7EXAMPLE"),
    ],
)
def test_a_secret_by_its_name_or_its_form_is_not_taken_over(variable: str, value: str) -> None:
    text = f"services: {{api: {{image: 'acme/api:1', environment: {{{variable}: {value}}}}}}}\n"
    found = import_compose(text, "c.yml", "own")
    assert value not in found.text
    assert yaml.safe_load(found.text)["spec"]["components"]["api"]["secrets"] == {
        variable: f"preview/${{environment.name}}/app/api#{variable}"
    }


@pytest.mark.parametrize(
    "variable", ["KEYBOARD", "VAPID_PUBLIC_KEY", "COMPASS", "KEY_PREFIX", "STRIPE_PUBLISHABLE_KEY"]
)
def test_a_variable_that_only_sounds_like_a_secret_is_taken(variable: str) -> None:
    text = f"services: {{api: {{image: 'acme/api:1', environment: {{{variable}: x1}}}}}}\n"
    assert yaml.safe_load(import_compose(text, "c.yml", "own").text)["spec"]["components"]["api"]["env"] == {
        variable: "x1"
    }
