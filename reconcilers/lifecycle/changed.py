"""What an update changes of a preview's entry, in the words of `--set`: `web.cpu`, `web.env.X`, `branch`, `ttl`."""

from __future__ import annotations

from typing import Any

from generator.model.entry import Preview
from generator.objects.diff import ABSENT, FieldChange, compare_trees


def entry_changes(before: Preview, after: Preview) -> tuple[FieldChange, ...]:
    """The fields that differ, but for what follows from them (the rendering's stamp, extensions)."""
    return compare_trees(_said(before), _said(after))


def _said(preview: Preview) -> dict[str, Any]:
    spec = preview.spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    lease = spec["lease"]
    about = {
        "blueprint": spec["blueprint"],
        "branch": spec.get("branch", ABSENT),
        "compute": spec["compute"],
        "shard": spec["shard"],
        "ttl": lease["ttl"],
        "ends": lease.get("expiresAt", ABSENT),
        "officeHours": lease.get("officeHours", False),
    }
    return {**about, **spec["components"]}
