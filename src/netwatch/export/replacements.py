"""The replacement list as CSV and JSON, and back from JSON."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from netwatch.errors import PlanningError
from netwatch.model import Contribution, EntityId, EvidenceItem, PlaceId, RankedAsset, ReplacementPlan

__all__ = ["CRITERIA", "SCHEMA", "plan_from_json", "reasons", "replacements_csv", "replacements_json"]

SCHEMA = "netwatch-replacements/1"
"""Version of the JSON document; docs/planning.md describes it. A new key does not change it."""

CRITERIA = ("likelihood", "consequence", "fitness", "security", "cost")
"""Columns of points. Contributions of another name come behind them, in order of first appearance."""

_HEAD = ("rank", "score", "name", "school", "place", "kind", "vendor", "model", "serial")
_TAIL = ("reasons", "unknown", "device", "policy", "at", "simulated")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

T = TypeVar("T")


def replacements_csv(plan: ReplacementPlan) -> str:
    """RFC 4180 text with a header line, CRLF between lines, one line per asset.

    Columns: rank, score, name, school, place, kind, vendor, model, serial, points of each criterion, reasons,
    unknown, device, policy, at, simulated; they keep their order. A text that a spreadsheet would take for a
    formula gets an apostrophe in front.
    """
    extra = dict.fromkeys(one.name for asset in plan.assets for one in asset.contributions)
    criteria = (*CRITERIA, *(name for name in extra if name not in CRITERIA))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*_HEAD, *map(_cell, criteria), *_TAIL])
    for asset in plan.assets:
        points = {one.name: one.points for one in asset.contributions}
        writer.writerow(
            [
                asset.rank,
                _number(asset.score),
                *map(_cell, (asset.name, asset.school, asset.place or "", asset.kind)),
                *map(_cell, (asset.vendor, asset.model, asset.serial)),
                *(_number(points[name]) if name in points else "" for name in criteria),
                _cell("; ".join(reasons(asset))),
                _cell("; ".join(asset.unknown)),
                _cell(asset.device or ""),
                _cell(plan.policy),
                _iso(plan.at),
                "yes" if plan.simulated else "no",
            ]
        )
    return out.getvalue()


def reasons(asset: RankedAsset) -> list[str]:
    """The first piece of evidence of every criterion that gave points, the weightiest criterion first."""
    given = sorted((one for one in asset.contributions if one.points > 0), key=lambda one: -one.points)
    return [f"{one.name}: {one.evidence[0].text}" if one.evidence else one.name for one in given]


def replacements_json(plan: ReplacementPlan) -> dict[str, Any]:
    """The whole plan as a JSON document, `SCHEMA`. Times are UTC seconds; `at_iso` is for people."""
    return {
        "schema": SCHEMA,
        "at": plan.at,
        "at_iso": _iso(plan.at),
        "policy": plan.policy,
        "simulated": plan.simulated,
        "assets": [_asset_json(asset) for asset in plan.assets],
    }


def plan_from_json(document: Any) -> ReplacementPlan:
    """The plan that `replacements_json` made the document from. Raises PlanningError with the place."""
    top = _mapping(document, "the document")
    schema = top.get("schema")
    if schema != SCHEMA:
        raise PlanningError(f"expected a plan of the form {SCHEMA}, found {schema!r}: use the same netwatch")
    return ReplacementPlan(
        at=_float(top, "at", ""),
        policy=_text(top, "policy", ""),
        assets=_each(top, "assets", "", _asset),
        simulated=_typed(top, "simulated", "", bool),
    )


def _asset_json(asset: RankedAsset) -> dict[str, Any]:
    return {
        "rank": asset.rank,
        "device": asset.device,
        "name": asset.name,
        "kind": asset.kind,
        "vendor": asset.vendor,
        "model": asset.model,
        "serial": asset.serial,
        "place": asset.place,
        "school": asset.school,
        "score": asset.score,
        "contributions": [
            {
                "name": one.name,
                "points": one.points,
                "evidence": [
                    {
                        "text": item.text,
                        "source": item.source,
                        "value": _finite(item.value),
                        "unit": item.unit,
                        "at": _finite(item.at),
                    }
                    for item in one.evidence
                ],
            }
            for one in asset.contributions
        ],
        "unknown": list(asset.unknown),
    }


def _asset(value: Any, where: str) -> RankedAsset:
    entry = _mapping(value, where)
    device, place = entry.get("device"), entry.get("place")
    unknown = _typed(entry, "unknown", where, list)
    return RankedAsset(
        rank=_typed(entry, "rank", where, int),
        device=None if device is None else EntityId(str(device)),
        name=_text(entry, "name", where),
        kind=_text(entry, "kind", where),
        vendor=_text(entry, "vendor", where),
        model=_text(entry, "model", where),
        serial=_text(entry, "serial", where),
        place=None if place is None else PlaceId(str(place)),
        school=_text(entry, "school", where),
        score=_float(entry, "score", where),
        contributions=_each(entry, "contributions", where, _contribution),
        unknown=tuple(map(str, unknown)),
    )


def _contribution(value: Any, where: str) -> Contribution:
    entry = _mapping(value, where)
    return Contribution(
        _text(entry, "name", where),
        _float(entry, "points", where),
        _each(entry, "evidence", where, _evidence),
    )


def _evidence(value: Any, where: str) -> EvidenceItem:
    entry = _mapping(value, where)
    return EvidenceItem(
        text=_text(entry, "text", where),
        source=_text(entry, "source", where),
        value=None if entry.get("value") is None else _float(entry, "value", where),
        unit=_text(entry, "unit", where),
        at=None if entry.get("at") is None else _float(entry, "at", where),
    )


def _each(entry: Mapping[str, Any], key: str, where: str, build: Callable[[Any, str], T]) -> tuple[T, ...]:
    path = f"{where}.{key}".lstrip(".")
    values: Sequence[Any] = _typed(entry, key, where, list)
    return tuple(build(value, f"{path}[{place}]") for place, value in enumerate(values))


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise PlanningError(f"{where}: expected a mapping, found {type(value).__name__}")
    return value


def _typed(entry: Mapping[str, Any], key: str, where: str, kind: type[T]) -> T:
    value = entry.get(key)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        path = f"{where}.{key}".lstrip(".")
        raise PlanningError(f"{path}: expected {kind.__name__}, found {type(value).__name__}")
    return value


def _text(entry: Mapping[str, Any], key: str, where: str) -> str:
    return _typed(entry, key, where, str)


def _float(entry: Mapping[str, Any], key: str, where: str) -> float:
    value = entry.get(key)
    return (
        float(value)
        if isinstance(value, int) and not isinstance(value, bool)
        else _typed(entry, key, where, float)
    )


def _finite(value: float | None) -> float | None:
    return value if value is None or math.isfinite(value) else None


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _cell(text: str) -> str:
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) or text.startswith(_FORMULA) else text


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
