"""What a receiver reads: a small protobuf decoder, and snapshots to send."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import cramjam
import numpy as np

from netwatch.exposition import Renderer
from netwatch.exposition.remote_write import Encoder, News, Request
from netwatch.exposition.render import Plan
from netwatch.model import (
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

Series = tuple[dict[str, str], list[tuple[float, int]]]
CATALOGUE = load_catalogue()
NOW = 1_800_000_000.25


def fields(data: bytes) -> Iterator[tuple[int, bytes | int]]:
    """(number, value) of each field of a message."""
    at = 0
    while at < len(data):
        key, at = unvarint(data, at)
        if key & 7 == 0:
            value, at = unvarint(data, at)
            yield key >> 3, value
        elif key & 7 == 1:
            yield key >> 3, data[at : at + 8]
            at += 8
        else:
            assert key & 7 == 2, f"wire type {key & 7}"
            length, at = unvarint(data, at)
            assert at + length <= len(data)
            yield key >> 3, data[at : at + length]
            at += length


def unvarint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        octet = data[at]
        value |= (octet & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if octet < 0x80:
            return value, at


def read(body: bytes) -> list[Series]:
    """Series of a request; fails where a receiver may: labels out of order, twice or empty."""
    out: list[Series] = []
    for number, series in fields(bytes(cramjam.snappy.decompress_raw(body))):
        assert number == 1
        labels: list[tuple[str, str]] = []
        samples: list[tuple[float, int]] = []
        for kind, inner in fields(series):
            told = dict(fields(inner))
            if kind == 1:
                labels.append((told[1].decode(), told[2].decode()))
            else:
                millis = told.get(2, 0)
                samples.append((struct.unpack("<d", told[1])[0], millis - (millis >> 63 << 64)))
        names = [name for name, _ in labels]
        assert names == sorted(set(names))
        assert all(name and value for name, value in labels)
        out.append((dict(labels), samples))
    return out


def device(key: str = "sw", name: str = "sw-1", **facts: object) -> Entity:
    told = {"kind": "switch", "role": "core", "site": "maple/lincoln-es", "district": "maple"} | facts
    return Entity(EntityId(key), EntityKind.DEVICE, EntityId(key), None, "", "", name, told)


def part(kind: EntityKind, key: str, name: str, owner: str = "sw") -> Entity:
    return Entity(EntityId(key), kind, EntityId(owner), EntityId(owner), key, "1", name)


def column(
    family: Family,
    rows: list[tuple[str, tuple[str, ...], float]],
    at: float | list[float] = NOW,
    like: Column | None = None,
) -> Column:
    """`like`: a column whose series are these, too."""
    values = np.array([value for _, _, value in rows], dtype=np.float64)
    counter = family.type is FamilyType.COUNTER
    return Column(
        family,
        tuple(EntityId(key) for key, _, _ in rows) if like is None else like.entities,
        tuple(labels for _, labels, _ in rows) if like is None else like.labels,
        values,
        np.full(len(rows), np.nan),
        np.array([at] * len(rows) if isinstance(at, float) else at, dtype=np.float64),
        np.ones(len(rows), dtype=bool),
        totals=np.array([int(value) for _, _, value in rows], dtype=np.uint64) if counter else None,
    )


def snapshot(entities: list[Entity], *columns: Column, mono: float = 5.0, wall: float = NOW) -> Snapshot:
    return Snapshot(Instant(wall, mono), {e.id: e for e in entities}, {c.family.name: c for c in columns})


class Feed:
    """Snapshots in, requests out."""

    def __init__(self, max_samples: int = 1000, families: tuple[str, ...] = ()) -> None:
        self.renderer = Renderer(CATALOGUE)
        self.news = News(Encoder(), max_samples, families)

    def plan(self, shot: Snapshot) -> Plan:
        *_, plan = self.renderer.plan(shot)
        assert plan is not None
        return plan

    def requests(self, shot: Snapshot) -> list[Request]:
        return [one for one in self.news.requests(shot, self.plan(shot)) if one is not None]

    def series(self, shot: Snapshot) -> list[Series]:
        return [series for request in self.requests(shot) for series in read(request.body)]
