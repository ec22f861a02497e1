"""Which series sits in which row of a column, and what is derived from that, kept between snapshots.

A fleet has half a million interfaces, and all families of interfaces share one layout. Nothing here holds an
object per series beside references; single rows are found through the device that they belong to. What takes
a pass over all rows comes in steps, so that an event loop gets its turn.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Set

import numpy as np
from numpy.typing import NDArray

from netwatch.model import Entity, EntityId, differences

__all__ = ["STEP", "Floats", "Layout", "Mask", "Rows", "SeriesKey", "finish", "steps"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]
SeriesKey = tuple[EntityId, tuple[str, ...]]
"""An entity and the values of the row labels."""

STEP = 1024
"""Rows that are looked at in one go: a few milliseconds."""
_LOG = 64
"""Changes of entities that are remembered; who is further behind begins anew."""
_FEW = 256
"""Entities that are looked up one by one rather than in a pass over all rows."""
_MASKS = 64
"""Sets of devices whose rows are remembered: one per scope and window."""


class Layout:
    """Entities and row labels of a column, by row."""

    def __init__(self, entities: tuple[EntityId, ...], labels: tuple[tuple[str, ...], ...]) -> None:
        self.entities = entities
        self.labels = labels
        self._known: Mapping[EntityId, Entity] | None = None
        self._owners = np.zeros(0, dtype=np.int32)
        """Number of the device of each row."""
        self._devices: dict[EntityId, int] = {}
        self._index: tuple[Rows, Rows] | None = None
        """Rows by device, and where each device's begin."""
        self._changes: list[Rows] = []
        self.version = 0
        """How often entities of these rows changed."""
        self._owned = 0
        """How often rows changed their device."""
        self._mask: tuple[Set[EntityId], Mask] | None = None
        self._device_masks: dict[int, tuple[Set[EntityId], int, Mask]] = {}

    def __len__(self) -> int:
        return len(self.entities)

    def same(self, entities: tuple[EntityId, ...], labels: tuple[tuple[str, ...], ...]) -> bool:
        """The same series in the same order."""
        return (self.entities is entities or self.entities == entities) and (
            self.labels is labels or self.labels == labels
        )

    def series(self) -> Iterator[SeriesKey]:
        return zip(self.entities, self.labels, strict=True)

    def sync(self, known: Mapping[EntityId, Entity]) -> Iterator[None]:
        """Takes note of entities that changed since the last time."""
        if self._known is known:
            return
        before = self._known
        if before is None:
            yield from self._file_all(known)
            changed = np.arange(len(self))
        else:
            changed = yield from self._file(before, known)
        self._known = known
        if changed.size:
            self.version += 1
            self._changes = [*self._changes[1 - _LOG :], changed]

    def _file_all(self, known: Mapping[EntityId, Entity]) -> Iterator[None]:
        """Notes the device of every row."""
        owners, get, number = np.empty(len(self), dtype=np.int32), known.get, self._number
        for part in steps(len(self)):
            owners[part] = [number(_device(key, get(key))) for key in self.entities[part]]
            yield
        self._owners, self._index = owners, None
        self._owned += 1

    def _file(
        self, before: Mapping[EntityId, Entity], known: Mapping[EntityId, Entity]
    ) -> Generator[None, None, Rows]:
        """Notes what changed; its rows."""
        ids = yield from differences(before, known)
        found: list[int] = []
        moved: dict[int, int] = {}
        for count, key in enumerate(ids, 1):
            old, new = before.get(key), known.get(key)
            if old is not new:
                device, owner = _device(key, old), _device(key, new)
                rows = [row for row in self._rows(device) if self.entities[row] == key]
                found += rows
                if device != owner:
                    moved.update(dict.fromkeys(rows, self._number(owner)))
            if not count % _FEW:
                yield
        if moved:
            self._owners = self._owners.copy()
            self._owners[list(moved)] = list(moved.values())
            self._index = None
            self._owned += 1
        return np.asarray(found, dtype=np.int64)

    def _number(self, device: EntityId) -> int:
        return self._devices.setdefault(device, len(self._devices))

    def changed_since(self, version: int) -> Rows | None:
        """Rows whose entity is another than at `version`; None if that is too long ago."""
        behind = self.version - version
        if behind > len(self._changes):
            return None
        if not behind:
            return np.empty(0, dtype=np.int64)
        return np.unique(np.concatenate(self._changes[-behind:]))

    def entity(self, row: int) -> Entity | None:
        """As of the last `sync`."""
        return None if self._known is None else self._known.get(self.entities[row])

    def row_of(self, key: SeriesKey, known: Mapping[EntityId, Entity]) -> int | None:
        """The row of one series."""
        for row in self._rows_of(key[0], known):
            if self.labels[row] == key[1]:
                return row
        return None

    def mask_of(self, wanted: Set[EntityId], known: Mapping[EntityId, Entity]) -> Mask:
        """True in the rows of these entities. The same set as last time costs nothing."""
        finish(self.mask_steps(wanted, known))
        assert self._mask is not None
        return self._mask[1]

    def mask_steps(self, wanted: Set[EntityId], known: Mapping[EntityId, Entity]) -> Iterator[None]:
        """What `mask_of` will ask for."""
        yield from self.sync(known)
        last = self._mask
        if last is not None and last[0] is wanted:
            return
        if last is not None and wanted >= last[0] and len(wanted) - len(last[0]) <= _FEW:
            mask = last[1].copy()
            for entity in wanted - last[0]:
                mask[self._rows_of(entity, known)] = True
        elif len(wanted) <= _FEW:
            mask = np.zeros(len(self), dtype=np.bool_)
            for entity in wanted:
                mask[self._rows_of(entity, known)] = True
        else:
            mask = np.zeros(len(self), dtype=np.bool_)
            for part in steps(len(self)):
                hits = map(wanted.__contains__, self.entities[part])
                mask[part] = np.fromiter(hits, dtype=np.bool_)
                yield
        self._mask = (wanted, mask)

    def mask_of_devices(self, wanted: Set[EntityId], known: Mapping[EntityId, Entity]) -> Mask:
        """True in the rows of what belongs to these devices. The same set as before costs nothing."""
        finish(self.sync(known))
        found = self._device_masks.get(id(wanted))
        if found is None or found[0] is not wanted or found[1] != self._owned:
            hits = np.fromiter(map(wanted.__contains__, self._devices), dtype=np.bool_)
            mask = hits[self._owners] if len(self) else np.zeros(0, dtype=np.bool_)
            if len(self._device_masks) > _MASKS:
                self._device_masks.clear()
            found = self._device_masks[id(wanted)] = (wanted, self._owned, mask)
        return found[2]

    def _rows_of(self, entity: EntityId, known: Mapping[EntityId, Entity]) -> list[int]:
        found = known.get(entity)
        rows = self.rows_of_device(entity if found is None else found.device, known)
        return [row for row in rows if self.entities[row] == entity]

    def rows_of_device(self, device: EntityId, known: Mapping[EntityId, Entity]) -> list[int]:
        """Rows of all that belongs to a device, ascending."""
        finish(self.sync(known))
        return self._rows(device)

    def _rows(self, device: EntityId) -> list[int]:
        number = self._devices.get(device)
        if number is None:
            return []
        if self._index is None:
            order = np.argsort(self._owners, kind="stable")
            begins = np.searchsorted(self._owners[order], np.arange(len(self._devices) + 1))
            self._index = (order, begins)
        order, begins = self._index
        if number + 1 >= len(begins):
            return []  # numbered since, without a row
        rows: list[int] = order[begins[number] : begins[number + 1]].tolist()
        return rows


def _device(key: EntityId, entity: Entity | None) -> EntityId:
    """What is gone is filed under its own id."""
    return key if entity is None else entity.device


def steps(size: int) -> Iterator[slice]:
    """0 to `size` in pieces."""
    for low in range(0, size, STEP):
        yield slice(low, min(low + STEP, size))


def finish(work: Iterator[None]) -> None:
    """Does all steps at once."""
    for _ in work:
        pass
