"""The cyclic garbage collector in a process that holds millions of objects for weeks.

Nearly everything that netwatch frees is freed by its reference count. A full collection over half a million
ports stops the event loop for a third of a second and finds next to nothing, so it is made rare, and what has
come to stay is taken out of its sight.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

__all__ = ["calm", "settle"]

_THRESHOLDS = (10_000, 10, 500)
"""New objects, and younger collections, from which on each generation is looked at."""


@contextlib.contextmanager
def calm() -> Iterator[None]:
    """Rare collections as long as the block runs."""
    before = gc.get_threshold()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def settle() -> None:
    """What is there now is taken to stay."""
    gc.freeze()
