"""A snapshot on its way to a worker process: through a file, piece by piece.

Pickled as a whole, half a million entities would stop the event loop for seconds and stand in memory twice.
"""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import IO, Any

from netwatch.app.turns import gently
from netwatch.model import Column, Entities, Entity, Snapshot

__all__ = ["Handover", "taken"]

_AT_ONCE = 2048
"""Entities or labels to a piece: a few milliseconds."""
_END = None
_PREFIX, _SUFFIX = "snapshot-", ".tmp"


class Handover:
    """Where snapshots wait for a worker: files that only netwatch's user can read."""

    def __init__(self, folder: Path) -> None:
        """Removes what a netwatch that was killed left there."""
        self._folder = folder
        for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
            path.unlink(missing_ok=True)

    async def put(self, snapshot: Snapshot) -> Path:
        """A file that holds the snapshot, for `taken`; whoever asked for it removes it. Raises OSError where
        there is no room."""
        handle, name = tempfile.mkstemp(_SUFFIX, _PREFIX, self._folder)
        try:
            with os.fdopen(handle, "wb") as file:
                await gently(_pieces(snapshot, file))
        except BaseException:
            os.unlink(name)  # noqa: PTH108  # an async function
            raise
        return Path(name)

    @asynccontextmanager
    async def lent(self, snapshot: Snapshot) -> AsyncIterator[Path]:
        """The same for as long as the block takes; the snapshot is held no longer than it is written."""
        path = await self.put(snapshot)
        del snapshot
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


def taken(path: Path) -> Snapshot:
    """The snapshot that another process of netwatch handed over."""
    with path.open("rb") as file:
        entities: list[Entity] = _joined(file)
        same = {entity.id: entity.id for entity in entities}
        shared: list[tuple[Any, ...]] = []
        while (kind := _read(file)) is not _END:
            found = _joined(file)
            shared.append(tuple([same.get(one, one) for one in found] if kind == "ids" else found))
        columns: dict[str, Column] = {}
        while (name := _read(file)) is not _END:
            columns[name] = _Unpickler(file, shared).load()
        rest: Snapshot = _read(file)
    return replace(rest, entities=Entities.of(entities), columns=columns)


def _pieces(snapshot: Snapshot, file: IO[bytes]) -> Iterator[None]:
    """Entities; then what several columns have in common, once; columns; the rest."""
    yield from _parted(iter(snapshot.entities.values()), file)
    numbers: dict[int, int] = {}
    for column in snapshot.columns.values():
        for kind, values in (("ids", column.entities), ("labels", column.labels)):
            if id(values) not in numbers:
                numbers[id(values)] = len(numbers)
                _write(kind, file)
                yield from _parted(iter(values), file)
    _write(_END, file)
    for name, column in snapshot.columns.items():
        _write(name, file)
        _Pickler(file, numbers).dump(column)
        yield
    _write(_END, file)
    _write(replace(snapshot, entities={}, columns={}, _children={}), file)


def _parted(values: Iterator[Any], file: IO[bytes]) -> Iterator[None]:
    while part := list(islice(values, _AT_ONCE)):
        _write(part, file)
        yield
    _write(_END, file)


def _joined(file: IO[bytes]) -> list[Any]:
    out: list[Any] = []
    while (part := _read(file)) is not _END:
        out += part
    return out


def _read(file: IO[bytes]) -> Any:
    return pickle.load(file)  # noqa: S301  # a file of our own, which nobody else can write


def _write(value: Any, file: IO[bytes]) -> None:
    pickle.dump(value, file, protocol=pickle.HIGHEST_PROTOCOL)


class _Pickler(pickle.Pickler):
    """Writes a number for what stands in the file already."""

    def __init__(self, file: IO[bytes], numbers: dict[int, int]) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._numbers = numbers

    def persistent_id(self, value: Any) -> int | None:
        return self._numbers.get(id(value)) if isinstance(value, tuple) else None


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: IO[bytes], shared: list[tuple[Any, ...]]) -> None:
        super().__init__(file)
        self._shared = shared

    def persistent_load(self, number: int) -> tuple[Any, ...]:
        return self._shared[number]
