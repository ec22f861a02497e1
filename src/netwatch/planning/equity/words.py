"""How indicators are told to people."""

from __future__ import annotations

import math
from collections.abc import Sequence

from netwatch.model import EvidenceItem
from netwatch.planning.equity.cards import IndicatorCard, Raise, Scored
from netwatch.planning.equity.policy import EquityPolicy, Indicator
from netwatch.planning.equity.things import Thing

__all__ = ["TITLES", "UNITS", "base_value", "evidence", "named_changes", "told_value", "unnamed_change"]

TITLES = {
    Indicator.AVAILABILITY: "Availability",
    Indicator.SATURATION: "Uplinks",
    Indicator.AGE: "Age of gear",
    Indicator.AIRTIME: "Airtime",
    Indicator.CLIENTS: "Clients per radio",
    Indicator.BANDWIDTH: "Bandwidth per person",
}
UNITS = {
    Indicator.AVAILABILITY: "share of class time",
    Indicator.SATURATION: "share of speed, p95 in class time",
    Indicator.AGE: "years in use / useful life",
    Indicator.AIRTIME: "share of airtime, p95 in class time",
    Indicator.CLIENTS: "clients, p95 in class time",
    Indicator.BANDWIDTH: "bytes per second per student and staff",
}
_CHANGES = {
    Indicator.AVAILABILITY: "keep {} answering",
    Indicator.SATURATION: "relieve the uplinks of {}",
    Indicator.AGE: "replace {}",
    Indicator.AIRTIME: "relieve the {}",
    Indicator.CLIENTS: "spread the clients of the {}",
    Indicator.BANDWIDTH: "widen the {}",
}
_THINGS = {
    Indicator.AVAILABILITY: "device",
    Indicator.SATURATION: "uplink",
    Indicator.AGE: "asset",
    Indicator.AIRTIME: "radio",
    Indicator.CLIENTS: "radio",
    Indicator.BANDWIDTH: "line",
}
_MEGABIT = 125_000.0
_TOLD = 5
"""Things in the evidence of one cell."""
_NAMED = 3
"""Changes that are named, of one indicator."""


def told_value(indicator: Indicator, value: float, policy: EquityPolicy) -> str:
    """A measurement for people; few clients are not counted."""
    if indicator is Indicator.CLIENTS:
        least = policy.suppress_clients_under
        return f"under {least}" if value < least else f"{value:.0f}"
    if indicator is Indicator.AVAILABILITY:
        return f"{value:.2%}"
    if indicator in (Indicator.AGE, Indicator.SATURATION, Indicator.AIRTIME):
        return f"{value:.0%}"
    return f"{value:.2f} Mb/s per person"


def base_value(indicator: Indicator, value: float | None, policy: EquityPolicy) -> float | None:
    """In base units, as cells have it; None where few clients are not counted."""
    if value is None:
        return None
    if indicator is Indicator.BANDWIDTH:
        return value * _MEGABIT
    if indicator is Indicator.CLIENTS and value < policy.suppress_clients_under:
        return None
    return value


def named_changes(changes: Sequence[Raise], policy: EquityPolicy) -> str:
    """Changes of one indicator with names of gear, those that bring most first: not for the public."""
    things = [thing for one in changes for thing in one.things]
    indicator, noun = changes[0].indicator, _THINGS[changes[0].indicator]
    named = [
        f"{one.change} ({len(one.things)} {noun}s)" if len(one.things) > 1 else one.change
        for one in changes[:_NAMED]
    ]
    what = _CHANGES[indicator].format(", ".join(named))
    if len(changes) > _NAMED:
        what += f" and {len(changes) - _NAMED} more"
    worst = things[0].value
    now = "" if worst is None else f"{told_value(indicator, worst, policy)} to "
    gain = math.fsum(one.gain for one in changes)
    return f"{what}: {now}{told_value(indicator, changes[0].target, policy)}, +{gain:.1f}"


def unnamed_change(one: IndicatorCard, gain: float, policy: EquityPolicy) -> str:
    """The same for a whole indicator, without names."""
    short = sum(
        1 for scored in one.scored if scored.share < policy.indicators[one.indicator].share(one.target)
    )
    noun = _THINGS[one.indicator] + ("" if len(one.scored) == 1 else "s")
    target = told_value(one.indicator, one.target, policy)
    word = "at least" if policy.indicators[one.indicator].gives is not None else "at most"
    title = TITLES[one.indicator].lower()
    return f"{title}: {short} of {len(one.scored)} {noun} to {word} {target}, +{gain:.1f}"


def evidence(one: IndicatorCard, at: float, policy: EquityPolicy) -> tuple[EvidenceItem, ...]:
    """The worst things of an indicator with what was measured."""
    known = [_item(one.indicator, scored, at, policy) for scored in one.scored[:_TOLD]]
    return (*known, *(_unknown(thing) for thing in one.unknown[:_TOLD]))


def _unknown(thing: Thing) -> EvidenceItem:
    return EvidenceItem(f"{thing.name}: {thing.text or 'not measured'}", thing.source)


def _item(indicator: Indicator, scored: Scored, at: float, policy: EquityPolicy) -> EvidenceItem:
    thing = scored.thing
    value = 0.0 if thing.value is None else thing.value
    text = f"{thing.name}: {told_value(indicator, value, policy)}"
    if thing.text:
        text += f", {thing.text}"
    text += f", earns {scored.share:.0%}"
    base = base_value(indicator, thing.value, policy)
    # What the register says was not read at a moment.
    measured = thing.source.startswith("netwatch_")
    return EvidenceItem(text, thing.source, base, UNITS[indicator], at if measured else None)
