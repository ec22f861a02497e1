"""Reads SNMP profiles of the dialect that Datadog's and Kentik's agents share.

Facts of the dialect: Datadog's documentation of its profile format, Kentik's commented template of a profile.
Files are read leniently: a key that is not known is told and left out, the rest goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from netwatch.documents import Document, read_yaml
from netwatch.errors import Problem

__all__ = ["Fact", "Foreign", "Metric", "Place", "Symbol", "Tag", "is_oid", "read_foreign"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands, to be told of."""

    document: Document
    path: tuple[str | int, ...]

    def problem(self, message: str, hint: str = "") -> Problem:
        return self.document.problem(self.path, message, hint)

    def below(self, *steps: str | int) -> Place:
        return Place(self.document, (*self.path, *steps))


@dataclass(frozen=True, slots=True)
class Symbol:
    """One OID."""

    place: Place
    oid: str
    """Without a trailing `.0`; empty for a constant."""
    instance: str
    """`0` where the file wrote it, else empty."""
    name: str
    labels: tuple[tuple[str, int], ...] = ()
    scale: float | None = None
    extract: str = ""
    """Regular expression whose group is the value."""
    match_pattern: str = ""
    match_value: str = ""


@dataclass(frozen=True, slots=True)
class Tag:
    """A text that stands beside each value of a table or of the device."""

    symbol: Symbol
    name: str
    ranges: tuple[tuple[int, int], ...] = ()
    """Arcs of the row's index (from 0, inclusive) that are the other table's index; empty: all."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A single OID, or columns of one table."""

    place: Place
    table: str
    """OID of the table; empty for a single OID."""
    table_name: str
    module: str
    symbols: tuple[Symbol, ...]
    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A field of `metadata`: a constant, or the first symbol that tells it."""

    place: Place
    value: str
    symbols: tuple[Symbol, ...]


@dataclass
class Foreign:
    """One file with all that it extends."""

    file: Path
    oids: list[str] = field(default_factory=list)
    """sysObjectIDs as written, `*` at the end for all below."""
    places: list[Place] = field(default_factory=list)
    facts: dict[str, Fact] = field(default_factory=dict)
    metrics: list[Metric] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


_TOP = {"sysobjectid", "extends", "metrics", "metric_tags", "metadata", "device", "name", "description"}
_SILENT = {"provider", "static_tags", "no_use_bulkwalkall", "matches", "definition_file"}
"""Keys that only concern the program they were written for."""
_SYMBOL = {"OID", "name", "mapping", "enum", "scale_factor", "extract_value", "match_pattern", "match_value"}
_SYMBOL |= {
    "constant_value_one",
    "format",
    "conversion",
    "metric_type",
    "tag",
    "poll_time_sec",
    "description",
}
_METRIC = {
    "MIB",
    "table",
    "symbol",
    "symbols",
    "metric_tags",
    "forced_type",
    "metric_type",
    "options",
    "static_tags",
}
_METRIC |= {"OID", "name", "enum", "conversion", "tag", "poll_time_sec"}
_TAG = {
    "MIB",
    "symbol",
    "column",
    "OID",
    "tag",
    "index",
    "mapping",
    "index_transform",
    "table",
    "match",
    "tags",
}
_TAG |= {"enum", "conversion", "format"}


def read_foreign(file: Path, bases: Sequence[Path], *, standard: re.Pattern[str]) -> Foreign:
    """Reads a file and what it extends. Raises ConfigError where the file itself is no YAML.

    `bases`: folders where extended files are looked for, beside the file's own. `standard`: names of extended
    files whose content netwatch's own standard profile has.
    """
    out = Foreign(file)
    _Reader(out, bases, standard).read(file, [])
    return out


class _Reader:
    def __init__(self, out: Foreign, bases: Sequence[Path], standard: re.Pattern[str]) -> None:
        self.out = out
        self.bases = bases
        self.standard = standard

    def read(self, file: Path, chain: list[Path]) -> None:
        document = read_yaml(file)
        root = Place(document, ())
        data = document.data
        if not isinstance(data, dict):
            self.tell(root, "expected a mapping with sysobjectid and metrics")
            return
        self.unknown(root, data, _TOP | _SILENT)
        if not chain:
            for step, oid in _items(data.get("sysobjectid")):
                self.out.oids.append(str(oid))
                self.out.places.append(root.below("sysobjectid", *step))
        self.metadata(root, data)
        for at, metric in enumerate(_list(data.get("metrics"))):
            self.metric(root.below("metrics", at), metric)
        for at, tag in enumerate(_list(data.get("metric_tags"))):
            found = self.tag(root.below("metric_tags", at), tag)
            if found is not None:
                self.out.tags.append(found)
        for step, name in _items(data.get("extends")):
            self.extend(root.below("extends", *step), str(name), file, chain)

    def tell(self, place: Place, message: str, hint: str = "") -> None:
        self.out.problems.append(place.problem(message, hint))

    def unknown(self, place: Place, data: Mapping[str, Any], known: set[str]) -> None:
        for key in data:
            if key not in known:
                self.tell(place.below(str(key)), f"{key!r} is not known here, left out")

    def extend(self, place: Place, name: str, file: Path, chain: list[Path]) -> None:
        if self.standard.fullmatch(Path(name).stem):
            return
        found = self.find(name, file)
        if found is None:
            self.tell(place, f"{name} is not there", "say with --base in which folder it is")
        elif found in chain or found == file:
            self.tell(place, f"{name} extends itself")
        else:
            self.read(found, [*chain, file])

    def find(self, name: str, file: Path) -> Path | None:
        beside = file.parent / name
        if beside.is_file():
            return beside
        for base in self.bases:
            for candidate in sorted(base.rglob(Path(name).name)):
                if candidate.is_file():
                    return candidate
        return None

    # parts

    def metadata(self, root: Place, data: Mapping[str, Any]) -> None:
        device = data.get("device")
        if isinstance(device, dict) and isinstance(device.get("vendor"), str):
            self.fact("vendor", Fact(root.below("device", "vendor"), device["vendor"], ()))
        for resource, given in _mapping(data.get("metadata")).items():
            place = root.below("metadata", str(resource))
            if resource == "interface":
                continue  # the standard profile names ports
            if resource != "device":
                self.tell(place, f"metadata of {resource!r} has no place in a netwatch profile")
                continue
            for name, one in _mapping(_mapping(given).get("fields")).items():
                at = place.below("fields", str(name))
                value = _mapping(one).get("value")
                symbols = [self.symbol(at.below("symbol"), _mapping(one).get("symbol"))]
                for number, each in enumerate(_list(_mapping(one).get("symbols"))):
                    symbols.append(self.symbol(at.below("symbols", number), each))
                known = tuple(symbol for symbol in symbols if symbol is not None and symbol.oid)
                self.fact(str(name), Fact(at, str(value) if value is not None else "", known))

    def fact(self, name: str, fact: Fact) -> None:
        """What the file itself says goes before what it extends."""
        self.out.facts.setdefault(name, fact)

    def metric(self, place: Place, data: Any) -> None:
        if not isinstance(data, dict):
            self.tell(place, "expected a mapping")
            return
        self.unknown(place, data, _METRIC)
        if "flag_stream" in (data.get("forced_type"), data.get("metric_type")):
            self.tell(place, "a stream of flags (flag_stream) has no expression yet, left out")
            return
        table = data.get("table")
        oid = _oid(_mapping(table).get("OID")) if isinstance(table, dict) else ""
        name = str(_mapping(table).get("name", "")) if isinstance(table, dict) else str(table or "")
        given = [(place.below("symbols", at), one) for at, one in enumerate(_list(data.get("symbols")))]
        if data.get("symbol") is not None:
            given.append((place.below("symbol"), data["symbol"]))
        if "OID" in data:
            given.append((place, {key: value for key, value in data.items() if key in _SYMBOL}))
        symbols = [found for at, one in given if (found := self.symbol(at, one)) is not None]
        tags = [
            self.tag(place.below("metric_tags", at), one)
            for at, one in enumerate(_list(data.get("metric_tags")))
        ]
        is_table = table is not None
        self.out.metrics.append(
            Metric(
                place,
                oid if is_table else "",
                name,
                str(data.get("MIB", "")),
                tuple(symbols),
                tuple(tag for tag in tags if tag is not None),
            )
        )

    def symbol(self, place: Place, data: Any) -> Symbol | None:
        if data is None:
            return None
        if not isinstance(data, dict):
            self.tell(place, "a symbol without an OID: its MIB would have to be read", "write OID and name")
            return None
        self.unknown(place, data, _SYMBOL)
        oid = _oid(data.get("OID"))
        if not oid and not data.get("constant_value_one"):
            self.tell(place, f"expected an OID, found {data.get('OID')!r}")
            return None
        if data.get("conversion") not in (None, "hwaddr", "hextoip"):
            self.tell(
                place.below("conversion"), f"conversion {data['conversion']!r} has no expression, left out"
            )
            return None
        instance = "0" if oid.endswith(".0") else ""
        return Symbol(
            place,
            oid.removesuffix(".0"),
            instance,
            str(data.get("name") or data.get("tag") or "value"),
            self.labels(place, data),
            _number(data.get("scale_factor")),
            str(data.get("extract_value") or ""),
            str(data.get("match_pattern") or ""),
            str(data.get("match_value") or ""),
        )

    def labels(self, place: Place, data: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
        """`mapping` is raw -> label, `enum` is label -> raw. YAML reads some labels as true and false."""
        pairs = [(str(label), raw) for raw, label in _mapping(data.get("mapping")).items()]
        pairs += [(str(label), raw) for label, raw in _mapping(data.get("enum")).items()]
        out = []
        for label, raw in pairs:
            number = _number(raw)
            if number is None or not float(number).is_integer():
                self.tell(place, f"the label {label!r} stands for {raw!r}, which is no number; left out")
            else:
                out.append((label, int(number)))
        return tuple(out)

    def tag(self, place: Place, data: Any) -> Tag | None:
        if not isinstance(data, dict):
            self.tell(place, "expected a mapping")
            return None
        self.unknown(place, data, _TAG)
        if "index" in data:
            return None  # the row's index is shown anyway
        if "match" in data:
            self.tell(place.below("match"), "several tags of one value by a regular expression, left out")
            return None
        given = data.get("column", data.get("symbol"))
        if isinstance(given, str) or given is None:
            given = {"OID": data.get("OID"), "name": given or data.get("tag")}
        more = {key: data[key] for key in ("mapping", "enum", "conversion") if key in data}
        symbol = self.symbol(place, {**given, **more} if isinstance(given, dict) else given)
        if symbol is None or not symbol.oid:
            return None
        ranges = tuple(
            (int(one["start"]), int(one["end"]))
            for one in _list(data.get("index_transform"))
            if isinstance(one, dict) and {"start", "end"} <= one.keys()
        )
        return Tag(symbol, str(data.get("tag") or symbol.name), ranges)


def _oid(value: Any) -> str:
    text = str(value or "").strip().lstrip(".")
    return text if is_oid(text) else ""


def is_oid(text: str) -> bool:
    """True for dotted decimals that are long enough to be an object's, or a product's."""
    return re.fullmatch(r"[0-2](\.[0-9]+){5,}", text) is not None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _items(value: Any) -> Iterator[tuple[tuple[int, ...], Any]]:
    """One value or a list of them, with where in it each stands."""
    if isinstance(value, list):
        for at, one in enumerate(value):
            yield (at,), one
    elif value is not None:
        yield (), value
