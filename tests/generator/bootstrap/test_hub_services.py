"""The hub's services on Kubernetes: reviewed as rendered, valid, confined, and each given no more than its own."""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from pydantic import SecretStr, ValidationError

from generator.bootstrap.hub import hub_files, render_hub
from generator.bootstrap.hub_services import JOBS_OF_ONE, NAMES, PORTS
from generator.errors import ConfigError, Reason
from generator.model.environment import Environment
from generator.model.registries import read_registries
from generator.validate.schemas import VERSIONS
from generator.validate.validation import PolicySettings, Validator
from hub import assets
from hub.cli.app import app
from hub.cli.services import serve
from hub.queue.redis import QUEUES
from hub.services.auth.building import faults
from hub.settings import Settings, load_settings, setting_names
from worlds.builders import LIBRARY, digest, environment
from worlds.commands import must, rtb_hub
from worlds.hosting import CERTIFICATE, FORGE, HUB, hosted
from worlds.places import ROOT, TESTS

GOLDEN = TESTS / "golden"
IMAGE = f"registry.example.com/rtb-hub@{digest()}"
PEOPLE = [{"ipBlock": {"cidr": cidr}} for cidr in HUB["loadBalancerCidrs"]]
SCRAPER = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]


def rendered(*environments: Environment) -> dict[str, str]:
    files = render_hub(LIBRARY, environments or hosted(), image=IMAGE, namespace="rtb-hub")
    return {path: text for path, text in hub_files(files).items() if path.startswith("hub/services/")}


def objects(*environments: Environment) -> dict[tuple[str, str], Any]:
    trees = [
        tree for text in rendered(*environments).values() for tree in yaml.safe_load_all(text) if "metadata" in tree
    ]
    return {(tree["kind"], tree["metadata"]["name"]): tree for tree in trees}


ALL = objects()
QUERIES = {
    one["name"]: one["metadata"]["query"]
    for one in ALL["ScaledObject", "rtb-hub-worker"]["spec"]["triggers"]
    if one["type"] == "postgresql"
}


def deployment(name: str) -> Any:
    return ALL["Deployment", f"rtb-hub-{name}"]["spec"]["template"]["spec"]


def pods(*environments: Environment) -> Iterator[tuple[str, Any]]:
    for (kind, name), tree in (objects(*environments) if environments else ALL).items():
        if kind == "Deployment":
            yield name, tree["spec"]["template"]["spec"]
        if kind == "CronJob":
            yield name, tree["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def variables(pod: Any) -> dict[str, str]:
    return {one["name"]: one["value"] for one in pod["containers"][0]["env"]}


def places_of(pod: Any) -> dict[str, str]:
    return {one["name"]: one["mountPath"] for one in pod["containers"][0]["volumeMounts"]}


def mounted(pod: Any) -> dict[str, str]:
    """Secrets of a pod by where they are."""
    places = places_of(pod)
    return {places[one["name"]]: one["secret"]["secretName"] for one in pod["volumes"] if "secret" in one}


def test_sign_in_alone_runs_the_image_of_sign_in() -> None:
    auth = f"registry.example.com/rtb-auth@{digest('d')}"
    files = render_hub(LIBRARY, hosted(), image=IMAGE, auth_image=auth, namespace="rtb-hub")
    deployments = [one.data for found in files.values() for one in found if one.data["kind"] == "Deployment"]
    images = {one["metadata"]["name"]: one["spec"]["template"]["spec"]["containers"][0]["image"] for one in deployments}
    assert images == {f"rtb-hub-{name}": auth if name == "auth" else IMAGE for name in NAMES}


def test_the_rendered_services_are_the_reviewed_ones(update_golden: bool) -> None:
    wanted = rendered()
    if update_golden:
        for path, text in wanted.items():
            (GOLDEN / path).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / path).write_text(text, encoding="utf-8")
    found = (GOLDEN / "hub" / "services").glob("*.yaml")
    assert {path.relative_to(GOLDEN).as_posix(): path.read_text() for path in found} == wanted


def test_services_validate_for_every_version() -> None:
    files = render_hub(LIBRARY, hosted(), image=IMAGE, namespace="rtb-hub")
    manifests = [manifest for found in files.values() for manifest in found]
    kinds = {"Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget", "ScaledObject", "TriggerAuthentication"}
    assert {manifest.kind for manifest in manifests} >= kinds | {
        "Ingress",
        "NetworkPolicy",
        "ExternalSecret",
        "Service",
    }
    assert Validator(assets.generator_data).validate(manifests, kubernetes=VERSIONS, settings=PolicySettings()) == ()


def test_only_what_can_be_started_is_rendered() -> None:
    (service,) = (one for one in serve.params if one.name == "service")
    assert set(NAMES) == set(service.type.choices)  # type: ignore[attr-defined]
    for name in NAMES:
        (container,) = deployment(name)["containers"]
        assert [*container["command"], *container["args"][:2]] == ["rtb-hub", "serve", name]
        context = serve.make_context("serve", container["args"][1:], parent=click.Context(app, **app.context_settings))
        given = {context.params["port"], context.params["metrics_port"]} - {None}
        assert given == {one["containerPort"] for one in container["ports"]} == set(PORTS[name].values())
        assert context.params["host"] == "0.0.0.0"


OWN = {
    "listener": {
        f"RTB_HUB_{name}{previous}_FILE"
        for name in ("GITHUB_WEBHOOK_SECRET", "JIRA_WEBHOOK_SECRET", "SLACK_SIGNING_SECRET")
        for previous in ("", "_PREVIOUS")
    } | {"RTB_HUB_REDIS_URL_FILE", "RTB_HUB_CATCH_UP_MINUTES", "RTB_HUB_ECR_QUEUE_URL"},
    "worker": {
        "RTB_HUB_REDIS_URL_FILE",
        "RTB_HUB_REPO", "RTB_HUB_IDENTITY", "RTB_HUB_CACHE", "HOME",
        "RTB_HUB_FORGE_APP_ID_FILE", "RTB_HUB_FORGE_APP_KEY_FILE",
        "RTB_HUB_JIRA_URL", "RTB_HUB_JIRA_EMAIL", "RTB_HUB_JIRA_TOKEN_FILE", "RTB_HUB_JIRA_MESSAGES",
        *(f"RTB_HUB_SLACK_{one}" for one in ("MESSAGES", "TOKEN_FILE", "CHANNELS", "PLATFORM", "APPROVERS", "API", "BUTTONS")),
        "RTB_HUB_PUBLIC_URL", "RTB_HUB_OBSERVED", "RTB_HUB_REGISTRIES", "RTB_HUB_GITHUB_API", "RTB_HUB_GITHUB_MESSAGES",
    },
    "dashboard": {
        "RTB_HUB_REPO", "RTB_HUB_CACHE", "HOME", "RTB_HUB_PUBLIC_URL", "RTB_HUB_PROXIES", "RTB_HUB_JWKS_URL",
        "RTB_HUB_OBSERVED",
    },
    "auth": {
        "RTB_HUB_PUBLIC_URL", "RTB_HUB_PROXIES", "RTB_HUB_KEY_FILE", "RTB_HUB_ROLES", "RTB_HUB_ACTIONS_TRUST",
        *(f"RTB_HUB_OIDC_{one}" for one in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET_FILE", "GROUPS_CLAIM")),
        "RTB_HUB_OIDC_NAME_CLAIM", "RTB_HUB_OIDC_SCOPES",
        *(f"RTB_HUB_GITHUB_{one}" for one in ("CLIENT_ID", "CLIENT_SECRET_FILE", "URL")),
    },
    "upgrade": set(),
}  # fmt: skip


@pytest.mark.parametrize("name", OWN)
def test_a_process_is_given_its_own_settings_alone(name: str, tmp_path: Path) -> None:
    pod = dict(pods())[f"rtb-hub-{name}"]
    given = variables(pod)
    settings = {one for one in given if not one.startswith("GIT_")}
    assert settings == OWN[name] | {"RTB_HUB_DATABASE_URL_FILE"} <= {*setting_names()}
    places = [place for place in given.values() if place.startswith("/etc/rtb-hub/")]
    assert {Path(place).parent.as_posix() for place in places} <= set(places_of(pod).values())
    for place in places:
        (tmp_path / place[1:]).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place[1:]).write_text("sqlite:///x")
    here = {key: str(tmp_path) + value if value in places else value for key, value in given.items()}
    assert load_settings(here).secret("database_url") == "sqlite:///x"


def test_the_dashboard_looks_at_every_environments_cluster_where_it_has_a_role() -> None:
    role = "eks.amazonaws.com/role-arn"
    assert ALL["ServiceAccount", "rtb-hub-dashboard"]["metadata"]["annotations"][role] == HUB["dashboardRole"]
    observed = variables(deployment("dashboard"))["RTB_HUB_OBSERVED"]
    assert load_settings({"RTB_HUB_OBSERVED": observed}).observed_environments == ("int", "prd")
    without = dict(pods(*hosted(dashboardRole=None)))["rtb-hub-dashboard"]
    assert "RTB_HUB_OBSERVED" not in variables(without)


def test_the_worker_reads_every_environments_cluster_and_stays_where_previews_are_told_of() -> None:
    role = "eks.amazonaws.com/role-arn"
    assert ALL["ServiceAccount", "rtb-hub-worker"]["metadata"]["annotations"][role] == HUB["workerRole"]
    observed = variables(deployment("worker"))["RTB_HUB_OBSERVED"]
    assert load_settings({"RTB_HUB_OBSERVED": observed}).observed_environments == ("int", "prd")
    assert ALL["ScaledObject", "rtb-hub-worker"]["spec"]["minReplicaCount"] == 1


def test_a_worker_that_tells_of_nothing_reads_no_cluster_and_is_there_for_jobs_alone() -> None:
    site = {"url": HUB["jira"]["url"], "email": HUB["jira"]["email"]}
    silent = hosted(jira=site, githubMessages=None, slack=None)
    assert "RTB_HUB_OBSERVED" not in variables(dict(pods(*silent))["rtb-hub-worker"])
    assert objects(*silent)["ScaledObject", "rtb-hub-worker"]["spec"]["minReplicaCount"] == 0


def test_a_worker_that_is_asked_in_slack_knows_where_accounts_are_linked() -> None:
    def url(**changed: Any) -> str | None:
        return variables(dict(pods(*hosted(**changed)))["rtb-hub-worker"]).get("RTB_HUB_PUBLIC_URL")

    host = f"https://{HUB['host']}"
    assert [url(), url(webhooks=["github"]), url(signIn=None), url(slack=None)] == [host, None, None, None]


def test_jira_data_center_is_reached_by_a_token_alone() -> None:
    site = {"url": "https://jira.example.com:8443/jira", "edition": "data-center", "messages": "en"}
    pod = dict(pods(*hosted(jira=site)))["rtb-hub-worker"]
    jira = {name: value for name, value in variables(pod).items() if "JIRA" in name}
    assert jira == {
        "RTB_HUB_JIRA_URL": site["url"], "RTB_HUB_JIRA_EDITION": "data-center", "RTB_HUB_JIRA_MESSAGES": "en",
        "RTB_HUB_JIRA_TOKEN_FILE": "/etc/rtb-hub/jira/token",
    }  # fmt: skip
    spec = objects(*hosted(jira=site))["NetworkPolicy", "rtb-hub-worker"]["spec"]
    assert 8443 in {port["port"] for rule in spec["egress"] for port in rule["ports"]}
    for wrong in ({**site, "email": "hub@example.com"}, {"url": "https://example.atlassian.net"}):
        with pytest.raises(ValidationError, match="an account of cloud has an e-mail address"):
            hosted(jira=wrong)


def test_a_worker_without_a_role_tells_what_git_tells() -> None:
    without = dict(pods(*hosted(workerRole=None, registries={})))["rtb-hub-worker"]
    assert variables(without)["RTB_HUB_JIRA_MESSAGES"] == "ko"
    assert "RTB_HUB_OBSERVED" not in variables(without)


def test_no_secret_stands_in_a_variable() -> None:
    secret = {one.alias for name, one in Settings.model_fields.items() if f"{name}_file" in Settings.model_fields}
    for name, pod in pods():
        assert not set(variables(pod)) & secret, name
        assert not [one for one in pod["containers"][0]["env"] if "valueFrom" in one]
        assert not [one for one in variables(pod) if one.endswith(("_TOKEN", "_KEY", "_SECRET", "_PASSWORD"))]


def test_only_the_worker_has_the_key_that_writes_to_git() -> None:
    who = {pod["serviceAccountName"]: set(mounted(pod).values()) for _, pod in pods()}
    assert [account for account, secrets in who.items() if "rtb-hub-worker-git" in secrets] == ["rtb-hub-worker"]
    assert who["rtb-hub-dashboard"] == {"rtb-hub-dashboard-database", "rtb-hub-dashboard-git"}
    assert who["rtb-hub-listener"] == {f"rtb-hub-listener-{one}" for one in ("database", "redis", "webhooks")}
    digest = who.pop("rtb-hub-digest")  # a job of the worker's that cannot write to Git
    assert digest == {"rtb-hub-dashboard-git", "rtb-hub-worker-database", "rtb-hub-worker-slack"}
    for one, other in itertools.combinations(who, 2):
        assert not who[one] & who[other], f"{one} and {other} have a secret together"
    assert who["rtb-hub-auth"] == {"rtb-hub-auth-database", "rtb-hub-auth-sign-in"}
    assert [account for account, secrets in who.items() if "rtb-hub-auth-sign-in" in secrets] == ["rtb-hub-auth"]
    faces_browsers = json.dumps([deployment("dashboard"), deployment("listener"), deployment("auth")])
    assert not any(word in faces_browsers for word in ("RTB_HUB_FORGE", "RTB_HUB_IDENTITY", "RTB_EXPIRY", "worker-git"))
    roles = {
        name: tree["metadata"].get("annotations") for (kind, name), tree in ALL.items() if kind == "ServiceAccount"
    }
    assert {name for name, one in roles.items() if one} == {"rtb-hub-worker", "rtb-hub-listener", "rtb-hub-dashboard"}


def test_each_external_secret_is_used_by_one_process_and_is_below_the_hubs_prefix() -> None:
    made = [tree for (kind, _), tree in ALL.items() if kind == "ExternalSecret"]
    used = {secret for _, pod in pods() for secret in mounted(pod).values() if not secret.endswith("-git")}
    given = [tree["spec"]["secretTargetRef"] for (kind, _), tree in ALL.items() if kind == "TriggerAuthentication"]
    scalers = {one["name"] for references in given for one in references}
    assert scalers == {"rtb-hub-scaler-database", "rtb-hub-scaler-redis"}
    assert {tree["spec"]["target"]["name"] for tree in made} == used | scalers
    assert not scalers & used
    keys = {tree["spec"]["target"]["name"]: {one["secretKey"] for one in tree["spec"]["data"]} for tree in made}
    assert all(one["key"] in keys[one["name"]] for references in given for one in references)
    for tree in made:
        assert tree["spec"]["secretStoreRef"] == {"kind": "ClusterSecretStore", "name": "hub-secrets"}
        assert all(one["remoteRef"]["key"].startswith("rtb/hub/") for one in tree["spec"]["data"])


@pytest.mark.parametrize(("name", "pod"), [*pods()], ids=[name for name, _ in pods()])
def test_pods_are_restricted(name: str, pod: Any) -> None:
    (container,) = pod["containers"]
    assert container["image"] == IMAGE
    assert pod["automountServiceAccountToken"] is False
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsNonRoot"]) == (10001, True)
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["requests"] == container["resources"]["limits"]
    written = {one["mountPath"] for one in container["volumeMounts"] if not one.get("readOnly")}
    given = variables(pod)
    assert written == {given[one] for one in ("RTB_HUB_CACHE", "HOME") if one in given}
    if name not in ("rtb-hub-upgrade", "rtb-hub-digest"):
        assert pod["terminationGracePeriodSeconds"] == 60
        probes = {one: container[f"{one}Probe"]["httpGet"]["path"] for one in ("startup", "liveness", "readiness")}
        assert probes == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
        assert container["readinessProbe"]["httpGet"]["port"] in {one["name"] for one in container["ports"]}


def test_what_is_started_ends_within_its_grace_period() -> None:
    from hub.queue.port import Pace

    for name in NAMES:
        (container,) = deployment(name)["containers"]
        pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        assert pause + Pace().stop.total_seconds() + 5 < deployment(name)["terminationGracePeriodSeconds"]


def test_every_port_is_reached_by_whom_the_policies_say_and_nobody_else() -> None:
    policies = [tree["spec"] for (kind, _), tree in ALL.items() if kind == "NetworkPolicy"]
    assert {"podSelector": {}, "policyTypes": ["Ingress"]} in policies, "nobody reaches what no policy names"

    def reached(labels: dict[str, str]) -> dict[int, list[Any]]:
        found: dict[int, list[Any]] = {}
        for spec in policies:
            if spec["podSelector"].get("matchLabels", {}).items() <= labels.items():
                for rule in spec.get("ingress", []):
                    for port in rule["ports"]:
                        found.setdefault(port["port"], []).extend(rule["from"])
        return found

    def leaves(labels: dict[str, str]) -> set[int]:
        chosen = [s for s in policies if s["podSelector"].get("matchLabels", {"": ""}).items() <= labels.items()]
        assert all("Egress" in spec["policyTypes"] for spec in chosen)
        return {port["port"] for spec in chosen for rule in spec["egress"] for port in rule["ports"]}

    of = {name: ALL["Deployment", f"rtb-hub-{name}"]["spec"]["template"]["metadata"]["labels"] for name in NAMES}
    assert reached(of["listener"]) == {4000: PEOPLE, 4003: SCRAPER}
    assert reached(of["worker"]) == {4002: SCRAPER}
    assert reached(of["dashboard"]) == {3000: PEOPLE, 3001: SCRAPER}
    dashboard = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "rtb-hub-dashboard"}}}
    assert reached(of["auth"]) == {4001: [*PEOPLE, dashboard], 4004: SCRAPER}
    assert reached({"app.kubernetes.io/name": "rtb-hub-upgrade"}) == {}
    assert [leaves(of[name]) for name in NAMES] == [
        {53, 443, 5432, 6380}, {53, 443, 5432, 5443, 6380, 9443}, {53, 443, 4001, 5432}, {53, 443, 5432},
    ]  # fmt: skip
    routed = {
        tree["spec"]["selector"]["app.kubernetes.io/name"] for (kind, _), tree in ALL.items() if kind == "Service"
    }
    assert routed == {f"rtb-hub-{name}" for name in NAMES if "http" in PORTS[name]}


def test_without_a_scraper_nobody_reads_figures() -> None:
    spec = objects(*hosted(monitoring=None))["NetworkPolicy", "rtb-hub-worker"]["spec"]
    assert (spec.get("ingress"), spec["policyTypes"]) == (None, ["Ingress", "Egress"])


def test_alerts_link_to_runbooks_where_they_are_read() -> None:
    def links(**said: Any) -> list[str | None]:
        rules = objects(*hosted(**said))["PrometheusRule", "rtb-hub"]["spec"]["groups"][0]["rules"]
        return [rule["annotations"].get("runbook_url") for rule in rules]

    assert set(links(runbooks=None)) == {None}
    assert links(runbooks="https://docs.example.com/hub")[0] == "https://docs.example.com/hub#rtbhubjobswait"
    for wrong in ("http://docs.example.com/", "https://docs.example.com/?a", "https://docs.example.com/#a", "docs"):
        with pytest.raises(ValidationError, match="runbooks"):
            hosted(runbooks=wrong)


@pytest.mark.parametrize(
    ("repository", "ports"),
    [
        ("https://git.example.com/team/state.git", {443}),
        ("https://git.example.com:8443/team/state.git", {443, 8443}),
        ("http://git.example.com/team/state.git", {80, 443}),
        ("git@git.example.com:team/state.git", {22, 443}),
        ("ssh://git@git.example.com:2222/team/state.git", {443, 2222}),
    ],
)
def test_the_repository_can_be_reached(repository: str, ports: set[int]) -> None:
    spec = objects(*hosted(repository))["NetworkPolicy", "rtb-hub-worker"]["spec"]
    assert {port["port"] for port in spec["egress"][1]["ports"]} == ports | {5432, 5443, 6380, 9443}


def test_only_the_worker_reads_issues_and_it_can_reach_them() -> None:
    site = {"url": "https://jira.example.com:8443", "email": "hub@example.com"}
    found = objects(*hosted(jira=site))
    ports = {
        name: {port["port"] for port in found["NetworkPolicy", f"rtb-hub-{name}"]["spec"]["egress"][1]["ports"]}
        for name in NAMES
    }
    assert [name for name in NAMES if 8443 in ports[name]] == ["worker"]
    assert [name for name, pod in pods() if "rtb-hub-worker-jira" in mounted(pod).values()] == ["rtb-hub-worker"]
    without = "".join(rendered(*hosted(jira=None, webhooks=["github"])).values())
    assert not [name for name in ("RTB_HUB_JIRA", "rtb-hub-worker-jira", "/etc/rtb-hub/jira") if name in without]


@pytest.mark.parametrize("language", ["en", "ko", None])
def test_the_worker_alone_tells_of_previews_at_their_issues(language: str | None) -> None:
    site = {"url": "https://jira.example.com", "email": "hub@example.com", "messages": language}
    found = {name: variables(pod).get("RTB_HUB_JIRA_MESSAGES") for name, pod in pods(*hosted(jira=site))}
    assert {name for name, value in found.items() if value is not None} == ({"rtb-hub-worker"} if language else set())
    assert found["rtb-hub-worker"] == language


@pytest.mark.parametrize("language", ["en", "ko", None])
def test_the_worker_alone_tells_in_pull_requests(language: str | None) -> None:
    given = hosted(githubMessages=language, jira=None, slack=None, webhooks=["github"])
    found = {name: variables(pod).get("RTB_HUB_GITHUB_MESSAGES") for name, pod in pods(*given)}
    assert {name for name, value in found.items() if value is not None} == ({"rtb-hub-worker"} if language else set())
    assert found["rtb-hub-worker"] == language
    assert objects(*given)["ScaledObject", "rtb-hub-worker"]["spec"]["minReplicaCount"] == (1 if language else 0)


def test_nobody_is_told_on_github_by_a_key_that_is_not_githubs() -> None:
    int_, _ = hosted()
    with pytest.raises(ConfigError, match="no GitHub App's key"):
        rendered(int_)


def on_gitea(forge: dict[str, str], **changed: Any) -> list[Environment]:
    int_, _ = hosted(**{"githubMessages": None, "giteaMessages": "ko", **changed})
    return [int_, environment("prd", forge=forge, argocd=int_.as_tree()["spec"]["argocd"])]


@pytest.mark.parametrize("prefix", ["https://git.example.com", "https://git.example.com:3000/git"])
def test_the_worker_alone_tells_in_pull_requests_on_the_gitea_of_the_forge(prefix: str) -> None:
    given = on_gitea({"kind": "gitea", "url": f"{prefix}/acme/state"}, jira=None, slack=None, webhooks=["github"])
    found = {name: {k: v for k, v in variables(pod).items() if "GITEA" in k} for name, pod in pods(*given)}
    assert {name: told for name, told in found.items() if told} == {
        "rtb-hub-worker": {"RTB_HUB_GITEA_MESSAGES": "ko", "RTB_HUB_GITEA_URL": prefix}
    }
    worker = dict(pods(*given))["rtb-hub-worker"]
    settings = load_settings({name: value for name, value in variables(worker).items() if "GITEA" in name})
    assert (settings.gitea_messages, settings.gitea_url) == ("ko", prefix)
    assert variables(worker)["RTB_HUB_FORGE_TOKEN_FILE"] == "/etc/rtb-hub/git/forge-token"
    assert objects(*given)["ScaledObject", "rtb-hub-worker"]["spec"]["minReplicaCount"] == 1


def test_the_worker_reaches_a_forge_at_a_port_of_its_own() -> None:
    forge = {"kind": "gitea", "url": "https://git.example.com:3000/acme/state"}
    found = objects(*on_gitea(forge, giteaMessages=None))
    ports = {
        name: {port["port"] for port in found["NetworkPolicy", f"rtb-hub-{name}"]["spec"]["egress"][1]["ports"]}
        for name in NAMES
    }
    assert [name for name in NAMES if 3000 in ports[name]] == ["worker"]


@pytest.mark.parametrize(
    "forge", [FORGE, {"kind": "local"}, {"kind": "gitea", "url": "https://git.example.com"},
              {"kind": "gitea", "url": "https://git.example.com/state"}],
)  # fmt: skip
def test_nobody_is_told_on_gitea_by_a_key_that_is_not_a_giteas(forge: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="no token of a Gitea"):
        rendered(*on_gitea(forge))


@pytest.mark.parametrize(
    ("digest", "schedule", "every"),
    [
        ({"hour": 9, "timeZone": "Asia/Seoul"}, "0 9-23 * * 1", "week"),
        ({"every": "day", "hour": 23, "timeZone": "Etc/UTC"}, "0 23 * * *", "day"),
    ],
)
def test_a_digest_is_told_from_its_hour_on_by_what_reads_git_alone(
    digest: dict[str, Any], schedule: str, every: str
) -> None:
    job = objects(*hosted(slack={**HUB["slack"], "digest": digest}))["CronJob", "rtb-hub-digest"]["spec"]
    pod = job["jobTemplate"]["spec"]["template"]["spec"]
    assert (job["schedule"], job["timeZone"]) == (schedule, digest["timeZone"])
    arguments = pod["containers"][0]["args"]
    assert arguments == ["digest", "--tell", "--every", every, "--time-zone", digest["timeZone"], "--output", "json"]
    assert {*mounted(pod).values()} == {"rtb-hub-dashboard-git", "rtb-hub-worker-database", "rtb-hub-worker-slack"}
    assert not {"RTB_HUB_IDENTITY", "RTB_HUB_SLACK_PLATFORM"} & {*variables(pod)}
    silent = rendered(*hosted(slack={**HUB["slack"], "digest": None}))
    assert not [path for path in silent if "digest" in path]
    assert not [path for path in rendered(*hosted(slack=None)) if "digest" in path]


def test_the_worker_alone_tells_of_previews_in_slack() -> None:
    found = {name: variables(pod).get("RTB_HUB_SLACK_CHANNELS") for name, pod in pods()}
    assert {name for name, value in found.items() if value is not None} == {"rtb-hub-worker", "rtb-hub-digest"}
    assert found["rtb-hub-worker"] == "C0PREVIEWS,SHOP=C0SHOP"
    tokens = {name for name, pod in pods() if "rtb-hub-worker-slack" in mounted(pod).values()}
    assert tokens == {"rtb-hub-worker", "rtb-hub-digest"}
    (data,) = ALL["ExternalSecret", "rtb-hub-worker-slack"]["spec"]["data"]
    assert (data["secretKey"], data["remoteRef"]) == ("token", {"key": "rtb/hub/slack", "property": "token"})
    without = "".join(rendered(*hosted(slack=None, webhooks=["github"])).values())
    assert "RTB_HUB_SLACK" not in without
    assert "worker-slack" not in without


def test_the_worker_alone_asks_registries_and_reads_what_the_environment_says() -> None:
    pod = deployment("worker")
    (place,) = [path for name, path in places_of(pod).items() if name == "settings"]
    given, file = variables(pod)["RTB_HUB_REGISTRIES"], ALL["ConfigMap", "rtb-hub-worker-settings"]["data"]
    read = read_registries(file[given.removeprefix(f"{place}/")].encode(), given).registries
    assert read["registry.example.com:5443"].password_file == "/etc/rtb-hub/registries/example"
    assert mounted(pod)["/etc/rtb-hub/registries"] == "rtb-hub-worker-registries"
    made = ALL["ExternalSecret", "rtb-hub-worker-registries"]["spec"]["data"]
    assert [(one["secretKey"], one["remoteRef"]["property"]) for one in made] == [("example", "example")]
    for host, said in HUB["registries"].items():
        rule = read[host].model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"password_file"})
        assert rule == {key: value for key, value in said.items() if key != "password"}
    others = [name for name, one in pods() if {"settings", "registries"} & set(places_of(one))]
    assert others == ["rtb-hub-worker"]


def test_other_registries_start_the_worker_anew() -> None:
    def template(**changed: Any) -> Any:
        return objects(*hosted(**changed))["Deployment", "rtb-hub-worker"]["spec"]["template"]

    assert template() != template(registries={"ghcr.io": {"kind": "oci"}})
    without = template(registries={})
    assert "annotations" not in without["metadata"]
    assert not {"settings", "registries"} & {one["name"] for one in without["spec"]["volumes"]}
    assert "registries" not in "".join(rendered(*hosted(registries={})).values())


def test_what_sign_in_is_given_is_what_its_settings_take() -> None:
    """The roles and jobs of `environment.yaml`, as the service reads them."""
    given = variables(dict(pods())["rtb-hub-auth"])
    found = load_settings({name: value for name, value in given.items() if not name.endswith("_FILE")})
    assert found.roles.roles_of("github", {"Acme/Platform", "acme/devs"}) == ("developer", "admin")
    assert [one.ref for one in found.actions_trust.jobs] == ["refs/heads/main"]
    assert not faults(found.model_copy(update={"github_client_secret": SecretStr("x")}))
    without = dict(pods(*hosted(signIn=None)))["rtb-hub-auth"]
    assert not [one for one in variables(without) if "OIDC" in one or "GITHUB" in one]


def test_routes_are_the_hosts_and_health_is_not_among_them() -> None:
    ingress = ALL["Ingress", "rtb-hub"]
    (rule,) = ingress["spec"]["rules"]
    routes = {one["path"]: one["backend"]["service"]["name"] for one in rule["http"]["paths"]}
    assert rule["host"] == "hub.example.com"
    assert routes == {
        "/api/webhook": "rtb-hub-listener", "/preview": "rtb-hub-dashboard", "/": "rtb-hub-dashboard",
        "/api/auth": "rtb-hub-auth",
        "/healthz": "nothing", "/readyz": "nothing",
    }  # fmt: skip
    nothing = json.loads(ingress["metadata"]["annotations"]["alb.ingress.kubernetes.io/actions.nothing"])
    assert nothing["fixedResponseConfig"]["statusCode"] == "404"


def test_only_keda_scales_the_worker() -> None:
    autoscaled = {
        tree["spec"]["scaleTargetRef"]["name"] for (kind, _), tree in ALL.items() if kind == "HorizontalPodAutoscaler"
    }
    assert autoscaled == {"rtb-hub-listener", "rtb-hub-dashboard", "rtb-hub-auth"}
    assert not [tree for (kind, _), tree in ALL.items() if kind == "Deployment" and "replicas" in tree["spec"]]
    spec = ALL["ScaledObject", "rtb-hub-worker"]["spec"]
    assert spec["scaleTargetRef"]["name"] == "rtb-hub-worker"
    assert (spec["minReplicaCount"], spec["maxReplicaCount"], spec["pollingInterval"]) == (1, 5, 5)
    assert spec["fallback"] == {"failureThreshold": 0, "replicas": 1}
    names = {one["name"] for one in spec["triggers"]}
    modifiers = spec["advanced"]["scalingModifiers"]
    assert set(modifiers["formula"].split(" + ")) == names
    assert all(name.isidentifier() for name in names)
    assert (modifiers["target"], modifiers["activationTarget"]) == (str(JOBS_OF_ONE), "0")
    assert Settings.model_fields["worker_concurrency"].default == JOBS_OF_ONE
    # KEDA ignores metadata that it does not know, and takes types that there are not: it would scale nothing.
    known = {"postgresql": {"query", "targetQueryValue"}, "redis": {"address", "enableTLS", "listName", "listLength"}}
    assert all(set(one["metadata"]) == known[one["type"]] for one in spec["triggers"])
    by = {one["type"]: one["authenticationRef"]["name"] for one in spec["triggers"]}
    assert by == {"postgresql": "rtb-hub-scaler", "redis": "rtb-hub-scaler-redis"}


def test_every_list_of_redis_that_a_job_can_be_in_is_counted() -> None:
    triggers = [
        one["metadata"] for one in ALL["ScaledObject", "rtb-hub-worker"]["spec"]["triggers"] if one["type"] == "redis"
    ]
    lists = ("wait", "prioritized", "delayed", "active")
    assert {one["listName"] for one in triggers} == {
        f"bull:{queue}:{one}" for queue in QUEUES.values() for one in lists
    }
    assert {(one["address"], one["enableTLS"]) for one in triggers} == {("redis.example.com:6380", "true")}


def test_without_redis_nothing_names_it() -> None:
    spec = objects(*hosted(redis=None))["ScaledObject", "rtb-hub-worker"]["spec"]
    assert {one["type"] for one in spec["triggers"]} == {"postgresql"}
    assert spec["advanced"]["scalingModifiers"]["formula"] == "due + held"
    assert "redis" not in "".join(rendered(*hosted(redis=None)).values()).lower()


def test_what_keda_counts_is_what_a_worker_would_take(postgres: Any, postgres_template: str) -> None:
    import psycopg

    from hub.store import jobs
    from hub.store.database import Database
    from hub.store.jobs import Claim, Job

    queries = QUERIES

    def counted(url: str) -> dict[str, int]:
        with psycopg.connect(url) as connection:
            return {name: connection.execute(query).fetchone()[0] for name, query in queries.items()}  # type: ignore[index]

    with postgres.database(like=postgres_template) as url, ExitStack() as stack:
        database = Database(url)
        stack.callback(database.close)
        now = datetime.now(UTC)
        assert counted(url) == {"due": 0, "held": 0}
        with database.write() as connection:
            for name, at in (("one", now), ("two", now), ("late", now + timedelta(hours=1))):
                row = Job(f"op-{name}", "jira-queue", "preview.stop", {}, f"int/{name}", replaces=True, run_at=at)
                jobs.add(connection, database, row, now=now - timedelta(seconds=1))
        assert counted(url) == {"due": 2, "held": 0}
        with database.write() as connection:
            claim = Claim("t", timedelta(seconds=30), 1, ())
            assert len(jobs.claim(connection, database, claim, now=database.now(connection))) == 1
        assert counted(url) == {"due": 1, "held": 1}


def test_the_roles_of_the_installation_may_do_what_they_have_to_and_no_more(
    postgres: Any, postgres_template: str
) -> None:
    import psycopg
    from psycopg.errors import InsufficientPrivilege

    text = (ROOT / "docs" / "INSTALL.md").read_text(encoding="utf-8")
    (roles,) = re.findall(r"cat > roles\.sql <<'SQL'\n(.*?)^SQL$", text, re.M | re.S)
    assert "\nrtb-hub db grants > grants.sql\n" in text
    grants = must("db", "grants").out
    made = re.findall(r"CREATE ROLE (\w+)", roles)
    assert set(made) == {f"rtb_hub_{one}" for one in (*NAMES, "upgrade", "scaler")}
    scaled = [*QUERIES.values()]
    put = (
        "INSERT INTO jobs (id, created_at, queue, name, payload, key, replaces, state, run_at, attempts, crashes)"
        " VALUES ('op-1', now(), 'q', 'n', '{}', '', false, 'pending', now(), 0, 0)"
    )
    allowed = {"scaler": scaled, "worker": [put, "SELECT * FROM jobs"], "listener": [put]}
    refused = {
        "scaler": ["SELECT payload FROM jobs", "SELECT count(*) FROM audit", put],
        "dashboard": ["DELETE FROM audit", "UPDATE audit SET who = ''", "UPDATE alembic_version SET version_num = ''"],
        "worker": ["DROP TABLE jobs", "DELETE FROM jobs", "SELECT * FROM audit", "CREATE TABLE x (y int)"],
    }
    with postgres.database(like=postgres_template) as url, psycopg.connect(url) as connection:
        connection.execute(roles + grants)  # all in one transaction, which is undone: roles are the whole server's
        for is_allowed, said in ((True, allowed), (False, refused)):
            for role, statements in said.items():
                for statement in statements:
                    with connection.transaction(force_rollback=True):
                        connection.execute(f"SET LOCAL ROLE rtb_hub_{role}")
                        if is_allowed:
                            connection.execute(statement)
                        else:
                            with pytest.raises(InsufficientPrivilege), connection.transaction():
                                connection.execute(statement)
        connection.rollback()


def test_services_are_rendered_where_one_environment_has_them() -> None:
    assert rendered(environment("int"), environment("prd")) == {}
    both = [environment("int", hub=HUB), environment("stg", hub=_of_stg())]
    with pytest.raises(ConfigError, match=r"int, stg each have the hub's services") as refused:
        rendered(*both)
    assert refused.value.reason is Reason.INVALID_ENVIRONMENT


def _of_stg() -> dict[str, Any]:
    roles = {"workerRole": None, "listenerRole": None, "dashboardRole": None}
    given = {**copy.deepcopy(HUB), **roles, "registries": {}, "ecrQueue": None}
    return {**given, "certificates": [CERTIFICATE.replace("111111111111", environment("stg").spec.account)]}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"host": "hub.int.preview.example.com"}, "one below the other"),
        ({"host": "preview.example.com"}, "one below the other"),
        ({"secretStore": "aws-secrets-manager"}, "the store of previews"),
        ({"secrets": "preview/int/app/hub/"}, "overlap"),
        ({"secrets": "preview/"}, "overlap"),
        ({"certificates": [CERTIFICATE.replace("111111111111", "222222222222")]}, "of account 222222222222"),
        ({"workerRole": "arn:aws:iam::222222222222:role/x"}, "of account 222222222222"),
        ({"dashboardRole": HUB["workerRole"]}, "must not act as what commits"),
        ({"webhooks": ["gitlab"]}, "Input should be"),
        ({"loadBalancerCidrs": []}, "at least 1"),
        ({"redis": "redis://redis.example.com"}, "should match pattern"),
        ({"jira": {"url": "http://jira.example.com", "email": "a@example.com"}}, "should match pattern"),
        ({"jira": {"url": "https://u:p@jira.example.com", "email": "a@example.com"}}, "should match pattern"),
        ({"jira": None}, "its issues cannot be read"),
        ({"slack": {"messages": "en", "channel": "#previews"}}, "should match pattern"),
        ({"slack": {"messages": "de", "channel": "C0PREVIEWS"}}, "'en' or 'ko'"),
        ({"slack": {**HUB["slack"], "digest": {"hour": 24, "timeZone": "Etc/UTC"}}}, "less than or equal to 23"),
        ({"slack": {**HUB["slack"], "digest": {"hour": 9, "timeZone": "Asia/Soul"}}}, "did you mean 'Asia/Seoul'"),
        ({"slack": {**HUB["slack"], "digest": {"hour": 9}}}, "Field required"),
        ({"slack": {"messages": "en", "channel": "C0PREVIEWS", "api": "https://slack.example.com"}}, "slack.com"),
        ({"listenerRole": HUB["workerRole"]}, "must not act as what commits"),
        ({"listenerRole": "arn:aws:iam::222222222222:role/x"}, "of account 222222222222"),
        ({"listenerRole": None}, "'listenerRole' beside it"),
        ({"workerRole": None}, "'workerRole' beside it"),
        ({"ecrQueue": "https://example.com/111111111111/x"}, "should match pattern"),
        ({"githubApi": "http://github.example.com/api/v3"}, "should match pattern"),
        ({"registries": {"https://ghcr.io": {"kind": "oci"}}}, "is no host of a registry"),
        ({"registries": {"ghcr.io": {"kind": "ecr"}}}, "is no registry of ECR"),
        ({"registries": {"ghcr.io": {"kind": "oci", "username": "x"}}}, "both or none"),
        ({"registries": {"ghcr.io": {"kind": "oci", "username": "x", "password": "../git/x"}}}, "password"),
        ({"registries": {"ghcr.io": {"kind": "oci", "roleArn": HUB["workerRole"]}}}, "which only ecr has"),
    ],
)
def test_what_would_open_the_hub_to_previews_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        environment("int", hub={**HUB, **changed})


def test_they_are_printed_and_written_beside_the_jobs(tmp_path: Path) -> None:
    folder = tmp_path / "environments"
    for path in (ROOT / "environments").rglob("*.yaml"):
        (folder / path.relative_to(ROOT / "environments")).parent.mkdir(parents=True, exist_ok=True)
        (folder / path.relative_to(ROOT / "environments")).write_bytes(path.read_bytes())
    file = folder / "int" / "environment.yaml"
    tree = yaml.safe_load(file.read_text())
    tree["spec"]["hub"] = {name: value for name, value in HUB.items() if name != "githubMessages"}
    file.write_text(yaml.safe_dump(tree))
    must("hub", "render", "--image", IMAGE, "--to", tmp_path / "out", "--environments", folder)
    assert must("validate", tmp_path / "out", "--kubernetes", f"{VERSIONS[0]}-{VERSIONS[-1]}").code == 0
    listed = yaml.safe_load((tmp_path / "out" / "hub" / "services" / "kustomization.yaml").read_text())["resources"]
    assert listed == sorted(listed)
    assert {*listed} == {path.name for path in (tmp_path / "out" / "hub" / "services").iterdir()} - {
        "kustomization.yaml"
    }
    jobs = yaml.safe_load((tmp_path / "out" / "hub" / "kustomization.yaml").read_text())["resources"]
    assert "reconcile-main.yaml" in jobs
    assert not [one for one in jobs if "services" in one]
    assert rtb_hub("hub", "render", "--image", "rtb-hub:latest", "--environments", folder).code == 15
    loose = rtb_hub("hub", "render", "--image", IMAGE, "--auth-image", "rtb-auth:latest", "--environments", folder)
    assert (loose.code, "--auth-image" in loose.err) == (15, True), loose.err
