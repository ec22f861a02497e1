"""The entities that are there now, of which a frozen copy is made at little cost."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from itertools import chain
from typing import Any

from netwatch.model import Entities, Entity, EntityId
from netwatch.model.entities import Changes, devices_of

__all__ = ["EntityTable"]

_MOMENTS = 64
"""Changes that are remembered; a reader that is further behind compares all entities."""
_REMEMBERED = 50_000
"""Ids in them."""
_SPARE = 10_000
"""Ids of what is no more that are kept in any case."""


class EntityTable(MutableMapping[EntityId, Entity]):
    """A dict of entities in pages by device. A page that a frozen copy holds is copied before it changes."""

    def __init__(self) -> None:
        self._pages: dict[EntityId, dict[EntityId, Entity]] = {}
        self._own: set[EntityId] = set()
        """Devices whose page no frozen copy holds."""
        self._owners: dict[EntityId, EntityId] = {}
        """Shared with all frozen copies, which may hold what is no more."""
        self._former: dict[EntityId, tuple[EntityId, ...]] = {}
        self._size = 0
        self._line = object()
        self._changed: set[EntityId] = set()
        self._devices_changed = False
        self._frozen = Entities({}, {}, {}, 0, line=self._line)
        self._changes: Changes = ()

    def get(self, key: EntityId, default: Any = None) -> Any:
        owner = self._owners.get(key)
        if owner is not None and (page := self._pages.get(owner)) is not None:
            return page.get(key, default)
        return default

    def __getitem__(self, key: EntityId) -> Entity:
        return self._pages[self._owners[key]][key]

    def __contains__(self, key: object) -> bool:
        return self.get(key) is not None  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[EntityId]:
        return chain.from_iterable(self._pages.values())

    def __len__(self) -> int:
        return self._size

    def __setitem__(self, key: EntityId, entity: Entity) -> None:
        device, before = entity.device, self._owners.get(key)
        if before != device:
            if before is not None:
                self._take(key, before)
                self._devices_changed = self._devices_changed or key == before
                others = (other for other in self._former.get(key, ()) if other not in (before, device))
                self._former[key] = (before, *others)
            self._owners[key] = device
        page = self._pages[device] if device in self._own else self._page(device)
        if key not in page:
            self._size += 1
        page[key] = entity
        self._note(key, device)

    def __delitem__(self, key: EntityId) -> None:
        device = self._owners[key]
        if not self._take(key, device):
            raise KeyError(key)
        self._note(key, device)

    def devices(self) -> tuple[Entity, ...]:
        """Those that there are, in order of first sight."""
        return devices_of(self._pages)

    def freeze(self) -> Entities:
        """As it is now, for keeps; the same object until something changes."""
        if not self._changed:
            return self._frozen
        before = self._frozen
        number = before.number + 1
        if len(self._owners) > 2 * self._size + _SPARE:
            owned = [dict.fromkeys(page, device) for device, page in self._pages.items()]
            self._owners, self._former = {key: one[key] for one in owned for key in one}, {}
        changes = (*self._changes[1 - _MOMENTS :], (number, frozenset(self._changed)))
        while changes and sum(len(ids) for _, ids in changes) > _REMEMBERED:
            changes = changes[1:]
        self._changes = changes
        self._frozen = Entities(
            self._pages.copy(),
            self._owners,
            self._former,
            self._size,
            line=self._line,
            number=number,
            changes=changes,
            devices=None if self._devices_changed else before.devices,
        )
        self._changed, self._devices_changed = set(), False
        self._own.clear()
        return self._frozen

    def _page(self, device: EntityId) -> dict[EntityId, Entity]:
        """To be changed."""
        if device not in self._own:
            self._own.add(device)
            self._pages[device] = dict(self._pages.get(device, ()))
        return self._pages[device]

    def _take(self, key: EntityId, device: EntityId) -> bool:
        if key not in self._pages.get(device, ()):
            return False
        page = self._page(device)
        del page[key]
        self._size -= 1
        if not page:
            del self._pages[device]
            self._own.discard(device)
        return True

    def _note(self, key: EntityId, device: EntityId) -> None:
        self._changed.add(key)
        if key == device:
            self._devices_changed = True
