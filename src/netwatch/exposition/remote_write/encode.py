"""Samples as requests of Prometheus remote write 1.0: a protobuf WriteRequest in a snappy block.

    WriteRequest { repeated TimeSeries timeseries = 1; }
    TimeSeries   { repeated Label labels = 1; repeated Sample samples = 2; }
    Label        { string name = 1; string value = 2; }
    Sample       { double value = 1; int64 timestamp = 2; }

https://prometheus.io/docs/specs/prw/remote_write_spec/: labels are sorted by name, none is empty.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import cramjam
import numpy as np
from numpy.typing import NDArray

from netwatch.exposition.groups import Rows
from netwatch.exposition.lines import picker
from netwatch.model import EntityKind, Family

__all__ = ["Encoder", "Request", "compress", "encode_labels", "parse_labels", "varint"]

_PAIR = re.compile(r'([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_SAMPLE = 18
"""Octets of a sample field whose time has six octets: those from 1971 to 2109."""
_SIX = 1 << 35, 1 << 42
_KEPT = 1 << 20
"""Texts of which the encoding is remembered."""


class Request(NamedTuple):
    """The body of one request, as it goes over the wire and onto the disk."""

    body: bytes
    samples: int
    newest: int
    """Time of the newest sample, milliseconds since 1970."""


def varint(number: int) -> bytes:
    """Base-128 varint; a negative number as its 64-bit two's complement."""
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def parse_labels(text: str) -> list[tuple[str, str]]:
    """(name, value) of each pair in label text as the exposition writes it."""
    return [(name, _unescape(value)) for name, value in _PAIR.findall(text)]


def encode_labels(labels: Iterable[tuple[str, str]]) -> bytes:
    """Label fields of a TimeSeries, sorted by name; those without a value are left out."""
    return b"".join([_label(name, value) for name, value in sorted(labels) if value])


class Encoder:
    """Makes requests from rows of columns. Label text is encoded once per device and once per name of a part;
    a series' own encoding is joined from these each time."""

    def __init__(self) -> None:
        self._runs: dict[tuple[str, ...], _Run] = {}
        self._pairs: dict[str, list[tuple[str, str]]] = {}

    def samples(
        self,
        family: Family,
        texts: tuple[list[str], ...],
        rows: Rows,
        values: NDArray[np.float64],
        times: NDArray[np.float64],
    ) -> bytes:
        """TimeSeries fields of some rows, one sample each. `texts` are those of `Planned`; `values` and
        `times` (wall seconds) are vectors over `rows`."""
        count = len(rows)
        if not count:
            return b""
        pick = picker(rows)
        columns = [list(map(run.__getitem__, pick(texts[source]))) for source, run in self._plan(family)]
        samples, widths = _samples(values, np.rint(times * 1000).astype(np.int64))
        lengths = sum((np.fromiter(map(len, c), np.int64, count) for c in columns), widths)
        heads = _Heads(_label("__name__", family.name))
        width = len(columns) + 2
        pieces: list[Any] = [None] * (width * count)
        pieces[0::width] = map(heads.__getitem__, lengths.tolist())
        for place, column in enumerate(columns, 1):
            pieces[place::width] = column
        pieces[width - 1 :: width] = samples
        return b"".join(pieces)

    def infos(self, family: Family, texts: tuple[list[str], ...], rows: Rows, millis: int) -> bytes:
        """TimeSeries fields of an info family: value 1 at `millis`. `texts`: device, part, facts."""
        sample = _sample(1.0, millis)
        name = _label("__name__", family.name)
        out: list[bytes] = []
        heads, parts, tails = texts
        for row in rows.tolist():
            labels = [*self._parsed(heads[row]), *self._parsed(parts[row]), *parse_labels(tails[row])]
            series = name + encode_labels(labels) + sample
            out += (b"\n", varint(len(series)), series)
        return b"".join(out)

    def _parsed(self, text: str) -> list[tuple[str, str]]:
        found = self._pairs.get(text)
        if found is None:
            if len(self._pairs) > _KEPT:
                self._pairs.clear()
            found = self._pairs[text] = parse_labels(text)
        return found

    def _plan(self, family: Family) -> list[tuple[int, _Run]]:
        """Which of the texts gives which labels, in the order of names. Neighbours from one text are one."""
        source = dict.fromkeys(("device", "district", "site"), 0)
        if family.entity is not EntityKind.DEVICE:
            source[family.entity.value] = 1
        source |= dict.fromkeys(family.labels, 2)
        runs: list[tuple[int, list[str]]] = []
        for name in sorted(source):
            if runs and runs[-1][0] == source[name]:
                runs[-1][1].append(name)
            else:
                runs.append((source[name], [name]))
        out = []
        for place, names in runs:
            run = self._runs.setdefault(tuple(names), _Run(names))
            if len(run) > _KEPT:
                run.clear()
            out.append((place, run))
        return out


def compress(fields: bytes) -> bytes:
    """A snappy block (not the framed format)."""
    return bytes(cramjam.snappy.compress_raw(fields))


class _Run(dict[str, bytes]):
    """The encoding of some labels by the text that they are in."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = frozenset(names)

    def __missing__(self, text: str) -> bytes:
        found = encode_labels(pair for pair in parse_labels(text) if pair[0] in self._names)
        self[text] = found
        return found


class _Heads(dict[int, bytes]):
    """What stands before the labels of a TimeSeries, by the length of what follows its name."""

    def __init__(self, name: bytes) -> None:
        super().__init__()
        self._name = name

    def __missing__(self, length: int) -> bytes:
        found = self[length] = b"\n" + varint(length + len(self._name)) + self._name
        return found


def _label(name: str, value: str) -> bytes:
    told, worth = name.encode(), value.encode("utf-8", "replace")
    inner = b"\n" + varint(len(told)) + told + b"\x12" + varint(len(worth)) + worth
    return b"\n" + varint(len(inner)) + inner


def _unescape(value: str) -> str:
    if "\\" not in value:
        return value
    return _ESCAPED.sub(lambda match: "\n" if match[1] == "n" else match[1], value)


def _sample(value: float, millis: int) -> bytes:
    inner = b"\t" + struct.pack("<d", value) + b"\x10" + varint(millis)
    return b"\x12" + varint(len(inner)) + inner


def _samples(values: NDArray[np.float64], millis: NDArray[np.int64]) -> tuple[list[bytes], NDArray[np.int64]]:
    """Sample fields and their lengths."""
    if not ((millis >= _SIX[0]) & (millis < _SIX[1])).all():
        made = [_sample(value, time) for value, time in zip(values.tolist(), millis.tolist(), strict=True)]
        return made, np.fromiter(map(len, made), np.int64, len(made))
    out = np.empty((len(values), _SAMPLE), dtype=np.uint8)
    out[:, 0], out[:, 1], out[:, 2], out[:, 11] = 0x12, _SAMPLE - 2, 0x09, 0x10
    out[:, 3:11] = values.astype("<f8").view(np.uint8).reshape(-1, 8)
    for place in range(6):
        out[:, 12 + place] = (millis >> (7 * place)) & 0x7F | (0x80 if place < 5 else 0)
    return out.view(f"V{_SAMPLE}").ravel().tolist(), np.full(len(values), _SAMPLE, np.int64)
