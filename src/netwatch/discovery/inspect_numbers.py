"""Processors, memory, sensors and Wi-Fi of one device in an inspect document."""

from __future__ import annotations

from collections.abc import Mapping

from netwatch.discovery.inspect_values import Json, known, oid_of, plain, whole
from netwatch.discovery.view import Item, View
from netwatch.model import Catalogue, EntityKey, EntityKind, Family, Reading

__all__ = ["memory", "processors", "sensors", "sized", "wireless"]

_WIRELESS_KINDS = (EntityKind.RADIO, EntityKind.SSID, EntityKind.DEVICE)
_LEVELS = {0: "ok", 1: "warning", 2: "critical"}
_POE_NAMES = {
    "netwatch_pse_budget_watts": "PoE budget",
    "netwatch_pse_used_watts": "PoE used",
    "netwatch_pse_port_power_watts": "PoE power",
}


def processors(view: View, owner: EntityKey) -> list[Json]:
    out = []
    for item in view.of(EntityKind.PROCESSOR, owner):
        usage = item.value("netwatch_processor_utilization_ratio")
        if usage is not None and 0 <= usage <= 1.05:
            oid = oid_of(item.origin("netwatch_processor_utilization_ratio"))
            out.append(known({"index": item.index, "descr": item.name, "usage": plain(usage), "oid": oid}))
    return out


def sized(item: Item, stem: str) -> Json:
    families = {
        "total_bytes": f"netwatch_{stem}_size_bytes",
        "used_bytes": f"netwatch_{stem}_used_bytes",
        "free_bytes": f"netwatch_{stem}_free_bytes",
        "available_bytes": f"netwatch_{stem}_available_bytes",
        "ratio": f"netwatch_{stem}_used_ratio",
    }
    fields: Json = {"index": item.index, "descr": item.name, "class": item.text("class")}
    fields |= {name: plain(item.value(family)) for name, family in families.items()}
    if fields["ratio"] is not None and not 0 <= fields["ratio"] <= 1.05:
        fields["ratio"] = None
    order = ("used_bytes", "ratio", "free_bytes", "available_bytes", "total_bytes")
    fields["oid"] = oid_of(item.origin(*(families[name] for name in order)))
    return known(fields)


def memory(view: View, owner: EntityKey) -> list[Json]:
    return [sized(item, "memory") for item in view.of(EntityKind.MEMORY, owner)]


def _reading(item: Item, reading: Reading, family: Family) -> Json:
    scale = 8 if family.unit == "bytes_per_second" else 1
    unit = {"bytes_per_second": "bit/s", "": "1"}.get(family.unit, family.unit)
    return {
        "class": family.sensor_class,
        "unit": unit,
        "value": plain(reading.value * scale),
        "index": item.index,
        "descr": item.name,
        "oid": oid_of(reading.origin),
    }


def sensors(view: View, owner: EntityKey, catalogue: Catalogue) -> list[Json]:
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
                out.append(known(_reading(item, reading, family)))
    for kind in (EntityKind.PSE, EntityKind.PSE_PORT):
        for item in view.of(kind, owner):
            out += [known(_poe(item, reading)) for reading in item.readings if reading.family in _POE_NAMES]
    for item in view.of(EntityKind.RADIO, owner):
        out += [known(_airtime(item, reading)) for reading in item.readings if _is_partial(reading)]
    return out


def _is_partial(reading: Reading) -> bool:
    use = reading.labels[0] if reading.labels else ""
    return reading.family == "netwatch_radio_airtime_ratio" and use not in ("", "all")


def _airtime(item: Item, reading: Reading) -> Json:
    """The wireless list has one utilization per radio, the whole; what it is made of are sensors."""
    return {
        "class": "percent",
        "unit": "ratio",
        "value": plain(reading.value),
        "index": item.index,
        "descr": f"{item.name} airtime {reading.labels[0]}",
        "oid": oid_of(reading.origin),
    }


def _poe(item: Item, reading: Reading) -> Json:
    """A power source's watts are a sensor too: readers of sensors need not know of power over Ethernet."""
    return {
        "class": "power",
        "unit": "watts",
        "value": plain(reading.value),
        "index": item.index,
        "descr": f"{_POE_NAMES[reading.family]} {item.name}",
        "oid": oid_of(reading.origin),
    }


def _state(item: Item) -> Json | None:
    raw = item.value("netwatch_sensor_state")
    label = item.text("label")
    if raw is None and label is None:
        return None
    level = item.value("netwatch_sensor_state_level")
    state = _LEVELS.get(int(level)) if level is not None else "unknown"
    origin = item.origin("netwatch_sensor_state", "netwatch_sensor_state_level")
    return known(
        {
            "class": "state",
            "unit": "state",
            "value": plain(raw),
            "raw": whole(raw),
            "state": state,
            "label": label,
            "index": item.index,
            "descr": item.name,
            "oid": oid_of(origin),
        }
    )


def wireless(view: View, owner: EntityKey, catalogue: Catalogue) -> list[Json]:
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
            out.append(known(_radio_reading(item, reading, family, labels)))
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
