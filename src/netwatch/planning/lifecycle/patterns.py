"""Shell patterns over names of makers, models and versions."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import lru_cache

__all__ = ["matches"]


@lru_cache(maxsize=65536)  # a fleet has few models and asks for each of its things
def matches(pattern: str, text: str) -> bool:
    """Whether all of a text fits a shell pattern, case ignored."""
    return fnmatchcase(text.lower(), pattern.lower())
