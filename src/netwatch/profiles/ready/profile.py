"""Profiles ready for use: expressions compiled, families resolved. Everything here can be pickled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from netwatch.model import EntityKind, FamilyType, HttpRequest, Paging, WitnessKind
from netwatch.profiles.language.expression import Expression
from netwatch.profiles.language.template import Template
from netwatch.profiles.ready.requests import NO_MANNERS, Manners, request_to
from netwatch.profiles.written.schema import TableMode, TableSource

__all__ = [
    "Column",
    "EntityRule",
    "Level",
    "Match",
    "Part",
    "Profile",
    "Recognised",
    "Scalar",
    "SensorRule",
    "Table",
    "ValueRule",
]

Texts = tuple[Template, ...]


@dataclass(frozen=True, slots=True)
class Column:
    at: str
    """Full OID without index; textfsm field; JSON pointer."""
    bits: int | None
    static: bool | None


@dataclass(frozen=True, slots=True)
class Scalar:
    oid: str
    static: bool


@dataclass(frozen=True, slots=True)
class Level:
    """What one raw value of a state means."""

    level: str
    """ok, warning, critical or unknown."""
    label: str


@dataclass(frozen=True, slots=True)
class ValueRule:
    family: str
    type: FamilyType
    value: Expression
    labels: tuple[Template | str, ...]
    """In the catalogue's order."""
    when: Expression | None
    origins: tuple[str, ...]
    """Columns or scalars: the first that the row has is where the value was read."""


@dataclass(frozen=True, slots=True)
class EntityRule:
    kind: EntityKind
    key: Texts
    """Empty: the table's name and the index; for the device itself unused."""
    name: Texts
    index: Template | None
    root: bool
    shared: bool
    parent: tuple[EntityKind, Template] | None
    where: Expression | None
    constant: Mapping[str, str]
    facts: tuple[tuple[str, Expression], ...]
    witnesses: tuple[tuple[WitnessKind, Expression], ...]
    values: tuple[ValueRule, ...]


@dataclass(frozen=True, slots=True)
class SensorRule:
    """A sensor or, with `levels`, a state."""

    ident: str
    """Unique in the table; part of the default key."""
    value: ValueRule
    name: Texts
    key: Texts
    index: Template | None
    facts: tuple[tuple[str, Expression], ...]
    where: Expression | None
    class_: str
    levels: Mapping[int | str, Level] | None = None
    default: str = "unknown"


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a profile."""

    name: str
    profile: str
    """Where it was written; an including profile has it too."""
    source: TableSource
    mode: TableMode
    interval: float | None
    max_rows: int
    command: str
    path: str
    rows: str
    body: str
    """http-json: JSON for a POST; empty for a GET."""
    paging: Paging | None
    """Instead of the profile's."""
    paged: bool
    documents: int
    contexts: str
    columns: Mapping[str, Column]
    let: Mapping[str, Expression]
    requires: Expression | None
    where: Expression | None
    entities: Sequence[EntityRule]
    """Like the next one a tuple, or one that is yet to be made."""
    sensors: Sequence[SensorRule]
    polled: frozenset[str]
    """Names (columns, scalars; definitions resolved) that values need at each poll."""
    references: frozenset[tuple[str, str]]
    """(table, column) of other tables that it looks into, definitions resolved within this table."""
    polled_references: frozenset[tuple[str, str]]
    """Those of them that values need at each poll."""


@dataclass(frozen=True, slots=True)
class Match:
    """One alternative, see MatchModel."""

    below: tuple[str, ...]
    exact: tuple[str, ...]
    sys_descr: str
    not_sys_descr: str
    sys_name: str
    present: tuple[str, ...]
    values: tuple[tuple[str, str], ...]
    http_json: tuple[HttpRequest, ...] = ()
    http_host: str = ""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What of a profile is looked at before it is known whether a device is of its kind."""

    name: str
    attach: bool
    priority: int
    match: tuple[Match, ...]
    includes: tuple[str, ...]
    """All that it includes, and what those include."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one file says by itself. `netwatch.profiles.ready.merge.inherit` puts it over what it includes."""

    name: str
    file: str
    description: str
    attach: bool
    priority: int
    match: tuple[Match, ...]
    include: tuple[str, ...]
    """The profiles that it stands on, in order; those that the file names and that are there."""
    constant: Mapping[str, str]
    identity: Mapping[str, Expression]
    witnesses: Mapping[WitnessKind, Expression]
    scalars: Mapping[str, Scalar]
    enums: Mapping[str, Mapping[int | str, str]]
    """By raw value as a number and as text: agents send both."""
    tables: Mapping[str, Table | None]
    """None: an included table that is left out."""
    http: Manners = NO_MANNERS
    """With what the included ones say."""


@dataclass(frozen=True)
class Profile:
    """One profile with all that it includes."""

    name: str
    file: str
    description: str
    attach: bool
    priority: int
    match: tuple[Match, ...]
    constant: Mapping[str, str]
    """kind, role and vendor as written."""
    identity: Mapping[str, tuple[Expression, ...]]
    """By fact: own expression first, then those of the included profiles; the first known counts."""
    witnesses: Mapping[WitnessKind, tuple[Expression, ...]]
    scalars: Mapping[str, Scalar]
    enums: Mapping[str, Mapping[int | str, str]]
    tables: Mapping[str, Table]
    includes: tuple[str, ...] = field(default=())
    left_out: frozenset[str] = field(default=frozenset())
    """Tables that it takes away from whatever is included before it."""
    http: Manners = NO_MANNERS

    def request(self, table: Table) -> HttpRequest:
        """What a table of source http-json asks for."""
        return request_to(
            self.http,
            table.path,
            rows=table.rows,
            body=table.body,
            paging=table.paging,
            paged=table.paged,
            most=table.documents,
        )

    @property
    def recognised(self) -> Recognised:
        return Recognised(self.name, self.attach, self.priority, self.match, self.includes)

    @cached_property
    def identity_references(self) -> frozenset[str]:
        """Tables that the identity looks into."""
        return frozenset(
            table
            for expressions in (*self.identity.values(), *self.witnesses.values())
            for expression in expressions
            for table, _ in expression.references
        )
