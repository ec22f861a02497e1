"""How many values the row labels of an entity may have: text of a device can be another one at every pass."""

from __future__ import annotations

from netwatch.model import MOST_LABELS, EntityKey, Reading, has_room
from netwatch.profiles.language.template import Template
from netwatch.profiles.ready.profile import Table
from netwatch.profiles.rows.evaluate import Yield

__all__ = ["LabelBudget"]


class LabelBudget:
    """Of one table of one device, over its passes. What is beyond it is left out and told of; the state,
    which outlives plans, bounds the same in silence."""

    def __init__(self) -> None:
        self._known: dict[tuple[EntityKey, str], set[tuple[str, ...]]] = {}

    def apply(self, table: Table, result: Yield) -> None:
        """Takes readings out of `result` whose labels are new ones beyond the budget."""
        if not _depends(table):
            return
        kept = [reading for reading in result.readings if not reading.labels or self._has_room(reading)]
        if len(kept) == len(result.readings):
            return
        first = next(one for one in result.readings if one.labels and not self._has_room(one))
        result.readings = kept
        whose = f"{first.family} of {first.subject.kind} {first.subject.natural!r}"
        result.problem(
            f"table {table.name}: {whose} has more than {MOST_LABELS} values of its labels, the others are "
            "left out: label it by what does not change"
        )

    def _has_room(self, reading: Reading) -> bool:
        return has_room(self._known.setdefault((reading.subject, reading.family), set()), reading.labels)


def _depends(table: Table) -> bool:
    """Are there labels that a row's values make?"""
    return any(
        isinstance(label, Template) and bool(label.expressions)
        for entity in table.entities
        for rule in entity.values
        for label in rule.labels
    )
