"""Histories of counters with known truth: traffic on a line, the agent that shows it, the poller that asks.

Everything is drawn from a seed, many histories at once. What `readings` hold is all that a judge may see;
`Truth` knows the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netwatch.model import Evidence

__all__ = ["History", "Reading", "Truth", "histories"]

POLLS = 21
_KNOTS = 4 * POLLS + 8
_LEAD = 40.0
_UPTIME_SPAN = 2**32 / 100
_GAP = 20
"""Octets of silence and preamble that each frame takes on the wire beside its own (IEEE 802.3)."""

SPEEDS = np.array([10e6, 100e6, 1e9, 1e9, 10e9, 100e9]) / 8
INTERVALS = np.array([10.0, 30.0, 60.0, 60.0, 300.0])
REFRESHES = np.array([0.0, 0.0, 5.0, 10.0, 30.0])
NOTHING, REBOOT, AGENT_RESTART, CLEAR = range(4)
NO_DISCONTINUITY, HONEST, NEVER_MOVES, MOVES_ALWAYS = range(4)


class Reading(NamedTuple):
    """What one poll brings."""

    at: float
    octets: int
    packets: int | None
    evidence: Evidence
    discontinuity: float | None


class Truth(NamedTuple):
    """What had happened by one poll."""

    time: float
    octets: int
    """Counted ever, as far as the agent's cache shows it."""
    cleared: int | None
    """`octets` at the moment at which the counters began anew; None while they did not."""
    restarts: int


@dataclass(frozen=True, slots=True)
class History:
    speed: float
    bits: int
    mtu: int | None
    interval: float
    refresh: float
    event: int
    discontinuity: int
    paused_poller: bool
    neighbours_fell: bool | None
    """What the other ports say of the restart."""
    readings: tuple[Reading, ...]
    truths: tuple[Truth, ...]


def histories(seed: int, count: int, chunk: int = 2000) -> Iterator[History]:
    """So many histories of at most `POLLS` readings."""
    rng = np.random.default_rng(seed)
    for first in range(0, count, chunk):
        yield from _chunk(rng, min(chunk, count - first))


class _Traffic:
    """Octets and packets that crossed each line by a moment; straight between knots."""

    def __init__(self, rng: np.random.Generator, speed: Any, end: Any, jumbo: Any, no_fcs: Any) -> None:
        count = len(speed)
        self.step = end / (_KNOTS - 1)
        calm = rng.random((count, 1))
        load = np.empty((count, _KNOTS))
        size = np.empty((count, _KNOTS))
        fresh_load, fresh_size = self._load(rng, count, calm), self._size(rng, count, jumbo)
        load[:, 0], size[:, 0] = fresh_load[:, 0], fresh_size[:, 0]
        for knot in range(1, _KNOTS):
            turn, other = rng.random(count) < 0.3, rng.random(count) < 0.3
            load[:, knot] = np.where(turn, fresh_load[:, knot], load[:, knot - 1])
            size[:, knot] = np.where(other, fresh_size[:, knot], size[:, knot - 1])
        frames = speed[:, None] * load / (size + _GAP) * self.step[:, None]
        counted = size - np.where(no_fcs, 4.0, 0.0)[:, None]
        self._octets = np.concatenate([np.zeros((count, 1)), np.cumsum(frames * counted, axis=1)], axis=1)
        self._packets = np.concatenate([np.zeros((count, 1)), np.cumsum(frames, axis=1)], axis=1)

    @staticmethod
    def _load(rng: np.random.Generator, count: int, calm: Any) -> NDArray[np.float64]:
        """Idle, light, anything, line rate; quiet lines have less of the last."""
        kind = rng.random((count, _KNOTS)) * (0.4 + 0.6 * calm)
        some = rng.random((count, _KNOTS))
        return np.select([kind < 0.15, kind < 0.5, kind < 0.85], [0.0 * some, some**3, some], 1.0 + 0 * some)

    @staticmethod
    def _size(rng: np.random.Generator, count: int, jumbo: Any) -> NDArray[np.float64]:
        some = rng.random((count, _KNOTS))
        kind = rng.integers(0, 4, (count, 1))
        low = np.choose(kind, [64.0, 64.0, 500.0, 1000.0])
        high = np.where((kind > 1) & jumbo[:, None], 9018.0, np.choose(kind, [200.0, 1518.0, 1518.0, 1518.0]))
        return low + some * (high - low)

    def octets(self, when: Any) -> NDArray[np.uint64]:
        return self._at(self._octets, when)

    def packets(self, when: Any) -> NDArray[np.uint64]:
        return self._at(self._packets, when)

    def _at(self, total: Any, when: Any) -> NDArray[np.uint64]:
        place = np.clip(when / self.step[:, None], 0, _KNOTS - 1e-9)
        knot = place.astype(np.intp)
        low = np.take_along_axis(total, knot, 1)
        high = np.take_along_axis(total, knot + 1, 1)
        return np.floor(low + (place - knot) * (high - low)).astype(np.uint64)


class _Agent(NamedTuple):
    """The uptime evidence of each poll."""

    uptime: Any
    engine: Any
    boots: Any
    near_wrap: Any
    """Those whose uptime wraps soon."""


def _chunk(rng: np.random.Generator, count: int) -> Iterator[History]:
    column = (count, 1)
    speed, interval = rng.choice(SPEEDS, count), rng.choice(INTERVALS, count)
    end = _LEAD + (POLLS + 1) * interval
    jumbo = rng.random(count) < 0.1
    traffic = _Traffic(rng, speed, end, jumbo, rng.random(count) < 0.2)
    polled = _LEAD + (np.arange(POLLS) + rng.uniform(-0.1, 0.1, (count, POLLS))) * interval[:, None]
    event = rng.choice([NOTHING, REBOOT, AGENT_RESTART, CLEAR], count, p=[0.61, 0.13, 0.13, 0.13])
    when = rng.uniform(_LEAD, end)[:, None]
    lost = _lost(rng, count)
    lost |= ((event == REBOOT) | (event == AGENT_RESTART))[:, None] & (
        (polled >= when) & (polled < when + rng.uniform(2, 90, column))
    )
    refresh = rng.choice(REFRESHES, count)
    began = (event == REBOOT) | (event == AGENT_RESTART)
    seen = _shown(rng, polled, refresh)
    seen = np.where(began[:, None] & (polled >= when), np.maximum(seen, when), seen)
    anew = ((event == REBOOT) | (event == CLEAR))[:, None] & (seen >= when)
    bits = np.where(rng.random(count) < 0.6, 32, 64)
    octets, packets = traffic.octets(seen), traffic.packets(seen)
    octets_then, packets_then = traffic.octets(when), traffic.packets(when)
    raw = _register(_start(rng, bits), bits, octets, octets_then, anew)
    raw_packets = _register(_start(rng, bits), bits, packets, packets_then, anew)
    agent = _agent(rng, polled, when, began)
    kind = rng.choice([NO_DISCONTINUITY, HONEST, NEVER_MOVES, MOVES_ALWAYS], count, p=[0.4, 0.3, 0.15, 0.15])
    told = _discontinuity(rng, kind, agent, when, polled, event, anew)
    at, paused = _clock(rng, polled, lost, agent.near_wrap)
    fell = np.select([event == REBOOT, event == AGENT_RESTART], [1, 0], -1)
    fell = np.where(rng.random(count) < 0.9, fell, -1)
    mtu = np.where(rng.random(count) < 0.1, -1, np.where(jumbo, 9000, 1500))
    has_packets = rng.random(count) < 0.85
    shows = rng.random((3, count)) < np.array([[0.85], [0.5], [0.8]])
    restarted = (began[:, None] & (polled >= when)).astype(int)
    columns = [
        a.tolist()
        for a in (lost, at, raw, raw_packets, agent.uptime, agent.engine, agent.boots, told,
                  polled, octets, anew, restarted)
    ]  # fmt: skip
    then = octets_then[:, 0].tolist()
    for row in range(count):
        readings, truths = [], []
        uptime_shown, engine_shown, boots_shown = shows[:, row].tolist()
        for lost_, at_, raw_, pkts, up, engine, boots, moved, time, total, new, starts in zip(
            *(values[row] for values in columns), strict=True
        ):
            if lost_:
                continue
            evidence = Evidence(
                up if uptime_shown else None,
                boots if engine_shown and boots_shown else None,
                engine if engine_shown else None,
            )
            shown = None if kind[row] == NO_DISCONTINUITY else moved
            readings.append(Reading(at_, raw_, pkts if has_packets[row] else None, evidence, shown))
            truths.append(Truth(time, total, then[row] if new else None, starts))
        yield History(
            float(speed[row]), int(bits[row]), None if mtu[row] < 0 else int(mtu[row]), float(interval[row]),
            float(refresh[row]), int(event[row]), int(kind[row]), bool(paused[row]),
            None if fell[row] < 0 else bool(fell[row]), tuple(readings), tuple(truths),
        )  # fmt: skip


def _lost(rng: np.random.Generator, count: int) -> NDArray[np.bool_]:
    """Polls without an answer: some here and there, and some long gaps."""
    lost = rng.random((count, POLLS)) < 0.03
    gap, first = rng.random(count) < 0.05, rng.integers(1, POLLS - 8, count)
    place = np.arange(POLLS)
    lost |= gap[:, None] & (place >= first[:, None]) & (place < first[:, None] + 8)
    lost[:, 0] = False
    return lost


def _shown(rng: np.random.Generator, polled: Any, refresh: Any) -> NDArray[np.float64]:
    """The moment whose counters an agent shows when it is asked."""
    period = np.where(refresh > 0, refresh, 1.0)[:, None]
    phase = rng.random((len(refresh), 1)) * period
    return np.where(refresh[:, None] > 0, np.floor((polled - phase) / period) * period + phase, polled)


def _start(rng: np.random.Generator, bits: Any) -> NDArray[np.uint64]:
    """What the registers hold at first: nothing, little, anything, or nearly all that goes in."""
    count = len(bits)
    span = np.where(bits == 32, 2.0**32, 2.0**50)
    some = rng.random(count)
    kind = rng.integers(0, 5, count)
    low = np.select([kind == 0, kind == 1, kind < 4], [0 * some, some * 1e6, some * span], some * 1e9)
    start = low.astype(np.uint64)
    nearly = (np.uint64(0) - start - np.uint64(1)) & np.where(
        bits == 32, np.uint64(2**32 - 1), np.uint64(2**64 - 1)
    )
    result: NDArray[np.uint64] = np.where(kind == 4, nearly, start)[:, None]
    return result


def _register(start: Any, bits: Any, total: Any, then: Any, anew: Any) -> NDArray[np.uint64]:
    mask = np.where(bits == 32, np.uint64(2**32 - 1), np.uint64(2**64 - 1))[:, None]
    result: NDArray[np.uint64] = np.where(anew, total - np.minimum(then, total), start + total) & mask
    return result


def _agent(rng: np.random.Generator, polled: Any, when: Any, began: Any) -> _Agent:
    count = len(polled)
    column = (count, 1)
    some, kind = rng.random(column), rng.integers(0, 4, column)
    end = polled[:, -1:]
    born = np.select(
        [kind == 0, kind == 1, kind == 2], [some * 300, 1e5 + some * 1e6, 1e6 + some * 4e7],
        _UPTIME_SPAN - some * end,
    )  # fmt: skip
    # A virtual machine that was paused loses time. If it had been up for no longer than that, nothing but the
    # engine's boots could tell it from one that restarted; such ones are not drawn.
    pause = np.where((rng.random(column) < 0.03) & (kind == 1), rng.uniform(1, 900, column), 0.0)
    stopped = rng.uniform(_LEAD, end, column)
    alive = born + polled - np.where(polled > stopped, np.minimum(pause, polled - stopped), 0.0)
    alive = np.where(began[:, None] & (polled >= when), polled - when, alive)
    rarely = rng.random(column) < 0.1
    uptime = np.round(np.where(rarely, np.floor(alive / 5) * 5, alive) % _UPTIME_SPAN, 2)
    habit = rng.integers(0, 3, column)
    starts = (began[:, None] & (polled >= when)).astype(int)
    raised = np.cumsum(rng.random(polled.shape) < 0.05, axis=1)
    return _Agent(
        uptime, np.floor(alive), 3 + np.choose(habit, [starts, raised, 0 * starts]), kind[:, 0] == 3
    )


def _discontinuity(
    rng: np.random.Generator, kind: Any, agent: _Agent, when: Any, polled: Any, event: Any, anew: Any
) -> NDArray[np.float64]:
    """Honest agents tell it at once or with the counters, when these come from a cache."""
    at_once = rng.random((len(kind), 1)) < 0.5
    known = (event == CLEAR)[:, None] & np.where(at_once, polled >= when, anew)
    moment = (agent.uptime - (polled - when)) % _UPTIME_SPAN
    first = np.argmax(known, axis=1)[:, None]
    honest = np.where(known, np.round(np.take_along_axis(moment, first, 1), 2), 0.0)
    honest = np.where(np.take_along_axis(known, first, 1), honest, 0.0)
    result: NDArray[np.float64] = np.select(
        [(kind == HONEST)[:, None], (kind == MOVES_ALWAYS)[:, None]], [honest, agent.uptime], 0.0
    )
    return result


def _clock(
    rng: np.random.Generator, polled: Any, lost: Any, near_wrap: Any
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The poller's clock: answers travel, some come out of order, and some pollers were paused. A paused
    poller beside an uptime that wraps in the meantime is not drawn: nothing tells that from a restart."""
    count = len(polled)
    at = polled + rng.uniform(0, 1, polled.shape)
    paused = (rng.random(count) < 0.03) & ~near_wrap
    at -= np.where(
        paused[:, None] & (np.arange(POLLS) >= rng.integers(1, POLLS, (count, 1))),
        rng.uniform(1, 900, (count, 1)),
        0.0,
    )
    late = rng.random(polled.shape) < 0.005
    late[:, 1:] &= ~lost[:, :-1] & ~late[:, :-1]
    late[:, 0] = False
    before = np.concatenate([at[:, :1], at[:, :-1]], axis=1)
    return np.where(late, before - rng.choice([0.0, 0.5], polled.shape), at), paused
