"""Columns of counters: raw readings in, corrected monotonic totals out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netwatch.model import Column, Family, Instant
from netwatch.state.counters import Advance, Bounds, Cause, judge
from netwatch.state.restarts import NO_WITNESS, Restart
from netwatch.state.series import SeriesColumn
from netwatch.state.steady import steady_mask

__all__ = ["CounterColumn", "SourceView"]

_BELIEF = 3
"""After so many implausible intervals in a row the line speed is the lie, not the counter."""

_CAUSES = tuple(Cause)
_NUMBER = {cause: number for number, cause in enumerate(_CAUSES)}


class SourceView(NamedTuple):
    """What is known of the source of an observation when its counters are judged."""

    number: int
    witnessed: bool
    """True if uptime evidence says whether the source restarted."""
    restarted: float
    """Monotonic seconds at which its last restart was noticed; -inf for none."""
    started: float
    """Monotonic seconds of that restart itself."""
    neighbours_fell: bool | None


class CounterColumn(SeriesColumn):
    """All series of one counter family. Totals start at 0 with the first reading and only grow."""

    def __init__(self, family: Family) -> None:
        super().__init__(family)
        size = len(self.values)
        self.raw: NDArray[np.uint64] = np.zeros(size, dtype=np.uint64)
        self.totals: NDArray[np.uint64] = np.zeros(size, dtype=np.uint64)
        self.covered: NDArray[np.float64] = np.zeros(size)
        self.limit: NDArray[np.float64] = np.full(size, np.nan)
        """What the line carries per second, in the family's unit; NaN where unknown."""
        self.carry: NDArray[np.uint64] = np.zeros(size, dtype=np.uint64)
        self.doubts: NDArray[np.uint8] = np.zeros(size, dtype=np.uint8)
        """Implausible intervals in a row."""
        self.cause: NDArray[np.uint8] = np.full(size, _NUMBER[Cause.FIRST], dtype=np.uint8)

    def why(self, row: int) -> Cause:
        """How the last interval of a series was judged."""
        return _CAUSES[int(self.cause[row])]

    def fell(self, rows: Sequence[int], raws: Sequence[int]) -> tuple[int, int]:
        """How many of these counters went back since their last reading, and how many did not."""
        before = self.raw[np.asarray(rows, dtype=np.intp)].tolist()
        fallen = sum(1 for old, new in zip(before, raws, strict=True) if new < old)
        kept = sum(1 for old, new in zip(before, raws, strict=True) if new >= old > 0)
        return fallen, kept

    def advance(
        self,
        rows: Sequence[int],
        raws: Sequence[int],
        bits: Sequence[int],
        at: Instant,
        interval: float,
        source: SourceView,
        origins: Sequence[str],
        bounds: Callable[[int, float], Bounds | None] | None = None,
    ) -> None:
        """Readings of one observation; `rows` holds no row twice. `bounds` is asked, with row and seconds,
        where other counters may tell how often one wrapped."""
        index: NDArray[Any] = np.asarray(rows, dtype=np.intp)
        new = np.asarray(raws, dtype=np.uint64)
        old = self.raw[index]
        elapsed = at.mono - self.mono[index]
        steady = self._steady(index, old, new, elapsed, np.asarray(bits), source)
        if steady.all():
            plain, plain_new, plain_old, plain_elapsed = index, new, old, elapsed
        else:
            plain, plain_new, plain_old, plain_elapsed = (
                index[steady],
                new[steady],
                old[steady],
                elapsed[steady],
            )
        increase = plain_new - plain_old
        self.totals[plain] += increase
        self.covered[plain] += plain_elapsed
        self.rates[plain] = increase / plain_elapsed
        self.raw[plain] = plain_new
        self.cause[plain] = _NUMBER[Cause.STEADY]
        self.stamp(plain, at, interval, source.number)
        for position in np.flatnonzero(~steady).tolist():
            row = rows[position]
            if elapsed[position] >= 0:
                self._advance_one(row, int(raws[position]), int(bits[position]), at, source, bounds)
                self.stamp(index[position : position + 1], at, interval, source.number)
        self.values[index] = self.totals[index]
        self.remember_origins(rows, origins)

    def _steady(
        self,
        index: NDArray[Any],
        old: NDArray[np.uint64],
        new: NDArray[np.uint64],
        elapsed: NDArray[np.float64],
        bits: NDArray[Any],
        source: SourceView,
    ) -> NDArray[np.bool_]:
        """Where `judge` would say: the difference, over the whole interval, nothing carried."""
        limit, carry = self.limit[index], self.carry[index]
        restarted = self.mono[index] < source.restarted
        steady = steady_mask(old, new, elapsed, bits=bits, limit=limit, carry=carry, restarted=restarted)
        steady &= (self.source[index] == source.number) & (self.doubts[index] == 0)
        return steady

    def _advance_one(
        self,
        row: int,
        raw: int,
        bits: int,
        at: Instant,
        source: SourceView,
        bounds: Callable[[int, float], Bounds | None] | None,
    ) -> None:
        before, elapsed = float(self.mono[row]), at.mono - float(self.mono[row])
        if not np.isfinite(before):
            self._unknown(row, raw, Cause.FIRST)
            return
        if int(self.source[row]) != source.number:
            self._unknown(row, raw, Cause.SOURCE)
            return
        if elapsed <= 0:
            return
        limit = None if np.isnan(self.limit[row]) else float(self.limit[row])
        believed = limit if self.doubts[row] < _BELIEF else None
        restart = Restart(False) if source.witnessed else NO_WITNESS
        if before < source.restarted:
            restart = Restart(True, at.mono - source.started)
        judgement = judge(
            int(self.raw[row]),
            raw,
            elapsed,
            bits=bits,
            limit=believed,
            carry=int(self.carry[row]),
            restart=restart,
            neighbours_fell=source.neighbours_fell,
            bounds=bounds(row, elapsed) if bounds is not None and bits == 32 else None,
        )
        if not isinstance(judgement, Advance):
            if judgement.cause is Cause.IMPLAUSIBLE:
                self.doubts[row] = min(int(self.doubts[row]) + 1, _BELIEF)
            self._unknown(row, raw, judgement.cause)
            return
        if believed is not None or (limit is not None and judgement.increase <= limit * elapsed):
            self.doubts[row] = 0
        self.totals[row] += np.uint64(judgement.increase)
        self.carry[row] = judgement.carry
        self.covered[row] += judgement.seconds
        self.rates[row] = judgement.increase / judgement.seconds if judgement.seconds > 0 else np.nan
        self.raw[row] = raw
        self.cause[row] = _NUMBER[judgement.cause]

    def add(self, row: int, amount: int, at: Instant, interval: float, source: int) -> None:
        """Raises a counter that netwatch itself keeps."""
        elapsed = at.mono - float(self.mono[row])
        if elapsed < 0:
            return
        self.totals[row] += np.uint64(amount)
        self.values[row] = self.totals[row]
        if np.isfinite(elapsed) and elapsed > 0:
            self.covered[row] += elapsed
            self.rates[row] = amount / elapsed
        self.stamp(np.asarray([row]), at, interval, source)

    def _unknown(self, row: int, raw: int, cause: Cause) -> None:
        self.raw[row] = raw
        self.rates[row] = np.nan
        if cause in (Cause.SOURCE, Cause.IMPLAUSIBLE):
            self.carry[row] = 0
        self.cause[row] = _NUMBER[cause]

    def _arrays(self) -> Iterator[tuple[str, Any]]:
        yield from super()._arrays()
        yield from (
            ("raw", 0),
            ("totals", 0),
            ("covered", 0.0),
            ("limit", np.nan),
            ("carry", 0),
            ("doubts", 0),
            ("cause", _NUMBER[Cause.FIRST]),
        )

    def _column(self, live: NDArray[np.intp], fresh: NDArray[np.bool_]) -> Column:
        totals, covered = self.totals[live], self.covered[live]
        totals.flags.writeable = False
        covered.flags.writeable = False
        plain = super()._column(live, fresh)
        return Column(
            family=plain.family,
            entities=plain.entities,
            labels=plain.labels,
            values=plain.values,
            rates=plain.rates,
            times=plain.times,
            fresh=plain.fresh,
            origins=plain.origins,
            totals=totals,
            covered=covered,
        )
