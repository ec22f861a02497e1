"""The parts of a device: interfaces, sensors, radios, volumes and all else that hangs on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netwatch.model import Entity, EntityId, EntityKind
from netwatch.web.html import Child, Html, fragment, href, tag
from netwatch.web.lookup import Measure
from netwatch.web.pages.layout import bar, section, status_badge, table
from netwatch.web.pages.values import LEVELS, per_second, value
from netwatch.web.units import bit_rate
from netwatch.web.views import Status

__all__ = ["entity_sections"]

_PLURALS = {
    EntityKind.RADIO: "Radios",
    EntityKind.SSID: "Wireless networks",
    EntityKind.PROCESSOR: "Processors",
    EntityKind.MEMORY: "Memory",
    EntityKind.VOLUME: "Volumes",
    EntityKind.POOL: "Storage pools",
    EntityKind.DISK: "Disks",
    EntityKind.TRUNK: "Trunks",
    EntityKind.PSE: "Power over Ethernet",
    EntityKind.PSE_PORT: "Powered ports",
    EntityKind.NEIGHBOR: "Neighbours",
    EntityKind.MODULE: "Physical parts",
    EntityKind.TRANSCEIVER: "Transceivers",
    EntityKind.VLAN: "VLANs",
    EntityKind.BRIDGE: "Spanning tree",
    EntityKind.ADDRESS: "Addresses",
}
_OPEN = {
    EntityKind.RADIO,
    EntityKind.SSID,
    EntityKind.PROCESSOR,
    EntityKind.MEMORY,
    EntityKind.VOLUME,
    EntityKind.POOL,
    EntityKind.DISK,
    EntityKind.TRUNK,
    EntityKind.PSE,
    EntityKind.NEIGHBOR,
}
"""Shown at once; the rest opens on demand."""
_MAX_COLUMNS = 7
_MAX_ROWS = 600
"""Rows of one section; a person looks for more with the readings page or the API."""

_HIDDEN = frozenset({"local_if_index"})
"""Facts for programs: row numbers that mean nothing to a person."""

_ABBREVIATIONS = frozenset({"bssid", "id", "mac", "pse", "ssid", "uuid", "vlan"})

_Values = Mapping[EntityId, Mapping[str, Measure]]


def entity_sections(device: EntityId, parts: Sequence[Entity], measures: Sequence[Measure]) -> Html:
    """Sections in order of use: interfaces, sensors, then each other kind that the device has."""
    values: dict[EntityId, dict[str, Measure]] = {}
    for measure in measures:
        key = measure.family.name + "".join(f" {value}" for value in measure.labels if value)
        values.setdefault(measure.entity, {})[key] = measure
    by_kind: dict[EntityKind, list[Entity]] = {}
    for entity in parts:
        by_kind.setdefault(entity.kind, []).append(entity)
    shown: list[Child] = []
    if interfaces := by_kind.get(EntityKind.INTERFACE):
        shown.append(_interfaces(device, interfaces[:_MAX_ROWS], values, len(interfaces)))
    if sensors := by_kind.get(EntityKind.SENSOR):
        shown.append(_sensors(device, sensors[:_MAX_ROWS], values, len(sensors)))
    for kind, title in _PLURALS.items():
        if kind in by_kind:
            shown.append(_others(device, kind, title, by_kind[kind], values))
    return fragment(shown)


def _open(device: EntityId, entity: Entity) -> Html:
    return tag("a", entity.name or entity.natural, href=href("devices", device, "readings", of=entity.id))


def _fresh(values: _Values, entity: Entity, family: str) -> float | None:
    measure = values.get(entity.id, {}).get(family)
    if measure is None or not measure.fresh or measure.value != measure.value:
        return None
    return measure.value


def _rate(values: _Values, entity: Entity, *families: str) -> float | None:
    """Sum of the known rates; None if none is known."""
    found = [
        measure.rate
        for family in families
        if (measure := values.get(entity.id, {}).get(family)) is not None
        and measure.fresh
        and measure.rate == measure.rate
    ]
    return sum(found) if found else None


def _interfaces(device: EntityId, interfaces: Sequence[Entity], values: _Values, total: int) -> Html:
    rows: list[list[Child]] = []
    keys: list[list[str | float | None]] = []
    for number, entity in enumerate(interfaces):
        speed = _fresh(values, entity, "netwatch_interface_speed_bytes_per_second")
        received = _rate(values, entity, "netwatch_interface_receive_bytes_total")
        sent = _rate(values, entity, "netwatch_interface_transmit_bytes_total")
        errors = _rate(
            values,
            entity,
            "netwatch_interface_receive_errors_total",
            "netwatch_interface_transmit_errors_total",
        )
        discards = _rate(
            values,
            entity,
            "netwatch_interface_receive_discards_total",
            "netwatch_interface_transmit_discards_total",
        )
        status, order = _port_status(values, entity)
        about = str(entity.facts.get("alias", "") or "")
        rows.append(
            [
                [_open(device, entity), tag("small", about) if about else None],
                status,
                bit_rate(speed),
                _load(received, speed),
                _load(sent, speed),
                per_second(errors),
                per_second(discards),
            ]
        )
        keys.append(
            [float(number), order, speed or 0.0, received or 0.0, sent or 0.0, errors or 0.0, discards or 0.0]
        )
    title = f"Interfaces ({total})" if total == len(rows) else f"Interfaces ({len(rows)} of {total})"
    columns = ["Interface", "Status", "Speed", "In", "Out", "Errors/s", "Discards/s"]
    return section(
        title, table("Interfaces", columns, rows, keys=keys, numeric=(2, 5, 6)), anchor="interfaces"
    )


def _port_status(values: _Values, entity: Entity) -> tuple[Html, float]:
    wanted = _fresh(values, entity, "netwatch_interface_admin_up")
    works = _fresh(values, entity, "netwatch_interface_oper_up")
    if wanted is not None and wanted < 0.5:
        return status_badge(Status.UNKNOWN, "disabled"), 2.0
    if works is None:
        return status_badge(Status.UNKNOWN), 1.0
    return (status_badge(Status.UP), 3.0) if works >= 0.5 else (status_badge(Status.DOWN), 0.0)


def _load(rate: float | None, speed: float | None) -> Child:
    if rate is None:
        return bar(None)
    return bar(rate / speed, bit_rate(rate)) if speed else bit_rate(rate)


def _sensors(device: EntityId, sensors: Sequence[Entity], values: _Values, total: int) -> Html:
    rows: list[list[Child]] = []
    keys: list[list[str | float | None]] = []
    for entity in sensors:
        own = values.get(entity.id, {})
        level = _fresh(values, entity, "netwatch_sensor_state_level")
        stated = [m for m in own.values() if not m.family.name.startswith("netwatch_sensor_state")]
        kinds = [m.family.sensor_class.replace("_", " ") for m in stated] or ["state"]
        numbers = [value(m) for m in stated]
        rows.append(
            [
                _open(device, entity),
                ", ".join(kinds),
                numbers or "–",
                LEVELS[level]() if level in LEVELS else "–",
            ]
        )
        keys.append([None, None, stated[0].value if stated else 0.0, -1.0 if level is None else level])
    columns = ["Sensor", "Measures", "Reading", "State"]
    return section(
        f"Sensors ({total})", table("Sensors", columns, rows, keys=keys, numeric=(2,)), anchor="sensors"
    )


def _others(
    device: EntityId, kind: EntityKind, title: str, entities: Sequence[Entity], values: _Values
) -> Html:
    """A table whose columns are the families that the first rows have, else their facts."""
    shown = entities[:_MAX_ROWS]
    families: dict[str, Measure] = {}
    for entity in shown:
        for key, measure in values.get(entity.id, {}).items():
            families.setdefault(key, measure)
    chosen = list(families)[:_MAX_COLUMNS]
    facts = [] if len(chosen) > 3 else _fact_names(shown)[: _MAX_COLUMNS - len(chosen)]
    rows: list[list[Child]] = []
    keys: list[list[str | float | None]] = []
    for entity in shown:
        own = values.get(entity.id, {})
        rows.append(
            [
                _open(device, entity),
                *(str(entity.facts.get(name, "")) for name in facts),
                *(value(own[key]) if key in own else "–" for key in chosen),
            ]
        )
        keys.append(
            [None, *(None for _ in facts), *(own[key].value if key in own else None for key in chosen)]
        )
    columns = [
        _fact_title(kind.value),
        *(_fact_title(name) for name in facts),
    ]
    columns += [_column_title(kind, key, families[key]) for key in chosen]
    numeric = range(1 + len(facts), len(columns))
    content = table(title, columns, rows, keys=keys, numeric=tuple(numeric))
    if kind not in _OPEN and len(shown) > 8:
        content = tag("details", tag("summary", f"Show {len(shown)}"), content)
    return section(f"{title} ({len(entities)})", content)


def _fact_names(entities: Sequence[Entity]) -> list[str]:
    """Facts worth a column: those that don't repeat the name of everything, or another fact's column."""
    names = dict.fromkeys(
        name
        for entity in entities
        for name, fact in entity.facts.items()
        if str(fact) and name not in _HIDDEN
    )
    shown = [tuple(entity.name for entity in entities)]
    kept: list[str] = []
    for name in names:
        column = tuple(str(entity.facts.get(name, "")) for entity in entities)
        if column not in shown:
            shown.append(column)
            kept.append(name)
    return kept


def _fact_title(name: str) -> str:
    words = name.replace("_", " ")
    return words.upper() if words in _ABBREVIATIONS else words.capitalize()


def _column_title(kind: EntityKind, key: str, measure: Measure) -> str:
    family, _, labels = key.partition(" ")
    words = family.removeprefix("netwatch_").removeprefix(f"{kind.value}_").removesuffix("_total")
    unit = measure.family.unit
    for suffix in (unit, "ratio", "per_second"):
        if suffix and words.endswith(f"_{suffix}"):
            words = words.removesuffix(f"_{suffix}")
    return " ".join(word for word in (words.replace("_", " ").capitalize(), labels) if word)
