"""`rtb-hub price`: how a preview's price comes about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.cost.fargate import OVERHEAD_BYTES
from generator.cost.pricing import PodPrice, PreviewPrice, money
from generator.model.blueprint import DEFAULT
from generator.model.entry import Preview
from generator.model.environment import Environment
from generator.values.quantities import MIB, format_duration
from hub.commands.start import Arguments
from hub.environments import read_environments
from hub.output.console import Format, emit
from hub.views.preview import entry_price
from hub.wiring import hub

if TYPE_CHECKING:
    from rich.console import Console


def run(arguments: Arguments, *, repo: str | None, environments: Path | None, output: Format) -> None:
    """Price the preview that `start` with the same options would make, every component of the blueprint counted."""
    ours = hub()
    found = read_environments(ours, repo=repo, environments=environments)
    environment, _ = found.get(arguments.env)
    blueprint = ours.library.blueprint(arguments.blueprint or DEFAULT)
    asked = arguments.parsed(ours.settings.actor)
    registry = next(iter(environment.spec.images.registries), "").rstrip("/")
    image = f"{registry}/none" if registry else "none"
    images = dict.fromkeys(blueprint.spec.components, f"{image}@sha256:{'0' * 64}")  # no price depends on an image
    asked = replace(asked, request=replace(asked.request, images=images))
    preview = ours.starter.draft(asked, environment, now=ours.clock())
    price = entry_price(preview, environment)
    emit(_data(price, preview, environment), output, lambda console: _print(console, price, preview, environment))


def _data(price: PreviewPrice, preview: Preview, environment: Environment) -> dict[str, Any]:
    return {
        "environment": environment.name,
        "blueprint": preview.spec.blueprint,
        "compute": preview.spec.compute,
        "currency": price.currency,
        "asOf": price.as_of,
        "source": environment.spec.pricing.source,
        "pods": [
            {
                "name": pod.pods.name,
                "replicas": pod.pods.replicas,
                "asked": {"millicores": pod.pods.requests.millicores, "memoryBytes": pod.pods.requests.memory_bytes},
                "billed": None if pod.size is None else {"vcpu": str(pod.size.vcpu), "gb": str(pod.size.gb)},
                "perHour": None if pod.per_hour is None else str(pod.per_hour),
            }
            for pod in price.pods
        ],
        "perHour": None if price.per_hour is None else str(price.per_hour),
        "lease": format_duration(price.lease),
        "perLease": None if price.total is None else str(price.total),
    }


def _print(console: Console, price: PreviewPrice, preview: Preview, environment: Environment) -> None:
    from rich.table import Table

    spec, rates = preview.spec, environment.spec.pricing
    console.print(f"{spec.blueprint} in {environment.name} on {spec.compute}, for {format_duration(price.lease)}")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("POD", "REPLICAS", "ASKED", "WITH FARGATE'S OWN", "BILLED", "PER HOUR", "FOR THE LEASE"):
        table.add_column(heading, justify="left" if heading == "POD" else "right")
    for pod in price.pods:
        table.add_row(*_row(pod, price))
    if price.per_hour is None or price.total is None:
        console.print(table)
        console.print("spot nodes are shared by all previews, so a preview has no price of its own there")
        return
    table.add_row("in all", "", "", "", "", money(price.per_hour, price.currency), money(price.total, price.currency))
    console.print(table)
    console.print(
        f"{rates.vcpu_hour} {rates.currency} per vCPU-hour and {rates.gb_hour} {rates.currency} per GB-hour,"
        f" as of {rates.as_of} ({rates.source})."
    )
    console.print(
        "Fargate adds 256 MiB to each pod and rounds up to its next size; a finished Job is billed to the end."
    )


def _row(pod: PodPrice, price: PreviewPrice) -> tuple[str, ...]:
    asked = pod.pods.requests
    memory = asked.memory_bytes // MIB
    head = (pod.pods.name, str(pod.pods.replicas), f"{asked.millicores}m / {memory}Mi")
    if pod.size is None or pod.per_hour is None or pod.total is None:
        return (*head, "", "", "", "")
    with_own = f"{asked.millicores}m / {memory + OVERHEAD_BYTES // MIB}Mi"
    billed = f"{pod.size.vcpu} vCPU / {pod.size.gb} GB"
    return (*head, with_own, billed, money(pod.per_hour, price.currency), money(pod.total, price.currency))
