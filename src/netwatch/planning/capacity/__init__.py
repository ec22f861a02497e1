"""Capacity dates: when storage, links, power, lines and hosts are full, and how sure that is."""

from netwatch.planning.capacity.judge import judge_capacity
from netwatch.planning.capacity.measure import measure_capacity, prepare_capacity
from netwatch.planning.capacity.policy import CapacityPolicy, load_capacity_policy
from netwatch.planning.capacity.results import CapacityLine, CapacityResult, Outlook, capacity_dates
from netwatch.planning.capacity.things import CapacityKind, CapacityMeasured

__all__ = [
    "CapacityKind",
    "CapacityLine",
    "CapacityMeasured",
    "CapacityPolicy",
    "CapacityResult",
    "Outlook",
    "capacity_dates",
    "judge_capacity",
    "load_capacity_policy",
    "measure_capacity",
    "prepare_capacity",
]
