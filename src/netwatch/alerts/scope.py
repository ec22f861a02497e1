"""Which rows of a layout a rule is about."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterator, Mapping
from fnmatch import fnmatchcase

import numpy as np

from netwatch.alerts.circuits import circuit_ports
from netwatch.alerts.frame import Frame, Layout, Mask, Memo
from netwatch.alerts.layout import finish, steps
from netwatch.alerts.rule import Circuits, Ports, Scope
from netwatch.calendars import Calendar, Calendars
from netwatch.calendars.windows import ALL_TIME, Window
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

    def __init__(
        self,
        snapshot: Snapshot,
        uplinks: frozenset[EntityId],
        memo: Memo | None = None,
        calendars: Calendars | None = None,
    ) -> None:
        self.snapshot = snapshot
        self._calendars = Calendars() if calendars is None else calendars
        self._memo = Memo() if memo is None else memo
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

    def place_steps(self) -> Iterator[None]:
        """What `open` and `out_of_service` will ask for."""
        yield from self._place_steps()

    def open(self, window: Window) -> frozenset[EntityId]:
        """Devices at whose place the window is open at the moment of the snapshot. The same object as long as
        it is open at the same places."""
        at, calendar_of = self.snapshot.at.wall, self._calendar_of
        answers: dict[int, bool] = {}

        def is_open(place: PlaceId | None) -> bool:
            calendar = calendar_of(place)
            if id(calendar) not in answers:
                answers[id(calendar)] = window.is_open(calendar, at)
            return answers[id(calendar)]

        return self._at_places(window, is_open)

    def devices_at(self, frame: Frame, family: str, value: float) -> frozenset[EntityId]:
        """Devices of which a family is known to have this value. The same object as long as they stay."""
        column = frame.column(family)
        rows = [] if column is None else np.flatnonzero(column.fresh & (column.values == value)).tolist()
        found = frozenset() if column is None else frozenset(column.entities[row] for row in rows)
        kept = self._memo.devices_at.get((family, value))
        if kept != found:
            kept = self._memo.devices_at[family, value] = found
        return kept

    def circuit_ports(self) -> frozenset[EntityId]:
        """Ports at which a circuit of the inventory ends. The same object as long as they stay."""
        found = frozenset(circuit_ports(self.snapshot))
        if self._memo.circuits != found:
            self._memo.circuits = found
        return self._memo.circuits

    def out_of_service(self) -> frozenset[EntityId]:
        """Devices in buildings that are out of service: no rule is about them."""
        if not any(one.out_of_service for one in self._calendars.closures):
            return frozenset()
        at, places = self.snapshot.at.wall, self.snapshot.inventory.places
        return self._at_places(None, lambda place: self._calendars.is_out_of_service(place, places, at))

    def _calendar_of(self, place: PlaceId | None) -> Calendar:
        kept, inventory = self._memo.calendars, self.snapshot.inventory
        if kept is None or kept[0] is not self._calendars or kept[1] is not inventory:
            kept = self._memo.calendars = (self._calendars, inventory, {})
        found = kept[2].get(place)
        if found is None:
            found = kept[2][place] = self._calendars.at(place, inventory.places)
        return found

    def _at_places(self, key: Hashable, wanted: Callable[[PlaceId | None], bool]) -> frozenset[EntityId]:
        """All devices of the places that are wanted."""
        finish(self._place_steps())
        kept = self._memo.places
        assert kept is not None
        by_place, known = kept[2], kept[3]
        chosen = tuple(place for place in by_place if wanted(place))
        found = known.get(key)
        if found is None or found[0] != chosen:
            devices = frozenset().union(*(by_place[place] for place in chosen))
            found = known[key] = (chosen, devices)
        return found[1]

    def _place_steps(self) -> Iterator[None]:
        """Notes which devices stand where; done again only where devices or the inventory changed."""
        kept, inventory = self._memo.places, self.snapshot.inventory
        entities = self.snapshot.entities
        if kept is not None and kept[1] is inventory and _same_devices(kept[0], entities):
            return
        yield from self.snapshot.find_devices()
        found: dict[PlaceId | None, set[EntityId]] = {}
        for number, device in enumerate(self.snapshot.devices(), 1):
            found.setdefault(self._place_of(device), set()).add(device.id)
            if number % _DEVICES_AT_ONCE == 0:
                yield
        by_place = {place: frozenset(devices) for place, devices in found.items()}
        if kept is not None and kept[2] == by_place:  # another switch has another name, but nobody moved
            self._memo.places = (entities, inventory, kept[2], kept[3])
        else:
            self._memo.places = (entities, inventory, by_place, {})

    def _place_of(self, device: Entity) -> PlaceId | None:
        entry = self.entered(device)
        # The fact holds what sysLocation told where nobody entered a place.
        return PlaceId(str(device.facts.get("place", ""))) or (None if entry is None else entry.place)

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
        places = self.snapshot.inventory.places.path(self._place_of(device))
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


def scope_steps(
    frame: Frame, layout: Layout, scope: Scope, around: Surroundings, window: Window = ALL_TIME
) -> Iterator[None]:
    """In steps what `in_scope` would do at once."""
    entities = around.snapshot.entities
    yield from layout.sync(entities)
    if not window.is_always:
        yield from around.place_steps()
    if scope.about_devices:
        yield from around.device_steps(scope)
    if scope.about_parts:
        yield from frame.part_steps(layout, scope.part_tests)
    if scope.ports is not Ports.ALL:
        yield from layout.mask_steps(around.uplinks, entities)
        if scope.ports is Ports.INFRASTRUCTURE:
            yield from around.device_steps(_NOT_ACCESS)
    if scope.admin_up:
        yield from frame.value_steps(_ADMIN, layout, per_entity=True)


def in_scope(
    frame: Frame, layout: Layout, scope: Scope, around: Surroundings, window: Window = ALL_TIME
) -> tuple[Mask, Mask]:
    """(rows that the rule is about now, rows of which that is not known)."""
    if not len(layout):
        return np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.bool_)
    entities = around.snapshot.entities
    inside = np.ones(len(layout), dtype=np.bool_)
    if not window.is_always:
        inside &= layout.mask_of_devices(around.open(window), entities)
    if away := around.out_of_service():
        inside &= ~layout.mask_of_devices(away, entities)
    if scope.about_devices:
        inside &= layout.mask_of_devices(around.devices(scope), entities)
    for family, value in scope.device_is:
        inside &= layout.mask_of_devices(around.devices_at(frame, family, value), entities)
    for family, value in scope.device_is_not:
        inside &= ~layout.mask_of_devices(around.devices_at(frame, family, value), entities)
    for position, allowed in scope.labels:
        inside &= frame.label_mask(layout, position, allowed)
    of_circuits = None
    if scope.circuits is not Circuits.ANY:
        of_circuits = layout.mask_of(around.circuit_ports(), entities)
    if scope.about_parts:
        fitting = frame.part_mask(layout, scope.part_tests)
        inside &= (
            fitting if scope.circuits is not Circuits.TOO or of_circuits is None else fitting | of_circuits
        )
    if of_circuits is not None and scope.circuits is not Circuits.TOO:
        inside &= of_circuits if scope.circuits is Circuits.ONLY else ~of_circuits
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
