"""What inventory files hold. docs/inventory.md is tested against the descriptions here."""

from __future__ import annotations

import ipaddress
import re
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from netwatch.config.fields import BitRate, Currency, Names, Slug
from netwatch.config.settings import DeviceDefaults
from netwatch.documents import Strict, fault
from netwatch.model import AssetState, PlaceKind

__all__ = [
    "AssetEntry",
    "AssetFacts",
    "CircuitEntry",
    "DeviceEntry",
    "InventoryFile",
    "IpAddress",
    "LocationEntry",
    "PlaceEntry",
    "SysLocationEntry",
]


def _address(value: Any) -> str:
    if isinstance(value, str):
        try:
            return str(ipaddress.ip_address(value.strip().removeprefix("[").removesuffix("]")))
        except ValueError:
            pass
    found = f", found {value!r}" if isinstance(value, str | int | float) else ""
    raise fault(f"expected an IPv4 or IPv6 address{found}", "names are not looked up: write the address")


IpAddress = Annotated[str, BeforeValidator(_address)]
Addresses = Annotated[tuple[IpAddress, ...], BeforeValidator(lambda v: (v,) if isinstance(v, str) else v)]


def _day(value: Any) -> Any:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        found = f", found {value!r}" if isinstance(value, str | int) else ""
        raise fault(f"expected a date{found}", "write it as YYYY-MM-DD") from None


Day = Annotated[date, BeforeValidator(_day)]


def _amount(value: Any) -> float:
    try:
        amount = float(value)
    except (TypeError, ValueError):
        amount = -1.0
    if isinstance(value, bool) or not 0 <= amount < 1e12:
        raise fault("expected an amount such as 1234.50", "no currency signs, no thousands separators")
    return amount


Amount = Annotated[float, BeforeValidator(_amount)]


def _undamaged(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"\d[.,]\d+E[+-]?\d+", value.strip(), re.IGNORECASE):
        raise fault(f"{value!r} is what a spreadsheet made of a long number", "format the column as text")
    return value


Code = Annotated[str, BeforeValidator(_undamaged)]


def _state(value: Any) -> Any:
    """As people write it: `In-Use`, `in_use`."""
    return re.sub(r"[\s_-]+", " ", value.strip().lower()) if isinstance(value, str) else value


class LocationEntry(Strict):
    """Where a thing was from a day on."""

    place: str = Field(description="Path of a place.")
    since: Day = Field(description="First day.")


class AssetFacts(Strict):
    """What the business office knows of a thing."""

    serial: Code = Field(
        default="", description="Serial number; placeholders such as `0` or `N/A` are dropped."
    )
    vendor: str = Field(default="", description="Who made it.")
    model: str = Field(default="", description="Model, as on the label.")
    sku: Code = Field(default="", description="Order number: lifecycle dates are matched by it first.")
    asset_tag: Code = Field(default="", description="The district's own number.")
    installed: Day | None = Field(default=None, description="Date of installation.")
    cost: Amount | None = Field(
        default=None, description="Purchase price; left out where unknown, which is not 0."
    )
    warranty_until: Day | None = Field(default=None, description="Last day of warranty.")
    support_until: Day | None = Field(default=None, description="Last day of a support contract.")
    contract: Code = Field(default="", description="Number of the support contract.")
    award: Code = Field(
        default="", description="E-rate funding request (FRN) or federal award that paid for it."
    )
    state: Annotated[AssetState, BeforeValidator(_state)] | None = Field(
        default=None,
        description="Without it `in use` for what fills a function, `spare` for what fills none. "
        "`cascaded`: in use where less is asked of it than it was bought for.",
    )
    verified: Day | None = Field(
        default=None, description="When a person last saw it, as in a physical inventory."
    )
    locations: tuple[LocationEntry, ...] = Field(
        default=(), description="Where it was before netwatch could know, in the order of time."
    )
    support_cost: Amount | None = Field(
        default=None, description="What the support contract costs in a year; left out where unknown."
    )


class DeviceEntry(AssetFacts, DeviceDefaults):
    """One device."""

    name: str = Field(description="Unique name.", min_length=1, max_length=200)
    addresses: Addresses = Field(
        default=(),
        description="Management addresses, the preferred first; none: a cloud account, or not polled.",
    )
    reply_from: Addresses = Field(default=(), description="Further addresses that an answer may come from.")
    place: str | None = Field(
        default=None, description="Where it is: path of a place, e.g. `lincoln-es/main/idf-2a`."
    )
    serves: Names = Field(default=(), description="Rooms that it serves.")
    mac: str = Field(default="", description="Base MAC address.")
    life_safety: bool = Field(
        default=False, description="True for what carries 911 calls, fire alarm or radio."
    )
    depends_on: Names = Field(
        default=(),
        description="Names of the devices that it is reached through, for root causes; of several, one is "
        "enough. Without it netwatch finds out.",
    )
    fed_by: Names = Field(
        default=(), description="Names of the UPSs that power it; of several, one is enough."
    )
    interface_speeds: dict[str, BitRate] = Field(
        default_factory=dict,
        description="Bits per second by ifName, e.g. `{Gi0/1: 100M}`, for links slower than the port says.",
    )
    limits: dict[str, Annotated[int, Field(ge=0)]] = Field(
        default_factory=dict, description="Most rows to read by table name; 0 leaves the table out."
    )

    @field_validator("mac")
    @classmethod
    def _mac(cls, value: str) -> str:
        digits = re.sub(r"[\s:.-]", "", value).lower()
        if digits and not re.fullmatch(r"[0-9a-f]{12}", digits):
            raise fault(f"expected a MAC address, found {value!r}", "e.g. 00:1b:21:0a:0b:0c")
        return ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))


class AssetEntry(AssetFacts):
    """A thing with a serial number: a spare, or one member of a stack."""

    device: str = Field(default="", description="Name of the device whose function it fills; none: a spare.")
    place: str = Field(
        default="", description="Where a thing is that fills no function: path of a place, such as a store."
    )
    disposed: Day | None = Field(
        default=None, description="Day of disposal; its `state` is `disposed` from then on."
    )
    currency: Currency | None = Field(default=None, description="Currency of `cost`, ISO 4217.")
    fund: str | None = Field(default=None, description="Fund that it was bought out of.")


class CircuitEntry(Strict):
    """A line that a carrier provides."""

    id: Code = Field(description="The carrier's circuit id, as on the bill.", min_length=1)
    device: str = Field(description="Name of the device at which it ends on your side.")
    interface: str = Field(
        default="", description="ifName of the port at which it ends; without it the device as a whole."
    )
    carrier: str = Field(default="", description="Who provides it.")
    phone: str = Field(default="", description="Number to report a fault.")
    rate: BitRate | None = Field(default=None, description="Committed bits per second, e.g. `10G`.")
    contract_until: Day | None = Field(default=None, description="Last day of the contract.")
    monthly_cost: Amount | None = Field(default=None, description="Price per month.")
    currency: Currency | None = Field(default=None, description="Currency of `monthly_cost`, ISO 4217.")


class PlaceEntry(Strict):
    """A node of the location tree, with what hangs below it."""

    id: Slug = Field(description="Slug, unique below its parent.")
    kind: PlaceKind = Field(description="Level in the tree.")
    name: str = Field(default="", description="Name for people; without it the slug.")
    parent: str = Field(
        default="", description="Path of the place above; only for entries at the top of a file."
    )
    level: str = Field(default="", description="Schools: elementary, middle, high or other.")
    enrolment: int | None = Field(default=None, ge=0, description="Schools: number of students.")
    staff: int | None = Field(default=None, ge=0, description="Schools: number of staff.")
    classrooms: int | None = Field(default=None, ge=0, description="Schools: number of classrooms.")
    calendar: str = Field(default="", description="Schools: name of a calendar.")
    instructional: bool | None = Field(
        default=None, description="Schools: false for a bus garage or an office."
    )
    defaults: DeviceDefaults | None = Field(
        default=None, description="What holds for all devices at or below it."
    )
    places: tuple[PlaceEntry, ...] = Field(default=(), description="Places below it.")


class SysLocationEntry(Strict):
    """Places a device by what its sysLocation (SNMPv2-MIB) says."""

    pattern: str = Field(description="Regular expression, searched in sysLocation without regard to case.")
    place: str = Field(
        description="Path of a place; `{name}` stands for what the named group matched, as a slug."
    )


class InventoryFile(Strict):
    """One YAML file of the inventory."""

    defaults: DeviceDefaults | None = Field(
        default=None, description="What holds for the devices of this file."
    )
    places: tuple[PlaceEntry, ...] = Field(default=(), description="The location tree, or a part of it.")
    devices: tuple[DeviceEntry, ...] = Field(default=(), description="Devices.")
    assets: tuple[AssetEntry, ...] = Field(default=(), description="Spares and members of stacks.")
    circuits: tuple[CircuitEntry, ...] = Field(default=(), description="Lines that carriers provide.")
    sys_location: tuple[SysLocationEntry, ...] = Field(
        default=(),
        description="Places for devices that have none, by their sysLocation; the first match wins.",
    )
