"""Environments that the hub's services run in: with all that they can have, and with one thing otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from generator.bootstrap.chart_places import Given
from generator.bootstrap.hub import render_hub
from generator.bootstrap.hub_chart import chart_files, with_alerts
from generator.bootstrap.hub_host import host_of
from generator.model.environment import Environment
from worlds.builders import LIBRARY, digest, environment

CERTIFICATE = "arn:aws:acm:ap-northeast-2:111111111111:certificate/00000000-0000-0000-0000-000000000002"
HUB: dict[str, Any] = {
    "host": "hub.example.com",
    "scheme": "internet-facing",
    "certificates": [CERTIFICATE],
    "loadBalancerCidrs": ["10.1.0.0/20", "10.1.16.0/20"],
    "secretStore": "hub-secrets",
    "secrets": "rtb/hub/",
    "webhooks": ["github", "jira", "slack"],
    "registries": {
        "111111111111.dkr.ecr.ap-northeast-2.amazonaws.com": {"kind": "ecr"},
        "registry.example.com:5443": {
            "kind": "oci",
            "repositories": ["acme/"],
            "username": "rtb-hub",
            "password": "example",
            "tokenHosts": ["tokens.example.com"],
            "blobHosts": ["blobs.example.com:9443"],
        },
    },
    "ecrQueue": "https://sqs.ap-northeast-2.amazonaws.com/111111111111/rtb-hub-pushes",
    "githubApi": "https://github.example.com/api/v3",
    "githubMessages": "en",
    "listenerRole": "arn:aws:iam::111111111111:role/rtb-hub-listener",
    "workerRole": "arn:aws:iam::111111111111:role/rtb-hub-control-role",
    "dashboardRole": "arn:aws:iam::111111111111:role/rtb-hub-dashboard",
    "redis": "redis.example.com:6380",
    "jira": {"url": "https://example.atlassian.net", "email": "hub@example.com", "messages": "ko"},
    "slack": {
        "messages": "en",
        "channel": "C0PREVIEWS",
        "channels": {"SHOP": "C0SHOP"},
        "platform": "C0PLATFORM",
        "approvers": ["S0LEADS"],
        "digest": {"hour": 9, "timeZone": "Asia/Seoul"},
    },
    "signIn": {
        "oidc": {"issuer": "https://sso.example.com/realms/acme", "clientId": "rtb-hub"},
        "github": {"clientId": "Iv23liexample"},
        "roles": {"developer": ["oidc:rtb-devs", "github:acme/devs"], "admin": ["github:acme/platform"]},
        "actions": [{"repositoryId": "123456", "ref": "refs/heads/main", "scopes": ["preview:write"]}],
    },
    "monitoring": "monitoring",
    "alerts": True,
    "runbooks": "https://docs.example.com/OPERATIONS/",
}
FORGE = {"kind": "github", "repository": "acme/state"}


def hosted(repository: str | None = None, **changed: Any) -> list[Environment]:
    """The environments int, which has the hub's services with these fields changed, and prd."""
    argocd = environment("int").as_tree()["spec"]["argocd"]
    given = {"argocd": {**argocd, "repository": repository or argocd["repository"]}}
    return [environment("int", hub={**HUB, **changed}, **given), environment("prd", forge=FORGE, **given)]


#: Environments by what is otherwise in them: jobs alone, and services each with a part left out or worded otherwise.
VARIATIONS: Mapping[str, list[Environment]] = {
    "jobs": [environment(name) for name in ("int", "stg", "prd")],
    "jobs that ask GitHub": [environment("int"), environment("prd", forge=FORGE)],
    "all": hosted(),
    "by ssh": hosted("git@git.example.com:team/state.git"),
    "no redis": hosted(redis=None),
    "no slack": hosted(slack=None, webhooks=["github"]),
    "no digest": hosted(slack={**HUB["slack"], "digest": None}),
    "no alerts": hosted(alerts=False, runbooks=None),
    "alerts without pages": hosted(runbooks=None),
    "nobody monitors": hosted(monitoring=None),
    "nobody signs in": hosted(signIn=None),
    "no registries": hosted(registries={}, workerRole=None),
    "nobody is told": hosted(jira=None, slack=None, githubMessages=None, webhooks=["github"]),
    "internal": hosted(scheme="internal", loadBalancerCidrs=["fd00:1::/64"], certificates=[CERTIFICATE] * 2),
}

IMAGE = f"registry.example.com/rtb-hub@{digest()}"
AUTH_IMAGE = f"registry.example.com/rtb-auth@{digest('d')}"


def chart_of(environments: Sequence[Environment], auth_image: str | None = None) -> dict[str, str]:
    """The hub's Helm chart of these environments: texts by path in it."""
    files = render_hub(LIBRARY, with_alerts(environments), image=IMAGE, auth_image=auth_image, namespace="rtb-hub")
    host = host_of(environments)
    given = Given(IMAGE, auth_image, "rtb-hub", host.services if host is not None else None)
    return chart_files(files, given, version="0.1.0")
