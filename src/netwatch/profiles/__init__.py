"""Device knowledge as data: profiles are loaded, matched and compiled to plans here."""

from netwatch.profiles.block_parts import BlockMemory
from netwatch.profiles.compiled import Profile, Table
from netwatch.profiles.evaluate import Slots, evaluate
from netwatch.profiles.expression import Expression, ExpressionError, Scope
from netwatch.profiles.frame import DeviceFrame, Rows, Splitter, rows_of_document, rows_of_records
from netwatch.profiles.functions import FUNCTIONS
from netwatch.profiles.loader import FALLBACK, ProfileSet, lint, load_profiles, profile_schema
from netwatch.profiles.match import (
    Candidate,
    Explanation,
    Fingerprint,
    candidates,
    choose,
    needed_oids,
    needed_paths,
)
from netwatch.profiles.merge import attach
from netwatch.profiles.patterns import compile_regex
from netwatch.profiles.persist import dump_plan, load_plan
from netwatch.profiles.plan import EVIDENCE_OIDS, Plan, TablePlan, observation, plan_table
from netwatch.profiles.pool import PlanPool
from netwatch.profiles.reader import BlockReader
from netwatch.profiles.schema import ProfileModel, TableMode, TableSource
from netwatch.profiles.template import Template
from netwatch.profiles.vendors import Vendor, Vendors

__all__ = [
    "EVIDENCE_OIDS",
    "FALLBACK",
    "FUNCTIONS",
    "BlockMemory",
    "BlockReader",
    "Candidate",
    "DeviceFrame",
    "Explanation",
    "Expression",
    "ExpressionError",
    "Fingerprint",
    "Plan",
    "PlanPool",
    "Profile",
    "ProfileModel",
    "ProfileSet",
    "Rows",
    "Scope",
    "Slots",
    "Splitter",
    "Table",
    "TableMode",
    "TablePlan",
    "TableSource",
    "Template",
    "Vendor",
    "Vendors",
    "attach",
    "candidates",
    "choose",
    "compile_regex",
    "dump_plan",
    "evaluate",
    "lint",
    "load_plan",
    "load_profiles",
    "needed_oids",
    "needed_paths",
    "observation",
    "plan_table",
    "profile_schema",
    "rows_of_document",
    "rows_of_records",
]
