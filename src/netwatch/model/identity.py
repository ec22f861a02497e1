"""The permanent record of who is who."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from netwatch.model.entity import EntityId, EntityKind, Witness

__all__ = ["IdentityJournal", "IdentityRecord"]


@dataclass(frozen=True, slots=True)
class IdentityRecord:
    """One entity as it is kept on disk."""

    id: EntityId
    kind: EntityKind
    device: EntityId
    natural: str
    name: str
    witnesses: tuple[Witness, ...]
    last_seen: float
    """Wall seconds."""


class IdentityJournal(Protocol):
    """Where identities outlive the process. The store room implements it."""

    def load(self) -> Iterable[IdentityRecord]: ...

    def save(self, records: Sequence[IdentityRecord]) -> None:
        """Inserts or replaces by id."""
        ...
