"""How often devices restarted: a counter that netwatch itself keeps of each that tells since when it runs."""

from __future__ import annotations

import math
from collections.abc import Iterable

from netwatch.model import Block, EntityId, Evidence, Instant, Observation
from netwatch.state.blocks import Binding
from netwatch.state.directory import Directory
from netwatch.state.readings import own_row
from netwatch.state.series import SeriesKey, SeriesTable
from netwatch.state.sources import Source, UptimeWitness

__all__ = ["Reboots"]

_REBOOTS = "netwatch_device_reboots_total"


class Reboots:
    """Counts by an uptime that is a reading of its own where there is one, else by the source's evidence."""

    def __init__(self, series: SeriesTable, directory: Directory) -> None:
        self._series = series
        self._directory = directory
        self._family = series.numbers[_REBOOTS]
        self._uptimes: dict[EntityId, UptimeWitness] = {}
        """Witnesses of devices whose uptime is a reading of its own."""
        self._rows: dict[EntityId, int] = {}

    def evidence(self, evidence: Evidence, at: Instant, interval: float, source: Source) -> None:
        """What a source said of itself."""
        restarted = source.uptime.note(evidence, at.mono)
        if restarted is not None and source.device not in self._uptimes:
            self._count(source.device, restarted, at, interval, source)

    def reading(self, entity: EntityId, seconds: float, told: Observation, source: Source) -> None:
        """An uptime that was read by name."""
        self._note(entity, seconds, told.at, told.interval, source)

    def block(self, block: Block, binding: Binding, source: Source) -> None:
        """The uptimes in a block."""
        for offset in binding.plan.uptime:
            place, position = binding.plan.gauge_places[offset], int(binding.plan.gauge_times[offset])
            seconds = float(block.gauges[position - block.layout.counters])
            if math.isfinite(seconds):
                self._note(binding.ids[place.who], seconds, block.at, block.interval, source)

    def forget(self, entities: Iterable[EntityId]) -> None:
        """They are no more."""
        for entity in entities:
            self._rows.pop(entity, None)
            self._uptimes.pop(entity, None)

    def _note(self, entity: EntityId, seconds: float, at: Instant, interval: float, source: Source) -> None:
        witness = self._uptimes.setdefault(entity, UptimeWitness())
        restarted = witness.note(Evidence(uptime=seconds), at.mono)
        if restarted is not None:
            self._count(entity, restarted, at, interval, source)

    def _count(self, entity: EntityId, restarted: bool, at: Instant, interval: float, source: Source) -> None:
        row = self._rows.get(entity)
        if row is None:
            known = self._directory.entities.get(entity)
            device = entity if known is None else known.device
            row = self._rows[entity] = own_row(self._series, SeriesKey(device, entity, self._family))
        group = self._series.groups.passed(source.number, "", at, interval)
        self._series.counters.add(row, int(restarted), at.mono, group)
