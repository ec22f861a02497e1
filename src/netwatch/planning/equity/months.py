"""Earlier months of a school on whole arrays: what each indicator came to, without the things behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from netwatch.model import DAYS_PER_YEAR
from netwatch.planning.curve import Curve
from netwatch.planning.equity.cards import IndicatorCard
from netwatch.planning.equity.policy import Indicator, IndicatorPolicy
from netwatch.planning.equity.things import School, Thing, ThingsOf

__all__ = ["earlier_months"]

Floats = NDArray[np.float64]


def earlier_months(
    of: ThingsOf, school: School, things: Mapping[Indicator, Sequence[Thing]]
) -> list[tuple[IndicatorCard, ...]]:
    """Per measured month the indicators as `make_card` would find them, but `scored` and `unknown` are empty.
    `things` are those of any month: the same are looked at in all of them, but for assets, which came one by
    one."""
    columns = [_indicator(of, school, name, things.get(name, ())) for name in Indicator]
    return [tuple(found) for found in zip(*columns, strict=True)]


def _indicator(of: ThingsOf, school: School, name: Indicator, things: Sequence[Thing]) -> list[IndicatorCard]:
    months, rule = len(of.measured.months), of.policy.indicators[name]
    there = np.ones((len(things), months), dtype=np.bool_)
    if name is Indicator.AGE:
        values, there = _ages(of, school)
    elif name is Indicator.BANDWIDTH:
        line = [np.nan if one.value is None else one.value for one in things]
        values = np.repeat(np.array(line, dtype=np.float64)[:, None], months, axis=1)
    else:
        values = _traces(of, name, things)
    shares = _shares(rule, values)
    out = []
    for month in range(months):
        known = np.isfinite(values[:, month]) & there[:, month]
        counted = int(known.sum())
        value = points = None
        if counted:
            value = math.fsum(values[known, month].tolist()) / counted
            points = 100 * math.fsum(shares[known, month].tolist()) / counted
        number = int(there[:, month].sum())
        out.append(IndicatorCard(name, rule.weight, number, counted, value, points, rule.target))
    return out


def _traces(of: ThingsOf, name: Indicator, things: Sequence[Thing]) -> Floats:
    months = len(of.measured.months)
    found = of.measured.traces.get(name, {})
    values = np.full((len(things), months), np.nan)
    for row, thing in enumerate(things):
        trace = found.get(thing.entity) if thing.entity is not None else None
        if trace is not None:
            seconds = np.array(trace.seconds)
            values[row] = np.where(seconds >= of.enough, np.array(trace.values, dtype=np.float64), np.nan)
    return values


def _ages(of: ThingsOf, school: School) -> tuple[Floats, NDArray[np.bool_]]:
    """Ages by useful life at the end of each month, and whether an asset was there already."""
    months = len(of.measured.months)
    ends = np.array([of.month_end(month).toordinal() for month in range(months)], dtype=np.float64)
    installed, lives = np.full(len(school.gear), np.nan), np.full(len(school.gear), np.nan)
    for row, one in enumerate(school.gear):
        life = of.life(one)
        if one.asset is not None and one.asset.installed is not None:
            installed[row] = one.asset.installed.toordinal()
        if life is not None:
            lives[row] = life.years
    days = ends[None, :] - installed[:, None]
    return days / DAYS_PER_YEAR / lives[:, None], ~(days < 0)


def _shares(rule: IndicatorPolicy, values: Floats) -> Floats:
    if rule.gives is not None:
        return _along(rule.gives, values)
    assert rule.takes is not None
    return 1.0 - _along(rule.takes, values)


def _along(curve: Curve, values: Floats) -> Floats:
    x, y = zip(*curve.points, strict=True)
    return np.asarray(np.interp(values, x, y), dtype=np.float64)
