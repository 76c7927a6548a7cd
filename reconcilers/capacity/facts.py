"""What counting and due dates need of an entry: little enough to be kept for thousands, and all of it from its text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from pydantic_core import from_json

from generator.model.entry import Preview
from generator.model.inputs import inputs_digest
from generator.values.formats import parse_time
from reconcilers.capacity.shares import entry_vcpu, target_groups


@dataclass(frozen=True, slots=True)
class Facts:
    """One entry in short.

    `begins_at` (aware) is from when its lease counts; `expires_at` is None while it has not begun. `target_groups` are
    those it takes of its `shard`, `vcpu` the billed ones of the Fargate quota (0 on spot). `digest` is that of the
    manifests, `inputs` that of what they were rendered from, `basis` that of what it shares with others; empty when the
    entry does not say. `is_edited`: the entry says otherwise than when they were rendered. `sleeps`: why it sleeps,
    empty when it is awake. `awake_since` (aware): when it was begun or woken.
    """

    name: str
    owner: str
    shard: str
    target_groups: int
    vcpu: Decimal
    begins_at: datetime
    expires_at: datetime | None
    digest: str
    inputs: str
    basis: str
    is_edited: bool
    sleeps: str
    awake_since: datetime

    def runs_at(self, now: datetime) -> bool:
        """Whether its lease has begun and goes on at `now` (aware): what is over is left to its removal."""
        return self.expires_at is not None and self.expires_at > now


def facts_of(preview: Preview) -> Facts:
    """The facts of an entry."""
    spec, lease, rendered = preview.spec, preview.spec.lease, preview.spec.rendered
    basis = (rendered.basis if rendered else None) or ""
    begins_at, sleep = parse_time(lease.activated_at or lease.requested_at), spec.sleep
    return Facts(
        name=preview.metadata.name,
        owner=lease.requested_by,
        shard=spec.shard,
        target_groups=target_groups(spec.components),
        vcpu=entry_vcpu(preview),
        begins_at=begins_at,
        expires_at=None if lease.expires_at is None else parse_time(lease.expires_at),
        digest=rendered.digest if rendered else "",
        inputs=rendered.inputs if rendered else "",
        basis=basis,
        is_edited=rendered is not None and basis != "" and rendered.inputs != inputs_digest(basis, preview),
        sleeps=sleep.why if sleep and sleep.asleep else "",
        awake_since=begins_at if sleep is None else max(begins_at, parse_time(sleep.since)),
    )


def facts_text(facts: Facts) -> str:
    """`facts` as a text to be kept, for `facts_from`."""
    return json.dumps(
        [
            facts.name,
            facts.owner,
            facts.shard,
            facts.target_groups,
            str(facts.vcpu),
            int(facts.begins_at.timestamp()),
            None if facts.expires_at is None else int(facts.expires_at.timestamp()),
            facts.digest,
            facts.inputs,
            facts.basis,
            facts.is_edited,
            facts.sleeps,
            int(facts.awake_since.timestamp()),
        ]
    )


def facts_from(text: str) -> Facts:
    """The facts in a text of `facts_text`. Raises `ValueError` when it is none."""
    try:
        name, owner, shard, groups, vcpu, begins, ends, *texts, is_edited, sleeps, awake = from_json(text)
        digest, inputs, basis = texts
        expires_at = None if ends is None else datetime.fromtimestamp(ends, UTC)
        begins_at = datetime.fromtimestamp(begins, UTC)
        return Facts(
            name, owner, shard, groups, Decimal(vcpu), begins_at, expires_at, digest, inputs, basis, is_edited,
            sleeps, datetime.fromtimestamp(awake, UTC),
        )  # fmt: skip
    except (TypeError, ArithmeticError, OSError) as err:
        raise ValueError(f"no facts: {text[:80]!r}") from err
