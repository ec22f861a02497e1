"""What is new since the last time: which samples of a snapshot an endpoint was not given yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netwatch.exposition.groups import PAGE, Pages, Planned, Rows, by_page
from netwatch.exposition.remote_write.encode import Encoder, Request, compress
from netwatch.exposition.render import Plan
from netwatch.model import Column, EntityId, Snapshot

__all__ = ["INFO_SECONDS", "News"]

INFO_SECONDS = 120.0
"""Samples of info families have no time of their own; they are repeated well within Prometheus' look-back of
five minutes."""
_PACE = 1000
"""Rows that are encoded between two pauses."""


class _Given(NamedTuple):
    """Times of the samples that were given away, by row."""

    entities: tuple[EntityId, ...]
    labels: tuple[tuple[str, ...], ...]
    times: NDArray[np.float64]


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
            rows, times = self._new_rows(planned)
            told = column.times  # made at each access
            numbers = column.values if column.totals is None else column.totals
            for lists, within, some in _pieces(planned.texts, rows, step):
                values, at = numbers[some].astype(np.float64, copy=False), told[some]
                fields = self._encoder.samples(column.family, lists, within, values, at)
                times[some] = at
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

    def _new_rows(self, planned: Planned) -> tuple[Rows, NDArray[np.float64]]:
        """Rows to give, and the times given so far, to be kept up."""
        column, owners = planned.column, planned.owners
        given = self._given.get(column.family.name)
        if given is None or given.entities is not column.entities or given.labels is not column.labels:
            times = np.full(len(column.entities), -np.inf)
            if given is not None:
                _take_over(given, column, times)
            given = self._given[column.family.name] = _Given(column.entities, column.labels, times)
        new = column.fresh & ~np.isnan(column.values) & (column.times > given.times)
        if not owners.whole:
            new &= owners.numbers >= 0
        return np.flatnonzero(new).astype(np.int64, copy=False), given.times


def _pieces(
    texts: tuple[Pages, ...], rows: Rows, step: int
) -> Iterator[tuple[tuple[list[str], ...], Rows, Rows]]:
    """(texts of a page, at most `step` rows within it, the same rows in the column)."""
    for page, within in by_page(rows):
        lists = tuple([pages[page] for pages in texts])
        for start in range(0, len(within), step):
            some = within[start : start + step]
            yield lists, some, some + page * PAGE


def _take_over(given: _Given, column: Column, times: NDArray[np.float64]) -> None:
    """Times by row of before, to those of now: what both begin with as it is, the rest by look-up."""
    same = _common(given, column)
    times[:same] = given.times[:same]
    if same == len(times):
        return
    rest = zip(given.entities[same:], given.labels[same:], given.times[same:].tolist(), strict=True)
    known = {(entity, labels): at for entity, labels, at in rest}
    get: Callable[..., float] = known.get
    found = [get(key, -np.inf) for key in zip(column.entities[same:], column.labels[same:], strict=True)]
    times[same:] = found


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
