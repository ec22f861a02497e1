"""The same handful of indicators each month, for those who lead a district."""

from netwatch.planning.leadership.measure import Month, Months, measure_leadership, prepare_leadership
from netwatch.planning.leadership.report import leadership_report

__all__ = ["Month", "Months", "leadership_report", "measure_leadership", "prepare_leadership"]
