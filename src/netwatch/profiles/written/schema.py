"""What a profile file may hold, as its author sees it. The JSON Schema is made from these models."""

from __future__ import annotations

import keyword
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from netwatch.documents import Strict
from netwatch.model import DeviceKind, EntityKind, WitnessKind

__all__ = [
    "ColumnModel",
    "EntityModel",
    "HttpModel",
    "MatchModel",
    "PagesModel",
    "ParentModel",
    "ProfileModel",
    "ScalarModel",
    "SensorModel",
    "StateModel",
    "TableMode",
    "TableModel",
    "TableSource",
    "ValueModel",
]


class TableMode(StrEnum):
    """How often a table's rows come and go."""

    FIXED = "fixed"
    """Rows stay between discoveries: polled by exact OIDs."""
    CHURNING = "churning"
    """Rows come and go: walked at each poll."""
    SLOW = "slow"
    """Walked, but rarely: inventory."""


class TableSource(StrEnum):
    SNMP = "snmp"
    SSH = "ssh"
    HTTP_JSON = "http-json"


def _written(value: object) -> object:
    """A number written where an expression is expected is that constant."""
    return repr(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _usable(name: str) -> str:
    if keyword.iskeyword(name) or name == "index":
        raise ValueError(f"{name!r} is a reserved word, write {name}_ or another name")
    return name


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$"), AfterValidator(_usable)]
ProfileName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
Oid = Annotated[str, StringConstraints(pattern=r"^[0-2](\.\d+)+$")]
Arcs = Annotated[str, StringConstraints(pattern=r"^(\.\d+)+$|^[0-2](\.\d+)+$")]
Expr = Annotated[str, BeforeValidator(_written), Field(description="An expression, see docs/profiles.md")]
Text = Annotated[str, Field(description="Text with expressions in braces: Fan {index}")]
Texts = Annotated[list[Text], BeforeValidator(_listed), Field(min_length=1)]
Oids = Annotated[list[Oid], BeforeValidator(_listed), Field(min_length=1)]
Strings = Annotated[list[str], BeforeValidator(_listed), Field(min_length=1)]
EnumKey = int | str
Enum = dict[EnumKey, str]


class MatchModel(Strict):
    """One way to recognise a device; all that is given has to hold."""

    sys_object_id: Oids | None = Field(None, description="sysObjectID is one of these or below one of them")
    sys_object_id_exact: Oids | None = Field(None, description="sysObjectID is exactly one of these")
    sys_descr: str | None = Field(None, description="regular expression found in sysDescr")
    not_sys_descr: str | None = Field(None, description="regular expression not found in sysDescr")
    sys_name: str | None = Field(None, description="regular expression found in sysName")
    present: Oids | None = Field(None, description="each of these OIDs or subtrees answers")
    values: dict[Oid, str] | None = Field(None, description="OID -> regular expression found in its value")
    http_json: Strings | None = Field(None, description="each of these paths is answered with JSON over HTTP")
    http_host: str | None = Field(None, description="regular expression found in the host name of base_url")

    @model_validator(mode="after")
    def _not_empty(self) -> MatchModel:
        given = self.model_fields_set - {"not_sys_descr"}
        if not given:
            raise ValueError(
                "a match has at least one of sys_object_id, sys_descr, sys_name, present, values,"
                " http_json, http_host"
            )
        return self


class ScalarModel(Strict):
    """One value of the whole device."""

    oid: Oid
    static: bool = Field(False, description="read at discovery only, even where a polled value needs it")


class ColumnModel(Strict):
    """One column of a table."""

    oid: Arcs | int | None = Field(None, description="snmp: OID, or arcs below the table's oid")
    field: str | None = Field(None, description="ssh: field of the parsed rows")
    pointer: str | None = Field(None, description="http-json: JSON pointer within a row")
    bits: Literal[32, 64] | None = Field(None, description="width of a counter; required where it is one")
    static: bool | None = Field(None, description="true: read at discovery and kept; default: by use")


class ValueModel(Strict):
    """One reading of an entity."""

    value: Expr
    labels: dict[str, Text] = Field({}, description="row labels of the family; missing ones are empty")
    when: Expr | None = Field(None, description="the value holds only if this is true")
    origin: Name | None = Field(
        None, description="column to name as origin, if not the first in the expression"
    )


Values = dict[str, Expr | ValueModel | list[ValueModel]]


class ParentModel(Strict):
    kind: EntityKind
    key: Text


class EntityModel(Strict):
    """The entity that a row describes."""

    kind: EntityKind
    key: Texts | None = Field(
        None, description="natural key, the first known; default: the table and the index"
    )
    name: Texts | None = Field(None, description="display name, the first known; default: the key")
    index: Text | None = Field(None, description="row index to show; default: the row's own")
    root: bool = Field(False, description="kind device: the device that is asked itself")
    shared: bool = Field(False, description="several rows may describe the same entity")
    parent: ParentModel | None = Field(None, description="default: the device itself")
    where: Expr | None = Field(None, description="rows for which this is not true have no such entity")
    constant: dict[str, str] = Field({}, alias="is", description="facts as they stand: kind: wireless")
    facts: dict[str, Expr] = Field(default={})
    witnesses: dict[WitnessKind, Expr] = Field(default={})
    values: Values = Field(default={})


class SensorModel(Strict):
    """A sensor: a reading with a name and an entity of its own."""

    class_: str = Field(
        alias="class", description="temperature, voltage, fan_speed, ... see docs/profiles.md"
    )
    value: Expr
    name: Texts
    key: Texts | None = None
    index: Text | None = None
    where: Expr | None = Field(None, description="rows for which this is not true have no such sensor")
    when: Expr | None = Field(None, description="the value holds only if this is true")
    facts: dict[str, Expr] = Field(default={})
    origin: Name | None = None


class StateModel(Strict):
    """A sensor whose value is an enumeration: raw number, label, and ok, warning, critical or unknown."""

    value: Expr
    name: Texts
    map: Name | dict[EnumKey, str] = Field(
        description="raw value -> `level label`, as in `critical failed`; or the name of one of `states`"
    )
    default: Literal["ok", "warning", "critical", "unknown", "skip"] = Field(
        "unknown", description="for a raw value that the map lacks; skip: no sensor at all"
    )
    key: Texts | None = None
    index: Text | None = None
    where: Expr | None = Field(None, description="rows for which this is not true have no such sensor")
    when: Expr | None = Field(None, description="the value holds only if this is true")
    facts: dict[str, Expr] = Field(default={})
    origin: Name | None = None


Columns = dict[Name, int | str | ColumnModel]


class PagesModel(Strict):
    """How long lists come in pages."""

    by: Literal["link", "token", "offset", "page"] = Field(
        description="how the next page is found: by an address, a token, the number of items had, or of pages"
    )
    pointer: str = Field(
        "",
        description="JSON pointer to the token or the next address; without it the header Link",
    )
    parameter: str = Field("", description="query parameter for token, offset or page number")
    limit: str = Field("", description="query parameter for the items that a page shall have")
    size: int = Field(100, ge=1, le=10_000, description="items of a page")
    first: int = Field(1, ge=0, le=1, description="number of the first page")
    total: str = Field("", description="JSON pointer to the number of all items, or the header that tells it")

    @model_validator(mode="after")
    def _parameter_fits(self) -> PagesModel:
        if self.by != "link" and not self.parameter:
            raise ValueError(f"pages by {self.by} need `parameter`")
        if self.by == "token" and not self.pointer:
            raise ValueError("pages by token need `pointer`")
        return self


class HttpModel(Strict):
    """How the API of a profile wants to be asked."""

    base: str | None = Field(None, pattern="^(/.*[^/])?$", description="stands before every path: /api/v1")
    headers: dict[str, str] = Field({}, description="sent along; {token} stands for the target's token")
    pages: PagesModel | None = None
    rate: float | None = Field(None, gt=0, description="requests per second that the account bears")


class TableModel(Strict):
    """One table of one source, and what its rows become."""

    source: TableSource = TableSource.SNMP
    mode: TableMode = TableMode.FIXED
    interval: float | None = Field(None, ge=1, description="seconds between passes; default: the device's")
    max_rows: int = Field(5000, ge=1, le=200_000, description="budget: further rows are left out and told of")
    oid: Oid | None = Field(None, description="snmp: the entry that columns given as numbers are below")
    command: str | None = Field(None, description="ssh: command whose output a template parses")
    path: str | None = Field(
        None, description="http-json: path of the document; `*` or {pointer} for each member of a collection"
    )
    rows: str = Field("", description="http-json: JSON pointer to the list of rows; `*` for each of a list")
    body: dict[str, Any] | None = Field(
        None, description="http-json: sent as JSON with POST, instead of a GET"
    )
    pages: PagesModel | Literal[False] | None = Field(
        None, description="http-json: instead of the profile's; false: the document comes whole"
    )
    documents: int = Field(512, ge=1, le=20_000, description="http-json: documents that the path may lead to")
    columns: Columns = Field(default={})
    let: dict[Name, Expr] = Field({}, description="named expressions, also for look-ups into other tables")
    requires: Expr | None = Field(None, description="about scalars: the table is read only if this is true")
    where: Expr | None = Field(None, description="rows for which this is not true are skipped at discovery")
    contexts: Literal["vlan"] | None = Field(None, description="asked again in the context of each VLAN")
    entity: EntityModel | None = None
    entities: list[EntityModel] = Field([], description="where a row describes several")
    values: Values = Field({}, description="readings of the device itself")
    sensors: list[SensorModel] = Field(default=[])
    states: list[StateModel] = Field(default=[])

    @model_validator(mode="after")
    def _source_fits(self) -> TableModel:
        needed = {TableSource.SSH: "command", TableSource.HTTP_JSON: "path"}.get(self.source)
        if needed is not None and getattr(self, needed) is None:
            raise ValueError(f"source {self.source} needs {needed!r}")
        return self


class ProfileModel(Strict):
    """One device family."""

    profile: ProfileName
    description: str = ""
    include: list[ProfileName] = Field(
        ["standard"], description="profiles whose tables and scalars it takes over"
    )
    match: list[MatchModel] = Field([], description="any of these recognises it; none: only for `include`")
    attach: bool = Field(False, description="added to whatever other profile matches, instead of competing")
    priority: int = Field(0, ge=-100, le=100, description="before specificity; leave it at 0 where you can")
    kind: DeviceKind | None = None
    role: str | None = None
    vendor: str | None = None
    identity: dict[Name, Expr] = Field({}, description="facts of the device: model, version, serial, ...")
    witnesses: dict[WitnessKind, Expr] = Field(default={})
    http: HttpModel | None = Field(None, description="how the API wants to be asked over HTTP")
    scalars: dict[Name, Oid | ScalarModel] = Field(default={})
    enums: dict[Name, Enum] = Field({}, description="raw value -> label, for enum(x, name)")
    states: dict[Name, Enum] = Field({}, description="raw value -> `level label`, for `map`")
    tables: dict[Name, TableModel | None] = Field({}, description="null leaves out an included table")
