"""Processors, memory and storage: objects that only together make a reading."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from netwatch.drafting.groups import Column, Group
from netwatch.drafting.measures import UnitFound, factor_text, leading_numbers, read_unit
from netwatch.drafting.words import Region, Words

__all__ = ["Found", "processors", "regions"]


@dataclass
class Found:
    """An entity in the making: values with {name} where a column's alias goes."""

    kind: str
    stem: str
    """Words of the objects without what says which part of it they are."""
    columns: dict[str, Column] = field(default_factory=dict)
    """By part: total, used, free, used_ratio ..."""
    values: dict[str, str] = field(default_factory=dict)
    where: str = ""
    constant: dict[str, str] = field(default_factory=dict)
    doubt: str = ""
    bytes: float = 0
    """The largest of its sizes."""
    others: list[Column] = field(default_factory=list)
    """Columns that tell the same over another time."""


# processors


def processors(group: Group, words: Words) -> list[Found]:
    """Shares of 100 that a processor was busy; of averages over several times one."""
    rules, found = words.processor, []
    for column in group.columns:
        name = words.spaced(column.name)
        whole = f"{words.spaced(group.name)} {name}"
        if not rules.name.search(whole) or not rules.value.search(name) or rules.without.search(name):
            continue
        numbers = leading_numbers(column)
        is_share = (
            (numbers or column.blind)
            and all(0 <= number <= 100 for number in numbers)
            and not column.object.labels
        )
        unit = read_unit(column.object.units, words)
        if not is_share or (unit is not None and unit.unit.class_ != "percent"):
            continue
        if rules.name.search(name) or rules.name.search(words.spaced(group.name)):
            found.append((_rank(name, words), name, column, unit))
    if not found:
        return []
    found.sort(key=lambda one: one[0])
    _, name, best, unit = found[0]
    factor = unit.factor if unit is not None else 0.01
    expression = f"{{load}}{factor_text(factor)}"
    if rules.idle.search(name):
        expression = f"1 - {expression}"
    doubt = "" if unit is not None or rules.name.search(name) else "no unit in the MIB: taken as percent"
    values = {"netwatch_processor_utilization_ratio": expression}
    others = [column for _, _, column, _ in found[1:]]
    return [Found("processor", "", {"load": best}, values, doubt=doubt, others=others)]


def _rank(name: str, words: Words) -> tuple[bool, int]:
    order = words.processor.order
    rank = next(place for place, pattern in enumerate(order) if pattern.search(name))
    return bool(words.processor.idle.search(name)), rank


# memory and storage

_PARTS = ("used_ratio", "free_ratio", "total", "used", "free")


def regions(group: Group, words: Words) -> list[Found]:
    """Memory regions and volumes: by stem the objects that say how large, how full, how empty."""
    group_name = words.spaced(group.name)
    clusters: dict[tuple[str, str], dict[str, Column]] = {}
    kinds: dict[str, Region] = {}
    for column in group.columns:
        name = words.spaced(column.name)
        region = _region(name, group_name, words)
        numbers = leading_numbers(column)
        if (
            region is None
            or not (numbers or column.blind)
            or column.object.labels
            or column.object.type == "TimeTicks"
        ):
            continue
        part, stem = _part(name, column, numbers, words)
        if part:
            kinds[region.kind] = region
            clusters.setdefault((region.kind, stem), {}).setdefault(part, column)
    out = []
    for (kind, stem), parts in clusters.items():
        found = _entity(kind, stem, parts, kinds[kind], words)
        if found is not None:
            out.append(found)
    return _without_doubles(out, words)


def _without_doubles(found: Sequence[Found], words: Words) -> list[Found]:
    """The same region in bytes and in kilobytes: the larger number is the one that fits into its column."""
    kept: dict[tuple[str, str], Found] = {}
    for one in found:
        stem = " ".join(words.unit_words.sub(" ", one.stem).split())
        known = kept.get((one.kind, stem))
        if known is None or (len(one.values), one.bytes) > (len(known.values), known.bytes):
            kept[one.kind, stem] = one
    return list(kept.values())


def _region(name: str, group: str, words: Words) -> Region | None:
    for region in words.regions:
        # What the object itself says goes before what its table says.
        if region.name.search(name) and not region.without.search(name):
            return region
    for region in words.regions:
        if region.name.search(group) and not region.without.search(name):
            return region
    return None


def _part(name: str, column: Column, numbers: Sequence[float], words: Words) -> tuple[str, str]:
    """Which part of a region the object tells, and the words that are left; empty if none."""
    unit = read_unit(column.object.units, words)
    share = unit is not None and unit.unit.class_ == "percent"
    if unit is not None and not share and unit.unit.class_ != "bytes":
        return "", ""
    if unit is None and column.object.units:
        return "", ""
    may_be_share = share or (unit is None and all(0 <= number <= 100 for number in numbers))
    if column.blind:
        may_be_share = column.scale is None and words.parts.share.search(name) is not None
    for part in _PARTS:
        pattern: re.Pattern[str] = getattr(words.parts, part)
        if part.endswith("ratio") and not may_be_share:
            continue
        if not part.endswith("ratio") and share:
            continue
        if pattern.search(name):
            return part, " ".join(pattern.sub(" ", name).split())
    return "", ""


def _entity(kind: str, stem: str, parts: Mapping[str, Column], region: Region, words: Words) -> Found | None:
    sizes = {part: column for part, column in parts.items() if not part.endswith("ratio")}
    found = Found(kind, stem, dict(parts))
    family = f"netwatch_{kind}"
    if len(sizes) >= 2:
        factor, found.doubt = _byte_factor(sizes, region, words)
        found.bytes = factor * max(max(leading_numbers(column), default=0) for column in sizes.values())
        exprs = {part: f"unsigned({{{part}}}){factor_text(factor)}" for part in sizes}
        total = exprs.get("total") or f"{exprs['used']} + {exprs['free']}"
        used = exprs.get("used") or f"{exprs['total']} - {exprs['free']}"
        found.values = {f"{family}_size_bytes": total, f"{family}_used_bytes": used}
        found.values[f"{family}_used_ratio"] = f"ratio({used}, {total})"
        found.where = f"{total} > 0"
    elif "used_ratio" in parts:
        found.values = {f"{family}_used_ratio": "{used_ratio} / 100"}
        found.columns = {"used_ratio": parts["used_ratio"]}
        if read_unit(parts["used_ratio"].object.units, words) is None:
            found.doubt = "no unit in the MIB: taken as percent"
    elif "free_ratio" in parts:
        found.values = {f"{family}_used_ratio": "1 - {free_ratio} / 100"}
        found.columns = {"free_ratio": parts["free_ratio"]}
    else:
        return None
    found.columns = {
        part: column for part, column in found.columns.items() if f"{{{part}}}" in str(found.values)
    }
    if kind == "memory":
        name = " ".join([stem, *(words.spaced(column.name) for column in parts.values())])
        class_ = next((value for word, value in region.class_.items() if word in name.split()), "system")
        found.constant = {"class": class_}
    return found


def _byte_factor(sizes: Mapping[str, Column], region: Region, words: Words) -> tuple[float, str]:
    """Bytes by UNITS, names or descriptions; else what makes the walked size a usual one."""
    told: list[UnitFound] = []
    for column in sizes.values():
        if column.scale is not None:
            return column.scale, ""
        if column.blind:
            return 1, "the source tells no unit: taken as bytes"
        unit = read_unit(column.object.units, words)
        if unit is not None:
            return unit.factor, ""
        prose = f"{words.spaced(column.name)} {' '.join(column.object.description.split())[:300]}"
        unit = read_unit(prose, words, prose=True)
        if unit is not None and unit.unit.class_ == "bytes":
            told.append(unit)
    if told:
        return told[0].unit.factor, "unit by the description"
    size = median(max(leading_numbers(column), default=0) for column in sizes.values())
    low, high = region.usual
    for factor in (1, 1024, 1048576):
        if low <= size * factor <= high:
            return factor, "no unit in the MIB: scale by the value"
    return 1, "no unit in the MIB, and the value does not tell"
