"""`rtb-hub account render`: files of an account, and nothing of one whose environments do not fit."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from worlds.commands import must, rtb_hub
from worlds.places import ROOT

HUB = """
  hub:
    host: hub.example.com
    scheme: internal
    certificates: ["arn:aws:acm:ap-northeast-2:111111111111:certificate/00000000-0000-0000-0000-000000000002"]
    loadBalancerCidrs: [10.1.32.0/24]
    secretStore: rtb-hub
    secrets: rtb/hub/
"""
LONG = "r" * 65


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "environments", tmp_path / "environments")
    return tmp_path / "environments"


def edit(folder: Path, name: str, *changes: tuple[str, str]) -> None:
    file = folder / name / "environment.yaml"
    text = file.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text, f"{name} has no {before!r}"
        text = text.replace(before, after)
    file.write_text(text, encoding="utf-8")


def more(folder: Path, name: str, text: str) -> None:
    file = folder / name / "environment.yaml"
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def line_of(folder: Path, name: str, text: str) -> int:
    lines = (folder / name / "environment.yaml").read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize("env", ["int", "stg", "prd"])
def test_templates_of_an_account_are_written(env: str, tmp_path: Path) -> None:
    must("account", "render", "--env", env, "--output-dir", tmp_path)
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.yaml")}
    hub = {"account/int/rtb-hub.yaml"} if env == "int" else set()
    assert found == {f"account/{env}/rtb-preview-{env}.yaml", f"account/{env}/cluster.yaml"} | hub
    for path in found - {f"account/{env}/cluster.yaml"}:
        assert yaml.safe_load((tmp_path / path).read_text())["AWSTemplateFormatVersion"] == "2010-09-09"


def test_modules_of_an_account_are_written(tmp_path: Path) -> None:
    must("account", "render", "--env", "stg", "--format", "terraform", "--to", tmp_path)
    path = tmp_path / "account" / "stg" / "rtb-preview-stg" / "main.tf.json"
    assert {found for found in tmp_path.rglob("*") if found.is_file()} == {path, tmp_path / "account/stg/cluster.yaml"}
    assert json.loads(path.read_text())["provider"]["aws"]["allowed_account_ids"] == ["222222222222"]


def test_it_prints_where_no_folder_is_given() -> None:
    printed = must("account", "render", "--env", "stg").out
    assert printed.startswith("# account/stg/rtb-preview-stg.yaml\n---\n")
    assert must("account", "render", "--env", "stg", "--format", "cloudformation").out == printed


def all_to(before: str, after: str) -> Callable[[Path], None]:
    return lambda folder: edit(folder, "stg", (before, after))


#: What is done to the files → whose line is told, the field, and what of the message.
UNFIT: dict[str, tuple[Callable[[Path], None], tuple[str, str], str, str]] = {
    "an account twice": (
        all_to("222222222222", "111111111111"),
        ("stg", "account:"), "spec.account", "111111111111 is int's account as well",
    ),
    "another organisation": (
        lambda folder: edit(folder, "stg", ("  aws:\n", "  aws:\n    organization: o-anotherorgid\n")),
        ("stg", "organization:"), "spec.aws.organization", "o-anotherorgid differs from int's o-exampleorgid",
    ),
    "another hub": (
        lambda folder: edit(folder, "prd", ("  aws:\n", "  aws:\n    hub: {role: other}\n")),
        ("prd", "hub: {role"), "spec.aws.hub", "account 111111111111, role other, namespace rtb-hub differs from int's",
    ),
    "a hub in nobody's account": (
        lambda folder: edit(folder, "base", ('hub: {account: "111111111111"', 'hub: {account: "999999999999"')),
        ("base", "hub: {account"), "spec.aws.hub.account", "999999999999 is no environment's account",
    ),
    "a role's name of 65 characters": (
        lambda folder: edit(folder, "base", ("role: rtb-hub-control-role", f"role: {LONG}")),
        ("base", "hub: {account"), "spec.aws.hub.role", "has 65 characters",
    ),
    "a reader's name of 65 characters": (
        all_to("role/rtb-hub-deployer", f"role/{LONG}"),
        ("stg", "roleArn:"), "spec.cluster.roleArn", "is not the ARN of a role",
    ),
    "a region without Fargate": (
        all_to("ap-northeast-2", "ap-southeast-9"),
        ("base", "region:"), "spec.region", "ap-southeast-9 has no Fargate that this release knows of",
    ),
    "an issuer of another region": (
        all_to("oidc.eks.ap-northeast-2", "oidc.eks.eu-west-1"),
        ("stg", "oidc:"), "spec.aws.oidc", "is of another region than the environment's ap-northeast-2",
    ),
    "an issuer twice": (
        all_to("00000000000000000000000000000002 #", "00000000000000000000000000000001 #"),
        ("stg", "oidc:"), "spec.aws.oidc", "is int's cluster as well",
    ),
    "a reader that is called as another role is": (
        all_to("role/rtb-hub-deployer", "role/readers/RTB-Preview-Pods"),
        ("stg", "roleArn:"), "spec.cluster.roleArn", "RTB-Preview-Pods is the name of the role of Fargate's pods",
    ),
    "two roles of one name": (
        all_to("KarpenterNodeRole-rtb-stg", "rtb-hub-deployer"),
        ("stg", "spot:"), "spec.aws.spot.nodeRole", "rtb-hub-deployer is the name of the role of the cluster's reader",
    ),
    "a repository's name that ECR refuses": (
        lambda folder: edit(folder, "base", ("repositories: [web,", "repositories: [Web,")),
        ("base", "repositories:"), "spec.aws.repositories[0]", "'Web' is not the name of a repository in ECR",
    ),
    "a repository's name of 257 characters": (
        lambda folder: edit(folder, "base", ("repositories: [web,", f"repositories: [{'a' * 257},")),
        ("base", "repositories:"), "spec.aws.repositories[0]", "is not the name of a repository in ECR",
    ),
    "days that logs cannot be kept": (
        all_to("  aws:\n", "  aws:\n    logDays: 8\n"),
        ("stg", "logDays:"), "spec.aws.logDays", "8 days cannot be kept",
    ),
    "a trust in any branch": (
        lambda folder: edit(folder, "int", ("branch: main} #", 'branch: "*"} #')),
        ("int", "github:"), "spec.aws.github.branch", "'*' is not a branch to trust",
    ),
    "a trust in any repository": (
        lambda folder: edit(folder, "int", ("repository: team/rtb-ai-hub", 'repository: "team/*"')),
        ("int", "github:"), "spec.aws.github.repository", "'team/*' is not a repository of GitHub",
    ),
    "a budget of which nobody is told": (
        lambda folder: edit(folder, "base", ("    notify: [platform@example.com]\n", "")),
        ("int", "budget:"), "spec.aws.budget", "nobody is told of it",
    ),
    "a dashboard that no cluster trusts": (
        lambda folder: more(folder, "int", HUB + "    dashboardRole: arn:aws:iam::111111111111:role/other\n"),
        ("int", "dashboardRole:"), "spec.hub.dashboardRole", "is not who clusters' readers trust",
    ),
    "a queue of another account": (
        lambda folder: more(folder, "int", HUB + "    listenerRole: arn:aws:iam::111111111111:role/rtb-hub-listener\n    ecrQueue: https://sqs.ap-northeast-2.amazonaws.com/222222222222/pushes\n"),
        ("int", "ecrQueue:"), "spec.hub.ecrQueue", "is of another account or region",
    ),
    "a queue with no room for what fails": (
        lambda folder: more(folder, "int", HUB + f"    listenerRole: arn:aws:iam::111111111111:role/rtb-hub-listener\n    ecrQueue: https://sqs.ap-northeast-2.amazonaws.com/111111111111/{'q' * 76}\n"),
        ("int", "ecrQueue:"), "spec.hub.ecrQueue", f"the queue beside it for what fails would be called {'q' * 76}-dead",
    ),
    "a worker that is CI": (
        lambda folder: more(folder, "int", HUB + "    workerRole: arn:aws:iam::111111111111:role/rtb-hub-ci\n"),
        ("int", "workerRole:"), "spec.hub.workerRole", "rtb-hub-ci is the name of the role of CI",
    ),
    "another partition": (
        lambda folder: edit(folder, "stg", ("ap-northeast-2", "cn-north-1"), ("arn:aws:", "arn:aws-cn:"), ("amazonaws.com/", "amazonaws.com.cn/"), ("  branch: main\n", "  branch: main\n  region: cn-north-1\n")),
        ("stg", "region:"), "spec.region", "cn-north-1 is in another partition of AWS than int's ap-northeast-2",
    ),
    "an environment that cannot be read": (
        lambda folder: more(folder, "prd", "  colour: red\n"),
        ("prd", "colour:"), "spec.colour", "there is no such field",
    ),
}  # fmt: skip


@pytest.mark.parametrize("unfit", UNFIT)
def test_files_that_do_not_fit_are_refused_with_file_and_line(unfit: str, folder: Path, tmp_path: Path) -> None:
    change, (name, line), field, message = UNFIT[unfit]
    change(folder)
    if unfit == "a region without Fargate":
        edit(folder, "base", ("region: ap-northeast-2", "region: ap-southeast-9"))
        for one in ("int", "prd"):
            edit(folder, one, ("ap-northeast-2", "ap-southeast-9"))
    ran = rtb_hub("account", "render", "--env", "int", "--environments", folder, "--to", tmp_path / "out")
    place = rf"environments/{name}/environment\.yaml:{line_of(folder, name, line)}:\d+: error: {re.escape(field)}: "
    assert ran.code == 17, ran.err
    assert re.search(place + f".*{re.escape(message)}", ran.err), ran.err
    assert not (tmp_path / "out").exists()
    assert ran.out == ""


def test_every_fault_is_told_at_once(folder: Path) -> None:
    edit(folder, "stg", ("222222222222", "111111111111"), ("  aws:\n", "  aws:\n    organization: o-anotherorgid\n"))
    edit(folder, "int", ("KarpenterNodeRole-rtb-int", "rtb-hub-ci"))
    said = rtb_hub("account", "render", "--env", "prd", "--environments", folder).err
    assert [word in said for word in ("spec.account", "spec.aws.organization", "spec.aws.spot.nodeRole")] == [True] * 3


def test_an_environment_without_the_fields_is_told_where_they_are_explained(folder: Path) -> None:
    for name in ("base", "int", "stg", "prd"):
        text = (folder / name / "environment.yaml").read_text(encoding="utf-8")
        (folder / name / "environment.yaml").write_text(re.sub(r"^  aws:.*\n(    .*\n)+", "", text, flags=re.M))
    must("env", "show", "int", "--environments", folder)
    ran = rtb_hub("account", "render", "--env", "int", "--environments", folder)
    assert ran.code == 17
    assert "spec.aws: is missing" in ran.err
    assert "docs/MULTI_ACCOUNT_AWS.md" in ran.err
