"""Flap damping in the manner of RFC 2439: a penalty per flap that decays by half-lives, and two levels."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

__all__ = ["Damping", "Flaps"]


@dataclass(frozen=True, slots=True)
class Flaps:
    """How restless one series was under one rule."""

    penalty: float
    at: float
    """Wall seconds of the penalty."""
    damped: bool = False


@dataclass(frozen=True, slots=True)
class Damping:
    """The figures, as in RFC 2439, 4.2."""

    half_life: float
    """Seconds."""
    penalty: float = 1000.0
    """Added each time the alert begins to fire."""
    suppress: float = 2000.0
    """Above this it is damped."""
    reuse: float = 750.0
    """Below this it is damped no longer."""
    longest: float = 3600.0
    """Seconds after which what flaps no more is told in any case: it bounds the penalty."""

    @property
    def ceiling(self) -> float:
        """The penalty that decays to `reuse` within `longest`."""
        return self.reuse * math.exp2(min(self.longest / self.half_life, 64.0))

    def now(self, flaps: Flaps | None, at: float) -> Flaps:
        """The same at a later time. A clock that was set back decays nothing and starts anew from there."""
        if flaps is None:
            return Flaps(0.0, at)
        penalty = flaps.penalty * 0.5 ** (max(0.0, at - flaps.at) / self.half_life)
        return Flaps(penalty, at, flaps.damped and penalty >= self.reuse)

    def flapped(self, flaps: Flaps | None, at: float) -> Flaps:
        """After one more flap."""
        before = self.now(flaps, at)
        penalty = min(before.penalty + self.penalty, self.ceiling)
        return replace(before, penalty=penalty, damped=before.damped or penalty > self.suppress)

    def free_at(self, flaps: Flaps) -> float:
        """Wall seconds at which a damped series is damped no longer, if it does not flap again."""
        if not flaps.damped or flaps.penalty < self.reuse:
            return flaps.at
        # A second more: the penalty has to be below the level, and rounding must not keep it there.
        return flaps.at + self.half_life * math.log2(flaps.penalty / self.reuse) + 1.0

    def forgotten(self, flaps: Flaps, at: float) -> bool:
        """Not worth remembering (RFC 2439, 4.8.6: half the reuse level)."""
        now = self.now(flaps, at)
        return not now.damped and now.penalty < self.reuse / 2
