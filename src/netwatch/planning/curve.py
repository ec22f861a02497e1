"""Curves: how a measurement becomes a share of the points."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BeforeValidator

__all__ = ["Curve", "CurveField"]


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through points, level before the first and after the last. It never falls."""

    points: tuple[tuple[float, float], ...]
    """(measurement, share of the points from 0 to 1), in order."""

    def share(self, value: float) -> float:
        """Share of the points for a measurement, 0 to 1."""
        place = bisect_right(self.points, value, key=lambda point: point[0])
        if place == 0:
            return self.points[0][1]
        if place == len(self.points):
            return self.points[-1][1]
        (left, low), (right, high) = self.points[place - 1], self.points[place]
        return min(high, low + (high - low) * ((value - left) / (right - left)))


def _curve(value: Any) -> Any:
    if isinstance(value, Curve):
        return value
    shape = "a list of [measurement, share] pairs, e.g. [[2, 0], [10, 1]]"
    if not isinstance(value, list) or len(value) < 2:
        raise ValueError(f"expected {shape}, at least two of them")
    points: list[tuple[float, float]] = []
    for pair in value:
        numbers = isinstance(pair, list) and all(
            isinstance(part, int | float) and not isinstance(part, bool) for part in pair
        )
        if not numbers or len(pair) != 2:
            raise ValueError(f"expected {shape}, found {pair!r}")
        points.append((float(pair[0]), float(pair[1])))
    for (left, low), (right, high) in pairwise(points):
        if right <= left:
            raise ValueError(f"the measurements of a curve rise: {right:g} comes after {left:g}")
        if high < low:
            raise ValueError(f"a curve never falls: the share {high:g} comes after {low:g}")
    if points[0][1] < 0 or points[-1][1] > 1:
        raise ValueError("the shares of a curve lie between 0 and 1")
    return Curve(tuple(points))


CurveField = Annotated[Curve, BeforeValidator(_curve)]
"""A curve as it is written in a policy: `[[2, 0], [10, 1]]`."""
