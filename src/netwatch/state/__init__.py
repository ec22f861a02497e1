"""The series table, identity for life, corrected counters, freshness and topology."""

from netwatch.state.counters import Advance, Cause, CounterSample, Unknown, increase_between
from netwatch.state.identity import Conflict
from netwatch.state.persist import CounterPage, decode_pages, encode_pages
from netwatch.state.state import State

__all__ = [
    "Advance",
    "Cause",
    "Conflict",
    "CounterPage",
    "CounterSample",
    "State",
    "Unknown",
    "decode_pages",
    "encode_pages",
    "increase_between",
]
