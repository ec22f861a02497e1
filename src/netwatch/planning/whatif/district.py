"""The district as a scenario has it: gear replaced, lines upgraded, schools closed, more devices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from netwatch.documents import Document, did_you_mean
from netwatch.errors import Problem
from netwatch.model import (
    Asset,
    Circuit,
    DeviceKind,
    Entity,
    EntityId,
    EntityKind,
    Inventory,
    InventoryDevice,
    Place,
    PlaceId,
    PlaceKind,
    Snapshot,
)
from netwatch.planning.basis import (
    SPARE,
    Basis,
    Incident,
    Measurements,
    SaturationMeasure,
    Subject,
    Topology,
    match_devices,
    subjects,
)
from netwatch.planning.whatif.effects import Adjustable, Effects
from netwatch.planning.whatif.scenario import CircuitUpgraded, DeviceReplaced, Scenario

__all__ = ["District"]

_SPEED = "netwatch_interface_speed_bytes_per_second"


@dataclass(slots=True)
class District:
    """The basis while a scenario changes it. What does not fit is in `problems`."""

    basis: Basis
    document: Document
    subjects: tuple[Subject, ...] = ()
    notes: list[str] = field(default_factory=list)
    """What was assumed, for people."""
    problems: list[Problem] = field(default_factory=list)
    assets: list[Asset] = field(default_factory=list)
    devices: dict[str, InventoryDevice] = field(default_factory=dict)
    circuits: list[Circuit] = field(default_factory=list)
    entities: dict[EntityId, Entity] = field(default_factory=dict)
    """Only those that are other ones now."""
    gone: set[EntityId] = field(default_factory=set)
    """Devices."""
    replaced: set[EntityId] = field(default_factory=set)
    closed: set[PlaceId] = field(default_factory=set)
    capacity: dict[EntityId, float] = field(default_factory=dict)
    whole: dict[EntityId, float] = field(default_factory=dict)
    """Devices all of whose uplinks are that much faster."""
    schools: dict[PlaceId, tuple[float, float]] = field(default_factory=dict)
    _school_of: dict[EntityId, PlaceId] = field(default_factory=dict)

    def __post_init__(self) -> None:
        inventory = self.basis.snapshot.inventory
        self.subjects = subjects(self.basis.snapshot)
        self.assets, self.circuits = list(inventory.assets), list(inventory.circuits)
        self.devices = dict(inventory.devices)
        places = inventory.places
        for entity in self.basis.snapshot.devices():
            place = self.basis.places.get(entity.id) or PlaceId(str(entity.facts.get("site") or ""))
            school = places.school_of(place)
            if school is not None:
                self._school_of[entity.id] = school.id

    def change(self, scenario: Scenario) -> tuple[Basis, Effects]:
        """Everything that the scenario says of things and schools."""
        for number, device in enumerate(scenario.devices_replaced):
            self._replace(device, number)
        for number, circuit in enumerate(scenario.circuits):
            self._upgrade(circuit, number)
        for number, one in enumerate(scenario.rollout):
            for school in self._rollout_schools(one.schools, one.levels, number):
                clients, traffic = self.schools.get(school, (1.0, 1.0))
                self.schools[school] = (clients * one.client_factor, traffic * one.traffic_factor)
        for number, closing in enumerate(scenario.schools_closed):
            found = self._school(closing.school, ("schools_closed", number, "school"))
            if found is not None:
                self._close(found)
        effects = self._effects()
        return self._basis(effects), effects

    # -- devices and circuits

    def _replace(self, wanted: DeviceReplaced, number: int) -> None:
        chosen = [one for one in self.subjects if wanted.device in (one.name, one.serial) and not one.spare]
        if not chosen:
            names = [name for one in self.subjects for name in (one.name, one.serial) if name]
            path = ("devices_replaced", number, "device")
            message = f"no device in use has the name or serial number {wanted.device!r}"
            self.problems.append(self.document.problem(path, message, did_you_mean(wanted.device, names)))
            return
        new = {key: value for key in ("vendor", "model") if (value := getattr(wanted, key)) is not None}
        told = {**new, "sku": ""} if new else {}
        installed = wanted.installed or self.basis.day
        for one in chosen:
            changed: dict[str, Any] = {**told, "installed": installed, "support_until": wanted.support_until}
            if one.asset is not None:
                place = next((n for n, asset in enumerate(self.assets) if asset == one.asset), None)
                if place is None:
                    path = ("devices_replaced", number, "device")
                    message = f"{wanted.device!r} is replaced twice"
                    self.problems.append(self.document.problem(path, message, "take one of them out"))
                    return
                self.assets[place] = replace(one.asset, warranty_until=None, cost=None, **changed)
            else:
                name = one.device.name if one.device is not None else one.name
                asset = Asset(one.serial, name, vendor=one.vendor, model=one.model, **{"sku": "", **changed})
                self.assets.append(asset)
            if one.device is not None and new:
                self.devices[one.device.name] = replace(self.devices[one.device.name], **new)
            if one.entity is not None:
                self.replaced.add(one.entity.id)
                facts = {**one.entity.facts, **new}
                if new:
                    facts.pop("version", None)  # of the old one's software
                self.entities[one.entity.id] = replace(one.entity, facts=facts)
        self.notes.append(
            f"{chosen[0].name} is replaced{f' by {wanted.model}' if wanted.model else ''}: what was measured "
            "of the old one is over, and nothing is known of the new one yet but the traffic of its uplinks"
        )

    def _upgrade(self, wanted: CircuitUpgraded, number: int) -> None:
        place = next((n for n, one in enumerate(self.circuits) if one.id == wanted.circuit), None)
        path = ("circuits", number, "circuit")
        if place is None:
            hint = did_you_mean(wanted.circuit, [one.id for one in self.circuits])
            self.problems.append(self.document.problem(path, f"no circuit {wanted.circuit!r}", hint))
            return
        old = self.circuits[place]
        cost = old.monthly_cost if wanted.monthly_cost is None else wanted.monthly_cost
        self.circuits[place] = replace(old, rate=wanted.rate, monthly_cost=cost)
        device = next((one.entity for one in self.subjects if one.name == old.device and one.entity), None)
        port = None if device is None else self._port(device.id, old.interface)
        before = wanted.rate_before or old.rate or (None if port is None else self._speed(port))
        if before is None:
            hint = "give 'rate_before', or the circuit's rate in the inventory"
            message = f"how fast {wanted.circuit} is now is not known"
            self.problems.append(self.document.problem(path, message, hint))
        elif port is not None:
            self.capacity[port] = self.capacity.get(port, 1.0) * wanted.rate / before
        elif device is not None and not old.interface:
            self.whole[device.id] = self.whole.get(device.id, 1.0) * wanted.rate / before
        else:
            self.notes.append(
                f"the port at which {wanted.circuit} ends was never seen: no uplink gets emptier"
            )

    def _port(self, device: EntityId, name: str) -> EntityId | None:
        ports = self.basis.snapshot.of_device(device, EntityKind.INTERFACE) if name else []
        return next((one.id for one in ports if name in (one.natural, one.name)), None)

    def _speed(self, port: EntityId) -> float | None:
        told = self.basis.snapshot.value(port, _SPEED)
        return None if not told else told * 8

    # -- schools

    def _rollout_schools(self, names: Iterable[str], levels: Iterable[str], number: int) -> list[PlaceId]:
        found: dict[PlaceId, None] = {}
        for place, name in enumerate(names):
            school = self._school(name, ("rollout", number, "schools", place))
            if school is not None:
                found[school.id] = None
        schools = list(self.basis.snapshot.inventory.places.of_kind(PlaceKind.SCHOOL))
        known = {one.school.level for one in schools if one.school is not None and one.school.level}
        for place, level in enumerate(levels):
            if level not in known:
                path = ("rollout", number, "levels", place)
                hint = did_you_mean(level, known)
                self.problems.append(self.document.problem(path, f"no school has the level {level!r}", hint))
            found.update(
                {one.id: None for one in schools if one.school is not None and one.school.level == level}
            )
        return list(found)

    def _school(self, name: str, path: tuple[str | int, ...]) -> Place | None:
        schools = list(self.basis.snapshot.inventory.places.of_kind(PlaceKind.SCHOOL))
        for one in schools:
            if name in (one.id, one.id.rpartition("/")[2], one.name):
                return one
        names = [text for one in schools for text in (one.id.rpartition("/")[2], one.name)]
        self.problems.append(
            self.document.problem(path, f"there is no school {name!r}", did_you_mean(name, names))
        )
        return None

    def _close(self, school: Place) -> None:
        """Its devices are seen no more; what of them can be bought is spare, with all that is known of it."""
        places = self.basis.snapshot.inventory.places

        def here(place: PlaceId | None) -> bool:
            found = places.school_of(place)
            return found is not None and found.id == school.id

        self.closed.add(school.id)
        leaving = {device for device, place in self._school_of.items() if place == school.id}
        spare: set[str] = set()
        for one in self.subjects:
            inside = one.entity is not None and one.entity.id in leaving
            if not inside and not (one.device is not None and one.entity is None and here(one.device.place)):
                continue
            name = one.device.name if one.device is not None else one.name
            if name in spare:
                continue
            entry = self.devices.get(name) or InventoryDevice(name, None, serial=one.serial, place=one.place)
            self.devices[name] = replace(
                entry,
                target=None,
                kind=entry.kind or (DeviceKind(one.kind) if one.kind in set(DeviceKind) else None),
                role=one.role,
                vendor=one.vendor,
                model=one.model,
                tags=tuple(dict.fromkeys((*entry.tags, SPARE))),
                serves=(),
                life_safety=False,
            )
            spare.add(name)
            self.assets = [_told(asset, one, name) if asset == one.asset else asset for asset in self.assets]
        self.gone |= leaving
        self.notes.append(f"{school.name} is closed: {len(spare)} devices become spare")
        behind = {other for device in leaving for other in self.basis.topology.behind(device)} - leaving
        if behind:
            self.notes.append(
                f"{len(behind)} devices elsewhere are reached through {school.name} only: "
                "move their links first"
            )

    # -- what comes of it

    def _effects(self) -> Effects:
        clients: dict[EntityId, float] = {}
        traffic: dict[EntityId, float] = {}
        for device, school in self._school_of.items():
            if school in self.schools:
                clients[device], traffic[device] = self.schools[school]
                for part in self.basis.snapshot.of_device(device):
                    clients[part.id] = clients[device]
        if self.schools:
            for entity in self.basis.snapshot.devices():
                share = self._shared(entity.id) if entity.id not in self._school_of else None
                if share is not None:
                    traffic[entity.id] = share
            self.notes.append(
                "airtime grows in proportion to clients, uplinks in proportion to traffic; what carries "
                "several schools in proportion to their enrolment; processors and power stay as they are"
            )
        gone = {
            one.id for one in self.basis.snapshot.entities.values() if one.device in self.gone
        } | self.gone
        return Effects(
            clients=clients,
            traffic=traffic,
            schools=dict(self.schools),
            capacity=dict(self.capacity),
            closed=frozenset(self.closed),
            gone=frozenset(gone) if self.gone else frozenset(),
            replaced=frozenset(
                one.id
                for device in self.replaced
                for one in (self.basis.snapshot.entities[device], *self.basis.snapshot.of_device(device))
            ),
        )

    def _shared(self, device: EntityId) -> float | None:
        """The factor for what several schools behind it share; None where none of them is known."""
        places = self.basis.snapshot.inventory.places
        behind = {
            self._school_of[one] for one in self.basis.topology.behind(device) if one in self._school_of
        }
        total = grown = 0.0
        for school in sorted(behind):
            facts = places.by_id[school].school
            weight = float(facts.enrolment or 0) if facts is not None else 0.0
            total += weight
            grown += weight * self.schools.get(school, (1.0, 1.0))[1]
        return grown / total if total and behind & self.schools.keys() else None

    def _basis(self, effects: Effects) -> Basis:
        old = self.basis
        inventory: Inventory = replace(
            old.snapshot.inventory,
            devices=self.devices,
            assets=tuple(self.assets),
            circuits=tuple(self.circuits),
        )
        entities: Mapping[EntityId, Entity] = old.snapshot.entities
        if effects.gone or self.entities:
            kept = {key: one for key, one in entities.items() if key not in effects.gone}
            changed = {key: one for key, one in self.entities.items() if key not in effects.gone}
            entities = {**kept, **changed}
        links = old.snapshot.links
        if effects.gone:
            links = tuple(link for link in links if not effects.gone.intersection(link))
        snapshot: Snapshot = replace(
            old.snapshot, inventory=inventory, entities=entities, links=links, _children={}
        )
        return replace(
            old,
            snapshot=snapshot,
            topology=Topology(snapshot) if effects.gone else old.topology,
            inventory_of=match_devices(snapshot),
            places={one.id: one.place for one in subjects(snapshot) if one.id is not None},
            measured=self._measured(effects),
            incidents=_without(old.incidents, effects.gone | effects.replaced),
        )

    def _measured(self, effects: Effects) -> Measurements:
        """Without what is gone or replaced; how full uplinks and the air are, with the factors."""
        old = self.basis.measured
        over = effects.gone | effects.replaced
        new: dict[str, Any] = {}
        for one in fields(old):
            value = getattr(old, one.name)
            if isinstance(value, Adjustable):
                new[one.name] = value.what_if(effects)
            elif isinstance(value, dict) and one.name != "fullness":
                new[one.name] = {device: told for device, told in value.items() if device not in over}
        fullness = {}
        for device, found in old.fullness.items():
            kept = [
                self._grown(device, one, effects)
                for one in found
                if device not in over
                or (device not in effects.gone and one.measure is SaturationMeasure.UPLINK)
            ]
            if kept:
                kept.sort(key=lambda one: (-one.share, one.measure, one.entity))
                fullness[device] = kept
        return replace(old, **new, fullness=fullness)

    def _grown(self, device: EntityId, one: Any, effects: Effects) -> Any:
        """How full it would be; its source says that it is no reading."""
        factor = 1.0
        if one.measure is SaturationMeasure.AIRTIME:
            factor = effects.clients.get(device, 1.0)
        elif one.measure is SaturationMeasure.UPLINK:
            faster = effects.capacity.get(one.entity, 1.0) * self.whole.get(device, 1.0)
            factor = effects.traffic.get(device, 1.0) / faster
        if factor == 1.0:
            return one
        return replace(
            one, share=one.share * factor, family=f"{one.family}, times {factor:.3g} by the scenario"
        )


def _told(asset: Asset, subject: Subject, device: str) -> Asset:
    """With maker and model as the device told them, which nobody asks any more."""
    other = asset.model if asset.model and asset.model != subject.model else ""
    return replace(asset, device=device, vendor=subject.vendor, model=subject.model, sku=asset.sku or other)


def _without(
    incidents: Mapping[EntityId, tuple[Incident, ...]] | None, over: frozenset[EntityId]
) -> Mapping[EntityId, tuple[Incident, ...]] | None:
    """New gear had none yet."""
    return None if incidents is None else {key: one for key, one in incidents.items() if key not in over}
