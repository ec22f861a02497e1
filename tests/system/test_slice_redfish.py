"""A server whose management controller speaks Redfish and nothing else: one http-json profile, end to end.

The documents follow the schemas of the DMTF (ComputerSystem, Chassis, Thermal, Power, Manager, Drive); names,
serials and numbers are made up.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from copy import deepcopy
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slices import discovered, facts_of, polling, values_of

from netwatch.errors import WireAuthError, WireRefused
from netwatch.model import (
    ROOT,
    EntityId,
    EntityKey,
    EntityKind,
    HttpAccess,
    Instant,
    Reachability,
    ReachabilityMethod,
    Secret,
    Target,
)
from netwatch.wire import AiohttpJson

OK = {"State": "Enabled", "Health": "OK"}
PASSWORD = Secret("planted-bmc-password")


def members(*links: str) -> dict[str, Any]:
    return {"Members": [{"@odata.id": link} for link in links], "Members@odata.count": len(links)}


V1 = "/redfish/v1"
DRIVE = f"{V1}/Systems/Self.1/Storage/RAID.1/Drives/0"
DOCUMENTS: dict[str, Any] = {
    V1: {"RedfishVersion": "1.6.0", "Systems": {"@odata.id": f"{V1}/Systems"}},
    f"{V1}/Systems": members(f"{V1}/Systems/Self.1"),
    f"{V1}/Systems/Self.1": {
        "Manufacturer": "Example",
        "Model": "Server 9",
        "SerialNumber": "SRV00042",
        "UUID": "4C4C4544-0031-3010-8052-B4C04F4A4B32",
        "HostName": "files-01",
        "BiosVersion": "2.17.1",
        "PowerState": "On",
        "MemorySummary": {"TotalSystemMemoryGiB": 64},
        "Status": {"State": "Enabled", "Health": "Warning"},
    },
    f"{V1}/Systems/Self.1/Storage": members(f"{V1}/Systems/Self.1/Storage/RAID.1"),
    f"{V1}/Systems/Self.1/Storage/RAID.1": {"Drives": [{"@odata.id": DRIVE}]},
    DRIVE: {
        "Name": "Disk 0",
        "Model": "D-960",
        "SerialNumber": "DSK00007",
        "CapacityBytes": 960_197_124_096,
        "Status": {"State": "Enabled", "Health": "Critical"},
    },
    f"{V1}/Managers": members(f"{V1}/Managers/BMC"),
    f"{V1}/Managers/BMC": {"Name": "Manager", "Model": "BMC 5", "FirmwareVersion": "6.10.30"},
    f"{V1}/Chassis": members(f"{V1}/Chassis/1U", f"{V1}/Chassis/Backplane"),
    f"{V1}/Chassis/1U": {"Name": "Rack mount", "ChassisType": "RackMount", "SerialNumber": "CHS00001"},
    # A backplane has neither Thermal nor Power: HTTP 404.
    f"{V1}/Chassis/Backplane": {"Name": "Backplane", "ChassisType": "Module"},
    f"{V1}/Chassis/1U/Thermal": {
        "Temperatures": [
            {"MemberId": "0", "Name": "Inlet", "ReadingCelsius": 23.5, "Status": OK},
            {"MemberId": "1", "Name": "CPU 1", "ReadingCelsius": 61, "Status": OK},
            {"MemberId": "2", "Name": "CPU 2", "ReadingCelsius": None, "Status": {"State": "Absent"}},
        ],
        "Fans": [
            {"MemberId": "0", "Name": "Fan 1", "Reading": 7440, "ReadingUnits": "RPM", "Status": OK},
            {
                "MemberId": "1",
                "FanName": "Fan 2",
                "Reading": 35,
                "ReadingUnits": "Percent",
                "Status": {"State": "Enabled", "Health": "Critical"},
            },
        ],
    },
    f"{V1}/Chassis/1U/Power": {
        "PowerControl": [{"MemberId": "0", "Name": "System Power", "PowerConsumedWatts": 214}],
        "PowerSupplies": [
            {
                "MemberId": "0",
                "Name": "PSU 1",
                "Model": "PW-750",
                "SerialNumber": "PSU00011",
                "LineInputVoltage": 121,
                "PowerInputWatts": 220,
                "LastPowerOutputWatts": 198,
                "Status": OK,
            },
            {
                "MemberId": "1",
                "Name": "PSU 2",
                "SerialNumber": "PSU00012",
                "Status": {"State": "Enabled", "Health": "Critical"},
            },
        ],
        "Voltages": [{"MemberId": "0", "Name": "P12V", "ReadingVolts": 12.1, "Status": OK}],
    },
}

LEVEL, CELSIUS = "netwatch_sensor_state_level", "netwatch_sensor_temperature_celsius"


class Controller:
    """Serves the documents to who knows the password; counts what was asked."""

    def __init__(self) -> None:
        self.documents = deepcopy(DOCUMENTS)
        self.asked: list[str] = []
        self.base = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        known = base64.b64encode(b"monitor:" + PASSWORD.reveal().encode()).decode()
        if request.headers.get("Authorization") != f"Basic {known}":
            return web.Response(status=401)
        document = self.documents.get(request.path.rstrip("/"))
        return web.Response(status=404) if document is None else web.json_response(document)

    def target(self, *, profile: str = "", password: Secret = PASSWORD) -> Target:
        access = HttpAccess(self.base, "monitor", password, timeout=5.0)
        return Target(
            EntityId("bmc"),
            "bmc",
            ("127.0.0.1",),
            http=access,
            reachability=Reachability(ReachabilityMethod.NONE),
            interval=0.5,
            profile=profile,
        )


@pytest.fixture
async def controller() -> AsyncIterator[Controller]:
    controller = Controller()
    app = web.Application()
    app.router.add_route("GET", "/{path:.*}", controller.answer)
    server = TestServer(app)
    await server.start_server()
    controller.base = str(server.make_url("")).rstrip("/")
    yield controller
    await server.close()


@pytest.fixture
async def http() -> AsyncIterator[AiohttpJson]:
    http = AiohttpJson()
    yield http
    await http.close()


@pytest.mark.parametrize("profile", ["", "redfish"], ids=["recognised", "named"])
async def test_a_server_that_has_no_snmp(controller: Controller, http: AiohttpJson, profile: str) -> None:
    found = await discovered(controller.target(profile=profile), http=http)
    assert found.matched.profile == "redfish"
    assert found.problems == ()
    facts = facts_of(found.observations)
    assert (
        facts[ROOT].items()
        >= {
            "kind": "server",
            "vendor": "Example",
            "model": "Server 9",
            "serial": "SRV00042",
            "version": "6.10.30",
            "sys_name": "files-01",
            "uuid": "4c4c4544-0031-3010-8052-b4c04f4a4b32",
        }.items()
    )
    values = {key: value for one in found.observations for key, value in values_of(one).items()}
    assert {key[1]: value for key, value in values.items() if key[0] == CELSIUS} == {
        "redfish.1U.temperature.0": 23.5,
        "redfish.1U.temperature.1": 61.0,
    }
    assert values["netwatch_sensor_fan_speed_rpm", "redfish.1U.fan.0"] == 7440
    assert values["netwatch_sensor_percent_ratio", "redfish.1U.fan.1"] == pytest.approx(0.35)
    assert values[LEVEL, "redfish.1U.psu.0.health"] == 0
    assert values[LEVEL, "redfish.1U.psu.1.health"] == 2
    assert values[LEVEL, "redfish.1U.fan.1.health"] == 2
    assert values[LEVEL, "redfish.system.Self.1"] == 1
    assert values["netwatch_sensor_power_watts", "redfish.1U.power.0"] == 214
    assert values["netwatch_sensor_power_watts", "redfish.1U.psu.0.output"] == 198
    assert values["netwatch_sensor_voltage_volts", "redfish.1U.voltage.0"] == pytest.approx(12.1)
    assert values["netwatch_memory_size_bytes", "redfish.Self.1"] == 64 * 2**30
    assert values["netwatch_disk_size_bytes", "DSK00007"] == 960_197_124_096
    assert values["netwatch_disk_state_level", "DSK00007"] == 2
    assert facts[EntityKey(EntityKind.DISK, "DSK00007")]["model"] == "D-960"
    # Several tables read the same documents, and each was asked for once.
    assert len(controller.asked) == len(set(controller.asked))


async def test_where_a_value_was_read(controller: Controller, http: AiohttpJson) -> None:
    found = await discovered(controller.target(), http=http)
    origins = {one.subject.natural: one.origin for seen in found.observations for one in seen.readings}
    thermal = f"{V1}/Chassis/1U/Thermal"
    assert origins["redfish.1U.temperature.1"] == f"{thermal}#/Temperatures/1/ReadingCelsius"
    assert origins["redfish.system.Self.1"] == f"{V1}/Systems/Self.1#/Status/Health"


async def test_polling_says_what_discovery_said(controller: Controller, http: AiohttpJson) -> None:
    found = await discovered(controller.target(), http=http)
    first = {one.table: values_of(one) for one in found.observations}
    async with polling(controller.target(), http=http) as (_, sink):
        await sink.until(lambda seen: sum(one.table == "redfish_power_supplies" for one in seen) >= 3)
        health = [one for one in sink.seen if one.table == "device"][-1]
        polled = {one.table: one for one in sink.seen if one.table.startswith("redfish_")}
        assert {name: values_of(one) for name, one in polled.items()} == {
            name: values for name, values in first.items() if name.startswith("redfish_")
        }
        assert {(one.family, one.labels): one.value for one in health.readings}.items() >= {
            ("netwatch_device_up", ()): 1.0,
            ("netwatch_probe_success", ("http",)): 1.0,
        }.items()
        # What changes at the device is what the next poll tells.
        controller.documents[f"{V1}/Chassis/1U/Power"]["PowerSupplies"][1]["Status"]["Health"] = "OK"
        await sink.until(
            lambda seen: (
                [values_of(one) for one in seen if one.table == "redfish_power_supplies"][-1][
                    LEVEL, "redfish.1U.psu.1.health"
                ]
                == 0
            )
        )
        assert not sink.failures


async def test_a_plan_is_read_from_documents_alone(controller: Controller, http: AiohttpJson) -> None:
    found = await discovered(controller.target(), http=http)
    (table,) = [one for one in found.plan.tables if one.name == "redfish_temperatures"]
    thermal = deepcopy(DOCUMENTS[f"{V1}/Chassis/1U/Thermal"])
    thermal["Temperatures"][0]["ReadingCelsius"] = 40
    told = table.observe({"1U": thermal}, EntityId("bmc"), Instant(1_700_000_000.0, 1.0), 60.0)
    assert values_of(told)[CELSIUS, "redfish.1U.temperature.0"] == 40


async def test_a_refused_password_is_no_empty_device(controller: Controller, http: AiohttpJson) -> None:
    for profile in ("", "redfish"):
        with pytest.raises(WireAuthError) as refused:
            await discovered(controller.target(profile=profile, password=Secret("wrong")), http=http)
        assert PASSWORD.reveal() not in str(refused.value)


async def test_a_controller_that_is_off(controller: Controller, http: AiohttpJson) -> None:
    target = controller.target()
    controller.base = "http://127.0.0.1:1"
    with pytest.raises(WireRefused):
        await discovered(controller.target(), http=http)
    controller.base = target.http.base_url if target.http else ""
    controller.documents.clear()
    async with polling(controller.target(profile="redfish"), http=http) as (_, sink):
        await sink.until(lambda seen: any(one.table == "device" for one in seen))
        assert sink.failures[0].table == "discovery"
        assert "404" in sink.failures[0].reason


async def test_links_lead_nowhere_else(controller: Controller, http: AiohttpJson) -> None:
    """A device can't send netwatch, with its password, to another host."""
    controller.documents[f"{V1}/Systems"] = members("http://192.0.2.1/redfish/v1/Systems/1", "//192.0.2.1/x")
    found = await discovered(controller.target(profile="redfish"), http=http)
    assert "redfish_systems" not in found.matched.families
    strange = [path for path in controller.asked if "192.0.2.1" in path]
    assert strange  # asked for as steps of a path, and of the configured host
    assert all(path.startswith("/") for path in strange)
