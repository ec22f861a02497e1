"""A snapshot of all plans as octets, and back: what is kept to be compared with years later.

Two gzip members, so that `zcat` shows all of it: a line that says what it is, with the checksum of what
follows; then the policies as they were and the reports, as canonical JSON.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from netwatch.errors import PlanningError
from netwatch.export.report_json import canonical_json, report_from_json, report_to_json
from netwatch.model import Report

__all__ = [
    "SNAPSHOT_SCHEMA",
    "PlanSnapshot",
    "SnapshotHead",
    "pack_snapshot",
    "snapshot_head",
    "unpack_snapshot",
]

SNAPSHOT_SCHEMA = "netwatch-plan-snapshot/1"
_FORM = "netwatch-plan-snapshot/"
_MEMBER = 16 + zlib.MAX_WBITS
_MOST_HEAD = 1 << 16


@dataclass(frozen=True, slots=True)
class PlanSnapshot:
    at: float
    """Wall seconds for which the plans were made."""
    name: str
    """Empty for the one of a day."""
    version: str
    """Of the netwatch that made it."""
    policies: Mapping[str, str]
    """Text of each policy, by the name of its file."""
    reports: Mapping[str, Report]
    """By name of the plan."""


@dataclass(frozen=True, slots=True)
class SnapshotHead:
    """What can be told without unpacking the reports."""

    at: float
    name: str
    version: str
    plans: Mapping[str, str]
    """Name of the policy of each plan."""


def pack_snapshot(snapshot: PlanSnapshot) -> bytes:
    """The same snapshot gives the same octets."""
    reports = {name: report_to_json(one) for name, one in snapshot.reports.items()}
    text = canonical_json({"policies": dict(snapshot.policies), "reports": reports})
    body = gzip.compress(text, 6, mtime=0)
    head = {
        "schema": SNAPSHOT_SCHEMA,
        "at": snapshot.at,
        "name": snapshot.name,
        "netwatch": snapshot.version,
        "plans": {name: one.policy for name, one in snapshot.reports.items()},
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    return gzip.compress(canonical_json(head) + b"\n", 6, mtime=0) + body


def snapshot_head(data: bytes) -> SnapshotHead:
    """What a snapshot is, after its checksum was found right. Raises PlanningError."""
    return _opened(data)[0]


def unpack_snapshot(data: bytes) -> PlanSnapshot:
    """The snapshot that `pack_snapshot` made the octets from. Raises PlanningError for a damaged one, and for
    one that a newer netwatch kept."""
    head, rest = _opened(data)
    try:
        body = json.loads(gzip.decompress(rest).decode("utf-8", "surrogatepass"))
        policies, documents = body["policies"], body["reports"]
        texts = {str(name): str(text) for name, text in policies.items()}
        reports = {str(name): report_from_json(one) for name, one in documents.items()}
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PlanningError(f"is damaged ({type(error).__name__}): {_REMEDY}") from None
    return PlanSnapshot(head.at, head.name, head.version, texts, reports)


_REMEDY = "take it from a backup, or remove it"


def _opened(data: bytes) -> tuple[SnapshotHead, bytes]:
    unpack = zlib.decompressobj(_MEMBER)
    try:
        line = unpack.decompress(data, _MOST_HEAD)
        told: Any = json.loads(line)
    except (zlib.error, ValueError):
        raise PlanningError(f"is no snapshot, or damaged at its head: {_REMEDY}") from None
    schema = told.get("schema") if isinstance(told, dict) else None
    if schema != SNAPSHOT_SCHEMA:
        if isinstance(schema, str) and schema.startswith(_FORM):
            maker = str(told.get("netwatch", "")) or "a newer one"
            raise PlanningError(
                f"has the form {schema}, this netwatch reads {SNAPSHOT_SCHEMA}: read it with netwatch {maker}"
            )
        raise PlanningError(f"is no snapshot of plans: {_REMEDY}")
    if hashlib.sha256(unpack.unused_data).hexdigest() != told.get("sha256"):
        raise PlanningError(f"is damaged, its checksum is wrong: {_REMEDY}")
    try:
        plans = {str(name): str(policy) for name, policy in told["plans"].items()}
        head = SnapshotHead(float(told["at"]), str(told["name"]), str(told["netwatch"]), plans)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise PlanningError(f"is damaged at its head: {_REMEDY}") from None
    return head, unpack.unused_data
