"""A rule, once it is known to make sense."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from netwatch.alerts.expression import Expression
from netwatch.alerts.frame import FactTests, Floats, Mask, PartTests
from netwatch.calendars.windows import ALL_TIME, Window
from netwatch.documents import Document
from netwatch.errors import Problem
from netwatch.model import DeviceKind, Severity

__all__ = ["Comparison", "Condition", "OnUnknown", "Ports", "Rule", "Scope"]


class Comparison(StrEnum):
    ABOVE = "above"
    BELOW = "below"
    EQUALS = "equals"


@dataclass(frozen=True, slots=True)
class Condition:
    """A threshold, and a second one that ends what the first one began. NaN meets neither."""

    comparison: Comparison
    threshold: float
    clear: float | None = None
    """ABOVE ends below this, BELOW ends above this; None: as soon as the condition no longer holds."""

    def holds(self, values: Floats) -> Mask:
        if self.comparison is Comparison.ABOVE:
            return values > self.threshold
        if self.comparison is Comparison.BELOW:
            return values < self.threshold
        return np.asarray(values == self.threshold)

    def cleared(self, values: Floats) -> Mask:
        if self.comparison is Comparison.EQUALS:
            return np.asarray((values != self.threshold) & ~np.isnan(values))
        if self.clear is None:
            return (
                values <= self.threshold if self.comparison is Comparison.ABOVE else values >= self.threshold
            )
        return values < self.clear if self.comparison is Comparison.ABOVE else values > self.clear


class OnUnknown(StrEnum):
    """What becomes of a firing alert whose value is not known any more."""

    HOLD = "hold"
    RESOLVE = "resolve"


class Ports(StrEnum):
    """Which interfaces a rule is about."""

    ALL = "all"
    UPLINKS = "uplinks"
    """Those with a neighbour that netwatch knows as a device, by LLDP or CDP."""
    INFRASTRUCTURE = "infrastructure"
    """Uplinks, and every interface of a device whose role is not `access`."""


class Circuits(StrEnum):
    """What becomes of ports at which a circuit of the inventory ends."""

    ANY = "any"
    """They are as others."""
    TOO = "too"
    """They match, whatever is said of `facts` and `names`."""
    ONLY = "only"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which series a rule is about. Everything given must match; an empty field matches all."""

    kinds: frozenset[DeviceKind] = frozenset()
    not_kinds: frozenset[DeviceKind] = frozenset()
    roles: frozenset[str] = frozenset()
    not_roles: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    """A site's label, or the id of any place at or above the device."""
    tags: frozenset[str] = frozenset()
    """At least one of them is on the device."""
    not_tags: frozenset[str] = frozenset()
    devices: tuple[str, ...] = ()
    """Names of devices; `*` and `?` as in file names."""
    labels: tuple[tuple[int, frozenset[str]], ...] = ()
    """Position of a row label and the values that it may have."""
    facts: FactTests = ()
    """Facts of the entity itself and the values, as text, that they may have."""
    not_facts: FactTests = ()
    names: tuple[str, ...] = ()
    """Patterns of the entity's own name, in lower case; `*` and `?` as in file names."""
    not_names: tuple[str, ...] = ()
    device_is: tuple[tuple[str, float], ...] = ()
    """Families of the device without row labels, and the value that each must have right now."""
    device_is_not: tuple[tuple[str, float], ...] = ()
    """The same, and the value that none must have; one that is not known is good."""
    admin_up: bool = False
    """Interfaces only: administratively up."""
    ports: Ports = Ports.ALL
    circuits: Circuits = Circuits.ANY

    @property
    def part_tests(self) -> PartTests:
        return PartTests(self.facts, self.not_facts, self.names, self.not_names)

    @property
    def about_parts(self) -> bool:
        return bool(self.facts or self.not_facts or self.names or self.not_names)

    @property
    def about_devices(self) -> bool:
        return bool(
            self.kinds
            or self.not_kinds
            or self.roles
            or self.not_roles
            or self.sites
            or self.tags
            or self.not_tags
            or self.devices
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """One alerting rule. Times are seconds."""

    name: str
    expression: Expression
    condition: Condition
    severity: Severity
    message: str
    """Template of the summary."""
    hold: float = 0.0
    """The condition must hold for this long before the alert fires: `for`."""
    keep: float = 0.0
    """It must be over for this long before the alert ends: `keep_firing_for`."""
    scope: Scope = Scope()
    window: Window = ALL_TIME
    """When it looks. While that is closed the rule is about nothing: its alerts end."""
    limit: str = ""
    """Family whose value, where known, replaces the threshold; the clear level keeps its distance."""
    once_healthy: bool = False
    """Only for series that were once seen not to meet the condition, and for uplinks."""
    on_unknown: OnUnknown = OnUnknown.HOLD
    root_cause: bool = False
    """It explains alerts of everything that can only be reached through the device."""
    description: str = ""
    """Template of a longer text."""
    runbook: str = ""
    file: str = ""
    path: str = ""
    """Where in the file it stands, e.g. `rules[3]`."""
    source: Document | None = field(default=None, compare=False, repr=False)

    def problem(self, path: Sequence[str | int], message: str, hint: str = "") -> Problem:
        """A mistake at a path below the rule, with its line where the file is known."""
        if self.source is None:
            return Problem(self.file, self.path, f"rule {self.name}: {message}", hint)
        place = int(self.path.rpartition("[")[2].rstrip("]"))
        return self.source.problem(["rules", place, *path], message, hint)
