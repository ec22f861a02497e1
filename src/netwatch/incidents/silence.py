"""Silences and maintenance windows: when, and of what, nobody is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from netwatch.calendars import EVERY_DAY, Hours, hours_end, spans

__all__ = ["Matcher", "Silence", "Subject", "silencing"]


@dataclass(frozen=True, slots=True)
class Subject:
    """What silences know an alert's device by."""

    device: str
    """Its name."""
    places: frozenset[str] = frozenset()
    """Ids of all places from its own up to the district, and the site as labels have it."""
    tags: frozenset[str] = frozenset()
    life_safety: bool = False
    """It carries emergency calls, door access, radio: nothing may keep its alerts from people."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """Everything given must match; an empty field matches all."""

    rules: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    """Ids of any place at or above the device, or the site's label."""
    devices: tuple[str, ...] = ()
    """Names; `*` and `?` as in file names."""
    tags: frozenset[str] = frozenset()
    """At least one of them is on the device."""

    @property
    def empty(self) -> bool:
        """Whether it would match everything."""
        return not (self.rules or self.sites or self.devices or self.tags)

    def matches(self, rule: str, subject: Subject) -> bool:
        return (
            (not self.rules or rule in self.rules)
            and (not self.sites or not self.sites.isdisjoint(subject.places))
            and (not self.tags or not self.tags.isdisjoint(subject.tags))
            and (not self.devices or any(fnmatchcase(subject.device, one) for one in self.devices))
        )


@dataclass(frozen=True, slots=True)
class Silence:
    """One of them. Times: wall seconds."""

    id: str
    matcher: Matcher
    starts: float
    ends: float | None
    """None: it recurs until somebody takes it away."""
    comment: str = ""
    by: str = ""
    """Who made it."""
    planned: bool = False
    """It comes from a file, and only there it can be ended."""
    hours: Hours = ()
    """It recurs: only within these hours; empty: all the time."""
    weekdays: frozenset[int] = field(default=EVERY_DAY)
    """On which the hours begin; Monday is 0."""
    timezone: str = "UTC"

    def active_until(self, at: float) -> float | None:
        """When it next ends, if it is on at `at`; None if it is not. Infinite for one without end."""
        last = float("inf") if self.ends is None else self.ends
        if not self.starts <= at < last:
            return None
        if not self.hours:
            return last
        end = hours_end(ZoneInfo(self.timezone), at, self.hours, self.weekdays)
        return None if end is None else min(end, last)

    def next_start(self, at: float) -> float | None:
        """When it next begins after `at`; None for never."""
        if self.over(at):
            return None
        if not self.hours:
            return self.starts if self.starts > at else None
        zone = ZoneInfo(self.timezone)
        for begin, end in spans(zone, max(at, self.starts), self.hours, self.weekdays):
            first = max(begin, self.starts)
            if first > at and first < end and (self.ends is None or first < self.ends):
                return first
        return None

    def over(self, at: float) -> bool:
        """It never begins again."""
        return self.ends is not None and at >= self.ends


def silencing(
    silences: Iterable[Silence], rule: str, subject: Subject, at: float
) -> tuple[Silence, float] | None:
    """The silence that hides an alert at `at` for longest, and until when; None if nothing does."""
    best: tuple[Silence, float] | None = None
    for silence in silences:
        if silence.matcher.matches(rule, subject):
            until = silence.active_until(at)
            if until is not None and (best is None or until > best[1]):
                best = silence, until
    return best
