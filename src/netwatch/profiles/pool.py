"""What devices of one build share: plans of tables, layouts, profiles put together. Held weakly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from netwatch.model import BlockLayout
from netwatch.profiles.compiled import Profile
from netwatch.profiles.merge import attach

if TYPE_CHECKING:
    from netwatch.profiles.plan import TablePlan

__all__ = ["PlanPool"]


class PlanPool:
    """One per set of profiles: what nobody uses any more goes by itself. Not for threads at once."""

    def __init__(self) -> None:
        self._tables: WeakValueDictionary[Any, TablePlan] = WeakValueDictionary()
        self._layouts: WeakValueDictionary[Any, BlockLayout] = WeakValueDictionary()
        self._profiles: WeakValueDictionary[Any, Profile] = WeakValueDictionary()

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

    def table(self, profile: Profile, told: tuple[Any, ...], packed: bytes, make: Callable[[], TablePlan]) -> TablePlan:
        """The plan of a table that another device has already, or a new one.

        `told` and `packed` say all of it that `profile` does not. A plan holds its profile, so that an id
        can't come to stand for another one meanwhile.
        """
        key = (id(profile), told, blake2b(packed, digest_size=16).digest())
        found = self._tables.get(key)
        if found is None:
            found = self._tables[key] = make()
        return found

    def layout(self, layout: BlockLayout) -> BlockLayout:
        """The first that said the same."""
        return self._layouts.setdefault(layout.content, layout)
