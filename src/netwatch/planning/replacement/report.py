"""The replacement list as a report."""

from __future__ import annotations

from netwatch.model import (
    Contribution,
    RankedAsset,
    ReplacementPlan,
    Report,
    ReportColumn,
    ReportRow,
    Sheet,
    Show,
)

__all__ = ["report"]

_FIRST = (
    ReportColumn("rank", "Rank", Show.COUNT, "Equal scores share a rank.", public=True),
    ReportColumn("score", "Score", Show.POINTS, "0 to 100, the sum of the criteria.", public=True),
    ReportColumn("name", "Asset"),
    ReportColumn("school", "School", public=True),
    ReportColumn("place", "Place"),
    ReportColumn("kind", "Kind", public=True),
    ReportColumn("vendor", "Vendor", public=True),
    ReportColumn("model", "Model", public=True),
    ReportColumn("serial", "Serial number"),
)
_LAST = (
    ReportColumn("reasons", "Reasons", help="What each criterion gave its points for, the weightiest first."),
    ReportColumn(
        "unknown", "Unknown", help="Facts that are missing and would change the score.", public=True
    ),
    ReportColumn("device", "Device id"),
)


def report(plan: ReplacementPlan) -> Report:
    """One row per asset; the evidence of each criterion is that of its column."""
    criteria = tuple(dict.fromkeys(one.name for asset in plan.assets for one in asset.contributions))
    points = (ReportColumn(name, name.capitalize(), Show.POINTS, public=True) for name in criteria)
    rows = tuple(_row(asset, criteria) for asset in plan.assets)
    sheet = Sheet("ranking", "What to replace first", (*_FIRST, *points, *_LAST), rows)
    return Report(
        "replacements",
        "Replacement priority",
        plan.at,
        (sheet,),
        policy=plan.policy,
        simulated=plan.simulated,
    )


def _row(asset: RankedAsset, criteria: tuple[str, ...]) -> ReportRow:
    given = {one.name: one for one in asset.contributions}
    cells = (
        asset.rank,
        asset.score,
        asset.name,
        asset.school,
        asset.place,
        asset.kind,
        asset.vendor,
        asset.model,
        asset.serial,
        *(given[name].points if name in given else None for name in criteria),
        "; ".join(_reasons(asset.contributions)),
        "; ".join(asset.unknown),
        asset.device,
    )
    evidence = {one.name: one.evidence for one in asset.contributions if one.evidence}
    return ReportRow(asset.serial or asset.device or asset.name, cells, evidence, asset.unknown)


def _reasons(contributions: tuple[Contribution, ...]) -> list[str]:
    given = sorted((one for one in contributions if one.points > 0), key=lambda one: -one.points)
    return [f"{one.name}: {one.evidence[0].text}" if one.evidence else one.name for one in given]
