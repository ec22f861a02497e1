"""Costs: what gear costs to own and to run, by asset, model and school; what is unknown is never 0."""

from netwatch.planning.costs.judge import AssetCost, Costs, Part, judge_costs
from netwatch.planning.costs.measure import CostMeasures, measure_costs, prepare_costs
from netwatch.planning.costs.money import Total
from netwatch.planning.costs.policy import CostsPolicy, load_costs_policy
from netwatch.planning.costs.report import report
from netwatch.planning.costs.sums import by_model, by_part, by_site

__all__ = [
    "AssetCost",
    "CostMeasures",
    "Costs",
    "CostsPolicy",
    "Part",
    "Total",
    "by_model",
    "by_part",
    "by_site",
    "judge_costs",
    "load_costs_policy",
    "measure_costs",
    "prepare_costs",
    "report",
]
