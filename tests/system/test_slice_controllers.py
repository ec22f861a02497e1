"""Controllers and clouds over HTTP, end to end: the account is asked, its access points are told of."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from controllers import (
    CLOUD_ONE,
    CLOUD_TWO,
    CONSOLE,
    KEY,
    ONE,
    Api,
    by_link,
    by_offset,
    by_page,
    serving,
    too_many,
)
from slices import discovered, facts_of, polling

from netwatch.discovery import Discovery
from netwatch.errors import WireAuthError, WireDecodeError, WireTimeout
from netwatch.model import ROOT, EntityKey, EntityKind, Instant, Observation, Secret
from netwatch.wire import AiohttpJson

AP = EntityKey(EntityKind.DEVICE, "Q2AP-0000-0001")
STATUSES, CLIENTS = f"{ONE}/11/devices/statuses", f"{ONE}/11/wireless/clients/overview/byDevice"
Values = dict[tuple[str, str, tuple[str, ...]], float]


def values_of(*observations: Observation) -> Values:
    """(family, natural key of the subject, labels) -> value."""
    return {
        (one.family.removeprefix("netwatch_"), one.subject.natural, one.labels): one.value
        for seen in observations
        for one in seen.readings
    }


def parents_of(found: Discovery) -> dict[str, str]:
    """Radios and ports by key: whose they are."""
    kinds = (EntityKind.RADIO, EntityKind.INTERFACE, EntityKind.PSE_PORT)
    return {
        f"{seen.key.kind} {seen.key.natural}": seen.parent.natural
        for one in found.observations
        for seen in one.seen
        if seen.key.kind in kinds and seen.parent is not None
    }


class Waits:
    """How long the wire was told to wait; nobody waits."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.passed = 0.0

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.passed += seconds


class Clock:
    """Stands still but for the waits."""

    def __init__(self, waits: Waits) -> None:
        self.waits = waits

    def now(self) -> Instant:
        return Instant(1_700_000_000.0 + self.waits.passed, 100.0 + self.waits.passed)

    async def sleep(self, seconds: float) -> None:
        await self.waits(seconds)


@pytest.fixture
async def waits() -> Waits:
    return Waits()


@pytest.fixture
async def http(waits: Waits) -> AsyncIterator[AiohttpJson]:
    http = AiohttpJson(clock=Clock(waits), sleep=waits)
    yield http
    await http.close()


@pytest.fixture
async def one() -> AsyncIterator[Api]:
    async with serving(Api(CLOUD_ONE, "Authorization", f"Bearer {KEY.reveal()}", by_link)) as api:
        yield api


@pytest.fixture
async def two() -> AsyncIterator[Api]:
    async with serving(Api(CLOUD_TWO, "Authorization", f"Token {KEY.reveal()}", by_page)) as api:
        yield api


@pytest.fixture
async def console() -> AsyncIterator[Api]:
    async with serving(Api(CONSOLE, "X-API-KEY", KEY.reveal(), by_offset)) as api:
        yield api


async def test_a_cloud_whose_lists_go_on_by_link(one: Api, http: AiohttpJson) -> None:
    found = await discovered(one.target(profile="meraki-dashboard"), http=http)
    assert found.problems == ()
    facts, values = facts_of(found.observations), values_of(*found.observations)
    assert facts[ROOT]["sys_name"] == "Example Schools"
    assert facts[ROOT].items() >= {"kind": "wireless", "role": "controller", "vendor": "Cisco Meraki"}.items()
    assert (
        facts[AP].items()
        >= {
            "kind": "wireless",
            "role": "ap",
            "model": "MR46",
            "serial": "Q2AP-0000-0001",
            "mac": "88:15:44:00:00:01",
            "version": "30.7",
            "address": "10.1.2.3",
            "location": "Lincoln ES",
            "status": "up",
        }.items()
    )
    assert facts[EntityKey(EntityKind.DEVICE, "Q2SW-0000-0001")]["kind"] == "switch"  # on the second page
    assert values["device_up", "Q2AP-0000-0001", ()] == 1
    assert values["device_up", "Q2AP-0000-0002", ()] == 0
    assert values["device_up", "Q2SW-0000-0001", ()] == 1
    assert values["device_clients", "Q2AP-0000-0001", ()] == 31
    assert ("device_clients", "Q2AP-0000-0002", ()) not in values  # down: unknown, not 0
    assert {key[2]: value for key, value in values.items() if key[0] == "device_access_points"} == {
        ("total",): 2,
        ("up",): 1,
        ("down",): 1,
    }
    assert values["radio_channel", "Q2AP-0000-0001/2.4", ()] == 6
    assert values["radio_power_dbm", "Q2AP-0000-0001/5", ()] == 17
    assert values["radio_frequency_hertz", "Q2AP-0000-0001/5", ()] == 5.22e9
    assert values["radio_airtime_ratio", "Q2AP-0000-0001/2.4", ("all",)] == pytest.approx(0.62)
    assert values["radio_airtime_ratio", "Q2AP-0000-0001/2.4", ("other",)] == pytest.approx(0.12)
    assert values["interface_speed_bytes_per_second", "Q2SW-0000-0001/1", ()] == 125e6
    assert values["interface_oper_up", "Q2SW-0000-0001/2", ()] == 0
    assert values["interface_admin_up", "Q2SW-0000-0001/2", ()] == 0
    assert values["pse_port_delivering", "Q2SW-0000-0001/1", ()] == 1
    assert parents_of(found)["radio Q2AP-0000-0001/5"] == "Q2AP-0000-0001"
    assert parents_of(found)["interface Q2SW-0000-0001/1"] == "Q2SW-0000-0001"
    # Whatever table tells of a device calls it by its name.
    names = {seen.name for told in found.observations for seen in told.seen if seen.key == AP}
    assert names == {"ap-library"}
    # Each page once, however many tables need it.
    assert len(one.asked) == len(set(one.asked))


async def test_a_cloud_whose_lists_have_page_numbers(two: Api, http: AiohttpJson) -> None:
    found = await discovered(two.target(profile="mist-cloud"), http=http)
    assert found.problems == ()
    facts, values = facts_of(found.observations), values_of(*found.observations)
    ap, switch = "5c:5b:35:00:00:10", "5c:45:27:a9:65:80"
    assert (
        facts[EntityKey(EntityKind.DEVICE, ap)].items()
        >= {
            "sys_name": "ap-room-12",
            "serial": "FXLH2015170017",
            "version": "0.14.29543",
            "location": "Lincoln ES",
            "status": "up",
        }.items()
    )
    assert facts[EntityKey(EntityKind.RADIO, f"{ap}/24")]["band"] == "2.4ghz"
    assert values["device_up", "5c:5b:35:00:00:20", ()] == 0
    assert values["device_uptime_seconds", ap, ()] == 13500
    assert values["device_clients", ap, ()] == 25
    assert values["processor_utilization_ratio", switch, ()] == pytest.approx(0.12)
    assert values["memory_used_ratio", ap, ()] == pytest.approx(0.25)
    assert values["sensor_temperature_celsius", f"{ap}.cpu", ()] == 51
    assert values["radio_noise_dbm", f"{ap}/24", ()] == -91
    assert values["radio_clients", f"{ap}/5", ("",)] == 21
    assert values["radio_airtime_ratio", f"{ap}/24", ("rx",)] == pytest.approx(0.33)
    assert not any(key[1] == f"{ap}/6" for key in values)
    assert values["interface_transmit_bytes_total", f"{switch}/ge-0/0/0", ()] == 211217389682
    assert values["interface_admin_up", f"{switch}/ge-0/0/1", ()] == 0
    assert values["pse_port_power_watts", f"{switch}/ge-0/0/0", ()] == 11.5
    assert values["device_access_points", "", ("total",)] == 2
    assert len(two.asked) == len(set(two.asked))


async def test_a_console_that_is_recognised(console: Api, http: AiohttpJson) -> None:
    found = await discovered(console.target(), http=http)
    assert (found.matched.profile, found.problems) == ("unifi-console", ())
    facts, values = facts_of(found.observations), values_of(*found.observations)
    ap, switch = "f0:9f:c2:00:00:10", "f0:9f:c2:00:00:20"
    assert facts[ROOT]["version"] == "9.3.45"
    assert (
        facts[EntityKey(EntityKind.DEVICE, ap)].items()
        >= {
            "model": "U6-Pro",
            "location": "Lincoln ES",
            "status": "up",
            "role": "ap",
        }.items()
    )
    assert values["device_up", "f0:9f:c2:00:00:11", ()] == 0
    assert values["device_clients", ap, ()] == 22
    assert values["processor_utilization_ratio", ap, ()] == pytest.approx(0.219)
    assert values["radio_airtime_ratio", f"{ap}/wifi0", ("all",)] == pytest.approx(0.7)
    assert values["radio_clients", f"{ap}/wifi1", ("",)] == 14
    assert values["radio_clients", f"{ap}/wifi1", ("Students",)] == 10
    assert values["interface_receive_bytes_total", f"{switch}/1", ()] == 100
    assert values["interface_oper_up", f"{switch}/49", ()] == 0
    assert values["pse_port_power_watts", f"{switch}/1", ()] == pytest.approx(3.46)
    assert values["device_clients", "", ()] == 22
    origins = {reading.origin for seen in found.observations for reading in seen.readings}
    assert "/proxy/network/api/s/x7k2/stat/device#/data/0/radio_table_stats/1/channel" in origins


async def test_the_same_application_on_a_server(http: AiohttpJson) -> None:
    """Without the console around it the paths have no prefix, those in braces neither."""
    here = {path.removeprefix("/proxy/network"): body for path, body in CONSOLE.items()}
    async with serving(Api(here, "X-API-KEY", KEY.reveal(), by_offset)) as server:
        found = await discovered(server.target(), http=http)
    assert (found.matched.profile, found.problems) == ("unifi-server", ())
    values = values_of(*found.observations)
    assert values["device_clients", "f0:9f:c2:00:00:10", ()] == 22
    assert values["interface_receive_bytes_total", "f0:9f:c2:00:00:20/1", ()] == 100


async def test_a_console_by_its_documented_api_alone(console: Api, http: AiohttpJson) -> None:
    found = await discovered(console.target(profile="unifi-integration"), http=http)
    assert found.problems == ()
    values = values_of(*found.observations)
    ap, switch = "f0:9f:c2:00:00:10", "f0:9f:c2:00:00:20"
    assert values["device_up", "f0:9f:c2:00:00:11", ()] == 0
    assert values["device_clients", ap, ()] == 2
    assert values["device_uptime_seconds", switch, ()] == 654321
    assert values["radio_retry_ratio", f"{ap}/2.4", ()] == pytest.approx(0.085)
    assert len([path for path in console.asked if path.endswith("/clients?limit=200&offset=2")]) == 1


async def test_a_pass_joins_documents_of_the_same_pass(one: Api, http: AiohttpJson) -> None:
    async with polling(one.target(profile="meraki-dashboard"), http=http) as (_, sink):
        await sink.until(lambda seen: any(told.table == "meraki_statuses" for told in seen))
        plan_made = len(sink.seen)
        one.documents[ONE].reverse()
        one.documents[STATUSES][1]["status"] = "online"
        await sink.until(
            lambda seen: any(
                values_of(told).get(("device_access_points", "", ("up",))) == 2
                for told in seen[plan_made:]
                if told.table == "meraki_organizations"
            )
        )
        assert not sink.failures


async def test_asked_to_wait_it_waits_and_goes_on(one: Api, http: AiohttpJson, waits: Waits) -> None:
    one.odd[STATUSES] = [too_many("2"), too_many("1")]
    found = await discovered(one.target(profile="meraki-dashboard"), http=http)
    assert found.problems == ()
    assert 2.0 in waits.seconds
    assert 1.0 in waits.seconds
    assert values_of(*found.observations)["device_up", "Q2AP-0000-0001", ()] == 1


async def test_asked_to_wait_for_long_it_leaves_the_account_in_peace(one: Api, http: AiohttpJson) -> None:
    one.odd[CLIENTS] = [too_many("600")]
    found = await discovered(one.target(profile="meraki-dashboard"), http=http)
    assert any("asked too often (HTTP 429), next in 600 s" in problem for problem in found.problems)
    assert one.asked[-1].startswith(CLIENTS)  # and nothing more
    # What could not be read now is polled later, without another discovery.
    assert {"meraki_clients", "meraki_ports"} <= {table.name for table in found.plan.tables}
    async with polling(one.target(profile="meraki-dashboard"), http=http) as (_, sink):
        await sink.until(lambda seen: any(told.table == "device" for told in seen))
        assert sink.failures[0].table == "discovery"
    assert one.asked[-1].startswith(CLIENTS)


async def test_a_refused_key_is_named_and_not_shown(one: Api, http: AiohttpJson) -> None:
    with pytest.raises(WireAuthError, match=r"credentials 'cloud' refused \(HTTP 401\)") as refused:
        await discovered(one.target(profile="meraki-dashboard", key=Secret("planted-wrong")), http=http)
    assert "planted" not in f"{refused.value!r}"


async def test_a_slow_page_and_nonsense_cost_their_table_alone(one: Api, http: AiohttpJson) -> None:
    one.odd[STATUSES] = [5.0]
    one.odd[CLIENTS] = [web.Response(text="<html>maintenance</html>")]
    found = await discovered(one.target(profile="meraki-dashboard", timeout=0.5), http=http)
    problems = "\n".join(found.problems)
    assert "devices/statuses: no answer within 0.5 s" in problems
    assert "byDevice: the answer is not JSON" in problems
    assert values_of(*found.observations)["radio_channel", "Q2AP-0000-0001/5", ()] == 44
    assert not any(told.table in ("meraki_statuses", "meraki_clients") for told in found.observations)
    assert {"meraki_statuses", "meraki_clients"} <= {table.name for table in found.plan.tables}


async def test_a_cloud_that_is_too_slow_altogether(one: Api, http: AiohttpJson) -> None:
    one.odd[ONE] = [5.0] * 9
    with pytest.raises(WireTimeout):
        await discovered(one.target(profile="meraki-dashboard", timeout=0.3), http=http)


async def test_a_next_page_elsewhere_is_not_asked(one: Api, http: AiohttpJson) -> None:
    """A reply can't send netwatch, with its key, to another host."""
    away = web.json_response([], headers={"Link": "<http://192.0.2.1/api/v1/organizations>; rel=next"})
    one.odd[ONE] = [away]
    with pytest.raises(WireDecodeError, match="its next page is somewhere else"):
        await discovered(one.target(profile="meraki-dashboard"), http=http)
