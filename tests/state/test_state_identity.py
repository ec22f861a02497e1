"""Identity for life: who is who through renames, moves, restarts and lies."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.model import ROOT, EntityKey, EntityKind, InventoryDevice, Reading, Seen, Witness, WitnessKind
from netwatch.state.parts import Part, match_parts
from netwatch.state.witnesses import normalise, strong

UP = "netwatch_device_up"
CLIENTS = "netwatch_device_clients"


def clients(natural: str, value: float) -> Reading:
    return Reading(EntityKey(EntityKind.DEVICE, natural), CLIENTS, value)


def up(natural: str, value: float) -> Reading:
    return Reading(EntityKey(EntityKind.DEVICE, natural), UP, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (WitnessKind.SERIAL, "0000000000"),
        (WitnessKind.SERIAL, "To Be Filled By O.E.M."),
        (WitnessKind.SERIAL, " n/a "),
        (WitnessKind.SERIAL, "None"),
        (WitnessKind.SERIAL, "123456789"),
        (WitnessKind.SERIAL, "7"),
        (WitnessKind.MAC, "00:00:00:00:00:00"),
        (WitnessKind.MAC, "ff-ff-ff-ff-ff-ff"),
        (WitnessKind.MAC, "01:00:5e:00:00:01"),
        (WitnessKind.MAC, "00:11:22"),
        (WitnessKind.UUID, "00000000-0000-0000-0000-000000000000"),
        (WitnessKind.ENGINE_ID, "8000000001020304"),
        (WitnessKind.NAME, "switch"),
    ],
)
def test_weak_witnesses_prove_nothing(kind, value):
    assert strong([Witness(kind, value)]) == ()


def test_strong_witnesses_have_one_spelling():
    assert normalise(Witness(WitnessKind.MAC, "00-1A.2b3C:4d5E")).value == "00:1a:2b:3c:4d:5e"
    assert strong([Witness(WitnessKind.SERIAL, " fdo1234x ")]) == (Witness(WitnessKind.SERIAL, "FDO1234X"),)


def test_two_controllers_report_one_access_point(world, child):
    one, two = world.polled("wlc-1", "wlc-2")
    world.tell(one, "aps", seen=[child("ap-7", serial="FGL1234A")], readings=[clients("ap-7", 5)])
    world.tell(two, "aps", seen=[child("AP0007", serial="fgl1234a", name="ap-7")])
    assert len([e for e in world.state.snapshot().devices() if e.name == "ap-7"]) == 1


def test_a_migrated_virtual_machine_goes_on(world, child):
    one, two = world.polled("host-1", "host-2")
    seen = child("vm-12", uuid="564D0001-aaaa-bbbb-cccc-000000000001")
    world.tell(one, "vms", seen=[seen], readings=[clients("vm-12", 1)], complete=True)
    before = world.find(EntityKind.DEVICE, "vm-12")
    world.clock.tick(60)
    world.tell(one, "vms", complete=True)
    world.tell(two, "vms", seen=[seen], readings=[clients("vm-12", 2)], complete=True)
    snapshot = world.state.snapshot()
    assert snapshot.value(before, CLIENTS) == 2
    assert snapshot.entities[before].parent == two
    for _ in range(5):
        world.clock.tick(60)
        world.tell(one, "vms", complete=True)
    assert before in world.state.snapshot().entities


def test_a_standby_controller_that_sees_the_access_point_down_is_not_believed(world, child):
    one, two = world.polled("wlc-1", "wlc-2")
    seen = [child("ap-7", serial="FGL1234A")]
    world.tell(two, "aps", seen=seen, readings=[up("ap-7", 0), clients("ap-7", 0)])
    for _ in range(3):
        world.clock.tick(30)
        world.tell(one, "aps", seen=seen, readings=[up("ap-7", 1), clients("ap-7", 31)])
        world.clock.tick(30)
        world.tell(two, "aps", seen=seen, readings=[up("ap-7", 0), clients("ap-7", 0)])
        ap = world.find(EntityKind.DEVICE, "ap-7")
        snapshot = world.state.snapshot()
        assert (snapshot.value(ap, UP), snapshot.value(ap, CLIENTS)) == (1, 31)
    # It moved: the first controller now lists it as down, the second has it.
    world.clock.tick(60)
    world.tell(one, "aps", seen=seen, readings=[up("ap-7", 0), clients("ap-7", 0)])
    world.tell(two, "aps", seen=seen, readings=[up("ap-7", 1), clients("ap-7", 8)])
    snapshot = world.state.snapshot()
    assert (snapshot.value(ap, UP), snapshot.value(ap, CLIENTS)) == (1, 8)


def test_placeholder_serials_keep_devices_apart(world, child):
    (host,) = world.polled("host")
    world.tell(host, "vms", seen=[child("a", serial="0123456789"), child("b", serial="0123456789")])
    assert world.find(EntityKind.DEVICE, "a") != world.find(EntityKind.DEVICE, "b")


def test_a_serial_that_two_things_show_at_once_is_a_placeholder_nobody_listed(world, child):
    (host,) = world.polled("host")
    for _ in range(2):
        world.tell(host, "vms", seen=[child("a", serial="ACME-DEFAULT"), child("b", serial="ACME-DEFAULT")])
    world.tell(host, "vms", seen=[child("c", serial="ACME-DEFAULT")])
    assert len({world.find(EntityKind.DEVICE, name) for name in "abc"}) == 3


def test_an_access_point_of_the_inventory_is_the_one_behind_the_controller(world, child):
    listed = InventoryDevice("lib-ap", None, serial="FGL1234A", role="ap")
    (wlc,) = world.polled("wlc", others=[listed])
    world.tell(wlc, "aps", seen=[child("00:1a:2b:3c:4d:5e", name="AP-X", serial="FGL1234A")],
               readings=[up("00:1a:2b:3c:4d:5e", 1)])  # fmt: skip
    ap = world.find(EntityKind.DEVICE, "lib-ap")
    snapshot = world.state.snapshot()
    assert snapshot.value(ap, UP) == 1
    assert snapshot.entities[ap].parent == wlc
    assert snapshot.entities[ap].facts["role"] == "ap"
    assert len(list(snapshot.devices())) == 2


@pytest.mark.parametrize("listed", [False, True])
def test_radios_that_are_told_before_their_access_point_belong_to_it(world, child, listed):
    entries = [InventoryDevice("lib-ap", None, serial="FGL1234A")] if listed else []
    (wlc,) = world.polled("wlc", others=entries)
    radio = Seen(EntityKey(EntityKind.RADIO, "ap-7/0"), EntityKey(EntityKind.DEVICE, "ap-7"), "7.0", "5 GHz")
    reading = Reading(radio.key, "netwatch_radio_clients", 9, ("",))
    world.tell(wlc, "radios", seen=[radio], readings=[reading], complete=True)
    world.tell(wlc, "aps", seen=[child("ap-7", serial="FGL1234A")], complete=True)
    world.clock.tick(60)
    world.tell(wlc, "radios", seen=[radio], readings=[reading], complete=True)
    snapshot = world.state.snapshot()
    ap = snapshot.entities[world.find(EntityKind.DEVICE, "lib-ap" if listed else "ap-7")]
    assert ap.parent == wlc
    assert [e.name for e in snapshot.of_device(ap.id)] == ["5 GHz"]
    (found,) = snapshot.of_device(ap.id)
    assert snapshot.value(found.id, "netwatch_radio_clients", ("",)) == 9
    assert len(snapshot.entities) == 3


def test_an_entity_that_is_entered_later_keeps_its_id(world, child):
    (wlc,) = world.polled("wlc")
    world.tell(wlc, "aps", seen=[child("ap-7", mac="00:1a:2b:3c:4d:5e")])
    before = world.find(EntityKind.DEVICE, "ap-7")
    world.polled("wlc", others=[InventoryDevice("lib-ap", None, mac="001A.2B3C.4D5E")])
    assert world.find(EntityKind.DEVICE, "lib-ap") == before


@pytest.mark.parametrize("restart", [False, True])
def test_an_entry_that_is_renamed_keeps_its_id(world, child, restart):
    (before,) = world.polled("old-name", serial="FDO1111X")
    if restart:
        world.restart()
    (after,) = world.polled("new-name", serial="FDO1111X")
    assert after == before
    assert world.find(EntityKind.DEVICE, "new-name") == before
    assert len(list(world.state.snapshot().devices())) == 1
    assert world.state.conflicts == ()


def test_a_virtual_machine_that_is_polled_itself_is_one_device(world, child):
    host, guest = world.polled("host", "guest")
    world.tell(host, "vms", seen=[child("vm-1", serial="VMWARE-42-01")], readings=[up("vm-1", 1)])
    assert len(list(world.state.snapshot().devices())) == 3
    world.tell(guest, "system", seen=[child("", serial="VMWARE-42-01")])
    assert len(list(world.state.snapshot().devices())) == 2
    world.tell(guest, "device", readings=[up("", 0)])
    world.tell(
        host, "vms", seen=[child("vm-1", serial="VMWARE-42-01")], readings=[up("vm-1", 1), clients("vm-1", 3)]
    )
    snapshot = world.state.snapshot()
    assert snapshot.value(guest, UP) == 0, "its own word counts"
    assert snapshot.value(guest, CLIENTS) == 3, "what it does not tell is taken from its host"
    assert snapshot.entities[guest].parent == host
    world.restart()
    host, guest_again = world.polled("host", "guest")
    assert guest_again == guest
    world.tell(host, "vms", seen=[child("vm-1", serial="VMWARE-42-01")])
    assert len(list(world.state.snapshot().devices())) == 2


def test_two_entries_for_one_device_are_reported(world, child):
    one, two = world.polled("a", "b")
    for source in (one, two):
        seen = child("", serial="FDO1111X")
        world.tell(source, "system", seen=[seen])
    assert [(c.first, c.second) for c in world.state.conflicts] == [(one, two)]
    assert [found[:2] for found in world.state.snapshot().conflicts] == [(one, two)]


def test_a_chassis_swap_leaves_the_function_its_history(world, child):
    core, spare = world.polled("core", "lab")
    world.tell(core, "system", seen=[child("", serial="FDO1111X")])
    world.tell(core, "system", seen=[child("", serial="FDO2222Y")])
    world.tell(spare, "system", seen=[child("", serial="FDO1111X")])
    assert world.state.conflicts == ()
    witnesses = world.state.snapshot().entities
    assert [w.value for w in witnesses[core].witnesses] == ["FDO2222Y"]
    assert [w.value for w in witnesses[spare].witnesses] == ["FDO1111X"]


def test_ports_survive_renumbering(world, port):
    (switch,) = world.polled("sw")
    world.tell(switch, "ports", seen=[port(f"Gi{n}", str(n)) for n in range(1, 9)], complete=True)
    before = {name: world.find(EntityKind.INTERFACE, name) for name in ("Gi1", "Gi8")}
    world.tell(switch, "ports", seen=[port(f"Gi{n}", str(100 - n)) for n in range(1, 9)], complete=True)
    assert {name: world.find(EntityKind.INTERFACE, name) for name in before} == before
    assert world.state.snapshot().entities[before["Gi1"]].index == "99"


def test_ports_survive_a_rename_when_mac_or_index_say_so(world, port):
    (switch,) = world.polled("sw")
    macs = {n: f"00:1a:2b:3c:4d:{n:02x}" for n in range(1, 5)}
    world.tell(
        switch, "ports", seen=[port(f"Gi0/{n}", str(n), mac) for n, mac in macs.items()], complete=True
    )
    before = [world.find(EntityKind.INTERFACE, f"Gi0/{n}") for n in macs]
    world.tell(
        switch,
        "ports",
        seen=[port(f"Gi1/0/{n}", str(n + 500), mac) for n, mac in macs.items()],
        complete=True,
    )
    assert [world.find(EntityKind.INTERFACE, f"Gi1/0/{n}") for n in macs] == before


def test_a_new_port_under_an_old_row_number_is_new_if_its_mac_says_so(world, port):
    (switch,) = world.polled("sw")
    world.tell(switch, "ports", seen=[port("Gi0/1", "1", "00:1a:2b:00:00:01")], complete=True)
    before = world.find(EntityKind.INTERFACE, "Gi0/1")
    world.tell(switch, "ports", seen=[port("Te0/1", "1", "00:1a:2b:00:00:99")], complete=True)
    assert world.find(EntityKind.INTERFACE, "Te0/1") != before


def sensor(natural: str, index: str = "0") -> Seen:
    return Seen(EntityKey(EntityKind.SENSOR, natural), ROOT, index, natural)


@pytest.mark.parametrize("restart", [False, True])
def test_a_sensor_of_one_table_is_never_taken_for_one_of_another(world, restart):
    """Tables of one row number their rows alike."""
    (radio,) = world.polled("repeater")
    world.tell(radio, "supply", seen=[sensor("output voltage")], complete=True)
    before = world.find(EntityKind.SENSOR, "output voltage")
    if restart:
        world.restart()
        world.polled("repeater")
    world.tell(radio, "amplifier", seen=[sensor("VSWR"), sensor("forward power")], complete=True)
    world.tell(radio, "supply", seen=[sensor("output voltage")], complete=True)
    assert world.find(EntityKind.SENSOR, "output voltage") == before
    names = {e.name for e in world.state.snapshot().entities.values() if e.kind is EntityKind.SENSOR}
    assert names == {"VSWR", "forward power", "output voltage"}


def test_two_sensors_of_one_row_are_not_each_other(world):
    (ups,) = world.polled("ups")
    world.tell(ups, "battery", seen=[sensor("voltage"), sensor("runtime")], complete=True)
    runtime = world.find(EntityKind.SENSOR, "runtime")
    world.tell(ups, "battery", seen=[sensor("voltage"), sensor("time on battery")], complete=True)
    assert world.find(EntityKind.SENSOR, "time on battery") != runtime


def test_ids_survive_a_restart_of_netwatch(world, port, child):
    (switch,) = world.polled("sw")
    world.tell(switch, "ports", seen=[port("Gi1", "1", "00:1a:2b:3c:4d:01")], complete=True)
    world.tell(switch, "aps", seen=[child("by-name"), child("by-mac", mac="00:1a:2b:3c:4d:77")])
    before = {e.name: e.id for e in world.state.snapshot().entities.values()}
    world.restart()
    assert world.polled("sw") == [switch]
    world.tell(switch, "aps", seen=[child("by-name"), child("other row", name="by-mac", mac="001a2b3c4d77")])
    # While netwatch was down the port was renamed; its MAC address and row tell.
    world.tell(switch, "ports", seen=[port("uplink", "1", "00:1a:2b:3c:4d:01")], complete=True)
    after = {e.name: e.id for e in world.state.snapshot().entities.values()}
    assert after.pop("uplink") == before.pop("Gi1")
    assert after == before


def test_the_journal_is_written_in_batches_and_only_for_what_changed(world, port):
    (switch,) = world.polled("sw")
    world.tell(switch, "ports", seen=[port(f"Gi{n}", str(n)) for n in range(50)], complete=True)
    assert world.state.flush() == 51
    assert world.journal.batches == 1
    world.tell(switch, "ports", seen=[port(f"Gi{n}", str(n)) for n in range(50)], complete=True)
    assert world.state.flush() == 0
    assert world.journal.batches == 1


def test_a_name_that_is_given_to_another_virtual_machine_is_another_device(world, child):
    (host,) = world.polled("host")
    world.tell(host, "vms", seen=[child("web", uuid="564d0001-0000-0000-0000-000000000001")])
    before = world.find(EntityKind.DEVICE, "web")
    world.tell(host, "vms", seen=[child("web", uuid="564d0001-0000-0000-0000-000000000002")])
    world.tell(host, "vms", seen=[child("web", uuid="564d0001-0000-0000-0000-000000000002")])
    after = [e.id for e in world.state.snapshot().devices() if e.name == "web"]
    assert any(found != before for found in after)


names = st.lists(st.integers(0, 30), unique=True, min_size=1, max_size=12)


@settings(deadline=None)
@given(names, names, st.booleans())
def test_parts_with_own_mac_addresses_are_always_found_again(old, new, renumbered):
    """Whatever is renamed and renumbered at once, MAC addresses of their own tell which is which."""

    def mac(n: int) -> tuple[Witness, ...]:
        return (Witness(WitnessKind.MAC, f"00:1a:2b:3c:4d:{n:02x}"),)

    lost = [Part(f"old{n}", str(n), mac(n)) for n in old]
    gained = [Part(f"new{n}", str(n + 7 if renumbered else n), mac(n)) for n in new]
    found = match_parts(lost, gained)
    assert {new[at]: old[was] for at, was in found.items()} == {n: n for n in set(old) & set(new)}


@settings(deadline=None)
@given(names)
def test_parts_that_share_one_mac_address_are_told_by_row(old):
    shared = (Witness(WitnessKind.MAC, "00:1a:2b:3c:4d:00"),)
    lost = [Part(f"old{n}", str(n), shared) for n in old]
    gained = [Part(f"new{n}", str(n), shared) for n in reversed(old)]
    found = match_parts(lost, gained)
    assert {gained[at].index: lost[was].index for at, was in found.items()} == {str(n): str(n) for n in old}


def test_a_cluster_that_lists_the_asked_member_too_has_no_twin_of_it(world, child):
    (publisher,) = world.polled("pbx-1")
    root = Seen(ROOT, None, "", "pbx-1", {"sys_name": "pbx-1", "serial": "A"})
    members = [
        child("pbx-1", facts={"sys_name": "pbx-1", "status": "up"}, name="pbx-1"),
        child("pbx-2", facts={"sys_name": "pbx-2", "status": "up"}, name="pbx-2"),
    ]
    world.tell(publisher, "identity", seen=[root])
    world.tell(publisher, "device", readings=[Reading(ROOT, "netwatch_device_up", 1)])
    down = [Reading(member.key, "netwatch_device_up", 0) for member in members]
    world.tell(publisher, "members", seen=members, readings=down, complete=True)
    snapshot = world.state.snapshot()
    assert sorted(device.name for device in snapshot.devices()) == ["pbx-1", "pbx-2"]
    other = world.find(EntityKind.DEVICE, "pbx-2")
    assert snapshot.entities[other].parent == publisher
    assert snapshot.value(publisher, "netwatch_device_up") == 1, "its own poll is believed"
    assert snapshot.value(other, "netwatch_device_up") == 0


def test_a_member_of_the_same_name_with_another_serial_is_another_device(world, child):
    (publisher,) = world.polled("pbx-1")
    world.tell(publisher, "identity", seen=[Seen(ROOT, None, "", "pbx", {"sys_name": "pbx", "serial": "A"})])
    world.tell(
        publisher, "members", seen=[child("x", facts={"sys_name": "pbx", "serial": "B"})], complete=True
    )
    assert len(list(world.state.snapshot().devices())) == 2
