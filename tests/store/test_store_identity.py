"""Identities come back as they were saved."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.model import (
    AssetJournal,
    AssetTenure,
    EntityId,
    EntityKind,
    IdentityJournal,
    IdentityRecord,
    Witness,
    WitnessKind,
)
from netwatch.store import Store

FIELDS = ("id", "kind", "device", "natural", "name", "witnesses")
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
records = st.builds(
    IdentityRecord,
    id=st.sampled_from(["a", "b", "c", "ü"]).map(EntityId),
    kind=st.sampled_from(EntityKind),
    device=text.map(EntityId),
    natural=text,
    name=text,
    witnesses=st.lists(st.builds(Witness, st.sampled_from(WitnessKind), text), max_size=3).map(tuple),
    last_seen=st.floats(0, 4e9),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(records, max_size=4), max_size=6))
def test_identity_equals_a_dictionary(tmp_path_factory, batches) -> None:
    path: Path = tmp_path_factory.mktemp("identity") / "netwatch.db"
    model: dict[EntityId, IdentityRecord] = {}
    with Store(path) as store:
        journal: IdentityJournal = store.identity
        for batch in batches:
            journal.save(batch)
            model.update({record.id: record for record in batch})
            assert {record.id: record for record in journal.load()} == model
    with Store(path) as again:
        assert {record.id: record for record in again.identity.load()} == model
        pages = {device: read() for device, read in again.identity.pages().items()}
        found = [*again.identity.devices(), *(record for page in pages.values() for record in page)]
        assert sorted(map(_kept, found)) == sorted(map(_kept, model.values()))
        assert all(record.device == device for device, page in pages.items() for record in page)
        assert all(page == sorted(page, key=lambda record: record.id) for page in pages.values())


def _kept(record: IdentityRecord) -> tuple[object, ...]:
    """Seconds are kept to the millisecond."""
    return (*[getattr(record, name) for name in FIELDS], round(record.last_seen, 3))


tenures = st.builds(
    AssetTenure,
    asset_key=st.sampled_from(["S1", "S2"]),
    device=st.sampled_from(["a", "b"]).map(EntityId),
    position=st.sampled_from(["", "Switch 1"]),
    model=text,
    first_seen=st.sampled_from([0.0, 1.5e9]),
    last_seen=st.floats(0, 4e9),
    ended=st.none() | st.floats(0, 4e9),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(tenures, max_size=4), max_size=6))
def test_the_ledger_equals_a_dictionary(tmp_path_factory, batches) -> None:
    path: Path = tmp_path_factory.mktemp("ledger") / "netwatch.db"
    model: dict[tuple[object, ...], AssetTenure] = {}
    with Store(path) as store:
        assert isinstance(store.identity, AssetJournal)
        for batch in batches:
            store.identity.save_tenures(batch)
            model |= {(t.asset_key, t.device, t.position, t.first_seen): t for t in batch}
    with Store(path, read_only=True) as again:
        found = list(again.identity.load_tenures())
    assert len(found) == len(model)
    assert {(t.asset_key, t.device, t.position, t.first_seen): t for t in found} == model
    assert [t.first_seen for t in found if t[:3] == ("S1", "a", "")] == sorted(
        t.first_seen for t in found if t[:3] == ("S1", "a", "")
    )
