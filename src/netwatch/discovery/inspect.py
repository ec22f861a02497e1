"""What netwatch understands of one device as a netwatch-inspect/2 document."""

from __future__ import annotations

from netwatch.discovery.discover import Discovery
from netwatch.discovery.inspect_numbers import memory, processors, sensors, sized, wireless
from netwatch.discovery.inspect_values import Json, known, plain, whole
from netwatch.discovery.view import Item, View
from netwatch.model import ROOT, Catalogue, EntityKind

__all__ = ["inspect_document"]

_POOL_LEVELS = {0: "ok", 1: "degraded", 2: "failed"}
_COUNTERS = {
    "octets": "bytes",
    "ucast": "unicast_packets",
    "mcast": "multicast_packets",
    "bcast": "broadcast_packets",
    "errors": "errors",
    "discards": "discards",
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
        "processors": processors(view, ROOT),
        "memory": memory(view, ROOT),
        "storage": [sized(item, "volume") for item in view.of(EntityKind.VOLUME)],
        "sensors": sensors(view, ROOT, catalogue),
        "wireless": wireless(view, ROOT, catalogue),
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


def _identity(root: Item) -> Json:
    names = (
        "kind", "role", "vendor", "model", "version", "serial", "sys_name", "sys_descr", "sys_object_id",
        "location", "contact", "hardware", "mac",
    )  # fmt: skip
    fields: Json = {name: root.text(name) for name in names}
    fields["os"] = root.text("profile")
    fields["uptime_seconds"] = plain(root.value("netwatch_device_uptime_seconds"))
    return known(fields)


def _port(item: Item) -> Json | None:
    if not item.index.isdecimal():
        return None
    speed = item.value("netwatch_interface_speed_bytes_per_second")
    fields: Json = {
        "if_index": int(item.index),
        **{name: item.text(name) for name in ("name", "descr", "alias", "type", "mac", "admin", "oper")},
        "mtu": whole(item.value("netwatch_interface_mtu_bytes")),
        "speed_bps": None if speed is None else round(speed * 8),
    }
    for direction, verb in (("in", "receive"), ("out", "transmit")):
        for short, noun in _COUNTERS.items():
            value = item.value(f"netwatch_interface_{verb}_{noun}_total")
            fields[f"{direction}_{short}"] = None if value is None else int(value)
    return known(fields)


# parts


def _module(item: Item) -> Json:
    index: str | int = int(item.index) if item.index.isdecimal() else item.index
    names = ("class", "name", "descr", "model", "serial", "version", "vendor")
    return known({"index": index, **{name: item.text(name) for name in names}})


def _transceiver(item: Item) -> Json:
    fields: Json = {"index": item.index, "if_index": item.integer("if_index")}
    fields |= {name: item.text(name) for name in ("vendor", "model", "type", "serial")}
    for name in ("wavelength_nm", "distance_m"):
        value = item.facts.get(name)
        fields[name] = value if isinstance(value, int | float) else None
    return known(fields)


def _neighbor(item: Item) -> Json:
    names = ("protocol", "local_port", "remote_name", "remote_port", "remote_port_descr", "remote_chassis")
    return known(
        {"local_if_index": item.integer("local_if_index"), **{name: item.text(name) for name in names}}
    )


def _vlan(item: Item) -> Json | None:
    number = item.integer("id")
    return None if number is None else known({"id": number, "name": item.text("name")})


def _bridge(item: Item) -> Json:
    fields: Json = {name: item.text(name) for name in ("bridge", "root")}
    fields |= {name: item.integer(name) for name in ("cost", "changes", "priority")}
    return known(fields)


def _address(item: Item) -> Json | None:
    address = item.text("address")
    numbers = {name: item.integer(name) for name in ("prefix_length", "if_index")}
    return None if address is None else known({"address": address, **numbers})


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
    return known(
        {
            "identity": known(identity),
            "status": status,
            "uptime_seconds": plain(item.value("netwatch_device_uptime_seconds")),
            "processors": processors(view, item.key),
            "memory": memory(view, item.key),
            "sensors": sensors(view, item.key, catalogue),
            "wireless": wireless(view, item.key, catalogue),
        }
    )


def _machine(item: Item) -> Json:
    running = item.value("netwatch_device_vm_running")
    state = item.text("state") or {1.0: "running", 0.0: "stopped"}.get(-1.0 if running is None else running)
    fields: Json = {"name": item.text("sys_name") or item.name, "state": state}
    fields |= {name: item.text(name) for name in ("uuid", "guest_os")}
    fields |= {name: item.integer(name) for name in ("cpus", "memory_bytes")}
    return known(fields)


def _pool(item: Item) -> Json:
    level = item.value("netwatch_pool_state_level")
    told = None if level is None else _POOL_LEVELS.get(int(level))
    return known(
        {
            "name": item.name,
            "total_bytes": whole(item.value("netwatch_pool_size_bytes")),
            "used_bytes": whole(item.value("netwatch_pool_used_bytes")),
            "state": item.text("state") or told,
        }
    )


def _disk(item: Item) -> Json:
    fields: Json = {"name": item.name, **{name: item.text(name) for name in ("serial", "model", "state")}}
    fields["size_bytes"] = whole(item.value("netwatch_disk_size_bytes"))
    return known(fields)


def _voice(root: Item) -> Json:
    return known(
        {
            name: whole(root.value(f"netwatch_device_{family}", *labels))
            for name, (family, *labels) in _VOICE.items()
        }
    )


def _video(root: Item) -> Json:
    if root.facts.get("kind") != "video":
        return {}
    in_call = root.value("netwatch_device_in_call")
    fields: Json = {"calls_active": whole(root.value("netwatch_device_calls", "all"))}
    for protocol in ("h323", "sip"):
        registered = root.value("netwatch_device_registered", protocol)
        fields[f"registered_{protocol}"] = None if registered is None else bool(registered)
    fields["in_call"] = None if in_call is None else bool(in_call)
    return known(fields)


def _trunk(item: Item) -> Json:
    up = item.value("netwatch_trunk_up")
    told = None if up is None else "up" if up else "down"
    return known(
        {
            "name": item.name,
            "index": item.index,
            "type": item.text("type"),
            "state": item.text("state") or told,
            "channels_total": whole(item.value("netwatch_trunk_channels")),
            "channels_active": whole(item.value("netwatch_trunk_channels_active")),
        }
    )


def _pse(item: Item) -> Json:
    return known(
        {
            "index": item.index,
            "budget_watts": plain(item.value("netwatch_pse_budget_watts")),
            "used_watts": plain(item.value("netwatch_pse_used_watts")),
            "state": item.text("state"),
        }
    )


def _pse_port(item: Item) -> Json:
    return known(
        {
            "index": item.index,
            "if_index": item.integer("if_index"),
            "power_watts": plain(item.value("netwatch_pse_port_power_watts")),
            "state": item.text("state"),
            "class": item.text("class"),
        }
    )
