"""Names beyond AWS's limits are refused where they stand; those at the limit are taken."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from generator.values.aws_limits import (
    FARGATE_REGIONS,
    check_ecr_name,
    check_email,
    check_github_branch,
    check_github_repository,
    check_log_days,
    check_role_name,
)

GOOD: list[tuple[Callable[[str], str], str]] = [
    (check_role_name, "r" * 64),
    (check_role_name, "A_+=,.@-9"),
    (check_ecr_name, "ab"),
    (check_ecr_name, "a" * 256),
    (check_ecr_name, "team/web-api_1.2"),
    (check_email, "platform+aws@example.co.kr"),
    (check_github_repository, "team/rtb-ai-hub"),
    (check_github_repository, "a" * 39 + "/.github".replace("/.", "/_.")),
    (check_github_branch, "release/2026.11"),
]
BAD: list[tuple[Callable[[str], str], str]] = [
    (check_role_name, "r" * 65),
    (check_role_name, ""),
    (check_role_name, "a/b"),
    (check_role_name, "a*"),
    (check_role_name, "역할"),
    (check_ecr_name, "a"),
    (check_ecr_name, "a" * 257),
    (check_ecr_name, "Web"),
    (check_ecr_name, "web/"),
    (check_ecr_name, "web*"),
    (check_ecr_name, "web\n"),
    (check_email, "nobody"),
    (check_email, "a@b.c\n"),
    (check_email, "${a}@example.com"),
    (check_email, "a" * 60 + "@example.com"),
    (check_github_repository, "team/*"),
    (check_github_repository, "team"),
    (check_github_repository, "team/a/b"),
    (check_github_repository, "team/a:ref:refs/heads/main"),
    (check_github_branch, "*"),
    (check_github_branch, "feature/*"),
    (check_github_branch, "a?"),
    (check_github_branch, "../main"),
    (check_github_branch, ""),
    (check_github_branch, "b" * 201),
]


@pytest.mark.parametrize(("check", "text"), GOOD)
def test_a_name_that_aws_takes_is_taken(check: Callable[[str], str], text: str) -> None:
    assert check(text) == text


@pytest.mark.parametrize(("check", "text"), BAD)
def test_a_name_that_aws_refuses_is_refused_with_what_is_allowed(check: Callable[[str], str], text: str) -> None:
    with pytest.raises(ValueError, match="; allowed: "):
        check(text)


def test_days_of_logs_are_those_of_cloudwatch() -> None:
    assert check_log_days(3653) == 3653
    with pytest.raises(ValueError, match="8 days cannot be kept; allowed: 1, 3, 5, 7, 14"):
        check_log_days(8)


def test_regions_with_fargate_are_as_aws_lists_them() -> None:
    assert len(FARGATE_REGIONS) == 36
    assert {"ap-northeast-2", "us-gov-west-1", "cn-northwest-1", "ap-southeast-7"} < FARGATE_REGIONS
    assert not {"ap-southeast-6", "eu-west-4", "us-iso-east-1"} & FARGATE_REGIONS
