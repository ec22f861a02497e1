"""Makers whose devices tell when their running configuration was changed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from netwatch.discovery import discover
from netwatch.model import EntityId, SnmpAccess, SystemClock, Target, load_catalogue
from netwatch.profiles import load_profiles
from netwatch.resources import collectors_dir
from netwatch.wire import RecordedSnmpWire, Recording

RECORDINGS = Path(__file__).parent / "recordings"
FAMILY = "netwatch_device_config_changed_uptime_seconds"


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("fortinet-fortigate", 7771.0),
        ("juniper-junos", 7772.0),
        ("h3c-comware", 7773.0),
        ("aruba-cx", 7774.0),
    ],
)
def test_the_uptime_of_the_last_change(name: str, seconds: float) -> None:
    profiles = load_profiles([collectors_dir()], load_catalogue())
    recording = Recording.load(RECORDINGS / f"{name}.snmprec")
    target = Target(EntityId(name), name, (), snmp=SnmpAccess())
    wire = RecordedSnmpWire({name: recording})
    found = asyncio.run(discover(target, snmp=wire, profiles=profiles, clock=SystemClock()))
    told = [one.value for table in found.observations for one in table.readings if one.family == FAMILY]
    assert told == [seconds]
