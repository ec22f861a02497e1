"""What is served is what is known, in both formats, whatever the text of a label."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from netwatch.exposition import Renderer, SelfMetrics, Shard, render
from netwatch.exposition.render import CHUNK
from netwatch.model import (
    Catalogue,
    Column,
    Entity,
    EntityId,
    EntityKind,
    Family,
    FamilyType,
    Instant,
    Snapshot,
    load_catalogue,
)

CATALOGUE = load_catalogue()
RX = CATALOGUE["netwatch_interface_receive_bytes_total"]
UP = CATALOGUE["netwatch_device_up"]
CLIENTS = CATALOGUE["netwatch_radio_clients"]
NOW = 1_800_000_000.25
SWITCH = EntityId("sw")


def device(key: str = "sw", name: str = "sw-1", **facts: object) -> Entity:
    told = {"kind": "switch", "role": "core", "site": "maple/lincoln-es", "district": "maple"} | facts
    return Entity(EntityId(key), EntityKind.DEVICE, EntityId(key), None, "", "", name, told)


def part(kind: EntityKind, key: str, name: str, natural: str = "n", owner: str = "sw") -> Entity:
    return Entity(EntityId(key), kind, EntityId(owner), EntityId(owner), natural, "1", name)


def column(
    family: Family,
    rows: list[tuple[str, tuple[str, ...], float]],
    *,
    at: float = NOW,
    fresh: list[bool] | None = None,
) -> Column:
    values = np.array([value for _, _, value in rows], dtype=np.float64)
    counter = family.type is FamilyType.COUNTER
    return Column(
        family,
        tuple(EntityId(key) for key, _, _ in rows),
        tuple(labels for _, labels, _ in rows),
        values,
        np.full(len(rows), np.nan),
        np.full(len(rows), at),
        np.array(fresh if fresh is not None else [True] * len(rows)),
        totals=np.array([int(value) for _, _, value in rows], dtype=np.uint64) if counter else None,
    )


def snapshot(entities: list[Entity], *columns: Column) -> Snapshot:
    return Snapshot(Instant(NOW, 5.0), {e.id: e for e in entities}, {c.family.name: c for c in columns})


def every_family() -> Snapshot:
    """One series of every family of the catalogue."""
    facts = {name: "x" for family in CATALOGUE.values() for name in family.facts}
    entities = [device(**facts)]
    entities += [
        replace(part(kind, kind.value, "thing"), facts=facts)
        for kind in EntityKind
        if kind is not EntityKind.DEVICE
    ]
    columns = [
        column(f, [("sw" if f.entity is EntityKind.DEVICE else f.entity.value, ("v",) * len(f.labels), 1)])
        for f in CATALOGUE.values()
        if f.type is not FamilyType.INFO
    ]
    return snapshot(entities, *columns)


def samples(data: bytes, openmetrics: bool) -> dict[tuple[str, frozenset[tuple[str, str]]], tuple]:
    parse = parse_openmetrics if openmetrics else parse_text
    out = {}
    for family in parse(data.decode()):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in out, f"told twice: {key}"
            out[key] = (sample.value, None if sample.timestamp is None else float(sample.timestamp))
    return out


@pytest.mark.parametrize("openmetrics", [False, True])
def test_every_family_is_read_back_by_the_reference_parser(openmetrics):
    shot = every_family()
    data = b"".join(render(shot, openmetrics=openmetrics))
    found = samples(data, openmetrics)
    assert {name for name, _ in found} == set(CATALOGUE)
    assert all(
        time == (None if name.endswith("_info") else pytest.approx(NOW))
        for (name, _), (_, time) in found.items()
    )
    assert data.endswith(b"# EOF\n") is openmetrics


def test_units_are_declared_where_the_name_ends_in_them():
    text = b"".join(render(every_family(), openmetrics=True)).decode()
    assert "# UNIT netwatch_interface_receive_bytes bytes\n" in text
    assert "# TYPE netwatch_interface_receive_bytes counter\n" in text
    assert "# UNIT netwatch_sensor_chromatic_dispersion" not in text
    assert "# TYPE netwatch_device info\n" in text


@pytest.mark.server("promtool")
def test_promtool_finds_nothing(tmp_path):
    own = SelfMetrics()
    own.polled(ok=True, readings=3)
    own.notifications({("mail", "failed"): 1})
    own.state(every_family())
    data = own.render(openmetrics=False) + b"".join(render(every_family(), openmetrics=False))
    checked = subprocess.run(["promtool", "check", "metrics"], input=data, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_stale_and_unknown_series_are_absent():
    rows = [("a", (), 1.0), ("b", (), 2.0), ("c", (), float("nan"))]
    shot = snapshot([device(key, name=key) for key in "abc"], column(UP, rows, fresh=[True, False, True]))
    text = b"".join(render(shot, openmetrics=False)).decode()
    assert [line for line in text.splitlines() if line.startswith("netwatch_device_up")] == [
        'netwatch_device_up{district="maple",site="lincoln-es",device="a"} 1 1800000000250'
    ]
    nothing = snapshot([device()], column(UP, [("sw", (), 1.0)], fresh=[False]))
    assert b"netwatch_device_up" not in b"".join(render(nothing, openmetrics=True))


def test_counters_are_written_exactly_past_the_precision_of_floats():
    shot = snapshot([device(), part(EntityKind.INTERFACE, "p", "Gi1")], column(RX, [("p", (), 0)]))
    exact = replace(shot.columns[RX.name], totals=np.array([2**63 + 1], dtype=np.uint64))
    text = b"".join(render(snapshot(list(shot.entities.values()), exact), openmetrics=True)).decode()
    assert 'interface="Gi1"} 9223372036854775809 1800000000.250\n' in text


def test_things_that_share_a_name_are_told_apart_by_their_key():
    entities = [
        device(),
        part(EntityKind.INTERFACE, "p1", "uplink", "Gi1"),
        part(EntityKind.INTERFACE, "p2", "uplink", "Gi2"),
        part(EntityKind.SENSOR, "s", "uplink", "t"),
        device("x", "sw-1", listed=True),
        device("y", "sw-1", site="maple/other"),
    ]
    entities[0] = Entity(SWITCH, EntityKind.DEVICE, SWITCH, None, "aa:bb", "", "sw-1", entities[0].facts)
    shot = snapshot(entities, column(RX, [("p1", (), 1), ("p2", (), 2)]),
                    column(UP, [("sw", (), 1), ("x", (), 1), ("y", (), 1)]))  # fmt: skip
    found = samples(b"".join(render(shot, openmetrics=False)), False)
    assert {dict(labels).get("interface") for name, labels in found if name == RX.name} == {
        "uplink (Gi1)",
        "uplink (Gi2)",
    }
    devices = {(dict(labels)["site"], dict(labels)["device"]) for name, labels in found if name == UP.name}
    assert devices == {("lincoln-es", "sw-1 (aa:bb)"), ("lincoln-es", "sw-1"), ("other", "sw-1")}


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=20) | st.sampled_from(
    [
        '"',
        "\\",
        "\n",
        '\\"',
        "\\n",
        "a\\",
        "Büro – 2.OG",
        "}",
        "{",
        ",",
        " ",
        "#",
        "\r",
        "\u2028",
        "\x85",
        "🏫",
    ]
)


@settings(deadline=None)
@given(
    st.lists(texts.filter(bool), min_size=1, max_size=5, unique=True), texts, texts, st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
def test_any_text_and_any_number_comes_back(names, ssid, vendor, openmetrics, value):
    entities = [device(vendor=vendor)] + [
        part(EntityKind.RADIO, f"r{n}", name, f"n{n}") for n, name in enumerate(names)
    ]
    shot = snapshot(entities, column(CLIENTS, [(f"r{n}", (ssid,), value) for n in range(len(names))]))
    data = b"".join(Renderer(CATALOGUE).render(shot, openmetrics=openmetrics))
    found = samples(data, openmetrics)
    told = {
        dict(labels)["radio"]: (dict(labels).get("ssid", ""), number)
        for (name, labels), (number, _) in found.items()
        if name == CLIENTS.name
    }
    assert told == dict.fromkeys(names, (ssid, value))
    (info,) = [dict(labels) for name, labels in found if name == "netwatch_device_info"]
    assert info.get("vendor", "") == vendor


def test_chunks_are_small_and_whole():
    count = 3000
    entities = [device()] + [part(EntityKind.INTERFACE, f"p{n}", f"Gi{n}") for n in range(count)]
    shot = snapshot(entities, column(RX, [(f"p{n}", (), n) for n in range(count)]))
    chunks = list(render(shot, openmetrics=True))
    assert len(chunks) > 3
    assert max(map(len, chunks)) <= CHUNK
    assert len(samples(b"".join(chunks), True)) == count + 1


def test_a_kept_renderer_follows_changes():
    renderer = Renderer(CATALOGUE)

    def text(shot: Snapshot, **extra: object) -> str:
        return b"".join(renderer.render(shot, openmetrics=False, **extra)).decode()

    first = snapshot([device()], column(UP, [("sw", (), 1)]))
    assert 'device="sw-1"} 1 ' in text(first)
    renamed = Snapshot(first.at, {SWITCH: device(name="sw-2")}, first.columns)
    assert 'device="sw-2"} 1 ' in text(renamed)
    assert "sw-1" not in text(renamed)
    more = snapshot([device(name="sw-2"), device("b", "b")], column(UP, [("b", (), 0), ("sw", (), 1)]))
    assert 'device="b"} 0 ' in text(more)
    assert "sw-2" not in text(more, only=EntityId("b"))
    assert text(more, shard=Shard("maple/none")) == ""


def test_a_catalogue_without_info_families_is_served_too():
    shot = snapshot([device()], column(UP, [("sw", (), 1)]))
    data = b"".join(render(shot, openmetrics=True, catalogue=Catalogue({UP.name: UP})))
    assert b"_info" not in data
