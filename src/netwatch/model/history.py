"""What history stores and gives back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from netwatch.model.entity import EntityId

__all__ = ["CounterBlock", "GaugeBlock", "HistoryReader", "HistoryWriter", "SeriesHistory", "percentile"]


@dataclass(frozen=True, slots=True)
class GaugeBlock:
    """Values of gauges over equal UTC buckets. Shape of each array: (series, buckets)."""

    family: str
    entities: tuple[EntityId, ...]
    labels: tuple[tuple[str, ...], ...]
    start: int
    """UTC seconds of the first bucket's begin, a multiple of `width`."""
    width: int
    """Seconds per bucket, e.g. 300."""
    mean: NDArray[np.float64]
    """NaN where nothing was read."""
    max: NDArray[np.float64]
    coverage: NDArray[np.float64]
    """Seconds of the bucket that readings stand for, 0 to `width`."""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class CounterBlock:
    """Increases of counters over equal UTC buckets. Shape of each array: (series, buckets)."""

    family: str
    entities: tuple[EntityId, ...]
    labels: tuple[tuple[str, ...], ...]
    start: int
    width: int
    increase: NDArray[np.float64]
    """In the family's unit; NaN where unknown."""
    covered: NDArray[np.float64]
    """Seconds over which the increase was measured, 0 to `width`."""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class SeriesHistory:
    """One series over a window. All arrays have one element per bucket, in order of time."""

    family: str
    entity: EntityId
    labels: tuple[str, ...]
    starts: NDArray[np.int64]
    """UTC seconds of each bucket's begin. Buckets that hold nothing are left out."""
    widths: NDArray[np.int64]
    values: NDArray[np.float64]
    """Gauges: mean. Counters: increase per second."""
    peaks: NDArray[np.float64]
    """Gauges: max. Counters: the same as `values`."""
    coverage: NDArray[np.float64]
    """Share of each bucket that was measured, 0 to 1."""
    simulated: bool
    """True if any bucket in the window is simulated."""

    @property
    def until(self) -> float:
        """Wall seconds at which the last bucket ends; there has to be one."""
        return float(self.starts[-1] + self.widths[-1])


class HistoryReader(Protocol):
    """What planning, export and web read."""

    def read(
        self, family: str, start: float, end: float, entities: Sequence[EntityId] | None = None
    ) -> Iterator[SeriesHistory]:
        """Series of a family whose buckets begin in [start, end), wall seconds. None: all entities."""
        ...


class HistoryWriter(Protocol):
    """What the recorder and the seeding of the demo write to."""

    def append(self, block: GaugeBlock | CounterBlock) -> None:
        """Durable when it returns. Raises StoreError."""
        ...


def percentile(
    series: SeriesHistory, q: float, mask: NDArray[np.bool_] | None = None, *, peaks: bool = False
) -> float | None:
    """The exact `q`-th percentile (0 to 100) of the buckets that `mask` chooses; None if they hold nothing.

    Each bucket weighs as many seconds as were measured in it. The result is a value that did occur: the
    smallest one at or below which at least `q` percent of the measured time lies (the inverse of the
    empirical distribution, numpy's `inverted_cdf`). `peaks` takes the maxima of gauges instead of their
    means.
    """
    if not 0 <= q <= 100:
        raise ValueError(f"a percentile lies between 0 and 100, not at {q}")
    values = series.peaks if peaks else series.values
    seconds = series.coverage * series.widths
    chosen = np.isfinite(values) & (seconds > 0)
    if mask is not None:
        chosen &= mask
    values, seconds = values[chosen], seconds[chosen]
    if not values.size:
        return None
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(seconds[order])
    place = int(np.searchsorted(reached, reached[-1] * (q / 100), side="left"))
    return float(values[order[min(place, values.size - 1)]])
