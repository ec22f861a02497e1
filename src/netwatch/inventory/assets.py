"""Things with serial numbers out of their entries: devices, members of stacks, spares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from netwatch.documents import did_you_mean
from netwatch.errors import Problem
from netwatch.inventory.devices import Devices, weak_serial
from netwatch.inventory.models import AssetEntry, AssetFacts, DeviceEntry
from netwatch.inventory.sources import Located, Where
from netwatch.inventory.tree import Tree
from netwatch.model import Asset, AssetLocation, AssetState, PlaceId

__all__ = ["Assets"]

_IN_USE = (AssetState.IN_USE, AssetState.CASCADED)


class Assets:
    """Assets under construction, with what is wrong in `.problems` and what is unwise in `.warnings`."""

    def __init__(self, devices: Devices, tree: Tree) -> None:
        self.devices = devices
        self.found: list[Asset] = []
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._tree = tree
        self._serials: dict[str, Where] = {}
        self._of_devices: dict[str, int] = {}
        """Position in `found` of what devices said themselves, by serial number."""
        self._tags: dict[str, Where] = {}

    def add_device(self, item: Located[DeviceEntry]) -> None:
        """The thing that a device is, if anything was entered of it."""
        entry, merged = item.entry, self.devices.merged.get(item.entry.name, {})
        serial = "" if weak_serial(entry.serial) else entry.serial  # warned of with the device
        said = [getattr(entry, name) for name in AssetFacts.model_fields if name != "serial"]
        if not serial and all(value in ("", None, ()) for value in said):
            return
        if serial:
            self._of_devices.setdefault(serial.casefold(), len(self.found))
        self._take(entry, serial, entry.name, merged, item.where)

    def add(self, item: Located[AssetEntry]) -> None:
        """A thing of a list of assets."""
        entry, where = item.entry, item.where
        merged: dict[str, Any] = dict(self.devices.merged.get(entry.device, {}))
        for name in ("currency", "fund"):
            if getattr(entry, name) is not None:
                merged[name] = getattr(entry, name)
        if entry.device and entry.device not in self.devices.by_name:
            hint = did_you_mean(entry.device, self.devices.by_name)
            self.problems.append(where.problem("device", f"unknown device {entry.device!r}", hint))
        serial = entry.serial
        if weak_serial(serial):
            message = f"serial {serial!r} is a placeholder and is dropped"
            hint = "leave it out, or write the one on the label"
            self.warnings.append(where.problem("serial", message, hint))
            serial = ""
        at = self._of_devices.pop(serial.casefold(), None) if serial else None
        if at is not None and entry.device in ("", self.found[at].device) and not entry.disposed:
            self._complete(at, entry, merged, where)
        else:
            self._take(entry, serial, entry.device, merged, where)

    def _complete(self, at: int, entry: AssetEntry, merged: Mapping[str, Any], where: Where) -> None:
        """What the business office knows of a device that the network's people entered. Where both speak they
        have to agree."""
        known = self.found[at]
        said: dict[str, Any] = {name: getattr(entry, name) for name in AssetFacts.model_fields}
        said["locations"] = self._locations(entry, where)
        said |= {name: merged[name] for name in ("currency", "fund") if getattr(entry, name) is not None}
        changes = {name: value for name, value in said.items() if value not in ("", None, ())}
        for name, value in changes.items():
            before = getattr(known, name)
            if (
                name not in ("serial", "currency", "fund")
                and before not in ("", None, ())
                and before != value
            ):
                message = f"{value}, but device {known.device!r} says {before}"
                hint = f"see {self._serials[entry.serial.casefold()]}: keep one of them"
                self.problems.append(where.problem(name, message, hint))
        changes.pop("serial", None)
        self._agrees(self._place(entry.place, where, "place"), known.device, where)
        if not known.asset_tag:
            self._tag(entry, where)
        self.found[at] = replace(known, **changes)

    def _tag(self, entry: AssetFacts, where: Where) -> None:
        tag = entry.asset_tag.casefold()
        if tag and tag in self._tags:
            message = f"asset_tag {entry.asset_tag!r} is there twice"
            self.warnings.append(where.problem("asset_tag", message, f"first at {self._tags[tag]}"))
        self._tags.setdefault(tag, where)

    def _take(
        self, entry: AssetFacts, serial: str, device: str, merged: Mapping[str, Any], where: Where
    ) -> None:
        key = serial.casefold()
        if serial and key in self._serials:
            message = f"serial {serial!r} is there twice"
            self.problems.append(where.problem("serial", message, f"first at {self._serials[key]}"))
        self._serials.setdefault(key, where)
        self._tag(entry, where)
        place, disposed = self._whereabouts(entry, device, where)
        self.found.append(
            Asset(
                serial=serial,
                device=device,
                asset_tag=entry.asset_tag,
                vendor=entry.vendor,
                model=entry.model,
                sku=entry.sku,
                installed=entry.installed,
                cost=entry.cost,
                currency=merged.get("currency", "USD"),
                fund=merged.get("fund", ""),
                warranty_until=entry.warranty_until,
                support_until=entry.support_until,
                support_cost=entry.support_cost,
                contract=entry.contract,
                award=entry.award,
                state=AssetState.DISPOSED if disposed else entry.state,
                place=place,
                disposed=disposed,
                verified=entry.verified,
                locations=self._locations(entry, where),
            )
        )

    def _whereabouts(
        self, entry: AssetFacts, device: str, where: Where
    ) -> tuple[PlaceId | None, date | None]:
        """Place and day of disposal of a thing. What contradicts itself goes into the problems."""
        place, disposed = None, None
        if isinstance(entry, AssetEntry):
            place, disposed = self._place(entry.place, where, "place"), entry.disposed
            if device:
                self._agrees(place, device, where)
                place = None
        state = AssetState.DISPOSED if disposed else entry.state
        if device and state in (AssetState.SPARE, AssetState.DISPOSED):
            message = f"what is {'a spare' if state is AssetState.SPARE else 'disposed of'} fills no function"
            hint = f"leave out device {device!r}, or write `in use`"
            self.problems.append(where.problem("state", message, hint))
        if disposed and entry.state in (*_IN_USE, AssetState.SPARE):
            message = f"has a day of disposal and is {entry.state}"
            self.problems.append(where.problem("state", message, "leave out one of them"))
        if disposed and entry.installed and disposed < entry.installed:
            message = f"{disposed} lies before its installation on {entry.installed}"
            self.problems.append(where.problem("disposed", message))
        return place, disposed

    def _agrees(self, place: PlaceId | None, device: str, where: Where) -> None:
        """Two places of one thing: that of its device counts."""
        known = self.devices.by_name.get(device)
        if place is None or known is None or known.place is None:
            return
        if not (f"{place}/".startswith(f"{known.place}/") or f"{known.place}/".startswith(f"{place}/")):
            message = f"{place!r}, but its device {device!r} is at {known.place!r}, which counts"
            self.warnings.append(where.problem("place", message, "find out which is true"))

    def _locations(self, entry: AssetFacts, where: Where) -> tuple[AssetLocation, ...]:
        out: list[AssetLocation] = []
        for number, one in enumerate(entry.locations):
            key = ("locations", number)
            place = self._place(one.place, where, (*key, "place"))
            if out and one.since <= out[-1].since:
                message = f"{one.since} is not after {out[-1].since} of the one before"
                self.problems.append(where.problem((*key, "since"), message, "in the order of time"))
            if place is not None:
                out.append(AssetLocation(place, one.since))
        return tuple(out)

    def _place(self, path: str, where: Where, key: str | tuple[str | int, ...]) -> PlaceId | None:
        found = self._tree.find(path) if path else None
        if path and found is None:
            self.problems.append(where.problem(key, f"unknown place {path!r}", self._tree.hint(path)))
        return found
