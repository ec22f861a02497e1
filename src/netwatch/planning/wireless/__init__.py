"""Wireless expansion: where access points are added or replaced, and where a better channel plan is enough.

Measured airtime decides. `measure_wireless` reads history once, `judge` is pure, `report` tells it.
"""

from netwatch.planning.wireless.judge import judge
from netwatch.planning.wireless.measures import WirelessMeasured, measure_wireless, prepare_wireless
from netwatch.planning.wireless.policy import WirelessPolicy, load_wireless_policy
from netwatch.planning.wireless.report import report
from netwatch.planning.wireless.results import Verdict, WirelessPlan

__all__ = [
    "Verdict",
    "WirelessMeasured",
    "WirelessPlan",
    "WirelessPolicy",
    "judge",
    "load_wireless_policy",
    "measure_wireless",
    "prepare_wireless",
    "report",
]
