"""Recorded agents: snmprec files that answer like the device they were taken from.

One line is `OID|type|value`. Real files are unsorted, hold duplicates (the first wins), broken OIDs, CRLF,
values in hex (`x`) or with escapes (`e`), and variation tags (`2:numeric`), read as if they were plain.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from netwatch.errors import WireDecodeError, WireTimeout
from netwatch.model import SnmpValue, Target
from netwatch.wire.fetched import fetched_from
from netwatch.wire.opaque import opaque
from netwatch.wire.protocols import Fetched
from netwatch.wire.snmp.template import Template

__all__ = ["RecordedSession", "RecordedSnmpWire", "Recording"]

Arcs = tuple[int, ...]


@dataclass(frozen=True)
class Recording:
    """One agent's answers. Load it once, ask it often; it never changes."""

    name: str
    values: Mapping[str, SnmpValue]
    """By dotted OID, in OID order."""
    contexts: Mapping[str, Recording] = field(default_factory=dict)
    """Answers under another community or context, by its name: NAME@VLAN files beside NAME."""
    problems: tuple[str, ...] = ()
    """Lines that could not be read."""

    @classmethod
    def load(cls, path: Path | str) -> Recording:
        """Reads a file, and the NAME@CONTEXT files beside it. Raises WireDecodeError if it can't be read."""
        path = Path(path)
        name = path.name.removesuffix(".snmprec")
        try:
            values, problems = _parse(path.read_bytes())
            contexts = {} if "@" in name else _contexts(path.parent, name)
        except OSError as error:
            raise WireDecodeError(f"{path}: can't be read: {error.strerror}") from None
        return cls(name, values, contexts, problems)

    def get(self, oid: str) -> SnmpValue:
        """The value at an exact OID; None if there is none (or it is NULL)."""
        return self.values.get(oid)

    def subtree(self, root: str, limit: int | None = None) -> dict[str, SnmpValue]:
        """What is at or below `root`, in OID order, at most `limit` of it."""
        start, end = self._span(_arcs(root))
        if limit is not None:
            end = min(end, start + limit)
        keys = self._keys
        return {keys[row]: self.values[keys[row]] for row in range(start, end)}

    def has(self, root: str) -> bool:
        """True if anything is at or below `root`."""
        start, end = self._span(_arcs(root))
        return end > start

    def following(self, oid: str) -> str | None:
        """The first OID after `oid`."""
        row = bisect_right(self._order, _arcs(oid))
        return self._keys[row] if row < len(self._keys) else None

    def _span(self, root: Arcs) -> tuple[int, int]:
        start = bisect_left(self._order, root)
        # The first OID past the subtree is not below root with its last arc raised by one.
        end = bisect_left(self._order, (*root[:-1], root[-1] + 1), start) if root else len(self._order)
        return start, end

    @cached_property
    def _keys(self) -> list[str]:
        return list(self.values)

    @cached_property
    def _order(self) -> list[Arcs]:
        return [_arcs(oid) for oid in self.values]


class RecordedSession:
    """SnmpSession over a Recording."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self.problems: list[str] = []

    async def get(self, oids: Sequence[str]) -> dict[str, SnmpValue]:
        values = self._recording.values
        return {oid: values[oid] for oid in oids if oid in values}

    async def walk(self, root: str, *, limit: int | None = None) -> dict[str, SnmpValue]:
        return self._recording.subtree(root, limit)

    async def walk_many(
        self, roots: Sequence[str], *, limit: int | None = None
    ) -> dict[str, dict[str, SnmpValue]]:
        return {root: self._recording.subtree(root, limit) for root in roots}

    async def following(self, oid: str) -> str | None:
        return self._recording.following(oid)

    async def close(self) -> None:
        return None


class RecordedSnmpWire:
    """SnmpWire whose devices are recordings, by name or by address."""

    def __init__(self, recordings: Mapping[str, Recording]) -> None:
        self._recordings = dict(recordings)

    async def fetch(self, target: Target, template: Template, *, context: str = "") -> Fetched:
        """Everything in a template that is in the recording, as of monotonic second 0."""
        oids = template.oids()
        return fetched_from(oids, await self.session(target, context=context).get(oids), 0.0)

    def session(self, target: Target, *, context: str = "") -> RecordedSession:
        """Raises WireTimeout where no recording answers: an unknown community gets no answer either."""
        for key in (target.name, *target.addresses):
            recording = self._recordings.get(key)
            if recording is not None and context:
                recording = recording.contexts.get(context)
            if recording is not None:
                return RecordedSession(recording)
        where = f" in context {context}" if context else ""
        raise WireTimeout(f"no recording answers for {target.name}{where}")


def _contexts(directory: Path, name: str) -> dict[str, Recording]:
    prefix = f"{name}@"
    # A glob would read the name's own brackets and stars as a pattern.
    files = sorted(p for p in directory.iterdir() if p.name.startswith(prefix) and p.suffix == ".snmprec")
    return {p.name.removesuffix(".snmprec")[len(prefix) :]: Recording.load(p) for p in files}


def _arcs(oid: str) -> Arcs:
    return tuple(map(int, oid.split("."))) if oid else ()


def _parse(data: bytes) -> tuple[dict[str, SnmpValue], tuple[str, ...]]:
    values: dict[str, SnmpValue] = {}
    order: list[tuple[Arcs, str]] = []
    problems: list[str] = []
    in_order = True
    last: Arcs = ()
    for number, line in enumerate(data.split(b"\n"), 1):
        parts = line.rstrip(b"\r").split(b"|", 2)
        if len(parts) != 3:
            if line.strip():
                problems.append(f"line {number}: not OID|type|value")
            continue
        try:
            oid = parts[0].decode("ascii").strip().lstrip(".")
            if oid in values:
                continue
            arcs = _arcs(oid)
            value = _value(parts[1].decode("ascii"), parts[2])
        except ValueError as error:
            problems.append(f"line {number}: {error}")
            continue
        if arcs < last:
            in_order = False
        last = arcs
        order.append((arcs, oid))
        values[oid] = value
    if not in_order:
        order.sort()
        values = {oid: values[oid] for _, oid in order}
    return values, tuple(problems)


def _value(tag: str, text: bytes) -> SnmpValue:
    """Raises ValueError with what is wrong."""
    reader = _READERS.get(tag)
    if reader is not None:
        return reader(text)
    base = tag.partition(":")[0]
    mode = base[-1:] if base[-1:] in ("x", "e") else ""
    base = base.removesuffix(mode)
    reader = _READERS.get(base)
    if reader is None:
        raise ValueError(f"unknown type {tag!r}")
    raw = _unhex(text) if mode == "x" else _unescape(text) if mode == "e" else text
    if base == "64" and mode and len(raw) == 4:
        return ".".join(map(str, raw))
    if base == "68" and mode:
        return opaque(raw)
    return reader(raw)


def _number(text: bytes) -> int:
    try:
        return int(text)
    except ValueError:
        number = float(text)  # a few files hold 12.0 for an INTEGER
    if not math.isfinite(number):
        raise ValueError("not a number")
    return int(number)


def _octets(text: bytes) -> bytes:
    return text


def _null(text: bytes) -> None:  # noqa: ARG001 - NULL has no content, whatever stands there
    return None


def _dotted(text: bytes) -> str:
    return text.decode("utf-8", "replace").strip().lstrip(".")


def _opaque_text(text: bytes) -> float | bytes:
    """snmpwalk prints an Opaque float as `Float: 0.080000`."""
    found = re.search(rb"-?\d+\.\d+(?:[eE][+-]?\d+)?", text)
    return float(found.group()) if found else text


def _unhex(text: bytes) -> bytes:
    digits = text.strip()
    if digits[:2] in (b"0x", b"0X"):
        digits = digits[2:]
    try:
        return bytes.fromhex(("0" * (len(digits) % 2)) + digits.decode("ascii"))
    except ValueError:
        raise ValueError("not hexadecimal") from None


_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|([0-7]{1,3})|(.))", re.DOTALL)
_NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


def _unescape(text: bytes) -> bytes:
    """Python's escapes; a backslash before anything else stands for that itself."""

    def replace(match: re.Match[bytes]) -> bytes:
        hexadecimal, octal, other = match.groups()
        if hexadecimal is not None:
            return bytes.fromhex(hexadecimal.decode("ascii"))
        if octal is not None:
            return bytes([int(octal, 8) & 255])
        return _NAMED.get(other, other)

    return _ESCAPE.sub(replace, text)


_READERS: Mapping[str, Callable[[bytes], SnmpValue]] = {
    "2": _number,
    "4": _octets,
    "5": _null,
    "6": _dotted,
    "64": _dotted,
    "65": _number,
    "66": _number,
    "67": _number,
    "68": _opaque_text,
    "70": _number,
}
