"""What does not agree between register and network, and what was seen of each asset."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from netwatch.model import Asset, EntityId, EvidenceItem, PlaceId
from netwatch.planning.basis import Basis, Subject, day_of
from netwatch.planning.lifecycle.sightings import Sightings, serial_key

__all__ = ["Finding", "FindingKind", "Reconciliation", "RegisterLine", "tenure_evidence"]


class FindingKind(StrEnum):
    """What does not agree, in the order in which it matters."""

    SWAPPED = "serial number exchanged"
    MOVED = "moved"
    UNREGISTERED = "seen, not in the register"
    NOT_SEEN = "in the register, not seen"
    NOT_A_SPARE = "spare by the register, seen in use"
    NOT_DISPOSED = "disposed of by the register, seen in use"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not agree."""

    kind: FindingKind
    name: str
    serial: str
    detail: str
    """What both sides say."""
    remedy: str
    since: float | None = None
    """Wall seconds since when; None where nobody knows."""
    school: str = ""
    register_place: PlaceId | None = None
    seen_place: PlaceId | None = None
    device: EntityId | None = None
    evidence: tuple[EvidenceItem, ...] = ()


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """One asset of the register."""

    subject: Subject
    asset: Asset
    first_seen: float | None
    """Wall seconds; by its serial number."""
    last_seen: float | None
    """Wall seconds; by its serial number, else by the function that it alone fills."""
    by_serial: bool
    """Whether it was its serial number that was seen last."""
    due: date | None
    """Next physical inventory; None for what was disposed of, and where nobody ever saw or installed it."""
    findings: tuple[FindingKind, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reconciliation:
    at: float
    findings: tuple[Finding, ...]
    lines: tuple[RegisterLine, ...]
    sightings: Sightings = field(repr=False)


def tenure_evidence(basis: Basis, sightings: Sightings, serial: str) -> tuple[EvidenceItem, ...]:
    """What the ledger knows of a serial number, the newest first."""
    out = []
    for one in reversed(sightings.of_serial.get(serial_key(serial), ()) if serial else ()):
        where = basis.label(one.device) + (f", {one.position}" if one.position else "")
        until = f"left {day_of(one.ended)}" if one.ended is not None else f"last seen {day_of(one.last_seen)}"
        text = f"{serial_key(serial)} in {where} from {day_of(one.first_seen)}, {until}"
        out.append(EvidenceItem(text, "ledger of assets", at=one.last_seen))
    return tuple(out)
