"""Vendors by private enterprise number: the arc after 1.3.6.1.4.1 in a sysObjectID, as IANA assigns it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from pydantic import Field, RootModel, field_validator

from netwatch.documents import Strict, fault, read_yaml, validate
from netwatch.errors import ConfigError, Problem
from netwatch.model import DeviceKind

__all__ = ["VENDORS_FILE", "Vendor", "Vendors", "VendorsFile", "load_vendors"]

_T = TypeVar("_T")

VENDORS_FILE = "vendors.yaml"

ENTERPRISES = "1.3.6.1.4.1."

SHORTEST_NAME = 4
"""Letters: shorter names are too often part of something else."""

_ARCS = re.compile(r"\d+(\.\d+)*")
_UNAME = re.compile(r"^(Linux|FreeBSD|OpenBSD|NetBSD|SunOS|Darwin) \S+(?= \S*\d)")
"""What `uname` says first: the host's name may be anybody's."""


class Vendor(Strict):
    """Who made it, and what they mostly make: a guess for devices without a profile."""

    name: str
    kind: DeviceKind | None = None
    kinds: dict[DeviceKind, str] = Field(default={})
    """Kind -> arcs after the enterprise number, with blanks between them, below which they make that."""
    names: dict[str, str] = Field(default={})
    """Name -> arcs below which it is of that name."""
    also: list[str] = Field(default=[])
    """Further names that sysDescr may tell it by."""
    agent: bool = False
    """The maker of an agent that others build in: the device itself may be anybody's."""
    extension: bool = False
    """Its objects tell nothing of the device's maker: software that is installed on anybody's."""

    @field_validator("kinds", "names")
    @classmethod
    def _written_arcs(cls, given: dict[str, str]) -> dict[str, str]:
        for arcs in given.values():
            for arc in arcs.split():
                if not _ARCS.fullmatch(arc):
                    raise fault(f"{arc!r} are no arcs", "write them as 1.4 2.3.7")
        return given

    def below(self, arcs: str) -> Vendor:
        """What is known of the arcs after the enterprise number: the longest that are told of count."""
        if not self.kinds and not self.names:
            return self
        name = _longest(self.names, arcs)
        kind = _longest(self.kinds, arcs)
        return self.model_copy(update={"name": name or self.name, "kind": kind or self.kind})


class VendorsFile(RootModel[dict[int, Vendor | str]]):
    """vendors.yaml: number -> name, or name and kind."""


@dataclass(frozen=True)
class Vendors:
    by_number: Mapping[int, Vendor] = field(default_factory=dict)

    def of(self, sys_object_id: str, sys_descr: str = "", objects: Iterable[str] = ()) -> Vendor | None:
        """The vendor whose arc the sysObjectID is below. If that tells nothing: one that the agent has
        `objects` of, else one named in sysDescr."""
        found = self._numbered(sys_object_id)
        if found is not None and not found.agent:
            return found
        for oid in objects:
            owner = self._numbered(oid)
            if owner is not None and not owner.agent and not owner.extension:
                return owner
        return self._named(sys_descr) or found

    def tells(self, sys_object_id: str) -> bool:
        """Is the device's vendor told by its sysObjectID?"""
        found = self._numbered(sys_object_id)
        return found is not None and not found.agent

    def _numbered(self, oid: str) -> Vendor | None:
        """The vendor whose enterprise number the OID has."""
        if not oid.startswith(ENTERPRISES):
            return None
        number, _, arcs = oid[len(ENTERPRISES) :].partition(".")
        found = self.by_number.get(int(number)) if number.isdecimal() else None
        return found.below(arcs) if found is not None else None

    def _named(self, sys_descr: str) -> Vendor | None:
        """The vendor whose name stands first in the text, as words of their own."""
        words = re.findall(r"[a-z0-9&+-]+", _UNAME.sub(r"\1", sys_descr[:500]).lower())
        for start in range(len(words)):
            for length in (3, 2, 1):
                vendor = self._names.get(" ".join(words[start : start + length]))
                if vendor is not None:
                    return vendor
        return None

    @cached_property
    def _names(self) -> dict[str, Vendor]:
        return {
            name.lower(): vendor
            for _, vendor in sorted(self.by_number.items(), reverse=True)
            for name in (vendor.name, *vendor.also)
            if (len(name) >= SHORTEST_NAME or name in vendor.also) and not vendor.agent
        }

    @classmethod
    def written(cls, file: VendorsFile) -> Vendors:
        """Those of one file."""
        return cls(
            {
                number: Vendor(name=vendor) if isinstance(vendor, str) else vendor
                for number, vendor in file.root.items()
            }
        )

    def merged(self, other: Vendors) -> Vendors:
        return Vendors({**self.by_number, **other.by_number})


def _longest(known: Mapping[_T, str], arcs: str) -> _T | None:
    """The one whose arcs are the longest that `arcs` are at or below."""
    found = [
        (len(arc), value)
        for value, written in known.items()
        for arc in written.split()
        if f"{arcs}.".startswith(f"{arc}.")
    ]
    return max(found, key=lambda one: one[0])[1] if found else None


def load_vendors(files: Sequence[Path], problems: list[Problem]) -> Vendors:
    """Reads the files; what is wrong goes to `problems`."""
    found = Vendors()
    for file in files:
        try:
            found = found.merged(Vendors.written(validate(VendorsFile, read_yaml(file))))
        except ConfigError as error:
            problems += error.problems
    return found
