"""What a rule judges: a value, a rate, a quotient, or the first or largest of several of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from netwatch.alerts.frame import Floats, Frame, Layout, SeriesKey
from netwatch.model import EntityKind

__all__ = ["Choice", "Expression", "Term"]


@dataclass(frozen=True, slots=True)
class Term:
    """`family`, `rate(family)`, or one of them divided by the value of another family of the same entity."""

    family: str
    rate: bool = False
    per: str = ""
    per_has_labels: bool = False
    """The divisor has the same row labels; otherwise it has none and serves all rows of the entity."""

    @property
    def families(self) -> tuple[str, ...]:
        return (self.family, self.per) if self.per else (self.family,)

    def __str__(self) -> str:
        value = f"rate({self.family})" if self.rate else self.family
        return f"{value} / {self.per}" if self.per else value

    def evaluate(self, frame: Frame) -> tuple[Layout, Floats] | None:
        """One value per series of `family`, NaN where unknown; None without any series."""
        column = frame.column(self.family)
        if column is None:
            return None
        layout = frame.layout(column)
        values = np.where(column.fresh, column.rates if self.rate else column.values, np.nan)
        if self.per:
            divisor = frame.values(self.per, layout, per_entity=not self.per_has_labels)
            with np.errstate(divide="ignore", invalid="ignore"):
                values = np.where(divisor > 0, values / divisor, np.nan)
        return layout, values

    def prepare(self, frame: Frame) -> Iterator[None]:
        """In steps what `evaluate` would do at once."""
        column = frame.column(self.family)
        if column is not None:
            layout = frame.layout(column)
            yield from layout.sync(frame.snapshot.entities)
            if self.per:
                yield from frame.value_steps(self.per, layout, per_entity=not self.per_has_labels)

    def evidence(self, frame: Frame, key: SeriesKey) -> str:
        """The readings behind one value, for a person."""
        parts = []
        for family in self.families:
            column = frame.column(family)
            if column is None:
                continue
            labels = key[1] if family == self.family or self.per_has_labels else ()
            row = frame.layout(column).row_of((key[0], labels), frame.snapshot.entities)
            if row is None or not column.fresh[row]:
                continue
            rate = self.rate and family == self.family
            value = float(column.rates[row] if rate else column.values[row])
            if not np.isnan(value):
                origin = f" (from {column.origins[row]})" if column.origins and column.origins[row] else ""
                parts.append(f"{f'rate of {family}' if rate else family} = {value:.6g}{origin}")
        return ", ".join(parts)


class Choice(StrEnum):
    """How several terms become one value per series."""

    FIRST = "first_of"
    """The first one that is known: a device tells a share, or a size and what is used of it."""
    LARGEST = "max_of"
    """The largest one that is known: both directions of a link."""


@dataclass(frozen=True, slots=True)
class Expression:
    """All terms have the same kind of entity, row labels and unit."""

    terms: tuple[Term, ...]
    choice: Choice
    entity: EntityKind
    labels: tuple[str, ...]
    """Names of the row labels of the result."""
    unit: str
    """Unit of the result, as in the catalogue; `x per second` for a rate of what has no unit of its own."""

    @property
    def families(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(family for term in self.terms for family in term.families))

    def __str__(self) -> str:
        texts = ", ".join(map(str, self.terms))
        return texts if len(self.terms) == 1 else f"{self.choice.value}({texts})"

    def evaluate(self, frame: Frame) -> tuple[Layout, Floats]:
        """One value per series, NaN where unknown."""
        told = (frame.ahead.pop(term, None) or term.evaluate(frame) for term in self.terms)
        found = [one for one in told if one is not None]
        if not found:
            return Layout((), ()), np.empty(0)
        if len(found) == 1:
            return found[0]
        onto = frame.union(tuple(layout for layout, _ in found))
        result = np.full(len(onto), np.nan)
        for layout, values in found:
            spread = frame.spread(values, layout, onto)
            if self.choice is Choice.FIRST:
                result = np.where(np.isnan(result), spread, result)
            else:
                result = np.fmax(result, spread)
        return onto, result

    def prepare(self, frame: Frame) -> Iterator[Layout | None]:
        """In steps what `evaluate` would do at once; the last one is the layout of the result."""
        layouts = []
        for term in self.terms:
            for _ in term.prepare(frame):
                yield None
            column = frame.column(term.family)
            if column is not None:
                layouts.append(frame.layout(column))
        if not layouts:
            return
        onto = frame.union(tuple(layouts))
        for layout in layouts:
            for _ in frame.align_steps(layout, onto, per_entity=False):
                yield None
        for term in self.terms:
            found = term.evaluate(frame)
            if found is not None:
                frame.ahead[term] = found
            yield None
        yield onto

    def evidence(self, frame: Frame, key: SeriesKey) -> str:
        """The readings behind one value, for a person."""
        return "; ".join(text for term in self.terms if (text := term.evidence(frame, key)))
