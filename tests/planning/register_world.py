"""A district of a register, a ledger and a network that do not always agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from netwatch.calendars import Calendars
from netwatch.model import (
    Asset,
    AssetTenure,
    Column,
    DeviceKind,
    Entity,
    EntityId,
    EntityKind,
    Instant,
    Inventory,
    InventoryDevice,
    Place,
    PlaceId,
    PlaceKind,
    Places,
    SeriesHistory,
    Snapshot,
    Target,
    load_catalogue,
)
from netwatch.planning import Basis, gather, load_policy
from netwatch.resources import config_dir

CATALOGUE = load_catalogue()
POLICY = load_policy(config_dir() / "planning" / "replacement.yaml")
AT = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
DAY = 86400.0
DISTRICT, LINCOLN, ROOSEVELT, STORE = map(
    PlaceId, ("d", "d/lincoln-es", "d/roosevelt-hs", "d/lincoln-es/store")
)
UP = "netwatch_device_up"


class Nothing:
    """A history that holds nothing."""

    def read(
        self, family: str, start: float, end: float, entities: Sequence[EntityId] | None = None
    ) -> Iterator[SeriesHistory]:
        return iter(())


@dataclass
class World:
    entities: dict[EntityId, Entity] = field(default_factory=dict)
    devices: dict[str, InventoryDevice] = field(default_factory=dict)
    assets: list[Asset] = field(default_factory=list)
    tenures: list[AssetTenure] = field(default_factory=list)
    links: list[tuple[EntityId, EntityId]] = field(default_factory=list)
    up: dict[EntityId, float] = field(default_factory=dict)
    conflicts: list = field(default_factory=list)

    def device(
        self, name: str, serial: str = "", *, place: PlaceId = LINCOLN, entered: bool = True, up: float = 1.0,
        tells: str | None = None, parent: str | None = None, seen: bool = True, polled: bool = True, **facts,
    ) -> EntityId:  # fmt: skip
        """In the register with `serial`, telling that of `tells` (the same where nothing is said)."""
        entity = EntityId(f"e-{name}")
        told = {
            "kind": "switch",
            "role": "access",
            "vendor": "Acme",
            "model": "S-48",
            "place": place,
            **facts,
        }
        if seen:
            told["sys_name"] = name
        self.entities[entity] = Entity(
            entity,
            EntityKind.DEVICE,
            entity,
            EntityId(f"e-{parent}") if parent else None,
            name,
            "",
            name,
            told,
        )
        if entered:
            target = Target(entity, name, ("192.0.2.1",)) if polled else None
            self.devices[name] = InventoryDevice(
                name, target, DeviceKind.SWITCH, "access", place, serial=serial
            )
            if serial:
                self.assets.append(Asset(serial, name, vendor="Acme", model="S-48"))
        self.up[entity] = up
        told_serial = serial if tells is None else tells
        if told_serial and seen:
            self.tenure(told_serial, name)
        return entity

    def tenure(
        self, serial: str, device: str, position: str = "", *, first: float = 400, last: float = 0,
        ended: float | None = None,
    ) -> None:  # fmt: skip
        """Days before the plan."""
        end = None if ended is None else AT - ended * DAY
        self.tenures.append(
            AssetTenure(
                serial.upper(),
                EntityId(f"e-{device}"),
                position,
                "S-48",
                AT - first * DAY,
                AT - last * DAY,
                end,
            )
        )

    def member(self, device: str, serial: str) -> None:
        key = EntityId(f"e-{device}/{serial}")
        facts = {"class": "chassis", "serial": serial, "model": "S-48"}
        owner = EntityId(f"e-{device}")
        self.entities[key] = Entity(
            key, EntityKind.MODULE, owner, owner, serial, "", f"Switch {serial}", facts
        )

    def link(self, left: str, right: str) -> None:
        self.links.append((EntityId(f"e-{left}"), EntityId(f"e-{right}")))

    def basis(self) -> Basis:
        places = Places(
            {
                DISTRICT: Place(DISTRICT, PlaceKind.DISTRICT, "District", None),
                LINCOLN: Place(LINCOLN, PlaceKind.SCHOOL, "Lincoln Elementary", DISTRICT),
                ROOSEVELT: Place(ROOSEVELT, PlaceKind.SCHOOL, "Roosevelt High", DISTRICT),
                STORE: Place(STORE, PlaceKind.ROOM, "Store", LINCOLN),
            }
        )
        column = Column(
            CATALOGUE[UP],
            tuple(self.up),
            tuple(() for _ in self.up),
            np.array(list(self.up.values()), dtype=float),
            np.full(len(self.up), np.nan),
            np.full(len(self.up), AT - 30),
            np.full(len(self.up), True),
        )
        snapshot = Snapshot(
            Instant(AT, 0),
            self.entities,
            {UP: column},
            Inventory("d", places, self.devices, tuple(self.assets)),
            links=tuple(self.links),
            conflicts=tuple(self.conflicts),
        )
        calendars = Calendars({}).with_default(POLICY.school_hours.calendar())
        return gather(snapshot, Nothing(), calendars, at=AT, days=30, tenures=self.tenures)
