"""Compiles one table of a profile: columns, entities, readings, sensors and states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from netwatch.documents import did_you_mean
from netwatch.model import EntityKind, Family, FamilyType
from netwatch.profiles.compiling.builder import Builder
from netwatch.profiles.language.expression import Expression
from netwatch.profiles.language.template import Template
from netwatch.profiles.ready.profile import Column, EntityRule, SensorRule, Table, ValueRule
from netwatch.profiles.ready.requests import body_of, paging_of
from netwatch.profiles.written.schema import (
    ColumnModel,
    EntityModel,
    SensorModel,
    StateModel,
    TableModel,
    TableSource,
    ValueModel,
    Values,
)

__all__ = ["TableBuilder"]

MOST_SERIES = 1_000_000
"""That one table of one device may give: 200 series of each row, where `max_rows` is not written."""
STATE_FAMILY = "netwatch_sensor_state"
Path = list[str | int]


class TableBuilder:
    """One table on its way from the file's form to the compiled one."""

    def __init__(self, builder: Builder, name: str, source: TableModel) -> None:
        self.builder = builder
        self.name = name
        self.source = source
        self.path: Path = ["tables", name]
        self.columns: dict[str, Column] = {}
        self.let: dict[str, Expression] = {}
        self.made_of: dict[str, tuple[tuple[str, ...], tuple[tuple[str, str], ...]]] = {}
        """Names and references of each definition, with the definitions before it resolved."""
        self.polled: set[str] = set()
        self.references: set[tuple[str, str]] = set()
        self.polled_references: set[tuple[str, str]] = set()
        self.idents: set[str] = set()

    def build(self) -> Table:
        source = self.source
        for alias, given in source.columns.items():
            self._column(alias, given)
        for alias, written in source.let.items():
            expression = self._expression([*self.path, "let", alias], written)
            if expression is not None:
                made_of = tuple(self._resolved(expression)), tuple(self._resolved_references(expression))
                self.let[alias], self.made_of[alias] = expression, made_of
        entities = [
            self._entity([*self.path, "entities", position], given)
            for position, given in enumerate(source.entities)
        ]
        if source.entity is not None:
            entities.insert(0, self._entity([*self.path, "entity"], source.entity))
        if source.values:
            entities.append(self._device_values())
        sensors = [
            *(self._sensor([*self.path, "sensors", at], given) for at, given in enumerate(source.sensors)),
            *(self._state([*self.path, "states", at], given) for at, given in enumerate(source.states)),
        ]
        self._check_size(entities, sensors)
        requires = self.builder.expression([*self.path, "requires"], source.requires)
        if requires is not None:
            self.builder.check_names([*self.path, "requires"], requires, ())
        return Table(
            name=self.name,
            profile=self.builder.model.profile,
            source=source.source,
            mode=source.mode,
            interval=source.interval,
            max_rows=source.max_rows,
            command=source.command or "",
            path=source.path or "",
            rows=source.rows,
            body=body_of(source.body),
            paging=paging_of(source.pages or None),
            paged=source.pages is not False,
            documents=source.documents,
            contexts=source.contexts or "",
            columns=self.columns,
            let=self.let,
            requires=requires,
            where=self._expression([*self.path, "where"], source.where),
            entities=tuple(entity for entity in entities if entity is not None),
            sensors=tuple(sensor for sensor in sensors if sensor is not None),
            polled=frozenset(self.polled),
            references=frozenset(self.references),
            polled_references=frozenset(self.polled_references),
        )

    def _check_size(
        self, entities: Sequence[EntityRule | None], sensors: Sequence[SensorRule | None]
    ) -> None:
        """Could the table alone fill the memory?"""
        per_row = sum(len(one.values) for one in entities if one is not None)
        per_row += sum(1 if one.levels is None else 2 for one in sensors if one is not None)
        if self.source.max_rows * per_row > MOST_SERIES:
            message = f"{self.source.max_rows} rows of {per_row} series each: more than {MOST_SERIES} series"
            hint = f"write `max_rows: {MOST_SERIES // per_row}` or less, or take values away"
            written = "max_rows" in self.source.model_fields_set
            self.builder.problem([*self.path, "max_rows"] if written else self.path, message, hint)

    # columns

    def _column(self, alias: str, given: int | str | ColumnModel) -> None:
        path = [*self.path, "columns", alias]
        if alias == "index":
            self.builder.problem(path, "`index` is the row's index, not a column")
        bits = static = None
        if isinstance(given, ColumnModel):
            bits, static = given.bits, given.static
            at = {
                TableSource.SNMP: given.oid,
                TableSource.SSH: given.field,
                TableSource.HTTP_JSON: given.pointer,
            }[self.source.source]
        else:
            at = given
        if at is None:
            wanted = {"snmp": "oid", "ssh": "field", "http-json": "pointer"}[self.source.source]
            self.builder.problem(path, f"{wanted!r} is required for a column of source {self.source.source}")
            return
        if self.source.source is TableSource.SNMP:
            at = self._oid(path, at)
        if self.source.source is not TableSource.SNMP and bits is None:
            bits = 64
        self.columns[alias] = Column(str(at), bits, static)

    def _oid(self, path: Path, at: int | str) -> str:
        if isinstance(at, int) or at.startswith("."):
            if self.source.oid is None:
                self.builder.problem(path, "a column below the table's `oid` needs that `oid`")
                return ""
            return f"{self.source.oid}.{str(at).lstrip('.')}"
        parts = at.split(".")
        if len(parts) < 3 or not all(part.isdigit() for part in parts):
            self.builder.problem(
                path, f"expected an OID, found {at!r}", "digits and dots, or arcs below `oid`"
            )
        return at

    # expressions

    def _expression(self, path: Path, source: str | None, polled: bool = False) -> Expression | None:
        expression = self.builder.expression(path, source)
        if expression is not None:
            self._use(path, expression, polled)
        return expression

    def _use(self, path: Path, expression: Expression, polled: bool) -> None:
        self.builder.check_names(path, expression, {*self.columns, *self.let})
        self.references.update(self._resolved_references(expression))
        if polled:
            self.polled.update(self._resolved(expression))
            self.polled_references.update(self._resolved_references(expression))

    def _resolved(self, expression: Expression) -> Iterable[str]:
        """Names in the order of mention, with definitions replaced by what they are made of."""
        for name in expression.names:
            yield from self.made_of[name][0] if name in self.made_of else (name,)

    def _resolved_references(self, expression: Expression) -> Iterable[tuple[str, str]]:
        yield from expression.references
        for name in expression.names:
            yield from self.made_of[name][1] if name in self.made_of else ()

    def _texts(self, path: Path, given: Sequence[str] | None) -> tuple[Template, ...]:
        templates = (self._template(path, source) for source in given or ())
        return tuple(template for template in templates if template is not None)

    def _template(self, path: Path, source: str | None) -> Template | None:
        template = None if source is None else self.builder.template(path, source)
        if template is not None:
            for expression in template.expressions:
                self._use(path, expression, polled=False)
        return template

    def _facts(self, path: Path, given: Mapping[str, str]) -> tuple[tuple[str, Expression], ...]:
        pairs = ((name, self._expression([*path, name], source)) for name, source in given.items())
        return tuple((name, expression) for name, expression in pairs if expression is not None)

    # entities

    def _entity(self, path: Path, given: EntityModel) -> EntityRule | None:
        if given.root and given.kind is not EntityKind.DEVICE:
            self.builder.problem([*path, "root"], "only an entity of kind device can be the device itself")
        if given.kind is EntityKind.DEVICE and not given.root and given.key is None:
            hint = "a serial, a MAC address or a name; or root: true for the device that is asked"
            self.builder.problem(path, "a child device needs a `key`", hint)
        parent = None
        if given.parent is not None:
            template = self._template([*path, "parent", "key"], given.parent.key)
            parent = None if template is None else (given.parent.kind, template)
        witnesses = (
            (kind, self._expression([*path, "witnesses", kind], source))
            for kind, source in given.witnesses.items()
        )
        return EntityRule(
            kind=given.kind,
            key=self._texts([*path, "key"], given.key),
            name=self._texts([*path, "name"], given.name),
            index=self._template([*path, "index"], given.index),
            root=given.root,
            shared=given.shared,
            parent=parent,
            where=self._expression([*path, "where"], given.where),
            constant=dict(given.constant),
            facts=self._facts([*path, "facts"], given.facts),
            witnesses=tuple((kind, found) for kind, found in witnesses if found is not None),
            values=self._values([*path, "values"], given.values, given.kind),
        )

    def _device_values(self) -> EntityRule:
        values = self._values([*self.path, "values"], self.source.values, EntityKind.DEVICE)
        return EntityRule(EntityKind.DEVICE, (), (), None, True, True, None, None, {}, (), (), values)

    def _values(self, path: Path, given: Values, kind: EntityKind) -> tuple[ValueRule, ...]:
        out = []
        for name, written in given.items():
            family = self.builder.catalogue.get(name)
            if family is None:
                hint = did_you_mean(name, self.builder.catalogue)
                self.builder.problem([*path, name], f"unknown family {name!r}", hint)
                continue
            if family.entity is not kind:
                message = f"{name} belongs to entity kind {family.entity}, not {kind}"
                self.builder.problem([*path, name], message)
            if family.type is FamilyType.INFO:
                self.builder.problem([*path, name], f"{name} is made from facts", "write `facts`")
            several = isinstance(written, list)
            for at, one in enumerate(written if isinstance(written, list) else [written]):
                place = [*path, name, at] if several else [*path, name]
                rule = self._value(place, family, _value_model(one))
                if rule is not None:
                    out.append(rule)
        return tuple(out)

    def _value(
        self, path: Path, family: Family, given: ValueModel | SensorModel | StateModel
    ) -> ValueRule | None:
        value = self._expression(path, given.value, polled=True)
        if value is None:
            return None
        written = given.labels if isinstance(given, ValueModel) else {}
        for label in written:
            if label not in family.labels:
                message = f"{family.name} has no label {label!r}"
                self.builder.problem([*path, "labels", label], message, did_you_mean(label, family.labels))
        labels = [
            self._template([*path, "labels", label], written[label]) or "" if label in written else ""
            for label in family.labels
        ]
        origins = tuple(dict.fromkeys(name for name in self._resolved(value) if name in self.columns))
        if given.origin is not None:
            if given.origin not in self.columns:
                hint = did_you_mean(given.origin, self.columns)
                self.builder.problem([*path, "origin"], f"unknown column {given.origin!r}", hint)
            origins = (given.origin, *origins)
        if family.type is FamilyType.COUNTER:
            for name in origins:
                if self.columns[name].bits is None:
                    hint = "64 for Counter64, 32 for Counter32"
                    path_to = [*self.path, "columns", name]
                    self.builder.problem(path_to, f"`bits` is required: {family.name} is a counter", hint)
        scalars = tuple(name for name in self._resolved(value) if name in self.builder.scalars)
        return ValueRule(
            family=family.name,
            type=family.type,
            value=value,
            labels=tuple(labels),
            when=self._expression([*path, "when"], given.when, polled=True),
            origins=(*origins, *scalars),
        )

    # sensors and states

    def _sensor(self, path: Path, given: SensorModel) -> SensorRule | None:
        families = self.builder.sensor_families
        family = families.get(given.class_)
        if family is None:
            hint = (
                "write it under `states`" if given.class_ == "state" else did_you_mean(given.class_, families)
            )
            self.builder.problem([*path, "class"], f"unknown sensor class {given.class_!r}", hint)
            return None
        return self._sensor_rule(path, given, family, given.class_)

    def _state(self, path: Path, given: StateModel) -> SensorRule | None:
        rule = self._sensor_rule(path, given, self.builder.catalogue[STATE_FAMILY], "state")
        if rule is None:
            return None
        levels = self.builder.levels([*path, "map"], given.map)
        return SensorRule(
            rule.ident,
            rule.value,
            rule.name,
            rule.key,
            rule.index,
            rule.facts,
            rule.where,
            "state",
            levels,
            given.default,
        )

    def _sensor_rule(
        self, path: Path, given: SensorModel | StateModel, family: Family, class_: str
    ) -> SensorRule | None:
        value = self._value([*path, "value"], family, given)
        if value is None:
            return None
        stem = ident = value.origins[0] if value.origins else class_
        count = 2
        while ident in self.idents:
            ident, count = f"{stem}_{count}", count + 1
        self.idents.add(ident)
        return SensorRule(
            ident=ident,
            value=value,
            name=self._texts([*path, "name"], given.name),
            key=self._texts([*path, "key"], given.key),
            index=self._template([*path, "index"], given.index),
            facts=self._facts([*path, "facts"], given.facts),
            where=self._expression([*path, "where"], given.where),
            class_=class_,
        )


def _value_model(given: str | ValueModel) -> ValueModel:
    return ValueModel.model_validate({"value": given}) if isinstance(given, str) else given
