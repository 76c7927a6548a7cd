"""`rtb-hub price`: how a preview's price comes about."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.cost.fargate import OVERHEAD_BYTES
from generator.cost.pricing import HOURS_A_MONTH, FixedPrice, PodPrice, PreviewPrice, fixed_prices, fixed_sum, money
from generator.model.environment import Environment
from generator.values.quantities import MIB, format_duration
from hub.actions.price import Priced, price
from hub.commands.arguments import Arguments
from hub.output.console import Format, emit
from hub.output.exit_codes import UNHEALTHY
from hub.wiring import hub

if TYPE_CHECKING:
    from rich.console import Console

    from hub.actions.price_check import Compared


def run(  # noqa: PLR0913 - as the command has them
    arguments: Arguments,
    *,
    check: bool,
    repo: str | None,
    environments: Path | None,
    blueprints: Path | None,
    output: Format,
) -> None:
    """Price the preview that `start` with the same options would make, every component of the blueprint counted.

    With `check` the environment's prices are compared with AWS's list: exits with `UNHEALTHY` where one is another or
    not known. Raises what `Access` raises where the list cannot be asked at all.
    """
    ours = hub()
    found = ours.environments(repo=repo, folder=environments).with_blueprints(blueprints)
    environment, _ = found.get(arguments.env)
    library = found.library(ours.library, environment)
    asked = arguments.parsed(ours.settings.actor)
    priced = price(asked, environment, library, starter=ours.starter, now=ours.clock())
    checked = _checked(environment) if check else None

    def tell(console: Console) -> None:
        _print(console, priced)
        if checked is not None:
            _print_checked(console, checked)

    emit(_data(priced, checked), output, tell)
    if checked is not None and any(one.state != "same" for one in checked):
        sys.exit(UNHEALTHY)


def _checked(environment: Environment) -> tuple[Compared, ...]:
    from hub.actions.price_check import compare
    from hub.adapters.account.access import Access
    from hub.adapters.account.price_list import REGION

    return compare(environment.spec.pricing, environment.spec.region, Access(REGION))


def _data(priced: Priced, checked: Sequence[Compared] | None) -> dict[str, Any]:
    cost, preview, environment = priced.price, priced.preview, priced.environment
    return {
        "environment": environment.name,
        "blueprint": preview.spec.blueprint,
        "compute": preview.spec.compute,
        "currency": cost.currency,
        "asOf": cost.as_of,
        "source": environment.spec.pricing.source,
        "pods": [
            {
                "name": pod.pods.name,
                "replicas": pod.pods.replicas,
                "asked": {"millicores": pod.pods.requests.millicores, "memoryBytes": pod.pods.requests.memory_bytes},
                "billed": None if pod.size is None else {"vcpu": str(pod.size.vcpu), "gb": str(pod.size.gb)},
                "perHour": None if pod.per_hour is None else str(pod.per_hour),
            }
            for pod in cost.pods
        ],
        "perHour": None if cost.per_hour is None else str(cost.per_hour),
        "lease": format_duration(cost.lease),
        "perLease": None if cost.total is None else str(cost.total),
        "fixed": [
            {
                "what": one.what,
                "count": one.count,
                "perHour": None if one.per_hour is None else str(one.per_hour),
                "asOf": one.as_of,
                "source": one.source,
            }
            for one in _fixed(environment)
        ],
        "checked": None if checked is None else [_compared(one) for one in checked],
    }


def _fixed(environment: Environment) -> tuple[FixedPrice, ...]:
    return fixed_prices(environment.spec.pricing, environment.spec.exposure.shards)


def _print(console: Console, priced: Priced) -> None:
    from hub.output.columns import tell_table

    cost, preview, environment = priced.price, priced.preview, priced.environment
    spec, rates = preview.spec, environment.spec.pricing
    console.print(f"{spec.blueprint} in {environment.name} on {spec.compute}, for {format_duration(cost.lease)}")
    headings = ("POD", "REPLICAS", "ASKED", "WITH FARGATE'S OWN", "BILLED", "PER HOUR", "FOR THE LEASE")
    rows = [_row(pod, cost) for pod in cost.pods]
    right = frozenset(headings[1:])
    if cost.per_hour is None or cost.total is None:
        tell_table(console, headings, rows, right=right)
        console.print("spot nodes are shared by all previews, so a preview has no price of its own there")
        _print_fixed(console, environment)
        return
    rows.append(("in all", "", "", "", "", money(cost.per_hour, cost.currency), money(cost.total, cost.currency)))
    tell_table(console, headings, rows, right=right)
    console.print(
        f"List price: {rates.vcpu_hour} {rates.currency} per vCPU-hour and {rates.gb_hour} {rates.currency} per"
        f" GB-hour, as of {rates.as_of} ({rates.source})."
    )
    console.print(
        "Fargate adds 256 MiB to each pod and rounds up to its next size; a finished Job is billed to the end."
    )
    _print_fixed(console, environment)


def _compared(one: Compared) -> dict[str, str | None]:
    written, listed = (None if price is None else f"{price:f}" for price in (one.written, one.listed))
    return {
        "what": one.what,
        "field": one.field,
        "written": written,
        "listed": listed,
        "state": one.state,
        "why": one.why or None,
    }


def _print_fixed(console: Console, environment: Environment) -> None:
    from hub.output.columns import tell_table

    fixed, currency = _fixed(environment), environment.spec.pricing.currency
    if not fixed:
        return
    in_all = fixed_sum(fixed)
    month = money(in_all * HOURS_A_MONTH, currency)
    unknown = [one.what for one in fixed if one.per_hour is None]
    console.print(
        f"{environment.name} itself costs {money(in_all, currency)} an hour, {month} a month, whether there are"
        " previews or not; traffic, logs and what else pricing.fixed does not name come on top"
        + (f", and what is not known: {', '.join(unknown)}." if unknown else ".")
    )
    rows = [
        (
            one.what,
            str(one.count),
            "not known" if one.per_hour is None else money(one.per_hour, currency),
            "" if one.per_hour is None else money(one.per_hour * HOURS_A_MONTH, currency),
            one.as_of,
            one.source,
        )
        for one in fixed
    ]
    headings = ("FIXED", "COUNT", "PER HOUR", "A MONTH", "AS OF", "SOURCE")
    tell_table(console, headings, rows, right=frozenset(headings[1:4]))


def _print_checked(console: Console, checked: Sequence[Compared]) -> None:
    from hub.output.columns import tell_table

    rows = [
        (
            one.what,
            "none" if one.written is None else f"{one.written:f}",
            "not known" if one.listed is None else f"{one.listed:f}",
            {"same": "same", "differs": f"set {one.field} to the list's", "unknown": one.why}[one.state],
        )
        for one in checked
    ]
    headings = ("AN HOUR OF", "THE FILE'S", "AWS'S LIST", "")
    tell_table(console, headings, rows, right=frozenset(headings[1:3]))


def _row(pod: PodPrice, cost: PreviewPrice) -> tuple[str, ...]:
    asked = pod.pods.requests
    memory = asked.memory_bytes // MIB
    head = (pod.pods.name, str(pod.pods.replicas), f"{asked.millicores}m / {memory}Mi")
    if pod.size is None or pod.per_hour is None or pod.total is None:
        return (*head, "", "", "", "")
    with_own = f"{asked.millicores}m / {memory + OVERHEAD_BYTES // MIB}Mi"
    billed = f"{pod.size.vcpu} vCPU / {pod.size.gb} GB"
    return (*head, with_own, billed, money(pod.per_hour, cost.currency), money(pod.total, cost.currency))
