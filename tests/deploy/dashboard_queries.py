"""Every query of the shipped dashboard, ready to be sent to a Prometheus."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

DASHBOARD = Path(__file__).parents[2] / "dashboards" / "netwatch-district.json"

EVERYTHING = {"district": ".*", "site": ".*", "device": ".*"}


class DashboardQuery(NamedTuple):
    panel: str
    ref: str
    expr: str
    """With the variables filled in."""
    template: str
    """As it stands in the file."""
    legend: str


def load() -> dict[str, Any]:
    return json.loads(DASHBOARD.read_text(encoding="utf-8"))


def queries(values: Mapping[str, str] = EVERYTHING) -> Iterator[DashboardQuery]:
    """All queries, each variable replaced by its value: a regular expression, as Grafana puts it in."""
    for panel in load()["panels"]:
        for target in panel.get("targets", ()):
            expr = target["expr"]
            for name, value in values.items():
                expr = expr.replace(f"${name}", value)
            assert "$" not in expr, expr
            yield DashboardQuery(
                panel["title"], target["refId"], expr, target["expr"], target["legendFormat"]
            )
