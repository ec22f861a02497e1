"""What meters, PoE sources and sensors measured: watts over the window of the basis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from netwatch.model import EntityId, HistoryReader, SeriesHistory
from netwatch.planning.basis import Basis, Reading

if TYPE_CHECKING:
    from netwatch.planning.whatif.effects import Effects  # which stands on all plans

__all__ = ["CostMeasures", "Watts", "measure_costs", "prepare_costs"]

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
    reading = Reading()
    finish = prepare_costs(basis, reading)
    reading.read(history)
    return finish()


def prepare_costs(basis: Basis, reading: Reading) -> Callable[[], CostMeasures]:
    """Wants the same two families. To be asked after the reading."""
    meters, poe = _Meters(basis), _Meters(basis)
    reading.want(SENSOR, basis.start, basis.at, meters.take)
    reading.want(POE, basis.start, basis.at, poe.take)
    return lambda: CostMeasures(meters.ordered(), poe.ordered(), meters.simulated or poe.simulated)


@dataclass(slots=True)
class _Meters:
    """Those of one family."""

    basis: Basis
    found: dict[EntityId, list[Watts]] = field(default_factory=dict)
    simulated: bool = False

    def take(self, series: SeriesHistory) -> None:
        entity = self.basis.snapshot.entities.get(series.entity)
        seconds = series.coverage * series.widths
        known = np.isfinite(series.values) & (seconds > 0)
        if entity is None or not known.any():
            return
        self.simulated |= series.simulated
        measured = float(seconds[known].sum())
        mean = float((series.values[known] * seconds[known]).sum()) / measured
        name = self.basis.label(series.entity)
        one = Watts(series.entity, name, series.family, mean, measured, series.until)
        self.found.setdefault(entity.device, []).append(one)

    def ordered(self) -> dict[EntityId, tuple[Watts, ...]]:
        return {
            device: tuple(sorted(self.found[device], key=lambda one: one.entity))
            for device in sorted(self.found)
        }
