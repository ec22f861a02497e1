"""Call trunks: the load of the busiest hour of each week, and the lines that carry it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from netwatch.model import EntityId, SeriesHistory
from netwatch.planning.capacity.robust import FloatArray
from netwatch.planning.capacity.source import Source
from netwatch.planning.capacity.things import CapacityKind, Finish, Thing, TrunkFacts
from netwatch.planning.capacity.weekly import sum_of

__all__ = ["trunks"]

_LINES = "netwatch_trunk_channels"
_BUSY = "netwatch_trunk_channels_active"
_CALLS = "netwatch_device_calls"
_YEAR = 52


def trunks(source: Source) -> Finish:
    """Lines of one device are one group: a call takes any of them. A PBX that tells calls, but no lines, is a
    group of unknown size."""
    lines: dict[EntityId, int] = {}
    times: dict[EntityId, float] = {}
    groups: dict[EntityId, list[EntityId]] = {}
    for trunk, (count, at) in sorted(source.latest(_LINES).items()):
        device = source.entity(trunk).device
        lines[device] = lines.get(device, 0) + round(count)
        times[device] = max(times.get(device, 0.0), at)
        groups.setdefault(device, []).append(trunk)
    active = source.grouped(_BUSY, [one for group in groups.values() for one in group])
    calls = source.latest(_CALLS, ("all",))
    told = source.grouped(_CALLS, [one for one in calls if one not in groups], ("all",))

    def finish() -> Iterator[Thing]:
        for device in sorted(groups):
            found = sorted(active.get(device, []), key=lambda one: one.entity)
            complete = len(found) == len(groups[device])
            load = sum_of(found) if found and complete else None
            names = ", ".join(source.basis.label(one) for one in groups[device])
            yield _thing(source, device, names, _BUSY, load, lines[device], times[device])
        for device in sorted(told):
            load = min(told[device], key=lambda one: one.entity)
            yield _thing(source, device, "all calls", _CALLS, load, None, None)

    return finish


def _thing(
    source: Source,
    device: EntityId,
    name: str,
    family: str,
    load: SeriesHistory | None,
    lines: int | None,
    lines_at: float | None,
) -> Thing:
    weekly, hours = np.full(source.weeks.count, np.nan), np.full(source.weeks.count, np.nan)
    if load is not None:
        weekly, hours = source.weeks.busy_hour(load)
    now, at = source.now(weekly)
    busiest, busiest_at = _busiest(weekly, hours)
    entered = source.basis.inventory_of.get(device)
    unknown = [] if load is not None else ["history of calls in progress"]
    unknown += [] if lines is not None else ["number of lines"]
    return Thing(
        key=f"trunk:{device}",
        kind=CapacityKind.TRUNK,
        name=f"{source.basis.label(device)} {name}",
        school=source.school(device),
        place=source.place(device),
        device=device,
        family=family,
        used=now,
        used_at=at,
        size=None if lines is None else float(lines),
        size_source=_LINES,
        size_at=lines_at,
        weekly=weekly,
        row=None,
        note="busiest hour of each week: calls in progress on average",
        unknown=tuple(unknown),
        facts=TrunkFacts(
            lines, busiest, busiest_at, family == _CALLS, entered is not None and entered.life_safety
        ),
    )


def _busiest(weekly: FloatArray, hours: FloatArray) -> tuple[float | None, float | None]:
    """Load and begin of the busiest hour of the last year."""
    last = weekly[-_YEAR:]
    if not np.isfinite(last).any():
        return None, None
    place = int(np.nanargmax(last))
    return float(last[place]), float(hours[-_YEAR:][place])
