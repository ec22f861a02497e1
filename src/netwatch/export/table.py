"""The replacement list for a terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from netwatch.export.replacements import reasons
from netwatch.model import RankedAsset, ReplacementPlan

__all__ = ["replacements_table"]


def replacements_table(plan: ReplacementPlan, limit: int | None = None) -> Table:
    """The first `limit` assets (None: all): what each is and where, and what gave its points, the most first.
    Reads well in 80 columns."""
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
    table.add_column("asset", overflow="fold", min_width=18, max_width=34)
    table.add_column("points and what for", overflow="fold", ratio=1)
    for asset in shown:
        cells = [str(asset.rank), f"{asset.score:.1f}", _asset(asset), _why(asset)]
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _asset(asset: RankedAsset) -> str:
    model = " ".join(part for part in (asset.vendor, asset.model) if part) or asset.kind
    return "\n".join(line for line in (asset.name, model, asset.school) if line)


def _why(asset: RankedAsset) -> str:
    given = sorted((one.points for one in asset.contributions if one.points > 0), reverse=True)
    lines = [f"{points:4.1f} {reason}" for points, reason in zip(given, reasons(asset), strict=True)]
    if asset.unknown:
        lines.append(f"unknown: {', '.join(asset.unknown)}")
    return "\n".join(lines)
