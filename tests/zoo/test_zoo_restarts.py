"""Clocks that wrap, agents that restart, engines that are not unique, addresses that move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from zoo_agents import Device
from zoo_lab import IFX, REBOOTS, RX, SYS, UP, UPTIME, Lab, switch

from netwatch.model import Secret, SnmpVersion, UsmAuth, UsmPrivacy
from netwatch.simulate import ber
from netwatch.simulate.usm import User

WRAP = 2**32 / 100
"""Seconds after which TimeTicks are full: 497 days."""
PASSWORD = "planted-zoo-password"
V3: Mapping[str, Any] = {
    "version": SnmpVersion.V3,
    "user": "zoo",
    "auth": UsmAuth.SHA256,
    "auth_password": Secret(PASSWORD),
    "privacy": UsmPrivacy.AES128,
    "privacy_password": Secret(PASSWORD),
}
ENGINE = bytes.fromhex("80001f8880e9bd0c1d12667a5100000000")


def v3_device(name: str = "sw", engine_id: bytes = ENGINE) -> Device:
    user = User("zoo", UsmAuth.SHA256, Secret(PASSWORD), UsmPrivacy.AES128, Secret(PASSWORD))
    device = Device(switch(name=name), users={b"zoo": user}, engine_id=engine_id)
    device.objects["1.3.6.1.6.3.10.2.1.1.0"] = (ber.OCTET_STRING, engine_id)
    return device


def restarted(objects: dict[str, Any], at: float) -> dict[str, Any]:
    """The same device, whose clocks and counters begun anew."""

    def since(source: Any) -> Any:
        return (lambda seconds: source(seconds - at)) if callable(source) else source

    return {oid: (tag, since(source)) for oid, (tag, source) in objects.items()}


async def test_an_uptime_that_wraps_after_497_days_is_no_reboot(lab: Lab) -> None:
    """LN#13896, LN#1426; SNMPv2-MIB: sysUpTime counts hundredths in 32 bits."""
    device = Device(switch())
    begun = lab.seconds() - (WRAP - 150)
    device.objects[UPTIME] = (ber.TIME_TICKS, lambda seconds: int((seconds - begun) * 100))
    await lab.agent(device)
    sw = await lab.watch()
    for _ in range(6):
        await lab.poll(sw)
        assert lab.rate(lab.port(sw, "p2")) == pytest.approx(2000, rel=0.01)
    assert device.objects[UPTIME][1](lab.seconds()) > 2**32, "it wrapped"
    assert not lab.value(sw, REBOOTS)


async def test_a_reboot_is_one_and_makes_no_spike(lab: Lab) -> None:
    """toni-moreno/snmpcollector#339, Cacti/cacti#3901: petabits per second after a reboot."""
    device = Device(switch())
    await lab.agent(device)
    sw = await lab.watch()
    await lab.poll(sw, times=2)
    device.show(restarted(device.objects, lab.seconds() + 30))
    for _ in range(4):
        await lab.poll(sw)
        rate = lab.rate(lab.port(sw, "p3"))
        assert rate is None or rate == pytest.approx(3000, rel=0.02)
    assert lab.value(sw, REBOOTS) == 1


@pytest.mark.parametrize("boots", [8, 1, 0], ids=["counted on", "begun anew", "never counted"])
async def test_a_v3_agent_that_restarts_is_read_again_within_two_polls(lab: Lab, boots: int) -> None:
    """TG#16880, SE#257, net-snmp/net-snmp#385, lextudio/sharpsnmplib#99: dead until the poller restarts.

    RFC 3414, 2.2.2 wants boots to be raised at each restart; agents without a disk begin anew.
    """
    device = v3_device()
    device.engine = lambda seconds: (7, int(seconds))
    await lab.agent(device)
    sw = await lab.watch(**V3)
    await lab.poll(sw, times=2)
    assert lab.rate(lab.port(sw, "p2")) == pytest.approx(2000, rel=0.01)
    began = lab.seconds() + 30
    device.show(restarted(device.objects, began))
    device.engine = lambda seconds: (boots, int(seconds - began))
    await lab.poll(sw)
    assert lab.value(sw, UP) == 1
    assert lab.freshness(sw).failures == 0
    await lab.poll(sw)
    assert lab.rate(lab.port(sw, "p2")) == pytest.approx(2000, rel=0.01)


async def test_a_v3_agent_with_a_new_engine_id_is_read_again(lab: Lab) -> None:
    """A replaced supervisor: another engine, the same users."""
    device = v3_device()
    await lab.agent(device)
    sw = await lab.watch(**V3)
    await lab.poll(sw)
    device.engine_id = ENGINE[:-1] + b"\x07"
    device.show(device.objects)
    await lab.poll(sw)
    assert lab.value(sw, UP) == 1
    assert lab.freshness(sw).failures == 0


async def test_a_v3_clock_that_drifts_is_followed(lab: Lab) -> None:
    """net-snmp/net-snmp#385, markabrahams/node-net-snmp#309: dead once the window's 150 s are used up."""
    device = v3_device()
    device.engine = lambda seconds: (7, int(seconds * 0.5))
    await lab.agent(device)
    sw = await lab.watch(**V3)
    await lab.poll(sw, times=8, seconds=300)
    assert lab.value(sw, UP) == 1
    assert lab.freshness(sw).failures == 0


async def test_two_devices_with_one_engine_id_are_two(lab: Lab) -> None:
    """easysnmp/easysnmp#146, kentik/ktranslate#126: clones of one image, or a failover pair; RFC 3411, 5."""
    first, second = v3_device("a"), v3_device("b")
    first.engine = lambda seconds: (3, int(seconds))
    second.engine = lambda seconds: (900, int(seconds - 99_000))
    await lab.agent(first, "127.20.0.1")
    await lab.agent(second, "127.20.0.2")
    a = await lab.watch("a", ["127.20.0.1"], **V3)
    b = await lab.watch("b", ["127.20.0.2"], **V3)
    assert a != b
    for _ in range(3):
        await lab.poll(a, b)
    for device in (a, b):
        assert lab.value(device, UP) == 1
        assert lab.ports(device) == ["p1", "p2", "p3", "p4"]
        assert lab.rate(lab.port(device, "p2")) == pytest.approx(2000, rel=0.02)
    assert lab.port(a, "p1") != lab.port(b, "p1")
    assert lab.state.conflicts == (), "an engine id is a weak witness"


async def test_an_address_that_belongs_to_another_device_now(lab: Lab) -> None:
    """DHCP, or a spare with the old address: other hardware, other ports, other counters."""
    old = Device(switch(["p1", "p2"]))
    agent = await lab.agent(old)
    sw = await lab.watch()
    await lab.poll(sw, times=2)
    await lab.put_away(agent)
    ahead = 4_000_000_000
    new = Device(switch(["p1", "p2", "p8"], name="spare"))
    new.objects |= {
        f"{SYS}.2.0": (ber.OID, "1.3.6.1.4.1.99999.2"),
        UPTIME: (ber.TIME_TICKS, lambda seconds: int((seconds + 1e6) * 100)),
        f"{IFX}.6.1": (ber.COUNTER64, lambda seconds: int(seconds * 1000) + ahead),
    }
    await lab.agent(new)
    rates = []
    for _ in range(3):
        await lab.poll(sw)
        rates.append(lab.rate(lab.port(sw, "p1"), RX))
    assert lab.ports(sw)[-1] == "p8", "it was discovered anew"
    assert rates[-1] == pytest.approx(1000, rel=0.01)
    assert lab.value(sw, UP) == 1
