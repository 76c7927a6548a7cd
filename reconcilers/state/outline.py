"""What a list tells of an entry: kept beside its facts, so that thousands are listed without being parsed anew."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

from pydantic_core import from_json

from generator.model.entry import Compute, Preview, RenderedPods

#: One component: image, replicas, CPU and memory as the entry has them.
ComponentOutline = tuple[str, int, str, str]
#: Equal pods that were rendered: name, how many, millicores and bytes of each, where they run.
PodsOutline = tuple[str, int, int, int, str]


@dataclass(frozen=True, slots=True)
class Outline:
    """One entry as a list shows it. Texts, times among them, are those of the entry; `digest` is its manifest's.

    `pods` are those of the manifest, None where the components say all. `saved` are those that do not run while it
    sleeps, `asleep_since` is when that began; None when it is awake.

    `activated_at` and `expires_at` are None while the lease has not begun. `extensions` are as the entry has them.
    """

    issue: str
    blueprint: str
    branch: str | None
    compute: Compute
    shard: str
    requested_by: str
    requested_at: str
    ttl: str
    activated_at: str | None
    expires_at: str | None
    office_hours: bool
    extensions: Sequence[Mapping[str, Any]]
    components: Mapping[str, ComponentOutline]
    digest: str | None
    pods: Sequence[PodsOutline] | None = None
    saved: Sequence[PodsOutline] | None = None
    asleep_since: str | None = None
    idle_since: str | None = None

    @property
    def begun_at(self) -> str:
        """Since when it is there: its lease's begin, or when it was asked for where that has not begun."""
        return self.activated_at or self.requested_at


def outline_of(preview: Preview) -> Outline:
    """The outline of an entry."""
    spec, lease, rendered = preview.spec, preview.spec.lease, preview.spec.rendered
    return Outline(
        issue=spec.issue,
        blueprint=spec.blueprint,
        branch=spec.branch,
        compute=spec.compute,
        shard=spec.shard,
        requested_by=lease.requested_by,
        requested_at=lease.requested_at,
        ttl=lease.ttl,
        activated_at=lease.activated_at,
        expires_at=lease.expires_at,
        office_hours=lease.office_hours,
        extensions=[one.model_dump(mode="json", by_alias=True) for one in lease.extensions],
        components={name: (c.image, c.replicas, c.cpu, c.memory) for name, c in spec.components.items()},
        digest=rendered.digest if rendered else None,
        pods=_pods(rendered.pods if rendered else None),
        saved=_pods(rendered.saved if rendered else None),
        asleep_since=spec.sleep.since if spec.sleep and spec.sleep.asleep else None,
        idle_since=spec.sleep.idle_since if spec.sleep and spec.sleep.asleep else None,
    )


def _pods(pods: Sequence[RenderedPods] | None) -> list[PodsOutline] | None:
    return None if pods is None else [_of(one) for one in pods]


def _of(pods: RenderedPods) -> PodsOutline:
    return pods.name, pods.replicas, pods.millicores, pods.memory_bytes, pods.compute


def outline_text(outline: Outline) -> str:
    """`outline` as a text to be kept, for `outline_from`."""
    return json.dumps(astuple(outline))


def outline_from(text: str) -> Outline:
    """The outline in a text of `outline_text`. Raises `ValueError` when it is none."""
    try:
        *fields, components, digest, rendered, saved, asleep_since, idle_since = from_json(text)
        parts = {name: (image, replicas, cpu, memory) for name, (image, replicas, cpu, memory) in components.items()}
        pods = [
            None if found is None else [(str(n), int(r), int(c), int(m), str(w)) for n, r, c, m, w in found]
            for found in (rendered, saved)
        ]
        return Outline(*[*fields, parts, digest, *pods, asleep_since, idle_since])
    except (TypeError, AttributeError) as err:
        raise ValueError(f"no outline: {text[:80]!r}") from err
