"""The permanent record of who is who, and of which thing filled which function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from netwatch.model.entity import EntityId, EntityKind, Witness

__all__ = ["AssetJournal", "AssetSwap", "AssetTenure", "IdentityJournal", "IdentityRecord", "PagedJournal"]


class IdentityRecord(NamedTuple):
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


@runtime_checkable
class PagedJournal(Protocol):
    """An IdentityJournal that can also tell of half a million parts without making a record of each."""

    def devices(self) -> Iterable[IdentityRecord]:
        """Of what `load` gives, devices alone."""
        ...

    def pages(self) -> Mapping[EntityId, Callable[[], Iterable[IdentityRecord]]]:
        """The rest by device, as it is now: records are made when they are asked for, in order of id."""
        ...


class AssetTenure(NamedTuple):
    """A thing with a serial number filled a place from when till when. Times are wall seconds."""

    asset_key: str
    """The serial number, in upper case without outer blanks."""
    device: EntityId
    """The function in the network that it served."""
    position: str
    """Where in the device: the name of the slot, bay or stack member; empty for the device as a whole."""
    model: str
    """Empty where unknown."""
    first_seen: float
    last_seen: float
    """Exact to a day while the thing is in place."""
    ended: float | None = None
    """When it was first found gone, or another thing in its place; None while it is there."""


class AssetSwap(NamedTuple):
    """One thing took the place of another; what the device is to the network went on."""

    at: float
    """Wall seconds at which the new thing was first seen."""
    device: EntityId
    position: str
    before: str
    """Asset key of what was there."""
    after: str


@runtime_checkable
class AssetJournal(Protocol):
    """Where the ledger of assets outlives the process: an IdentityJournal may be one as well."""

    def load_tenures(self) -> Iterable[AssetTenure]: ...

    def save_tenures(self, tenures: Sequence[AssetTenure]) -> None:
        """Inserts or replaces by asset, device, position and begin."""
        ...
