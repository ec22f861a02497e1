"""One pass over history for all plans: each family is read once, whoever wants to see something of it.

reading = Reading()
finish = prepare_something(basis, reading)      # says with `want` what it has to see
reading.read(history)
found = finish()
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np

from netwatch.calendars import LessonTime
from netwatch.model import EntityId, HistoryReader, SeriesHistory

__all__ = ["Reading", "Take"]

Take = Callable[[SeriesHistory], None]
Wanted = Collection[EntityId] | Callable[[], Collection[EntityId]] | None


@dataclass(slots=True)
class _View:
    """What one plan wants to see of a family."""

    start: float
    end: float
    take: Take
    wanted: Wanted
    chosen: frozenset[EntityId] | None = None
    simulated: bool = False
    """Whether any of it is known to be invented."""

    def choose(self) -> bool:
        """Settles whose series they are; False if nobody's."""
        if self.wanted is None:
            return True
        self.chosen = frozenset(self.wanted() if callable(self.wanted) else self.wanted)
        return bool(self.chosen)


class Reading:
    """Gathers wishes, then reads. Not shared between threads."""

    def __init__(self) -> None:
        self.lessons = LessonTime()
        """Of all plans: their calendars and stretches of time are mostly the same."""
        self._views: dict[str, list[_View]] = {}

    def want(self, family: str, start: float, end: float, take: Take, entities: Wanted = None) -> None:
        """`take` will get each series of the family with its buckets that begin in [start, end), wall
        seconds; none that is empty. It must not keep arrays: they may be parts of longer ones.

        `entities` None: all. A function is asked when the turn of the family comes, which is after all
        families that were wanted before it.
        """
        self._views.setdefault(family, []).append(_View(start, end, take, entities))

    def read(self, history: HistoryReader) -> None:
        """Shows everybody what was wanted."""
        while self._views:
            family = next(iter(self._views))
            views = [view for view in self._views.pop(family) if view.choose()]
            if views:
                _show(history, family, views)


def _show(history: HistoryReader, family: str, views: list[_View]) -> None:
    start, end = min(view.start for view in views), max(view.end for view in views)
    entities: set[EntityId] | None = set()
    for view in views:
        entities = None if entities is None or view.chosen is None else entities | view.chosen
    for series in history.read(family, start, end, None if entities is None else sorted(entities)):
        for view in views:
            if view.chosen is None or series.entity in view.chosen:
                piece = _piece(history, series, view)
                if piece.starts.size:
                    view.take(piece)


def _piece(history: HistoryReader, series: SeriesHistory, view: _View) -> SeriesHistory:
    first, last = np.searchsorted(series.starts, (math.ceil(view.start), math.ceil(view.end))).tolist()
    if first == 0 and last == series.starts.size:
        return series
    part = slice(first, last)
    return replace(
        series,
        starts=series.starts[part],
        widths=series.widths[part],
        values=series.values[part],
        peaks=series.peaks[part],
        coverage=series.coverage[part],
        simulated=series.simulated and first < last and _invented(history, series, view),
    )


def _invented(history: HistoryReader, series: SeriesHistory, view: _View) -> bool:
    """A longer stretch holds something invented: whether this one does. Asked until the answer is yes, which
    then goes for all that the view sees: a plan that stands on anything invented says so."""
    if not view.simulated:
        view.simulated = any(
            one.simulated and one.labels == series.labels
            for one in history.read(series.family, view.start, view.end, [series.entity])
        )
    return view.simulated
