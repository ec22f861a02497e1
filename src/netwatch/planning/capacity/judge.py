"""The judgement: from what was measured and a policy to dates and verdicts. Pure and fast: ask what if."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from netwatch.model import DAYS_PER_YEAR
from netwatch.planning.basis import Basis
from netwatch.planning.capacity.erlang import load_for
from netwatch.planning.capacity.evidence import size_evidence, trend_evidence
from netwatch.planning.capacity.forecast import LEAST_KNOWN, LEAST_WEEKS, Forecasts
from netwatch.planning.capacity.policy import CapacityPolicy
from netwatch.planning.capacity.results import CapacityLine, CapacityResult, Need, Outlook
from netwatch.planning.capacity.robust import FloatArray
from netwatch.planning.capacity.things import CapacityMeasured, HostFacts, Thing, TrunkFacts
from netwatch.planning.capacity.wording import amount, away

__all__ = ["NEED_YEARS", "judge_capacity"]

NEED_YEARS = (1, 3, 5)
"""Budgets look so far ahead."""
WEEKS_PER_YEAR = DAYS_PER_YEAR / 7
_BATCH = 1024
_URGENCY = tuple(Outlook)


@dataclass(frozen=True, slots=True)
class _Paths:
    """What becomes of the things with a forecast. First axis: row."""

    full: FloatArray
    """(rows, 3): weeks until the high, the median and the low path are at the limit; infinite: never."""
    needs: FloatArray
    """(rows, years, 3): low, median, high."""
    growth: FloatArray
    """Per year."""
    width: FloatArray
    """Of the interval a year ahead."""
    open: FloatArray
    """1 where the limit lies inside the interval a year ahead."""


def judge_capacity(basis: Basis, measured: CapacityMeasured, policy: CapacityPolicy) -> CapacityResult:
    """The same arguments give the same plan; no history is read."""
    limits = [_limit(thing, policy) for thing in measured.things]
    paths = None
    if measured.forecasts is not None:
        by_row = np.full(len(measured.forecasts), np.nan)
        for thing, limit in zip(measured.things, limits, strict=True):
            if thing.row is not None and limit is not None:
                by_row[thing.row] = limit
        paths = _paths(measured.forecasts, by_row, policy.horizon_years)
    lines = [
        _line(basis.day, thing, limit, measured.forecasts, paths, policy)
        for thing, limit in zip(measured.things, limits, strict=True)
    ]
    lines.sort(key=_urgency)
    return CapacityResult(basis.at, policy.name, policy.horizon_years, tuple(lines), measured.simulated)


def _limit(thing: Thing, policy: CapacityPolicy) -> float | None:
    """From which a thing is full. Of trunks the load that gets through at the highest blocking allowed."""
    if thing.size is None:
        return None
    if isinstance(thing.facts, TrunkFacts):
        blocked = policy.trunks.blocking
        return load_for(round(thing.size), blocked) * (1 - blocked)
    return thing.size * policy.full_at.of(thing.kind)


def _paths(forecasts: Forecasts, limits: FloatArray, years: int) -> _Paths:
    parts = []
    ahead = np.arange(1.0, np.ceil(years * WEEKS_PER_YEAR) + 1)
    needed = np.array([year * WEEKS_PER_YEAR for year in NEED_YEARS])
    for begin in range(0, len(forecasts), _BATCH):
        rows = np.arange(begin, min(begin + _BATCH, len(forecasts)))
        some, limit = forecasts.take(rows), limits[rows][:, None]
        low, middle, high = some.band(ahead)
        full = np.stack([_crossing(path, limit) for path in (high, middle, low)], axis=1)
        needs = np.stack(some.band(needed), axis=-1)
        growth = needs[:, 0, 1] - np.maximum(some.level, 0.0)
        width = needs[:, 0, 2] - needs[:, 0, 0]
        inside = (needs[:, 0, 0] < limits[rows]) & (limits[rows] < needs[:, 0, 2])
        parts.append(_Paths(full, needs, growth, width, inside.astype(np.float64)))
    names = ("full", "needs", "growth", "width", "open")
    return _Paths(*(np.concatenate([getattr(one, name) for one in parts]) for name in names))


def _crossing(path: FloatArray, limit: FloatArray) -> FloatArray:
    """Weeks until each path (series, weeks from 1 on) is at its limit, interpolated between two weeks."""
    over = path >= limit
    first = np.argmax(over, axis=1)
    rows = np.arange(path.shape[0])
    right, left = path[rows, first], path[rows, np.maximum(first - 1, 0)]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(right > left, (limit[:, 0] - left) / (right - left), 1.0)
    weeks = np.where(first > 0, first + np.clip(share, 0.0, 1.0), 1.0)
    return np.asarray(np.where(over.any(axis=1), weeks, np.inf))


def _line(
    today: date,
    thing: Thing,
    limit: float | None,
    forecasts: Forecasts | None,
    paths: _Paths | None,
    policy: CapacityPolicy,
) -> CapacityLine:
    row = thing.row if paths is not None and forecasts is not None else None
    outlook, verdict = Outlook.UNKNOWN, "unknown: " + ", ".join(thing.unknown or ("its size",))
    days: tuple[date | None, date | None, date | None] = (None, None, None)
    reason = _not_forecastable(thing, limit, forecasts, paths, policy)
    if isinstance(thing.facts, HostFacts) and len(thing.facts.hosts) == 1:
        verdict = "a single host: nothing takes over when it fails"
    elif thing.used is not None and limit is not None:
        if thing.used >= limit:
            outlook, verdict, days = Outlook.OVER, _over(thing, limit), (today, today, today)
        elif reason:
            outlook, verdict = Outlook.NOT_FORECASTABLE, f"not forecastable: {reason}"
        elif paths is not None and row is not None:
            days = _days(today, paths.full[row])
            outlook, verdict = _told(today, days, float(paths.growth[row]), policy.horizon_years)
    growth: float | None = None
    needs: tuple[Need, ...] = ()
    if paths is not None and row is not None and not reason:
        growth = float(paths.growth[row])
        needs = tuple(
            Need(year, *(float(value) for value in paths.needs[row, place]))
            for place, year in enumerate(NEED_YEARS)
        )
    return CapacityLine(
        key=thing.key,
        kind=thing.kind,
        name=thing.name,
        school=thing.school,
        device=thing.device,
        used=thing.used,
        size=thing.size,
        limit=limit,
        outlook=outlook,
        verdict=verdict,
        low=days[0],
        median=days[1],
        high=days[2],
        growth=growth,
        needs=needs,
        evidence=trend_evidence(thing, forecasts, growth, needs, reason),
        size_evidence=size_evidence(thing, limit, policy),
        unknown=thing.unknown,
        facts=thing.facts,
    )


def _not_forecastable(
    thing: Thing,
    limit: float | None,
    forecasts: Forecasts | None,
    paths: _Paths | None,
    policy: CapacityPolicy,
) -> str:
    """Why nothing is said of the future; empty where something can be."""
    if thing.row is None or forecasts is None or paths is None:
        span, known = thing.weeks
        if not known:
            return "no history"
        if span < LEAST_WEEKS or known < LEAST_KNOWN:
            return (
                f"too short: {known} measured weeks within {span}; "
                f"{LEAST_KNOWN} within {LEAST_WEEKS} are needed"
            )
        return "no reading for a whole summer or longer"
    rules = policy.not_forecastable
    settled = int(forecasts.settled[thing.row])
    if settled <= rules.settle_weeks:
        weeks = "week" if settled == 1 else "weeks"
        return f"its level jumped {settled} {weeks} ago, and nobody knows yet whether that lasts"
    if limit is not None and paths.open[thing.row] and paths.width[thing.row] > rules.too_noisy * limit:
        return f"too noisy: a year ahead anything within {paths.width[thing.row] / limit:.0%} of the limit"
    return ""


def _days(today: date, weeks: FloatArray) -> tuple[date | None, date | None, date | None]:
    low, middle, high = (
        today + timedelta(days=round(7 * float(one))) if np.isfinite(one) else None for one in weeks
    )
    return low, middle, high


def _over(thing: Thing, limit: float) -> str:
    unit = thing.kind.unit
    assert thing.used is not None
    return f"over its limit now: {amount(thing.used, unit)} of {amount(limit, unit)}"


def _told(
    today: date, days: tuple[date | None, date | None, date | None], growth: float, years: int
) -> tuple[Outlook, str]:
    low, middle, high = days
    horizon = f"not within {years} years"
    if middle is not None:
        until = f"and {high}" if high is not None else f"and later than {years} years"
        return Outlook.FULL, f"full {away(middle, today)}: {middle}, between {low} {until}"
    if low is not None:
        return Outlook.MAYBE, f"{horizon} at the median; at the earliest {low}"
    return Outlook.NOT_WITHIN, horizon if growth > 0 else f"{horizon}; it does not grow"


def _urgency(line: CapacityLine) -> tuple[int, date, date, float, str]:
    share = line.share if line.share is not None else 0.0
    never = date.max
    return (
        _URGENCY.index(line.outlook),
        line.median or never,
        line.low or never,
        -share,
        line.key,
    )
