"""Which of several sources is believed about a device that all of them report.

Two controllers know one access point, two hosts remember one virtual machine. Believing whoever spoke last
would make every value flap between them, and counters have one owner.
"""

from __future__ import annotations

from typing import NamedTuple

from netwatch.model import EntityId

__all__ = ["Claim", "Holders"]

_PATIENCE = 1.5
"""Intervals after which a silent source loses what it held."""


class Claim(NamedTuple):
    """What a source said last of a device."""

    at: float
    """Monotonic seconds."""
    interval: float
    up: bool | None
    """The device's own state as this source sees it; None if it does not say."""


class Holders:
    """Claims of sources on the devices that they report."""

    def __init__(self) -> None:
        self._claims: dict[EntityId, dict[EntityId, Claim]] = {}
        self._holder: dict[EntityId, EntityId] = {}

    def claim(self, device: EntityId, source: EntityId, claim: Claim) -> None:
        """A source reports a device. A claim that says nothing of `up` keeps what that source said before."""
        claims = self._claims.setdefault(device, {})
        before = claims.get(source)
        if claim.up is None and before is not None:
            claim = claim._replace(up=before.up)
        claims[source] = claim

    def release(self, device: EntityId, source: EntityId) -> None:
        """The source no longer knows the device."""
        claims = self._claims.get(device, {})
        claims.pop(source, None)
        if self._holder.get(device) == source:
            del self._holder[device]
        if not claims:
            self._claims.pop(device, None)

    def forget(self, device: EntityId) -> None:
        """The device is no more."""
        self._claims.pop(device, None)
        self._holder.pop(device, None)

    def others(self, device: EntityId, source: EntityId) -> bool:
        """True if some other source reports the device as well."""
        return any(other != source for other in self._claims.get(device, ()))

    def holder(self, device: EntityId, now: float) -> EntityId | None:
        """The source to believe: of the fresh ones one that sees the device up, then the present holder,
        then the one that spoke last. None if nobody reports it."""
        claims = self._claims.get(device)
        if not claims:
            return None
        if len(claims) == 1:
            chosen = next(iter(claims))
        else:
            present = self._holder.get(device)
            fresh = {s: c for s, c in claims.items() if now - c.at <= _PATIENCE * c.interval} or claims
            chosen = max(
                fresh,
                key=lambda s: (_rank(fresh[s].up), s == present, fresh[s].at, s),
            )
        self._holder[device] = chosen
        return chosen


def _rank(up: bool | None) -> int:
    return 1 if up is None else 2 * int(up)
