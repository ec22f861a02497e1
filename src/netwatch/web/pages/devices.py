"""The list of devices."""

from __future__ import annotations

from collections.abc import Sequence

from netwatch.model import DeviceKind
from netwatch.web.html import Child, Html, href, tag
from netwatch.web.pages.layout import (
    Frame,
    device_link,
    empty,
    page,
    severity_badge,
    status_badge,
    table,
)
from netwatch.web.pages.lists import last_page, page_links, search_form, select
from netwatch.web.units import duration
from netwatch.web.views import DeviceFilter, DeviceView, Status

__all__ = ["PAGE_SIZE", "device_table", "devices_page"]

_ORDER = {Status.DOWN: 0.0, Status.UNKNOWN: 1.0, Status.OFF: 2.0, Status.UP: 3.0}
PAGE_SIZE = 200
"""Devices on one page of the list."""


def devices_page(
    frame: Frame,
    devices: Sequence[DeviceView],
    wanted: DeviceFilter,
    sites: Sequence[tuple[str, str]],
    number: int,
) -> Html:
    """`devices`: all that the filter leaves. `sites`: (key, name) to choose from. `number`: page from 1."""
    query = {"q": wanted.text, "kind": wanted.kind, "site": wanted.site, "status": wanted.status}
    shown = devices[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    return page(
        frame,
        "Devices",
        "/devices",
        tag("h1", "Devices"),
        _form(wanted, sites),
        tag("p", _count(len(devices), number), class_="lead", role="status"),
        device_table(shown) if shown else empty("No device matches. Clear a filter to see more."),
        page_links("devices", query, number, last_page(len(devices), PAGE_SIZE)),
    )


def device_table(devices: Sequence[DeviceView], *, with_site: bool = True) -> Html:
    """One row per device."""
    columns = [
        "Device",
        "Status",
        "Kind",
        *(["School"] if with_site else []),
        "Place",
        "Address",
        "Model",
        "Up for",
    ]
    rows: list[list[Child]] = []
    keys: list[list[str | float | None]] = []
    for view in devices:
        badges: list[Child] = [status_badge(view.status)]
        if view.worst is not None:
            badges.append(severity_badge(view.worst, f"{view.alerts}"))
        site: list[Child] = (
            [tag("a", view.site_name, href=href("schools", view.site or "-"))] if with_site else []
        )
        rows.append(
            [
                [
                    device_link(view.id, view.name),
                    tag("small", f"via {view.parent_name}") if view.parent_name else None,
                ],
                tag("span", badges, class_="badges"),
                [view.kind, tag("small", view.role) if view.role else None],
                *site,
                view.place,
                tag("span", view.address, class_="mono") if view.address else None,
                [view.vendor, tag("small", view.model) if view.model else None],
                duration(view.uptime),
            ]
        )
        order = _ORDER[view.status]
        keys.append([None, order, *([None] if with_site else []), None, None, None, None, view.uptime or 0.0])
    return table("Devices", columns, rows, keys=keys, numeric=(len(columns) - 1,))


def _count(found: int, number: int) -> str:
    text = f"{found:,} device{'' if found == 1 else 's'}"
    if found > PAGE_SIZE:
        text += f", {(number - 1) * PAGE_SIZE + 1} to {min(found, number * PAGE_SIZE)} shown"
    return text


def _form(wanted: DeviceFilter, sites: Sequence[tuple[str, str]]) -> Html:
    return search_form(
        "/devices",
        wanted.text,
        "name, address, model, serial, place",
        [
            select("Kind", "kind", [(kind.value, kind.value) for kind in DeviceKind], wanted.kind),
            select("School", "site", sites, wanted.site),
            select("Status", "status", [(status.value, status.value) for status in Status], wanted.status),
        ],
        clear="/devices" if wanted != DeviceFilter() else "",
    )
