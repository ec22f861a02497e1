"""Patterns that would hang are refused; the usual ones are not."""

from __future__ import annotations

import pytest

from netwatch.profiles.language.patterns import compile_regex


@pytest.mark.parametrize(
    "pattern", ["(a+)+", "(a*)*b", r"(\w+\s?)+$", r"(\d+\d)*", "(a|a)*", "((ab)*)*", "(?:x+){2,}", "(.*,?)+"]
)
def test_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="repeats a repeat"):
        compile_regex(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"Version (\d+(\.\d+)+)",
        r"^(\S+) .*, Version ([^,]+),",
        r"(?i)(catalyst|nexus) \d+",
        r"(\w+-)+\d",
        r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}",
        r"(\d{1,3}\.){3}\d{1,3}",
        r"^\s*(.+?)\s*$",
    ],
)
def test_allowed(pattern: str) -> None:
    assert compile_regex(pattern).pattern == pattern


@pytest.mark.parametrize("pattern", ["(", "[a", "a" * 501, "(?P<x>a)(?P<x>b)"])
def test_bad(pattern: str) -> None:
    with pytest.raises(ValueError):
        compile_regex(pattern)


def test_word_boundary_that_python_read_as_a_backspace() -> None:
    """In an expression `'\\bTD1'` has lost its backslash before the pattern is compiled."""
    assert compile_regex("\bTD1").search("sensor TD1") is not None
    assert compile_regex("\bTD1").search("XTD1") is None
