"""What a line of the capacity plan stands on, told so that a person can check it."""

from __future__ import annotations

from netwatch.model import EvidenceItem
from netwatch.planning.capacity.forecast import Forecasts
from netwatch.planning.capacity.policy import CapacityPolicy
from netwatch.planning.capacity.results import Need
from netwatch.planning.capacity.season import YEAR
from netwatch.planning.capacity.shifts import NEVER
from netwatch.planning.capacity.things import HostFacts, Thing, TrunkFacts
from netwatch.planning.capacity.wording import amount

__all__ = ["size_evidence", "trend_evidence"]

_SOURCE = "forecast"


def size_evidence(thing: Thing, limit: float | None, policy: CapacityPolicy) -> tuple[EvidenceItem, ...]:
    """Where the limit comes from."""
    if thing.size is None or limit is None:
        return ()
    unit = thing.kind.unit
    out = [EvidenceItem(_size(thing), thing.size_source, thing.size, unit, thing.size_at)]
    if isinstance(thing.facts, TrunkFacts):
        text = (
            f"Erlang B: {amount(limit, unit)} get through {thing.size:.0f} lines "
            f"with {policy.trunks.blocking:.1%} blocked"
        )
    else:
        text = f"counts as full at {policy.full_at.of(thing.kind):.0%}"
    out.append(EvidenceItem(text, f"policy {policy.name}", limit, unit))
    return tuple(out)


def _size(thing: Thing) -> str:
    assert thing.size is not None
    facts, unit = thing.facts, thing.kind.unit
    if isinstance(facts, HostFacts):
        return (
            f"{amount(facts.total, unit)} of {len(facts.hosts)} hosts, less {amount(facts.largest, unit)} "
            f"of {facts.largest_host}, the largest"
        )
    if isinstance(facts, TrunkFacts):
        return f"{thing.size:.0f} lines"
    return f"{amount(thing.size, unit)} in all"


def trend_evidence(
    thing: Thing, forecasts: Forecasts | None, growth: float | None, needs: tuple[Need, ...], reason: str
) -> tuple[EvidenceItem, ...]:
    """What was read, what was made of it, and how sure that is."""
    unit = thing.kind.unit
    out = []
    if thing.used is not None:
        text = f"{amount(thing.used, unit)}: {thing.note}"
        out.append(EvidenceItem(text, thing.family, thing.used, unit, thing.used_at))
    span, known = thing.weeks
    if known:
        out.append(EvidenceItem(f"{known} measured weeks within {span}", thing.family, float(known), "weeks"))
    if reason:
        out.append(EvidenceItem(f"not forecastable: {reason}", _SOURCE))
    if forecasts is None or thing.row is None:
        return tuple(out)
    if growth is not None:
        text = f"{'grows' if growth >= 0 else 'falls'} by {amount(abs(growth), unit)} a year"
        out.append(EvidenceItem(text, _SOURCE, growth, f"{unit} per year"))
    if needs:
        year = needs[0]
        text = (
            f"in a year {amount(year.median, unit)}; 80 % lie between {amount(year.low, unit)} "
            f"and {amount(year.high, unit)}"
        )
        out.append(EvidenceItem(text, _SOURCE, year.median, unit))
    out += _history(forecasts, thing.row)
    return tuple(out)


def _history(forecasts: Forecasts, row: int) -> list[EvidenceItem]:
    out = []
    shifts, settled = int(forecasts.shifts[row]), int(forecasts.settled[row])
    if shifts and settled < NEVER:
        word = "level shift" if shifts == 1 else "level shifts"
        text = f"{shifts} {word} (clean-up, expansion) taken out of the trend, the last {settled} weeks ago"
        out.append(EvidenceItem(text, _SOURCE, float(shifts), "shifts"))
    factor = float(forecasts.factors[row])
    if factor != 1.0:
        out.append(EvidenceItem(f"holidays are at {factor:.0%} of the term", _SOURCE, factor, "ratio"))
    swing = float(abs(forecasts.profile[row]).max())
    if swing > 0:
        text = f"the year swings it by up to {swing:.1%}"
        out.append(EvidenceItem(text, _SOURCE, swing, "ratio"))
    untried = float(forecasts.untried[row])
    if untried < 1:
        text = f"earlier forecasts of it were off {forecasts.own[row]:.2f} times what was to be expected"
    else:
        text = f"too short to try the forecast on its own past of {YEAR} weeks"
    out.append(EvidenceItem(text, _SOURCE, float(forecasts.own[row]), "times"))
    return out
