"""What sources mean by their keys."""

from __future__ import annotations

from collections.abc import Container, Iterable

from netwatch.model import ROOT, EntityId, EntityKey
from netwatch.state.pool import Pool

__all__ = ["SourceKeys"]


class SourceKeys:
    """Per source: key to entity, and a version that tells whether a key changed its meaning."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._keys: dict[EntityId, dict[EntityKey, EntityId]] = {}
        self._versions: dict[EntityId, int] = {}

    def of(self, source: EntityId) -> dict[EntityKey, EntityId]:
        found = self._keys.get(source)
        if found is None:
            found = self._keys[source] = {ROOT: source}
        return found

    def version(self, source: EntityId) -> int:
        return self._versions.get(source, 0)

    def changed(self, sources: Iterable[EntityId]) -> None:
        """What was derived from the keys of these sources has to be looked up again."""
        for source in sources:
            self._versions[source] = self._versions.get(source, 0) + 1

    def mean(self, source: EntityId, key: EntityKey, entity: EntityId) -> None:
        """From now on the source means that entity by that key."""
        keys = self.of(source)
        before = keys.get(key)
        if before != entity:
            keys[self._pool.key(key)] = entity
            if before is not None:
                self.changed((source,))

    def mean_all(self, source: EntityId, keys: Iterable[EntityKey], entities: Iterable[EntityId]) -> None:
        """The same of many keys."""
        known, pooled = self.of(source), self._pool.key
        for key, entity in zip(keys, entities, strict=True):
            before = known.get(key)
            if before is None:
                known[pooled(key)] = entity
            elif before != entity:
                self.mean(source, key, entity)

    def forget(self, source: EntityId) -> None:
        self._keys.pop(source, None)
        self.changed((source,))

    def drop(self, sources: Iterable[EntityId], entities: Container[EntityId]) -> None:
        """These entities are no more."""
        for source in sources:
            keys = self._keys.get(source, {})
            for key in [key for key, found in keys.items() if found in entities]:
                del keys[key]
            self.changed((source,))
