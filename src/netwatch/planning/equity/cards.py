"""What a report card says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from netwatch.model import Place
from netwatch.planning.equity.policy import Indicator
from netwatch.planning.equity.things import Thing

__all__ = ["Card", "IndicatorCard", "Raise", "Scored"]


@dataclass(frozen=True, slots=True)
class Scored:
    """A thing that is known, and the share of the points that it earns."""

    thing: Thing
    share: float


@dataclass(frozen=True, slots=True)
class IndicatorCard:
    """One indicator of one school."""

    indicator: Indicator
    weight: int
    number: int
    """Of things that it looks at."""
    counted: int
    """Of those that are known."""
    value: float | None
    """Mean of what is known, in the unit of the indicator."""
    points: float | None
    """0 to 100, mean of what is known."""
    target: float
    """From here on a thing earns all that can be earned."""
    scored: tuple[Scored, ...] = ()
    """The worst first; of the latest month alone."""
    unknown: tuple[Thing, ...] = ()
    """Of the latest month alone."""

    @property
    def known(self) -> float:
        """Share of its things that is known; 0 where there is nothing to look at."""
        return self.counted / self.number if self.number else 0.0


@dataclass(frozen=True, slots=True)
class Raise:
    """One change, and what it is worth."""

    indicator: Indicator
    change: str
    """The gear, or the area."""
    things: tuple[Thing, ...]
    """What would have to reach `target`, the worst first."""
    target: float
    gain: float
    """Points of the index, before it is rounded."""


@dataclass(frozen=True, slots=True)
class Card:
    """One school in one month."""

    school: Place
    month: date
    until: float
    """Wall seconds at which what was measured ends."""
    indicators: tuple[IndicatorCard, ...]
    index: float | None
    """0 to 100, in eighths; None: not graded."""
    grade: str
    """A to F; empty: not graded."""
    known: float
    """Share of the weight that is known."""
    raises: tuple[Raise, ...]
    """Those that are worth most first. Without a grade none, and of the latest month alone."""
    next_grade: tuple[str, float, tuple[Raise, ...]] | None = None
    """The next better letter, the points that it takes, and the fewest changes that bring them."""

    @property
    def unknown(self) -> tuple[str, ...]:
        """What is missing, by indicator."""
        out = []
        for one in self.indicators:
            if not one.number:
                out.append(f"{one.indicator}: nothing to measure is known")
            elif one.counted < one.number:
                out.append(f"{one.indicator}: {one.number - one.counted} of {one.number}")
        return tuple(out)
