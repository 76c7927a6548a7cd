"""Issues that changed at Jira since they were last looked for: a hint for each, as if Jira had told of it.

Jira gives up a webhook after a few tries, and sends none while it is disabled. A look goes from where the last one came
to its end until now, in windows: each that was read whole is kept, so that one that fails is read again the next time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any, Final

from generator.values.naming import IssueKey
from hub.actions.inbox.meaning import QUEUE
from hub.queue.jobs import Jobs
from hub.queue.payloads import SCHEMA
from hub.store import catch_ups
from hub.store.catch_ups import CaughtUp
from hub.store.ids import derived
from hub.store.jobs import Job, waiting_keys
from reconcilers.ports.issues import Issues

SENDER: Final = "jira"
#: What the first look goes back, and the longest that one ever does: older changes stand in issues that change again.
FIRST, LONGEST = timedelta(minutes=15), timedelta(days=7)
#: What is asked for at a time, how often in one turn, and how much of the window before is asked for again.
WINDOW, MOST_WINDOWS, _OVERLAP = timedelta(hours=1), 24, timedelta(minutes=2)


def look_for_changed(
    jobs: Jobs, issues: Issues, projects: Collection[str], job_id: str, *, may_go_on: Callable[[], None]
) -> tuple[int, bool]:
    """How many issues were hinted at, and whether the look came up to now. Hints of a job are the same each time.

    Raises what `issues` and `may_go_on` raise, and `Transient` (DatabaseUnreachable).
    """
    database, hinted = jobs.database, 0
    with database.read() as connection:
        kept, now = catch_ups.get(connection, SENDER), database.now(connection)
    since = max(kept.good_at or now - FIRST, now - LONGEST)
    for _ in range(MOST_WINDOWS):
        end = min(now, since + WINDOW)
        keys = issues.changed(projects, now - since + _OVERLAP, until=now - end)
        may_go_on()
        with database.write() as connection:
            hinted_at = waiting_keys(connection, "issue.hint")
            for key in keys:
                if _key(key) not in hinted_at:
                    hinted += jobs.put_in(connection, _hint(job_id, key, end))
            catch_ups.keep(connection, database, SENDER, CaughtUp(good_at=end))
        jobs.notify()
        since = end
        if end == now:
            return hinted, True
    return hinted, False


def _key(key: IssueKey) -> str:
    return f"issue/{key}"


def _hint(job_id: str, key: IssueKey, end: datetime) -> Job:
    name = derived(job_id, f"{key}-{int(end.timestamp())}".lower())
    payload: dict[str, Any] = {
        "schema": SCHEMA, "id": name, "issue": str(key),
        "requestedBy": {"kind": "service", "id": "jira", "via": "catch-up"},
    }  # fmt: skip
    return Job(name, QUEUE, "issue.hint", payload, _key(key), replaces=True, parent=job_id)
