"""Reports in every form: table, CSV, workbook, JSON, a document for a board; and what of them is public."""

from netwatch.export.edition import Edition, edition_of
from netwatch.export.formats import Document, Format, find_report, find_sheet, render
from netwatch.export.moves_text import moves_text
from netwatch.export.packet import packet
from netwatch.export.report_csv import report_csv
from netwatch.export.report_json import REPORT_SCHEMA, canonical_json, report_from_json, report_to_json
from netwatch.export.report_parquet import report_parquet
from netwatch.export.report_table import ReportTable
from netwatch.export.report_xlsx import report_xlsx
from netwatch.export.snapshot_file import (
    PlanSnapshot,
    SnapshotHead,
    pack_snapshot,
    snapshot_head,
    unpack_snapshot,
)

__all__ = [
    "REPORT_SCHEMA",
    "Document",
    "Edition",
    "Format",
    "PlanSnapshot",
    "ReportTable",
    "SnapshotHead",
    "canonical_json",
    "edition_of",
    "find_report",
    "find_sheet",
    "moves_text",
    "pack_snapshot",
    "packet",
    "render",
    "report_csv",
    "report_from_json",
    "report_parquet",
    "report_to_json",
    "report_xlsx",
    "snapshot_head",
    "unpack_snapshot",
]
