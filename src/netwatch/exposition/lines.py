"""Lines of samples in pure Python: what `render_lines` of the compiled twin does, octet for octet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Lines", "PureLines", "format_number", "picker"]

_KEPT_STAMPS = 4096
"""Rows of one device share the time of its poll: few texts serve many rows."""


class Lines(Protocol):
    """What makes lines: `PureLines` or the compiled twin."""

    def render_lines(
        self,
        name: str,
        texts: tuple[list[str], ...],
        rows: NDArray[np.int64],
        values: NDArray[np.float64] | None,
        totals: NDArray[np.uint64] | None,
        times: NDArray[np.float64] | None,
        openmetrics: bool,
        /,
    ) -> bytes: ...


class PureLines:
    """Makes lines without a compiler."""

    def __init__(self) -> None:
        self._stamps = {False: _Stamps(False), True: _Stamps(True)}

    def render_lines(
        self,
        name: str,
        texts: tuple[list[str], ...],
        rows: NDArray[np.int64],
        values: NDArray[np.float64] | None,
        totals: NDArray[np.uint64] | None,
        times: NDArray[np.float64] | None,
        openmetrics: bool,
        /,
    ) -> bytes:
        """`NAME{TEXTS} VALUE TIME` for each of `rows`, in UTF-8.

        `texts` are the lists, indexed by row, whose items stand one after the other between the braces, at
        most four. The value is that of `totals`, else of `values`, else 1; a row whose value is NaN is left
        out. `times` are wall seconds, rounded to milliseconds; None leaves them out. Raises IndexError for a
        row that is not there, ValueError for a time that is no time.
        """
        if values is not None and totals is None:
            known = ~np.isnan(values[rows])
            if not known.all():
                rows = rows[known]
        count = len(rows)
        if not count:
            return b""
        if rows.min() < 0 or any(rows.max() >= len(text) for text in texts):
            raise IndexError("there is no such row")
        if totals is not None:
            numbers: Iterable[str] = map(str, totals[rows].tolist())
        else:
            numbers = ["1"] * count if values is None else _numbers(values[rows])
        pick = picker(rows)
        pieces: list[Any] = [None] * ((len(texts) + 4) * count)
        width = len(texts) + 4
        pieces[0::width] = [f"{name}{{"] * count
        for place, text in enumerate(texts, 1):
            pieces[place::width] = pick(text)
        pieces[width - 3 :: width] = ["} "] * count
        pieces[width - 2 :: width] = numbers
        if times is None:
            pieces[width - 1 :: width] = ["\n"] * count
        else:
            stamps = self._stamps[bool(openmetrics)]
            pieces[width - 1 :: width] = map(stamps.__getitem__, times[rows].tolist())
            if len(stamps) > _KEPT_STAMPS:
                stamps.clear()
        return "".join(pieces).encode()


def format_number(value: float) -> str:
    """The shortest text that reads back as the same float; whole numbers below 10^15 without a point."""
    if value.is_integer() and -1e15 < value < 1e15:
        return str(int(value))
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(value)


def _numbers(values: NDArray[np.float64]) -> Iterable[str]:
    if (np.abs(values) < 1e15).all():
        whole = values.astype(np.int64)
        if (whole == values).all():
            return map(str, whole.tolist())
    return map(format_number, values.tolist())


class _Picker(Protocol):
    def __call__(self, items: list[str], /) -> Sequence[str]: ...


def picker(rows: NDArray[np.int64]) -> _Picker:
    """Picks the items of `rows` from a list; quickly if they stand side by side."""
    first, last = int(rows[0]), int(rows[-1])
    if last - first == len(rows) - 1 and (len(rows) < 3 or bool((np.diff(rows) == 1).all())):
        return lambda items: items[first : last + 1]
    numbers = rows.tolist()
    return lambda items: [items[number] for number in numbers]


class _Stamps(dict[float, str]):
    """The end of a line by its time."""

    def __init__(self, openmetrics: bool) -> None:
        super().__init__()
        self._openmetrics = openmetrics

    def __missing__(self, seconds: float) -> str:
        millis = seconds * 1000.0
        if not -1e15 < millis < 1e15:
            raise ValueError("a time is out of range")
        whole = round(millis)
        if self._openmetrics:
            text = f" {'-' if whole < 0 else ''}{abs(whole) // 1000}.{abs(whole) % 1000:03d}\n"
        else:
            text = f" {whole}\n"
        self[seconds] = text
        return text
