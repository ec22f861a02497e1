"""What other plans can tell the ranking. All of it is optional: what nobody tells is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from netwatch.model import EntityId, EvidenceItem

__all__ = ["Hints"]


@dataclass(frozen=True, slots=True)
class Hints:
    """Plain data by device."""

    full_on: Mapping[EntityId, date | None] = field(default_factory=dict)
    """From the capacity plan: the day on which something of a device is full; None: not in sight."""
    rechannel: Mapping[EntityId, tuple[EvidenceItem, ...]] = field(default_factory=dict)
    """From the wireless plan: access points that another channel helps, as others' sending on the same
    channel is what fills their air, with the evidence."""
