"""The state of everything that netwatch watches: where observations go in and snapshots come out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from netwatch.model import (
    ROOT,
    Block,
    Catalogue,
    Clock,
    EntityId,
    EntityKey,
    EntityKind,
    Evidence,
    Freshness,
    IdentityJournal,
    Inventory,
    InventoryDevice,
    Observation,
    PollFailure,
    Reading,
    Snapshot,
)
from netwatch.model.entity import Entity
from netwatch.state.counter_column import CounterColumn
from netwatch.state.counters import Cause
from netwatch.state.directory import Directory, Sighting
from netwatch.state.holders import Claim, Holders
from netwatch.state.identity import Conflict, IdentityMap
from netwatch.state.readings import Batch, SeriesTable
from netwatch.state.series import SeriesColumn
from netwatch.state.sources import Source, UptimeWitness
from netwatch.state.topology import links
from netwatch.state.witnesses import inventory_witnesses

__all__ = ["State"]

_UP = "netwatch_device_up"
_UPTIME = "netwatch_device_uptime_seconds"
_REBOOTS = "netwatch_device_reboots_total"


class State:
    """Takes observations in and gives frozen snapshots out. Lives in the event loop; nothing here waits."""

    def __init__(
        self,
        catalogue: Catalogue,
        journal: IdentityJournal,
        new_id: Callable[[], EntityId],
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._identity = IdentityMap(journal, new_id)
        self._directory = Directory(self._identity)
        self._series = SeriesTable(catalogue)
        self._holders = Holders()
        self._inventory = Inventory()
        self._sources: dict[EntityId, Source] = {}
        self._numbers: dict[EntityId, int] = {}
        self._uptimes: dict[EntityId, UptimeWitness] = {}
        """Witnesses of devices whose uptime is a reading of its own."""
        self._freshness: dict[tuple[EntityId, str], Freshness] = {}
        self._links: tuple[tuple[EntityId, EntityId], ...] = ()
        self._links_version = -1
        self._children_of: Mapping[EntityId, Entity] = {}
        self._children: dict[EntityId, list[Entity]] = {}
        """Filled by readers of snapshots, and theirs as long as the entities stay."""

    # -- inventory

    def device_id(self, device: InventoryDevice) -> EntityId:
        """The permanent id of an entry of the inventory, made at first sight."""
        return self._identity.inventory_device(device.name, inventory_witnesses(device.serial, device.mac))

    def set_inventory(self, inventory: Inventory) -> None:
        """Replaces the inventory. What is polled no longer goes, with what it alone told."""
        gone = self._directory.set_inventory(inventory, self.device_id)
        polled = {d.target.device: d.target for d in inventory.devices.values() if d.target is not None}
        for device in set(self._sources) - set(polled):
            del self._sources[device]
            for key in [key for key in self._freshness if key[0] == device]:
                del self._freshness[key]
        for device in polled:
            if device not in self._sources:
                number = self._numbers.setdefault(device, len(self._numbers))
                self._sources[device] = Source(device, number)
        self._inventory = inventory
        self._identity.inventory_is_complete()
        self._forget(gone)

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Entries of the inventory that seem to be one device."""
        return self._identity.conflicts

    def flush(self) -> int:
        """Writes changed identities to the journal in one batch. Returns how many; for the app to call
        often."""
        return self._identity.flush()

    # -- observations

    def accept(self, observation: Observation) -> None:
        """Takes one observation in. One whose source is not in the inventory (any more) is dropped."""
        source = self._sources.get(observation.source)
        if source is None:
            return
        key = (observation.source, observation.table)
        before = self._freshness.get(key)
        self._freshness[key] = Freshness(
            observation.source,
            observation.table,
            observation.at.wall,
            None if before is None else before.last_failure,
            "" if before is None else before.reason,
            observation.interval,
            0,
        )
        self._witness(observation, source)
        sighting = self._directory.sight(observation)
        self._forget(sighting)
        if observation.readings:
            self._read(observation, source)
        if sighting.missing:
            self._missing(observation, source, sighting)

    def accept_block(self, block: Block) -> None:
        """Takes the values of a table with a known layout in."""
        layout, readings = block.layout, []
        for position in range(len(layout)):
            counter = position < layout.counters
            if counter and not block.counted[position]:
                continue
            value = block.counters[position] if counter else block.gauges[position - layout.counters]
            if value != value:
                continue
            subject = layout.subjects[int(layout.subject_of[position])]
            series = layout.series[int(layout.series_of[position])]
            readings.append(
                Reading(
                    subject.key,
                    series.family,
                    int(value) if counter else float(value),
                    series.labels,
                    layout.origin(position),
                    series.bits,
                )
            )
        self.accept(
            Observation(
                block.source,
                block.table,
                block.at,
                tuple(readings),
                (),
                False,
                block.interval,
                block.evidence,
                block.problems,
            )
        )

    def failed(self, failure: PollFailure) -> None:
        """Notes that a table could not be read. Values stay as they are and grow stale."""
        if failure.source not in self._sources:
            return
        key = (failure.source, failure.table)
        before = self._freshness.get(key)
        self._freshness[key] = Freshness(
            failure.source,
            failure.table,
            None if before is None else before.last_success,
            failure.at.wall,
            failure.reason,
            60.0 if before is None else before.interval,
            1 if before is None else before.failures + 1,
        )

    def known(self, source: EntityId) -> Mapping[EntityKey, EntityId]:
        """Who a source's keys stand for, as far as it has told of them."""
        return dict(self._directory.keys(source))

    def why(self, entity: EntityId, family: str, labels: tuple[str, ...] = ()) -> Cause | None:
        """How the last interval of a counter was judged; None for what is no counter or not there."""
        column = self._series.column(family)
        row = None if column is None else column.find(entity, labels)
        return column.why(row) if isinstance(column, CounterColumn) and row is not None else None

    def snapshot(self) -> Snapshot:
        """Everything as it is now, frozen. The series are copied; entities and labels are shared between
        snapshots until they change."""
        now = self._clock.now()
        entities = self._directory.freeze()
        if self._links_version != self._directory.links_version:
            self._links_version = self._directory.links_version
            self._links = links(entities)
        if self._children_of is not entities:
            self._children_of, self._children = entities, {}
        return Snapshot(
            at=now,
            entities=entities,
            columns=self._series.freeze(now.mono),
            inventory=self._inventory,
            freshness=tuple(self._freshness.values()),
            links=self._links,
            conflicts=tuple((c.first, c.second, c.witness) for c in self._identity.conflicts),
            _children=self._children,
        )

    # -- readings

    def _read(self, observation: Observation, source: Source) -> None:
        keys = self._directory.keys(observation.source)
        entities = self._directory.entities
        resolved: list[tuple[Reading, EntityId, SeriesColumn]] = []
        foreign: dict[EntityId, bool | None] = {}
        for reading in observation.readings:
            column = self._series.column(reading.family)
            if column is None:
                continue
            entity = keys.get(reading.subject)
            if entity is None or entity not in entities:
                entity = self._directory.from_reading(observation, reading.subject)
            device = entities[entity].device
            if entity == source.device and reading.subject != ROOT:
                continue  # a cluster's word on the member that was asked: it knows itself better
            if device != source.device:
                known = foreign.setdefault(device, None)
                if reading.family == _UP and entity == device:
                    foreign[device] = bool(reading.value) or bool(known)
            resolved.append((reading, entity, column))
        believed = {device: self._believe(device, up, observation) for device, up in foreign.items()}
        batches: dict[str, Batch] = {}
        for reading, entity, column in resolved:
            if believed:
                device = entities[entity].device
                if device != source.device and not (
                    believed[device] and self._may_write(device, entity, column, reading, observation.at.mono)
                ):
                    continue
            if reading.family == _UPTIME:
                self._uptime(entity, reading.value, observation, source)
            self._series.batch(batches, reading, column, entity)
        self._series.write(batches, observation, source)

    def _believe(self, device: EntityId, up: bool | None, observation: Observation) -> bool:
        at = observation.at.mono
        self._holders.claim(device, observation.source, Claim(at, observation.interval, up))
        return self._holders.holder(device, at) == observation.source

    def _may_write(
        self, device: EntityId, entity: EntityId, column: SeriesColumn, reading: Reading, now: float
    ) -> bool:
        """A device that is polled itself tells its own values; others may add what it does not tell."""
        own = self._sources.get(device)
        if own is None:
            return True
        row = column.find(entity, reading.labels)
        return row is None or int(column.source[row]) != own.number or not column.is_fresh(row, now)

    def _missing(self, observation: Observation, source: Source, sighting: Sighting) -> None:
        """What a complete table lacks is no longer that source's. If nobody else reports a device that the
        inventory lists, it is down: a controller that forgets an access point says so by silence."""
        for entity in sighting.missing:
            self._holders.release(entity, observation.source)
            known = self._directory.entities.get(entity)
            if (
                known is not None
                and known.kind is EntityKind.DEVICE
                and self._directory.is_listed(entity)
                and entity not in self._sources
                and not self._holders.others(entity, observation.source)
            ):
                origin = f"absent from {observation.table}"
                self._series.set(
                    _UP, entity, 0.0, observation.at, observation.interval, source.number, origin
                )

    # -- restarts

    def _witness(self, observation: Observation, source: Source) -> None:
        restarted = source.uptime.note(observation.evidence, observation.at.mono)
        if restarted is not None and source.device not in self._uptimes:
            self._count_reboot(source.device, restarted, observation, source)

    def _uptime(self, entity: EntityId, seconds: float, observation: Observation, source: Source) -> None:
        witness = self._uptimes.setdefault(entity, UptimeWitness())
        restarted = witness.note(Evidence(uptime=seconds), observation.at.mono)
        if restarted is not None:
            self._count_reboot(entity, restarted, observation, source)

    def _count_reboot(
        self, entity: EntityId, restarted: bool, observation: Observation, source: Source
    ) -> None:
        self._series.add(
            _REBOOTS, entity, int(restarted), observation.at, observation.interval, source.number
        )

    def _forget(self, sighting: Sighting) -> None:
        for entity in sighting.removed:
            self._series.forget(entity)
            self._uptimes.pop(entity, None)
            self._holders.forget(entity)
