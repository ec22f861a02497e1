"""A district end to end: daemon, Prometheus, Alertmanager and broker are real, and the truth is known."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any

import aiomqtt
import pytest
import yaml
from dashboard_queries import queries
from district import HELD_BACK, INTERVAL, District, living
from programs import eventually, fetch, get_json

pytestmark = pytest.mark.server("prometheus", "prometheus-alertmanager", "mosquitto")

RX, TX = "netwatch_interface_receive_bytes_total", "netwatch_interface_transmit_bytes_total"
WINDOW = 60
"""Seconds over which rates are compared."""


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[District]:
    with living(tmp_path_factory.mktemp("system")) as district:
        yield district


def planted(district: District, name: str) -> list[dict[str, Any]]:
    found = [one for one in district.truth["conditions"] if one["condition"] == name]
    assert found, f"nothing of {name} in this district"
    return found


def firing(district: District, rule: str) -> list[dict[str, Any]]:
    return [one for one in district.alerts() if one["rule"] == rule and one["state"] == "firing"]


# what was planted


def test_a_dead_core_switch_is_one_page(district: District) -> None:
    (condition,) = planted(district, "core-switch-down")
    lost = {condition["device"], *condition["behind"]}

    def told() -> list[dict[str, Any]] | None:
        alerts = firing(district, "DeviceUnreachable")
        return alerts if {one["labels"]["device"] for one in alerts} == lost else None

    alerts = eventually("all that is behind it is known to be gone", told)
    assert [one["labels"]["device"] for one in alerts if not one["suppressed_by"]] == [condition["device"]]
    devices = district.devices()
    assert {name for name in lost if devices[name]["status"] != "down"} == set()
    # Its access points are seen to be down by their controller, and explained as well.
    points = eventually(
        "the controller has lost its access points",
        lambda: firing(district, "AccessPointDown") or None,
    )
    assert {one["labels"]["device"] for one in points} <= set(condition["access_points"])
    assert all(one["suppressed_by"] for one in points)


def test_a_full_uplink_is_told_and_no_other(district: District) -> None:
    (condition,) = planted(district, "saturated-uplink")
    ends = {
        (condition["device"], condition["entity"]["natural"]),
        (condition["far_end"]["device"], condition["far_end"]["entity"]),
    }
    alerts = eventually("it is told", lambda: firing(district, "BandwidthHigh") or None)
    assert {(one["labels"]["device"], one["labels"]["interface"]) for one in alerts} <= ends
    assert all(0.9 < one["value"] <= 1.05 for one in alerts)


def test_failed_parts_and_peers(district: District) -> None:
    (supply,) = planted(district, "power-supply-failed")
    (peer,) = planted(district, "sip-trunk-down")
    for rule, condition, label in (
        ("PowerSupplyFailed", supply, "sensor"),
        ("SipPeerDown", peer, "interface"),
    ):
        (alert,) = eventually(rule, lambda rule=rule: firing(district, rule) or None)
        assert alert["labels"]["device"] == condition["device"]
        assert condition["entity"]["natural"] in alert["labels"][label]
        assert not alert["suppressed_by"]
        assert "1.3.6.1." in alert["annotations"]["evidence"]


def test_a_filling_volume(district: District) -> None:
    (condition,) = planted(district, "volume-filling")
    where = f'device="{condition["device"]}",volume="{condition["entity"]["natural"]}"'
    query = f"netwatch_volume_used_bytes{{{where}}} / netwatch_volume_size_bytes{{{where}}}"
    (share,) = eventually("its volume was read", lambda: district.query(query) or None)
    assert float(share["value"][1]) == pytest.approx(condition["share"], abs=0.01)


def test_a_crowded_wing(district: District) -> None:
    (condition,) = planted(district, "access-points-overloaded")
    crowded = set(condition["access_points"])

    def by_point() -> dict[str, float] | None:
        found = district.query('sum by (device) (netwatch_radio_clients{ssid=""})')
        return {one["metric"]["device"]: float(one["value"][1]) for one in found} or None

    clients = eventually("access points were read", by_point)
    assert crowded <= set(clients)
    others = [number for name, number in clients.items() if name not in crowded]
    mean = sum(others) / len(others)
    assert min(clients[name] for name in crowded) > mean
    assert sum(clients[name] for name in crowded) / len(crowded) > 1.3 * mean
    busy = district.query('max by (device) (netwatch_radio_airtime_ratio{use="all"})')
    airtime = {one["metric"]["device"]: float(one["value"][1]) for one in busy}
    assert min(airtime[name] for name in crowded) > max(
        share for name, share in airtime.items() if name not in crowded
    )


@pytest.mark.long
@pytest.mark.timeout(900)
def test_an_agent_that_is_slow_and_loses_requests(district: District) -> None:
    """Its discovery alone takes minutes. It is read all the same, and nobody takes it for down."""
    (device,) = district.slow
    # The state of its ports, which discovery reads: a poll every few seconds is beyond such an agent.
    ports = f'netwatch_interface_oper_up{{device="{device}"}}'
    eventually("its ports were read", lambda: district.query(ports) or None, 800)
    (status,) = district.query(f'netwatch_device_up{{device="{device}"}}')
    assert float(status["value"][1]) == 1
    assert device not in {one["labels"]["device"] for one in firing(district, "DeviceUnreachable")}


# what is counted


def counters(district: District, device: str) -> list[tuple[str, str, str]]:
    """(family, name of the interface, OID) of the byte counters of a device."""
    document = district.api(f"devices/{district.devices()[device]['id']}")
    names = {one["id"]: one["name"] for one in document["entities"]}
    return [
        (one["family"], names[one["entity"]], one["origin"])
        for one in document["readings"]
        if one["family"] in (RX, TX)
    ]


def samples(
    district: District, family: str, device: str, interface: str, until: float
) -> list[tuple[float, float]]:
    """(time, value) of the last window, as Prometheus has them."""
    query = f'{family}{{device="{device}",interface="{interface}"}}[{WINDOW}s]'
    found = district.query(query, until)
    return [(float(at), float(value)) for at, value in found[0]["values"]] if found else []


def check_rate(district: District, device: str, until: float) -> Iterator[float]:
    """Compares every byte counter of a device with the truth; yields how far each is off, as a share."""
    for family, interface, oid in counters(district, device):
        points = samples(district, family, device, interface, until)
        assert len(points) > 3, (device, interface)
        (begin, first), (end, last) = points[0], points[-1]
        truth = district.world.counter(device, oid, end) - district.world.counter(device, oid, begin)
        assert all(after >= before for (_, before), (_, after) in pairwise(points))
        if truth < 100_000:
            continue  # a few packets are no rate
        # From the first sample to the last one: at a window's edges Prometheus guesses.
        span = round((end - begin) * 1000) + 1
        query = f'rate({family}{{device="{device}",interface="{interface}"}}[{span}ms])'
        (rate,) = district.query(query, end)
        yield abs((last - first) / truth - 1)
        yield abs(float(rate["value"][1]) / (truth / (end - begin)) - 1)


@pytest.fixture(scope="module")
def observed(district: District) -> float:
    """The end of a window in which Prometheus has seen everything, a reboot included. Wall seconds."""
    (reboot,) = planted(district, "reboot")
    end = max(reboot["since"] + 30, district.polled_at + WINDOW) + 2 * INTERVAL
    time.sleep(max(0.0, end - time.time()))
    eventually(
        "the reboot was witnessed",
        lambda: (
            [
                one
                for one in district.query(f'netwatch_device_reboots_total{{device="{reboot["device"]}"}}')
                if float(one["value"][1]) == 1
            ]
            or None
        ),
    )
    return time.time() - INTERVAL


def test_rates_are_the_truth(district: District, observed: float) -> None:
    """64-bit counters and one of 32 bits that wraps; polls and scrapes have the same interval."""
    (wrapping,) = planted(district, "counters-wrap")
    (full,) = planted(district, "saturated-uplink")
    worst: dict[str, float] = {}
    for device in (wrapping["device"], full["device"], full["far_end"]["device"], "do-core-01"):
        for attempt in range(
            5
        ):  # a busy machine may delay the reading at one end of a window, but not always
            errors = list(check_rate(district, device, observed + attempt * INTERVAL))
            assert len(errors) > 4, device
            worst[device] = min(max(errors), worst.get(device, 1.0))
            if worst[device] < 0.01:
                break
            time.sleep(INTERVAL)
    print({name: f"{error:.4%}" for name, error in worst.items()})
    assert max(worst.values()) < 0.01, worst


def test_a_counter_of_32_bits_has_wrapped(district: District, observed: float) -> None:
    (condition,) = planted(district, "counters-wrap")
    port = condition["entity"]["natural"]
    oids = {oid for _, name, oid in counters(district, condition["device"]) if name == port}
    assert all(oid.startswith("1.3.6.1.2.1.2.2.1.1") for oid in oids)  # ifInOctets, ifOutOctets
    started = district.truth["simulation"]["started"]
    wraps = [
        district.world.counter(condition["device"], oid, observed) // 2**32
        - district.world.counter(condition["device"], oid, started) // 2**32
        for oid in oids
    ]
    assert max(wraps) >= 1


def test_a_reboot_costs_one_interval(district: District, observed: float) -> None:
    """Nothing falls, nothing leaps: what was counted between the last poll and the restart is unknown."""
    (condition,) = planted(district, "reboot")
    device, at = condition["device"], condition["since"]
    checked = 0
    for family, interface, oid in counters(district, device):
        query = f'{family}{{device="{device}",interface="{interface}"}}[10m]'
        found = district.query(query, observed)
        points = [(float(t), float(v)) for t, v in found[0]["values"]]
        for (begin, before), (end, after) in pairwise(points):
            assert after >= before
            if begin < at <= end:
                # Prometheus may have missed a poll before the restart, at which counters began anew.
                earlier = district.world.counter(device, oid, at - 0.01) - district.world.counter(
                    device, oid, begin
                )
                since = district.world.counter(device, oid, end)
                assert after - before <= (earlier + since) * 1.1 + 1000
                checked += 1
        later = [(t, v) for t, v in points if t > at]
        truth = district.world.counter(device, oid, later[-1][0]) - district.world.counter(
            device, oid, later[0][0]
        )
        if truth > 100_000:
            assert later[-1][1] - later[0][1] == pytest.approx(truth, rel=0.05)
    assert checked
    alerts = firing(district, "DeviceRebooted")
    assert {one["labels"]["device"] for one in alerts} == {device}


def test_a_flapping_port(district: District, observed: float) -> None:
    (condition,) = planted(district, "port-flapping")
    where = f'device="{condition["device"]}",interface="{condition["entity"]["natural"]}"'
    (changes,) = district.query(f"changes(netwatch_interface_oper_up{{{where}}}[2m])", observed)
    assert float(changes["value"][1]) >= 2


def test_nobody_polls_late(district: District, observed: float) -> None:
    """One sample per poll: with equal intervals no poll is scraped twice or left out for long."""
    found = district.query(f'{RX}{{device="do-core-01"}}[{WINDOW}s]', observed)
    for series in found:
        times = [float(at) for at, _ in series["values"]]
        assert len(times) == len(set(times))
        assert len(times) >= WINDOW / INTERVAL * 0.6


def test_nobody_is_paged_for_what_was_not_planted(district: District, observed: float) -> None:
    """One page per fault, and no other."""
    pages = Counter(
        (one["rule"], one["labels"]["device"])
        for one in district.alerts()
        if one["state"] == "firing" and not one["suppressed_by"] and one["severity"] != "info"
    )
    places = {one["device"] for one in district.truth["conditions"]}
    places |= {end["device"] for end in (one.get("far_end") for one in district.truth["conditions"]) if end}
    assert {page for page in pages if page[1] not in places} == set()
    assert {page for page, count in pages.items() if count > 1} == set()


# who looks at it


@pytest.mark.server("promtool")
def test_promtool_finds_nothing(district: District) -> None:
    body = fetch(district.url("/metrics"), accept="text/plain")[1]
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=body, capture_output=True, timeout=120, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, b""), checked.stdout[:2000]


@pytest.mark.parametrize("query", list(queries()), ids=lambda query: f"{query.panel}-{query.ref}")
def test_every_panel_shows_something(district: District, observed: float, query: Any) -> None:
    eventually(query.panel, lambda: district.query(query.expr) or None, 30)


def test_alertmanager_and_broker_know_what_fires(district: District) -> None:
    """Both hold what is firing and explained by nothing else."""
    (supply,) = planted(district, "power-supply-failed")

    def sent() -> dict[str, dict[str, Any]]:
        return {
            one["id"]: one
            for one in district.alerts()
            if one["state"] == "firing" and not one["suppressed_by"]
        }

    def taken() -> bool:
        active = get_json(f"http://127.0.0.1:{district.alertmanager}/api/v2/alerts?active=true")
        held = {one["annotations"]["netwatch_id"]: one for one in active}
        return supply["device"] in {one["labels"]["device"] for one in held.values()} and set(sent()) <= set(
            held
        )

    eventually("Alertmanager has all of them", taken)

    async def retained() -> dict[str, dict[str, Any]]:
        found = {}
        async with aiomqtt.Client("127.0.0.1", district.mqtt, timeout=10) as client:
            await client.subscribe("maple/alerts/#")
            with suppress(TimeoutError):
                async with asyncio.timeout(3):
                    async for message in client.messages:
                        document = json.loads(bytes(message.payload))
                        found[document["id"]] = document
        return found

    held = eventually(
        "the broker has them",
        lambda: (found := asyncio.run(retained())) and set(sent()) <= set(found) and found,
    )
    assert {one["state"] for one in held.values()} == {"firing"}


# what changes while it runs


def passes(district: District) -> Counter[str]:
    """Polls by device that Prometheus has seen up to now."""
    found = district.query("count_over_time(netwatch_device_uptime_seconds[1h])")
    return Counter({one["metric"]["device"]: int(one["value"][1]) for one in found})


def test_a_device_more_by_reload_and_none_lost(district: District) -> None:
    before, known = passes(district), district.devices()
    assert HELD_BACK not in known
    district.add_to_inventory(district.held_back)
    status, body = fetch(district.url("/-/reload"), post=True)
    assert status == 200, body
    assert b"1 added" in body
    eventually("it is polled", lambda: passes(district)[HELD_BACK] > 0)

    def all_polled_on() -> bool:
        after = passes(district)
        there = {
            one["metric"]["device"]
            for one in district.query(
                # Those behind the dead core may have answered once; an old name is remembered for minutes.
                "netwatch_device_up == 1 and time() - timestamp(netwatch_device_up) < 60"
            )
        }
        assert len(there) > len(before) // 2
        late = sorted(name for name in before if name in there and after[name] <= before[name])
        # The planted slow agent answers a probe each minute, but its uptime may take several passes.
        late = [name for name in late if name not in district.slow]
        assert not late, (late, district.said_of(late))
        return True

    # The new one may be there before everybody's next turn has come.
    eventually("everybody else is polled on", all_polled_on, 90.0)
    ids = {name: one["id"] for name, one in district.devices().items()}
    assert {name for name, one in known.items() if ids[name] != one["id"]} == set()
    assert district.query(f'netwatch_device_reboots_total{{device="{HELD_BACK}"}}')[0]["value"][1] == "0"


def test_a_broken_file_changes_nothing(district: District) -> None:
    extra = district.inventory.with_name("more.yaml")
    good = extra.read_text()
    before = set(district.devices())
    document = yaml.safe_load(good)
    document["devices"][0]["adresses"] = document["devices"][0].pop("addresses")
    extra.write_text(yaml.safe_dump(document))
    try:
        status, body = fetch(district.url("/-/reload"), post=True)
        assert status == 422
        text = body.decode()
        assert "more.yaml" in text
        assert "addresses" in text  # did you mean ...
        district.daemon.signal(signal.SIGHUP)
        district.daemon.until("reload refused")
        assert "more.yaml" in district.daemon.output()
        polled = passes(district)[HELD_BACK]
        eventually("the old configuration goes on", lambda: passes(district)[HELD_BACK] > polled)
        assert set(district.devices()) == before
    finally:
        extra.write_text(good)
    district.daemon.signal(signal.SIGHUP)
    eventually("a good file is taken again", lambda: district.daemon.output().count("reloaded") >= 2)


def test_a_kill_costs_no_identity(district: District) -> None:
    """SIGKILL and a new start on the same state: entities, alerts and history go on. The last one here."""
    devices = {name: one["id"] for name, one in district.devices().items()}
    one = devices["lhs-core-01"]
    entities = {part["id"]: part["name"] for part in district.api(f"devices/{one}")["entities"]}
    alerts = {
        alert["id"]: (alert["rule"], alert["since"])
        for alert in district.alerts()
        if alert["rule"] in ("DeviceUnreachable", "PowerSupplyFailed", "SipPeerDown")
        and alert["state"] == "firing"
    }
    assert alerts
    history = sum(1 for _ in (district.settings.parent / "var" / "history").rglob("*"))
    district.restart(signal.SIGKILL)
    again = eventually(
        "all are back", lambda: (found := district.devices()) and set(found) >= set(devices) and found
    )
    assert {name: again[name]["id"] for name in devices} == devices

    def parts() -> dict[str, str]:
        return {part["id"]: part["name"] for part in district.api(f"devices/{one}")["entities"]}

    eventually("its parts are read again", lambda: len(parts()) >= len(entities))
    assert parts() == entities
    now = {alert["id"]: (alert["rule"], alert["since"]) for alert in district.alerts()}
    assert now.items() >= alerts.items()
    assert sum(1 for _ in (district.settings.parent / "var" / "history").rglob("*")) >= history
    assert "Traceback" not in district.daemon.output()
