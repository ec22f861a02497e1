"""Registers of assets from elsewhere, taken over as a whole or not at all."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from netwatch.config import Settings
from netwatch.documents import Document, did_you_mean, validate
from netwatch.errors import ConfigError, InventoryError, Problem
from netwatch.inventory.columns import SPELLINGS, cell_value
from netwatch.inventory.load import assemble, read_raw
from netwatch.inventory.models import AssetEntry, AssetFacts
from netwatch.inventory.sources import Located, Raw, Where
from netwatch.inventory.tree import Tree, build_tree
from netwatch.model import EntityId, PlaceId, Places
from netwatch.tables import DateOrder, map_columns, read_table

__all__ = ["AssetImport", "AssetRow", "KnownModels", "check_rows", "import_assets"]


@dataclass(frozen=True, slots=True)
class AssetRow:
    """Cells of one asset, by key, in the words of an inventory file."""

    cells: Mapping[str, str]
    line: int | None = None
    """Where it stands in its file."""
    label: str = ""
    """What to call it where it stands in no file."""


@dataclass(frozen=True, slots=True)
class KnownModels:
    """Models that somebody knows: those of the inventory are added."""

    knows: Callable[[str, Sequence[str]], bool] = lambda _vendor, _names: False
    """Whether facts of lifecycles speak of a vendor's model or SKU."""
    names: Collection[str] = ()
    """Further names, for look-ups and for what was probably meant."""


@dataclass(frozen=True, slots=True)
class AssetImport:
    """What is to be written, and what was told on the way."""

    rows: tuple[Mapping[str, str], ...]
    warnings: tuple[Problem, ...]
    ignored: tuple[str, ...] = ()
    """Columns that mean nothing here."""

    def text(self) -> str:
        """A CSV file of the inventory. The same rows give the same text."""
        keys = [key for key in SPELLINGS if any(key in row for row in self.rows)]
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, keys or ["serial"], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return out.getvalue()


def import_assets(
    path: Path,
    settings: Settings,
    known: KnownModels,
    *,
    out: Path | None = None,
    dates: DateOrder = DateOrder.ISO,
    columns: Mapping[str, str] | None = None,
    strict: bool = False,
) -> AssetImport:
    """Reads a CSV with any common names of columns and checks it against the inventory that is there; `out`,
    which it will replace, is left aside. `columns`: keys by header. Raises InventoryError with a Problem per
    cell; with `strict` an unknown model is one."""
    problems: list[Problem] = []
    table = read_table(path, problems)
    if not table.header and not problems:
        problems.append(Problem(table.file, "", "has no header", "the first line names the columns"))
    found, ignored = map_columns(table, SPELLINGS, columns or {}, problems)
    if table.header and not {"serial", "asset_tag"} & found.keys():
        hint = "say which it is: --column 'NAME=serial'"
        problems.append(Problem(table.file, "", "has no column of serial numbers or tags", hint, table.line))
    rows = []
    headers = {key: table.header[at] for key, at in found.items()}
    for line, cells in table.rows:
        row: dict[str, str] = {}
        for key, at in found.items():
            try:
                row[key] = cell_value(key, cells[at], dates)
            except ValueError as error:
                message, hint = error.args
                problems.append(Problem(table.file, headers[key], message, hint, line))
        rows.append(AssetRow(row, line))
    if table.header and not table.rows and not problems:
        problems.append(Problem(table.file, "", "holds no rows", "", table.line))
    checked = check_rows(rows, table.file, settings, known, problems, out=out, headers=headers, strict=strict)
    return replace(checked, ignored=ignored)


def check_rows(
    rows: Iterable[AssetRow],
    file: str,
    settings: Settings,
    known: KnownModels,
    problems: list[Problem],
    *,
    out: Path | None = None,
    headers: Mapping[str, str] | None = None,
    strict: bool = False,
) -> AssetImport:
    """Rows as they will stand in the inventory. `problems` found so far join what is found here. Raises
    InventoryError."""
    raw = read_raw(settings, out)
    names = _Names(raw, settings)
    taken: list[Mapping[str, str]] = []
    entries: list[Located[AssetEntry]] = []
    strangers = 0
    for row in rows:
        where = Where(
            file if row.line is not None else f"{file}: {row.label}", line=row.line, columns=headers or {}
        )
        cells = {key: text for key, text in row.cells.items() if text}
        names.resolve(cells)
        if row.line is None:
            strangers += names.adapt(cells)
        if not cells.get("serial") and not cells.get("asset_tag"):
            problems.append(where.problem("serial", "has neither serial number nor tag", "enter one of them"))
        entries.append(Located(_entry(cells, file, where, problems), where))
        taken.append(cells)
    models = _Models(raw, known)
    raw.assets += entries
    try:
        loaded = assemble(raw, settings, lambda device: EntityId(device.name))
        warnings = [one for one in loaded.warnings if one.file.startswith(file)]
    except InventoryError as error:
        problems += error.problems
        warnings = []
    unknown = [found for one in entries if (found := models.unknown(one)) is not None]
    if strict:
        problems += unknown
    if problems:
        order = sorted(dict.fromkeys(problems), key=lambda one: (one.file != file, one.line or 0))
        raise InventoryError(order)
    names_of = f"name{'s' * (strangers > 1)} of {strangers} device{'s' * (strangers > 1)}"
    left = (f"{names_of} that the inventory does not list",) if strangers else ()
    return AssetImport(tuple(taken), (*warnings, *unknown), left)


def _entry(cells: Mapping[str, str], file: str, where: Where, problems: list[Problem]) -> AssetEntry:
    """What is wrong goes into the problems and is left out, so that the rest of the row is looked at too."""
    try:
        return validate(AssetEntry, Document(file, dict(cells), ""))
    except ConfigError as error:
        problems += [where.problem(one.path, one.message, one.hint) for one in error.problems]
        wrong = {one.path for one in error.problems}
        left = {key: text for key, text in cells.items() if key not in wrong}
        return validate(AssetEntry, Document(file, left, ""))


class _Names:
    """Devices and places by the names that people use."""

    def __init__(self, raw: Raw, settings: Settings) -> None:
        self._devices = {one.entry.name.casefold(): one.entry.name for one in raw.devices}
        self._tree: Tree = build_tree(raw.places, settings.district, None)
        self._district = settings.district.slug
        self._places: dict[str, set[PlaceId]] = {}
        places: Places = self._tree.places()
        for place in places.by_id.values():
            path = places.path(place.id)
            for depth in range(len(path)):
                for words in ([one.name for one in path[depth:]], [str(path[-1].id).rpartition("/")[2]]):
                    self._places.setdefault(_words("/".join(words)), set()).add(place.id)

    def resolve(self, cells: dict[str, str]) -> None:
        """Writes names as the inventory does. Capital letters don't matter; a place may be given by names:
        `Lincoln Elementary / Room 201`. What is not known stays as it is, to be told."""
        device = cells.get("device", "")
        if device and device.casefold() in self._devices:
            cells["device"] = self._devices[device.casefold()]
        place = cells.get("place", "")
        if place and self._tree.find(place) is None:
            found = self._places.get(_words(place), set())
            if len(found) == 1:
                cells["place"] = next(iter(found)).removeprefix(f"{self._district}/")

    def adapt(self, cells: dict[str, str]) -> bool:
        """For another system's records, which know more than is watched: a device that is not in the
        inventory fills no function there (returns True), and a location that is not known becomes the nearest
        place above it."""
        site, _, location = cells.get("place", "").partition("/")
        root = self._tree.find(site) if site else None
        if root is not None and location and self._tree.find(cells["place"]) is None:
            slug = location.rpartition("/")[2]
            below = [one for one in self._places.get(_words(slug), ()) if one.startswith(f"{root}/")]
            place = below[0] if len(below) == 1 else root
            cells["place"] = place.removeprefix(f"{self._district}/")
        if cells.get("device") and cells["device"].casefold() not in self._devices:
            del cells["device"]
            return True
        return False


def _words(text: str) -> str:
    return "/".join(" ".join(part.casefold().split()) for part in text.replace(">", "/").split("/"))


class _Models:
    def __init__(self, raw: Raw, known: KnownModels) -> None:
        self._known = known
        self._names: dict[str, str] = {}
        for name in known.names:
            self._names.setdefault(name.casefold(), name)
        facts: list[AssetFacts] = [one.entry for one in raw.devices]
        facts += [one.entry for one in raw.assets]
        for entry in facts:
            for name in filter(None, (entry.model, entry.sku)):
                self._names.setdefault(name.casefold(), name)
        self._hints: dict[str, str] = {}

    def unknown(self, one: Located[AssetEntry]) -> Problem | None:
        entry = one.entry
        names = [name for name in (entry.model, entry.sku) if name]
        if not names or any(name.casefold() in self._names for name in names):
            return None
        if self._known.knows(entry.vendor, names):
            return None
        key = "model" if entry.model else "sku"
        hint = self._hints.get(names[0], "")
        if not hint:
            hint = self._hints[names[0]] = did_you_mean(names[0], self._names.values())
        if not hint.startswith("did you mean"):
            hint = "no device, no lifecycle and no maker's list knows it: is it spelt as on the label?"
        return one.where.problem(key, f"unknown model {names[0]!r}", hint)
