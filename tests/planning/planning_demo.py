"""The simulated district as a basis of plans, without its agents: what the daemon would know of it after a
poll, and its seeded history in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from netwatch.calendars import Calendars
from netwatch.config import load_settings
from netwatch.inventory import load_inventory, read_calendars
from netwatch.model import (
    Column,
    Entity,
    EntityId,
    EntityKind,
    FamilyType,
    Instant,
    SeriesHistory,
    Snapshot,
    load_catalogue,
)
from netwatch.planning import Basis, gather, load_policy
from netwatch.resources import config_dir
from netwatch.simulate import District, SeedBlock, load_district, seed_history, write_config
from netwatch.simulate.links import link_speed, port_name

CATALOGUE = load_catalogue()
SPEED = "netwatch_interface_speed_bytes_per_second"


class SeededHistory:
    """The history of a district, under the ids of `Demo`."""

    def __init__(self, district: District, end: float, years: int, ids) -> None:
        self.rows: dict[str, list[SeriesHistory]] = {}
        self.subjects = set()
        for block in seed_history(district, end, years=years):
            self._take(block, ids)

    def _take(self, block: SeedBlock, ids) -> None:
        count = block.values.shape[1]
        starts = block.start + block.width * np.arange(count, dtype=np.int64)
        widths = np.full(count, block.width, dtype=np.int64)
        for row, (subject, labels) in enumerate(zip(block.subjects, block.labels, strict=True)):
            values, peaks = block.values[row].copy(), block.peaks[row].copy()
            if block.type is FamilyType.COUNTER:
                values = peaks = values / block.width
            self.subjects.add(subject)
            self.rows.setdefault(block.family, []).append(
                SeriesHistory(
                    block.family, ids(subject), labels, starts, widths, values, peaks,
                    block.coverage[row] / block.width, True,
                )
            )  # fmt: skip

    def read(
        self, family: str, start: float, end: float, entities: Sequence[EntityId] | None = None
    ) -> Iterator[SeriesHistory]:
        wanted = None if entities is None else set(entities)
        for row in self.rows.get(family, ()):
            if wanted is None or row.entity in wanted:
                first, last = np.searchsorted(row.starts, [start, end])
                cut = slice(int(first), int(last))
                yield SeriesHistory(
                    row.family, row.entity, row.labels, row.starts[cut], row.widths[cut], row.values[cut],
                    row.peaks[cut], row.coverage[cut], True,
                )  # fmt: skip


class _Nothing:
    def read(
        self, family: str, start: float, end: float, entities: Sequence[EntityId] | None = None
    ) -> Iterator[SeriesHistory]:
        return iter(())


class Demo:
    """A district, a snapshot of it at `at` (wall seconds), its history."""

    def __init__(self, folder: Path, at: float, *, scale: int = 150, years: int = 1) -> None:
        self.at = at
        self.district = load_district(None, scale, 1)
        self.points = {point.mac: point for point in self.district.access_points()}
        settings = load_settings(write_config(self.district, folder, at=at), os.environ)
        self.inventory = load_inventory(settings, os.environ, lambda device: EntityId(device.name))
        self.calendars: Calendars = read_calendars(settings)
        self.history = SeededHistory(self.district, at, years, self._id)
        self.entities: dict[EntityId, Entity] = {}
        self.snapshot = self._snapshot()

    def basis(self, *, snapshot: Snapshot | None = None, days: float = 365) -> Basis:
        """What plans share, without what it measures itself: that takes seconds, and other tests need it."""
        default = load_policy(config_dir() / "planning" / "replacement.yaml").school_hours.calendar()
        return gather(
            snapshot or self.snapshot, _Nothing(), self.calendars.with_default(default), at=self.at, days=days
        )

    def school(self, slug: str) -> str:
        """Name of a school."""
        return next(one.name for one in self.district.schools if one.slug == slug)

    def _id(self, subject) -> EntityId:
        kind, natural = subject.key
        if kind is EntityKind.DEVICE:
            return EntityId(self.points[natural].name if natural else subject.device)
        return EntityId(f"{self._owner(subject)}/{kind}/{natural}")

    def _owner(self, subject) -> str:
        """Radios belong to the access point, not to the controller that tells of them."""
        point = self.points.get(subject.key.natural.rpartition("/")[0])
        return point.name if subject.key.kind is EntityKind.RADIO and point else subject.device

    def _snapshot(self) -> Snapshot:
        for device in self.district.devices:
            facts = {
                "kind": str(device.template.kind), "role": device.template.role,
                "vendor": device.template.vendor, "model": device.template.model, "serial": device.serial,
            }  # fmt: skip
            self._device(device.name, None, facts)
            for point in device.access_points:
                facts = {"kind": "wireless", "role": "ap", "mac": point.mac, "vendor": device.template.vendor}
                self._device(point.name, EntityId(device.name), facts)
        for subject in self.history.subjects:
            if subject.key.kind is not EntityKind.DEVICE:
                self._part(self._owner(subject), subject.key.kind, subject.key.natural)
        links, speeds = [], {}
        for link in self.district.links:
            ends = []
            for device, port in ((link.lower, link.lower_port), (link.upper, link.upper_port)):
                part = self._part(device.name, EntityKind.INTERFACE, port_name(device, port))
                speeds[part] = link_speed(link) / 8
                ends.append(part)
            links.append((ends[0], ends[1]))
        for point in self.points.values():
            if point.switch is not None:
                port = port_name(point.switch, point.port)
                part = self._part(point.switch.name, EntityKind.INTERFACE, port)
                links.append((EntityId(point.name), part))
        column = Column(
            CATALOGUE[SPEED],
            tuple(speeds),
            ((),) * len(speeds),
            np.array(list(speeds.values())),
            np.full(len(speeds), np.nan),
            np.full(len(speeds), self.at - 30),
            np.full(len(speeds), True),
        )
        return Snapshot(
            Instant(self.at, 0), self.entities, {SPEED: column}, self.inventory, links=tuple(links)
        )

    def _device(self, name: str, parent: EntityId | None, facts) -> None:
        key = EntityId(name)
        self.entities[key] = Entity(key, EntityKind.DEVICE, key, parent, "", "", name, facts)

    def _part(self, device: str, kind: EntityKind, natural: str) -> EntityId:
        key = EntityId(f"{device}/{kind}/{natural}")
        owner = EntityId(device)
        self.entities[key] = Entity(key, kind, owner, owner, natural, "", natural, {})
        return key
