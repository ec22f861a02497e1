"""netmiko in worker processes against an asyncssh replay and a real sshd."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import asyncssh
import pytest

from netwatch.errors import WireAuthError, WireDecodeError, WireRefused
from netwatch.model import EntityId, Secret, SshAccess, Target
from netwatch.wire import NetmikoRunner, RecordedSshRunner

PASSWORD = "planted-ssh-secret"
STATUS = """
Port      Name               Status       Vlan       Duplex  Speed Type
Gi1/0/1   Room 101           connected    20         a-full a-1000 10/100/1000BaseTX
Gi1/0/2                      notconnect   1            auto   auto 10/100/1000BaseTX
""".strip()
ROW = {"port": "Gi1/0/1", "name": "Room 101", "status": "connected", "vlan_id": "20"}
LINKS = """\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
"""


@dataclass
class Replay:
    target: Target
    commands: list[str]


class _Passwords(asyncssh.SSHServer):
    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("netwatch", PASSWORD)


@pytest.fixture
async def replay(tmp_path: Path) -> AsyncIterator[Replay]:
    """A switch's command line: a prompt, an echo, recorded output."""
    commands: list[str] = []

    async def shell(process: asyncssh.SSHServerProcess[str]) -> None:
        process.stdout.write("switch#")
        async for line in process.stdin:
            command = line.strip()
            commands.append(command)
            output = STATUS.replace("\n", "\r\n") + "\r\n" if command == "show interfaces status" else ""
            if command == "show nothing":
                output = "% Invalid input detected\r\n"
            process.stdout.write(f"{command}\r\n{output}switch#")
        process.exit(0)

    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.create_server(
        _Passwords, "127.0.0.1", 0, server_host_keys=[key], process_factory=shell, line_editor=False
    )
    port = server.sockets[0].getsockname()[1]
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{port} {key.export_public_key().decode()}")
    access = SshAccess("netwatch", Secret(PASSWORD), "", "cisco_ios", port, 10.0, str(known))
    yield Replay(Target(EntityId("sw"), "sw", ("127.0.0.1",), ssh=access), commands)
    server.close()
    await server.wait_closed()


@pytest.fixture
async def runner() -> AsyncIterator[NetmikoRunner]:
    runner = NetmikoRunner(workers=1)
    yield runner
    await runner.close()


async def test_rows_come_parsed_and_failures_hold_no_secret(
    runner: NetmikoRunner, replay: Replay, tmp_path: Path
) -> None:
    """One test, because each worker process takes a second to import netmiko."""
    rows = await runner.run(replay.target, "show interfaces status")
    assert len(rows) == 2
    assert rows[0].items() >= ROW.items()
    assert "show interfaces status" in replay.commands

    with pytest.raises(WireDecodeError, match="no ntc-template"):
        await runner.run(replay.target, "show nothing")

    assert replay.target.ssh is not None
    wrong = replace(replay.target, ssh=replace(replay.target.ssh, password=Secret("wrong-" + PASSWORD)))
    with pytest.raises(WireAuthError, match="login refused") as refused:
        await runner.run(wrong, "show interfaces status")
    assert PASSWORD not in f"{refused.value!r} {refused.value.__cause__!r}"

    empty = tmp_path / "empty"
    empty.write_text("")
    stranger = replace(replay.target, ssh=replace(replay.target.ssh, known_hosts=str(empty)))
    with pytest.raises(WireAuthError, match="host key"):
        await runner.run(stranger, "show interfaces status")

    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = replace(replay.target.ssh, port=closed.getsockname()[1])
        with pytest.raises(WireRefused, match="refused"):
            await runner.run(replace(replay.target, ssh=nobody), "show interfaces status")


async def test_a_cancelled_command_ends_its_worker(runner: NetmikoRunner) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        access = SshAccess("netwatch", Secret(PASSWORD), port=silent.getsockname()[1])
        target = Target(EntityId("x"), "x", ("127.0.0.1",), ssh=access)
        task = asyncio.create_task(runner.run(target, "show version"))
        while not runner._busy:  # noqa: ASYNC110 - nobody tells when a worker starts
            await asyncio.sleep(0.01)
        (process,) = runner._busy
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert process.returncode is not None
        assert not runner._idle


@pytest.fixture
def privilege_separation() -> None:
    """The folder that sshd chroots into; the service's start script makes it."""
    with contextlib.suppress(PermissionError):  # only root needs it
        Path("/run/sshd").mkdir(exist_ok=True)


@pytest.mark.server("sshd")
@pytest.mark.usefixtures("privilege_separation")
async def test_a_real_sshd(runner: NetmikoRunner, tmp_path: Path) -> None:
    key, host = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    for name, private in (("key", key), ("host", host)):
        path = tmp_path / name
        path.write_bytes(private.export_private_key())
        path.chmod(0o600)
    (tmp_path / "authorized").write_bytes(key.export_public_key())
    (tmp_path / "links").write_text(LINKS)
    # The shell is real; its `ip` prints a recording, so that the rows don't depend on this machine.
    (tmp_path / "rc").write_text(f"PS1='host$ '\nip() {{ cat {tmp_path}/links; }}\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {tmp_path}/host\nPidFile none\nUsePAM no\nStrictModes no\n"
        f"AuthorizedKeysFile {tmp_path}/authorized\nPermitRootLogin prohibit-password\n"
        f"PasswordAuthentication no\nForceCommand /bin/bash --noprofile --rcfile {tmp_path}/rc -i\n"
    )
    sshd = shutil.which("sshd", path="/usr/sbin:/usr/bin")
    assert sshd is not None
    server = await asyncio.create_subprocess_exec(
        sshd, "-D", "-e", "-f", str(tmp_path / "config"), stderr=asyncio.subprocess.PIPE
    )
    try:
        assert server.stderr is not None
        assert b"listening" in await server.stderr.readline()
        (tmp_path / "known").write_text(f"[127.0.0.1]:{port} {host.export_public_key().decode()}")
        user = getpass.getuser()
        access = SshAccess(
            user, Secret(""), str(tmp_path / "key"), "linux", port, 10.0, str(tmp_path / "known")
        )
        rows = await runner.run(Target(EntityId("h"), "h", ("127.0.0.1",), ssh=access), "ip link show")
        assert [row["interface"] for row in rows] == ["lo"]
    finally:
        server.terminate()
        await server.wait()


async def test_recorded_output_goes_through_the_same_templates(tmp_path: Path) -> None:
    (tmp_path / "sw").mkdir()
    (tmp_path / "sw" / "show_interfaces_status.txt").write_text(STATUS)
    target = Target(EntityId("sw"), "sw", ("192.0.2.1",), ssh=SshAccess("u", platform="cisco_ios"))
    rows = await RecordedSshRunner(tmp_path).run(target, "show interfaces status")
    assert rows[0].items() >= ROW.items()
    with pytest.raises(WireDecodeError):
        await RecordedSshRunner(tmp_path).run(target, "show version")
