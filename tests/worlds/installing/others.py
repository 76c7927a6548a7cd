"""`gh`, `docker`, `make`, `curl` and `psql`, as far as docs/INSTALL.md uses them."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import jmespath
import psycopg

from worlds.github_server import GitHubServer
from worlds.installing.account import Account
from worlds.installing.cluster import INGRESSES, Cluster
from worlds.installing.stand_ins import Asked, RefusedError
from worlds.places import ROOT


@dataclass
class Gh:
    """GitHub's CLI at a server that holds each call to GitHub's description. `said`: variables, secrets and webhooks."""

    server: GitHubServer
    token: str
    said: dict[tuple[str, str], Any] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> str:
        match asked.argv:
            case ["variable" | "secret" as kind, "set", name, *_]:
                value = asked.option("--body", "") or asked.stdin.strip()
                if not value:
                    raise RefusedError(f"{name} has no value")
                self.said[kind, name] = value
                return ""
            case ["pr", "create", *_]:
                body = {name: asked.option(f"--{name}") for name in ("title", "body", "base", "head")}
                made = self._call("POST", f"repos/{asked.option('--repo')}/pulls", body)
                return f"{made['html_url']}\n"
            case ["api", *words]:
                return self._api(asked, words)
        raise RefusedError(f"unknown command {asked.argv}")

    def _api(self, asked: Asked, words: list[str]) -> str:
        path = next(word for word in words if word.startswith("repos/"))
        body = None
        if "--input" in words:
            named = asked.option("--input")
            body = json.loads(asked.stdin if named == "-" else asked.file(named).read_text())
        if path.endswith("/hooks"):  # the server has no webhooks of repositories
            assert {"name", "active", "events", "config"} == body.keys()
            self.said["hook", body["config"]["url"]] = body["config"]["secret"]
            return "{}"
        found = self._call(asked.option("--method", "GET"), path, body)
        query = asked.option("--jq", "")
        if not query:
            return f"{json.dumps(found)}\n"
        return "".join(f"{one}\n" for one in jmespath.search(query.removeprefix(".").replace("[].", "[*]."), found))

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/json",
        }
        raw = json.dumps(body).encode() if body is not None else None
        try:
            with urllib.request.urlopen(
                urllib.request.Request(f"{self.server.api}/{path}", raw, headers, method=method)
            ) as told:
                return json.loads(told.read() or b"null")
        except urllib.error.HTTPError as err:
            raise RefusedError(f"HTTP {err.code}: {err.read().decode()}") from err


@dataclass
class Docker:
    """Builds nothing: what is pushed is there, under the digests that a test gives by repository."""

    account: Account
    digests: dict[str, str]
    built: set[str] = field(default_factory=set)

    def __call__(self, asked: Asked) -> str:
        if asked.argv[0] == "build":
            assert (ROOT / asked.option("--file")).is_file()
            assert asked.option("--platform") == "linux/amd64"
            self.built.add(asked.option("--tag"))
            return ""
        command, reference = asked.argv
        if command != "push" or reference not in self.built:
            raise RefusedError(f"{asked.argv}")
        repository, _, tag = reference.partition("/")[2].partition(":")
        self.account.push(repository, tag, self.digests[repository])
        return ""


def make(asked: Asked) -> str:
    """A target that the Makefile has; nothing is built."""
    (target,) = asked.argv
    if not re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE):
        raise RefusedError(f"No rule to make target '{target}'")
    return ""


def psql(asked: Asked) -> str:
    """A script as PostgreSQL's client runs it, up to the first error."""
    url, *words = asked.argv
    if words[:2] != ["-v", "ON_ERROR_STOP=1"]:
        raise RefusedError(f"{words}")
    script = asked.file(asked.option("-f")).read_text()
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(script.encode())
    except psycopg.Error as err:
        raise RefusedError(str(err)) from err
    return ""


@dataclass
class Pages:
    """What browsers get: previews by the wildcard record and the rules of the load balancer, the hub by its own address.

    `hub`: the address of a service for a path of the hub's host.
    """

    account: Account
    cluster: Cluster
    zone: str
    hub: Callable[[str], str]

    def page(self, host: str) -> tuple[int, str]:
        """Status and text of a preview's host."""
        self.cluster.settle()
        wanted = f"*.{host.partition('.')[2]}."
        records = self.account.client("route53").list_resource_record_sets(HostedZoneId=self.zone)["ResourceRecordSets"]
        leads = [
            one["AliasTarget"]["DNSName"].rstrip(".") for one in records if one["Name"].replace("\\052", "*") == wanted
        ]
        ingresses = self.cluster.of(INGRESSES)
        if leads != [ingresses[0]["status"]["loadBalancer"]["ingress"][0]["hostname"]]:
            raise RefusedError(f"(6) Could not resolve host: {host}: {leads}")
        hosts = {rule.get("host") for one in ingresses for rule in one["spec"]["rules"]}
        return (200, "a preview") if host in hosts else (404, "There is no such preview.")

    def curl(self, asked: Asked) -> str:
        url = urlsplit(asked.argv[-1])
        if url.hostname == "hub.example.com":
            with urllib.request.urlopen(f"{self.hub(url.path)}{url.path}", timeout=30) as answer:
                return str(answer.read().decode())
        status, text = self.page(str(url.hostname))
        return f"HTTP/2 {status}\n" if asked.argv[0] == "-sSI" else f"{text}\n"
