"""A device's facts: what it tells of itself, completed by what people entered of it."""

from __future__ import annotations

from collections.abc import Mapping

from netwatch.model import DeviceKind, Fact, Inventory, InventoryDevice, PlaceId, PlaceKind

__all__ = ["device_facts"]


def device_facts(
    name: str,
    told: Mapping[str, Fact],
    entry: InventoryDevice | None,
    inventory: Inventory,
    host: Mapping[str, Fact] | None = None,
) -> dict[str, Fact]:
    """Facts of one device. Always there: name, kind, role, site, district, place, address (empty if unknown).
    `listed` is there, and True, for what people entered.

    Kind, role and place come from the inventory where it gives them; model and serial number from the
    device where it tells them. Where nobody entered a place, the inventory's patterns may know one for its
    location (sysLocation of SNMPv2-MIB, or what a controller says). `host` holds the facts of the device that
    reports this one: a virtual machine stands where its host stands, but an access point does not stand
    beside its controller.
    """
    facts = {"kind": DeviceKind.OTHER.value, "role": "", "address": "", **told, "name": name}
    facts |= {"site": "", "district": inventory.district, "place": ""}
    if entry is not None:
        facts["listed"] = True
        _from_entry(facts, entry)
    place = entry.place if entry is not None else None
    if place is None and facts.get("location"):
        place = inventory.place_by_location(str(facts["location"]))
    if entry is None and place is None and host is not None and facts["kind"] != DeviceKind.WIRELESS.value:
        facts |= {key: host.get(key, "") for key in ("site", "district", "place")}
    else:
        _locate(facts, place, inventory)
    return facts


def _from_entry(facts: dict[str, Fact], entry: InventoryDevice) -> None:
    if entry.kind is not None:
        facts["kind"] = entry.kind.value
    if entry.role:
        facts["role"] = entry.role
    for key, value in (("vendor", entry.vendor), ("model", entry.model), ("serial", entry.serial)):
        if value and not facts.get(key):
            facts[key] = value
    if entry.mac and not facts.get("mac"):
        facts["mac"] = entry.mac
    if entry.target is not None and entry.target.addresses:
        facts["address"] = entry.target.addresses[0]
    if entry.life_safety:
        facts["life_safety"] = True


def _locate(facts: dict[str, Fact], place: PlaceId | None, inventory: Inventory) -> None:
    places = inventory.places
    facts["place"] = place or ""
    site = places.site_of(place)
    district = places.ancestor(place, PlaceKind.DISTRICT)
    if site is not None:
        facts["site"] = site.id
    if district is not None:
        facts["district"] = district.id
