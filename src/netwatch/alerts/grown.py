"""Sets that only ever grow, of which an older one costs nothing to keep: half a million healthy series."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence, Set
from itertools import islice

from netwatch.alerts.layout import SeriesKey

__all__ = ["Grown"]


class Grown(Set[SeriesKey]):
    """A set that never changes, and shares its items with the larger ones that were made from it."""

    __slots__ = ("_order", "_places", "_size")

    def __init__(self, items: Iterable[SeriesKey] = ()) -> None:
        self._order = list(dict.fromkeys(items))
        self._places: dict[object, int] = {item: place for place, item in enumerate(self._order)}
        self._size = len(self._order)

    def __contains__(self, item: object) -> bool:
        return self._places.get(item, self._size) < self._size

    def __iter__(self) -> Iterator[SeriesKey]:
        return islice(self._order, self._size)

    def __len__(self) -> int:
        return self._size

    def grown(self, items: Iterable[SeriesKey]) -> Grown:
        """With these as well; itself if there is nothing new."""
        new = [item for item in dict.fromkeys(items) if item not in self]
        if not new:
            return self
        if len(self._order) > self._size:  # somebody else has grown another way
            return Grown((*self, *new))
        for place, item in enumerate(new, self._size):
            self._order.append(item)
            self._places[item] = place
        out = Grown()
        out._order, out._places, out._size = self._order, self._places, len(self._order)
        return out

    def since(self, before: Container[SeriesKey]) -> Sequence[SeriesKey]:
        """Those that a smaller one lacks."""
        if isinstance(before, Grown) and before._order is self._order:
            return self._order[before._size : self._size]
        return [item for item in self if item not in before]
