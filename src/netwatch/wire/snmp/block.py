"""The memory of one fetch: one piece, seen as three columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["OCTETS", "Columns", "columns_of"]

OCTETS = 17
"""Of one OID: value and time of 8 each, kind."""
_UINT64, _UINT8, _FLOAT64 = np.dtype(np.uint64), np.dtype(np.uint8), np.dtype(np.float64)
Columns = tuple[NDArray[np.uint64], NDArray[np.uint8], NDArray[np.float64]]
"""Values, kinds and times: Fetched."""


def columns_of(block: Any, count: int) -> Columns:
    """Views of a block, as netwatch.native.flights.Engine.launch has it."""
    return (
        np.ndarray(count, _UINT64, block),
        np.ndarray(count, _UINT8, block, 16 * count),
        np.ndarray(count, _FLOAT64, block, 8 * count),
    )
