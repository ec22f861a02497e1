"""A desk that remembers what it was asked to do, for the tests of the web room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import web_district

from netwatch.documents import Document, validate
from netwatch.errors import ConfigError, Problem
from netwatch.incidents import (
    Acknowledgement,
    Event,
    IncidentState,
    Link,
    LinkError,
    MadeSwap,
    Matcher,
    Noise,
    Shift,
    Silence,
    SilenceEntry,
    Standing,
    Swap,
    Told,
    make_token,
    noise,
    read_token,
    silence_of,
    standing_of,
)
from netwatch.model import Alert, AlertState

NOW = web_district.NOW
KEY = b"a key of the tests"
PLANNED = Silence(
    "backup",
    Matcher(devices=("nas-*",), rules=frozenset({"BandwidthHigh"})),
    0.0,
    None,
    comment="nightly copies",
    planned=True,
    hours=((22 * 3600, 4 * 3600),),
    weekdays=frozenset({1, 3}),
)


def token(alert: str = "a1", **changes) -> str:
    return make_token(KEY, replace(Link(alert, "ana-phone", int(NOW + 3600), "n1"), **changes))


class FakeDesk:
    def __init__(self) -> None:
        self.alerts = {alert.id: alert for alert in web_district.alerts()}
        self.known: dict[str, Standing] = {}
        self.made: dict[str, Silence] = {}
        self.swapped: dict[str, MadeSwap] = {}
        self.used: set[str] = set()
        self.events: dict[str, list[Event]] = {
            key: [Event(key, NOW - 1260, "pending"), Event(key, NOW - 1080, "firing")] for key in self.alerts
        }

    def standings(self, alerts: Iterable[Alert]) -> Mapping[str, Standing]:
        return {alert.id: self.known.get(alert.id) or standing_of(alert, None) for alert in alerts}

    def history(self, alert_id: str) -> tuple[Alert, Sequence[Event]] | None:
        alert = self.alerts.get(alert_id)
        return None if alert is None else (alert, self.events[alert_id])

    def acknowledge(self, alert_id: str, by: str, note: str = "") -> Standing | None:
        alert = self.alerts.get(alert_id)
        if alert is None or alert.state is not AlertState.FIRING:
            return None
        made = Standing(IncidentState.ACKNOWLEDGED, acknowledged=Acknowledgement(by, NOW, note))
        self.known[alert_id] = made
        self.events[alert_id].append(Event(alert_id, NOW, f"acknowledged by {by}: {note}"))
        return made

    def silences(self) -> Sequence[Silence]:
        return [PLANNED, *self.made.values()]

    def add_silence(self, wanted: Mapping[str, object], by: str) -> Silence:
        number = f"s-{len(self.made)}"
        entry = validate(SilenceEntry, Document("", {**wanted, "silence": number}, ""))
        self.made[number] = silence_of(entry, "UTC", now=NOW, by=by)
        return self.made[number]

    def end_silence(self, silence_id: str) -> bool:
        return self.made.pop(silence_id, None) is not None

    def on_call(self) -> Sequence[tuple[str, str]]:
        return [("network", "ana")]

    def shifts(self) -> Sequence[Shift]:
        return [Shift("network", "ana", NOW + 3600.0, "ben")]

    def swaps(self) -> Sequence[MadeSwap]:
        return list(self.swapped.values())

    def add_swap(self, wanted: Mapping[str, object], by: str) -> MadeSwap:
        if "person" not in wanted:
            raise ConfigError([Problem("", "person", "missing")])
        ends = datetime.fromisoformat(str(wanted["ends"])).timestamp()
        made = MadeSwap(f"w-{len(self.swapped)}", "network", Swap(NOW, ends, str(wanted["person"])), by, NOW)
        self.swapped[made.id] = made
        return made

    def end_swap(self, swap_id: str) -> bool:
        return self.swapped.pop(swap_id, None) is not None

    def noise(self, seconds: float) -> Noise:
        told = [Told(NOW - 86400.0, "ana", "a1", "DeviceUnreachable", NOW - 80000.0, None)]
        return noise(told, NOW - seconds, NOW)

    def follow(self, token: str) -> tuple[Alert, Standing, str]:
        link = read_token(KEY, token, NOW)
        if link.nonce in self.used:
            raise LinkError("This link was used before: it is good for one time.")
        alert = self.alerts[link.alert]
        return alert, self.known.get(alert.id) or standing_of(alert, None), link.to

    def use(self, token: str) -> tuple[Alert, Standing]:
        alert, _, to = self.follow(token)
        self.used.add(read_token(KEY, token, NOW).nonce)
        done = self.acknowledge(alert.id, f"link to {to}")
        assert done is not None
        return alert, done
