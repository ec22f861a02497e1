"""One object for equal values: ten thousand switches name their ports alike."""

from __future__ import annotations

from collections.abc import Mapping

from netwatch.model import Entity, EntityId, EntityKey, Fact, Facts, Seen, Witness
from netwatch.state.part_map import own_witnesses

__all__ = ["Pool"]

_MOST = 1 << 14


class Pool:
    """Remembers values that it saw and hands out the first of equal ones. Bounded: what is everywhere is soon
    remembered again after the pool was emptied, and what is unique costs nothing for long."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._texts: dict[str, str] = {}
        self._keys: dict[EntityKey, EntityKey] = {}
        self._witnesses: dict[tuple[Witness, ...], tuple[Witness, ...]] = {}
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}

    def text(self, value: str) -> str:
        texts = self._texts
        if len(texts) >= self._most:
            texts.clear()
        return texts.setdefault(value, value)

    def key(self, key: EntityKey) -> EntityKey:
        known = self._keys.get(key)
        if known is None:
            if len(self._keys) >= self._most:
                self._keys.clear()
            known = EntityKey(key.kind, self.text(key.natural))
            self._keys[known] = known
        return known

    def witnesses(self, witnesses: tuple[Witness, ...]) -> tuple[Witness, ...]:
        """Ports of a cheap switch all show one MAC address."""
        if not witnesses:
            return ()
        known = self._witnesses.get(witnesses)
        if known is None:
            if len(self._witnesses) >= self._most >> 4:
                self._witnesses.clear()
            known = tuple([Witness(kind, self.text(value)) for kind, value in witnesses])
            self._witnesses[known] = known
        return known

    def facts(self, facts: Mapping[str, Fact]) -> Facts:
        """The same facts, packed. Numbers stay as they are: 1, 1.0 and True are equal but not the same."""
        names = facts.names if isinstance(facts, Facts) else tuple(facts)
        shared = self._names.get(names)
        if shared is None:
            if len(self._names) >= self._most >> 4:
                self._names.clear()
            shared = names if isinstance(facts, Facts) else tuple([self.text(name) for name in names])
            self._names[shared] = shared
        if isinstance(facts, Facts) and shared is names:
            return facts  # whoever packed them shared what can be shared
        return Facts(shared, [self.text(v) if type(v) is str else v for v in facts.values()])

    def part(
        self,
        entity: EntityId,
        device: EntityId,
        parent: EntityId,
        seen: Seen,
        facts: Mapping[str, Fact],
        before: Entity | None,
    ) -> Entity:
        """A part as a row tells of it. What the row does not say of name, index and proofs is as before."""
        key = self.key(seen.key)
        name = seen.name or (before.name if before is not None else "") or key.natural
        index = seen.index or (before.index if before is not None else "")
        proofs = self.witnesses(own_witnesses(seen.witnesses))
        if not proofs and before is not None:
            proofs = before.witnesses
        texts = self.text(index), self.text(name)
        return Entity(entity, key.kind, device, parent, key.natural, *texts, self.facts(facts), proofs)
