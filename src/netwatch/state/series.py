"""The series table: which series are there, in which rows, and what they look like to a reader."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netwatch.model import Catalogue, Column, EntityId, Family, FamilyType
from netwatch.model.snapshot import Decoded
from netwatch.native import Speed
from netwatch.state.counter_rows import CounterRows
from netwatch.state.freezing import Freezer, Live, is_fresh, live_rows, with_origins
from netwatch.state.limits import PACKETS_OF_BYTES, SPEED_FAMILY, is_limited, limit_of
from netwatch.state.rows import GaugeRows, Rows
from netwatch.state.sheets import Origins, Place, Shape, Sheet, TextOrigins
from netwatch.state.sources import Groups

__all__ = ["SeriesKey", "SeriesTable"]

_ATTEMPTS = 3
_PATTERNS = 64
"""Patterns of speeds whose limits are remembered."""
_A_TURN = 16384
"""Rows that are frozen in one turn of the event loop: a few milliseconds."""


class SeriesKey(NamedTuple):
    """A series, with the device that it is filed under."""

    device: EntityId
    entity: EntityId
    family: int
    labels: tuple[str, ...] = ()


class SeriesTable:
    """All series of all families. A series is found through the sheets of its device."""

    def __init__(self, catalogue: Catalogue, native: Speed | None = None) -> None:
        """`native`: the compiled twin of what blocks take the longest for."""
        self.native = native
        self.counters = CounterRows()
        self.gauges = GaugeRows()
        self.groups = Groups()
        self.families: tuple[Family, ...] = tuple(catalogue.values())
        self.numbers = {
            family.name: number
            for number, family in enumerate(self.families)
            if family.type is not FamilyType.INFO
        }
        """Families by name. Info families are none: their text is in the entities' facts."""
        self.counts = tuple(family.type is FamilyType.COUNTER for family in self.families)
        self.speed = self.numbers.get(SPEED_FAMILY, -1)
        self.packets = {
            self.numbers[name]: tuple(self.numbers[other] for other in others)
            for name, others in PACKETS_OF_BYTES.items()
            if name in self.numbers and all(other in self.numbers for other in others)
        }
        self.traffic = frozenset(self.packets).union(*self.packets.values())
        """Bytes and packets of interfaces: who clears one of an interface's clears them all."""
        self._limited = frozenset(n for n, family in enumerate(self.families) if is_limited(family))
        self._shapes: dict[tuple[Place, ...], Shape] = {}
        self._sheets: dict[Sheet, None] = {}
        self._used = [0] * len(self.families)
        """How many sheets hold series of each family."""
        self._by_device: dict[EntityId, list[Sheet]] = {}
        self._owners: dict[EntityId, EntityId] = {}
        """Devices of the entities that are told by another device than their own."""
        self._limits: dict[tuple[Shape, bytes, bytes], tuple[NDArray[np.int32], NDArray[np.float64]]] = {}
        """What speeds mean for the rows of a shape: devices of one build often have the same."""
        self._live: dict[int, Live | None] = {}
        """By family; absent where series came or went since."""
        self.came: Callable[[Sheet], None] | None = None
        """Told of each new sheet: whoever kept its counters may put them back."""
        self._moved: set[int] = set()
        """Families of which a value comes from elsewhere now."""

    def __len__(self) -> int:
        """How many series have a row."""
        return sum(len(sheet.shape) - self._gone(sheet) for sheet in self._sheets)

    # -- finding

    def rows(self, family: int) -> Rows:
        return self.counters if self.counts[family] else self.gauges

    def sheets(self, device: EntityId | None = None) -> Iterable[Sheet]:
        return self._sheets if device is None else self._by_device.get(device, ())

    def find(self, key: SeriesKey) -> int | None:
        """The row of a series; None where there is none, or nobody told it so far."""
        row = self._look(key)
        return None if row is None or math.isinf(self.rows(key.family).mono[row]) else row

    def gauge(self, key: SeriesKey) -> float:
        """The last value of a gauge; NaN if unknown."""
        row = self._look(key)
        return math.nan if row is None else float(self.gauges.values[row])

    def is_fresh(self, rows: Rows, row: int, mono: float) -> bool:
        interval = float(self.groups.interval[rows.group[row]])
        return is_fresh(mono - float(rows.mono[row]), interval)

    def find_all(self, keys: Sequence[SeriesKey], teller: EntityId) -> list[tuple[int, Sheet]]:
        """The rows of series, made at first sight, and their sheets. `teller`: the device that tells them."""
        out: list[Any] = []
        missing: dict[EntityId, list[int]] = {}
        indexes: dict[tuple[EntityId, int], dict[Any, tuple[int, Sheet]]] = {}
        for position, (device, entity, family, labels) in enumerate(keys):
            index = indexes.get((device, family))
            if index is None:
                index = indexes[device, family] = self._index(device, family)
            found = index.get((entity, labels))
            out.append(found)
            if found is None:
                missing.setdefault(device, []).append(position)
        for device, positions in missing.items():
            entities = dict.fromkeys(keys[p].entity for p in positions)
            ids = {entity: number for number, entity in enumerate(entities)}
            places = dict.fromkeys(
                Place(keys[p].family, self.counts[keys[p].family], ids[keys[p].entity], keys[p].labels)
                for p in positions
            )
            sheet = self.allot(device, self.shape(places, len(ids)), tuple(ids), foreign=device != teller)
            offsets = sheet.shape.offsets
            for p in positions:
                family, entity, labels = keys[p].family, keys[p].entity, keys[p].labels
                out[p] = sheet.first(self.counts[family]) + offsets[family, ids[entity], labels], sheet
        return out

    def labels(self, device: EntityId, family: int) -> dict[EntityId, set[tuple[str, ...]]]:
        """The labels of a family on one device, by entity."""
        out: dict[EntityId, set[tuple[str, ...]]] = {}
        for entity, labels in self._index(device, family):
            out.setdefault(entity, set()).add(labels)
        return out

    def _index(self, device: EntityId, family: int) -> dict[Any, tuple[int, Sheet]]:
        """Rows of a family on one device, by entity and labels."""
        out: dict[Any, tuple[int, Sheet]] = {}
        for sheet in self._by_device.get(device, ()):
            run = sheet.shape.runs.get(family)
            if run is not None:
                first = sheet.first(run.counter) + run.start
                for at, key in enumerate(zip(sheet.names(run), run.labels, strict=True)):
                    out[key] = first + at, sheet
        return out

    def _look(self, key: SeriesKey) -> int | None:
        for sheet in self._by_device.get(key.device, ()):
            run = sheet.shape.runs.get(key.family)
            if run is not None and key.entity in sheet.ids:
                number = sheet.ids.index(key.entity)
                offset = sheet.shape.offsets.get((key.family, number, key.labels))
                if offset is not None:
                    return sheet.first(run.counter) + offset
        return None

    # -- coming and going

    def shape(self, places: Iterable[Place], entities: int) -> Shape:
        """The shape with these series; the same object for equal ones."""
        ordered = tuple(sorted(places, key=lambda place: place.family))
        found = self._shapes.get(ordered)
        if found is None:
            found = self._shapes[ordered] = Shape(ordered, entities)
        return found

    def allot(
        self, device: EntityId, shape: Shape, ids: tuple[EntityId, ...], *, foreign: bool = False
    ) -> Sheet:
        """Gives new series their rows."""
        before = tuple(self._by_device.get(device, ()))
        counters, gauges = self.counters.allot(shape.counters), self.gauges.allot(shape.gauges)
        sheet = Sheet(device, shape, ids, counters, gauges)
        sheet.sparse = True
        self._sheets[sheet] = None
        for family in shape.runs:
            self._used[family] += 1
        self._by_device.setdefault(device, []).append(sheet)
        if foreign:
            self._owners.update((entity, device) for entity in ids if entity != device)
        self.changed(shape.runs)
        if any(self.speed in other.shape.runs for other in before) and not self._limited.isdisjoint(
            shape.runs
        ):
            speeds = [self.gauge(SeriesKey(device, entity, self.speed)) for entity in ids]
            self._limit(sheet, np.asarray(speeds), np.ones(len(ids), dtype=np.bool_))
        if self.came is not None:
            self.came(sheet)
        return sheet

    def changed(self, families: Iterable[int]) -> None:
        """Series of these families came or went."""
        for family in families:
            self._live.pop(family, None)

    def told_elsewhere(self, sheet: Sheet, origins: Origins) -> None:
        """The values of a sheet come from elsewhere now."""
        if sheet.origins is not origins:
            sheet.origins = origins
            self._moved.update(sheet.shape.runs)

    def note_origins(self, told: Iterable[tuple[int, Sheet, int, str]]) -> None:
        """Where values were read: row, its sheet, family, text."""
        news: dict[Sheet, dict[tuple[bool, int], str]] = {}
        for row, sheet, family, text in told:
            counter = self.counts[family]
            place = counter, row - sheet.first(counter)
            known = "" if sheet.origins is None else sheet.origins.text(*place)
            if known != text:
                news.setdefault(sheet, {})[place] = text
        for sheet, changes in news.items():
            self.told_elsewhere(sheet, TextOrigins.changed(sheet.origins, sheet.shape, changes))

    def forget(self, entities: Iterable[EntityId], hint: EntityId | None = None) -> None:
        """Ends all series of entities. `hint`: a device that they are likely to belong to."""
        gone = set(entities)
        devices = {entity for entity in gone if entity in self._by_device}
        devices |= {self._owners.pop(entity) for entity in gone if entity in self._owners}
        if hint is not None:
            devices.add(hint)
        left = gone.copy()
        for device in devices:
            left -= self._forget(device, gone)
        if left and (not devices or left != gone):
            for device in list(self._by_device):
                self._forget(device, left)

    def _forget(self, device: EntityId, gone: set[EntityId]) -> set[EntityId]:
        """Ends their series on one device. Returns whose there were."""
        found: set[EntityId] = set()
        kept: list[Sheet] = []
        for sheet in self._by_device.get(device, ()):
            hits = [number for number, entity in enumerate(sheet.ids) if entity in gone]
            if hits:
                found.update(entity for entity in sheet.ids if entity in gone)
                self._drop(sheet, hits)
            if sheet in self._sheets:
                kept.append(sheet)
        if kept:
            self._by_device[device] = kept
        else:
            self._by_device.pop(device, None)
        return found

    def _drop(self, sheet: Sheet, hits: list[int]) -> None:
        """Retires the rows of some entities of a sheet. They serve others once the whole sheet is gone."""
        shape, dead = sheet.shape, set(hits)
        for rows, first, who in (
            (self.counters, sheet.counters, shape.who[0]),
            (self.gauges, sheet.gauges, shape.who[1]),
        ):
            chosen = np.flatnonzero(np.isin(who, hits)).astype(np.int32) + np.int32(first)
            if len(chosen):
                rows.retire(chosen)
        sheet.ids = tuple(None if number in dead else one for number, one in enumerate(sheet.ids))
        sheet.gone += 1
        self.changed(shape.runs)
        if not any(sheet.ids):
            self.counters.free(sheet.counters, shape.counters)
            self.gauges.free(sheet.gauges, shape.gauges)
            del self._sheets[sheet]
            for family in shape.runs:
                self._used[family] -= 1

    def _gone(self, sheet: Sheet) -> int:
        if not sheet.gone:
            return 0
        return sum(1 for place in sheet.shape.places if sheet.ids[place.who] is None)

    # -- line speed

    def speeds_changed(self, device: EntityId, speeds: dict[EntityId, float]) -> None:
        """Bounds the counters of these interfaces anew. Bytes per second; NaN where unknown."""
        for sheet in self._by_device.get(device, ()):
            if self._limited.isdisjoint(sheet.shape.runs):
                continue
            hits = np.asarray([entity in speeds for entity in sheet.ids], dtype=np.bool_)
            if hits.any():
                known = [math.nan if one is None else speeds.get(one, math.nan) for one in sheet.ids]
                self._limit(sheet, np.asarray(known), hits)

    def _limit(self, sheet: Sheet, speeds: NDArray[np.float64], hits: NDArray[np.bool_]) -> None:
        pattern = sheet.shape, speeds.tobytes(), hits.tobytes()
        found = self._limits.get(pattern)
        if found is None:
            if len(self._limits) >= _PATTERNS:
                self._limits.clear()
            found = self._limits[pattern] = self._limits_of(sheet.shape, speeds, hits)
        offsets, limits = found
        self.counters.limited(offsets + np.int32(sheet.counters), limits)

    def _limits_of(
        self, shape: Shape, speeds: NDArray[np.float64], hits: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Which counter rows of a shape have which limits."""
        distinct, code = np.unique(speeds, return_inverse=True)
        rows, limits = [np.empty(0, np.int32)], [np.empty(0)]
        for number in self._limited & shape.runs.keys():
            run, family = shape.runs[number], self.families[number]
            who = np.asarray(run.who)
            known = np.asarray([limit_of(family, speed) for speed in distinct.tolist()])
            chosen = np.flatnonzero(hits[who])
            rows.append((chosen + run.start).astype(np.int32))
            limits.append(known[code[who[chosen]]])
        return np.concatenate(rows), np.concatenate(limits)

    # -- freezing

    def freeze(self, mono: float) -> dict[str, Column]:
        """Every family that has a series, in the catalogue's order."""
        decoded, out = Decoded(), {}
        for number, family in enumerate(self.families):
            live = self._live_of(number)
            if live is not None:
                freezer = Freezer(family, live, self.rows(number), self.groups, mono)
                freezer.copy()
                out[family.name] = freezer.column(decoded)
        return out

    async def freeze_gently(self, mono: float) -> dict[str, Column]:
        """The same, with a turn of the event loop after every `_A_TURN` rows: what a pass tells meanwhile may
        be in some of its families only."""
        decoded, out = Decoded(), {}
        for number, family in enumerate(self.families):
            column = await self._frozen_gently(number, mono, decoded)
            if column is not None:
                out[family.name] = column
        return out

    async def _frozen_gently(self, number: int, mono: float, decoded: Decoded) -> Column | None:
        for _ in range(_ATTEMPTS):
            live = self._live_of(number)
            if live is None:
                return None
            freezer = Freezer(self.families[number], live, self.rows(number), self.groups, mono)
            while freezer.copy(_A_TURN) and self._is_live(number, live):  # noqa: ASYNC110 - this is the work
                await asyncio.sleep(0)
            await asyncio.sleep(0)
            if self._is_live(number, live):
                return freezer.column(decoded)
        # Series come and go all the time: rows would belong to others after any pause.
        live = self._live_of(number)
        if live is None:
            return None
        freezer = Freezer(self.families[number], live, self.rows(number), self.groups, mono)
        freezer.copy()
        return freezer.column(decoded)

    def _is_live(self, number: int, live: Live) -> bool:
        now = self._live_of(number)
        return now is not None and now.rows is live.rows

    def _live_of(self, family: int) -> Live | None:
        if not self._used[family]:
            return None
        if family not in self._live:
            others = self._live.values()
            self._live[family] = live_rows(family, self._sheets, self.rows(family), others)
        elif family in self._moved:
            known = self._live[family]
            self._live[family] = None if known is None else with_origins(known, self.counts[family])
        self._moved.discard(family)
        return self._live[family]
