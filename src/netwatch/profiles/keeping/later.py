"""Parts of a table that are made when they are first looked into: a device lacks most of its tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, overload

__all__ = ["Later"]

T = TypeVar("T")


class Later(Sequence[T]):
    """Behaves like the tuple that it becomes, and is pickled as one. Safe for threads: at worst two of them
    make it twice."""

    __slots__ = ("_made", "_read", "_text")

    def __init__(self, text: str, read: Callable[[Any], T]) -> None:
        """`text`: JSON of a list; `read` makes one of each member."""
        self._text = text
        self._read = read
        self._made: tuple[T, ...] | None = None

    @property
    def made(self) -> tuple[T, ...]:
        found = self._made
        if found is None:
            found = self._made = tuple(map(self._read, json.loads(self._text)))
        return found

    @overload
    def __getitem__(self, at: int) -> T: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[T]: ...

    def __getitem__(self, at: int | slice) -> T | Sequence[T]:
        return self.made[at]

    def __len__(self) -> int:
        return len(self.made)

    def __iter__(self) -> Iterator[T]:
        return iter(self.made)

    def __eq__(self, other: object) -> bool:
        return self.made == (other.made if isinstance(other, Later) else other)

    def __hash__(self) -> int:
        return hash(self.made)

    def __repr__(self) -> str:
        return repr(self.made)

    def __reduce__(self) -> tuple[type[tuple[T, ...]], tuple[tuple[T, ...]]]:
        return tuple, (self.made,)
