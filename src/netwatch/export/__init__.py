"""Plans as CSV, JSON and tables."""

from netwatch.export.replacements import CRITERIA, SCHEMA, plan_from_json, replacements_csv, replacements_json
from netwatch.export.table import replacements_table

__all__ = [
    "CRITERIA",
    "SCHEMA",
    "plan_from_json",
    "replacements_csv",
    "replacements_json",
    "replacements_table",
]
