"""Process exit codes, stable from release to release."""

from __future__ import annotations

from generator.errors import Reason

OK = 0
INTERNAL = 1
USAGE = 2
#: `rtb-hub diff` found differences.
DIFFERENT = 3
#: `rtb-hub doctor` found errors, or `rtb-hub protect --apply` left a way past a gated branch.
UNHEALTHY = 4
#: `rtb-hub guard` refused the change.
REFUSED = 5
#: `rtb-hub reconcile` did what it may, and something is left that a person has to look at.
NEEDS_A_PERSON = 6
#: `rtb-hub extend --if-ends` found another end, and added nothing.
NOT_AS_SEEN = 7
#: Somebody at a terminal was asked, and did not agree; nothing was changed.
DECLINED = 8

CODES: dict[Reason, int] = {
    Reason.INVALID_ISSUE_KEY: 10,
    Reason.UNKNOWN_ENVIRONMENT: 11,
    Reason.UNKNOWN_BLUEPRINT: 12,
    Reason.UNKNOWN_COMPONENT: 13,
    Reason.INVALID_VALUE: 14,
    Reason.IMAGE_NOT_PINNED: 15,
    Reason.OVER_LIMIT: 16,
    Reason.INVALID_ENVIRONMENT: 17,
    Reason.INVALID_BLUEPRINT: 18,
    Reason.TEMPLATE_INVALID: 19,
    Reason.TEMPLATE_UNBOUNDED: 20,
    Reason.MANIFEST_INVALID: 21,
    Reason.UNREADABLE_YAML: 22,
    Reason.INVALID_KUBECONFIG: 23,
    Reason.UNKNOWN_CONTEXT: 24,
    Reason.INVALID_FORGE: 25,
    Reason.FILE_UNUSABLE: 26,
    Reason.INVALID_SERVICES: 27,
    Reason.IMAGE_NOT_THERE: 28,
    Reason.IMAGE_UNFIT: 29,
    Reason.NOT_A_STATE_REPOSITORY: 30,
    Reason.REPOSITORY_DIRTY: 31,
    Reason.LAYOUT_VERSION: 32,
    Reason.BRANCH_MOVED: 33,
    Reason.REPOSITORY_UNREACHABLE: 34,
    Reason.REPOSITORY_REFUSED: 35,
    Reason.UNREADABLE_ENTRY: 36,
    Reason.PREVIEW_NOT_FOUND: 37,
    Reason.TARGET_NOT_EMPTY: 38,
    Reason.REPOSITORY_DENIED: 39,
    Reason.CAPACITY_EXHAUSTED: 40,
    Reason.CLUSTER_UNREACHABLE: 50,
    Reason.CLUSTER_REFUSED: 51,
    Reason.NOT_IN_TIME: 52,
    Reason.PREVIEW_FAILED: 53,
    Reason.FORGE_UNREACHABLE: 60,
    Reason.FORGE_DENIED: 61,
    Reason.FORGE_REFUSED: 62,
    Reason.FORGE_LIMITED: 63,
    Reason.REQUEST_NOT_FOUND: 64,
    Reason.MERGE_REFUSED: 65,
    Reason.MERGE_NOT_READY: 66,
    Reason.JIRA_UNREACHABLE: 67,
    Reason.JIRA_REFUSED: 68,
    Reason.JIRA_LIMITED: 69,
    Reason.FROZEN: 41,
    Reason.CLOCK_BEHIND: 42,
    Reason.GIT_UNUSABLE: 43,
    Reason.DATABASE_UNREACHABLE: 70,
    Reason.DATABASE_REVISION: 71,
    Reason.IN_USE: 72,
    Reason.NOT_SIGNED_IN: 73,
    Reason.NOT_ALLOWED: 74,
    Reason.TOO_MANY_REQUESTS: 75,
    Reason.NOT_FOUND: 76,
    Reason.SERVER_UNREACHABLE: 77,
    Reason.SERVER_REFUSED: 78,
    Reason.REGISTRY_UNREACHABLE: 80,
    Reason.REGISTRY_REFUSED: 81,
    Reason.INVALID_REGISTRIES: 82,
    Reason.SLACK_UNREACHABLE: 87,
    Reason.SLACK_REFUSED: 88,
    Reason.SLACK_LIMITED: 89,
    Reason.PROVIDER_UNREACHABLE: 90,
    Reason.PROVIDER_REFUSED: 91,
    Reason.ENVIRONMENT_MISSING: NEEDS_A_PERSON,
    Reason.UNEXPECTED: INTERNAL,
}
