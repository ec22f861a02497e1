"""Everything that the criteria stand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from netwatch.model import DAYS_PER_YEAR, EntityId, ModelReliability, Place, PlaceId
from netwatch.planning.basis import Basis, Measurements, Subject, Topology
from netwatch.planning.lifecycle import Flaw, Lifecycle, Milestone
from netwatch.planning.replacement.hints import Hints
from netwatch.planning.replacement.policy import ReplacementPolicy

__all__ = ["Knowledge", "when"]

_Software = tuple[str, tuple[str, ...], str]


@dataclass(frozen=True, slots=True)
class Knowledge:
    basis: Basis
    lifecycle: Lifecycle
    policy: ReplacementPolicy
    hints: Hints
    reliability: Mapping[tuple[str, str], ModelReliability]
    """By vendor and model as `reliability_key` writes them."""
    _milestones: dict[_Software, tuple[Milestone, ...]] = field(default_factory=dict)
    _behind: dict[EntityId, frozenset[EntityId] | None] = field(default_factory=dict)
    _schools: dict[PlaceId, Place | None] = field(default_factory=dict)
    _keys: dict[int, _Software] = field(default_factory=dict)
    """Found once per model, device or room: a fleet has few models, and a stack is many assets."""

    @property
    def measured(self) -> Measurements:
        return self.basis.measured

    @property
    def topology(self) -> Topology:
        return self.basis.topology

    @property
    def day(self) -> date:
        return self.basis.day

    @property
    def enough(self) -> float:
        """Seconds of measurement from which on something is concluded."""
        return self.policy.enough_hours * 3600

    def label(self, entity: EntityId) -> str:
        return self.basis.label(entity)

    def milestones(self, subject: Subject) -> tuple[Milestone, ...]:
        key = self._software(subject)
        if key not in self._milestones:
            self._milestones[key] = self.lifecycle.milestones_of(*key)
        return self._milestones[key]

    def flaws(self, subject: Subject) -> tuple[Flaw, ...] | None:
        """What its model and software may have, the latest first. None: no catalogue speaks of its maker, or
        nobody knows what it is."""
        vendor, models, version = self._software(subject)
        if not (models or version) or not self.lifecycle.knows_flaws_of(vendor):
            return None
        return self.lifecycle.flaws_of(vendor, models, version)

    def school_of(self, room: PlaceId) -> Place | None:
        if room not in self._schools:
            self._schools[room] = self.basis.snapshot.inventory.places.school_of(room)
        return self._schools[room]

    def _software(self, subject: Subject) -> _Software:
        """By the subject's identity: it lives as long as the ranking is made."""
        found = self._keys.get(id(subject))
        if found is None:
            found = self._keys[id(subject)] = subject.vendor, subject.models, subject.version
        return found

    def behind(self, device: EntityId) -> frozenset[EntityId] | None:
        """What loses its connection or its controller or host; None where neither is known."""
        if device not in self._behind:
            runs = self.topology.reported(device)
            known = self.topology.knows(device)
            self._behind[device] = self.topology.behind(device) | runs if known else runs or None
        return self._behind[device]


def when(days: int) -> str:
    """How long ago, negative: how long to go."""
    months = round(abs(days) / DAYS_PER_YEAR * 12)
    if months >= 12:
        length = f"{abs(days) / DAYS_PER_YEAR:.1f} years"
    else:
        number, noun = (months, "month") if months else (abs(days), "day")
        length = f"{number} {noun}" if number == 1 else f"{number} {noun}s"
    return f"{length} ago" if days >= 0 else f"in {length}"
