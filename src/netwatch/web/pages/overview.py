"""The front page and the page of one school."""

from __future__ import annotations

from collections.abc import Sequence

from netwatch.model import ReplacementPlan, Severity
from netwatch.web.html import Child, Html, href, tag
from netwatch.web.pages.alerts import alert_list
from netwatch.web.pages.devices import device_table
from netwatch.web.pages.layout import (
    Frame,
    bar,
    device_link,
    empty,
    page,
    section,
    severity_badge,
    status_badge,
    table,
)
from netwatch.web.units import bit_rate, plain
from netwatch.web.views import AlertView, DeviceView, LinkView, SchoolView, Status

__all__ = ["overview_page", "school_page"]


def overview_page(
    frame: Frame,
    schools: Sequence[SchoolView],
    alerts: Sequence[AlertView],
    pending: int,
    links: Sequence[LinkView],
    plan: ReplacementPlan | None,
) -> Html:
    """`alerts`: those that somebody has to look at, the most urgent first. `pending`: how many may follow."""
    return page(
        frame,
        "Overview",
        "/",
        tag("h1", frame.district or "Overview"),
        _totals(schools, alerts),
        section(
            "Needs attention",
            alert_list(alerts[:6], frame.now) if alerts else empty("No alert is firing."),
            aside=_more_alerts(len(alerts), pending),
        ),
        section(
            "Schools",
            tag("ul", [_card(school) for school in schools], class_="cards")
            if schools
            else empty("No school has a device yet."),
        ),
        tag(
            "div",
            section("Busiest links", link_table(links)),
            section(
                "Replace next", _next_replacements(plan), aside=tag("a", "Whole list", href="/replacements")
            ),
            class_="pair",
        ),
    )


def _more_alerts(firing: int, pending: int) -> Html | None:
    words = [f"All {firing} firing alerts"] if firing > 6 else []
    if pending:
        words.append(f"{pending} pending")
    return tag("a", ", ".join(words), href="/alerts") if words else None


def school_page(
    frame: Frame,
    school: SchoolView,
    devices: Sequence[DeviceView],
    alerts: Sequence[AlertView],
    links: Sequence[LinkView],
) -> Html:
    about = [school.level, f"{school.enrolment:,} pupils" if school.enrolment is not None else ""]
    return page(
        frame,
        school.name,
        "/",
        tag("nav", tag("a", "All schools", href="/"), class_="crumbs", aria_label="Where you are"),
        tag("h1", school.name),
        tag("p", " · ".join(word for word in about if word), class_="lead") if any(about) else None,
        _totals([school], alerts, school.site),
        section("Alerts", alert_list(alerts, frame.now) if alerts else empty("No alert is firing here.")),
        section("Busiest links", link_table(links, with_site=False)),
        section(
            "Devices",
            device_table(devices, with_site=False) if devices else empty("No device is known here."),
        ),
    )


def _totals(schools: Sequence[SchoolView], alerts: Sequence[AlertView], site: str = "") -> Html:
    """Figures that lead to what they count, of one `site` or of all."""

    def count(status: Status) -> int:
        return sum(school.devices.get(status, 0) for school in schools)

    def urgent(severity: Severity) -> int:
        return sum(view.alert.severity is severity for view in alerts)

    def devices(status: Status) -> str:
        return href("devices", site=site, status=status.value)

    figures: list[tuple[str, int, str, str]] = [
        ("devices up", count(Status.UP), "up", devices(Status.UP)),
        ("down", count(Status.DOWN), "down", devices(Status.DOWN)),
        ("unknown", count(Status.UNKNOWN), "unknown", devices(Status.UNKNOWN)),
        ("critical alerts", urgent(Severity.CRITICAL), "critical", "/alerts"),
        ("warnings", urgent(Severity.WARNING), "warning", "/alerts"),
    ]
    return tag(
        "ul",
        [
            tag(
                "li",
                tag("a", tag("strong", f"{number:,}"), " ", tag("span", name), href=link),
                class_=f"figure {class_}{'' if number else ' zero'}",
            )
            for name, number, class_, link in figures
        ],
        class_="figures",
        aria_label="Totals",
    )


def _card(school: SchoolView) -> Html:
    down, unknown = school.devices.get(Status.DOWN, 0), school.devices.get(Status.UNKNOWN, 0)
    up = school.devices.get(Status.UP, 0)
    critical, warning = school.alerts.get(Severity.CRITICAL, 0), school.alerts.get(Severity.WARNING, 0)
    state = (
        "bad" if down or critical else "raised" if warning else "quiet-state" if not school.total else "good"
    )
    badges: list[Child] = [
        status_badge(Status.DOWN, f"{down} down") if down else None,
        severity_badge(Severity.CRITICAL, f"{critical} critical") if critical else None,
        severity_badge(Severity.WARNING, f"{warning} warning{'s' if warning > 1 else ''}")
        if warning
        else None,
        status_badge(Status.UNKNOWN, f"{unknown} unknown") if unknown else None,
    ]
    if not any(badges):
        badges = [status_badge(Status.UP, "all well")] if school.total else [tag("span", "no devices")]
    kinds = sorted(school.kinds.items(), key=lambda item: (-item[1], item[0]))
    return tag(
        "li",
        tag("h3", tag("a", school.name, href=href("schools", school.site or "-"))),
        tag("p", " · ".join(_about(school)), class_="about"),
        _proportion(up, unknown, down),
        tag("p", badges, class_="badges"),
        tag("p", ", ".join(f"{number} {kind}" for kind, number in kinds[:5]), class_="kinds"),
        class_=f"card {state}",
    )


def _about(school: SchoolView) -> list[str]:
    words = [school.level] if school.level else []
    if school.enrolment is not None:
        words.append(f"{school.enrolment:,} pupils")
    words.append(f"{school.total} device{'' if school.total == 1 else 's'}")
    return words


def _proportion(up: int, unknown: int, down: int) -> Html:
    """One line divided into up, unknown and down."""
    total = max(1, up + unknown + down)
    pieces: list[Html] = []
    start = 0.0
    for number, name in ((up, "up"), (unknown, "unknown"), (down, "down")):
        width = round(number / total * 100, 2)
        if width:
            pieces.append(tag("rect", class_=name, x=round(start, 2), y=0, width=width, height=4))
        start += width
    return tag(
        "svg",
        pieces,
        class_="proportion",
        viewBox="0 0 100 4",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{up} up, {unknown} unknown, {down} down",
    )


def link_table(links: Sequence[LinkView], *, with_site: bool = True) -> Html:
    """The busiest links first."""
    if not links:
        return empty("No link with known traffic and speed.")
    rows: list[list[Child]] = []
    keys: list[list[str | float | None]] = []
    for view in links:
        about = " · ".join(word for word in (view.alias, view.site_name if with_site else "") if word)
        rows.append(
            [
                [
                    device_link(view.device, view.device_name),
                    " ",
                    tag(
                        "a",
                        view.interface,
                        href=href("devices", view.device, "readings", of=view.link.interface),
                    ),
                    tag("small", about) if about else None,
                ],
                bar(view.link.ratio),
                "↓ in" if view.link.direction == "in" else "↑ out",
                [bit_rate(view.link.rate), tag("small", f"of {bit_rate(view.link.speed)}")],
            ]
        )
        keys.append([None, view.link.ratio, view.link.direction, view.link.rate])
    return table("Busiest links", ["Link", "Load", "Way", "Traffic"], rows, keys=keys, numeric=(3,))


def _next_replacements(plan: ReplacementPlan | None) -> Html:
    if plan is None or not plan.assets:
        return empty("No ranking yet.")
    rows = [
        [
            [
                tag("a", asset.name, href=f"/replacements#rank-{number}"),
                tag("small", " · ".join(word for word in (asset.model, asset.school) if word)),
            ],
            ", ".join(
                part.name
                for part in sorted(asset.contributions, key=lambda part: -part.points)[:2]
                if part.points
            ),
            plain(round(asset.score, 1)),
        ]
        for number, asset in enumerate(plan.assets[:8], start=1)
    ]
    return table("Replace next", ["Asset", "Mostly for", "Score"], rows, numeric=(2,))
