"""Numbers to bytes and back: a matrix of one quantity, series by buckets.

Most of what a network tells is constant (a port is up), much is nearly so, and the rest is noise whose last
bits mean nothing. So a matrix is kept as the one constant that it is, or as 32-bit floats whose bytes are
sorted by significance and compressed. They are exact as float32 where that takes little room, and otherwise
hold `NOISY_BITS` significant bits (a relative error of at most 2^-13; whole numbers up to 8192 stay exact).
"""

from __future__ import annotations

import struct

import cramjam
import numpy as np
from numpy.typing import NDArray

from netwatch.errors import StoreError

__all__ = ["NOISY_BITS", "decode_indices", "decode_matrix", "encode_indices", "encode_matrix"]

NOISY_BITS = 13
_DROPPED = 24 - NOISY_BITS
_LOSSLESS_BYTES = 1.5
"""Bytes per value up to which all 24 bits are kept."""

_CONSTANT, _PLAIN, _DELTA = 0, 1, 2
_RANGE, _LIST = 0, 1

Floats = NDArray[np.float64]
Bits = NDArray[np.uint32]


def encode_matrix(matrix: Floats) -> bytes:
    """One form byte and the data. Shape is not kept: the reader knows it. NaN is a value like any other."""
    first = float(matrix.flat[0]) if matrix.size else float("nan")
    if np.all(np.isnan(matrix)) if np.isnan(first) else np.all(matrix == first):
        return struct.pack("<Bd", _CONSTANT, first)
    with np.errstate(over="ignore"):
        bits = np.ascontiguousarray(matrix, dtype=np.float32).view(np.uint32)
    best = min(_candidates(bits), key=len)
    if len(best) > _LOSSLESS_BYTES * matrix.size:
        best = min(_candidates(_rounded(bits)), key=len)
    return best


def decode_matrix(data: bytes, shape: tuple[int, int]) -> NDArray[np.float32] | Floats:
    """The matrix again. Raises StoreError if the data does not hold that many values."""
    form = data[0]
    if form == _CONSTANT:
        return np.full(shape, struct.unpack_from("<d", data, 1)[0])
    planes = np.frombuffer(_unpacked(data[1:]), dtype=np.uint8)
    if form not in (_PLAIN, _DELTA) or planes.size != 4 * shape[0] * shape[1]:
        raise StoreError("a block does not hold what its header says")
    bits = np.ascontiguousarray(planes.reshape(4, -1).T).view("<u4").reshape(shape)
    if form == _DELTA:
        bits = np.cumsum(bits, axis=1, dtype=np.uint32)
    return bits.view(np.float32)


def encode_indices(rows: NDArray[np.uint32]) -> bytes:
    """Ascending or not, any row numbers; a run without gaps costs nine bytes."""
    if rows.size and np.all(np.diff(rows.astype(np.int64)) == 1):
        return struct.pack("<BII", _RANGE, int(rows[0]), rows.size)
    return bytes([_LIST]) + _packed(rows.astype("<u4").tobytes())


def decode_indices(data: bytes) -> NDArray[np.uint32]:
    if data[0] == _RANGE:
        first, count = struct.unpack_from("<II", data, 1)
        return np.arange(first, first + count, dtype=np.uint32)
    return np.frombuffer(_unpacked(data[1:]), dtype="<u4").astype(np.uint32)


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


def _rounded(bits: Bits) -> Bits:
    """Rounds to NOISY_BITS significant bits, half to even, carrying into the exponent as it should.

    Infinities have an empty mantissa and stay; NaN keeps its quiet bit, which is far above what is dropped.
    """
    special = (bits & 0x7F800000) == 0x7F800000
    half = np.uint32((1 << (_DROPPED - 1)) - 1)
    odd = (bits >> np.uint32(_DROPPED)) & np.uint32(1)
    rounded = (bits + half + odd) & np.uint32(0xFFFFFFFF ^ ((1 << _DROPPED) - 1))
    return np.where(special, bits & np.uint32(0xFFC00000), rounded).astype(np.uint32)


def _packed(data: bytes) -> bytes:
    return bytes(cramjam.zstd.compress(data, 3))


def _unpacked(data: bytes) -> bytes:
    try:
        return bytes(cramjam.zstd.decompress(data))
    except cramjam.DecompressionError as error:
        raise StoreError(f"a block can't be decompressed: {error}") from None
