"""What is ranked: each asset of the register, and each device that the register does not know."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from netwatch.model import (
    Asset,
    AssetState,
    Entity,
    EntityId,
    InventoryDevice,
    PlaceId,
    Snapshot,
    WitnessKind,
)

__all__ = ["SPARE", "Subject", "match_devices", "subjects"]

SPARE = "spare"
"""Tag of an entry of the inventory that is in use nowhere, though its kind and role are known."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One line of the list. Any of the three sources may be missing, never all of them."""

    name: str
    entity: Entity | None
    """As the device tells of itself; None for a spare or for gear never seen."""
    device: InventoryDevice | None
    """As people entered it."""
    asset: Asset | None
    """From the register of assets."""
    place: PlaceId | None
    school: str
    """Outside the schools the site, such as the district office."""

    @property
    def id(self) -> EntityId | None:
        return None if self.entity is None else self.entity.id

    @property
    def kind(self) -> str:
        entered = self.device.kind if self.device is not None else None
        return str(entered or self._fact("kind"))

    @property
    def role(self) -> str:
        return (self.device.role if self.device is not None else "") or self._fact("role")

    @property
    def vendor(self) -> str:
        return self._fact("vendor") or self._entered("vendor")

    @property
    def model(self) -> str:
        return self._fact("model") or self._entered("model")

    @property
    def models(self) -> tuple[str, ...]:
        """Every name of the model that somebody uses, the SKU included."""
        names = (self._fact("model"), self._entered("model"), getattr(self.asset, "sku", ""))
        return tuple(dict.fromkeys(name for name in names if name))

    @property
    def version(self) -> str:
        return self._fact("version")

    @property
    def serial(self) -> str:
        if self.asset is not None:
            return self.asset.serial
        return self._fact("serial") or (self.device.serial if self.device is not None else "")

    @property
    def spare(self) -> bool:
        """In the register, and nowhere in use."""
        return self.entity is None and (self.device is None or SPARE in self.device.tags)

    def _fact(self, name: str) -> str:
        return "" if self.entity is None else str(self.entity.facts.get(name) or "")

    def _entered(self, name: str) -> str:
        own = getattr(self.asset, name, "")
        return str(own or getattr(self.device, name, "") or "")


def subjects(snapshot: Snapshot, but: Collection[str] = ()) -> tuple[Subject, ...]:
    """Everything that can be bought, but the roles `but`, in order of name and serial."""
    found = (one for one in _all(snapshot) if one.role not in but)
    return tuple(sorted(found, key=lambda one: (one.name, one.serial, one.id or "")))


def match_devices(snapshot: Snapshot) -> dict[EntityId, InventoryDevice]:
    """Which entry of the inventory each seen device is: by its id, else by serial, MAC address or name."""
    inventory = snapshot.inventory
    polled = {device.target.device: device for device in inventory.devices.values() if device.target}
    by_serial = {device.serial.lower(): device for device in inventory.devices.values() if device.serial}
    by_mac = {_mac(device.mac): device for device in inventory.devices.values() if device.mac}
    out: dict[EntityId, InventoryDevice] = {}
    for entity in snapshot.devices():
        match = polled.get(entity.id)
        if match is None:
            match = by_serial.get(str(entity.facts.get("serial", "")).lower())
        if match is None:
            match = next((by_mac[mac] for mac in _macs(entity) if mac in by_mac), None)
        if match is None:
            named = inventory.devices.get(entity.name)
            match = named if named is not None and named.target is None else None
        if match is not None:
            out[entity.id] = match
    return out


def _all(snapshot: Snapshot) -> Iterator[Subject]:
    inventory = snapshot.inventory
    matched = match_devices(snapshot)
    running = snapshot.columns.get("netwatch_device_vm_running")
    virtual = frozenset(running.entities) if running is not None else frozenset()
    by_device: dict[str, list[Asset]] = {}
    by_serial: dict[str, Asset] = {}
    assets_left = {id(one): one for one in inventory.assets if one.status is not AssetState.DISPOSED}
    for asset in assets_left.values():
        if asset.device:
            by_device.setdefault(asset.device, []).append(asset)
        elif asset.serial:
            by_serial[asset.serial.lower()] = asset
    for entity in snapshot.devices():
        if entity.id in virtual:
            continue
        device = matched.get(entity.id)
        assets = by_device.get(device.name if device is not None else entity.name, [])
        same = by_serial.get(str(entity.facts.get("serial", "")).lower())
        if not assets and same is not None:
            assets = [same]
        for asset in assets:
            assets_left.pop(id(asset), None)
        for one in assets or (None,):
            yield _subject(snapshot, entity, device, one)
    seen = {device.name for device in matched.values()}
    for device in inventory.devices.values():
        if device.name not in seen:
            assets = by_device.get(device.name, [])
            for asset in assets:
                assets_left.pop(id(asset), None)
            for one in assets or (None,):
                yield _subject(snapshot, None, device, one)
    for asset in assets_left.values():
        yield _subject(snapshot, None, None, asset)


def _subject(
    snapshot: Snapshot, entity: Entity | None, device: InventoryDevice | None, asset: Asset | None
) -> Subject:
    name = ""
    if device is not None:
        name = device.name
    elif entity is not None:
        name = entity.name or entity.natural
    elif asset is not None:
        name = asset.device or asset.asset_tag or f"{asset.vendor} {asset.model} {asset.serial}".strip()
    place = (device.place if device is not None else None) or _place(snapshot, entity)
    if place is None and asset is not None:
        place = asset.place
    school = snapshot.inventory.places.site_of(place)
    if school is None and entity is not None:
        school = snapshot.inventory.places.site_of(PlaceId(str(entity.facts.get("site") or "")))
    return Subject(name, entity, device, asset, place, "" if school is None else school.name)


def _place(snapshot: Snapshot, entity: Entity | None) -> PlaceId | None:
    """The place that its own facts name; nobody guesses that an access point is where its controller is."""
    told = None if entity is None else entity.facts.get("place")
    place = PlaceId(str(told)) if told else None
    return place if place in snapshot.inventory.places.by_id else None


def _macs(entity: Entity) -> Iterator[str]:
    if entity.facts.get("mac"):
        yield _mac(str(entity.facts["mac"]))
    yield from (_mac(witness.value) for witness in entity.witnesses if witness.kind is WitnessKind.MAC)


def _mac(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter in "0123456789abcdef")
