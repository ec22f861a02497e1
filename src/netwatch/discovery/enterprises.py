"""Whose objects an agent has: one GETNEXT for each enterprise number, from the first to the last."""

from __future__ import annotations

from netwatch.wire import Skips, SnmpSession

__all__ = ["first_objects"]

_ENTERPRISES = "1.3.6.1.4.1"
_MOST = 32
"""Enterprises that an agent is asked of."""


async def first_objects(session: SnmpSession | None) -> list[str]:
    """The first OID below each enterprise number, in order; nothing from a session that can't skip. Raises
    WireError."""
    found: list[str] = []
    if session is None or not isinstance(session, Skips):
        return found
    cursor, last = _ENTERPRISES, -1
    while len(found) < _MOST:
        oid = await session.following(cursor)
        if oid is None or not oid.startswith(f"{_ENTERPRISES}."):
            break
        number = int(oid.split(".")[6])
        if number <= last:  # it runs in circles
            break
        found.append(oid)
        cursor, last = f"{_ENTERPRISES}.{number + 1}", number
    return found
