"""Counters over generated histories: nothing invented, and nearly all that the evidence tells."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from counter_checker import Tally, check
from counter_histories import histories

TOLD = 0.999
"""Share of the bytes that the evidence tells which must be judged right."""


def report(tallies: dict[str, Tally]) -> str:
    """A table for docs and for the reader of a failure."""
    lines = []
    for name, tally in sorted(tallies.items()):
        unknown = ", ".join(f"{cause} {count}" for cause, count in sorted(tally.unknown.items()))
        lines.append(
            f"{name}: {tally.intervals} intervals; told {tally.told / tally.octets:.2%} of the bytes, "
            f"of these judged {tally.share:.4%}; right {tally.known / tally.octets:.2%} of all bytes, "
            f"invented {tally.invented / tally.octets:.2e}; unknown: {unknown}; "
            f"restarts seen {tally.seen_restarts} of {tally.restarts}; wrong: {dict(tally.wrong)}"
        )
    return "\n".join(lines)


def judge_histories(seed: int, count: int) -> dict[str, Tally]:
    """The checker itself asserts, interval by interval: no negative increase, no rate above line speed, no
    more carried than a cache explains, no byte lost between carry and total, no restart that did not
    happen."""
    tallies = check(histories(seed, count))
    wrong: Counter[str] = Counter()
    for name, tally in tallies.items():
        if name != "paused poller":
            wrong.update(tally.wrong)
    # What nobody can see is no fault: a clear that the agent keeps to itself, a restart without an uptime or
    # at the very moment at which the uptime would have wrapped.
    unexcused = {story: n for story, n in wrong.items() if not story.startswith(("clear", "reboot"))}
    assert not unexcused, report(tallies)
    assert wrong.total() < 0.001 * sum(tally.intervals for tally in tallies.values()), report(tallies)
    told, covered = sum(t.told for t in tallies.values()), sum(t.covered for t in tallies.values())
    assert covered >= TOLD * told, report(tallies)
    return tallies


@pytest.mark.parametrize("seed", [1, 2])
def test_some_thousand_histories(seed):
    tallies = judge_histories(seed, 500)
    assert sum(tally.intervals for tally in tallies.values()) > 8_000
    assert tallies["64 bits"].told > 0.9 * tallies["64 bits"].octets


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_million_intervals(capsys):
    tallies = judge_histories(20240229, 56_500)
    assert sum(tally.intervals for tally in tallies.values()) > 1_000_000
    short = {name: tally.share for name, tally in tallies.items() if tally.share < TOLD}
    assert not short, report(tallies)
    with capsys.disabled():
        print("\n" + report(tallies))


def test_the_histories_hold_what_they_claim():
    """A generator that draws no wraps, clears or pauses would let anything pass."""
    drawn = list(histories(3, 400))
    assert {history.bits for history in drawn} == {32, 64}
    assert {history.event for history in drawn} == {0, 1, 2, 3}
    assert {history.discontinuity for history in drawn} == {0, 1, 2, 3}
    assert any(history.paused_poller for history in drawn)
    pairs = [pair for h in drawn for pair in zip(h.readings, h.readings[1:], strict=False)]
    assert any(after.octets < before.octets for before, after in pairs)
    assert any(after.at <= before.at for before, after in pairs)
    uptimes = [(b.evidence.uptime, a.evidence.uptime) for b, a in pairs]
    assert any(b is not None and a is not None and b > 42_900_000 and a < 10_000 for b, a in uptimes)
    for history in drawn:
        for (then, before), (now, after) in zip(
            zip(history.truths, history.readings, strict=True),
            list(zip(history.truths, history.readings, strict=True))[1:],
            strict=False,
        ):
            if now.cleared is None:
                counted = now.octets - then.octets
                assert (after.octets - before.octets - counted) % 2**history.bits == 0
                assert 0 <= counted <= history.speed * (now.time - then.time + 30) + 1
