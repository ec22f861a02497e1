"""Rules over snapshots: what is wrong, since when, and which fault explains which. Pure."""

from netwatch.alerts.causes.bridging import Bridging, Plug, PlugKey, Seen, Subjects, renewed, subjects
from netwatch.alerts.causes.context import CONTEXT, Context
from netwatch.alerts.causes.remembering import KeptLink
from netwatch.alerts.circuits import circuit_misfits, known_ports
from netwatch.alerts.engine import AlertEngine, EngineState, Healthy, evaluate
from netwatch.alerts.fitting import misfits
from netwatch.alerts.frame import Memo
from netwatch.alerts.loading import load_rules
from netwatch.alerts.message import format_value
from netwatch.alerts.rule import Comparison, Condition, OnUnknown, Ports, Rule, Scope
from netwatch.alerts.school_day import school_day_columns, school_days
from netwatch.alerts.tools.explaining import condition_text, explain_alert, explain_rule, scope_text
from netwatch.alerts.tools.prometheus import PrometheusRules, export_prometheus
from netwatch.alerts.tools.testing import CaseResult, RuleTests, load_rule_tests

__all__ = [
    "CONTEXT",
    "AlertEngine",
    "Bridging",
    "CaseResult",
    "Comparison",
    "Condition",
    "Context",
    "EngineState",
    "Healthy",
    "KeptLink",
    "Memo",
    "OnUnknown",
    "Plug",
    "PlugKey",
    "Ports",
    "PrometheusRules",
    "Rule",
    "RuleTests",
    "Scope",
    "Seen",
    "Subjects",
    "circuit_misfits",
    "condition_text",
    "evaluate",
    "explain_alert",
    "explain_rule",
    "export_prometheus",
    "format_value",
    "known_ports",
    "load_rule_tests",
    "load_rules",
    "misfits",
    "renewed",
    "school_day_columns",
    "school_days",
    "scope_text",
    "subjects",
]
