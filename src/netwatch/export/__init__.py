"""Plans as CSV, JSON and tables."""

from netwatch.export.moves_text import moves_text
from netwatch.export.replacements import CRITERIA, SCHEMA, plan_from_json, replacements_csv, replacements_json
from netwatch.export.report_json import REPORT_SCHEMA, canonical_json, report_from_json, report_to_json
from netwatch.export.snapshot_file import (
    PlanSnapshot,
    SnapshotHead,
    pack_snapshot,
    snapshot_head,
    unpack_snapshot,
)
from netwatch.export.table import replacements_table

__all__ = [
    "CRITERIA",
    "REPORT_SCHEMA",
    "SCHEMA",
    "PlanSnapshot",
    "SnapshotHead",
    "canonical_json",
    "moves_text",
    "pack_snapshot",
    "plan_from_json",
    "replacements_csv",
    "replacements_json",
    "replacements_table",
    "report_from_json",
    "report_to_json",
    "snapshot_head",
    "unpack_snapshot",
]
