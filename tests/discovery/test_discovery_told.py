"""What a discovery told of entities, as octets and back."""

from __future__ import annotations

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwatch.discovery import dump_told, load_told
from netwatch.errors import StoreError
from netwatch.model import (
    ROOT,
    EntityId,
    EntityKey,
    EntityKind,
    Instant,
    Observation,
    Seen,
    Witness,
    WitnessKind,
)

SOURCE, AT = EntityId("e1"), Instant(1.8e9, 40.0)


def test_every_kind_of_entity_and_witness_comes_back_as_it_was():
    witnesses = tuple(Witness(kind, f"of {kind.value}") for kind in WitnessKind)
    seen = tuple(
        Seen(
            EntityKey(kind, f"n{at}"),
            ROOT if at else None,
            str(at),
            "",
            {"speed": 1.5, "up": True},
            witnesses,
        )
        for at, kind in enumerate(EntityKind)
    )
    told = Observation(SOURCE, "if", AT, (), seen, True, 300.0)
    (back,) = load_told(dump_told([told]), SOURCE, AT)
    assert back == told
    assert all(type(one.key.kind) is EntityKind for one in back.seen)


texts = st.text(max_size=4)
facts = st.dictionaries(st.sampled_from(["a", "b"]), texts | st.booleans() | st.integers() | st.floats(0, 9))
keys = st.builds(EntityKey, st.sampled_from([EntityKind.INTERFACE, EntityKind.MODULE]), texts)
proofs = st.lists(st.builds(Witness, st.sampled_from([WitnessKind.MAC, WitnessKind.NAME]), texts), max_size=2)
rows = st.lists(
    st.builds(Seen, keys, st.none() | st.just(ROOT) | keys, texts, texts, facts, proofs.map(tuple)),
    max_size=5,
)


@given(st.lists(rows, max_size=3))
def test_rows_of_any_form_come_back_in_their_order(tables):
    told = [Observation(SOURCE, str(at), AT, (), tuple(seen)) for at, seen in enumerate(tables)]
    back = load_told(dump_told(told), SOURCE, AT)
    assert back == told
    assert repr([dict(one.facts) for table in back for one in table.seen]) == repr(
        [one.facts for table in told for one in table.seen]
    ), "1, 1.0 and True are equal, but not the same"


def test_devices_that_are_alike_share_what_they_tell():
    seen = Seen(EntityKey(EntityKind.INTERFACE, "Gi1/0/1"), ROOT, "10101", "Gi1/0/1", {"alias": "uplink"})
    data = dump_told([Observation(SOURCE, "if", AT, (), (seen,))])
    one, other = (load_told(data, EntityId(name), AT)[0].seen[0] for name in ("e1", "e2"))
    assert one.key is other.key
    assert one.index is other.index
    assert one.facts["alias"] is other.facts["alias"]


@pytest.mark.parametrize(
    ("forms", "order"),
    [
        ([["no such kind", None, [], [], ["[1]"] * 4]], []),
        ([[["list"], None, [], [], ["[1]"] * 4]], []),
        ([["interface", None, [], ["no such witness"], ["[1]"] * 5]], []),
        ([["interface", None, ["a"], [], ["[1]"] * 4]], []),
        ([["interface", None, [], [], ["[1]", "[1]", "[1]", "[1,2]"]]], []),
        ([["interface", None, [], [], ["[1]"] * 4]], [0, 0]),
        ([["interface", None, [], [], ["[1]"] * 4]], [1]),
        ([["interface", None, [], [], ["[1"] * 4]], []),
        ("text", []),
    ],
)
def test_rows_that_mean_nothing_are_refused(forms, order):
    data = zlib.compress(json.dumps([2, [["if", True, 60.0, forms, order]]]).encode())
    with pytest.raises(StoreError, match="can't be read"):
        load_told(data, SOURCE, AT)


@pytest.mark.parametrize("data", [b"", b"no octets of zlib", zlib.compress(b"[3, []]"), zlib.compress(b"{")])
def test_what_is_damaged_or_newer_is_refused(data):
    with pytest.raises(StoreError, match="can't be read"):
        load_told(data, SOURCE, AT)
