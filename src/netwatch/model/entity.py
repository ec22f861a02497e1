"""Entities: whatever has a history of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, NewType

__all__ = [
    "ROOT",
    "DeviceKind",
    "Entity",
    "EntityId",
    "EntityKey",
    "EntityKind",
    "Fact",
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
