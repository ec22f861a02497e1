"""Who is who, and which thing filled which place, kept for good."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from netwatch.model import AssetTenure, EntityId, EntityKind, IdentityRecord, Witness, WitnessKind
from netwatch.store.database import Database

__all__ = ["IdentityTable"]

_SAVE = """
INSERT INTO identity (id, kind, device, natural, name, witnesses, last_seen) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, device = excluded.device, natural = excluded.natural,
    name = excluded.name, witnesses = excluded.witnesses, last_seen = excluded.last_seen
"""


# Look-ups: calling an enumeration costs a third of loading half a million records.
_KINDS = {kind.value: kind for kind in EntityKind}
_WITNESSES = {kind.value: kind for kind in WitnessKind}

_decode = json.JSONDecoder().raw_decode  # what was written here begins and ends without blanks

_SAVE_TENURE = """
INSERT INTO asset_tenure (asset, device, position, model, first_seen, last_seen, ended)
    VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (device, position, asset, first_seen) DO UPDATE SET model = excluded.model,
    last_seen = excluded.last_seen, ended = excluded.ended
"""


class IdentityTable:
    """The model's IdentityJournal and AssetJournal on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self) -> Iterator[IdentityRecord]:
        """All records, ordered by id."""
        rows = self._database.rows(
            "SELECT id, kind, device, natural, name, witnesses, last_seen FROM identity ORDER BY id"
        )
        for entity, kind, device, natural, name, witnesses, last_seen in rows:
            yield IdentityRecord(
                id=EntityId(entity),
                kind=_KINDS[kind],
                device=EntityId(device),
                natural=natural,
                name=name,
                witnesses=tuple([Witness(_WITNESSES[sort], value) for sort, value in _decode(witnesses)[0]]),
                last_seen=last_seen,
            )

    def save(self, records: Sequence[IdentityRecord]) -> None:
        """Inserts or replaces by id, all in one transaction; later records of an id win."""
        if not records:
            return
        self._database.write_many(_SAVE, (_row(record) for record in records))

    def load_tenures(self) -> Iterator[AssetTenure]:
        """The ledger of assets, by device and position, each place in the order of time."""
        rows = self._database.rows(
            "SELECT asset, device, position, model, first_seen, last_seen, ended FROM asset_tenure "
            "ORDER BY device, position, first_seen"
        )
        for asset, device, position, model, first_seen, last_seen, ended in rows:
            yield AssetTenure(asset, EntityId(device), position, model, first_seen, last_seen, ended)

    def ports(self, devices: Iterable[str]) -> dict[str, set[str]]:
        """Names of the interfaces that these devices, by name, have ever told of."""
        found: dict[str, set[str]] = {}
        for device in devices:
            rows = self._database.rows(
                "SELECT part.natural, part.name FROM identity AS part JOIN identity AS whole"
                " ON whole.id = part.device AND whole.kind = 'device' AND whole.name = ?"
                " WHERE part.kind = 'interface'",
                (device,),
            )
            if rows:
                found[device] = {name for row in rows for name in row if name}
        return found

    def save_tenures(self, tenures: Sequence[AssetTenure]) -> None:
        """Inserts or replaces by asset, device, position and begin, all in one transaction."""
        if tenures:
            self._database.write_many(_SAVE_TENURE, tenures)


def _row(record: IdentityRecord) -> tuple[str, str, str, str, str, str, float]:
    witnesses = json.dumps([[witness.kind.value, witness.value] for witness in record.witnesses])
    return (
        record.id,
        record.kind.value,
        record.device,
        record.natural,
        record.name,
        witnesses,
        record.last_seen,
    )
