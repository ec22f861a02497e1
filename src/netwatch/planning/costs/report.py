"""Costs as a report: models, assets, schools, what it is made of, and what is in other currencies."""

from __future__ import annotations

from netwatch.model import Cell, EvidenceItem, Report, ReportColumn, ReportRow, Sheet, Show
from netwatch.planning.costs.judge import CAPITAL, OPERATING, AssetCost, Costs, Part
from netwatch.planning.costs.money import Total
from netwatch.planning.costs.sums import (
    ModelCost,
    PartCost,
    SiteCost,
    by_model,
    by_part,
    by_site,
    evidence_of,
)

__all__ = ["report"]


def _public(key: str, title: str, show: Show = Show.TEXT, text: str = "") -> ReportColumn:
    return ReportColumn(key, title, show, text, public=True)


_AT_LEAST = _public("at_least", "At least", Show.YES, "Parts are unknown: it costs this much or more.")
_MISSING = _public("missing", "What is unknown")
_CAPITAL_YEAR = _public(
    "capital_year", "Capital per year", Show.MONEY, "Purchase and disposal by useful life."
)
_OPERATING_YEAR = ReportColumn(
    "operating_year",
    "Operating per year",
    Show.MONEY,
    "Support, power, incidents.",
    public=True,
    metric="netwatch_plan_operating_cost_per_year",
)
_MODELS = (
    _public("vendor", "Vendor"),
    _public("model", "Model"),
    _public("kind", "Kind"),
    _public("units", "Units", Show.COUNT),
    _CAPITAL_YEAR,
    _OPERATING_YEAR,
    _public(
        "unit_year", "Per unit and year", Show.MONEY, "For each part the mean of units of which it is known."
    ),
    _AT_LEAST,
    _public("incident_time", "Incident time", Show.SECONDS, "Work on incidents within the measured window."),
    _MISSING,
)
_ASSETS = (
    ReportColumn("name", "Asset"),
    _public("site", "School"),
    _public("kind", "Kind"),
    _public("vendor", "Vendor"),
    _public("model", "Model"),
    ReportColumn("serial", "Serial number"),
    _public("installed", "Installed", Show.DATE),
    _public("life", "Useful life", Show.YEARS),
    _public("purchase", "Purchase price", Show.MONEY),
    _public("book_value", "Book value", Show.MONEY, "Straight-line over the useful life."),
    _public("depreciation", "Depreciation", Show.MONEY, "In the next twelve months."),
    *(_public(f"{one}_year", f"{one.capitalize()} per year", Show.MONEY) for one in Part),
    _public("power_draw", "Power", Show.WATTS),
    _public("power_by", "Power is", text="Measured, measured in part, or assumed with low confidence."),
    _CAPITAL_YEAR,
    _OPERATING_YEAR,
    _public("year", "Total per year", Show.MONEY),
    _public("over_life", "Over its life", Show.MONEY, "Paid once, and operating for the useful life."),
    _AT_LEAST,
    _MISSING,
    ReportColumn("device", "Device id", aside=True),
)
_SCHOOLS = (
    _public("site", "School"),
    _public("level", "Level"),
    _public("students", "Students", Show.COUNT),
    _public("assets", "Assets", Show.COUNT),
    _CAPITAL_YEAR,
    _OPERATING_YEAR,
    _public("circuits_year", "Circuits per year", Show.MONEY),
    _public("year", "Total per year", Show.MONEY),
    _public("per_student", "Per student and year", Show.MONEY),
    _public("book_value", "Book value", Show.MONEY, "Of assets whose price and age are known."),
    _AT_LEAST,
    _MISSING,
)
_PARTS = (
    _public("part", "Part"),
    _public("sort", "Sort", text="Capital or operating."),
    _public("year", "Per year", Show.MONEY),
    _public("counted", "Known of", Show.COUNT, "Assets, or circuits."),
    _public("how", "How it is known"),
    _AT_LEAST,
    _MISSING,
)
_FOREIGN = (
    _public("currency", "Currency"),
    _public("what", "What"),
    _public("number", "Number", Show.COUNT),
    _public("amount", "Amount", Show.NUMBER, "In that currency: it is in no other sum."),
)


def report(costs: Costs) -> Report:
    """The sheet `models` first, what costs most on top."""
    notes = [
        "Unknown parts are not 0: where there are any, a sum is at least that much.",
        "Purchase prices are those of the register, before discounts and grants that it does not tell.",
    ]
    power = costs.policy.power
    if power.price_per_kwh is not None:
        notes.append(
            f"Electricity at {power.price_per_kwh:g} {costs.policy.currency} per kWh ({power.source}), "
            f"times {power.cooling_factor:g} for cooling."
        )
    if costs.foreign:
        named = ", ".join(dict.fromkeys(row[0] for row in costs.foreign))
        notes.append(f"Not converted, and in a sheet of its own: what is in {named}.")
    shared = ("Gear outside of the schools serves them all; it is not spread over them.",)
    sheets = (
        Sheet("models", "Cost of each model", _MODELS, tuple(_model(one, costs) for one in by_model(costs))),
        Sheet("assets", "Cost of each asset", _ASSETS, tuple(_asset(one) for one in costs.assets)),
        Sheet("schools", "Cost of each school", _SCHOOLS, tuple(map(_site, by_site(costs))), shared),
        Sheet("parts", "What it is made of", _PARTS, tuple(map(_part, by_part(costs)))),
        Sheet(
            "currencies",
            "Other currencies",
            _FOREIGN,
            tuple(
                ReportRow(f"{currency}#{what}", (currency, what, number, amount / 100))
                for currency, what, number, amount in costs.foreign
            ),
        ),
    )
    return Report(
        "costs",
        "What gear costs",
        costs.at,
        sheets,
        policy=costs.policy.name,
        currency=costs.policy.currency,
        simulated=costs.simulated,
        notes=tuple(notes),
    )


def _money(amount: int | None) -> float | None:
    return None if amount is None else amount / 100


def _model(one: ModelCost, costs: Costs) -> ReportRow:
    missing = (*one.capital.unknown, *one.operating.unknown)
    cells: tuple[Cell, ...] = (
        one.vendor or None,
        one.model or None,
        one.kind or None,
        len(one.units),
        _money(one.capital.known),
        _money(one.operating.known),
        _money(one.unit_year.known),
        bool(missing),
        None if one.incident_hours is None else one.incident_hours * 3600,
        "; ".join(missing),
    )
    shown = {
        "capital_year": evidence_of(one.units, CAPITAL),
        "operating_year": evidence_of(one.units, OPERATING),
        "unit_year": (
            EvidenceItem(
                f"mean of {len(one.units)} units"
                + (f"; known of none: {', '.join(one.unit_year.unknown)}" if one.unit_year.unknown else ""),
                "register and policy",
                _money(one.unit_year.known),
                f"{costs.policy.currency} per year",
            ),
        ),
    }
    key = f"{one.vendor}#{one.model}#{one.kind}"
    return ReportRow(key, cells, {name: found for name, found in shown.items() if found}, missing)


def _asset(one: AssetCost) -> ReportRow:
    subject, whole = one.subject, one.sum()
    asset = subject.asset
    power = one.parts[Part.POWER]
    life_sum = one.over_life
    missing = tuple(dict.fromkeys((*whole.unknown, *life_sum.unknown)))
    if one.book_value is None and asset is not None and asset.installed is None:
        missing = (*missing, "installed")
    cells: tuple[Cell, ...] = (
        subject.name,
        subject.school or None,
        subject.kind or None,
        subject.vendor or None,
        subject.model or None,
        subject.serial or None,
        None if asset is None else asset.installed,
        None if one.life is None else one.life.years,
        _money(one.parts[Part.PURCHASE].once),
        _money(one.book_value),
        _money(one.depreciation),
        *(_money(one.parts[part].year) for part in Part),
        one.watts,
        power.how or None,
        _money(one.sum(CAPITAL).known),
        _money(one.sum(OPERATING).known),
        _money(whole.known),
        _money(life_sum.known),
        bool(missing),
        "; ".join(missing),
        subject.id,
    )
    shown = {f"{part}_year": one.parts[part].evidence for part in Part if one.parts[part].evidence}
    if one.parts[Part.PURCHASE].evidence:
        shown["purchase"] = one.parts[Part.PURCHASE].evidence[:1]
    if one.book_value is not None:
        shown["book_value"] = one.parts[Part.PURCHASE].evidence
    if one.watts is not None:
        shown["power_draw"] = power.evidence
    return ReportRow(subject.serial or subject.id or subject.name, cells, shown, missing)


def _site(one: SiteCost) -> ReportRow:
    year = one.year
    facts = None if one.site is None else one.site.school
    missing = year.unknown
    cells: tuple[Cell, ...] = (
        "place unknown" if one.site is None else one.site.name,
        None if facts is None else facts.level or None,
        one.students,
        len(one.units),
        _money(one.capital.known),
        _money(one.operating.known),
        _money(one.circuits.known),
        _money(year.known),
        _money(one.per_student),
        _money(one.book_value.known),
        bool(missing),
        "; ".join((*missing, *one.book_value.unknown)),
    )
    shown = {
        "capital_year": evidence_of(one.units, CAPITAL),
        "operating_year": evidence_of(one.units, OPERATING),
        "circuits_year": tuple(
            EvidenceItem(
                f"{line.circuit.carrier} {line.circuit.id}".strip() + " a year",
                "inventory",
                _money(line.year),
                line.circuit.currency,
            )
            for line in one.lines
        ),
    }
    key = "" if one.site is None else str(one.site.id)
    return ReportRow(key or "-", cells, {name: found for name, found in shown.items() if found}, missing)


def _part(one: PartCost) -> ReportRow:
    told = Total(one.known, tuple(f"{name}: {count}" for name, count in one.missing.items()))
    cells: tuple[Cell, ...] = (
        one.name,
        "capital" if one.capital else "operating",
        _money(one.known),
        one.counted,
        "; ".join(f"{how}: {count}" for how, count in one.how.items()),
        told.at_least,
        "; ".join(told.unknown),
    )
    return ReportRow(one.name, cells, unknown=told.unknown)
