"""Links of an earlier run of netwatch: what died while it was away can't tell its neighbours. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from netwatch.model import WEEK, EntityId, Snapshot

__all__ = ["KeptLink", "Restored"]

UNTOLD_SECONDS = 3600.0
"""Neighbours become known table by table after a start: so long may a link be there that nobody tells of."""
OLDEST_SECONDS = WEEK
"""What was told last longer ago says nothing of today."""


@dataclass(frozen=True, slots=True)
class KeptLink:
    """One adjacency as an earlier run knew it."""

    ends: tuple[EntityId, EntityId]
    """Ports, or whole devices."""
    devices: tuple[EntityId, EntityId]
    """In the same order."""
    told: float
    """Wall seconds at which neighbours told it last."""


@dataclass(frozen=True, slots=True)
class Restored:
    """Those that are believed still."""

    links: tuple[KeptLink, ...] = ()
    since: float | None = None
    """Wall seconds of the first evaluation; None before it."""

    def at(self, snapshot: Snapshot) -> Restored:
        """Without those that neighbours have told anew, and those whose port leads elsewhere now."""
        if not self.links:
            return self
        now = snapshot.at.wall
        since = now if self.since is None else self.since
        if not 0 <= now - since < UNTOLD_SECONDS:
            return Restored()
        told = {end for link in snapshot.links for end in link}
        left = tuple(one for one in self.links if not _contradicted(one, told) and _is_recent(one, now))
        return Restored(self.links if len(left) == len(self.links) else left, since)

    def pairs(self, known: Collection[EntityId]) -> Iterable[tuple[EntityId, EntityId]]:
        """As far as their devices are known; where a port is not known yet, the device stands for it."""
        for one in self.links:
            ends = [
                end if end in known else device for end, device in zip(one.ends, one.devices, strict=True)
            ]
            if all(end in known for end in ends):
                yield min(ends), max(ends)


def _contradicted(link: KeptLink, told: Collection[EntityId]) -> bool:
    """Whether neighbours tell of one of its ports. Of a whole device they may tell something else."""
    pairs = zip(link.ends, link.devices, strict=True)
    ports = [end for end, device in pairs if end != device]
    return any(port in told for port in ports) if ports else all(end in told for end in link.ends)


def _is_recent(link: KeptLink, now: float) -> bool:
    return now - link.told < OLDEST_SECONDS
