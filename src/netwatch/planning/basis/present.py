"""A snapshot as plans need it: what they never look at takes memory, or is none of their business."""

from __future__ import annotations

from dataclasses import replace

from netwatch.model import FamilyType, InventoryDevice, Snapshot, Target

__all__ = ["without_access", "without_counters"]


def without_counters(snapshot: Snapshot) -> Snapshot:
    """What counters stand at now says nothing to a plan: history tells what they counted. Of a district with
    half a million ports they are most of the snapshot."""
    columns = {
        name: column
        for name, column in snapshot.columns.items()
        if column.family.type is not FamilyType.COUNTER
    }
    return replace(snapshot, columns=columns)


def without_access(snapshot: Snapshot) -> Snapshot:
    """Without what it takes to log in, so that plans can be kept. That a device is polled, and as which
    entity, stays."""
    inventory = snapshot.inventory
    devices = {name: _without_access(one) for name, one in inventory.devices.items()}
    return replace(snapshot, inventory=replace(inventory, devices=devices))


def _without_access(device: InventoryDevice) -> InventoryDevice:
    target = device.target
    if target is None:
        return device
    return replace(device, target=Target(target.device, target.name, target.addresses))
