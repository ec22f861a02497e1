"""How often the 80 % intervals of capacity forecasts cover what came later, and how far off the median is.

Series of many kinds are generated, cut, forecast and compared with their own later weeks. What the code was
tuned on (tests/bench/forecast_tuning.py) has other seeds than what is told here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from tests.bench.forecast_district import districts
from tests.bench.forecast_series import KINDS, Series, generate, naive

from netwatch.planning.capacity.forecast import Forecasts, forecast

TOLD = range(300, 308)
WEEKS = (40, 60, 104, 156)
GROWING = ("linear", "compound", "term growth", "one clean-up", "clean-ups")
HORIZONS = (4, 13, 26, 52, 104)
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """Errors and hits by series and week ahead; NaN where nothing was measured later."""

    inside: Array
    error: Array
    last: Array
    """Error of the last value."""
    seasonal: Array
    """Error of the last value and what the year before did from there."""


def judge(series: Series) -> Outcome:
    found: Forecasts = forecast(series.past, series.school[:, : series.weeks])
    ahead = series.school[:, series.weeks :]
    low, middle, high = found.values(ahead)
    truth = series.future
    known = np.isfinite(truth)
    inside = np.where(known, (truth >= low) & (truth <= high), np.nan)
    last, seasonal = naive(series)
    return Outcome(
        inside.astype(float),
        np.abs(middle - truth),
        np.abs(last - truth),
        np.abs(seasonal - truth),
    )


def outcomes(kind: str, seeds: range, weeks: int) -> Outcome:
    return joined([judge(generate(kind, seed, weeks=weeks)) for seed in seeds])


def joined(parts: list[Outcome]) -> Outcome:
    names = ("inside", "error", "last", "seasonal")
    return Outcome(*(np.concatenate([getattr(one, name) for one in parts]) for name in names))


def main() -> None:
    seeds = TOLD
    rows = []
    every = []
    for weeks in WEEKS:
        for kind in KINDS:
            found = outcomes(kind, seeds, weeks)
            every.append((weeks, found))
            rows.append(_row(f"{kind}, {weeks} weeks", [found]))
        rows.append(_row(f"all, {weeks} weeks", [one for known, one in every if known == weeks]))
    for place, kind in enumerate(KINDS):
        rows.append(_row(f"{kind}, all", [one for _, one in every[place :: len(KINDS)]]))
    rows.append(_row("all", [one for _, one in every]))
    simulated: dict[str, list[Outcome]] = {}
    for sort, series in districts(range(seeds[0], seeds[0] + 4)):
        simulated.setdefault(sort, []).append(judge(series))
    rows += [_row(f"{sort}, 104 weeks", found) for sort, found in simulated.items()]
    head = ("series", *(f"{h} wk" for h in HORIZONS), "median error", "last value", "last + last year")
    for row in (head, ("---",) * len(head), *rows):
        print("| " + " | ".join(row) + " |", flush=True)
    print("\n| kind, 104 weeks | dates | within the interval | median error in days |")
    for row in (("---",) * 4, *(dates(kind, seeds) for kind in GROWING)):
        print("| " + " | ".join(row) + " |", flush=True)


def dates(kind: str, seeds: range) -> tuple[str, ...]:
    """How often the interval of the date contains the week in which a limit was reached, and how many days
    the median was off. The limit lies at what the series will hold about 40 weeks later."""
    inside, off = [], []
    for seed in seeds:
        series = generate(kind, seed)
        found = forecast(series.past, series.school[:, : series.weeks])
        paths = found.band(np.arange(1.0, series.future.shape[1] + 1))
        smooth = np.nanmedian(sliding_window_view(series.future, 7, axis=1), axis=2)
        for row, later in enumerate(smooth):
            limit = float(later[37])
            if not found.level[row] * 1.03 < limit:
                continue  # full already, or hardly growing
            high, true, low = (int(np.argmax(one >= limit)) for one in (paths[2][row], later, paths[0][row]))
            never = not (paths[0][row] >= limit).any()
            middle = paths[1][row] >= limit
            inside.append(high <= true + 3 and (never or true + 3 <= low))
            off.append(7 * abs(int(np.argmax(middle)) - true - 3) if middle.any() else np.inf)
    return (kind, str(len(inside)), f"{np.mean(inside):.0%}", f"{np.median(off):.0f}")


def _row(name: str, found: list[Outcome]) -> tuple[str, ...]:
    every = joined(found)
    cover = (_share(every.inside[:, max(0, h - 3) : h + 2]) for h in HORIZONS)
    error = (f"{np.nanmedian(what[:, :52]):.3f}" for what in (every.error, every.last, every.seasonal))
    return (name, *cover, *error)


def _share(inside: Array) -> str:
    return f"{np.nanmean(inside):.0%}" if np.isfinite(inside).any() else "-"


if __name__ == "__main__":
    main()
