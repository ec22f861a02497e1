"""Assets of a NetBox, over its REST API (versions 3 and 4)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from netwatch.config import NetboxSettings, Settings
from netwatch.documents import did_you_mean
from netwatch.errors import InventoryError, Problem, WireDecodeError, WireError
from netwatch.inventory.columns import SPELLINGS, cell_value
from netwatch.inventory.importing import AssetImport, AssetRow, KnownModels, check_rows
from netwatch.model import TOKEN, EntityId, HttpAccess, Target
from netwatch.tables import DateOrder

__all__ = ["JsonFetcher", "fetch_assets", "import_netbox"]

PAGE = 500
"""Devices in one answer; NetBox may give fewer (its MAX_PAGE_SIZE)."""
MOST_PAGES = 2000
_STATES = {
    "active": "in use",
    "offline": "in use",
    "failed": "in use",
    "staged": "spare",
    "inventory": "spare",
    "decommissioning": "spare",
}
"""By status of a device; what is planned is nowhere yet. Whoever has others names a field for `state`."""
_Record = Mapping[str, Any]


class JsonFetcher(Protocol):
    """HttpJson of the wire."""

    async def get(self, target: Target, path: str, headers: Mapping[str, str] = {}) -> Any: ...


async def import_netbox(
    settings: Settings,
    netbox: NetboxSettings,
    http: JsonFetcher,
    known: KnownModels,
    *,
    strict: bool = False,
    out: Path | None = None,
) -> AssetImport:
    """Reads all devices and checks them against the inventory that is there, without the file `out`. Raises
    WireError for what NetBox does not tell, InventoryError with a Problem per device and field."""
    problems = _unknown_keys(netbox)
    rows, skipped = await fetch_assets(netbox, http, problems)
    try:
        found = check_rows(rows, netbox.url, settings, known, problems, out=out, strict=strict)
    except InventoryError as error:
        raise InventoryError([_advised(one) for one in error.problems]) from None
    return AssetImport(found.rows, found.warnings, (*skipped, *found.ignored))


async def fetch_assets(
    netbox: NetboxSettings, http: JsonFetcher, problems: list[Problem]
) -> tuple[list[AssetRow], tuple[str, ...]]:
    """(rows in order of their id, what was left out in words). Raises WireError."""
    api = _Api(netbox, http)
    types = {one["id"]: one async for one in api.all("/api/dcim/device-types/")}
    filters = [(name, value) for name, values in netbox.filters.items() for value in values]
    devices = [one async for one in api.all("/api/dcim/devices/", filters)]
    rows: list[AssetRow] = []
    planned = bare = 0
    for one in sorted(devices, key=lambda device: int(device["id"])):
        status = _text(_record(one.get("status")).get("value"))
        if status == "planned":
            planned += 1
            continue
        row = _row(one, types, netbox, status, problems)
        if row.cells.get("serial") or row.cells.get("asset_tag"):
            rows.append(row)
        else:
            bare += 1
    counts = (
        (planned, "planned, nowhere yet"),
        (bare, "with neither serial number nor asset tag"),
    )
    left = [f"{count} device{'s' * (count > 1)} {words}" for count, words in counts if count]
    return rows, tuple(left)


class _Api:
    """Pages of one NetBox."""

    def __init__(self, netbox: NetboxSettings, http: JsonFetcher) -> None:
        access = HttpAccess(
            base_url=netbox.url.rstrip("/"),
            token=netbox.token,
            verify=netbox.verify,
            timeout=netbox.timeout,
            credential="netbox.token",
        )
        self._target = Target(EntityId("netbox"), "netbox", (), http=access)
        self._http = http
        # Tokens of NetBox 4.5 on begin with nbt_ and go as bearer; those before have a word of their own.
        word = "Bearer" if netbox.token.reveal().startswith("nbt_") else "Token"
        self._headers = {"Authorization": f"{word} {TOKEN}"} if netbox.token else {}

    async def all(self, path: str, filters: Sequence[tuple[str, str]] = ()) -> AsyncIterator[_Record]:
        """Each record once, although records may come and go between two pages."""
        query = urlencode([*filters, ("limit", PAGE), ("offset", 0)])
        seen: set[int] = set()
        for _ in range(MOST_PAGES):
            page = await self._http.get(self._target, f"{path}?{query}", self._headers)
            if not isinstance(page, dict) or not isinstance(page.get("results"), list):
                raise WireDecodeError(f"netbox: {path} is no list of records: is netbox.url right?")
            for one in page["results"]:
                if not isinstance(one, dict) or not isinstance(one.get("id"), int):
                    raise WireDecodeError(f"netbox: {path} holds a record without id")
                if one["id"] not in seen:
                    seen.add(one["id"])
                    yield one
            following = page.get("next")
            if not following:
                return
            # Only its query: behind a proxy NetBox may not know its own address, and the token goes
            # nowhere else.
            again, query = query, urlsplit(str(following)).query
            if not query or query == again:
                raise WireDecodeError(f"netbox: {path} tells of a next page that is this one")
        raise WireError(f"netbox: {path} does not end after {MOST_PAGES} pages")


def _row(
    device: _Record,
    types: Mapping[int, _Record],
    netbox: NetboxSettings,
    status: str,
    problems: list[Problem],
) -> AssetRow:
    brief = _record(device.get("device_type"))
    whole = types.get(brief.get("id", -1), brief)
    maker = _record(brief.get("manufacturer")) or _record(whole.get("manufacturer"))
    name = _text(device.get("name")) or _text(device.get("display"))
    label = f"device {name or device['id']}"
    master = _record(_record(device.get("virtual_chassis")).get("master"))
    cells = {
        "serial": _text(device.get("serial")),
        "device": _text(master.get("name")) or name,
        "vendor": _text(maker.get("name")),
        "model": _text(brief.get("model")),
        "sku": _text(whole.get("part_number")),
        "asset_tag": _text(device.get("asset_tag")),
        "state": _STATES.get(status, ""),
        "place": _place(device, netbox),
    }
    custom = _record(device.get("custom_fields"))
    for key, field in netbox.fields.items():
        if field not in custom:
            hint = did_you_mean(field, custom)
            problems.append(Problem(netbox.url, label, f"has no custom field {field!r}", hint))
            continue
        try:
            cells[key] = cell_value(key, _cell(custom[field]), DateOrder.ISO)
        except ValueError as error:
            message, hint = error.args
            problems.append(Problem(netbox.url, f"{label}: {field}", message, hint))
    if cells["state"] == "spare":
        cells["device"] = ""
    return AssetRow({key: text for key, text in cells.items() if text}, None, label)


def _place(device: _Record, netbox: NetboxSettings) -> str:
    """As the settings say; else the location under the site, by slugs, else by names."""
    site, location = _record(device.get("site")), _record(device.get("location"))
    slugs = [_text(site.get("slug")), _text(location.get("slug"))]
    both = "/".join(filter(None, slugs))
    for key in (both, slugs[0]):
        if key and key in netbox.places:
            return netbox.places[key]
    return both


def _cell(value: Any) -> str:
    """A custom field: a text, a number, a date, or an object of NetBox that has a name."""
    if isinstance(value, dict):
        return _text(value.get("name")) or _text(value.get("display")) or _text(value.get("label"))
    if isinstance(value, date):
        return value.isoformat()
    return "" if isinstance(value, list | bool) else _text(value)


def _unknown_keys(netbox: NetboxSettings) -> list[Problem]:
    return [
        Problem(netbox.url, f"netbox.fields.{key}", f"unknown key {key!r}", did_you_mean(key, SPELLINGS))
        for key in netbox.fields
        if key not in SPELLINGS
    ]


def _advised(one: Problem) -> Problem:
    """Places of NetBox may be called otherwise in the inventory."""
    if not one.path.endswith("place"):
        return one
    return replace(one, hint="; ".join(filter(None, (one.hint, "say which it is under netbox.places"))))


def _record(value: Any) -> _Record:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
