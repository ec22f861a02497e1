"""What devices of one build share: plans of tables, layouts, profiles put together. Held weakly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from netwatch.model import BlockLayout, BlockSubject
from netwatch.profiles.ready.merge import attach
from netwatch.profiles.ready.profile import Profile, Table

__all__ = ["PlanPool"]

MOST_SUBJECTS = 1_000_000
"""Tuples can't be held weakly: beyond so many all are let go."""

Number = TypeVar("Number", bound=np.generic)
T = TypeVar("T")


class PlanPool:
    """One per set of profiles: what nobody uses any more goes by itself. Safe for threads: at worst two of
    them make the same thing twice."""

    def __init__(self) -> None:
        self._tables: WeakValueDictionary[Any, Any] = WeakValueDictionary()
        self._layouts: WeakValueDictionary[Any, BlockLayout] = WeakValueDictionary()
        self._profiles: WeakValueDictionary[Any, Profile] = WeakValueDictionary()
        self._arrays: WeakValueDictionary[Any, NDArray[Any]] = WeakValueDictionary()
        self._subjects: dict[BlockSubject, BlockSubject] = {}
        self._texts: dict[str, str] = {}
        self._outputs: dict[int, tuple[Table, Any]] = {}

    def __reduce__(self) -> tuple[type[PlanPool], tuple[()]]:
        return PlanPool, ()

    def attached(self, main: Profile, others: Sequence[Profile]) -> Profile:
        """`main` with the others attached: the same object for the same profiles."""
        if not others:
            return main
        key = (id(main), *map(id, others))
        found = self._profiles.get(key)
        if found is None:
            found = self._profiles[key] = attach(main, others)
        return found

    def table(self, profile: Profile, told: tuple[Any, ...], packed: bytes, make: Callable[[], T]) -> T:
        """The plan of a table that another device has already, or a new one.

        `told` and `packed` say all of it that `profile` does not. A plan holds its profile, so that an id
        can't come to stand for another one meanwhile.
        """
        key = (id(profile), told, blake2b(packed, digest_size=16).digest())
        found: T | None = self._tables.get(key)
        if found is None:
            found = self._tables[key] = make()
        return found

    def layout(self, layout: BlockLayout) -> BlockLayout:
        """The first that said the same."""
        said = blake2b(digest_size=16)
        for (kind, natural), row in layout.subjects:
            said.update(f"{kind.value}\0{natural}\0{row}\0".encode("utf-8", "surrogatepass"))
        said.update(layout.subject_of.tobytes() + layout.series_of.tobytes())
        return self._layouts.setdefault((layout.series, layout.counters, said.digest()), layout)

    def array(self, array: NDArray[Number]) -> NDArray[Number]:
        """The first with the same content, which must not be written to: ports are numbered alike."""
        array.flags.writeable = False
        key = array.dtype.char, len(array), blake2b(array.tobytes(), digest_size=16).digest()
        found: NDArray[Number] = self._arrays.setdefault(key, array)
        return found

    def subject(self, subject: BlockSubject) -> BlockSubject:
        """The first of these words: ports are called the same in a thousand switches."""
        if len(self._subjects) >= MOST_SUBJECTS:
            self._subjects.clear()
        return self._subjects.setdefault(subject, subject)

    def text(self, text: str) -> str:
        """The first of these words."""
        if len(self._texts) >= MOST_SUBJECTS:
            self._texts.clear()
        return self._texts.setdefault(text, text)

    def outputs(self, table: Table, make: Callable[[], T]) -> T:
        """What a table's rules may tell; held as long as the profiles are."""
        found = self._outputs.get(id(table))
        if found is None:
            found = self._outputs[id(table)] = (table, make())
        outputs: T = found[1]
        return outputs
