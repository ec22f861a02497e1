"""Whatever happens in whatever order: nothing that should page is lost, and nothing is told twice."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from desk_lab import ESCALATING, Lab
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from netwatch.model import AlertState, Reason, Severity

DEVICES = ("pbx", "core")
SAFETY = "pbx"
devices = st.sampled_from(DEVICES)


@dataclass
class Expected:
    """What a plain reading of the rules says of one firing alert."""

    device: str
    explained: bool = False
    silenced: bool = False
    acknowledged: bool = False
    rounds: int = 0
    told: dict[int, float] = field(default_factory=dict)
    """By round: since when escalation counts."""
    escalated: set[int] = field(default_factory=set)
    looked: float = math.inf
    """When it was looked at last."""


class Machine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.lab = Lab(ESCALATING, safety=frozenset({SAFETY}))
        self.known: dict[str, Expected] = {}
        """By id of the alert, of what fires."""
        self.number = 0
        self.ended = 0
        self.lab_look, self.lab.look = self.lab.look, self._look

    def _look(self, *args, **kwargs) -> None:
        """Each look of the desk is one of the model's, too."""
        self.lab_look(*args, **kwargs)
        now = self.lab.now
        for key, one in self.known.items():
            if key not in self.lab.alerts:
                continue
            silenced = one.device != SAFETY and any(
                silence.starts <= now < silence.ends and silence.matcher.devices[0] in (one.device, "*")
                for silence in self.lab.silences.values()
            )
            gone = one.device != SAFETY and any(
                one.looked < silence.starts < silence.ends <= now
                and silence.matcher.devices[0] in (one.device, "*")
                for silence in self.lab.silences.values()
            )
            if not silenced and (one.silenced or gone):
                one.rounds += 1
            one.looked = now
            one.silenced = silenced
            if silenced or (one.explained and one.device != SAFETY):
                continue
            began = one.told[one.rounds] = min(one.told.get(one.rounds, now), now)
            if now - began >= 600 and not one.acknowledged:
                one.escalated.add(one.rounds)

    def of(self, device: str) -> str | None:
        return next((key for key, one in self.known.items() if one.device == device), None)

    def firing(self, device: str) -> str:
        """The device's alert; made if it has none, so that no step is wasted."""
        if self.of(device) is None:
            self.fire_one(device, explained=False)
        key = self.of(device)
        assert key is not None
        return key

    def fire_one(self, device: str, *, explained: bool) -> None:
        self.number += 1
        key = f"{device}-{self.number}"
        self.known[key] = Expected(device, explained)
        severity = Severity.WARNING if device == SAFETY else Severity.CRITICAL
        self.lab.fire(key, device, severity=severity, suppressed_by="root" if explained else "")

    @rule(device=devices, explained=st.booleans())
    def fire(self, device: str, explained: bool) -> None:
        if self.of(device) is None:
            self.fire_one(device, explained=explained)

    @rule(device=devices)
    def resolve(self, device: str) -> None:
        key = self.of(device)
        if key is not None:
            self.check()
            del self.known[key]
            self.lab.resolve(key)
            self.ended += 1

    @rule(device=devices, by=st.sampled_from(["", "root"]))
    def explain(self, device: str, by: str) -> None:
        key = self.firing(device)
        self.known[key].explained = bool(by)
        self.lab.explain(key, by)

    @rule(device=devices)
    def acknowledge(self, device: str) -> None:
        key = self.firing(device)
        self.known[key].acknowledged = True
        self.lab.acknowledge(key)

    @rule(
        device=st.sampled_from([*DEVICES, "*"]),
        wait=st.sampled_from([-100, 0, 50, 700]),
        length=st.sampled_from([60, 300, 2000]),
    )
    def silence(self, device: str, wait: float, length: float) -> None:
        self.number += 1
        starts = self.lab.now + wait
        self.lab.silence(f"s{self.number}", (device,), starts, starts + length)

    @rule(choice=st.integers(0, 9))
    def end_silence(self, choice: int) -> None:
        if self.lab.silences:
            keys = sorted(self.lab.silences)
            self.lab.end_silence(keys[choice % len(keys)])

    @rule(seconds=st.sampled_from([59, 300, 601, 5000]))
    def pass_time(self, seconds: float) -> None:
        self.lab.pass_time(seconds)

    @rule(seconds=st.sampled_from([10, 700, 5000]))
    def be_down(self, seconds: float) -> None:
        self.lab.now += seconds
        self.lab.restart()

    @rule(seconds=st.sampled_from([10, 650, 100_000]))
    def set_clock_back(self, seconds: float) -> None:
        self.lab.now -= seconds
        self.lab.look([])

    @rule()
    def restart(self) -> None:
        self.lab.restart()

    @precondition(lambda self: hasattr(self, "lab"))
    @invariant()
    def check(self) -> None:
        told: Counter[tuple[str, int, str]] = Counter()
        for _, notice in self.lab.told:
            if notice.reason is Reason.ENDED:
                continue
            assert notice.alert.state is AlertState.FIRING
            number = int(notice.again.rpartition("-")[2]) if notice.again.startswith("again") else 0
            if notice.reason is Reason.ESCALATED:
                number = int((notice.again + "-0").split("-")[2])
            for channel in notice.channels:
                told[notice.alert.id, number, channel] += 1
        assert not told or max(told.values()) == 1, "told twice"
        for key, one in self.known.items():
            assert {n for n in range(one.rounds + 1) if told[key, n, "on-call"]} == set(one.told)
            assert {n for n in range(one.rounds + 1) if told[key, n, "leads"]} == one.escalated
            if one.device == SAFETY:
                assert one.rounds == 0
                assert told[key, 0, "safety"] == 1
            else:
                assert told[key, 0, "safety"] == 0
        ended = sum(notice.reason is Reason.ENDED for _, notice in self.lab.told)
        assert ended == self.ended


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
