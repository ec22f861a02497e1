"""One SSH table beside SNMP: power supplies of a stack, from login to reading, by real netmiko."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import asyncssh
import pytest
from slices import discovered, facts_of, polling, values_of

from netwatch.model import (
    EntityId,
    EntityKey,
    EntityKind,
    Reachability,
    ReachabilityMethod,
    Secret,
    SnmpAccess,
    SshAccess,
    Target,
)
from netwatch.wire import NetmikoRunner, RecordedSnmpWire, Recording

PASSWORD = "planted-ssh-password"
COMMAND = "show environment power all"
OUTPUT = """\
SW  PID                 Serial#     Status           Sys Pwr  PoE Pwr  Watts
--  ------------------  ----------  ---------------  -------  -------  -----
1A  PW-715-EXAMPLE      EXA2201A001  OK              Good     Good     715
1B  PW-715-EXAMPLE      EXA2201A002  {state:<15} Bad      Bad      715
2A  PW-715-EXAMPLE      EXA2201A003  OK              Good     Good     715
2B  Not Present
"""
SYSTEM = {
    "1.3.6.1.2.1.1.1.0": b"Cisco IOS Software, example train, Version 15.2(7)E3, RELEASE SOFTWARE (fc3)",
    "1.3.6.1.2.1.1.2.0": "1.3.6.1.4.1.9.1.1745",
    "1.3.6.1.2.1.1.3.0": 4_000_000,
    "1.3.6.1.2.1.1.5.0": b"sw-01",
}
LEVEL = "netwatch_sensor_state_level"


class _Passwords(asyncssh.SSHServer):
    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("monitor", PASSWORD)


@dataclass
class Switch:
    target: Target
    state: str = "No Input Power"
    commands: list[str] = field(default_factory=list)


@pytest.fixture
async def switch(tmp_path: Path) -> AsyncIterator[Switch]:
    """SNMP from a recording; a command line with prompt and echo that prints what it is told to."""

    async def shell(process: asyncssh.SSHServerProcess[str]) -> None:
        process.stdout.write("sw-01#")
        async for line in process.stdin:
            command = line.strip()
            switch.commands.append(command)
            output = OUTPUT.format(state=switch.state).replace("\n", "\r\n") if command == COMMAND else ""
            process.stdout.write(f"{command}\r\n{output}sw-01#")
        process.exit(0)

    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.create_server(
        _Passwords, "127.0.0.1", 0, server_host_keys=[key], process_factory=shell, line_editor=False
    )
    port = server.sockets[0].getsockname()[1]
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{port} {key.export_public_key().decode()}")
    switch = Switch(
        Target(
            EntityId("sw"),
            "sw",
            ("127.0.0.1",),
            snmp=SnmpAccess(),
            ssh=SshAccess("monitor", Secret(PASSWORD), "", "cisco_ios", port, 10.0, str(known)),
            reachability=Reachability(ReachabilityMethod.NONE),
        )
    )
    yield switch
    server.close()
    await server.wait_closed()


@pytest.fixture
async def runner() -> AsyncIterator[NetmikoRunner]:
    runner = NetmikoRunner(workers=1)
    yield runner
    await runner.close()


async def test_power_supplies_of_a_stack(switch: Switch, runner: NetmikoRunner, tmp_path: Path) -> None:
    """One test, because each worker process takes seconds to import netmiko."""
    snmp = RecordedSnmpWire({"sw": Recording("sw", SYSTEM)})
    found = await discovered(switch.target, snmp=snmp, ssh=runner)
    assert found.matched.profile == "cisco-ios"
    assert "cisco-ios-ssh" in dict(found.matched.attached)
    assert found.problems == ()
    (told,) = [one for one in found.observations if one.table == "ios_power_supplies"]
    assert values_of(told) == {
        ("netwatch_sensor_power_watts", "ssh.psu.1A.rating"): 715,
        ("netwatch_sensor_power_watts", "ssh.psu.1B.rating"): 715,
        ("netwatch_sensor_power_watts", "ssh.psu.2A.rating"): 715,
        (LEVEL, "ssh.psu.1A.state"): 0,
        (LEVEL, "ssh.psu.1B.state"): 2,
        (LEVEL, "ssh.psu.2A.state"): 0,
    }
    facts = facts_of((told,))
    assert (
        facts[EntityKey(EntityKind.MODULE, "ssh.psu.1B")].items()
        >= {
            "serial": "EXA2201A002",
            "model": "PW-715-EXAMPLE",
            "class": "powerSupply",
        }.items()
    )
    assert {one.origin.split("#")[0] for one in told.readings} == {COMMAND}

    # The same rows by polling, and what changes at the switch.
    switch.state = "OK"
    async with polling(switch.target, snmp=snmp, ssh=runner) as (poller, sink):
        await sink.until(lambda seen: any(one.table == "ios_power_supplies" for one in seen))
        await sink.until(lambda seen: any(one.table == "device" for one in seen))
        switch.state = "Faulty"
        poller.recheck(switch.target.device)
        await sink.until(lambda seen: sum(one.table == "ios_power_supplies" for one in seen) >= 2)
        levels = [
            values_of(one)[LEVEL, "ssh.psu.1B.state"]
            for one in sink.seen
            if one.table == "ios_power_supplies"
        ]
        assert levels == [0, 2]
        assert not sink.failures
    assert set(switch.commands) >= {COMMAND}

    # A key that is not known: the password stays here, and what SNMP says is there all the same.
    (tmp_path / "empty").write_text("")
    assert switch.target.ssh is not None
    stranger = replace(switch.target, ssh=replace(switch.target.ssh, known_hosts=str(tmp_path / "empty")))
    switch.commands.clear()
    partly = await discovered(stranger, snmp=snmp, ssh=runner)
    assert "system" in partly.matched.families
    assert "host key" in " ".join(partly.problems)
    assert PASSWORD not in " ".join(partly.problems)
    assert switch.commands == []
