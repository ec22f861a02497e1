"""GETs encoded once, and the decoder of what answers them exactly: the twin of native/questions.c."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from functools import lru_cache
from itertools import repeat
from operator import add
from typing import Any

from netwatch.errors import WireDecodeError
from netwatch.native.flights import MAX_TAIL
from netwatch.wire.protocols import ValueKind
from netwatch.wire.snmp import ber

__all__ = [
    "COUNTERS",
    "OCTETS",
    "Questions",
    "after_identifier",
    "decode_varbinds",
    "encode_get",
    "exact_varbinds",
    "hand_out",
]

_32, _64 = (1 << 32) - 1, (1 << 64) - 1
_MASKS = {ber.COUNTER32: _32, ber.GAUGE32: _32, ber.TIME_TICKS: _32, ber.COUNTER64: _64, 0x47: _32}
COUNTERS = frozenset(_MASKS)
"""Types of unsigned numbers."""
_ABSENT = frozenset((ber.NULL, ber.NO_SUCH_OBJECT, ber.NO_SUCH_INSTANCE, ber.END_OF_MIB_VIEW))
OCTETS = frozenset((0x03, ber.OCTET_STRING, 0x45, 0x78, 0x79))
_CODED = frozenset((ber.INTEGER, ber.OID, ber.IP_ADDRESS, ber.OPAQUE))
_NAN = float("nan")
_INTEGER_OCTETS = 8
"""A longer INTEGER is handed out: it may not fit the column."""
_KINDS = bytes(
    ValueKind.UNSIGNED if tag in _MASKS else ValueKind.SIGNED if tag == ber.INTEGER else ValueKind.ABSENT
    for tag in range(256)
)
_HEAD = ber.encode_integer(0) + ber.encode_integer(0)
"""error-status and error-index of a request."""


class Questions:
    """A template cut into GETs. Immutable."""

    __slots__ = ("blank", "count", "first", "names", "pdus", "plain", "sizes", "tails")

    def __init__(self, varbinds: bytes, counts: tuple[int, ...], /) -> None:
        names: list[bytes] = []
        tails: list[bytes] = []
        self.first = [0]
        pos = 0
        try:
            for count in counts:
                begin = pos
                for _ in range(count):
                    start, pos = ber.expect(varbinds, pos, len(varbinds), ber.SEQUENCE)
                    _, after = ber.expect(varbinds, start, pos, ber.OID)
                    names.append(varbinds[start:after])
                if pos - begin > MAX_TAIL:
                    raise ValueError("too many varbinds for one GET")
                tails.append(_HEAD + ber.tlv(ber.SEQUENCE, varbinds[begin:pos]))
                self.first.append(len(names))
        except WireDecodeError as error:
            raise ValueError(f"these are not so many varbinds of GETs: {error}") from None
        if pos != len(varbinds):
            raise ValueError("more varbinds than counted")
        self.count = len(names)
        self.pdus = len(counts)
        self.tails = tuple(tails)
        self.names = tuple(
            tuple(names[first:last]) for first, last in zip(self.first, self.first[1:], strict=False)
        )
        """The OID elements of each GET."""
        self.sizes = tuple(tuple(len(name) + 2 for name in part) for part in self.names)
        """Octets of each varbind without its header and value."""
        self.blank = bytes(8 * self.count) + struct.pack("d", _NAN) * self.count + bytes(self.count)
        """A block (netwatch.wire.snmp.block) before anything came."""
        self.plain = _plain(frozenset(name[:2] for name in names))

    def tail(self, pdu: int, /) -> bytes:
        return self.tails[pdu]


def encode_get(identifier: int, tail: bytes) -> bytes:
    """A GetRequest-PDU; `tail`: what follows its request-id."""
    return ber.tlv(0xA0, b"\x02\x04" + identifier.to_bytes(4, "big") + tail)


def after_identifier(data: bytes, pos: int, end: int) -> tuple[int, int] | None:
    """Where the varbinds of a Response lie, of which data[pos:end] stands behind the request-id; None if it
    tells of an error. Raises WireDecodeError."""
    status, pos = ber.integer(data, pos, end)
    _, pos = ber.integer(data, pos, end)
    return ber.expect(data, pos, end, ber.SEQUENCE) if status == 0 else None


def exact_varbinds(data: bytes, pos: int, end: int, identifier: int) -> tuple[int, int] | None:
    """Where the varbinds lie in the Response-PDU at `pos`; None if it has another id or tells of an error.

    Raises WireDecodeError.
    """
    pos, end = ber.expect(data, pos, end, 0xA2)
    start, pos = ber.expect(data, pos, end, ber.INTEGER)
    if int.from_bytes(data[start:pos], "big", signed=True) != identifier:
        return None
    start, pos = ber.expect(data, pos, end, ber.INTEGER)
    if any(data[start:pos]):
        return None
    _, pos = ber.expect(data, pos, end, ber.INTEGER)
    return ber.expect(data, pos, end, ber.SEQUENCE)


def decode_varbinds(
    questions: Questions,
    pdu: int,
    data: bytes,
    start: int,
    stop: int,
    block: Any,
    moment: float,
    octets: dict[int, bytes],
    coded: list[tuple[int, int, bytes]],
    /,
) -> bool:
    """See netwatch.native.flights.Kernel."""
    first = questions.first[pdu]
    read = _read_varbinds(questions, pdu, data, start, stop)
    if read is None:
        size = questions.first[pdu + 1] - first
        _fill(block, questions.count, first, [0] * size, bytearray(size), moment)
        return False
    numbers, kinds, others = read
    _fill(block, questions.count, first, numbers, kinds, moment)
    hand_out(others, first, octets, coded)
    return True


def _read_varbinds(questions: Questions, pdu: int, data: bytes, start: int, stop: int) -> _Read | None:
    """What data[start:stop] tells if it answers GET number `pdu` exactly."""
    names, sizes, plain = questions.names[pdu], questions.sizes[pdu], questions.plain
    if plain.match(data, start, stop):  # else the first one alone tells that it is of no use
        read = _read_plain(plain.findall(data, start, stop), names, sizes, stop - start)
        if read is not None:
            return read
    return _read(names, sizes, data, start, stop)


def hand_out(
    others: list[tuple[int, int, bytes]],
    first: int,
    octets: dict[int, bytes],
    coded: list[tuple[int, int, bytes]],
) -> None:
    """Adds what is no plain number to the octets (by position) or the rest; the GET begins at `first`."""
    for position, tag, content in others:
        if tag in OCTETS:
            octets[first + position] = content
        else:
            coded.append((first + position, tag, content))


def _fill(block: Any, count: int, first: int, numbers: list[int], kinds: bytearray, moment: float) -> None:
    """Writes the answer to a GET that begins at `first` into a block of `count` OIDs."""
    size = len(numbers)
    struct.pack_into(f"{size}Q", block, 8 * first, *numbers)
    at = 16 * count + first
    block[at : at + size] = kinds
    if 0 in kinds:
        times = [moment if kind else _NAN for kind in kinds]
        struct.pack_into(f"{size}d", block, 8 * (count + first), *times)
    else:
        at = 8 * (count + first)
        block[at : at + 8 * size] = struct.pack("d", moment) * size


@lru_cache(maxsize=256)
def _plain(heads: frozenset[bytes]) -> re.Pattern[bytes]:
    """A varbind of short lengths that holds a plain number; `heads`: tag and length of the OIDs.

    Groups: length of the varbind, OID element, tag, number. Numbers that need a mask or a sign are left out.
    """
    oid = b"|".join(re.escape(head) + b".{%d}" % head[1] for head in sorted(heads) if head[1] < 0x80)
    needs_care = rb"(?!\x02.[\x80-\xff]|[\x41-\x43\x47](?:[^\x01-\x05]|\x05[^\0])|[\x02\x46]\x09)"
    number = b"|".join(rb"(?<=\x%02x).{%d}" % (size, size) for size in (1, 4, 2, 3, 7, 6, 8, 5))
    tag = rb"([\x02\x41-\x43\x46\x47])"
    return re.compile(
        b"0(.)(" + (oid or b"(?!)") + b")" + needs_care + tag + rb"[\x01-\x08](" + number + b")", re.DOTALL
    )


def _read_plain(
    found: list[tuple[bytes, bytes, bytes, bytes]],
    names: tuple[bytes, ...],
    sizes: tuple[int, ...],
    octets: int,
) -> _Read | None:
    """Numbers and kinds if these varbinds are all there is, each in C rather than in a loop; else None."""
    if len(found) != len(names) or not found:
        return None
    lengths, oids, tags, contents = zip(*found, strict=True)
    wholes = list(map(add, sizes, map(len, contents)))
    # They fill the octets without a gap, and each varbind is as long as it says.
    if (
        oids != names
        or max(wholes) > 0x7F
        or b"".join(lengths) != bytes(wholes)
        or sum(wholes) + 2 * len(names) != octets
    ):
        return None
    return list(map(_number, contents, repeat("big"))), bytearray(b"".join(tags).translate(_KINDS)), []


_number: Callable[[bytes, str], int] = int.from_bytes  # type: ignore[assignment]

_Read = tuple[list[int], bytearray, list[tuple[int, int, bytes]]]
"""Numbers, kinds, and what is no plain number: position, tag and content."""


def _read(names: tuple[bytes, ...], sizes: tuple[int, ...], data: bytes, pos: int, stop: int) -> _Read | None:
    """The hot loop. A varbind of short lengths is read in place; one too far is found at the end."""
    numbers: list[int] = []
    kinds = bytearray()
    others: list[tuple[int, int, bytes]] = []
    number, kind, masks, from_bytes = numbers.append, kinds.append, _MASKS.get, int.from_bytes
    try:
        for name, fixed in zip(names, sizes, strict=True):
            after = pos + fixed
            size = data[after + 1]
            value = after + 2
            end = value + size
            whole = fixed + size
            if data[pos + 1] != whole or whole > 0x7F or data[pos + 2 : after] != name or data[pos] != 0x30:
                after, value, end = _varbind(data, pos, stop, name)
                size = end - value
            pos = end
            tag = data[after]
            mask = masks(tag)
            if mask is not None and size <= ber.MAX_INTEGER_OCTETS:
                number(from_bytes(data[value:end], "big") & mask)
                kind(2)
            elif tag in OCTETS:
                others.append((len(kinds), tag, data[value:end]))
                kind(3)
                number(0)
            elif tag == 0x02 and size <= _INTEGER_OCTETS:
                number(from_bytes(data[value:end], "big", signed=True) & _64)
                kind(1)
            else:
                kind(_other(tag, size))
                number(0)
                if kinds[-1]:
                    others.append((len(kinds) - 1, tag, data[value:end]))
    except (IndexError, WireDecodeError):
        return None
    return (numbers, kinds, others) if pos == stop else None


def _varbind(data: bytes, pos: int, stop: int, name: bytes) -> tuple[int, int, int]:
    """Where the value's tag stands, where its content begins and ends. Raises WireDecodeError."""
    start, end = ber.expect(data, pos, stop, ber.SEQUENCE)
    after = start + len(name)
    if after > end or data[start:after] != name:
        raise WireDecodeError("another OID than asked for")
    _, value, last = ber.header(data, after, end)
    if last != end:
        raise WireDecodeError("varbind holds more than one value")
    return after, value, end


def _other(tag: int, size: int) -> int:
    """The ValueKind of what is no plain number. Raises WireDecodeError for an unknown type."""
    if tag in _ABSENT:
        return 0
    if tag in OCTETS or (tag in _CODED and (tag != ber.INTEGER or size <= ber.MAX_INTEGER_OCTETS)):
        return int(ValueKind.OTHER)
    raise WireDecodeError(f"type {tag:#04x} of {size} octets")
