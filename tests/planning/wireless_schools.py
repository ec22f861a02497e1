"""Schools whose true need of wireless is known: a seeded generator over a model of airtime.

A wing is a row of rooms with an access point each. Every access point has a demand for airtime (clients
times what each needs), hears others on its channel the better the nearer they are, and what is on a channel
together can't be more than all of it. The truth is found by trying: the best channel plan, then one more
access point after the other beside the fullest, until all are below the target. Nothing here uses the
judgement under test.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from netwatch.calendars import Calendars
from netwatch.model import (
    Column,
    DeviceKind,
    Entity,
    EntityId,
    EntityKind,
    Instant,
    Inventory,
    InventoryDevice,
    Place,
    PlaceId,
    PlaceKind,
    Places,
    SchoolFacts,
    SeriesHistory,
    Snapshot,
    Target,
    load_catalogue,
)
from netwatch.planning import Basis, gather, load_policy
from netwatch.resources import config_dir

CATALOGUE = load_catalogue()
SCHOOL_HOURS = load_policy(config_dir() / "planning" / "replacement.yaml").school_hours.calendar()
AT = datetime(2026, 11, 20, 22, tzinfo=UTC).timestamp()
DAYS = 84
HOUR = 3600
AIRTIME, CLIENTS = "netwatch_radio_airtime_ratio", "netwatch_radio_clients"
RETRIES, NOISE = "netwatch_radio_retry_ratio", "netwatch_radio_noise_dbm"
CHANNEL = "netwatch_radio_channel"
FIVE = (36, 44, 52, 60, 100, 108, 116, 124, 132, 140, 149, 157)
FULL, TARGET = 0.7, 0.5
KINDS = {
    "usual": 0.34,
    "phones": 0.14,  # many clients that hardly send
    "video": 0.12,  # few clients that need much
    "crowd": 0.08,  # many clients that need much
    "one channel": 0.12,  # a bad channel plan
    "stranger": 0.05,  # somebody else on the air
    "2.4 GHz": 0.08,
    "thin": 0.07,  # hardly measured
}


@dataclass
class Wing:
    """What is true of one wing."""

    key: str
    kind: str
    demand: np.ndarray
    """Airtime of each access point's own clients at the 95th percentile, if nobody else were on the air."""
    clients: np.ndarray
    channels: np.ndarray
    foreign: float
    growth: float
    split: bool
    """Whether the controller tells airtime by use."""
    need: str = ""
    """add, re-channel, survey needed, configure or leave."""
    count: int = 0
    """Access points that it takes."""
    relief: float = 0.0
    """Clients in full air that more access points relieve, beyond the best channel plan."""


@dataclass
class Schools:
    basis: Basis
    history: Memory
    wings: dict[str, Wing]


class Memory:
    """A history reader over arrays."""

    def __init__(self) -> None:
        self.rows: dict[str, list[SeriesHistory]] = {}

    def add(self, family: str, entity: str, labels, starts: np.ndarray, values: np.ndarray) -> None:
        widths = np.full(starts.size, HOUR, dtype=np.int64)
        row = SeriesHistory(
            family, EntityId(entity), labels, starts, widths, values, values, np.ones(starts.size), True
        )
        self.rows.setdefault(family, []).append(row)

    def read(
        self, family: str, start: float, end: float, entities: Sequence[EntityId] | None = None
    ) -> Iterator[SeriesHistory]:
        for row in self.rows.get(family, ()):
            if entities is None or row.entity in entities:
                first, last = np.searchsorted(row.starts, [start, end])
                arrays = (row.starts, row.widths, row.values, row.peaks, row.coverage)
                cut = (one[first:last] for one in arrays)
                yield SeriesHistory(row.family, row.entity, row.labels, *cut, True)


def hears(count: int) -> np.ndarray:
    """How much of each other's airtime access points in a row of rooms hear."""
    distance = np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
    heard = np.select([distance <= 2, distance <= 4], [1.0, 0.6], 0.3)
    np.fill_diagonal(heard, 0.0)
    return heard


def offered(demand: np.ndarray, channels: np.ndarray, heard: np.ndarray, foreign: float) -> np.ndarray:
    """Airtime that is wanted on the channel of each access point: its own, of others that it hears."""
    same = heard * np.equal.outer(channels, channels)
    return demand + same @ demand + foreign


def served(
    demand: np.ndarray, channels: np.ndarray, heard: np.ndarray, foreign: float
) -> tuple[np.ndarray, np.ndarray]:
    """Own airtime and others', once nobody gets more than there is. `demand`: (hours, access points)."""
    same = (heard * np.equal.outer(channels, channels)).T
    own = demand.copy()
    for _ in range(4):
        own = own * np.minimum(1.0, 0.97 / np.maximum(own + own @ same + foreign, 1e-9))
    return own, np.minimum(own @ same + foreign, 1.0 - own)


def best_channels(demand: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """Those with most demand choose first, each the channel on which it hears least."""
    channels = np.full(demand.size, -1)
    for point in np.argsort(-demand, kind="stable"):
        costs = [float((heard[point] * demand)[channels == channel].sum()) for channel in FIVE]
        channels[point] = FIVE[int(np.argmin(costs))]
    return channels


def in_full_air(wing: Wing, total: np.ndarray, clients: np.ndarray, loads: np.ndarray) -> float:
    """Clients whose channel is full, mean over class hours."""
    return float(((np.outer(loads, total) > FULL) * clients).mean(axis=0).sum())


def find_truth(wing: Wing, loads: np.ndarray) -> None:
    """Tries what helps, cheapest first."""
    if wing.kind in ("2.4 GHz", "stranger"):
        wing.need = "configure" if wing.kind == "2.4 GHz" else "survey needed"
        return
    heard = hears(wing.demand.size)
    now = offered(wing.demand, wing.channels, heard, wing.foreign)
    if now.max() <= FULL:
        wing.need = "leave"
        return
    replanned = offered(wing.demand, best_channels(wing.demand, heard), heard, wing.foreign)
    if replanned.max() <= FULL:
        wing.need = "re-channel"
        return
    wing.need = "add"
    before = in_full_air(wing, replanned, wing.clients, loads)
    tried = list(with_more(wing, heard))
    reached = min(total.max() for total, _ in tried)
    # Where channels run out before the target is reached: the fewest that get as good as it can get.
    goal = max(TARGET, reached + 0.02)
    wing.count = next(number for number, (total, _) in enumerate(tried, 1) if total.max() <= goal)
    wing.relief = before - in_full_air(wing, *tried[wing.count - 1], loads)


def with_more(wing: Wing, heard: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Airtime and clients with one access point more each time, beside the fullest, on the best channels."""
    where, total = np.arange(wing.demand.size), np.array([])
    demand = wing.demand
    for _ in range(2 * wing.demand.size):
        where = np.append(where, where[int(np.argmax(demand if not total.size else total))])
        shared = np.bincount(where)[where]
        demand = wing.demand[where] / shared
        near = heard[np.ix_(where, where)]
        near[np.equal.outer(where, where)] = 1.0
        np.fill_diagonal(near, 0.0)
        total = offered(demand, best_channels(demand, near), near, wing.foreign)
        yield total, wing.clients[where] / shared


def make_wing(key: str, kind: str, split: bool, growth: float, rng: np.random.Generator) -> Wing:
    count = int(rng.integers(4, 9))
    clients, each = {
        "usual": (rng.integers(8, 22, count), rng.uniform(0.010, 0.018)),
        "phones": (rng.integers(32, 70, count), rng.uniform(0.002, 0.006)),
        "video": (rng.integers(9, 17, count), rng.uniform(0.045, 0.075)),
        "crowd": (rng.integers(26, 46, count), rng.uniform(0.018, 0.030)),
        "one channel": (rng.integers(8, 18, count), rng.uniform(0.012, 0.022)),
        "stranger": (rng.integers(8, 20, count), rng.uniform(0.008, 0.014)),
        "2.4 GHz": (rng.integers(8, 18, count), rng.uniform(0.008, 0.016)),
        "thin": (rng.integers(10, 20, count), rng.uniform(0.010, 0.06)),
    }[kind]
    channels = rng.permutation(np.array(FIVE))[:count]
    if kind == "one channel":
        channels = rng.choice(np.array(FIVE)[: int(rng.integers(1, 3))], count)
    elif rng.random() < 0.3:
        channels[1] = channels[0]  # nobody's plan is perfect
    foreign = float(rng.uniform(0.55, 0.75)) if kind == "stranger" else float(rng.uniform(0.01, 0.05))
    demand = clients * each * rng.uniform(0.8, 1.2, count)
    return Wing(key, kind, demand, clients.astype(float), channels, foreign, growth, split)


@dataclass
class _Builder:
    rng: np.random.Generator
    starts: np.ndarray
    loads: np.ndarray
    entities: dict[EntityId, Entity] = field(default_factory=dict)
    devices: dict[str, InventoryDevice] = field(default_factory=dict)
    places: dict[PlaceId, Place] = field(default_factory=dict)
    channels: dict[EntityId, float] = field(default_factory=dict)
    history: Memory = field(default_factory=Memory)

    def place(self, key: str, kind: PlaceKind, parent: str | None, facts: SchoolFacts | None = None) -> None:
        name = key.rpartition("/")[2]
        self.places[PlaceId(key)] = Place(
            PlaceId(key), kind, name, None if parent is None else PlaceId(parent), facts
        )

    def wing(self, wing: Wing) -> None:
        loads = np.clip(self.loads * self.rng.normal(1, 0.05, self.loads.size), 0, None)
        heard = hears(wing.demand.size)
        own, others = served(np.outer(loads, wing.demand), wing.channels, heard, wing.foreign)
        for row in range(wing.demand.size):
            name = f"{wing.key.replace('/', '-')}-{row}"
            room = f"{wing.key}/room-{row}"
            self.place(room, PlaceKind.ROOM, wing.key)
            self.point(name, room)
            mine = own[:, row] * self.rng.normal(1, 0.03, own.shape[0])
            theirs = np.clip(others[:, row] + self.rng.normal(0, 0.01, own.shape[0]), 0, 1)
            self.radio(wing, name, "5ghz", int(wing.channels[row]), mine, theirs, wing.clients[row] * loads)
            low = (0.62, 0.25) if wing.kind == "2.4 GHz" else (0.12, 0.12)
            mine, theirs = low[0] * loads, low[1] * loads
            self.radio(wing, name, "2.4ghz", (1, 6, 11)[row % 3], mine, theirs, 4 * loads)

    def point(self, name: str, room: str) -> None:
        key = EntityId(name)
        facts = {"kind": "wireless", "role": "ap"}
        self.entities[key] = Entity(key, EntityKind.DEVICE, key, None, "", "", name, facts)
        self.devices[name] = InventoryDevice(
            name, Target(key, name, ("192.0.2.1",)), DeviceKind.WIRELESS, "ap", PlaceId(room),
            serves=(PlaceId(room),),
        )  # fmt: skip

    def radio(self, wing: Wing, point: str, band: str, channel: int, own, others, clients) -> None:
        key = EntityId(f"{point}/{band}")
        owner = EntityId(point)
        self.entities[key] = Entity(key, EntityKind.RADIO, owner, owner, band, "", band, {"band": band})
        self.channels[key] = channel
        kept = slice(0, 12) if wing.kind == "thin" else slice(None)
        busy = np.clip(own + others, 0, 1)
        told = {("all",): busy}
        if wing.split:
            told |= {("rx",): own * 0.35, ("tx",): own * 0.65}
        before = self.starts - 364 * 24 * HOUR
        for labels, values in told.items():
            self.history.add(AIRTIME, key, labels, self.starts[kept], values[kept])
        if wing.kind != "thin":
            self.history.add(AIRTIME, key, ("all",), before, busy / (1 + wing.growth))
            self.history.add(CLIENTS, key, ("",), before, clients / (1 + wing.growth))
        self.history.add(CLIENTS, key, ("",), self.starts[kept], np.round(clients)[kept])
        self.history.add(RETRIES, key, (), self.starts[kept], (0.04 + 0.1 * busy**2)[kept])
        self.history.add(NOISE, key, (), self.starts[kept], np.full(self.starts.size, -93.0)[kept])


def make_schools(seed: int, schools: int = 12, wings: int = 4) -> Schools:
    """A district of such wings, its history, and the truth of each wing by the id of its place."""
    rng = np.random.default_rng(seed)
    hours = (int(AT) // HOUR - DAYS * 24 + np.arange(DAYS * 24)) * HOUR
    starts = hours[SCHOOL_HOURS.mask(hours, HOUR) >= 0.5]
    loads = np.clip(rng.normal(0.75, 0.14, starts.size), 0.1, None)
    loads /= np.sort(loads)[-(-95 * loads.size // 100) - 1]
    build = _Builder(rng, starts, loads)
    build.place("d", PlaceKind.DISTRICT, None)
    truth: dict[str, Wing] = {}
    for number in range(schools):
        school = f"d/school-{number:02}"
        build.place(school, PlaceKind.SCHOOL, "d", SchoolFacts(enrolment=int(rng.integers(300, 1300))))
        split, growth = rng.random() < 0.85, float(rng.uniform(0.0, 0.25))
        for wing in range(wings):
            key = f"{school}/wing-{wing}"
            build.place(key, PlaceKind.WING, school)
            kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
            truth[key] = make_wing(key, kind, split, growth, rng)
            find_truth(truth[key], loads)
            build.wing(truth[key])
    column = Column(
        CATALOGUE[CHANNEL],
        tuple(build.channels),
        ((),) * len(build.channels),
        np.array(list(build.channels.values()), dtype=float),
        np.full(len(build.channels), np.nan),
        np.full(len(build.channels), AT - 30),
        np.full(len(build.channels), True),
    )
    inventory = Inventory("d", Places(build.places), build.devices)
    snapshot = Snapshot(Instant(AT, 0), build.entities, {CHANNEL: column}, inventory)
    # What all plans measure is not needed here, and takes most of the time.
    basis = gather(snapshot, Memory(), Calendars({}).with_default(SCHOOL_HOURS), at=AT, days=DAYS)
    return Schools(basis, build.history, truth)
