"""What history tells of capacity: every thing that fills, week by week, with a forecast of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from netwatch.model import HistoryReader
from netwatch.planning.basis import Basis, Reading
from netwatch.planning.capacity.circuits import circuits_and_uplinks
from netwatch.planning.capacity.forecast import LEAST_KNOWN, LEAST_WEEKS, Forecasts, forecast
from netwatch.planning.capacity.hosts import hosts
from netwatch.planning.capacity.robust import FloatArray
from netwatch.planning.capacity.source import Source
from netwatch.planning.capacity.storage import power, storage
from netwatch.planning.capacity.things import CapacityMeasured, Thing
from netwatch.planning.capacity.trunks import trunks
from netwatch.planning.capacity.weekly import Weeks

__all__ = ["measure_capacity", "prepare_capacity"]

_DAYS_PER_WEEK = 7
_BATCH = 512
"""Series that are forecast together: some 20 MB."""
_STALE = 15
"""Weeks without a reading, longer than any summer, after which nothing is forecast."""


def measure_capacity(basis: Basis, history: HistoryReader, *, days: int) -> CapacityMeasured:
    """Reads the `days` before the time of the basis, each family once; takes seconds where there is much.

    Everything that a policy decides is left out: what is measured holds for all policies.
    """
    reading = Reading()
    finish = prepare_capacity(basis, reading, days=days)
    reading.read(history)
    return finish()


def prepare_capacity(basis: Basis, reading: Reading, *, days: int) -> Callable[[], CapacityMeasured]:
    """Wants what `measure_capacity` reads. To be asked after the reading."""
    weeks = Weeks(max(1, days // _DAYS_PER_WEEK), basis.at, reading.lessons)
    source = Source(basis, reading, weeks)
    parts = [make(source) for make in (storage, circuits_and_uplinks, power, trunks, hosts)]

    def finish() -> CapacityMeasured:
        found = [thing for part in parts for thing in part()]
        found.sort(key=lambda one: one.key)
        school = [_school(source, one) for one in found]
        things, forecasts = _forecasts(found, school)
        return CapacityMeasured(tuple(things), forecasts, source.simulated)

    return finish


def _school(source: Source, thing: Thing) -> FloatArray:
    known = source.basis.snapshot.inventory.places
    if thing.device is not None:
        return source.weeks.school(source.calendar(thing.device))
    return source.weeks.school(source.basis.calendars.at(thing.place, known))


def _forecasts(things: list[Thing], school: list[FloatArray]) -> tuple[list[Thing], Forecasts | None]:
    """Things with the place of their forecast, and the forecasts. Series of one length go together."""
    by_length: dict[int, list[int]] = {}
    for place, thing in enumerate(things):
        known = np.flatnonzero(np.isfinite(thing.weekly))
        length = thing.weekly.size - int(known[0]) if known.size else 0
        recent = known.size and thing.weekly.size - int(known[-1]) <= _STALE
        if recent and length >= LEAST_WEEKS and known.size >= LEAST_KNOWN:
            by_length.setdefault(length, []).append(place)
    out = list(things)
    parts: list[Forecasts] = []
    row = 0
    for length, places in sorted(by_length.items()):
        for batch in _batches(places):
            values = np.stack([things[place].weekly[-length:] for place in batch])
            parts.append(forecast(values, np.stack([school[place][-length:] for place in batch])))
            for place in batch:
                out[place] = replace(things[place], row=row)
                row += 1
    return out, Forecasts.joined(parts) if parts else None


def _batches(places: list[int]) -> Iterable[list[int]]:
    return (places[begin : begin + _BATCH] for begin in range(0, len(places), _BATCH))
