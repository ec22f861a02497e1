"""Asking a switch that keeps a bridge table per VLAN: community@vlan, or a context of SNMPv3."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TypeVar

from netwatch.errors import WireError
from netwatch.model import Target
from netwatch.wire import SnmpSession, SnmpWire

__all__ = ["in_contexts"]

T = TypeVar("T")

MOST_CONTEXTS = 128
"""VLANs whose instances are asked for."""


async def in_contexts(
    snmp: SnmpWire, target: Target, vlans: Iterable[str], ask: Callable[[SnmpSession], Awaitable[T]]
) -> AsyncIterator[tuple[str, T]]:
    """(VLAN, what `ask` was told there), in the order of the ids; nothing where `vlan_contexts` is not set.

    What is no VLAN id is passed over, and so is an instance that can't be asked: most VLANs of a switch have
    none of their own.
    """
    if target.snmp is None or not target.snmp.vlan_contexts:
        return
    for vlan in sorted(set(filter(str.isdecimal, vlans)), key=int)[:MOST_CONTEXTS]:
        try:
            session = snmp.session(target, context=vlan)
            try:
                found = await ask(session)
            finally:
                await session.close()
        except WireError:
            continue
        yield vlan, found
