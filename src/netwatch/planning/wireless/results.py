"""What a wireless plan says: verdicts with their evidence, from the radio up to the wing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from netwatch.model import EntityId, EvidenceItem
from netwatch.planning.wireless.access_points import AccessPoint, Area, Radio
from netwatch.planning.wireless.measures import RadioMeasure

__all__ = ["Estimate", "JudgedArea", "JudgedPoint", "JudgedRadio", "SwitchNeed", "Verdict", "WirelessPlan"]


class Verdict(StrEnum):
    """What to do. An expansion is `add` or `replace`, and nothing else."""

    ADD = "add"
    REPLACE = "replace"
    RECHANNEL = "re-channel"
    SURVEY = "survey needed"
    CONFIGURE = "configure"
    """2.4 GHz is full while 5 GHz has room: a matter of settings."""
    LEAVE = "leave"

    @property
    def buys(self) -> bool:
        return self in (Verdict.ADD, Verdict.REPLACE)


@dataclass(frozen=True, slots=True)
class JudgedRadio:
    radio: Radio
    measure: RadioMeasure
    verdict: Verdict
    sharing: int | None
    """Own access points of the same wing or floor with a radio on the same channel; None: unknown."""
    explained: float | None
    """Share of others' airtime that their sending accounts for, 0 to 1; None: unknown, or there is none."""
    movable: bool
    """Whether a channel is left that fewer of them use."""
    full: bool
    over: float
    """Share of class hours over the bound of a full radio; 0 where not measured."""
    evidence: tuple[EvidenceItem, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JudgedPoint:
    point: AccessPoint
    verdict: Verdict
    decisive: JudgedRadio | None
    """The radio that the verdict stands on; None where no radio is judged."""
    radios: tuple[JudgedRadio, ...]
    lost: float | None
    """Share of the measured time in which nobody reached it while its switch was up; None: not measured."""
    certain: bool
    """False for a verdict that stands on nothing but missing data."""
    outlived: bool
    """Older than access points are kept, or without a radio beyond 2.4 GHz."""
    evidence: tuple[EvidenceItem, ...]
    missing: tuple[str, ...]

    @property
    def clients(self) -> float | None:
        """95th percentile over class hours, of the radios together; None: not measured."""
        told = [one.measure.clients.p95 for one in self.radios if one.measure.clients is not None]
        return sum(told) if told else None

    @property
    def over(self) -> float:
        """Share of class hours in which its decisive radio was full."""
        return 0.0 if self.decisive is None else self.decisive.over


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many access points to buy. The range is what is not known: weeks, growth, gain of new gear."""

    low: int
    high: int
    replaced: int
    """Of both: those that take the place of another one, and need no new cable."""
    evidence: tuple[EvidenceItem, ...]


@dataclass(frozen=True, slots=True)
class SwitchNeed:
    """What the new access points of all areas ask of one switch and its closet. None: unknown."""

    switch: EntityId | None
    """None: nobody knows on which switch the access points hang."""
    name: str
    school: str
    closet: str
    areas: tuple[str, ...]
    """Keys of the areas."""
    drops_low: int
    drops_high: int
    replaced: int
    watts_low: float
    """More than is drawn today."""
    watts_high: float
    watts_left: float | None
    """PoE budget less the 95th percentile of what was drawn in class time, else what is drawn now."""
    poe_enough: bool | None
    """For the high end."""
    ports_free: int | None
    port_speed: float | None
    """Bytes per second: the slowest port that an access point of these areas hangs on."""
    uplink: float | None
    """95th percentile over class time, of the fullest uplink, 0 to 1."""
    uplink_speed: float | None
    """Bytes per second, of that uplink."""
    ups_load: float | None
    ups_runtime: float | None
    """Seconds."""
    short_of: tuple[str, ...]
    """What is not enough, for people."""
    evidence: tuple[EvidenceItem, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JudgedArea:
    rank: int
    area: Area
    verdict: Verdict
    points: tuple[JudgedPoint, ...]
    estimate: Estimate | None
    """None unless something is to be bought."""
    hardship: float
    """Clients that work in full air at any moment of class time: clients times share of hours, summed up."""
    airtime: float | None
    """95th percentile of the fullest radio beyond 2.4 GHz, else of the fullest."""
    over: float | None
    """Share of class hours over the bound, of that radio."""
    others: float | None
    """Share of the busy airtime that others used, over its full radios, else over all."""
    clients: float | None
    """Clients per access point, 95th percentile over class hours, mean of those that are measured."""
    growth: tuple[float, float, float] | None
    """Per year, of airtime: low, middle, high; None: not measured."""
    clients_growth: float | None
    evidence: tuple[EvidenceItem, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WirelessPlan:
    at: float
    policy: str
    areas: tuple[JudgedArea, ...]
    """What is to be bought first, the worst first; then what needs no buying."""
    needs: tuple[SwitchNeed, ...]
    simulated: bool
