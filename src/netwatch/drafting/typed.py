"""Tables of sensors of any kind: a column says what each row measures, another one how much."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from netwatch.drafting.groups import Column, Group
from netwatch.drafting.measures import leading_numbers, read_unit, scaled
from netwatch.drafting.words import TypeLabel, Words

__all__ = ["Typed", "typed"]


@dataclass(frozen=True, slots=True)
class Typed:
    """The rows of a table that measure one thing."""

    value: Column
    selector: Column
    raw: int | str
    """What the selector holds in these rows."""
    label: str
    class_: str
    expression: str
    """With {} where the value's alias goes."""
    doubt: str
    exponent: Column | None = None
    sign: int = 0
    thousands: Column | None = None
    """A column that says which power of 1000 the value counts in."""
    unit_power: int = 0
    """What that column holds for the unit itself."""


def typed(group: Group, others: Sequence[Group], words: Words, used: set[str]) -> list[Typed]:
    """Empty if no such pair of columns is there.

    `others`: groups of the walk; what a row measures may stand in another table with the same index.
    """
    values = [
        column
        for column in group.columns
        if column.oid not in used
        and not column.object.labels
        and column.object.type != "TimeTicks"
        and (column.blind or leading_numbers(column))
        and words.generic_value.search(words.spaced(column.name))
        and not words.ignore.name.search(words.spaced(column.name))
    ]
    columns = [*group.columns, *_beside(group, others)]
    selectors = [column for column in columns if words.type_column.search(words.spaced(column.name))]
    if not values:
        return []
    value = min(values, key=lambda column: len(column.name))
    for selector in selectors:
        if selector is value:
            continue
        found = _by_labels(value, selector, words) or _by_units(value, selector, words)
        if found:
            return [_finished(one, columns, words) for one in found]
    return []


def _beside(group: Group, others: Sequence[Group]) -> list[Column]:
    """Columns of other tables that have a row for each of this one's."""
    rows = set(group.rows)
    return [
        column
        for other in others
        if group.index and other is not group and other.index == group.index
        for column in other.columns
        if rows <= set(column.values)
    ]


def _by_labels(value: Column, selector: Column, words: Words) -> list[Typed]:
    """An enumeration: the labels whose rows the walk has, and all others that are known."""
    out = []
    for label, raw in selector.object.labels:
        rule = _type(words.spaced(label), words)
        if rule is not None:
            out.append(_entry(value, selector, raw, label, rule, words))
    seen = {number for number in selector.values.values() if isinstance(number, int)}
    return out if selector.blind or any(one.raw in seen for one in out) else []


def _by_units(value: Column, selector: Column, words: Words) -> list[Typed]:
    """A text such as `C` or `%RH` in each row; only those of the walk are known."""
    out = []
    for text in sorted(set(selector.texts)):
        # `Temperature (milliDegC)`: what stands in parentheses at the end is the unit.
        inner = _PARENTHESES.search(text)
        unit = (read_unit(inner[1], words) if inner else None) or read_unit(text, words)
        if unit is not None and unit.unit.class_ not in ("time", "bytes"):
            expression = unit.unit.expression or scaled("{}", unit.factor)
            out.append(Typed(value, selector, text, text, unit.unit.class_, expression, ""))
    return out


_PARENTHESES = re.compile(r"\(([^()]+)\)\s*$")


def _type(label: str, words: Words) -> TypeLabel | None:
    return next((rule for rule in words.types if rule.label.fullmatch(label)), None)


def _entry(value: Column, selector: Column, raw: int, label: str, rule: TypeLabel, words: Words) -> Typed:
    rows = {index for index, number in selector.values.items() if number == raw}
    numbers = [
        abs(number)
        for index in rows
        if index in value.values and (number := _number(value, index)) is not None and number != 0
    ]
    bounds = words.range_of(rule.class_)
    base = rule.factor if rule.factor is not None else 1.0
    if rule.expression:
        return Typed(value, selector, raw, label, rule.class_, rule.expression, "scale")
    for scale in (base, base / 10, base / 100, base / 1000):
        inside = [bounds.usual[0] <= number * scale <= bounds.usual[1] for number in numbers]
        if inside and sum(inside) * 2 > len(inside):
            return Typed(value, selector, raw, label, rule.class_, scaled("{}", scale), "scale by the value")
    return Typed(
        value, selector, raw, label, rule.class_, scaled("{}", base), "scale: the walk does not tell"
    )


def _number(column: Column, index: str) -> float | None:
    single = Column(column.object, {index: column.values[index]})
    numbers = leading_numbers(single)
    return numbers[0] if numbers else None


def _exponent(columns: Sequence[Column], words: Words) -> tuple[Column | None, int]:
    for column in columns:
        for rule in words.exponent_columns:
            numbers = column.numbers
            if (
                rule.name.search(words.spaced(column.name))
                and numbers
                and all(-12 <= one <= 12 for one in numbers)
            ):
                return column, rule.sign
    return None, 0


def _thousands(columns: Sequence[Column], words: Words) -> tuple[Column | None, int]:
    """RFC 3433's scale: milli, units, kilo ... one after the other."""
    for column in columns:
        unit = [
            number
            for label, number in column.object.labels
            if words.power_of_1000_labels.unit.fullmatch(label)
        ]
        milli = [
            number
            for label, number in column.object.labels
            if words.power_of_1000_labels.thousandth.fullmatch(label)
        ]
        if unit and milli and unit[0] == milli[0] + 1:
            return column, unit[0]
    return None, 0


def _finished(one: Typed, columns: Sequence[Column], words: Words) -> Typed:
    """With columns that say the decimal places there is no scale to be guessed."""
    exponent, sign = _exponent(columns, words)
    thousands, unit_power = _thousands(columns, words)
    if exponent is None and thousands is None:
        return one
    expression = one.expression
    if isinstance(one.raw, int):
        rule = _type(words.spaced(one.label), words)
        factor = rule.factor if rule is not None and rule.factor is not None else 1.0
        expression = rule.expression if rule is not None and rule.expression else scaled("({})", factor)
        if expression == "({})":
            expression = "{}"
    doubt = "" if thousands is not None else "decimal places"
    return replace(
        one,
        expression=expression,
        doubt=doubt,
        exponent=exponent,
        sign=sign,
        thousands=thousands,
        unit_power=unit_power,
    )
