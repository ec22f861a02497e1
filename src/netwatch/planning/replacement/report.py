"""The replacement list as a report."""

from __future__ import annotations

from netwatch.model import (
    Contribution,
    EvidenceItem,
    FactPrice,
    RankedAsset,
    ReplacementPlan,
    Report,
    ReportColumn,
    ReportRow,
    Sheet,
    Show,
)
from netwatch.planning.replacement.sheets import criteria, missing, models

__all__ = ["report"]

_RANK_HELP = "Under any weights of the criteria within the policy's range."
_FIRST = (
    ReportColumn("rank", "Rank", Show.COUNT, "Equal scores share a rank.", public=True),
    ReportColumn("rank_low", "Lowest rank", Show.COUNT, _RANK_HELP, public=True),
    ReportColumn("rank_high", "Highest rank", Show.COUNT, _RANK_HELP, public=True),
    ReportColumn(
        "score",
        "Score",
        Show.POINTS,
        "0 to 100, the sum of the criteria.",
        public=True,
        metric="netwatch_plan_replacement_score",
    ),
    ReportColumn(
        "score_at_most",
        "At most",
        Show.POINTS,
        "If everything unknown were as bad as it can be.",
        public=True,
    ),
    ReportColumn("name", "Asset"),
    ReportColumn("school", "School", public=True),
    ReportColumn("place", "Place"),
    ReportColumn("kind", "Kind", public=True),
    ReportColumn("vendor", "Vendor", public=True),
    ReportColumn("model", "Model", public=True),
    ReportColumn("serial", "Serial number"),
)
_LAST = (
    ReportColumn("reasons", "Reasons", help="What gave the points, the weightiest first."),
    ReportColumn(
        "alternatives", "Instead of buying", help="What could be done instead; open it for evidence."
    ),
    ReportColumn(
        "unknown", "Unknown", help="Facts that are missing and would change the score.", public=True
    ),
    ReportColumn("override", "Override", help="Who pinned or excluded it, when and why."),
    ReportColumn("device", "Device id", aside=True),
)
_MOST_TOLD = 6


def report(plan: ReplacementPlan) -> Report:
    """Sheets: the ranking; missing facts; overrides; the criteria as voted; reliability by model. In the
    ranking the evidence of each criterion is that of its column."""
    names = tuple(
        dict.fromkeys(one.name for asset in (*plan.assets, *plan.excluded) for one in asset.contributions)
    )
    points = (ReportColumn(name, name.capitalize(), Show.POINTS, public=True) for name in names)
    columns = (*_FIRST, *points, *_LAST)
    ranking = Sheet(
        "ranking",
        "What to replace first",
        columns,
        tuple(_row(one, names) for one in plan.assets),
        _notes(plan),
    )
    overridden = [*(one for one in plan.assets if one.override), *plan.excluded]
    overrides = Sheet(
        "overrides",
        "Decided by people",
        columns,
        tuple(_row(one, names) for one in overridden),
        ("An excluded asset stands here only, with the rank that it would have.", *plan.warnings),
    )
    return Report(
        "replacements",
        "Replacement priority",
        plan.at,
        (ranking, missing(plan), overrides, criteria(plan), models(plan)),
        policy=plan.policy,
        simulated=plan.simulated,
    )


def _notes(plan: ReplacementPlan) -> tuple[str, ...]:
    notes = [
        "Unknown facts earn no points and are never counted as good; `At most` is the score if all were bad."
    ]
    if plan.excluded:
        notes.append(f"{len(plan.excluded)} excluded: see the sheet of overrides.")
    return (*notes, *plan.warnings)


def _row(asset: RankedAsset, criteria_names: tuple[str, ...]) -> ReportRow:
    given = {one.name: one for one in asset.contributions}
    cells = (
        asset.rank,
        asset.rank_low or None,
        asset.rank_high or None,
        asset.score,
        asset.score_at_most,
        asset.name,
        asset.school,
        asset.place,
        asset.kind,
        asset.vendor,
        asset.model,
        asset.serial,
        *(given[name].points if name in given else None for name in criteria_names),
        "; ".join(_reasons(asset.contributions)),
        "; ".join(f"{one.kind}: {one.text}" for one in asset.alternatives),
        "; ".join(asset.unknown),
        asset.override,
        asset.device,
    )
    evidence = {one.name: one.evidence for one in asset.contributions if one.evidence}
    prices = tuple(_price(one) for one in asset.prices[:_MOST_TOLD])
    if prices:
        evidence["unknown"] = prices
    instead = tuple(item for one in asset.alternatives for item in one.evidence)
    if instead:
        evidence["alternatives"] = instead
    return ReportRow(asset.serial or asset.device or asset.name, cells, evidence, asset.unknown)


def _price(one: FactPrice) -> EvidenceItem:
    text = f"{one.fact}: up to {one.most:g} points more, then rank {one.rank_most}"
    if one.plausible is not None:
        low, high = one.plausible
        text += f"; plausibly {low:g} to {high:g}, rank {one.rank_plausible}"
    return EvidenceItem(text, "comparable assets" if one.plausible else "policy", one.most, "points")


def _reasons(contributions: tuple[Contribution, ...]) -> list[str]:
    """By part: what failed must not hide behind an age that gave more to the same criterion."""
    parts = [part for one in contributions for part in one.parts or (one,) if part.points > 0]
    given = sorted(parts, key=lambda part: -part.points)[:_MOST_TOLD]
    return [
        f"{one.name.replace('_', ' ')}: {one.evidence[0].text}" if one.evidence else one.name for one in given
    ]
