"""Planning: what to replace, where to expand, when things are full, and what it costs.

Pure over snapshots, history and facts. `basis` gathers what is known and measured; each plan is a room that
judges it under a policy of its own; `plans` makes them all.
"""

from netwatch.planning.basis import Basis, SaturationMeasure, Topology, gather
from netwatch.planning.capacity import (
    CapacityPolicy,
    CapacityResult,
    capacity_dates,
    judge_capacity,
    load_capacity_policy,
    measure_capacity,
)
from netwatch.planning.costs import CostMeasures, CostsPolicy, judge_costs, load_costs_policy, measure_costs
from netwatch.planning.curve import Curve
from netwatch.planning.equity import (
    EquityMeasures,
    EquityPolicy,
    judge_equity,
    load_equity_policy,
    measure_equity,
)
from netwatch.planning.lifecycle import (
    Flaw,
    Lifecycle,
    Milestone,
    MilestoneKind,
    UsefulLife,
    load_lifecycle,
    missing_facts,
    reconcile,
    survey,
)
from netwatch.planning.plans import PLANS, Gathered, Plans, gather_all, judge_all, judge_one
from netwatch.planning.policies import Policies, load_policies
from netwatch.planning.replacement import ReplacementPolicy, load_policy, rank
from netwatch.planning.wireless import WirelessPolicy, load_wireless_policy

__all__ = [
    "PLANS",
    "Basis",
    "CapacityPolicy",
    "CapacityResult",
    "CostMeasures",
    "CostsPolicy",
    "Curve",
    "EquityMeasures",
    "EquityPolicy",
    "Flaw",
    "Gathered",
    "Lifecycle",
    "Milestone",
    "MilestoneKind",
    "Plans",
    "Policies",
    "ReplacementPolicy",
    "SaturationMeasure",
    "Topology",
    "UsefulLife",
    "WirelessPolicy",
    "capacity_dates",
    "gather",
    "gather_all",
    "judge_all",
    "judge_capacity",
    "judge_costs",
    "judge_equity",
    "judge_one",
    "load_capacity_policy",
    "load_costs_policy",
    "load_equity_policy",
    "load_lifecycle",
    "load_policies",
    "load_policy",
    "load_wireless_policy",
    "measure_capacity",
    "measure_costs",
    "measure_equity",
    "missing_facts",
    "rank",
    "reconcile",
    "survey",
]
