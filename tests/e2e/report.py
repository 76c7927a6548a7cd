"""What the run measured: figures by name, and the tables it ends with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

from rich.console import Console
from rich.table import Table


@dataclass
class Report:
    """Outcomes of scenarios (words → outcome, seconds), figures (name → samples), and what was seen (name → text)."""

    outcomes: dict[str, tuple[str, float]] = field(default_factory=dict)
    figures: dict[str, list[float]] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)

    def add(self, figure: str, *seconds: float) -> None:
        """Keep samples of a figure, in seconds."""
        self.figures.setdefault(figure, []).extend(seconds)

    def print(self, console: Console) -> None:
        """Each scenario with its outcome and time; each figure with its samples; the facts."""
        scenarios = Table("scenario", "outcome", "s", title="Scenarios on the real control plane", title_justify="left")
        colours: Mapping[str, str] = {"passed": "green", "failed": "red"}
        for name, (outcome, seconds) in self.outcomes.items():
            scenarios.add_row(name, f"[{colours.get(outcome, 'yellow')}]{outcome}", f"{seconds:.1f}")
        figures = Table("figure", "n", "median s", "least", "most", title="Figures", title_justify="left")
        for name, samples in self.figures.items():
            numbers = (f"{value:.1f}" for value in (median(samples), min(samples), max(samples)))
            figures.add_row(name, str(len(samples)), *numbers)
        for table in (scenarios, figures):
            for column in table.columns[1:]:
                column.justify = "right"
            if table.rows:
                console.print(table)
        for name, text in self.facts.items():
            console.print(f"{name}: [bold]{text}")
        passed = sum(outcome == "passed" for outcome, _ in self.outcomes.values())
        console.print(f"{passed} of {len(self.outcomes)} scenarios passed")
