"""The replacement list for a terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from netwatch.export.replacements import CRITERIA, reasons
from netwatch.model import ReplacementPlan

__all__ = ["replacements_table"]

_SHORT = {"saturation": "full", "consequence": "others"}


def replacements_table(plan: ReplacementPlan, limit: int | None = None) -> Table:
    """The first `limit` assets (None: all): points per criterion, reasons, and how many facts are unknown."""
    shown = plan.assets if limit is None else plan.assets[:limit]
    rest = len(plan.assets) - len(shown)
    notes = [f"policy: {plan.policy}", "every point is opened by --format json"]
    if plan.simulated:
        notes.insert(0, "SIMULATED history went into this list")
    if rest:
        notes.append(f"{rest} more")
    table = Table(
        title="What to replace first", show_lines=True, caption=Text(" · ".join(notes)), pad_edge=False
    )
    table.add_column("#", justify="right")
    table.add_column("score", justify="right", style="bold")
    table.add_column("name", overflow="fold", min_width=12)
    table.add_column("school", overflow="fold")
    table.add_column("model", overflow="fold")
    for name in CRITERIA:
        table.add_column(_SHORT.get(name, name), justify="right")
    table.add_column("why", overflow="fold", ratio=1)
    table.add_column("unknown", justify="right")
    for asset in shown:
        points = {one.name: one.points for one in asset.contributions}
        cells = [
            str(asset.rank),
            f"{asset.score:.1f}",
            asset.name,
            asset.school,
            " ".join(part for part in (asset.vendor, asset.model) if part) or asset.kind,
            *(f"{points.get(name, 0.0):.1f}" for name in CRITERIA),
            "\n".join(reasons(asset)[:3]),
            str(len(asset.unknown)) if asset.unknown else "",
        ]
        table.add_row(*(Text(cell) for cell in cells))
    return table
