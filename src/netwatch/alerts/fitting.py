"""Whether rules fit a district: scopes that match nothing of its inventory, windows that never open."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase

from netwatch.alerts.rule import Rule, Scope
from netwatch.calendars import Calendar, Calendars
from netwatch.calendars.windows import SpanKind
from netwatch.documents import did_you_mean
from netwatch.errors import Problem
from netwatch.model import DeviceKind, Inventory, InventoryDevice, PlaceKind

__all__ = ["ROLES", "misfits"]

ROLES = frozenset(
    {"core", "distribution", "access", "router", "ap", "controller", "fc", "phone", "codec", "vm"}
)
"""Roles that people give by habit, and those of devices that others tell of. Profiles tell further ones."""
_TELLERS = (DeviceKind.WIRELESS, DeviceKind.SERVER, DeviceKind.OTHER, None)
"""Devices of these kinds may tell of others, whose names the inventory does not know."""


def misfits(
    rules: Sequence[Rule], inventory: Inventory, calendars: Calendars, roles: Collection[str] = ()
) -> tuple[list[Problem], list[Problem]]:
    """(problems, warnings). `roles`: those that profiles tell."""
    known_roles = {*ROLES, *roles, *(device.role for device in inventory.devices.values() if device.role)}
    problems: list[Problem] = []
    warnings: list[Problem] = []
    for rule in rules:
        problems += _roles(rule, known_roles)
        problems += _places(rule, inventory)
        problems += _tags(rule, inventory)
        for problem, sure in _devices(rule, inventory):
            (problems if sure else warnings).append(problem)
        problems += _windows(rule, inventory, calendars)
        if not any(problem.file == rule.file and problem.path.startswith(rule.path) for problem in problems):
            problems += _together(rule, inventory)
    return problems, warnings


def _roles(rule: Rule, known: Collection[str]) -> Iterator[Problem]:
    for key, roles in (("roles", rule.scope.roles), ("not_roles", rule.scope.not_roles)):
        for role in sorted(roles - set(known)):
            hint = did_you_mean(role, known) or "no device of the inventory and no profile has it"
            yield rule.problem(["scope", key], f"unknown role {role!r}", hint)


def _places(rule: Rule, inventory: Inventory) -> Iterator[Problem]:
    known = inventory.places.by_id
    for place in sorted(rule.scope.sites):
        if place in known:
            continue
        longer = [one for one in known if one == f"{inventory.district}/{place}" or one.endswith(f"/{place}")]
        hint = f"write {longer[0]!r}" if longer else did_you_mean(place, known)
        message = f"unknown place {place!r}"
        yield rule.problem(["scope", "sites"], message, hint or "the inventory lists the places")


def _tags(rule: Rule, inventory: Inventory) -> Iterator[Problem]:
    known = {tag for device in inventory.devices.values() for tag in device.tags}
    for key, tags in (("tags", rule.scope.tags), ("not_tags", rule.scope.not_tags)):
        for tag in sorted(tags - known):
            hint = did_you_mean(tag, known) or "give it to devices of the inventory"
            yield rule.problem(["scope", key], f"no device has the tag {tag!r}", hint)


def _devices(rule: Rule, inventory: Inventory) -> Iterator[tuple[Problem, bool]]:
    """Second: whether no device can ever have that name."""
    known = inventory.devices
    for pattern in rule.scope.devices:
        if any(fnmatchcase(name, pattern) for name in known):
            continue
        wild = "*" in pattern or "?" in pattern or "[" in pattern
        told = wild and any(device.kind in _TELLERS for device in known.values())
        message = f"no device of the inventory is called {pattern!r}"
        hint = did_you_mean(pattern, known) or "add it to the inventory, or correct the name"
        if told:
            hint = "only devices that a controller or host tells of can match"
        yield rule.problem(["scope", "devices"], message, hint), not told


def _windows(rule: Rule, inventory: Inventory, calendars: Calendars) -> Iterator[Problem]:
    if rule.window.is_always:
        return
    used = _calendars_of(inventory, calendars)
    day_types = {name for calendar in used for name in calendar.day_types}
    for key, spans in (("during", rule.window.during), ("outside", rule.window.outside)):
        for span in spans:
            if span.kind is SpanKind.DAY_TYPE and span.name not in day_types:
                hint = did_you_mean(span.name, day_types) or "no school's calendar has it"
                yield rule.problem([key], f"unknown day type {span.name!r}", hint)
                return
    planned = any(span.kind is SpanKind.DAY_TYPE for span in rule.window.during)  # its dates may follow
    if not planned and not any(rule.window.ever_opens(calendar) for calendar in used):
        key = "during" if rule.window.during else "outside"
        message = f"the window never opens: {rule.window}"
        yield rule.problem([key], message, "no school's calendar has a moment like that")


def _calendars_of(inventory: Inventory, calendars: Calendars) -> list[Calendar]:
    """Those that hold anywhere."""
    schools = [None, *(place.id for place in inventory.places.of_kind(PlaceKind.SCHOOL))]
    return list(
        {id(one): one for one in (calendars.at(place, inventory.places) for place in schools)}.values()
    )


def _together(rule: Rule, inventory: Inventory) -> Iterator[Problem]:
    """Each key matches something, but no device matches all of them. Only where the scope names devices that
    the inventory knows; what it does not know of them may fit."""
    scope = rule.scope
    exact = scope.devices and not any(set(pattern) & set("*?[") for pattern in scope.devices)
    if not exact and not scope.tags:
        return
    if not any(_may_match(device, scope, inventory) for device in inventory.devices.values()):
        message = "no device of the inventory matches all of the scope"
        yield rule.problem(["scope"], message, "look at kinds, roles, sites, tags and devices together")


def _may_match(device: InventoryDevice, scope: Scope, inventory: Inventory) -> bool:
    tags = set(device.tags)
    if scope.devices and not any(fnmatchcase(device.name, pattern) for pattern in scope.devices):
        return False
    if (scope.tags and not tags & scope.tags) or tags & scope.not_tags:
        return False
    if device.kind is not None and (
        (scope.kinds and device.kind not in scope.kinds) or device.kind in scope.not_kinds
    ):
        return False
    if device.role and ((scope.roles and device.role not in scope.roles) or device.role in scope.not_roles):
        return False
    ids = {str(place.id) for place in inventory.places.path(device.place)}
    return not scope.sites or not ids or bool(ids & scope.sites)
