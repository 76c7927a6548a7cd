"""Rendered accounts before checkov, in both formats: what it finds is what is argued, and nothing else.

checkov wants a boto3 of its own, so it has an environment of its own: `make checkov` makes it and runs this.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from generator.bootstrap.account import cloudformation, terraform
from generator.yaml.writer import dump
from worlds.accepted_findings import CHECKOV
from worlds.accounts import INT, every_stack

#: Those of stg and prd have the kinds of objects that int's have.
STACKS = [stack for stack in every_stack() if stack.account == INT]
OBJECTS = {one.name: one for stack in STACKS for one in stack.objects}
SHORT = {terraform.snake(name): name for name in OBJECTS}
FRAMEWORKS = ("cloudformation", "terraform_json")
WRONG = {
    "Resources": {
        "Open": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {
                "GroupDescription": "a",
                "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}],
            },
        },
        "Plain": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "plain"}},
    }
}
WRONG_MODULE = {"resource": {"aws_sqs_queue": {"plain": {"name": "plain", "sqs_managed_sse_enabled": False}}}}


def _modules(tree: dict[str, Any]) -> str:
    """Without what checkov cannot read in JSON: versions of Terraform and of providers."""
    return json.dumps({"resource": tree["resource"]}, indent=1)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What checkov says, by framework: starting it takes longer than all that it checks."""
    folder = tmp_path_factory.mktemp("accounts")
    for stack in STACKS:
        (folder / f"{stack.name}.yaml").write_text(dump(cloudformation.template(stack)), encoding="utf-8")
        (folder / f"{stack.name}.tf.json").write_text(_modules(terraform.module(stack)), encoding="utf-8")
    (folder / "wrong.yaml").write_text(dump(WRONG), encoding="utf-8")
    (folder / "wrong.tf.json").write_text(_modules(WRONG_MODULE), encoding="utf-8")
    program = Path(sys.executable).parent.parent / "checkov" / "bin" / "checkov"
    assert program.is_file(), "run 'make checkov'"
    command = [program, "--directory", ".", "--framework", *FRAMEWORKS, "--skip-download", "--output", "json"]
    ran = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, timeout=280)
    assert ran.stdout.startswith("["), ran.stderr[-2000:]
    return {report["check_type"]: report for report in json.loads(ran.stdout)}


def _about(resource: str) -> str:
    """The object that a resource is of: one of ours can be several of Terraform's, whose names begin like its own."""
    name = resource.rsplit(".", 1)[1]
    if name in OBJECTS:
        return name
    return SHORT[max((short for short in SHORT if f"{name}_".startswith(f"{short}_")), key=len)]


def _failed(report: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(Check, file, resource) of all that it finds."""
    checks = report["results"]["failed_checks"]
    return [(one["check_id"], one["file_path"].lstrip("/"), one["resource"]) for one in checks]


def test_all_of_both_formats_is_read(reports: dict[str, dict[str, Any]]) -> None:
    assert set(reports) == set(FRAMEWORKS)
    for report in reports.values():
        assert report["summary"]["parsing_errors"] == 0
        of = {one["resource"] for kind in ("passed_checks", "failed_checks") for one in report["results"][kind]}
        assert len(of) >= 35
        assert report["summary"]["passed"] >= 120


def test_it_finds_what_is_argued_and_nothing_else(reports: dict[str, dict[str, Any]]) -> None:
    """Both ways: a finding without a reason is an error, and a reason without a finding."""
    found = {
        (check, type(OBJECTS[_about(resource)]).__name__)
        for report in reports.values()
        for check, file, resource in _failed(report)
        if not file.startswith("wrong")
    }
    assert found == CHECKOV.keys()


def test_what_is_wrong_is_found(reports: dict[str, dict[str, Any]]) -> None:
    wrong = {(check, resource) for r in reports.values() for check, file, resource in _failed(r) if "wrong" in file}
    assert wrong >= {
        ("CKV_AWS_24", "AWS::EC2::SecurityGroup.Open"),
        ("CKV_AWS_27", "AWS::SQS::Queue.Plain"),
        ("CKV_AWS_27", "resource.plain"),
    }
