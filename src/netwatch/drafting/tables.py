"""One group of a walk as a table of a profile: sensors, states, processors, memory and storage."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field

from netwatch.drafting.groups import Column, Group, dotted
from netwatch.drafting.levels import Meaning, StateMap, state_map
from netwatch.drafting.measures import Measure, leading_numbers, measure
from netwatch.drafting.mib_library import KNOWN_TYPES
from netwatch.drafting.naming import alias, label_of, literal, shared_words, title_of
from netwatch.drafting.regions import Found, processors, regions
from netwatch.drafting.sheet import ColumnLine, EntityLine, SensorLine, StateLine, TableSheet
from netwatch.drafting.typed import Typed, typed
from netwatch.drafting.words import Words

__all__ = ["MAX_STATE_ROWS", "Drafting", "draft_table"]

MAX_STATE_ROWS = 200
"""States of a larger table are one per port or per session: listed, not drafted."""


@dataclass
class Drafting:
    """What the tables of one draft share."""

    words: Words
    groups: Sequence[Group]
    prefixes: Mapping[str, Sequence[str]]
    """By module: words that all its names begin with."""
    taken: set[str]
    """Names of tables that the draft may not use."""
    states: MutableMapping[str, tuple[dict[int | str, Meaning], str]] = field(default_factory=dict)
    understood: set[str] = field(default_factory=set)
    """OIDs of objects that became something."""
    left: dict[str, str] = field(default_factory=dict)
    """OIDs of objects that were understood and left out on purpose -> why."""


def draft_table(group: Group, shared: Drafting) -> TableSheet | None:
    """None if nothing of the group is a reading."""
    words = shared.words
    if words.ignore.tables.search(words.spaced(group.name)):
        return None
    prefix = shared.prefixes.get(group.module, ())
    name = alias(title_of(group, prefix, words), shared.taken)
    rows = f", {len(group.rows)} rows" if group.table and group.rows else ""
    sheet = TableSheet(name, dotted(group.oid), f"{group.module}::{group.name}{rows}")
    _Builder(group, shared, sheet).build()
    if sheet.empty:
        return None
    shared.taken.add(name)
    return sheet


@dataclass
class _Builder:
    group: Group
    shared: Drafting
    sheet: TableSheet

    def build(self) -> None:
        words = self.shared.words
        self.title = title_of(self.group, self.shared.prefixes.get(self.group.module, ()), words)
        names = [words.spaced(column.name).split() for column in self.group.columns]
        # One object alone stands for itself: its table's words are no part of its own name.
        self.common = shared_words(names) or _shared_with(names, words.spaced(self.group.name).split())
        used: set[str] = set()
        for found in (*processors(self.group, words), *regions(self.group, words)):
            if not used & {column.oid for column in found.columns.values()}:
                used |= {column.oid for column in found.columns.values()}
                self._entity(found)
        sensors = self._sensors(used)
        used |= {column.oid for column, _ in sensors}
        special = typed(self.group, self.shared.groups, words, used) if not sensors else []
        used |= {one.value.oid for one in special}
        states = self._states(used)
        several = len(sensors) + len(states) + (1 if special else 0) > 1
        for column, found_measure in sensors:
            self._sensor(column, found_measure, several=several)
        for one in special:
            self._typed(one, several=several)
        for column, meanings in states:
            self._state(column, meanings, several=several)

    # what the columns are

    def _sensors(self, used: set[str]) -> list[tuple[Column, Measure]]:
        out = []
        for column in self.group.columns:
            if column.oid in used or column.oid in self.shared.left:
                continue
            found = measure(column, self.group, self.shared.words)
            if found is not None:
                out.append((column, found))
        return self._without_doubles(out)

    def _without_doubles(self, found: list[tuple[Column, Measure]]) -> list[tuple[Column, Measure]]:
        """Celsius and Fahrenheit of the same thing, or text beside the number: one is enough."""
        kept: dict[tuple[str, str], tuple[Column, Measure]] = {}
        words = self.shared.words
        for column, one in found:
            stem = words.unit_words.sub(" ", words.spaced(column.name))
            key = (one.class_, " ".join(stem.split()))
            if key not in kept:
                kept[key] = (column, one)
                continue
            before = kept[key]
            better = before if _goodness(*before) >= _goodness(column, one) else (column, one)
            worse = column if better is before else before[0]
            self.shared.left[worse.oid] = f"same as {better[0].name}"
            kept[key] = better
        return list(kept.values())

    def _states(self, used: set[str]) -> list[tuple[Column, StateMap]]:
        words = self.shared.words
        ports = any(words.port_indexes.fullmatch(words.spaced(name)) for name in self.group.index)
        out = []
        for column in self.group.columns:
            found = state_map(column, words) if column.oid not in used else None
            if found is None:
                continue
            if ports or len(self.group.rows) > MAX_STATE_ROWS:
                self.shared.left[column.oid] = "a state of each port" if ports else "too many rows"
                continue
            out.append((column, found))
        return out

    # lines

    def _column(self, column: Column, *, static: bool = False, at: str = "") -> str:
        """Enters a column; returns its alias."""
        for name, line in self.sheet.columns.items():
            if line.note.split(" ")[0] == column.name:
                return name
        arcs = column.object.oid
        whole = self.shared.words.spaced(column.name).split()
        own = whole[self.common :] if arcs[:-1] == self.group.oid else whole[-2:]
        name = alias(own, self.sheet.columns)
        below: int | str = arcs[-1] if arcs[:-1] == self.group.oid else dotted(arcs)
        units = f' "{column.object.units}"' if column.object.units else ""
        self.sheet.columns[name] = ColumnLine(at or below, f"{column.name}{units}", static)
        self.shared.understood.add(column.oid)
        return name

    def _row_name(self, own: Sequence[str], *, several: bool) -> str:
        """Name of what a row tells: the row's own name, and which of its values it is."""
        words = self.shared.words
        if not self.group.table:
            return _literal(words.title([*self.title, *_beyond(own, self.title)]))
        row = self._row()
        own = _beyond(own, self.title)
        suffix = " ".join(word.upper() if word in words.capitals else word for word in own)
        if not several or not own:
            return row
        return f"{row} {_literal(suffix)}"

    def _row(self) -> str:
        words = self.shared.words
        if "label" in self.sheet.let:
            return "{label}"
        if self.group.label:
            self.sheet.let["label"] = self.group.label
            return "{label}"
        plain = _literal(words.title(self.title)) + " {index}"
        known = None
        if len(self.group.index) == 1:
            name = self.group.index[0]
            if words.interface_indexes.fullmatch(words.spaced(name)):
                name = "ifIndex"
            known = words.indexes.get(name)
        if known is not None:
            self.sheet.let["label"] = known
            return "{label}"
        found = label_of(self.group, self.shared.groups, words)
        if found is None:
            return plain
        column, elsewhere = found
        name = self._column(column, static=True, at=elsewhere)
        self.sheet.let["label"] = f"first(text({name}), index)"
        return "{label}"

    def _own(self, column: Column) -> list[str]:
        return self.shared.words.spaced(column.name).split()[self.common :]

    def _sensor(self, column: Column, found: Measure, *, several: bool) -> None:
        label = self._row_name(self._own(column), several=several)
        name = self._column(column)
        when = " and ".join(f"{name} != {value}" for value in found.sentinels)
        value = found.expression.format(_operand(column, name))
        self.sheet.sensors.append(
            SensorLine(found.class_, label, value, _walked(column), found.doubt, when=when)
        )

    def _typed(self, one: Typed, *, several: bool) -> None:
        label = self._row_name(self._own(one.value), several=several)
        name = self._column(one.value)
        selector = self._column(one.selector, static=True)
        expression = one.expression
        if one.exponent is not None:
            power = f"{'/' if one.sign < 0 else '*'} 10 ** {self._column(one.exponent, static=True)}"
            expression = expression.replace("{}", f"{{}} {power}")
        if one.thousands is not None:
            power = f"* 10 ** (3 * ({self._column(one.thousands, static=True)} - {one.unit_power}))"
            expression = expression.replace("{}", f"{{}} {power}")
        where = (
            f"{selector} == {one.raw}"
            if isinstance(one.raw, int)
            else f"text({selector}) == {literal(one.raw)}"
        )
        self.sheet.sensors.append(
            SensorLine(one.class_, label, expression.format(name), one.label, one.doubt, where=where)
        )

    def _state(self, column: Column, found: StateMap, *, several: bool) -> None:
        label = self._row_name(self._own(column), several=several)
        name = self._column(column)
        shown = _map_name(column, found, self.shared)
        note = "" if column.object.labels else "text: only the values that the walk has"
        value = _operand(column, name, number=False)
        self.sheet.states.append(
            StateLine(label, value, shown, note, "see its map" if not found.sure else "")
        )

    def _entity(self, found: Found) -> None:
        names = {part: self._column(column) for part, column in found.columns.items()}
        values = {family: _filled(expression, names) for family, expression in found.values.items()}
        stem = found.stem.split()
        own = stem[self.common :] or stem or self._own(next(iter(found.columns.values())))
        several = found.kind != "processor"
        label = self._row_name(own, several=several and self.group.table and len(self.sheet.entities) > 0)
        key = f"{self.sheet.alias}.{found.kind}.{alias(own, ())}"
        key = f"{key}.{{index}}" if self.group.table else key
        where = _filled(found.where, names)
        self.sheet.entities.append(
            EntityLine(
                found.kind, key, label, values, _walked_entity(found), found.doubt, where, found.constant
            )
        )
        for other in found.others:
            self.shared.left[other.oid] = "another average of the same"


def _beyond(own: Sequence[str], title: Sequence[str]) -> Sequence[str]:
    """Without what the title says already."""
    start = 0
    while start < len(own) - 1 and own[start] in title:
        start += 1
    return own[start:]


def _goodness(column: Column, found: Measure) -> tuple[bool, bool, bool]:
    """What is better: a number over a text, no conversion from Fahrenheit, nothing guessed."""
    return bool(column.numbers), "fahrenheit" not in found.expression, not found.doubt


def _shared_with(names: Sequence[Sequence[str]], group: Sequence[str]) -> int:
    """For a group of one object: how many of its words are those of the group."""
    if len(names) != 1:
        return 0
    count = 0
    while count < min(len(names[0]) - 1, len(group)) and names[0][count] == group[count]:
        count += 1
    return count


def _map_name(column: Column, found: StateMap, shared: Drafting) -> str:
    """The name of the map in `states`; equal maps are written once."""
    meanings = dict(found.meanings)
    for name, (known, _) in shared.states.items():
        if known == meanings:
            return name
    # TruthValue is one thing here and its opposite there.
    source = column.object.convention
    source = source if source and source not in KNOWN_TYPES else column.name
    words = shared.words.spaced(source).split()
    prefix, start = shared.prefixes.get(column.object.module, ()), 0
    while start < min(len(words) - 1, len(prefix)) and words[start] == prefix[start]:
        start += 1
    name = alias(words[start:], shared.states)
    shared.states[name] = (meanings, source)
    return name


def _operand(column: Column, name: str, *, number: bool = True) -> str:
    """The column in an expression: itself, or the piece of its text that holds the value."""
    if not column.extract:
        return name
    piece = f"match({name}, {literal(column.extract)})"
    return f"num({piece})" if number else piece


def _walked(column: Column) -> str:
    numbers = leading_numbers(column)
    return f"walked {numbers[0]:.12g}" if numbers else ""


def _walked_entity(found: Found) -> str:
    numbers = {part: leading_numbers(column) for part, column in found.columns.items()}
    values = [f"{part} {walked[0]:.12g}" for part, walked in numbers.items() if walked]
    return "walked " + ", ".join(values) if values else ""


def _filled(expression: str, names: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda one: names[one[1]], expression)


def _literal(text: str) -> str:
    """Text that stands for itself in a template."""
    return text.replace("{", "(").replace("}", ")")
