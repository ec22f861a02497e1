"""What is known while one profile file is compiled, and the problems that were found. Every mistake becomes a
Problem."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from netwatch.documents import Document, did_you_mean
from netwatch.errors import Problem
from netwatch.model import Catalogue, EntityKind, StateLevel
from netwatch.profiles.language.expression import Expression, ExpressionError
from netwatch.profiles.language.patterns import compile_regex
from netwatch.profiles.language.template import Template
from netwatch.profiles.ready.merge import merged, merged_tables
from netwatch.profiles.ready.profile import Level, Profile, Scalar
from netwatch.profiles.written.schema import ProfileModel, ScalarModel, TableModel

__all__ = ["Builder"]

CONTEXT = "context"
"""Scalar that is always there: the context that a table was asked in, unknown outside of one."""

Path = Sequence[str | int]


class Builder:
    """Collects problems while one profile is compiled."""

    def __init__(
        self, document: Document, model: ProfileModel, included: Sequence[Profile], catalogue: Catalogue
    ) -> None:
        self.document = document
        self.model = model
        self.catalogue = catalogue
        self.included = included
        self.problems: list[Problem] = []
        self.own_scalars = {
            name: Scalar(given.oid, given.static) if isinstance(given, ScalarModel) else Scalar(given, False)
            for name, given in model.scalars.items()
        }
        self.scalars: dict[str, Scalar] = merged(profile.scalars for profile in included)
        self.scalars |= self.own_scalars
        self.own_enums = {name: _both_ways(enum) for name, enum in model.enums.items()}
        self.enums: dict[str, Mapping[int | str, str]] = merged(profile.enums for profile in included)
        self.enums |= self.own_enums
        self.states = model.states
        self.sensor_families = {
            family.sensor_class: family
            for family in catalogue.values()
            if family.entity is EntityKind.SENSOR and family.sensor_class not in ("", "state")
        }
        self.tables = merged_tables(included)
        self.sources: dict[str, TableModel] = {
            name: table for name, table in model.tables.items() if table is not None
        }

    def problem(self, path: Path, message: str, hint: str = "") -> None:
        self.problems.append(self.document.problem(path, message, hint))

    def expression(self, path: Path, source: str | None) -> Expression | None:
        if source is None:
            return None
        try:
            return Expression(source)
        except ExpressionError as error:
            self.problem(path, str(error), error.hint)
            return None

    def template(self, path: Path, source: str) -> Template | None:
        try:
            return Template(source)
        except ExpressionError as error:
            self.problem(path, str(error), error.hint)
            return None

    def check_names(self, path: Path, expression: Expression, known: Iterable[str]) -> None:
        """Are all names and enumerations that it uses there?"""
        known = {*known, *self.scalars, CONTEXT}
        for name in expression.names:
            if name not in known:
                self.problem(path, f"unknown name {name!r}", did_you_mean(name, known))
        for name in expression.enums:
            if name not in self.enums:
                self.problem(path, f"unknown enumeration {name!r}", did_you_mean(name, self.enums))
        for table, column in expression.references:
            columns = self.columns_of(table)
            if columns is None:
                if table not in self.model.tables:  # else it was left out on purpose: unknown values
                    names = {*self.tables, *self.sources}
                    self.problem(path, f"unknown table {table!r}", did_you_mean(table, names))
            elif column and column not in columns and column not in self.scalars:
                self.problem(path, f"table {table!r} has no column {column!r}", did_you_mean(column, columns))

    def columns_of(self, table: str) -> set[str] | None:
        if table in self.sources:
            source = self.sources[table]
            return {*source.columns, *source.let}
        if table in self.tables and table not in self.model.tables:
            return {*self.tables[table].columns, *self.tables[table].let}
        return None

    def regex(self, path: Path, pattern: str | None) -> str:
        if pattern is not None:
            try:
                compile_regex(pattern)
            except ValueError as error:
                self.problem(path, str(error))
        return pattern or ""

    def levels(self, path: Path, given: str | Mapping[int | str, str]) -> dict[int | str, Level]:
        """`level label` texts by raw value; `given` may name an entry of `states`."""
        if isinstance(given, str):
            if given not in self.states:
                self.problem(path, f"unknown state map {given!r}", did_you_mean(given, self.states))
                return {}
            path, given = ["states", given], self.states[given]
        out: dict[int | str, Level] = {}
        for raw, written in given.items():
            level, _, label = written.strip().partition(" ")
            if level not in [known.value for known in StateLevel]:
                hint = "write `level label`, e.g. `critical over temperature`"
                self.problem(
                    [*path, str(raw)], f"expected ok, warning, critical or unknown, found {level!r}", hint
                )
            else:
                out[raw] = Level(level, label.strip() or str(raw))
        return out


def _both_ways(enum: Mapping[int | str, str]) -> dict[int | str, str]:
    """Keys as numbers and as text: agents send both."""
    return dict(enum) | {str(key): label for key, label in enum.items()}
