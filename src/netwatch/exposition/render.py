"""The exposition itself: a snapshot as Prometheus text 0.0.4 or OpenMetrics 1.0, in chunks.

Every sample but those of info families carries the time of its poll, so that rate() divides by the time
between polls and not between scrapes. What is not fresh, or unknown, is absent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from netwatch.exposition.groups import PAGE, Groups, Owners, Pages, Planned, Rows, Texts, by_page
from netwatch.exposition.info import InfoBook, InfoTexts
from netwatch.exposition.labels import LabelBook
from netwatch.exposition.lines import Lines, PureLines
from netwatch.exposition.shards import ALL, LIMIT, Shard, split
from netwatch.model import Catalogue, Column, EntityId, Family, FamilyType, Snapshot, load_catalogue

__all__ = ["CHUNK", "CONTENT_TYPE_OPENMETRICS", "CONTENT_TYPE_TEXT", "Plan", "Renderer", "header", "render"]

T = TypeVar("T", bound=np.generic)

CHUNK = 64 * 1024
"""Bytes of a chunk at most."""
CONTENT_TYPE_TEXT = "text/plain; version=0.0.4; charset=utf-8"
CONTENT_TYPE_OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_LINE = 160
"""Octets of a line at first guess."""
_ROOM = 0.9
"""Share of a chunk that its lines fill, as guessed from the ones before."""


class _Data(NamedTuple):
    """What stands behind the labels of a line: by row of the column or, if `taken`, by line."""

    values: NDArray[np.float64] | None = None
    totals: NDArray[np.uint64] | None = None
    times: NDArray[np.float64] | None = None
    taken: bool = False

    def on(self, page: int, within: Rows, start: int) -> _Data:
        """By row of a page. `within`: its rows that become lines, the first of them the line `start`."""
        values, totals, times, taken = self
        if not taken:
            part = slice(page * PAGE, (page + 1) * PAGE)
            return _Data(
                None if values is None else values[part],
                None if totals is None else totals[part],
                None if times is None else times[part],
            )
        lines = slice(start, start + len(within))
        return _Data(
            None if values is None else _spread(values[lines], within),
            None if totals is None else _spread(totals[lines], within),
            None if times is None else _spread(times[lines], within),
        )


_NOTHING = _Data()


class Plan(NamedTuple):
    """All that one rendering needs; nothing in it changes while it goes on."""

    version: int
    columns: list[Planned]
    infos: list[tuple[InfoTexts, Texts]]
    numbers: Mapping[EntityId, int]
    places: Sequence[str]
    """Site of each device, by number."""


class _Cut(NamedTuple):
    """Shards, and what they were cut from."""

    limit: int
    numbers: Mapping[EntityId, int]
    places: Sequence[str]
    owners: list[Owners]
    counts: NDArray[np.int64]
    shards: list[Shard]


class Renderer:
    """Renders snapshots and keeps the label text between them. One per process is enough.

    Everything here runs in the event loop and takes pauses: an empty chunk is one.
    """

    def __init__(self, catalogue: Catalogue, lines: Lines | None = None) -> None:
        """`lines` is what writes lines: the compiled twin where there is one, else pure Python."""
        self._lines = lines or PureLines()
        self._book = LabelBook()
        self._groups = Groups(self._book)
        infos = (family for family in catalogue.values() if family.type is FamilyType.INFO)
        self._info = InfoBook(infos)
        self._members: dict[Shard, list[int]] = {}
        self._placed: tuple[Mapping[EntityId, int], Sequence[str]] | None = None
        """Numbers and sites of devices for which the members of shards are known."""
        self._shards: _Cut | None = None

    def render(
        self,
        snapshot: Snapshot,
        *,
        openmetrics: bool,
        shard: Shard | None = None,
        only: EntityId | None = None,
        end: bool = True,
    ) -> Iterator[bytes]:
        """Chunks of at most 64 KiB; an empty one is a pause for others. `only` restricts to one device;
        `end=False` leaves out the closing `# EOF` of OpenMetrics, for a caller that has more to say."""
        plan = None
        for plan in self.plan(snapshot):
            if plan is None:
                yield b""
        assert plan is not None
        devices = self._wanted(plan, shard, only)
        buffer: list[bytes] = []
        size = 0
        for data in self._pieces(plan, openmetrics, devices):
            if not data:
                yield b""
            if size + len(data) > CHUNK and buffer:
                yield b"".join(buffer)
                buffer, size = [], 0
            if len(data) >= CHUNK:
                yield from _chunks(data)
            else:
                buffer.append(data)
                size += len(data)
        if openmetrics and end:
            buffer.append(b"# EOF\n")
        if buffer:
            yield from _chunks(b"".join(buffer))

    def prepare(self, snapshot: Snapshot) -> Iterator[None]:
        """Makes label text ready for what follows, with pauses."""
        for _ in self.plan(snapshot):
            yield

    def shards(self, snapshot: Snapshot, limit: int = LIMIT) -> list[Shard]:
        """The shards of `netwatch.exposition.shards`, kept as long as series and places are the same. Stale
        series count too: an outage moves no device. Quick after `prepare`."""
        *_, plan = self.plan(snapshot)
        assert plan is not None
        owners = [column.owners for column in plan.columns] + [texts.owners for _, texts in plan.infos]
        kept = self._shards
        placed = kept is not None and kept.limit == limit and kept.numbers is plan.numbers
        placed = placed and kept is not None and kept.places is plan.places
        if kept is not None and placed and list(map(id, kept.owners)) == list(map(id, owners)):
            return kept.shards
        times = Counter(map(id, owners))
        counts = np.zeros(len(plan.places), np.int64)
        for one in {id(one): one for one in owners}.values():
            counts += times[id(one)] * one.counts(len(counts))
        if kept is None or not placed or not np.array_equal(kept.counts, counts):
            samples = {device: int(counts[number]) for device, number in plan.numbers.items()}
            places = {device: plan.places[number] for device, number in plan.numbers.items()}
            shards = split(samples, places, limit)
        else:
            shards = kept.shards
        self._shards = _Cut(limit, plan.numbers, plan.places, owners, counts, shards)
        return shards

    def plan(self, snapshot: Snapshot) -> Iterator[Plan | None]:
        """None for each pause, and the plan at last."""
        infos = yield from self._info.plan(snapshot)
        columns, texts = yield from self._groups.plan(snapshot, [info.ids for info in infos])
        book = self._book
        told = list(zip(infos, texts, strict=True))
        yield Plan(book.version, columns, told, book.numbers, book.places)

    def _wanted(self, plan: Plan, shard: Shard | None, only: EntityId | None) -> list[int] | None:
        """Numbers of the devices to be seen, None for all."""
        if only is not None:
            return [plan.numbers[only]] if only in plan.numbers else []
        if shard is None or shard == ALL:
            return None
        if self._placed is None or self._placed[0] is not plan.numbers or self._placed[1] is not plan.places:
            self._members, self._placed = {}, (plan.numbers, plan.places)
        found = self._members.get(shard)
        if found is None:
            found = self._members[shard] = [
                number for device, number in plan.numbers.items() if shard.holds(device, plan.places[number])
            ]
        return found

    def _pieces(self, plan: Plan, openmetrics: bool, devices: list[int] | None) -> Iterator[bytes]:
        """An empty piece is a pause."""
        for info, (heads, parts, owners) in plan.infos:
            if devices is None:
                rows = np.flatnonzero(info.told & (owners.numbers >= 0)).astype(np.int64, copy=False)
            else:
                rows = owners.rows_of(devices)
                rows = rows[info.told[rows]]
            if len(rows):
                yield header(info.family, openmetrics).encode()
                all_texts = heads, parts, info.tails
                yield from self._samples(info.family.name, all_texts, rows, _NOTHING, openmetrics)
        for column, texts, owners in plan.columns:
            rows, data = _all(column, owners) if devices is None else _some(column, owners.rows_of(devices))
            yield b""
            if len(rows):
                yield header(column.family, openmetrics).encode()
                yield from self._samples(column.family.name, texts, rows, data, openmetrics)

    def _samples(
        self, name: str, texts: tuple[Pages, ...], rows: Rows, data: _Data, openmetrics: bool
    ) -> Iterator[bytes]:
        """As many lines at once as fill a chunk."""
        line = float(_LINE)
        done = 0
        for page, within in by_page(rows):
            values, totals, times, _ = data.on(page, within, done)
            done += len(within)
            lists = tuple([pages[page] for pages in texts])
            start = 0
            while start < len(within):
                some = within[start : start + max(16, int(_ROOM * CHUNK / line))]
                out = self._lines.render_lines(name, lists, some, values, totals, times, openmetrics)
                line = max(1.0, len(out) / len(some))
                start += len(some)
                yield out


def _all(column: Column, owners: Owners) -> tuple[Rows, _Data]:
    """Every row that is known."""
    data = _Data(column.values, column.totals, column.times)  # made at each access
    known = column.fresh & ~np.isnan(column.values)
    known = known if owners.whole else known & (owners.numbers >= 0)
    return np.flatnonzero(known).astype(np.int64, copy=False), data


def _some(column: Column, rows: Rows) -> tuple[Rows, _Data]:
    """Those of `rows` that are known. Large columns are scraped in many parts: none of them decodes all."""
    if not len(rows):
        return rows, _NOTHING
    values, totals, times, fresh = column.take(rows)
    known = fresh & ~np.isnan(values)
    if not known.all():
        rows, values, times = rows[known], values[known], times[known]
        totals = None if totals is None else totals[known]
    return rows, _Data(values, totals, times, taken=True)


def _spread(taken: NDArray[T], within: Rows) -> NDArray[T]:
    out = np.empty(PAGE, dtype=taken.dtype)
    out[within] = taken
    return out


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


def _chunks(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), CHUNK):
        yield data[start : start + CHUNK]
