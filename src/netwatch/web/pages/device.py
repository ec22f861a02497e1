"""One device: what it is, how it does, and where each number comes from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netwatch.model import Entity, EntityId, EntityKind, Freshness
from netwatch.web.html import Child, Html, href, tag
from netwatch.web.lookup import Measure
from netwatch.web.pages.alerts import alert_list
from netwatch.web.pages.devices import device_table
from netwatch.web.pages.layout import (
    Frame,
    empty,
    facts_list,
    moment,
    page,
    section,
    status_badge,
    table,
)
from netwatch.web.pages.parts import entity_sections
from netwatch.web.pages.values import share
from netwatch.web.units import duration, measured, plain
from netwatch.web.views import AlertView, DeviceView, Status

__all__ = ["DeviceDetail", "device_page", "readings_page"]

_SHOWN_ABOVE = {
    "listed",
    "kind",
    "role",
    "site",
    "district",
    "address",
    "vendor",
    "model",
    "version",
    "serial",
    "uptime",
    "name",
}


@dataclass(frozen=True, slots=True)
class DeviceDetail:
    """All that the page of one device shows."""

    view: DeviceView
    entity: Entity
    parts: Sequence[Entity]
    measures: Sequence[Measure]
    """Of the device and its parts."""
    children: Sequence[DeviceView]
    alerts: Sequence[AlertView]
    freshness: Sequence[Freshness]
    """Of its own tables; of its source's, where it is polled through another device."""
    explanation: Mapping[str, Any] | None


def device_page(frame: Frame, detail: DeviceDetail) -> Html:
    view = detail.view
    return page(
        frame,
        view.name,
        "/devices",
        tag(
            "nav",
            tag("a", "Devices", href="/devices"),
            tag("a", view.site_name, href=href("schools", view.site or "-")),
            tag("a", view.parent_name, href=href("devices", view.parent)) if view.parent else None,
            class_="crumbs",
            aria_label="Where you are",
        ),
        tag("h1", view.name, " ", status_badge(view.status)),
        _facts(detail),
        section("Alerts", alert_list(detail.alerts, frame.now)) if detail.alerts else None,
        _own_numbers(detail),
        entity_sections(view.id, detail.parts, detail.measures),
        section(f"Devices behind it ({len(detail.children)})", device_table(detail.children, with_site=False))
        if detail.children
        else None,
        _freshness(detail.freshness, frame.now),
        _explained(detail.explanation),
    )


def _facts(detail: DeviceDetail) -> Html:
    view, facts = detail.view, detail.entity.facts
    rest = [
        (key.replace("_", " ").capitalize(), str(value))
        for key, value in sorted(facts.items())
        if key not in _SHOWN_ABOVE and str(value) and key != "place"
    ]
    main: list[tuple[str, Child]] = [
        ("Kind", " · ".join(word for word in (view.kind, view.role) if word)),
        ("Make and model", " ".join(word for word in (view.vendor, view.model) if word)),
        ("Version", view.version),
        ("Serial", tag("span", view.serial, class_="mono") if view.serial else None),
        ("Address", tag("span", view.address, class_="mono") if view.address else None),
        ("School", tag("a", view.site_name, href=href("schools", view.site or "-"))),
        ("Place", view.place),
        ("Up for", duration(view.uptime) if view.uptime is not None and view.status is Status.UP else None),
        (
            "Reported by",
            tag("a", view.parent_name, href=href("devices", view.parent)) if view.parent else None,
        ),
        ("Readings", tag("a", "every number and its origin", href=href("devices", view.id, "readings"))),
    ]
    return tag(
        "div",
        facts_list(main),
        tag("details", tag("summary", "More facts"), facts_list(rest)) if rest else None,
        class_="panel",
    )


def _own_numbers(detail: DeviceDetail) -> Html | None:
    """Readings of the device itself that are not told above."""
    own = [
        measure
        for measure in detail.measures
        if measure.entity == detail.view.id
        and measure.fresh
        and measure.family.name not in ("netwatch_device_up", "netwatch_device_uptime_seconds")
    ]
    if not own:
        return None
    items = [(_title(measure), _shown(measure)) for measure in own]
    return section("The device itself", tag("div", facts_list(items), class_="panel"))


def _shown(measure: Measure) -> Child:
    if measure.family.name == "netwatch_probe_success":
        answered = measure.value >= 0.5
        return status_badge(Status.UP if answered else Status.DOWN, "answered" if answered else "no answer")
    return share(measure)


def _title(measure: Measure) -> str:
    words = measure.family.name.removeprefix("netwatch_").removeprefix("device_").removesuffix("_total")
    words = words.removesuffix("_seconds").removesuffix("_success").replace("_", " ").capitalize()
    words = words.replace("Vms", "Virtual machines")
    labels = ", ".join(value.replace("_", " ") for value in measure.labels if value)
    return f"{words} ({labels})" if labels else words


def _freshness(tables: Sequence[Freshness], now: float) -> Html:
    if not tables:
        return section("Freshness", empty("This device is told of by another one; see there."))
    rows: list[list[Child]] = []
    late = 0
    for entry in sorted(tables, key=lambda item: (-item.failures, item.table)):
        stale = entry.last_success is None or now - entry.last_success > 3 * entry.interval
        late += stale or entry.failures > 0
        state = status_badge(Status.DOWN, "stale") if stale else status_badge(Status.UP, "fresh")
        rows.append(
            [
                entry.table,
                state,
                moment(entry.last_success, now),
                duration(entry.interval),
                entry.failures or "–",
                [entry.reason, tag("small", moment(entry.last_failure, now))] if entry.last_failure else "–",
            ]
        )
    columns = ["Table", "State", "Last read", "Every", "Failures in a row", "Last failure"]
    content = table("Freshness of each table", columns, rows, numeric=(3, 4))
    if not late:
        newest = max(entry.last_success or 0.0 for entry in tables)
        words = f"All {len(rows)} tables are fresh, the last read " if len(rows) > 1 else "Fresh, read "
        content = tag("details", tag("summary", words, moment(newest, now)), content)
    return section("Freshness", content, anchor="freshness")


def _explained(explanation: Mapping[str, Any] | None) -> Html | None:
    if not explanation:
        return None
    text = json.dumps(explanation, indent=2, ensure_ascii=False, default=str)
    return section(
        "How it was recognised",
        tag("details", tag("summary", "Profiles that matched, and which table gives what"), tag("pre", text)),
    )


def readings_page(
    frame: Frame, device: DeviceView, of: Entity | None, groups: Iterable[tuple[Entity, Sequence[Measure]]]
) -> Html:
    """Every series, by entity: value, rate, time, origin. `of`: the one entity that was asked for."""
    return page(
        frame,
        f"Readings of {of.name if of is not None else device.name}",
        "/devices",
        tag(
            "nav",
            tag("a", "Devices", href="/devices"),
            tag("a", device.name, href=href("devices", device.id)),
            class_="crumbs",
            aria_label="Where you are",
        ),
        tag("h1", f"Readings of {of.name if of is not None and of.id != device.id else device.name}"),
        tag("p", "Every number that netwatch holds, when it was read and from where.", class_="lead"),
        [_readings(entity, measures, device.id, frame.now) for entity, measures in groups]
        or empty("Nothing was read yet."),
    )


def _readings(entity: Entity, measures: Sequence[Measure], device: EntityId, now: float) -> Html:
    rows: list[list[Child]] = []
    keys: list[list[str | float | None]] = []
    for measure in measures:
        family = measure.family
        labels = ", ".join(f"{n}={v}" for n, v in zip(family.labels, measure.labels, strict=False) if v)
        rate = "–" if measure.rate != measure.rate else f"{measured(measure.rate, _rate_unit(family.unit))}"
        rows.append(
            [
                [
                    tag("span", family.name, class_="mono", title=family.help),
                    tag("small", labels) if labels else None,
                ],
                share(measure),
                rate if family.unit in ("bytes", "") or rate == "–" else f"{rate}/s",
                tag("span", plain(measure.value), class_="mono", title=repr(measure.value)),
                [
                    moment(measure.at, now),
                    None if measure.fresh else tag("small", "stale: not exported"),
                ],
                tag("span", measure.origin, class_="mono") if measure.origin else "–",
            ]
        )
        keys.append([family.name, measure.value, None, measure.value, measure.at, None])
    title = entity.name if entity.id == device else f"{entity.kind.value.replace('_', ' ')} {entity.name}"
    columns = ["Family", "Value", "Per second", "As exported", "Read", "Origin"]
    return section(
        title,
        facts_list((key.replace("_", " "), str(value)) for key, value in sorted(entity.facts.items()))
        if entity.kind is not EntityKind.DEVICE and entity.facts
        else None,
        table(f"Readings of {title}", columns, rows, keys=keys, numeric=(2, 3), class_="readings")
        if rows
        else empty("No reading."),
    )


def _rate_unit(unit: str) -> str:
    return "bytes_per_second" if unit == "bytes" else unit
