"""The agents over the wire, asked by net-snmp."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from netwatch.errors import ConfigError
from netwatch.model import Secret, UsmAuth, UsmPrivacy
from netwatch.simulate import RecordingServer, Simulator, load_district
from netwatch.simulate.agent import Agent
from netwatch.simulate.ber import INTEGER, OCTET_STRING
from netwatch.simulate.udp import LoopbackSocket
from netwatch.simulate.usm import User, localize, password_key
from netwatch.simulate.view import MibView

TUESDAY = 86400.0 + 10.5 * 3600
snmp_tools = pytest.mark.skipif(
    shutil.which("snmpbulkwalk") is None, reason="MISSING: net-snmp's tools (snmp)"
)


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    simulator = Simulator(load_district(scale=60), port=0, echo_port=0, phase=TUESDAY)
    await simulator.start()
    yield simulator
    await simulator.close()


async def run(*command: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"MIBS": "", "PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": "/nonexistent"},
    )
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode("utf-8", "replace")


def oids_of(text: str) -> list[tuple[int, ...]]:
    found = re.findall(r"^\.(\d[\d.]*) = (?!No more)", text, re.MULTILINE)
    return [tuple(map(int, one.split("."))) for one in found]


@snmp_tools
@pytest.mark.parametrize(
    "tool", [("snmpbulkwalk", "-v2c", "-Cr40"), ("snmpwalk", "-v2c"), ("snmpwalk", "-v1")]
)
async def test_walks_bring_everything_in_order(simulator: Simulator, tool: tuple[str, ...]) -> None:
    for role in ("ups", "firewall"):
        device = next(one for one in simulator.district.devices if one.template.role == role and not one.user)
        place = f"{device.address}:{simulator.port}"
        _, text = await run(*tool, "-c", "public", "-On", "-t5", place, ".1")
        view = simulator.world.model(device.name).view
        expected = list(view.oids())
        if tool[-1] == "-v1":
            assert set(oids_of(text)) <= set(expected)
            assert len(oids_of(text)) > 20
        else:
            assert oids_of(text) == expected


@snmp_tools
async def test_get_with_exceptions(simulator: Simulator) -> None:
    place = f"127.10.1.1:{simulator.port}"
    _, text = await run(
        "snmpget",
        "-v2c",
        "-c",
        "public",
        "-On",
        place,
        ".1.3.6.1.2.1.1.5.0",
        ".1.3.6.1.2.1.1.5.7",
        ".1.3.6.1.9.9",
    )
    assert '"do-core-01"' in text
    assert "No Such Instance" in text
    assert "No Such Object" in text
    code, text = await run("snmpget", "-v1", "-c", "public", "-On", place, ".1.3.6.1.9.9")
    assert code != 0
    assert "noSuchName" in text


@snmp_tools
async def test_only_the_right_community_is_answered(simulator: Simulator) -> None:
    place = f"127.10.1.1:{simulator.port}"
    code, _ = await run("snmpget", "-v2c", "-c", "private", "-r0", "-t0.3", place, ".1.3.6.1.2.1.1.5.0")
    assert code != 0
    code, _ = await run(
        "snmpget", "-v2c", "-c", "public", "-r0", "-t0.3", f"127.99.9.9:{simulator.port}", ".1"
    )
    assert code != 0


@snmp_tools
async def test_devices_behind_a_dead_core_are_silent(simulator: Simulator) -> None:
    dead = [one for one in simulator.district.devices if one.down]
    assert dead
    place = f"{dead[-1].address}:{simulator.port}"
    code, _ = await run("snmpget", "-v2c", "-c", "public", "-r0", "-t0.3", place, ".1.3.6.1.2.1.1.5.0")
    assert code != 0


async def test_echo_comes_from_the_address_that_was_asked(simulator: Simulator) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        for device in [one for one in simulator.district.devices if not one.down and not one.delay][:5]:
            await loop.sock_sendto(client, b"ping", (device.address, simulator.echo_port))
            data, source = await asyncio.wait_for(loop.sock_recvfrom(client, 100), 5)
            assert (data, source) == (b"ping", (device.address, simulator.echo_port))
        dead = next(one for one in simulator.district.devices if one.down)
        await loop.sock_sendto(client, b"ping", (dead.address, simulator.echo_port))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(loop.sock_recvfrom(client, 100), 0.2)


async def test_a_taken_port_is_told(simulator: Simulator) -> None:
    second = Simulator(load_district(scale=5), port=simulator.port, echo_port=0)
    with pytest.raises(OSError, match="in use"):
        await second.start()


async def test_one_socket_per_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left where IP_PKTINFO is not to be had."""

    def refuse(self: LoopbackSocket) -> socket.socket:
        raise OSError(92, "Protocol not available")

    monkeypatch.setattr(LoopbackSocket, "_wildcard", refuse)
    server = LoopbackSocket(lambda data, asked: (asked.encode(), 0.0), 0, ["127.0.5.1", "127.0.5.2"])
    await server.start()
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        for address in ("127.0.5.1", "127.0.5.2"):
            await loop.sock_sendto(client, b"who", (address, server.port))
            data, source = await asyncio.wait_for(loop.sock_recvfrom(client, 100), 5)
            assert (data.decode(), source) == (address, (address, server.port))
    server.close()


def test_keys_of_rfc_3414() -> None:
    """Appendix A.3: password maplesyrup, engine 000000000000000000000002."""
    engine = bytes(11) + b"\x02"
    md5 = localize(password_key("maplesyrup", "md5"), engine, "md5")
    sha = localize(password_key("maplesyrup", "sha1"), engine, "sha1")
    assert md5.hex() == "526f5eed9fcce26f8964c2930787d82b"
    assert sha.hex() == "6695febc9288e36282235fc7151f128497b38f3f"


NAMES = {
    UsmAuth.MD5: "MD5",
    UsmAuth.SHA: "SHA",
    UsmAuth.SHA224: "SHA-224",
    UsmAuth.SHA256: "SHA-256",
    UsmAuth.SHA384: "SHA-384",
    UsmAuth.SHA512: "SHA-512",
}
CIPHERS = {
    UsmPrivacy.DES: "DES",
    UsmPrivacy.AES128: "AES",
    UsmPrivacy.AES192: "AES-192",
    UsmPrivacy.AES256: "AES-256",
}


@snmp_tools
async def test_v3_with_every_protocol() -> None:
    view = MibView(
        [((1, 3, 6, 1, 2, 1, 1, 5, 0), OCTET_STRING, "v3"), ((1, 3, 6, 1, 2, 1, 1, 7, 0), INTEGER, 72)]
    )
    users: dict[bytes, User] = {}
    for auth in UsmAuth:
        for privacy in UsmPrivacy:
            name = f"{auth.value}-{privacy.value}"
            users[name.encode()] = User(
                name, auth, Secret("auth-password"), privacy, Secret("privacy-password")
            )
        users[auth.value.encode()] = User(auth.value, auth, Secret("auth-password"))
    users[b"open"] = User("open")
    agent = Agent(view=lambda: view, users=users, engine_id=b"\x80\0\x1f\x88\x03\x02\0\0\0\0\x01")
    server = LoopbackSocket(
        lambda data, asked: (reply, 0.0) if (reply := agent.respond(data, 77.0)) else None, 0
    )
    await server.start()

    async def ask(*options: str) -> tuple[int, str]:
        common = ("snmpbulkwalk", "-v3", "-r0", "-t2", "-On")
        return await run(*common, *options, f"127.0.0.1:{server.port}", ".1.3.6.1.2.1.1")

    refused = 0
    for auth, auth_name in NAMES.items():
        for privacy, cipher in CIPHERS.items():
            name = f"{auth.value}-{privacy.value}"
            authentic = ("-l", "authPriv", "-u", name, "-a", auth_name, "-A", "auth-password")
            code, text = await ask(*authentic, "-x", cipher, "-X", "privacy-password")
            if "Invalid privacy protocol" in text:
                refused += 1  # this net-snmp was built without it
                continue
            assert code == 0, (auth, privacy, text)
            assert '"v3"' in text, (auth, privacy, text)
        code, text = await ask("-l", "authNoPriv", "-u", auth.value, "-a", auth_name, "-A", "auth-password")
        assert '"v3"' in text, (auth, text)
    assert refused < 24
    assert '"v3"' in (await ask("-l", "noAuthNoPriv", "-u", "open"))[1]
    assert "Unknown user name" in (await ask("-l", "noAuthNoPriv", "-u", "nobody"))[1]
    wrong = ("-l", "authNoPriv", "-u", "sha", "-a", "SHA", "-A", "wrong-password")
    assert "Authentication failure" in (await ask(*wrong))[1]
    assert "Unsupported security level" in (await ask("-l", "noAuthNoPriv", "-u", "sha"))[1]
    server.close()


@snmp_tools
async def test_the_time_window_is_kept() -> None:
    """A peer that brings an old engine time is told the right one and comes again (RFC 3414 section 3.2)."""
    now = [100.0]
    user = User("sha", UsmAuth.SHA, Secret("auth-password"))
    view = MibView([((1, 3, 6, 1, 2, 1, 1, 5, 0), OCTET_STRING, "v3")])
    agent = Agent(view=lambda: view, users={b"sha": user}, engine_id=b"\x80\0\x1f\x88\x03\x02\0\0\0\0\x01")
    seen: list[int] = []

    def answer(data: bytes, _: str) -> tuple[bytes, float] | None:
        reply = agent.respond(data, now[0])
        seen.append(len(data))
        now[0] += 1000.0 if len(seen) == 1 else 0.0  # after discovery the engine is far ahead
        return (reply, 0.0) if reply else None

    server = LoopbackSocket(answer, 0)
    await server.start()
    _, text = await run(
        "snmpget", "-v3", "-r0", "-t1", "-l", "authNoPriv", "-u", "sha", "-a", "SHA", "-A", "auth-password",
        f"127.0.0.1:{server.port}", ".1.3.6.1.2.1.1.5.0",
    )  # fmt: skip
    assert '"v3"' in text
    assert len(seen) == 3
    server.close()


@snmp_tools
async def test_v3_of_the_district(simulator: Simulator) -> None:
    users = {user.name: user for user in simulator.district.library.district.users}
    device = next(one for one in simulator.district.devices if one.user and not one.down)
    user = users[device.user]
    _, text = await run(
        "snmpget", "-v3", "-l", "authPriv", "-u", user.name, "-a", NAMES[user.auth], "-A", user.auth_password,
        "-x", CIPHERS[user.privacy], "-X", user.privacy_password, f"{device.address}:{simulator.port}",
        ".1.3.6.1.2.1.1.5.0",
    )  # fmt: skip
    assert f'"{device.name}"' in text
    code, _ = await run(
        "snmpget",
        "-v2c",
        "-c",
        "public",
        "-r0",
        "-t0.3",
        f"{device.address}:{simulator.port}",
        ".1.3.6.1.2.1.1.5.0",
    )
    assert code != 0


RECORDED = """\
1.3.6.1.2.1.1.5.0|4|box
1.3.6.1.2.1.1.1.0|4x|4865 6c6c6f
1.3.6.1.2.1.1.2.0|6|.1.3.6.1.4.1.9
1.3.6.1.2.1.1.3.0|67|4200
1.3.6.1.2.1.2.2.1.10.1|65|4294967295
1.3.6.1.2.1.4.20.1.1.10.0.0.1|64|10.0.0.1
1.3.6.1.2.1.9.1.0|5|
1.3.6.1.2.1.9.2.<IPADDR>|4|x
1.3.6.1.2.1.31.1.1.1.6.1|70|18446744073709551615
1.3.6.1.2.1.1.5.0|4|second
"""


@snmp_tools
async def test_recordings_are_served(tmp_path: Path) -> None:
    (tmp_path / "box.snmprec").write_text(RECORDED.replace("4865 ", "4865"), encoding="utf-8")
    (tmp_path / "box@7.snmprec").write_text("1.3.6.1.2.1.17.1.2.0|2|7\n", encoding="utf-8")
    server = RecordingServer(tmp_path, port=0, echo_port=0)
    await server.start()
    place = f"{server.addresses['box']}:{server.port}"
    _, text = await run("snmpbulkwalk", "-v2c", "-c", "public", "-On", place, ".1")
    assert len(oids_of(text)) == 7
    assert oids_of(text) == sorted(oids_of(text))
    assert '"box"' in text
    assert "Hello" in text
    assert "18446744073709551615" in text
    _, text = await run("snmpwalk", "-v2c", "-c", "public@7", "-On", place, ".1")
    assert oids_of(text) == [(1, 3, 6, 1, 2, 1, 17, 1, 2, 0)]
    await server.close()


def test_a_folder_without_recordings(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=re.escape("*.snmprec")):
        RecordingServer(tmp_path, port=0, echo_port=0)
