"""Who is on call: people in turn, and swaps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from netwatch.calendars import moment_of

__all__ = ["MadeSwap", "Rota", "Shift", "Swap"]

_AHEAD = 400
"""Edges of turns and swaps that are looked at for the next change of hands."""


@dataclass(frozen=True, slots=True)
class Swap:
    """Somebody stands in. Wall seconds, the end excluded."""

    starts: float
    ends: float
    person: str


@dataclass(frozen=True, slots=True)
class MadeSwap:
    """One that was made while netwatch ran, over the API or the command line."""

    id: str
    rota: str
    swap: Swap
    by: str
    made: float
    """Wall seconds."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Who is on call for a rota at a moment."""

    rota: str
    person: str
    until: float | None
    """Wall seconds; None where nobody else ever is."""
    then: str
    """Who is on call after that."""


@dataclass(frozen=True, slots=True)
class Rota:
    """Turns of equal length, handed over at a time of day."""

    people: tuple[str, ...]
    """In order; at least one."""
    begins: date
    """Day of the first person's first turn."""
    timezone: str
    days: int = 7
    """Length of a turn."""
    handover: int = 0
    """Seconds after midnight of the wall clock."""
    swaps: tuple[Swap, ...] = ()
    """The later ones in the list win."""

    def on_call(self, at: float) -> str:
        """The person at `at`, wall seconds."""
        for swap in reversed(self.swaps):
            if swap.starts <= at < swap.ends:
                return swap.person
        return self.people[self._turn(at) % len(self.people)]

    def turn_ends(self, at: float) -> float:
        """Wall seconds of the next regular handover."""
        day = self.begins + timedelta(days=(self._turn(at) + 1) * self.days)
        return moment_of(ZoneInfo(self.timezone), day, self.handover)

    def hands_over(self, at: float) -> tuple[float, str] | None:
        """(wall second, person) of the next time that somebody else is on call; None where nobody else ever
        is, as far as one can see."""
        now = self.on_call(at)
        edges = sorted({edge for swap in self.swaps for edge in (swap.starts, swap.ends) if edge > at})
        for _ in range(_AHEAD):
            turn = self.turn_ends(at)
            at = min(edges.pop(0), turn) if edges and edges[0] <= turn else turn
            if (person := self.on_call(at)) != now:
                return at, person
        return None

    def _turn(self, at: float) -> int:
        shown = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(self.timezone)).replace(tzinfo=None)
        day = (shown - timedelta(seconds=self.handover)).date()
        return (day - self.begins).days // self.days
