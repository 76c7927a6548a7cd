"""A telemetry that remembers what it was told."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry

from hub.telemetry.events import Event, Level
from hub.telemetry.meter import PrometheusMeter
from hub.telemetry.metrics import Metric
from hub.telemetry.telemetry import Telemetry


@dataclass
class Told:
    """A log of everything, and a real meter. `telemetry` tells both; reconcile ids are r1, r2, …; `about` adds to each event."""

    events: list[dict[str, Any]] = field(default_factory=list)
    meter: PrometheusMeter = field(default_factory=lambda: PrometheusMeter(CollectorRegistry()))
    about: Callable[[], dict[str, Any]] = dict

    def __post_init__(self) -> None:
        numbers = itertools.count(1)
        self.telemetry = Telemetry(self, self.meter, new_id=lambda: f"r{next(numbers)}")

    def is_told(self, level: Level) -> bool:
        return True

    def tell(self, name: str, level: Level, about: Mapping[str, object], error: BaseException | None) -> None:
        self.events.append(
            {"event": name, "level": level, **about, **self.about(), **({"error": error} if error else {})}
        )

    def of(self, event: Event) -> list[dict[str, Any]]:
        return [one for one in self.events if one["event"] == event.name]

    def figure(self, metric: Metric, **labels: str) -> float | None:
        """Its value now; of a histogram how many were observed; None: there is no such series."""
        name = f"{metric.name}_count" if metric.kind == "histogram" else metric.name
        return self.meter.registry.get_sample_value(name, labels)

    def series(self, metric: Metric) -> list[dict[str, str]]:
        """The labels of all series of a metric that there are."""
        names = {metric.name, f"{metric.name}_count"}
        found = self.meter.registry.collect()
        return [sample.labels for one in found for sample in one.samples if sample.name in names]
