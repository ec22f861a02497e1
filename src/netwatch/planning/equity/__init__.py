"""Equity: how well each school is served, graded on report cards, and how far schools are apart."""

from netwatch.planning.equity.cards import Card, IndicatorCard, Raise
from netwatch.planning.equity.gap import Gap, gaps
from netwatch.planning.equity.judge import Equity, judge_equity
from netwatch.planning.equity.measure import EquityMeasures, measure_equity, prepare_equity
from netwatch.planning.equity.policy import EquityPolicy, Indicator, IndicatorPolicy, load_equity_policy
from netwatch.planning.equity.report import report

__all__ = [
    "Card",
    "Equity",
    "EquityMeasures",
    "EquityPolicy",
    "Gap",
    "Indicator",
    "IndicatorCard",
    "IndicatorPolicy",
    "Raise",
    "gaps",
    "judge_equity",
    "load_equity_policy",
    "measure_equity",
    "prepare_equity",
    "report",
]
