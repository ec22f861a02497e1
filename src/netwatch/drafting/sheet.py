"""A draft before it is written: what its tables hold, with the notes that stand beside each line."""

from __future__ import annotations

from dataclasses import dataclass, field

from netwatch.drafting.levels import Meaning

__all__ = ["ColumnLine", "EntityLine", "FactLine", "SensorLine", "Sheet", "StateLine", "TableSheet"]


@dataclass
class ColumnLine:
    at: int | str
    """Arc below the table's OID, or a full OID."""
    note: str
    """The MIB's name of it."""
    static: bool = False


@dataclass
class SensorLine:
    class_: str
    name: str
    value: str
    note: str = ""
    doubt: str = ""
    where: str = ""
    when: str = ""


@dataclass
class StateLine:
    name: str
    value: str
    map: str
    note: str = ""
    doubt: str = ""


@dataclass
class EntityLine:
    kind: str
    key: str
    name: str
    values: dict[str, str]
    note: str = ""
    doubt: str = ""
    where: str = ""
    constant: dict[str, str] = field(default_factory=dict)


@dataclass
class TableSheet:
    alias: str
    oid: str
    note: str
    columns: dict[str, ColumnLine] = field(default_factory=dict)
    let: dict[str, str] = field(default_factory=dict)
    entities: list[EntityLine] = field(default_factory=list)
    sensors: list[SensorLine] = field(default_factory=list)
    states: list[StateLine] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not (self.entities or self.sensors or self.states)


@dataclass
class FactLine:
    """A fact of the device: expression, and where it comes from."""

    expression: str
    note: str = ""
    doubt: str = ""


@dataclass
class Sheet:
    """A whole draft."""

    profile: str
    description: str
    kind: str
    head: list[str] = field(default_factory=list)
    """Comment lines at the top."""
    kind_doubt: str = ""
    role: str = ""
    vendor: str = ""
    match: list[tuple[dict[str, str | list[str]], str]] = field(default_factory=list)
    """Alternatives: condition -> value, and a note."""
    scalars: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Alias -> OID and note."""
    identity: dict[str, FactLine] = field(default_factory=dict)
    states: dict[str, tuple[dict[int | str, Meaning], str]] = field(default_factory=dict)
    """Name -> raw value -> meaning; and a note."""
    tables: list[TableSheet] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)
    """Comment lines at the end: what was not understood."""
