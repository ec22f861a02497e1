"""Counters between two lives of the program, as bytes: pages of columns, each checked by itself.

    file   = head, page*, end
    head   = "NWCOUNTS" version:u32
    page   = length:u32 crc32:u32 zlib(names-length:u32 names:JSON columns)
    end    = 0:u32 number-of-pages:u32

Numbers are little-endian. A file that ends early, is damaged or comes from a newer program is refused.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netwatch.errors import StoreError
from netwatch.model import EntityId, Evidence

__all__ = ["CounterPage", "decode_pages", "encode_pages"]

_MAGIC, _VERSION = b"NWCOUNTS", 1
_HEAD = struct.Struct("<8sI")
_PAGE = struct.Struct("<II")
_COLUMNS: tuple[tuple[str, str], ...] = (
    ("device", "<u4"),
    ("entity", "<u4"),
    ("family", "<u4"),
    ("labels", "<u4"),
    ("source", "<u4"),
    ("raw", "<u8"),
    ("totals", "<u8"),
    ("covered", "<f8"),
    ("wall", "<f8"),
    ("carry", "<u8"),
)


@dataclass(frozen=True, slots=True, eq=False)
class CounterPage:
    """Counters of some devices. The first five columns are positions in the lists of names."""

    devices: tuple[EntityId, ...]
    entities: tuple[EntityId, ...]
    families: tuple[str, ...]
    labelsets: tuple[tuple[str, ...], ...]
    sources: tuple[EntityId, ...]
    evidence: tuple[tuple[Evidence, float], ...]
    """Per source: the last evidence of its uptime, and the wall seconds of it (NaN for none)."""
    device: NDArray[np.uint32]
    entity: NDArray[np.uint32]
    family: NDArray[np.uint32]
    labels: NDArray[np.uint32]
    source: NDArray[np.uint32]
    raw: NDArray[np.uint64]
    totals: NDArray[np.uint64]
    covered: NDArray[np.float64]
    wall: NDArray[np.float64]
    """Seconds of the last reading."""
    carry: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.raw)

    def of(self, rows: NDArray[np.intp]) -> CounterPage:
        """A page of these rows alone, with the same lists of names."""
        return replace(
            self,
            device=self.device[rows],
            entity=self.entity[rows],
            family=self.family[rows],
            labels=self.labels[rows],
            source=self.source[rows],
            raw=self.raw[rows],
            totals=self.totals[rows],
            covered=self.covered[rows],
            wall=self.wall[rows],
            carry=self.carry[rows],
        )


def encode_pages(pages: Iterable[CounterPage]) -> Iterator[bytes]:
    """The file in chunks, one per page."""
    yield _HEAD.pack(_MAGIC, _VERSION)
    count = 0
    for page in pages:
        names = json.dumps(
            {
                "devices": page.devices,
                "entities": page.entities,
                "families": page.families,
                "labels": page.labelsets,
                "sources": page.sources,
                "evidence": [
                    [e.uptime, e.engine_boots, e.engine_time, None if at != at else at]
                    for e, at in page.evidence
                ],
                "rows": len(page),
            }
        ).encode()
        parts = [struct.pack("<I", len(names)), names]
        parts += [getattr(page, name).astype(kind).tobytes() for name, kind in _COLUMNS]
        data = zlib.compress(b"".join(parts), 1)
        yield _PAGE.pack(len(data), zlib.crc32(data)) + data
        count += 1
    yield _PAGE.pack(0, count)


def decode_pages(data: bytes) -> Iterator[CounterPage]:
    """The pages again. Raises StoreError where the bytes are no such file, newer, damaged or cut off; the
    pages before that place may have come by then."""
    view = memoryview(data)
    if len(view) < _HEAD.size:
        raise StoreError("the file of counters is cut off")
    magic, version = _HEAD.unpack_from(view)
    if magic != _MAGIC:
        raise StoreError("this is no file of counters")
    if version != _VERSION:
        raise StoreError(f"the file of counters has version {version}; this program reads version {_VERSION}")
    at, count = _HEAD.size, 0
    while True:
        if len(view) - at < _PAGE.size:
            raise StoreError("the file of counters is cut off")
        length, check = _PAGE.unpack_from(view, at)
        at += _PAGE.size
        if length == 0:
            break
        chunk = view[at : at + length]
        if len(chunk) < length:
            raise StoreError("the file of counters is cut off")
        if zlib.crc32(chunk) != check:
            raise StoreError("the file of counters is damaged")
        yield _page(chunk)
        at, count = at + length, count + 1
    if check != count or at != len(view):
        raise StoreError("the file of counters is damaged")


def _page(chunk: memoryview) -> CounterPage:
    try:
        body = zlib.decompress(chunk)
        (size,) = struct.unpack_from("<I", body)
        names = json.loads(body[4 : 4 + size])
        rows, at = names["rows"], 4 + size
        columns: dict[str, NDArray[Any]] = {}
        for name, kind in _COLUMNS:
            columns[name] = np.frombuffer(body, dtype=kind, count=rows, offset=at)
            at += columns[name].nbytes
        evidence = tuple(
            (Evidence(uptime, boots, engine), float("nan") if wall is None else wall)
            for uptime, boots, engine, wall in names["evidence"]
        )
        lists = ("devices", "entities", "families", "sources")
        devices, entities, families, sources = (tuple(names[name]) for name in lists)
        labelsets = tuple(tuple(labels) for labels in names["labels"])
    except (KeyError, TypeError, ValueError, zlib.error, struct.error) as error:
        raise StoreError(f"the file of counters does not hold what it says: {error}") from None
    lengths = (("device", devices), ("entity", entities), ("family", families), ("labels", labelsets))
    for name, listed in (*lengths, ("source", sources)):
        if rows and int(columns[name].max()) >= len(listed):
            raise StoreError("the file of counters does not hold what it says")
    return CounterPage(devices, entities, families, labelsets, sources, evidence, **columns)
