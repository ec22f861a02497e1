"""Walks a live agent as far as a draft needs it."""

from __future__ import annotations

from netwatch.errors import WireTimeout
from netwatch.model import SnmpValue
from netwatch.wire import Recording, SnmpSession

__all__ = ["ROOTS", "walk_agent"]

ROOTS = ("1.3.6.1.2.1", "1.3.6.1.4.1", "1.0.8802", "1.3.111")
"""mib-2, enterprises, and the IEEE's two."""

MAX_VALUES = 300_000
"""Of each root: a larger walk than that is an agent that goes in circles."""


async def walk_agent(session: SnmpSession, name: str) -> Recording:
    """Everything below ROOTS, as a recording that tells what went wrong. Raises WireError."""
    values: dict[str, SnmpValue] = {}
    try:
        for root in ROOTS:
            values |= await session.walk(root, limit=MAX_VALUES)
    finally:
        await session.close()
    if not values:
        raise WireTimeout(f"{name} told nothing")
    order = sorted(values, key=lambda oid: tuple(map(int, oid.split("."))))
    return Recording(name, {oid: values[oid] for oid in order}, problems=tuple(session.problems))
