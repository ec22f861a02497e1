"""What one source told in one pass, before anybody knows whose permanent id it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from netwatch.model.entity import EntityId, EntityKey, Fact, Witness
from netwatch.model.time import Instant

if TYPE_CHECKING:
    from netwatch.model.block import Block

__all__ = ["MOST_LABELS", "Evidence", "Observation", "ObservationSink", "PollFailure", "Reading", "Seen"]


@dataclass(frozen=True, slots=True)
class Seen:
    """An entity that a source told of."""

    key: EntityKey
    parent: EntityKey | None
    """None for the device that was asked; ROOT for what hangs directly on it."""
    index: str
    name: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    witnesses: tuple[Witness, ...] = ()


class Reading(NamedTuple):
    """One normalised value. A value that was not read has no Reading: never 0, never NaN."""

    subject: EntityKey
    family: str
    """Name in the family catalogue."""
    value: float
    """In the family's unit. For a counter the raw integer as read, before wrap and reset are judged."""
    labels: tuple[str, ...] = ()
    """Values of the family's row labels, in the catalogue's order."""
    origin: str = ""
    """Where it was read: an OID, a command, a JSON pointer. Every number can be opened down to it."""
    bits: int = 64
    """Counters: the width at which this one wraps, 32 or 64."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What helps to judge whether a counter was reset between two observations."""

    uptime: float | None = None
    """Seconds since the agent started: sysUpTime, SNMPv2-MIB. Wraps at 2^32 hundredths, 497 days."""
    engine_boots: int | None = None
    """snmpEngineBoots, SNMP-FRAMEWORK-MIB."""
    engine_time: float | None = None
    """Seconds: snmpEngineTime, SNMP-FRAMEWORK-MIB."""
    agent: str = ""
    """sysObjectID, SNMPv2-MIB: another one is another device at the same address."""


MOST_LABELS = 64
"""Values of the row labels of one family of one entity, such as the SSIDs of a radio. What has more of them
is labelled by something that changes, and would fill the memory."""


@dataclass(frozen=True, slots=True)
class Observation:
    """The yield of one pass over one table of one source."""

    source: EntityId
    """The polled device. The subjects are in `seen` and `readings`, and may be other devices."""
    table: str
    at: Instant
    """When the answer arrived."""
    readings: tuple[Reading, ...] = ()
    seen: tuple[Seen, ...] = ()
    """Entities with their facts: filled at discovery and at each pass over a churning table."""
    complete: bool = False
    """True if `seen` is the whole table: what it lacks is gone."""
    interval: float = 60.0
    """Seconds until the next pass is due; readings are stale after three missed passes."""
    evidence: Evidence = Evidence()
    problems: tuple[str, ...] = ()
    """What could not be read, in words for a person."""


@dataclass(frozen=True, slots=True)
class PollFailure:
    """A pass over one table gave nothing."""

    source: EntityId
    table: str
    at: Instant
    reason: str
    """Short and without secrets, e.g. `no answer within 3 s (2 tries)`."""


class ObservationSink(Protocol):
    """Where polling and discovery put what they read. The state room implements it; app hands it in."""

    def accept(self, observation: Observation) -> None: ...

    def accept_block(self, block: Block) -> None: ...

    def failed(self, failure: PollFailure) -> None: ...
