"""Observes a table whose rows come and go a second time: rows whose values are those of the last pass keep
what was made of them, the very same objects, so that whoever gets them need not look again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from netwatch.model import EntityKey, Reading, Seen
from netwatch.profiles.language.expression import Scope
from netwatch.profiles.language.values import Value
from netwatch.profiles.ready.profile import Profile, Table
from netwatch.profiles.rows.evaluate import Yield, evaluate_row
from netwatch.profiles.rows.frame import DeviceFrame, Rows, Splitter, in_order
from netwatch.profiles.rows.settled import Settled

__all__ = ["RowCache", "evaluate_again", "may_repeat"]

REST = 20
"""Passes without the cache after rows were found to be about the same entity."""
_NOTHING = object()


class _Made(NamedTuple):
    """What a row gave."""

    keys: tuple[EntityKey, ...]
    seen: tuple[Seen, ...]
    readings: tuple[Reading, ...]
    counts: bool
    """It met the table's `where`."""


@dataclass(slots=True, eq=False)
class RowCache:
    """Of one table of one device. Owned by whoever polls the device."""

    raw: dict[str, Value] = field(default_factory=dict)
    rows: Rows = field(default_factory=dict)
    scalars: dict[str, Value] = field(default_factory=dict)
    made: dict[str, _Made] = field(default_factory=dict)
    order: list[str] | None = field(default_factory=list)
    """Indexes of the rows in order; None once there are others."""
    rest: int = 0
    off: bool = False
    """The table looks into what is asked along: any row may change by any value."""

    def forget(self, rest: int = REST) -> None:
        """Everything, for so many passes."""
        self.raw, self.rows, self.scalars, self.made, self.order = {}, {}, {}, {}, []
        self.rest = rest


def may_repeat(table: Table, settled: Settled) -> bool:
    """Does a row of this table depend on itself, and on what does not change, alone?"""
    own = table.name
    return own not in settled.rows and all(name != own for name, _ in table.references)


def evaluate_again(
    table: Table,
    profile: Profile,
    settled: Settled,
    context: str,
    splitter: Splitter,
    raw: Mapping[str, Value],
    cache: RowCache,
    max_rows: int,
) -> Yield | None:
    """What `evaluate` gives; None where only that one can tell, and the cache knows nothing any more."""
    if cache.off:
        return None
    if cache.rest:
        cache.rest -= 1
        return None
    changed = _update(table, splitter, raw, cache)
    if changed is None:
        cache.forget()
        cache.off = True
        return None
    wanted = {index for index in changed if index in cache.rows}
    if wanted:
        _make(table, profile, settled, context, wanted, cache)
    if cache.order is None:
        cache.order = list(in_order(cache.rows))
    result = _together(cache, max_rows)
    if result is None:
        cache.forget()
    return result


def _update(
    table: Table, splitter: Splitter, raw: Mapping[str, Value], cache: RowCache
) -> Iterable[str] | None:
    """Brings the rows up to date. Indexes of those to be made anew; None if other tables are asked along."""
    before = cache.raw
    different = [oid for oid, value in raw.items() if before.get(oid, _NOTHING) != value]
    gone = before.keys() - raw.keys() if len(raw) != len(before) or different else ()
    changed: dict[str, None] = {}
    everything = False
    for oid in (*gone, *different):
        value = raw.get(oid)
        cells, scalars = splitter.places(oid)
        for name in scalars:
            everything = True
            if value is None:
                cache.scalars.pop(name, None)
            else:
                cache.scalars[name] = value
        for name, index, alias in cells:
            if name != table.name:
                return None
            changed[index] = None
            row = cache.rows.get(index)
            if value is None:
                if row is not None:
                    row.pop(alias, None)
                    if not row:
                        del cache.rows[index]
                        cache.made.pop(index, None)
                        cache.order = None
            elif row is None:
                cache.rows[index] = {alias: value}
                cache.order = None
            else:
                row[alias] = value
    cache.raw = dict(raw) if different or gone else before
    return cache.rows if everything else changed


def _make(
    table: Table, profile: Profile, settled: Settled, context: str, wanted: set[str], cache: RowCache
) -> None:
    rows = dict(settled.rows) | {table.name: {index: dict(cache.rows[index]) for index in wanted}}
    frame = DeviceFrame(profile, rows, {**settled.scalars, **cache.scalars}, context)
    for index, values in frame.rows(table.name).items():
        result = Yield()
        counts = evaluate_row(table, Scope(values, index, frame), result)
        if result.problems:
            cache.made.pop(index, None)  # to be told again at the next pass
            cache.rest = 1
            return
        keys = tuple(key for key in result.slots.get(index, ()) if key is not None)
        cache.made[index] = _Made(keys, tuple(result.seen), tuple(result.readings), counts)


def _together(cache: RowCache, max_rows: int) -> Yield | None:
    """All rows in order; None where two of them are about one entity, or there are too many of them."""
    result, count = Yield(), 0
    owners: set[EntityKey] = set()
    made = cache.made
    if cache.rest or cache.order is None:
        return None
    for index in cache.order:
        one = made[index]
        if not one.counts:
            continue
        count += 1
        for key in one.keys:
            if key in owners:
                return None
        owners.update(one.keys)
        result.seen += one.seen
        result.readings += one.readings
    return None if count > max_rows else result
