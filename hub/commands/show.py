"""`rtb-hub show`: one preview, whole."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from generator.values.naming import IssueKey
from hub.actions.show import Shown, ShownPreview, ShownQueued, ShownRemains, show
from hub.commands.cluster_options import Options
from hub.output.console import Format, emit, printable
from hub.output.remedies import fault_line, words
from hub.views.phases import STYLES, phase_data
from hub.views.preview import describe, end_line, money_line, office_hours_line, preview_row
from hub.views.queue import describe_place, describe_queued, facts_of_queued, tell_facts
from hub.wiring import hub

if TYPE_CHECKING:
    from rich.console import Console

    from generator.model.entry import Preview
    from generator.objects.manifest import Manifest
    from hub.views.preview import Row
    from reconcilers.health.phase import Phase


def run(key: str, env: str, *, repo: str | None, at: Options | None, output: Format) -> None:
    """Print one preview. Raises `ConfigError`: PreviewNotFound, or UnreadableEntry with every fault.

    With a cluster (`at`), neither is raised: what is there is told by its phase.
    """
    issue = IssueKey.parse(key)
    ours = hub()
    cluster = ours.cluster(at.context, at.kubeconfig) if at else None  # before Git: a wrong name is told at once
    shown = show(issue, env, repository=ours.repository(repo), cluster=cluster, clock=ours.clock)
    emit(shown_data(shown), output, lambda console: tell(console, shown))


def shown_data(shown: Shown) -> dict[str, Any]:
    """What there is of a preview, for machines."""
    match shown:
        case ShownPreview():
            return _data(shown)
        case ShownQueued():
            return _queued_data(shown)
        case ShownRemains(key, environment, phase):
            return {"issue": str(key), "environment": environment, "namespace": key.namespace, **phase_data(phase)}


def tell(console: Console, shown: Shown) -> None:
    """What there is of a preview, for people."""
    match shown:
        case ShownPreview():
            _print(console, shown)
        case ShownQueued():
            _tell_queued(console, shown)
        case ShownRemains(key, environment, phase):
            _tell_phase(console, str(key), environment, phase)


def _data(shown: ShownPreview) -> dict[str, Any]:
    return {
        **describe(shown.preview, shown.environment, now=shown.at),
        "onBranch": shown.branch,
        "removalRequested": shown.removal is not None,
        "objects": [{"wave": m.wave_or_0, "object": str(m.identity)} for m in shown.manifests],
        **(phase_data(shown.phase) if shown.phase else {}),
    }


def _queued_data(shown: ShownQueued) -> dict[str, Any]:
    if shown.place is not None:
        return describe_place(shown.place)
    held = [fault_line(fault) for fault in shown.faults]
    return {**describe_queued(shown.queued), "position": None, "length": shown.length, "held": held}


def _tell_queued(console: Console, shown: ShownQueued) -> None:
    """Tell of a request that waits for room, or that today's policy sets aside."""
    from rich.text import Text

    queued, place = shown.queued, shown.place
    said = f" is {place.where}" if place else f" in {queued.spec.environment} cannot start"
    why = place.why if place else [fault_line(fault) for fault in shown.faults]
    console.print(Text.assemble((queued.spec.issue, "bold"), said))
    tell_facts(console, chain((("waits", text) for text in why), facts_of_queued(queued)))


def _tell_phase(console: Console, key: str, env: str, phase: Phase) -> None:
    from rich.text import Text

    console.print(Text.assemble((key, "bold"), f" in {env}: ", (phase.name, STYLES[phase.name])))
    for name, text in (("cause", phase.cause), ("to do", words(phase.remedy))):
        if text:
            console.print(Text.assemble((f"  {name:<10}", "cyan"), printable(text)))


def _print(console: Console, shown: ShownPreview) -> None:
    from rich.text import Text

    preview = shown.preview
    row = preview_row(preview, shown.environment, now=shown.at)
    if shown.phase is None:
        console.print(Text.assemble((row.key, "bold"), f" in {row.environment}: ", row.lease))
    else:
        _tell_phase(console, row.key, row.environment, shown.phase)
    tell_facts(console, iter(_facts(shown, row).items()))
    for one in preview.spec.lease.extensions:
        told = f"by {one.by} at {one.at} for {one.requested_by}" + (f": {one.reason}" if one.reason else "")
        console.print(Text.assemble(("  extended  ", "cyan"), printable(told)))
    _print_components(console, preview)
    _print_waves(console, shown.manifests)


def _facts(shown: ShownPreview, row: Row) -> dict[str, str]:
    preview, spec = shown.preview, shown.preview.spec
    hours = office_hours_line(shown.environment) if spec.lease.office_hours else None
    return {
        "url": row.url,
        "namespace": preview.key.namespace,
        "blueprint": f"{row.blueprint} on {row.compute}, shard {spec.shard}",
        "branch": spec.branch or "–",
        "asked by": f"{row.owner} at {spec.lease.requested_at}",
        "ends": end_line(row),
        **({"counts": f"office hours only: {hours}"} if hours else {}),
        "price": money_line(row),
        **({"removal": f"requested on {shown.removal}; it is deleted when that is merged"} if shown.removal else {}),
    }


def _print_components(console: Console, preview: Preview) -> None:
    from hub.output.columns import tell_table

    headings = ("COMPONENT", "REPLICAS", "CPU", "MEMORY", "PATH", "IMAGE")
    components = preview.spec.components.items()
    rows = [(name, str(c.replicas), c.cpu, c.memory, c.path or "–", c.image) for name, c in components]
    tell_table(console, headings, rows)


def _print_waves(console: Console, manifests: tuple[Manifest, ...]) -> None:
    from rich.text import Text

    waves: dict[int, list[str]] = {}
    for manifest in manifests:
        waves.setdefault(manifest.wave_or_0, []).append(f"{manifest.kind}/{manifest.identity.name}")
    for wave, names in sorted(waves.items()):
        console.print(Text.assemble((f"  wave {wave:>3}  ", "cyan"), ", ".join(names)))
