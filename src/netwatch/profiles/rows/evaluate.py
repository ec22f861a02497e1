"""From rows to entities and readings: the one place where a profile's rules meet values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from netwatch.model import ROOT, EntityKey, EntityKind, Fact, FamilyType, Reading, Seen, StateLevel, Witness
from netwatch.profiles.language.expression import Expression, Scope
from netwatch.profiles.language.template import Template
from netwatch.profiles.language.values import Value, as_fact, key_of, number, truth
from netwatch.profiles.ready.profile import EntityRule, Level, SensorRule, Table, ValueRule
from netwatch.profiles.rows.frame import DeviceFrame
from netwatch.profiles.rows.json_rows import place_in_document
from netwatch.profiles.written.schema import TableSource

__all__ = [
    "STATE_LEVEL_FAMILY",
    "Slots",
    "Yield",
    "evaluate",
    "evaluate_row",
    "label_text",
    "level_of",
    "state_of",
    "value_of",
]

Slots = dict[str, tuple[EntityKey | None, ...]]
"""Row index -> key of each of the table's entities and sensors, as discovery settled them."""

STATE_LEVEL_FAMILY = "netwatch_sensor_state_level"
MAX_LABEL = 128
MAX_PROBLEMS = 10


@dataclass
class Yield:
    """What one table gave."""

    readings: list[Reading] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    slots: Slots = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    truncated: bool = False
    """The budget ended before the rows did."""
    taken: dict[tuple[int, EntityKey], str] = field(default_factory=dict)
    said: set[tuple[EntityKey, str, tuple[str, ...]]] = field(default_factory=set)

    def problem(self, text: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(text)


def evaluate(table: Table, frame: DeviceFrame, *, slots: Slots | None, full: bool, max_rows: int) -> Yield:
    """`slots` of an earlier pass fix rows and keys; `full` asks for `seen` too."""
    result = Yield()
    rows = frame.rows(table.name)
    count = 0
    for index, values in rows.items():
        scope = Scope(values, index, frame)
        if slots is not None:
            if index not in slots:
                continue
        elif table.where is not None and truth(table.where(scope)) is not True:
            continue
        count += 1
        if count > max_rows:
            result.truncated = True
            limit = f"`limits: {{{table.name}: ...}}` of the device raises it"
            result.problem(f"table {table.name} has {len(rows)} rows, its budget is {max_rows}: {limit}")
            break
        _Row(table, scope, result, full).run(None if slots is None else slots[index])
    return result


def evaluate_row(table: Table, scope: Scope, result: Yield) -> bool:
    """One row in full, as if it were alone. False if it is none of the table's."""
    if table.where is not None and truth(table.where(scope)) is not True:
        return False
    _Row(table, scope, result, True).run(None)
    return True


class _Row:
    """One row on its way."""

    def __init__(self, table: Table, scope: Scope, result: Yield, full: bool) -> None:
        self.table = table
        self.scope = scope
        self.result = result
        self.full = full

    def run(self, settled: tuple[EntityKey | None, ...] | None) -> None:
        keys: list[EntityKey | None] = []
        entities, sensors = self.table.entities, self.table.sensors
        for position, rule in enumerate(entities):
            keys.append(settled[position] if settled is not None else self._entity_key(position, rule))
        owner = next((key for key in keys if key is not None), ROOT)
        for position, sensor in enumerate(sensors, len(entities)):
            keys.append(settled[position] if settled is not None else self._sensor_key(position, sensor))
        if settled is None:
            if not any(key is not None for key in keys):
                return
            self.result.slots[self.scope.index] = tuple(keys)
        for rule, key in zip(entities, keys, strict=False):
            if key is not None:
                if self.full:
                    self._see_entity(rule, key)
                for value in rule.values:
                    self._read(value, key)
        for sensor, key in zip(sensors, keys[len(entities) :], strict=False):
            if key is not None:
                self._sensor(sensor, key, owner)

    # keys

    def _entity_key(self, position: int, rule: EntityRule) -> EntityKey | None:
        if rule.where is not None and truth(rule.where(self.scope)) is not True:
            return None
        if rule.root:
            return ROOT
        natural = self._first(rule.key)
        if natural is None:
            if rule.key and rule.kind is EntityKind.DEVICE:
                return None
            natural = f"{self.table.name}.{self.scope.index}"
        return self._unique(position, EntityKey(rule.kind, natural), rule.shared)

    def _sensor_key(self, position: int, rule: SensorRule) -> EntityKey | None:
        if rule.value.origins and _origin_name(self.table, rule.value, self.scope) is None:
            return None
        if rule.where is not None and truth(rule.where(self.scope)) is not True:
            return None
        if rule.levels is not None and (rule.default == "skip" and level_of(rule, self.scope) is None):
            return None
        natural = self._first(rule.key) or f"{self.table.name}.{rule.ident}.{self.scope.index}"
        return self._unique(position, EntityKey(EntityKind.SENSOR, natural), shared=False)

    def _unique(self, position: int, key: EntityKey, shared: bool) -> EntityKey:
        index = self.scope.index
        other = self.result.taken.setdefault((position, key), index)
        if other == index or shared:
            return key
        message = f"table {self.table.name}: rows {other} and {index} are both {key.kind} {key.natural!r}"
        self.result.problem(message)
        distinct = EntityKey(key.kind, f"{key.natural}#{index}")
        self.result.taken[position, distinct] = index
        return distinct

    def _first(self, templates: Sequence[Template]) -> str | None:
        for template in templates:
            found = template(self.scope)
            if found is not None:
                return found
        return None

    # entities

    def _see_entity(self, rule: EntityRule, key: EntityKey) -> None:
        facts = self._facts(rule.facts)
        if rule.constant:
            facts = {**rule.constant, **facts}
        if rule.root:
            if facts:
                self.result.seen.append(Seen(ROOT, None, "", "", facts))
            return
        parent = ROOT
        if rule.parent is not None:
            natural = rule.parent[1](self.scope)
            parent = ROOT if natural is None else EntityKey(rule.parent[0], natural)
        index = None if rule.index is None else rule.index(self.scope)
        witnesses = tuple(
            Witness(kind, found)
            for kind, expression in rule.witnesses
            if (found := key_of(expression(self.scope))) is not None and found != ""
        )
        name = self._first(rule.name) or key.natural
        self.result.seen.append(Seen(key, parent, index or self.scope.index, name, facts, witnesses))

    def _facts(self, rules: Sequence[tuple[str, Expression]]) -> dict[str, Fact]:
        facts: dict[str, Fact] = {}
        for name, expression in rules:
            found = as_fact(expression(self.scope))
            if found is not None:
                facts[name] = found
        return facts

    # readings

    def _read(self, rule: ValueRule, key: EntityKey) -> None:
        found = value_of(self.table, rule, self.scope)
        if found is not None:
            self._add(rule, key, rule.family, found)

    def _add(self, rule: ValueRule, key: EntityKey, family: str, value: float) -> None:
        labels: tuple[str, ...] = ()
        if rule.labels:
            labels = tuple(label_text(label, self.scope) for label in rule.labels)
        if self.full:  # discovery has told already; a poll of the same rows needs no second look
            if (key, family, labels) in self.result.said:
                told = f"table {self.table.name}: {family} of {key.kind} {key.natural!r} is told twice"
                self.result.problem(told)
                return
            self.result.said.add((key, family, labels))
        name = _origin_name(self.table, rule, self.scope)
        column = self.table.columns.get(name or "")
        bits = column.bits if column is not None and column.bits is not None else 64
        self.result.readings.append(Reading(key, family, value, labels, self._origin(name), bits))

    def _origin(self, name: str | None) -> str:
        if name is None:
            return ""
        column = self.table.columns.get(name)
        if column is None:
            frame = self.scope.frame
            known = frame.profile.scalars.get(name) if isinstance(frame, DeviceFrame) else None
            return "" if known is None else known.oid
        if self.table.source is TableSource.SNMP:
            return f"{column.at}.{self.scope.index}"
        if self.table.source is TableSource.SSH:
            return f"{self.table.command}#{self.scope.index}:{column.at}"
        base = self.scope.frame.profile.http.base if isinstance(self.scope.frame, DeviceFrame) else ""
        return place_in_document(self.table, self.scope.index, column.at, base)

    # sensors

    def _sensor(self, rule: SensorRule, key: EntityKey, owner: EntityKey) -> None:
        facts: dict[str, Fact] = {"class": rule.class_}
        if rule.levels is None:
            self._read(rule.value, key)
        else:
            found, level = state_of(rule, self.scope)
            if level is not None:
                facts |= {"label": level.label, "level": level.level}
                self._state(rule, key, found, level)
        if self.full:
            index = None if rule.index is None else rule.index(self.scope)
            name = self._first(rule.name) or key.natural
            facts |= self._facts(rule.facts)
            self.result.seen.append(Seen(key, owner, index or self.scope.index, name, facts))

    def _state(self, rule: SensorRule, key: EntityKey, found: float | None, level: Level) -> None:
        if found is not None:
            self._add(rule.value, key, rule.value.family, found)
        value = StateLevel(level.level).number
        if not math.isnan(value):
            self._add(rule.value, key, STATE_LEVEL_FAMILY, value)


def value_of(table: Table, rule: ValueRule, scope: Scope) -> int | float | None:
    """What a rule makes of a row; None where that is unknown."""
    if rule.when is not None and truth(rule.when(scope)) is not True:
        return None
    found = number(rule.value(scope))
    if found is None or not math.isfinite(found):
        return None
    if rule.type is FamilyType.COUNTER:
        if found < 0:
            name = _origin_name(table, rule, scope) or ""
            column = table.columns.get(name)
            if column is None or column.bits != 32 or found < -(1 << 31) or scope.values.get(name) != found:
                return None
            found += 1 << 32  # some agents send a Counter32 as an Integer32
        found = int(found)
    return found


def state_of(rule: SensorRule, scope: Scope) -> tuple[float | None, Level | None]:
    """The raw number of a state, if it is a whole one, and what it means; (None, None) where unknown."""
    if rule.value.when is not None and truth(rule.value.when(scope)) is not True:
        return None, None
    raw = rule.value.value(scope)
    if raw is None:
        return None, None
    found = number(raw)
    whole = found if found is not None and float(found).is_integer() else None
    return whole, _level_of_raw(rule, raw) or Level(rule.default, str(as_fact(raw)))


def level_of(rule: SensorRule, scope: Scope) -> Level | None:
    """What the map of a state says; None where it does not know the value."""
    return _level_of_raw(rule, rule.value.value(scope))


def label_text(label: Template | str, scope: Scope) -> str:
    """The value of a row label; empty where unknown."""
    return label if isinstance(label, str) else (label(scope) or "")[:MAX_LABEL]


def _level_of_raw(rule: SensorRule, raw: Value) -> Level | None:
    levels: Mapping[int | str, Level] = rule.levels or {}
    if isinstance(raw, bool):
        raw = int(raw)
    found = levels.get(raw) if isinstance(raw, int) else None
    return found or levels.get(key_of(raw) or "") or _numbered(levels, raw)


def _numbered(levels: Mapping[int | str, Level], raw: Value) -> Level | None:
    """A number sent as text, where the map is written with numbers."""
    found = number(raw)
    return levels.get(int(found)) if found is not None and float(found).is_integer() else None


def _origin_name(table: Table, rule: ValueRule, scope: Scope) -> str | None:
    """The first of a rule's columns and scalars that is there."""
    values, scalars = scope.values, scope.frame.scalars
    for name in rule.origins:
        if values.get(name) is not None or (name not in table.columns and name in scalars):
            return name
    return None
