"""The exposition itself: a snapshot as Prometheus text 0.0.4 or OpenMetrics 1.0, in chunks.

Every sample but those of info families carries the time of its poll, so that rate() divides by the time
between polls and not between scrapes. What is not fresh, or unknown, is absent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netwatch.exposition.labels import LabelBook, pair
from netwatch.exposition.shards import Shard, device_filter
from netwatch.model import (
    Catalogue,
    Column,
    Entity,
    EntityId,
    EntityKind,
    Family,
    FamilyType,
    Snapshot,
    load_catalogue,
)

__all__ = ["CHUNK", "CONTENT_TYPE_OPENMETRICS", "CONTENT_TYPE_TEXT", "Renderer", "header", "render"]

CHUNK = 64 * 1024
"""Bytes of a chunk at most."""
CONTENT_TYPE_TEXT = "text/plain; version=0.0.4; charset=utf-8"
CONTENT_TYPE_OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_ROWS = 400
"""Rows that are formatted at once; a few milliseconds at most pass between two chunks."""


class _Kept(NamedTuple):
    """What was derived from the label side of a column, and stays while that stays."""

    entities: tuple[EntityId, ...]
    labels: tuple[tuple[str, ...], ...]
    version: int
    prefixes: list[str]
    """What stands before the value of each series."""
    owners: NDArray[np.intp]
    """Number of the device of each series."""


class _Info(NamedTuple):
    """The finished lines of an info family."""

    entities: Mapping[EntityId, Entity]
    lines: list[str]
    owners: list[int]


class Renderer:
    """Renders snapshots and keeps the label text between them. One per process is enough."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._families = [family for family in catalogue.values() if family.type is FamilyType.INFO]
        self._book = LabelBook()
        self._kept: dict[str, _Kept] = {}
        self._info: dict[str, _Info] = {}

    def render(
        self,
        snapshot: Snapshot,
        *,
        openmetrics: bool,
        shard: Shard | None = None,
        only: EntityId | None = None,
        end: bool = True,
    ) -> Iterator[bytes]:
        """Chunks of at most 64 KiB. `only` restricts to one device; `end=False` leaves out the closing `#
        EOF` of OpenMetrics, for a caller that has more to say."""
        wanted = self._wanted(snapshot, shard, only)
        buffer: list[str] = []
        size = 0
        for text in self._lines(snapshot, openmetrics, wanted):
            if size + len(text) > CHUNK and buffer:
                yield from _chunks("".join(buffer).encode())
                buffer, size = [], 0
            buffer.append(text)
            size += len(text)
        if openmetrics and end:
            buffer.append("# EOF\n")
        if buffer:
            yield from _chunks("".join(buffer).encode())

    def _wanted(
        self, snapshot: Snapshot, shard: Shard | None, only: EntityId | None
    ) -> NDArray[np.bool_] | None:
        """Whether each device, by number, is to be seen; None if all are."""
        held = device_filter(snapshot, shard)
        if held is None and only is None:
            return None
        numbers = self._book.devices(snapshot)
        # One more, for series whose entity is gone: number -1 finds it.
        out = np.zeros(len(numbers) + 1, dtype=np.bool_)
        for device, number in numbers.items():
            out[number] = device == only if only is not None else held is not None and held(device)
        return out

    def _lines(
        self, snapshot: Snapshot, openmetrics: bool, wanted: NDArray[np.bool_] | None
    ) -> Iterator[str]:
        for family in self._families:
            info = self._info_of(family, snapshot)
            lines = info.lines
            if wanted is not None:
                lines = [line for line, own in zip(lines, info.owners, strict=True) if wanted[own]]
            if lines:
                yield header(family, openmetrics)
            for start in range(0, len(lines), _ROWS):
                yield "".join(lines[start : start + _ROWS])
        for column in snapshot.columns.values():
            if column.family.type is FamilyType.INFO:
                continue
            kept = self._column(column, snapshot)
            seen = column.fresh & ~np.isnan(column.values)
            rows = np.flatnonzero(seen if wanted is None else seen & wanted[kept.owners])
            if len(rows):
                yield header(column.family, openmetrics)
            for start in range(0, len(rows), _ROWS):
                yield _samples(column, rows[start : start + _ROWS], kept.prefixes, openmetrics)

    def _column(self, column: Column, snapshot: Snapshot) -> _Kept:
        """Made anew only when series come or go: the state hands in the same tuples until then."""
        family = column.family
        texts, devices = self._book.texts(snapshot), self._book.devices(snapshot)
        kept = self._kept.get(family.name)
        if (
            kept is None
            or kept.entities is not column.entities
            or kept.labels is not column.labels
            or kept.version != self._book.version
        ):
            prefixes = [
                _prefix(family, texts.get(entity, ""), labels)
                for entity, labels in zip(column.entities, column.labels, strict=True)
            ]
            known = snapshot.entities
            owners = [devices[known[e].device] if e in known else -1 for e in column.entities]
            kept = _Kept(
                column.entities,
                column.labels,
                self._book.version,
                prefixes,
                np.asarray(owners, dtype=np.intp),
            )
            self._kept[family.name] = kept
        return kept

    def _info_of(self, family: Family, snapshot: Snapshot) -> _Info:
        """Samples of an info family: one per entity of its kind, its facts as labels."""
        kept = self._info.get(family.name)
        if kept is None or kept.entities is not snapshot.entities:
            texts, devices = self._book.texts(snapshot), self._book.devices(snapshot)
            kept = _Info(snapshot.entities, [], [])
            for entity in snapshot.entities.values():
                if entity.kind is not family.entity:
                    continue
                facts = [(name, entity.facts.get(name, "")) for name in family.facts]
                told = [pair(name, str(value)) for name, value in facts if value != ""]
                if told or entity.kind is EntityKind.DEVICE:
                    kept.lines.append(f"{family.name}{{{','.join((texts[entity.id], *told))}}} 1\n")
                    kept.owners.append(devices[entity.device])
            self._info[family.name] = kept
        return kept


def render(
    snapshot: Snapshot, *, openmetrics: bool, shard: Shard | None = None, catalogue: Catalogue | None = None
) -> Iterator[bytes]:
    """Renders one snapshot with the shipped catalogue. Whoever renders often keeps a `Renderer`."""
    return Renderer(catalogue or load_catalogue()).render(snapshot, openmetrics=openmetrics, shard=shard)


def header(family: Family, openmetrics: bool) -> str:
    """HELP, TYPE and, in OpenMetrics, UNIT lines of a family."""
    name, kind = family.name, family.type.value
    if not openmetrics:
        kind = "gauge" if family.type is FamilyType.INFO else kind
        text = family.help.replace("\\", r"\\").replace("\n", r"\n")
        return f"# HELP {name} {text}\n# TYPE {name} {kind}\n"
    text = family.help.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
    if family.type is not FamilyType.GAUGE:
        name = name.removesuffix("_total").removesuffix("_info")
    unit = f"# UNIT {name} {family.unit}\n" if family.unit and name.endswith(f"_{family.unit}") else ""
    return f"# TYPE {name} {kind}\n{unit}# HELP {name} {text}\n"


def _prefix(family: Family, text: str, labels: Sequence[str]) -> str:
    pairs = [text] if text else []
    # A label without a value is the same as no label, and shorter.
    pairs += [pair(name, value) for name, value in zip(family.labels, labels, strict=False) if value]
    return f"{family.name}{{{','.join(pairs)}}}"


def _samples(column: Column, rows: NDArray[np.intp], prefixes: list[str], openmetrics: bool) -> str:
    """Lines of some rows of a column. Whole numbers are written as such, counters exactly past 2^53."""
    values: list[str]
    if column.totals is not None:
        values = list(map(str, column.totals[rows].tolist()))
    else:
        values = list(map(_number, column.values[rows].tolist()))
    picked = [prefixes[row] for row in rows.tolist()]
    millis = np.rint(column.times[rows] * 1000).astype(np.int64)
    if openmetrics:
        times = [f"{ms // 1000}.{ms % 1000:03d}" for ms in millis.tolist()]
    else:
        times = list(map(str, millis.tolist()))
    return "".join([f"{p} {v} {t}\n" for p, v, t in zip(picked, values, times, strict=True)])


def _number(value: float) -> str:
    """The shortest text that reads back as the same float."""
    if value == value // 1 and abs(value) < 1e15:
        return str(int(value))
    return repr(value)


def _chunks(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), CHUNK):
        yield data[start : start + CHUNK]
