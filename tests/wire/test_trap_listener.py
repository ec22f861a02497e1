"""Traps and informs of a real net-snmp sender, and what the listener does with storms and strangers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from netwatch.model import Instant, Secret, UsmAuth, UsmPrivacy
from netwatch.wire import Trap, TrapListener, UsmUser
from netwatch.wire.budget import Budgets
from netwatch.wire.snmp.pdu import Pdu, PduType, VarBind, encode_community_message, encode_pdu

LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
IF_INDEX = "1.3.6.1.2.1.2.2.1.1"
USERS = (
    UsmUser("plain"),
    UsmUser("signed", UsmAuth.SHA256, Secret("authpass-1")),
    UsmUser("sealed", UsmAuth.SHA512, Secret("authpass-2"), UsmPrivacy.AES256, Secret("privpass-2")),
    UsmUser("des", UsmAuth.MD5, Secret("authpass-3"), UsmPrivacy.DES, Secret("privpass-3")),
)
V3 = {
    "plain": ["-l", "noAuthNoPriv"],
    "signed": ["-l", "authNoPriv", "-a", "SHA-256", "-A", "authpass-1"],
    "sealed": [
        *("-l", "authPriv", "-a", "SHA-512", "-A", "authpass-2"),
        *("-x", "AES-256", "-X", "privpass-2"),
    ],
    "des": ["-l", "authPriv", "-a", "MD5", "-A", "authpass-3", "-x", "DES", "-X", "privpass-3"],
}


class Listening:
    def __init__(self, listener: TrapListener, traps: list[Trap], home: Path) -> None:
        self.listener, self.traps, self.home = listener, traps, home

    async def send(self, *options: str, inform: bool = False) -> int:
        """Runs snmptrap for linkDown of interface 7; its exit status tells if an inform was answered."""
        host, port = self.listener.address
        process = await asyncio.create_subprocess_exec(
            "snmptrap",
            *(["-Ci", "-r", "2", "-t", "2"] if inform else []),
            *options,
            f"{host}:{port}",
            *("", LINK_DOWN, f"{IF_INDEX}.7", "i", "7"),
            env={"HOME": str(self.home), "SNMP_PERSISTENT_DIR": str(self.home), "MIBS": ""},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        return await process.wait()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 - another process has no event for us
                await asyncio.sleep(0.01)


@pytest.fixture
async def listening(tmp_path: Path) -> AsyncIterator[Listening]:
    traps: list[Trap] = []
    listener = TrapListener(("127.0.0.1", 0), traps.append, [Secret("trap-comm"), Secret("other")], USERS)
    await listener.start()
    yield Listening(listener, traps, tmp_path)
    await listener.close()


@pytest.mark.server("snmptrap")
@pytest.mark.parametrize("inform", [False, True], ids=["trap", "inform"])
async def test_hears_v2c(listening: Listening, inform: bool) -> None:
    assert await listening.send("-v2c", "-c", "trap-comm", inform=inform) == 0
    await listening.until(lambda: len(listening.traps) == 1)
    trap = listening.traps[0]
    assert trap.source == "127.0.0.1"
    assert trap.trap_oid == LINK_DOWN
    assert trap.values[f"{IF_INDEX}.7"] == 7
    assert isinstance(trap.at, Instant)


@pytest.mark.server("snmptrap")
@pytest.mark.parametrize("inform", [False, True], ids=["trap", "inform"])
@pytest.mark.parametrize("user", list(V3))
async def test_hears_v3(listening: Listening, user: str, inform: bool) -> None:
    assert await listening.send("-v3", "-u", user, *V3[user], inform=inform) == 0
    await listening.until(lambda: len(listening.traps) >= 1)
    assert listening.traps[0].trap_oid == LINK_DOWN
    assert listening.traps[0].values[f"{IF_INDEX}.7"] == 7


@pytest.mark.server("snmptrap")
async def test_hears_v1_and_translates_its_name(listening: Listening) -> None:
    host, port = listening.listener.address
    for generic, specific in (("2", "0"), ("6", "42")):
        process = await asyncio.create_subprocess_exec(
            *("snmptrap", "-v1", "-c", "trap-comm", f"{host}:{port}", "1.3.6.1.4.1.99999", "10.1.2.3"),
            *(generic, specific, "100", f"{IF_INDEX}.7", "i", "7"),
            env={"SNMP_PERSISTENT_DIR": str(listening.home), "MIBS": ""},
        )
        await process.wait()
    await listening.until(lambda: len(listening.traps) == 2)
    assert [trap.trap_oid for trap in listening.traps] == [LINK_DOWN, "1.3.6.1.4.1.99999.0.42"]


@pytest.mark.server("snmptrap")
@pytest.mark.parametrize(
    "options",
    [
        ["-v2c", "-c", "trap-com"],
        ["-v3", "-u", "stranger", "-l", "noAuthNoPriv"],
        ["-v3", "-u", "signed", "-l", "noAuthNoPriv"],
        ["-v3", "-u", "signed", "-l", "authNoPriv", "-a", "SHA-256", "-A", "wrong-password"],
    ],
    ids=["community", "user", "level", "password"],
)
async def test_refuses_strangers(listening: Listening, options: list[str]) -> None:
    await listening.send(*options)
    await listening.until(lambda: listening.listener.stats.refused == 1)
    assert listening.traps == []


def v2c_trap(community: bytes = b"trap-comm", kind: PduType = PduType.TRAP) -> bytes:
    return encode_community_message(1, community, encode_pdu(Pdu(kind, 5, varbinds=[VarBind("1.3.6", None)])))


async def test_a_storm_from_one_source_leaves_room_for_another(listening: Listening) -> None:
    address = listening.listener.address
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as loud:
        loud.bind(("127.0.0.2", 0))
        for _ in range(500):
            loud.sendto(v2c_trap(), address)
            await asyncio.sleep(0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as quiet:
        quiet.bind(("127.0.0.3", 0))
        quiet.sendto(v2c_trap(), address)
    await listening.until(lambda: any(trap.source == "127.0.0.3" for trap in listening.traps))
    assert listening.listener.stats.limited > 300


async def test_garbage_and_requests_are_counted_and_dropped(listening: Listening) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for datagram in (b"", b"\x30", b"\x30\x82\xff\xff\x02", b"x" * 2000, v2c_trap(kind=PduType.GET)):
            sock.sendto(datagram, listening.listener.address)
    await listening.until(lambda: listening.listener.stats.garbage == 5)
    assert listening.traps == []


async def test_a_failing_receiver_does_not_deafen_the_listener() -> None:
    heard: list[Trap] = []

    def on_trap(trap: Trap) -> None:
        heard.append(trap)
        raise RuntimeError("receiver")

    listener = TrapListener(("127.0.0.1", 0), on_trap, [Secret("trap-comm")])
    await listener.start()
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for count in (1, 2):
                sock.sendto(v2c_trap(), listener.address)
                await Listening(listener, heard, Path()).until(lambda count=count: len(heard) == count)
    finally:
        await listener.close()


async def test_says_which_address_is_taken(listening: Listening) -> None:
    from netwatch.errors import WireRefused

    host, port = listening.listener.address
    with pytest.raises(WireRefused, match=f"{host} port {port}"):
        await TrapListener((host, port), lambda _: None).start()


def test_a_budget_is_per_sender_refills_and_forgets_the_oldest() -> None:
    budgets = Budgets(rate=1.0, burst=2.0)
    assert [budgets.spend("a", 0.0) for _ in range(3)] == [True, True, False]
    assert budgets.spend("b", 0.0)
    assert budgets.spend("a", 1.0)
    assert not budgets.spend("a", 1.5)
    for number in range(10_001):
        budgets.spend(str(number), 2.0)
    assert budgets.spend("a", 2.0), "forgotten, so it begins anew"


async def test_without_communities_any_will_do(tmp_path: Path) -> None:
    traps: list[Trap] = []
    listener = TrapListener(("127.0.0.1", 0), traps.append)
    await listener.start()
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(v2c_trap(b"whatever"), listener.address)
        await Listening(listener, traps, tmp_path).until(lambda: len(traps) == 1)
    finally:
        await listener.close()
