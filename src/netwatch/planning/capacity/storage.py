"""Storage and power: volumes, pools, and what switches deliver over Ethernet."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from netwatch.model import EntityId, SeriesHistory
from netwatch.planning.basis import fills
from netwatch.planning.capacity.robust import FloatArray
from netwatch.planning.capacity.source import Source, Told
from netwatch.planning.capacity.things import CapacityKind, Finish, Thing

__all__ = ["power", "storage"]

_FAMILIES = {
    CapacityKind.VOLUME: ("netwatch_volume_used_bytes", "netwatch_volume_size_bytes"),
    CapacityKind.POOL: ("netwatch_pool_used_bytes", "netwatch_pool_size_bytes"),
}
_RATIO = "netwatch_volume_used_ratio"


def storage(source: Source) -> Finish:
    """Volumes and pools: the last reading of each week. What fills does not breathe with lessons."""
    weekly: dict[CapacityKind, dict[EntityId, FloatArray]] = {}

    def want(kind: CapacityKind) -> None:
        out = weekly[kind] = {}

        def take(series: SeriesHistory) -> None:
            out[series.entity] = source.weeks.last(series)

        source.want(_FAMILIES[kind][0], take)

    def finish() -> Iterator[Thing]:
        for kind, (used_family, size_family) in _FAMILIES.items():
            used, sizes = source.latest(used_family), source.latest(size_family)
            entities = set(used) | set(weekly[kind])
            if kind is CapacityKind.VOLUME:
                told = set(source.latest(_RATIO)) - entities
                entities = {one for one in entities | told if fills(source.entity(one))}
            for entity in sorted(entities):
                yield _stored(source, kind, entity, used, sizes, weekly[kind].get(entity))

    for kind in _FAMILIES:
        want(kind)
    return finish


def power(source: Source) -> Finish:
    """Power over Ethernet: 95th percentile of class time by power source."""
    family = "netwatch_pse_used_watts"
    budgets = {one: told for one, told in source.latest("netwatch_pse_budget_watts").items() if told[0] > 0}
    weekly: dict[EntityId, FloatArray] = {}

    def take(series: SeriesHistory) -> None:
        calendar = source.calendar(source.entity(series.entity).device)
        weekly[series.entity] = source.weeks.percentile(series, calendar)

    source.want(family, take, budgets)
    return lambda: (_power(source, family, one, budgets[one], weekly.get(one)) for one in sorted(budgets))


def _power(source: Source, family: str, entity: EntityId, budget: Told, weekly: FloatArray | None) -> Thing:
    found = np.full(source.weeks.count, np.nan) if weekly is None else weekly
    now, at = source.now(found)
    device = source.entity(entity).device
    return Thing(
        key=f"poe:{entity}",
        kind=CapacityKind.POE,
        name=_name(source, entity),
        school=source.school(device),
        place=source.place(device),
        device=device,
        family=family,
        used=now,
        used_at=at,
        size=budget[0],
        size_source="netwatch_pse_budget_watts",
        size_at=budget[1],
        weekly=found,
        row=None,
        note="95th percentile of class time by week",
        unknown=() if now is not None else ("history of its use",),
    )


def _stored(
    source: Source,
    kind: CapacityKind,
    entity: EntityId,
    used: dict[EntityId, tuple[float, float]],
    sizes: dict[EntityId, tuple[float, float]],
    weekly: FloatArray | None,
) -> Thing:
    size = sizes.get(entity, (0.0, 0.0))
    known = weekly if weekly is not None else np.full(source.weeks.count, np.nan)
    reading = used.get(entity)
    if reading is None:
        finite = known[np.isfinite(known)]
        _, at = source.now(known)
        reading = (float(finite[-1]), at) if finite.size and at is not None else None
    missing = [] if size[0] > 0 else ["size"]
    missing += [] if reading is not None else ["used space in bytes"]
    device = source.entity(entity).device
    return Thing(
        key=f"{kind}:{entity}",
        kind=kind,
        name=_name(source, entity),
        school=source.school(device),
        place=source.place(device),
        device=device,
        family=_FAMILIES[kind][0],
        used=None if reading is None else reading[0],
        used_at=None if reading is None else reading[1],
        size=size[0] if size[0] > 0 else None,
        size_source=_FAMILIES[kind][1],
        size_at=size[1] if size[0] > 0 else None,
        weekly=known,
        row=None,
        note="last reading of each week",
        unknown=tuple(missing),
    )


def _name(source: Source, entity: EntityId) -> str:
    device = source.entity(entity).device
    return f"{source.basis.label(device)} {source.basis.label(entity)}"
