"""Inventory files, read into entries that still know which line they came from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from netwatch.config import DeviceDefaults
from netwatch.documents import Document, Strict, did_you_mean, dotted, read_yaml, validate
from netwatch.errors import ConfigError, Problem
from netwatch.inventory.models import (
    AssetEntry,
    CircuitEntry,
    DeviceEntry,
    InventoryFile,
    PlaceEntry,
    SysLocationEntry,
)
from netwatch.tables import read_table

__all__ = ["Located", "Raw", "Where", "read_source"]

T = TypeVar("T")
M = TypeVar("M", bound=Strict)

_LISTS = frozenset({"addresses", "reply_from", "credentials", "tags", "serves", "depends_on", "fed_by"})
_TABLES: Mapping[str, tuple[type[Strict], frozenset[str]]] = {
    "devices": (DeviceEntry, frozenset({"interface_speeds", "limits", "locations"})),
    "places": (PlaceEntry, frozenset({"places", "defaults"})),
    "assets": (AssetEntry, frozenset({"locations"})),
    "circuits": (CircuitEntry, frozenset()),
}
"""Model of a row by the word in the file's name, and the keys that don't fit into a cell."""


@dataclass(frozen=True, slots=True)
class Where:
    """The place of an entry in its file."""

    file: str
    document: Document | None = None
    path: tuple[str | int, ...] = ()
    line: int | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    """How the file calls the keys, where it has names of its own."""

    def problem(self, key: str | Sequence[str | int], message: str, hint: str = "") -> Problem:
        steps = (key,) if isinstance(key, str) else tuple(key)
        if self.document is not None:
            return self.document.problem((*self.path, *steps), message, hint)
        if steps and steps[0] in self.columns:
            steps = (self.columns[str(steps[0])], *steps[1:])
        return Problem(self.file, dotted(steps), message, hint, self.line)

    def __str__(self) -> str:
        line = self.line if self.document is None else self.document.line_of(self.path)
        return self.file if line is None else f"{self.file}:{line}"


@dataclass(frozen=True, slots=True)
class Located(Generic[T]):
    """An entry and where it stands."""

    entry: T
    where: Where
    defaults: DeviceDefaults | None = None
    """Devices: what the file says for all of its devices."""


@dataclass(slots=True)
class Raw:
    """Everything from all files, in their order."""

    places: list[Located[PlaceEntry]] = field(default_factory=list)
    devices: list[Located[DeviceEntry]] = field(default_factory=list)
    assets: list[Located[AssetEntry]] = field(default_factory=list)
    circuits: list[Located[CircuitEntry]] = field(default_factory=list)
    sys_location: list[Located[SysLocationEntry]] = field(default_factory=list)
    file_defaults: list[Located[DeviceDefaults]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_source(path: Path, raw: Raw) -> None:
    """Adds one file to `raw`: entries, or Problems. By its ending it is YAML or CSV."""
    try:
        if path.suffix.lower() == ".csv":
            _read_csv(path, raw)
        elif path.suffix.lower() in (".yaml", ".yml"):
            _read_yaml(path, raw)
        else:
            hint = "name it .yaml or .csv"
            raise ConfigError([Problem(str(path), "", "is neither YAML nor CSV by its name", hint)])
    except ConfigError as error:
        raw.problems.extend(error.problems)


def _read_yaml(path: Path, raw: Raw) -> None:
    document = read_yaml(path)
    file = validate(InventoryFile, document)

    def where(*steps: str | int) -> Where:
        return Where(document.file, document, steps)

    if file.defaults is not None:
        raw.file_defaults.append(Located(file.defaults, where("defaults")))
    raw.places += [Located(entry, where("places", row)) for row, entry in enumerate(file.places)]
    raw.devices += [
        Located(entry, where("devices", row), file.defaults) for row, entry in enumerate(file.devices)
    ]
    raw.assets += [Located(entry, where("assets", row)) for row, entry in enumerate(file.assets)]
    raw.circuits += [Located(entry, where("circuits", row)) for row, entry in enumerate(file.circuits)]
    raw.sys_location += [
        Located(entry, where("sys_location", row)) for row, entry in enumerate(file.sys_location)
    ]


def _read_csv(path: Path, raw: Raw) -> None:
    words = [word for word in _TABLES if word in re.split(r"[^a-z]+", path.stem.lower())]
    if len(words) != 1:
        message = "does not tell by its name what it holds"
        raise ConfigError(
            [Problem(str(path), "", message, "e.g. devices.csv, places-north.csv, assets.csv, circuits.csv")]
        )
    model, left_out = _TABLES[words[0]]
    rows: list[Any] = []
    problems: list[Problem] = []
    for line, cells in _rows(path, [name for name in model.model_fields if name not in left_out], problems):
        try:
            rows.append(Located(_row(model, str(path), cells), Where(str(path), line=line)))
        except ConfigError as error:
            problems.extend(replace(problem, line=line) for problem in error.problems)
    raw.problems.extend(sorted(problems, key=lambda problem: problem.line or 0))
    if not problems:
        getattr(raw, words[0]).extend(rows)


def _row(model: type[M], file: str, cells: Mapping[str, str]) -> M:
    data: dict[str, Any] = {}
    for name, text in cells.items():
        if name in _LISTS:
            data[name] = [part for part in re.split(r"[\s|]+", text) if part]
        elif name == "reachability":
            data[name] = {"method": text}
        else:
            data[name] = text
    return validate(model, Document(file, data, ""))


def _rows(path: Path, known: list[str], problems: list[Problem]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, cells that are not empty) of each row. What is wrong with the file goes into `problems`."""
    wrong: list[Problem] = []
    table = read_table(path, wrong)
    header = [cell.lower() for cell in table.header]
    if not header:
        problems += wrong
        if not wrong:
            hint = f"first line: {','.join(known[:3])} ..."
            problems.append(Problem(table.file, "", "has no header", hint))
        return
    found = list(_header_problems(table.file, table.line, header, known))
    if found:
        problems += found
        return
    problems += wrong
    for line, cells in table.rows:
        yield line, {name: cell for name, cell in zip(header, cells, strict=True) if cell}


def _header_problems(file: str, line: int, header: list[str], known: list[str]) -> Iterator[Problem]:
    for index, name in enumerate(header):
        if not name:
            yield Problem(file, "", f"column {index + 1} has no name", line=line)
        elif name not in known:
            yield Problem(file, "", f"unknown column {name!r}", did_you_mean(name, known), line)
        elif name in header[:index]:
            yield Problem(file, "", f"column {name!r} is there twice", line=line)
