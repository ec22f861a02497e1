"""Which rows of a layout a rule is about."""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterator, Mapping
from fnmatch import fnmatchcase

import numpy as np

from netwatch.alerts.frame import Frame, Layout, Mask, Memo
from netwatch.alerts.layout import finish, steps
from netwatch.alerts.rule import Ports, Scope
from netwatch.model import (
    DeviceKind,
    Entities,
    Entity,
    EntityId,
    EntityKind,
    InventoryDevice,
    PlaceId,
    Snapshot,
    differences,
)

__all__ = ["Surroundings", "in_scope", "scope_steps"]


_DEVICES_AT_ONCE = 1000
_ADMIN = "netwatch_interface_admin_up"


class Surroundings:
    """What is known of devices and links in one snapshot, looked up once for all rules."""

    def __init__(self, snapshot: Snapshot, uplinks: frozenset[EntityId], memo: Memo | None = None) -> None:
        self.snapshot = snapshot
        self.uplinks = uplinks
        """Interfaces with a neighbour that is a known device, now or when it was last up."""
        self._entered: dict[EntityId, InventoryDevice] | None = None
        self._matched: dict[Hashable, frozenset[EntityId]] = {}
        self._before: Mapping[Hashable, frozenset[EntityId]] = {}
        self._older: Mapping[EntityId, Entity] | None = None
        """Those that `_before` is true for, if people have entered nothing new since."""
        self._changed: list[EntityId] | None = None
        """Devices that are others than in `_older`."""
        if memo is not None:
            kept, inventory = memo.scopes, snapshot.inventory
            same = kept is not None and kept[1] is inventory
            if kept is not None and same and _same_devices(kept[0], snapshot.entities):
                self._matched = kept[2]
            elif kept is not None:
                self._before, self._older = kept[2], kept[0] if same else None
            memo.scopes = (snapshot.entities, inventory, self._matched)

    def entered(self, device: Entity) -> InventoryDevice | None:
        """What people entered of a device; None for one that was only discovered."""
        if self._entered is None:
            devices = self.snapshot.inventory.devices.values()
            self._entered = {entry.target.device: entry for entry in devices if entry.target is not None}
        return self._entered.get(device.id) or self.snapshot.inventory.devices.get(device.name)

    def devices(self, scope: Scope) -> frozenset[EntityId]:
        """Devices that match the scope."""
        finish(self.device_steps(scope))
        return self._matched[scope]

    def device_steps(self, scope: Scope) -> Iterator[None]:
        """What `devices` will ask for."""
        if scope in self._matched:
            return
        entities = self.snapshot.entities
        before = self._before.get(scope)
        found: set[EntityId] = set()
        if before is not None and self._older is not None:
            changed = yield from self._find_changed(self._older)
            found = set(before.difference(changed))
            devices = iter([device for key in changed if (device := entities.get(key)) is not None])
        else:
            yield from self.snapshot.find_devices()
            devices = self.snapshot.devices()
        for number, device in enumerate(devices, 1):
            if device.kind is EntityKind.DEVICE and self._matches(device, scope):
                found.add(device.id)
            if number % _DEVICES_AT_ONCE == 0:
                yield
        # The same object lets masks be kept.
        self._matched[scope] = before if before is not None and before == found else frozenset(found)

    def _find_changed(self, older: Mapping[EntityId, Entity]) -> Generator[None, None, list[EntityId]]:
        """Devices that are others than they were; looked for once."""
        if self._changed is None:
            ids = yield from differences(older, self.snapshot.entities)
            ordered, found = list(ids), list[EntityId]()
            for part in steps(len(ordered)):
                for key in ordered[part]:
                    one = self.snapshot.entities.get(key) or older.get(key)
                    if one is not None and one.kind is EntityKind.DEVICE:
                        found.append(key)
                yield
            self._changed = found
        return self._changed

    def sites_of(self, device: Entity) -> set[str]:
        """The site's label, and ids and names of all places from the device's own up to the district."""
        entry = self.entered(device)
        # The fact holds what sysLocation told where nobody entered a place.
        place = PlaceId(str(device.facts.get("place", ""))) or (None if entry is None else entry.place)
        places = self.snapshot.inventory.places.path(place)
        return {str(device.facts.get("site", ""))} | {str(place.id) for place in places}

    def _matches(self, device: Entity, scope: Scope) -> bool:
        role = str(device.facts.get("role", ""))
        kind = _kind_of(device)
        if (scope.kinds and kind not in scope.kinds) or kind in scope.not_kinds:
            return False
        if (scope.roles and role not in scope.roles) or role in scope.not_roles:
            return False
        if scope.devices and not any(fnmatchcase(device.name, pattern) for pattern in scope.devices):
            return False
        if scope.tags or scope.not_tags:
            entry = self.entered(device)
            tags = frozenset[str]() if entry is None else frozenset(entry.tags)
            if (scope.tags and not tags & scope.tags) or tags & scope.not_tags:
                return False
        return not scope.sites or bool(self.sites_of(device) & scope.sites)


def scope_steps(frame: Frame, layout: Layout, scope: Scope, around: Surroundings) -> Iterator[None]:
    """In steps what `in_scope` would do at once."""
    entities = around.snapshot.entities
    yield from layout.sync(entities)
    if scope.about_devices:
        yield from around.device_steps(scope)
    if scope.facts or scope.not_facts:
        yield from frame.fact_steps(layout, scope.facts, scope.not_facts)
    if scope.ports is not Ports.ALL:
        yield from layout.mask_steps(around.uplinks, entities)
        if scope.ports is Ports.INFRASTRUCTURE:
            yield from around.device_steps(_NOT_ACCESS)
    if scope.admin_up:
        yield from frame.value_steps(_ADMIN, layout, per_entity=True)


def in_scope(frame: Frame, layout: Layout, scope: Scope, around: Surroundings) -> tuple[Mask, Mask]:
    """(rows that the rule is about, rows of which that is not known)."""
    if not len(layout):
        return np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.bool_)
    entities = around.snapshot.entities
    inside = np.ones(len(layout), dtype=np.bool_)
    if scope.about_devices:
        inside &= layout.mask_of_devices(around.devices(scope), entities)
    for position, allowed in scope.labels:
        inside &= frame.label_mask(layout, position, allowed)
    if scope.facts or scope.not_facts:
        inside &= frame.fact_mask(layout, scope.facts, scope.not_facts)
    if scope.ports is not Ports.ALL:
        mask = layout.mask_of(around.uplinks, entities)
        if scope.ports is Ports.INFRASTRUCTURE:
            mask = mask | layout.mask_of_devices(around.devices(_NOT_ACCESS), entities)
        inside &= mask
    if scope.admin_up:
        admin = frame.values(_ADMIN, layout, per_entity=True)
        return inside & (admin == 1), inside & np.isnan(admin)
    return inside, np.zeros(len(layout), dtype=np.bool_)


def _same_devices(one: Mapping[EntityId, Entity], other: Mapping[EntityId, Entity]) -> bool:
    if isinstance(one, Entities) and isinstance(other, Entities):
        return one.devices is other.devices
    return one is other


_KINDS = {kind.value: kind for kind in DeviceKind}
_NOT_ACCESS = Scope(not_roles=frozenset({"access"}))


def _kind_of(device: Entity) -> DeviceKind | None:
    return _KINDS.get(str(device.facts.get("kind", "")))
