"""Everything that a configuration refers to, tried without starting anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from netwatch.calendars import Calendars, load_calendars
from netwatch.config import Settings, expand, load_settings
from netwatch.documents import Document, did_you_mean, read_yaml
from netwatch.errors import ConfigError, Problem
from netwatch.inventory.load import LoadedInventory, read_inventory
from netwatch.model import EntityId, Inventory, PlaceKind, Places

__all__ = [
    "Checked",
    "Checker",
    "Finding",
    "FittingChecker",
    "check_configuration",
    "closure_problems",
    "read_calendars",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says."""

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    """Lines of the summary, e.g. `{"rules": 12}`."""


Checker = Callable[[Settings], Finding]
"""Tries what another room reads: profiles, rules, policy. It may raise ConfigError instead of returning."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Everything that all checks said together."""

    settings: Settings | None
    inventory: Inventory | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    counts: Mapping[str, int]


FittingChecker = Callable[[Settings, Inventory], Finding]
"""Tries whether other files fit the inventory. It may raise ConfigError instead of returning."""


def check_configuration(
    path: Path,
    env: Mapping[str, str],
    checkers: Sequence[Checker] = (),
    fitting: Sequence[FittingChecker] = (),
) -> Checked:
    """Loads settings, calendars and inventory, then asks each checker, and those of `fitting` if all else is
    good. Never raises ConfigError."""
    try:
        settings = load_settings(path, env)
    except ConfigError as error:
        return Checked(None, None, error.problems, (), {})
    inventory: list[Inventory] = []

    def of_inventory(settings: Settings) -> Finding:
        loaded = read_inventory(settings, env, lambda device: EntityId(device.name))
        inventory.append(loaded.inventory)
        return _summary(loaded)

    problems: list[Problem] = []
    warnings = list(settings.warnings)
    counts: dict[str, int] = {}
    for checker in (of_inventory, _of_calendars, _of_channels, *checkers):
        try:
            finding = checker(settings)
        except ConfigError as error:
            finding = Finding(error.problems)
        problems += finding.problems
        warnings += finding.warnings
        counts.update(finding.counts)
    found = inventory[0] if inventory else None
    if found is not None and not problems:
        for fits in (_closures, *fitting):
            try:
                finding = fits(settings, found)
            except ConfigError as error:
                finding = Finding(error.problems)
            problems += finding.problems
            warnings += finding.warnings
    return Checked(settings, found, tuple(problems), tuple(warnings), counts)


def read_calendars(settings: Settings) -> Calendars:
    """The calendars and closures that the settings name, in the district's time zone. Raises ConfigError."""
    problems: list[Problem] = []
    documents: list[Document] = []
    for path in expand(settings.calendars):
        try:
            documents.append(read_yaml(path))
        except ConfigError as error:
            problems.extend(error.problems)
    try:
        calendars = load_calendars(documents, settings.district.timezone)
    except ConfigError as error:
        problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)
    return calendars


def closure_problems(calendars: Calendars, places: Places) -> list[Problem]:
    """Closures of places that there are not, or by a bell schedule that no school there has."""
    out = []
    for one in calendars.closures:
        inside = [
            place for place in places.by_id if one.covers([str(node.id) for node in places.path(place)])
        ]
        if not inside:
            known = [str(place).partition("/")[2] or str(place) for place in places.by_id]
            hint = did_you_mean(one.place, known) or "the inventory lists the places"
            path = f"{one.path}.place"
            out.append(Problem(one.file, path, f"unknown place {one.place!r}", hint, one.line))
        elif one.day_type:
            schedules = {name for place in inside for name in calendars.at(place, places).day_types}
            if one.day_type not in schedules:
                message = f"no calendar of {one.place!r} has the day type {one.day_type!r}"
                hint = did_you_mean(one.day_type, schedules)
                out.append(Problem(one.file, f"{one.path}.day_type", message, hint, one.line))
    return out


def _closures(settings: Settings, inventory: Inventory) -> Finding:
    return Finding(tuple(closure_problems(read_calendars(settings), inventory.places)))


def _of_calendars(settings: Settings) -> Finding:
    return Finding(counts={"calendars": len(read_calendars(settings))})


def _of_channels(settings: Settings) -> Finding:
    alerts = settings.alerts
    count = len(alerts.alertmanager) + len(alerts.webhook) + len(alerts.email) + len(alerts.mqtt)
    return Finding(counts={"alert channels": count})


def _summary(loaded: LoadedInventory) -> Finding:
    inventory = loaded.inventory
    kinds = Counter(
        "kind by profile" if device.kind is None else str(device.kind)
        for device in inventory.devices.values()
    )
    counts = {
        "schools": sum(1 for _ in inventory.places.of_kind(PlaceKind.SCHOOL)),
        "places": len(inventory.places.by_id),
        "devices": len(inventory.devices),
        **{f"devices: {kind}": count for kind, count in sorted(kinds.items())},
        "assets": len(inventory.assets),
    }
    return Finding(warnings=loaded.warnings, counts=counts)
