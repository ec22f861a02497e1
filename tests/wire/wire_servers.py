"""Agents to ask: a real snmpd on a free port, and one whose every answer a test writes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from netwatch.model import EntityId, Secret, SnmpAccess, SnmpVersion, Target
from netwatch.wire.snmp import ber
from netwatch.wire.snmp.pdu import (
    Message,
    Pdu,
    PduType,
    VarBind,
    decode_community_message,
    encode_community_message,
    encode_pdu,
)

COMMUNITY = Secret("planted-community")


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def snmp_target(port: int, *, addresses: tuple[str, ...] = ("127.0.0.1",), **access: Any) -> Target:
    """A target with short timeouts; keywords of SnmpAccess."""
    reply_from = access.pop("reply_from", ())
    values = {"community": COMMUNITY, "timeout": 0.3, "retries": 1} | access
    return Target(
        EntityId(f"agent-{port}"),
        f"agent-{port}",
        addresses,
        reply_from=reply_from,
        snmp=SnmpAccess(port=port, **values),
    )


@asynccontextmanager
async def running_snmpd(directory: Path, users: Iterable[str] = ()) -> AsyncIterator[int]:
    """snmpd with the planted community; `users` are arguments of createUser. Yields its port."""
    port = free_port()
    lines = [f"rocommunity {COMMUNITY.reveal()}", "sysLocation Room 12", "sysName lab"]
    for user in users:
        name, *rest = user.split()
        level = "noauth" if not rest else "auth" if len(rest) == 2 else "priv"
        lines += [f"createUser {user}", f"rouser {name} {level}"]
    (directory / "snmpd.conf").write_text("\n".join(lines) + "\n")
    process = await asyncio.create_subprocess_exec(
        *("snmpd", "-f", "-Lo", "-C", "-c", str(directory / "snmpd.conf"), "-I", "-smux"),
        f"udp:127.0.0.1:{port}",
        env={"SNMP_PERSISTENT_DIR": str(directory), "MIBS": "", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(15):
            while b"NET-SNMP version" not in await process.stdout.readline():
                assert process.returncode is None
        yield port
    finally:
        process.terminate()
        # Its output has to be read for it to end.
        await process.communicate()


Answer = bytes | None | Sequence[bytes]


class ScriptedAgent(asyncio.DatagramProtocol):
    """Answers as `respond` says; keeps the requests."""

    def __init__(self, respond: Callable[[Message], Answer]) -> None:
        self.respond = respond
        self.requests: list[Message] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        message = decode_community_message(data)
        self.requests.append(message)
        answer = self.respond(message)
        for datagram in [answer] if isinstance(answer, bytes) else answer or ():
            self.transport.sendto(datagram, addr)


@asynccontextmanager
async def scripted(
    respond: Callable[[Message], Answer], host: str = "127.0.0.1"
) -> AsyncIterator[ScriptedAgent]:
    loop = asyncio.get_running_loop()
    transport, agent = await loop.create_datagram_endpoint(
        lambda: ScriptedAgent(respond), local_addr=(host, 0)
    )
    agent.port = transport.get_extra_info("sockname")[1]  # type: ignore[attr-defined]
    try:
        yield agent
    finally:
        transport.close()
        await asyncio.sleep(0)


def integer(value: int) -> bytes:
    return ber.encode_integer(value)


NO_SUCH_INSTANCE = ber.tlv(ber.NO_SUCH_INSTANCE, b"")
END = ber.tlv(ber.END_OF_MIB_VIEW, b"")


def reply(
    message: Message,
    varbinds: Sequence[tuple[str, bytes]],
    *,
    status: int = 0,
    index: int = 0,
    request_id: int | None = None,
) -> bytes:
    """A Response whose values are encoded elements."""
    pdu = Pdu(
        PduType.RESPONSE,
        message.pdu.request_id if request_id is None else request_id,
        status,
        index,
        [VarBind(oid, None) for oid, _ in varbinds],
    )
    body = encode_pdu(pdu, [value for _, value in varbinds])
    return encode_community_message(message.version, message.community, body)


class Mib:
    """A well-behaved agent's answers over a few OIDs, for a script to spoil."""

    def __init__(self, values: dict[str, bytes]) -> None:
        self.values = values
        self._order = sorted(values, key=lambda oid: tuple(map(int, oid.split("."))))

    def after(self, oid: str, count: int) -> list[tuple[str, bytes]]:
        arcs = tuple(map(int, oid.split(".")))
        found = [one for one in self._order if tuple(map(int, one.split("."))) > arcs][:count]
        return [(one, self.values[one]) for one in found]

    def __call__(self, message: Message) -> bytes:
        pdu = message.pdu
        v1 = message.version == 0
        if pdu.type == PduType.GET:
            missing = [row for row, one in enumerate(pdu.varbinds, 1) if one.oid not in self.values]
            if v1 and missing:
                return reply(
                    message, [(one.oid, b"\5\0") for one in pdu.varbinds], status=2, index=missing[0]
                )
            return reply(message, [(o.oid, self.values.get(o.oid, NO_SUCH_INSTANCE)) for o in pdu.varbinds])
        count = pdu.error_index if pdu.type == PduType.GET_BULK else 1
        oid = pdu.varbinds[0].oid
        found = self.after(oid, count)
        if not found and v1:
            return reply(message, [(oid, b"\5\0")], status=2, index=1)
        return reply(message, found or [(oid, END)])


V1 = {"version": SnmpVersion.V1}
