"""What each asset costs: capital and operating, per year and over its life, and what of it is unknown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction

from netwatch.model import DAY, Asset, Circuit, EntityId, EvidenceItem, Place, PlaceId
from netwatch.planning.basis import Basis, Subject, subjects
from netwatch.planning.costs.measure import CostMeasures
from netwatch.planning.costs.money import Total, allocate, cents, exact, rounded, total
from netwatch.planning.costs.policy import CostsPolicy
from netwatch.planning.costs.power import Draw, draws
from netwatch.planning.lifecycle import Lifecycle, UsefulLife

__all__ = ["CAPITAL", "OPERATING", "AssetCost", "Costs", "Line", "Part", "Priced", "judge_costs"]

DAYS_PER_YEAR = Fraction("365.25")


class Part(StrEnum):
    """What a cost is made of."""

    PURCHASE = "purchase"
    DISPOSAL = "disposal"
    SUPPORT = "support"
    POWER = "power"
    LABOUR = "labour"


CAPITAL = (Part.PURCHASE, Part.DISPOSAL)
"""Paid once, spread over the useful life."""
OPERATING = (Part.SUPPORT, Part.POWER, Part.LABOUR)


@dataclass(frozen=True, slots=True)
class Priced:
    """One part of what an asset costs."""

    year: int | None
    """Cents per year; None where unknown."""
    once: int | None = None
    """Cents that are paid once; None where unknown, and for what is paid per year."""
    evidence: tuple[EvidenceItem, ...] = ()
    missing: str = ""
    """What is unknown."""
    how: str = ""
    """Where it is not plain: `measured`, `assumed`."""


@dataclass(frozen=True, slots=True)
class AssetCost:
    """One asset. Money in cents."""

    subject: Subject
    site: Place | None
    """School, or other topmost place."""
    parts: Mapping[Part, Priced]
    book_value: int | None
    """Of the purchase, by straight-line depreciation to 0 at the end of the useful life."""
    depreciation: int | None
    """What of that goes in the next twelve months."""
    life: UsefulLife | None
    watts: float | None
    incident_hours: float | None
    """Within the measured window."""

    def sum(self, parts: tuple[Part, ...] = (*CAPITAL, *OPERATING)) -> Total:
        """Per year."""
        return total((self.parts[one].missing or one, self.parts[one].year) for one in parts)

    @property
    def over_life(self) -> Total:
        """All that is paid once, and operating for as long as the useful life."""
        once = [(self.parts[one].missing or one, self.parts[one].once) for one in CAPITAL]
        years = None if self.life is None else exact(self.life.years)
        running = [
            (
                self.parts[one].missing or ("useful life" if years is None else one),
                None if year is None or years is None else rounded(year * years),
            )
            for one in OPERATING
            for year in (self.parts[one].year,)
        ]
        return total([*once, *running])


@dataclass(frozen=True, slots=True)
class Line:
    """A circuit: operating cost of a site."""

    circuit: Circuit
    site: Place | None
    year: int | None
    """Cents; None where unknown, or in another currency."""


@dataclass(frozen=True, slots=True)
class Costs:
    """The same arguments give the same costs."""

    at: float
    days: float
    """Of the measured window."""
    policy: CostsPolicy
    assets: tuple[AssetCost, ...]
    """In order of name and serial."""
    circuits: tuple[Line, ...]
    foreign: tuple[tuple[str, str, int, int], ...] = ()
    """What is in another currency: (currency, what, number, cents of that currency)."""
    simulated: bool = False


@dataclass(slots=True)
class _Judge:
    basis: Basis
    lifecycle: Lifecycle
    policy: CostsPolicy
    incident_hours: Mapping[EntityId, float] | None
    found: Mapping[EntityId, Draw]
    _left: dict[tuple[EntityId, Part], list[int]] = field(default_factory=dict)

    def asset(self, one: Subject, shares: int) -> AssetCost:
        """`shares`: assets that fill the same function, and share what is measured of it."""
        life = self.lifecycle.useful_life(one.kind, one.role)
        draw = None if one.id is None else self.found.get(one.id)
        hours = self._hours(one)
        parts = {
            Part.PURCHASE: self._purchase(one.asset, life),
            Part.DISPOSAL: self._disposal(one, life),
            Part.SUPPORT: self._support(one),
            Part.POWER: self._power(one, draw, shares),
            Part.LABOUR: self._labour(one, hours, shares),
        }
        book, depreciation = self._book(one.asset, parts[Part.PURCHASE].once, life)
        return AssetCost(
            one,
            self.basis.snapshot.inventory.places.site_of(one.place),
            parts,
            book,
            depreciation,
            life,
            None if draw is None else draw.watts / shares,
            None if hours is None else hours / shares,
        )

    def _purchase(self, asset: Asset | None, life: UsefulLife | None) -> Priced:
        if asset is None or asset.cost is None:
            return Priced(None, missing="purchase price")
        if asset.currency != self.policy.currency:
            return Priced(None, missing=f"purchase price, which is in {asset.currency}")
        price = cents(asset.cost)
        bought = f" on {asset.installed}" if asset.installed else ""
        fund = f", fund {asset.fund}" if asset.fund else ""
        item = EvidenceItem(
            f"bought for {asset.cost:,.2f} {asset.currency}{bought}{fund}",
            "inventory",
            asset.cost,
            asset.currency,
        )
        if life is None:
            return Priced(None, price, (item,), "useful life")
        return Priced(rounded(price / exact(life.years)), price, (item, _life(life)))

    def _disposal(self, one: Subject, life: UsefulLife | None) -> Priced:
        entry = next((each for each in self.policy.disposal if each.fits(one.kind, one.role)), None)
        if entry is None:
            return Priced(None, missing="disposal")
        price = cents(entry.per_unit)
        item = EvidenceItem(
            f"disposal of a {entry.name}, checked {entry.checked_on}",
            f"policy: {entry.source}",
            entry.per_unit,
            self.policy.currency,
        )
        if life is None:
            return Priced(None, price, (item,), "useful life")
        return Priced(rounded(price / exact(life.years)), price, (item, _life(life)))

    def _support(self, one: Subject) -> Priced:
        """What the register says of this very thing; else what the policy says of its model."""
        asset = one.asset
        if asset is not None and asset.support_cost is not None:
            if asset.currency != self.policy.currency:
                return Priced(None, missing=f"support, which is in {asset.currency}")
            told = EvidenceItem("support per year", "inventory", asset.support_cost, asset.currency)
            return Priced(cents(asset.support_cost), evidence=(told,))
        entry = next((each for each in self.policy.support if each.fits(one.vendor, one.models)), None)
        if entry is None:
            return Priced(None, missing="support")
        item = EvidenceItem(
            f"support per unit and year, checked {entry.checked_on}",
            f"policy: {entry.source}",
            entry.per_year,
            self.policy.currency,
        )
        return Priced(cents(entry.per_year), evidence=(item,))

    def _power(self, one: Subject, draw: Draw | None, shares: int) -> Priced:
        if one.spare:
            return Priced(0, evidence=(EvidenceItem("a spare draws nothing", "inventory"),))
        power = self.policy.power
        if draw is None or one.id is None:
            return Priced(None, missing="power")
        if power.price_per_kwh is None:
            return Priced(None, evidence=draw.evidence, missing="price of electricity", how=draw.how)
        hours = DAYS_PER_YEAR * 24
        factor = exact(power.price_per_kwh) * exact(power.cooling_factor)
        year = rounded(exact(draw.watts) / 1000 * hours * factor * 100)
        price = EvidenceItem(
            f"{power.price_per_kwh:g} {self.policy.currency} per kWh, "
            f"times {power.cooling_factor:g} for cooling, {power.confidence} confidence",
            f"policy: {power.source}",
            power.price_per_kwh,
            f"{self.policy.currency} per kWh",
        )
        return Priced(
            self._share(one.id, Part.POWER, year, shares), evidence=(*draw.evidence, price), how=draw.how
        )

    def _hours(self, one: Subject) -> float | None:
        """Who is watched and is not in the mapping had no incident; of who is not watched nobody knows."""
        if one.spare:
            return 0.0
        if self.incident_hours is None or one.id is None:
            return None
        return self.incident_hours.get(one.id, 0.0)

    def _labour(self, one: Subject, hours: float | None, shares: int) -> Priced:
        if hours is None:
            return Priced(None, missing="incident hours")
        labour = self.policy.labour
        if one.id is None or hours == 0:
            return Priced(0, evidence=(EvidenceItem("no incident", "incidents", 0.0, "hours"),))
        days = (self.basis.at - self.basis.start) / DAY
        item = EvidenceItem(f"{hours:.1f} hours of incidents in {days:.0f} days", "incidents", hours, "hours")
        if labour.per_hour is None:
            return Priced(None, evidence=(item,), missing="price of an hour")
        per_year = exact(hours) * DAYS_PER_YEAR / exact(days)
        year = rounded(per_year * exact(labour.per_hour) * 100)
        rate = EvidenceItem(
            f"{labour.per_hour:,.2f} {self.policy.currency} per hour",
            f"policy: {labour.source}",
            labour.per_hour,
            f"{self.policy.currency} per hour",
        )
        return Priced(self._share(one.id, Part.LABOUR, year, shares), evidence=(item, rate))

    def _share(self, device: EntityId, part: Part, amount: int, shares: int) -> int:
        """The next share of what a device costs: all of them together are the amount, to the cent."""
        left = self._left.setdefault((device, part), allocate(amount, shares))
        return left.pop(0)

    def _book(
        self, asset: Asset | None, price: int | None, life: UsefulLife | None
    ) -> tuple[int | None, int | None]:
        if asset is None or price is None or life is None or asset.installed is None:
            return None, None
        length = exact(life.years) * DAYS_PER_YEAR
        value = rounded(price * _left_share(asset.installed, self.basis.day, length, Fraction(0)))
        following = rounded(price * _left_share(asset.installed, self.basis.day, length, DAYS_PER_YEAR))
        return value, value - following


def judge_costs(
    basis: Basis,
    measured: CostMeasures,
    lifecycle: Lifecycle,
    policy: CostsPolicy,
    incident_hours: Mapping[EntityId, float] | None = None,
) -> Costs:
    """Costs of everything that can be bought. Pure over its arguments.

    `incident_hours`: hours of work on incidents of each device within the window of the basis; a watched
    device that is not in it had none. None: nobody counted, which is unknown and not 0. Raises ValueError for
    hours that are no number or below 0.
    """
    for device, hours in (incident_hours or {}).items():
        if not (math.isfinite(hours) and hours >= 0):
            raise ValueError(f"incident hours of {device}: {hours} is no number of hours")
    bought = subjects(basis.snapshot, policy.not_counted)
    devices = {one.id: one for one in bought if one.id is not None}
    shares: dict[str, int] = {}
    for one in bought:
        if one.id is not None:
            shares[one.id] = shares.get(one.id, 0) + 1
    judge = _Judge(basis, lifecycle, policy, incident_hours, draws(basis, measured, devices, policy))
    assets = tuple(judge.asset(one, shares.get(one.id or "", 1)) for one in bought)
    lines = tuple(_line(basis, policy, one) for one in _circuits(basis))
    return Costs(
        basis.at,
        (basis.at - basis.start) / DAY,
        policy,
        assets,
        lines,
        _foreign(policy.currency, assets, lines),
        measured.simulated,
    )


def _left_share(installed: date, day: date, length: Fraction, later: Fraction) -> Fraction:
    """Of the useful life, at a day and `later` days."""
    age = max(Fraction((day - installed).days) + later, Fraction(0))
    return max(Fraction(0), 1 - age / length)


def _life(life: UsefulLife) -> EvidenceItem:
    source = f"{life.source}, checked {life.checked_on}, {life.confidence} confidence"
    return EvidenceItem(f"useful life of: {life.name}", source, life.years, "years")


def _circuits(basis: Basis) -> list[Circuit]:
    return sorted(
        basis.snapshot.inventory.circuits, key=lambda one: (one.id, one.device, one.interface, one.carrier)
    )


def _line(basis: Basis, policy: CostsPolicy, circuit: Circuit) -> Line:
    inventory = basis.snapshot.inventory
    device = inventory.devices.get(circuit.device)
    place: PlaceId | None = None if device is None else device.place
    known = circuit.monthly_cost is not None and circuit.currency == policy.currency
    year = 12 * cents(circuit.monthly_cost) if known and circuit.monthly_cost is not None else None
    return Line(circuit, inventory.places.site_of(place), year)


def _foreign(
    currency: str, assets: tuple[AssetCost, ...], lines: tuple[Line, ...]
) -> tuple[tuple[str, str, int, int], ...]:
    """Sums of what is in another currency, apart."""
    sums: dict[tuple[str, str], list[int]] = {}
    for one in assets:
        asset = one.subject.asset
        if asset is not None and asset.cost is not None and asset.currency != currency:
            sums.setdefault((asset.currency, "purchase"), []).append(cents(asset.cost))
        if asset is not None and asset.support_cost is not None and asset.currency != currency:
            sums.setdefault((asset.currency, "support per year"), []).append(cents(asset.support_cost))
    for line in lines:
        circuit = line.circuit
        if circuit.monthly_cost is not None and circuit.currency != currency:
            sums.setdefault((circuit.currency, "circuits per year"), []).append(
                12 * cents(circuit.monthly_cost)
            )
    return tuple((*key, len(found), sum(found)) for key, found in sorted(sums.items()))
