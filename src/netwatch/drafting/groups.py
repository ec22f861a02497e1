"""A walk seen through MIB modules: tables with their rows, and scalars that stand side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from netwatch.drafting.mib_library import Library, MibObject
from netwatch.model import SnmpValue

__all__ = ["Column", "Group", "Groups", "group"]

Oid = tuple[int, ...]


@dataclass
class Column:
    """One object and the values that the walk has of it, by row index."""

    object: MibObject
    values: dict[str, SnmpValue] = field(default_factory=dict)
    blind: bool = False
    """There is no walk: the values are not known."""
    scale: float | None = None
    """Factor that the source of the object states."""
    extract: str = ""
    """Regular expression whose group is the value."""

    @property
    def name(self) -> str:
        return self.object.name

    @property
    def oid(self) -> str:
        return dotted(self.object.oid)

    @property
    def numbers(self) -> list[float]:
        """Values that are numbers; text that is nothing but a number counts as one."""
        return [number for value in self.values.values() if (number := as_number(value)) is not None]

    @property
    def texts(self) -> list[str]:
        """Values that are printable text."""
        return [text for value in self.values.values() if (text := as_text(value))]


@dataclass
class Group:
    """A table, or scalars below the same node: what becomes one table of a profile."""

    oid: Oid
    """The entry, or the node that the scalars are below."""
    name: str
    """Of the table, or of the node."""
    table: bool
    index: tuple[str, ...] = ()
    """Names of the objects that make up the index."""
    columns: list[Column] = field(default_factory=list)
    label: str = ""
    """Expression for a row's name, where the source states one."""
    read: list[Column] = field(default_factory=list)
    """Columns that other profiles read: good for names."""

    @property
    def module(self) -> str:
        return self.columns[0].object.module if self.columns else ""

    @property
    def rows(self) -> list[str]:
        return list(dict.fromkeys(index for column in self.columns for index in column.values))


@dataclass
class Groups:
    groups: list[Group]
    unknown: dict[str, int]
    """Subtrees that no module knows: OID -> how many values the walk has there."""


def group(values: Mapping[str, SnmpValue], library: Library, roots: Iterable[Oid]) -> Groups:
    """Sorts the values below `roots` into groups, in the order of their OIDs."""
    wanted = set(roots)
    columns: dict[Oid, Column | None] = {}
    unknown: dict[str, int] = {}
    for oid, value in values.items():
        arcs = tuple(map(int, oid.split(".")))
        root = next((arcs[:length] for length in range(1, len(arcs) + 1) if arcs[:length] in wanted), None)
        if root is None:
            continue
        holder = library.holder(arcs)
        if holder is not None and holder not in columns:
            told = library.object(holder)
            columns[holder] = Column(told) if told is not None and told.type not in _NO_VALUES else None
        column = columns.get(holder) if holder is not None else None
        if column is None or holder is None:
            place = dotted(arcs[: min(len(arcs) - 1, len(root) + 3)] if holder is None else holder)
            unknown[place] = unknown.get(place, 0) + 1
            continue
        column.values[dotted(arcs[len(holder) :])] = value
    groups: dict[Oid, Group] = {}
    for holder, column in columns.items():
        if column is not None:
            _enter(groups, holder, column, library)
    return Groups([groups[oid] for oid in sorted(groups)], unknown)


_NO_VALUES = frozenset({"SEQUENCE OF", "SEQUENCE"})


def _enter(groups: dict[Oid, Group], holder: Oid, column: Column, library: Library) -> None:
    entry = holder[:-1]
    if entry not in groups:
        row = library.object(entry)
        table = library.object(entry[:-1])
        is_table = table is not None and table.type == "SEQUENCE OF"
        name = library.name(entry[:-1]) if is_table else library.name(entry)
        groups[entry] = Group(entry, name or f"group_{entry[-1]}", is_table, _index(row, library))
    groups[entry].columns.append(column)


def _index(row: MibObject | None, library: Library) -> tuple[str, ...]:
    """Index of a row; of one that augments another, that one's."""
    if row is None:
        return ()
    if row.augments:
        augmented = library.find(row.augments, row.module)
        return augmented.index if augmented is not None else ()
    return row.index


# values


def dotted(oid: Oid) -> str:
    return ".".join(map(str, oid))


def as_number(value: SnmpValue) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    text = as_text(value)
    try:
        return float(text) if text and len(text) < 20 else None
    except ValueError:
        return None


def as_text(value: SnmpValue) -> str:
    """Printable text of octets; empty for anything else. An OID or an address is no text."""
    if not isinstance(value, bytes):
        return ""
    try:
        text = value.rstrip(b"\0").decode("utf-8").strip()
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() else ""
