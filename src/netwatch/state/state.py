"""The state of everything that netwatch watches: where observations go in and snapshots come out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, count
from weakref import WeakValueDictionary

import numpy as np

from netwatch.model import (
    ROOT,
    AssetTenure,
    Block,
    Catalogue,
    Clock,
    Column,
    EntityId,
    EntityKey,
    EntityKind,
    Evidence,
    Freshness,
    IdentityJournal,
    IdentityRecord,
    Instant,
    Inventory,
    InventoryDevice,
    Observation,
    PollFailure,
    Snapshot,
)
from netwatch.model.entity import Entity
from netwatch.native import Speed
from netwatch.state.blocks import Binding, LayoutPlan, bind, is_own, named
from netwatch.state.counters import Cause
from netwatch.state.directory import Directory, Sighting
from netwatch.state.holders import Holders
from netwatch.state.identity import Conflict, IdentityMap
from netwatch.state.named import NamedReadings
from netwatch.state.persist import CounterPage
from netwatch.state.readings import set_gauge, take_block
from netwatch.state.reboots import Reboots
from netwatch.state.resume import Kept, export_pages
from netwatch.state.series import SeriesKey, SeriesTable
from netwatch.state.sheets import Sheet
from netwatch.state.sources import Source
from netwatch.state.witnesses import inventory_witnesses

__all__ = ["State"]

_UP = "netwatch_device_up"
_WRITTEN = 200  # identities that are gathered in one go: a few milliseconds


class State:
    """Takes observations in and gives frozen snapshots out. Lives in the event loop; nothing here waits."""

    def __init__(
        self,
        catalogue: Catalogue,
        journal: IdentityJournal,
        new_id: Callable[[], EntityId],
        clock: Clock,
        native: Speed | None = None,
    ) -> None:
        """`native`: the compiled twin of hot loops, where it is to be used."""
        self._clock = clock
        self._identity = IdentityMap(journal, new_id)
        self._directory = Directory(self._identity)
        self._series = SeriesTable(catalogue, native)
        self._holders = Holders()
        self._inventory = Inventory()
        self._sources: dict[EntityId, Source] = {}
        self._reboots = Reboots(self._series, self._directory)
        uptime = self._reboots.reading
        self._named = NamedReadings(self._series, self._directory, self._holders, self._sources, uptime)
        self._bindings: dict[tuple[EntityId, str], Binding] = {}
        """By source and table: the rows of the layout that came last."""
        self._plans: WeakValueDictionary[int, LayoutPlan] = WeakValueDictionary()
        """By id of the layout, which its plan keeps alive."""
        self._numbers: dict[EntityId, int] = {}
        self._fresh_number = count()
        self._kept: Kept | None = None
        """Counters of an earlier life whose series did not come back so far."""
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
            for key in [key for key in self._bindings if key[0] == device]:
                del self._bindings[key]
            self._named.forget(device)
        for device in polled:
            if device not in self._sources:
                source = self._sources[device] = Source(device, self._number(device))
                self._resume_uptime(source)
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

    def unwritten(self) -> Iterator[list[IdentityRecord]]:
        """What `flush` would write, in batches. It is handed out once: whoever takes it brings it to disk."""
        return self._identity.unwritten(_WRITTEN)

    # -- observations

    def accept(self, observation: Observation) -> None:
        """Takes one observation in. One whose source is not in the inventory (any more) is dropped."""
        source = self._sources.get(observation.source)
        if source is None:
            return
        source = self._witness(observation.evidence, observation.at, observation.interval, source)
        self._take(observation, source)

    def _take(self, observation: Observation, source: Source) -> None:
        self._passed(observation.source, observation.table, observation.at, observation.interval)
        about_itself = any(one.key == ROOT for one in observation.seen)
        swaps = len(self._directory.swaps(source.device)) if about_itself else 0
        sighting = self._directory.sight(observation)
        self._forget(sighting, observation.source)
        if about_itself and len(self._directory.swaps(source.device)) > swaps:
            source = self._another(source)
        if observation.readings:
            self._named.take(observation, source)
        if sighting.missing:
            self._missing(observation, source, sighting)

    def accept_block(self, block: Block) -> None:
        """Takes the values of a table with a known layout in. The arrays belong to the block's giver again
        afterwards."""
        source = self._sources.get(block.source)
        if source is None:
            return
        # A pass takes time: what it told before the uptime was read is judged by that uptime as well.
        since = float(np.fmin.reduce(block.times)) if len(block.times) else block.at.mono
        since = since if math.isfinite(since) else block.at.mono
        source = self._witness(block.evidence, Instant(block.at.wall, since), block.interval, source)
        binding = self._binding(block, source)
        if binding is None:
            self._take(named(block), source)
            return
        self._passed(block.source, block.table, block.at, block.interval)
        self._series.groups.told(binding.group, block.at, block.interval)
        if binding.plan.uptime:
            self._reboots.block(block, binding, source)
        take_block(self._series, binding, block, source, since)

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

    def tenures(self) -> tuple[AssetTenure, ...]:
        """The ledger: which things with a serial number filled which places, each in the order of time."""
        return self._directory.tenures()

    def why(self, entity: EntityId, family: str, labels: tuple[str, ...] = ()) -> Cause | None:
        """How the last interval of a counter was judged; None for what is no counter or not there."""
        number, known = self._series.numbers.get(family), self._directory.entities.get(entity)
        if number is None or known is None or not self._series.counts[number]:
            return None
        row = self._series.find(SeriesKey(known.device, entity, number, labels))
        return None if row is None else self._series.counters.why(row)

    def snapshot(self) -> Snapshot:
        """Everything as it is now, frozen. The series are copied; entities and labels are shared between
        snapshots until they change."""
        return self._snapshot(self._series.freeze(self._clock.now().mono))

    async def snapshot_gently(self) -> Snapshot:
        """The same for a large state: gives the event loop a turn after each family. A pass that comes in
        meanwhile may show in some families only."""
        return self._snapshot(await self._series.freeze_gently(self._clock.now().mono))

    def _snapshot(self, columns: Mapping[str, Column]) -> Snapshot:
        if self._kept is not None and self._kept.over(self._clock.now().mono):
            self._kept, self._series.came = None, None
        entities = self._directory.freeze()
        if self._links_version != self._directory.links_version:
            self._links_version = self._directory.links_version
            self._links = self._directory.links()
        if self._children_of is not entities:
            self._children_of, self._children = entities, {}
        return Snapshot(
            at=self._clock.now(),
            entities=entities,
            columns=columns,
            inventory=self._inventory,
            freshness=tuple(self._freshness.values()),
            links=self._links,
            conflicts=tuple((c.first, c.second, c.witness) for c in self._identity.conflicts),
            _children=self._children,
        )

    # -- over a restart of netwatch

    def export_counters(self) -> Iterator[CounterPage]:
        """All counters as they are, in pages of some ten thousand series: give the event loop a turn between
        two. `persist.encode_pages` makes a file of them."""
        devices = {number: device for device, number in self._numbers.items()}

        def evidence(number: int) -> tuple[EntityId, Evidence, float]:
            device = devices.get(number, EntityId(""))
            source = self._sources.get(device)
            if source is None:
                return device, Evidence(), -math.inf
            return device, source.uptime.evidence, source.uptime.at

        waiting = () if self._kept is None else self._kept.pages()
        return chain(waiting, export_pages(self._series, self._clock.now(), evidence))

    def import_counters(self, pages: Iterable[CounterPage]) -> int:
        """Counters of an earlier life, before anything is polled. They go on when their series come back:
        totals at once, the interval in between if the uptime of the source confirms our wall clock. Returns
        how many devices are waited for."""
        kept = Kept(self._series, self._clock.now(), self._number)
        kept.take(pages)
        self._kept, self._series.came = kept, self._resume
        for source in self._sources.values():
            self._resume_uptime(source)
        return len(kept)

    def _resume(self, sheet: Sheet) -> None:
        if self._kept is not None:
            self._kept.resume(sheet, self._confirmed)
            if self._kept.over(self._clock.now().mono):
                self._kept, self._series.came = None, None

    def _confirmed(self, device: EntityId) -> bool:
        source = self._sources.get(device)
        return source is not None and source.uptime.confirmed is True

    def _resume_uptime(self, source: Source) -> None:
        known = None if self._kept is None else self._kept.evidence.get(source.device)
        if known is not None:
            source.uptime.resume(*known)

    def _number(self, device: EntityId) -> int:
        if device not in self._numbers:
            self._numbers[device] = next(self._fresh_number)
        return self._numbers[device]

    # -- readings

    def _passed(self, source: EntityId, table: str, at: Instant, interval: float) -> None:
        before = self._freshness.get((source, table))
        failure, reason = (None, "") if before is None else (before.last_failure, before.reason)
        self._freshness[(source, table)] = Freshness(source, table, at.wall, failure, reason, interval, 0)

    def _binding(self, block: Block, source: Source) -> Binding | None:
        """The rows of a block; None where its values have to be taken one by one."""
        where = (block.source, block.table)
        binding = self._bindings.get(where)
        if binding is not None and binding.holds(block.layout, self._directory.keys_version(block.source)):
            return binding
        self._named.forget(*where)
        self._bindings.pop(where, None)
        plan = self._plans.get(id(block.layout))
        if plan is None or plan.layout is not block.layout:
            plan = self._plans[id(block.layout)] = LayoutPlan(block.layout, self._series)
        if not plan.plain:
            return None
        keys, entities = self._directory.keys(block.source), self._directory.entities
        ids = []
        for key in plan.keys:
            found = keys.get(key)
            if found is None or found not in entities:
                found = self._directory.from_reading(named(block, empty=True), key)
            ids.append(found)
        if not is_own(plan.keys, ids, [entities[found].device for found in ids], source.device):
            return None
        group = self._series.groups.number(source.number, block.table)
        version = self._directory.keys_version(block.source)
        binding = bind(self._series, plan, source.device, tuple(ids), version, group)
        self._bindings[where] = binding
        return binding

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
                at, interval = observation.at, observation.interval
                group = self._series.groups.passed(source.number, observation.table, at, interval)
                key = SeriesKey(entity, entity, self._series.numbers[_UP])
                set_gauge(self._series, key, 0.0, observation.at, group, origin)

    # -- restarts

    def _another(self, source: Source) -> Source:
        """Another device answers in this one's place: none of its counters goes on where the old one's stood.
        As a teller of its own it makes each of them unknown, once."""
        device = source.device
        self._numbers[device] = next(self._fresh_number)
        found = self._sources[device] = Source(device, self._numbers[device])
        for key in [key for key in self._bindings if key[0] == device]:
            del self._bindings[key]
        self._named.forget(device)
        return found

    def _witness(self, evidence: Evidence, at: Instant, interval: float, source: Source) -> Source:
        """Who told this: the same source, or the one that took its place."""
        if evidence is source.evidence:
            return source
        if evidence.agent:
            if source.agent and evidence.agent != source.agent:
                source = self._another(source)
            source.agent = evidence.agent
        source.evidence = evidence
        self._reboots.evidence(evidence, at, interval, source)
        return source

    def _forget(self, sighting: Sighting, hint: EntityId | None = None) -> None:
        if sighting.removed:
            self._series.forget(sighting.removed, hint)
            self._reboots.forget(sighting.removed)
        for entity in sighting.removed:
            self._holders.forget(entity)
