"""Which row number a series has in one file, without an object per series where there are many.

A small file's names are a dictionary. A large one is written by a recorder that hands in the same tuples of
names again and again: then the row numbers of those tuples are kept instead, and only what changed between
two of them is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netwatch.model import EntityId

__all__ = ["MANY", "Enrolled", "Names", "Relations", "Roll", "SeriesName", "names_of", "slices"]

SeriesName = tuple[EntityId, tuple[str, ...]]
MANY = 16_384
"""Names above which a file is large."""
_SLICE = 8192
"""Names that are handled in one go: other threads wait that long."""


@dataclass(frozen=True, slots=True)
class Names:
    """Series of a block, in its order."""

    entities: Sequence[EntityId]
    labels: Sequence[tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.entities)

    def series(self) -> Iterator[SeriesName]:
        return zip(self.entities, self.labels, strict=True)

    def are(self, other: Names) -> bool:
        """The very same objects."""
        return self.entities is other.entities and self.labels is other.labels


class Enrolled(NamedTuple):
    """Row numbers of a block's series, and which of its series the file has to be told of first."""

    numbers: NDArray[np.uint32]
    fresh: list[SeriesName]
    """They get the next row numbers, in this order."""


class Relations:
    """Where the series of one list of names stand in another; the same for all families that share lists."""

    def __init__(self) -> None:
        self._known: tuple[Names, Names, NDArray[np.int64]] | None = None

    def places(self, old: Names, new: Names) -> NDArray[np.int64]:
        """For each series of `new` its position in `old`, -1 for none."""
        if self._known is None or not (self._known[0].are(old) and self._known[1].are(new)):
            self._known = (old, new, _places(old, new))
        return self._known[2]


class Roll:
    """The names of one file, as its only writer knows them."""

    def __init__(self, stored: Callable[[], Iterator[tuple[int, SeriesName]]]) -> None:
        """`stored` reads (number, name) from the file."""
        self._stored = stored
        self._small: dict[SeriesName, int] | None = None
        self._extra: dict[SeriesName, int] = {}
        self._last: tuple[Names, NDArray[np.uint32]] | None = None

    def enrol(self, names: Names, next_row: int, relations: Relations) -> Enrolled:
        """`next_row`: the number that the file's next new name gets."""
        if self._last is not None and self._last[0].are(names):
            return Enrolled(self._last[1], [])
        if self._small is None and next_row <= MANY:
            self._small = {name: number for number, name in self._stored()}
        if self._small is not None:
            return self._exactly(names, next_row, self._small)
        if len(names) <= MANY:
            # A name may stand in a file twice: readers put its rows together.
            if len(self._extra) > MANY:
                self._extra.clear()
            return _numbered(names, next_row, self._extra)
        if self._last is None:
            return self._exactly(names, next_row, {name: number for number, name in self._stored()})
        return self._by_last(names, next_row, *self._last, relations)

    def _exactly(self, names: Names, next_row: int, known: dict[SeriesName, int]) -> Enrolled:
        found = _numbered(names, next_row, known)
        if len(known) > MANY:
            self._small = None
            if len(names) > MANY:
                self._last = (names, found.numbers)
        return found

    def _by_last(
        self, names: Names, next_row: int, old: Names, numbers: NDArray[np.uint32], relations: Relations
    ) -> Enrolled:
        places = relations.places(old, names)
        out = numbers[places]  # -1 takes the last one, and is replaced
        new = np.flatnonzero(places < 0)
        out[new] = np.arange(next_row, next_row + new.size, dtype=np.uint32)
        self._last = (names, out)
        return Enrolled(out, [(names.entities[row], names.labels[row]) for row in new.tolist()])


def names_of(series: Sequence[SeriesName]) -> Names:
    return Names(tuple([name[0] for name in series]), tuple([name[1] for name in series]))


def slices(size: int) -> Iterator[slice]:
    for low in range(0, size, _SLICE):
        yield slice(low, low + _SLICE)


def _numbered(names: Names, next_row: int, known: dict[SeriesName, int]) -> Enrolled:
    fresh: list[SeriesName] = []
    numbers = np.empty(len(names), dtype=np.uint32)
    for place, name in enumerate(names.series()):
        number = known.get(name)
        if number is None:
            number = known[name] = next_row + len(fresh)
            fresh.append(name)
        numbers[place] = number
    return Enrolled(numbers, fresh)


def _places(old: Names, new: Names) -> NDArray[np.int64]:
    known = {name: place for place, name in enumerate(old.series())}
    out = np.empty(len(new), dtype=np.int64)
    for place, name in enumerate(new.series()):
        out[place] = known.get(name, -1)
    return out
