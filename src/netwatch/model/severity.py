"""How bad something is."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Severity", "StateLevel"]


class StateLevel(StrEnum):
    """What a device says of one of its parts, normalised from the vendor's enumeration."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"

    @property
    def number(self) -> float:
        """Value of `netwatch_sensor_state_level`: 0 ok, 1 warning, 2 critical; NaN for unknown."""
        return _LEVELS[self]


_LEVELS = {
    StateLevel.OK: 0.0,
    StateLevel.WARNING: 1.0,
    StateLevel.CRITICAL: 2.0,
    StateLevel.UNKNOWN: float("nan"),
}


class Severity(StrEnum):
    """How urgently a person has to look at an alert."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 info, 1 warning, 2 critical."""
        return _RANKS[self]

    def reaches(self, least: Severity) -> bool:
        """Whether it is at least as severe as that."""
        return self.rank >= least.rank


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}
