"""Finds the switch port of a MAC address: all switches are asked at once, each by a question or two."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from netwatch.app.parts import Parts
from netwatch.discovery import Learnt, learnt_anywhere
from netwatch.errors import WireError
from netwatch.model import (
    DeviceKind,
    EntityId,
    EntityKind,
    Sighting,
    Snapshot,
    Target,
    Whereabouts,
    WitnessKind,
)

__all__ = ["AT_ONCE", "PATIENCE", "Locator", "has_ports"]

AT_ONCE = 32
"""Switches that are asked at the same time."""
PATIENCE = 10.0
"""Seconds that one switch may take."""


class Locator:
    """One per daemon; one search at a time, so that no impatient user burdens the switches."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._turn = asyncio.Lock()

    async def find(self, mac: bytes) -> Whereabouts:
        """Raises nothing: who does not answer is named in the result."""
        async with self._turn:
            snapshot = self._parts.snapshot
            places = asyncio.Semaphore(AT_ONCE)
            targets = [target for target in self._parts.targets() if has_ports(target, snapshot)]
            answers = await asyncio.gather(*(self._ask(target, mac, snapshot, places) for target in targets))
        text = mac.hex(":")
        owner = _owner(text, snapshot)
        found: list[Sighting] = []
        silent: list[tuple[EntityId, str]] = []
        for target, answer in zip(targets, answers, strict=True):
            if isinstance(answer, str):
                silent.append((target.device, answer))
            else:
                found += _sightings(target.device, answer, owner, snapshot)
        return Whereabouts(text, owner, _place_first(found), len(targets), tuple(silent))

    async def _ask(
        self, target: Target, mac: bytes, snapshot: Snapshot, places: asyncio.Semaphore
    ) -> list[Learnt] | str:
        """Where this switch has learnt it; a text: why it was not asked to the end."""
        async with places:
            try:
                async with asyncio.timeout(PATIENCE):
                    vlans = [one.natural for one in snapshot.of_device(target.device, EntityKind.VLAN)]
                    found = await learnt_anywhere(self._parts.wires.snmp, target, (mac,), vlans)
                    return found.get(mac, [])
            except TimeoutError:
                return f"took longer than {PATIENCE:g} s"
            except WireError as error:
                return str(error)


def has_ports(target: Target, snapshot: Snapshot) -> bool:
    """True for a switch that can be asked."""
    known = snapshot.entities.get(target.device)
    return target.snmp is not None and known is not None and known.facts.get("kind") == DeviceKind.SWITCH


def _sightings(
    device: EntityId, learnt: Iterable[Learnt], owner: EntityId | None, snapshot: Snapshot
) -> list[Sighting]:
    """A port that leads to the owner itself is the place, not the way."""
    ports = {one.index: one.id for one in snapshot.of_device(device, EntityKind.INTERFACE)}
    found = []
    for one in learnt:
        port = ports.get(str(one.if_index))
        beyond = _beyond(port, snapshot)
        found.append(Sighting(device, port, one.if_index, one.vlan, None if beyond == owner else beyond))
    return found


def _beyond(port: EntityId | None, snapshot: Snapshot) -> EntityId | None:
    """The device that the cable of this port leads to."""
    for ends in snapshot.links:
        if port in ends:
            far = ends[1] if ends[0] == port else ends[0]
            known = snapshot.entities.get(far)
            return None if known is None else known.device
    return None


def _owner(mac: str, snapshot: Snapshot) -> EntityId | None:
    for device in snapshot.devices():
        if any(kind is WitnessKind.MAC and value.lower() == mac for kind, value in device.witnesses):
            return device.id
    return None


def _place_first(found: Sequence[Sighting]) -> tuple[Sighting, ...]:
    """Ports that lead to no other switch that has learnt it are the place; the others lie on the way."""
    switches = {one.device for one in found}
    return tuple(sorted(found, key=lambda one: (one.beyond in switches, one.beyond is not None, one.device)))
