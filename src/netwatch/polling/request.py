"""What one pass asks in exact OIDs: the device's evidence first, then all tables that are due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from netwatch.model import SnmpValue
from netwatch.polling.evidence import IF_TABLE_LAST_CHANGE
from netwatch.polling.ports import TablePort
from netwatch.wire import Fetched, Template, ValueKind

__all__ = ["Part", "Request", "Requests", "evidence_values"]

_ABSENT, _SIGNED, _OTHER = int(ValueKind.ABSENT), int(ValueKind.SIGNED), int(ValueKind.OTHER)
"""Plain numbers: at each pass, a member of an enumeration is slow to get and to compare."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One table's values within the answer."""

    table: TablePort
    size: int
    start: int
    positions: NDArray[np.intp] | None = None
    """Where another table asks for the same OID, each is asked once: the values lie scattered."""

    def of(self, fetched: Fetched) -> Fetched:
        """The table's own piece, in its plan's order."""
        if self.positions is not None:
            return self._gathered(fetched, self.positions)
        stop = self.start + self.size
        others: Mapping[int, SnmpValue] = {}
        if fetched.others:
            start = self.start
            others = {at - start: value for at, value in fetched.others.items() if start <= at < stop}
        place = slice(self.start, stop)
        return Fetched(
            fetched.values[place], fetched.kinds[place], fetched.times[place], others, fetched.problems
        )

    def _gathered(self, fetched: Fetched, positions: NDArray[np.intp]) -> Fetched:
        found = enumerate(positions.tolist()) if fetched.others else ()
        others = {at: fetched.others[where] for at, where in found if where in fetched.others}
        return Fetched(
            fetched.values[positions],
            fetched.kinds[positions],
            fetched.times[positions],
            others,
            fetched.problems,
        )


class Request:
    """Encoded once; shared by devices whose plans share their tables."""

    __slots__ = ("__weakref__", "_closing", "evidence", "parts", "tables", "template")

    def __init__(self, evidence: tuple[str, ...], tables: Sequence[TablePort]) -> None:
        places = {oid: at for at, oid in enumerate(evidence)}
        parts = []
        for table in tables:
            start, oids = len(places), table.oids
            wanted = [places.setdefault(oid, len(places)) for oid in oids]
            straight = wanted == list(range(start, start + len(wanted)))
            positions = None if straight else np.array(wanted, np.intp)
            parts.append(Part(table, len(wanted), start, positions))
        self.evidence = evidence
        self.parts = tuple(parts)
        self.tables = tuple([table.name for table in tables])
        # Rows that move while they are asked for give their values to the wrong ports: what tells of it is
        # asked before and, by its second mention, after them.
        again = [oid for oid in evidence if oid == IF_TABLE_LAST_CHANGE and parts]
        self._closing = [(places[oid], len(places) + at) for at, oid in enumerate(again)]
        self.template = Template((*places, *again))

    def moved(self, fetched: Fetched) -> bool:
        """True if the device's rows changed between its first answer and its last."""
        values, kinds = fetched.values, fetched.kinds
        for first, last in self._closing:
            if values[last] != values[first] and kinds[last] and kinds[first]:
                return True
        return False


class Requests:
    """Finds the request that another device has already. Holds them weakly."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[tuple[object, ...], Request] = WeakValueDictionary()

    def get(self, evidence: tuple[str, ...], tables: tuple[TablePort, ...]) -> Request:
        key = (evidence, *map(id, tables))  # a request holds its tables: no id comes to mean another one
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = Request(evidence, tables)
        return found


def evidence_values(request: Request, fetched: Fetched) -> dict[str, SnmpValue]:
    """What the agent said of itself; what it did not say is left out."""
    count = len(request.evidence)
    values, kinds = fetched.values[:count].tolist(), fetched.kinds[:count].tolist()
    out: dict[str, SnmpValue] = {}
    for at, (oid, kind, value) in enumerate(zip(request.evidence, kinds, values, strict=True)):
        if kind == _OTHER:
            out[oid] = fetched.others[at]
        elif kind != _ABSENT:
            out[oid] = value - (1 << 64) if kind == _SIGNED and value >> 63 else value
    return out
