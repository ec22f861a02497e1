"""Sessions against a real snmpd, and against agents that behave badly. Everything goes over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from wire_servers import (
    COMMUNITY,
    V1,
    Mib,
    free_port,
    integer,
    reply,
    running_snmpd,
    scripted,
    snmp_target,
)

from netwatch.errors import WireAuthError, WireDecodeError, WireError, WireRefused, WireTimeout
from netwatch.model import Secret, SnmpVersion, Target, UsmAuth, UsmPrivacy
from netwatch.wire import NetworkSnmpWire
from netwatch.wire.snmp.pdu import Message, PduType

SYS_NAME = "1.3.6.1.2.1.1.5.0"
SYS_LOCATION = "1.3.6.1.2.1.1.6.0"
AUTH_PASSWORD, PRIVACY_PASSWORD = "planted-auth-pass", "planted-priv-pass"
COLUMN = "1.3.6.1.2.1.2.2.1.10"
ROWS = {f"{COLUMN}.{row}": integer(row) for row in range(1, 31)}
VALUES = {oid: row for row, oid in enumerate(ROWS, 1)}


@pytest.fixture
async def wire() -> AsyncIterator[NetworkSnmpWire]:
    wire = NetworkSnmpWire()
    yield wire
    await wire.close()


def v3(port: int, user: str, auth: UsmAuth | None, privacy: UsmPrivacy | None, **more: object) -> Target:
    return snmp_target(
        port,
        version=SnmpVersion.V3,
        user=user,
        auth=auth,
        auth_password=Secret(AUTH_PASSWORD if auth else ""),
        privacy=privacy,
        privacy_password=Secret(PRIVACY_PASSWORD if privacy else ""),
        **({"timeout": 2.0} | more),
    )


USERS = {
    "none": ("", None, None),
    "md5": (f"MD5 {AUTH_PASSWORD}", UsmAuth.MD5, None),
    "shades": (f"SHA {AUTH_PASSWORD} DES {PRIVACY_PASSWORD}", UsmAuth.SHA, UsmPrivacy.DES),
    "sha256aes": (f"SHA-256 {AUTH_PASSWORD} AES {PRIVACY_PASSWORD}", UsmAuth.SHA256, UsmPrivacy.AES128),
    "sha224aes192": (
        f"SHA-224 {AUTH_PASSWORD} AES-192 {PRIVACY_PASSWORD}",
        UsmAuth.SHA224,
        UsmPrivacy.AES192,
    ),
    "sha384aes": (f"SHA-384 {AUTH_PASSWORD} AES {PRIVACY_PASSWORD}", UsmAuth.SHA384, UsmPrivacy.AES128),
    "md5aes256": (f"MD5 {AUTH_PASSWORD} AES-256 {PRIVACY_PASSWORD}", UsmAuth.MD5, UsmPrivacy.AES256),
    "sha512aes256": (
        f"SHA-512 {AUTH_PASSWORD} AES-256 {PRIVACY_PASSWORD}",
        UsmAuth.SHA512,
        UsmPrivacy.AES256,
    ),
}


@pytest.mark.server("snmpd")
async def test_a_real_snmpd_in_all_versions(tmp_path: Path, wire: NetworkSnmpWire) -> None:
    """One daemon for all: starting it takes most of the time."""
    users = [f"{name} {options}".strip() for name, (options, _, _) in USERS.items()]
    async with running_snmpd(tmp_path, users) as port:
        targets = {
            "v1": snmp_target(port, timeout=2.0, **V1),
            "v2c": snmp_target(port, timeout=2.0),
            **{name: v3(port, name, auth, privacy) for name, (_, auth, privacy) in USERS.items()},
        }
        tables = {}
        for name, target in targets.items():
            session = wire.session(target)
            found = await session.get([SYS_NAME, "1.3.6.1.2.1.1.99.0", SYS_LOCATION])
            assert found == {SYS_NAME: b"lab", SYS_LOCATION: b"Room 12"}, name
            tables[name] = list(await session.walk("1.3.6.1.2.1.1"))
            assert await session.walk(SYS_NAME) == {SYS_NAME: b"lab"}, name
            assert session.problems == [], name
        assert len({tuple(table) for table in tables.values()}) == 1
        assert len(tables["v2c"]) > 20

        refused = {
            "user": v3(port, "stranger", UsmAuth.SHA, None),
            "protocol": v3(port, "sha256aes", UsmAuth.SHA, UsmPrivacy.AES128),
            "level": v3(port, "shades", None, None),
        }
        for name, target in refused.items():
            with pytest.raises(WireAuthError) as refusal:
                await wire.session(target).get([SYS_NAME])
            assert AUTH_PASSWORD not in repr(refusal.value), name
        wrong = snmp_target(port, community=Secret("planted-wrong"), retries=0)
        with pytest.raises(WireTimeout) as silence:
            await wire.session(wrong).get([SYS_NAME])
        assert "planted" not in repr(silence.value)

    with pytest.raises(WireRefused, match="unreachable"):
        await wire.session(targets["v2c"]).get([SYS_NAME])


@pytest.mark.server("snmpd")
async def test_a_restarted_v3_agent_is_understood_at_once(tmp_path: Path, wire: NetworkSnmpWire) -> None:
    """Boots and time begin anew, then the engine id too: each costs one report, no restart of netwatch."""
    user = f"u {USERS['sha256aes'][0]}"
    for turn in range(2):
        home = tmp_path / str(turn)
        home.mkdir()
        async with running_snmpd(home, [user]) as port:
            target = v3(port, "u", UsmAuth.SHA256, UsmPrivacy.AES128)
            agent = wire.session(target).agent
            agent._channel._engine = replace(agent._channel._engine, engine_id=b"another one", boots=77)
            assert await wire.session(target).get([SYS_NAME]) == {SYS_NAME: b"lab"}
            agent._channel._engine = replace(agent._channel._engine, boots=77)
            assert await wire.session(target).get([SYS_NAME]) == {SYS_NAME: b"lab"}


async def test_get_packs_and_keeps_the_order_asked(wire: NetworkSnmpWire) -> None:
    async with scripted(Mib(ROWS)) as agent:
        session = wire.session(snmp_target(agent.port, max_varbinds=7))
        oids = [*reversed(ROWS), "1.3.6.1.9.9"]
        assert list((await session.get(oids)).items()) == list(reversed(VALUES.items()))
        assert [len(request.pdu.varbinds) for request in agent.requests] == [7, 7, 7, 7, 3]
        assert await session.get([]) == {}


@pytest.mark.parametrize("access", [{}, V1], ids=["v2c", "v1"])
async def test_walk_reads_the_subtree_and_nothing_else(
    wire: NetworkSnmpWire, access: dict[str, object]
) -> None:
    around = {"1.3.6.1.2.1.2.2.1.9.1": integer(0), "1.3.6.1.2.1.2.2.1.100.1": integer(0)}
    async with scripted(Mib(ROWS | around)) as agent:
        session = wire.session(snmp_target(agent.port, **access))
        assert list((await session.walk(COLUMN)).items()) == list(VALUES.items())
        assert await session.walk("1.3.6.1.5") == {}
        assert session.problems == []
        kinds = {request.pdu.type for request in agent.requests}
        assert kinds == {PduType.GET_NEXT if access else PduType.GET_BULK}


@pytest.mark.parametrize("access", [{}, V1], ids=["v2c", "v1"])
async def test_following_passes_over_what_is_between(
    wire: NetworkSnmpWire, access: dict[str, object]
) -> None:
    async with scripted(Mib(ROWS | {"1.3.6.1.9.1": integer(0)})) as agent:
        session = wire.session(snmp_target(agent.port, **access))
        assert await session.following("1.3.6.1") == next(iter(ROWS))
        assert await session.following("1.3.6.1.3") == "1.3.6.1.9.1"
        assert await session.following("1.3.6.1.9.1") is None
        assert len(agent.requests) == 3


async def test_following_never_goes_back(wire: NetworkSnmpWire) -> None:
    async with scripted(lambda message: reply(message, [(f"{COLUMN}.1", integer(1))])) as agent:
        assert await wire.session(snmp_target(agent.port)).following(f"{COLUMN}.1") is None


async def test_walk_stops_at_its_limit_and_says_so(wire: NetworkSnmpWire) -> None:
    async with scripted(Mib(ROWS)) as agent:
        session = wire.session(snmp_target(agent.port))
        assert len(await session.walk(COLUMN, limit=12)) == 12
        assert "more than 12" in session.problems[0]
        assert len(await session.walk(COLUMN, limit=30)) == 30
        assert len(session.problems) == 1


async def test_null_inside_a_table_does_not_end_the_walk(wire: NetworkSnmpWire) -> None:
    async with scripted(Mib(ROWS | {f"{COLUMN}.5": b"\5\0"})) as agent:
        assert await wire.session(snmp_target(agent.port)).walk(COLUMN) == VALUES | {f"{COLUMN}.5": None}


async def test_oids_that_do_not_increase_end_the_walk(wire: NetworkSnmpWire) -> None:
    def respond(message: Message) -> bytes:
        return reply(message, [(f"{COLUMN}.{row}", integer(row)) for row in (1, 2, 3, 2)])

    async with scripted(respond) as agent:
        session = wire.session(snmp_target(agent.port))
        assert len(await session.walk(COLUMN)) == 3
        assert "do not increase" in session.problems[0]
        assert len(agent.requests) == 1


async def test_an_endless_walk_ends_at_the_limit(wire: NetworkSnmpWire) -> None:
    def respond(message: Message) -> bytes:
        start = int(message.pdu.varbinds[0].oid.rsplit(".", 1)[1])
        return reply(message, [(f"{COLUMN}.{start + row}", integer(1)) for row in range(1, 21)])

    async with scripted(respond) as agent:
        assert len(await wire.session(snmp_target(agent.port)).walk(COLUMN, limit=500)) == 500


async def test_repetitions_are_halved_and_the_limit_is_remembered(wire: NetworkSnmpWire) -> None:
    mib = Mib(ROWS)

    def respond(message: Message) -> bytes | None:
        choked = message.pdu.type == PduType.GET_BULK and message.pdu.error_index > 6
        return None if choked else mib(message)

    async with scripted(respond) as agent:
        target = snmp_target(agent.port, timeout=0.05, max_repetitions=20)
        session = wire.session(target)
        await session.get([f"{COLUMN}.1"])
        assert await session.walk(COLUMN) == VALUES
        agent.requests.clear()
        assert await wire.session(target).walk(COLUMN) == VALUES
        assert {request.pdu.error_index for request in agent.requests} == {5}


async def test_empty_replies_halve_the_repetitions_too(wire: NetworkSnmpWire) -> None:
    mib = Mib(ROWS)

    def respond(message: Message) -> bytes:
        return reply(message, []) if message.pdu.error_index > 6 else mib(message)

    async with scripted(respond) as agent:
        assert await wire.session(snmp_target(agent.port)).walk(COLUMN) == VALUES


@pytest.mark.parametrize("started", [False, True])
async def test_an_agent_that_fails_in_mid_table_is_told_of(wire: NetworkSnmpWire, started: bool) -> None:
    mib = Mib(ROWS)

    def respond(message: Message) -> bytes:
        if message.pdu.varbinds[0].oid == f"{COLUMN}.20" or not started:
            return reply(message, [], status=5, index=1)
        return mib(message)

    async with scripted(respond) as agent:
        session = wire.session(snmp_target(agent.port))
        if started:
            assert len(await session.walk(COLUMN)) == 20
            assert "GEN_ERR" in session.problems[0]
        else:
            with pytest.raises(WireDecodeError, match="GEN_ERR"):
                await session.walk(COLUMN)


async def test_too_big_is_split_and_remembered(wire: NetworkSnmpWire) -> None:
    mib = Mib(ROWS)

    def respond(message: Message) -> bytes:
        return reply(message, [], status=1) if len(message.pdu.varbinds) > 8 else mib(message)

    async with scripted(respond) as agent:
        target = snmp_target(agent.port, max_varbinds=30)
        assert await wire.session(target).get(list(ROWS)) == VALUES
        agent.requests.clear()
        assert await wire.session(target).get(list(ROWS)) == VALUES
        assert all(len(request.pdu.varbinds) <= 8 for request in agent.requests)


async def test_what_is_too_much_is_learnt_by_the_next_session_too(wire: NetworkSnmpWire) -> None:
    """Polling opens a session for each table: its first question may be the one that is too large."""
    mib = Mib(ROWS)

    def respond(message: Message) -> bytes | None:
        much = max(len(message.pdu.varbinds), message.pdu.error_index)
        return None if much > 10 else mib(message)

    async with scripted(respond) as agent:
        target = snmp_target(agent.port, max_varbinds=30, max_repetitions=20, timeout=0.05)
        await wire.session(target).get([f"{COLUMN}.1"])
        assert await wire.session(target).get(list(ROWS)) == VALUES
        assert await wire.session(target).walk(COLUMN) == VALUES
        agent.requests.clear()
        assert await wire.session(target).get(list(ROWS)) == VALUES
        assert max(len(request.pdu.varbinds) for request in agent.requests) <= 10


async def test_loss_at_the_end_of_a_table_does_not_lower_the_limit(wire: NetworkSnmpWire) -> None:
    mib, lost = Mib(ROWS), 0

    def respond(message: Message) -> bytes | None:
        nonlocal lost
        if message.pdu.error_index == 2 and lost < 2:
            lost += 1
            return None
        return mib(message)

    async with scripted(respond) as agent:
        target = snmp_target(agent.port, max_repetitions=20, timeout=0.05)
        session = wire.session(target)
        await session.get([f"{COLUMN}.1"])
        assert len(await session.walk(COLUMN, limit=1)) == 1
        assert lost == 2
        agent.requests.clear()
        assert await session.walk(COLUMN) == VALUES
        assert agent.requests[0].pdu.error_index == 20


async def test_an_agent_that_went_away_keeps_its_limits(wire: NetworkSnmpWire) -> None:
    mib, gone = Mib(ROWS), False

    async with scripted(lambda message: None if gone else mib(message)) as agent:
        target = snmp_target(agent.port, max_varbinds=30, max_repetitions=20, timeout=0.05)
        session = wire.session(target)
        await session.get([f"{COLUMN}.1"])
        gone = True
        for ask in (session.get(list(ROWS)), session.walk(COLUMN), wire.session(target).walk(COLUMN)):
            with pytest.raises(WireTimeout):
                await ask
        gone = False
        agent.requests.clear()
        assert await wire.session(target).get(list(ROWS)) == VALUES
        assert await wire.session(target).walk(COLUMN) == VALUES
        assert len(agent.requests[0].pdu.varbinds) == 30
        assert agent.requests[1].pdu.error_index == 20


async def test_silence_after_an_answer_is_taken_for_too_big(wire: NetworkSnmpWire) -> None:
    mib = Mib(ROWS)

    def respond(message: Message) -> bytes | None:
        return None if len(message.pdu.varbinds) > 10 else mib(message)

    async with scripted(respond) as agent:
        session = wire.session(snmp_target(agent.port, max_varbinds=30, timeout=0.05))
        await session.get([f"{COLUMN}.1"])
        assert await session.get(list(ROWS)) == VALUES


@pytest.mark.parametrize("index", [3, 0])
async def test_one_varbind_that_fails_does_not_cost_the_others(wire: NetworkSnmpWire, index: int) -> None:
    mib = Mib(ROWS)

    def respond(message: Message) -> bytes:
        if f"{COLUMN}.3" in [varbind.oid for varbind in message.pdu.varbinds]:
            return reply(message, [], status=5, index=index)
        return mib(message)

    async with scripted(respond) as agent:
        session = wire.session(snmp_target(agent.port))
        expected = {oid: value for oid, value in VALUES.items() if value != 3}
        assert await session.get(list(ROWS)) == expected
        assert len(session.problems) == 1
        assert f"{COLUMN}.3" in session.problems[0]


async def test_v1_leaves_out_what_the_agent_does_not_have(wire: NetworkSnmpWire) -> None:
    async with scripted(Mib(ROWS)) as agent:
        session = wire.session(snmp_target(agent.port, **V1))
        assert await session.get(["1.3.9.1", f"{COLUMN}.2", "1.3.9.2"]) == {f"{COLUMN}.2": 2}
        assert session.problems == []


async def test_authorization_error_is_told_as_such(wire: NetworkSnmpWire) -> None:
    async with scripted(lambda message: reply(message, [], status=16)) as agent:
        with pytest.raises(WireAuthError):
            await wire.session(snmp_target(agent.port)).get([SYS_NAME])
        with pytest.raises(WireAuthError):
            await wire.session(snmp_target(agent.port)).walk(SYS_NAME)


async def test_a_lost_request_is_repeated_with_a_new_id(wire: NetworkSnmpWire) -> None:
    mib = Mib(ROWS)
    async with scripted(lambda message: mib(message) if len(agent.requests) > 2 else None) as agent:
        session = wire.session(snmp_target(agent.port, timeout=0.05, retries=3))
        assert await session.get([f"{COLUMN}.1"]) == {f"{COLUMN}.1": 1}
        assert len({request.pdu.request_id for request in agent.requests}) == 3


async def test_an_answer_slower_than_the_timeout_still_counts_while_it_is_waited_for(
    wire: NetworkSnmpWire,
) -> None:
    first: list[Message] = []

    def respond(message: Message) -> bytes | None:
        first.append(message)
        return reply(first[0], [(SYS_NAME, integer(1))]) if len(first) == 2 else None

    async with scripted(respond) as agent:
        assert await wire.session(snmp_target(agent.port)).get([SYS_NAME]) == {SYS_NAME: 1}


async def test_wrong_ids_duplicates_and_garbage_are_dropped(wire: NetworkSnmpWire) -> None:
    mib = Mib(ROWS)

    def respond(message: Message) -> list[bytes]:
        wrong = reply(message, [(f"{COLUMN}.1", integer(99))], request_id=message.pdu.request_id ^ 1)
        right = mib(message)
        return [b"\x30\x05", wrong, right[:-3], right, right]

    async with scripted(respond) as agent:
        session = wire.session(snmp_target(agent.port))
        for row in (1, 2, 3):
            assert await session.get([f"{COLUMN}.{row}"]) == {f"{COLUMN}.{row}": row}
        while wire.stats.received < 15:  # noqa: ASYNC110 - what is dropped wakes nobody
            await asyncio.sleep(0.01)
        assert (wire.stats.garbage, wire.stats.unasked) == (6, 6)


async def test_an_answer_that_is_only_garbage_says_so(wire: NetworkSnmpWire) -> None:
    def respond(message: Message) -> bytes:
        return reply(message, [(SYS_NAME, b"\x1f\x01x")])

    async with scripted(respond) as agent:
        with pytest.raises(WireDecodeError, match="unknown value type"):
            await wire.session(snmp_target(agent.port, timeout=0.05)).get([SYS_NAME])


@pytest.mark.parametrize("known", [False, True])
async def test_an_answer_from_another_address_needs_reply_from(wire: NetworkSnmpWire, known: bool) -> None:
    mib = Mib({SYS_NAME: integer(5)})
    async with scripted(lambda _: None, "127.0.0.1") as agent:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.2", agent.port))

            def receive(data: bytes, addr: object) -> None:
                from netwatch.wire.snmp.pdu import decode_community_message

                other.sendto(mib(decode_community_message(data)), addr)  # type: ignore[arg-type]

            agent.datagram_received = receive  # type: ignore[method-assign]
            target = snmp_target(agent.port, timeout=0.1, reply_from=("127.0.0.2",) if known else ())
            if known:
                assert await wire.session(target).get([SYS_NAME]) == {SYS_NAME: 5}
            else:
                with pytest.raises(WireTimeout, match=r"127\.0\.0\.2"):
                    await wire.session(target).get([SYS_NAME])
                assert wire.stats.wrong_source == 3, "two tries, and one in SNMPv1"


async def test_a_second_management_address_is_tried_and_then_preferred(wire: NetworkSnmpWire) -> None:
    async with scripted(Mib(ROWS), "127.0.0.3") as agent:
        target = snmp_target(agent.port, addresses=("127.0.0.4", "127.0.0.3"))
        for _ in range(3):
            assert await wire.session(target).get([f"{COLUMN}.1"]) == {f"{COLUMN}.1": 1}
        assert wire.stats.refused == 1, "the dead address is asked once"


async def test_ipv6(wire: NetworkSnmpWire) -> None:
    async with scripted(Mib(ROWS), "::1") as agent:
        target = snmp_target(agent.port, addresses=("0:0:0:0:0:0:0:1",))
        assert await wire.session(target).get([f"{COLUMN}.1"]) == {f"{COLUMN}.1": 1}


async def test_nobody_there_is_told_at_once_by_icmp(wire: NetworkSnmpWire) -> None:
    with pytest.raises(WireRefused, match="unreachable"):
        await wire.session(snmp_target(free_port(), timeout=30.0)).get([SYS_NAME])


async def test_one_refused_target_leaves_the_others_alone(wire: NetworkSnmpWire) -> None:
    async with scripted(Mib(ROWS)) as agent:
        port = free_port()
        good = [wire.session(snmp_target(agent.port)).get([f"{COLUMN}.1"]) for _ in range(20)]
        bad = [wire.session(snmp_target(port)).get([SYS_NAME]) for _ in range(20)]
        found = await asyncio.gather(*good, *bad, return_exceptions=True)
        assert found[:20] == [{f"{COLUMN}.1": 1}] * 20
        assert {type(one) for one in found[20:]} == {WireRefused}


async def test_a_vlan_context_goes_into_the_community(wire: NetworkSnmpWire) -> None:
    async with scripted(Mib(ROWS)) as agent:
        await wire.session(snmp_target(agent.port), context="20").get([SYS_NAME])
        assert agent.requests[0].community == f"{COMMUNITY.reveal()}@20".encode()


async def test_new_credentials_forget_what_was_learnt(wire: NetworkSnmpWire) -> None:
    async with scripted(Mib(ROWS)) as agent:
        target = snmp_target(agent.port)
        await wire.session(target).get([SYS_NAME])
        assert target.snmp is not None
        await wire.session(replace(target, snmp=replace(target.snmp, community=Secret("next")))).get(
            [SYS_NAME]
        )
        assert [request.community for request in agent.requests] == [COMMUNITY.reveal().encode(), b"next"]
        wire.forget(target.device)


async def test_closing_ends_what_is_under_way() -> None:
    wire = NetworkSnmpWire()
    async with scripted(lambda _: None) as agent:
        question = asyncio.create_task(wire.session(snmp_target(agent.port, timeout=30.0)).get([SYS_NAME]))
        while not agent.requests:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await wire.close()
        with pytest.raises(WireTimeout, match="stopping"):
            await question


async def test_no_snmp_or_no_address_is_a_plain_error(wire: NetworkSnmpWire) -> None:
    with pytest.raises(WireError, match="no SNMP"):
        wire.session(replace(snmp_target(1), snmp=None))
    with pytest.raises(WireRefused, match="not an IPv4 or IPv6 address"):
        wire.session(snmp_target(1, addresses=("switch.example",)))
