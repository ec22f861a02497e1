"""How soon a poll that somebody asks for may follow the last one: gathered, but not when there is news."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

__all__ = ["Rechecks"]

MOST_NEWS = 256
"""Different news of one device that are told apart; what comes on top is no news."""


@dataclass(slots=True)
class Rechecks:
    """Of one device. Times: monotonic seconds.

    Such polls begin at least a gap apart. One that somebody has news for, which no poll since then has been
    asked for, comes at once: that may happen `burst` times in a row, and once more per gap that goes by.
    """

    wanted: bool = False
    """Somebody asked for a poll of everything but slow tables."""
    began: float = float("-inf")
    """The last pass that somebody asked for."""
    _news: set[Hashable] = field(default_factory=set)
    _polled_for: set[Hashable] = field(default_factory=set)
    _spent: float = 0.0
    """Of the burst, as of the beginning of the last pass; a gap gives one back."""

    def ask(self, news: Hashable = None) -> None:
        """`news` tells what it is about; None: nothing in particular."""
        self.wanted = True
        if news is not None and news not in self._polled_for and len(self._news) < MOST_NEWS:
            self._news.add(news)

    def at(self, now: float, gap: float, news_gap: float, burst: int) -> float:
        """When the poll may begin."""
        usual = self.began + gap
        if not self._news or now >= usual:
            return max(now, usual)
        # When the bucket has room for one more.
        free = self.began + max(0.0, self._left(self.began, gap) + 1.0 - burst) * gap
        return min(usual, max(now, free, self.began + news_gap)) if burst else usual

    def start(self, now: float, gap: float) -> None:
        """A pass begins."""
        if self.wanted:
            early = now < self.began + gap
            self._spent = self._left(now, gap) + early
            self._polled_for = self._news | (self._polled_for if early else set())
            self._news = set()
            self.began = now
        self.wanted = False

    def _left(self, now: float, gap: float) -> float:
        """What is spent of the burst."""
        if not self._spent or gap <= 0:
            return 0.0
        return max(0.0, self._spent - (now - self.began) / gap)
