"""What meters, PoE sources and sensors measured: watts over the window of the basis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from netwatch.model import EntityId, HistoryReader
from netwatch.planning.basis import Basis

if TYPE_CHECKING:
    from netwatch.planning.whatif.effects import Effects  # which stands on all plans

__all__ = ["CostMeasures", "Watts", "measure_costs"]

SENSOR = "netwatch_sensor_power_watts"
POE = "netwatch_pse_used_watts"


@dataclass(frozen=True, slots=True)
class Watts:
    """The mean of one meter, each bucket weighing as many seconds as were measured."""

    entity: EntityId
    name: str
    family: str
    mean: float
    seconds: float
    """That were measured."""
    until: float
    """Wall seconds at which the last bucket ends."""


@dataclass(frozen=True, slots=True)
class CostMeasures:
    """By device, in order of id. Plain data."""

    meters: Mapping[EntityId, tuple[Watts, ...]]
    poe: Mapping[EntityId, tuple[Watts, ...]]
    simulated: bool = False

    def what_if(self, effects: Effects) -> CostMeasures:
        """As it would be: of what is gone or new nothing was measured."""
        over = effects.gone | effects.replaced
        meters, poe = (
            {device: found for device, found in one.items() if device not in over}
            for one in (self.meters, self.poe)
        )
        return replace(self, meters=meters, poe=poe)


def measure_costs(basis: Basis, history: HistoryReader) -> CostMeasures:
    """Reads two families over the window of the basis."""
    meters, first = _read(basis, history, SENSOR)
    poe, second = _read(basis, history, POE)
    return CostMeasures(meters, poe, first or second)


def _read(
    basis: Basis, history: HistoryReader, family: str
) -> tuple[dict[EntityId, tuple[Watts, ...]], bool]:
    found: dict[EntityId, list[Watts]] = {}
    simulated = False
    for series in history.read(family, basis.start, basis.at):
        entity = basis.snapshot.entities.get(series.entity)
        seconds = series.coverage * series.widths
        known = np.isfinite(series.values) & (seconds > 0)
        if entity is None or not known.any():
            continue
        simulated |= series.simulated
        measured = float(seconds[known].sum())
        mean = float((series.values[known] * seconds[known]).sum()) / measured
        until = series.until
        name = basis.label(series.entity)
        found.setdefault(entity.device, []).append(Watts(series.entity, name, family, mean, measured, until))
    ordered = {device: tuple(sorted(found[device], key=lambda one: one.entity)) for device in sorted(found)}
    return ordered, simulated
