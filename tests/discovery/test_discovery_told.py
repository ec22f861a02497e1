"""What a discovery told of entities, as octets and back."""

from __future__ import annotations

import json
import zlib

import pytest

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


@pytest.mark.parametrize(
    "row",
    [
        [["no such kind", "n"], None, "", "", {}, []],
        [[["list"], "n"], None, "", "", {}, []],
        [["interface", "n"], None, "", "", {}, [["no such witness", "x"]]],
        [["interface"], None, "", "", {}, []],
        "text",
    ],
)
def test_rows_that_mean_nothing_are_refused(row):
    data = zlib.compress(json.dumps([1, [["if", True, 60.0, [row]]]]).encode())
    with pytest.raises(StoreError, match="can't be read"):
        load_told(data, SOURCE, AT)


@pytest.mark.parametrize("data", [b"", b"no octets of zlib", zlib.compress(b"[2, []]"), zlib.compress(b"{")])
def test_what_is_damaged_or_newer_is_refused(data):
    with pytest.raises(StoreError, match="can't be read"):
        load_told(data, SOURCE, AT)
