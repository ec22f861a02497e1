"""Assets of a NetBox: a server on loopback that pages, filters and asks for a token as NetBox does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from netwatch.config import load_settings
from netwatch.errors import InventoryError, WireAuthError, WireDecodeError
from netwatch.inventory import KnownModels, import_netbox, read_inventory
from netwatch.model import AssetState, EntityId
from netwatch.wire import AiohttpJson

TOKEN = "0123456789abcdef0123456789abcdef01234567"
SETTINGS = """
district: {{slug: maple}}
state_dir: var
inventory: [all.yaml, "*.csv"]
netbox:
  url: {url}
  token: {{env: NETBOX_TOKEN}}
  filters: {{tag: gear}}
  places: {{bus-garage: garage}}
  fields: {{installed: install_date, cost: price, warranty_until: warranty_end, award: frn}}
"""
INVENTORY = """
places:
  - id: lincoln-es
    kind: school
    places: [{id: main, kind: building, places: [{id: mdf, kind: closet}]}]
  - {id: garage, kind: building}
devices:
  - {name: sw-1, serial: FDO1, place: lincoln-es/main/mdf}
  - {name: stack, place: lincoln-es/main/mdf}
"""


class NetBox:
    """Lists with limit and offset, at most `most` records in a page, and an address of its own in `next` that
    is not the one it is asked at, as behind a proxy."""

    def __init__(self, *, version: int = 4, most: int = 2, token: str = f"Token {TOKEN}") -> None:
        self.version, self.most, self.token = version, most, token
        self.asked: list[str] = []
        self.devices: list[dict[str, Any]] = []
        maker = {"id": 1, "name": "Acme", "slug": "acme"}
        self.types = [
            {"id": n, "manufacturer": maker, "model": model, "slug": model.lower(), "part_number": part}
            for n, model, part in ((1, "S-48", "EX-48P-2"), (2, "S-24", ""), (3, "AP-5", "EX-AP5"))
        ]

    def device(self, name: str | None, serial: str, **fields: Any) -> None:
        number = len(self.devices) + 1
        kind = self.types[fields.pop("type", 1) - 1]
        brief = {key: kind[key] for key in ("id", "manufacturer", "model", "slug")}
        custom = {"install_date": None, "price": None, "warranty_end": None, "frn": None, "color": "red"}
        role = {"id": 1, "name": "Access", "slug": "access"}
        self.devices.append(
            {
                "id": number, "name": name, "display": name or f"S-48 ({number})", "device_type": brief,
                ("role" if self.version >= 4 else "device_role"): role,
                "serial": serial, "asset_tag": fields.pop("tag", None),
                "site": {"id": 1, "name": "Lincoln", "slug": fields.pop("site", "lincoln-es")},
                "location": {"id": 1, "slug": slug} if (slug := fields.pop("location", None)) else None,
                "status": {"value": fields.pop("status", "active"), "label": "x"},
                "virtual_chassis": fields.pop("chassis", None),
                "custom_fields": custom | fields,
            }
        )  # fmt: skip

    async def answer(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != self.token:
            return web.json_response({"detail": "Invalid token"}, status=403)
        self.asked.append(request.path_qs)
        name = request.path.rstrip("/").rpartition("/")[2]
        rows = {"devices": self.devices, "device-types": self.types}[name]
        limit = min(int(request.query.get("limit", 50)), self.most)
        offset = int(request.query.get("offset", 0))
        query = {**request.query, "limit": str(limit), "offset": str(offset + limit)}
        more = offset + limit < len(rows)
        following = f"http://inner.example:8000{request.path}?" + "&".join(
            f"{k}={v}" for k, v in query.items()
        )
        body = {"count": len(rows), "next": following if more else None, "previous": None}
        return web.json_response({**body, "results": rows[offset : offset + limit]})


@pytest.fixture
async def netbox() -> AsyncIterator[tuple[NetBox, str]]:
    box = NetBox()
    app = web.Application()
    app.router.add_get("/api/dcim/{kind}/", box.answer)
    async with TestServer(app) as server:
        yield box, str(server.make_url("")).rstrip("/")


async def fetch(tmp_path: Path, url: str, token: str = TOKEN, **options: Any):
    (tmp_path / "netwatch.yaml").write_text(SETTINGS.format(url=url))
    (tmp_path / "all.yaml").write_text(INVENTORY)
    settings = load_settings(tmp_path / "netwatch.yaml", {"NETBOX_TOKEN": token})
    assert settings.netbox is not None
    http = AiohttpJson()
    try:
        out = tmp_path / "assets-netbox.csv"
        return settings, await import_netbox(
            settings, settings.netbox, http, KnownModels(), out=out, **options
        )
    finally:
        await http.close()


@pytest.mark.parametrize("version", [3, 4])
async def test_devices_become_assets(tmp_path: Path, netbox: tuple[NetBox, str], version: int) -> None:
    box, url = netbox
    box.version = version
    chassis = {"id": 1, "master": {"id": 2, "name": "stack"}}
    box.device("sw-1", "fdo1", tag="MV-1", location="mdf", install_date="2019-07-15", price="7800.00")
    box.device("stack", "FDO2", location="mdf", chassis=chassis)
    box.device("stack:2", "FDO3", location="attic", chassis=chassis, frn=1999012345)
    box.device("spare-1", "FDO4", site="bus-garage", status="inventory", type=2)
    box.device("ap-9", "FDO5", type=3, warranty_end="2027-06-30")
    box.device("later", "FDO6", status="planned")
    box.device(None, "")
    settings, found = await fetch(tmp_path, url)
    assert found.ignored == (
        "1 device planned, nowhere yet",
        "1 device with neither serial number nor asset tag",
        "name of 1 device that the inventory does not list",
    )
    (tmp_path / "assets-netbox.csv").write_text(found.text())
    inventory = read_inventory(settings, {}, lambda device: EntityId(device.name)).inventory
    assets = {one.serial: one for one in inventory.assets}
    assert list(assets) == ["FDO1", "FDO2", "FDO3", "FDO4", "FDO5"]
    first = assets["FDO1"]
    assert (first.device, first.asset_tag, first.model, first.sku) == ("sw-1", "MV-1", "S-48", "EX-48P-2")
    assert (str(first.installed), first.cost) == ("2019-07-15", 7800.0)
    assert (assets["FDO3"].device, assets["FDO3"].award) == ("stack", "1999012345")
    assert (assets["FDO4"].status, assets["FDO4"].place) == (AssetState.SPARE, "maple/garage")
    assert (assets["FDO5"].status, assets["FDO5"].place) == (AssetState.IN_USE, "maple/lincoln-es")
    assert str(assets["FDO5"].warranty_until) == "2027-06-30"
    pages = [one for one in box.asked if one.startswith("/api/dcim/devices/")]
    assert len(pages) == 4
    assert all("tag=gear" in one for one in pages)


async def test_mistakes_name_device_and_field(tmp_path: Path, netbox: tuple[NetBox, str]) -> None:
    box, url = netbox
    box.device("sw-1", "FDO1", install_date="soon")
    box.device("x", "FDO2", site="nowhere")
    box.device("y", "FDO2")
    del box.devices[2]["custom_fields"]["frn"]
    with pytest.raises(InventoryError) as error:
        await fetch(tmp_path, url)
    assert [str(one).replace(url, "URL") for one in error.value.problems] == [
        "URL: device sw-1: install_date: expected a date, found 'soon' (write it as YYYY-MM-DD)",
        "URL: device y: has no custom field 'frn' (known: color, install_date, price, warranty_end)",
        "URL: device x: place: unknown place 'nowhere' (known: garage, lincoln-es, lincoln-es/main, "
        "lincoln-es/main/mdf, maple; say which it is under netbox.places)",
        "URL: device y: serial: serial 'FDO2' is there twice (first at URL: device x)",
    ]


@pytest.mark.parametrize(
    ("token", "header"), [(TOKEN, f"Token {TOKEN}"), ("nbt_abc.secret-part", "Bearer nbt_abc.secret-part")]
)
async def test_the_token_goes_out_and_is_never_told(
    tmp_path: Path, netbox: tuple[NetBox, str], token: str, header: str
) -> None:
    box, url = netbox
    box.token = header
    box.device("sw-1", "FDO1")
    settings, found = await fetch(tmp_path, url, token)
    assert len(found.rows) == 1
    assert token not in repr(settings) + settings.model_dump_json()
    box.token = "Token another"
    with pytest.raises(WireAuthError) as error:
        await fetch(tmp_path, url, token)
    assert token not in str(error.value)
    assert "netbox.token" in str(error.value)


async def test_what_is_no_netbox(tmp_path: Path) -> None:
    async def elsewhere(request: web.Request) -> web.Response:
        return web.json_response({"results": "none"})

    app = web.Application()
    app.router.add_get("/api/dcim/{kind}/", elsewhere)
    async with TestServer(app) as server:
        with pytest.raises(WireDecodeError, match="is no list of records"):
            await fetch(tmp_path, str(server.make_url("")).rstrip("/"))


async def test_pages_that_lead_to_themselves_end(tmp_path: Path) -> None:
    async def again(request: web.Request) -> web.Response:
        return web.json_response({"count": 9, "next": str(request.url), "previous": None, "results": []})

    app = web.Application()
    app.router.add_get("/api/dcim/{kind}/", again)
    async with TestServer(app) as server:
        with pytest.raises(WireDecodeError, match="is this one"):
            await fetch(tmp_path, str(server.make_url("")).rstrip("/"))
