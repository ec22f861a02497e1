"""Plans as bytes, for a restart that walks nothing: tables by name, to be linked to the loaded profiles.

Magic and version, length of the header, header (JSON), the packed tables one behind the other, CRC-32.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from netwatch.errors import Problem, ProfileError
from netwatch.profiles.plans.plan import Plan, TablePlan, link_table
from netwatch.profiles.ready.profile_set import ProfileSet

__all__ = ["dump_plan", "load_plan"]

MAGIC = b"NWPLAN"
VERSION = 1
_HEAD = struct.Struct(">6sHI")
_CRC = struct.Struct(">I")


def dump_plan(plan: Plan) -> bytes:
    """A plan as bytes; about 2 kB of an access switch."""
    header = json.dumps(
        {
            "digest": plan.digest,
            "profiles": plan.profiles,
            "evidence": plan.evidence_oids,
            "tables": [
                [one.table.name, one.context, one.max_rows, one.roots, len(one.packed)] for one in plan.tables
            ],
        },
        separators=(",", ":"),
    ).encode()
    body = b"".join([_HEAD.pack(MAGIC, VERSION, len(header)), header, *(one.packed for one in plan.tables)])
    return body + _CRC.pack(zlib.crc32(body))


def load_plan(data: bytes, profiles: ProfileSet) -> Plan | None:
    """The plan that was dumped; devices of one build share its tables. None if it was made by another version
    of this format or with other profiles. Raises ProfileError for what is damaged."""
    magic, version, length = _head(data)
    if magic == MAGIC and version != VERSION:
        return None
    if magic != MAGIC or len(data) < _HEAD.size + _CRC.size:
        raise _damaged("it does not begin like one")
    body = memoryview(data)[: -_CRC.size]
    if zlib.crc32(body) != _CRC.unpack(data[-_CRC.size :])[0]:
        raise _damaged("its checksum is wrong")
    try:
        header = json.loads(bytes(body[_HEAD.size : _HEAD.size + length]))
        if header["digest"] != profiles.digest:
            return None
        names = tuple(map(str, header["profiles"]))
        tables = tuple(_tables(header, names, body[_HEAD.size + length :], profiles))
        return Plan(names, tables, tuple(map(str, header["evidence"])), profiles.digest)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise _damaged(f"{type(error).__name__}: {error}") from None


def _head(data: bytes) -> tuple[bytes, int, int]:
    if len(data) < _HEAD.size:
        raise _damaged("it is too short")
    magic, version, length = _HEAD.unpack_from(data)
    return magic, version, length


def _tables(
    header: Any, names: tuple[str, ...], body: memoryview, profiles: ProfileSet
) -> Iterator[TablePlan]:
    known, at = profiles.profiles, 0
    profile = profiles.pool.attached(known[names[0]], [known[name] for name in names[1:]])
    for name, context, max_rows, roots, size in header["tables"]:
        if not 0 <= size <= len(body) - at:
            raise ValueError("a table is cut off")
        packed, at = bytes(body[at : at + size]), at + size
        table = profile.tables[name]
        yield link_table(
            table, profile, packed, tuple(map(str, roots)), int(max_rows), str(context), profiles.pool
        )


def _damaged(reason: str) -> ProfileError:
    return ProfileError([Problem("", "", f"a stored plan can't be read: {reason}")])
