"""Device knowledge as data: profiles are loaded, matched and compiled to plans here."""

from netwatch.profiles.blocks.parts import BlockMemory
from netwatch.profiles.blocks.reader import BlockReader
from netwatch.profiles.compiling.part import PRODUCT
from netwatch.profiles.keeping.cache import ProfileCache, profile_cache
from netwatch.profiles.language.expression import Expression, ExpressionError, Scope
from netwatch.profiles.language.functions import FUNCTIONS
from netwatch.profiles.language.patterns import compile_regex
from netwatch.profiles.language.template import Template
from netwatch.profiles.loader import lint, load_profiles, models_schema, profile_schema
from netwatch.profiles.plans.persist import dump_plan, load_plan
from netwatch.profiles.plans.plan import EVIDENCE_OIDS, Plan, TablePlan, observation, plan_table
from netwatch.profiles.ready.coverage import Coverage, coverage, coverage_tables
from netwatch.profiles.ready.match import (
    Candidate,
    Explanation,
    Fingerprint,
    candidates,
    choose,
    known_host,
    needed_oids,
    needed_paths,
)
from netwatch.profiles.ready.merge import attach
from netwatch.profiles.ready.pool import PlanPool
from netwatch.profiles.ready.profile import Profile, Recognised, Table
from netwatch.profiles.ready.profile_set import FALLBACK, ProfileSet
from netwatch.profiles.rows.evaluate import Slots, evaluate
from netwatch.profiles.rows.frame import DeviceFrame, Rows, Splitter, rows_of_records
from netwatch.profiles.rows.json_rows import rows_of_document
from netwatch.profiles.rows.label_budget import LabelBudget
from netwatch.profiles.written.models import Models, registered_models
from netwatch.profiles.written.schema import ProfileModel, TableMode, TableSource
from netwatch.profiles.written.vendors import Vendor, Vendors

__all__ = [
    "EVIDENCE_OIDS",
    "FALLBACK",
    "FUNCTIONS",
    "PRODUCT",
    "BlockMemory",
    "BlockReader",
    "Candidate",
    "Coverage",
    "DeviceFrame",
    "Explanation",
    "Expression",
    "ExpressionError",
    "Fingerprint",
    "LabelBudget",
    "Models",
    "Plan",
    "PlanPool",
    "Profile",
    "ProfileCache",
    "ProfileModel",
    "ProfileSet",
    "Recognised",
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
    "coverage",
    "coverage_tables",
    "dump_plan",
    "evaluate",
    "known_host",
    "lint",
    "load_plan",
    "load_profiles",
    "models_schema",
    "needed_oids",
    "needed_paths",
    "observation",
    "plan_table",
    "profile_cache",
    "profile_schema",
    "registered_models",
    "rows_of_document",
    "rows_of_records",
]
