"""Finds the widths of `planning.capacity.calibration`, so that 80 % of the intervals cover for each kind.

    PYTHONPATH=. python -m tests.bench.forecast_tuning      prints the table that stands there
    WITHOUT=compound ...                                    and how a kind fares that was not tuned on

Widths below and above the median are products of what the traits of a series and the weeks ahead say. They
are fitted to two things: the interval score (Gneiting and Raftery 2007), which wants narrow intervals that
cover; and that of each kind and length of history, at each stretch of weeks ahead, one value in ten lies
below, and one above.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from tests.bench.forecast_series import KINDS, generate

from netwatch.planning.capacity.calibration import TRAITS, by_weeks
from netwatch.planning.capacity.forecast import forecast

SEEDS = range(100, 108)
"""Those of the benchmark and of the tests are others."""
LENGTHS = (40, 60, 80, 104, 156)
WEEKS = np.array([1, 3, 4, 6, 8, 13, 18, 26, 36, 45, 52, 68, 84, 103])
STRETCHES = (0, 3, 5, 6, 8, 11, 14)
"""Positions in WEEKS at which one stretch ends and another begins."""
ROUNDS = 500
COVERAGE, SMALL, BLUR = 1500.0, 6e-4, 0.12
"""What a miss of coverage costs; what large coefficients cost; how much of a width an edge is blurred by, so
that coverage has a slope."""
Array = NDArray[np.float64]


@dataclass
class Past:
    traits: Array
    error: Array
    """(series, WEEKS): truth less median, NaN where nothing was measured."""
    low: Array
    high: Array
    """Widths before calibration."""
    kind: NDArray[np.int64]
    length: NDArray[np.int64]
    """Position in LENGTHS."""


def gather() -> Past:
    parts = []
    for place, length in enumerate(LENGTHS):
        for number, kind in enumerate(KINDS):
            for seed in SEEDS:
                series = generate(kind, seed, weeks=length)
                found = forecast(series.past, series.school[:, :length])
                season = found.season(series.school[:, length:])[:, WEEKS - 1]
                median, low, high = found.shape(WEEKS.astype(float))
                error = series.future[:, WEEKS - 1] / season - np.maximum(median, 0.0)
                many = len(error)
                sort = np.full(many, number), np.full(many, place)
                parts.append(Past(found.traits, error, low, high, *sort))
    return Past(*(np.concatenate([getattr(one, field.name) for one in parts]) for field in fields(Past)))


class Fit:
    """Loss and slope by coefficient. Half of them widen below, half above."""

    def __init__(self, past: Past) -> None:
        self.known = np.isfinite(past.error).astype(np.float32)
        least = 1e-12 * np.abs(past.low).max()
        self.error = np.nan_to_num(past.error).astype(np.float32)
        self.low = np.maximum(past.low, least).astype(np.float32)
        self.high = np.maximum(past.high, least).astype(np.float32)
        self.traits = past.traits.astype(np.float32)
        self.times = by_weeks(WEEKS.astype(float)).astype(np.float32)
        group = past.length * len(KINDS) + past.kind
        self.member = np.eye(len(KINDS) * len(LENGTHS), dtype=np.float32)[group]
        self.stretch = np.zeros((WEEKS.size, len(STRETCHES) - 1), dtype=np.float32)
        for number, (first, last) in enumerate(itertools.pairwise(STRETCHES)):
            self.stretch[first:last, number] = 1
        self.count = np.maximum(self.member.T @ (self.known @ self.stretch), 1)
        share = 1 / np.maximum(self.member.T @ self.known.sum(axis=1), 1) / self.member.shape[1]
        self.weight = share[group][:, None] * self.known

    def slope(self, table: Array) -> tuple[Array, Array]:
        """Of the loss; and the coverage by kind and stretch."""
        low, high = (
            start * np.exp(np.clip(self.traits @ part @ self.times.T, -4, 4))
            for start, part in zip((self.low, self.high), table.astype(np.float32), strict=True)
        )
        size = self.low + self.high
        by_low = self.weight / size * (1 - 10 * (-self.error > low))
        by_high = self.weight / size * (1 - 10 * (self.error > high))
        coverage = []
        for edge, width, by in ((self.error, low, by_low), (-self.error, high, by_high)):
            room = edge + width
            inside = self.member.T @ (((room >= 0) * self.known) @ self.stretch) / self.count
            push = 2 * COVERAGE * (inside - 0.9) / self.count / inside.size
            share = 1 / (1 + np.exp(-np.clip(room / (BLUR * (low + high)), -30, 30)))
            by += (
                self.known
                * ((self.member @ push) @ self.stretch.T)
                * share
                * (1 - share)
                / (BLUR * (low + high))
            )
            coverage.append(inside)
        slopes = [self.traits.T @ ((by * size) @ self.times) for by, size in ((by_low, low), (by_high, high))]
        return np.stack(slopes) + 2 * SMALL * table, coverage[0] + coverage[1] - 1


def solve(fit: Fit) -> Array:
    """Adam (Kingma and Ba 2014), from no correction at all."""
    table = np.zeros((2, len(TRAITS), fit.times.shape[1]))
    mean, square = np.zeros_like(table), np.zeros_like(table)
    for turn in range(1, ROUNDS + 1):
        slope, _ = fit.slope(table)
        mean = 0.9 * mean + 0.1 * slope
        square = 0.99 * square + 0.01 * slope**2
        pace = 0.05 if turn < 0.6 * ROUNDS else 0.015 if turn < 0.85 * ROUNDS else 0.005
        table -= pace * (mean / (1 - 0.9**turn)) / (np.sqrt(square / (1 - 0.99**turn)) + 1e-8)
    return np.round(table, 3)


def main() -> None:
    past = gather()
    fit, left_out = Fit(past), os.environ.get("WITHOUT", "")
    seen = past.kind != (list(KINDS).index(left_out) if left_out else -1)
    chosen = Past(*(getattr(past, field.name)[seen] for field in fields(Past)))
    table = solve(Fit(chosen))
    for name, part in zip(("_LOW", "_HIGH"), table, strict=True):
        print(f"{name} = (")
        for trait, row in zip(TRAITS, part, strict=True):
            print(f"    ({', '.join(f'{value:g}' for value in row)}),  # {trait}")
        print(")")
    names = (f"{kind}, {length} weeks" for length in LENGTHS for kind in KINDS)
    for name, row in zip(names, fit.slope(table)[1], strict=True):
        if name.startswith(left_out):
            print(f"# {name:26}", *(f"{share:.0%}" for share in row))


if __name__ == "__main__":
    main()
