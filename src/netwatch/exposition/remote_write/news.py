"""What is new since the last time: which samples of a snapshot an endpoint was not given yet."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netwatch.exposition.groups import PAGE, Pages, Rows, by_page
from netwatch.exposition.remote_write.encode import Encoder, Request, compress
from netwatch.exposition.render import Plan
from netwatch.model import Column, EntityId, Snapshot

__all__ = ["INFO_SECONDS", "News"]

INFO_SECONDS = 120.0
"""Samples of info families have no time of their own; they are repeated well within Prometheus' look-back of
five minutes."""
STALE = np.uint64(0x7FF0000000000002)
"""Bits of the NaN that ends a series in Prometheus at once (value.StaleNaN)."""
_PACE = 1000
"""Rows that are encoded between two pauses."""


class _Given(NamedTuple):
    """Times of the samples that were given away, by row."""

    entities: tuple[EntityId, ...]
    labels: tuple[tuple[str, ...], ...]
    times: NDArray[np.float64]
    ended: NDArray[np.bool_]
    """Those that were told to be stale since."""

    @classmethod
    def nothing(cls, column: Column) -> _Given:
        count = len(column.entities)
        return cls(column.entities, column.labels, np.full(count, -np.inf), np.zeros(count, dtype=np.bool_))

    def of(self, column: Column) -> _Given:
        """The same by the rows of now: what both begin with as it is, the rest by look-up."""
        if self.entities is column.entities and self.labels is column.labels:
            return self
        out, same = _Given.nothing(column), _common(self, column)
        out.times[:same], out.ended[:same] = self.times[:same], self.ended[:same]
        if same < len(out.times):
            rest = zip(self.entities[same:], self.labels[same:], strict=True)
            places = {key: place for place, key in enumerate(rest, same)}
            keys = zip(column.entities[same:], column.labels[same:], strict=True)
            before = np.asarray([places.get(key, -1) for key in keys])
            known = before >= 0
            out.times[same:][known] = self.times[before[known]]
            out.ended[same:][known] = self.ended[before[known]]
        return out


class News:
    """One per endpoint."""

    def __init__(self, encoder: Encoder, max_samples: int, families: tuple[str, ...] = ()) -> None:
        """`families`: names or shell patterns of what is sent; empty: all."""
        self._encoder = encoder
        self._max_samples = max_samples
        self._families = families
        self._wanted: dict[str, bool] = {}
        self._given: dict[str, _Given] = {}
        self._info_at = -np.inf

    def requests(self, snapshot: Snapshot, plan: Plan) -> Iterator[Request | None]:
        """Requests of at most `max_samples` samples each, None for a pause. A sample counts as given once its
        request was yielded. Each series is in one request at most."""
        batch: list[bytes] = []
        samples, newest = 0, 0
        for fields, count, last in self._fields(snapshot, plan):
            if samples + count > self._max_samples:
                yield Request(compress(b"".join(batch)), samples, newest)
                batch, samples, newest = [], 0, 0
            batch.append(fields)
            samples, newest = samples + count, max(newest, last)
            yield None
        if samples:
            yield Request(compress(b"".join(batch)), samples, newest)

    def _fields(self, snapshot: Snapshot, plan: Plan) -> Iterator[tuple[bytes, int, int]]:
        """(fields, samples, newest time in ms)."""
        step = min(_PACE, self._max_samples)
        for planned in plan.columns:
            column = planned.column
            if not self._wants(column.family.name):
                continue
            given = self._given.get(column.family.name)
            given = _Given.nothing(column) if given is None else given.of(column)
            self._given[column.family.name] = given
            told = column.times  # made at each access
            numbers = column.values if column.totals is None else column.totals
            here = column.fresh & ~np.isnan(column.values)
            if not planned.owners.whole:
                here &= planned.owners.numbers >= 0
            rows = _numbers(here & (told > given.times))
            for lists, within, some in _pieces(planned.texts, rows, step):
                values, at = numbers[some].astype(np.float64, copy=False), told[some]
                fields = self._encoder.samples(column.family, lists, within, values, at)
                given.times[some], given.ended[some] = at, False
                yield fields, len(some), round(float(at.max()) * 1000)
            rows = _numbers(~here & (planned.owners.numbers >= 0) & np.isfinite(given.times) & ~given.ended)
            for lists, within, some in _pieces(planned.texts, rows, step):
                # Right behind the last sample: whatever comes later is newer.
                at = given.times[some] + 0.001
                values = np.full(len(some), STALE).view(np.float64)
                fields = self._encoder.samples(column.family, lists, within, values, at)
                given.ended[some] = True
                yield fields, len(some), round(float(at.max()) * 1000)
        if snapshot.at.mono - self._info_at < INFO_SECONDS:
            return
        self._info_at = snapshot.at.mono
        millis = round(snapshot.at.wall * 1000)
        for info, (heads, parts, owners) in plan.infos:
            if not self._wants(info.family.name):
                continue
            rows = np.flatnonzero(info.told & (owners.numbers >= 0)).astype(np.int64, copy=False)
            for lists, within, _ in _pieces((heads, parts, info.tails), rows, step // 20 or 1):
                yield self._encoder.infos(info.family, lists, within, millis), len(within), millis

    def _wants(self, name: str) -> bool:
        found = self._wanted.get(name)
        if found is None:
            patterns = self._families or ("*",)
            found = self._wanted[name] = any(fnmatchcase(name, pattern) for pattern in patterns)
        return found


def _numbers(chosen: NDArray[np.bool_]) -> Rows:
    return np.flatnonzero(chosen).astype(np.int64, copy=False)


def _pieces(
    texts: tuple[Pages, ...], rows: Rows, step: int
) -> Iterator[tuple[tuple[list[str], ...], Rows, Rows]]:
    """(texts of a page, at most `step` rows within it, the same rows in the column)."""
    for page, within in by_page(rows):
        lists = tuple([pages[page] for pages in texts])
        for start in range(0, len(within), step):
            some = within[start : start + step]
            yield lists, some, some + page * PAGE


def _common(given: _Given, column: Column, block: int = 4096) -> int:
    same, shortest = 0, min(len(given.entities), len(column.entities))
    while same < shortest:
        end = min(same + block, shortest)
        if given.entities[same:end] != column.entities[same:end]:
            break
        if given.labels[same:end] != column.labels[same:end]:
            break
        same = end
    return same
