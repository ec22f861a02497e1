"""What is planted in the simulated district comes out of the register, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from register_world import AT, Nothing

from netwatch.calendars import Calendars
from netwatch.config import load_settings
from netwatch.inventory import load_inventory
from netwatch.model import AssetTenure, Entity, EntityId, EntityKind, Freshness, Instant, Snapshot
from netwatch.planning import gather, load_lifecycle, reconcile
from netwatch.planning.lifecycle import FindingKind, survey
from netwatch.resources import config_dir
from netwatch.simulate import load_district, write_config
from netwatch.simulate.rows import location_of


def test_what_is_planted_comes_out(tmp_path: Path) -> None:
    district = load_district()
    settings = load_settings(write_config(district, tmp_path, at=AT), os.environ)
    inventory = load_inventory(settings, os.environ, lambda device: EntityId(device.name))
    entities: dict[EntityId, Entity] = {}
    tenures, freshness = [], []

    def tell(name: str, serial: str, parent: str | None, **facts: str) -> None:
        device = EntityId(name)
        entry = inventory.devices[name]
        known = {"kind": str(entry.kind), "role": entry.role, "place": entry.place or "", **facts}
        above = None if parent is None else EntityId(parent)
        entities[device] = Entity(device, EntityKind.DEVICE, device, above, name, "", name, known)
        tenures.append(AssetTenure(serial.upper(), device, "", "", AT - 9e6, AT))
        freshness.append(Freshness(device, "if", AT, None, "", 60.0, 0))

    for one in district.devices:
        if not one.down:
            template = one.template
            facts = {"vendor": template.vendor, "model": template.model, "location": location_of(one)}
            tell(one.name, one.serial, None, sys_name=one.name, **facts)
    for point in district.access_points():
        if not point.controller.down:
            entry = inventory.devices[point.name]
            tell(point.name, entry.serial, point.controller.name, vendor=entry.vendor, model=entry.model)

    snapshot = Snapshot(Instant(AT, 0.0), entities, {}, inventory, tuple(freshness))
    basis = gather(snapshot, Nothing(), Calendars({}), at=AT, days=1, tenures=tenures)
    lifecycle = load_lifecycle(config_dir() / "lifecycle")
    found = reconcile(basis, lifecycle).findings
    planted = {
        one["device"]: (one["entered"], one["told"])
        for one in district.planted
        if one["condition"] == "serial-number-exchanged"
    }
    swapped = [one for one in found if one.kind is FindingKind.SWAPPED]
    assert planted
    assert [one.name for one in swapped] == sorted(planted)
    for one in swapped:
        entered, told = planted[one.name]
        assert one.detail == f"register: {entered}; seen: {str(told).upper()}, not in the register"
    down = {one.name for one in district.devices if one.down}
    assert {one.name for one in found if one.kind is FindingKind.NOT_SEEN} == down
    assert {one.kind for one in found} == {FindingKind.SWAPPED, FindingKind.NOT_SEEN}

    ended = {
        (one["model"], str(one["support_ended"]))
        for one in district.planted
        if one["condition"] == "past-end-of-support" and one["device"] not in down
    }
    dates = {
        (line.model, str(fact.on))
        for line in survey(basis, lifecycle).models
        for fact in line.milestones
        if fact.milestone == "last_day_of_support" and fact.on <= basis.day
    }
    hardware = {pair for pair in ended if pair[0] in {line for line, _ in dates}}
    assert hardware == dates
    assert hardware
