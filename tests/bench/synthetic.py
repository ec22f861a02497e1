"""Snapshots of many W1 switches without a state that made them: what readers cost at any size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from tests.bench.fixtures import COUNTERS, GAUGES, PORTS

from netwatch.model import (
    Column,
    Entity,
    EntityId,
    EntityKind,
    FamilyType,
    Instant,
    Inventory,
    InventoryDevice,
    Place,
    PlaceId,
    PlaceKind,
    Places,
    SchoolFacts,
    Snapshot,
    SnmpAccess,
    Target,
    load_catalogue,
)
from netwatch.state.entity_table import EntityTable

__all__ = ["PORTS", "W1_FAMILIES", "Synthetic"]

W1_FAMILIES = (*COUNTERS, *GAUGES)
_START = 1_800_000_000.0


class Synthetic:
    """A fleet whose counters grow by the minute."""

    def __init__(self, switches: int, *, sites: int = 50) -> None:
        self.catalogue = load_catalogue()
        self.switches = switches
        self._rng = np.random.default_rng(7)
        self._table = EntityTable()
        self._table.update(self._entities(switches, sites))
        self.entities = self._table.freeze()
        ports = [key for key, entity in self.entities.items() if entity.kind is EntityKind.INTERFACE]
        self._ports = tuple(ports)
        self._no_labels = ((),) * len(ports)
        self._slots = np.arange(len(ports), dtype=np.int64)
        self._devices = tuple(EntityId(f"d{number:019x}") for number in range(switches))
        self._no_device_labels = ((),) * switches
        self._device_slots = np.arange(switches, dtype=np.int64)
        self._totals = {
            name: self._rng.integers(0, 2**40, len(ports)).astype(np.uint64)
            for name in W1_FAMILIES
            if self.catalogue[name].type is FamilyType.COUNTER
        }
        self.inventory = self._inventory(switches, sites)
        self._minute = 0
        first = [f"p{number * PORTS:019x}" for number in range(switches)]
        self.links = tuple((EntityId(port), EntityId(first[n // 50 * 50])) for n, port in enumerate(first))

    def touch(self) -> None:
        """One port gets another name, as one of many does all the time."""
        key = self._ports[self._minute % len(self._ports)]
        self._table[key] = replace(self._table[key], index=f"x{self._minute}")
        self.entities = self._table.freeze()

    def _entities(self, switches: int, sites: int) -> Mapping[EntityId, Entity]:
        out: dict[EntityId, Entity] = {}
        for number in range(switches):
            device = EntityId(f"d{number:019x}")
            role = "core" if number % 50 == 0 else "access"
            facts = {"kind": "switch", "role": role, "site": f"district/school-{number % sites}"}
            out[device] = Entity(
                device, EntityKind.DEVICE, device, None, f"sw-{number}", "", f"sw-{number}", facts
            )
            for port in range(PORTS):
                key = EntityId(f"p{number * PORTS + port:019x}")
                name = f"Gi1/0/{port}"
                out[key] = Entity(
                    key,
                    EntityKind.INTERFACE,
                    device,
                    device,
                    name,
                    str(port),
                    name,
                    {"type": "ethernetCsmacd"},
                )
        return out

    def _inventory(self, switches: int, sites: int) -> Inventory:
        places = {
            PlaceId("district"): Place(PlaceId("district"), PlaceKind.DISTRICT, "District", None),
            **{
                PlaceId(f"district/school-{n}"): Place(
                    PlaceId(f"district/school-{n}"),
                    PlaceKind.SCHOOL,
                    f"School {n}",
                    PlaceId("district"),
                    SchoolFacts(),
                )
                for n in range(sites)
            },
        }
        devices = {}
        for number in range(switches):
            address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
            name = f"sw-{number}"
            target = Target(EntityId(f"d{number:019x}"), name, (address,), snmp=SnmpAccess())
            devices[name] = InventoryDevice(name, target, place=PlaceId(f"district/school-{number % sites}"))
        return Inventory("district", Places(places), devices)

    def snapshots(self, seconds: float = 60.0) -> Iterator[Snapshot]:
        """One per interval: every port was read once since the one before, spread over the interval."""
        while True:
            yield self.snapshot(seconds)

    def snapshot(self, seconds: float = 60.0) -> Snapshot:
        self._minute += 1
        at = _START + self._minute * seconds
        spread = np.repeat(np.arange(self.switches) / self.switches * seconds, PORTS)
        times = at - seconds + spread
        columns: dict[str, Column] = {}
        nothing = np.full(len(self._ports), np.nan)
        for name in W1_FAMILIES:
            family = self.catalogue[name]
            plain = Column(
                family, self._ports, self._no_labels, nothing, nothing, times,
                np.ones(len(self._ports), dtype=np.bool_), (), slots=self._slots,
            )  # fmt: skip
            if family.type is FamilyType.COUNTER:
                grown = self._rng.integers(0, 10_000_000, len(self._ports)).astype(np.uint64)
                if "errors" in name or "discards" in name:
                    grown = np.where(grown < 50_000, np.uint64(1), np.uint64(0))
                self._totals[name] = total = self._totals[name] + grown
                columns[name] = replace(
                    plain,
                    values=total.astype(np.float64),
                    rates=grown / seconds,
                    totals=total,
                    covered=times - _START,
                )
            else:
                value = 125_000_000.0 if "speed" in name else 1.0
                columns[name] = replace(plain, values=np.full(len(self._ports), value))
        up = self.catalogue["netwatch_device_up"]
        columns[up.name] = Column(
            up, self._devices, self._no_device_labels, np.ones(self.switches),
            np.full(self.switches, np.nan), times[::PORTS].copy(), np.ones(self.switches, dtype=np.bool_),
            (), slots=self._device_slots,
        )  # fmt: skip
        return Snapshot(
            Instant(at, at - _START),
            self.entities,
            columns,
            self.inventory,
            links=self.links,
        )
