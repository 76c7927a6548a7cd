"""Every event there is: a constant name with what it is about. Nothing else may be told to a log.

`reconcile_id` stands on each event of one round of `reconcile`, `environment`, `key` and `operation` where one is
meant; they are bound by `Telemetry.about` and so are not named again below.
docs/reference/telemetry.md is made from here.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Level = Literal["debug", "info", "warning", "error"]
#: From the least to the most urgent.
LEVELS: tuple[Level, ...] = ("debug", "info", "warning", "error")
#: What may be bound to all events of a piece of work, and what it means.
BOUND = {
    "reconcile_id": "one round of `reconcile`, or one request: the same on all its events, never again on others",
    "environment": "the environment's name; `all` when the repository could not be observed at all",
    "reconciler": "which reconciler: `approval`, `stamp`, `expiry`, `sleep`, `queue` or `drift`",
    "key": "the issue key",
    "operation": "what was asked for: `start`, `stop`, `extend`, `revive`, `sleep` or `wake`",
}


class Event(NamedTuple):
    """One kind of event. `fields` names what it may carry beside what is bound; `meaning` is for people."""

    name: str
    level: Level
    fields: tuple[str, ...]
    meaning: str


UNKNOWN_SETTING = Event(
    "unknown-setting",
    "warning",
    ("name", "nearest"),
    "a variable that is named like a setting and is none of this release",
)
WATCHING = Event("watching", "info", ("repository", "reconcilers", "metrics"), "`reconcile --watch` began")
ENDED = Event("ended", "info", ("why",), "it ended because it was asked to")
WAITING = Event("waiting", "info", ("next", "retry"), "what it waits for: the next time something is due, or a new try")
ROUND = Event(
    "round",
    "debug",
    ("outcome", "passes", "failed", "held", "actions", "set_aside", "commits", "seconds"),
    "one round of `reconcile` ended; `info` when something in it was told",
)
DONE = Event("done", "info", ("action", "preview", "why", "commit"), "an action was carried out by this commit")
WARN = Event("warn", "info", ("preview", "why"), "a lease ends soon; the owner is warned")
REPORT = Event("report", "warning", ("preview", "why"), "something that only a person can settle")
SET_ASIDE = Event("set-aside", "warning", ("preview", "why"), "an entry cannot be judged, and is left as it is")
HELD = Event("held", "warning", ("why", "remedy"), "a pass is not carried out before a person agrees")
FAILED = Event("failed", "warning", ("reason", "why", "remedy"), "a pass, or a whole round, was not carried out")
RECOVERED = Event("recovered", "info", ("what",), "what failed or was held before no longer is")
CLOCK_LEAPED = Event("clock-leaped", "warning", ("by", "why"), "the system's clock went another way than time did")
CLOCK_BEHIND = Event(
    "clock-behind", "error", ("branch", "why"), "something was written by a clock that may be behind: leases are too"
)
UNEXPECTED = Event(
    "unexpected",
    "error",
    ("border", "error_type", "exception"),
    "a mistake of rtb-hub itself, with its traceback, caught so that the rest goes on",
)
WRITTEN = Event(
    "written", "info", ("commit",), "a request was answered by this commit; none when nothing had to change"
)
REFUSED = Event("refused", "info", ("reason", "why"), "a request was refused; nothing was changed for it")
COMMIT = Event("commit", "debug", ("branch", "commit", "outcome", "seconds"), "a commit was published, or was not")
WORK_TREE_BEHIND = Event(
    "work-tree-behind",
    "error",
    ("repository", "commit", "why"),
    "a commit was published, but the checked-out files could not follow: the next commit brings them along",
)
GIT_PROCESS = Event(
    "git-process",
    "debug",
    ("command", "outcome", "seconds"),
    "a Git process ended, or (`kept`) was started to answer many questions",
)
HTTP_CALL = Event(
    "http-call",
    "debug",
    ("target", "method", "route", "outcome", "tries", "seconds", "waited", "remaining"),
    "a call to another service ended, after its own retries",
)

DELIVERY = Event(
    "delivery",
    "debug",
    ("source", "outcome", "id", "seconds"),
    "a delivery to the listener was answered; `warning` where it was not kept, or cannot be read",
)
SIGNED = Event("signed", "debug", ("outcome",), "somebody signed in, was refreshed or was not; `warning` for `reuse`")

#: In the order in which the reference lists them.
EVENTS: tuple[Event, ...] = (
    UNKNOWN_SETTING,
    WATCHING,
    ENDED,
    WAITING,
    ROUND,
    DONE,
    WARN,
    REPORT,
    SET_ASIDE,
    HELD,
    FAILED,
    RECOVERED,
    CLOCK_LEAPED,
    CLOCK_BEHIND,
    UNEXPECTED,
    WRITTEN,
    REFUSED,
    COMMIT,
    WORK_TREE_BEHIND,
    GIT_PROCESS,
    HTTP_CALL,
    DELIVERY,
    SIGNED,
)
