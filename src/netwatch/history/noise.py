"""Noise to bytes and back: numbers of which only what the budget allows is kept.

Two forms. *Floats* keep the first significant bits of each value: right where values differ by orders of
magnitude, as traffic does. *Steps* keep each value to a fraction of the largest one of its series within the
block: right for shares, temperatures and levels.

Both make whole numbers of the values. Their lowest eight bits (floats) or none (steps) are noise and are
stored as they are; what is above is stored as the difference to the level of its series, which is small, so
that the entropy coding (zstd's Huffman stage) pays. docs/history.md draws the octets.
"""

from __future__ import annotations

import struct

import cramjam
import numpy as np
from numpy.typing import NDArray

from netwatch.errors import StoreError

__all__ = ["decode_floats", "decode_steps", "encode_floats", "encode_steps", "rounded", "stepped"]

_MANTISSA = 24
"""Significant bits of a 32-bit float."""
_HEAD = struct.Struct("<BBBB")
_ORDERED = 1

Bits = NDArray[np.uint32]
Whole = NDArray[np.int32]
Floats = NDArray[np.float64]
Octets = bytes | memoryview


def rounded(bits: Bits, kept: int) -> Bits:
    """Rounds bit patterns of 32-bit floats to `kept` significant bits, half to even, carrying on into the
    exponent.

    Infinities have an empty mantissa and stay; NaN keeps its quiet bit, which is far above what is dropped.
    """
    dropped = _MANTISSA - kept
    special = (bits & 0x7F800000) == 0x7F800000
    half = np.uint32((1 << (dropped - 1)) - 1)
    odd = (bits >> np.uint32(dropped)) & np.uint32(1)
    near = (bits + half + odd) & np.uint32(0xFFFFFFFF ^ ((1 << dropped) - 1))
    return np.where(special, bits & np.uint32(0xFFC00000), near).astype(np.uint32)


def encode_floats(bits: Bits, kept: int) -> bytes:
    """Bit patterns of 32-bit floats, series by buckets, to at most 16 significant bits. u8 dropped bits, u8
    flags (1: in order of value, because some are negative), then the whole numbers."""
    dropped = _MANTISSA - kept
    bits = rounded(bits, kept)
    flags = _ORDERED if np.any(bits >> np.uint32(31)) else 0
    codes = (_in_order(bits) if flags else bits) >> np.uint32(dropped)
    return struct.pack("<BB", dropped, flags) + _encode_whole(codes.view(np.int32), low=1)


def decode_floats(data: Octets, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Raises StoreError if the data does not hold that many values."""
    dropped, flags = data[0], data[1]
    codes = _decode_whole(data[2:], shape).view(np.uint32)
    codes <<= np.uint32(dropped)
    return (_out_of_order(codes, dropped) if flags & _ORDERED else codes).view(np.float32)


def stepped(values: Floats, kept: int) -> tuple[Whole, NDArray[np.int8]]:
    """Whole numbers and, by series, the exponent of 2 that they are to be multiplied with: a series whose
    largest magnitude is below 2^n gets steps of 2^(n - kept). Values are finite, magnitudes below 2^100."""
    _, above = np.frexp(np.abs(values).max(axis=1))
    exponent = (np.maximum(above, -100) - kept).astype(np.int8)
    return np.rint(np.ldexp(values, -exponent.astype(np.int32)[:, None])).astype(np.int32), exponent


def encode_steps(values: Floats, kept: int) -> bytes:
    """Of a matrix that `stepped` bears. An i8 per series: its exponent; then the whole numbers."""
    whole, exponent = stepped(values, kept)
    return _frame(exponent.tobytes()) + _encode_whole(whole, low=0)


def decode_steps(data: Octets, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Raises StoreError if the data does not hold that many values."""
    exponent, position = _plane(data, 0, shape[0])
    step = np.ldexp(np.float32(1), exponent.view(np.int8).astype(np.int32))
    return np.multiply(_decode_whole(data[position:], shape), step[:, None], dtype=np.float32)


def _encode_whole(codes: Whole, *, low: int) -> bytes:
    """u8 planes of the low part, u8 of the high one, i32 levels by series, planes; each behind its length."""
    high = codes >> np.int32(8 * low)
    levels = np.rint(high.mean(axis=1)).astype(np.int32)
    high -= levels[:, None]
    least = int(high.min())
    # In the middle of the octet what is common stays clear of its ends, and the octet above is constant.
    least = min(least, -128) if int(high.max()) - min(least, -128) < 256 else least
    high -= least
    most = int(high.max())
    count = 1 if most < 1 << 8 else 2 if most < 1 << 16 else 4
    planes = [(high >> np.int32(8 * n)).astype(np.uint8) for n in range(count)]
    planes = [(codes >> np.int32(8 * n)).astype(np.uint8) for n in range(low)] + planes
    level = np.ascontiguousarray((levels + least).astype("<i4").reshape(-1, 1).view(np.uint8).T)
    return struct.pack("<BB", low, count) + b"".join(_frame(part.tobytes()) for part in (level, *planes))


def _decode_whole(data: Octets, shape: tuple[int, int]) -> Whole:
    low, count = data[0], data[1]
    level, position = _plane(data, 2, 4 * shape[0])
    planes = []
    for _ in range(low + count):
        plane, position = _plane(data, position, shape[0] * shape[1])
        planes.append(plane.reshape(shape))
    levels = np.ascontiguousarray(level.reshape(4, -1).T).view("<i4")
    codes: Whole = planes[-1].astype(np.int32)
    for plane in reversed(planes[low:-1]):
        codes <<= 8
        codes |= plane
    codes += levels
    for plane in reversed(planes[:low]):
        codes <<= 8
        codes |= plane
    return codes


def _in_order(bits: Bits) -> Bits:
    """Patterns whose order is that of the values."""
    negative = (bits >> np.uint32(31)).astype(np.bool_)
    return np.where(negative, ~bits, bits | np.uint32(0x80000000)).astype(np.uint32)


def _out_of_order(codes: Bits, dropped: int) -> Bits:
    positive = (codes >> np.uint32(31)).astype(np.bool_)
    clear = np.uint32(0xFFFFFFFF ^ ((1 << dropped) - 1))
    return np.where(positive, codes & np.uint32(0x7FFFFFFF), ~codes & clear).astype(np.uint32)


def _frame(data: bytes) -> bytes:
    packed = bytes(cramjam.zstd.compress(data, 3))
    return struct.pack("<I", len(packed)) + packed


def _plane(data: Octets, position: int, size: int) -> tuple[NDArray[np.uint8], int]:
    """So many octets of the frame at that position, and where the next one begins."""
    (length,) = struct.unpack_from("<I", data, position)
    end = position + 4 + length
    out = bytearray(size)
    try:
        if cramjam.zstd.decompress_into(memoryview(data)[end - length : end], out) == size:
            return np.frombuffer(out, dtype=np.uint8), end
    except cramjam.DecompressionError as error:
        raise StoreError(f"a block can't be decompressed: {error}") from None
    raise StoreError("a block does not hold what its header says")
