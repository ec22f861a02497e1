"""The same handful of indicators each month, for those who lead a district."""

from netwatch.planning.leadership.measure import Month, Months, measure_leadership, prepare_leadership
from netwatch.planning.leadership.policy import LeadershipPolicy, load_leadership_policy
from netwatch.planning.leadership.report import leadership_report

__all__ = [
    "LeadershipPolicy",
    "Month",
    "Months",
    "leadership_report",
    "load_leadership_policy",
    "measure_leadership",
    "prepare_leadership",
]
