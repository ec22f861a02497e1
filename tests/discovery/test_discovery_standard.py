"""What the standard MIBs give, read from small recordings that were written from the MIBs' own facts."""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from netwatch.discovery import Discovery, discover, inspect_document, render_inspect
from netwatch.model import EntityId, Reading, SnmpAccess, SnmpValue, SystemClock, Target, load_catalogue
from netwatch.profiles import ProfileSet, load_profiles
from netwatch.resources import collectors_dir
from netwatch.wire import RecordedSnmpWire, Recording

RECORDINGS = Path(__file__).parents[1] / "profiles" / "recordings"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> ProfileSet:
    """The standard profiles alone: what vendors' profiles add is tested with those."""
    return load_profiles([collectors_dir() / "standard"], load_catalogue())


async def read(name: str, shipped: ProfileSet) -> Discovery:
    recording = Recording.load(RECORDINGS / f"{name}.snmprec")
    target = Target(EntityId(name), name, (), snmp=SnmpAccess())
    wire = RecordedSnmpWire({name: recording})
    return await discover(target, snmp=wire, profiles=shipped, clock=SystemClock())


async def document(name: str, shipped: ProfileSet) -> dict[str, Any]:
    return inspect_document(name, await read(name, shipped), load_catalogue())


def readings(found: Discovery, table: str) -> list[Reading]:
    return [r for one in found.observations if one.table == table for r in one.readings]


async def test_identity(shipped: ProfileSet) -> None:
    identity = (await document("switch", shipped))["identity"]
    assert identity == {
        "kind": "other",
        "os": "generic",
        "model": "EX-4824P",
        "version": "4.2.1",
        "serial": "FXS1234A001",
        "sys_name": "sw-12",
        "sys_descr": "Example Networks access switch, version 4.2",
        "sys_object_id": "1.3.6.1.4.1.99999.1.1",
        "location": "Room 12",
        "contact": "helpdesk@example.org",
        "uptime_seconds": 86400,
    }


async def test_ports(shipped: ProfileSet) -> None:
    ports = (await document("switch", shipped))["ports"]
    assert [port["if_index"] for port in ports] == [10101, 10102, 10103]
    assert ports[2] == {
        "if_index": 10103,
        "name": "Te1/0/1",
        "descr": "TenGigabitEthernet1/0/1",
        "alias": "uplink",
        "type": "ethernetCsmacd",
        "mac": "02:00:00:00:00:77",
        "mtu": 1500,
        "speed_bps": 10_000_000_000,
        "admin": "up",
        "oper": "up",
        "in_octets": 5_000_010_103,
        "out_octets": 6_000_010_103,
        "in_errors": 4,
        "out_errors": 6,
        "in_discards": 3,
        "out_discards": 5,
    }
    assert "alias" not in ports[0], "an empty alias is no alias"


async def test_width_of_counters_is_that_of_the_column_used(shipped: ProfileSet) -> None:
    found = await read("switch", shipped)
    octets = {
        r.subject.natural: (r.value, r.bits, r.origin)
        for r in readings(found, "interfaces")
        if r.family == "netwatch_interface_receive_bytes_total"
    }
    assert octets["Gi1/0/1"] == (5_000_010_101, 64, "1.3.6.1.2.1.31.1.1.1.6.10101")
    assert octets["Gi1/0/2"] == (11_102, 32, "1.3.6.1.2.1.2.2.1.10.10102")


async def test_duplex(shipped: ProfileSet) -> None:
    found = await read("switch", shipped)
    duplex = {
        r.subject.natural: r.value
        for r in readings(found, "interfaces")
        if r.family == "netwatch_interface_full_duplex"
    }
    assert duplex == {"Gi1/0/1": 0, "Gi1/0/2": 0, "Te1/0/1": 1}


async def test_sensors_are_scaled_and_invalid_ones_left_out(shipped: ProfileSet) -> None:
    sensors = (await document("switch", shipped))["sensors"]
    entity_sensors = [one for one in sensors if str(one.get("oid", "")).startswith("1.3.6.1.2.1.99.")]
    assert [(one["descr"], one["class"], one["value"], one["unit"]) for one in entity_sensors] == [
        ("Inlet", "temperature", 31.5, "celsius"),
        ("Rail 12V", "voltage", 11.98, "volts"),
    ]


async def test_parts(shipped: ProfileSet) -> None:
    found = await document("switch", shipped)
    assert found["inventory"][1] == {
        "index": 2,
        "class": "powerSupply",
        "name": "PSU A",
        "descr": "Power supply",
        "model": "EX-PWR-1100",
        "serial": "PSU0001",
    }
    assert found["neighbors"] == [
        {
            "protocol": "lldp",
            "local_if_index": 10103,
            "local_port": "Te1/0/1",
            "remote_name": "core-1",
            "remote_port": "Te2/1",
            "remote_port_descr": "to sw-12",
            "remote_chassis": "02:aa:bb:cc:dd:ee",
        }
    ]
    assert found["vlans"] == [{"id": 1, "name": "default"}, {"id": 20, "name": "voice"}]
    assert found["stp"] == [
        {
            "bridge": "02:00:00:00:00:01",
            "root": "02:aa:bb:cc:dd:ee",
            "cost": 2000,
            "changes": 9,
            "priority": 32768,
        }
    ]
    assert found["poe"] == [{"index": "1", "budget_watts": 740, "used_watts": 123, "state": "on"}]
    assert found["poe_ports"] == [
        {"index": "1.1", "state": "delivering", "class": "4"},
        {"index": "1.2", "state": "searching"},
    ]
    assert found["addresses"] == [
        {"address": "10.9.8.7", "prefix_length": 26, "if_index": 10103},
        {"address": "2001:db8::7", "prefix_length": 64, "if_index": 10103},
    ]


async def test_host(shipped: ProfileSet) -> None:
    found = await document("host", shipped)
    assert [(one["descr"], one["usage"]) for one in found["processors"]] == [
        ("Example CPU", 0.4),
        ("Processor 196609", 0.6),
    ]
    memory = {one["descr"]: one for one in found["memory"]}
    assert set(memory) == {"Physical memory", "Memory buffers", "Cached memory", "Swap space"}
    assert memory["Physical memory"]["used_bytes"] == (6_000_000 - 500_000 - 2_500_000) * 1024
    assert memory["Swap space"]["class"] == "swap"
    root = found["storage"][0]
    assert (root["descr"], root["total_bytes"]) == ("/", (2**32 - 1_000_000_000) * 4096), "past 2^31 blocks"
    assert len(found["storage"]) == 1, "a file system without size is none"


async def test_ups(shipped: ProfileSet) -> None:
    found = await document("ups", shipped)
    assert found["identity"]["kind"] == "power"
    assert found["identity"]["model"] == "Example 3000"
    values = {(one["descr"], one["class"]): one["value"] for one in found["sensors"]}
    assert values["Battery runtime", "runtime"] == 2520
    assert values["Battery charge", "charge"] == 0.87
    assert values["Battery voltage", "voltage"] == 54.1
    assert values["Input 1 frequency", "frequency"] == 59.9
    states = {
        one["descr"]: (one["raw"], one["state"], one["label"]) for one in found["sensors"] if "raw" in one
    }
    assert states == {"Battery": (3, "warning", "low"), "Output source": (5, "critical", "battery")}


@cache
def schema() -> dict[str, Any]:
    """The shape of the interchange, as far as a consumer relies on it."""
    path = Path(__file__).parent / "inspect.schema.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("name", ["switch", "host", "ups"])
async def test_document_is_plain_json(name: str, shipped: ProfileSet) -> None:
    found = await document(name, shipped)
    assert json.loads(json.dumps(found)) == found
    jsonschema.validate(found, schema())


@pytest.mark.parametrize("name", ["switch", "host", "ups"])
async def test_page_for_a_person(name: str, shipped: ProfileSet) -> None:
    from rich.console import Console

    console = Console(width=140, record=True, file=io.StringIO())
    console.print(render_inspect(await document(name, shipped)))
    text = console.export_text()
    assert "Room 12" in text
    expected = {"switch": "core-1", "host": "Physical memory", "ups": "Battery charge"}
    assert expected[name] in text


async def test_plan_polls_ports_by_exact_oids_and_reads_names_once(shipped: ProfileSet) -> None:
    found = await read("switch", shipped)
    plans = {plan.name: plan for plan in found.plan.tables}
    interfaces = plans["interfaces"]
    assert not interfaces.roots
    assert not any(oid.startswith("1.3.6.1.2.1.31.1.1.1.18.") for oid in interfaces.oids), "alias is kept"
    assert "1.3.6.1.2.1.31.1.1.1.6.10101" in interfaces.oids
    assert "1.3.6.1.2.1.2.2.1.10.10102" in interfaces.oids
    assert plans["lldp_neighbors"].roots
    assert plans["physical"].interval == 86_400
    assert "hr_storage" not in plans
    assert found.matched.families is not None
    assert "netwatch_pse_used_watts" in found.matched.families["pse"]


async def test_reading_without_snmp_answers_is_empty_but_whole(shipped: ProfileSet) -> None:
    wire = RecordedSnmpWire({"empty": Recording("empty", {})})
    target = Target(EntityId("empty"), "empty", (), snmp=SnmpAccess())
    found = await discover(target, snmp=wire, profiles=shipped, clock=SystemClock())
    assert inspect_document("empty", found, load_catalogue()) == {
        "schema": "netwatch-inspect/2",
        "name": "empty",
        "identity": {"kind": "other", "os": "generic"},
    }


async def test_spanning_tree_of_each_vlan(shipped: ProfileSet) -> None:
    base = "1.3.6.1.2.1.17"

    def bridge(changes: int, priority: int) -> dict[str, SnmpValue]:
        return {
            f"{base}.1.1.0": bytes.fromhex("020000000001"),
            f"{base}.2.2.0": priority,
            f"{base}.2.4.0": changes,
            f"{base}.2.5.0": bytes.fromhex("8000020000000001"),
            f"{base}.2.6.0": 0,
        }

    vlans: dict[str, SnmpValue] = {f"{base}.7.1.4.3.1.1.{vlan}": b"x" for vlan in (20, 30)}
    recording = Recording("sw", bridge(5, 32768) | vlans, {"20": Recording("sw@20", bridge(7, 32788))})
    wire = RecordedSnmpWire({"sw": recording})

    async def changes(vlan_contexts: bool) -> dict[str, float]:
        target = Target(EntityId("sw"), "sw", (), snmp=SnmpAccess(vlan_contexts=vlan_contexts))
        found = await discover(target, snmp=wire, profiles=shipped, clock=SystemClock())
        contexts = {plan.name: plan.context for plan in found.plan.tables if "spanning_tree" in plan.name}
        expected = {"spanning_tree": "", "spanning_tree@20": "20"}
        assert contexts == (expected if vlan_contexts else {"spanning_tree": ""})
        return {
            r.subject.natural: r.value
            for one in found.observations
            for r in one.readings
            if r.family == "netwatch_bridge_topology_changes_total"
        }

    assert await changes(True) == {"02:00:00:00:00:01": 5, "02:00:00:00:00:01/20": 7}
    assert await changes(False) == {"02:00:00:00:00:01": 5}
