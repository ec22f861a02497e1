"""The price of what is unknown: by how much each missing fact could change a score, a rank, the shortlist."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from netwatch.model import FactPrice, MissingFact
from netwatch.planning.basis import Subject
from netwatch.planning.replacement.verdict import Verdict

__all__ = ["Prices", "missing_facts"]

_ENOUGH = 5
"""With fewer comparable assets nothing is plausible."""
_Part = tuple[str, str]


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

    def of(self, subject: Subject, verdict: Verdict) -> tuple[FactPrice, ...]:
        """Of each missing fact, the dearest first."""
        own, made = verdict.score, []
        for fact in verdict.unknown:
            rooms = verdict.headrooms([fact])
            most = verdict.score_with(rooms)
            ranges = {part: self._range(subject, part, room) for part, room in rooms.items()}
            known = {part: told for part, told in ranges.items() if told is not None}
            plausible: tuple[float, float] | None = None
            if known and len(known) == len(ranges):
                low = verdict.score_with({part: told.low for part, told in known.items()})
                high = verdict.score_with({part: told.high for part, told in known.items()})
                plausible = (low - own, high - own)
            made.append(
                FactPrice(
                    fact,
                    most - own,
                    self.rank(most, own),
                    plausible,
                    None if plausible is None else self.rank(own + plausible[1], own),
                )
            )
        return tuple(sorted(made, key=lambda one: (-one.most, one.fact)))

    def _range(self, subject: Subject, part: _Part, room: float) -> _Known | None:
        """Of the same kind and role, else of the same kind, else of all."""
        for group in ((subject.kind, subject.role), (subject.kind,), ()):
            found = self._usual.get((part, group))
            if found is not None:
                return _Known(min(found.low, room), min(found.high, room))
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
) -> Mapping[tuple[_Part, tuple[str, ...]], _Known]:
    points: dict[tuple[_Part, tuple[str, ...]], list[float]] = {}
    for subject, verdict in judged:
        if subject.spare:
            continue
        groups = ((subject.kind, subject.role), (subject.kind,), ())
        for name, parts in verdict.criteria.items():
            for part in parts:
                if not part.missing and part.evidence:
                    for group in groups:
                        points.setdefault(((name, part.name), group), []).append(part.points())
    return {key: _tenths(sorted(given)) for key, given in points.items() if len(given) >= _ENOUGH}


def _tenths(given: Sequence[float]) -> _Known:
    last = len(given) - 1
    return _Known(given[int(0.1 * last)], given[-1 - int(0.1 * last)])
