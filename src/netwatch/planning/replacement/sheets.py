"""The sheets behind the ranking: missing facts, the criteria as voted, reliability by model."""

from __future__ import annotations

from netwatch.model import (
    CriterionVoted,
    MissingFact,
    ModelReliability,
    ReplacementPlan,
    ReportColumn,
    ReportRow,
    Sheet,
    Show,
)

__all__ = ["criteria", "missing", "models"]


def missing(plan: ReplacementPlan) -> Sheet:
    """Which facts to look up first."""
    shortlist = f"the first {plan.shortlist}"
    columns = (
        ReportColumn("fact", "Missing fact", public=True),
        ReportColumn("assets", "Assets", Show.COUNT, "That lack it.", public=True),
        ReportColumn(
            "could_enter",
            f"Could enter {shortlist}",
            Show.COUNT,
            "If it brought them what it brings to nine in ten comparable assets, at the worst.",
            public=True,
        ),
        ReportColumn(
            "could_enter_at_worst",
            f"Could enter {shortlist} at the worst",
            Show.COUNT,
            "If it brought all the points that it can.",
            public=True,
        ),
        ReportColumn("points", "Points at most", Show.POINTS, "For any one asset.", public=True),
    )
    notes = (
        "The first rows are what to look up first: they could bring most other assets into the shortlist.",
        "Each row looks at one fact alone, all else and all others as they are.",
        "What is known of fewer than five comparable assets enters only at the worst.",
    )
    return Sheet("missing", "Missing facts", columns, tuple(map(_missing, plan.missing)), notes)


def _missing(one: MissingFact) -> ReportRow:
    cells = (one.fact, one.assets, one.could_enter, one.could_enter_at_worst, one.most)
    return ReportRow(one.fact, cells)


def criteria(plan: ReplacementPlan) -> Sheet:
    """The policy as voted: sentence and points."""
    columns = (
        ReportColumn("criterion", "Criterion", public=True),
        ReportColumn("part", "Part", help="Empty for the criterion as a whole.", public=True),
        ReportColumn("points", "Points at most", Show.COUNT, public=True),
        ReportColumn("sentence", "Why it counts", public=True),
    )
    voted = f"voted on {plan.voted_on} by {plan.voted_by}" if plan.voted_on else "not voted on"
    notes = (f"Policy “{plan.policy}”, {voted}.", "The points of all criteria are 100 together.")
    return Sheet("criteria", "Criteria", columns, tuple(map(_criterion, plan.criteria)), notes)


def _criterion(one: CriterionVoted) -> ReportRow:
    key = f"{one.criterion}.{one.part}" if one.part else one.criterion
    return ReportRow(key, (one.criterion, one.part.replace("_", " "), one.points, one.sentence))


def models(plan: ReplacementPlan) -> Sheet:
    """How often the models of this fleet fail."""
    columns = (
        ReportColumn("vendor", "Vendor", public=True),
        ReportColumn("model", "Model", public=True),
        ReportColumn("units", "Units", Show.COUNT, public=True),
        ReportColumn(
            "device_years",
            "Device-years",
            Show.NUMBER,
            "Watched, those of unfailed units included.",
            public=True,
        ),
        ReportColumn("failures", "Failures", Show.COUNT, public=True),
        ReportColumn(
            "rate", "Failures a year", Show.NUMBER, "Per device, drawn towards the fleet.", public=True
        ),
        ReportColumn("low", "From", Show.NUMBER, "90 % interval.", public=True),
        ReportColumn("high", "To", Show.NUMBER, "90 % interval.", public=True),
        ReportColumn("abstains", "Abstains", help="Why there is no rate.", public=True),
    )
    notes = (
        "A failure: a week in which a unit lost 15 minutes by its own fault, or a part that is failed now.",
        "Where too little was seen the rate is left unknown rather than guessed.",
    )
    return Sheet("models", "Reliability by model", columns, tuple(map(_model, plan.models)), notes)


def _model(one: ModelReliability) -> ReportRow:
    cells = (
        one.vendor,
        one.model,
        one.units,
        one.device_years,
        one.failures,
        one.rate,
        one.low,
        one.high,
        one.abstains,
    )
    unknown = ("failures of its model",) if one.rate is None else ()
    return ReportRow(f"{one.vendor} {one.model}".strip(), cells, unknown=unknown)
