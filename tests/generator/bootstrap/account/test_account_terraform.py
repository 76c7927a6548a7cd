"""Modules before HCL's own parser, which OpenTofu and Terraform read them by: what is an expression, and of what.

Not `tofu validate`: it asks a provider for its schema, and the AWS provider cannot be had here. `tofu fmt` reads no JSON.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from generator.bootstrap.account import objects as o
from generator.bootstrap.account import terraform
from worlds.accounts import REGION, every_stack
from worlds.go_programs import built

STACKS = every_stack()
IDS = [stack.name for stack in STACKS]
HOSTILE = [
    '${file("/etc/passwd")}',
    "%{ if true }a%{ endif }",
    "$${a}",
    "$$${aws_iam_role.x.arn}",
    "a${",
    "%%{b}",
    "\\${c}",
]


def parsed(module: Mapping[str, Any]) -> dict[str, Any]:
    """What HCL makes of a module: what is declared, what expressions refer to, and what other texts mean."""
    program = built("terraform_json", "terraform_json")
    ran = subprocess.run([program], input=json.dumps(module), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@pytest.mark.parametrize("stack", STACKS, ids=IDS)
def test_every_reference_is_to_what_there_is_and_none_goes_in_a_circle(stack: o.Stack) -> None:
    read = parsed(terraform.module(stack))
    references = {one["at"]: set(one["to"]) for one in read["references"]}
    assert len(references) >= 20
    for at, to in references.items():
        assert to <= set(read["declared"]), at
    follows: dict[str, set[str]] = {}
    for at, to in references.items():
        follows.setdefault(at.rsplit(".", 1)[0], set()).update(to)
    done: set[str] = set()
    while ready := {one for one in read["declared"] if one not in done and follows.get(one, set()) <= done}:
        done |= ready
    assert done == set(read["declared"])


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_text_of_a_file_means_itself_to_hcl(hostile: str) -> None:
    (stack, *_) = STACKS
    topic = o.Topic("Hostile", hostile, (hostile,))
    read = parsed(terraform.module(replace(stack, objects=(topic,), outputs=())))
    assert read["values"]["resource.aws_sns_topic.hostile.name"]["value"] == hostile
    assert read["values"]["resource.aws_sns_topic_subscription.hostile_0.endpoint"]["value"] == hostile
    assert [one["at"] for one in read["references"]] == ["resource.aws_sns_topic_subscription.hostile_0.topic_arn"]


def test_what_is_no_expression_is_refused() -> None:
    with pytest.raises(AssertionError, match=r"main\.tf\.json"):
        parsed({"resource": {"aws_sns_topic": {"a": {"name": "${file("}}}})
    with pytest.raises(AssertionError, match=r"main\.tf\.json"):
        parsed({"resource": {"aws_sns_topic": {"a": {"name": "${nothing(1)}"}}}})


def test_the_region_and_account_are_plain() -> None:
    for stack in STACKS:
        values = parsed(terraform.module(stack))["values"]
        assert values["provider.aws.region"]["value"] == REGION
        assert values["provider.aws.allowed_account_ids"]["value"] == [stack.account]
