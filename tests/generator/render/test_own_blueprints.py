"""Blueprints of a team's own: what they render to, what is refused, and that no text of theirs or of people escapes."""

from __future__ import annotations

import string
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generator.bootstrap.argocd import rendered_kinds
from generator.errors import ConfigError, Reason
from generator.model.blueprint import TemplateLibrary
from generator.model.entry import Preview
from generator.model.references import parts, resolved
from generator.render.asked import Request
from generator.render.render import PreviewRenderer, Rendering
from generator.values.naming import IssueKey
from hub.wiring import Hub
from reconcilers.lifecycle.start import StartRequest, draft_of
from worlds.builders import NOW, environment, image
from worlds.own_blueprints import SHOP, SHOP_IMAGES, with_own

HEAD = "apiVersion: blueprint.rtb-ai-hub/v1\nkind: Blueprint\nmetadata: {name: own}\nspec:\n  summary: s\n"
OWNER = "$(HOME) ${db.DATABASE_URL} {{ .password }}\n- x: y"


def drafted(library: TemplateLibrary, name: str = "shop", env: str = "int", **asked: Any) -> Preview:
    """A preview of a blueprint, as `start` drafts it."""
    by = asked.pop("by", "alice")
    request = Request(**{"images": SHOP_IMAGES if name == "shop" else {}, **asked})
    return draft_of(StartRequest(IssueKey.parse("RTB-123"), by, request, name), environment(env), library, now=NOW)


def rendered(library: TemplateLibrary, preview: Preview) -> Rendering:
    return PreviewRenderer(library).render(preview, environment(preview.spec.environment))


def objects(rendering: Rendering) -> dict[tuple[str, str], Any]:
    """The objects by kind and name, as a YAML parser reads the text."""
    return {(one["kind"], one["metadata"]["name"]): one for one in yaml.load_all(rendering.text, yaml.CSafeLoader)}


def pod(found: dict[tuple[str, str], Any], kind: str, name: str) -> Any:
    data = next(one for (of, named), one in found.items() if of == kind and named.startswith(name))
    return (data["spec"]["jobTemplate"] if kind == "CronJob" else data)["spec"]["template"]["spec"]


@pytest.fixture(scope="module")
def shop() -> dict[tuple[str, str], Any]:
    library = with_own({"shop": SHOP})
    return objects(rendered(library, drafted(library, by=OWNER)))


@pytest.mark.parametrize("env", ["int", "stg", "prd"])
def test_what_it_renders_to_passes_every_check_that_shipped_ones_pass(env: str, hub: Hub) -> None:
    library = with_own({"shop": SHOP})
    preview = drafted(library, env=env)
    hub.check(rendered(library, preview), preview, environment(env))


@pytest.fixture(scope="module")
def hub() -> Hub:
    from hub.settings import Settings

    return Hub(Settings())


def test_each_role_is_the_kind_of_object_that_runs_it(shop: dict[tuple[str, str], Any]) -> None:
    kinds = {(kind, name.rpartition("-")[0] if kind == "Job" else name) for kind, name in shop}
    deployments = {name for kind, name in kinds if kind == "Deployment"}
    assert deployments == {"web", "api", "admin", "rpc", "worker", "db", "cache"}
    assert {name for kind, name in kinds if kind == "Job"} == {"migrate", "smoke"}
    assert {name for kind, name in kinds if kind == "CronJob"} == {"nightly"}
    assert {name for kind, name in kinds if kind == "Service"} == {"web", "api", "admin", "rpc", "db", "cache"}
    assert shop["Deployment", "worker"]["spec"]["replicas"] == 2
    assert shop["Deployment", "db"]["spec"]["strategy"] == {"type": "Recreate"}


def test_a_job_before_the_others_waits_for_the_database_and_the_others_for_it(shop: dict[tuple[str, str], Any]) -> None:
    waves = {
        key: one["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave") for key, one in shop.items()
    }
    early = {(kind, name.split("-")[0]) for (kind, name), wave in waves.items() if wave == "-5"}
    assert early == {
        ("Job", "migrate"), ("ConfigMap", "migrate"), ("Deployment", "db"), ("ConfigMap", "db"),
        ("Password", "db"), ("ExternalSecret", "db"),
    }  # fmt: skip
    (wait,) = pod(shop, "Job", "migrate")["initContainers"]
    assert wait["image"] == SHOP_IMAGES["db"]
    assert "pg_isready -q -h db " in wait["command"][2]


def test_a_job_after_the_others_is_a_hook(shop: dict[tuple[str, str], Any]) -> None:
    (smoke,) = (one for (kind, name), one in shop.items() if kind == "Job" and name.startswith("smoke-"))
    assert smoke["metadata"]["annotations"]["argocd.argoproj.io/hook"] == "PostSync"


def test_ports_probes_paths_and_hosts(shop: dict[tuple[str, str], Any]) -> None:
    (api,) = pod(shop, "Deployment", "api")["containers"]
    assert {(p["name"], p["containerPort"], p["protocol"]) for p in api["ports"]} == {
        ("http", 4000, "TCP"), ("rpc", 9000, "TCP"), ("dns", 5353, "UDP"),
    }  # fmt: skip
    assert api["readinessProbe"]["grpc"] == {"port": 9000, "service": "shop.v1"}
    assert "livenessProbe" not in api
    assert "startupProbe" in api
    service = {p["name"]: p["port"] for p in shop["Service", "api"]["spec"]["ports"]}
    assert service == {"http": 80, "rpc": 9000, "dns": 5353}
    assert {p["name"]: p["port"] for p in shop["Service", "web"]["spec"]["ports"]} == {"http": 80, "metrics": 9100}
    rules = {
        rule["host"]: [(path["path"], path["backend"]["service"]["name"]) for path in rule["http"]["paths"]]
        for rule in shop["Ingress", "preview"]["spec"]["rules"]
    }
    assert rules == {
        "rtb-123.int.preview.example.com": [("/shop.v1", "rpc"), ("/api", "api"), ("/", "web")],
        "rtb-123-admin.int.preview.example.com": [("/", "admin")],
    }
    grpc = shop["Service", "rpc"]["metadata"]["annotations"]
    assert grpc["alb.ingress.kubernetes.io/backend-protocol-version"] == "GRPC"


def test_variables_files_and_secrets_are_what_the_blueprint_says(shop: dict[tuple[str, str], Any]) -> None:
    web = shop["ConfigMap", "web-env"]["data"]
    assert web["API"] == "https://rtb-123.int.preview.example.com/api"
    assert web["PRICE"] == "5$"
    assert web["OWNER"] == f"by {OWNER}"
    assert shop["ConfigMap", "worker-env"]["data"]["CACHE_HOST"] == "cache:6379"
    assert {*shop["ConfigMap", "web-files"]["data"].values()} == {"x: ${y}\n"}
    (mount,) = (m for m in pod(shop, "Deployment", "web")["containers"][0]["volumeMounts"] if "subPath" in m)
    assert mount["mountPath"] == "/etc/app/app.conf"
    assert mount["subPath"] in shop["ConfigMap", "web-files"]["data"]
    assert shop["ExternalSecret", "api-secrets"]["spec"]["data"] == [
        {"secretKey": "STRIPE", "remoteRef": {"key": "preview/int/app/stripe", "property": "key"}}
    ]
    made = shop["ExternalSecret", "db"]["spec"]["target"]["template"]["data"]
    assert made["DATABASE_URL"] == "postgresql://preview:{{ .password }}@db:5432/preview"
    (api,) = pod(shop, "Deployment", "api")["containers"]
    assert api["env"] == [
        {"name": "DATABASE_URL", "valueFrom": {"secretKeyRef": {"name": "db", "key": "DATABASE_URL"}}}
    ]
    assert shop["ServiceAccount", "preview"]["imagePullSecrets"] == [{"name": "pull-0"}]
    assert shop["ExternalSecret", "pull-0"]["spec"]["data"][0]["remoteRef"] == {"key": "preview/int/app/registry"}


def test_sidecars_run_on_and_init_containers_share_what_they_are_told_to(shop: dict[tuple[str, str], Any]) -> None:
    (proxy,) = pod(shop, "Deployment", "web")["initContainers"]
    assert (proxy["restartPolicy"], proxy["image"]) == ("Always", image("proxy"))
    # Kubernetes gives the container `$(HOME)` of the text, and `$` of `$$`.
    told = {one["name"]: one["value"] for one in proxy["env"]}
    assert told["LITERAL"] == "$$(HOME) $$x"
    assert told["WHO"] == OWNER.replace("$", "$$")
    wait, prepare = pod(shop, "Deployment", "api")["initContainers"]
    assert wait["name"] == "wait-for-db"
    assert prepare["image"] == SHOP_IMAGES["api"]
    assert prepare["envFrom"] == [{"configMapRef": {"name": "api-env"}}, {"secretRef": {"name": "api-secrets"}}]
    assert [one["name"] for one in prepare["env"]] == ["DATABASE_URL"]


def test_the_same_is_the_same_bytes_and_another_setting_is_another_job() -> None:
    library = with_own({"shop": SHOP})
    one, other = drafted(library), drafted(with_own({"shop": SHOP}))
    assert rendered(library, one).text == rendered(with_own({"shop": SHOP}), other).text
    again = objects(rendered(library, drafted(library, settings=[("migrate.env.LEVEL", "debug")])))
    before = {name for kind, name in objects(rendered(library, one)) if kind == "Job" and name.startswith("migrate")}
    assert not before & {name for kind, name in again if kind == "Job"}


def test_a_variable_that_is_asked_for_replaces_the_blueprints_whatever_it_was() -> None:
    library = with_own({"shop": SHOP})
    settings = [
        ("api.env.DATABASE_URL", "${db.DATABASE_URL}"),
        ("api.env.STRIPE", "none"),
        ("web.secrets.CACHE", "preview/int/app/cache#url"),
    ]
    found = objects(rendered(library, drafted(library, settings=settings)))
    assert found["ConfigMap", "api-env"]["data"]["DATABASE_URL"] == "${db.DATABASE_URL}"
    assert "env" not in pod(found, "Deployment", "api")["containers"][0]
    assert ("ExternalSecret", "api-secrets") not in found
    assert [one["secretKey"] for one in found["ExternalSecret", "web-secrets"]["spec"]["data"]] == ["CACHE"]


def test_one_that_runs_the_image_of_another_follows_it_until_it_has_its_own() -> None:
    library = with_own({"shop": SHOP})
    first = drafted(library)

    def after(before: Preview, **images: str) -> Preview:
        asked = StartRequest(IssueKey.parse("RTB-123"), "alice", Request(images=images))
        return draft_of(asked, environment(), library, before, now=NOW)

    second = after(first, api=image("api", "b"))
    assert second.spec.components["worker"].image == image("api", "b")
    third = after(second, worker=image("worker", "c"))
    fourth = after(third, api=image("api", "d"))
    assert fourth.spec.components["worker"].image == image("worker", "c")
    assert fourth.spec.components["migrate"].image == image("api", "d")


def test_an_image_that_several_run_is_asked_for_once() -> None:
    library = with_own({"shop": SHOP})
    with pytest.raises(ConfigError) as raised:
        drafted(library, images={name: one for name, one in SHOP_IMAGES.items() if name != "api"})
    assert [fault.field for fault in raised.value.faults] == ["components.api"]


@pytest.mark.parametrize(("field", "value"), [("cpu", "2"), ("memory", "9Gi")])
def test_what_helps_is_said_of_a_preview_that_is_too_large(field: str, value: str) -> None:
    library = with_own({"shop": SHOP})
    with pytest.raises(ConfigError) as raised:
        drafted(library, settings=[(f"web.{field}", value)])
    (fault,) = raised.value.faults
    assert (fault.remedy or "").startswith(f"give components less '{field}'")


def test_the_entry_says_by_which_files_of_the_teams_own_it_was_rendered() -> None:
    def stamp(files: dict[str, str], name: str) -> str | None:
        library = with_own(files)
        renderer, preview = PreviewRenderer(library), drafted(library, name, images={"web": image("web")} | SHOP_IMAGES)
        stamped = renderer.stamped(preview, renderer.render(preview, environment()), environment(), "test")
        assert stamped.spec.rendered is not None
        return stamped.spec.rendered.blueprint

    first = stamp({"shop": SHOP}, "shop")
    assert first is not None
    assert first == stamp({"shop": SHOP, "other": SHOP}, "shop")
    assert first != stamp({"shop": SHOP.replace("front end", "web")}, "shop")


def test_a_template_beside_it_replaces_a_common_one_and_an_overlay_that() -> None:
    motd = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: motd, namespace: {{ preview.namespace }}}\ndata: {a: X}\n"
    own = with_own({"shop": SHOP, "shop/motd.yaml.j2": motd, "shop/files.yaml.j2": ""})
    found = objects(rendered(own, drafted(own)))
    assert found["ConfigMap", "motd"]["data"] == {"a": "X"}
    assert ("ConfigMap", "web-files") not in found
    overlay = {"environments/int/templates/preview/shop/motd.yaml.j2": motd.replace("X", "Z")}
    library = TemplateLibrary({**own.files, **overlay})
    assert objects(rendered(library, drafted(library)))["ConfigMap", "motd"]["data"] == {"a": "Z"}


def one(component: str, more: str = "") -> str:
    return f"{HEAD}  components:\n    web: {{summary: w, {component}}}\n{more}"


JOB = "    job: {summary: j, role: job, imageOf: web}\n"
REFUSED = {
    "two images": (one("image: a, imageOf: b"), "cannot both be there"),
    "image of nothing": (one("imageOf: nothing"), "there is no other component 'nothing'"),
    "image of itself": (one("imageOf: web"), "there is no other component 'web'"),
    "image in a chain": (one("port: 1", JOB + "    two: {summary: t, role: job, imageOf: job}\n"), "of another itself"),
    "a worker with a port": (one("role: worker, port: 80"), "a worker has no 'port'"),
    "an exposed job": (one("role: job, path: /"), "is not exposed"),
    "a job with ports": (one("role: job, ports: {a: {port: 1}}"), "a job has no ports"),
    "tcp exposed": (one("port: 5, protocol: tcp, path: /"), "tcp cannot be exposed"),
    "no schedule": (one("role: scheduled"), "go together"),
    "a wrong schedule": (one("role: scheduled, schedule: '99 * * * *'"), "minute"),
    "when of a service": (one("port: 1, when: before"), "only a job has 'when'"),
    "two of one port": (one("port: 80, ports: {a: {port: 80}}"), "one port number"),
    "a port's name twice": (one("port: 80, ports: {http: {port: 81}}"), "is the main one"),
    "a port's name": (one("port: 80, ports: {UPPER: {port: 81}}"), "is not a port's name"),
    "a probe of no port": (one("role: worker, probes: {readiness: {type: tcp}}"), "there is no main port"),
    "a probe of an unknown port": (one("port: 1, probes: {liveness: {type: tcp, port: x}}"), "there is no port 'x'"),
    "http without path": (one("port: 1, probes: {liveness: {type: http}}"), "needs 'path'"),
    "a command that is none": (one("port: 1, probes: {liveness: {type: command}}"), "needs 'command'"),
    "a field of another probe": (one("port: 1, probes: {liveness: {type: tcp, path: /}}"), "has no 'path'"),
    "needs nothing": (one("port: 1, needs: [db]"), "there is no component 'db'"),
    "needs what has no ready": (one("port: 1, needs: [job]", JOB), "has no 'ready'"),
    "a reference to nothing": (one("port: 1, env: {A: '${db.url}'}"), "refers to nothing"),
    "a reference of no form": (one("port: 1, env: {A: '${HOME}'}"), "is no reference"),
    "a value there is not": (one("port: 1, env: {A: '${preview.secret}'}"), "is no value"),
    "a port there is not": (one("port: 1, env: {A: '${job.port}'}", JOB), "has no port"),
    "a url there is not": (one("port: 1, env: {A: '${job.url}'}", JOB), "is not exposed"),
    "part of a secret": (
        one("port: 1, env: {A: 'x ${db.DATABASE_URL}'}", "    db: {use: postgresql}\n"), "is a secret",
    ),
    "a branch in a shell": (one("port: 1, ready: 'test ${preview.branch}'"), "that can stand here"),
    "an owner in a secret": (one("port: 1, secrets: {A: 'x/${preview.owner}'}"), "that can stand here"),
    "the operator's templates": (one("port: 1, generated: {A: '{{ .x }}'}"), "External Secrets Operator"),
    "a value and a secret": (one("port: 1, env: {A: b}, secrets: {A: c}"), "is in 'env' too"),
    "a path upwards": (one("port: 1, files: {/a/../b: x}"), "is not a path in a container"),
    "the kernel's path": (one("port: 1, volumes: {a: {path: /proc/x}}"), "is the kernel's"),
    "one path twice": (one("port: 1, files: {/a: x}, volumes: {a: {path: /a}}"), "at one path"),
    "a file below a file": (one("port: 1, files: {/a: x, /a/b: z}"), "below another file"),
    "the files' volume": (one("port: 1, volumes: {blueprint-files: {path: /a}}"), "is that of 'files'"),
    "an unknown library": (one("use: postgres"), "did you mean 'postgresql'?"),
    "a reserved name": (f"{HEAD}  components:\n    preview: {{summary: w, port: 1}}\n", "is no name for a component"),
    "a port of two containers": (
        one(f"port: 80, sidecars: {{a: {{image: {image('x')}, ports: {{b: {{port: 80}}}}}}}}"), "is a port of web too",
    ),
    "one name for two containers": (one("port: 80, sidecars: {web: {}}"), "name of another container"),
    "no field": (one("port: 80, privileged: true"), "there is no such field"),
    "a number for text": (one("port: 80, env: {A: 1}"), "env.A"),
    "no mapping": (f"{HEAD}  components: [web]\n", "components"),
    "no component": (f"{HEAD}  components: {{web: 1}}\n", "components.web"),
    "another name": (SHOP, "is not the name of its folder"),
    "not YAML": ("a: [", "blueprints/own/blueprint.yaml"),
    "half a surrogate": (one("port: 80, env: {A: '\udc80'}"), ""),
    "too long": (f"{HEAD}# {'x' * (1 << 20)}\n", "at most 1048576"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_is_refused_with_its_place(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        with_own({"own": text}).blueprint("own")
    assert caught.value.reason in (Reason.INVALID_BLUEPRINT, Reason.UNREADABLE_YAML)
    assert any(told in str(fault) for fault in caught.value.faults), caught.value.faults


def test_the_name_of_a_shipped_one_is_taken() -> None:
    with pytest.raises(ConfigError, match="is the name of a blueprint that rtb-hub has"):
        with_own({"web": SHOP}).blueprint("web")


def test_a_secret_that_the_environment_does_not_allow_is_refused_where_it_is_rendered() -> None:
    library = with_own({"shop": SHOP.replace("preview/${environment.name}/app/stripe", "prod/stripe")})
    with pytest.raises(ConfigError, match="is not allowed in int"):
        rendered(library, drafted(library))


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)


@given(TEXTS, TEXTS)
def test_no_text_becomes_anything_but_itself(value: str, file: str) -> None:
    tree = yaml.safe_load(SHOP)
    tree["spec"]["components"]["web"]["env"] = {"A": value.replace("$", "$$")}
    tree["spec"]["components"]["web"]["files"] = {"/a": file}
    tree["spec"]["components"]["web"]["args"] = [value]
    text = yaml.safe_dump(tree, allow_unicode=True)
    library = with_own({"shop": text})
    found = objects(rendered(library, drafted(library)))
    web = pod(found, "Deployment", "web")["containers"][0]
    assert found["ConfigMap", "web-env"]["data"]["A"] == value
    assert [*found["ConfigMap", "web-files"]["data"].values()] == [file]
    assert web["args"] == [value]
    assert len(found) == len(objects(rendered(with_own({"shop": SHOP}), drafted(with_own({"shop": SHOP})))))


@given(st.text("${}.aA_-" + string.digits, max_size=40))
def test_a_text_with_references_is_read_or_refused_and_its_parts_are_all_of_it(text: str) -> None:
    try:
        found = [*parts(text)]
    except ValueError as err:
        assert "is no reference" in str(err)
        return
    told = "".join(part if isinstance(part, str) else str(part) for part in found)
    assert told == text.replace("$$", "$")
    assert resolved(text.replace("$", "$$"), lambda _: "") == text


def test_every_component_of_the_library_can_be_used_alone(hub: Hub) -> None:
    names = with_own({}).library_names()
    assert {"postgresql", "mysql", "valkey", "minio", "localstack"} <= {*names}
    for name in names:
        library = with_own({"own": f"{HEAD}  components:\n    data: {{use: {name}}}\n"})
        preview = drafted(library, "own", images={"data": image("data")})
        hub.check(rendered(library, preview), preview, environment())


def test_the_accounts_project_permits_all_kinds_that_it_has() -> None:
    library, env = with_own({}), environment()
    kinds = {(m.identity.group, m.kind) for m in rendered(with_own({"shop": SHOP}), drafted(with_own({"shop": SHOP}))).manifests}  # fmt: skip
    assert kinds - {("", "Namespace")} <= {*rendered_kinds(library, env)}
    assert rendered_kinds(with_own({"wrong": "a: ["}), env) == rendered_kinds(library, env)


def test_pods_that_a_template_adds_are_refused_where_the_quota_has_no_room_for_them(hub: Hub) -> None:
    pods = "apiVersion: v1\nkind: ReplicationController\nmetadata: {name: more, namespace: {{ preview.namespace }}}\nspec: {replicas: 20}\n"  # fmt: skip
    template = pods.replace("spec: {", "spec:\n  template: {spec: {containers: []}}\n  ").replace("20}", "20")
    library = with_own({"shop": SHOP, "shop/more.yaml.j2": template})
    preview = drafted(library)
    with pytest.raises(ConfigError, match="is less than the 31 pods that there are"):
        hub.check(rendered(library, preview), preview, environment())
