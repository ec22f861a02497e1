"""Regular expressions that can't run away: judged when a profile is loaded."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

__all__ = ["compile_regex"]

MAX_PATTERN = 500
"""Characters."""

MANY = 64
"""Repeats that count as unbounded."""

Tokens = list[tuple[Any, Any]]


@functools.lru_cache(maxsize=4096)
def compile_regex(pattern: str) -> re.Pattern[str]:
    """Raises ValueError for bad syntax, and for repeats inside repeats that can match in many ways."""
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"a regular expression has at most {MAX_PATTERN} characters")
    # Expressions are Python's: '\b' in quotes is a backspace by then, while '\d' kept its backslash.
    pattern = pattern.replace("\b", r"\b")
    try:
        compiled = re.compile(pattern)
        runs_away = _runs_away(list(_parser.parse(pattern)))
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"bad regular expression {pattern!r}: {error}") from None
    if runs_away:
        raise ValueError(f"regular expression {pattern!r} repeats a repeat, which can take forever")
    return compiled


def _runs_away(tokens: Iterable[tuple[Any, Any]]) -> bool:
    """Is there an unbounded repeat whose body can match the same text in more than one way?"""
    for op, argument in tokens:
        if op in (sre.MAX_REPEAT, sre.MIN_REPEAT) and argument[1] > MANY and _ambiguous(list(argument[2])):
            return True
        if any(_runs_away(body) for body in _bodies(op, argument)):
            return True
    return False


def _bodies(op: Any, argument: Any) -> Iterator[Tokens]:
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        yield list(argument[2])
    elif op is sre.SUBPATTERN:
        yield list(argument[-1])
    elif op is sre.BRANCH:
        yield from (list(branch) for branch in argument[1])
    elif op in (sre.ASSERT, sre.ASSERT_NOT):
        yield list(argument[1])
    elif op is sre.ATOMIC_GROUP:
        yield list(argument)


def _ambiguous(body: Tokens) -> bool:
    """No, if a letter that none of its inner repeats can match separates one round from the next."""
    items = list(_flat(body))
    if any(op is sre.BRANCH for op, _ in items):
        return True
    inner = [list(argument[2]) for op, argument in items if op in (sre.MAX_REPEAT, sre.MIN_REPEAT)]
    separators = [chr(argument) for op, argument in items if op is sre.LITERAL]
    return bool(inner) and not any(not any(_can_match(one, char) for one in inner) for char in separators)


def _flat(body: Tokens) -> Iterator[tuple[Any, Any]]:
    for op, argument in body:
        if op is sre.SUBPATTERN:
            yield from _flat(list(argument[-1]))
        else:
            yield op, argument


def _can_match(tokens: Tokens, char: str) -> bool:
    """Can any single part of it match the letter? Yes in case of doubt."""
    for op, argument in _flat(tokens):
        if op is sre.LITERAL:
            if chr(argument).lower() == char.lower():
                return True
        elif op is sre.IN:
            if _in_set(argument, char):
                return True
        elif op is not sre.AT:
            return True
    return False


def _in_set(items: list[tuple[Any, Any]], char: str) -> bool:
    if items and items[0][0] is sre.NEGATE:
        return not _in_set(items[1:], char)
    for op, argument in items:
        if op is sre.LITERAL and chr(argument).lower() == char.lower():
            return True
        if op is sre.RANGE and argument[0] <= ord(char) <= argument[1]:
            return True
        if op is sre.CATEGORY and re.match(_CATEGORIES.get(argument, "."), char) is not None:
            return True
    return False


_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\d",
    sre.CATEGORY_NOT_DIGIT: r"\D",
    sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S",
    sre.CATEGORY_WORD: r"\w",
    sre.CATEGORY_NOT_WORD: r"\W",
}
