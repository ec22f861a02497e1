"""Controllers of wireless and switching whose answers have the shape that their makers document.

Names, serials and numbers are made up. Each is a small API on loopback: it asks for its key, hands out lists
in pages, and does what a test tells it to.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from netwatch.model import EntityId, HttpAccess, Reachability, ReachabilityMethod, Secret, Target

__all__ = ["CLOUD_ONE", "CLOUD_TWO", "CONSOLE", "KEY", "Api", "serving"]

KEY = Secret("planted-controller-key")
Pager = Callable[[web.Request, Any, "Api"], tuple[Any, dict[str, str]]]


class Api:
    """Documents by path; what is in `odd` is answered otherwise, once for each entry."""

    def __init__(self, documents: dict[str, Any], header: str, value: str, pager: Pager) -> None:
        self.documents = json.loads(json.dumps(documents))
        self.header, self.value, self.pager = header, value, pager
        self.odd: dict[str, list[web.Response | float]] = {}
        self.asked: list[str] = []
        self.base = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        odd = self.odd.get(request.path)
        if odd:
            told = odd.pop(0)
            if isinstance(told, web.Response):
                return told
            await asyncio.sleep(told)
        if request.headers.get(self.header) != self.value:
            return web.json_response({"errors": ["Invalid API key"]}, status=401)
        if request.path not in self.documents:
            return web.json_response({"errors": ["Not found"]}, status=404)
        document, headers = self.pager(request, self.documents[request.path], self)
        return web.json_response(document, headers=headers)

    def target(self, *, profile: str = "", key: Secret = KEY, timeout: float = 10.0) -> Target:
        return Target(
            EntityId("account"),
            "account",
            (),
            http=HttpAccess(self.base, token=key, timeout=timeout, credential="cloud"),
            reachability=Reachability(ReachabilityMethod.NONE),
            interval=0.5,
            profile=profile,
        )


@asynccontextmanager
async def serving(api: Api) -> AsyncIterator[Api]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", api.answer)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    api.base = str(server.make_url("")).rstrip("/")
    try:
        yield api
    finally:
        await server.close()


def too_many(seconds: str) -> web.Response:
    return web.json_response({"errors": ["Too many"]}, status=429, headers={"Retry-After": seconds})


# pages


def by_link(request: web.Request, document: Any, api: Api) -> tuple[Any, dict[str, str]]:
    """RFC 8288: two items a page, whatever is asked for; the link names the item to go on after."""
    items = document["items"] if isinstance(document, dict) and "items" in document else document
    if not isinstance(items, list):
        return document, {}
    start = int(request.query.get("startingAfter", "0"))
    part = items[start : start + 2]
    headers = {}
    if start + 2 < len(items):
        following = request.url.update_query({"startingAfter": str(start + 2)})
        headers["Link"] = f"<{api.base}{following.raw_path_qs}>; rel=next"
    return (part if items is document else {**document, "items": part}), headers


def by_page(request: web.Request, document: Any, api: Api) -> tuple[Any, dict[str, str]]:
    """Number of the page in the query, the sum of the items in a header; or a `next` in the document."""
    if isinstance(document, dict) and "results" in document:
        start = int(request.query.get("after", "0"))
        out = {**document, "results": document["results"][start : start + 1]}
        if start + 1 < len(document["results"]):
            out["next"] = request.url.update_query({"after": str(start + 1)}).raw_path_qs
        return out, {}
    if not isinstance(document, list):
        return document, {}
    size, page = 1, int(request.query.get("page", "1"))
    return document[(page - 1) * size : page * size], {"X-Page-Total": str(len(document))}


def by_offset(request: web.Request, document: Any, api: Api) -> tuple[Any, dict[str, str]]:
    if not (isinstance(document, dict) and "totalCount" in document):
        return document, {}
    start = int(request.query.get("offset", "0"))
    return {**document, "data": document["data"][start : start + 2], "offset": start}, {}


# Cisco Meraki Dashboard API v1

ONE = "/api/v1/organizations"
AP, DEAD_AP, SWITCH = "Q2AP-0000-0001", "Q2AP-0000-0002", "Q2SW-0000-0001"


def _status(serial: str, name: str, mac: str, model: str, kind: str, status: str) -> dict[str, Any]:
    return {
        "name": name,
        "serial": serial,
        "mac": mac,
        "networkId": "N_1",
        "status": status,
        "lanIp": "10.1.2.3",
        "productType": kind,
        "model": model,
    }


def _band(band: str, total: int, other: int) -> dict[str, Any]:
    wifi = total - other
    parts = {"wifi": wifi, "nonWifi": other, "total": total}
    return {"band": band, **{name: {"percentage": value} for name, value in parts.items()}}


def _bss(bssid: str, ssid: str, band: str, channel: int, power: int) -> dict[str, Any]:
    radio = {"isBroadcasting": True, "band": band, "channel": channel, "channelWidth": 20, "power": power}
    return {"bssid": bssid, "ssid": {"name": ssid, "number": 0, "enabled": True}, "radio": radio}


CLOUD_ONE: dict[str, Any] = {
    ONE: [
        {"id": "11", "name": "Example Schools", "api": {"enabled": True}},
        {"id": "22", "name": "No API", "api": {"enabled": False}},  # everything of it is HTTP 404
    ],
    f"{ONE}/11/networks": [{"id": "N_1", "name": "Lincoln ES"}],
    f"{ONE}/11/devices/statuses": [
        _status(AP, "ap-library", "88:15:44:00:00:01", "MR46", "wireless", "online"),
        _status(DEAD_AP, "ap-gym", "88:15:44:00:00:02", "MR46", "wireless", "offline"),
        _status(SWITCH, "sw-idf-2", "88:15:44:00:00:03", "MS225-48FP", "switch", "alerting"),
    ],
    f"{ONE}/11/devices": [
        {"serial": AP, "name": "ap-library", "firmware": "wireless-30-7"},
        {"serial": DEAD_AP, "name": "ap-gym", "firmware": "Not running configured version"},
        {"serial": SWITCH, "name": "sw-idf-2", "firmware": "switch-16-8"},
    ],
    f"{ONE}/11/wireless/clients/overview/byDevice": {
        "items": [
            {"serial": AP, "network": {"id": "N_1"}, "counts": {"byStatus": {"online": 31}}},
            {"serial": DEAD_AP, "network": {"id": "N_1"}, "counts": {"byStatus": {"online": 0}}},
        ],
        "meta": {"counts": {"items": {"total": 2, "remaining": 0}}},
    },
    f"{ONE}/11/wireless/ssids/statuses/byDevice": {
        "items": [
            {
                "serial": AP,
                "name": "ap-library",
                "basicServiceSets": [
                    _bss("88:15:44:10:00:01", "Staff", "2.4", 6, 11),
                    _bss("88:15:44:10:00:02", "Students", "2.4", 6, 11),
                    _bss("88:15:44:10:00:03", "Staff", "5", 44, 17),
                ],
            }
        ],
        "meta": {},
    },
    f"{ONE}/11/wireless/devices/channelUtilization/byDevice": [
        {"serial": AP, "mac": "88:15:44:00:00:01", "byBand": [_band("2.4", 62, 12), _band("5", 8, 1)]}
    ],
    f"{ONE}/11/switch/ports/statuses/bySwitch": {
        "items": [
            {
                "serial": SWITCH,
                "name": "sw-idf-2",
                "ports": [
                    {
                        "portId": "1",
                        "enabled": True,
                        "status": "Connected",
                        "isUplink": False,
                        "speed": "1 Gbps",
                        "duplex": "full",
                        "poe": {"isAllocated": True},
                    },
                    {
                        "portId": "2",
                        "enabled": False,
                        "status": "Disabled",
                        "speed": "",
                        "duplex": "",
                        "poe": {"isAllocated": False},
                    },
                ],
            }
        ],
        "meta": {},
    },
}

# Juniper Mist API v1

TWO = "/api/v1"
_RADIOS = {
    "band_24": {
        "mac": "5c5b350001a0",
        "channel": 11,
        "power": 9,
        "noise_floor": -91,
        "num_clients": 4,
        "util_all": 55,
        "util_tx": 5,
        "util_rx_in_bss": 3,
        "util_rx_other_bss": 30,
        "util_non_wifi": 2,
        "rx_bytes": 1000,
        "tx_bytes": 2000,
        "usage": "24",
    },
    "band_5": {"mac": "5c5b350001b0", "channel": 36, "power": 15, "noise_floor": -95, "num_clients": 21},
    "band_6": {"mac": "5c5b350001c0", "channel": 0, "num_clients": 0},  # off
}
CLOUD_TWO: dict[str, Any] = {
    f"{TWO}/self": {
        "email": "netwatch@example.org",
        "privileges": [
            {"scope": "org", "org_id": "o-1", "name": "Example Schools", "role": "read"},
            {"scope": "site", "org_id": "o-1", "site_id": "s-1", "role": "read"},
        ],
    },
    f"{TWO}/orgs/o-1/sites": [{"id": "s-1", "name": "Lincoln ES"}],
    f"{TWO}/orgs/o-1/stats/devices": [
        {
            "type": "ap",
            "name": "ap-room-12",
            "mac": "5c5b35000010",
            "model": "AP45",
            "serial": "FXLH2015170017",
            "version": "0.14.29543",
            "status": "connected",
            "ip": "10.2.9.159",
            "site_id": "s-1",
            "uptime": 13500,
            "num_clients": 25,
            "cpu_util": 14,
            "mem_total_kb": 1000,
            "mem_used_kb": 250,
            "env_stat": {"cpu_temp": 51},
            "radio_stat": _RADIOS,
        },
        {"type": "ap", "mac": "5c5b35000020", "model": "AP45", "status": "disconnected", "num_clients": 0},
        {
            "type": "switch",
            "hostname": "sj-sw1",
            "mac": "5c4527a96580",
            "model": "EX4300",
            "serial": "TC3714190003",
            "version": "18.4R1.8",
            "status": "connected",
            "uptime": 13501,
            "cpu_stat": {"idle": 88},
            "memory_stat": {"usage": 40},
        },
    ],
    f"{TWO}/orgs/o-1/stats/ports/search": {
        "total": 2,
        "results": [
            {
                "mac": "5c4527a96580",
                "port_id": "ge-0/0/0",
                "port_mac": "5c4527a96581",
                "up": True,
                "disabled": False,
                "speed": 1000,
                "full_duplex": True,
                "rx_bytes": 8515104416,
                "tx_bytes": 211217389682,
                "rx_errors": 0,
                "poe_on": True,
                "power_draw": 11.5,
            },
            {"mac": "5c4527a96580", "port_id": "ge-0/0/1", "up": False, "disabled": True, "speed": 1000},
        ],
    },
}

# UniFi Network: the private documents, and the integration API beside them

_NET = "/proxy/network"
_V1 = f"{_NET}/integration/v1"


def _page(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"offset": 0, "limit": 200, "count": len(rows), "totalCount": len(rows), "data": list(rows)}


CONSOLE: dict[str, Any] = {
    f"{_V1}/info": {"applicationVersion": "9.3.45"},
    f"{_NET}/api/self/sites": {
        "meta": {"rc": "ok"},
        "data": [
            {"_id": "a1", "name": "default", "desc": "District office"},
            {"_id": "b2", "name": "x7k2", "desc": "Lincoln ES"},
        ],
    },
    f"{_NET}/api/s/default/stat/device": {"meta": {"rc": "ok"}, "data": []},
    f"{_NET}/api/s/x7k2/stat/device": {
        "meta": {"rc": "ok"},
        "data": [
            {
                "type": "uap",
                "name": "ap-gym",
                "mac": "f0:9f:c2:00:00:10",
                "model": "U6-Pro",
                "serial": "F09FC2000010",
                "version": "6.6.77",
                "ip": "10.3.0.10",
                "state": 1,
                "adopted": True,
                "uptime": 86400,
                "num_sta": 22,
                "system-stats": {"cpu": "21.9", "mem": "44.4", "uptime": "86400"},
                "radio_table_stats": [
                    {
                        "name": "wifi0",
                        "radio": "ng",
                        "channel": 6,
                        "tx_power": 15,
                        "cu_total": 70,
                        "cu_self_rx": 20,
                        "cu_self_tx": 10,
                        "num_sta": 8,
                    },
                    {
                        "name": "wifi1",
                        "radio": "na",
                        "channel": 36,
                        "tx_power": 20,
                        "cu_total": 9,
                        "num_sta": 14,
                    },
                ],
                "vap_table": [
                    {
                        "essid": "Students",
                        "radio": "na",
                        "radio_name": "wifi1",
                        "num_sta": 10,
                        "rx_bytes": 5,
                        "tx_bytes": 7,
                    },
                    {"essid": "Staff", "radio": "na", "radio_name": "wifi1", "num_sta": 4},
                ],
            },
            {"type": "uap", "name": "ap-old", "mac": "f0:9f:c2:00:00:11", "state": 0, "num_sta": 0},
            {
                "type": "usw",
                "name": "sw-idf-1",
                "mac": "f0:9f:c2:00:00:20",
                "model": "USL48PB",
                "state": 1,
                "uptime": 654321,
                "general_temperature": 52,
                "port_table": [
                    {
                        "port_idx": 1,
                        "name": "Phone",
                        "enable": True,
                        "up": True,
                        "speed": 1000,
                        "full_duplex": True,
                        "rx_bytes": 100,
                        "tx_bytes": 200,
                        "tx_errors": 1,
                        "port_poe": True,
                        "poe_good": True,
                        "poe_power": "3.46",
                    },
                    {
                        "port_idx": 49,
                        "name": "Uplink",
                        "enable": True,
                        "up": False,
                        "speed": 0,
                        "port_poe": False,
                    },
                ],
            },
        ],
    },
    f"{_V1}/sites": _page({"id": "u-1", "internalReference": "x7k2", "name": "Lincoln ES"}),
    f"{_V1}/sites/u-1/devices": _page(
        {
            "id": "d-1",
            "name": "ap-gym",
            "model": "U6 Pro",
            "macAddress": "f0:9f:c2:00:00:10",
            "ipAddress": "10.3.0.10",
            "state": "ONLINE",
            "features": ["accessPoint"],
            "interfaces": ["radios"],
        },
        {"id": "d-2", "macAddress": "f0:9f:c2:00:00:11", "state": "OFFLINE", "features": ["accessPoint"]},
        {"id": "d-3", "macAddress": "f0:9f:c2:00:00:20", "state": "ONLINE", "features": ["switching"]},
    ),
    f"{_V1}/sites/u-1/devices/d-1/statistics/latest": {
        "uptimeSec": 86400,
        "cpuUtilizationPct": 21.9,
        "memoryUtilizationPct": 44.4,
        "interfaces": {"radios": [{"frequencyGHz": 2.4, "txRetriesPct": 8.5}, {"frequencyGHz": 5}]},
    },
    f"{_V1}/sites/u-1/devices/d-3/statistics/latest": {"uptimeSec": 654321},
    f"{_V1}/sites/u-1/clients": _page(
        {"type": "WIRELESS", "id": "c-1", "uplinkDeviceId": "d-1"},
        {"type": "WIRELESS", "id": "c-2", "uplinkDeviceId": "d-1"},
        {"type": "WIRED", "id": "c-3", "uplinkDeviceId": "d-3"},
    ),
}
