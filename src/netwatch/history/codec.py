"""Numbers to bytes and back: the columns of a block, each a matrix of one quantity, series by buckets.

Most of what a network tells is constant (a port is up), much takes few values or is nearly constant, and
the rest is noise whose last bits mean nothing. So a column is kept as the one constant that it is, as an
index into the few values that occur, or as 32-bit floats whose bytes are sorted by significance and
compressed. A block that would then take more than `BUDGET` bytes per sample keeps fewer significant bits, see
the ladders.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import cramjam
import numpy as np
from numpy.typing import NDArray

from netwatch.errors import StoreError
from netwatch.history.noise import decode_floats, decode_steps, encode_floats, encode_steps, rounded

__all__ = [
    "BUDGET",
    "COUNTER_LADDER",
    "FEW",
    "FLOATS",
    "GAUGE_LADDER",
    "NOISY_BITS",
    "NONSENSE",
    "STEPS",
    "decode_indices",
    "decode_matrix",
    "encode_columns",
    "encode_indices",
    "encode_matrix",
    "unpacked",
]

BUDGET = 2.0
"""Bytes on disk that a sample may take: one bucket of one series with all its columns."""
NOISY_BITS = 13
"""Significant bits of noise in blocks that will still be put together with others."""
COUNTER_LADDER = ((13,), (12,), (11,))
"""Significant bits of increases. Of a ladder the first step that fits into the budget is taken, else the
last."""
GAUGE_LADDER = ((12, 12), (11, 9), (10, 8), (10, 7), (9, 7), (9, 6))
"""Bits of mean and maximum, below the power of two that is above the largest value of the series."""
_LOSSLESS_BYTES = 1.5
"""Bytes per value up to which a block that will still be put together with others keeps all 24 bits."""

_CONSTANT, _PLAIN, _DELTA, FLOATS, FEW, STEPS = 0, 1, 2, 3, 4, 5
_RANGE, _LIST = 0, 1
_GLIMPSE = 2048
_MOSTLY = 10
_ENVELOPE = 100
"""Bytes that a block takes beside its columns."""
NONSENSE = "a block does not hold what its header says"
_LARGEST = 2.0**100

Floats = NDArray[np.float64]
Bits = NDArray[np.uint32]
Octets = bytes | memoryview


def encode_columns(columns: Sequence[NDArray[np.floating]], *, settled: bool) -> list[bytes]:
    """All columns of a block, the coverage last. What is not covered comes back as any number.

    `settled`: the block is written for good, and may be rounded to what the budget allows.
    """
    covered = np.asarray(columns[-1], dtype=np.float64)
    values = [_filled(np.asarray(column, dtype=np.float64), covered) for column in columns[:-1]]
    last = encode_matrix(covered)
    exact = [encode_matrix(value) for value in values]
    if not settled:
        return [
            *(
                _near(data, value, NOISY_BITS, steps=False)
                if len(data) > _LOSSLESS_BYTES * value.size
                else data
                for data, value in zip(exact, values, strict=True)
            ),
            last,
        ]
    room = BUDGET * covered.size - len(last) - _ENVELOPE
    found = exact
    gauge = len(values) > 1
    for kept in GAUGE_LADDER if gauge else COUNTER_LADDER:
        if sum(map(len, found)) <= room:
            break
        found = [_near(*each, steps=gauge) for each in zip(exact, values, kept, strict=True)]
    return [*found, last]


def encode_matrix(matrix: Floats) -> bytes:
    """Exact as 32-bit floats; a constant as 64-bit float. One form byte and the data. Shape is not kept: the
    reader knows it. NaN is a value like any other."""
    first = float(matrix.flat[0]) if matrix.size else float("nan")
    if np.all(np.isnan(matrix)) if np.isnan(first) else np.all(matrix == first):
        return struct.pack("<Bd", _CONSTANT, first)
    bits = _bits(matrix)
    few = _few(bits)
    found: list[bytes] = [*_candidates(bits), *([few] if few else [])]
    return min(found, key=len)


def decode_matrix(data: Octets, shape: tuple[int, int]) -> NDArray[np.float32] | Floats:
    """The matrix again; a constant is a view of one number. Raises StoreError if the data does not hold that
    many values."""
    try:
        return _decode(data, shape)
    except (struct.error, IndexError, ValueError):
        raise StoreError(NONSENSE) from None


def _decode(data: Octets, shape: tuple[int, int]) -> NDArray[np.float32] | Floats:
    form = data[0]
    if form == _CONSTANT:
        return np.broadcast_to(np.float64(struct.unpack_from("<d", data, 1)[0]), shape)
    if form == FLOATS:
        return decode_floats(data[1:], shape)
    if form == STEPS:
        return decode_steps(data[1:], shape)
    if form == FEW:
        return _decode_few(data[1:], shape)
    planes = np.frombuffer(unpacked(data[1:]), dtype=np.uint8)
    if form not in (_PLAIN, _DELTA) or planes.size != 4 * shape[0] * shape[1]:
        raise StoreError(NONSENSE)
    bits = np.ascontiguousarray(planes.reshape(4, -1).T).view("<u4").reshape(shape)
    if form == _DELTA:
        bits = np.cumsum(bits, axis=1, dtype=np.uint32)
    return bits.view(np.float32)


def encode_indices(rows: NDArray[np.uint32]) -> bytes:
    """Ascending or not, any row numbers; a run without gaps costs nine bytes."""
    if rows.size and np.all(np.diff(rows.astype(np.int64)) == 1):
        return struct.pack("<BII", _RANGE, int(rows[0]), rows.size)
    return bytes([_LIST]) + _packed(rows.astype("<u4").tobytes())


def decode_indices(data: Octets) -> NDArray[np.uint32]:
    if data[0] == _RANGE:
        first, count = struct.unpack_from("<II", data, 1)
        return np.arange(first, first + count, dtype=np.uint32)
    return np.frombuffer(unpacked(data[1:]), dtype="<u4").astype(np.uint32)


def _filled(value: Floats, covered: Floats) -> Floats:
    """What is not covered gets the first known value of its series, or of the block: it costs least."""
    known = covered > 0
    if known.all() or not known.any():
        return value
    rows = known.any(axis=1)
    first = value[np.arange(value.shape[0]), known.argmax(axis=1)]
    first[~rows] = first[rows][0]
    return np.where(known, value, first[:, None])


def _near(exact: bytes, value: Floats, kept: int, *, steps: bool) -> bytes:
    """The value to so many bits, or exactly where that takes less."""
    if exact[0] == _CONSTANT:
        return exact
    if steps and np.all(np.abs(value) < _LARGEST):
        return min(exact, bytes([STEPS]) + encode_steps(value, kept), key=len)
    bits = _bits(value)
    few = _few(rounded(bits, kept))
    near = bytes([FLOATS]) + encode_floats(bits, kept)
    return min((exact, near, few) if few else (exact, near), key=len)


def _bits(matrix: Floats) -> Bits:
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(matrix, dtype=np.float32).view(np.uint32)


def _few(bits: Bits) -> bytes:
    """An index of one byte into the values that occur; empty if those are more than 256."""
    if np.unique(bits.flat[:: max(1, bits.size // _GLIMPSE)]).size > 256:
        return b""
    table = np.unique(bits)
    if table.size > 256:
        return b""
    index = np.searchsorted(table, bits)
    return (
        struct.pack("<BH", FEW, table.size)
        + table.astype("<u4").tobytes()
        + _packed(index.astype(np.uint8).tobytes())
    )


def _decode_few(data: Octets, shape: tuple[int, int]) -> NDArray[np.float32]:
    (count,) = struct.unpack_from("<H", data)
    table = np.frombuffer(data, dtype="<f4", count=count, offset=2)
    index = np.frombuffer(unpacked(data[2 + 4 * count :]), dtype=np.uint8)
    out = np.full(index.size, table[index[index.size // 2]], dtype=np.float32)
    others = np.flatnonzero(index != index[index.size // 2])
    if others.size < index.size // _MOSTLY:
        out[others] = table[index[others]]
    else:
        np.take(table, index, out=out)
    return out.reshape(shape)


def _candidates(bits: Bits) -> list[bytes]:
    out = [bytes([_PLAIN]) + _planes(bits)]
    if bits.shape[1] > 1:
        # Modular differences of the bit patterns: a value that repeats becomes zero, and nothing is lost.
        delta = bits.copy()
        delta[:, 1:] -= bits[:, :-1]
        out.append(bytes([_DELTA]) + _planes(delta))
    return out


def _planes(bits: Bits) -> bytes:
    return _packed(np.ascontiguousarray(bits.astype("<u4").reshape(-1, 1).view(np.uint8).T).tobytes())


def _packed(data: bytes) -> bytes:
    return bytes(cramjam.zstd.compress(data, 3))


def unpacked(data: Octets) -> bytes:
    """Raises StoreError if it can't be decompressed."""
    try:
        return bytes(cramjam.zstd.decompress(data))
    except cramjam.DecompressionError as error:
        raise StoreError(f"a block can't be decompressed: {error}") from None
