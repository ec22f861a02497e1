"""The series table, identity for life, corrected counters, freshness and topology."""

from netwatch.state.counters import Advance, Cause, CounterSample, Unknown, increase_between
from netwatch.state.identity import Conflict
from netwatch.state.state import State

__all__ = ["Advance", "Cause", "Conflict", "CounterSample", "State", "Unknown", "increase_between"]
