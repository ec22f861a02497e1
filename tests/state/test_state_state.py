"""The state as its neighbours see it: observations in, snapshots out."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from netwatch.model import (
    MOST_LABELS,
    ROOT,
    Asset,
    DeviceKind,
    EntityKey,
    EntityKind,
    Instant,
    Inventory,
    InventoryDevice,
    LocationPattern,
    Place,
    PlaceId,
    PlaceKind,
    Places,
    PollFailure,
    Reading,
    Seen,
)
from netwatch.state import Cause
from netwatch.state.topology import links

UP = "netwatch_device_up"
RX = "netwatch_interface_receive_bytes_total"
SPEED = "netwatch_interface_speed_bytes_per_second"
REBOOTS = "netwatch_device_reboots_total"
UPTIME = "netwatch_device_uptime_seconds"


def on_port(natural: str, family: str, value: float, **extra: int) -> Reading:
    return Reading(EntityKey(EntityKind.INTERFACE, natural), family, value, **extra)


def places() -> Places:
    nodes = [
        Place(PlaceId("maple"), PlaceKind.DISTRICT, "Maple", None),
        Place(PlaceId("maple/lincoln-es"), PlaceKind.SCHOOL, "Lincoln", PlaceId("maple")),
        Place(PlaceId("maple/lincoln-es/main"), PlaceKind.BUILDING, "Main", PlaceId("maple/lincoln-es")),
    ]
    return Places({node.id: node for node in nodes})


def test_a_counter_that_wraps_grows_on(world, port):
    (switch,) = world.polled("sw")
    for step, raw in enumerate([2**32 - 1000, 500, 1500]):
        at = world.clock.tick(10)
        readings = [on_port("Gi1", SPEED, 12.5e6), on_port("Gi1", RX, raw, bits=32)]
        world.tell(
            switch, "ports", seen=[port("Gi1", "1")], readings=readings, uptime=1000 + 10 * step, at=at
        )
    column = world.state.snapshot().columns[RX]
    assert column.values.tolist() == [2500]
    assert column.totals.tolist() == [2500]
    assert column.covered.tolist() == [20]
    assert column.rates.tolist() == [100]


def test_a_reboot_is_counted_once_and_makes_no_spike(world):
    (switch,) = world.polled("sw")
    raws = [10**9, 10**9 + 6000, 600, 6600]
    for raw, uptime in zip(raws, [5000, 5060, 20, 80], strict=True):
        world.clock.tick(60)
        world.tell(
            switch, "ports", readings=[on_port("Gi1", SPEED, 12.5e6), on_port("Gi1", RX, raw)], uptime=uptime
        )
        world.tell(switch, "sensors", uptime=uptime)
    snapshot = world.state.snapshot()
    assert snapshot.value(switch, REBOOTS) == 1
    assert snapshot.columns[RX].values.tolist() == [6000 + 600 + 6000]
    assert snapshot.columns[RX].covered.tolist() == [60 + 20 + 60]


def test_labels_that_change_at_each_pass_do_not_fill_the_memory(world):
    (pbx,) = world.polled("pbx")
    phones = "netwatch_device_phones"
    for number in range(MOST_LABELS * 3):
        world.clock.tick(60)
        told = [Reading(ROOT, phones, 1.0, ("total",)), Reading(ROOT, phones, 1.0, (f"x{number}",))]
        world.tell(pbx, "phones", readings=told)
        world.tell(pbx, "trunks", readings=[Reading(ROOT, phones, 1.0, (f"y{number}",))])
    column = world.state.snapshot().columns[phones]
    assert len(column.values) == MOST_LABELS
    fresh = [labels for labels, is_fresh in zip(column.labels, column.fresh, strict=True) if is_fresh]
    assert fresh == [("total",)], "what is known goes on"


def test_a_device_with_an_uptime_of_its_own_did_not_reboot_with_its_agent(world):
    (server,) = world.polled("srv")
    for agent, system in [(5000, 9e6), (5060, 9e6 + 60), (20, 9e6 + 120), (80, 9e6 + 180), (140, 30)]:
        world.clock.tick(60)
        readings = [Reading(ROOT, UPTIME, system)] + [
            on_port(name, RX, 10**9 + int(system)) for name in ("eth0", "eth1", "eth2")
        ]
        world.tell(server, "system", readings=readings, uptime=agent)
    snapshot = world.state.snapshot()
    assert snapshot.value(server, REBOOTS) == 1, "the last one, of the system"
    # The agent's restart took no counter along: its neighbours ran on.
    assert snapshot.columns[RX].values[0] == 180


def test_a_child_that_reboots_is_counted_on_the_child(world, child):
    (wlc,) = world.polled("wlc")
    for uptime in (1000, 1060, 15):
        world.clock.tick(60)
        reading = Reading(EntityKey(EntityKind.DEVICE, "ap"), UPTIME, uptime)
        world.tell(wlc, "aps", seen=[child("ap", mac="00:1a:2b:3c:4d:5e")], readings=[reading], uptime=1e6)
    snapshot = world.state.snapshot()
    assert snapshot.value(world.find(EntityKind.DEVICE, "ap"), REBOOTS) == 1
    assert snapshot.value(wlc, REBOOTS) is None or snapshot.value(wlc, REBOOTS) == 0


def test_missed_polls_make_a_series_stale_and_its_return_counts_the_gap(world):
    (switch,) = world.polled("sw")
    world.tell(switch, "ports", readings=[on_port("Gi1", RX, 1000)], uptime=100)
    world.clock.tick(180)
    assert world.state.snapshot().columns[RX].fresh.tolist() == [True]
    world.clock.tick(60)
    assert world.state.snapshot().columns[RX].fresh.tolist() == [False]
    world.clock.tick(360)
    world.tell(switch, "ports", readings=[on_port("Gi1", RX, 7000)], uptime=700)
    column = world.state.snapshot().columns[RX]
    assert column.fresh.tolist() == [True]
    assert (column.values.tolist(), column.rates.tolist()) == ([6000], [10])


def test_failures_are_counted_and_forgiven(world):
    (switch,) = world.polled("sw")
    world.tell(switch, "ports", interval=30)
    for _ in range(2):
        at = world.clock.tick(30)
        world.state.failed(PollFailure(switch, "ports", at, "no answer within 3 s"))
    (freshness,) = world.state.snapshot().freshness
    assert (freshness.failures, freshness.reason, freshness.interval) == (2, "no answer within 3 s", 30)
    assert freshness.last_success == world.clock.wall - 60
    world.clock.tick(30)
    world.tell(switch, "ports", interval=30)
    (freshness,) = world.state.snapshot().freshness
    assert (freshness.failures, freshness.last_success) == (0, world.clock.wall)


def test_what_vanishes_from_a_complete_table_goes_after_three_passes(world, child):
    (host,) = world.polled("host")
    reading = Reading(EntityKey(EntityKind.DEVICE, "vm"), "netwatch_device_vm_running", 1)
    radio = Seen(EntityKey(EntityKind.SENSOR, "vm/temp"), EntityKey(EntityKind.DEVICE, "vm"), "", "temp")
    world.tell(host, "vms", seen=[child("vm"), radio], readings=[reading], complete=True)
    for missed in range(1, 4):
        world.clock.tick(60)
        world.tell(host, "vms", complete=True)
        assert (len(world.state.snapshot().entities) == 3) is (missed < 3)
    assert "netwatch_device_vm_running" not in world.state.snapshot().columns


def test_an_incomplete_pass_removes_nothing(world, child):
    (host,) = world.polled("host")
    world.tell(host, "vms", seen=[child("vm")], complete=True)
    for _ in range(9):
        world.tell(host, "vms", seen=[child("other")])
    assert len(list(world.state.snapshot().devices())) == 3


def test_an_access_point_of_the_inventory_that_its_controller_forgets_is_down(world, child):
    listed = InventoryDevice("lib-ap", None, mac="00:1a:2b:3c:4d:5e")
    (wlc,) = world.polled("wlc", others=[listed])
    ap = world.find(EntityKind.DEVICE, "lib-ap")
    assert world.state.snapshot().value(ap, UP) is None, "nobody looked yet"
    seen = child("x", mac="00:1a:2b:3c:4d:5e")
    world.tell(wlc, "aps", seen=[seen], readings=[Reading(seen.key, UP, 1)], complete=True)
    assert world.state.snapshot().value(ap, UP) == 1
    for _ in range(2):
        world.clock.tick(60)
        world.tell(wlc, "aps", complete=True)
    assert world.state.snapshot().value(ap, UP) == 0
    world.clock.tick(60)
    world.tell(wlc, "aps", seen=[seen], readings=[Reading(seen.key, UP, 1)], complete=True)
    assert world.state.snapshot().value(ap, UP) == 1


def test_facts_of_a_device_are_completed_from_the_inventory(world, child):
    entry = {"place": PlaceId("maple/lincoln-es/main"), "role": "core", "kind": DeviceKind.SWITCH}
    device = InventoryDevice("sw", None, vendor="entered", **entry)
    found = world.state.device_id(device)
    assets = (Asset("FDO1", "sw", installed=date(2015, 7, 1)),)
    world.state.set_inventory(Inventory("ignored", places(), {"sw": device}, assets))
    snapshot = world.state.snapshot()
    facts = snapshot.entities[found].facts
    assert facts["site"] == "maple/lincoln-es"
    assert facts["district"] == "maple"
    assert facts["place"] == "maple/lincoln-es/main"
    assert (facts["name"], facts["kind"], facts["role"], facts["vendor"]) == (
        "sw",
        "switch",
        "core",
        "entered",
    )
    assert snapshot.inventory.assets == assets


def test_what_a_device_tells_and_what_people_say(world):
    (switch,) = world.polled("sw", role="core", model="entered")
    told = {"role": "access", "kind": "switch", "model": "told", "sys_name": "x.example.org"}
    world.tell(switch, "system", seen=[Seen(ROOT, None, "", "x.example.org", told)])
    entity = world.state.snapshot().entities[switch]
    assert entity.name == "sw"
    assert (entity.facts["role"], entity.facts["kind"], entity.facts["model"]) == ("core", "switch", "told")
    assert entity.facts["address"] == "192.0.2.1"


def test_a_virtual_machine_stands_where_its_host_does_an_access_point_does_not(world, child):
    device = InventoryDevice("h", None, place=PlaceId("maple/lincoln-es"))
    host = world.polled("h", place=device.place)[0]
    inventory = world.state.snapshot().inventory
    world.state.set_inventory(Inventory("maple", places(), inventory.devices))
    world.tell(
        host, "t", seen=[child("vm", facts={"kind": "server"}), child("ap", facts={"kind": "wireless"})]
    )
    sites = {e.name: e.facts["site"] for e in world.state.snapshot().devices()}
    assert sites == {"h": "maple/lincoln-es", "vm": "maple/lincoln-es", "ap": ""}


def test_a_device_without_a_place_is_placed_by_its_location(world, child):
    (switch, entered) = world.polled("sw", "entered")
    inventory = world.state.snapshot().inventory
    devices = {**inventory.devices}
    devices["entered"] = replace(devices["entered"], place=PlaceId("maple"))
    pattern = LocationPattern(re.compile("^lincoln, (?P<b>main)", re.IGNORECASE), "maple/lincoln-es/{b}")
    world.state.set_inventory(Inventory("maple", places(), devices, locations=(pattern,)))
    told = {"location": "Lincoln, main, rack 3"}
    for source in (switch, entered):
        world.tell(source, "system", seen=[Seen(ROOT, None, "", "x", told)])
    world.tell(switch, "aps", seen=[child("ap", facts={"kind": "wireless", **told})])
    facts = {e.name: (e.facts["site"], e.facts["place"]) for e in world.state.snapshot().devices()}
    there = ("maple/lincoln-es", "maple/lincoln-es/main")
    assert facts == {"sw": there, "ap": there, "entered": ("", "maple")}


def test_a_device_that_leaves_the_inventory_goes_with_what_it_told(world, port, child):
    one, two = world.polled("one", "two")
    for source in (one, two):
        world.tell(source, "t", seen=[port("Gi1"), child("ap", mac="00:1a:2b:3c:4d:5e")],
                   readings=[on_port("Gi1", RX, 5)], complete=True)  # fmt: skip
    world.polled("two")
    world.tell(one, "t", readings=[on_port("Gi1", RX, 5)])
    snapshot = world.state.snapshot()
    assert sorted(e.name for e in snapshot.entities.values()) == ["Gi1", "ap", "two"]
    assert len(snapshot.columns[RX].entities) == 1
    assert {f.source for f in snapshot.freshness} == {two}


def test_unknown_families_and_values_that_are_no_numbers_are_left_out(world):
    (switch,) = world.polled("sw")
    readings = [
        Reading(ROOT, "netwatch_no_such_family", 1),
        Reading(ROOT, "netwatch_device_info", 1),
        Reading(ROOT, UP, float("nan")),
        Reading(ROOT, REBOOTS, -1),
    ]
    world.tell(switch, "t", readings=readings)
    assert world.state.snapshot().columns == {}


def test_snapshots_do_not_change_and_share_what_is_equal(world, port):
    (switch,) = world.polled("sw")
    world.tell(switch, "t", seen=[port("Gi1")], readings=[on_port("Gi1", RX, 5)])
    first = world.state.snapshot()
    world.clock.tick(60)
    world.tell(switch, "t", readings=[on_port("Gi1", RX, 9)])
    second = world.state.snapshot()
    assert second.entities is first.entities
    assert (first.columns[RX].values[0], second.columns[RX].values[0]) == (0, 4)
    world.tell(switch, "t", seen=[port("Gi2")])
    assert len(first.entities) == 2


def test_a_counter_can_be_asked_how_it_was_judged(world):
    (switch,) = world.polled("sw")
    for raw in (100, 200, 50):
        world.clock.tick(60)
        world.tell(
            switch, "t", readings=[on_port("Gi1", RX, raw), Reading(ROOT, UP, 1)], uptime=world.clock.mono
        )
        (found,) = world.state.snapshot().columns[RX].entities
    assert world.state.why(found, RX) is Cause.RESET
    assert world.state.why(switch, UP) is None
    assert world.state.why(switch, RX) is None


def test_late_observations_change_nothing(world):
    (switch,) = world.polled("sw")
    world.tell(switch, "t", readings=[on_port("Gi1", RX, 100)], at=Instant(10, 10))
    world.tell(switch, "t", readings=[on_port("Gi1", RX, 160)], at=Instant(70, 70))
    world.tell(switch, "t", readings=[on_port("Gi1", RX, 130)], at=Instant(40, 40))
    world.tell(switch, "t", readings=[on_port("Gi1", RX, 220)], at=Instant(130, 130))
    column = world.state.snapshot().columns[RX]
    assert column.totals.tolist() == [120]
    assert column.times.tolist() == [130]


def test_an_open_question_of_a_narrow_counter_is_settled_by_its_packets(world):
    """A 32-bit byte counter of a gigabit port may wrap unseen within a minute; the packets beside it tell."""
    (switch,) = world.polled("sw")
    packets = [
        f"netwatch_interface_receive_{cast}_packets_total" for cast in ("unicast", "multicast", "broadcast")
    ]
    for step in range(3):
        world.clock.tick(60)
        readings = [on_port("Gi1", RX, 500_000_000 * step % 2**32, bits=32), on_port("Gi1", SPEED, 125e6)]
        readings += [on_port("Gi1", "netwatch_interface_mtu_bytes", 1500)]
        readings += [on_port("Gi1", family, 400_000 * step, bits=32) for family in packets]
        world.tell(switch, "ports", readings=readings, uptime=1000 + 60 * step)
    assert world.state.snapshot().columns[RX].totals.tolist() == [1_000_000_000]


def test_links_come_from_what_neighbours_say_of_each_other(world, port):
    a, b, c = world.polled("sw-a", "sw-b", "sw-c")

    def neighbour(name: str, **facts: object) -> Seen:
        return Seen(EntityKey(EntityKind.NEIGHBOR, name), ROOT, "", name, facts)

    world.tell(a, "t", seen=[
        port("Gi0/1", "1"), port("Gi0/2", "2"),
        neighbour("n1", local_if_index=1, remote_name="sw-b.example.org", remote_port="Gi0/9"),
        neighbour("n2", local_port="Gi0/2", remote_chassis="00-1a-2b-00-00-0c", remote_port="unknown"),
        neighbour("n3", local_port="Gi0/2", remote_name="somebody-else"),
    ])  # fmt: skip
    world.tell(b, "t", seen=[
        port("Gi0/9", "9"), neighbour("n1", local_port="Gi0/9", remote_name="SW-A", remote_port="Gi0/1"),
    ])  # fmt: skip
    world.tell(c, "t", seen=[port("Gi7", "7", "00:1a:2b:00:00:0c"), Seen(
        ROOT, None, "", "sw-c", {"mac": "00:1a:2b:00:00:0c"})])  # fmt: skip
    snapshot = world.state.snapshot()
    named = {
        frozenset((snapshot.entities[x].device, snapshot.entities[x].name) for x in link)
        for link in snapshot.links
    }
    assert named == {frozenset({(a, "Gi0/1"), (b, "Gi0/9")}), frozenset({(a, "Gi0/2"), (c, "sw-c")})}
    assert links({}) == ()
