"""What was measured of radios, as a scenario has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from netwatch.model import EntityId

if TYPE_CHECKING:  # a scenario is applied to all plans, this one included
    from netwatch.planning.whatif.effects import Effects
    from netwatch.planning.wireless.measures import Distribution, RadioMeasure, Split

__all__ = ["adjusted"]


def adjusted(radios: Mapping[EntityId, RadioMeasure], effects: Effects) -> dict[EntityId, RadioMeasure]:
    """Airtime and clients in proportion to clients, the neighbours' airtime too: they serve the same school.
    Never more than all of the air. What is gone or replaced is measured no more."""
    over = effects.gone | effects.replaced
    return {
        radio: _grown(found, effects.clients.get(radio, 1.0))
        for radio, found in radios.items()
        if radio not in over
    }


def _grown(found: RadioMeasure, factor: float) -> RadioMeasure:
    if factor == 1.0:
        return found
    clients = found.clients
    return replace(
        found,
        airtime=None if found.airtime is None else _airtime(found.airtime, factor),
        weeks=tuple(min(1.0, one * factor) for one in found.weeks),
        split=None if found.split is None else _split(found.split, factor),
        clients=None
        if clients is None
        else replace(clients, quantiles=tuple(one * factor for one in clients.quantiles)),
    )


def _airtime(told: Distribution, factor: float) -> Distribution:
    return replace(told, quantiles=tuple(min(1.0, one * factor) for one in told.quantiles))


def _split(told: Split, factor: float) -> Split:
    busy = (told.own + told.others) * factor
    share = factor if busy <= 1.0 else factor / busy
    return replace(
        told,
        own=told.own * share,
        others=told.others * share,
        own_p95=min(1.0, told.own_p95 * factor),
        own_low=min(1.0, told.own_low * factor),
        own_high=min(1.0, told.own_high * factor),
    )
