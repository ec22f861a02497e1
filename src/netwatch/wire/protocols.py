"""What every wire looks like from outside, whether it is a network or a recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from netwatch.model import HttpRequest, SnmpValue, Target

if TYPE_CHECKING:
    from netwatch.wire.snmp.template import Template

__all__ = [
    "Fetched",
    "HttpJson",
    "HttpPage",
    "ProbeResult",
    "Prober",
    "Row",
    "Skips",
    "SnmpSession",
    "SnmpWire",
    "SshRunner",
    "ValueKind",
    "WalksMany",
]

Row = dict[str, str | list[str]]
"""One row that a template parsed out of a command's output."""


class SnmpSession(Protocol):
    """A conversation with one agent. One request chain at a time: callers await one call before the next."""

    problems: list[str]
    """What the agent did wrong without spoiling the answer, in words for a person; it grows."""

    async def get(self, oids: Sequence[str]) -> dict[str, SnmpValue]:
        """Values of exact OIDs; what the agent does not have is left out. Raises WireError."""
        ...

    async def walk(self, root: str, *, limit: int | None = None) -> dict[str, SnmpValue]:
        """The subtree below `root` (itself included) in the agent's order; at most `limit` varbinds.

        Raises WireError. Where the agent errs in mid-walk, what came so far is returned and `problems`
        says so.
        """
        ...

    async def close(self) -> None: ...


@runtime_checkable
class WalksMany(Protocol):
    """A session that reads several subtrees side by side: fewer requests than one walk for each."""

    async def walk_many(
        self, roots: Sequence[str], *, limit: int | None = None
    ) -> dict[str, dict[str, SnmpValue]]:
        """Each subtree as `walk` gives it, by root; at most `limit` varbinds of each. Raises WireError."""
        ...


@runtime_checkable
class Skips(Protocol):
    """A session that can pass over whole subtrees."""

    async def following(self, oid: str) -> str | None:
        """The agent's next OID after `oid`, wherever that is; None at its end. Raises WireError."""
        ...


class ValueKind(IntEnum):
    """What stands at a position of `Fetched.values`."""

    ABSENT = 0
    """The agent does not have it, did not tell it, or told NULL."""
    SIGNED = 1
    """INTEGER, in two's complement."""
    UNSIGNED = 2
    """Counter32, Counter64, Gauge32, TimeTicks."""
    OTHER = 3
    """In `Fetched.others`."""


@dataclass(slots=True, eq=False)
class Fetched:
    """The answer to all GETs of a template. The arrays have one element per OID, in the template's order.

    To be treated as immutable; not frozen, for that takes longer to make than all of its arrays.
    """

    values: NDArray[np.uint64]
    """0 where `kinds` is neither SIGNED nor UNSIGNED."""
    kinds: NDArray[np.uint8]
    """ValueKind."""
    times: NDArray[np.float64]
    """Monotonic seconds: the middle between question and answer; NaN where nothing came."""
    others: Mapping[int, SnmpValue]
    """By position: octets, OIDs, addresses, floats."""
    problems: tuple[str, ...] = ()
    """What the agent did wrong, in words for a person."""


class SnmpWire(Protocol):
    async def fetch(self, target: Target, template: Template, *, context: str = "") -> Fetched:
        """Asks for everything in a template, one request at a time. What the agent lacks is ABSENT.

        Raises WireError if the agent does not answer at all, or stops answering before the end.
        """
        ...

    def session(self, target: Target, *, context: str = "") -> SnmpSession:
        """Opens nothing yet. `context` is a VLAN number or a context name (SnmpAccess.vlan_contexts)."""
        ...


@dataclass(frozen=True, slots=True)
class ProbeResult:
    success: bool
    seconds: float | None
    """Round trip; None without an answer."""
    detail: str = ""
    """What came back or what went wrong, for a person."""


class Prober(Protocol):
    @property
    def protocol(self) -> str:
        """Value of the protocol label of netwatch_probe_success."""
        ...

    def applies(self, target: Target) -> bool:
        """True if this target is to be asked by this protocol."""
        ...

    async def probe(self, target: Target) -> ProbeResult: ...


class SshRunner(Protocol):
    async def run(self, target: Target, command: str) -> list[Row]:
        """Rows that the ntc-template of the target's platform parses out of a command's output."""
        ...


@dataclass(frozen=True, slots=True)
class HttpPage:
    """One answer of a JSON API."""

    document: Any
    next: str = ""
    """Whole address of the next page by the header Link; empty where there is none."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By name in lower case."""


class HttpJson(Protocol):
    async def fetch(self, target: Target, request: HttpRequest) -> HttpPage:
        """What is at base_url + request.path, one page of it; a path may be a whole address below base_url.

        Raises WireError.
        """
        ...
