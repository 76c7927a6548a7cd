"""docs/INSTALL.md is followed from its first block to its last, as written, in one shell, until the hub works and is gone.

The account is moto's, the cluster and the Git host are stand-ins (`worlds.installing`), all else is real. What a reader
has before, and applies of the YAML that is shown, is here; what of the page is not run is `ELSEWHERE`, and why.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from hub import __version__
from worlds.authority import Authority
from worlds.builders import digest, environment
from worlds.commands import git
from worlds.doc_pages import Block, blocks, every_test
from worlds.forking import Forks
from worlds.github_server import GitHubServer
from worlds.github_server.state import State
from worlds.installing.account import Account, installed_account
from worlds.installing.cluster import APPLICATIONS, EXTERNAL, NAMESPACES, SETS, Cluster
from worlds.installing.kubectl import Kubectl
from worlds.installing.kubelet import Kubelet
from worlds.installing.others import Docker, Gh, Pages, make, psql
from worlds.installing.stand_ins import Answer, Asked, standing_in
from worlds.places import ROOT
from worlds.postgres import shared_server
from worlds.tls_servers import Proxy, TlsFront
from worlds.valkey import valkey

BLOCKS = list(blocks((ROOT / "docs" / "INSTALL.md").read_text(encoding="utf-8")))
STATE, HTTPS = "git@git.example.com:team/state.git", "https://git.example.com/team/state.git"
DATABASE = "@rtb-hub.example.ap-northeast-2.rds.amazonaws.com/rtb_hub?sslmode=require"
#: How a block that is not run begins, and where it is.
ELSEWHERE = {
    "{\n": "the policy of a role that the account's stack makes: test_install.py compares the two",
    "hub=https://hub.example.com\n": "in a job of GitHub: test_actions_step.py does it at the real service",
    "helm lint": "in place of the folders that are applied here: test_helm_chart.py installs the chart",
    "import { sign }": "of other programs: test_node_producers.py runs it in Node",
    "projects:\n": "a file of the administrator's choice: test_install.py reads it",
    "registries:\n": "a file of the administrator's choice, outside of a cluster: test_install.py reads it",
}
#: Where the hub is installed; from there on the page is about later: it is used, upgraded and taken away.
INSTALLED = "What Argo CD does with a branch"
#: What the hub's user does then: KEDA begins a worker for the job, which is asked for by the token that the page made.
USED = """\
kubectl -n rtb-hub rollout status deployment/rtb-hub-worker
ask() { env -u RTB_HUB_REPO RTB_HUB_SERVER_TOKEN="$(reader token)" rtb-hub --server "$(reader address)" "$@"; }
ask start RTB-2 --env int --image "web=$registry/web@$web" --image "api=$registry/api@$api"
rtb-hub list --env int --output name
reader looks
ask stop RTB-2 --env int --reason "second try"
rtb-hub doctor --env int --cluster "$(kubectl config current-context)" --repo "$STATE"
"""
#: "null instead of a text undoes it", which the page leaves to its reader.
UNDONE = """\
kubectl -n argocd patch configmap argocd-cmd-params-cm --type merge -p '{"data": {"applicationsetcontroller.policy": null}}'
"""


def is_elsewhere(block: Block) -> bool:
    return block.text.startswith(tuple(ELSEWHERE))


def script() -> str:
    """All blocks in order, each with a mark; YAML is applied."""
    lines: list[str] = []
    before = ""
    for number, block in enumerate(BLOCKS):
        if block.section == INSTALLED != before:
            lines.append(USED)
        if before == INSTALLED != block.section:
            lines.append(UNDONE)
        before = block.section
        if is_elsewhere(block):
            continue
        lines.append(f"echo {shlex.quote(f'block {number}: {block.section}')} >&2")
        is_yaml = block.language == "yaml"
        lines.append(f"kubectl apply --server-side -f - <<'YAML'\n{block.text}YAML" if is_yaml else block.text)
    return "\n".join(lines)


@dataclass
class World:
    """All that a reader has around the shell."""

    account: Account
    cluster: Cluster
    kubelet: Kubelet
    gh: Gh
    pages: Pages
    remote: Path
    work: Path
    environ: dict[str, str]
    bin: Path
    docker: Docker


@pytest.fixture(scope="module")
def forked_aws() -> Iterator[Forks]:
    with Forks("worlds.installing.aws_cli:main") as forks:
        yield forks


@pytest.fixture
def world(tmp_path: Path, forked_hub: Forks, forked_aws: Forks) -> Iterator[World]:
    remote, work, tools = tmp_path / "remote.git", tmp_path / "work", tmp_path / "bin"
    git(tmp_path, "init", "-q", "--bare", "--initial-branch=main", str(remote))
    (tmp_path / "gitconfig").write_text(
        f'[url "{remote}"]\n\tinsteadOf = {STATE}\n\tinsteadOf = {HTTPS}\n[user]\n\tname = admin\n\temail = admin@example.com\n'
    )
    tools.mkdir()
    forked_hub.tool(tools / "rtb-hub")
    forked_aws.tool(tools / "aws")
    work.mkdir()
    shutil.copytree(ROOT / "environments", work / "environments")
    for name in (
        "app.pem",
        *(f"{one}.token" for one in ("main", "prd", "worker", "dashboard", "jira", "ghcr")),
        "oidc.secret",
    ):
        (work / name).write_text(f"of-{name}\n", encoding="utf-8")
    (work / "dist").mkdir()
    (work / "dist" / f"rtb_ai_hub-{__version__}-py3-none-any.whl").write_bytes(b"a wheel")
    authority = Authority(tmp_path / "authority", "*.int.preview.example.com")
    env = environment("int")
    assert env.spec.aws is not None
    with ExitStack() as within:
        cluster = within.enter_context(Cluster(state=remote))
        at = within.enter_context(TlsFront(cluster.server.server_port, authority.serving())).port
        account = within.enter_context(
            installed_account(env, f"https://127.0.0.1:{at}", authority.certificate.read_bytes())
        )
        cluster.account = account
        cluster.prepare()
        server = within.enter_context(GitHubServer(remote, State(owner="team", repo="state")))
        server.state.add_account("admin", "admin", token="token-of-admin")
        database = within.enter_context(shared_server(tmp_path / "postgres"))
        database.say("CREATE DATABASE rtb_hub")
        cache = within.enter_context(valkey())
        kubelet = Kubelet(cluster, forked_hub, tmp_path / "pods", {}, {
            DATABASE: f"@127.0.0.1:{database.port}/rtb_hub",
            "rediss://listener:listener@rtb-hub.example.apn2.cache.amazonaws.com:6379/0": cache.url,
            "rediss://worker:worker@rtb-hub.example.apn2.cache.amazonaws.com:6379/0": cache.url,
        })  # fmt: skip
        within.callback(kubelet.end)

        def of_the_hub(path: str) -> str:
            return kubelet.services["rtb-hub-auth" if path.startswith("/api/auth") else "rtb-hub-dashboard"].url("http")

        pages = Pages(account, cluster, str(env.spec.aws.zone), of_the_hub)
        front = within.enter_context(TlsFront(within.enter_context(Browsed(pages)), authority.serving()))
        proxy = within.enter_context(Proxy({"rtb-1.int.preview.example.com:443": front.port}))
        environ = {
            **os.environ, **account.keys, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path), "KUBECONFIG": str(tmp_path / "kubeconfig"),
            "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"), "https_proxy": proxy.url, "no_proxy": "127.0.0.1", "REQUESTS_CA_BUNDLE": str(authority.certificate),
            "ADMIN_URL": database.url("rtb_hub"),
        }  # fmt: skip
        kubelet.environ = environ
        docker = Docker(account, {"rtb-hub": digest("c"), "rtb-auth": digest("d")})
        for name, letter in (("web", "a"), ("api", "b")):
            account.push(name, "main", digest(letter))
        yield World(
            account, cluster, kubelet, Gh(server, "token-of-admin"), pages, remote, work, environ, tools, docker
        )
        assert server.violations == []


class Browsed:
    """The previews' load balancer, without TLS, on a port of this machine."""

    def __init__(self, pages: Pages) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, text = pages.page(self.headers["Host"])
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> int:
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()
        return int(self.server.server_address[1])

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def followed(world: World, reader: Answer) -> str:
    """Run the page; what it printed."""
    commands: dict[str, Answer] = {
        "kubectl": Kubectl(world.cluster, world.kubelet), "gh": world.gh, "docker": world.docker, "make": make, "curl": world.pages.curl,
        "psql": psql, "reader": reader,
    }  # fmt: skip
    with standing_in(world.bin, commands):
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script()], cwd=world.work, env=world.environ, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert ran.returncode == 0, f"{ran.stdout[-4000:]}\n{ran.stderr[-6000:]}"
    return ran.stdout


def rules_of(account: Account, group: str, way: str) -> set[tuple[str, int, str]]:
    """Protocol, first port and peer of each rule of a security group."""
    (found,) = account.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return {
        (rule["IpProtocol"], rule.get("FromPort", -1), peer.get("GroupId") or peer["CidrIp"])
        for rule in found[way]
        for peer in (*rule["UserIdGroupPairs"], *rule["IpRanges"])
    }


@pytest.mark.timeout(600)
def test_a_reader_who_follows_the_page_has_a_hub_that_works_and_takes_it_away(world: World) -> None:
    account, cluster = world.account, world.cluster
    looked: list[bool] = []

    def reader(asked: Asked) -> str:
        match asked.argv:
            case ["token"]:
                return str(world.gh.said["secret", "RTB_HUB_SERVER_TOKEN"])
            case ["address"]:
                return world.kubelet.services["rtb-hub-dashboard"].url("http")
            case ["looks"]:
                looks(world)
                looked.append(True)
        return ""

    out = followed(world, reader)
    assert looked == [True]
    for said in (
        "There is no such preview.", "HTTP/2 200", "RTB-1 in int is running", "RTB-1 in int is removed",
        '"title": "RTB AI Hub"', "RTB-2/int", "deletion\nnon_fast_forward\npull_request\n",
    ):  # fmt: skip
        assert said in out, said

    branches = git(world.remote, "for-each-ref", "--format=%(refname:short)", "refs/heads").split()
    assert branches == ["layout-main", "layout-prd", "main", "prd", "preview/prd/rtb-1"]
    subjects = git(world.remote, "log", "--format=%s", "main").splitlines()
    assert subjects == [
        "Stop RTB-2 in int",
        "Start RTB-2 in int",
        "Stop RTB-1 in int",
        "Start RTB-1 in int",
        "Lay out int, stg",
    ]

    assert (cluster.of(SETS), cluster.of(APPLICATIONS)) == ([], [])
    names = {one["metadata"]["name"] for one in cluster.of(NAMESPACES)}
    assert names == {"default", "kube-system", "external-secrets", "argocd", "rtb-hub"}
    assert account.entries == {}
    assert account.client("eks").list_fargate_profiles(clusterName="rtb-int")["fargateProfileNames"] == []


def looks(world: World) -> None:
    """All of it while it is there; that each service answers its probes was waited for."""
    account, cluster = world.account, world.cluster
    cluster.settle()
    assert set(world.kubelet.services) == {f"rtb-hub-{one}" for one in ("auth", "dashboard", "listener", "worker")}
    for one in cluster.of(EXTERNAL):
        assert one["status"]["conditions"][0]["status"] == "True", one
    assert {one["metadata"]["name"] for one in cluster.of(APPLICATIONS)} == {"rtb-platform", "preview-rtb-2"}

    previews, group = "sg-01000000000000001", "sg-01000000000000002"
    assert rules_of(account, previews, "IpPermissionsEgress") == {
        ("udp", 53, group), ("tcp", 53, group), ("tcp", 1024, previews), ("tcp", 443, "0.0.0.0/0"),
    }  # fmt: skip
    assert rules_of(account, previews, "IpPermissions") == {("tcp", 10250, group), ("tcp", 1024, previews)}
    assert rules_of(account, group, "IpPermissions") == {
        ("udp", 53, previews),
        ("tcp", 53, previews),
        ("tcp", 443, previews),
    }
    assert account.entries == {"arn:aws:iam::111111111111:role/rtb-hub-deployer": ["rtb-hub-reader"]}
    assert (account.quota, json.loads(account.addons["vpc-cni"])) == (30.0, {"enableNetworkPolicy": "true"})
    assert account.client("eks").list_fargate_profiles(clusterName="rtb-int")["fargateProfileNames"] == ["previews"]

    rulesets = {one.name for one in world.gh.server.state.rulesets.values()}
    assert rulesets == {"History stays", "The hub writes main", "prd is reviewed", "prd is guarded"}
    assert [(one.base, one.branch) for one in world.gh.server.state.pulls.values()] == [("prd", "preview/prd/rtb-1")]
    webhook = json.loads(account.client("secretsmanager").get_secret_value(SecretId="rtb/int/argocd")["SecretString"])
    hosts = ("argocd.int.example.com", "argocd-sets.int.example.com")
    assert {url: said for (kind, url), said in world.gh.said.items() if kind == "hook"} == {
        f"https://{host}/api/webhook": webhook["webhook"] for host in hosts
    }
    left = {path.name for path in world.work.iterdir() if path.suffix in (".token", ".secret", ".json")}
    assert left == {"main.token", "prd.token", "worker.token", "dashboard.token", "record.json", "producers.json"}


def test_what_is_not_run_of_the_page_is_listed() -> None:
    """And has a test elsewhere; all others are shell, or YAML that is applied."""
    for begins, why in ELSEWHERE.items():
        assert len([one for one in BLOCKS if one.text.startswith(begins)]) == 1, begins
        assert [name for name, _ in every_test() if f"{name}" in why], why
    assert {one.language for one in BLOCKS if not is_elsewhere(one)} == {"bash", "yaml"}
