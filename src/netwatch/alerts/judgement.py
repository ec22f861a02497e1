"""One rule over one snapshot: whole columns in, masks out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from netwatch.alerts.frame import Floats, Frame, Layout, Mask, Memo, SeriesKey
from netwatch.alerts.grown import Grown
from netwatch.alerts.layout import finish, steps
from netwatch.alerts.lifecycle import Verdict
from netwatch.alerts.rule import Rule
from netwatch.alerts.scope import Surroundings, in_scope, scope_steps
from netwatch.model import Entity, EntityId

__all__ = ["Judgement", "judge", "prepare"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """Masks with one element per series of `layout`."""

    layout: Layout
    entities: Mapping[EntityId, Entity]
    values: Floats
    outside: Mask
    """The rule is not about the series."""
    unknown: Mask
    """The value is not known, or whether the rule is about the series."""
    holds: Mask
    cleared: Mask
    begins: Mask
    """`holds`, and a new alert may begin."""
    healthy: Grown
    """Series seen in good health, this time included; the same object as before if there was nothing new."""

    def verdict(self, key: SeriesKey) -> Verdict:
        """What the snapshot says of one series that has an alert already."""
        row = self.layout.row_of(key, self.entities)
        if row is None:
            return Verdict.UNKNOWN
        if self.outside[row]:
            return Verdict.CLEAR
        if self.unknown[row]:
            return Verdict.UNKNOWN
        if self.cleared[row]:
            return Verdict.CLEAR
        return Verdict.HOLDS if self.holds[row] else Verdict.BETWEEN

    def value(self, key: SeriesKey) -> float | None:
        row = self.layout.row_of(key, self.entities)
        return None if row is None or np.isnan(self.values[row]) else float(self.values[row])

    def key(self, row: int) -> SeriesKey:
        return self.layout.entities[row], self.layout.labels[row]

    def holding_rows(self) -> Iterator[int]:
        """Rows on which an alert begins, unless there is one."""
        return iter(np.flatnonzero(self.begins).tolist())


def judge(rule: Rule, frame: Frame, around: Surroundings, healthy: Grown, memo: Memo) -> Judgement:
    """`healthy`: the series that this rule has seen in good health before."""
    layout, values = rule.expression.evaluate(frame)
    about, unsure = in_scope(frame, layout, rule.scope, around, rule.window)
    unknown = np.isnan(values) | unsure
    judged = values
    if rule.limit:
        # As if the limit were the threshold: the distance to the clear level stays what it is.
        above = frame.values(rule.limit, layout) - rule.condition.threshold
        judged = values - np.where(np.isnan(above), 0.0, above)
    met = rule.condition.holds(judged)
    holds = met & about & ~unknown
    begins = holds
    if rule.once_healthy:
        healthy, seen = _remember(rule.name, layout, about & ~unknown & ~met, healthy, memo)
        begins = holds & (seen | layout.mask_of(around.uplinks, frame.snapshot.entities))
    return Judgement(
        layout=layout,
        entities=frame.snapshot.entities,
        values=values,
        outside=~about & ~unsure,
        unknown=unknown,
        holds=holds,
        cleared=rule.condition.cleared(judged),
        begins=begins,
        healthy=healthy,
    )


def prepare(rule: Rule, frame: Frame, around: Surroundings, healthy: Grown, memo: Memo) -> Iterator[None]:
    """In steps what takes `judge` a pass over all series: at first, and when series or entities change."""
    layout = None
    for layout in rule.expression.prepare(frame):  # noqa: B007 - the last one is the result
        yield
    if layout is None:
        return
    yield from scope_steps(frame, layout, rule.scope, around, rule.window)
    if rule.limit:
        yield from frame.value_steps(rule.limit, layout, per_entity=False)
    if rule.once_healthy:
        yield from layout.mask_steps(around.uplinks, frame.snapshot.entities)
        yield from _recall(rule.name, layout, healthy, memo)


def _recall(rule: str, layout: Layout, healthy: Grown, memo: Memo) -> Iterator[None]:
    """Which series of a layout were seen in good health before."""
    known = memo.seen.get(rule)
    if known is not None and known[0] is layout and known[1] is healthy:
        return
    seen = np.zeros(len(layout), dtype=np.bool_)
    for part in steps(len(layout)):
        keys = zip(layout.entities[part], layout.labels[part], strict=True)
        seen[part] = np.fromiter(map(healthy.__contains__, keys), dtype=np.bool_)
        yield
    memo.seen[rule] = (layout, healthy, seen)


def _remember(rule: str, layout: Layout, well: Mask, healthy: Grown, memo: Memo) -> tuple[Grown, Mask]:
    """What was ever seen well, as keys and as a mask. Loops over series only where something changed."""
    finish(_recall(rule, layout, healthy, memo))
    seen = memo.seen[rule][2]
    new = np.flatnonzero(well & ~seen).tolist()
    if new:
        healthy = healthy.grown((layout.entities[row], layout.labels[row]) for row in new)
        seen = seen | well
    memo.seen[rule] = (layout, healthy, seen)
    return healthy, seen
