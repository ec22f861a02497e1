"""Planning: what to replace first, and why. Pure over snapshots, history and facts."""

from netwatch.planning.curve import Curve
from netwatch.planning.lifecycle import Lifecycle, Milestone, UsefulLife, load_lifecycle
from netwatch.planning.policy import MilestoneKind, ReplacementPolicy, SaturationMeasure, load_policy
from netwatch.planning.replacement import rank_replacements
from netwatch.planning.topology import Topology

__all__ = [
    "Curve",
    "Lifecycle",
    "Milestone",
    "MilestoneKind",
    "ReplacementPolicy",
    "SaturationMeasure",
    "Topology",
    "UsefulLife",
    "load_lifecycle",
    "load_policy",
    "rank_replacements",
]
