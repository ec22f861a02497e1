"""Large arrays come and go with each snapshot and each scrape: their memory goes back when they do.

glibc learns from the first large block that is freed to take such blocks from the heap, where small objects
that stay keep what lies between them from going back: a quarter of the memory of a large fleet.
"""

from __future__ import annotations

import ctypes

__all__ = ["return_large_blocks"]

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Of mallopt(3)."""
_LARGE = 256 * 1024
"""Octets."""


def return_large_blocks() -> bool:
    """For this process from now on, whatever blocks were freed before. False where the C library can't."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # musl
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGE) and mallopt(_M_TRIM_THRESHOLD, _LARGE))
