"""Who is who, and which thing filled which place, kept for good."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

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

_ALL = "SELECT id, kind, device, natural, name, witnesses, last_seen FROM identity"
_PAGES = """
SELECT device, json_group_array(json_array(id, kind, natural, name, json(witnesses), last_seen))
FROM (SELECT * FROM identity WHERE kind <> 'device' ORDER BY device, id) GROUP BY device
"""

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
        return map(_record, self._database.rows(f"{_ALL} ORDER BY id"))

    def devices(self) -> Iterator[IdentityRecord]:
        """Those of devices, ordered by id."""
        return map(_record, self._database.rows(f"{_ALL} WHERE kind = 'device' ORDER BY id"))

    def pages(self) -> dict[EntityId, Callable[[], list[IdentityRecord]]]:
        """Those of parts, by device. A page lies as text in memory until it is asked for."""
        rows = self._database.rows(_PAGES)
        return {EntityId(device): partial(_page, EntityId(device), text) for device, text in rows}

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


def _record(row: tuple[str, str, str, str, str, str, float]) -> IdentityRecord:
    entity, kind, device, natural, name, witnesses, last_seen = row
    told = _witnesses(_decode(witnesses)[0])
    return IdentityRecord(EntityId(entity), _KINDS[kind], EntityId(device), natural, name, told, last_seen)


def _page(device: EntityId, text: str) -> list[IdentityRecord]:
    return [
        IdentityRecord(
            EntityId(entity), _KINDS[kind], device, natural, name, _witnesses(witnesses), last_seen
        )
        for entity, kind, natural, name, witnesses, last_seen in _decode(text)[0]
    ]


def _witnesses(plain: Iterable[tuple[str, str]]) -> tuple[Witness, ...]:
    return tuple([Witness(_WITNESSES[sort], value) for sort, value in plain])


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
