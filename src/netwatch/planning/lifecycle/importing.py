"""Makers' lists of milestones (CSV) and catalogues of exploited flaws (JSON) as files of facts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from netwatch.documents import Document, validate
from netwatch.errors import ConfigError, Problem
from netwatch.planning.lifecycle.facts import Milestone, MilestoneKind
from netwatch.planning.voted import Confidence
from netwatch.tables import DateOrder, Table, ambiguous_day, map_columns, parse_day, read_table

__all__ = ["FactImport", "VendorList", "import_milestones", "write_facts"]

SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "vendor": ("manufacturer", "maker", "brand"),
    "sku": (
        *("part number", "product id", "pid", "product part number", "affected product part number"),
        *("eol product id", "order number", "product number", "item number", "affected part number"),
    ),
    "model": ("product", "product name", "model name", "affected product", "series", "product family"),
    "versions": ("version", "software version", "release", "firmware version"),
    MilestoneKind.ANNOUNCED: (
        *("announcement date", "end of life announcement date", "eol announcement date", "announced date"),
        *("external announcement date", "eox external announcement date", "announce date", "notice date"),
    ),
    MilestoneKind.END_OF_SALE: (
        *("end of sale date", "end of sales", "end of sales date", "eos", "eos date", "last order date"),
        *("last day to order", "last date to order", "end of sale (eos)", "end of availability"),
    ),
    MilestoneKind.END_OF_SOFTWARE_MAINTENANCE: (
        *("end of software maintenance date", "end of sw maintenance", "end of sw maintenance releases"),
        *("end of sw maintenance releases date", "end of software maintenance releases date"),
        *("end of engineering", "end of software support", "end of software engineering support"),
    ),
    MilestoneKind.END_OF_SECURITY_FIXES: (
        *("end of security fixes date", "end of security support", "end of security vul support date"),
        *("end of vulnerability/security support", "end of vulnerability security support date"),
        *("end of vulnerability or security support date", "last security update", "end of security updates"),
    ),
    MilestoneKind.LAST_CONTRACT_RENEWAL: (
        *("last contract renewal date", "end of service contract renewal", "last renewal date"),
        *("end of service contract renewal date", "last date to renew", "end of contract renewal"),
    ),
    MilestoneKind.LAST_DAY_OF_SUPPORT: (
        *("last date of support", "ldos", "end of support", "end of support date", "eosl", "eosl date"),
        *("end of service life", "end of service life date", "last day of support date", "end of service"),
    ),
    "bulletin": (
        *("bulletin number", "product bulletin number", "bulletin id", "eox bulletin", "eol bulletin"),
        *("announcement number", "field notice"),
    ),
    "source": ("url", "link", "bulletin url", "link to product bulletin url", "reference"),
    "checked_on": ("checked on", "last checked", "updated", "last updated", "updated time stamp"),
    "confidence": (),
}
"""Names of columns in makers' exports. `End of life` alone means one thing to one maker and another to the
next: whoever knows says so with --column."""

_NO_DATE = frozenset({"", "-", "--", "n/a", "na", "none", "null", "tbd", "tba", "not announced"})
_YEARS = range(1990, 2071)


@dataclass(frozen=True, slots=True)
class VendorList:
    """What a list does not say of itself."""

    vendor: str = ""
    """Maker of rows that name none."""
    source: str = ""
    """Where it comes from; without it the name of the file."""
    checked_on: date = date.min
    confidence: Confidence = "high"
    dates: DateOrder = DateOrder.ISO
    columns: Mapping[str, str] | None = None
    """Keys by header, said by a person."""


@dataclass(frozen=True, slots=True)
class FactImport:
    """Facts that are to be written."""

    text: str
    count: int
    ignored: tuple[str, ...] = ()
    """What was left out, for people."""


def import_milestones(path: Path, given: VendorList, known: Sequence[Milestone] = ()) -> FactImport:
    """Reads a list; each date of a row is a milestone. `known`: those of other files, which it must not
    contradict. Raises ConfigError with a Problem per cell."""
    problems: list[Problem] = []
    table = read_table(path, problems)
    columns, ignored = map_columns(table, SPELLINGS, given.columns or {}, problems)
    if not table.header and not problems:
        problems.append(Problem(table.file, "", "has no header", "the first line names the columns"))
    elif table.header:
        problems += _lacks(table, columns, given)
    reader = _Reader(table, columns, given, problems)
    found: list[tuple[int, Milestone]] = []
    for line, cells in table.rows:
        found += reader.milestones(line, cells)
    if not found and not problems:
        problems.append(Problem(table.file, "", "holds no date", "", table.line))
    rows = _agreeing(found, known, reader)
    if problems:
        raise ConfigError(sorted(problems, key=lambda one: one.line or 0))
    head = f"# Imported from {path.name} on {given.checked_on}. The next import of it replaces this file.\n"
    return FactImport(head + write_facts("milestones", map(_written, _joined(rows))), len(rows), ignored)


def _lacks(table: Table, columns: Mapping[str, int], given: VendorList) -> Iterable[Problem]:
    hint = "say which it is, e.g. --column 'NAME={}'"
    if not {"model", "sku"} & columns.keys():
        message = "has no column of models or order numbers"
        yield Problem(table.file, "", message, hint.format("model"), table.line)
    if not set(MilestoneKind) & columns.keys():
        kinds = ", ".join(MilestoneKind)
        message = f"has no column of a milestone ({kinds})"
        yield Problem(table.file, "", message, hint.format(MilestoneKind.LAST_DAY_OF_SUPPORT), table.line)
    if "vendor" not in columns and not given.vendor:
        yield Problem(table.file, "", "names no maker", "say --vendor NAME", table.line)


class _Reader:
    def __init__(
        self, table: Table, columns: Mapping[str, int], given: VendorList, problems: list[Problem]
    ) -> None:
        self._table = table
        self._columns = columns
        self._given = given
        self._problems = problems

    def milestones(self, line: int, cells: Sequence[str]) -> list[tuple[int, Milestone]]:
        """Those of one row; what is wrong with it goes into the problems, and then there are none."""
        before = len(self._problems)
        text = {key: cells[at] for key, at in self._columns.items()}
        names = [name for key in ("sku", "model") if (name := text.get(key, ""))]
        if not names:
            self.wrong(line, "model", "no model and no order number", "enter one of them, or delete the row")
        vendor = text.get("vendor", "") or self._given.vendor
        if not vendor and "vendor" in self._columns:
            self.wrong(line, "vendor", "no maker", "enter it, or say --vendor NAME")
        days = {kind: day for kind in MilestoneKind if (day := self._day(line, kind, text)) is not None}
        self._order(line, days)
        checked = self._day(line, "checked_on", text) or self._given.checked_on
        confidence = text.get("confidence", "").lower() or self._given.confidence
        facts: dict[str, Any] = {
            "vendor": _pattern(vendor) + ("" if "*" in vendor else "*"),
            "models": list(dict.fromkeys(map(_pattern, names))),
            "versions": [_pattern(one) for one in text.get("versions", "").split("|") if one.strip()],
            "bulletin": text.get("bulletin", ""),
            "source": text.get("source", "") or self._given.source or Path(self._table.file).name,
            "checked_on": checked,
            "confidence": confidence,
        }
        out: list[tuple[int, Milestone]] = []
        for kind, day in days.items():
            if len(self._problems) > before:
                break
            try:
                document = Document(self._table.file, {**facts, "milestone": kind, "date": day}, "")
                out.append((line, validate(Milestone, document)))
            except ConfigError as error:
                for one in error.problems:
                    self.wrong(line, one.path, one.message, one.hint)
        return [] if len(self._problems) > before else out

    def _day(self, line: int, key: str, text: Mapping[str, str]) -> date | None:
        cell = text.get(key, "")
        if cell.casefold() in _NO_DATE:
            return None
        try:
            day = parse_day(cell, self._given.dates)
        except ValueError:
            hint = "write it as YYYY-MM-DD"
            if self._given.dates is DateOrder.ISO and ambiguous_day(cell):
                hint += ", or say with --dates whether the month (mdy) or the day (dmy) stands first"
            self.wrong(line, key, f"expected a date, found {cell!r}", hint)
            return None
        if day.year not in _YEARS:
            self.wrong(line, key, f"{day} can't be", "is the year right?")
        return day

    def _order(self, line: int, days: Mapping[MilestoneKind, date]) -> None:
        first = days.get(MilestoneKind.END_OF_SALE)
        last = days.get(MilestoneKind.LAST_DAY_OF_SUPPORT)
        if first and last and last < first:
            message = f"{last} lies before the end of sale, {first}"
            self.wrong(line, MilestoneKind.LAST_DAY_OF_SUPPORT, message, "are the columns mixed up?")
        announced = days.get(MilestoneKind.ANNOUNCED)
        if announced and last and last < announced:
            message = f"{announced} lies after the last day of support, {last}"
            self.wrong(line, MilestoneKind.ANNOUNCED, message, "are the columns mixed up?")

    def wrong(self, line: int, key: str, message: str, hint: str = "") -> None:
        """Adds a problem at a cell."""
        at = self._columns.get(key)
        column = key if at is None else self._table.header[at]
        self._problems.append(Problem(self._table.file, column, message, hint, line))


def _agreeing(
    found: Sequence[tuple[int, Milestone]], known: Sequence[Milestone], reader: _Reader
) -> list[Milestone]:
    """Each milestone of a model once; two dates for one are a problem."""
    dates: dict[tuple[object, ...], tuple[str, date]] = {}
    for one in known:
        for key in _keys(one):
            dates.setdefault(key, (f"{one.bulletin or one.source} says so", one.on))
    out: list[Milestone] = []
    mine: set[tuple[object, ...]] = set()
    for line, one in found:
        new = False
        for key in _keys(one):
            where, day = dates.setdefault(key, (f"see line {line}", one.on))
            if day != one.on:
                message = f"{one.models[0]}: {one.on}, but {day} was given before"
                hint = f"{where}: keep the one with the better source"
                reader.wrong(line, one.milestone, message, hint)
                break
            new |= key not in mine
            mine.add(key)
        if new:
            out.append(one)
    return out


def _keys(one: Milestone) -> Iterable[tuple[object, ...]]:
    for model in one.models or ("",):
        yield one.vendor.lower().rstrip("*"), model.lower(), one.versions, one.milestone


def _joined(rows: Sequence[Milestone]) -> list[Milestone]:
    """Rows that differ in their models alone as one."""
    groups: dict[Milestone, list[str]] = {}
    for one in rows:
        groups.setdefault(one.model_copy(update={"models": ()}), []).extend(one.models)
    return [one.model_copy(update={"models": tuple(dict.fromkeys(names))}) for one, names in groups.items()]


def _written(one: Milestone) -> Mapping[str, Any]:
    return {
        "vendor": one.vendor,
        "models": list(one.models),
        "versions": list(one.versions),
        "milestone": one.milestone.value,
        "date": one.on,
        "bulletin": one.bulletin,
        "source": one.source,
        "checked_on": one.checked_on,
        "confidence": one.confidence,
    }


def write_facts(key: str, rows: Iterable[Mapping[str, Any]]) -> str:
    """One line of YAML per row, in the form of config/lifecycle; what is empty is left out."""
    lines = [
        "  - {" + ", ".join(f"{name}: {_scalar(value)}" for name, value in row.items() if value) + "}"
        for row in rows
    ]
    return f"{key}:\n" + "\n".join(lines) + "\n" if lines else f"{key}: []\n"


def _scalar(value: Any) -> str:
    """JSON is YAML, but for characters that YAML wants escaped, and for pairs of surrogates."""
    if isinstance(value, date):
        return value.isoformat()
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def _pattern(name: str) -> str:
    """A name as a shell pattern: `*` and `?` that a list brings are meant, brackets are not."""
    return name.strip().replace("[", "[[]")
