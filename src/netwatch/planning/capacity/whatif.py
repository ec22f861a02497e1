"""Capacity under a scenario: traffic that grows, faster links, schools that close, devices that go."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from netwatch.planning.capacity.things import CapacityKind, CapacityMeasured, CircuitFacts, Thing

if TYPE_CHECKING:
    from netwatch.planning.whatif.effects import Effects

__all__ = ["adjusted"]

_LINKS = (CapacityKind.UPLINK, CapacityKind.CIRCUIT)


def adjusted(measured: CapacityMeasured, effects: Effects) -> CapacityMeasured:
    """The same under the effects: trends keep their shape, and are scaled with the traffic."""
    things: list[Thing] = []
    factors = np.ones(0 if measured.forecasts is None else len(measured.forecasts))
    for thing in measured.things:
        if thing.device in effects.gone or _closed(thing, effects):
            continue
        load = room = 1.0
        if thing.kind in _LINKS and thing.device is not None:
            load = effects.traffic.get(thing.device, 1.0)
        if thing.port is not None:
            room = effects.capacity.get(thing.port, 1.0)
        if thing.row is not None:
            factors[thing.row] = load
        things.append(thing if load == room == 1.0 else _scaled(thing, load, room))
    forecasts = None if measured.forecasts is None else measured.forecasts.scaled(factors)
    return replace(measured, things=tuple(things), forecasts=forecasts)


def _closed(thing: Thing, effects: Effects) -> bool:
    place = str(thing.place or "")
    return any(place == school or place.startswith(f"{school}/") for school in effects.closed)


def _scaled(thing: Thing, load: float, room: float) -> Thing:
    facts = thing.facts
    if isinstance(facts, CircuitFacts) and facts.rate is not None:
        facts = replace(facts, rate=facts.rate * room)
    return replace(
        thing,
        used=None if thing.used is None else thing.used * load,
        size=None if thing.size is None else thing.size * room,
        weekly=thing.weekly * load,
        facts=facts,
    )
