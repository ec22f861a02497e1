"""The YAML of the simulator: templates of devices, the MIB objects that they show, the district."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, model_validator

from netwatch.documents import Document, Strict, did_you_mean, parse_yaml, read_yaml, validate
from netwatch.errors import ConfigError, Problem
from netwatch.model import DeviceKind, UsmAuth, UsmPrivacy
from netwatch.simulate.values import compile_column, compile_text

__all__ = [
    "ConditionSpec",
    "DistrictFile",
    "Library",
    "MibSpec",
    "PartSpec",
    "RowSpec",
    "SchoolSpec",
    "SeriesSpec",
    "TableSpec",
    "TemplateSpec",
    "load_library",
]

Scalar = str | int | float | bool
Attribute = Scalar | dict[str, Any] | list[Any]
"""A constant, or `{load|rate|choice|pattern|mac: ...}`, docs/simulation.md."""


class RowSpec(Strict):
    """`count` rows of a group, numbered {n} from `first`; further keys are attributes."""

    model_config = ConfigDict(extra="allow", frozen=True)
    count: int = Field(1, ge=0)
    first: int = 1
    use: str = ""
    """Ports only: up, down or edge: what the topology may put there."""
    failed: dict[str, Scalar] = Field(default_factory=dict)
    """Attributes that change when a planted condition breaks this row."""
    failing: bool = True
    """False for rows that a condition shall not break."""

    @property
    def attributes(self) -> dict[str, Attribute]:
        return dict(self.__pydantic_extra__ or {})


class TableSpec(Strict):
    """A conceptual table: one row per row of a group."""

    rows: str
    entry: str
    """OID of the entry; the column's number and the index follow."""
    index: str = "{index}"
    where: str = ""
    """Attribute that must be true (not 0, not empty) for a row to appear."""
    columns: dict[int, str]

    @model_validator(mode="after")
    def _compiles(self) -> TableSpec:
        compile_text(self.index)
        for column in self.columns.values():
            compile_column(column)
        return self


class MibSpec(Strict):
    objects: dict[str, str] = Field(default_factory=dict)
    """Scalars: OID with its .0, and the value."""
    tables: tuple[TableSpec, ...] = ()
    defaults: dict[str, dict[str, Attribute]] = Field(default_factory=dict)
    """Attributes that rows of a group have unless they say otherwise."""

    @model_validator(mode="after")
    def _compiles(self) -> MibSpec:
        for column in self.objects.values():
            compile_column(column)
        return self


class SeriesSpec(Strict):
    """How history of a family is made from a group's attributes."""

    family: str
    rows: str
    key: str
    """Natural key of the entity, with {attributes}."""
    value: str
    """Expression over attributes, in the family's unit (a counter's rate per second)."""
    labels: tuple[str, ...] = ()
    where: str = ""
    parent_key: str = ""


class TemplateSpec(MibSpec):
    """One model of gear."""

    extends: str = ""
    kind: DeviceKind = DeviceKind.OTHER
    role: str = ""
    vendor: str = ""
    model: str = ""
    version: str = ""
    sys_object_id: str = ""
    sys_descr: str = ""
    serial: str = "SIM########"
    """Pattern: # digit, @ letter, % hexadecimal digit."""
    oui: str = "02:00:00"
    """First half of the MAC addresses."""
    facts: dict[str, Attribute] = Field(default_factory=dict)
    mibs: tuple[str, ...] = ()
    rows: dict[str, tuple[RowSpec, ...]] = Field(default_factory=dict)
    history: tuple[SeriesSpec, ...] = ()
    installed: date | None = None
    """Typical purchase; devices spread over a year around it."""
    cost: float | None = None
    """Invented price in USD."""
    version_3: bool = True
    """False for gear that speaks no SNMPv3."""
    without: tuple[str, ...] = ()
    """Inherited MIBs that this model does not have."""


class PartSpec(Strict):
    """`count` devices of a template at each school of a level, or at the district's office."""

    template: str | tuple[str, ...]
    """More than one are taken in turn."""
    name: str
    count: int | dict[str, int] = 1
    """Per school, or by level."""
    per: int = 0
    """One more for so many devices of the whole district."""
    every: int = 1
    """At every n-th school only."""
    place: str = "mdf"
    attach: str = "core"
    """Role of the device in the same school that it hangs on; `none` for the top of the tree."""
    fill: bool = False
    """Takes up whatever is missing to the wanted number of devices."""


class SchoolSpec(Strict):
    name: str
    slug: str
    level: str


class LevelSpec(Strict):
    enrolment: int
    staff: int
    classrooms: int
    wings: int
    access_points: int


class UserSpec(Strict):
    name: str
    auth: UsmAuth
    auth_password: str
    privacy: UsmPrivacy
    privacy_password: str


class ConditionSpec(Strict):
    """Something wrong that is planted; what the actions do is in `conditions.py`."""

    name: str
    action: str
    school: int | None = None
    """Number of the school, from 0; None for the district's office."""
    role: str = ""
    template: str = ""
    nth: int = 0
    group: str = ""
    row: int = 0
    values: dict[str, float] = Field(default_factory=dict)
    see: tuple[str, ...] = ()
    """What a monitor must show, as expressions over families: for people and for checks."""


class CarrierSpec(Strict):
    """Whose lines the schools' cores hang on. Lines to the world are told at the ports they end in, by the
    attributes `circuit`, `carrier` and `committed` (bits per second)."""

    carrier: str
    phone: str
    monthly_cost: float


class DistrictFile(Strict):
    name: str
    slug: str
    timezone: str = "America/Chicago"
    contact: str = "helpdesk@district.example"
    community: str = "public"
    users: tuple[UserSpec, ...] = ()
    version_3_every: int = 10
    """Every n-th device that can is asked with SNMPv3."""
    week: dict[str, tuple[tuple[str, float], ...]]
    """Bell schedule by `weekday` and `weekend`: (HH:MM, load 0 to 1)."""
    holidays: tuple[tuple[str, str], ...] = ()
    """Spans of MM-DD without school, both ends included; summer is one of them."""
    growth: float = 0.15
    """Of traffic and clients per year, in the history."""
    levels: dict[str, LevelSpec]
    schools: tuple[SchoolSpec, ...]
    office: tuple[PartSpec, ...]
    school: tuple[PartSpec, ...]
    access_point: dict[str, Any]
    """Attributes of access points, as rows of the group `aps`."""
    wan: CarrierSpec | None = None
    conditions: tuple[ConditionSpec, ...] = ()


class _File(Strict):
    mibs: dict[str, MibSpec] = Field(default_factory=dict)
    templates: dict[str, TemplateSpec] = Field(default_factory=dict)


class Library(Strict):
    """Everything that was described, with references checked and templates completed."""

    mibs: dict[str, MibSpec]
    templates: dict[str, TemplateSpec]
    district: DistrictFile


def load_library(extra: Path | None = None) -> Library:
    """The shipped description, or a folder of `*.yaml`, of which district.yaml may be left out.

    Raises ConfigError.
    """
    documents = _shipped() if extra is None else [read_yaml(path) for path in sorted(extra.glob("*.yaml"))]
    if not documents:
        raise ConfigError([Problem(str(extra), "", "expected a folder that holds *.yaml")])
    if extra is not None and not any(Path(one.file).name == "district.yaml" for one in documents):
        documents += [one for one in _shipped() if one.file == "district.yaml"]
    mibs: dict[str, MibSpec] = {}
    templates: dict[str, TemplateSpec] = {}
    district: tuple[DistrictFile, Document] | None = None
    problems: list[Problem] = []
    origin: dict[str, Document] = {}
    for document in documents:
        try:
            if Path(document.file).name == "district.yaml":
                district = validate(DistrictFile, document), document
                continue
            part = validate(_File, document)
        except ConfigError as error:
            problems += error.problems
            continue
        mibs |= part.mibs
        templates |= part.templates
        origin |= dict.fromkeys(part.templates, document)
    if not problems and district is not None:
        problems += _dangling(mibs, templates, origin) + _unknown_parts(*district, templates)
    if problems or district is None:
        raise ConfigError(problems or "district.yaml is missing")
    complete = {name: _complete(name, templates) for name in templates}
    return Library(mibs=mibs, templates=complete, district=district[0])


def _shipped() -> list[Document]:
    folder = resources.files("netwatch.simulate") / "data"
    files = sorted((one for one in folder.iterdir() if one.name.endswith(".yaml")), key=lambda one: one.name)
    return [parse_yaml(one.read_text(encoding="utf-8"), one.name) for one in files]


def _dangling(
    mibs: dict[str, MibSpec], templates: dict[str, TemplateSpec], origin: dict[str, Document]
) -> list[Problem]:
    problems: list[Problem] = []
    for name, template in templates.items():
        document = origin[name]
        for number, mib in enumerate(template.mibs):
            if mib not in mibs:
                path: list[str | int] = ["templates", name, "mibs", number]
                problems.append(document.problem(path, f"no MIB {mib!r}", did_you_mean(mib, mibs)))
        seen = [name]
        while templates[seen[-1]].extends:
            parent = templates[seen[-1]].extends
            if parent not in templates or parent in seen:
                hint = did_you_mean(parent, set(templates) - {name})
                problems.append(
                    document.problem(["templates", name, "extends"], f"no template {parent!r}", hint)
                )
                break
            seen.append(parent)
    return problems


def _unknown_parts(
    district: DistrictFile, document: Document, templates: dict[str, TemplateSpec]
) -> list[Problem]:
    problems: list[Problem] = []
    for section, parts in (("office", district.office), ("school", district.school)):
        for number, part in enumerate(parts):
            for name in names_of(part):
                if name not in templates:
                    path: list[str | int] = [section, number, "template"]
                    problems.append(
                        document.problem(path, f"no template {name!r}", did_you_mean(name, templates))
                    )
    for number, school in enumerate(district.schools):
        if school.level not in district.levels:
            hint = did_you_mean(school.level, district.levels)
            problems.append(
                document.problem(["schools", number, "level"], f"no level {school.level!r}", hint)
            )
    return problems


def names_of(part: PartSpec) -> tuple[str, ...]:
    return (part.template,) if isinstance(part.template, str) else part.template


def _complete(name: str, templates: dict[str, TemplateSpec]) -> TemplateSpec:
    """A template with what it inherits: mappings and lists are joined, all else is replaced."""
    chain = [name]
    while templates[chain[-1]].extends:
        chain.append(templates[chain[-1]].extends)
    merged: dict[str, Any] = {}
    for one in reversed(chain):
        own = templates[one]
        for field in own.model_fields_set:
            value = getattr(own, field)
            if field in ("mibs", "tables", "history"):
                value = tuple(_unique([*merged.get(field, ()), *value]))
            elif isinstance(value, dict):
                value = {**merged.get(field, {}), **value}
            merged[field] = value
    return TemplateSpec.model_construct(**{**_defaults(), **merged})


def _unique(values: Iterable[Any]) -> list[Any]:
    out: list[Any] = []
    for value in values:
        if value not in out:
            out.append(value)
    return out


def _defaults() -> dict[str, Any]:
    return {
        name: field.get_default(call_default_factory=True)
        for name, field in TemplateSpec.model_fields.items()
    }
