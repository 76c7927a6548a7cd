"""`rtb-hub show`: one preview, whole."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from generator.errors import ConfigError, Reason
from generator.objects.manifest import Manifest
from generator.values.naming import IssueKey
from hub.actions.cluster_phases import phases, read_environment
from hub.commands.cluster_options import Options
from hub.output.console import Format, emit, printable
from hub.output.remedies import fault_line, words
from hub.views.phases import STYLES, phase_data
from hub.views.preview import describe, end_line, money_line, office_hours_line, preview_row
from hub.views.queue import describe_place, describe_queued, facts_of_queued, in_line, tell_facts
from hub.wiring import hub
from reconcilers.lifecycle.stop import preview_not_found
from reconcilers.state.environment import EnvironmentState, request_branch
from reconcilers.state.queue_files import QueuedRecord

if TYPE_CHECKING:
    from rich.console import Console

    from generator.model.entry import Preview
    from hub.views.preview import Row
    from reconcilers.health.phase import Phase


def run(key: str, env: str, *, repo: str | None, at: Options | None, output: Format) -> None:
    """Print one preview. Raises `ConfigError`: PreviewNotFound, or UnreadableEntry with every fault.

    With a cluster (`at`), neither is raised: what is there is told by its phase.
    """
    issue = IssueKey.parse(key)
    ours = hub()
    reader = ours.cluster(at.context, at.kubeconfig) if at else None  # before Git: a wrong name is told at once
    store = ours.store(repo)
    state = ours.read_state(store, env)
    record = state.entry(issue) or state.request(issue)
    waits = state.in_queue(issue)
    if record is None and waits is not None:
        _show_queued(state, waits, output)
        return
    phase = None
    if reader is not None:
        reading = read_environment(reader, state, preview=issue.namespace)
        _, told = phases(reader, reading, [issue.name], now=ours.clock(), always=True)
        phase = told[issue.name]
        if record is None or record.preview is None:
            _without_entry(issue, env, phase, output)
            return
    if record is None:
        raise preview_not_found(issue, state)
    if record.preview is None:
        raise ConfigError(Reason.UNREADABLE_ENTRY, record.faults)
    preview = record.preview
    manifests = state.manifests_of(record)
    row = preview_row(preview, state.environment, now=ours.clock())
    removal = request_branch(env, issue) if issue.name in state.removals else None
    objects = [{"wave": m.wave, "object": str(m.identity)} for m in manifests]
    data = {
        **describe(preview, state.environment, now=ours.clock()),
        "onBranch": record.snapshot.branch,
        "removalRequested": removal is not None,
        "objects": objects,
        **(phase_data(phase) if phase else {}),
    }
    hours = office_hours_line(state.environment) if preview.spec.lease.office_hours else None

    def tell(console: Console) -> None:
        _print(console, preview, row, manifests, phase=phase, removal=removal, hours=hours)

    emit(data, output, tell)


def _show_queued(state: EnvironmentState, record: QueuedRecord, output: Format) -> None:
    """Tell of a request that waits for room. Raises `ConfigError` (UnreadableEntry) when its file cannot be read."""
    queued = record.queued
    if queued is None:
        raise ConfigError(Reason.UNREADABLE_ENTRY, record.faults)
    place = next((one for one in in_line(state) if one.queued.key == queued.key), None)
    if place is not None:
        data, words, why = describe_place(place), f" is {place.where}", place.why
    else:  # set aside by today's policy
        why = [fault_line(fault) for one in state.queue.set_aside if one.name == record.name for fault in one.faults]
        data = {**describe_queued(queued), "position": None, "length": len(state.queue.waiting), "held": why}
        words = f" in {state.environment.name} cannot start"

    def tell(console: Console) -> None:
        from rich.text import Text

        console.print(Text.assemble((queued.spec.issue, "bold"), words))
        tell_facts(console, chain((("waits", text) for text in why), facts_of_queued(queued)))

    emit(data, output, tell)


def _without_entry(issue: IssueKey, env: str, phase: Phase, output: Format) -> None:
    """Tell of a preview that has no readable entry, by what the cluster has of it."""
    data = {"issue": str(issue), "environment": env, "namespace": issue.namespace, **phase_data(phase)}
    emit(data, output, lambda console: _tell_phase(console, str(issue), env, phase))


def _tell_phase(console: Console, key: str, env: str, phase: Phase) -> None:
    from rich.text import Text

    console.print(Text.assemble((key, "bold"), f" in {env}: ", (phase.name, STYLES[phase.name])))
    for name, text in (("cause", phase.cause), ("to do", words(phase.remedy))):
        if text:
            console.print(Text.assemble((f"  {name:<10}", "cyan"), printable(text)))


def _print(  # noqa: PLR0913 - all that is shown
    console: Console,
    preview: Preview,
    row: Row,
    manifests: tuple[Manifest, ...],
    *,
    phase: Phase | None,
    removal: str | None,
    hours: str | None,
) -> None:
    from rich.table import Table
    from rich.text import Text

    spec = preview.spec
    if phase is None:
        console.print(Text.assemble((row.key, "bold"), f" in {row.environment}: ", row.lease))
    else:
        _tell_phase(console, row.key, row.environment, phase)
    facts = {
        "url": row.url,
        "namespace": preview.key.namespace,
        "blueprint": f"{row.blueprint} on {row.compute}, shard {spec.shard}",
        "branch": spec.branch or "–",
        "asked by": f"{row.owner} at {spec.lease.requested_at}",
        "ends": end_line(row),
        **({"counts": f"office hours only: {hours}"} if hours else {}),
        "price": money_line(row),
        **({"removal": f"requested on {removal}; it goes when that is merged"} if removal else {}),
    }
    for name, value in facts.items():
        console.print(Text.assemble((f"  {name:<10}", "cyan"), printable(value)))
    for one in spec.lease.extensions:
        told = f"by {one.by} at {one.at} for {one.requested_by}" + (f": {one.reason}" if one.reason else "")
        console.print(Text.assemble(("  extended  ", "cyan"), printable(told)))
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
