"""/probe: the last readings of one device of the inventory."""

from __future__ import annotations

from netwatch.exposition.render import Renderer
from netwatch.model import EntityId, Snapshot, load_catalogue

__all__ = ["probe", "probe_device"]


def probe_device(snapshot: Snapshot, target: str) -> EntityId | None:
    """The device of the inventory that has `target` as its name or as one of its addresses."""
    named = snapshot.inventory.devices.get(target)
    if named is not None and named.target is not None and _listed(snapshot, named.target.device):
        return named.target.device
    for device in snapshot.devices():
        if device.name == target and device.facts.get("listed") is True:
            return device.id
    for entry in snapshot.inventory.devices.values():
        if entry.target is not None and target in entry.target.addresses:
            return entry.target.device if _listed(snapshot, entry.target.device) else None
    return None


def _listed(snapshot: Snapshot, device: EntityId) -> bool:
    entity = snapshot.entities.get(device)
    return entity is not None and entity.facts.get("listed") is True


def probe(
    snapshot: Snapshot, target: str, openmetrics: bool, renderer: Renderer | None = None
) -> bytes | None:
    """The last readings of a device, of what belongs to it and of nothing else. Nothing is polled for it.
    None for a target that the inventory does not list: this is no way to make netwatch ask arbitrary
    addresses.
    """
    device = probe_device(snapshot, target)
    if device is None:
        return None
    renderer = renderer or Renderer(load_catalogue())
    return b"".join(renderer.render(snapshot, openmetrics=openmetrics, only=device))
