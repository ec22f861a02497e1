"""What is sent is what is known and new; labels are as the specification wants them."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from remote_write_wire import CATALOGUE, NOW, Feed, column, device, part, read, snapshot

from netwatch.exposition.labels import pair
from netwatch.exposition.remote_write import Encoder
from netwatch.exposition.remote_write.encode import compress, parse_labels, varint
from netwatch.exposition.remote_write.news import STALE
from netwatch.model import EntityId, EntityKind, FamilyType

RX = CATALOGUE["netwatch_interface_receive_bytes_total"]
UP = CATALOGUE["netwatch_device_up"]
CLIENTS = CATALOGUE["netwatch_radio_clients"]
PHONES = CATALOGUE["netwatch_device_phones"]
INFOS = tuple(name for name, family in CATALOGUE.items() if family.type is FamilyType.INFO)
PLAIN = ("netwatch_*_total", "netwatch_device_up", "netwatch_device_phones", "netwatch_radio_clients")


@given(st.lists(st.tuples(st.from_regex(r"[a-z_]\w{0,8}", fullmatch=True), st.text()), max_size=5))
def test_label_text_is_read_back(labels):
    known = [(name, value) for name, value in labels if name.isascii()]
    assert parse_labels(",".join(pair(name, value) for name, value in known)) == known


@given(st.integers(-(2**63), 2**63 - 1))
def test_varints_are_those_of_protobuf(number):
    data = varint(number)
    back = sum((octet & 0x7F) << 7 * place for place, octet in enumerate(data))
    assert back == number % 2**64
    assert len(data) == max(1, -(-(number % 2**64).bit_length() // 7))


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.tuples(st.text(max_size=200), st.floats(), st.integers(-(10**12), 10**14)), min_size=1, max_size=9
    )
)
def test_any_value_time_and_label_arrives(rows):
    texts = [pair("device", name) for name, _, _ in rows], [""] * len(rows)
    values = np.array([value for _, value, _ in rows])
    times = np.array([millis / 1000 for _, _, millis in rows])
    data = Encoder().samples(UP, texts, np.arange(len(rows), dtype=np.int64), values, times)
    for (labels, samples), (name, value, millis) in zip(read(compress(data)), rows, strict=True):
        wanted = {"__name__": UP.name} | ({"device": name} if name else {})
        assert labels == wanted
        ((told, at),) = samples
        assert struct.pack("<d", told) == struct.pack("<d", value)
        assert at == millis


def everything():
    """A series of every family."""
    facts = {name: "x" for family in CATALOGUE.values() for name in family.facts}
    entities = [device(**facts)]
    entities += [
        part(kind, kind.value, 'a "thing"\\') for kind in EntityKind if kind is not EntityKind.DEVICE
    ]
    columns = [
        column(f, [("sw" if f.entity is EntityKind.DEVICE else f.entity.value, ("v",) * len(f.labels), 1)])
        for f in CATALOGUE.values()
        if f.type is not FamilyType.INFO
    ]
    return snapshot(entities, *columns)


def test_series_are_those_that_are_scraped():
    shot, feed = everything(), Feed()
    text = b"".join(feed.renderer.render(shot, openmetrics=False)).decode()
    scraped = {
        (sample.name, frozenset((k, v) for k, v in sample.labels.items() if v)): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    sent = {}
    for labels, samples in feed.series(shot):
        name = labels.pop("__name__")
        ((value, at),) = samples
        assert at == round(NOW * 1000)
        sent[name, frozenset(labels.items())] = value
    assert sent == scraped


def test_only_what_is_new_is_sent():
    feed = Feed(families=PLAIN)
    first = column(UP, [("a", (), 1), ("b", (), 1)], [NOW, NOW])
    entities = [device("a", "a"), device("b", "b")]
    assert len(feed.series(snapshot(entities, first))) == 2
    assert feed.series(snapshot(entities, first)) == []
    second = column(UP, [("a", (), 1), ("b", (), 0)], [NOW, NOW + 60], like=first)
    assert [labels["device"] for labels, _ in feed.series(snapshot(entities, second))] == ["b"]


def test_series_that_come_go_and_move_are_told_apart():
    feed = Feed(families=PLAIN)
    entities = [device(key, key) for key in "abcd"]
    rows = [(key, (label,), 1.0) for key in "abc" for label in ("registered", "total")]
    assert len(feed.series(snapshot(entities, column(PHONES, rows)))) == 6
    moved = [rows[5], rows[0], ("d", ("total",), 7.0), *rows[2:5]]
    new = feed.series(snapshot(entities, column(PHONES, moved)))
    assert [(labels["device"], labels["state"], samples[0][0]) for labels, samples in new] == [
        ("d", "total", 7.0)
    ]


@pytest.mark.parametrize("value", [math.nan, None])
def test_what_is_unknown_or_gone_is_not_sent(value):
    feed = Feed(families=PLAIN)
    key = "a" if value is not None else "gone"
    shot = snapshot([device("a", "a")], column(UP, [(key, (), 1.0 if value is None else value)]))
    assert feed.series(shot) == []


def stale(value: float) -> bool:
    return struct.pack("<d", value) == struct.pack("<Q", int(STALE))


def test_a_series_that_is_told_no_more_is_ended_once_right_behind_its_last_sample():
    feed, entities = Feed(families=PLAIN), [device("a", "a"), device("b", "b")]
    first = column(UP, [("a", (), 1), ("b", (), 1)], [NOW, NOW])
    feed.series(snapshot(entities, first))
    old = column(UP, [("a", (), 1), ("b", (), 1)], [NOW, NOW + 60], like=first)
    old.fresh[0] = False
    (ended, other) = sorted(feed.series(snapshot(entities, old)), key=lambda one: one[0]["device"])
    ((value, at),) = ended[1]
    assert stale(value)
    assert at == round(NOW * 1000) + 1
    assert other[1] == [(1.0, round(NOW * 1000) + 60_000)]
    moved = column(UP, [("b", (), 1), ("a", (), math.nan)], [NOW + 60, NOW + 90])
    assert feed.series(snapshot(entities, moved)) == []
    back = column(UP, [("b", (), 1), ("a", (), 0)], [NOW + 60, NOW + 120])
    ((labels, samples),) = feed.series(snapshot(entities, back))
    assert labels["device"] == "a"
    assert samples == [(0.0, round(NOW * 1000) + 120_000)]


def test_what_was_never_sent_is_not_ended():
    feed = Feed(families=PLAIN)
    never = column(UP, [("a", (), 1)])
    never.fresh[0] = False
    assert feed.series(snapshot([device("a", "a")], never)) == []


def test_requests_are_small_and_no_series_is_in_two():
    feed = Feed(max_samples=100, families=PLAIN)
    entities = [device(f"d{n}", f"sw-{n}") for n in range(350)]
    shot = snapshot(entities, column(UP, [(one.id, (), 1.0) for one in entities]))
    requests = feed.requests(shot)
    assert [request.samples for request in requests] == [100, 100, 100, 50]
    names = [labels["device"] for request in requests for labels, _ in read(request.body)]
    assert sorted(names) == sorted(f"sw-{n}" for n in range(350))
    assert {request.newest for request in requests} == {round(NOW * 1000)}


def test_info_families_are_repeated_in_time():
    feed = Feed(families=INFOS)
    entities = [device(model="M-1", serial="")]
    ((labels, samples),) = feed.series(snapshot(entities))
    assert labels["model"] == "M-1"
    assert "serial" not in labels
    assert samples == [(1.0, round(NOW * 1000))]
    assert feed.series(snapshot(entities, mono=65.0)) == []
    ((_, samples),) = feed.series(snapshot(entities, mono=130.0, wall=NOW + 125))
    assert samples == [(1.0, round(NOW * 1000) + 125_000)]


def test_families_are_chosen_by_pattern():
    rows = [("sw", (), 1.0)]
    shot = snapshot(
        [device(), part(EntityKind.INTERFACE, "p", "Gi1")], column(UP, rows), column(RX, [("p", (), 5.0)])
    )
    names = {labels["__name__"] for labels, _ in Feed(families=("netwatch_interface_*",)).series(shot)}
    assert names == {RX.name}
    assert EntityId("p") in shot.entities
