"""A state with a clock in hand, and short ways to say what a device tells."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from netwatch.model import (
    ROOT,
    EntityId,
    EntityKey,
    EntityKind,
    Evidence,
    IdentityRecord,
    Instant,
    Inventory,
    InventoryDevice,
    Observation,
    Reading,
    Seen,
    Target,
    Witness,
    WitnessKind,
    load_catalogue,
)
from netwatch.native import Speed, load
from netwatch.state import State

CATALOGUE = load_catalogue()


class MemoryJournal:
    """Identities that outlive a State, as the database does it."""

    def __init__(self) -> None:
        self.records: dict[EntityId, IdentityRecord] = {}
        self.batches = 0

    def load(self) -> Iterable[IdentityRecord]:
        return list(self.records.values())

    def devices(self) -> Iterable[IdentityRecord]:
        return [record for record in self.records.values() if record.kind is EntityKind.DEVICE]

    def pages(self) -> dict[EntityId, Callable[[], list[IdentityRecord]]]:
        parts = [record for record in self.records.values() if record.kind is not EntityKind.DEVICE]
        return {
            device: partial(lambda owner: [one for one in parts if one.device == owner], device)
            for device in {record.device for record in parts}
        }

    def save(self, records: Sequence[IdentityRecord]) -> None:
        self.batches += 1
        self.records |= {record.id: record for record in records}


@dataclass
class HandClock:
    wall: float = 1_800_000_000.0
    mono: float = 1000.0

    def now(self) -> Instant:
        return Instant(self.wall, self.mono)

    def tick(self, seconds: float) -> Instant:
        self.wall += seconds
        self.mono += seconds
        return self.now()

    async def sleep(self, seconds: float) -> None:
        self.tick(seconds)


@dataclass
class World:
    """One district under test."""

    journal: MemoryJournal = field(default_factory=MemoryJournal)
    clock: HandClock = field(default_factory=HandClock)
    numbers: Iterable[int] = field(default_factory=lambda: itertools.count(1))
    native: Speed | None = None

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """The process ends and starts again with the same journal."""
        if hasattr(self, "state"):
            self.state.flush()
        fresh = lambda: EntityId(f"e{next(iter(self.numbers))}")  # noqa: E731
        self.state = State(CATALOGUE, self.journal, fresh, self.clock, self.native)

    def polled(self, *names: str, others: Sequence[InventoryDevice] = (), **extra: object) -> list[EntityId]:
        """Sets an inventory of polled devices (and `others`); returns the ids of the polled ones."""
        devices = {device.name: device for device in others}
        ids = []
        for name in names:
            device = InventoryDevice(name, None, **extra)
            found = self.state.device_id(device)
            ids.append(found)
            target = Target(found, name, ("192.0.2.1",))
            devices[name] = InventoryDevice(name, target, **extra)
        self.state.set_inventory(Inventory("maple", devices=devices))
        return ids

    def tell(
        self,
        source: EntityId,
        table: str,
        *,
        seen: Sequence[Seen] = (),
        readings: Sequence[Reading] = (),
        complete: bool = False,
        uptime: float | None = None,
        interval: float = 60.0,
        at: Instant | None = None,
    ) -> None:
        self.state.accept(
            Observation(
                source,
                table,
                at or self.clock.now(),
                tuple(readings),
                tuple(seen),
                complete,
                interval,
                Evidence(uptime=uptime),
            )
        )

    def find(self, kind: EntityKind, name: str) -> EntityId:
        found = [e.id for e in self.state.snapshot().entities.values() if e.kind is kind and e.name == name]
        assert len(found) == 1, (kind, name, found)
        return found[0]


def port(natural: str, index: str = "", mac: str = "", name: str = "") -> Seen:
    witnesses = (Witness(WitnessKind.MAC, mac),) if mac else ()
    return Seen(EntityKey(EntityKind.INTERFACE, natural), ROOT, index, name or natural, {}, witnesses)


def child(natural: str, *, index: str = "", name: str = "", facts: object = None, **witnesses: str) -> Seen:
    told = tuple(Witness(WitnessKind(kind), value) for kind, value in witnesses.items())
    return Seen(EntityKey(EntityKind.DEVICE, natural), ROOT, index, name or natural, dict(facts or {}), told)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(params=["pure", "compiled"])
def twin_world(request: pytest.FixtureRequest) -> World:
    """With the compiled twin of what blocks take the longest for, and without it."""
    native = load({}) if request.param == "compiled" else None
    if native is None and request.param == "compiled":
        pytest.skip("MISSING: a C compiler")
    return World(native=native)


@pytest.fixture(scope="session")
def new_world() -> type[World]:
    """For tests that need several, or one per example."""
    return World


@pytest.fixture(name="port")
def port_fixture():
    return port


@pytest.fixture(name="child")
def child_fixture():
    return child
