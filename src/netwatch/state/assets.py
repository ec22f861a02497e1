"""What the rows of a table tell of things with a serial number: which one is in which place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence

from netwatch.model import (
    Entity,
    EntityId,
    EntityKey,
    EntityKind,
    Observation,
    Seen,
    Witness,
    WitnessKind,
)
from netwatch.state.identity import IdentityMap
from netwatch.state.passes import TablePass
from netwatch.state.witnesses import strong

__all__ = ["asset_key", "note", "positions", "shows_serial"]


def note(
    observation: Observation,
    rows: Sequence[Seen],
    told: TablePass,
    keys: Mapping[EntityKey, EntityId],
    identity: IdentityMap,
    polled: Container[EntityId],
) -> None:
    """Lets the ledger know which assets are where, and the journal once a day what is still there.

    `rows` is all of the observation, or what changed in it; `polled` are the devices that tell of themselves.
    """
    source, entities, wall = observation.source, identity.entities, observation.at.wall
    whole = rows is observation.seen or any(
        one.key.kind is not EntityKind.DEVICE and shows_serial(one.witnesses) for one in rows
    )
    if whole:
        rows = observation.seen  # places of assets are told by whole tables
    groups: dict[EntityId, list[EntityId]] = {source: []} if whole else {}
    assets: list[tuple[Seen, EntityId]] = []
    for one in rows:
        known = entities.get(keys.get(one.key, source))
        if known is None:
            continue
        if known.kind is EntityKind.DEVICE:
            if known.id == source or known.id not in polled:
                _note_device(observation, one, known, identity)
        elif whole:
            groups.setdefault(known.device, []).append(known.id)
            if shows_serial(one.witnesses) and asset_key(one):
                assets.append((one, known.device))
    places = positions(rows, assets)
    for device, parts in groups.items():
        identity.parts.sighted(device, parts, told.saved, wall, observation.table)
        filled = {
            position: (asset_key(one), str(one.facts.get("model", "")))
            for position, one in places.get(device, {}).items()
        }
        identity.ledger.fill(device, observation.table, filled, observation.complete, wall)
    if whole:
        told.written(wall)


def _note_device(observation: Observation, seen: Seen, device: Entity, identity: IdentityMap) -> None:
    asset = asset_key(seen)
    if asset and identity.owns(device.id, Witness(WitnessKind.SERIAL, asset)):
        filled = {"": (asset, str(device.facts.get("model", "")))}
        identity.ledger.fill(device.id, observation.table, filled, False, observation.at.wall)


def shows_serial(witnesses: Iterable[Witness]) -> bool:
    for kind, _ in witnesses:  # noqa: SIM110 - asked of each row; a generator costs more than what it looks at
        if kind is WitnessKind.SERIAL:
            return True
    return False


def asset_key(seen: Seen) -> str:
    """The serial number that a row shows; empty for none and for a placeholder."""
    if not shows_serial(seen.witnesses):
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
