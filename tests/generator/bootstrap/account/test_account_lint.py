"""Rendered accounts before the checkers of others: AWS's own schemas (cfn-lint), and a reading of policies (parliament)."""

from __future__ import annotations

import json
import warnings
from functools import cache
from typing import Any

import pytest

from generator.bootstrap.account import objects as o
from generator.bootstrap.account.cloudformation import template
from generator.yaml.writer import dump
from worlds.accepted_findings import CFN_LINT, PARLIAMENT
from worlds.accounts import INT, REGION, every_stack

#: Those of stg and prd have the kinds of objects that int's have: linting one takes seconds.
STACKS = [stack for stack in every_stack() if stack.account == INT]


@cache
def linter() -> Any:
    """Loaded when it is first used: it takes seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cfnlint.api import lint
        from cfnlint.config import ManualArgs

    def run(text: str) -> set[tuple[str, str]]:
        found = lint(text, config=ManualArgs(regions=[REGION]))
        return {(match.rule.id, str((match.path or ["", "?"])[1])) for match in found}

    return run


@pytest.mark.parametrize("stack", STACKS, ids=[stack.name for stack in STACKS])
def test_templates_are_what_aws_takes(stack: o.Stack) -> None:
    text = dump(template(stack))
    known = {one for one in CFN_LINT if one[1] in template(stack)["Resources"]}
    assert linter()(text) == known


def test_what_is_accepted_is_about_something() -> None:
    assert {name for _, name in CFN_LINT} <= {one.name for stack in STACKS for one in stack.objects}


def test_a_wrong_template_is_found() -> None:
    """The linter is asked as it should be: a property and an action that there are not are told."""
    tree = json.loads(json.dumps(template(STACKS[1])))
    entry = tree["Resources"]["ReaderEntry"]["Properties"]
    entry["KubernetesGroup"] = entry.pop("KubernetesGroups")
    policy = tree["Resources"]["ReaderRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    policy["Statement"][0]["Action"] = "eks:DescribeClusterz"
    assert {rule for rule, _ in linter()(json.dumps(tree))} >= {"E3002", "W3037"}


def policies() -> list[tuple[str, str, Any]]:
    """Of roles, repositories and queues; trusts are no policies to it: cfn-lint reads them, and the evaluator."""
    objects = [one for stack in STACKS for one in stack.objects]
    own = [(x.role_name, name, policy) for x in objects if isinstance(x, o.Role) for name, policy in x.policies.items()]
    of_queues = [(x.queue_name, "", x.policy) for x in objects if isinstance(x, o.QueuePolicy)]
    return own + of_queues + [(x.repository_name, "", _whole(x)) for x in objects if isinstance(x, o.Repository)]


def _whole(repository: o.Repository) -> Any:
    """ECR's policies say no resource, which this linter knows of no kind of policy."""
    arn = f"arn:aws:ecr:{REGION}:{INT}:repository/{repository.repository_name}"
    statements = [{**one, "Resource": arn} for one in repository.policy["Statement"]]
    return {**repository.policy, "Statement": statements}


@cache
def reader() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import parliament

    return parliament


def test_policies_are_read_without_a_finding() -> None:
    found = {
        (one.issue, role)
        for role, _, policy in policies()
        for one in reader().analyze_policy_string(json.dumps(policy)).findings
    }
    assert found == PARLIAMENT.keys()


def test_a_wrong_policy_is_found() -> None:
    _, _, policy = policies()[0]
    wrong = json.loads(json.dumps(policy))
    wrong["Statement"][0]["Action"] = "sts:AssumeRolez"
    assert [one.issue for one in reader().analyze_policy_string(json.dumps(wrong)).findings] == ["UNKNOWN_ACTION"]
