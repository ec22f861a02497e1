"""Which series sit in which rows: the series of one device that were first told together are one sheet.

A sheet has one range of counter rows and one of gauge rows. How families, entities and labels lie in them is
its shape, which devices of one build share; so a series costs no object of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from netwatch.model import BlockLayout, EntityId

__all__ = ["LayoutOrigins", "Origins", "Place", "Run", "Shape", "Sheet", "TextOrigins"]

Labels = tuple[str, ...]


class Place(NamedTuple):
    """A series within a shape."""

    family: int
    """Number of the family in the catalogue's order."""
    counter: bool
    who: int
    """Which of the sheet's entities."""
    labels: Labels = ()


class Run(NamedTuple):
    """The rows of one family in a sheet."""

    family: int
    counter: bool
    start: int
    """Within the counter or gauge rows."""
    who: tuple[int, ...]
    labels: tuple[Labels, ...]
    whole: bool
    """True if it has exactly one row per entity, in their order."""

    @property
    def stop(self) -> int:
        return self.start + len(self.who)


class Shape:
    """How series lie in a sheet: by family, in the catalogue's order."""

    def __init__(self, places: Sequence[Place], entities: int) -> None:
        """`places` are sorted by family."""
        self.places = tuple(places)
        self.entities = entities
        self.runs: dict[int, Run] = {}
        taken = {True: 0, False: 0}
        for family in dict.fromkeys(place.family for place in places):
            own = [place for place in places if place.family == family]
            counter, who = own[0].counter, tuple(place.who for place in own)
            labels = tuple(place.labels for place in own)
            whole = who == tuple(range(entities))
            self.runs[family] = Run(family, counter, taken[counter], who, labels, whole)
            taken[counter] += len(own)
        self.counters, self.gauges = taken[True], taken[False]

    def __len__(self) -> int:
        return len(self.places)

    @cached_property
    def offsets(self) -> dict[tuple[int, int, Labels], int]:
        """Row within the counter or gauge rows by family, entity and labels."""
        return {
            (run.family, who, labels): run.start + at
            for run in self.runs.values()
            for at, (who, labels) in enumerate(zip(run.who, run.labels, strict=True))
        }

    @cached_property
    def who(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The entity of each counter row and of each gauge row."""
        counters = [who for run in self.runs.values() if run.counter for who in run.who]
        gauges = [who for run in self.runs.values() if not run.counter for who in run.who]
        return np.asarray(counters, dtype=np.int32), np.asarray(gauges, dtype=np.int32)


class Origins(Protocol):
    """Where the values of a sheet were read. Never changes once it is in a sheet."""

    def text(self, counter: bool, offset: int) -> str: ...


class TextOrigins:
    """Origins that came as text."""

    __slots__ = ("_counters", "_gauges")

    def __init__(self, counters: tuple[str, ...], gauges: tuple[str, ...]) -> None:
        self._counters, self._gauges = counters, gauges

    def text(self, counter: bool, offset: int) -> str:
        return (self._counters if counter else self._gauges)[offset]

    @classmethod
    def changed(cls, before: Origins | None, shape: Shape, news: dict[tuple[bool, int], str]) -> TextOrigins:
        """What was known before, with some rows told anew, by counter and offset."""
        texts: dict[bool, list[str]] = {}
        for counter, size in ((True, shape.counters), (False, shape.gauges)):
            texts[counter] = ["" if before is None else before.text(counter, at) for at in range(size)]
        for (counter, offset), text in news.items():
            texts[counter][offset] = text
        return cls(tuple(texts[True]), tuple(texts[False]))


class LayoutOrigins:
    """Origins that a layout knows: which of its values each row holds."""

    __slots__ = ("_before", "_counters", "_gauges", "_layout")

    def __init__(
        self,
        layout: BlockLayout,
        counters: NDArray[np.int32],
        gauges: NDArray[np.int32],
        before: Origins | None = None,
    ) -> None:
        """`before` knows the rows that are none of the layout's: their position is -1."""
        self._layout, self._counters, self._gauges = layout, counters, gauges
        self._before = self._still_needed(before)

    def text(self, counter: bool, offset: int) -> str:
        position = int((self._counters if counter else self._gauges)[offset])
        if position >= 0:
            return self._layout.origin(position)
        return "" if self._before is None else self._before.text(counter, offset)

    def _still_needed(self, before: Origins | None) -> Origins | None:
        """Leaves out what only knew rows that this layout knows: a table is bound again many times."""
        if bool((self._counters >= 0).all()) and bool((self._gauges >= 0).all()):
            return None
        while isinstance(before, LayoutOrigins) and not (
            bool(((before._counters >= 0) & (self._counters < 0)).any())
            or bool(((before._gauges >= 0) & (self._gauges < 0)).any())
        ):
            before = before._before
        return before


class Sheet:
    """Series of one device in their rows."""

    __slots__ = ("counters", "device", "gauges", "gone", "ids", "origins", "shape", "sparse")

    def __init__(
        self, device: EntityId, shape: Shape, ids: tuple[EntityId, ...], counters: int, gauges: int
    ) -> None:
        self.device = device
        self.shape = shape
        self.ids: tuple[EntityId | None, ...] = ids
        """None where the entity is no more."""
        self.counters = counters
        """First of its counter rows."""
        self.gauges = gauges
        self.origins: Origins | None = None
        self.sparse = False
        """True while some rows may never have been told."""
        self.gone = 0
        """How often entities of it went: what was derived from its rows is void then."""

    def first(self, counter: bool) -> int:
        return self.counters if counter else self.gauges

    def names(self, run: Run) -> tuple[Any, ...]:
        """The entity of each row of a run."""
        return self.ids if run.whole else tuple([self.ids[who] for who in run.who])
