"""A small district in a snapshot, for the tests of the web room."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from netwatch.model import (
    Alert,
    AlertState,
    Column,
    Contribution,
    Entity,
    EntityId,
    EntityKind,
    EvidenceItem,
    Fact,
    FamilyType,
    Freshness,
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
    Severity,
    Snapshot,
    load_catalogue,
)

NOW = 1_790_000_000.0
GIGABIT = 125_000_000.0
CATALOGUE = load_catalogue()


@dataclass
class Builder:
    """Collects entities and series, then freezes them."""

    at: float = NOW
    entities: dict[EntityId, Entity] = field(default_factory=dict)
    series: dict[str, list[tuple]] = field(default_factory=dict)
    places: dict[PlaceId, Place] = field(default_factory=dict)
    inventory: dict[str, InventoryDevice] = field(default_factory=dict)
    freshness: list[Freshness] = field(default_factory=list)

    def school(self, slug: str, name: str, level: str, enrolment: int | None) -> None:
        district = PlaceId("maple")
        self.places.setdefault(district, Place(district, PlaceKind.DISTRICT, "Maple County Schools", None))
        identity = PlaceId(f"maple/{slug}")
        self.places[identity] = Place(
            identity, PlaceKind.SCHOOL, name, district, SchoolFacts(level=level, enrolment=enrolment)
        )
        closet = PlaceId(f"maple/{slug}/mdf")
        self.places[closet] = Place(closet, PlaceKind.CLOSET, "Main closet", identity)

    def device(
        self,
        key: str,
        name: str,
        site: str,
        kind: str,
        up: float | None = 1.0,
        parent: str | None = None,
        **facts: Fact,
    ) -> EntityId:
        identity = EntityId(key)
        known: dict[str, Fact] = {
            "kind": kind,
            "role": "",
            "site": site,
            "district": "maple",
            "address": "",
            **facts,
        }
        if parent is None:
            known["listed"] = True
        self.entities[identity] = Entity(
            identity, EntityKind.DEVICE, identity, EntityId(parent) if parent else None, name, "", name, known
        )
        if site:
            self.inventory[name] = InventoryDevice(
                name, None, place=PlaceId(f"maple/{site.rpartition('/')[2]}/mdf")
            )
        if up is not None:
            self.read(key, "netwatch_device_up", up, origin="poll")
        return identity

    def part(self, key: str, device: str, kind: EntityKind, name: str, **facts: Fact) -> EntityId:
        identity = EntityId(key)
        self.entities[identity] = Entity(
            identity, kind, EntityId(device), EntityId(device), name, key, name, facts
        )
        return identity

    def read(
        self,
        entity: str,
        family: str,
        value: float,
        *labels: str,
        rate: float = float("nan"),
        fresh: bool = True,
        origin: str = "1.3.6.1.2.1.1.3.0",
        age: float = 20.0,
    ) -> None:
        row = (EntityId(entity), labels, value, rate, self.at - age, fresh, origin)
        self.series.setdefault(family, []).append(row)

    def port(
        self,
        device: str,
        name: str,
        speed: float,
        received: float,
        sent: float,
        up: float = 1.0,
        alias: str = "",
    ) -> str:
        key = f"{device}-{name.replace('/', '-')}"
        self.part(key, device, EntityKind.INTERFACE, name, alias=alias)
        self.read(key, "netwatch_interface_speed_bytes_per_second", speed, origin="1.3.6.1.2.1.31.1.1.1.15.1")
        self.read(key, "netwatch_interface_admin_up", 1.0, origin="1.3.6.1.2.1.2.2.1.7.1")
        self.read(key, "netwatch_interface_oper_up", up, origin="1.3.6.1.2.1.2.2.1.8.1")
        counters = (("receive", received * speed, 6), ("transmit", sent * speed, 10))
        for direction, rate, column in counters:
            family = f"netwatch_interface_{direction}_bytes_total"
            self.read(key, family, rate * 86400, rate=rate, origin=f"1.3.6.1.2.1.31.1.1.1.{column}.1")
        self.read(key, "netwatch_interface_receive_errors_total", 12.0, rate=0.0)
        return key

    def snapshot(self) -> Snapshot:
        columns: dict[str, Column] = {}
        for name in CATALOGUE:  # the catalogue's order
            rows = self.series.get(name)
            if rows:
                columns[name] = Column(
                    family=CATALOGUE[name],
                    entities=tuple(row[0] for row in rows),
                    labels=tuple(row[1] or ("",) * len(CATALOGUE[name].labels) for row in rows),
                    values=np.array([row[2] for row in rows], dtype=np.float64),
                    rates=np.array([row[3] for row in rows], dtype=np.float64),
                    times=np.array([row[4] for row in rows], dtype=np.float64),
                    fresh=np.array([row[5] for row in rows], dtype=np.bool_),
                    origins=tuple(row[6] for row in rows),
                )
                assert CATALOGUE[name].type is not FamilyType.INFO
        return Snapshot(
            Instant(self.at, 1000.0),
            dict(self.entities),
            columns,
            Inventory("Maple County Schools", Places(dict(self.places)), dict(self.inventory)),
            tuple(self.freshness),
        )


_SCHOOLS = (
    ("lincoln-es", "Lincoln Elementary", "elementary", 412),
    ("roosevelt-ms", "Roosevelt Middle", "middle", 780),
    ("maple-hs", "Maple High", "high", 1640),
    ("oak-ridge-es", "Oak Ridge Elementary", "elementary", 366),
    ("riverside-es", "Riverside Elementary", "elementary", 501),
    ("washington-ms", "Washington Middle", "middle", 644),
    ("cedar-es", "Cedar Elementary", "elementary", 298),
    ("central-office", "Central Office", "other", None),
)


def district() -> Builder:
    """Eight schools, some fifty devices of every kind, a few of them in trouble."""
    rng = random.Random(7)
    made = Builder()
    for slug, name, level, enrolment in _SCHOOLS:
        made.school(slug, name, level, enrolment)
        _school(made, rng, slug)
    _troubled(made)
    return made


def _school(made: Builder, rng: random.Random, slug: str) -> None:
    core = made.device(
        f"{slug}-core",
        f"{slug}-core-sw1",
        slug,
        "switch",
        role="core",
        address=f"127.10.{len(slug)}.1",
        vendor="Example Networks",
        model="EX-4800-48P",
        version="17.9.4",
        serial=f"EXN{rng.randrange(10**8):08}",
    )
    made.read(core, "netwatch_device_uptime_seconds", rng.uniform(1e5, 3e7), origin="1.3.6.1.2.1.1.3.0")
    made.port(
        core, "Te1/1/1", GIGABIT * 10, rng.uniform(0.05, 0.6), rng.uniform(0.02, 0.3), alias="Uplink to WAN"
    )
    for number in range(1, 13):
        up = 0.0 if rng.random() < 0.15 else 1.0
        made.port(core, f"Gi1/0/{number}", GIGABIT, rng.uniform(0, 0.3) * up, rng.uniform(0, 0.5) * up, up)
    for name, celsius in (("Inlet", 27.5), ("ASIC", 51.0)):
        key = made.part(f"{core}-{name}", core, EntityKind.SENSOR, name)
        made.read(key, "netwatch_sensor_temperature_celsius", celsius, origin="1.3.6.1.2.1.99.1.1.1.4.1006")
        made.read(key, "netwatch_sensor_state_level", 0.0)
    made.freshness.append(Freshness(core, "ports", NOW - 20, None, "", 60.0, 0))
    made.freshness.append(Freshness(core, "inventory", NOW - 4000, None, "", 86400.0, 0))
    controller = made.device(
        f"{slug}-wlc",
        f"{slug}-wlc",
        slug,
        "wireless",
        role="controller",
        address=f"127.10.{len(slug)}.2",
        vendor="Example Wireless",
        model="WC-100",
    )
    for number in range(1, 4):
        ap = made.device(
            f"{slug}-ap{number}",
            f"{slug}-ap-{number:02}",
            slug,
            "wireless",
            role="ap",
            parent=controller,
            vendor="Example Wireless",
            model="AP-635",
        )
        radio = made.part(f"{ap}-5", ap, EntityKind.RADIO, "5 GHz", band="5")
        made.read(radio, "netwatch_radio_clients", float(rng.randrange(40)), "")
        made.read(radio, "netwatch_radio_airtime_ratio", rng.uniform(0.1, 0.95), "all")
    ups = made.device(f"{slug}-ups", f"{slug}-ups1", slug, "power", role="ups", vendor="Example Power")
    battery = made.part(f"{ups}-battery", ups, EntityKind.SENSOR, "Battery")
    made.read(battery, "netwatch_sensor_charge_ratio", 0.97, origin="1.3.6.1.2.1.33.1.2.4.0")


def _troubled(made: Builder) -> None:
    server = made.device(
        "srv", "maple-hs-files", "maple-hs", "server", role="hypervisor", address="127.10.0.9"
    )
    for name, share in (("/", 0.41), ("/home", 0.93)):
        volume = made.part(f"srv-{name}", server, EntityKind.VOLUME, name)
        made.read(volume, "netwatch_volume_size_bytes", 8e12)
        made.read(volume, "netwatch_volume_used_ratio", share)
    made.read("srv", "netwatch_probe_success", 1.0, "icmp")
    made.device(
        "dead", "lincoln-es-sw-3", "lincoln-es", "switch", up=0.0, role="access", address="127.10.0.7"
    )
    made.freshness.append(
        Freshness(EntityId("dead"), "ports", NOW - 900, NOW - 30, "no answer within 3 s", 60.0, 14)
    )
    made.device("mute", "oak-ridge-es-repeater", "oak-ridge-es", "radio", up=None, role="repeater")
    made.port("maple-hs-core", "Te1/1/2", GIGABIT * 10, 0.97, 0.31, alias="Link to Central Office")


def alerts() -> list[Alert]:
    return [
        alert(
            "a1",
            "DeviceUnreachable",
            "dead",
            Severity.CRITICAL,
            "lincoln-es-sw-3 does not answer",
            "lincoln-es",
        ),
        alert(
            "a2",
            "BandwidthOverThreshold",
            "maple-hs-core",
            Severity.WARNING,
            "maple-hs-core-sw1 Te1/1/2 receives at 97 % of its speed",
            "maple-hs",
            value=0.97,
            entity="maple-hs-core-Te1-1-2",
        ),
        alert(
            "a3",
            "InterfaceDown",
            "lincoln-es-core",
            Severity.WARNING,
            "Gi1/0/4 is down",
            "lincoln-es",
            by="a1",
        ),
        alert(
            "a4",
            "VolumeFilling",
            "srv",
            Severity.INFO,
            "/home is 93 % full",
            "maple-hs",
            state=AlertState.PENDING,
        ),
        alert(
            "a5",
            "InterfaceDown",
            "cedar-es-core",
            Severity.WARNING,
            "Gi1/0/2 was down",
            "cedar-es",
            state=AlertState.RESOLVED,
        ),
    ]


def alert(
    key: str,
    rule: str,
    device: str,
    severity: Severity,
    summary: str,
    site: str,
    *,
    state: AlertState = AlertState.FIRING,
    value: float | None = None,
    entity: str = "",
    by: str = "",
    annotations: Mapping[str, str] | None = None,
) -> Alert:
    return Alert(
        id=key,
        rule=rule,
        entity=EntityId(entity or device),
        device=EntityId(device),
        state=state,
        severity=severity,
        since=NOW - 1260,
        fired=NOW - 1080 if state is not AlertState.PENDING else None,
        resolved=NOW - 60 if state is AlertState.RESOLVED else None,
        value=value,
        summary=summary,
        labels={"alertname": rule, "severity": severity, "site": site, "device": device},
        annotations=annotations or {"description": "For longer than the rule allows."},
        suppressed_by=by,
    )


def plan(size: int = 12) -> ReplacementPlan:
    rng = random.Random(3)
    names = ("age", "support", "faults", "saturation", "consequence")
    assets: list[RankedAsset] = []
    for number in range(size):
        slug, school, *_ = _SCHOOLS[number % len(_SCHOOLS)]
        parts = tuple(
            Contribution(
                name,
                round(rng.uniform(0, 30) * (1 - number / size), 1),
                (
                    EvidenceItem("installed 2015-08-01, useful life 7 years", "inventory"),
                    EvidenceItem(
                        "95th percentile of load",
                        "netwatch_interface_receive_bytes_total",
                        0.83,
                        "ratio",
                        NOW,
                    ),
                ),
            )
            for name in names
        )
        assets.append(
            RankedAsset(
                number + 1,
                EntityId(f"{slug}-core"),
                f"{slug}-core-sw1",
                "switch",
                "Example Networks",
                "EX-4800-48P",
                f"EXN{number:05}",
                PlaceId(f"maple/{slug}/mdf"),
                school,
                sum(part.points for part in parts),
                parts,
                ("cost",) if number % 3 == 0 else (),
            )
        )
    assets.sort(key=lambda asset: -asset.score)
    ranked = tuple(replace(asset, rank=number) for number, asset in enumerate(assets, start=1))
    return ReplacementPlan(NOW - 300, "default", ranked, simulated=True)
