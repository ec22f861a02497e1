"""Judges whole histories as a column does, and compares with the truth and with what can be told at all."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from counter_histories import AGENT_RESTART, CLEAR, HONEST, REBOOT, History, Reading

from netwatch.state.clears import began_at_zero, frames_began_at_zero, siblings_cleared
from netwatch.state.counters import Advance, Bounds, Cause, Unknown, judge, reach
from netwatch.state.limits import frame_bounds
from netwatch.state.restarts import (
    SILENT,
    Discontinuity,
    Restart,
    believes,
    discontinuity_between,
    idle_moves,
    restart_between,
)

LATENESS = 30.0
"""Seconds: no agent shows counters that are older."""
SHORTEST, GAP = 60, 20
"""Octets: the shortest frame without its check sequence, and the silence that follows each."""
NO_TIME = -1
CLOCKS, APART, STRAY = 1.001, 0.01, 1000.0
PACKETS_PER_OCTET = 1 / 64


def possible(before: Reading, after: Reading, history: History, restart: Restart) -> set[int]:
    """The oracle: every increase that the evidence allows, by trying all that may have happened.

    It knows the laws of the line and none of the rules of the judge. The counters ran on; or they began at
    zero when the device restarted, if its uptime says that it did and the other ports don't deny it; or at
    any moment, if the device shows no uptime (an increase without its time is no answer). Either way they
    wrapped any number of times. The agent's values are up to 30 s old, clocks are 0.1 % apart; a line carries
    no more than its speed with 20 octets of silence after each frame; frames have 60 octets to the MTU and
    22 (without an MTU: 9238); packets and octets of one answer are up to 1 % and 1000 packets apart. Of more
    than two answers only two are returned.
    """
    found: set[int] = set()
    elapsed = after.at - before.at
    if restart.happened is None and _within_line(before, after, history, after.octets, elapsed, anew=True):
        found.add(NO_TIME)
    if restart.happened and history.neighbours_fell is not False:
        began = restart.uptime or 0.0
        found |= _within_line(before, after, history, after.octets, began, anew=True)
    if not restart.happened or not history.neighbours_fell:
        base = (after.octets - before.octets) % (1 << history.bits)
        found |= _within_line(before, after, history, base, elapsed, anew=False)
    return found


def _within_line(
    before: Reading, after: Reading, history: History, base: int, seconds: float, *, anew: bool
) -> set[int]:
    span = 1 << history.bits
    longest = 9238 if history.mtu is None else max(1500, history.mtu) + 22
    top = history.speed * (seconds * CLOCKS + LATENESS)
    packets = [math.inf]
    if before.packets is not None and after.packets is not None:
        least = after.packets if anew else (after.packets - before.packets) % span
        packets = [least + span * k for k in range(int(max(0.0, top / 80 - least) // span) + 1)]
    found: set[int] = set()
    octets = base
    while octets <= top and len(found) < 2:
        for frames in packets:
            fewest, most = max(0.0, frames * (1 - APART) - STRAY), frames * (1 + APART) + STRAY
            if frames == math.inf or (
                SHORTEST * fewest <= octets <= longest * most and octets + GAP * fewest <= top
            ):
                found.add(octets)
        octets += span
    return found


@dataclass(slots=True)
class Tally:
    """What many histories came to. Bytes by what they were."""

    intervals: int = 0
    octets: int = 0
    """Counted, as far as the agent showed it."""
    told: int = 0
    """Of these: the evidence leaves one answer, the true one."""
    covered: int = 0
    """Of `told`: judged so."""
    known: int = 0
    """All that was judged and right, `told` or not."""
    unknown: Counter[str] = field(default_factory=Counter)
    unknown_octets: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    invented: int = 0
    kept_back: int = 0
    restarts: int = 0
    seen_restarts: int = 0

    @property
    def share(self) -> float:
        return self.covered / self.told if self.told else 1.0


class Run:
    """One history, judged reading by reading."""

    def __init__(self, history: History, tally: Tally, wrongs: list[str] | None = None) -> None:
        self.history = history
        self.tally = tally
        self.wrongs = wrongs
        self.carry = self.packets_carry = self.moves = 0
        self.dropped = 0

    def go(self) -> None:
        history = self.history
        last = 0
        owed = gained = 0
        for place in range(1, len(history.readings)):
            before, after = history.readings[last], history.readings[place]
            if after.at <= before.at:
                verdict = judge(before.octets, after.octets, after.at - before.at, limit=history.speed)
                assert verdict == Unknown(Cause.CLOCK)
                continue
            judged, truth = self._interval(last, place)
            if isinstance(judged, Advance) and truth is not None:
                owed += truth
                gained += judged.increase
            last = place
        assert gained + self.carry + self.dropped == owed, history

    def _interval(self, first: int, second: int) -> tuple[Advance | Unknown, int | None]:
        history, tally = self.history, self.tally
        before, after = history.readings[first], history.readings[second]
        then, now = history.truths[first], history.truths[second]
        elapsed = after.at - before.at
        restart = restart_between(before.evidence, after.evidence, elapsed)
        really = now.restarts > then.restarts
        assert really or not restart.happened, ("false reboot", before, after)
        tally.restarts += really
        tally.seen_restarts += bool(restart.happened)
        moved = discontinuity_between(
            before.discontinuity, after.discontinuity, after.evidence.uptime, elapsed
        )
        believed = moved if believes(self.moves) else SILENT
        fell = history.neighbours_fell if restart.happened else None
        packets_fell, bounds, siblings = self._packets(before, after, elapsed, restart, believed, fell)
        judged = judge(
            before.octets,
            after.octets,
            elapsed,
            bits=history.bits,
            limit=history.speed,
            carry=self.carry,
            restart=restart,
            neighbours_fell=fell,
            bounds=bounds,
            siblings_cleared=siblings,
            discontinuity=believed,
        )
        own = began_at_zero(before.octets, after.octets, elapsed, bits=history.bits, limit=history.speed)
        back = after.octets < before.octets or packets_fell
        self.moves = idle_moves(self.moves, moved, back, siblings_cleared([own, siblings]))
        began_anew = now.cleared is not None and then.cleared is None
        truth = now.octets - (then.octets if now.cleared is None or not began_anew else now.cleared)
        # RFC 2863 lets counters begin at any value after a discontinuity: where it moved, nothing is told.
        answers = set()
        if not believed.moved:
            answers = possible(before, after, history, restart)
        self._count(judged, truth, answers, elapsed, (first, second))
        return judged, truth

    def _packets(
        self, before: Reading, after: Reading, elapsed: float, restart, believed: Discontinuity, fell
    ) -> tuple[bool, Bounds | None, bool | None]:
        if before.packets is None or after.packets is None:
            return False, None, None
        bits, limit = self.history.bits, self.history.speed * PACKETS_PER_OCTET
        judged = judge(
            before.packets, after.packets, elapsed, bits=bits, limit=limit, carry=self.packets_carry,
            restart=restart, neighbours_fell=fell, discontinuity=believed,
        )  # fmt: skip
        word = began_at_zero(before.packets, after.packets, elapsed, bits=bits, limit=limit)
        frames = frames_began_at_zero(
            after.octets, after.packets, elapsed, bits=bits, limit=self.history.speed, mtu=self.history.mtu
        )
        bounds = None
        if isinstance(judged, Advance):
            counted = judged.increase + judged.carry - self.packets_carry
            self.packets_carry = judged.carry
            bounds = Bounds(*frame_bounds(counted, self.history.mtu, reach(self.history.speed, elapsed)))
        return after.packets < before.packets, bounds, siblings_cleared([word, frames])

    def _count(
        self,
        judged: Advance | Unknown,
        truth: int,
        answers: set[int],
        elapsed: float,
        where: tuple[int, int],
    ) -> None:
        tally, limit = self.tally, self.history.speed
        tally.intervals += 1
        tally.octets += truth
        told = answers == {truth}
        tally.told += truth if told else 0
        if not isinstance(judged, Advance):
            tally.unknown[judged.cause.name] += 1
            tally.unknown_octets[judged.cause.name] += truth
            if told:
                tally.missed[judged.cause.name] += truth
            if judged.cause is Cause.IMPLAUSIBLE:
                self.dropped += self.carry
                self.carry = 0
            return
        assert judged.increase >= 0
        assert 0 <= judged.seconds <= elapsed
        assert judged.increase <= limit * judged.seconds
        assert 0 <= judged.carry <= limit * LATENESS
        claimed = judged.increase + judged.carry - self.carry
        self.carry = judged.carry
        if claimed == truth:
            tally.known += truth
            tally.covered += truth if told else 0
            return
        tally.invented += max(0, claimed - truth)
        tally.kept_back += max(0, truth - claimed)
        name = f"{self._story()}, {judged.cause.name}, {'more' if claimed > truth else 'less'}"
        tally.wrong[name] += 1
        self.dropped += truth - claimed
        if told:
            tally.missed["WRONG"] += truth
        if self.wrongs is not None:
            self.wrongs.append(
                f"{name} {where} claimed {claimed} truth {truth} {answers} {judged} {self.history}"
            )

    def _story(self) -> str:
        event = {REBOOT: "reboot", AGENT_RESTART: "agent restart", CLEAR: "clear"}.get(
            self.history.event, "-"
        )
        told = "uptime" if self.history.readings[0].evidence.uptime is not None else "no uptime"
        packets = "packets" if self.history.readings[0].packets is not None else "no packets"
        honest = "honest" if self.history.discontinuity == HONEST else "no or lying discontinuity"
        return f"{event}, {self.history.bits} bits, {told}, {packets}, {honest}"


def check(drawn: Iterable[History], wrongs: list[str] | None = None) -> dict[str, Tally]:
    """Tallies by class of counter: its width, and whether it can wrap unseen."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    for history in drawn:
        if history.paused_poller:
            Run(history, tallies["paused poller"], wrongs).go()
            continue
        speed = history.speed * 8 / 1e6
        name = "64 bits" if history.bits == 64 else f"32 bits, {speed:.0f} Mbit/s"
        Run(history, tallies[name], wrongs).go()
    return tallies
