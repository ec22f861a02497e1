"""Fills the history from a Prometheus-compatible server: day by day, so that it can go on where it stopped.

What netwatch has measured itself stays: only buckets of which it knows nothing are written.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from netwatch.errors import StoreError
from netwatch.history.fold import MAX_GAP, Folded, fold_counter, fold_gauge
from netwatch.history.incoming import Incoming
from netwatch.history.names import SeriesName
from netwatch.history.prometheus import Samples, narrowed
from netwatch.history.segment import sync_directory
from netwatch.history.sources import ImportRule, Whose
from netwatch.model import DAY, Catalogue, CounterBlock, FamilyType, GaugeBlock, HistoryReader

__all__ = ["Found", "Importer", "Progress", "Server"]

WIDTH = 300
_AT_ONCE = 200
"""Series that are asked for at a time: a day of them, scraped every 15 s, are a million samples."""
_TOGETHER = 1024
"""Series that are written together: a piece of a day."""


class Server(Protocol):
    """Where samples come from."""

    @property
    def name(self) -> str: ...
    async def series(self, selector: str, start: float, end: float) -> list[Mapping[str, str]]: ...
    async def samples(self, selector: str, start: float, end: float) -> Iterator[Samples]: ...


@dataclass(slots=True)
class Found:
    """What a rule finds on a server."""

    rule: ImportRule
    taken: dict[SeriesName, Mapping[str, str]] = field(default_factory=dict)
    """Series that will be filled, and the labels of the one that fills each."""
    refused: Counter[str] = field(default_factory=Counter)
    """Why others are left out, in words, and how many."""

    def batches(self) -> Iterator[list[str]]:
        """Values of the label that names devices, so many that their series are asked for at a time."""
        counts = Counter(labels[self.rule.device] for labels in self.taken.values())
        batch: list[str] = []
        size = 0
        for value, count in sorted(counts.items()):
            if batch and size + count > _AT_ONCE:
                yield batch
                batch, size = [], 0
            batch.append(value)
            size += count
        if batch:
            yield batch


class Progress:
    """Up to which day each rule of an import is done; a small file beside the history."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._done: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self._done = {}
        except (OSError, ValueError):
            raise StoreError(f"{path}: can't be read: remove it, and the import begins anew") from None

    def done(self, server: str, rule: ImportRule, start: int) -> int:
        """UTC seconds up to which there is nothing left to do; `start` if nothing was done."""
        return max(start, self._done.get(_key(server, rule, start), start))

    def note(self, server: str, rule: ImportRule, start: int, until: int) -> None:
        """Durable when it returns. Raises StoreError."""
        self._done[_key(server, rule, start)] = until
        fresh = self._path.with_suffix(".new")
        try:
            with fresh.open("w", encoding="utf-8") as out:
                json.dump(self._done, out, indent=1, sort_keys=True)
                out.flush()
                os.fsync(out.fileno())
            fresh.replace(self._path)
            sync_directory(self._path.parent)
        except OSError as error:
            raise StoreError(f"{self._path}: can't be written: {error.strerror}") from error


class Importer:
    """One import: from one server, with some rules, over whole UTC days."""

    def __init__(
        self,
        server: Server,
        own: HistoryReader,
        incoming: Incoming,
        catalogue: Catalogue,
        whose: Whose,
        start: int,
        end: int,
    ) -> None:
        """`own`: what is there already. `incoming`: where the rest is put. `start` and `end`: UTC seconds of
        midnights."""
        self._server = server
        self._own = own
        self._incoming = incoming
        self._catalogue = catalogue
        self._whose = whose
        self._range = start, end

    async def look(self, rule: ImportRule) -> Found:
        """What a rule would take; reads labels alone."""
        found = Found(rule)
        family = self._catalogue[rule.family]
        for labels in await self._server.series(rule.metric, *self._range):
            series, reason = self._whose.series(rule, family, labels)
            if series is None:
                found.refused[reason] += 1
            elif series in found.taken:
                found.refused["told of twice"] += 1
            else:
                found.taken[series] = labels
        return found

    async def fill(self, found: Found, progress: Progress) -> AsyncIterator[int]:
        """Hands over day after day, from where an earlier run stopped; after each one yields the buckets.
        Raises StoreError; what is done stays done. Another rule of the same family may follow once what was
        handed over is taken."""
        start, end = self._range
        for day in range(progress.done(self._server.name, found.rule, start), end, DAY):
            written = 0
            rows: dict[SeriesName, Folded] = {}
            for batch in found.batches():
                rows |= await self._folded(found, batch, day)
                if len(rows) >= _TOGETHER:
                    written += self._put(found, rows, day)
                    rows = {}
            written += self._put(found, rows, day)
            if self._incoming.hand_over(everything=day + DAY >= end):
                progress.note(self._server.name, found.rule, start, day + DAY)
            yield written

    async def _folded(self, found: Found, devices: Sequence[str], day: int) -> dict[SeriesName, Folded]:
        rule, family = found.rule, self._catalogue[found.rule.family]
        selector = narrowed(rule.metric, rule.device, devices)
        rows: dict[SeriesName, Folded] = {}
        for one in await self._server.samples(selector, day - MAX_GAP, day + DAY + MAX_GAP):
            series, _ = self._whose.series(rule, family, one.labels)
            if series is None or dict(found.taken.get(series, {})) != dict(one.labels) or not one.times.size:
                continue
            values = one.values if rule.equals is None else (one.values == rule.equals) * 1.0
            fold = fold_counter if family.type is FamilyType.COUNTER else fold_gauge
            folded = fold(one.times, values, day, WIDTH, DAY // WIDTH)
            if np.any(folded.covered > 0):
                rows[series] = folded
        return rows

    def _put(self, found: Found, rows: dict[SeriesName, Folded], day: int) -> int:
        if not rows:
            return 0
        family = self._catalogue[found.rule.family]
        names = tuple(rows)
        covered = np.array([rows[name].covered for name in names])
        index = {name: number for number, name in enumerate(names)}
        for own in self._own.read(family.name, day, day + DAY, [entity for entity, _ in names]):
            row = index.get((own.entity, own.labels))
            if row is not None:
                for start, width in zip(own.starts - day, own.widths, strict=True):
                    covered[row, start // WIDTH : -(-(start + width) // WIDTH)] = 0.0
        count = int((covered > 0).sum())
        if count:
            entities, labels = tuple(name[0] for name in names), tuple(name[1] for name in names)
            value = np.array([rows[name].value for name in names])
            block: GaugeBlock | CounterBlock
            if family.type is FamilyType.COUNTER:
                block = CounterBlock(family.name, entities, labels, day, WIDTH, value, covered)
            else:
                peak = np.array([rows[name].peak for name in names])
                block = GaugeBlock(family.name, entities, labels, day, WIDTH, value, peak, covered)
            self._incoming.put(block, self._catalogue)
        return count


def _key(server: str, rule: ImportRule, start: int) -> str:
    """Another range or a rule that was changed begins anew."""
    text = json.dumps([server, rule.model_dump(), start], sort_keys=True)
    return f"{rule.family} {hashlib.sha256(text.encode()).hexdigest()[:16]}"
