"""On which port a switch has learnt a MAC address: exact questions to its forwarding tables, no walk of them.

BRIDGE-MIB (RFC 4188) and Q-BRIDGE-MIB (RFC 4363) index their forwarding tables by the address itself, so that
one GET finds it among ten thousand. Nothing is stored: who is where is nobody's business afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

from netwatch.model import SnmpValue
from netwatch.wire import SnmpSession

__all__ = ["Learnt", "learnt_ports"]

_FDB_PORT = "1.3.6.1.2.1.17.4.3.1.2"  # dot1dTpFdbPort
_BASE_PORT_IF_INDEX = "1.3.6.1.2.1.17.1.4.1.2"  # dot1dBasePortIfIndex
_QUEUE_FDB_PORT = "1.3.6.1.2.1.17.7.1.2.2.1.2"  # dot1qTpFdbPort, by FDB and address
_VLAN_FDB_ID = "1.3.6.1.2.1.17.7.1.4.2.1.3"  # dot1qVlanFdbId, by time mark and VLAN
_FDB_COUNT = "1.3.6.1.2.1.17.7.1.2.1.1.2"  # dot1qFdbDynamicCount, by FDB
_MOST_DATABASES = 4094
"""IEEE 802.1Q has no more VLANs, nor databases."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """Where one forwarding database has an address."""

    if_index: int
    vlan: int | None
    """None where the switch does not tell, as in a table of all VLANs together."""


async def learnt_ports(session: SnmpSession, mac: bytes) -> list[Learnt]:
    """The ports at which this agent has the address in this context, mostly one at most. Raises WireError."""
    address = ".".join(map(str, mac))
    plain = f"{_FDB_PORT}.{address}"
    port = _port((await session.get([plain])).get(plain))
    found = {(port, None)} if port else await _by_database(session, address)
    if not found:
        return []
    ports = sorted({port for port, _ in found})
    told = await session.get([f"{_BASE_PORT_IF_INDEX}.{port}" for port in ports])
    # An agent without that table numbers its ports like its interfaces.
    index = {port: _port(told.get(f"{_BASE_PORT_IF_INDEX}.{port}")) or port for port in ports}
    return [Learnt(index[port], vlan) for port, vlan in sorted(found, key=lambda one: (one[0], one[1] or 0))]


async def _by_database(session: SnmpSession, address: str) -> set[tuple[int, int | None]]:
    """(bridge port, VLAN) by the databases of Q-BRIDGE-MIB."""
    vlans: dict[int, int | None] = {}
    for oid, value in (await session.walk(_VLAN_FDB_ID, limit=_MOST_DATABASES)).items():
        if isinstance(value, int):
            vlan = int(oid.rpartition(".")[2])
            # Databases that several VLANs share tell no VLAN.
            vlans[value] = None if value in vlans else vlan
    if not vlans:
        counts = await session.walk(_FDB_COUNT, limit=_MOST_DATABASES)
        vlans = {int(oid.rpartition(".")[2]): None for oid, count in counts.items() if count}
    if not vlans:
        return set()
    oids = {f"{_QUEUE_FDB_PORT}.{database}.{address}": vlan for database, vlan in vlans.items()}
    told = await session.get(list(oids))
    return {(port, vlan) for oid, vlan in oids.items() if (port := _port(told.get(oid)))}


def _port(value: SnmpValue | None) -> int:
    """0: it was learnt, but the port is not known (RFC 4188), or it was not learnt."""
    return value if isinstance(value, int) and value > 0 else 0
