"""Gear, links, readings and history as a test says, and the list that comes of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from types import MappingProxyType

import numpy as np

from netwatch.calendars import Calendar, Calendars
from netwatch.model import (
    Asset,
    Column,
    Contribution,
    DeviceKind,
    Entity,
    EntityId,
    EntityKind,
    HistoryReader,
    Instant,
    Inventory,
    InventoryDevice,
    Place,
    PlaceId,
    PlaceKind,
    Places,
    RankedAsset,
    ReplacementPlan,
    SchoolFacts,
    SeriesHistory,
    Snapshot,
    Target,
    load_catalogue,
)
from netwatch.planning import (
    Lifecycle,
    ReplacementPolicy,
    gather,
    load_lifecycle,
    load_policy,
    rank,
)
from netwatch.planning.basis import Incident
from netwatch.planning.replacement import NO_OVERRIDES, Hints, Overrides
from netwatch.resources import config_dir

CATALOGUE = load_catalogue()
POLICY = load_policy(config_dir() / "planning" / "replacement.yaml")
LIFECYCLE = load_lifecycle(config_dir() / "lifecycle")
AT = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
TODAY = date(2026, 11, 20)
SCHOOL = PlaceId("d/s")
UP = "netwatch_device_up"
REBOOTS = "netwatch_device_reboots_total"
AIRTIME = "netwatch_radio_airtime_ratio"
RX = "netwatch_interface_receive_bytes_total"
TX = "netwatch_interface_transmit_bytes_total"
ERRORS = "netwatch_interface_receive_errors_total"
SPEED = "netwatch_interface_speed_bytes_per_second"


def rank_replacements(
    snapshot: Snapshot,
    history: HistoryReader,
    lifecycle: Lifecycle,
    policy: ReplacementPolicy,
    *,
    at: float,
    calendars: Mapping[str, Calendar] = MappingProxyType({}),
    incidents: Mapping[EntityId, tuple[Incident, ...]] | None = None,
    overrides: Overrides = NO_OVERRIDES,
    hints: Hints | None = None,
) -> ReplacementPlan:
    """Gathers and ranks, as the daemon does."""
    known = calendars if isinstance(calendars, Calendars) else Calendars(calendars)
    known = known.with_default(policy.school_hours.calendar())
    basis = gather(snapshot, history, known, at=at, days=policy.history_days, incidents=incidents)
    return rank(basis, lifecycle, policy, overrides=overrides, hints=hints or Hints())


class Memory:
    """A history reader over what a test says."""

    def __init__(self) -> None:
        self.rows: list[SeriesHistory] = []

    def add(
        self, family: str, entity: str, values, *, labels=(), simulated: bool = False, width: int = 3600
    ) -> None:
        """`values`: one per hour, ending at the plan's time; or one number for thirty days."""
        array = np.full(720, values, dtype=float) if np.isscalar(values) else np.asarray(values, dtype=float)
        starts = (int(AT) // width - array.size + np.arange(array.size, dtype=np.int64)) * width
        widths = np.full(array.size, width, dtype=np.int64)
        self.rows.append(
            SeriesHistory(
                family, EntityId(entity), labels, starts, widths, array, array, np.ones(array.size), simulated
            )
        )

    def read(
        self, family: str, start: float, end: float, entities: Sequence[EntityId] | None = None
    ) -> Iterator[SeriesHistory]:
        for row in self.rows:
            if row.family == family and (entities is None or row.entity in entities):
                inside = (row.starts >= start) & (row.starts < end)
                yield dataclasses.replace(
                    row,
                    **{
                        name: getattr(row, name)[inside]
                        for name in ("starts", "widths", "values", "peaks", "coverage")
                    },
                )


@dataclasses.dataclass
class District:
    """Gear, links and readings from which a snapshot is made."""

    entities: dict[EntityId, Entity] = dataclasses.field(default_factory=dict)
    devices: dict[str, InventoryDevice] = dataclasses.field(default_factory=dict)
    assets: list[Asset] = dataclasses.field(default_factory=list)
    links: list[tuple[EntityId, EntityId]] = dataclasses.field(default_factory=list)
    readings: dict[str, dict[str, float]] = dataclasses.field(default_factory=dict)
    history: Memory = dataclasses.field(default_factory=Memory)
    schools: dict[PlaceId, SchoolFacts] = dataclasses.field(default_factory=dict)
    """Beside Lincoln."""

    def device(
        self,
        name: str,
        *,
        kind: DeviceKind = DeviceKind.SWITCH,
        role: str = "access",
        installed: date | None = date(2024, 8, 1),
        healthy: bool = True,
        vendor: str = "acme",
        version: str = "",
        model: str = "S-48",
        place: PlaceId = SCHOOL,
        asset: Mapping[str, object] = MappingProxyType({}),
        **entered,
    ) -> None:
        facts = {
            "kind": str(kind),
            "role": role,
            "vendor": vendor,
            "model": model,
            "version": version,
            "site": "s",
        }
        self.entities[EntityId(name)] = Entity(
            EntityId(name), EntityKind.DEVICE, EntityId(name), None, "", "", name, facts
        )
        self.devices[name] = InventoryDevice(
            name, Target(EntityId(name), name, ("192.0.2.1",)), kind, role, place, **entered
        )
        if installed is not None:
            told = {"vendor": vendor, "model": model, "installed": installed, **asset}
            self.assets.append(Asset(f"SN-{name}", name, **told))
        if healthy:
            self.history.add(UP, name, 1.0)
            self.history.add(REBOOTS, name, 0.0)

    def part(self, device: str, name: str, kind: EntityKind) -> str:
        key = EntityId(f"{device}/{name}")
        self.entities[key] = Entity(key, kind, EntityId(device), EntityId(device), name, "", name)
        return key

    def link(self, left: str, right: str) -> None:
        self.links.append((EntityId(left), EntityId(right)))

    def reading(self, family: str, entity: str, value: float) -> None:
        self.readings.setdefault(family, {})[entity] = value

    def snapshot(self) -> Snapshot:
        columns = {
            family: Column(
                CATALOGUE[family],
                tuple(map(EntityId, values)),
                tuple(() for _ in values),
                np.array(list(values.values()), dtype=float),
                np.full(len(values), np.nan),
                np.full(len(values), AT - 30),
                np.full(len(values), True),
            )
            for family, values in self.readings.items()
        }
        places = Places(
            {
                PlaceId("d"): Place(PlaceId("d"), PlaceKind.DISTRICT, "District", None),
                SCHOOL: Place(
                    SCHOOL, PlaceKind.SCHOOL, "Lincoln", PlaceId("d"), SchoolFacts(calendar="bells")
                ),
                **{
                    place: Place(place, PlaceKind.SCHOOL, str(place), PlaceId("d"), facts)
                    for place, facts in self.schools.items()
                },
            }
        )
        return Snapshot(
            Instant(AT, 0),
            self.entities,
            columns,
            Inventory("d", places, self.devices, tuple(self.assets)),
            links=tuple(self.links),
        )

    def plan(self, **changes) -> ReplacementPlan:
        arguments = {"lifecycle": LIFECYCLE, "policy": POLICY, "at": AT, **changes}
        return rank_replacements(self.snapshot(), self.history, **arguments)


def points(asset: RankedAsset) -> dict[str, float]:
    """Of the criteria and of their parts, by name."""
    parts = {part.name: part.points for one in asset.contributions for part in one.parts}
    return parts | {one.name: one.points for one in asset.contributions}


def part(asset: RankedAsset, name: str) -> Contribution:
    """A part of a criterion."""
    return next(part for one in asset.contributions for part in one.parts if part.name == name)


def reason(asset: RankedAsset) -> str:
    """The part that gave most, those of consequence left out."""
    parts = [part for one in asset.contributions if one.name != "consequence" for part in one.parts]
    return max(parts, key=lambda part: part.points).name


def by_name(plan: ReplacementPlan) -> dict[str, RankedAsset]:
    return {asset.name: asset for asset in plan.assets}


def lesson_load(value: float) -> np.ndarray:
    """Hourly for 60 days: `value` in lessons, next to nothing outside."""
    starts = (int(AT) // 3600 - 1440 + np.arange(1440)) * 3600
    return np.where(POLICY.school_hours.calendar().mask(starts, 3600) > 0, value, 0.01)
