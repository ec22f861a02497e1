"""What a rule judges: a value, a rate, a quotient, or the first or largest of several of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from netwatch.alerts.frame import Floats, Frame, Layout, SeriesKey, Where
from netwatch.model import Catalogue, Column, EntityKind

__all__ = ["Choice", "Expression", "Term"]

_NEVER_NEGATIVE = {"ratio", "bytes", "bytes_per_second", "seconds", "hertz", "meters", "rpm"}


@dataclass(frozen=True, slots=True)
class Term:
    """`family`, `rate(family)`, or one of them divided by the value of another family of the same entity."""

    family: str
    rate: bool = False
    per: str = ""
    per_has_labels: bool = False
    """The divisor has the same row labels; otherwise it has none and serves all rows of the entity."""
    where: Where = ()
    """Only the series with these values of row labels, which the result then lacks."""
    per_where: Where = ()
    """The same of the divisor."""
    where_names: tuple[str, ...] = ()
    per_where_names: tuple[str, ...] = ()
    """Names of these labels, for people."""

    @property
    def families(self) -> tuple[str, ...]:
        return (self.family, self.per) if self.per else (self.family,)

    def __str__(self) -> str:
        value = self.family + _braces(self.where_names, self.where)
        if self.rate:
            value = f"rate({value})"
        return f"{value} / {self.per}{_braces(self.per_where_names, self.per_where)}" if self.per else value

    def evaluate(self, frame: Frame) -> tuple[Layout, Floats] | None:
        """One value per series of `family`, NaN where unknown; None without any series."""
        column = frame.column(self.family)
        if column is None:
            return None
        layout, values = frame.chosen(column, self.where, rate=self.rate)
        if self.per:
            divisor = frame.values(self.per, layout, per_entity=not self.per_has_labels, where=self.per_where)
            with np.errstate(divide="ignore", invalid="ignore"):
                values = np.where(divisor > 0, values / divisor, np.nan)
        return layout, values

    def layout(self, frame: Frame, column: Column) -> Layout:
        """Of the result."""
        layout = frame.layout(column)
        return frame.subset(layout, self.where)[1] if self.where else layout

    def prepare(self, frame: Frame) -> Iterator[None]:
        """In steps what `evaluate` would do at once."""
        column = frame.column(self.family)
        if column is not None:
            layout = self.layout(frame, column)
            yield from layout.sync(frame.snapshot.entities)
            if self.per:
                per_entity = not self.per_has_labels
                yield from frame.value_steps(self.per, layout, per_entity=per_entity, where=self.per_where)

    def evidence(self, frame: Frame, key: SeriesKey) -> str:
        """The readings behind one value, for a person."""
        parts = []
        for number, family in enumerate(self.families):
            column = frame.column(family)
            if column is None:
                continue
            first = number == 0
            labels = key[1] if first or self.per_has_labels else ()
            where = self.where if first else self.per_where
            for position, text in sorted(where):
                labels = (*labels[:position], text, *labels[position:])
            row = frame.layout(column).row_of((key[0], labels), frame.snapshot.entities)
            if row is None or not column.fresh[row]:
                continue
            rate = self.rate and first
            value = float(column.rates[row] if rate else column.values[row])
            if not np.isnan(value):
                origin = f" (from {column.origins[row]})" if column.origins and column.origins[row] else ""
                names = self.where_names if first else self.per_where_names
                shown = family + _braces(names, where)
                parts.append(f"{f'rate of {shown}' if rate else shown} = {value:.6g}{origin}")
        return ", ".join(parts)


def _braces(names: tuple[str, ...], where: Where) -> str:
    """As Prometheus writes it: `{state="total"}`."""
    pairs = ", ".join(f'{name}="{value}"' for name, (_, value) in zip(names, where, strict=True))
    return f"{{{pairs}}}" if pairs else ""


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

    @property
    def never_negative(self) -> bool:
        return self.unit in _NEVER_NEGATIVE or any(term.rate for term in self.terms)

    def largest(self, catalogue: Catalogue) -> float | None:
        """Of a state: the largest value that it has."""
        if any(term.rate or term.per for term in self.terms):
            return None
        tops = [catalogue[term.family].largest for term in self.terms if term.family in catalogue]
        return None if None in tops or not tops else max(top for top in tops if top is not None)

    def values_of(self, label: str, catalogue: Catalogue) -> frozenset[str] | None:
        """Values that a row label of the result can have; None where they are not fixed."""
        fixed = [dict(catalogue[term.family].values).get(label) for term in self.terms]
        return None if None in fixed else frozenset().union(*(one for one in fixed if one is not None))

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
                layouts.append(term.layout(frame, column))
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
