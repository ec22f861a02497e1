"""Writes a draft as YAML with comments. PyYAML writes no comments, and a draft is made of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from netwatch.drafting.sheet import EntityLine, SensorLine, Sheet, StateLine, TableSheet

__all__ = ["written"]

CHECK = "check"
"""What marks a line that was guessed."""


def written(sheet: Sheet) -> str:
    """The profile as text: valid YAML whatever names a MIB or a walk holds."""
    lines = [_comment(line) for line in sheet.head]
    lines += [f"profile: {_plain(sheet.profile)}", f"description: {_plain(sheet.description)}"]
    lines.append(_noted(f"kind: {sheet.kind}", "", sheet.kind_doubt))
    if sheet.role:
        lines.append(f"role: {_plain(sheet.role)}")
    if sheet.vendor:
        lines.append(f"vendor: {_plain(sheet.vendor)}")
    if sheet.match:
        lines.append("match:")
    for conditions, note in sheet.match:
        for position, (name, value) in enumerate(conditions.items()):
            start = "  - " if position == 0 else "    "
            shown = _plain(value) if isinstance(value, str) else f"[{', '.join(map(_quoted, value))}]"
            lines.append(_noted(f"{start}{name}: {shown}", note if position == 0 else ""))
    if sheet.scalars:
        lines.append("scalars:")
        for alias, (oid, note) in sheet.scalars.items():
            lines.append(_noted(f"  {alias}: {{oid: {oid}, static: true}}", note))
    if sheet.identity:
        lines.append("identity:")
        for name, fact in sheet.identity.items():
            lines.append(_noted(f"  {name}: {_plain(fact.expression)}", fact.note, fact.doubt))
    lines += _state_maps(sheet)
    if sheet.tables:
        lines.append("tables:")
    for table in sheet.tables:
        lines += _table(table)
    lines += [_comment(line) for line in sheet.tail]
    return "\n".join(lines) + "\n"


def _state_maps(sheet: Sheet) -> Iterable[str]:
    if sheet.states:
        yield "states:"
    for name, (meanings, note) in sheet.states.items():
        yield _noted(f"  {name}:", note)
        for raw, meaning in meanings.items():
            key = str(raw) if isinstance(raw, int) else _quoted(raw)
            text = _plain(f"{meaning.level} {meaning.label}")
            yield _noted(f"    {key}: {text}", "", "" if meaning.sure else CHECK)


def _table(table: TableSheet) -> Iterable[str]:
    yield _noted(f"  {table.alias}:", table.note)
    yield f"    oid: {table.oid}"
    yield "    columns:"
    for alias, column in table.columns.items():
        at = f"{{oid: {column.at}, static: true}}" if column.static else column.at
        yield _noted(f"      {alias}: {at}", column.note)
    if table.let:
        yield "    let:"
        for name, expression in table.let.items():
            yield f"      {name}: {_plain(expression)}"
    if table.entities:
        yield "    entities:"
    for entity in table.entities:
        yield from _entity(entity)
    if table.sensors:
        yield "    sensors:"
    for sensor in table.sensors:
        yield _noted(f"      - {_flow(_sensor(sensor))}", sensor.note, sensor.doubt)
    if table.states:
        yield "    states:"
    for state in table.states:
        yield _noted(f"      - {_flow(_state(state))}", state.note, state.doubt)


def _entity(entity: EntityLine) -> Iterable[str]:
    yield _noted(f"      - kind: {entity.kind}", entity.note, entity.doubt)
    yield f"        key: {_plain(entity.key)}"
    yield f"        name: {_plain(entity.name)}"
    if entity.where:
        yield f"        where: {_plain(entity.where)}"
    if entity.constant:
        yield f"        is: {_flow(entity.constant)}"
    yield "        values:"
    for family, expression in entity.values.items():
        yield f"          {family}: {_plain(expression)}"


def _sensor(sensor: SensorLine) -> Mapping[str, str]:
    given = {"class": sensor.class_, "name": sensor.name, "value": sensor.value}
    optional = {"where": sensor.where, "when": sensor.when}
    return given | {name: value for name, value in optional.items() if value}


def _state(state: StateLine) -> Mapping[str, str]:
    return {"name": state.name, "value": state.value, "map": state.map}


# YAML

_SAFE = re.compile(r"[A-Za-z_][\w.()/+=<> -]*[\w.)]|[A-Za-z_]")
_AMBIGUOUS = re.compile(r"(?i)(true|false|yes|no|on|off|null|y|n|nan|inf)")


def _plain(text: str) -> str:
    """A value as it stands where YAML reads it as that text, else in double quotes."""
    return text if _SAFE.fullmatch(text) and not _AMBIGUOUS.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    return json.dumps(text)


def _flow(items: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{name}: {_plain(value)}" for name, value in items.items()) + "}"


def _noted(line: str, note: str, doubt: str = "") -> str:
    """The line with a comment: what it is, and what is to be checked."""
    if doubt:
        doubt = CHECK if doubt == CHECK else f"{CHECK}: {doubt}"
    text = "; ".join(part for part in (_one_line(note), _one_line(doubt)) if part)
    return f"{line}  # {text}" if text else line


def _comment(line: str) -> str:
    return f"# {_one_line(line)}".rstrip()


def _one_line(text: str) -> str:
    """A comment ends with its line, and holds nothing that YAML refuses even there."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text[:200].rstrip()
