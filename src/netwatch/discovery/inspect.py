"""What netwatch understands of one device as a netwatch-inspect/2 document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from netwatch.discovery.discover import Discovery
from netwatch.discovery.view import Item, View
from netwatch.model import ROOT, Catalogue, EntityKey, EntityKind, Family, Reading

__all__ = ["inspect_document"]

Json = dict[str, Any]

_OID = re.compile(r"\d+(\.\d+)+")
_WIRELESS_KINDS = (EntityKind.RADIO, EntityKind.SSID, EntityKind.DEVICE)
_LEVELS = {0: "ok", 1: "warning", 2: "critical"}
_POOL_LEVELS = {0: "ok", 1: "degraded", 2: "failed"}
_COUNTERS = {
    "octets": "bytes",
    "ucast": "unicast_packets",
    "mcast": "multicast_packets",
    "bcast": "broadcast_packets",
    "errors": "errors",
    "discards": "discards",
}
_POE_NAMES = {
    "netwatch_pse_budget_watts": "PoE budget",
    "netwatch_pse_used_watts": "PoE used",
    "netwatch_pse_port_power_watts": "PoE power",
}
_VOICE = {
    "phones_registered": ("phones", "registered"),
    "phones_unregistered": ("phones", "unregistered"),
    "phones_rejected": ("phones", "rejected"),
    "phones_total": ("phones", "total"),
    "ip_phones_total": ("phones", "ip_total"),
    "gateways_registered": ("gateways", "registered"),
    "gateways_unregistered": ("gateways", "unregistered"),
    "media_devices_registered": ("media_devices", "registered"),
    "users_registered": ("users", "registered"),
    "calls_active": ("calls", "all"),
    "calls_active_in": ("calls", "in"),
    "calls_active_out": ("calls", "out"),
    "call_legs_active": ("call_legs",),
    "channels_active": ("channels_active",),
    "calls_processed_total": ("calls_processed_total",),
}


def inspect_document(name: str, discovery: Discovery, catalogue: Catalogue) -> Json:
    """One device as the interchange document: a value that was not read is absent, never 0."""
    view = View(discovery.observations)
    root = view.root
    document: Json = {
        "schema": "netwatch-inspect/2",
        "name": name,
        "identity": _identity(root),
        "ports": [port for item in view.of(EntityKind.INTERFACE) if (port := _port(item))],
        "processors": _processors(view, ROOT),
        "memory": _memory(view, ROOT),
        "storage": [_sized(item, "volume") for item in view.of(EntityKind.VOLUME)],
        "sensors": _sensors(view, ROOT, catalogue),
        "wireless": _wireless(view, ROOT, catalogue),
        "inventory": [_module(item) for item in view.of(EntityKind.MODULE)],
        "transceivers": [_transceiver(item) for item in view.of(EntityKind.TRANSCEIVER)],
        "neighbors": [_neighbor(item) for item in view.of(EntityKind.NEIGHBOR)],
        "vlans": [vlan for item in view.of(EntityKind.VLAN) if (vlan := _vlan(item))],
        "stp": [_bridge(item) for item in view.of(EntityKind.BRIDGE)],
        "addresses": [address for item in view.of(EntityKind.ADDRESS) if (address := _address(item))],
        "children": [
            _child(item, view, catalogue) for item in view.children() if item.facts.get("role") != "vm"
        ],
        "vms": [_machine(item) for item in view.children() if item.facts.get("role") == "vm"],
        "pools": [_pool(item) for item in view.of(EntityKind.POOL)],
        "disks": [_disk(item) for item in view.of(EntityKind.DISK)],
        "voice": _voice(root),
        "trunks": [_trunk(item) for item in view.of(EntityKind.TRUNK)],
        "poe": [_pse(item) for item in view.of(EntityKind.PSE)],
        "poe_ports": [_pse_port(item) for item in view.of(EntityKind.PSE_PORT)],
        "video": _video(root),
        "errors": list(discovery.problems),
    }
    return {key: value for key, value in document.items() if value or key in ("schema", "name", "identity")}


def _known(fields: Mapping[str, Any]) -> Json:
    return {name: value for name, value in fields.items() if value is not None}


def _plain(value: float | None) -> float | int | None:
    """Without the noise of binary fractions; whole numbers as such."""
    if value is None or isinstance(value, int):
        return value
    if value.is_integer() and abs(value) < 1e15:
        return int(value)
    return float(f"{value:.10g}")


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _oid(origin: str | None) -> str | None:
    return origin if origin and _OID.fullmatch(origin) else None


def _identity(root: Item) -> Json:
    names = (
        "kind", "role", "vendor", "model", "version", "serial", "sys_name", "sys_descr", "sys_object_id",
        "location", "contact", "hardware", "mac",
    )  # fmt: skip
    fields: Json = {name: root.text(name) for name in names}
    fields["os"] = root.text("profile")
    fields["uptime_seconds"] = _plain(root.value("netwatch_device_uptime_seconds"))
    return _known(fields)


def _port(item: Item) -> Json | None:
    if not item.index.isdecimal():
        return None
    speed = item.value("netwatch_interface_speed_bytes_per_second")
    fields: Json = {
        "if_index": int(item.index),
        **{name: item.text(name) for name in ("name", "descr", "alias", "type", "mac", "admin", "oper")},
        "mtu": _whole(item.value("netwatch_interface_mtu_bytes")),
        "speed_bps": None if speed is None else round(speed * 8),
    }
    for direction, verb in (("in", "receive"), ("out", "transmit")):
        for short, noun in _COUNTERS.items():
            value = item.value(f"netwatch_interface_{verb}_{noun}_total")
            fields[f"{direction}_{short}"] = None if value is None else int(value)
    return _known(fields)


def _processors(view: View, owner: EntityKey) -> list[Json]:
    out = []
    for item in view.of(EntityKind.PROCESSOR, owner):
        usage = item.value("netwatch_processor_utilization_ratio")
        if usage is not None and 0 <= usage <= 1.05:
            oid = _oid(item.origin("netwatch_processor_utilization_ratio"))
            out.append(_known({"index": item.index, "descr": item.name, "usage": _plain(usage), "oid": oid}))
    return out


def _sized(item: Item, stem: str) -> Json:
    families = {
        "total_bytes": f"netwatch_{stem}_size_bytes",
        "used_bytes": f"netwatch_{stem}_used_bytes",
        "free_bytes": f"netwatch_{stem}_free_bytes",
        "available_bytes": f"netwatch_{stem}_available_bytes",
        "ratio": f"netwatch_{stem}_used_ratio",
    }
    fields: Json = {"index": item.index, "descr": item.name, "class": item.text("class")}
    fields |= {name: _plain(item.value(family)) for name, family in families.items()}
    if fields["ratio"] is not None and not 0 <= fields["ratio"] <= 1.05:
        fields["ratio"] = None
    order = ("used_bytes", "ratio", "free_bytes", "available_bytes", "total_bytes")
    fields["oid"] = _oid(item.origin(*(families[name] for name in order)))
    return _known(fields)


def _memory(view: View, owner: EntityKey) -> list[Json]:
    return [_sized(item, "memory") for item in view.of(EntityKind.MEMORY, owner)]


# sensors and wireless


def _reading(item: Item, reading: Reading, family: Family) -> Json:
    scale = 8 if family.unit == "bytes_per_second" else 1
    unit = {"bytes_per_second": "bit/s", "": "1"}.get(family.unit, family.unit)
    return {
        "class": family.sensor_class,
        "unit": unit,
        "value": _plain(reading.value * scale),
        "index": item.index,
        "descr": item.name,
        "oid": _oid(reading.origin),
    }


def _sensors(view: View, owner: EntityKey, catalogue: Catalogue) -> list[Json]:
    out = []
    for item in view.of(EntityKind.SENSOR, owner):
        if item.facts.get("class") == "state":
            state = _state(item)
            if state is not None:
                out.append(state)
            continue
        for reading in item.readings:
            family = catalogue[reading.family]
            if family.sensor_class:
                out.append(_known(_reading(item, reading, family)))
    for kind in (EntityKind.PSE, EntityKind.PSE_PORT):
        for item in view.of(kind, owner):
            out += [_known(_poe(item, reading)) for reading in item.readings if reading.family in _POE_NAMES]
    for item in view.of(EntityKind.RADIO, owner):
        out += [_known(_airtime(item, reading)) for reading in item.readings if _is_partial(reading)]
    return out


def _is_partial(reading: Reading) -> bool:
    use = reading.labels[0] if reading.labels else ""
    return reading.family == "netwatch_radio_airtime_ratio" and use not in ("", "all")


def _airtime(item: Item, reading: Reading) -> Json:
    """The wireless list has one utilization per radio, the whole; what it is made of are sensors."""
    return {
        "class": "percent",
        "unit": "ratio",
        "value": _plain(reading.value),
        "index": item.index,
        "descr": f"{item.name} airtime {reading.labels[0]}",
        "oid": _oid(reading.origin),
    }


def _poe(item: Item, reading: Reading) -> Json:
    """A power source's watts are a sensor too: readers of sensors need not know of power over Ethernet."""
    return {
        "class": "power",
        "unit": "watts",
        "value": _plain(reading.value),
        "index": item.index,
        "descr": f"{_POE_NAMES[reading.family]} {item.name}",
        "oid": _oid(reading.origin),
    }


def _state(item: Item) -> Json | None:
    raw = item.value("netwatch_sensor_state")
    label = item.text("label")
    if raw is None and label is None:
        return None
    level = item.value("netwatch_sensor_state_level")
    state = _LEVELS.get(int(level)) if level is not None else "unknown"
    origin = item.origin("netwatch_sensor_state", "netwatch_sensor_state_level")
    return _known(
        {
            "class": "state",
            "unit": "state",
            "value": _plain(raw),
            "raw": _whole(raw),
            "state": state,
            "label": label,
            "index": item.index,
            "descr": item.name,
            "oid": _oid(origin),
        }
    )


def _wireless(view: View, owner: EntityKey, catalogue: Catalogue) -> list[Json]:
    items = [view.items[owner], *(one for kind in _WIRELESS_KINDS[:2] for one in view.of(kind, owner))]
    out = []
    for item in items:
        for reading in item.readings:
            family = catalogue[reading.family]
            if not family.sensor_class or family.entity not in _WIRELESS_KINDS:
                continue
            labels = dict(zip(family.labels, reading.labels, strict=False))
            if labels.get("use", "all") != "all":
                continue  # see _airtime
            out.append(_known(_radio_reading(item, reading, family, labels)))
    return out


def _radio_reading(item: Item, reading: Reading, family: Family, labels: Mapping[str, str]) -> Json:
    fields = _reading(item, reading, family)
    told = " ".join(labels[name] for name in ("state", "direction") if labels.get(name))
    if item.key.kind is EntityKind.RADIO:
        fields["radio"] = item.index
        fields["band"] = item.text("band")
        fields["ssid"] = labels.get("ssid") or None
    elif item.key.kind is EntityKind.SSID:
        fields["ssid"] = item.text("ssid") or item.name
    else:
        fields["index"] = fields["index"] or "0"
        fields["descr"] = family.sensor_class.replace("_", " ")
    if told:
        fields["descr"] = f"{fields['descr']} {told}"
    return fields


# parts


def _module(item: Item) -> Json:
    index: str | int = int(item.index) if item.index.isdecimal() else item.index
    names = ("class", "name", "descr", "model", "serial", "version", "vendor")
    return _known({"index": index, **{name: item.text(name) for name in names}})


def _transceiver(item: Item) -> Json:
    fields: Json = {"index": item.index, "if_index": item.integer("if_index")}
    fields |= {name: item.text(name) for name in ("vendor", "model", "type", "serial")}
    for name in ("wavelength_nm", "distance_m"):
        value = item.facts.get(name)
        fields[name] = value if isinstance(value, int | float) else None
    return _known(fields)


def _neighbor(item: Item) -> Json:
    names = ("protocol", "local_port", "remote_name", "remote_port", "remote_port_descr", "remote_chassis")
    return _known(
        {"local_if_index": item.integer("local_if_index"), **{name: item.text(name) for name in names}}
    )


def _vlan(item: Item) -> Json | None:
    number = item.integer("id")
    return None if number is None else _known({"id": number, "name": item.text("name")})


def _bridge(item: Item) -> Json:
    fields: Json = {name: item.text(name) for name in ("bridge", "root")}
    fields |= {name: item.integer(name) for name in ("cost", "changes", "priority")}
    return _known(fields)


def _address(item: Item) -> Json | None:
    address = item.text("address")
    numbers = {name: item.integer(name) for name in ("prefix_length", "if_index")}
    return None if address is None else _known({"address": address, **numbers})


# devices behind the device


def _child(item: Item, view: View, catalogue: Catalogue) -> Json:
    names = (
        "kind", "role", "vendor", "model", "version", "serial", "sys_name", "mac", "mac_alt", "address",
        "location",
    )  # fmt: skip
    identity = {name: item.text(name) for name in names}
    identity["sys_name"] = identity["sys_name"] or (item.name if item.name != item.key.natural else None)
    up = item.value("netwatch_device_up")
    status = item.text("status") or ("unknown" if up is None else "up" if up else "down")
    return _known(
        {
            "identity": _known(identity),
            "status": status,
            "uptime_seconds": _plain(item.value("netwatch_device_uptime_seconds")),
            "processors": _processors(view, item.key),
            "memory": _memory(view, item.key),
            "sensors": _sensors(view, item.key, catalogue),
            "wireless": _wireless(view, item.key, catalogue),
        }
    )


def _machine(item: Item) -> Json:
    running = item.value("netwatch_device_vm_running")
    state = item.text("state") or {1.0: "running", 0.0: "stopped"}.get(-1.0 if running is None else running)
    fields: Json = {"name": item.text("sys_name") or item.name, "state": state}
    fields |= {name: item.text(name) for name in ("uuid", "guest_os")}
    fields |= {name: item.integer(name) for name in ("cpus", "memory_bytes")}
    return _known(fields)


def _pool(item: Item) -> Json:
    level = item.value("netwatch_pool_state_level")
    told = None if level is None else _POOL_LEVELS.get(int(level))
    return _known(
        {
            "name": item.name,
            "total_bytes": _whole(item.value("netwatch_pool_size_bytes")),
            "used_bytes": _whole(item.value("netwatch_pool_used_bytes")),
            "state": item.text("state") or told,
        }
    )


def _disk(item: Item) -> Json:
    fields: Json = {"name": item.name, **{name: item.text(name) for name in ("serial", "model", "state")}}
    fields["size_bytes"] = _whole(item.value("netwatch_disk_size_bytes"))
    return _known(fields)


def _voice(root: Item) -> Json:
    return _known(
        {
            name: _whole(root.value(f"netwatch_device_{family}", *labels))
            for name, (family, *labels) in _VOICE.items()
        }
    )


def _video(root: Item) -> Json:
    if root.facts.get("kind") != "video":
        return {}
    in_call = root.value("netwatch_device_in_call")
    fields: Json = {"calls_active": _whole(root.value("netwatch_device_calls", "all"))}
    for protocol in ("h323", "sip"):
        registered = root.value("netwatch_device_registered", protocol)
        fields[f"registered_{protocol}"] = None if registered is None else bool(registered)
    fields["in_call"] = None if in_call is None else bool(in_call)
    return _known(fields)


def _trunk(item: Item) -> Json:
    up = item.value("netwatch_trunk_up")
    told = None if up is None else "up" if up else "down"
    return _known(
        {
            "name": item.name,
            "index": item.index,
            "type": item.text("type"),
            "state": item.text("state") or told,
            "channels_total": _whole(item.value("netwatch_trunk_channels")),
            "channels_active": _whole(item.value("netwatch_trunk_channels_active")),
        }
    )


def _pse(item: Item) -> Json:
    return _known(
        {
            "index": item.index,
            "budget_watts": _plain(item.value("netwatch_pse_budget_watts")),
            "used_watts": _plain(item.value("netwatch_pse_used_watts")),
            "state": item.text("state"),
        }
    )


def _pse_port(item: Item) -> Json:
    return _known(
        {
            "index": item.index,
            "if_index": item.integer("if_index"),
            "power_watts": _plain(item.value("netwatch_pse_port_power_watts")),
            "state": item.text("state"),
            "class": item.text("class"),
        }
    )
