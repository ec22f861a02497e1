"""How long to leave a silent device in peace."""

from __future__ import annotations

__all__ = ["pause"]


def pause(failures: int, interval: float, longest: float) -> float:
    """Seconds until the next full poll after so many silent passes in a row.

    The first silence may be a lost packet: it costs nothing. Then the pause doubles up to `longest`.
    """
    if failures <= 1:
        return interval
    return max(interval, min(longest, interval * 2.0 ** min(failures - 1, 30)))
