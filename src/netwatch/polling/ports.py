"""What polling needs of a plan and of a discovery, whoever makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from netwatch.model import Block, EntityId, Evidence, HttpRequest, Instant, Observation, SnmpValue
from netwatch.wire import Fetched

__all__ = ["BlockPort", "DiscoveryPort", "KeptPlan", "PlanPort", "TablePort"]


class BlockPort(Protocol):
    """Makes blocks of one table's values: netwatch.profiles.BlockReader."""

    def read(
        self,
        raw: Fetched,
        memory: Any,
        *,
        source: EntityId,
        at: Instant,
        interval: float,
        evidence: Evidence,
        problems: tuple[str, ...],
    ) -> tuple[Block, Any]:
        """`memory`: what the device's last pass returned beside its block; None at first."""
        ...


class TablePort(Protocol):
    """One table of one device, ready to be polled: netwatch.profiles.TablePlan."""

    @property
    def name(self) -> str: ...

    @property
    def source(self) -> str:
        """snmp, ssh or http-json."""
        ...

    @property
    def mode(self) -> str: ...

    @property
    def interval(self) -> float | None: ...

    @property
    def oids(self) -> Sequence[str]: ...

    @property
    def roots(self) -> Sequence[str]: ...

    @property
    def command(self) -> str: ...

    @property
    def request(self) -> HttpRequest | None:
        """http-json: what to ask for."""
        ...

    @property
    def joins(self) -> Sequence[tuple[str, HttpRequest]]:
        """http-json: (table, what to ask for) of the tables that this one looks into."""
        ...

    @property
    def max_rows(self) -> int: ...

    @property
    def context(self) -> str: ...

    @property
    def blocks(self) -> BlockPort | None:
        """For a table of exact OIDs whose series are known; None for one that is observed."""
        ...

    def observe(
        self,
        raw: Any,
        source: EntityId,
        at: Instant,
        interval: float,
        *,
        memory: dict[str, Any] | None = None,
        others: Mapping[str, Any] = {},
    ) -> Observation:
        """`memory`: empty at first; the same one at each pass over the device. `others`: documents of the
        tables in `joins`, by table."""
        ...


class PlanPort(Protocol):
    """All that is polled of one device: netwatch.profiles.Plan."""

    @property
    def tables(self) -> Sequence[TablePort]: ...

    @property
    def evidence_oids(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """What has to outlive a restart, for the next run to walk nothing."""

    plan: PlanPort
    discovered: float
    """Wall seconds of the discovery that made it."""
    sentinels: Mapping[str, SnmpValue] = field(default_factory=dict)
    """What the device said last of itself, by OID (numbers, and sysObjectID as text): a change meanwhile is
    seen at once."""


class DiscoveryPort(Protocol):
    """What was found out about one device: netwatch.discovery.Discovery."""

    @property
    def plan(self) -> PlanPort: ...

    @property
    def observations(self) -> Sequence[Observation]: ...
