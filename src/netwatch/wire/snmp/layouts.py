"""Answers that look like the last one: most counters have as many octets as a minute ago.

What may not change between two answers to one GET (OIDs, types, lengths) is compared in one go, and what may
is taken from where it stood. An answer that looks otherwise is read in the general way (exact.py), which says
the same; its layout is the next one's measure.
"""

from __future__ import annotations

import struct
import sys
from typing import Any

import numpy as np

from netwatch.errors import WireDecodeError
from netwatch.wire.protocols import ValueKind
from netwatch.wire.snmp import ber
from netwatch.wire.snmp.exact import COUNTERS, OCTETS, Questions, decode_varbinds, hand_out

__all__ = ["Known", "Layout", "Layouts"]

ROOM = 16_384
"""Layouts that are kept, of about 4 kB each; beyond that every answer is read in the general way."""
_CODED = frozenset((ber.OID, ber.IP_ADDRESS, ber.OPAQUE))
_WIDTH = 8
"""Octets of a column's number."""
_LONGEST = 32_000
"""Octets of varbinds: places are 16-bit numbers."""
_MANY = 128
"""Layouts of one agent, most of them of questions that are asked no more."""
_NAN = struct.pack("d", float("nan"))


class Layout:
    """Where everything stands in the varbinds of one answer."""

    __slots__ = ("_expected", "_kinds", "_mask", "_others", "_places", "_told", "size")

    def __init__(self, names: tuple[bytes, ...], data: bytes) -> None:
        """Of varbinds that answer a GET for these OID elements exactly. Raises WireDecodeError where numbers
        need more than to be taken as they stand: signs, and more octets than a column has."""
        if len(data) > _LONGEST:
            raise WireDecodeError("too long an answer")
        mask = bytearray(b"\xff" * len(data))
        places = np.full((len(names), _WIDTH), len(data), dtype=np.int16)
        kinds = bytearray(len(names))
        others: list[tuple[int, int, int, int]] = []
        pos = 0
        for position, name in enumerate(names):
            start, pos = ber.expect(data, pos, len(data), ber.SEQUENCE)
            tag, first, stop = ber.header(data, start + len(name), pos)
            size = stop - first
            if tag in COUNTERS or tag == ber.INTEGER:
                kinds[position] = ValueKind.SIGNED if tag == ber.INTEGER else ValueKind.UNSIGNED
                fixed = _fixed(tag, data[first:stop])
                mask[first + fixed : stop] = bytes(size - fixed)
                if tag == ber.INTEGER:
                    mask[first] = 0x80
                taken = min(size, _WIDTH)
                places[position, _WIDTH - taken :] = np.arange(stop - taken, stop)
            elif tag in OCTETS or tag in _CODED:
                kinds[position] = ValueKind.OTHER
                mask[first:stop] = bytes(size)
                others.append((position, tag, first, stop))
        self.size = len(data)
        self._mask = int.from_bytes(mask, "little")
        self._expected = int.from_bytes(data, "little") & self._mask
        self._places = (places if sys.byteorder == "big" else places[:, ::-1]).ravel()
        self._kinds = bytes(kinds)
        self._told = None if 0 not in kinds else tuple(map(bool, kinds))
        self._others = tuple(others)

    def fits(self, data: bytes) -> bool:
        """Whether these varbinds look alike."""
        return len(data) == self.size and int.from_bytes(data, "little") & self._mask == self._expected

    def fill(self, data: bytes, block: Any, count: int, first: int, moment: float) -> None:
        """Writes the answer to a GET that begins at `first` into a block of `count` OIDs."""
        size = len(self._kinds)
        numbers = np.frombuffer(data + b"\0", np.uint8)[self._places]
        block[8 * first : 8 * (first + size)] = numbers.tobytes()
        block[16 * count + first : 16 * count + first + size] = self._kinds
        at, told = 8 * (count + first), struct.pack("d", moment)
        if self._told is None:
            block[at : at + 8 * size] = told * size
        else:
            block[at : at + 8 * size] = b"".join([told if one else _NAN for one in self._told])

    def others(self, data: bytes) -> list[tuple[int, int, bytes]]:
        """What is no plain number: position, tag and content."""
        return [(position, tag, data[start:stop]) for position, tag, start, stop in self._others]


def _fixed(tag: int, content: bytes) -> int:
    """How many leading octets of a number have to be as they are. Raises WireDecodeError."""
    if tag == ber.INTEGER:
        if not 1 <= len(content) <= _WIDTH or content[0] & 0x80:
            raise WireDecodeError("a sign, or too many octets")
        return 0
    width = _WIDTH if tag == ber.COUNTER64 else 4
    fixed = max(0, len(content) - width)
    if any(content[:fixed]) or not content:
        raise WireDecodeError("a number that has to be cut")
    return fixed


class Known(dict[tuple[Questions, int], Layout]):
    """The layouts of one agent, by question. Gives its room back when it goes."""

    __slots__ = ("_shared",)

    def __init__(self, shared: Layouts) -> None:
        super().__init__()
        self._shared = shared

    def __del__(self) -> None:
        self._shared.left += len(self)


class Layouts:
    """Those of the last answers of all agents, as far as there is room."""

    def __init__(self, room: int = ROOM) -> None:
        self.left = room

    def read(
        self,
        known: Known,
        questions: Questions,
        pdu: int,
        data: bytes,
        block: Any,
        moment: float,
        octets: dict[int, bytes],
        coded: list[tuple[int, int, bytes]],
    ) -> bool:
        """`decode_varbinds` of the whole of `data`. `known`: the layouts of this agent."""
        layout, first = known.get((questions, pdu)), questions.first[pdu]
        if layout is not None and layout.fits(data):
            layout.fill(data, block, questions.count, first, moment)
            hand_out(layout.others(data), first, octets, coded)
            return True
        if not decode_varbinds(questions, pdu, data, 0, len(data), block, moment, octets, coded):
            return False
        if layout is not None or self.left > 0:
            self._learn(known, questions, pdu, data)
        return True

    def _learn(self, known: Known, questions: Questions, pdu: int, data: bytes) -> None:
        before = len(known)
        if before >= _MANY:
            known.clear()
        try:
            known[questions, pdu] = Layout(questions.names[pdu], data)
        except WireDecodeError:
            known.pop((questions, pdu), None)
        self.left += before - len(known)
