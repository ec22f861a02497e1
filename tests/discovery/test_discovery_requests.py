"""A discovery asks no more than it has to: devices are slow, and most tables are not there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from netwatch.discovery import discover
from netwatch.model import EntityId, Secret, SnmpAccess, SnmpValue, SystemClock, Target, load_catalogue
from netwatch.profiles import load_profiles
from netwatch.resources import collectors_dir
from netwatch.simulate.agent import Agent
from netwatch.simulate.ber import INTEGER, OCTET_STRING, OID, parse_oid
from netwatch.simulate.view import MibView
from netwatch.wire import NetworkSnmpWire, RecordedSession, RecordedSnmpWire, Recording

MOST_REQUESTS = 9

SMALL: dict[str, SnmpValue] = {
    "1.3.6.1.2.1.1.1.0": b"Small device",
    "1.3.6.1.2.1.1.2.0": "1.3.6.1.4.1.99999.7",
    "1.3.6.1.2.1.1.3.0": 4_000_000,
    "1.3.6.1.2.1.1.5.0": b"small",
    **{f"1.3.6.1.2.1.2.2.1.{column}.1": 1 for column in (1, 3, 4, 5, 7, 8, 10, 16)},
    "1.3.6.1.2.1.2.2.1.2.1": b"eth0",
}


class CountingSession:
    """Has no `walk_many`, like a wire that can't read columns side by side."""

    def __init__(self, session: RecordedSession, walks: list[str]) -> None:
        self._session, self._walks = session, walks
        self.problems: list[str] = []

    async def get(self, oids: Sequence[str]) -> dict[str, SnmpValue]:
        return await self._session.get(oids)

    async def walk(self, root: str, *, limit: int | None = None) -> dict[str, SnmpValue]:
        self._walks.append(root)
        return await self._session.walk(root, limit=limit)

    async def close(self) -> None:
        await self._session.close()


class CountingWire:
    def __init__(self, recording: Recording) -> None:
        self._wire, self.walks = RecordedSnmpWire({"small": recording}), []

    def session(self, target: Target, *, context: str = "") -> CountingSession:
        return CountingSession(self._wire.session(target, context=context), self.walks)


async def test_a_small_device_is_discovered_in_few_requests() -> None:
    """One for each table and column would be more than a hundred: all tables are looked for at once."""
    view = MibView([(parse_oid(oid), *_encoded(value)) for oid, value in SMALL.items()])
    agent = Agent(lambda: view, {b"planted": None})
    asked: list[bytes] = []

    class Server(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: object) -> None:
            asked.append(data)
            self.transport.sendto(agent.respond(data, 0.0), addr)  # type: ignore[attr-defined]

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    wire = NetworkSnmpWire()
    access = SnmpAccess(community=Secret("planted"), port=port, timeout=20.0, retries=0)
    target = Target(EntityId("small"), "small", ("127.0.0.1",), snmp=access)
    profiles = load_profiles([collectors_dir()], load_catalogue())
    found = await discover(target, snmp=wire, profiles=profiles, clock=SystemClock())
    await wire.close()
    transport.close()
    (told,) = [one for one in found.observations if one.table.startswith("interface")]
    assert told.readings
    assert len(asked) <= MOST_REQUESTS, len(asked)


def _encoded(value: SnmpValue) -> tuple[int, bytes | int | str]:
    if isinstance(value, bytes):
        return OCTET_STRING, value
    if isinstance(value, str):
        return OID, value
    assert isinstance(value, int)
    return INTEGER, value


async def test_tables_that_are_not_there_cost_one_request_each() -> None:
    profiles = load_profiles([collectors_dir()], load_catalogue())
    wire = CountingWire(Recording("small", SMALL))
    target = Target(EntityId("small"), "small", ("192.0.2.1",), snmp=SnmpAccess())
    found = await discover(target, snmp=wire, profiles=profiles, clock=SystemClock())
    (told,) = [one for one in found.observations if one.table.startswith("interface")]
    assert told.readings
    assert len(wire.walks) == len(set(wire.walks))
    columns = sum(len(table.columns) for table in profiles.profiles["generic"].tables.values())
    assert len(wire.walks) < columns / 2
