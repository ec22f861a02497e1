"""What an expression sees when it runs: its row, and the frame of the device around it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from netwatch.profiles.language.values import Value

__all__ = ["NONSENSE", "Closure", "ExpressionError", "Frame", "Scope"]

NONSENSE = (
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RecursionError,
    MemoryError,
    struct.error,
)
"""What an operation on odd values raises; an expression makes it unknown."""


class ExpressionError(ValueError):
    """An expression that can't be used. `hint` says what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Frame(Protocol):
    """What expressions of one device can see beside their own row."""

    @property
    def scalars(self) -> Mapping[str, Value]: ...

    @property
    def enums(self) -> Mapping[str, Mapping[Any, str]]: ...

    @property
    def cache(self) -> dict[Any, Any]:
        """Results that hold for the whole frame."""
        ...

    def rows(self, table: str) -> Mapping[str, Mapping[str, Value]]:
        """Rows of a table by index, in index order."""
        ...


class Scope:
    """One row, and the frame around it."""

    __slots__ = ("frame", "index", "values")

    def __init__(self, values: Mapping[str, Value], index: str, frame: Frame) -> None:
        self.values = values
        self.index = index
        self.frame = frame


Closure = Callable[[Scope], Any]
