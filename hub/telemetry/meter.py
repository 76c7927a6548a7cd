"""Figures for Prometheus, in a registry that is handed in: nothing here belongs to the process."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from hub import __version__
from hub.telemetry.metrics import BUILD_INFO, METRICS, MOST_ENVIRONMENTS, OTHER, Label, Metric


class PrometheusMeter:
    """A `Meter`. All metrics are made at once, so that a figure that is still zero can be seen."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._made: dict[str, Counter | Gauge | Histogram] = {one.name: _made(one, registry) for one in METRICS}
        self._known: dict[str, set[str]] = {}
        self._lock = threading.Lock()
        self.put(BUILD_INFO, 1, {"version": __version__})

    def add(self, metric: Metric, by: float, labels: Mapping[str, str]) -> None:
        """Count up. Raises `ValueError` for labels that the metric does not have."""
        series = self._series(metric, labels)
        assert isinstance(series, Counter)  # noqa: S101 - `_made` makes what `metric.kind` says
        series.inc(by)

    def put(self, metric: Metric, value: float, labels: Mapping[str, str]) -> None:
        """Say how much it is now. Raises `ValueError` for labels that the metric does not have."""
        series = self._series(metric, labels)
        assert isinstance(series, Gauge)  # noqa: S101
        series.set(value)

    def observe(self, metric: Metric, value: float, labels: Mapping[str, str]) -> None:
        """Note one of many values. Raises `ValueError` for labels that the metric does not have."""
        series = self._series(metric, labels)
        assert isinstance(series, Histogram)  # noqa: S101
        series.observe(value)

    def _series(self, metric: Metric, labels: Mapping[str, str]) -> Counter | Gauge | Histogram:
        made = self._made[metric.name]
        bounded = {label.name: self._bounded(label, labels[label.name]) for label in metric.labels}
        if bounded.keys() != labels.keys():
            raise ValueError(f"{metric.name} has no labels {sorted(labels.keys() - bounded.keys())}")
        return made.labels(**bounded) if bounded else made

    def _bounded(self, label: Label, value: str) -> str:
        if label.values is not None:
            return value if value in label.values else OTHER
        with self._lock:
            known = self._known.setdefault(label.name, set())
            if value not in known:
                if len(known) >= MOST_ENVIRONMENTS or not re.fullmatch(label.pattern, value):
                    return OTHER
                known.add(value)
        return value


def _made(metric: Metric, registry: CollectorRegistry) -> Counter | Gauge | Histogram:
    names = [label.name for label in metric.labels]
    if metric.kind == "counter":
        return Counter(metric.name, metric.meaning, names, registry=registry)
    if metric.kind == "gauge":
        return Gauge(metric.name, metric.meaning, names, registry=registry)
    return Histogram(metric.name, metric.meaning, names, registry=registry, buckets=metric.bounds)
