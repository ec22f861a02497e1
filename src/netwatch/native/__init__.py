"""The compiled twin of the hottest loops, where it could be built.

Everything here has a twin in Python that behaves alike; the same tests run on both. A machine without a C
compiler gets netwatch all the same, and `netwatch bench` says which one runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol, cast

from netwatch.native.flights import Kernel

__all__ = ["PURE", "Speed", "load"]

PURE = "NETWATCH_PURE"
"""Set to anything but 0 in the environment, it keeps the compiled twin out."""


class Speed(Kernel, Protocol):
    """What the compiled module holds. Vectors are numpy arrays or whatever else has the buffer protocol."""

    def render_lines(
        self,
        name: str,
        texts: tuple[list[str], ...],
        rows: Any,
        values: Any,
        totals: Any,
        times: Any,
        openmetrics: bool,
        /,
    ) -> bytes:
        """Twin of `netwatch.exposition.lines.PureLines.render_lines`: int64, float64, uint64, float64."""
        ...

    def count_on(
        self,
        rows: tuple[Any, ...],
        first: int,
        group: int,
        cause: int,
        restarted: float,
        counters: Any,
        counted: Any,
        order: Any,
        times: Any,
        places: Any,
        bits: Any,
        certain: float,
        cache: float,
        /,
    ) -> bool:
        """Counters of a block into their rows, if all of them did nothing but count: then it does what
        `netwatch.state.counter_rows.CounterRows.advance` does. False if one asks for a closer look; nothing
        was written then.

        rows: raw, totals, mono, rates, limit, odd, group and cause of all series; those of the block begin at
        `first`. order: which counter belongs to each row (intp), None for their own order. places: which
        time belongs to each (intp). bits: widths of each row's counter, None if all are 64. certain, cache:
        of netwatch.state.counters. Raises TypeError, IndexError.
        """
        ...

    def tell_gauges(
        self,
        rows: tuple[Any, ...],
        first: int,
        group: int,
        gauges: Any,
        order: Any,
        times: Any,
        places: Any,
        /,
    ) -> bool:
        """Twin of `netwatch.state.rows.GaugeRows.write`, of the gauges of a block. rows: values, mono and
        group of all series; the rest is as for `count_on`."""
        ...


def load(env: Mapping[str, str]) -> Speed | None:
    """The compiled twin; None where it is not there or not wanted."""
    if env.get(PURE, "0") not in ("", "0"):
        return None
    try:
        return cast(Speed, import_module("netwatch.native._speed"))
    except ImportError:
        return None
