"""Entities: whatever has a history of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, NewType

__all__ = [
    "ROOT",
    "DeviceKind",
    "Entity",
    "EntityId",
    "EntityKey",
    "EntityKind",
    "Fact",
    "Facts",
    "Witness",
    "WitnessKind",
]

EntityId = NewType("EntityId", str)
"""Opaque and permanent. History, incidents and plans key on it alone."""

Fact = str | int | float | bool
"""A property of an entity that has no history of its own: a model, a MAC address, an administrative state."""


class EntityKind(StrEnum):
    """What sort of thing has the history. The value is also its label name in Prometheus."""

    DEVICE = "device"
    INTERFACE = "interface"
    RADIO = "radio"
    SSID = "ssid"
    PROCESSOR = "processor"
    MEMORY = "memory"
    VOLUME = "volume"
    POOL = "pool"
    DISK = "disk"
    SENSOR = "sensor"
    TRUNK = "trunk"
    PSE = "pse"
    """A power sourcing equipment group, pethMainPseTable of POWER-ETHERNET-MIB (RFC 3621)."""
    PSE_PORT = "pse_port"
    """One port of it, pethPsePortTable; its group.port index is not an ifIndex."""
    MODULE = "module"
    """A physical part, entPhysicalTable of ENTITY-MIB (RFC 6933)."""
    TRANSCEIVER = "transceiver"
    NEIGHBOR = "neighbor"
    VLAN = "vlan"
    BRIDGE = "bridge"
    """One spanning tree instance of BRIDGE-MIB (RFC 4188)."""
    ADDRESS = "address"


class DeviceKind(StrEnum):
    """What a device is for."""

    SWITCH = "switch"
    WIRELESS = "wireless"
    SERVER = "server"
    STORAGE = "storage"
    VOIP = "voip"
    VIDEO = "video"
    RADIO = "radio"
    POWER = "power"
    FIREWALL = "firewall"
    OTHER = "other"


class WitnessKind(StrEnum):
    """Evidence of who an entity is. Strong kinds outlive a rename and a move, weak ones do not."""

    SERIAL = "serial"
    MAC = "mac"
    UUID = "uuid"
    WWN = "wwn"
    ENGINE_ID = "engine_id"
    NAME = "name"
    ALIAS = "alias"
    """What a person wrote on it, such as ifAlias."""
    ADDRESS = "address"
    INDEX = "index"


class Witness(NamedTuple):
    """One piece of evidence of identity."""

    kind: WitnessKind
    value: str


class EntityKey(NamedTuple):
    """How one source names an entity in one observation: unique within the source, not permanent."""

    kind: EntityKind
    natural: str
    """The most stable name the source gives: ifName before ifIndex, a MAC address before a row number."""


ROOT = EntityKey(EntityKind.DEVICE, "")
"""The device that was asked, in its own observations."""


class Facts(Mapping[str, Fact]):
    """Facts of a thing of which there are many. The names are one object for all that have the same ones, so
    that a port costs its values alone. Never changes."""

    __slots__ = ("_row",)

    def __init__(self, names: tuple[str, ...], values: Iterable[Fact]) -> None:
        self._row: tuple[Any, ...] = (names, *values)
        """Names, then their values: one object less than two tuples."""
        if len(names) != len(self._row) - 1:
            raise ValueError(f"{len(names)} names for {len(self._row) - 1} values")

    @property
    def names(self) -> tuple[str, ...]:
        """In order; one object for all that share it."""
        names: tuple[str, ...] = self._row[0]
        return names

    def __getitem__(self, name: str) -> Fact:
        row = self._row
        try:
            found: Fact = row[row[0].index(name) + 1]
        except ValueError:
            raise KeyError(name) from None
        return found

    def get(self, name: str, default: Any = None) -> Any:
        row = self._row
        names = row[0]
        return row[names.index(name) + 1] if name in names else default

    def __contains__(self, name: object) -> bool:
        return name in self._row[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._row[0])

    def __len__(self) -> int:
        return len(self._row) - 1

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Facts) and other._row[0] is self._row[0]:
            return self._row == other._row
        return isinstance(other, Mapping) and dict(self) == dict(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Facts({dict(self)!r})"

    def __reduce__(self) -> tuple[type[Facts], tuple[tuple[str, ...], tuple[Fact, ...]]]:
        return Facts, (self._row[0], self._row[1:])


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity as the state room knows it, once its identity is settled."""

    id: EntityId
    kind: EntityKind
    device: EntityId
    """The device that it is or belongs to: its own id where kind is DEVICE."""
    parent: EntityId | None
    """A port's device, a radio's access point; an access point's controller, a VM's host."""
    natural: str
    index: str
    """Row index in the source's table, e.g. `10101` or `1.7`; empty where there is none."""
    name: str
    """Display label; may change without notice."""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    """Names are listed in docs/facts.md. A device has at least: kind, role, site, district, address."""
    witnesses: tuple[Witness, ...] = ()
