"""The price of what is unknown: by how much each missing fact could change a score, a rank, the shortlist."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from netwatch.model import FactPrice, MissingFact
from netwatch.planning.basis import Subject
from netwatch.planning.replacement.verdict import Place, Verdict

__all__ = ["Prices", "missing_facts"]

_ENOUGH = 5
"""With fewer comparable assets nothing is plausible."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What a part brings where it is known: 10th and 90th percentile, before need."""

    low: float
    high: float


class Prices:
    """What is usual in this fleet, and the scores of all others."""

    def __init__(self, judged: Sequence[tuple[Subject, Verdict]]) -> None:
        self._usual = _usual(judged)
        self._scores = sorted(-verdict.score for _, verdict in judged)

    def rank(self, score: float, own: float) -> int:
        """The rank of an asset of score `own`, had it `score` and all others stayed."""
        before = bisect_left(self._scores, -score)
        return before + 1 - (own > score)

    def of(self, subject: Subject, verdict: Verdict) -> tuple[float, tuple[FactPrice, ...]]:
        """The score with everything missing at its worst, and the price of each fact, the dearest first."""
        own, made = verdict.score, []
        everything: dict[Place, float] = {}
        for fact, rooms in verdict.headrooms().items():
            everything.update(rooms)
            most = verdict.score_with(rooms)
            low: dict[Place, float] = {}
            high: dict[Place, float] = {}
            for place, room in rooms.items():
                usual = self._range(subject, place)
                if usual is not None:
                    low[place], high[place] = min(usual.low, room), min(usual.high, room)
            plausible: tuple[float, float] | None = None
            rank: int | None = None
            if len(high) == len(rooms):
                worst = verdict.score_with(high)
                plausible = verdict.score_with(low) - own, worst - own
                rank = self.rank(worst, own)
            made.append(FactPrice(fact, most - own, self.rank(most, own), plausible, rank))
        made.sort(key=lambda one: (-one.most, one.fact))
        return verdict.score_with(everything), tuple(made)

    def _range(self, subject: Subject, place: Place) -> _Known | None:
        """Of the same kind and role, else of the same kind, else of all."""
        for group in ((subject.kind, subject.role), (subject.kind,), ()):
            found = self._usual.get((place, group))
            if found is not None:
                return found
        return None


def missing_facts(
    ranked: Iterable[tuple[int, tuple[FactPrice, ...]]], shortlist: int
) -> tuple[MissingFact, ...]:
    """What to look up first, from the rank and the prices of each asset: what would bring most assets among
    the first `shortlist`."""
    rows: dict[str, list[tuple[int, FactPrice]]] = {}
    for rank, prices in ranked:
        for price in prices:
            rows.setdefault(price.fact, []).append((rank, price))
    made = [_fact(fact, found, shortlist) for fact, found in rows.items()]
    made.sort(key=lambda one: (-one.could_enter, -one.could_enter_at_worst, -one.most, -one.assets, one.fact))
    return tuple(made)


def _fact(fact: str, found: Sequence[tuple[int, FactPrice]], shortlist: int) -> MissingFact:
    outside = [price for rank, price in found if rank > shortlist]
    return MissingFact(
        fact,
        len(found),
        sum(one.rank_plausible is not None and one.rank_plausible <= shortlist for one in outside),
        sum(one.rank_most <= shortlist for one in outside),
        max(one.most for _, one in found),
    )


def _usual(
    judged: Sequence[tuple[Subject, Verdict]],
) -> Mapping[tuple[Place, tuple[str, ...]], _Known]:
    by_class: dict[tuple[str, str], dict[Place, list[float]]] = {}
    for subject, verdict in judged:
        if subject.spare:
            continue
        mine = by_class.setdefault((subject.kind, subject.role), {})
        for name, parts in verdict.criteria.items():
            for part in parts:
                if part.evidence and not part.missing:
                    mine.setdefault((name, part.name), []).append(part.points)
    points: dict[tuple[Place, tuple[str, ...]], list[float]] = {}
    for (kind, role), places in by_class.items():
        for place, given in places.items():
            for group in ((kind, role), (kind,), ()):
                points.setdefault((place, group), []).extend(given)
    return {key: _tenths(sorted(given)) for key, given in points.items() if len(given) >= _ENOUGH}


def _tenths(given: Sequence[float]) -> _Known:
    last = len(given) - 1
    return _Known(given[int(0.1 * last)], given[-1 - int(0.1 * last)])
