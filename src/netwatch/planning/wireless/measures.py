"""What history tells of radios in class time: airtime and who used it, clients, retries, noise, growth."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from netwatch.model import DAY, HOUR, EntityId, HistoryReader
from netwatch.planning.basis import Basis, Reading
from netwatch.planning.wireless.class_hours import (
    Array,
    Grid,
    Means,
    Rows,
    Table,
    Window,
    quantile,
    sorted_rows,
)
from netwatch.planning.wireless.whatif import adjusted

if TYPE_CHECKING:
    from netwatch.planning.whatif.effects import Effects

__all__ = [
    "AIRTIME",
    "CLIENTS",
    "NOISE",
    "RETRIES",
    "Distribution",
    "RadioMeasure",
    "Split",
    "WirelessMeasured",
    "measure_wireless",
    "prepare_wireless",
]

AIRTIME = "netwatch_radio_airtime_ratio"
CLIENTS = "netwatch_radio_clients"
RETRIES = "netwatch_radio_retry_ratio"
NOISE = "netwatch_radio_noise_dbm"
_YEAR_AGO = 364 * DAY
"""The same weekdays of the year before."""
_WEEK_HOURS = 10
"""Class hours of a week that make a percentile of that week."""
_TOGETHER = 256
"""Radios whose clients are sorted together: more would only take memory."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """Class hours in order of size."""

    quantiles: tuple[float, ...]
    """0th to 100th percentile, each a value that did occur."""
    hours: int
    until: float
    """Wall seconds at which the last hour ends."""

    @property
    def p95(self) -> float:
        return self.quantiles[95]

    def over(self, bound: float) -> float:
        """Share of the hours that lie above `bound`, 0 to 1, to a percent."""
        return (101 - max(1, bisect_right(self.quantiles, bound))) / 100.0


@dataclass(frozen=True, slots=True)
class Split:
    """Who used the airtime, in the busier half of the class hours."""

    own: float
    """Mean share of all airtime that the radio itself sent or received."""
    others: float
    """Mean share of all airtime that others used on its channel."""
    own_p95: float
    """95th percentile of the radio's own airtime over all class hours."""
    own_low: float
    """Lower quartile of the weeks' 95th percentiles."""
    own_high: float
    """Upper quartile of them."""
    excess: float
    """Mean of what rx and tx are together above all airtime: much of it is a contradiction."""
    hours: int

    @property
    def others_share(self) -> float | None:
        """Share of the busy airtime that others used; None for a radio that was never busy."""
        busy = self.own + self.others
        return self.others / busy if busy > 0 else None


@dataclass(frozen=True, slots=True)
class RadioMeasure:
    """None, or absent: not measured."""

    airtime: Distribution | None = None
    weeks: tuple[float, ...] = ()
    """95th percentile of airtime of each week, in order of time."""
    split: Split | None = None
    clients: Distribution | None = None
    retries: float | None = None
    """Mean share of frames sent again."""
    noise: float | None = None
    """Mean noise floor, dBm."""
    airtime_growth: tuple[float, float] | None = None
    """Mean airtime of the same days one year ago, and now."""
    clients_growth: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class WirelessMeasured:
    """By radio. Pickleable, and judged under any policy."""

    radios: Mapping[EntityId, RadioMeasure]
    days: int
    """Length of the window, which ends at the basis' time."""
    simulated: bool = False

    def what_if(self, effects: Effects) -> WirelessMeasured:
        """The same as a scenario has it."""
        return replace(self, radios=adjusted(self.radios, effects))


def measure_wireless(basis: Basis, history: HistoryReader, days: int) -> WirelessMeasured:
    """Reads each family once, of the `days` before the basis' time, and what grows of the year before too."""
    reading = Reading()
    finish = prepare_wireless(basis, reading, days)
    reading.read(history)
    return finish()


def prepare_wireless(basis: Basis, reading: Reading, days: int) -> Callable[[], WirelessMeasured]:
    """Wants what `measure_wireless` reads. To be asked after the reading."""
    now = Window(basis, reading, basis.at - days * DAY, basis.at)
    ago = Window(basis, reading, now.start - _YEAR_AGO, now.end - _YEAR_AGO)
    uses: dict[tuple[str, ...], Table] = {(use,): Table() for use in ("all", "rx", "tx", "other")}
    airtime, clients, airtime_ago, clients_ago, retries, noise = (Means() for _ in range(6))
    distributions: dict[EntityId, Distribution] = {}
    waiting = Table()

    def busy(grid: Grid, radio: EntityId, values: Array) -> None:
        uses["all",].add(grid, radio, values)
        airtime.add(grid, radio, values)

    def used(grid: Grid, radio: EntityId, values: Array) -> None:
        clients.add(grid, radio, values)
        waiting.add(grid, radio, values)
        if len(waiting.rows[grid].radios) >= _TOGETHER:
            distributions.update(_distributions(grid, waiting.rows.pop(grid)))

    now.want(AIRTIME, {**{labels: table.add for labels, table in uses.items()}, ("all",): busy})
    now.want(CLIENTS, {("",): used})
    now.want(RETRIES, {(): retries.add})
    now.want(NOISE, {(): noise.add})
    ago.want(AIRTIME, {("all",): airtime_ago.add})
    ago.want(CLIENTS, {("",): clients_ago.add})

    def finish() -> WirelessMeasured:
        for grid, rows in waiting.rows.items():
            distributions.update(_distributions(grid, rows))
        told = _airtime(uses)
        for name, of_radio in (
            ("clients", distributions),
            ("retries", retries.found),
            ("noise", noise.found),
            ("airtime_growth", _grown(airtime_ago.found, airtime.found)),
            ("clients_growth", _grown(clients_ago.found, clients.found)),
        ):
            for radio, fact in of_radio.items():
                told.setdefault(radio, {})[name] = fact
        radios = {radio: RadioMeasure(**told[radio]) for radio in sorted(told)}  # type: ignore[arg-type]
        return WirelessMeasured(radios, days, now.simulated or ago.simulated)

    return finish


def _grown(
    before: Mapping[EntityId, float], after: Mapping[EntityId, float]
) -> dict[EntityId, tuple[float, float]]:
    return {radio: (mean, after[radio]) for radio, mean in before.items() if radio in after}


def _airtime(uses: Mapping[tuple[str, ...], Table]) -> dict[EntityId, dict[str, object]]:
    told: dict[EntityId, dict[str, object]] = {}
    for grid, rows in uses["all",].rows.items():
        for radio, found in _distributions(grid, rows):
            told.setdefault(radio, {})["airtime"] = found
        for radio, weeks in zip(rows.radios, _weeks(grid, rows.matrix()), strict=True):
            told.setdefault(radio, {})["weeks"] = weeks
        for radio, split in _splits(grid, rows, uses):
            told.setdefault(radio, {})["split"] = split
    return told


def _distributions(grid: Grid, rows: Rows) -> Iterator[tuple[EntityId, Distribution]]:
    values = rows.matrix()
    ordered, counts = sorted_rows(values)
    table = np.column_stack([quantile(ordered, counts, percent) for percent in range(101)]).tolist()
    for row, radio in enumerate(rows.radios):
        if counts[row]:
            last = int(np.flatnonzero(np.isfinite(values[row]))[-1])
            until = float((grid.hours[last] + 1) * HOUR)
            yield radio, Distribution(tuple(table[row]), int(counts[row]), until)


def _weeks(grid: Grid, values: Array) -> list[tuple[float, ...]]:
    """95th percentile of each row in each week; weeks with too few hours are left out."""
    out: list[list[float]] = [[] for _ in range(len(values))]
    # 1970-01-01 was a Thursday: weeks begin on Monday.
    weeks = (grid.hours + 3 * 24) // (7 * 24)
    for week in np.unique(weeks):
        ordered, counts = sorted_rows(values[:, weeks == week])
        told = zip(quantile(ordered, counts, 95).tolist(), counts.tolist(), strict=True)
        for row, (value, count) in enumerate(told):
            if count >= _WEEK_HOURS:
                out[row].append(value)
    return [tuple(one) for one in out]


def _splits(
    grid: Grid, rows: Rows, uses: Mapping[tuple[str, ...], Table]
) -> Iterator[tuple[EntityId, Split]]:
    """Own airtime is rx and tx together, else what others leave of all; others' is told, else the rest."""
    busy = rows.matrix()
    rx, tx, other = (
        uses[use,].rows.get(grid, Rows()).aligned(rows.radios, grid.hours.size)
        for use in ("rx", "tx", "other")
    )
    own = np.where(np.isfinite(rx + tx), rx + tx, np.maximum(busy - other, 0.0))
    others = np.where(np.isfinite(other), other, np.maximum(busy - own, 0.0))
    known = np.isfinite(busy) & np.isfinite(own)
    ordered, counts = sorted_rows(np.where(known, busy, np.nan))
    half = quantile(ordered, counts, 50)
    chosen = known & (busy >= half[:, None])
    hours = np.maximum(chosen.sum(axis=1), 1)
    mean_own = np.where(chosen, own, 0.0).sum(axis=1) / hours
    mean_others = np.where(chosen, others, 0.0).sum(axis=1) / hours
    excess = np.where(chosen, np.maximum(own - busy, 0.0), 0.0).sum(axis=1) / hours
    own = np.where(known, own, np.nan)
    own_ordered, own_counts = sorted_rows(own)
    p95 = quantile(own_ordered, own_counts, 95)
    weekly = _weeks(grid, own)
    for row, radio in enumerate(rows.radios):
        if counts[row]:
            weeks = sorted(weekly[row]) or [float(p95[row])]
            yield (
                radio,
                Split(
                    own=float(mean_own[row]),
                    others=float(mean_others[row]),
                    own_p95=float(p95[row]),
                    own_low=weeks[(len(weeks) - 1) // 4],
                    own_high=weeks[-1 - (len(weeks) - 1) // 4],
                    excess=float(excess[row]),
                    hours=int(counts[row]),
                ),
            )
