"""What the rows of a table tell of things with a serial number: which one is in which place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from netwatch.model import EntityId, EntityKey, EntityKind, Seen, WitnessKind
from netwatch.state.witnesses import strong

__all__ = ["asset_key", "positions"]


def asset_key(seen: Seen) -> str:
    """The serial number that a row shows; empty for none and for a placeholder."""
    if not any(witness.kind is WitnessKind.SERIAL for witness in seen.witnesses):
        return ""
    return next((w.value for w in strong(seen.witnesses) if w.kind is WitnessKind.SERIAL), "")


def positions(
    rows: Sequence[Seen], parts: Iterable[tuple[Seen, EntityId]]
) -> dict[EntityId, dict[str, Seen]]:
    """Devices with their places, and the part that fills each. A place is called by the name of the part, as
    entPhysicalName is that of the slot; where two of a device have one name, by what they are in, too."""
    by_key: Mapping[EntityKey, Seen] = {}
    listed = list(parts)
    counts = Counter((device, _name(part)) for part, device in listed)
    out: dict[EntityId, dict[str, Seen]] = {}
    for part, device in listed:
        places, position = out.setdefault(device, {}), _name(part)
        if counts[device, position] > 1:
            by_key = by_key or {row.key: row for row in rows}
            above = by_key.get(part.parent) if part.parent is not None else None
            if above is not None and above.key.kind is not EntityKind.DEVICE:
                position = f"{_name(above)} / {position}"
        if position in places:
            position = f"{position} #{part.index}"
        places[position] = part
    return out


def _name(part: Seen) -> str:
    return part.name or part.key.natural
