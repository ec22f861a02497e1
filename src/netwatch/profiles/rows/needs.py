"""Which names and which columns of other tables the values of a table need, definitions followed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from netwatch.profiles.language.expression import Expression
from netwatch.profiles.language.template import Template
from netwatch.profiles.ready.profile import Profile, Table, ValueRule
from netwatch.profiles.rows.frame import Splitter

__all__ = [
    "Needs",
    "expressions_of",
    "needs_of",
    "resolve_references",
    "rule_names",
    "rules_of",
    "splitter_of",
]


@dataclass(frozen=True, slots=True)
class Needs:
    names: frozenset[str]
    """Columns, definitions and scalars."""
    references: frozenset[tuple[str, str]]
    """(table, column) of look-ups, not resolved."""


def rules_of(table: Table) -> Iterator[ValueRule]:
    for entity in table.entities:
        yield from entity.values
    yield from (sensor.value for sensor in table.sensors)


def expressions_of(rule: ValueRule) -> Iterator[Expression]:
    yield rule.value
    if rule.when is not None:
        yield rule.when
    for label in rule.labels:
        if isinstance(label, Template):
            yield from label.expressions


def needs_of(table: Table, expressions: Iterable[Expression]) -> Needs:
    """Of these expressions and of the definitions that they use."""
    names: set[str] = set()
    references: set[tuple[str, str]] = set()
    open_ = list(expressions)
    while open_:
        one = open_.pop()
        references.update(one.references)
        for name in one.names:
            if name not in names:
                names.add(name)
                if name in table.let:
                    open_.append(table.let[name])
    return Needs(frozenset(names), frozenset(references))


def rule_names(table: Table) -> Needs:
    """Of all values of a table with their labels, and the columns that tell where one was read."""
    found = needs_of(table, (one for rule in rules_of(table) for one in expressions_of(rule)))
    return Needs(found.names | {name for rule in rules_of(table) for name in rule.origins}, found.references)


def resolve_references(
    profile: Profile, references: Iterable[tuple[str, str]], depth: int = 0
) -> Iterator[tuple[str, str]]:
    """References to columns proper: definitions replaced by what they need, `any column` by the first."""
    for name, alias in references:
        table = profile.tables.get(name)
        if table is None or depth > 8:
            continue
        if not alias:
            yield from ((name, first) for first in list(table.columns)[:1])
        elif alias in table.let:
            expression = table.let[alias]
            own = ((name, used) for used in expression.names if used != alias)
            yield from resolve_references(profile, (*own, *expression.references), depth + 1)
            if alias in table.columns:
                yield name, alias
        elif alias in table.columns:
            yield name, alias


def splitter_of(table: Table, profile: Profile) -> Splitter:
    """Sorts what is answered into the table, those that it looks into, and scalars."""
    names = {table.name, *(name for name, _ in table.references)}
    tables = (profile.tables[name] for name in names if name in profile.tables)
    return Splitter(tables, {name: scalar.oid for name, scalar in profile.scalars.items()})
