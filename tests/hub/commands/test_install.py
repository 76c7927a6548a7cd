"""What docs/INSTALL.md says is run: what needs no account in order, in a new folder; the rest is parsed and compared."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.bootstrap.hub_jobs import jobs_of
from generator.model.registries import read_registries
from generator.model.services import read_services
from reconcilers.approval.push_rules import branch_rules
from worlds.builders import digest, environment, preview, render
from worlds.commands import git, rtb_hub
from worlds.forking import Forks
from worlds.places import ROOT, TESTS

INSTALL = (ROOT / "docs" / "INSTALL.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?:^<!-- needs: (?P<needs>[^\n]+) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S)
#: Commands that talk to an account, a cluster or a Git host.
FAR = re.compile(r"(?:^|[\s(])(aws|kubectl|gh|curl|docker|helm) ")


@dataclass(frozen=True)
class Block:
    line: int
    language: str
    needs: str | None
    text: str

    def __str__(self) -> str:
        return f"line {self.line}"


BLOCKS = [
    Block(INSTALL[: found.start("text")].count("\n") + 1, found["language"], found["needs"], found["text"])
    for found in BLOCK.finditer(INSTALL)
]
NEAR = [block for block in BLOCKS if block.language == "bash" and block.needs is None]
MARKED = [block for block in BLOCKS if block.language == "bash" and block.needs]
RULES = [block for block in BLOCKS if block.text.startswith("projects:")]
REGISTRIES = [block for block in BLOCKS if block.text.startswith("registries:")]
OBJECTS: list[Any] = [
    tree
    for b in BLOCKS
    if b.language == "yaml" and b not in (*RULES, *REGISTRIES)
    for tree in yaml.safe_load_all(b.text)
]


def test_every_block_is_shell_that_is_run_or_marked_or_yaml() -> None:
    """Or the one program of Node, which `test_node_producers` runs."""
    assert len(BLOCKS) == INSTALL.count("```") // 2
    assert {block.language for block in BLOCKS} == {"bash", "yaml", "js", "json"}
    assert INSTALL.count("<!--") == len(MARKED)
    assert [str(block) for block in NEAR if FAR.search(block.text)] == []
    assert [str(block) for block in MARKED if not FAR.search(block.text)] == []


def test_the_rights_of_the_reader_are_those_that_are_rendered() -> None:
    (policy,) = [json.loads(block.text) for block in BLOCKS if block.language == "json"]
    golden = yaml.safe_load((TESTS / "golden/account/int/rtb-preview-int.yaml").read_text(encoding="utf-8"))
    (rendered,) = golden["Resources"]["ReaderRole"]["Properties"]["Policies"]
    statements = rendered["PolicyDocument"]["Statement"]
    (requests,) = (one for one in statements if one["Sid"] == "Requests")  # only with `sleep.afterIdle`
    assert f"Where `sleep.afterIdle` is set it also needs `{requests['Action']}`" in INSTALL
    wanted = [(one["Action"], one["Resource"] == "*") for one in statements if one is not requests]
    assert [(one["Action"], one["Resource"] == "*") for one in policy["Statement"]] == wanted


@pytest.mark.parametrize("block", MARKED, ids=str)
def test_shell_that_needs_an_account_parses(block: Block) -> None:
    ran = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.fixture
def remote(tmp_path: Path, forked_hub: Forks) -> Path:
    """The state repository at the end: every block that needs no account, run in order in one shell."""
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "-q", "--bare", "--initial-branch=main", str(remote))
    (tmp_path / "gitconfig").write_text(
        f'[url "{remote}"]\n\tinsteadOf = git@git.example.com:team/state.git\n'
        "[user]\n\tname = admin\n\temail = admin@example.com\n"
    )
    (tmp_path / "bin").mkdir()
    forked_hub.tool(tmp_path / "bin" / "rtb-hub")
    work = tmp_path / "work"
    work.mkdir()
    subprocess.run(["cp", "-r", ROOT / "environments", work / "environments"], check=True)
    marks = "".join(f"echo 'block at line {block.line}' >&2\n{block.text}" for block in NEAR)
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", marks],
        cwd=work,
        env={
            **os.environ,
            "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"),
            "web": digest("a"),  # what the marked block before sets
            "api": digest("b"),
            "hub": digest("c"),  # the hub's own images
            "auth": digest("d"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert [line for line in ran.stderr.splitlines() if line.startswith("block at")] == [
        f"block at line {block.line}" for block in NEAR
    ]
    return remote


def test_the_steps_of_the_installation_work_as_written(remote: Path, tmp_path: Path) -> None:
    branches = git(remote, "for-each-ref", "--format=%(refname:short)").split()
    assert branches == ["layout-main", "layout-prd", "main", "prd", "preview/prd/rtb-1"]
    subjects = git(remote, "log", "--format=%s", "main").splitlines()
    assert subjects == ["Stop RTB-1 in int", "Start RTB-1 in int", "Lay out int, stg"]
    assert git(remote, "show", "prd:.github/CODEOWNERS").splitlines()[-1] == "* @team/preview-approvers"
    assert git(remote, "rev-parse", "layout-prd") == git(remote, "rev-parse", "prd")
    said = git(remote, "diff", "--name-only", "main", "layout-main").splitlines()
    assert said == ["environments/int/environment.yaml"], "the services of §12 are all that was said since"
    assert 'repoURL: "https://git.example.com/team/state.git"' in git(
        remote, "show", "main:argocd/int/applicationset.yaml"
    )

    rules = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "work" / "rules").iterdir()}
    held = {
        (
            ref.removeprefix("refs/heads/"),
            {
                "deletion": "no-deletion",
                "non_fast_forward": "no-rewriting",
                "update": "hub-only",
                "pull_request": "reviewed",
            }[rule["type"]],
        )
        for ruleset in rules.values()
        for ref in ruleset["conditions"]["ref_name"]["include"]
        for rule in ruleset["rules"]
    }
    names = ("int", "stg", "prd")
    assert held == {(rule.branch, rule.name) for rule in branch_rules({name: environment(name) for name in names})}
    assert all(ruleset["enforcement"] == "active" for ruleset in rules.values())
    assert rules["history"]["bypass_actors"] == []
    (expiry,) = rules["prd"]["bypass_actors"]  # and not the hub, whose pull requests are reviewed
    assert expiry["actor_id"] not in [actor["actor_id"] for actor in rules["main"]["bypass_actors"]]
    review = rules["prd"]["rules"][0]["parameters"]
    assert review["required_approving_review_count"] >= 1
    assert all(review[name] is True for name in review if name != "required_approving_review_count")


def test_its_jobs_and_secrets_are_those_that_are_rendered() -> None:
    jobs = {job.name: job for job in jobs_of([environment(name) for name in ("int", "stg", "prd")])}
    branches = re.search(r"for branch in (.*); do\n  kubectl -n rtb-hub create secret", INSTALL)
    assert branches
    assert {f"rtb-hub-git-{branch}" for branch in branches[1].split()} == {job.secret for job in jobs.values()}
    assert set(re.findall(r"cronjob/([a-z-]+)", INSTALL)) <= {*jobs, "rtb-hub-upgrade"}
    assert set(re.findall(r"`(rtb-hub-git-[a-z]+)`", INSTALL)) == {job.secret for job in jobs.values()}


def test_its_objects_validate(tmp_path: Path) -> None:
    assert {tree["kind"] for tree in OBJECTS} == {"NodePool", "ClusterSecretStore", "Ingress"}
    # The Service that Argo CD's own manifests bring (install.yaml), which the Ingress names.
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "argocd-applicationset-controller", "namespace": "argocd"},
        "spec": {"ports": [{"name": "webhook", "port": 7000, "targetPort": "webhook"}]},
    }
    (tmp_path / "objects.yaml").write_text(yaml.safe_dump_all([*OBJECTS, service]))
    ran = rtb_hub("validate", tmp_path / "objects.yaml")
    assert ran.code == 0, ran.out


def test_its_registries_are_ones() -> None:
    (block,) = REGISTRIES
    assert read_registries(block.text.encode(), "registries.yaml").registries


def test_its_rules_of_previews_are_such_a_file() -> None:
    (block,) = RULES
    assert list(read_services(block.text.encode(), homes={"int": "main"}, branch="main").projects) == ["RTB"]


def test_its_compute_is_what_previews_ask_for() -> None:
    def pod(compute: str) -> Any:
        manifests = render(preview(compute=compute)).manifests
        return next(m.data for m in manifests if m.kind == "Deployment")["spec"]["template"]

    selectors = json.loads(re.search(r"--selectors '(.*)'", INSTALL)[1])  # type: ignore[index]
    wanted = {name: pod(name)["metadata"]["labels"]["rtb.hub/compute"] for name in ("fargate", "spot")}
    assert selectors == [{"namespace": "preview-*", "labels": {"rtb.hub/compute": wanted["fargate"]}}]
    assert wanted["spot"] != wanted["fargate"]

    pool = next(tree for tree in OBJECTS if tree["kind"] == "NodePool")["spec"]["template"]["spec"]
    assert {r["key"]: r["values"] for r in pool["requirements"]} == {
        key: [value] for key, value in pod("spot")["spec"]["nodeSelector"].items()
    }
    tolerated = [{k: v for k, v in t.items() if k != "operator"} for t in pod("spot")["spec"]["tolerations"]]
    assert pool["taints"] == tolerated


def test_its_names_are_those_of_the_rendered_objects() -> None:
    objects = [
        tree
        for path in (ROOT / "argocd" / "int").rglob("*.yaml")
        if path.name != "kustomization.yaml"
        for tree in yaml.safe_load_all(path.read_text())
    ]
    named = {(tree["kind"].lower(), tree["metadata"]["name"]) for tree in objects}
    told = set(
        re.findall(r"\b(applicationset|appproject|application|ingress|namespace)[ /]([a-z]+-[a-z0-9-]+)", INSTALL)
    )
    assert told - {("application", "preview-rtb-1"), ("namespace", "preview-rtb-1")} <= named
    assert {
        ("applicationset", "previews-int"),
        ("appproject", "rtb-platform"),
        ("ingress", "anchor-previews-0"),
    } <= told

    guard = next(tree for tree in objects if tree["metadata"]["name"] == "rtb-hub-guard-deletion")
    listed = guard["spec"]["matchConditions"][0]["expression"].partition(" in ")[2]
    annotated = re.search(r"annotate (applicationset/\S+ appproject/\S+ appproject/\S+) \\\n +(\S+)=true", INSTALL)
    assert annotated
    assert {name.split("/")[1] for name in annotated[1].split()} == set(re.findall("'([^']+)'", listed))
    assert annotated[2] in guard["spec"]["validations"][0]["expression"]
    assert "rtb-hub-guard-deletion" in INSTALL

    store = next(tree for tree in OBJECTS if tree["kind"] == "ClusterSecretStore")
    spec = environment("int").spec
    assert store["metadata"]["name"] == spec.secrets.store
    for secret in (spec.argocd.webhook_secret, spec.argocd.repository_credentials):
        assert secret
        assert f"--name {secret.split('#')[0]} " in INSTALL
    group = next(tree for tree in objects if tree["kind"] == "ClusterRoleBinding")["subjects"][0]["name"]
    assert f"--kubernetes-groups {group} " in INSTALL
    assert str(spec.cluster.role_arn) in INSTALL
    for path in re.findall(r"state/(argocd/int\S*)", INSTALL):
        assert (ROOT / path).exists(), path


def test_its_references_exist() -> None:
    sections = {found[1] for found in re.finditer(r"^## (\d+)\.", INSTALL, re.MULTILINE)}
    assert set(re.findall(r"§(\d+)", INSTALL)) <= sections
    for path in re.findall(r"`(docs/[^`]+)`", INSTALL):
        assert (ROOT / path).exists(), path


def test_the_table_of_steps_names_every_section_that_is_done_once_in_order() -> None:
    """§10 is the same again for other environments, and what is not numbered comes later."""
    table = INSTALL[INSTALL.index("## Steps, and what to see after each") : INSTALL.index("## 1. ")]
    told = [
        int(number)
        for row in re.findall(r"^\| (?!step)([^|]+) \|", table, re.M)
        for number in re.findall(r"§(\d+)", row)
    ]
    numbered = [int(found[1]) for found in re.finditer(r"^## (\d+)\.", INSTALL, re.MULTILINE)]
    assert told == [number for number in numbered if number != 10]
    rows = [row for row in table.splitlines() if row.startswith("|") and not row.startswith("|-")]
    assert {row.count(" | ") for row in rows} == {3}
