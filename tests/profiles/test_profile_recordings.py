"""Shipped profiles against small recordings, made from the facts of the MIB modules with invented values.

recordings/NAME.snmprec is a device; recordings/NAME.expected.yaml lists what the inspect document must hold.
A mapping is held if each of its keys is; a list if each of its entries is held by an entry of its own;
a number to one in a million. `absent` lists keys that must not be there at all; an entry `none: {...}` of a
list is held if no entry of the list holds what stands below it.

Each profile that can be chosen for a device has a recording of its own here.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from netwatch.discovery import discover, inspect_document
from netwatch.model import Catalogue, EntityId, SnmpAccess, SystemClock, Target, load_catalogue
from netwatch.profiles import (
    FALLBACK,
    Fingerprint,
    ProfileSet,
    Recognised,
    candidates,
    choose,
    load_profiles,
)
from netwatch.profiles.language.values import text
from netwatch.resources import collectors_dir
from netwatch.wire import RecordedSnmpWire, Recording

RECORDINGS = Path(__file__).parent / "recordings"
NAMES = sorted(file.name.removesuffix(".expected.yaml") for file in RECORDINGS.glob("*.expected.yaml"))


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def profiles(catalogue: Catalogue) -> ProfileSet:
    return load_profiles([collectors_dir()], catalogue)


def missing(wanted: Any, found: Any, path: str = "") -> list[str]:
    """What of `wanted` is not held by `found`."""
    if isinstance(wanted, dict):
        if not isinstance(found, dict):
            return [f"{path}: wanted a mapping, found {found!r}"]
        gone = [f"{path}.{key}: must not be there" for key in wanted.get("absent", ()) if key in found]
        keys = [key for key in wanted if key != "absent"]
        return gone + [line for key in keys for line in missing(wanted[key], found.get(key), f"{path}.{key}")]
    if isinstance(wanted, list):
        left = list(found) if isinstance(found, list) else []
        lines = []
        for number, item in enumerate(wanted):
            if isinstance(item, dict) and list(item) == ["none"]:
                lines += [
                    f"{path}[{number}]: must not be there: {other!r}"
                    for other in found or ()
                    if not missing(item["none"], other)
                ]
                continue
            match = next((other for other in left if not missing(item, other)), None)
            if match is None:
                lines.append(f"{path}[{number}]: {item!r} in none of {left!r}")
            else:
                left.remove(match)
        return lines
    if isinstance(wanted, float) and isinstance(found, int | float):
        return [] if found == pytest.approx(wanted) else [f"{path}: wanted {wanted}, found {found}"]
    return [] if wanted == found else [f"{path}: wanted {wanted!r}, found {found!r}"]


@pytest.mark.parametrize("name", NAMES)
def test_profile_recording(name: str, profiles: ProfileSet, catalogue: Catalogue) -> None:
    recording = Recording.load(RECORDINGS / f"{name}.snmprec")
    wire = RecordedSnmpWire({name: recording})
    target = Target(EntityId(name), name, (), snmp=SnmpAccess())
    found = asyncio.run(discover(target, snmp=wire, profiles=profiles, clock=SystemClock()))
    document = inspect_document(name, found, catalogue)
    wanted = yaml.safe_load((RECORDINGS / f"{name}.expected.yaml").read_text(encoding="utf-8"))
    assert missing(wanted, document) == []


def chosen(recording: Recording, profiles: ProfileSet) -> set[str]:
    """The profile that a recorded device is read by, and those attached to it. Nothing of it is read."""

    def told(oid: str) -> str:
        return text(recording.get(oid)) or ""

    device = Fingerprint(
        sys_object_id=told("1.3.6.1.2.1.1.2.0").removeprefix("."),
        sys_descr=told("1.3.6.1.2.1.1.1.0"),
        sys_name=told("1.3.6.1.2.1.1.5.0"),
        has=recording.has,
        value=recording.get,
    )
    main, attached = choose(candidates(profiles.recognised, device))
    return {main.profile.name if main else FALLBACK, *(one.profile.name for one in attached)}


def told_by_snmp(profile: Recognised) -> bool:
    """False for what only others include, and for APIs, which tests/system has servers for."""
    return any(not match.http_json and not match.http_host for match in profile.match)


def test_each_profile_has_a_recording(profiles: ProfileSet) -> None:
    left = {profile.name for profile in profiles.recognised if told_by_snmp(profile)} | {FALLBACK}
    for name in NAMES:
        left -= chosen(Recording.load(RECORDINGS / f"{name}.snmprec"), profiles)
    assert sorted(left) == [], "profiles that no recording chooses"


def test_missing_tells_what_is_not_held() -> None:
    assert missing({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}]}) == []
    assert missing({"a": [{"b": 1}, {"b": 1}]}, {"a": [{"b": 1}]})
    assert missing({"a": {"absent": ["b"]}}, {"a": {"b": 0}})
    assert missing({"a": 0.3}, {"a": 0.1 + 0.2}) == []
    assert missing([{"none": {"b": 1}}], [{"b": 2}]) == []
    assert missing([{"none": {"b": 1}}], [{"b": 1, "c": 2}])
