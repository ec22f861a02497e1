"""Fetches over SNMPv3, from the simulator's agent (which shares no code with the wire) and from snmpd."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from flight_deck import twins
from wire_servers import integer, running_snmpd, snmp_target

from netwatch.errors import WireAuthError, WireDecodeError, WireTimeout
from netwatch.model import Secret, SnmpVersion, Target, UsmAuth, UsmPrivacy
from netwatch.simulate.agent import Agent
from netwatch.simulate.ber import COUNTER32, OCTET_STRING
from netwatch.simulate.udp import LoopbackSocket
from netwatch.simulate.usm import User
from netwatch.simulate.view import MibView
from netwatch.wire import NetworkSnmpWire, Template
from netwatch.wire.snmp.pdu import Pdu, PduType, VarBind, encode_pdu, message_id
from netwatch.wire.snmp.usm import UsmKeys, UsmUser
from netwatch.wire.snmp.v3 import EngineClock, decode_v3, encode_v3, open_scoped_pdu, scoped_pdu

TWINS = twins()
AUTH, PRIVACY = "planted-auth-pass", "planted-priv-pass"
COLUMN = (1, 3, 6, 1, 2, 1, 2, 2, 1, 10)
ROWS = [((*COLUMN, row), COUNTER32, row) for row in range(1, 31)]
NAME = "1.3.6.1.2.1.1.5.0"
OIDS = [NAME, *(".".join(map(str, oid)) for oid, _, _ in ROWS), "1.3.6.1.2.1.1.99.0"]
TEMPLATE = Template(OIDS)
LEVELS = [
    (None, None),
    (UsmAuth.MD5, None),
    (UsmAuth.SHA, UsmPrivacy.AES128),
    (UsmAuth.SHA, UsmPrivacy.DES),
    (UsmAuth.SHA512, UsmPrivacy.AES256),
]


@pytest.fixture(params=TWINS)
async def wire(request: pytest.FixtureRequest) -> AsyncIterator[NetworkSnmpWire]:
    wire = NetworkSnmpWire(kernel=TWINS[request.param])
    yield wire
    await wire.close()


class Server:
    """An agent whose replies a test may spoil."""

    def __init__(self) -> None:
        view = MibView([((1, 3, 6, 1, 2, 1, 1, 5, 0), OCTET_STRING, "v3"), *ROWS])
        users = {}
        for auth, privacy in LEVELS:
            name = user(auth, privacy)
            secrets = (Secret(AUTH if auth else ""), privacy, Secret(PRIVACY if privacy else ""))
            users[name.encode()] = User(name, auth, *secrets)
        self.boots = 3
        self.seconds = 77.0
        self.requests = 0
        self.forge = False
        self.spoil = lambda reply: reply
        self.agent = Agent(
            view=lambda: view,
            users=users,
            engine_id=b"\x80\0\x1f\x88\x03\x02\0\0\0\0\x01",
            engine=lambda seconds: (self.boots, int(seconds)),
        )
        self.socket = LoopbackSocket(self.answer, 0)

    def answer(self, data: bytes, asked: str) -> tuple[bytes, float] | None:
        self.requests += 1
        if self.forge:
            identifier = message_id(data)
            engine = EngineClock(self.agent.engine_id, self.boots, int(self.seconds))
            told = [VarBind(oid, None) for oid in OIDS[:8]]
            body = encode_pdu(Pdu(PduType.RESPONSE, identifier, 0, 0, told), [integer(666)] * 8)
            scoped = scoped_pdu(engine.engine_id, b"", body)
            keys = UsmKeys(None, b"", None, b"")
            return encode_v3(identifier, engine, b"md5-no", keys, scoped, salt=0, flags=0), 0.0
        reply = self.agent.respond(data, self.seconds)
        spoilt = self.spoil(reply) if reply else None
        return (spoilt, 0.0) if spoilt else None

    def target(self, auth: UsmAuth | None, privacy: UsmPrivacy | None, **access: object) -> Target:
        return snmp_target(
            self.socket.port,
            version=SnmpVersion.V3,
            user=user(auth, privacy),
            auth=auth,
            auth_password=Secret(AUTH if auth else ""),
            privacy=privacy,
            privacy_password=Secret(PRIVACY if privacy else ""),
            **({"timeout": 2.0, "max_varbinds": 10} | access),
        )


def user(auth: UsmAuth | None, privacy: UsmPrivacy | None) -> str:
    return f"{auth or 'no'}-{privacy or 'no'}"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    await server.socket.start()
    yield server
    server.socket.close()


async def check(wire: NetworkSnmpWire, target: Target) -> None:
    fetched = await wire.fetch(target, TEMPLATE)
    assert fetched.values.tolist() == [0, *range(1, 31), 0]
    assert fetched.kinds.tolist() == [3, *[2] * 30, 0]
    assert fetched.others == {0: b"v3"}
    assert fetched.problems == ()


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: user(*level))
async def test_all_levels(
    wire: NetworkSnmpWire, server: Server, level: tuple[UsmAuth | None, UsmPrivacy | None]
) -> None:
    target = server.target(*level)
    await check(wire, target)
    server.requests = 0
    await check(wire, target)
    assert server.requests == 4  # of at most 10 varbinds each, and no report


async def test_a_restart_of_the_engine_costs_one_report(wire: NetworkSnmpWire, server: Server) -> None:
    target = server.target(UsmAuth.SHA, UsmPrivacy.AES128)
    await check(wire, target)
    server.boots, server.seconds, server.requests = 4, 1.0, 0
    await check(wire, target)
    assert server.requests == 5
    server.agent.engine_id = b"\x80\0\x1f\x88\x03\x02\0\0\0\0\x02"
    server.agent._keys.clear()
    await check(wire, target)


async def test_a_wrong_password_is_told_of(wire: NetworkSnmpWire, server: Server) -> None:
    target = server.target(UsmAuth.SHA, None)
    assert target.snmp is not None
    wrong = replace(target.snmp, user=user(UsmAuth.MD5, None))
    with pytest.raises(WireAuthError) as refusal:
        await wire.fetch(replace(target, snmp=wrong), TEMPLATE)
    assert AUTH not in repr(refusal.value)


async def test_a_signature_that_is_wrong_ends_it(wire: NetworkSnmpWire, server: Server) -> None:
    target = server.target(UsmAuth.SHA, UsmPrivacy.AES128)
    await check(wire, target)
    server.spoil = lambda reply: reply[:-1] + bytes((reply[-1] ^ 1,))
    with pytest.raises(WireAuthError, match="signature"):
        await wire.fetch(target, TEMPLATE)


async def test_less_security_than_asked_for_is_no_answer(wire: NetworkSnmpWire, server: Server) -> None:
    """A reply without a signature under the right ids: the values in it are not taken."""
    target = server.target(UsmAuth.MD5, None, timeout=0.05, retries=0)
    await check(wire, target)
    server.forge = True
    with pytest.raises(WireDecodeError, match="less secure"):
        await wire.fetch(target, TEMPLATE)
    server.forge = False
    await check(wire, target)


async def test_garbage_is_asked_for_again(wire: NetworkSnmpWire, server: Server) -> None:
    """The head with its msgID arrived, the rest did not."""
    target = server.target(None, None)
    await check(wire, target)
    spoilt = iter([True])

    def spoil(reply: bytes) -> bytes:
        return reply.replace(b"\x41\x01", b"\x6f\x01") if next(spoilt, False) else reply

    server.spoil, server.requests = spoil, 0
    await check(wire, target)
    assert server.requests == 5


async def test_silence(wire: NetworkSnmpWire, server: Server) -> None:
    server.spoil = lambda reply: b""
    with pytest.raises(WireTimeout):
        await wire.fetch(server.target(UsmAuth.SHA, None, timeout=0.05, retries=1), TEMPLATE)
    assert server.requests == 2


@pytest.mark.server("snmpd")
async def test_a_real_snmpd(wire: NetworkSnmpWire, tmp_path: Path) -> None:
    async with running_snmpd(tmp_path, [f"u SHA {AUTH} AES {PRIVACY}"]) as port:
        target = snmp_target(
            port,
            version=SnmpVersion.V3,
            user="u",
            auth=UsmAuth.SHA,
            auth_password=Secret(AUTH),
            privacy=UsmPrivacy.AES128,
            privacy_password=Secret(PRIVACY),
            timeout=2.0,
        )
        fetched = await wire.fetch(target, Template([NAME, "1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.1.99.0"]))
        assert fetched.kinds.tolist() == [3, 2, 0]
        assert fetched.others == {0: b"lab"}


async def test_a_restart_in_the_middle_of_a_chain(wire: NetworkSnmpWire, server: Server) -> None:
    """What came before it stays; the question that was reported of is asked once more."""
    target = server.target(UsmAuth.SHA, UsmPrivacy.AES128)
    await check(wire, target)

    def spoil(reply: bytes) -> bytes:
        if server.requests == 2:
            server.boots, server.seconds = server.boots + 1, 5.0
        return reply

    server.spoil, server.requests = spoil, 0
    await check(wire, target)
    assert server.requests == 5


async def test_another_engine_in_the_middle_of_a_chain(wire: NetworkSnmpWire, server: Server) -> None:
    """What came before it was another device's."""
    target = server.target(UsmAuth.SHA, UsmPrivacy.AES128)
    await check(wire, target)

    def spoil(reply: bytes) -> bytes:
        if server.requests == 2:
            server.agent.engine_id = b"\x80\0\x1f\x88\x03\x02\0\0\0\0\x03"
            server.agent._keys.clear()
        return reply

    server.spoil, server.requests = spoil, 0
    await check(wire, target)
    assert server.requests == 7


async def test_an_engine_that_does_not_settle(wire: NetworkSnmpWire, server: Server) -> None:
    target = server.target(UsmAuth.SHA, UsmPrivacy.AES128)
    await check(wire, target)

    def spoil(reply: bytes) -> bytes:
        server.boots += 1
        return reply

    server.boots, server.spoil, server.requests = 9, spoil, 0
    with pytest.raises(WireAuthError, match="does not settle"):
        await wire.fetch(target, TEMPLATE)
    assert server.requests <= 6


async def test_an_answer_in_another_order_is_read_by_its_oids(wire: NetworkSnmpWire, server: Server) -> None:
    """An odd answer interrupts the chain, which then goes on."""
    target = server.target(UsmAuth.SHA, UsmPrivacy.AES128)
    await check(wire, target)
    secret = Secret(AUTH), UsmPrivacy.AES128, Secret(PRIVACY)
    keys = UsmUser(user(UsmAuth.SHA, UsmPrivacy.AES128), UsmAuth.SHA, *secret).keys(server.agent.engine_id)

    def spoil(reply: bytes) -> bytes:
        if server.requests != 2:
            return reply
        message = decode_v3(reply)
        _, _, pdu = open_scoped_pdu(message, reply, keys)
        told = pdu.varbinds[::-1]
        values = [integer(value) for _, value in told if isinstance(value, int)]
        body = encode_pdu(Pdu(PduType.RESPONSE, pdu.request_id, 0, 0, told), values)
        scoped = scoped_pdu(server.agent.engine_id, b"", body)
        return encode_v3(message.id, message.engine, message.user, keys, scoped, salt=4, flags=0)

    server.spoil, server.requests = spoil, 0
    fetched = await wire.fetch(target, TEMPLATE)
    assert fetched.values.tolist() == [0, *range(1, 31), 0]
    assert server.requests == 4
