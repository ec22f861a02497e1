"""The replacement list for a terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from netwatch.export.replacements import CRITERIA, reasons
from netwatch.model import ReplacementPlan

__all__ = ["replacements_table"]


def replacements_table(plan: ReplacementPlan, limit: int | None = None) -> Table:
    """The first `limit` assets (None: all) with their points per criterion and the reasons for them."""
    shown = plan.assets if limit is None else plan.assets[:limit]
    rest = len(plan.assets) - len(shown)
    notes = [f"policy: {plan.policy}"]
    if plan.simulated:
        notes.insert(0, "SIMULATED history went into this list")
    if rest:
        notes.append(f"{rest} more")
    table = Table(title="What to replace first", caption=Text(" · ".join(notes)), pad_edge=False)
    table.add_column("#", justify="right")
    table.add_column("score", justify="right", style="bold")
    table.add_column("name", overflow="fold", min_width=12)
    table.add_column("school", overflow="fold")
    table.add_column("model", overflow="fold")
    for name in CRITERIA:
        table.add_column(name, justify="right")
    table.add_column("why", overflow="fold", ratio=1)
    for asset in shown:
        points = {one.name: one.points for one in asset.contributions}
        cells = [
            str(asset.rank),
            f"{asset.score:.1f}",
            asset.name,
            asset.school,
            " ".join(part for part in (asset.vendor, asset.model) if part) or asset.kind,
            *(f"{points.get(name, 0.0):.1f}" for name in CRITERIA),
            _why(reasons(asset), asset.unknown),
        ]
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _why(given: list[str], unknown: tuple[str, ...]) -> str:
    told = "\n".join(given[:3])
    missing = f"unknown: {', '.join(unknown)}" if unknown else ""
    return "\n".join(part for part in (told, missing) if part)
