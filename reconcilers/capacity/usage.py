"""What previews take of an environment, added up. Sums are small, so that one more or less costs nothing to count.

Of a preview that is live and has an update awaiting approval there are two entries. It counts once, by the larger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconcilers.capacity.facts import Facts


@dataclass(frozen=True, slots=True)
class Usage:
    """Number of previews, billed Fargate vCPUs, target groups by shard, previews by owner."""

    previews: int = 0
    vcpu: Decimal = Decimal(0)
    shards: Mapping[str, int] = field(default_factory=dict)
    owners: Mapping[str, int] = field(default_factory=dict)

    def plus(self, other: Usage) -> Usage:
        """Both together."""
        return self._with(other, 1)

    def minus(self, other: Usage) -> Usage:
        """This without `other`, which is a part of it."""
        return self._with(other, -1)

    def _with(self, other: Usage, sign: int) -> Usage:
        return Usage(
            self.previews + sign * other.previews,
            self.vcpu + sign * other.vcpu,
            _added(self.shards, other.shards, sign),
            _added(self.owners, other.owners, sign),
        )


NOTHING = Usage()


def share_of(facts: Iterable[Facts | None]) -> Usage:
    """What one preview takes, by the facts of all its entries; None is one that cannot be read, and still counts."""
    vcpu, shards, owners = Decimal(0), dict[str, int](), dict[str, int]()
    for one in facts:
        if one is not None:
            vcpu = max(vcpu, one.vcpu)
            if one.target_groups:
                shards[one.shard] = max(shards.get(one.shard, 0), one.target_groups)
            owners[one.owner] = 1
    return Usage(1, vcpu, shards, owners)


def total(shares: Iterable[Usage]) -> Usage:
    """All together, in one go."""
    previews, vcpu, shards, owners = 0, Decimal(0), dict[str, int](), dict[str, int]()
    for share in shares:
        previews += share.previews
        vcpu += share.vcpu
        for sums, parts in ((shards, share.shards), (owners, share.owners)):
            for name, count in parts.items():
                sums[name] = sums.get(name, 0) + count
    return Usage(previews, vcpu, shards, owners)


def _added(sums: Mapping[str, int], parts: Mapping[str, int], sign: int) -> dict[str, int]:
    added = {**sums, **{name: sums.get(name, 0) + sign * count for name, count in parts.items()}}
    return {name: count for name, count in added.items() if count}
