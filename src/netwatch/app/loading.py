"""Everything that files say, read and checked together: a configuration is good as a whole or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from netwatch.alerts import Rule, circuit_misfits, load_rules, misfits
from netwatch.calendars import Calendars
from netwatch.config import Settings, expand, load_settings
from netwatch.documents import read_yaml
from netwatch.errors import ConfigError, Problem, Problems, ProfileError, StoreError
from netwatch.incidents import Silence, load_silences
from netwatch.inventory import (
    Checker,
    Finding,
    FittingChecker,
    LoadedInventory,
    closure_problems,
    read_calendars,
    read_inventory,
)
from netwatch.model import Catalogue, EntityId, Inventory, InventoryDevice
from netwatch.planning import Lifecycle, Policies, load_lifecycle, load_policies
from netwatch.planning.policies import POLICY_FILES
from netwatch.profiles import ProfileSet, load_profiles, profile_cache
from netwatch.resources import collectors_dir, config_dir
from netwatch.store import Store
from netwatch.web import Auth, load_web_file

__all__ = ["Configuration", "checkers", "fitting_checkers", "load_configuration", "profile_roles", "rules_of"]

DeviceIds = Callable[[InventoryDevice], EntityId]
Stamps = tuple[tuple[str, int, int, int], ...]
"""Path, inode, size and time of change (ns) of files."""
_AT_ONCE = 200
"""Devices that get their ids in one turn of the event loop."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """One consistent state of all files."""

    settings: Settings
    inventory: Inventory
    profiles: ProfileSet
    rules: tuple[Rule, ...]
    calendars: Calendars
    policies: Policies
    lifecycle: Lifecycle
    auth: Auth
    silences: tuple[Silence, ...]
    """Those that stand in files."""
    warnings: tuple[Problem, ...]
    """What is unwise but works."""
    profile_stamps: Stamps = ()
    policy_texts: Mapping[str, str] = field(default_factory=dict)
    """What the files of `policies` say, by name: plans are kept with the policies they were made under."""

    @property
    def school_time(self) -> Calendars:
        """The calendars, with the school hours of the replacement policy where a place has none."""
        return self.calendars.with_default(self.policies.replacement.school_hours.calendar())

    @property
    def refused(self) -> Sequence[Problem]:
        """What is wrong with files of the user's own profiles: one bad file does not stop a district."""
        return self.profiles.problems

    def identified(self, device_id: DeviceIds) -> Configuration:
        """The same with permanent ids in the devices' targets. Reading files may happen in a thread; asking
        for ids may not."""
        return self._with(dict(self._identified(device_id)))

    async def identified_gently(self, device_id: DeviceIds) -> Configuration:
        """The same for a netwatch that is running: the event loop gets its turn."""
        devices: dict[str, InventoryDevice] = {}
        found = self._identified(device_id)
        while part := dict(islice(found, _AT_ONCE)):
            devices.update(part)
            await asyncio.sleep(0)
        return self._with(devices)

    def _identified(self, device_id: DeviceIds) -> Iterator[tuple[str, InventoryDevice]]:
        return ((name, _identified(one, device_id)) for name, one in self.inventory.devices.items())

    def _with(self, devices: Mapping[str, InventoryDevice]) -> Configuration:
        return replace(self, inventory=replace(self.inventory, devices=devices))


def load_configuration(
    path: Path, env: Mapping[str, str], catalogue: Catalogue, before: Configuration | None = None
) -> Configuration:
    """Reads the settings file and all that it names; devices are known by name until `identified`. Profiles
    whose files are as they were `before` are not compiled again.

    Raises ConfigError with the problems of every file.
    """
    settings = load_settings(path, env)
    problems = Problems()
    try_to = problems.try_to
    rules = try_to(lambda: rules_of(settings, catalogue))
    calendars = try_to(lambda: read_calendars(settings))
    policies = try_to(lambda: _policies(settings))
    lifecycle = try_to(lambda: _lifecycle(settings))
    auth = try_to(lambda: _auth(settings))
    stamps = _stamps((collectors_dir(), *settings.collectors))
    if before is not None and stamps == before.profile_stamps:
        profiles = before.profiles
    else:
        profiles = try_to(lambda: _profiles(settings, catalogue, env))
    loaded: LoadedInventory = try_to(lambda: read_inventory(settings, env, _name_as_id))
    silences = try_to(lambda: _silences(settings, rules, loaded))
    if not problems:
        problems += closure_problems(calendars, loaded.inventory.places)
    if problems:
        raise ConfigError(problems)
    misfit = _misfits(settings, rules, loaded.inventory, calendars, policies)
    return Configuration(
        settings=settings,
        inventory=loaded.inventory,
        profiles=profiles,
        rules=rules,
        calendars=calendars,
        policies=policies,
        lifecycle=lifecycle,
        auth=auth,
        silences=silences,
        profile_stamps=stamps,
        policy_texts=_policy_texts(settings),
        # What `netwatch check` refuses must not stop a district that runs: a switch that is gone, say.
        warnings=(*settings.warnings, *loaded.warnings, *misfit.problems, *misfit.warnings),
    )


def _misfits(
    settings: Settings,
    rules: Sequence[Rule],
    inventory: Inventory,
    calendars: Calendars,
    policies: Policies,
) -> Finding:
    """Rules that can't work in this district."""
    school_time = calendars.with_default(policies.replacement.school_hours.calendar())
    problems, warnings = misfits(
        rules, inventory, school_time, profile_roles((collectors_dir(), *settings.collectors))
    )
    return Finding(tuple(problems), (*warnings, *policies.overrides.strangers(inventory)))


def profile_roles(folders: Iterable[Path | str]) -> set[str]:
    """Roles that profiles name. Compiling them all would take seconds."""
    found: set[str] = set()
    for folder in map(Path, folders):
        for file in folder.rglob("*.yaml") if folder.is_dir() else [folder]:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                found |= set(re.findall(r"\brole:\s*[\"']*([a-z][\w-]*)", file.read_text(encoding="utf-8")))
    return found


def fitting_checkers(catalogue: Catalogue) -> Sequence[FittingChecker]:
    """What `netwatch check` tries once everything is read: whether it fits the inventory."""

    def of_rules(settings: Settings, inventory: Inventory) -> Finding:
        rules = rules_of(settings, catalogue)
        return _misfits(settings, rules, inventory, read_calendars(settings), _policies(settings))

    def of_circuits(settings: Settings, inventory: Inventory) -> Finding:
        """By the ports that devices have told of so far: what never ran knows of none."""
        file = Path(settings.state_dir) / "netwatch.db"
        named = {circuit.device for circuit in inventory.circuits if circuit.interface}
        ports: dict[str, set[str]] = {}
        if named and file.exists():
            with contextlib.suppress(StoreError), Store(file, read_only=True) as store:
                ports = store.identity.ports(sorted(named))
        return Finding(warnings=tuple(circuit_misfits(inventory, ports)))

    return of_rules, of_circuits


def checkers(catalogue: Catalogue, env: Mapping[str, str]) -> Sequence[Checker]:
    """What `netwatch check` tries beside settings, inventory and calendars."""

    def of_profiles(settings: Settings) -> Finding:
        profiles = _profiles(settings, catalogue, env)
        counts = {"profiles": len(profiles.profiles)}
        if profiles.problems:
            counts["profile files refused"] = len(profiles.refused)
        return Finding(warnings=tuple(profiles.problems), counts=counts)

    def of_rules(settings: Settings) -> Finding:
        rules = rules_of(settings, catalogue)
        return Finding(counts={"rules": len(rules), "silences": len(_silences(settings, rules, None))})

    def of_planning(settings: Settings) -> Finding:
        _policies(settings)
        return Finding(counts={"milestones": len(_lifecycle(settings).milestones)})

    def of_web(settings: Settings) -> Finding:
        return Finding(counts={"users": len(_auth(settings).users)})

    return of_profiles, of_rules, of_planning, of_web


def _name_as_id(device: InventoryDevice) -> EntityId:
    return EntityId(device.name)


def _identified(device: InventoryDevice, device_id: DeviceIds) -> InventoryDevice:
    if device.target is None:
        return device
    return replace(device, target=replace(device.target, device=device_id(device)))


def rules_of(settings: Settings, catalogue: Catalogue) -> tuple[Rule, ...]:
    """Those that the settings name, else the shipped ones. Raises ConfigError."""
    files = expand(settings.alerts.rules) or tuple(sorted((config_dir() / "rules").glob("*.yaml")))
    return load_rules([read_yaml(path) for path in files], catalogue)


def _silences(
    settings: Settings, rules: Sequence[Rule] | None, loaded: LoadedInventory | None
) -> tuple[Silence, ...]:
    """Names are checked against rules and places where those could be read. Raises ConfigError."""
    documents = [read_yaml(path) for path in expand(settings.alerts.silences)]
    sites: set[str] | None = None
    if loaded is not None:
        sites = {str(place) for place in loaded.inventory.places.by_id}
        sites |= {name.rpartition("/")[2] for name in sites}
    names = None if rules is None else {rule.name for rule in rules}
    return load_silences(documents, settings.district.timezone, rules=names, sites=sites)


def _policies(settings: Settings) -> Policies:
    return load_policies(settings.planning.policies, config_dir() / "planning")


def _policy_texts(settings: Settings) -> Mapping[str, str]:
    """Of files that were read and checked a moment ago."""
    texts = {}
    for name in POLICY_FILES:
        own = None if settings.planning.policies is None else settings.planning.policies / name
        path = own if own is not None and own.is_file() else config_dir() / "planning" / name
        with contextlib.suppress(OSError, UnicodeDecodeError):
            texts[name] = path.read_text(encoding="utf-8")
    return texts


def _lifecycle(settings: Settings) -> Lifecycle:
    return load_lifecycle(settings.planning.lifecycle or (config_dir() / "lifecycle",))


def _auth(settings: Settings) -> Auth:
    file = settings.web.web_config_file
    return Auth.open() if file is None else load_web_file(file)


def _stamps(paths: Iterable[Path | str]) -> Stamps:
    """Of all files at or below these paths; what can't be read is left to whoever reads it."""
    found = []
    for path in map(Path, paths):
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            with contextlib.suppress(OSError):
                state = file.stat()
                found.append((str(file), state.st_ino, state.st_size, state.st_mtime_ns))
    return tuple(found)


def _profiles(settings: Settings, catalogue: Catalogue, env: Mapping[str, str]) -> ProfileSet:
    """Raises ProfileError for what netwatch ships; a user's bad files are in `problems`."""
    shipped = collectors_dir()
    found = load_profiles([shipped, *settings.collectors], catalogue, cache=profile_cache(env))
    broken = [problem for problem in found.problems if Path(problem.file).is_relative_to(shipped)]
    if broken:
        raise ProfileError(broken)
    hint = "until it is corrected, other profiles read its devices; docs/profiles.md"
    return replace(found, problems=[one if one.hint else replace(one, hint=hint) for one in found.problems])
