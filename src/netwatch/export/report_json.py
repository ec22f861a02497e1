"""A report as a JSON document, and back: the one form that is kept, handed out and compared."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from netwatch.errors import PlanningError
from netwatch.model import UNDER_FEW, Cell, EvidenceItem, Report, ReportColumn, ReportRow, Sheet, Show

__all__ = ["REPORT_SCHEMA", "canonical_json", "report_from_json", "report_to_json"]

REPORT_SCHEMA = "netwatch-report/1"
"""Version of the document; docs/planning-whatif.md describes it. A new key does not change it."""

_FORM = "netwatch-report/"
_WORDS = (Show.TEXT, Show.GRADE)
_MAY = ("aside", "blank", "metric")
"""Of a column, told where it is not empty."""
_LATEST = 253402300799.0
"""The last second of the year 9999."""

T = TypeVar("T")


def report_to_json(report: Report) -> dict[str, Any]:
    """The whole report as a JSON document, `REPORT_SCHEMA`.

    Cells are in base units under the key of their column; dates are ISO texts, unknown is null, and so is a
    number that is not finite. `at` is in UTC seconds; `at_iso` is for people.
    """
    return {
        "schema": REPORT_SCHEMA,
        "name": report.name,
        "title": report.title,
        "at": report.at,
        "at_iso": _iso(report.at),
        "policy": report.policy,
        "currency": report.currency,
        "simulated": report.simulated,
        "notes": list(report.notes),
        "sheets": [_sheet_json(sheet) for sheet in report.sheets],
    }


def canonical_json(document: Mapping[str, Any]) -> bytes:
    """The one way to write a document: the same document gives the same bytes. UTF-8, keys sorted."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


def report_from_json(document: Any) -> Report:
    """The report that `report_to_json` made the document from. Raises PlanningError with the place."""
    top = _mapping(document, "the document")
    schema = top.get("schema")
    if schema != REPORT_SCHEMA:
        newer = isinstance(schema, str) and schema.startswith(_FORM)
        remedy = "read it with the netwatch that wrote it, or a newer one" if newer else "name another file"
        raise PlanningError(f"schema: expected {REPORT_SCHEMA}, found {schema!r}: {remedy}")
    sheets = _each(top, "sheets", "", _sheet)
    return Report(
        name=_text(top, "name", ""),
        title=_text(top, "title", ""),
        at=_float(top, "at", ""),
        sheets=sheets,
        policy=_text(top, "policy", ""),
        currency=_text(top, "currency", ""),
        simulated=_typed(top, "simulated", "", bool),
        notes=_texts(top, "notes", ""),
    )


def _sheet_json(sheet: Sheet) -> dict[str, Any]:
    return {
        "name": sheet.name,
        "title": sheet.title,
        "notes": list(sheet.notes),
        "columns": [
            {
                "key": one.key,
                "title": one.title,
                "show": one.show.value,
                "help": one.help,
                "public": one.public,
                **{key: told for key in _MAY if (told := getattr(one, key))},
            }
            for one in sheet.columns
        ],
        "rows": [_row_json(row, sheet.columns) for row in sheet.rows],
    }


def _row_json(row: ReportRow, columns: Sequence[ReportColumn]) -> dict[str, Any]:
    return {
        "key": row.key,
        "cells": {one.key: _plain(cell) for one, cell in zip(columns, row.cells, strict=True)},
        "evidence": {
            one.key: [_evidence_json(item) for item in row.evidence[one.key]]
            for one in columns
            if one.key in row.evidence
        },
        "unknown": list(row.unknown),
    }


def _evidence_json(item: EvidenceItem) -> dict[str, Any]:
    return {
        "text": item.text,
        "source": item.source,
        "value": _finite(item.value),
        "unit": item.unit,
        "at": _finite(item.at),
    }


def _plain(cell: Cell) -> Any:
    if isinstance(cell, date):
        return cell.isoformat()
    return _finite(cell) if isinstance(cell, float) else cell


def _finite(value: float | None) -> float | None:
    return value if value is None or math.isfinite(value) else None


def _iso(at: float) -> str:
    if not 0 <= at <= _LATEST:
        return ""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _sheet(value: Any, where: str) -> Sheet:
    entry = _mapping(value, where)
    columns = _each(entry, "columns", where, _column)
    rows = _each(entry, "rows", where, lambda row, place: _row(row, place, columns))
    try:
        return Sheet(
            _text(entry, "name", where),
            _text(entry, "title", where),
            columns,
            rows,
            _texts(entry, "notes", where),
        )
    except ValueError as error:
        raise PlanningError(f"{where}: {error}") from None


def _column(value: Any, where: str) -> ReportColumn:
    entry = _mapping(value, where)
    show = _text(entry, "show", where)
    if show not in {one.value for one in Show}:
        known = ", ".join(Show)
        raise PlanningError(f"{where}.show: expected one of {known}, found {show!r}")
    return ReportColumn(
        _text(entry, "key", where),
        _text(entry, "title", where),
        Show(show),
        _text(entry, "help", where),
        _typed(entry, "public", where, bool),
        aside=_typed(entry, "aside", where, bool) if "aside" in entry else False,
        blank=_typed(entry, "blank", where, str) if "blank" in entry else "",
        metric=_typed(entry, "metric", where, str) if "metric" in entry else "",
    )


def _row(value: Any, where: str, columns: Sequence[ReportColumn]) -> ReportRow:
    entry = _mapping(value, where)
    cells = _mapping(entry.get("cells"), f"{where}.cells")
    keys = {one.key for one in columns}
    for key in cells:
        if key not in keys:
            raise PlanningError(f"{where}.cells: no column {key!r}")
    told = _mapping(entry.get("evidence"), f"{where}.evidence")
    return ReportRow(
        _text(entry, "key", where),
        tuple(_cell(cells.get(one.key), one, f"{where}.cells.{one.key}") for one in columns),
        {key: _each(told, key, f"{where}.evidence", _evidence) for key in told},
        _texts(entry, "unknown", where),
    )


def _cell(value: Any, column: ReportColumn, where: str) -> Cell:
    """Only the column tells a date from a text that looks like one."""
    show = column.show
    if value is None:
        return None
    if show is Show.DATE:
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            raise PlanningError(f"{where}: expected a date such as 2027-01-31, found {value!r}") from None
    if show in _WORDS:  # a column of words may hold a number, too: a list of settings
        good = isinstance(value, str | int | float)
    elif show is Show.YES:
        good = isinstance(value, bool)
    else:
        good = isinstance(value, int | float) and not isinstance(value, bool)
    good = good or (show is Show.COUNT and value == UNDER_FEW)
    if not good or (isinstance(value, float) and not math.isfinite(value)):
        raise PlanningError(f"{where}: expected {show.value}, found {value!r}")
    return value  # type: ignore[no-any-return]


def _evidence(value: Any, where: str) -> EvidenceItem:
    entry = _mapping(value, where)
    return EvidenceItem(
        text=_text(entry, "text", where),
        source=_text(entry, "source", where),
        value=None if entry.get("value") is None else _number(entry, "value", where),
        unit=_text(entry, "unit", where),
        at=None if entry.get("at") is None else _float(entry, "at", where),
    )


def _each(entry: Mapping[str, Any], key: str, where: str, build: Callable[[Any, str], T]) -> tuple[T, ...]:
    path = _path(where, key)
    values: Sequence[Any] = _typed(entry, key, where, list)
    return tuple(build(value, f"{path}[{place}]") for place, value in enumerate(values))


def _texts(entry: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    def one(value: Any, place: str) -> str:
        if not isinstance(value, str):
            raise PlanningError(f"{place}: expected text, found {type(value).__name__}")
        return value

    return _each(entry, key, where, one)


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise PlanningError(f"{where}: expected a mapping, found {type(value).__name__}")
    return value


def _typed(entry: Mapping[str, Any], key: str, where: str, kind: type[T]) -> T:
    value = entry.get(key)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise PlanningError(f"{_path(where, key)}: expected {kind.__name__}, found {type(value).__name__}")
    return value


def _text(entry: Mapping[str, Any], key: str, where: str) -> str:
    return _typed(entry, key, where, str)


def _number(entry: Mapping[str, Any], key: str, where: str) -> float:
    """As it stands there: a count stays whole."""
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise PlanningError(f"{_path(where, key)}: expected a number, found {value!r}")
    return value


def _float(entry: Mapping[str, Any], key: str, where: str) -> float:
    return float(_number(entry, key, where))


def _path(where: str, key: str) -> str:
    return f"{where}.{key}".lstrip(".")
