"""Recognition and identity: sysObjectID, vendor, kind; model, serial and version by the names of objects."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netwatch.drafting.groups import Column, Group, Groups, dotted
from netwatch.drafting.mib_library import Library
from netwatch.drafting.naming import title_of
from netwatch.drafting.words import Words
from netwatch.model import SYS_OBJECT_ID, SnmpValue

__all__ = [
    "Fact",
    "facts",
    "is_agent",
    "kind_of",
    "match_of",
    "sys_object_id",
]

ENTERPRISES = (1, 3, 6, 1, 4, 1)


@dataclass(frozen=True, slots=True)
class Fact:
    """A text of the walk that tells a fact of the device."""

    column: Column
    group: Group
    sure: bool


def sys_object_id(values: Mapping[str, SnmpValue]) -> str:
    """sysObjectID of a walk; empty if it holds none."""
    value = values.get(SYS_OBJECT_ID)
    return value if isinstance(value, str) else ""


def is_agent(oid: str, words: Words) -> bool:
    """True if a sysObjectID says only which agent was built in, not what the device is."""
    return not oid or any(oid == agent or oid.startswith(f"{agent}.") for agent in words.agents)


def match_of(
    oid: str, groups: Groups, library: Library, words: Words
) -> list[tuple[dict[str, str | list[str]], str]]:
    """How the device is recognised: its sysObjectID, and what is there where that tells too little."""
    name = library.name(tuple(map(int, oid.split(".")))) if oid else ""
    own = _enterprise(oid)
    busiest = _busiest(groups)
    conditions: dict[str, str | list[str]] = {"sys_object_id": oid} if oid else {}
    if is_agent(oid, words) or (busiest and own != busiest):
        place = _place(groups, busiest)
        if place:
            conditions["present"] = place
    if not conditions:
        return []
    note = name or ("no module names this sysObjectID" if oid else "the walk has no sysObjectID")
    return [(conditions, note)]


def _enterprise(oid: str) -> str:
    arcs = tuple(map(int, oid.split("."))) if oid else ()
    return dotted(arcs[:7]) if arcs[:6] == ENTERPRISES and len(arcs) > 6 else ""


def _busiest(groups: Groups) -> str:
    counts: dict[str, int] = {}
    for group in groups.groups:
        enterprise = _enterprise(dotted(group.oid))
        if enterprise:
            counts[enterprise] = counts.get(enterprise, 0) + len(group.columns)
    return max(counts, key=lambda one: counts[one], default="")


def _place(groups: Groups, enterprise: str) -> str:
    """The deepest node that all groups of the enterprise are below."""
    oids = [group.oid for group in groups.groups if _enterprise(dotted(group.oid)) == enterprise]
    if not oids:
        return ""
    first, last = min(oids), max(oids)
    length = 0
    while length < min(len(first), len(last)) and first[length] == last[length]:
        length += 1
    return dotted(first[: max(length, 7)])


def kind_of(groups: Sequence[Group], words: Words) -> str:
    """A kind by the words of modules and tables; empty if none of them tells."""
    text = " ".join(words.spaced(f"{group.module} {group.name}") for group in groups)
    best, most = "", 0
    for rule in words.kinds:
        count = len(rule.words.findall(text))
        if count > most:
            best, most = rule.kind.value, count
    return best


def facts(groups: Sequence[Group], words: Words) -> dict[str, Fact]:
    """Facts by name: the best named scalar, else a column of a table with few rows."""
    out: dict[str, Fact] = {}
    for name in ("model", "serial", "version", "hardware"):
        patterns: Sequence[re.Pattern[str]] = getattr(words.identity, name)
        ranked: list[tuple[bool, int, int, Column, Group]] = []
        for group in groups:
            for column in group.columns:
                rank = _rank(column, group, patterns, words)
                if rank is not None:
                    ranked.append((*rank, len(ranked), column, group))
        taken = {fact.column.oid for fact in out.values()}
        ranked = [one for one in ranked if one[3].oid not in taken]
        if ranked:
            is_table, rank_, _, column, group = min(ranked, key=lambda one: one[:3])
            out[name] = Fact(column, group, sure=not is_table and rank_ < 2)
    return out


_TABLE_ROWS = 8
"""A table with more rows does not tell of the device itself."""


def _rank(
    column: Column, group: Group, patterns: Sequence[re.Pattern[str]], words: Words
) -> tuple[bool, int] | None:
    name = words.spaced(column.name)
    if column.object.type != "OCTET STRING" or not column.texts or column.object.labels:
        return None
    if group.table and len(group.rows) > _TABLE_ROWS:
        return None
    for rank, pattern in enumerate(patterns):
        found = list(pattern.finditer(name))
        if not found:
            continue
        rest = f"{name[: found[-1].start()]} {name[found[-1].end() :]}"
        context = f"{' '.join(title_of(group, (), words))} {rest}" if group.table else rest
        if words.not_identity.search(context):
            continue
        if any(len(text) <= 64 and any(letter.isalnum() for letter in text) for text in column.texts):
            return group.table, rank
    return None
