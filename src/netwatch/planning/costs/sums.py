"""Costs added up: by model, by site, by what they are made of. Exact, and the same in any order."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from netwatch.model import EvidenceItem, Place
from netwatch.planning.costs.judge import CAPITAL, OPERATING, AssetCost, Costs, Line, Part
from netwatch.planning.costs.money import Total, rounded

__all__ = ["ModelCost", "PartCost", "SiteCost", "by_model", "by_part", "by_site", "evidence_of", "sum_of"]

_SHOWN = 5
"""Assets in the evidence of a sum."""


@dataclass(frozen=True, slots=True)
class ModelCost:
    """All units of a model."""

    vendor: str
    model: str
    kind: str
    units: tuple[AssetCost, ...]
    capital: Total
    operating: Total
    unit_year: Total
    """What one unit costs a year: for each part the mean of the units of which it is known. Unknown are parts
    that are known of no unit."""
    incident_hours: float | None
    """Of all units in the measured window; None where nobody counted."""

    @property
    def order(self) -> tuple[int, str, str, str]:
        both = (self.capital.known or 0) + (self.operating.known or 0)
        return -both, self.vendor, self.model, self.kind


@dataclass(frozen=True, slots=True)
class SiteCost:
    """A school, or another site; None is gear whose place is unknown."""

    site: Place | None
    units: tuple[AssetCost, ...]
    lines: tuple[Line, ...]
    capital: Total
    operating: Total
    circuits: Total
    book_value: Total

    @property
    def year(self) -> Total:
        """Everything per year."""
        found = (self.capital, self.operating, self.circuits)
        known = [one.known for one in found if one.known is not None]
        return Total(sum(known) if known else None, tuple(name for one in found for name in one.unknown))

    @property
    def students(self) -> int | None:
        facts = None if self.site is None else self.site.school
        return None if facts is None else facts.enrolment or None

    @property
    def per_student(self) -> int | None:
        """Cents per year; None where the total or the number of students is unknown."""
        known, students = self.year.known, self.students
        return None if known is None or students is None else rounded(Fraction(known, students))


@dataclass(frozen=True, slots=True)
class PartCost:
    """One part over everything, per year."""

    name: str
    capital: bool
    known: int | None
    counted: int
    """Assets, or circuits, of which it is known."""
    missing: Mapping[str, int]
    """What is unknown, and of how many."""
    how: Mapping[str, int]
    """Where it is not plain how it is known: `measured`, `assumed`, and of how many."""


def sum_of(assets: Iterable[AssetCost], parts: tuple[Part, ...]) -> Total:
    """Per year, with the number of assets of which something is unknown."""
    units = list(assets)
    known: list[int] = []
    missing: dict[str, int] = {}
    for one in units:
        for part in parts:
            priced = one.parts[part]
            if priced.year is None:
                name = priced.missing or str(part)
                missing[name] = missing.get(name, 0) + 1
            else:
                known.append(priced.year)
    told = tuple(f"{name}: {count} of {len(units)}" for name, count in sorted(missing.items()))
    return _total(known, told)


def _total(known: Iterable[int], missing: tuple[str, ...]) -> Total:
    """0 and something unknown is unknown."""
    amount = sum(known)
    return Total(None if missing and not amount else amount, missing)


def by_model(costs: Costs) -> tuple[ModelCost, ...]:
    """The model that costs most first. Gear without a model is one line per maker and kind."""
    groups: dict[tuple[str, str, str], list[AssetCost]] = {}
    for one in costs.assets:
        groups.setdefault((one.subject.vendor, one.subject.model, one.subject.kind), []).append(one)
    return tuple(
        sorted((_model(key, tuple(units)) for key, units in groups.items()), key=lambda one: one.order)
    )


def _model(key: tuple[str, str, str], units: tuple[AssetCost, ...]) -> ModelCost:
    used = [one for one in units if not one.subject.spare]
    hours = [one.incident_hours for one in used if one.incident_hours is not None]
    mean, missing = Fraction(0), []
    for part in (*CAPITAL, *OPERATING):
        known = [year for one in units if (year := one.parts[part].year) is not None]
        if any(known) or len(known) == len(units):
            mean += Fraction(sum(known), len(known))
        else:
            missing.append(str(part))
    whole = (*CAPITAL, *OPERATING)
    unit = Total(rounded(mean) if len(missing) < len(whole) else None, tuple(missing))
    capital, operating = sum_of(units, CAPITAL), sum_of(units, OPERATING)
    # Sorted before they are added: floats do not add up alike in any order.
    return ModelCost(*key, units, capital, operating, unit, sum(sorted(hours)) if hours else None)


def by_site(costs: Costs) -> tuple[SiteCost, ...]:
    """Schools and other sites by name, gear without a place last."""
    units: dict[str, list[AssetCost]] = {}
    lines: dict[str, list[Line]] = {}
    sites: dict[str, Place | None] = {}
    for one in costs.assets:
        key = "" if one.site is None else str(one.site.id)
        sites[key] = one.site
        units.setdefault(key, []).append(one)
    for line in costs.circuits:
        key = "" if line.site is None else str(line.site.id)
        sites[key] = line.site
        lines.setdefault(key, []).append(line)
    order = sorted(sites.items(), key=lambda pair: (pair[1] is None, getattr(pair[1], "name", ""), pair[0]))
    return tuple(_site(site, tuple(units.get(key, ())), tuple(lines.get(key, ()))) for key, site in order)


def _site(site: Place | None, units: tuple[AssetCost, ...], lines: tuple[Line, ...]) -> SiteCost:
    known = [one.year for one in lines if one.year is not None]
    missing = len(lines) - len(known)
    circuits = _total(known, (f"circuits: {missing} of {len(lines)}",) if missing else ())
    if not lines:
        circuits = Total(None)  # nobody said that there is one, nor that there is none
    values = [one.book_value for one in units if one.book_value is not None]
    without = len(units) - len(values)
    book = _total(values, (f"book value: {without} of {len(units)}",) if without else ())
    return SiteCost(site, units, lines, sum_of(units, CAPITAL), sum_of(units, OPERATING), circuits, book)


def by_part(costs: Costs) -> tuple[PartCost, ...]:
    """What everything together is made of, per year."""
    out = []
    for part in (*CAPITAL, *OPERATING):
        found = [one.parts[part] for one in costs.assets]
        known = [one.year for one in found if one.year is not None]
        missing = _count(one.missing or str(part) for one in found if one.year is None)
        how = _count(one.how for one in found if one.how and one.year is not None)
        amount = _total(known, tuple(missing)).known
        out.append(PartCost(str(part), part in CAPITAL, amount, len(known), missing, how))
    if costs.circuits:
        known = [one.year for one in costs.circuits if one.year is not None]
        missing = {"price": len(costs.circuits) - len(known)} if len(known) < len(costs.circuits) else {}
        amount = _total(known, tuple(missing)).known
        out.append(PartCost("circuits", False, amount, len(known), missing, {}))
    return tuple(out)


def _count(names: Iterable[str]) -> dict[str, int]:
    out: dict[str, int] = {}
    for name in names:
        out[name] = out.get(name, 0) + 1
    return dict(sorted(out.items()))


def evidence_of(units: Iterable[AssetCost], parts: tuple[Part, ...]) -> tuple[EvidenceItem, ...]:
    """The assets that cost most, each with what it stands on first."""
    rows = [
        (-year, one.subject.name, one.subject.serial, number, one.parts[part])
        for one in units
        for number, part in enumerate(parts)
        if (year := one.parts[part].year)
    ]
    out = []
    for _, name, _, number, priced in heapq.nsmallest(_SHOWN, rows, key=lambda row: row[:4]):
        amount = (priced.year or 0) / 100
        first = priced.evidence[0] if priced.evidence else EvidenceItem("", "")
        text = f"{name}, {parts[number]}: {amount:,.2f} a year" + (f" ({first.text})" if first.text else "")
        out.append(EvidenceItem(text, first.source, amount, "per year", first.at))
    return tuple(out)
