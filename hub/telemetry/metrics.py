"""Every figure there is: its name with its unit, its labels with the values they may have, and what it means.

A label's values are written here, or are names of environments: those stand in files that only the operator's reviewers
change, and there are a handful of them. An issue key, a branch, a path or a login is never a label: whoever files an
issue would choose how many series there are. `meter` holds to it: a value that is not expected counts as `other`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from generator.errors import Reason
from hub import __version__

Kind = Literal["counter", "gauge", "histogram"]
ENVIRONMENT_NAME = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
OTHER = "other"
#: More environments than that are told apart by none of the figures, whatever is in the repository.
MOST_ENVIRONMENTS = 100


class Label(NamedTuple):
    """A label. `values` None: names of environments. `about`: the values in words, where they are many.

    `pattern`: what values look like that are none of environments, but as few: they stand in our own code.
    """

    name: str
    values: tuple[str, ...] | None
    about: str = ""
    pattern: str = ENVIRONMENT_NAME


class Metric(NamedTuple):
    """One figure. `name` ends in its unit, and `_total` for what only grows. `bounds` are those of a histogram."""

    name: str
    kind: Kind
    labels: tuple[Label, ...]
    meaning: str
    bounds: tuple[float, ...] = ()


ENVIRONMENT = Label("environment", None, "the environment's name")
RECONCILER = Label("reconciler", ("approval", "stamp", "expiry", "sleep", "queue", "drift", "all"))
ACTION = Label("action", ("remove", "warn", "stamp", "correct", "admit", "sleep", "wake", "open", "merge", "close", "wait", "tidy", "announce", "report"))  # fmt: skip # noqa: E501
PASS_OUTCOME = Label("outcome", ("changed", "unchanged", "held", "failed", "unexpected"))
ROUND_OUTCOME = Label("outcome", ("done", "failed"))
REASON = Label("reason", tuple(Reason), "the reasons of the exit codes, as in commands.md")
#: Where an unexpected exception is caught so that the rest goes on.
BORDER = Label("border", ("entry", "request", "pass", "environment", "round", "http", "command"))
GIT_COMMAND = Label(
    "command",
    (
        "cat-file",
        "commit-tree",
        "config",
        "diff-tree",
        "fast-import",
        "fetch",
        "for-each-ref",
        "gc",
        "hash-object",
        "init",
        "log",
        "ls-remote",
        "ls-tree",
        "merge-base",
        "merge-tree",
        "mktree",
        "push",
        "read-tree",
        "remote",
        "rev-list",
        "rev-parse",
        "status",
        "symbolic-ref",
        "update-index",
        "update-ref",
        "version",
        "worktree",
        "write-tree",
    ),
    "the subcommand",
)
GIT_OUTCOME = Label("outcome", ("ok", "nonzero", "timeout", "missing", "kept"))
COMMIT_OUTCOME = Label("outcome", ("committed", "moved", "refused", "failed"))
#: Why a call has no answer that can be used.
FAILURES = ("no-connection", "timeout", "broken", "tls", "too-large", "unreadable", "no-credentials")
TARGET = Label("target", ("github", "gitea", "kubernetes", "jira", "registry", "ecr"))
METHOD = Label("method", ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"))
HTTP_OUTCOME = Label("outcome", ("1xx", "2xx", "3xx", "4xx", "429", "5xx", *FAILURES))

_QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_SLOW = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)

BUILD_INFO = Metric(
    "rtb_hub_build_info", "gauge", (Label("version", (__version__,), "the release"),), "1, with the release as label"
)
GIT_PROCESSES = Metric(
    "rtb_hub_git_processes_total",
    "counter",
    (GIT_COMMAND, GIT_OUTCOME),
    "Git processes: `nonzero` is also the answer no, `kept` stays to answer many questions",
)
GIT_SECONDS = Metric("rtb_hub_git_process_seconds", "histogram", (GIT_COMMAND,), "how long they took", _QUICK)
HTTP_CALLS = Metric(
    "rtb_hub_http_calls_total", "counter", (TARGET, METHOD, HTTP_OUTCOME), "calls to other services, by how they ended"
)
HTTP_TRIES = Metric("rtb_hub_http_retries_total", "counter", (TARGET,), "tries beyond the first of a call")
HTTP_SECONDS = Metric(
    "rtb_hub_http_call_seconds", "histogram", (TARGET,), "how long calls took, all tries and pauses together", _QUICK
)
HTTP_REMAINING = Metric(
    "rtb_hub_http_remaining_requests",
    "gauge",
    (TARGET,),
    "requests that the service says are left to this key until it renews its limit",
)
COMMITS = Metric(
    "rtb_hub_commits_total", "counter", (COMMIT_OUTCOME,), "commits that were tried, by what became of them"
)
COMMIT_SECONDS = Metric("rtb_hub_commit_seconds", "histogram", (), "how long building and publishing took", _QUICK)
REFUSALS = Metric(
    "rtb_hub_refusals_total", "counter", (REASON,), "requests that were refused and passes that failed, by the reason"
)
UNEXPECTED = Metric(
    "rtb_hub_unexpected_total", "counter", (BORDER,), "mistakes of rtb-hub itself that were caught, by where"
)
ROUNDS = Metric("rtb_hub_rounds_total", "counter", (ROUND_OUTCOME,), "rounds of `reconcile`")
ROUND_SECONDS = Metric("rtb_hub_round_seconds", "histogram", (), "how long a round took", _SLOW)
PASSES = Metric(
    "rtb_hub_passes_total",
    "counter",
    (RECONCILER, ENVIRONMENT, PASS_OUTCOME),
    "passes of one reconciler over one environment",
)
PASS_SECONDS = Metric("rtb_hub_pass_seconds", "histogram", (RECONCILER,), "how long planning a pass took", _SLOW)
ACTIONS = Metric("rtb_hub_actions_total", "counter", (ENVIRONMENT, ACTION), "actions carried out by commits")
SET_ASIDE = Metric(
    "rtb_hub_set_aside_entries",
    "gauge",
    (RECONCILER, ENVIRONMENT),
    "entries that the last pass could not judge; each needs manual action",
)
REPORTS = Metric(
    "rtb_hub_reports",
    "gauge",
    (RECONCILER, ENVIRONMENT),
    "what else of the last pass needs manual action",
)
HELD = Metric(
    "rtb_hub_held", "gauge", (RECONCILER, ENVIRONMENT), "1 while the last pass awaits a person's agreement, else 0"
)
QUEUED = Metric("rtb_hub_queued_requests", "gauge", (ENVIRONMENT,), "requests in the queue")
PREVIEWS = Metric("rtb_hub_previews", "gauge", (ENVIRONMENT,), "previews that the environment holds")
NEXT_DUE = Metric(
    "rtb_hub_next_due_timestamp_seconds",
    "gauge",
    (ENVIRONMENT,),
    "when time alone gives the next action (seconds since 1970); 0 when it gives none",
)
LAST_SUCCESS = Metric(
    "rtb_hub_last_success_timestamp_seconds",
    "gauge",
    (ENVIRONMENT,),
    "when all passes over the environment last went through, or it was last seen unchanged since (seconds since 1970)",
)

PHASE = Label("phase", ("awaiting approval", "starting", "running", "expiring soon", "sleeping", "stopping", "failed", "stuck", "removed", "unknown"))  # fmt: skip # noqa: E501
LAYER = Label("layer", ("set", "project", "admission", "secrets", "image", "config", "crash", "scheduling", "network", "readiness", "load-balancer", "argo", "progress", "removal", "url"))  # fmt: skip # noqa: E501
AUDIENCE = Label("audience", ("developer", "platform", "nobody"))
COMPUTE = Label("compute", ("fargate", "spot"))
_LENGTHS = (15.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 1200.0)
PHASES = Metric(
    "rtb_hub_phase_previews", "gauge", (ENVIRONMENT, PHASE), "previews by their phase in the environment's cluster"
)
CAUSES = Metric(
    "rtb_hub_cause_previews",
    "gauge",
    (ENVIRONMENT, LAYER, AUDIENCE),
    "previews that something is wrong with, by where it lies and whose job it is (docs/reference/causes.md)",
)
UNCLASSIFIED = Metric(
    "rtb_hub_unclassified_previews", "gauge", (ENVIRONMENT,), "previews whose cause no rule knows: report them"
)
START_SECONDS = Metric(
    "rtb_hub_start_seconds",
    "histogram",
    (ENVIRONMENT, COMPUTE),
    "from the begin of a lease to the look that shows the preview running",
    _LENGTHS,
)
GONE_SECONDS = Metric(
    "rtb_hub_gone_seconds",
    "histogram",
    (ENVIRONMENT,),
    "from when a preview was due, or its entry gone, to the look that shows it removed",
    _LENGTHS,
)
OLDEST_STUCK = Metric(
    "rtb_hub_oldest_stuck_seconds", "gauge", (ENVIRONMENT,), "how long the cause of a stuck preview has lasted; 0: none"
)
EXPIRY_LAG = Metric(
    "rtb_hub_expiry_lag_seconds",
    "gauge",
    (ENVIRONMENT,),
    "for how long a lease is over whose entry is still there",
)
SET_STOPPED = Metric(
    "rtb_hub_set_stopped", "gauge", (ENVIRONMENT,), "1 while the ApplicationSet has stopped at an error, else 0"
)
LAST_OBSERVATION = Metric(
    "rtb_hub_last_observation_timestamp_seconds",
    "gauge",
    (ENVIRONMENT,),
    "when the environment's cluster was last read whole (seconds since 1970)",
)

_NOT_TAKEN = ("too-large", "too-slow", "cut-off", "limited", "not-kept")
DELIVERIES = Metric(
    "rtb_hub_deliveries_total",
    "counter",
    (
        Label("source", ("github", "jira", "jira-automation", "slack", "ecr")),
        Label("outcome", ("processed", "ignored", "failed", "known", "unsigned", *_NOT_TAKEN)),
    ),
    "deliveries to the listener, by what became of them",
)
DELIVERY_SECONDS = Metric(
    "rtb_hub_delivery_seconds",
    "histogram",
    (),
    "from a delivery's first byte to its answer",
    (0.005, 0.02, 0.1, 0.5, 1, 5, 10),
)
_NOT_NOW = ("provider-down", "too-many", "stale", "reuse")
AUTH = Metric(
    "rtb_hub_auth_total",
    "counter",
    (
        Label(
            "outcome",
            ("signed-in", "refreshed", "exchanged", "refused", "declined", "expired", "linked", *_NOT_NOW),
        ),
    ),
    "sign-ins, refreshes and exchanges, by what became of them; `reuse`: a refresh token was used twice, as by a thief",
)

QUEUE = Label("queue", ("jira-queue", "figma-queue"))
JOB_STATE = Label("state", ("pending", "sent", "active", "waiting", "done", "dead", "superseded"))
JOB = Label(
    "name",
    (
        "preview.start",
        "preview.stop",
        "preview.extend",
        "preview.revive",
        "preview.sleep",
        "preview.wake",
        "request.review",
        "issue.hint",
        "pull.hint",
        "image.hint",
        "branch.hint",
        "design.changed",
        "message.update",
        "catch.up",
        "slack.click",
        "slack.command",
        "slack.answer",
        "slack.unfurl",
    ),
    "the job's name",
)
_LONG = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
JOBS = Metric("rtb_hub_jobs", "gauge", (QUEUE, JOB_STATE), "jobs that the database has, by queue and state")
JOB_OLDEST = Metric(
    "rtb_hub_job_oldest_seconds", "gauge", (QUEUE,), "how long the oldest job that is due has been; 0 when none is"
)
JOB_ATTEMPTS = Metric("rtb_hub_job_attempts_total", "counter", (JOB,), "jobs that this worker began, each try of each")
JOB_SECONDS = Metric(
    "rtb_hub_job_seconds",
    "histogram",
    (JOB, Label("outcome", ("done", "pending", "waiting", "dead"))),
    "how long a job took in this worker, by the state it came to; `pending`: it is tried again",
    _LONG,
)
OPERATION_SECONDS = Metric(
    "rtb_hub_operation_seconds",
    "histogram",
    (Label("kind", JOB.values, JOB.about),),
    "from when a change of a preview was asked for to its commit",
    _LONG,
)
RELAY_LAG = Metric(
    "rtb_hub_relay_lag_seconds",
    "gauge",
    (),
    "how long jobs were due before a wake-up for them was sent to Redis, or since that last worked",
)
SWEEP_RECOVERED = Metric(
    "rtb_hub_sweep_recovered_total", "counter", (), "wake-ups that Redis had lost, and that were sent again"
)
CATCH_UP_AT = Metric(
    "rtb_hub_catch_up_timestamp_seconds",
    "gauge",
    (Label("source", ("github", "jira")),),
    "when a look for lost deliveries last came to its end (seconds since 1970)",
)
REQUEST_SECONDS = Metric(
    "rtb_hub_http_seconds",
    "histogram",
    (
        Label("route", None, "the route as the API's description has it", r"/[a-z0-9_/{}.-]{0,99}"),
        Label("status", ("1xx", "2xx", "3xx", "4xx", "5xx")),
    ),
    "how long requests to the API took; event streams are left out",
    _QUICK,
)
SSE_CLIENTS = Metric("rtb_hub_sse_clients", "gauge", (), "event streams that are open in this process")
SNAPSHOT_AGE = Metric(
    "rtb_hub_snapshot_age_seconds", "gauge", (), "since the state repository was last read, or seen unchanged"
)
MESSAGES = Metric(
    "rtb_hub_messages_total",
    "counter",
    (
        Label(
            "channel",
            (
                "jira-link",
                "jira-comment",
                "slack",
                "slack-platform",
                "slack-digest",
                "github-comment",
                "github-deployment",
                "github-check",
                "github-status",
                "gitea-comment",
                "gitea-status",
            ),
        ),
        Label("outcome", ("posted", "edited", "found", "unchanged", "later", "declined", "parked", "taken", "failed")),
    ),
    "messages about previews that something was to be done about: `found` where it was looked for, `declined` where"
    " somebody deleted it, `parked` where what it stands at is not there, `taken` by another worker",
)

#: In the order in which the reference lists them.
METRICS: tuple[Metric, ...] = (
    BUILD_INFO,
    LAST_SUCCESS,
    NEXT_DUE,
    ROUNDS,
    ROUND_SECONDS,
    PASSES,
    PASS_SECONDS,
    ACTIONS,
    SET_ASIDE,
    REPORTS,
    HELD,
    QUEUED,
    PREVIEWS,
    COMMITS,
    COMMIT_SECONDS,
    REFUSALS,
    UNEXPECTED,
    GIT_PROCESSES,
    GIT_SECONDS,
    HTTP_CALLS,
    HTTP_TRIES,
    HTTP_SECONDS,
    HTTP_REMAINING,
    LAST_OBSERVATION,
    PHASES,
    CAUSES,
    UNCLASSIFIED,
    START_SECONDS,
    GONE_SECONDS,
    OLDEST_STUCK,
    EXPIRY_LAG,
    SET_STOPPED,
    DELIVERIES,
    DELIVERY_SECONDS,
    JOBS,
    JOB_OLDEST,
    JOB_ATTEMPTS,
    JOB_SECONDS,
    OPERATION_SECONDS,
    RELAY_LAG,
    SWEEP_RECOVERED,
    CATCH_UP_AT,
    REQUEST_SECONDS,
    SSE_CLIENTS,
    SNAPSHOT_AGE,
    AUTH,
    MESSAGES,
)
