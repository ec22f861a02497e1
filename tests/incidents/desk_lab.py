"""A desk with a clock in hand: alerts come and go, and every notice is kept."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from netwatch.incidents import (
    Audience,
    DeskState,
    Escalation,
    Matcher,
    Policy,
    Silence,
    Subject,
    acknowledge,
    decode_case,
    decode_silence,
    encode_case,
    encode_silence,
    look,
)
from netwatch.model import Alert, AlertState, EntityId, Notice, Severity

START = 1_800_000_000.0
"""2027-01-15 08:00 UTC, a Friday."""


def audience(name: str, **changes) -> Audience:
    return replace(Audience(name, frozenset({name})), **changes)


ESCALATING = Policy(
    audiences={name: audience(name) for name in ("on-call", "leads", "safety")},
    tell=("on-call",),
    life_safety=("safety",),
    escalation=(Escalation(600.0, "leads"),),
)


@dataclass
class Lab:
    policy: Policy = ESCALATING
    now: float = START
    state: DeskState = field(default_factory=DeskState)
    alerts: dict[str, Alert] = field(default_factory=dict)
    silences: dict[str, Silence] = field(default_factory=dict)
    told: list[tuple[float, Notice]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    safety: frozenset[str] = frozenset()
    """Devices that are life safety."""
    looks: int = 0

    def look(self, touched: Collection[str] | None = None, ended: Collection[Alert] = ()) -> None:
        found = look(
            self.state,
            self.alerts,
            tuple(ended),
            subject_of=lambda alert: Subject(
                alert.labels["device"],
                frozenset({"maple", "maple/lincoln"}),
                frozenset({"lab"}),
                alert.labels["device"] in self.safety,
            ),
            policy=self.policy,
            silences=self.silences.values(),
            now=self.now,
            touched=touched,
        )
        self.state = found.state
        self.told += [(self.now, notice) for notice in found.notices]
        self.events += [f"{event.alert}: {event.text}" for event in found.events]
        self.looks += 1

    def fire(
        self, number: str, device: str = "", *, severity: Severity = Severity.CRITICAL, **changes
    ) -> None:
        device = device or number
        alert = Alert(
            id=number,
            rule="DeviceUnreachable",
            entity=EntityId(device),
            device=EntityId(device),
            state=AlertState.FIRING,
            severity=severity,
            since=self.now,
            fired=self.now,
            resolved=None,
            value=0.0,
            summary=f"{device} does not answer",
            labels={"alertname": "DeviceUnreachable", "device": device},
        )
        self.alerts[number] = replace(alert, **changes)
        self.look([number])

    def resolve(self, number: str) -> None:
        alert = replace(self.alerts.pop(number), state=AlertState.RESOLVED, resolved=self.now)
        self.look([number], [alert])

    def explain(self, number: str, by: str) -> None:
        self.alerts[number] = replace(self.alerts[number], suppressed_by=by)
        self.look([number])

    def grow(self, number: str, devices: int, fault: str = "") -> None:
        told = {"devices_behind": str(devices)} | ({"fault": fault} if fault else {})
        self.alerts[number] = replace(self.alerts[number], annotations=told)
        self.look([number])

    def acknowledge(self, number: str, by: str = "ana") -> None:
        self.state, _, _ = acknowledge(self.state, self.alerts[number], by, self.now)
        self.look([number])

    def silence(
        self, number: str, devices: tuple[str, ...], starts: float, ends: float | None, **changes
    ) -> None:
        made = Silence(number, Matcher(devices=devices), starts, ends)
        self.silences[number] = replace(made, **changes)
        self.look()

    def end_silence(self, number: str) -> None:
        del self.silences[number]
        self.look()

    def pass_time(self, seconds: float) -> None:
        """As the daemon does: a look whenever one is due."""
        until = self.now + seconds
        while (due := self.state.due()) is not None and due <= until:
            self.now = max(self.now, due)
            before = self.looks, self.state
            self.look([])
            assert self.state.due() != due or before[1].cases != self.state.cases, "it would look for ever"
        self.now = until
        self.look([])

    def restart(self) -> None:
        """What is kept is read back; everything is looked at anew."""
        cases = {key: decode_case(encode_case(case)) for key, case in self.state.cases.items()}
        assert cases == self.state.cases
        silences = {key: decode_silence(encode_silence(one)) for key, one in self.silences.items()}
        assert silences == self.silences
        self.state = DeskState(cases, dict(self.state.flaps))
        self.silences = silences
        self.look()

    def got(self, channel: str) -> list[str]:
        """What one channel was told, as `alert reason`."""
        return [
            f"{notice.alert.id} {notice.reason.value}"
            for _, notice in self.told
            if notice.channels is None or channel in notice.channels
        ]
