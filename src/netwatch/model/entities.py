"""All entities at one moment, in pages by device: what did not change is shared with the moments before.

A frozen mapping of half a million entities costs nothing to make as long as few of them change, and what
changed between two of them is known without looking at all.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, ItemsView, Iterator, Mapping, ValuesView
from itertools import chain, islice
from typing import Any

from netwatch.model.entity import Entity, EntityId

__all__ = ["Changes", "Entities", "Page", "devices_of", "differences"]

Page = Mapping[EntityId, Entity]
"""What belongs to a device, itself included, in order of first sight."""
Changes = tuple[tuple[int, frozenset[EntityId]], ...]
"""Number of a moment, and the ids of what was added, changed or removed since the one before; ascending."""

_STEP = 2048
_NO_PAGE: Page = {}


class Entities(Mapping[EntityId, Entity]):
    """Entities by id, device by device. Never changes, though it shares its parts."""

    __slots__ = ("_changes", "_devices", "_former", "_line", "_number", "_owners", "_pages", "_size")

    def __init__(
        self,
        pages: Mapping[EntityId, Page],
        owners: Mapping[EntityId, EntityId],
        former: Mapping[EntityId, tuple[EntityId, ...]],
        size: int,
        *,
        line: object = None,
        number: int = 0,
        changes: Changes = (),
        devices: tuple[Entity, ...] | None = None,
    ) -> None:
        """`pages` by device. `owners` tells the device of each entity; it may tell more, and a later one:
        `former` has the devices that an entity belonged to before. `line` is one object for all moments of
        the same entities, counted by `number`; `changes` lead up to this one. `devices`: of the moment
        before, if no device changed since."""
        self._pages, self._owners, self._former, self._size = pages, owners, former, size
        self._line, self._number, self._changes, self._devices = line, number, changes, devices

    @classmethod
    def of(cls, entities: Collection[Entity]) -> Entities:
        """Entities that share nothing with others."""
        pages: dict[EntityId, dict[EntityId, Entity]] = {}
        for entity in entities:
            pages.setdefault(entity.device, {})[entity.id] = entity
        return cls(pages, {entity.id: entity.device for entity in entities}, {}, len(entities))

    # -- as a mapping

    def get(self, key: EntityId, default: Any = None) -> Any:
        owner = self._owners.get(key)
        if owner is None:
            return default
        found = self._pages.get(owner, _NO_PAGE).get(key)
        if found is None:
            for owner in self._former.get(key, ()):
                found = self._pages.get(owner, _NO_PAGE).get(key)
                if found is not None:
                    return found
            return default
        return found

    def __getitem__(self, key: EntityId) -> Entity:
        found: Entity | None = self.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def __contains__(self, key: object) -> bool:
        return self.get(key) is not None  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[EntityId]:
        return chain.from_iterable(self._pages.values())

    def __len__(self) -> int:
        return self._size

    def values(self) -> ValuesView[Entity]:
        return _Values(self)

    def items(self) -> ItemsView[EntityId, Entity]:
        return _Items(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return Entities.of, (tuple(self.values()),)

    # -- by device, and over time

    def page(self, device: EntityId) -> Page:
        """What belongs to a device, itself included."""
        return self._pages.get(device, _NO_PAGE)

    @property
    def number(self) -> int:
        """Which moment of its line it is."""
        return self._number

    @property
    def devices(self) -> tuple[Entity, ...]:
        """In order of first sight."""
        if self._devices is None:
            self._devices = devices_of(self._pages)
        return self._devices

    def since(self, before: Entities) -> frozenset[EntityId] | None:
        """Ids of what is not as it was; a few may be that are. None if that is not known: the other is none
        of the same entities, or too long ago."""
        if before._line is not self._line or self._line is None:
            return None
        older, newer = (before, self) if before._number <= self._number else (self, before)
        behind = newer._number - older._number
        if behind > len(newer._changes):
            return None
        told = [ids for _, ids in newer._changes[len(newer._changes) - behind :]]
        return told[0] if len(told) == 1 else frozenset().union(*told)


def devices_of(pages: Mapping[EntityId, Page]) -> tuple[Entity, ...]:
    """The devices themselves, in order of first sight."""
    found = [page.get(device) for device, page in pages.items()]
    return tuple([device for device in found if device is not None])


class _Values(ValuesView[Entity]):
    __slots__ = ()
    _mapping: Entities

    def __iter__(self) -> Iterator[Entity]:
        return chain.from_iterable([page.values() for page in self._mapping._pages.values()])


class _Items(ItemsView[EntityId, Entity]):
    __slots__ = ()
    _mapping: Entities

    def __iter__(self) -> Iterator[tuple[EntityId, Entity]]:
        return chain.from_iterable([page.items() for page in self._mapping._pages.values()])


def differences(
    before: Mapping[EntityId, Entity], after: Mapping[EntityId, Entity]
) -> Generator[None, None, Collection[EntityId]]:
    """Ids of what was added, changed or removed; an entity that did not change is the same object. Where that
    is not known beforehand, all are looked at, in steps of a few milliseconds."""
    if before is after:
        return ()
    if isinstance(before, Entities) and isinstance(after, Entities):
        known = after.since(before)
        if known is not None:
            return known
    found: list[EntityId] = []
    added, get = 0, before.get
    rest = iter(after.items())
    while part := list(islice(rest, _STEP)):
        new = [key for key, entity in part if get(key) is not entity]
        added += sum([key not in before for key in new])
        found += new
        yield
    if len(before) + added != len(after):
        keys = iter(before)
        while some := list(islice(keys, _STEP)):
            found += [key for key in some if key not in after]
            yield
    return found
