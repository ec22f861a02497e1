"""Vendors by private enterprise number: the arc after 1.3.6.1.4.1 in a sysObjectID, as IANA assigns it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pydantic import RootModel

from netwatch.documents import Strict, read_yaml, validate
from netwatch.errors import ConfigError, Problem
from netwatch.model import DeviceKind

__all__ = ["VENDORS_FILE", "Vendor", "Vendors", "VendorsFile", "load_vendors"]

VENDORS_FILE = "vendors.yaml"

SHORTEST_NAME = 4
"""Letters: shorter names are too often part of something else."""


class Vendor(Strict):
    """Who made it, and what they mostly make: a guess for devices without a profile."""

    name: str
    kind: DeviceKind | None = None
    agent: bool = False
    """The maker of an agent that others build in: the device itself may be anybody's."""


class VendorsFile(RootModel[dict[int, Vendor | str]]):
    """vendors.yaml: number -> name, or name and kind."""


@dataclass(frozen=True)
class Vendors:
    by_number: Mapping[int, Vendor] = field(default_factory=dict)

    def of(self, sys_object_id: str, sys_descr: str = "") -> Vendor | None:
        """The vendor whose arc the sysObjectID is below; if that tells nothing, one named in sysDescr."""
        arcs = sys_object_id.split(".")
        found = None
        if arcs[:6] == ["1", "3", "6", "1", "4", "1"] and len(arcs) > 6 and arcs[6].isdecimal():
            found = self.by_number.get(int(arcs[6]))
        if found is None or found.agent:
            return self._named(sys_descr) or found
        return found

    def _named(self, sys_descr: str) -> Vendor | None:
        """The vendor whose name stands first in the text, as words of their own."""
        words = re.findall(r"[a-z0-9&+-]+", sys_descr[:500].lower())
        for start in range(len(words)):
            for length in (3, 2, 1):
                vendor = self._names.get(" ".join(words[start : start + length]))
                if vendor is not None:
                    return vendor
        return None

    @cached_property
    def _names(self) -> dict[str, Vendor]:
        return {
            vendor.name.lower(): vendor
            for _, vendor in sorted(self.by_number.items(), reverse=True)
            if len(vendor.name) >= SHORTEST_NAME and not vendor.agent
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


def load_vendors(files: Sequence[Path], problems: list[Problem]) -> Vendors:
    """Reads the files; what is wrong goes to `problems`."""
    found = Vendors()
    for file in files:
        try:
            found = found.merged(Vendors.written(validate(VendorsFile, read_yaml(file))))
        except ConfigError as error:
            problems += error.problems
    return found
