"""Which designs changed, as the jobs that told of it say: the newest of each issue.

Jobs are kept for a year. To lose them loses the marks on previews that are there, and no preview (docs/adr/0048).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, func, select

from hub.store.tables import JOBS
from hub.views.listing.rows import DesignChange

#: Jobs that may end after later ones did; what is done by hand much later is seen when the process begins anew.
_LATE = 1000


def changed(connection: Connection, *, since: int) -> tuple[Mapping[str, DesignChange], int]:
    """By issue (`RTB-123`), what changed; and what to give as `since` the next time, for what is new then. 0: all."""
    newest = connection.execute(select(func.max(JOBS.c.seq))).scalar() or 0
    told = (
        select(JOBS.c.result)
        .where(JOBS.c.seq > since - _LATE, JOBS.c.name == "design.changed", JOBS.c.state == "done")
        .order_by(JOBS.c.seq)
    )
    results = [row.result for row in connection.execute(told) if row.result]
    found = {one["issue"]: DesignChange(one["url"], datetime.fromisoformat(one["changedAt"])) for one in results}
    return found, newest
