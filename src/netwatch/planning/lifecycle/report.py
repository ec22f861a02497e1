"""What makers announced of the fleet, as a report that says what to look up first."""

from __future__ import annotations

from datetime import date

from netwatch.model import EvidenceItem, Report, ReportColumn, ReportRow, Sheet, Show
from netwatch.planning.lifecycle.facts import Milestone, MilestoneKind
from netwatch.planning.lifecycle.fleet import Fleet, ModelLine, SoftwareLine

__all__ = ["lifecycle_report"]

_TITLES = {
    MilestoneKind.ANNOUNCED: "Announced",
    MilestoneKind.END_OF_SALE: "End of sale",
    MilestoneKind.END_OF_SOFTWARE_MAINTENANCE: "End of software maintenance",
    MilestoneKind.END_OF_SECURITY_FIXES: "End of security fixes",
    MilestoneKind.LAST_CONTRACT_RENEWAL: "Last contract renewal",
    MilestoneKind.LAST_DAY_OF_SUPPORT: "Last day of support",
}
_MODEL = (
    ReportColumn("vendor", "Vendor", public=True),
    ReportColumn("model", "Model", public=True),
    ReportColumn("kind", "Kind", public=True),
    ReportColumn("assets", "In use", Show.COUNT, public=True),
    ReportColumn("spares", "Spares", Show.COUNT, public=True),
    ReportColumn("age", "Mean age", Show.YEARS, "Of those whose installation is known.", public=True),
    ReportColumn("oldest", "Oldest installed", Show.DATE, public=True),
    ReportColumn(
        "undated", "Without date", Show.COUNT, "In use, and nobody entered since when.", public=True
    ),
)
_NOTES = (
    "Empty: nobody looked it up, or nothing was announced. Neither means that a model is supported.",
    "Order: what there is most of first, then what is oldest: a missing date there is missed most.",
)
_FLAW_NOTES = (
    "A catalogue of exploited flaws names products, seldom versions: an empty cell means that the maker's "
    "bulletin has to be read. Nothing here says that a device is safe.",
)


def lifecycle_report(fleet: Fleet) -> Report:
    """Sheets: each model, what to look up, software in use, exploited flaws."""
    milestones = tuple(
        ReportColumn(kind.value, title, Show.DATE, public=True) for kind, title in _TITLES.items()
    )
    models = Sheet(
        "models",
        "Milestones of each model",
        (
            *_MODEL,
            *milestones,
            ReportColumn("known", "Known", Show.YES, "Whether any date is known.", public=True),
            ReportColumn("confidence", "Confidence", help="The lowest of its dates.", public=True),
            ReportColumn("checked_on", "Checked on", Show.DATE, "The day of the oldest check.", public=True),
            ReportColumn("source", "Source", public=True),
            ReportColumn("flaws", "Exploited flaws", Show.COUNT, "Flaws that it may have."),
        ),
        tuple(_model(one) for one in fleet.models),
        _NOTES,
    )
    unknown = tuple(_unknown(one) for one in fleet.models if not one.milestones)
    notes = (f"Without a model, and so in no line: {fleet.nameless}.",) if fleet.nameless else ()
    look_up = Sheet("look-up", "What to look up first", _MODEL, unknown, notes)
    return Report(
        "lifecycle", "Lifecycle of the fleet", fleet.at, (models, look_up, _software(fleet), _flaws(fleet))
    )


def _head(one: ModelLine) -> tuple[str | int | float | None, ...]:
    return (one.vendor or None, one.model, ", ".join(one.kinds) or None, one.assets, one.spares, one.years)


def _model(one: ModelLine) -> ReportRow:
    weakest = max((fact.confidence for fact in one.milestones), key=_doubt, default=None)
    cells = (
        *_head(one),
        one.oldest,
        one.undated,
        *(one.on(kind) for kind in _TITLES),
        bool(one.milestones),
        weakest,
        min((fact.checked_on for fact in one.milestones), default=None),
        "; ".join(dict.fromkeys(_source(fact) for fact in one.milestones)) or None,
        one.flaws,
    )
    evidence = {fact.milestone.value: (_item(fact),) for fact in one.milestones}
    missing = [] if one.milestones else ["support dates"]
    if one.undated:
        missing.append("installed")
    if one.flaws is None:
        missing.append("exploited flaws")
    return ReportRow(_key(one.vendor, one.model), cells, evidence, tuple(missing))


def _unknown(one: ModelLine) -> ReportRow:
    return ReportRow(
        _key(one.vendor, one.model), (*_head(one), one.oldest, one.undated), unknown=("support dates",)
    )


def _software(fleet: Fleet) -> Sheet:
    columns = (
        ReportColumn("vendor", "Vendor"),
        ReportColumn("model", "Model"),
        ReportColumn("version", "Version"),
        ReportColumn("assets", "Assets", Show.COUNT),
        ReportColumn("milestone", "Milestone"),
        ReportColumn("date", "Date", Show.DATE),
        ReportColumn("confidence", "Confidence"),
        ReportColumn("checked_on", "Checked on", Show.DATE),
        ReportColumn("source", "Source"),
    )
    rows = [
        ReportRow(
            f"{_software_key(line)}/{fact.milestone}",
            (
                line.vendor or None,
                line.model,
                line.version or None,
                line.assets,
                _TITLES[fact.milestone],
                fact.on,
                fact.confidence,
                fact.checked_on,
                _source(fact),
            ),
            {"date": (_item(fact),)},
        )
        for line in fleet.software
        for fact in line.milestones
    ]
    notes = ("An upgrade may be enough where the hardware bears it.",)
    return Sheet("software", "Milestones of software in use", columns, _once(rows), notes)


def _flaws(fleet: Fleet) -> Sheet:
    columns = (
        ReportColumn("cve", "CVE"),
        ReportColumn("vendor", "Vendor"),
        ReportColumn("model", "Model"),
        ReportColumn("version", "Version"),
        ReportColumn("assets", "Assets", Show.COUNT),
        ReportColumn("affected", "Version affected", Show.YES, "Empty: unknown."),
        ReportColumn("added", "Known exploited since", Show.DATE),
        ReportColumn("ransomware", "Used to extort", Show.YES),
        ReportColumn("name", "Name"),
        ReportColumn("source", "Source"),
        ReportColumn("checked_on", "Checked on", Show.DATE),
    )
    rows = [
        ReportRow(
            f"{flaw.cve}/{_software_key(line)}",
            (
                flaw.cve,
                line.vendor or None,
                line.model,
                line.version or None,
                line.assets,
                affected,
                flaw.added,
                flaw.ransomware,
                flaw.name or None,
                flaw.source,
                flaw.checked_on,
            ),
            unknown=() if affected is not None else ("whether the version has it",),
        )
        for line in fleet.software
        for flaw, affected in line.flaws
    ]
    rows.sort(key=lambda row: (-_ordinal(row), row.key))
    return Sheet("flaws", "Exploited flaws that the fleet may have", columns, _once(rows), _FLAW_NOTES)


def _once(rows: list[ReportRow]) -> tuple[ReportRow, ...]:
    """A flaw or a milestone that two facts tell of one version stands once."""
    return tuple(
        {row.key: row for row in reversed(rows)}[key] for key in dict.fromkeys(row.key for row in rows)
    )


def _ordinal(row: ReportRow) -> int:
    added = row.cells[6]
    return added.toordinal() if isinstance(added, date) else 0


def _item(fact: Milestone) -> EvidenceItem:
    title = _TITLES[fact.milestone].lower()
    text = f"{title} {fact.on}, checked {fact.checked_on}, {fact.confidence} confidence"
    return EvidenceItem(text, _source(fact))


def _source(fact: Milestone) -> str:
    return f"bulletin {fact.bulletin}; {fact.source}" if fact.bulletin else fact.source


def _doubt(confidence: str) -> int:
    return ("high", "medium", "common", "low").index(confidence)


def _key(vendor: str, model: str) -> str:
    return f"{vendor.casefold()}/{model.casefold()}"


def _software_key(line: SoftwareLine) -> str:
    return f"{_key(line.vendor, line.model)}/{line.version}"
