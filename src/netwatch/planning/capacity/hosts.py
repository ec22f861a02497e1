"""Hypervisors: what their machines need, and what is left of a site's hosts when the largest one fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from netwatch.model import EntityId, PlaceId
from netwatch.planning.capacity.robust import FloatArray
from netwatch.planning.capacity.source import Source
from netwatch.planning.capacity.things import CapacityKind, Finish, HostFacts, Thing
from netwatch.planning.capacity.weekly import sum_of

__all__ = ["hosts"]

_MEMORY_USED = "netwatch_memory_used_bytes"
_MEMORY_SIZE = "netwatch_memory_size_bytes"
_BUSY = "netwatch_processor_utilization_ratio"
_ROLE = "hypervisor"


@dataclass(frozen=True, slots=True)
class _Group:
    """Hosts that take over each other's machines."""

    key: str
    name: str
    school: str
    place: PlaceId | None
    hosts: tuple[EntityId, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """One resource of all hosts."""

    kind: CapacityKind
    used: str
    """Family."""
    source: str
    """Where sizes come from."""
    sizes: Mapping[EntityId, Mapping[EntityId, float]]
    """By host and entity: bytes, or 1 for each processor."""
    weekly: Mapping[EntityId, FloatArray]
    """By host; a host that has no history of all its entities is missing."""
    at: float | None
    note: str


def hosts(source: Source) -> Finish:
    """Memory and processors of each group of hosts: a cluster where a host names one, else a site."""
    groups = _groups(source)
    everyone = frozenset(host for group in groups for host in group.hosts)
    parts = (_memory(source, everyone), _processors(source, everyone))

    def finish() -> Iterator[Thing]:
        made = [part() for part in parts]
        for group in groups:
            for part in made:
                yield _thing(source, group, part)

    return finish


def _groups(source: Source) -> list[_Group]:
    found: dict[str, list[EntityId]] = {}
    for entity in source.basis.snapshot.devices():
        entered = source.basis.inventory_of.get(entity.id)
        role = (entered.role if entered is not None else "") or str(entity.facts.get("role", ""))
        if role == _ROLE:
            site = source.site(entity.id)
            cluster = str(entity.facts.get("cluster") or (site.id if site is not None else ""))
            found.setdefault(cluster, []).append(entity.id)
    out = []
    for key, members in sorted(found.items()):
        first = min(members)
        name = key if source.entity(first).facts.get("cluster") else source.school(first) or "no place"
        out.append(_Group(key, name, source.school(first), source.place(first), tuple(sorted(members))))
    return out


def _memory(source: Source, everyone: frozenset[EntityId]) -> Callable[[], _Part]:
    sizes: dict[EntityId, dict[EntityId, float]] = {}
    latest: float | None = None
    for entity, (size, at) in sorted(source.latest(_MEMORY_SIZE).items()):
        found = source.entity(entity)
        if found.device in everyone and found.facts.get("class") == "system" and size > 0:
            sizes.setdefault(found.device, {})[entity] = size
            latest = max(latest or at, at)
    weekly = _weekly(source, _MEMORY_USED, sizes, class_time=False)
    note = "95th percentile by week, summed over the hosts"
    return lambda: _Part(CapacityKind.MEMORY, _MEMORY_USED, _MEMORY_SIZE, sizes, weekly(), latest, note)


def _processors(source: Source, everyone: frozenset[EntityId]) -> Callable[[], _Part]:
    sizes: dict[EntityId, dict[EntityId, float]] = {}
    latest: float | None = None
    for entity, (_, at) in sorted(source.latest(_BUSY).items()):
        device = source.entity(entity).device
        if device in everyone:
            sizes.setdefault(device, {})[entity] = 1.0
            latest = max(latest or at, at)
    weekly = _weekly(source, _BUSY, sizes, class_time=True)
    note = "busy processors, 95th percentile of class time by week, summed over the hosts; all count alike"
    return lambda: _Part(CapacityKind.PROCESSOR, _BUSY, _BUSY, sizes, weekly(), latest, note)


def _weekly(
    source: Source, family: str, sizes: Mapping[EntityId, Mapping[EntityId, float]], *, class_time: bool
) -> Callable[[], dict[EntityId, FloatArray]]:
    found = source.grouped(family, [entity for of_host in sizes.values() for entity in of_host])

    def finish() -> dict[EntityId, FloatArray]:
        out: dict[EntityId, FloatArray] = {}
        for host, series in found.items():
            parts = sorted(series, key=lambda one: one.entity)
            total = sum_of(parts) if len(parts) == len(sizes[host]) else None
            if total is not None:
                out[host] = source.weeks.percentile(total, source.calendar(host) if class_time else None)
        return out

    return finish


def _thing(source: Source, group: _Group, part: _Part) -> Thing:
    totals = {host: sum(sorted(part.sizes[host].values())) for host in group.hosts if host in part.sizes}
    nothing = np.full(source.weeks.count, np.nan)
    weekly = np.zeros(source.weeks.count)
    for host in group.hosts:
        weekly = weekly + part.weekly.get(host, nothing)
    now, at = source.now(weekly)
    label = source.basis.label
    # No names: what is unknown may stand in an edition for the public.
    small = [host for host in group.hosts if host not in totals]
    silent = [host for host in group.hosts if host not in part.weekly]
    unknown = [f"{part.kind} of {_count(small)}"] if small else []
    unknown += [f"history of the {part.kind} of {_count(silent)}"] if silent else []
    largest = min(totals, key=lambda host: (-totals[host], host)) if totals else None
    facts = size = None
    if largest is not None:
        total = sum(sorted(totals.values()))
        names = tuple(sorted(label(host) for host in group.hosts))
        facts = HostFacts(names, total, totals[largest], label(largest))
        size = total - totals[largest] if len(totals) == len(group.hosts) else None
    return Thing(
        key=f"{part.kind}:{group.key}",
        kind=part.kind,
        name=f"{part.kind.value} of {_count(group.hosts)} at {group.name}",
        school=group.school,
        place=group.place,
        device=None,
        family=part.used,
        used=now,
        used_at=at,
        size=size,
        size_source=part.source,
        size_at=part.at,
        weekly=weekly,
        row=None,
        note=part.note,
        unknown=tuple(unknown),
        facts=facts,
    )


def _count(members: Sequence[EntityId]) -> str:
    return f"{len(members)} host" + ("s" if len(members) != 1 else "")
