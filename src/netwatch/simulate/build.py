"""From a device's template to what its agent shows: rows with attributes, then MIB objects."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from netwatch.errors import ConfigError
from netwatch.simulate import ber
from netwatch.simulate.district import AccessPoint, District, SimDevice
from netwatch.simulate.links import link_signals, link_speed, port_name
from netwatch.simulate.rows import Expander, Row, mibs_of
from netwatch.simulate.schema import MibSpec
from netwatch.simulate.signals import Signal, WeekLoad
from netwatch.simulate.values import (
    Column,
    chance,
    column_source,
    compile_column,
    compile_expression,
    evaluate,
    render,
)
from netwatch.simulate.view import Lazy, MibView, Source

__all__ = ["DeviceModel", "build_model", "build_rows", "expression", "point_facts"]

_STILL = WeekLoad([(0.0, 0.0)])
"""A week without load, for what does not depend on it."""


@dataclass
class DeviceModel:
    """One device, expanded."""

    device: SimDevice
    facts: Row
    groups: dict[str, list[Row]]
    view: MibView


def build_rows(
    district: District, device: SimDevice, load: WeekLoad, wanted: Collection[str]
) -> tuple[Row, dict[str, list[Row]]]:
    """Facts and some groups of a device without its MIB objects. Raises ConfigError."""
    return _expand(Expander(district, device, load), wanted)


def _expand(expander: Expander, wanted: Collection[str] | None) -> tuple[Row, dict[str, list[Row]]]:
    device = expander.device
    facts = expander.facts()
    groups = {
        name: expander.group(name, specs, facts)
        for name, specs in device.template.rows.items()
        if wanted is None or name in wanted
    }
    if wanted is None:
        _cable(expander, groups)
    if device.access_points:
        _wireless(expander, groups, facts)
    for override in device.overrides:
        for row in _rows_of(groups, override.group, override.row):
            row.update(override.values)
    for rows in groups.values():
        for row in rows:
            if "fill_share" in row:
                row["used"] = partial(_used, row["size"], row["fill_share"], row["fill_days"])
    return facts, groups


def build_model(district: District, device: SimDevice, load: WeekLoad) -> DeviceModel:
    """Raises ConfigError where a template's expression names an attribute that is not there."""
    expander = Expander(district, device, load)
    facts, groups = _expand(expander, None)
    merged = {name: [{**facts, **row} for row in rows] for name, rows in groups.items()}
    objects: list[tuple[bytes, Lazy]] = []
    for mib in reversed(expander.mibs):  # the device's own objects win
        objects += _objects(mib, facts, merged, device.template_name)
    return DeviceModel(device, facts, groups, MibView(lazy=objects))


def _used(size: float, share: float, days: float, seconds: float) -> float:
    return size * fill_share(share, days, seconds)


def fill_share(share: float, days: float, seconds: float) -> float:
    """Used share of a volume that is full `days` after the start of the simulation."""
    return min(share + (1 - share) * seconds / (days * 86400), 1.0)


def _rows_of(groups: dict[str, list[Row]], group: str, row: int | None) -> list[Row]:
    rows = groups.get(group, [])
    return rows if row is None else rows[row : row + 1]


def _objects(
    mib: MibSpec, facts: Row, groups: dict[str, list[Row]], template: str
) -> Iterator[tuple[bytes, Lazy]]:
    for oid, text in mib.objects.items():
        number = _oid(oid, template)
        yield ber.oid_key(number), _lazy(ber.encode_oid(number), compile_column(text), facts, oid, template)
    for table in mib.tables:
        entry = _oid(table.entry, template)
        columns = [
            (_Prefix.of((*entry, number)), f"{table.entry}.{number}", compile_column(text))
            for number, text in table.columns.items()
        ]
        for attributes in groups.get(table.rows, ()):
            if table.where and not attributes.get(table.where):
                continue
            index = _oid(_index(table.index, attributes, template, table.entry), template)
            key, arcs = ber.oid_key(index), ber.encode_arcs(index)
            for prefix, place, column in columns:
                name = ber.tlv(ber.OID, prefix.content + arcs)
                yield prefix.key + key, _lazy(name, column, attributes, place, template)


@dataclass(frozen=True, slots=True)
class _Prefix:
    """A column: what the sort keys and the encoded OIDs of its instances begin with."""

    key: bytes
    content: bytes

    @classmethod
    def of(cls, oid: tuple[int, ...]) -> _Prefix:
        encoded = ber.encode_oid(oid)
        return cls(ber.oid_key(oid), encoded[ber.read(encoded, 0, len(encoded)).start :])


def _lazy(name: bytes, column: Column, attributes: Row, place: str, template: str) -> Lazy:
    return Lazy(name, column.tag, partial(_resolve, column, attributes, place, template))


def _resolve(column: Column, attributes: Row, place: str, template: str) -> Source:
    try:
        return cast("Source", column_source(column, attributes))
    except KeyError as error:
        raise ConfigError(f"template {template}: {place} names an unknown attribute {error}") from None
    except (ValueError, TypeError) as error:
        raise ConfigError(f"template {template}: {place}: {error}") from None


def _index(text: str, attributes: Row, template: str, place: str) -> str:
    try:
        return render(text, attributes)
    except (KeyError, ValueError) as error:
        raise ConfigError(f"template {template}: index of {place}: {error}") from None


def _oid(text: str, template: str) -> tuple[int, ...]:
    try:
        return ber.parse_oid(text)
    except ValueError:
        raise ConfigError(f"template {template}: {text!r} is no object identifier") from None


def _cable(expander: Expander, groups: dict[str, list[Row]]) -> None:
    """Ports that are connected carry their link's traffic, and LLDP tells who is at the other end."""
    device, ports = expander.device, groups.get("ports", [])
    neighbors: list[Row] = []
    for link in device.links:
        mine = link.upper is device
        other, at, far = (
            (link.lower, link.upper_port, link.lower_port)
            if mine
            else (link.upper, link.lower_port, link.upper_port)
        )
        down, up = link_signals(expander.district, link)
        outward, inward = (down, up) if mine else (up, down)
        row = ports[at]
        name = f"{device.name}/{at}"
        row["in_octets"] = expander.counter(inward, chance(expander.seed, name, "in"))
        row["out_octets"] = expander.counter(outward, chance(expander.seed, name, "out"))
        row["in_rate"], row["out_rate"] = inward, outward
        row["alias"] = f"to {other.name}"
        row["oper"] = 2 if mine and other.down and not device.down else 1
        row["linked"] = 1
        row["speed"] = int(link_speed(link))  # what both ends can
        if other.down and mine:
            still = expander.counter(Signal(0.0), 0.5)
            row["in_octets"] = row["out_octets"] = still
        elif other.template.rows.get("ports") and _speaks_lldp(expander.district, other):
            neighbors.append(
                {
                    "index": len(neighbors) + 1,
                    "local": row["index"],
                    "remote_mac": other.mac,
                    "remote_name": other.name,
                    "remote_port": port_name(other, far),
                    "remote_descr": other.template.model,
                    "capabilities": "28",
                }
            )
    for point in device.served:
        edge = [row for row in ports if row["use"] == "edge" and not row.get("linked")]
        if point.port >= len(edge):
            continue
        row = edge[-1 - point.port]
        row["alias"] = point.name
        row["delivering"], row["oper"] = 3, 1
        neighbors.append(
            {
                "index": len(neighbors) + 1,
                "local": row["index"],
                "remote_mac": point.mac,
                "remote_name": point.name,
                "remote_port": "eth0",
                "remote_descr": "access point",
                "capabilities": "10",
            }
        )
    groups["neighbors"] = neighbors


def _speaks_lldp(district: District, device: SimDevice) -> bool:
    return any(
        table.rows == "neighbors" for name in mibs_of(device) for table in district.library.mibs[name].tables
    )


def _wireless(expander: Expander, groups: dict[str, list[Row]], facts: Row) -> None:
    """Rows `aps` and `radios` of a controller, from the access points of its schools."""
    spec = {**expander.district.library.district.access_point}
    radios = spec.pop("radios", [])
    template = expander.defaults.get("aps", {})
    radio_defaults = expander.defaults.get("radios", {})
    aps: list[Row] = []
    radio_rows: list[Row] = []
    for point in expander.device.access_points:
        row: Row = _point_row(expander, point, facts, {**spec, **template})
        aps.append(row)
        crowd = 2.2 if point.overloaded else 1.0
        for slot, radio in enumerate(radios):
            one: Row = {"slot": slot, "radio": slot + 1, "crowd": crowd, "ap": row["name"], "up": row["up"]}
            one |= {"mac": row["mac"], "ap_index": row["index"], "index": len(radio_rows) + 1}
            shared = radio.get("shared", {})
            attributes = {name: value for name, value in radio.items() if name != "shared"}
            attributes |= {**radio_defaults, **(shared if point.shared else {})}
            for name, value in attributes.items():
                path = ("radio", point.name, slot, name)
                one[name] = expander.attribute(value, {**facts, **row, **one}, *path)
            if point.overloaded:
                one["clients"] = _crowded(one["clients"], 2.4, 200)
                one["airtime"] = _crowded(one["airtime"], 2.6, 97)
            one["usual_clients"] = one["clients"]
            if not row["up"]:
                one["clients"] = 0
            radio_rows.append(one)
    groups["aps"], groups["radios"] = aps, radio_rows
    facts["ap_total"] = len(aps)
    facts["ap_up"] = sum(1 for row in aps if row["up"])
    facts["ap_down"] = len(aps) - facts["ap_up"]
    clients = [row["clients"] for row in radio_rows]
    facts["clients"] = partial(_sum, clients)


def _point_row(expander: Expander, point: AccessPoint, facts: Row, spec: Row) -> Row:
    up = not (point.switch is not None and point.switch.down)
    row: Row = {
        "index": point.number + 1,
        "n": point.number + 1,
        "name": point.name,
        "mac": point.mac,
        "ethernet_mac": f"{point.mac[:-1]}e",
        "up": int(up),
        "room": f"Room {point.room}",
        "location": f"{point.school.name} Wing {'ABCDEFGH'[point.wing - 1]} Room {point.room}",
        "group": point.school.slug,
        "address": f"10.{100 + (point.school.number + 1) % 100}.10.{point.number % 250 + 2}",
    }
    failed = spec.pop("failed", {})
    for name, value in spec.items():
        row[name] = expander.attribute(value, {**facts, **row}, "ap", point.name, name)
    if not up:
        row |= failed
    return row


def point_facts(district: District, point: AccessPoint) -> Row:
    """What the controller tells of an access point that does not change with time."""
    expander = Expander(district, point.controller, _STILL)
    spec = {**district.library.district.access_point}
    spec.pop("radios", None)
    return _point_row(expander, point, expander.facts(), {**spec, **expander.defaults.get("aps", {})})


def _crowded(value: Any, factor: float, limit: float) -> Any:
    if callable(value):
        return partial(_scaled, value, factor, limit)
    return min(value * factor, limit)


def _scaled(live: Callable[[float], float], factor: float, limit: float, seconds: float) -> float:
    return float(min(live(seconds) * factor, limit))


def _sum(values: list[Any], seconds: float) -> float:
    # Each value is rounded before adding: the sum is that of what the rows show.
    return float(sum(round(value(seconds)) if callable(value) else value for value in values))


def expression(text: str, attributes: Row) -> Any:
    """A constant or Live value of an expression over attributes."""

    return evaluate(compile_expression(text), attributes)
