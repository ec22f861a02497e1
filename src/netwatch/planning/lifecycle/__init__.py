"""Lifecycles: useful lives, announced ends and exploited flaws, each with its source; the register of assets
against what the network tells."""

from netwatch.planning.lifecycle.facts import (
    Lifecycle,
    Milestone,
    MilestoneKind,
    UsefulLife,
    load_lifecycle,
)
from netwatch.planning.lifecycle.findings import Finding, FindingKind, Reconciliation, RegisterLine
from netwatch.planning.lifecycle.flaws import Flaw, Product
from netwatch.planning.lifecycle.fleet import survey
from netwatch.planning.lifecycle.importing import FactImport, VendorList, import_milestones
from netwatch.planning.lifecycle.kev import import_kev
from netwatch.planning.lifecycle.missing import missing_facts
from netwatch.planning.lifecycle.reconcile import reconcile
from netwatch.planning.lifecycle.register_report import register_report
from netwatch.planning.lifecycle.report import lifecycle_report

__all__ = [
    "FactImport",
    "Finding",
    "FindingKind",
    "Flaw",
    "Lifecycle",
    "Milestone",
    "MilestoneKind",
    "Product",
    "Reconciliation",
    "RegisterLine",
    "UsefulLife",
    "VendorList",
    "import_kev",
    "import_milestones",
    "lifecycle_report",
    "load_lifecycle",
    "missing_facts",
    "reconcile",
    "register_report",
    "survey",
]
