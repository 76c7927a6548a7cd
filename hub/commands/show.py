"""`rtb-hub show`: one preview, whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.errors import ConfigError, Fault, Reason, nearest
from generator.manifest import Manifest
from generator.naming import IssueKey
from hub.cli.output import Format, emit, printable
from hub.commands.start import committed_manifests
from hub.commands.view import describe, money_line, preview_row
from hub.wiring import hub
from reconcilers.state import read_state

if TYPE_CHECKING:
    from rich.console import Console

    from generator.entry import Preview
    from hub.commands.view import Row


def run(key: str, env: str, *, repo: str | None, output: Format) -> None:
    """Print one preview. Raises `ConfigError`: PreviewNotFound, or UnreadableEntry with every fault."""
    issue = IssueKey.parse(key)
    ours = hub()
    store = ours.store(repo)
    state = read_state(store, env, ours.library)
    record = state.entry(issue) or state.request(issue)
    if record is None:
        known = sorted(r.name.upper() for r in (*state.entries, *state.requests))
        fault = Fault(f"there is no preview of {issue} in {env}", nearest=nearest(str(issue), known))
        raise ConfigError(Reason.PREVIEW_NOT_FOUND, fault)
    if record.preview is None:
        raise ConfigError(Reason.UNREADABLE_ENTRY, record.faults)
    preview = record.preview
    manifests = committed_manifests(record)
    row = preview_row(preview, state.environment, now=ours.clock())
    objects = [{"wave": m.wave, "object": str(m.identity)} for m in manifests]
    data = {
        **describe(preview, state.environment, now=ours.clock()),
        "onBranch": record.snapshot.branch,
        "objects": objects,
    }
    emit(data, output, lambda console: _print(console, preview, row, manifests))


def _print(console: Console, preview: Preview, row: Row, manifests: list[Manifest]) -> None:
    from rich.table import Table
    from rich.text import Text

    spec = preview.spec
    console.print(Text.assemble((row.key, "bold"), f" in {row.environment}: ", row.lease))
    facts = {
        "url": row.url,
        "namespace": preview.key.namespace,
        "blueprint": f"{row.blueprint} on {row.compute}, shard {spec.shard}",
        "branch": spec.branch or "–",
        "asked by": f"{row.owner} at {spec.lease.requested_at}",
        "ends": f"{row.ends} ({row.left} left)" if row.ends else f"{row.left} after the merge",
        "price": money_line(row),
    }
    for name, value in facts.items():
        console.print(Text.assemble((f"  {name:<10}", "cyan"), printable(value)))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("COMPONENT", "REPLICAS", "CPU", "MEMORY", "PATH", "IMAGE"):
        table.add_column(name, overflow="fold")
    for name, c in spec.components.items():
        table.add_row(name, str(c.replicas), c.cpu, c.memory, c.path or "–", c.image)
    console.print(table)
    waves: dict[int, list[str]] = {}
    for manifest in manifests:
        waves.setdefault(manifest.wave, []).append(f"{manifest.kind}/{manifest.identity.name}")
    for wave, names in sorted(waves.items()):
        console.print(Text.assemble((f"  wave {wave:>3}  ", "cyan"), ", ".join(names)))
