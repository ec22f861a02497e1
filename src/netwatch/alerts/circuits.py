"""Ports at which carriers' circuits end, as the inventory says."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from netwatch.documents import did_you_mean
from netwatch.errors import Problem
from netwatch.model import Circuit, EntityId, EntityKind, Inventory, Snapshot

__all__ = ["circuit_misfits", "circuit_ports", "known_ports"]


def circuit_ports(snapshot: Snapshot) -> dict[EntityId, list[Circuit]]:
    """By port: its circuits. Those that end at a device as a whole are left out."""
    wanted: dict[str, list[Circuit]] = {}
    for circuit in snapshot.inventory.circuits:
        if circuit.interface:
            wanted.setdefault(circuit.device, []).append(circuit)
    out: dict[EntityId, list[Circuit]] = {}
    if not wanted:
        return out
    for device in snapshot.devices():
        for circuit in wanted.get(device.name, ()):
            for port in snapshot.of_device(device.id, EntityKind.INTERFACE):
                if circuit.interface in (port.name, port.natural):
                    out.setdefault(port.id, []).append(circuit)
                    break
    return out


def known_ports(snapshot: Snapshot) -> dict[str, set[str]]:
    """Names of ports by device that a circuit names, of devices that have told of ports."""
    named = {circuit.device for circuit in snapshot.inventory.circuits if circuit.interface}
    out: dict[str, set[str]] = {}
    for device in snapshot.devices():
        if device.name in named:
            ports = snapshot.of_device(device.id, EntityKind.INTERFACE)
            if found := {name for port in ports for name in (port.name, port.natural) if name}:
                out[device.name] = found
    return out


def circuit_misfits(inventory: Inventory, ports: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    """Circuits that end at a port which their device does not have. `ports`: names by device; of one that
    never told of any nothing is said."""
    for circuit in inventory.circuits:
        known = ports.get(circuit.device)
        if circuit.interface and known and circuit.interface not in known:
            message = f"{circuit.device} has no port {circuit.interface!r}"
            hint = did_you_mean(circuit.interface, known) or "write it as the device does (ifName)"
            yield Problem("", f"circuits: {circuit.id}: interface", message, hint)
