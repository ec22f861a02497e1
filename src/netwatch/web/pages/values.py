"""One reading as a person sees it: a bar, a word or a number with its unit."""

from __future__ import annotations

from netwatch.model import Family, FamilyType, Severity
from netwatch.web.html import Child, tag
from netwatch.web.lookup import Measure
from netwatch.web.pages.layout import bar, severity_badge, status_badge
from netwatch.web.units import bit_rate, measured, plain
from netwatch.web.views import Status

__all__ = ["LEVELS", "is_yes_or_no", "per_second", "share", "value"]

LEVELS = {
    0.0: lambda: status_badge(Status.UP, "ok"),
    1.0: lambda: severity_badge(Severity.WARNING),
    2.0: lambda: severity_badge(Severity.CRITICAL),
}
"""Badges of state levels."""

_NO_ALARM = frozenset({"capacity", "ccq", "charge", "humidity", "percent", "quality"})
"""Classes of ratios that are not worse for being high: a full battery is no alarm."""
_NO_BAR = frozenset({"ber", "power_factor", "vswr"})
"""Classes of ratios that are no share of a whole."""


def value(measure: Measure) -> Child:
    """The value of a gauge, the rate of a counter."""
    if not measure.fresh:
        return tag("span", "stale", class_="none")
    family = measure.family
    if family.type is FamilyType.COUNTER:
        if family.unit == "bytes":
            return bit_rate(measure.rate)
        return f"{per_second(None if measure.rate != measure.rate else measure.rate)} /s"
    if family.name.endswith("_state_level") and measure.value in LEVELS:
        return LEVELS[measure.value]()
    return share(measure)


def share(measure: Measure) -> Child:
    """A value in its unit; a share of a whole as a bar, a condition as yes or no."""
    family = measure.family
    if is_yes_or_no(family) and measure.value in (0.0, 1.0):
        return "yes" if measure.value else "no"
    if family.unit == "ratio" and family.sensor_class not in _NO_BAR:
        return bar(measure.value, alarming=family.sensor_class not in _NO_ALARM)
    return measured(measure.value, family.unit)


def is_yes_or_no(family: Family) -> bool:
    """Conditions say in the catalogue what 1 means: `1 if ...`, `1 while ...`."""
    return family.help.startswith(("1 if ", "1 while "))


def per_second(rate: float | None) -> str:
    """A rate of events, small ones with two digits; a dash for unknown."""
    return "–" if rate is None else "0" if rate == 0 else f"{rate:.2g}" if rate < 10 else plain(rate)
