"""Coverage of a block, of which only what is not as usual is wanted."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from netwatch.errors import StoreError
from netwatch.history.codec import FEW, NONSENSE, decode_matrix, unpacked

__all__ = ["Peek"]

Rows = NDArray[np.intp]


class Peek:
    """A column, series by buckets. Where it is an index into the few values that occur, it stays one."""

    def __init__(self, data: memoryview, shape: tuple[int, int]) -> None:
        """Raises StoreError if the data does not hold that many values."""
        self._table: NDArray[np.float32] | None = None
        self._values: NDArray[np.generic]
        try:
            if data[0] != FEW:
                self._values = decode_matrix(data, shape)
                return
            (count,) = struct.unpack_from("<H", data, 1)
            self._table = np.frombuffer(data, dtype="<f4", count=count, offset=3)
            self._values = np.frombuffer(unpacked(data[3 + 4 * count :]), dtype=np.uint8).reshape(shape)
        except (struct.error, IndexError, ValueError):
            raise StoreError(NONSENSE) from None

    def differ(self, part: slice, usual: float) -> NDArray[np.bool_]:
        """Of the buckets of `part`: where the value is another one."""
        values = self._values[:, part]
        if self._table is None:
            return np.asarray(values != np.float32(usual))
        same = np.flatnonzero(self._table == np.float32(usual))
        return np.asarray(values != np.uint8(same[0])) if same.size else np.ones(values.shape, dtype=np.bool_)

    def take(self, row: Rows, bucket: Rows) -> NDArray[np.float32]:
        """Single values. Raises StoreError if the index names none."""
        values = self._values[row, bucket]
        if self._table is None:
            return values.astype(np.float32)
        try:
            return np.asarray(self._table[values])
        except IndexError:
            raise StoreError(NONSENSE) from None
