"""Observations: readings with names. What the names mean is kept from pass to pass, since a table that is
walked tells mostly the same series in mostly the same order."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netwatch.model import ROOT, EntityId, EntityKey, Observation, has_room
from netwatch.state.counter_rows import Reading
from netwatch.state.directory import Directory
from netwatch.state.holders import Claim, Holders
from netwatch.state.readings import Pass
from netwatch.state.series import SeriesKey, SeriesTable
from netwatch.state.sheets import Sheet
from netwatch.state.sources import Source

__all__ = ["NamedReadings"]

_UP = "netwatch_device_up"
_UPTIME = "netwatch_device_uptime_seconds"

_MOST = 2**64 - 1
_WINDOW = 1000
_MISSES = 200
"""How far ahead a reading is looked for in the last pass, and how many subjects may be missing there."""

_Names = tuple[tuple[EntityKey, ...], tuple[str, ...], tuple[tuple[str, ...], ...]]
"""Subjects, families and labels of the readings of a pass."""


class _Entry(NamedTuple):
    """A reading whose series is known."""

    key: SeriesKey
    row: int
    sheet: Sheet
    gone: int
    """Of the sheet: the row is void once that changed."""


class _Known:
    """What the names of one pass mean, and where its values go."""

    def __init__(
        self,
        names: _Names,
        version: tuple[int, int],
        entries: list[_Entry | None],
        table: SeriesTable,
        source: EntityId,
    ) -> None:
        self.names = names
        self.version = version
        self.entries = entries
        """One per reading; None where it is not taken."""
        self.origins: tuple[str, ...] | None = None
        """Of the last pass, if all of them were noted."""
        taken = [(position, entry) for position, entry in enumerate(entries) if entry is not None]
        self.families = frozenset(entry.key.family for _, entry in taken)
        counters = [(position, entry) for position, entry in taken if table.counts[entry.key.family]]
        gauges = [(position, entry) for position, entry in taken if not table.counts[entry.key.family]]
        self.counters = [position for position, _ in counters]
        self.gauges = [position for position, _ in gauges]
        self.counter_rows = np.asarray([entry.row for _, entry in counters], dtype=np.int32)
        self.gauge_rows = np.asarray([entry.row for _, entry in gauges], dtype=np.int32)
        distinct = len(np.unique(self.counter_rows)) + len(np.unique(self.gauge_rows))
        self.repeats = distinct < len(taken)
        """True if a series is told twice: the last one counts."""
        devices = dict.fromkeys([entry.key.device for _, entry in taken])
        devices.pop(source, None)
        self.foreign = tuple(devices)
        """Devices other than the source that it tells of."""
        up, uptime = table.numbers.get(_UP), table.numbers.get(_UPTIME)
        self.up = [(position, entry) for position, entry in taken if entry.key.family == up]
        self.uptimes = [
            (position, entry.key.entity) for position, entry in taken if entry.key.family == uptime
        ]
        self.speeds = [at for at, (_, entry) in enumerate(gauges) if entry.key.family == table.speed]

    def key(self, position: int) -> SeriesKey:
        entry = self.entries[position]
        assert entry is not None
        return entry.key


class _Room:
    """Bounds what labels an entity has in a family: a series once told stays as long as its entity does."""

    def __init__(self, table: SeriesTable) -> None:
        self._table = table
        self._known: dict[tuple[EntityId, int], dict[EntityId, set[tuple[str, ...]]]] = {}

    def has(self, key: SeriesKey) -> bool:
        if not key.labels:
            return True
        known = self._known.get((key.device, key.family))
        if known is None:
            known = self._known[key.device, key.family] = self._table.labels(key.device, key.family)
        return has_room(known.setdefault(key.entity, set()), key.labels)


class _Earlier:
    """The entries of the last pass, asked for in nearly their order."""

    def __init__(self, known: _Known | None) -> None:
        self._entries: list[_Entry | None] = [] if known is None else known.entries
        self._names: _Names = ((), (), ()) if known is None else known.names
        self._places: dict[object, int] | None = None
        self._next = 0
        self._misses = 0
        self._missed: EntityKey | None = None

    def get(
        self, subject: EntityKey, family: str, labels: tuple[str, ...], entity: EntityId, device: EntityId
    ) -> _Entry | None:
        """None where there was none, or it meant something else."""
        at, (subjects, families, known) = self._next, self._names
        if not (
            at < len(subjects) and subjects[at] == subject and families[at] == family and known[at] == labels
        ):
            found = self._search(subject, family, labels)
            if found is None:
                return None
            at = found
        self._next = at + 1
        entry = self._entries[at]
        if entry is None or entry.gone != entry.sheet.gone:
            return None
        return entry if entry.key.entity == entity and entry.key.device == device else None

    def _search(self, subject: EntityKey, family: str, labels: tuple[str, ...]) -> int | None:
        """Rows that went are skipped; of rows that came nothing is known. Another order altogether is looked
        up in a dictionary, which costs more than all the rest."""
        subjects, families, known = self._names
        if subject is self._missed or not subjects:
            return None
        if self._misses >= _MISSES:
            if self._places is None:
                self._places = {name: place for place, name in enumerate(zip(*self._names, strict=True))}
            return self._places.get((subject, family, labels))
        try:
            at = subjects.index(subject, self._next, self._next + _WINDOW)
        except ValueError:
            self._misses += 1
            self._missed = subject
            return None
        return at if families[at] == family and known[at] == labels else None


class NamedReadings:
    """Takes the readings of observations in."""

    def __init__(
        self,
        table: SeriesTable,
        directory: Directory,
        holders: Holders,
        sources: Mapping[EntityId, Source],
        uptime: Callable[[EntityId, float, Observation, Source], None],
    ) -> None:
        """uptime: told of each reading of an uptime that is a series of its own."""
        self._table = table
        self._directory = directory
        self._holders = holders
        self._sources = sources
        self._uptime = uptime
        self._known: dict[tuple[EntityId, str], _Known | None] = {}
        """None for what was told once: a table that is polled as blocks is told by discovery alone."""

    def forget(self, source: EntityId, table: str | None = None) -> None:
        """Drops what was kept of a source, or of one table of it."""
        if table is not None:
            self._known.pop((source, table), None)
            return
        for key in [key for key in self._known if key[0] == source]:
            del self._known[key]

    def take(self, observation: Observation, source: Source) -> None:
        subjects, families, values, labels, origins, bits = zip(*observation.readings, strict=True)
        table, where = self._table, (observation.source, observation.table)
        names = subjects, families, labels
        before = self._known.get(where)
        version = self._directory.keys_version(observation.source), len(observation.readings)
        if before is not None and before.version == version and before.names == names:
            known = before
        else:
            known = self._resolve(observation, source, names, before)
            self._known[where] = known if where in self._known else None
        skipped = self._skipped(known, values, observation)
        for position, entity in known.uptimes:
            if position not in skipped:
                self._uptime(entity, values[position], observation, source)
        group = table.groups.passed(source.number, observation.table, observation.at, observation.interval)
        one = Pass(table, source, group, observation.at.mono)
        first = self._gauges(one, known, values, skipped, observation.at.mono)
        first |= self._counters(one, known, values, bits, skipped, observation.at.mono)
        if first:
            table.changed(known.families)
        if skipped or known.origins != origins:
            self._note_origins(known, origins, skipped)

    # -- names

    def _resolve(
        self, observation: Observation, source: Source, names: _Names, before: _Known | None
    ) -> _Known:
        directory, numbers = self._directory, self._table.numbers
        keys, entities = directory.keys(observation.source), directory.entities
        old = _Earlier(before)
        entries: list[_Entry | None] = []
        room = _Room(self._table)
        wanted: list[SeriesKey] = []
        places: list[int] = []
        last: EntityKey | None = None
        entity = device = source.device
        for subject, family, labels in zip(*names, strict=True):
            number = numbers.get(family)
            if subject is not last and number is not None:
                found = keys.get(subject)
                if found is None or found not in entities:
                    found = directory.from_reading(observation, subject)
                last, entity, device = subject, found, entities[found].device
            entry = old.get(subject, family, labels, entity, device)
            entries.append(entry)
            if entry is not None or number is None:
                continue
            if entity == source.device and subject != ROOT:
                continue  # a cluster's word on the member that was asked: it knows itself better
            key = SeriesKey(device, entity, number, labels)
            if not room.has(key):
                continue
            wanted.append(key)
            places.append(len(entries) - 1)
        for position, key, (row, sheet) in zip(
            places, wanted, self._table.find_all(wanted, source.device), strict=True
        ):
            entries[position] = _Entry(key, row, sheet, sheet.gone)
        now = directory.keys_version(observation.source), len(entries)
        return _Known(names, now, entries, self._table, source.device)

    # -- whom to believe

    def _skipped(self, known: _Known, values: tuple[float, ...], observation: Observation) -> set[int]:
        """Positions of readings about other devices that others tell better."""
        if not known.foreign:
            return set()
        foreign: dict[EntityId, bool | None] = dict.fromkeys(known.foreign)
        for position, entry in known.up:
            device = entry.key.device
            if device in foreign and entry.key.entity == device:
                foreign[device] = bool(values[position]) or bool(foreign[device])
        refused, contested = set(), set()
        at = observation.at.mono
        for device, up in foreign.items():
            self._holders.claim(device, observation.source, Claim(at, observation.interval, up))
            if self._holders.holder(device, at) != observation.source:
                refused.add(device)
            elif device in self._sources:
                contested.add(device)
        if not refused and not contested:
            return set()
        return {
            position
            for position, entry in enumerate(known.entries)
            if entry is not None
            and (
                entry.key.device in refused
                or (entry.key.device in contested and not self._may_write(entry.key, at))
            )
        }

    def _may_write(self, key: SeriesKey, now: float) -> bool:
        """A device that is polled itself tells its own values; others may add what it does not tell."""
        own, rows = self._sources[key.device], self._table.rows(key.family)
        row = self._table.find(key)
        if row is None or int(self._table.groups.source[rows.group[row]]) != own.number:
            return True
        return not self._table.is_fresh(rows, row, now)

    # -- values

    def _gauges(
        self, one: Pass, known: _Known, values: tuple[float, ...], skipped: set[int], at: float
    ) -> bool:
        if not known.gauges:
            return False
        rows = known.gauge_rows
        numbers = np.asarray([values[position] for position in known.gauges], dtype=np.float64)
        if skipped or known.repeats:
            numbers[[position in skipped for position in known.gauges]] = np.nan
            keep = _last(rows, np.isfinite(numbers))
            rows, numbers = rows[keep], numbers[keep]
        if not known.speeds:
            return one.gauges(rows, numbers, at)
        gauges, speeds = self._table.gauges, known.gauge_rows[known.speeds]
        before = gauges.values[speeds]
        first = one.gauges(rows, numbers, at)
        one.speeds(before, gauges.values[speeds], [known.key(known.gauges[place]) for place in known.speeds])
        return first

    def _counters(
        self,
        one: Pass,
        known: _Known,
        values: tuple[float, ...],
        bits: tuple[int, ...],
        skipped: set[int],
        at: float,
    ) -> bool:
        if not known.counters:
            return False
        rows, positions = known.counter_rows, known.counters
        raws = [_raw(values[position]) for position in positions]
        if skipped or known.repeats or min(raws) < 0:
            good = [
                raw >= 0 and position not in skipped for raw, position in zip(raws, positions, strict=True)
            ]
            keep = _last(rows, np.asarray(good, dtype=np.bool_)).tolist()
            rows, positions = rows[keep], [positions[place] for place in keep]
            raws = [raws[place] for place in keep]
        raw = np.asarray(raws, dtype=np.uint64)
        width = np.asarray([bits[position] for position in positions], dtype=np.uint8)
        # More than fits into 32 bits says by itself that the counter is a wide one.
        width[(width < 64) & (raw >> np.uint64(32) > 0)] = 64
        reading = Reading(rows, raw, width, np.full(len(raw), at))
        return one.counters(reading, lambda: [known.key(position) for position in positions])

    def _note_origins(self, known: _Known, origins: tuple[str, ...], skipped: set[int]) -> None:
        self._table.note_origins(
            (entry.row, entry.sheet, entry.key.family, origin)
            for position, (entry, origin) in enumerate(zip(known.entries, origins, strict=True))
            if entry is not None and position not in skipped
        )
        known.origins = None if skipped else origins


def _raw(value: float) -> int:
    """A counter as an integer; -1 for what can't be one."""
    if 0 <= value <= _MOST:
        return int(value)
    return _MOST if _MOST < value < math.inf else -1


def _last(rows: NDArray[np.int32], good: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Places of the good readings, of each row the last one."""
    places = np.flatnonzero(good)
    last = {int(row): place for row, place in zip(rows[places].tolist(), places.tolist(), strict=True)}
    return np.asarray(sorted(last.values()), dtype=np.intp)
