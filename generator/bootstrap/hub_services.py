"""The hub's own services, below `hub/services/`: what each process is started with, given, and reached by.

A process is given its own settings and secrets only. The worker alone can write to Git: what browsers and webhooks
reach puts jobs into the database. Only what `rtb-hub serve` can start is here (a test compares).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from generator.bootstrap.hub_host import Host
from generator.bootstrap.hub_images import image_ports, image_secrets, image_variables, registries_of
from generator.bootstrap.hub_jobs import CACHE, GIT, Job
from generator.bootstrap.hub_sign_in import sign_in_secrets, sign_in_variables, verifying_variables
from generator.bootstrap.hub_slack import digest_values, slack_variables
from generator.model.hosting import HubServices
from generator.model.reach import TLS_POLICY

SECRETS = "/etc/rtb-hub"
#: All addresses of a pod: a NetworkPolicy says who reaches it.
EVERYWHERE = "0.0.0.0"  # noqa: S104
#: Each time starts a worker that KEDA scaled to none, which then stays for its cool-down.
CATCH_UP_MINUTES = 15
#: Jobs that one worker does at a time (RTB_HUB_WORKER_CONCURRENCY): so many for each replica.
JOBS_OF_ONE = 20
DATABASE_PORT = 5432
#: BullMQ's keys, of each queue and what it has them for: who waits, has a place before others, comes later, is in hand.
BULL, QUEUES, LISTS = "bull", ("{jira-queue}", "{figma-queue}"), ("wait", "prioritized", "delayed", "active")
_WHERE = re.compile(r"(https?|ssh)://(?:[^/@]*@)?[^/:]+(?::([0-9]{1,5}))?/")
_USUAL = {"https": 443, "http": 80, "ssh": 22}
#: Where the listener finds a sender's two secrets; `hub.settings` has the names.
_PROOFS = {"github": "GITHUB_WEBHOOK_SECRET", "jira": "JIRA_WEBHOOK_SECRET", "slack": "SLACK_SIGNING_SECRET"}

Name = Literal["listener", "worker", "dashboard", "auth"]
NAMES: tuple[Name, ...] = ("listener", "worker", "dashboard", "auth")
#: `http` is what the load balancer reaches, `health` has health and figures.
PORTS: dict[Name, dict[str, int]] = {
    "listener": {"http": 4000, "health": 4003},
    "worker": {"health": 4002},
    "dashboard": {"http": 3000, "health": 3001},
    "auth": {"http": 4001, "health": 4004},
}
_ARGUMENTS: dict[Name, list[str]] = {
    "listener": ["--port", "4000", "--metrics-port", "4003"],
    "worker": ["--port", "4002"],
    "dashboard": ["--port", "3000", "--metrics-port", "3001"],
    "auth": ["--port", "4001", "--metrics-port", "4004"],
}
_RESOURCES: dict[Name, dict[str, str]] = {
    "listener": {"cpu": "250m", "memory": "256Mi"},
    "worker": {"cpu": "500m", "memory": "512Mi"},
    "dashboard": {"cpu": "250m", "memory": "512Mi"},
    "auth": {"cpu": "250m", "memory": "256Mi"},
}
#: Replicas by load; the worker's are KEDA's.
_REPLICAS: dict[Name, dict[str, int]] = {
    "listener": {"least": 2, "most": 6},
    "dashboard": {"least": 2, "most": 4},
    "auth": {"least": 2, "most": 4},
}
#: Those that read or write Git.
_OF_GIT: tuple[Name, ...] = ("worker", "dashboard")


def values_of(host: Host, *, image: str, auth_image: str, namespace: str) -> dict[str, Any]:
    """The values that the templates of services see. `auth_image`: what sign-in runs."""
    hub = host.services
    return {
        "names": {
            "namespace": namespace,
            "upgrade": "rtb-hub-upgrade",
            "scaler": "rtb-hub-scaler",
            "digest": "rtb-hub-digest",
            "redisScaler": "rtb-hub-scaler-redis",
        },
        "labels": _labels(),
        "image": image,
        "services": [{**_service(name, host), "image": auth_image if name == "auth" else image} for name in NAMES],
        "references": [*_references(hub)],
        "upgradeLabels": _labels("rtb-hub-upgrade"),
        "upgradeVariables": _shown(_database_variable()),
        "digests": [*_digests(host)],
        "digestLabels": _labels("rtb-hub-digest"),
        "secretStore": hub.secret_store,
        "hub": {
            "host": hub.host,
            "scheme": hub.scheme,
            "certificates": ",".join(hub.certificates),
            "sslPolicy": TLS_POLICY,
        },
        "folders": {
            "cache": CACHE,
            "git": GIT,
            "database": f"{SECRETS}/database",
            "webhooks": f"{SECRETS}/webhooks",
            "redis": f"{SECRETS}/redis",
            "jira": f"{SECRETS}/jira",
            "slack": f"{SECRETS}/slack",
            "signIn": f"{SECRETS}/sign-in",
            "registries": f"{SECRETS}/registries",
            "settings": f"{SECRETS}/settings",
        },
        "registries": registries_of(host.services, f"{SECRETS}/registries"),
        "egress": {"database": DATABASE_PORT},
        "jobsOfOne": str(JOBS_OF_ONE),
        "fewestWorkers": 1 if hub.tells else 0,
        "redis": hub.redis,
        "alerts": hub.alerts,
        "runbooks": hub.runbooks,
        "lists": [*_lists(hub)],
        "formula": " + ".join(["due", "held", *(one["name"] for one in _lists(hub))]),
    }


def secret_names(hub: HubServices) -> tuple[str, ...]:
    """Names in AWS Secrets Manager of all that the services are given, sorted."""
    return tuple(sorted({one["key"] for one in _references(hub)}))


def _service(name: Name, host: Host) -> dict[str, Any]:
    full = f"rtb-hub-{name}"
    hub, is_worker = host.services, name == "worker"
    roles = {"worker": hub.worker_role, "dashboard": hub.dashboard_role, "listener": hub.listener_role}
    ports = PORTS[name]
    has_git = name in _OF_GIT
    return {
        "name": full,
        "labels": _labels(full),
        "selector": {"app.kubernetes.io/name": full},
        "arguments": ["serve", name, "--host", EVERYWHERE, *_ARGUMENTS[name]],
        "variables": _shown(_variables(name, host)),
        "ports": [{"name": port, "containerPort": number} for port, number in ports.items()],
        "probed": "health" if "health" in ports else "http",
        "routed": "http" in ports,
        "resources": _RESOURCES[name],
        "replicas": _REPLICAS.get(name),
        "role": roles.get(name),
        "git": f"{full}-git" if has_git else None,
        "webhooks": f"{full}-webhooks" if name == "listener" and host.services.webhooks else None,
        "database": f"{full}-database",
        "redis": f"{full}-redis" if _has_redis(name, host.services) else None,
        "jira": f"{full}-jira" if is_worker and hub.jira is not None else None,
        "slack": f"{full}-slack" if is_worker and hub.slack is not None else None,
        "registries": f"{full}-registries" if is_worker and image_secrets(hub) else None,
        "settings": f"{full}-settings" if is_worker and hub.registries else None,
        "signIn": f"{full}-sign-in" if name == "auth" else None,
        "reached": list(_reached(name, host.services)),
        "reaches": [*_reaches(name, host)],
    }


def _variables(name: Name, host: Host) -> dict[str, str]:
    """A process's own settings, and no other's: secrets by their files."""
    # The worker is the hub where it writes; the dashboard reads, and is nobody.
    git = _git(host)
    match name:
        case "worker":  # it asks for reviews, and the scheduled job alone decides upon them
            own = {key: value for key, value in git.items() if not key.startswith("RTB_HUB_FORGE_TEAMS_")}
            own |= {**_jira_variables(host.services), **slack_variables(host.services, f"{SECRETS}/slack")}
            own |= {**image_variables(host.services, f"{SECRETS}/settings")}
            own |= _pull_variables(host)
            if host.services.tells and host.services.worker_role is not None:
                own |= _observed(host)
        case "dashboard":
            own = _reading(host)
            own |= verifying_variables(host.services)
            if host.services.dashboard_role is not None:
                own |= _observed(host)
        case "auth":
            own = {**sign_in_variables(host.services, f"{SECRETS}/sign-in")}
        case "listener":
            own = {
                f"RTB_HUB_{setting}_FILE": f"{SECRETS}/webhooks/{file}"
                for setting, file in _proofs(host.services.webhooks)
            }
            own |= {"RTB_HUB_CATCH_UP_MINUTES": str(CATCH_UP_MINUTES)}
            if host.services.ecr_queue is not None:
                own["RTB_HUB_ECR_QUEUE_URL"] = host.services.ecr_queue
    redis = {"RTB_HUB_REDIS_URL_FILE": f"{SECRETS}/redis/url"} if _has_redis(name, host.services) else {}
    return {**own, **_database_variable(), **redis}


def _git(host: Host) -> dict[str, str]:
    forge = host.forge.kind if host.forge is not None else None
    return Job("", host.repository, host.environment.spec.branch, (), gated=False, forge=forge).variables


def _reading(host: Host) -> dict[str, str]:
    """What reads the state repository, as nobody in particular."""
    hidden = ("RTB_HUB_IDENTITY", "RTB_HUB_FORGE_")
    return {key: value for key, value in _git(host).items() if not key.startswith(hidden)}


def _digests(host: Host) -> Iterator[dict[str, Any]]:
    """The job that tells digests, if there is one: it reads Git as the dashboard does, and posts as the worker."""
    for one in digest_values(host.services.slack, f"{SECRETS}/slack"):
        variables = {**_reading(host), **one["variables"], **_database_variable()}
        ports = sorted({443, DATABASE_PORT, _port(host.repository)})
        secrets = {
            "git": "rtb-hub-dashboard-git",
            "database": "rtb-hub-worker-database",
            "slack": "rtb-hub-worker-slack",
        }
        yield {**one, "variables": _shown(variables), "reaches": ports, "secrets": secrets}


def _observed(host: Host) -> dict[str, str]:
    """The environments whose clusters a process reads, as its role: each environment's `cluster.roleArn` trusts it."""
    return {"RTB_HUB_OBSERVED": ",".join(host.environments)}


def _pull_variables(host: Host) -> dict[str, str]:
    """Where previews are told of in pull requests; the forge's keys are those of `_git`."""
    if host.services.gitea_messages is not None:
        return {"RTB_HUB_GITEA_MESSAGES": host.services.gitea_messages, "RTB_HUB_GITEA_URL": host.gitea}
    language = host.services.github_messages
    return {} if language is None else {"RTB_HUB_GITHUB_MESSAGES": language}


def _jira_variables(hub: HubServices) -> dict[str, str]:
    if hub.jira is None:
        return {}
    jira, given = hub.jira, {"RTB_HUB_JIRA_URL": hub.jira.url, "RTB_HUB_JIRA_TOKEN_FILE": f"{SECRETS}/jira/token"}
    given |= {"RTB_HUB_JIRA_EDITION": jira.edition} if jira.edition != "cloud" else {}
    given |= {"RTB_HUB_JIRA_EMAIL": jira.email} if jira.email is not None else {}
    return given | ({"RTB_HUB_JIRA_MESSAGES": jira.messages} if jira.messages is not None else {})


def _has_redis(name: Name, hub: HubServices) -> bool:
    """The listener relays wake-ups, the worker takes them."""
    return hub.redis is not None and name in ("listener", "worker")


def _lists(hub: HubServices) -> Iterator[dict[str, str]]:
    """What is in Redis: with a job in a list that nobody counts, no worker would start for it."""
    for queue in QUEUES if hub.redis is not None else ():
        for kind in LISTS:
            yield {"name": f"{queue.strip('{}').removesuffix('-queue')}_{kind}", "list": f"{BULL}:{queue}:{kind}"}


def _references(hub: HubServices) -> Iterator[dict[str, Any]]:
    """Secrets by reference: each process signs in to the database, and to Redis, as a user of its own."""
    for name in (*NAMES, "upgrade", "scaler"):
        yield _reference(name, "database", hub, {"url": name})
    if hub.redis is not None:
        for one in ("listener", "worker"):
            yield _reference(one, "redis", hub, {"url": one})
        yield _reference("scaler", "redis", hub, {"username": "scaler-username", "password": "scaler-password"})
    yield _reference("auth", "sign-in", hub, dict(sign_in_secrets(hub)))
    if hub.jira is not None:
        yield _reference("worker", "jira", hub, {"token": "token"})
    if hub.slack is not None:
        yield _reference("worker", "slack", hub, {"token": "token"})
    if passwords := image_secrets(hub):
        yield _reference("worker", "registries", hub, {one: one for one in passwords})
    if hub.webhooks:
        yield _reference("listener", "webhooks", hub, {file: file for _, file in _proofs(hub.webhooks)})


def _reference(name: str, what: str, hub: HubServices, keys: dict[str, str]) -> dict[str, Any]:
    data = [{"secretKey": key, "property": one} for key, one in keys.items()]
    return {"name": f"rtb-hub-{name}-{what}", "key": f"{hub.secrets}{what}", "data": data}


def _proofs(senders: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(Setting without its prefix, file) of each secret that deliveries are proved by."""
    for sender in sorted(set(senders)):
        yield _PROOFS[sender], sender
        yield f"{_PROOFS[sender]}_PREVIOUS", f"{sender}-previous"


def _reached(name: Name, hub: HubServices) -> Iterator[dict[str, Any]]:
    """Who may connect to which port. The kubelet's probes come from the node, which no policy keeps away."""
    if "http" in PORTS[name]:
        peers: list[dict[str, Any]] = [{"ipBlock": {"cidr": cidr}} for cidr in hub.load_balancer_cidrs]
        if name == "auth":  # for the public keys
            peers.append({"podSelector": {"matchLabels": {"app.kubernetes.io/name": "rtb-hub-dashboard"}}})
        yield {"from": peers, "port": PORTS[name]["http"]}
    if "health" in PORTS[name] and hub.monitoring is not None:
        labels = {"kubernetes.io/metadata.name": hub.monitoring}
        yield {"from": [{"namespaceSelector": {"matchLabels": labels}}], "port": PORTS[name]["health"]}


def _reaches(name: Name, host: Host) -> Iterator[int]:
    yield DATABASE_PORT
    if host.services.redis is not None and _has_redis(name, host.services):
        yield int(host.services.redis.rpartition(":")[2])
    if name == "auth":
        issuer = host.services.sign_in.oidc.issuer if host.services.sign_in and host.services.sign_in.oidc else None
        yield from sorted({443, *([_port(f"{issuer}/")] if issuer is not None else [])})
    if name == "dashboard":
        yield PORTS["auth"]["http"]
    if name == "listener" and host.services.ecr_queue is not None:
        yield 443
    if name in _OF_GIT:
        yield from sorted({443, _port(host.repository), *(_outside(host) if name == "worker" else ())})


def _outside(host: Host) -> Iterator[int]:
    """The ports of what the worker asks beside Git, the forge among them."""
    hub, forge = host.services, host.forge.url if host.forge else None
    sites = (hub.jira.url if hub.jira else None, hub.slack.api if hub.slack else None, hub.github_api, forge)
    yield from (_port(f"{site}/") for site in sites if site is not None)
    yield from image_ports(hub)


def _port(address: str) -> int:
    """Of a repository or a site; AWS speaks HTTPS."""
    found = _WHERE.match(address)
    return _USUAL["ssh"] if found is None else int(found[2] or _USUAL[found[1]])  # None: user@host:path


def _database_variable() -> dict[str, str]:
    return {"RTB_HUB_DATABASE_URL_FILE": f"{SECRETS}/database/url"}


def _shown(variables: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in variables.items()]


def _labels(name: str | None = None) -> dict[str, str]:
    own = {} if name is None else {"app.kubernetes.io/name": name}
    return {"app.kubernetes.io/managed-by": "rtb-ai-hub", **own}
