"""On which port a switch has learnt a MAC address: exact questions to its forwarding tables, no walk of them.

BRIDGE-MIB (RFC 4188) and Q-BRIDGE-MIB (RFC 4363) index their forwarding tables by the address itself, so that
one GET finds it among ten thousand. It is asked for devices that are watched, and for what a user looks for;
who else is where is nobody's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from netwatch.discovery.contexts import in_contexts
from netwatch.model import SnmpValue, Target
from netwatch.wire import SnmpSession, SnmpWire

__all__ = ["Learnt", "learnt_anywhere", "learnt_ports_of"]

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


async def learnt_ports_of(session: SnmpSession, macs: Iterable[bytes]) -> dict[bytes, list[Learnt]]:
    """The same of many addresses in as few questions; those that it has not learnt are absent.

    The table of all VLANs together is asked first, databases only for what that lacks. Raises WireError.
    """
    arcs = {".".join(map(str, mac)): mac for mac in macs}
    plain = {f"{_FDB_PORT}.{address}": address for address in arcs}
    told = await session.get(list(plain))
    found: dict[str, set[tuple[int, int | None]]] = {}
    for oid, address in plain.items():
        if learnt := _port(told.get(oid)):
            found[address] = {(learnt, None)}
    left = [address for address in arcs if address not in found]
    if left:
        found |= await _by_database(session, left)
    ports = sorted({place[0] for places in found.values() for place in places})
    if not ports:
        return {}
    told = await session.get([f"{_BASE_PORT_IF_INDEX}.{port}" for port in ports])
    # An agent without that table numbers its ports like its interfaces.
    index = {port: _port(told.get(f"{_BASE_PORT_IF_INDEX}.{port}")) or port for port in ports}
    out = {}
    for address, places in found.items():
        in_order = sorted(places, key=lambda place: (place[0], place[1] or 0))
        out[arcs[address]] = [Learnt(index[port], vlan) for port, vlan in in_order]
    return out


async def learnt_anywhere(
    snmp: SnmpWire, target: Target, macs: Iterable[bytes], vlans: Iterable[str]
) -> dict[bytes, list[Learnt]]:
    """The same of a switch that may have a table per VLAN, each in a context of its own: what the first table
    lacks is looked for there. Raises WireError."""
    left = list(dict.fromkeys(macs))
    session = snmp.session(target)
    try:
        found = await learnt_ports_of(session, left)
    finally:
        await session.close()
    left = [mac for mac in left if mac not in found]
    if not left:
        return found

    async def ask(inside: SnmpSession) -> dict[bytes, list[Learnt]]:
        return await learnt_ports_of(inside, left)

    async for vlan, there in in_contexts(snmp, target, vlans, ask):
        for mac, places in there.items():
            found[mac] = [Learnt(one.if_index, int(vlan)) for one in places]
        left = [mac for mac in left if mac not in found]
        if not left:
            break
    return found


async def _by_database(
    session: SnmpSession, addresses: Sequence[str]
) -> dict[str, set[tuple[int, int | None]]]:
    """(bridge port, VLAN) of each address by the databases of Q-BRIDGE-MIB."""
    vlans: dict[int, int | None] = {}
    for oid, value in (await session.walk(_VLAN_FDB_ID, limit=_MOST_DATABASES)).items():
        if isinstance(value, int):
            vlan = int(oid.rpartition(".")[2])
            # Databases that several VLANs share tell no VLAN.
            vlans[value] = None if value in vlans else vlan
    if not vlans:
        counts = await session.walk(_FDB_COUNT, limit=_MOST_DATABASES)
        vlans = {int(oid.rpartition(".")[2]): None for oid, count in counts.items() if count}
    found: dict[str, set[tuple[int, int | None]]] = {}
    many = max(1, _MOST_DATABASES // max(1, len(vlans)))
    for low in range(0, len(addresses) if vlans else 0, many):
        oids = {
            f"{_QUEUE_FDB_PORT}.{database}.{address}": (address, vlan)
            for database, vlan in vlans.items()
            for address in addresses[low : low + many]
        }
        told = await session.get(list(oids))
        for oid, (address, inside) in oids.items():
            if learnt := _port(told.get(oid)):
                found.setdefault(address, set()).add((learnt, inside))
    return found


def _port(value: SnmpValue | None) -> int:
    """0: it was learnt, but the port is not known (RFC 4188), or it was not learnt."""
    return value if isinstance(value, int) and value > 0 else 0
