"""Rows of counters: raw readings in, corrected monotonic totals out."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from netwatch.state.clears import VERDICTS, siblings_say, words
from netwatch.state.counters import Advance, Bounds, Cause, capacity, judge, reach
from netwatch.state.restarts import NO_WITNESS, Restart
from netwatch.state.rows import NEVER, RowIndex, Rows, row_numbers
from netwatch.state.steady import steady

__all__ = ["STEADY", "Company", "CounterRows", "Reading", "SourceView"]

_BELIEF = 3
"""After so many implausible intervals in a row the line speed is the lie, not the counter."""
_CARRIES, _UNTOLD, _DOUBTS = 0x80, 0x40, 0x03
"""Bits of `odd`: something is carried to the next interval; no reading so far; implausible intervals in a
row."""

_CAUSES = tuple(Cause)
_NUMBER = {cause: number for number, cause in enumerate(_CAUSES)}
STEADY, _FIRST = _NUMBER[Cause.STEADY], _NUMBER[Cause.FIRST]
_AMBIGUOUS = _NUMBER[Cause.AMBIGUOUS]


class SourceView(NamedTuple):
    """What is known of the source of a pass when its counters are judged."""

    number: int
    witnessed: bool
    """True if uptime evidence says whether the source restarted."""
    restarted: float
    """Monotonic seconds at which its last restart was noticed; -inf for none."""
    started: float
    """Monotonic seconds of that restart itself."""
    neighbours_fell: bool | None


class Reading(NamedTuple):
    """Counters of one pass as they were read, one element per row."""

    rows: RowIndex
    raw: NDArray[np.uint64]
    bits: NDArray[np.uint8] | None
    """Width at which each wraps, 32 or 64; None if all wrap at 64 bits."""
    at: NDArray[np.float64]
    """Monotonic seconds."""

    def pick(self, chosen: NDArray[Any]) -> Reading:
        bits = None if self.bits is None else self.bits[chosen]
        return Reading(row_numbers(self.rows)[chosen], self.raw[chosen], bits, self.at[chosen])


class Company(Protocol):
    """What stands beside the counters of one pass, by position in the reading. Asked only where one of them
    needs a closer look."""

    def siblings(self) -> NDArray[np.int32]:
        """Which of them belong to one interface and are cleared together: a small number of the interface
        each, -1 for what is no witness."""
        ...

    def bounded(self) -> NDArray[np.bool_]:
        """True for those that others of the pass bound: they are judged after the others."""
        ...

    def bounds(self, position: int, elapsed: float) -> Bounds | None:
        """What others of the pass say of this one's increase in so many seconds."""
        ...


class CounterRows(Rows):
    """Series of counters. Totals start at 0 with the first reading and only grow.

    Rates and limits are 32-bit floats (a relative error of 6e-8). What is rare has no array: carries are kept
    by row.
    """

    _BLANKS = (
        *Rows._BLANKS,
        ("raw", np.uint64, 0),
        ("totals", np.uint64, 0),
        ("gap", np.float64, 0.0),
        ("rates", np.float32, np.nan),
        ("limit", np.float32, np.nan),
        ("odd", np.uint8, _UNTOLD),
        ("cause", np.uint8, _FIRST),
    )

    raw: NDArray[np.uint64]
    totals: NDArray[np.uint64]
    gap: NDArray[np.float64]
    """`mono` minus the covered seconds, so that an interval that is covered needs no writing. Before the
    first reading: minus the covered seconds."""
    rates: NDArray[np.float32]
    limit: NDArray[np.float32]
    """What the line carries per second, in the family's unit; NaN where unknown."""
    odd: NDArray[np.uint8]
    """Not 0 where an interval asks for a closer look."""
    cause: NDArray[np.uint8]

    def __init__(self) -> None:
        super().__init__()
        self.carry: dict[int, int] = {}

    @property
    def vectors(self) -> tuple[NDArray[Any], ...]:
        """As netwatch.native.Speed.count_on takes them."""
        counts, past = (self.raw, self.totals), (self.limit, self.odd, self.group, self.cause)
        return (*counts, self.mono, self.rates, *past)

    def why(self, row: int) -> Cause:
        """How the last interval of a series was judged."""
        return _CAUSES[int(self.cause[row])]

    def covered(self, rows: RowIndex) -> NDArray[np.float64]:
        """Seconds, summed up, over which the increase is known."""
        mono = self.mono[rows]
        return np.where(np.isfinite(mono), mono, 0.0) - self.gap[rows]

    def blank(self, rows: RowIndex) -> None:
        if self.carry:
            for row in row_numbers(rows).tolist():
                self.carry.pop(row, None)
        super().blank(rows)

    def fell(self, reading: Reading) -> tuple[int, int]:
        """How many of these counters went back since their last reading, and how many did not."""
        before = self.raw[reading.rows]
        fallen = int(np.count_nonzero(reading.raw < before))
        return fallen, int(np.count_nonzero((reading.raw >= before) & (before > 0)))

    def advance(
        self,
        reading: Reading,
        group: int,
        told_by: NDArray[np.int32],
        view: SourceView,
        company: Company,
    ) -> bool:
        """Readings of one pass; no row stands twice in it. True if a series was told for the first time.

        told_by: source of each group.
        """
        rows, raw, at = reading.rows, reading.raw, reading.at
        old, mono, limit = self.raw[rows], self.mono[rows], self.limit[rows]
        elapsed = at - mono
        odd = self._odd(rows, mono, group, told_by, view)
        good = steady(old, raw, elapsed, bits=reading.bits, limit=limit, odd=odd)
        if np.count_nonzero(good) == len(good):
            self._steadily(rows, raw, old, at, elapsed, group)
            return False
        numbers, new = row_numbers(rows), np.isinf(elapsed)
        rest = ~good & ~new & (elapsed >= 0)
        cleared: NDArray[np.int8] | None = None
        if np.any(rest & (raw < old)):
            said = words(old, raw, elapsed, bits=reading.bits, limit=limit)
            said[(~rest & ~good) | (told_by[self.group[rows]] != view.number)] = 0
            cleared = siblings_say(said, company.siblings())
            also = good & (cleared > 0)  # it may have been cleared with them and have overtaken its old value
            good, rest = good & ~also, rest | also
        if reading.bits is not None:
            plain = rest if odd is None else rest & (odd == 0)
            plain = plain if cleared is None else plain & (cleared <= 0)
            rest &= ~self._ambiguously(reading, numbers, old, elapsed, limit, plain, group, company)
        self._steadily(numbers[good], raw[good], old[good], at[good], elapsed[good], group)
        if new.any():
            self._first(numbers, raw, at, new, group)
        if rest.any():
            bounded = company.bounded()
            order = np.concatenate([np.flatnonzero(rest & ~bounded), np.flatnonzero(rest & bounded)])
            self._one_by_one(reading, numbers, order.tolist(), group, told_by, view, company, cleared)
        return bool(new.any())

    def _odd(
        self,
        rows: RowIndex,
        mono: NDArray[np.float64],
        group: int,
        told_by: NDArray[np.int32],
        view: SourceView,
    ) -> NDArray[Any] | None:
        """Not 0 where the row's past or its source ask for a closer look; None where that is nowhere so."""
        odd, groups = self.odd[rows], self.group[rows]
        out: NDArray[Any] | None = odd if np.count_nonzero(odd) else None
        if np.count_nonzero(groups != np.int32(group)):
            other = told_by[groups] != view.number
            out = other if out is None else out | other
        if view.restarted > NEVER:
            before = mono < view.restarted
            out = before if out is None else out | before
        return out

    def _ambiguously(
        self,
        reading: Reading,
        numbers: NDArray[np.int32],
        old: NDArray[np.uint64],
        elapsed: NDArray[np.float64],
        limit: NDArray[np.float32],
        plain: NDArray[np.bool_],
        group: int,
        company: Company,
    ) -> NDArray[np.bool_]:
        """Those that went forward, may have wrapped besides, and have nothing that bounds them: unknown, as
        `judge` says of each. After an hour without polls that is every 32-bit counter of every port."""
        assert reading.bits is not None
        line = limit.astype(np.float64)
        advanced = (reading.raw - old).astype(np.float64)
        known = advanced <= capacity(line, elapsed)
        known &= advanced + 2.0**32 <= reach(line, elapsed)
        known &= (reading.bits == 32) & (reading.raw >= old) & (elapsed > 0)
        lost: NDArray[np.bool_] = plain & known
        if np.any(lost):
            lost &= ~company.bounded()
        rows = numbers[lost]
        self.raw[rows] = reading.raw[lost]
        self.rates[rows] = np.nan
        self.gap[rows] += elapsed[lost]
        self.mono[rows] = reading.at[lost]
        self.group[rows] = group
        self.cause[rows] = _AMBIGUOUS
        return lost

    def _steadily(
        self,
        plain: RowIndex,
        raw: NDArray[np.uint64],
        old: NDArray[np.uint64],
        at: NDArray[np.float64],
        elapsed: NDArray[np.float64],
        group: int,
    ) -> None:
        increase = raw - old
        self.totals[plain] += increase
        self.rates[plain] = increase / elapsed
        self.raw[plain] = raw
        self.mono[plain] = at
        self.group[plain] = group
        self.cause[plain] = STEADY

    def _first(
        self,
        numbers: NDArray[np.int32],
        raw: NDArray[np.uint64],
        at: NDArray[np.float64],
        new: NDArray[np.bool_],
        group: int,
    ) -> None:
        rows, at = numbers[new], at[new]
        self.raw[rows] = raw[new]
        self.gap[rows] += at
        self.mono[rows] = at
        self.group[rows] = group
        self.rates[rows] = np.nan
        self.odd[rows] &= ~_UNTOLD & 0xFF
        self.cause[rows] = _FIRST

    def _one_by_one(
        self,
        reading: Reading,
        numbers: NDArray[np.int32],
        positions: list[int],
        group: int,
        told_by: NDArray[np.int32],
        view: SourceView,
        company: Company,
        cleared: NDArray[np.int8] | None,
    ) -> None:
        for position in positions:
            row, raw = int(numbers[position]), int(reading.raw[position])
            bits = 64 if reading.bits is None else int(reading.bits[position])
            at = float(reading.at[position])
            elapsed = at - float(self.mono[row])
            if int(told_by[self.group[row]]) != view.number:
                self._unknown(row, raw, Cause.SOURCE)
                self.gap[row] += elapsed
            elif elapsed > 0:
                bounds = company.bounds(position, elapsed) if bits == 32 else None
                siblings = None if cleared is None else VERDICTS[int(cleared[position])]
                self.gap[row] += elapsed - self._judge(row, raw, bits, at, elapsed, view, bounds, siblings)
            self.mono[row] = at
            self.group[row] = group

    def _judge(
        self,
        row: int,
        raw: int,
        bits: int,
        at: float,
        elapsed: float,
        view: SourceView,
        bounds: Bounds | None,
        siblings: bool | None,
    ) -> float:
        """Judges one interval. Returns the seconds of it that are covered."""
        limit = None if np.isnan(self.limit[row]) else float(self.limit[row])
        doubts = int(self.odd[row]) & _DOUBTS
        believed = limit if doubts < _BELIEF else None
        restart = Restart(False) if view.witnessed else NO_WITNESS
        if float(self.mono[row]) < view.restarted:
            restart = Restart(True, at - view.started)
        judgement = judge(
            int(self.raw[row]),
            raw,
            elapsed,
            bits=bits,
            limit=believed,
            carry=self.carry.get(row, 0),
            restart=restart,
            neighbours_fell=view.neighbours_fell,
            bounds=bounds,
            siblings_cleared=siblings,
        )
        if not isinstance(judgement, Advance):
            if judgement.cause is Cause.IMPLAUSIBLE:
                doubts = min(doubts + 1, _BELIEF)
            self.odd[row] = doubts | (_CARRIES if row in self.carry else 0)
            self._unknown(row, raw, judgement.cause)
            return 0.0
        if believed is not None or (limit is not None and judgement.increase <= limit * elapsed):
            doubts = 0
        self._carry(row, judgement.carry)
        self.odd[row] = doubts | (_CARRIES if judgement.carry else 0)
        self._raise(row, judgement.increase)
        self.rates[row] = judgement.increase / judgement.seconds if judgement.seconds > 0 else np.nan
        self.raw[row] = raw
        self.cause[row] = _NUMBER[judgement.cause]
        return judgement.seconds

    def add(self, row: int, amount: int, at: float, group: int) -> None:
        """Raises a counter that netwatch itself keeps."""
        elapsed = at - float(self.mono[row])
        if elapsed < 0:
            return
        self._raise(row, amount)
        if not math.isfinite(elapsed):
            self.gap[row] += at
            self.odd[row] &= ~_UNTOLD & 0xFF
        elif elapsed > 0:
            self.rates[row] = amount / elapsed
        self.mono[row] = at
        self.group[row] = group

    def limited(self, rows: NDArray[np.int32], limit: NDArray[np.float64]) -> None:
        """The line has another speed: what was doubted because of the old one is believed again."""
        self.limit[rows] = limit
        self.odd[rows] &= ~_DOUBTS & 0xFF

    def begin(
        self, rows: NDArray[np.int32], raw: NDArray[np.uint64], mono: NDArray[np.float64], group: int
    ) -> None:
        """First readings that an earlier life of the program took; totals and `gap` are set already."""
        self.raw[rows] = raw
        self.gap[rows] += mono
        self.mono[rows] = mono
        self.group[rows] = group
        self.odd[rows] &= ~_UNTOLD & 0xFF

    def carried(self, row: int, amount: int) -> None:
        """Puts back what an earlier life of the program carried."""
        self._carry(row, amount)
        self.odd[row] |= _CARRIES if amount else 0

    def _raise(self, row: int, increase: int) -> None:
        self.totals[row] = (int(self.totals[row]) + increase) % 2**64

    def _carry(self, row: int, amount: int) -> None:
        if amount:
            self.carry[row] = amount
        else:
            self.carry.pop(row, None)

    def _unknown(self, row: int, raw: int, cause: Cause) -> None:
        self.raw[row] = raw
        self.rates[row] = np.nan
        if cause in (Cause.SOURCE, Cause.IMPLAUSIBLE):
            self._carry(row, 0)
            self.odd[row] &= ~_CARRIES & 0xFF
        self.cause[row] = _NUMBER[cause]
