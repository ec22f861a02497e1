"""How netwatch itself does, and the page for requests that failed."""

from __future__ import annotations

from collections.abc import Sequence

from netwatch.errors import Problem
from netwatch.model import DeviceCost, EntityId, Freshness, Snapshot
from netwatch.web.html import Child, Html, tag
from netwatch.web.pages.delivery import delivery_section
from netwatch.web.pages.layout import (
    Frame,
    device_link,
    empty,
    facts_list,
    moment,
    page,
    section,
    status_badge,
    table,
)
from netwatch.web.providers import ChannelState
from netwatch.web.security import CSRF_FIELD, Identity
from netwatch.web.units import duration
from netwatch.web.views import Status

__all__ = ["error_page", "status_page"]

_SHOWN = 200


def status_page(
    frame: Frame,
    snapshot: Snapshot,
    ready: bool,
    may_reload: Identity | None,
    costs: Sequence[DeviceCost] = (),
    refused: Sequence[Problem] = (),
    delivery: Sequence[ChannelState] = (),
) -> Html:
    """`may_reload`: who looks, if they may reload the configuration."""
    failing = [entry for entry in snapshot.freshness if _late(entry, frame.now)]
    failing.sort(key=lambda entry: (-entry.failures, entry.source, entry.table))
    series = sum(len(column.entities) for column in snapshot.columns.values())
    facts: list[tuple[str, Child]] = [
        (
            "State",
            status_badge(Status.UP, "ready")
            if ready
            else status_badge(Status.UNKNOWN, "first polls under way"),
        ),
        ("Devices", f"{sum(1 for _ in snapshot.devices()):,}"),
        ("Entities", f"{len(snapshot.entities):,}"),
        ("Series", f"{series:,}"),
        ("Tables polled", f"{len(snapshot.freshness):,}"),
        ("Data from", moment(snapshot.at.wall, frame.now)),
    ]
    return page(
        frame,
        "Status",
        "/status",
        tag("h1", "Status of netwatch"),
        tag("div", facts_list(facts), class_="panel"),
        delivery_section(delivery, frame.now) if delivery else None,
        section(
            f"Tables that are late ({len(failing)})",
            _late_table(failing[:_SHOWN], snapshot, frame.now) if failing else empty("Every table is fresh."),
        ),
        _refused(refused) if refused else None,
        _costs(costs) if costs else None,
        _conflicts(snapshot) if snapshot.conflicts else None,
        _reload_form(may_reload) if may_reload is not None else None,
    )


def _late(entry: Freshness, now: float) -> bool:
    return entry.failures > 0 or entry.last_success is None or now - entry.last_success > 3 * entry.interval


def _late_table(entries: Sequence[Freshness], snapshot: Snapshot, now: float) -> Html:
    rows: list[list[Child]] = []
    for entry in entries:
        device = snapshot.entities.get(entry.source)
        rows.append(
            [
                device_link(entry.source, device.name if device is not None else entry.source),
                entry.table,
                moment(entry.last_success, now),
                duration(entry.interval),
                entry.failures,
                entry.reason or "–",
            ]
        )
    columns = ["Device", "Table", "Last read", "Every", "Failures in a row", "Reason"]
    return table("Tables that are late", columns, rows, numeric=(3, 4))


def _refused(problems: Sequence[Problem]) -> Html:
    rows: list[list[Child]] = [
        [
            one.file if one.line is None else f"{one.file}:{one.line}",
            one.path or "–",
            one.message,
            one.hint or "–",
        ]
        for one in problems[:_SHOWN]
    ]
    files = len({one.file for one in problems})
    return section(
        f"Profile files refused ({files})",
        tag(
            "p",
            "Device profiles of your own that are wrong. The others go on; devices of a refused one are read "
            "by whatever else matches them.",
            class_="lead",
        ),
        table("Profile files refused", ["File", "Place", "What is wrong", "Remedy"], rows),
    )


def _costs(costs: Sequence[DeviceCost]) -> Html:
    rows: list[list[Child]] = []
    for one in costs:
        passes = max(1, one.cost.passes + one.cost.failures)
        rows.append(
            [
                device_link(one.device, one.name),
                f"{one.seconds:.2f} s",
                f"{one.seconds / one.interval:.1%}",
                one.table or "–",
                f"{one.cost.seconds / passes:.2f} s",
                f"{one.cost.values / max(1, one.cost.passes):,.0f}",
                one.cost.failures,
            ]
        )
    columns = ["Device", "A pass takes", "Of its interval", "Longest table", "Waited per pass"]
    columns += ["Values per pass", "Failed passes"]
    return section(
        "Costliest devices and tables",
        tag(
            "p",
            "Those whose passes take the longest for their interval, and the table that is waited for most.",
            class_="lead",
        ),
        table("Costliest devices and tables", columns, rows, numeric=(1, 2, 4, 5, 6)),
    )


def _conflicts(snapshot: Snapshot) -> Html:
    def link(device: EntityId) -> Html:
        entity = snapshot.entities.get(device)
        return device_link(device, entity.name if entity is not None else device)

    rows: list[list[Child]] = [
        [link(first), link(second), f"{witness.kind.value.replace('_', ' ')} {witness.value}"]
        for first, second, witness in snapshot.conflicts[:_SHOWN]
    ]
    return section(
        f"Devices entered twice ({len(snapshot.conflicts)})",
        tag(
            "p",
            "Two entries of the inventory answer with the same proof of identity. Make them one entry with "
            "all its addresses, or give a cloned machine an identity of its own.",
            class_="lead",
        ),
        table("Devices entered twice", ["Entry", "Other entry", "Both show"], rows),
    )


def _reload_form(identity: Identity) -> Html:
    return section(
        "Configuration",
        tag(
            "form",
            tag("input", type="hidden", name=CSRF_FIELD, value=identity.token),
            tag("button", "Reload the configuration", type="submit"),
            tag(
                "p", "A configuration with a mistake changes nothing: the running one goes on.", class_="lead"
            ),
            method="post",
            action="/-/reload",
        ),
    )


def error_page(frame: Frame, title: str, lines: Sequence[str]) -> Html:
    """Says what went wrong, or what became of a request, and where to go on."""
    return page(
        frame,
        title,
        "",
        tag("h1", title),
        [tag("p", line, class_="lead") for line in lines],
        tag("p", tag("a", "Back to the overview", href="/")),
        refresh=False,
    )
