"""A sheet of a report as Parquet: typed columns for programs that analyse."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

from netwatch.errors import MissingExtra
from netwatch.export.cells import is_unknown, iso
from netwatch.model import UNDER_FEW, Cell, Report, ReportColumn, Sheet, Show

__all__ = ["report_parquet"]

_WORDS = (Show.TEXT, Show.GRADE)


def report_parquet(report: Report, sheet: Sheet | None = None, limit: int | None = None) -> bytes:
    """The first sheet, or another one. Columns are named by their keys; unknown is null. The same report
    gives the same bytes. Raises MissingExtra without pyarrow."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtra("pyarrow", "parquet") from None
    sheet = report.sheets[0] if sheet is None else sheet
    rows = sheet.rows[:limit]
    arrays, fields = [], []
    for place, column in enumerate(sheet.columns):
        cells = [row.cells[place] for row in rows]
        kind = _type(pyarrow, column, cells)
        arrays.append(pyarrow.array([_value(cell, column.show) for cell in cells], type=kind))
        fields.append(pyarrow.field(_clean(column.key), kind))
    told = {
        "report": report.name,
        "sheet": sheet.name,
        "policy": report.policy,
        "currency": report.currency,
        "at": iso(report),
        "simulated": str(report.simulated).lower(),
    }
    metadata = {key: _clean(text) for key, text in told.items()}
    table = pyarrow.Table.from_arrays(arrays, schema=pyarrow.schema(fields, metadata=metadata))
    out = io.BytesIO()
    parquet.write_table(table, out)
    return out.getvalue()


def _type(pyarrow: Any, column: ReportColumn, cells: list[Cell]) -> Any:
    if column.show is Show.DATE:
        return pyarrow.date32()
    if column.show is Show.YES:
        return pyarrow.bool_()
    if column.show in _WORDS:
        return pyarrow.string()
    whole = column.show is Show.COUNT and all(
        cell is None or cell == UNDER_FEW or (isinstance(cell, int) and abs(cell) < 2**63) for cell in cells
    )
    return pyarrow.int64() if whole else pyarrow.float64()


def _value(cell: Cell, show: Show) -> Any:
    if is_unknown(cell) or (show is Show.COUNT and cell == UNDER_FEW):
        return None
    if show in _WORDS:
        return _clean(str(cell))
    if show in (Show.DATE, Show.YES) or isinstance(cell, date):
        return cell
    assert isinstance(cell, int | float)
    return int(cell) if show is Show.COUNT and isinstance(cell, int) else float(cell)


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
