"""What profiles read, by kind of device and vendor: the gaps are what a user wants to know before buying."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from netwatch.model import DeviceKind, EntityKind
from netwatch.profiles.ready.profile import Profile, Table

__all__ = ["AREAS", "DONE", "NONE", "THIN", "Coverage", "coverage", "coverage_tables"]

DONE, THIN, NONE = "done", "thin", "none"
STANDARD = "standard"
"""The folder of the profiles that read what MIBs of the IETF and IEEE hold."""

AREAS: Mapping[str, tuple[EntityKind, ...]] = {
    "ports": (EntityKind.INTERFACE,),
    "processors": (EntityKind.PROCESSOR,),
    "memory": (EntityKind.MEMORY,),
    "volumes": (EntityKind.VOLUME,),
    "pools, disks": (EntityKind.POOL, EntityKind.DISK),
    "sensors": (),
    "states": (),
    "parts": (EntityKind.MODULE,),
    "PoE": (EntityKind.PSE,),
    "radios": (EntityKind.RADIO, EntityKind.SSID),
    "trunks": (EntityKind.TRUNK,),
    "children": (),
}
"""What is looked for, and the entities that show it. Sensors and states are rules of their own; children are
devices that another one tells of."""

_IDENTITY = ("model", "version", "serial")
_MARKS = {DONE: "●", THIN: "○", NONE: ""}


@dataclass(frozen=True)
class Coverage:
    """One kind of gear of one vendor."""

    kind: str
    vendor: str
    profiles: tuple[str, ...]
    identity: str
    areas: Mapping[str, str]
    """By area: done (tables of the vendor's own), thin (standard MIBs only) or none."""


def coverage(profiles: Mapping[str, Profile]) -> list[Coverage]:
    """By kind and vendor, the best of their profiles. What matches nothing by itself does not count."""
    standard = {name for name, profile in profiles.items() if Path(profile.file).parent.name == STANDARD}
    groups: dict[tuple[str, str], list[Profile]] = {}
    for name, profile in profiles.items():
        vendor = profile.constant.get("vendor", "")
        if name not in standard and profile.match and vendor:
            groups.setdefault((profile.constant.get("kind", DeviceKind.OTHER.value), vendor), []).append(
                profile
            )
    found = []
    for (kind, vendor), members in sorted(groups.items(), key=lambda item: (item[0][0], item[0][1].lower())):
        told = [_areas(profile, standard) for profile in members]
        found.append(
            Coverage(
                kind,
                vendor,
                tuple(sorted(profile.name for profile in members)),
                _best(map(_identity, members)),
                {area: _best(one[area] for one in told) for area in AREAS},
            )
        )
    return found


def _best(levels: Iterable[str]) -> str:
    return min(levels, key=(DONE, THIN, NONE).index, default=NONE)


def _identity(profile: Profile) -> str:
    """Model, version and serial number: all of them, some, none."""
    known = sum(bool(profile.identity.get(fact)) or fact in profile.constant for fact in _IDENTITY)
    return DONE if known == len(_IDENTITY) else THIN if known else NONE


def _areas(profile: Profile, standard: set[str]) -> dict[str, str]:
    levels = dict.fromkeys(AREAS, NONE)
    for name, table in profile.tables.items():
        if name in profile.left_out:
            continue
        level = THIN if table.profile in standard else DONE
        for area in _areas_of(table):
            levels[area] = _best((levels[area], level))
    return levels


def _areas_of(table: Table) -> Iterator[str]:
    kinds = {rule.kind for rule in table.entities}
    for area, wanted in AREAS.items():
        if not kinds.isdisjoint(wanted):
            yield area
    if any(rule.levels is None for rule in table.sensors):
        yield "sensors"
    if any(rule.levels is not None for rule in table.sensors):
        yield "states"
    if any(rule.kind is EntityKind.DEVICE and not rule.root for rule in table.entities):
        yield "children"


def coverage_tables(found: Sequence[Coverage]) -> Iterator[str]:
    """Lines of one table per kind."""
    for kind in sorted({one.kind for one in found}):
        rows = [one for one in found if one.kind == kind]
        areas = [area for area in AREAS if any(one.areas[area] == DONE for one in rows)]
        yield f"## {kind}"
        yield ""
        yield "| vendor | profiles | identity | " + " | ".join(areas) + " |"
        yield "|---" * (3 + len(areas)) + "|"
        for one in rows:
            marks = [_MARKS[one.identity], *(_MARKS[one.areas[area]] for area in areas)]
            yield f"| {one.vendor} | {len(one.profiles)} | " + " | ".join(marks) + " |"
        yield ""
