"""What is planted in the simulated district comes out: from its inventory and two years of its history."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from netwatch.calendars import Calendars, load_calendars
from netwatch.config import load_settings
from netwatch.documents import read_yaml
from netwatch.inventory import load_inventory
from netwatch.model import (
    Column,
    Entity,
    EntityId,
    EntityKind,
    FamilyType,
    Instant,
    Inventory,
    SeriesHistory,
    Snapshot,
    load_catalogue,
)
from netwatch.planning import (
    CapacityResult,
    capacity_dates,
    judge_capacity,
    load_capacity_policy,
    measure_capacity,
)
from netwatch.planning.basis import Basis, Measurements, Topology, match_devices
from netwatch.planning.capacity import CapacityKind, CapacityLine, Outlook
from netwatch.planning.capacity.report import report
from netwatch.resources import config_dir
from netwatch.simulate import District, load_district, seed_history, write_config
from netwatch.simulate.links import link_speed, port_name

AT = 1_795_300_000.0
CATALOGUE = load_catalogue()
POLICY = load_capacity_policy(config_dir() / "planning" / "capacity.yaml")
FAMILIES = (
    *("netwatch_volume_used_bytes", "netwatch_pool_used_bytes", "netwatch_memory_used_bytes"),
    *("netwatch_interface_receive_bytes_total", "netwatch_interface_transmit_bytes_total"),
    *("netwatch_pse_used_watts", "netwatch_trunk_channels_active", "netwatch_device_calls"),
    "netwatch_processor_utilization_ratio",
)
SIZES = ("netwatch_volume_size_bytes", "netwatch_pool_size_bytes", "netwatch_pse_budget_watts")


@dataclass
class Past:
    """The simulator's blocks as a history reader, and a snapshot of the moment at which they end."""

    inventory: Inventory
    entities: dict[EntityId, Entity] = field(default_factory=dict)
    rows: dict[str, list[SeriesHistory]] = field(default_factory=dict)
    now: dict[str, dict[tuple[EntityId, tuple[str, ...]], float]] = field(default_factory=dict)
    links: list[tuple[EntityId, EntityId]] = field(default_factory=list)

    def entity(self, device: str, sort: EntityKind, natural: str, **facts: Any) -> EntityId:
        entity = EntityId(f"{device}|{sort}|{natural}" if natural else device)
        if entity not in self.entities:
            name = natural.removeprefix("hr.") or device
            self.entities[entity] = Entity(entity, sort, EntityId(device), None, natural, "", name, facts)
        return entity

    def read(
        self, family: str, start: float, end: float, entities: Sequence[EntityId] | None = None
    ) -> Iterator[SeriesHistory]:
        wanted = None if entities is None else set(entities)
        for row in self.rows.get(family, []):
            if wanted is None or row.entity in wanted:
                yield row

    def snapshot(self) -> Snapshot:
        columns = {}
        for family, found in self.now.items():
            size = len(found)
            columns[family] = Column(
                CATALOGUE[family],
                tuple(entity for entity, _ in found),
                tuple(labels for _, labels in found),
                np.array(list(found.values())),
                np.full(size, np.nan),
                np.full(size, AT),
                np.ones(size, dtype=bool),
            )
        return Snapshot(Instant(AT, 0.0), self.entities, columns, self.inventory, links=tuple(self.links))


def past_of(district: District, inventory: Inventory) -> Past:
    past = Past(inventory)
    for device in district.devices:
        past.entity(
            device.name, EntityKind.DEVICE, "", kind=device.template.kind.value, role=device.template.role
        )
    for link in district.links:
        ends = []
        for device, port in ((link.upper, link.upper_port), (link.lower, link.lower_port)):
            ends.append(past.entity(device.name, EntityKind.INTERFACE, port_name(device, port)))
            speeds = past.now.setdefault("netwatch_interface_speed_bytes_per_second", {})
            speeds[ends[-1], ()] = link_speed(link) / 8  # what the two ends agree on
        past.links.append((ends[0], ends[1]))
    for block in seed_history(district, AT):
        if block.family not in FAMILIES + SIZES:
            continue
        for subject, labels, values, peaks in zip(
            block.subjects, block.labels, block.values, block.peaks, strict=True
        ):
            facts = {"class": "system"} if subject.key.kind is EntityKind.MEMORY else {}
            entity = past.entity(subject.device, subject.key.kind, subject.key.natural, **facts)
            past.now.setdefault(block.family, {})[entity, labels] = float(values[-1])
            if block.family in SIZES:
                continue
            starts = block.start + block.width * np.arange(values.size, dtype=np.int64)
            widths = np.full(values.size, block.width, dtype=np.int64)
            rate = block.width if block.type is FamilyType.COUNTER else 1
            series = SeriesHistory(
                *(block.family, entity, labels, starts, widths),
                *(values / rate, peaks / rate, np.ones(values.size), True),
            )
            past.rows.setdefault(block.family, []).append(series)
    for entity, found in list(past.entities.items()):
        if found.kind is EntityKind.TRUNK:
            past.now.setdefault("netwatch_trunk_channels", {})[entity, ()] = 23.0
        if found.kind is EntityKind.MEMORY:
            past.now.setdefault("netwatch_memory_size_bytes", {})[entity, ()] = 274609471488.0
    return past


@pytest.fixture(scope="module")
def district() -> District:
    return load_district(scale=40)


@pytest.fixture(scope="module")
def made(district: District, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, CapacityResult]:
    folder = tmp_path_factory.mktemp("demo")
    settings = load_settings(write_config(district, folder, at=AT), os.environ)
    inventory = load_inventory(settings, os.environ, lambda device: EntityId(device.name))
    past = past_of(district, inventory)
    known: Calendars = load_calendars(
        [read_yaml(one) for one in folder.glob("calendars/*.yaml")], "America/Chicago"
    )
    snapshot = past.snapshot()
    places = {device: found.place for device, found in match_devices(snapshot).items()}
    basis = Basis(
        *(snapshot, Topology(snapshot), match_devices(snapshot), known, places),
        *(Measurements(), AT - 86400, AT),
    )
    measured = measure_capacity(basis, past, days=POLICY.history_days)
    return basis, measured, judge_capacity(basis, measured, POLICY)


def planted(district: District, name: str) -> dict[str, Any]:
    return next(dict(one) for one in district.planted if one["condition"] == name)


def line(result: CapacityResult, kind: CapacityKind, device: str, part: str = "") -> CapacityLine:
    (found,) = [one for one in result.of(kind) if one.device == device and part in one.name]
    return found


def test_the_volume_is_full_in_five_months(district: District, made: tuple[Any, Any, CapacityResult]) -> None:
    basis, _, result = made
    truth = planted(district, "volume-filling")
    found = line(result, CapacityKind.VOLUME, str(truth["device"]), truth["entity"]["natural"])
    due = basis.day + timedelta(days=round(float(truth["full_in_days"])))
    assert found.outlook is Outlook.FULL
    assert found.median is not None
    assert found.low is not None
    assert found.high is not None
    assert abs((found.median - due).days) <= 10
    assert found.low <= due + timedelta(days=2)
    assert found.high >= due - timedelta(days=2)
    assert "in about 5 months" in found.verdict
    assert capacity_dates(result)[EntityId(str(truth["device"]))] == found.median
    # Nothing else of the district's storage is as urgent.
    stored = [one for one in result.of(CapacityKind.VOLUME, CapacityKind.POOL) if one.median is not None]
    assert min(stored, key=lambda one: one.median or basis.day) is found


def test_the_saturated_uplink_is_over_its_limit(
    district: District, made: tuple[Any, Any, CapacityResult]
) -> None:
    basis, _, result = made
    truth = planted(district, "saturated-uplink")
    (found,) = [
        one
        for one in result.lines
        if one.device == truth["device"] and truth["entity"]["natural"] in one.name
    ]
    assert found.outlook is Outlook.OVER
    assert found.used is not None
    assert found.size is not None
    assert found.used / found.size > 0.9
    assert found.median == basis.day
    assert result.lines.index(found) < 5
    assert "over its limit" in found.verdict


def test_circuits_of_the_district(district: District, made: tuple[Any, Any, CapacityResult]) -> None:
    _, _, result = made
    sheet = report(result, POLICY).sheet("circuits")
    rows = {row.cells[sheet.place("circuit")]: row for row in sheet.rows}
    internet = next(row for name, row in rows.items() if str(name).startswith("NET-A"))
    users = sum(school.enrolment + school.staff for school in district.schools if school.number >= 0)
    cell = dict(zip((one.key for one in sheet.columns), internet.cells, strict=True))
    assert cell["users"] == users
    assert cell["rate"] == 5e9 / 8
    # The p95 of class time is near the full load of the port: 419 MB/s.
    assert cell["used"] == pytest.approx(419e6, rel=0.1)
    assert cell["norm"] == 1e9 / 8
    together = [row.cells[sheet.place("rate")] for name, row in rows.items() if str(name).startswith("NET-")]
    assert cell["per_1000"] == pytest.approx(sum(together) / users * 1000)
    assert cell["meets_norm"] is (cell["per_1000"] >= cell["norm"])
    assert cell["full"] is not None
    schools = [row for name, row in rows.items() if str(name).startswith("WAN-")]
    assert len(schools) == sum(
        link.upper.school.number < 0 <= link.lower.school.number for link in district.links
    )
    assert all(row.cells[sheet.place("used")] is not None for row in schools)


def test_trunks_and_hosts(made: tuple[Any, Any, CapacityResult]) -> None:
    _, _, result = made
    for one in result.of(CapacityKind.TRUNK):
        if one.size is not None:
            assert one.size == 23
            assert 8 < (one.used or 0) < 14
            assert one.outlook is Outlook.FULL  # 15 % a year, from 11 of 14.5 erlangs
    (memory,) = result.of(CapacityKind.MEMORY)
    # A small district has one host: nothing takes over, which is no date.
    assert memory.size == 0
    assert memory.outlook is Outlook.UNKNOWN
    assert memory.verdict == "a single host: nothing takes over when it fails"
    assert memory.used == pytest.approx(0.78 * 274609471488.0, rel=0.02)
    sheet = report(result, POLICY).sheet("hosts")
    assert sheet.column("survives") == (False,)


def test_summers_are_no_shifts(made: tuple[Any, Any, CapacityResult]) -> None:
    _, measured, _ = made
    for thing in measured.things:
        if (
            thing.kind in (CapacityKind.UPLINK, CapacityKind.CIRCUIT, CapacityKind.POE)
            and thing.row is not None
        ):
            assert measured.forecasts.shifts[thing.row] == 0, thing.name


def test_everything_is_said_to_be_simulated_and_again_the_same(
    made: tuple[Any, Any, CapacityResult],
) -> None:
    basis, measured, result = made
    assert result.simulated
    assert judge_capacity(basis, measured, POLICY) == result
    told = report(result, POLICY)
    assert told.simulated
    assert [sheet.name for sheet in told.sheets] == ["dates", "circuits", "trunks", "hosts", "storage"]
