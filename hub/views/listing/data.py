"""`rtb-hub list` for machines."""

from __future__ import annotations

from typing import Any

from hub.output.remedies import fault_line
from hub.views.listing.listing import Listing
from hub.views.phases import phase_data
from hub.views.preview import describe_row
from hub.views.queue import describe_place, describe_set_aside
from hub.views.unreadable import describe_unreadable
from reconcilers.state.entries import EntryRecord


def listing_data(listing: Listing) -> dict[str, Any]:
    """The listing for machines; its previews are made one after the other."""
    found = listing.phases
    data: dict[str, Any] = {
        "previews": (
            {
                **describe_row(listed.row, listed.outline),
                "removalRequested": listed.removal is not None,
                **({} if found is None else phase_data(found.get(listed.where))),
            }
            for listed in listing.shown
        ),
        "totals": {
            "previews": len(listing.previews),
            "prices": [
                {
                    "currency": total.currency,
                    "previews": total.previews,
                    "perHour": str(total.per_hour),
                    "perLease": str(total.per_lease),
                }
                for total in listing.totals
            ],
        },
        "unreadable": [
            *describe_unreadable(listing.failures),
            *(_unreadable(environment, record) for environment, record in listing.unreadable),
        ],
        "queue": [describe_place(one) for one in listing.queue],
        "queueSetAside": [describe_set_aside(record) for record in listing.queue_set_aside],
    }
    if found is not None:
        data["leaving"] = [
            {"issue": name.upper(), "environment": environment, **phase_data(phase)}
            for (environment, name), phase in listing.leaving.items()
        ]
    if listing.page.is_asked:
        after = listing.next_after(listing.shown)
        data["next"] = str(after) if after else None
    return data


def _unreadable(environment: str, record: EntryRecord) -> dict[str, Any]:
    return {"environment": environment, "file": str(record.path), "faults": list(map(fault_line, record.faults))}
