"""Makes docs/dashboards/previews.json: Grafana's dashboard of previews, by the figures in hub/telemetry/metrics.py.

`--check` changes nothing, and fails when the file is not what it would make.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "docs" / "dashboards" / "previews.json"
_WHERE = 'environment=~"$environment"'


def _rate(metric: str, by: str) -> str:
    return f"sum by ({by}) (rate({metric}[5m]))"


def _quantile(metric: str, share: float) -> str:
    return f"histogram_quantile({share}, sum by (le, environment) (rate({metric}_bucket{{{_WHERE}}}[1h])))"


def _now(metric: str, by: str, how: str = "sum") -> dict[str, str]:
    return {f"{{{{{by}}}}}": f"{how} by ({by}) ({metric}{{{_WHERE}}})"}


def _previews(metric: str, by: str, *labels: str) -> dict[str, str]:
    """A number of previews, which each replica that looks at a cluster tells."""
    once = f"max by ({', '.join(dict.fromkeys(('environment', by, *labels)))}) ({metric}{{{_WHERE}}})"
    return {f"{{{{{by}}}}}": f"sum by ({by}) ({once})"}


def _quantiles(metric: str) -> dict[str, str]:
    return {f"p{share * 100:.0f} {{{{environment}}}}": _quantile(metric, share) for share in (0.5, 0.95)}


_CALLS = 'sum by (outcome) (rate(rtb_hub_http_calls_total{target="kubernetes"}[5m]))'
_AGE = f"time() - max by (environment) (rtb_hub_last_observation_timestamp_seconds{{{_WHERE}}})"
#: Title, unit of Grafana, and by legend the expression.
PANELS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("Previews by phase", "short", _previews("rtb_hub_phase_previews", "phase")),
    ("Causes by whose job it is", "short", _previews("rtb_hub_cause_previews", "audience", "layer")),
    ("Causes by layer", "short", _previews("rtb_hub_cause_previews", "layer", "audience")),
    ("Time to URL", "s", _quantiles("rtb_hub_start_seconds")),
    ("From due to gone", "s", _quantiles("rtb_hub_gone_seconds")),
    ("Longest stuck", "s", _now("rtb_hub_oldest_stuck_seconds", "environment", "max")),
    ("Longest beyond its lease", "s", _now("rtb_hub_expiry_lag_seconds", "environment", "max")),
    ("Causes that no rule knows", "short", _now("rtb_hub_unclassified_previews", "environment", "max")),
    ("ApplicationSet stopped", "short", _now("rtb_hub_set_stopped", "environment", "max")),
    ("Age of what is known of clusters", "s", {"{{environment}}": _AGE}),
    ("Calls to clusters", "reqps", {"{{outcome}}": _CALLS}),
    ("Queued requests", "short", _now("rtb_hub_queued_requests", "environment")),
    ("Actions", "ops", {"{{action}}": _rate("rtb_hub_actions_total", "action")}),
    ("Refusals", "ops", {"{{reason}}": _rate("rtb_hub_refusals_total", "reason")}),
)


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana imports it (schema 39): two panels a row."""
    source = {"type": "prometheus", "uid": "${source}"}
    panels = [
        {
            "id": number + 1,
            "type": "timeseries",
            "title": title,
            "datasource": source,
            "gridPos": {"h": 8, "w": 12, "x": 12 * (number % 2), "y": 8 * (number // 2)},
            "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
            "targets": [
                {"refId": chr(ord("A") + place), "expr": expr, "legendFormat": legend, "datasource": source}
                for place, (legend, expr) in enumerate(targets.items())
            ],
        }
        for number, (title, unit, targets) in enumerate(PANELS)
    ]
    environments = "label_values(rtb_hub_phase_previews, environment)"
    variables = [
        {"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"},
        {
            "name": "environment",
            "type": "query",
            "datasource": source,
            "query": environments,
            "multi": True,
            "includeAll": True,
            "refresh": 2,
        },
    ]
    return {
        "uid": "rtb-hub-previews",
        "title": "Previews",
        "schemaVersion": 39,
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {"list": variables},
        "panels": panels,
    }


def text() -> str:
    """The file's content."""
    return json.dumps(dashboard(), indent=2) + "\n"


def main() -> None:
    """Write the file, or compare with it."""
    if "--check" not in sys.argv[1:]:
        FILE.parent.mkdir(parents=True, exist_ok=True)
        FILE.write_text(text(), encoding="utf-8")
    elif FILE.read_text(encoding="utf-8") != text():
        sys.exit(f"{FILE} is not what {Path(__file__).name} makes")


if __name__ == "__main__":
    main()
