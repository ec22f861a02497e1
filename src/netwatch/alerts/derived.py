"""Families for rules alone, made of snapshots: what is overdue, and what changed from one to the next."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from netwatch.alerts.circuits import circuit_ports
from netwatch.model import (
    Catalogue,
    Column,
    Entities,
    Entity,
    EntityId,
    Family,
    FamilyType,
    Snapshot,
    load_catalogue,
)

__all__ = ["CHANGES", "LATEST", "Changes", "Remembered", "derived_family", "derived_steps", "with_derived"]

LEARNING_SECONDS = 86_400.0
"""For a day after its first start netwatch takes what it sees for what has been there all the time."""
SETTLING_SECONDS = 3600.0
"""Neighbours of a device become known one by one: what comes within an hour was there before."""
_CONFIG = "netwatch_device_config_changed_uptime_seconds"
_OVERDUE = "netwatch_device_overdue_seconds"
_CIRCUIT = "netwatch_interface_circuit_bytes_per_second"
_AT_ONCE = 1000
BOOT_SECONDS = 300.0
"""Within so much uptime an agent loads the configuration that it starts with: that changes nothing."""
_DEVICE, _VERSION, _LEARNING = "@device", "@version", "@learning"
_SERIAL, _CONFIGURED = "@serial", "@config"
CHANGES = (_DEVICE, _VERSION, _LEARNING, _SERIAL, _CONFIGURED)
"""They stand for a rule's name where something is remembered over a restart."""
LATEST = frozenset({_VERSION, _SERIAL, _CONFIGURED})
"""Of these the last one counts, by device."""
Remembered = tuple[str, EntityId, tuple[str, ...]]
Latest = Mapping[tuple[str, EntityId], tuple[str, ...]]


@lru_cache(maxsize=1)
def _derived() -> Catalogue:
    return load_catalogue(
        resources.files("netwatch.alerts").joinpath("derived.yaml").read_text(encoding="utf-8")
    )


def derived_family(name: str) -> Family:
    """One of them."""
    return _derived()[name]


def with_derived(catalogue: Catalogue) -> Catalogue:
    """The catalogue and the families of this module."""
    return Catalogue({**catalogue, **_derived()})


class Traits(NamedTuple):
    """What a device was like."""

    version: str
    serial: str
    config: float
    """Uptime at which its configuration was changed last; NaN: it did not tell."""
    neighbors: frozenset[EntityId]
    """All that it ever had."""
    parent: EntityId | None
    name: str
    since: float
    """Wall seconds of its first sight by this process."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What one evaluation hands to the next."""

    devices: Mapping[EntityId, Traits] | None = None
    """None before the first evaluation."""
    entities: Mapping[EntityId, Entity] | None = None
    links: object = None
    rows: frozenset[Remembered] = frozenset()
    """To be kept over a restart."""
    ids: tuple[EntityId, ...] = ()
    labels: tuple[tuple[str, ...], ...] = ()
    """Of the columns: the same objects as long as there are the same devices."""
    at: float = 0.0
    earlier: Mapping[EntityId, frozenset[EntityId]] = field(default_factory=dict)
    """Neighbours as an earlier process knew them."""
    latest: Latest | None = None
    """Values of `rows` of the sorts in `LATEST`, by sort and device; None: not looked for yet."""

    @property
    def learning_until(self) -> float:
        """Wall seconds."""
        told = [float(labels[0]) for what, _, labels in self.rows if what == _LEARNING]
        return min(told, default=float("inf"))

    def restored(
        self,
        rows: Iterable[Remembered],
        neighbors: Mapping[EntityId, frozenset[EntityId]] = MappingProxyType({}),
    ) -> Changes:
        """With what an earlier process remembered; `neighbors` of the devices of which it knew any."""
        return replace(self, rows=frozenset(rows), earlier=neighbors, latest=None)


class _Event(NamedTuple):
    family: str
    device: EntityId
    amount: int
    origin: str


def derived_steps(
    snapshot: Snapshot, before: Changes, wanted: Iterable[str]
) -> Generator[None, None, tuple[Snapshot, Changes]]:
    """The snapshot with the derived families that are wanted and that it lacks; what the next call needs."""
    names = [name for name in wanted if name in _derived() and name not in snapshot.columns]
    if not names:
        return snapshot, before
    columns = dict(snapshot.columns)
    if _OVERDUE in names:
        overdue = _overdue(snapshot)
        yield
        if overdue is not None:
            columns[_OVERDUE] = overdue
    if _CIRCUIT in names:
        committed = _committed(snapshot)
        yield
        if committed is not None:
            columns[_CIRCUIT] = committed
    counters = [name for name in names if _derived()[name].type is FamilyType.COUNTER]
    after = before
    if counters:
        events, after = yield from _look(snapshot, before)
        for name in counters:
            columns[name] = _counter(_derived()[name], after, events, before.at)
    return replace(snapshot, columns=columns), after


def _overdue(snapshot: Snapshot) -> Column | None:
    now = snapshot.at.wall
    late: dict[EntityId, tuple[float, str]] = {}
    for table in snapshot.freshness:
        if table.last_success is None or table.source not in snapshot.entities:
            continue
        seconds = max(0.0, now - table.last_success - table.interval)
        if table.source not in late or seconds > late[table.source][0]:
            reason = f": {table.reason}" if seconds and table.reason else ""
            late[table.source] = seconds, f"table {table.table}{reason}"
    if not late:
        return None
    values = np.array([seconds for seconds, _ in late.values()])
    return _column(_derived()[_OVERDUE], tuple(late), values, now, tuple(text for _, text in late.values()))


def _committed(snapshot: Snapshot) -> Column | None:
    """What the inventory says of circuits whose rate is known."""
    found: dict[EntityId, tuple[float, str]] = {}
    for port, circuits in circuit_ports(snapshot).items():
        rates = [circuit.rate / 8 for circuit in circuits if circuit.rate]
        if rates:
            found[port] = sum(rates), "circuit " + ", ".join(circuit.id for circuit in circuits)
    if not found:
        return None
    values = np.array([rate for rate, _ in found.values()])
    origins = tuple(origin for _, origin in found.values())
    return _column(_derived()[_CIRCUIT], tuple(found), values, snapshot.at.wall, origins)


def _column(
    family: Family, entities: tuple[EntityId, ...], values: np.ndarray, at: float, origins: tuple[str, ...]
) -> Column:
    size = len(entities)
    counter = family.type is FamilyType.COUNTER
    return Column(
        family=family,
        entities=entities,
        labels=((),) * size,
        values=np.zeros(size) if counter else values,
        rates=values if counter else np.full(size, np.nan),
        times=np.full(size, at),
        fresh=np.ones(size, dtype=np.bool_),
        origins=origins,
    )


def _counter(family: Family, now: Changes, events: Iterable[_Event], before: float) -> Column:
    """Increase per second since the last evaluation."""
    mine = {event.device: event for event in events if event.family == family.name}
    rates = np.zeros(len(now.ids))
    origins = [""] * len(now.ids) if mine else []
    if mine:
        elapsed = max(1.0, now.at - before)
        for row, device in enumerate(now.ids):
            if device in mine:
                rates[row] = mine[device].amount / elapsed
                origins[row] = mine[device].origin
    return replace(_column(family, now.ids, rates, now.at, tuple(origins)), labels=now.labels)


def _look(snapshot: Snapshot, before: Changes) -> Generator[None, None, tuple[list[_Event], Changes]]:
    """What changed since the last evaluation."""
    now, known = snapshot.at.wall, before.devices
    if known is not None and _unchanged(snapshot, before):
        return [], replace(before, at=now)
    neighbors = _neighbors(snapshot)
    yield
    configs = _values(snapshot, _CONFIG)
    found: dict[EntityId, Traits] = {}
    events: list[_Event] = []
    latest = before.latest
    if latest is None:
        latest = yield from _latest_of(before.rows)
    memory = _Memory(before.rows, latest)
    if not memory.rows:
        memory.add(_LEARNING, EntityId("until"), f"{now + LEARNING_SECONDS:.0f}")
    learning = now < (before.learning_until if before.rows else now + LEARNING_SECONDS)
    parents = {traits.parent for traits in (known or {}).values()}
    yield from snapshot.find_devices()
    # Who has a child that was known before netwatch was away had all of its children then.
    parents |= {one.parent for one in snapshot.devices() if (_DEVICE, one.id, ()) in before.rows}
    yield
    earlier = {} if known is not None else {key: _earlier(beside) for key, beside in before.earlier.items()}
    for number, device in enumerate(snapshot.devices(), 1):
        old = earlier.get(device.id) if known is None else known.get(device.id)
        new = _traits(device, neighbors, configs, old, now)
        found[device.id] = new
        events += _compared(device, old, new, memory, known or earlier, snapshot)
        told_by = device.parent is not None and not _is_listed(device, snapshot)
        if told_by and (_DEVICE, device.id, ()) not in memory.rows:
            memory.add(_DEVICE, device.id)
            if not learning and old is None and device.parent in parents:
                host = snapshot.entities.get(device.parent) if device.parent is not None else None
                text = f"told by {host.name if host is not None else 'its host'}"
                events.append(_Event("netwatch_device_sightings_total", device.id, 1, text))
        if number % _AT_ONCE == 0:
            yield
    events += _lost(known or {}, found)
    kept = frozenset(memory.rows) if memory.changed else before.rows
    same = tuple(found) == before.ids
    ids = before.ids if same else tuple(found)
    labels = before.labels if same else ((),) * len(ids)
    return events, Changes(
        found, snapshot.entities, snapshot.links, kept, ids, labels, now, before.earlier, memory.known
    )


def _unchanged(snapshot: Snapshot, before: Changes) -> bool:
    one, other = snapshot.entities, before.entities
    same = one is other or (
        isinstance(one, Entities) and isinstance(other, Entities) and one.devices is other.devices
    )
    return same and snapshot.links is before.links and _CONFIG not in snapshot.columns


def _traits(
    device: Entity,
    neighbors: Mapping[EntityId, set[EntityId]],
    configs: Mapping[EntityId, float],
    old: Traits | None,
    now: float,
) -> Traits:
    beside = frozenset(neighbors.get(device.id, ()))
    if old is not None:
        beside = old.neighbors if beside <= old.neighbors else beside | old.neighbors
    return Traits(
        str(device.facts.get("version", "")) or ("" if old is None else old.version),
        str(device.facts.get("serial", "")) or ("" if old is None else old.serial),
        configs.get(device.id, np.nan if old is None else old.config),
        beside,
        device.parent,
        device.name,
        now if old is None else min(old.since, now),
    )


def _compared(
    device: Entity,
    old: Traits | None,
    new: Traits,
    memory: _Memory,
    known: Mapping[EntityId, Traits],
    snapshot: Snapshot,
) -> Iterator[_Event]:
    """What is not as it was, over a restart of netwatch too."""
    before = memory.latest(_VERSION, device.id, new.version)
    if before and new.version and new.version != before:
        text = f"{before} before, {new.version} now"
        yield _Event("netwatch_device_version_changes_total", device.id, 1, text)
    before = memory.latest(_SERIAL, device.id, new.serial)
    if before and new.serial and new.serial != before:
        text = f"{before} before, {new.serial} now"
        yield _Event("netwatch_device_serial_changes_total", device.id, 1, text)
    if not np.isnan(new.config) and _config_changed(device.id, new.config, memory):
        yield _Event("netwatch_device_config_changes_total", device.id, 1, f"at uptime {new.config:.0f} s")
    if old is None:
        return
    settled = snapshot.at.wall - SETTLING_SECONDS
    added = [
        other
        for other in new.neighbors - old.neighbors
        if old.since <= settled and other in known and known[other].since <= settled
    ]
    if added:
        names = ", ".join(sorted(known[other].name for other in added))
        yield _Event("netwatch_device_new_neighbors_total", device.id, len(added), names)


class _Memory:
    """What is remembered over a restart, brought up to date. Nothing is copied before it changes."""

    def __init__(self, rows: frozenset[Remembered], latest: Latest) -> None:
        self.rows: Set[Remembered] = rows
        self.known: Latest = latest
        self.changed = False

    def _own(self) -> tuple[set[Remembered], dict[tuple[str, EntityId], tuple[str, ...]]]:
        if not self.changed or not isinstance(self.rows, set) or not isinstance(self.known, dict):
            self.changed, self.rows, self.known = True, set(self.rows), dict(self.known)
        return self.rows, self.known

    def add(self, what: str, entity: EntityId, *labels: str) -> None:
        self._own()[0].add((what, entity, labels))

    def latest(self, what: str, device: EntityId, now: str) -> str:
        """What was remembered last; empty for nothing. Takes down what is so now, if that is known."""
        kept = self.known.get((what, device), ())
        before = now if now in kept else kept[-1] if kept else ""
        if now and kept != (now,):
            rows, known = self._own()
            rows -= {(what, device, (one,)) for one in kept}
            rows.add((what, device, (now,)))
            known[what, device] = (now,)
        return before


def _latest_of(rows: Iterable[Remembered]) -> Generator[None, None, Latest]:
    """What is known of devices, in steps: done once after a start. Before the last one alone counted a store
    may have several of a device."""
    found: dict[tuple[str, EntityId], tuple[str, ...]] = {}
    for number, (what, entity, labels) in enumerate(rows, 1):
        if what in LATEST:
            found[what, entity] = (*found.get((what, entity), ()), labels[0])
        if not number % _AT_ONCE:
            yield
    return found


def _config_changed(device: EntityId, config: float, memory: _Memory) -> bool:
    """Whether the configuration is another one than when somebody looked last."""
    before = memory.latest(_CONFIGURED, device, f"{config:.0f}")
    if not before or float(before) == round(config):
        return False
    return config >= BOOT_SECONDS or config >= float(before)


def _earlier(neighbors: frozenset[EntityId]) -> Traits:
    """A device as an earlier process knew it, as far as that is remembered here."""
    return Traits("", "", np.nan, neighbors, None, "", 0.0)


def _lost(before: Mapping[EntityId, Traits], now: Mapping[EntityId, Traits]) -> Iterator[_Event]:
    gone: dict[EntityId, list[str]] = {}
    for device in before.keys() - now.keys():
        parent = before[device].parent
        if parent is not None and parent in now:
            gone.setdefault(parent, []).append(before[device].name)
    for parent, names in gone.items():
        text = ", ".join(sorted(names)[:20]) + (" ..." if len(names) > 20 else "")
        yield _Event("netwatch_device_children_lost_total", parent, len(names), text)


def _neighbors(snapshot: Snapshot) -> dict[EntityId, set[EntityId]]:
    out: dict[EntityId, set[EntityId]] = {}
    for one, other in snapshot.links:
        a, b = snapshot.entities.get(one), snapshot.entities.get(other)
        if a is not None and b is not None and a.device != b.device:
            out.setdefault(a.device, set()).add(b.device)
            out.setdefault(b.device, set()).add(a.device)
    return out


def _values(snapshot: Snapshot, family: str) -> dict[EntityId, float]:
    column = snapshot.columns.get(family)
    if column is None:
        return {}
    rows = np.flatnonzero(column.fresh & np.isfinite(column.values)).tolist()
    values = column.values
    return {column.entities[row]: float(values[row]) for row in rows}


def _is_listed(device: Entity, snapshot: Snapshot) -> bool:
    return device.name in snapshot.inventory.devices
