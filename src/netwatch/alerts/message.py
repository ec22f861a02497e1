"""What a person reads: templates, values with their units, labels that receivers route by."""

from __future__ import annotations

import string
from collections.abc import Mapping

from netwatch.alerts.frame import SeriesKey
from netwatch.alerts.rule import Rule
from netwatch.model import Entity, EntityKind, PlaceId, Snapshot, prefixed

__all__ = ["FIELDS", "alert_labels", "fields_of", "format_value", "render", "template_fields"]

FIELDS = ("device", "where", "site", "district", "kind", "role", "entity", "value")
"""Fields of every template, beside the kind of the rule's entity (`{interface}`) and its row labels."""

_SUFFIXES = {
    "celsius": " °C",
    "volts": " V",
    "amperes": " A",
    "watts": " W",
    "hertz": " Hz",
    "meters": " m",
    "dbm": " dBm",
    "db": " dB",
    "rpm": " rpm",
    "pascals": " Pa",
    "joules": " J",
}


def template_fields(template: str) -> list[str]:
    """Names of the fields in a template. Raises ValueError for anything but text and plain `{name}`."""
    names = []
    for _, name, spec, conversion in string.Formatter().parse(template):
        if name is None:
            continue
        if not name.isidentifier() or spec or conversion:
            raise ValueError("a template holds text and fields such as {device}; write {{ for a brace")
        names.append(name)
    return names


def render(template: str, fields: Mapping[str, str]) -> str:
    """The text in one line; a field that is not known shows as `?`."""
    text = template.format_map({name: fields.get(name) or "?" for name in template_fields(template)})
    return " ".join(text.split())


def format_value(value: float | None, unit: str) -> str:
    """`0.934` of a ratio as `93 %`, bytes per second as bits per second, seconds as minutes or hours."""
    if value is None:
        return "unknown"
    if unit == "ratio":
        return f"{value * 100:.3g} %" if value < 1 else f"{value * 100:.0f} %"
    if unit == "bytes_per_second":
        return prefixed(value * 8, "bit/s")
    if unit == "bytes":
        return prefixed(value, "B")
    if unit == "seconds":
        for size, name in ((172800.0, "d"), (7200.0, "h"), (120.0, "min")):
            if value >= size:
                return f"{value / {'d': 86400.0, 'h': 3600.0, 'min': 60.0}[name]:.3g} {name}"
        return f"{value:.3g} s"
    return f"{value:.6g}{_SUFFIXES.get(unit, '')}"


def alert_labels(rule: Rule, entity: Entity, key: SeriesKey, snapshot: Snapshot) -> dict[str, str]:
    """Labels of an alert: fixed at its beginning, because receivers know it by them.

    alertname, severity, district, site, device, kind, role, entity (the permanent id), the entity's own label
    and the row labels. What is not known is left out.
    """
    device = snapshot.entities.get(entity.device, entity)
    facts = device.facts
    labels = {
        "alertname": rule.name,
        "severity": rule.severity.value,
        "district": str(facts.get("district", "")) or snapshot.inventory.district,
        "site": str(facts.get("site", "")).rpartition("/")[2],
        "device": device.name,
        "kind": str(facts.get("kind", "")),
        "role": str(facts.get("role", "")),
        "entity": str(entity.id),
    }
    if entity.kind is not EntityKind.DEVICE:
        labels[entity.kind.value] = entity.name
    labels.update(zip(rule.expression.labels, key[1], strict=True))
    return {name: value for name, value in labels.items() if value}


def _site_for_people(device: Entity | None, labels: Mapping[str, str], snapshot: Snapshot) -> str:
    """Name of the school or other site; of a device that is gone, or stands nowhere, a label."""
    site = "" if device is None else str(device.facts.get("site", ""))
    place = snapshot.inventory.places.by_id.get(PlaceId(site))
    return labels.get("site", labels.get("district", "")) if place is None else place.name


def _where(site: str, device: Entity | None, snapshot: Snapshot) -> str:
    """`Lincoln High School (Main building, MDF)`: the site, and where to walk to within it."""
    if device is None:
        return site
    path = snapshot.inventory.places.path(PlaceId(str(device.facts.get("place", ""))))
    ids = [str(node.id) for node in path]
    top = str(device.facts.get("site", ""))
    within = [node.name for node in path[ids.index(top) + 1 :]] if top in ids else []
    return f"{site} ({', '.join(within)})" if within else site


def fields_of(
    rule: Rule, entity: Entity | None, labels: Mapping[str, str], value: float | None, snapshot: Snapshot
) -> dict[str, str]:
    """Values of a template's fields. Current names come from the entity, the rest from the labels."""
    device = None if entity is None else snapshot.entities.get(entity.device)
    name = labels.get("device", "") if entity is None or entity.kind is EntityKind.DEVICE else entity.name
    fields = {**labels, "entity": name, "value": format_value(value, rule.expression.unit)}
    fields["site"] = _site_for_people(device, labels, snapshot)
    fields["where"] = _where(fields["site"], device, snapshot)
    fields[rule.expression.entity.value] = name
    return fields
