"""How much people were told, by whom it came, and what of it led to nothing. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from netwatch.model import WEEK

__all__ = ["SHORT", "Noise", "RuleNoise", "Told", "noise"]

SHORT = 300.0
"""Seconds: what is over by itself within this time could have waited."""


@dataclass(frozen=True, slots=True)
class Told:
    """One message to one recipient. Times: wall seconds."""

    at: float
    recipient: str
    """A person, else a channel that is nobody's."""
    incident: str
    rule: str
    ended: float | None
    """When the incident was over; None while it lasts."""
    acknowledged: float | None


@dataclass(frozen=True, slots=True)
class RuleNoise:
    """What one rule gave people to do."""

    rule: str
    messages: int
    incidents: int
    idle: float | None
    """Share of the incidents that are over and that nobody acknowledged; None: none is over."""
    short: float | None
    """Share of them that were over, without anybody's doing, within `SHORT` seconds after the telling."""


@dataclass(frozen=True, slots=True)
class Noise:
    start: float
    end: float
    people: tuple[tuple[str, int, float], ...]
    """(recipient, messages, messages per week), the most first."""
    rules: tuple[RuleNoise, ...]
    """The noisiest first."""


def noise(told: Sequence[Told], start: float, end: float) -> Noise:
    """Of what was told in [start, end), wall seconds; `end` is after `start`."""
    told = [one for one in told if start <= one.at < end]
    weeks = (end - start) / WEEK
    people = Counter(one.recipient for one in told)
    by_rule: dict[str, list[Told]] = {}
    for one in told:
        by_rule.setdefault(one.rule, []).append(one)
    rules = [_of_rule(rule, messages) for rule, messages in by_rule.items()]
    return Noise(
        start,
        end,
        tuple((who, count, count / weeks) for who, count in sorted(people.items(), key=_most)),
        tuple(sorted(rules, key=lambda one: (-one.messages, one.rule))),
    )


def _most(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


def _of_rule(rule: str, messages: Sequence[Told]) -> RuleNoise:
    first: dict[str, Told] = {}
    for one in messages:
        first.setdefault(one.incident, one)
    over = [one for one in first.values() if one.ended is not None]
    idle = [one for one in over if one.acknowledged is None]
    short = [one for one in idle if one.ended is not None and one.ended - one.at <= SHORT]
    return RuleNoise(rule, len(messages), len(first), _share(idle, over), _share(short, over))


def _share(some: Sequence[Told], of: Sequence[Told]) -> float | None:
    return len(some) / len(of) if of else None
