"""Rules over snapshots: what is wrong, since when, and which fault explains which. Pure."""

from netwatch.alerts.context import CONTEXT, Context
from netwatch.alerts.engine import AlertEngine, EngineState, Healthy, evaluate
from netwatch.alerts.frame import Memo
from netwatch.alerts.loading import load_rules
from netwatch.alerts.message import format_value
from netwatch.alerts.rule import Comparison, Condition, OnUnknown, Ports, Rule, Scope

__all__ = [
    "CONTEXT",
    "AlertEngine",
    "Comparison",
    "Condition",
    "Context",
    "EngineState",
    "Healthy",
    "Memo",
    "OnUnknown",
    "Ports",
    "Rule",
    "Scope",
    "evaluate",
    "format_value",
    "load_rules",
]
