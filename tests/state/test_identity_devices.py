"""Devices that move, are renamed, entered twice, or share what should be theirs alone."""

from __future__ import annotations

import pytest

from netwatch.model import ROOT, EntityKey, EntityKind, InventoryDevice, Reading, Seen, Witness, WitnessKind
from netwatch.state.witnesses import strong

MAC = "00:1a:2b:00:00:0{}"


@pytest.mark.parametrize("restart", [False, True])
def test_an_entry_that_is_renamed_goes_on_although_nobody_entered_its_serial(world, child, port, restart):
    """The new name is a new device until it tells who it is; with the next inventory it is the old one."""
    (old,) = world.polled("maple-1")
    world.tell(old, "identity", seen=[child("", serial="FDO1111X", mac=MAC.format(1))])
    world.tell(old, "ports", seen=[port("Gi1", "1")], complete=True)
    before = world.find(EntityKind.INTERFACE, "Gi1")
    if restart:
        world.restart()
    (new,) = world.polled("lincoln-7")
    world.tell(new, "identity", seen=[child("", serial="FDO1111X", mac=MAC.format(1))])
    world.tell(new, "ports", seen=[port("Gi1", "1")], complete=True)
    assert world.state.conflicts == ()
    assert world.polled("lincoln-7") == [old]
    world.tell(old, "identity", seen=[child("", serial="FDO1111X", mac=MAC.format(1))])
    world.tell(old, "ports", seen=[port("Gi1", "1")], complete=True)
    assert world.find(EntityKind.INTERFACE, "Gi1") == before
    assert world.find(EntityKind.DEVICE, "lincoln-7") == old
    assert len(world.state.snapshot().entities) == 2
    world.restart()
    assert world.polled("lincoln-7") == [old]


def test_another_chassis_in_an_old_entrys_place_is_not_taken_for_it(world, child):
    """The serial number of a chassis that was scrapped from one function comes up in another one."""
    (core, lab) = world.polled("core", "lab")
    world.tell(core, "identity", seen=[child("", serial="FDO1111X")])
    world.tell(lab, "identity", seen=[child("", serial="FDO9999Z")])
    world.polled("lab")
    world.tell(lab, "identity", seen=[child("", serial="FDO1111X")])
    assert world.polled("lab") == [lab], "lab had a life of its own"
    assert world.state.conflicts == ()


def test_a_device_that_is_found_over_another_address_is_reported_as_entered_twice(world, child):
    one, two = world.polled("core", "core-loopback")
    for source in (one, two):
        seen = child("", serial="FDO1111X", mac=MAC.format(1), engine_id="8000000001")
        world.tell(source, "identity", seen=[seen])
    assert {(c.first, c.second) for c in world.state.conflicts} == {(one, two)}
    world.polled("core")
    assert world.state.conflicts == (), "one of them went"


def test_members_of_a_pair_share_a_virtual_address_and_are_two(world, child):
    one, two = world.polled("fw-a", "fw-b")
    for _ in range(2):
        for source, serial in ((one, "FG100001"), (two, "FG100002")):
            world.tell(source, "identity", seen=[child("", serial=serial, mac=MAC.format(9))])
    assert world.state.conflicts == ()
    entities = world.state.snapshot().entities
    assert [w.value for w in entities[one].witnesses] == ["FG100001"]
    assert [w.value for w in entities[two].witnesses] == ["FG100002"]


def test_a_third_entry_for_the_address_of_a_pair_is_reported(world, child):
    one, two, both = world.polled("fw-a", "fw-b", "fw")
    for source, serial in ((one, "FG100001"), (two, "FG100002"), (both, "FG100001")):
        world.tell(source, "identity", seen=[child("", serial=serial, mac=MAC.format(9))])
    assert [(c.first, c.second) for c in world.state.conflicts] == [(one, both)]
    world.tell(both, "identity", seen=[child("", serial="FG100002", mac=MAC.format(9))])
    assert [(c.first, c.second) for c in world.state.conflicts][-1] == (two, both)


def test_a_serial_of_two_bridges_is_nobodys(world, child):
    """A maker that ships every unit with one serial number which no list of placeholders knows."""
    one, two = world.polled("a", "b")
    for number, source in enumerate((one, two)):
        world.tell(source, "identity", seen=[child("", serial="ACME-DEFAULT", mac=MAC.format(number))])
    assert world.state.conflicts == ()
    kinds = {w.kind for e in world.state.snapshot().entities.values() for w in e.witnesses}
    assert kinds == {WitnessKind.MAC}


def test_cloned_engine_ids_and_names_prove_nothing(world, child):
    one, two = world.polled("a", "b")
    for source in (one, two):
        world.tell(source, "identity", seen=[child("", engine_id="80001f8880", name="switch")])
    assert world.state.conflicts == ()


@pytest.mark.parametrize("mac", ["00:00:5e:00:01:0a", "00-00-5E-00-02-01", "0000.0c07.ac01"])
def test_addresses_of_whoever_is_master_prove_nothing(mac):
    assert strong([Witness(WitnessKind.MAC, mac)]) == ()


def test_a_cloned_machine_is_another_one_in_spite_of_its_address(world, child):
    (host,) = world.polled("host")
    world.tell(host, "vms", seen=[child("a", uuid="564d0001-0000-0000-0000-000000000001", mac=MAC.format(5))])
    world.tell(host, "vms", seen=[child("b", uuid="564d0001-0000-0000-0000-000000000002", mac=MAC.format(5))])
    assert world.find(EntityKind.DEVICE, "a") != world.find(EntityKind.DEVICE, "b")


def test_a_radio_follows_its_access_point_when_rows_change_hands(world, child):
    """A controller numbers its access points by row, and a row is given to another one."""
    (wlc,) = world.polled("wlc")

    def radio(row: int) -> Seen:
        return Seen(
            EntityKey(EntityKind.RADIO, f"{row}/0"), EntityKey(EntityKind.DEVICE, str(row)), "0", "5 GHz"
        )

    def tell(first: str, second: str) -> None:
        aps = [child("1", index="1", name=first, serial=f"SER-{first}"),
               child("2", index="2", name=second, serial=f"SER-{second}")]  # fmt: skip
        readings = [Reading(radio(row).key, "netwatch_radio_clients", row, ("",)) for row in (1, 2)]
        world.tell(wlc, "aps", seen=aps, complete=True)
        world.tell(wlc, "radios", seen=[radio(1), radio(2)], readings=readings, complete=True)
        world.clock.tick(60)

    def radio_of(name: str):
        (found,) = world.state.snapshot().of_device(world.find(EntityKind.DEVICE, name))
        return found.id

    for _ in range(3):
        tell("one", "two")
    before = radio_of("one"), radio_of("two")
    tell("two", "one")
    assert (radio_of("one"), radio_of("two")) == before
    assert world.state.snapshot().value(before[0], "netwatch_radio_clients", ("",)) == 2
    assert world.state.snapshot().entities[before[0]].parent == world.find(EntityKind.DEVICE, "one")
    assert ROOT in world.state.known(wlc)


def test_a_fact_that_is_told_no_more_is_forgotten(world):
    (switch,) = world.polled("sw")

    def port(**facts: str) -> Seen:
        return Seen(EntityKey(EntityKind.INTERFACE, "Gi1"), ROOT, "1", "Gi1", facts)

    found = None
    for facts in ({"alias": "room 7", "type": "other"}, {"type": "other"}):
        world.tell(switch, "ports", seen=[port(**facts)], complete=True)
        found = world.state.snapshot().entities[world.find(EntityKind.INTERFACE, "Gi1")]
    assert found is not None
    assert dict(found.facts) == {"type": "other"}
    world.tell(switch, "duplex", seen=[port(duplex="full")], complete=True)
    world.tell(switch, "ports", seen=[port(type="other")], complete=True)
    found = world.state.snapshot().entities[found.id]
    assert dict(found.facts) == {"type": "other", "duplex": "full"}, "another table's word stays"


def test_a_device_that_is_known_but_not_polled_is_found_by_what_was_entered(world, child):
    (wlc,) = world.polled("wlc", others=[InventoryDevice("lib-ap", None, mac=MAC.format(3))])
    world.tell(wlc, "aps", seen=[child("x", serial="FGL77777", mac=MAC.format(3))])
    ap = world.find(EntityKind.DEVICE, "lib-ap")
    assert [t.asset_key for t in world.state._directory.tenures(ap)] == ["FGL77777"]
