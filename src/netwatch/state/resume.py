"""Counters that outlive the program: what is written at the end, and where it goes on at the next start."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netwatch.model import EntityId, Evidence, Instant
from netwatch.state.persist import CounterPage
from netwatch.state.series import SeriesTable
from netwatch.state.sheets import Shape, Sheet

__all__ = ["KEEP_SECONDS", "Kept", "export_pages"]

KEEP_SECONDS = 3600.0
"""How long counters of an earlier life wait for the first poll of their device."""

_PAGE_ROWS = 32768
_IMPORTED = "\x00imported"
"""Name of the table that tells what was kept, per source: no collector's table is called so."""

_PATTERNS = 64
"""Ways in which counters were found to lie in a shape that are remembered: devices of one build have one."""

_NO_ROWS: NDArray[np.int32] = np.empty(0, dtype=np.int32)

SourceEvidence = Callable[[int], tuple[EntityId, Evidence, float]]
"""Device, evidence and monotonic seconds of it, by number of the source."""


def export_pages(table: SeriesTable, now: Instant, evidence: SourceEvidence) -> Iterator[CounterPage]:
    """The counters of all series, page by page. Each page is as of when it is asked for."""
    some: list[Sheet] = []
    rows = 0
    for sheet in list(table.sheets()):
        if sheet.shape.counters and any(sheet.ids):
            some.append(sheet)
            rows += sheet.shape.counters
        if rows >= _PAGE_ROWS:
            yield _export(table, some, now, evidence)
            some, rows = [], 0
    if some:
        yield _export(table, some, now, evidence)


class _Names:
    """Numbers for the names of one page."""

    def __init__(self) -> None:
        self.numbers: dict[Any, int] = {}

    def of(self, name: Any) -> int:
        return self.numbers.setdefault(name, len(self.numbers))


def _export(table: SeriesTable, sheets: list[Sheet], now: Instant, evidence: SourceEvidence) -> CounterPage:
    counters, groups = table.counters, table.groups
    devices, entities, families, labelsets, sources = (_Names() for _ in range(5))
    index: list[NDArray[Any]] = []
    codes: dict[str, list[NDArray[Any]]] = {"device": [], "entity": [], "family": [], "labels": []}
    for sheet in sheets:
        shape = sheet.shape
        runs = [run for run in shape.runs.values() if run.counter]
        index.append(np.arange(sheet.counters, sheet.counters + shape.counters))
        who = np.asarray([entities.of(one or "") for one in sheet.ids], dtype=np.uint32)
        sizes = [len(run.who) for run in runs]
        codes["device"].append(np.full(shape.counters, devices.of(sheet.device), dtype=np.uint32))
        codes["entity"].append(who[shape.who[0]])
        codes["family"].append(
            np.repeat([families.of(table.families[run.family].name) for run in runs], sizes)
        )
        codes["labels"].append(np.asarray([labelsets.of(one) for run in runs for one in run.labels]))
    rows = np.concatenate(index)
    keep = np.isfinite(counters.mono[rows])
    rows = rows[keep]
    group = counters.group[rows]
    told, source = np.unique(groups.source[group], return_inverse=True)
    known = [evidence(int(number)) for number in told.tolist()]
    for device, _, _ in known:
        sources.of(device)
    carry = np.zeros(len(rows), dtype=np.uint64)
    if counters.carry:
        carried = [counters.carry.get(row, 0) for row in rows.tolist()]
        carry[:] = carried
    return CounterPage(
        tuple(devices.numbers),
        tuple(entities.numbers),
        tuple(families.numbers),
        tuple(labelsets.numbers),
        tuple(device for device, _, _ in known),
        tuple((e, at + now.wall - now.mono if math.isfinite(at) else math.nan) for _, e, at in known),
        **{name: np.concatenate(parts)[keep].astype(np.uint32) for name, parts in codes.items()},
        source=source.astype(np.uint32),
        raw=counters.raw[rows],
        totals=counters.totals[rows],
        covered=counters.covered(rows.astype(np.int32)),
        wall=counters.mono[rows] + groups.lead[group],
        carry=carry,
    )


class _Waiting(NamedTuple):
    """Counters of one device in a page."""

    page: CounterPage
    families: NDArray[np.int32]
    """Number in the catalogue by position in the page's list; -1 for one that is not there."""
    labelsets: NDArray[np.int32]
    """Number that holds for all pages by position in the page's list."""
    positions: NDArray[np.intp]


class Kept:
    """Counters of an earlier life that wait for their series to come back."""

    def __init__(self, table: SeriesTable, now: Instant, number_of: Callable[[EntityId], int]) -> None:
        self._table = table
        self._now = now
        self._number_of = number_of
        self._by_device: dict[EntityId, list[_Waiting]] = {}
        self._labelsets: dict[tuple[str, ...], int] = {}
        """In order of their numbers."""
        self._patterns: dict[tuple[Shape, bytes, bytes, bytes], NDArray[np.int32]] = {}
        self.evidence: dict[EntityId, tuple[Evidence, float]] = {}
        """Per source: the last evidence of its uptime, and monotonic seconds of it on our clock."""

    def take(self, pages: Iterable[CounterPage]) -> None:
        known, labelsets = self._table.numbers, self._labelsets
        for page in pages:
            families = np.asarray([known.get(name, -1) for name in page.families], dtype=np.int32)
            numbered = [labelsets.setdefault(one, len(labelsets)) for one in page.labelsets]
            labels = np.asarray(numbered, dtype=np.int32)
            order = np.argsort(page.device, kind="stable")
            numbers = page.device[order]
            for at, device in enumerate(page.devices):
                first, last = np.searchsorted(numbers, (at, at + 1))
                if last > first:
                    waiting = _Waiting(page, families, labels, order[first:last])
                    self._by_device.setdefault(device, []).append(waiting)
            for source, (told, wall) in zip(page.sources, page.evidence, strict=True):
                if math.isfinite(wall):
                    self.evidence[source] = told, self._mono(wall)

    def pages(self) -> Iterator[CounterPage]:
        """What still waits, for a file that has to keep it over another restart. To be put before what is
        live, whose evidence is newer."""
        found: dict[int, tuple[CounterPage, list[NDArray[np.intp]]]] = {}
        for waiting in self._by_device.values():
            for one in waiting:
                found.setdefault(id(one.page), (one.page, []))[1].append(one.positions)
        for page, parts in found.values():
            rows = np.concatenate(parts)
            yield page.of(rows)

    def __len__(self) -> int:
        """How many devices are waited for."""
        return len(self._by_device)

    def over(self, mono: float) -> bool:
        """True once nothing more is to be waited for."""
        return not self._by_device or mono - self._now.mono > KEEP_SECONDS

    def resume(self, sheet: Sheet, confirmed: Callable[[EntityId], bool]) -> None:
        """Counters of a new sheet go on from where they were. `confirmed`: whether the uptime of a source
        says that our clock went on by the right time; otherwise what was counted meanwhile is unknown."""
        waiting = self._by_device.get(sheet.device)
        if not waiting or not sheet.shape.counters:
            return
        who = {entity: number for number, entity in enumerate(sheet.ids) if entity}
        told = np.zeros(len(self._table.families) + 1, dtype=np.bool_)  # the last one: no family at all
        told[[run.family for run in sheet.shape.runs.values() if run.counter]] = True
        left: list[_Waiting] = []
        for one in waiting:
            here = told[one.families[one.page.family[one.positions]]]
            asked = one._replace(positions=one.positions[here])
            rows = self._offsets(sheet.shape, who, asked) if len(asked.positions) else _NO_ROWS
            found = rows >= 0
            if found.any():
                self._seed(
                    one.page, asked.positions[found], rows[found] + np.int32(sheet.counters), confirmed
                )
            here[here] = found
            if not here.all():
                left.append(one._replace(positions=one.positions[~here]))
        if left:
            self._by_device[sheet.device] = left
        else:
            del self._by_device[sheet.device]

    def _offsets(self, shape: Shape, who: Mapping[EntityId, int], waiting: _Waiting) -> NDArray[np.int32]:
        """Where what waits lies among the counter rows of a shape; -1 for what is not in it. `who`: numbers
        of the entities of its sheet."""
        page, positions = waiting.page, waiting.positions
        codes = page.entity[positions]
        first, last = int(codes.min()), int(codes.max())  # those of a device follow each other
        numbers = [who.get(entity, -1) for entity in page.entities[first : last + 1]]
        entities = np.asarray(numbers, dtype=np.int32)[codes - np.uint32(first)]
        families = waiting.families[page.family[positions]]
        labels = waiting.labelsets[page.labels[positions]]
        pattern = shape, families.tobytes(), entities.tobytes(), labels.tobytes()
        found = self._patterns.get(pattern)
        if found is None:
            offsets, names = shape.offsets, list(self._labelsets)
            places = zip(families.tolist(), entities.tolist(), labels.tolist(), strict=True)
            rows = [offsets.get((family, one, names[label]), -1) for family, one, label in places]
            if len(self._patterns) >= _PATTERNS:
                self._patterns.clear()
            found = self._patterns[pattern] = np.asarray(rows, dtype=np.int32)
        return found

    def _seed(
        self,
        page: CounterPage,
        positions: NDArray[np.intp],
        rows: NDArray[np.int32],
        confirmed: Callable[[EntityId], bool],
    ) -> None:
        counters, groups = self._table.counters, self._table.groups
        counters.totals[rows] = page.totals[positions]
        counters.gap[rows] = -page.covered[positions]
        sources = page.source[positions]
        for source in set(sources.tolist()):
            device = page.sources[source]
            if not confirmed(device):
                continue
            mine = sources == source
            chosen, at = rows[mine], positions[mine]
            mono = page.wall[at] + (self._now.mono - self._now.wall)
            group = groups.number(self._number_of(device), _IMPORTED)
            groups.told(group, self._now, 0.0)  # stale until the first poll
            counters.begin(chosen, page.raw[at], mono, group)
            carry = page.carry[at]
            for one in np.flatnonzero(carry).tolist():
                counters.carried(int(chosen[one]), int(carry[one]))

    def _mono(self, wall: float) -> float:
        return wall + (self._now.mono - self._now.wall)
