"""Vendors by private enterprise number: the arc after 1.3.6.1.4.1 in a sysObjectID, as IANA assigns it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import RootModel

from netwatch.documents import Strict, read_yaml, validate
from netwatch.errors import ConfigError, Problem
from netwatch.model import DeviceKind

__all__ = ["VENDORS_FILE", "Vendor", "Vendors", "load_vendors"]

VENDORS_FILE = "vendors.yaml"


class Vendor(Strict):
    """Who made it, and what they mostly make: a guess for devices without a profile."""

    name: str
    kind: DeviceKind | None = None


class VendorsFile(RootModel[dict[int, Vendor | str]]):
    """vendors.yaml: number -> name, or name and kind."""


@dataclass(frozen=True)
class Vendors:
    by_number: Mapping[int, Vendor] = field(default_factory=dict)

    def of(self, sys_object_id: str) -> Vendor | None:
        """The vendor whose arc the sysObjectID is below."""
        arcs = sys_object_id.split(".")
        if arcs[:6] != ["1", "3", "6", "1", "4", "1"] or len(arcs) < 7 or not arcs[6].isdecimal():
            return None
        return self.by_number.get(int(arcs[6]))

    def merged(self, other: Vendors) -> Vendors:
        return Vendors({**self.by_number, **other.by_number})


def load_vendors(files: Sequence[Path], problems: list[Problem]) -> Vendors:
    """Reads the files; what is wrong goes to `problems`."""
    found: dict[int, Vendor] = {}
    for file in files:
        try:
            written = validate(VendorsFile, read_yaml(file)).root
        except ConfigError as error:
            problems += error.problems
            continue
        found |= {
            number: Vendor(name=vendor) if isinstance(vendor, str) else vendor
            for number, vendor in written.items()
        }
    return Vendors(found)
