"""The inspect document for a person at a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from netwatch.model import prefixed

__all__ = ["render_inspect"]

Json = Mapping[str, Any]

MOST = 40
"""Rows shown of one section; the JSON form has them all."""

_STYLES = {"ok": "green", "up": "green", "running": "green", "warning": "yellow", "critical": "bold red"}
_STYLES |= {"down": "red", "failed": "bold red", "degraded": "yellow", "delivering": "green"}

_SECTIONS: dict[str, tuple[str, ...]] = {
    "processors": ("descr", "usage"),
    "memory": ("descr", "total_bytes", "used_bytes", "ratio"),
    "storage": ("descr", "total_bytes", "used_bytes", "ratio"),
    "pools": ("name", "state", "total_bytes", "used_bytes"),
    "disks": ("name", "state", "model", "serial", "size_bytes"),
    "sensors": ("descr", "class", "value", "unit", "state", "label"),
    "wireless": ("descr", "class", "radio", "band", "ssid", "value", "unit"),
    "ports": ("if_index", "name", "alias", "type", "speed_bps", "admin", "oper"),
    "poe": ("index", "state", "budget_watts", "used_watts"),
    "poe_ports": ("index", "state", "class", "power_watts"),
    "neighbors": ("local_port", "remote_name", "remote_port", "protocol"),
    "vlans": ("id", "name"),
    "stp": ("bridge", "root", "cost", "changes"),
    "addresses": ("address", "prefix_length", "if_index"),
    "vms": ("name", "state", "guest_os", "cpus", "memory_bytes"),
    "trunks": ("name", "type", "state", "channels_active", "channels_total"),
    "inventory": ("name", "class", "model", "serial"),
    "transceivers": ("if_index", "vendor", "model", "serial"),
}


def render_inspect(document: Json) -> RenderableType:
    """Sections as tables, the most useful first, long ones cut."""
    parts: list[RenderableType] = [_identity(document)]
    children = document.get("children") or []
    if children:
        parts += [Text(), _children(children)]
    for section in ("voice", "video"):
        if document.get(section):
            parts += [Text(), _pairs(section, document[section])]
    for section, columns in _SECTIONS.items():
        rows = document.get(section) or []
        if rows:
            parts += [Text(), _table(section, columns, rows)]
    for problem in document.get("errors") or []:
        parts.append(Text(f"! {problem}", style="yellow"))
    return Group(*parts)


def _identity(document: Json) -> RenderableType:
    identity = document["identity"]
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold")
    grid.add_column()
    title = " ".join(str(identity[name]) for name in ("vendor", "model") if identity.get(name))
    grid.add_row(str(document["name"]), title or "unknown device")
    shown = ("kind", "role", "version", "serial", "sys_name", "location", "contact", "uptime_seconds", "os")
    for name in shown:
        if identity.get(name) is not None:
            label = {"uptime_seconds": "uptime", "os": "profile"}.get(name, name)
            grid.add_row(label, _shown(name, identity[name]))
    if identity.get("sys_descr"):
        grid.add_row("sys_descr", str(identity["sys_descr"]).splitlines()[0])
    return grid


def _children(children: Sequence[Json]) -> Table:
    rows = []
    for child in children:
        row = dict(child["identity"]) | {"status": child.get("status")}
        clients = [one["value"] for one in child.get("wireless", ()) if one.get("class") == "clients"]
        rows.append(row | {"clients": max(clients) if clients else None})
    return _table("children", ("sys_name", "status", "model", "address", "mac", "clients"), rows)


def _pairs(title: str, values: Json) -> Table:
    table = Table(title=title, title_justify="left", show_header=False)
    for name, value in values.items():
        table.add_row(name, str(value))
    return table


def _table(title: str, columns: Sequence[str], rows: Sequence[Json]) -> Table:
    table = Table(title=f"{title} ({len(rows)})", title_justify="left")
    used = [name for name in columns if any(row.get(name) is not None for row in rows)]
    for name in used:
        numeric = name.endswith(("_bytes", "_bps", "_watts")) or name in ("value", "usage", "ratio")
        table.add_column(name, justify="right" if numeric else "left")
    for row in rows[:MOST]:
        table.add_row(*(_cell(name, row.get(name)) for name in used))
    if len(rows) > MOST:
        table.caption = f"{len(rows) - MOST} more: --format json shows all"
    return table


def _cell(name: str, value: Any) -> Text:
    if value is None:
        return Text("")
    style = _STYLES.get(str(value), "") if name in ("state", "status", "oper") else ""
    return Text(_shown(name, value), style=style)


def _shown(name: str, value: Any) -> str:
    if name.endswith("_bytes"):
        return prefixed(float(value), "B", binary=True, digits=4)
    if name.endswith("_bps"):
        return prefixed(float(value), "bit/s", digits=4)
    if name in ("usage", "ratio"):
        return f"{value:.1%}"
    if name == "uptime_seconds":
        days, rest = divmod(int(value), 86_400)
        return f"{days} d {rest // 3600} h {rest % 3600 // 60} min"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
