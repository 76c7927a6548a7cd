"""What docs/MULTI_ACCOUNT_AWS.md says is run; what needs an account is held to AWS's own models of its calls."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import botocore.session
import pytest
import yaml
from botocore import xform_name

from generator.bootstrap.account import objects as o
from worlds.accounts import every_stack
from worlds.forking import Forks
from worlds.places import ROOT

PAGE = (ROOT / "docs" / "MULTI_ACCOUNT_AWS.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?:^<!-- needs: (?P<needs>[^\n]+) -->\n)?^```bash\n(?P<text>.*?)^```$", re.M | re.S)
#: Options of every command of the AWS CLI.
EVERYWHERE = {"query", "output", "region", "profile"}
#: Commands that the AWS CLI makes of several calls (its reference): options.
MADE = {
    ("cloudformation", "deploy"): {"stack-name", "template-file", "capabilities", "no-execute-changeset"},
}


def blocks(*, far: bool) -> list[str]:
    return [found["text"] for found in BLOCK.finditer(PAGE) if (found["needs"] is not None) == far]


def aws_lines() -> list[str]:
    text = "\n".join(blocks(far=True)).replace("\\\n", " ")
    lines = [line.strip().split("    #")[0] for line in text.splitlines() if line.strip().startswith("aws ")]
    return [re.sub(r"\s+#.*$", "", line) for line in lines]


def test_what_needs_no_account_works_as_written(tmp_path: Path, forked_hub: Forks) -> None:
    (tmp_path / "bin").mkdir()
    forked_hub.tool(tmp_path / "bin" / "rtb-hub")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(blocks(far=False))],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    named = set(re.findall(r"accounts/account/int/\$stack", PAGE))
    assert named
    assert (tmp_path / "accounts" / "account" / "int" / "rtb-hub.yaml").is_file()


@pytest.mark.parametrize("line", aws_lines())
def test_calls_of_aws_are_calls_that_there_are(line: str) -> None:
    _, service, operation, *words = shlex.split(line)
    given = {word.removeprefix("--") for word in words if word.startswith("--")} - EVERYWHERE
    if (service, operation) in MADE:
        assert given <= MADE[service, operation]
        return
    model = botocore.session.Session().get_service_model(service)
    (name,) = (one for one in model.operation_names if xform_name(one, "-") == operation)
    shape = model.operation_model(name).input_shape
    members = {xform_name(member, "-"): member for member in shape.members} if shape is not None else {}
    assert {option.removeprefix("no-") if option not in members else option for option in given} <= members.keys()
    required = {xform_name(member, "-") for member in shape.required_members} if shape is not None else set()
    assert required <= {option.removeprefix("no-") for option in given}


def test_every_block_is_run_or_marked() -> None:
    assert len(list(BLOCK.finditer(PAGE))) + PAGE.count("\n```yaml\n") == PAGE.count("```") // 2
    assert not [text for text in blocks(far=False) if re.search(r"^\s*aws ", text, re.M)]
    assert len(aws_lines()) >= 8


def test_the_tables_name_what_is_made() -> None:
    roles = {one.role_name for stack in every_stack() for one in stack.objects if isinstance(one, o.Role)}
    by_field = {"rtb-hub-deployer", "rtb-hub-control-role", "rtb-hub-worker", "rtb-hub-listener", "rtb-hub-reconciler"}
    assert {role for role in roles - by_field if f"`{role}`" not in PAGE} == set()
    outputs = {one.name for stack in every_stack() for one in stack.outputs}
    assert {name for name in outputs if f"| `{name}`" not in PAGE} == set()


def test_the_shipped_environments_are_the_example_of_the_page() -> None:
    base = yaml.safe_load((ROOT / "environments" / "base" / "environment.yaml").read_text())["spec"]["aws"]
    assert base["hub"]["account"] in PAGE
