"""An Alerting over a real store, restarted at will, with alerts by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from netwatch.app.alerting import Alerting
from netwatch.calendars import Calendars
from netwatch.config import load_settings
from netwatch.model import (
    Alert,
    AlertState,
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
    Severity,
    Snapshot,
    Transition,
)
from netwatch.store import Store

START = 1_800_000_000.0
SETTINGS = """
district: {name: Maple, slug: maple, timezone: America/Chicago}
state_dir: var
web: {external_url: "https://netwatch.maple.example/"}
alerts:
  webhook:
    - {name: ana-phone, url: "http://127.0.0.1:9/"}
    - {name: ben-phone, url: "http://127.0.0.1:9/"}
    - {name: board, url: "http://127.0.0.1:9/", at_least: critical}
  people: {ana: {channels: ana-phone}, ben: {channels: ben-phone}}
  on_call:
    network: {people: [ana, ben], begins: 2027-01-11, swaps: [
      {person: ben, starts: "2027-01-15 20:00", ends: "2027-01-16 08:00"}]}
  audiences:
    first: {on_call: network}
    leads: {channels: board}
  tell: first
  escalation: [{after: 15m, audience: leads}]
  life_safety: {audiences: leads}
  links: {channels: [ana-phone, ben-phone]}
"""


@dataclass
class HandClock:
    wall: float = START

    def now(self) -> Instant:
        return Instant(self.wall, self.wall - START)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.wall += seconds


@dataclass
class FakeEngine:
    """Alerts by hand, with the transitions that the real one would tell of."""

    open: dict[str, Alert] = field(default_factory=dict)
    news: list[Transition] = field(default_factory=list)

    def evaluate(self, _: Snapshot) -> list[Transition]:
        told, self.news = self.news, []
        return told

    def alerts(self) -> Sequence[Alert]:
        return tuple(self.open.values())

    def new_healthy(self) -> list[Any]:
        return []

    def put(self, alert: Alert, at: float) -> None:
        before = self.open.get(alert.id)
        if alert.state is AlertState.RESOLVED:
            del self.open[alert.id]
        else:
            self.open[alert.id] = alert
        self.news.append(Transition(alert, None if before is None else before.state, at))


def snapshot() -> Snapshot:
    places = {
        PlaceId("maple"): Place(PlaceId("maple"), PlaceKind.DISTRICT, "Maple", None),
        PlaceId("maple/lincoln"): Place(
            PlaceId("maple/lincoln"), PlaceKind.SCHOOL, "Lincoln", PlaceId("maple")
        ),
    }
    devices = {
        "core": InventoryDevice("core", None, place=PlaceId("maple/lincoln"), tags=("mdf",)),
        "pbx": InventoryDevice("pbx", None, place=PlaceId("maple/lincoln"), life_safety=True),
    }
    entities = {
        EntityId(name): Entity(EntityId(name), EntityKind.DEVICE, EntityId(name), None, name, "", name, {})
        for name in devices
    }
    return Snapshot(Instant(START, 0.0), entities, {}, Inventory("Maple", Places(places), devices))


class House:
    """An Alerting over a store, restarted at will."""

    def __init__(self, folder: Path, text: str = SETTINGS) -> None:
        (folder / "netwatch.yaml").write_text(text)
        (folder / "var").mkdir(exist_ok=True)
        self.folder, self.clock, self.engine = folder, HandClock(), FakeEngine()
        self.snapshot = snapshot()
        self.calendars: Calendars | None = None
        self.open()

    def open(self) -> None:
        self.store = Store(self.folder / "var/netwatch.db")
        # Nobody pulls the plug here, and waiting for the disk is most of what these tests would do.
        self.store._database._open().execute("PRAGMA synchronous = OFF")
        settings = load_settings(self.folder / "netwatch.yaml", {})
        self.alerting = Alerting((), self.store, settings, self.clock, self.calendars)
        self.alerting._engine = self.engine  # type: ignore[assignment]
        self.desk = self.alerting.desk

    def restart(self) -> None:
        self.store.close()
        self.open()
        self.alerting.judge(self.snapshot)

    def fire(self, number: str, device: str = "core", severity: Severity = Severity.CRITICAL) -> None:
        alert = Alert(
            id=number,
            rule="DeviceUnreachable",
            entity=EntityId(device),
            device=EntityId(device),
            state=AlertState.FIRING,
            severity=severity,
            since=self.clock.wall,
            fired=self.clock.wall,
            resolved=None,
            value=0.0,
            summary=f"{device} does not answer",
            labels={"alertname": "DeviceUnreachable", "device": device},
        )
        self.engine.put(alert, self.clock.wall)

    def resolve(self, number: str) -> None:
        alert = replace(self.engine.open[number], state=AlertState.RESOLVED, resolved=self.clock.wall)
        self.engine.put(alert, self.clock.wall)

    def judge(self, after: float = 0.0) -> None:
        self.clock.wall += after
        self.alerting.judge(self.snapshot)

    def told(self, channel: str) -> list[str]:
        return [entry.key for entry in self.store.outbox.waiting(channel)]

    def bodies(self, channel: str) -> list[dict[str, Any]]:
        return [json.loads(entry.body) for entry in self.store.outbox.waiting(channel)]

    def token(self, channel: str = "ana-phone", row: int = -1) -> str:
        address = self.bodies(channel)[row]["annotations"]["acknowledge"]
        return parse_qs(urlsplit(address).query)["token"][0]
