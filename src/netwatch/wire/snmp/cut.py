"""How a template is cut into GETs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from weakref import WeakValueDictionary

from netwatch.native.flights import Kernel, Questions
from netwatch.wire.snmp.ber import OID, SEQUENCE, decode_oid, header
from netwatch.wire.snmp.template import Template

__all__ = ["Cut", "Cuts", "pack"]

MAX_OCTETS = 1400
"""Of a response, as estimated: with its headers it is to fit an Ethernet frame."""
VALUE = 6
"""Octets that a value takes beyond the NULL of the request, as estimated."""


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Cut:
    """The GETs of one template for agents that take so many varbinds."""

    questions: Questions
    first: tuple[int, ...]
    """Position of the first varbind of each GET; one more at the end."""
    varbinds: bytes

    @property
    def pdus(self) -> int:
        return len(self.first) - 1

    def oids(self, start: int, stop: int | None = None) -> list[str]:
        """The dotted OIDs at these positions, made anew at each call."""
        out = []
        for number, (begin, _) in enumerate(_varbinds(self.varbinds)):
            if start <= number and (stop is None or number < stop):
                _, at, end = header(self.varbinds, begin, len(self.varbinds))
                _, name, after = header(self.varbinds, at, end)
                assert self.varbinds[at] == OID
                out.append(decode_oid(self.varbinds[name:after]))
        return out


class Cuts:
    """The cuts that are in use. Devices of one build share them, whether or not they share a template."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._known: WeakValueDictionary[tuple[bytes, int], Cut] = WeakValueDictionary()

    def get(self, template: Template, size: int) -> Cut:
        """GETs of at most `size` varbinds."""
        cut: Cut | None = template.cuts.get((self, size))
        if cut is not None:
            return cut
        key = (template.varbinds, size)
        known = self._known.get(key)
        if known is None:
            counts = pack([end - begin for begin, end in _varbinds(template.varbinds)], size)
            first = (0, *_sums(counts))
            known = Cut(self._kernel.Questions(template.varbinds, counts), first, template.varbinds)
            self._known[key] = known
        template.cuts[(self, size)] = known
        return known


def pack(octets: list[int], size: int) -> tuple[int, ...]:
    """How many varbinds of so many octets (in the request) go into each GET: alike as far as they fit."""
    counts: list[int] = []
    room = 0
    for one in octets:
        if not counts or counts[-1] >= size or one + VALUE > room:
            counts.append(0)
            room = MAX_OCTETS
        counts[-1] += 1
        room -= one + VALUE
    if not counts:
        return ()
    even = -(-len(octets) // len(counts))
    parts = [octets[start : start + even] for start in range(0, len(octets), even)]
    if all(sum(part) + VALUE * len(part) <= MAX_OCTETS for part in parts):
        return tuple(map(len, parts))
    return tuple(counts)


def _sums(counts: Iterable[int]) -> Iterator[int]:
    total = 0
    for count in counts:
        total += count
        yield total


def _varbinds(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each varbind begins and ends."""
    pos = 0
    while pos < len(data):
        tag, _, end = header(data, pos, len(data))
        assert tag == SEQUENCE
        yield pos, end
        pos = end
