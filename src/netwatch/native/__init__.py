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


def load(env: Mapping[str, str]) -> Speed | None:
    """The compiled twin; None where it is not there or not wanted."""
    if env.get(PURE, "0") not in ("", "0"):
        return None
    try:
        return cast(Speed, import_module("netwatch.native._speed"))
    except ImportError:
        return None
