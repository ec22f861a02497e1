"""What all pages share: the frame, badges, bars, tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from netwatch.model import Severity
from netwatch.web.auth import Role
from netwatch.web.html import Child, Html, fragment, href, tag
from netwatch.web.security import Identity
from netwatch.web.units import age, clock_time, percent
from netwatch.web.views import Status

__all__ = [
    "Frame",
    "bar",
    "empty",
    "facts_list",
    "moment",
    "page",
    "section",
    "severity_badge",
    "status_badge",
    "table",
]


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds the content of a page."""

    district: str
    now: float
    """Wall seconds at which the page is made."""
    data_at: float | None
    """Wall seconds of the snapshot."""
    simulated: bool
    firing: int
    """Number beside `Alerts`."""
    identity: Identity | None
    version: str
    """Of netwatch, for the foot."""
    metrics_path: str
    assets: str
    """Changes with the stylesheet and script, so that browsers may keep them."""


_NAVIGATION = (
    ("Overview", "/"),
    ("Devices", "/devices"),
    ("Alerts", "/alerts"),
    ("Services", "/services"),
    ("Plans", "/plans"),
    ("Replacements", "/replacements"),
    ("Where", "/where"),
    ("Status", "/status"),
)


_NEEDS = {"/where": Role.OPERATE}
"""Pages that not everybody who looks may open."""


def page(frame: Frame, title: str, current: str, *content: Child, refresh: bool = True) -> Html:
    """A whole document. `current` is the path in the navigation that it belongs to."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title} · netwatch"),
        tag("link", rel="icon", href=f"/static/icon.svg?{frame.assets}", type="image/svg+xml"),
        tag("link", rel="stylesheet", href=f"/static/netwatch.css?{frame.assets}"),
        tag("script", src=f"/static/netwatch.js?{frame.assets}", defer=True),
    )
    body = tag(
        "body",
        tag("a", "Skip to content", class_="skip", href="#content"),
        _header(frame, current),
        tag(
            "main",
            _banner(frame),
            *content,
            id="content",
            tabindex="-1",
            data_refresh="15" if refresh else None,
        ),
        _footer(frame),
    )
    return fragment(Html("<!doctype html>\n"), tag("html", head, body, lang="en"))


def _header(frame: Frame, current: str) -> Html:
    links = [
        tag(
            "li",
            tag(
                "a",
                name,
                tag("span", frame.firing, class_="count", aria_label=f"{frame.firing} firing")
                if path == "/alerts" and frame.firing
                else None,
                href=path,
                aria_current="page" if path == current else None,
            ),
        )
        for name, path in _NAVIGATION
        if path not in _NEEDS or frame.identity is None or frame.identity.role.may(_NEEDS[path])
    ]
    return tag(
        "header",
        tag(
            "div",
            tag("a", _mark(), tag("span", "netwatch"), class_="brand", href="/"),
            tag("span", frame.district, class_="district") if frame.district else None,
            tag("nav", tag("ul", links), aria_label="Main"),
            class_="bar",
        ),
        class_="top",
    )


def _mark() -> Html:
    """The sign: three bars of a signal and a dot."""
    bars = [
        tag("rect", x=x, y=16 - height, width=3.4, height=height, rx=1)
        for x, height in ((1, 5), (6.3, 9.5), (11.6, 14))
    ]
    return tag("svg", bars, class_="mark", viewBox="0 0 16 16", aria_hidden="true", focusable="false")


def _banner(frame: Frame) -> Html | None:
    if not frame.simulated:
        return None
    return tag(
        "p",
        tag("strong", "Simulated data."),
        " This district does not exist: its devices are simulated and answer over real SNMP on this machine.",
        class_="banner",
        role="note",
    )


def _footer(frame: Frame) -> Html:
    who = frame.identity.user if frame.identity is not None else ""
    return tag(
        "footer",
        tag("span", "Data from ", moment(frame.data_at, frame.now)) if frame.data_at is not None else None,
        tag("span", f"Signed in as {who} ({frame.identity.role})")
        if who and frame.identity is not None
        else None,
        tag("span", f"netwatch {frame.version}"),
        tag(
            "span",
            tag("a", "Metrics", href=frame.metrics_path),
            " · ",
            tag("a", "API", href="/api/v1/devices"),
        ),
    )


def section(title: str, *content: Child, aside: Child = None, anchor: str | None = None) -> Html:
    """A part of a page under its own heading."""
    return tag(
        "section",
        tag("div", tag("h2", title), tag("div", aside, class_="aside") if aside else None, class_="head"),
        *content,
        id=anchor,
    )


def empty(text: str) -> Html:
    """Says that there is nothing, and what that means."""
    return tag("p", text, class_="empty")


_SHAPES = {Status.UP: "●", Status.DOWN: "✕", Status.UNKNOWN: "○", Status.OFF: "◌"}
_SEVERITIES = {Severity.CRITICAL: "◆", Severity.WARNING: "▲", Severity.INFO: "ℹ"}


def status_badge(status: Status, text: str | None = None) -> Html:
    """A status by shape, word and colour."""
    return tag(
        "span",
        tag("span", _SHAPES[status], class_="shape", aria_hidden="true"),
        status.value if text is None else text,
        class_=f"badge {status}",
    )


def severity_badge(severity: Severity, text: str | None = None) -> Html:
    """A severity by shape, word and colour."""
    return tag(
        "span",
        tag("span", _SEVERITIES[severity], class_="shape", aria_hidden="true"),
        severity.value if text is None else text,
        class_=f"badge {severity}",
    )


def moment(at: float | None, now: float) -> Html:
    """How long ago, with the exact time on demand."""
    if at is None:
        return tag("span", "never")
    exact = clock_time(at)
    return tag("time", age(at, now), datetime=exact, title=exact)


def bar(ratio: float | None, text: str | None = None, *, alarming: bool = True) -> Html:
    """A share as a bar beside its number. If much is alarming, it warns from 75 % and alarms from 90 %."""
    if ratio is None or ratio != ratio:
        return tag("span", "–", class_="none")
    level = "normal" if not alarming or ratio < 0.75 else "high" if ratio >= 0.9 else "raised"
    width = round(max(0.0, min(1.0, ratio)) * 100, 1)
    picture = tag(
        "svg",
        tag("rect", class_="track", x=0, y=0, width=100, height=8),
        tag("rect", class_="fill", x=0, y=0, width=width, height=8),
        viewBox="0 0 100 8",
        preserveAspectRatio="none",
        aria_hidden="true",
        focusable="false",
    )
    return tag(
        "span", picture, tag("span", percent(ratio) if text is None else text), class_=f"meter {level}"
    )


def table(
    caption: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Child]],
    *,
    keys: Sequence[Sequence[str | float | None]] | None = None,
    numeric: Sequence[int] = (),
    class_: str = "",
) -> Html:
    """A sortable table. A row's first cell heads the row.

    `keys` are what rows sort by where it is not the text itself: one sequence per row, None for the text.
    `numeric` are the columns set flush right.
    """
    head = tag(
        "tr",
        [
            tag("th", name, scope="col", class_="number" if index in numeric else None)
            for index, name in enumerate(columns)
        ],
    )
    body = [
        tag(
            "tr",
            [
                tag(
                    "td" if index else "th",
                    cell,
                    scope=None if index else "row",
                    class_="number" if index in numeric else None,
                    data_label=columns[index],
                    data_key=None if keys is None else keys[number][index],
                )
                for index, cell in enumerate(cells)
            ],
        )
        for number, cells in enumerate(rows)
    ]
    return tag(
        "div",
        tag(
            "table",
            tag("caption", caption, class_="quiet"),
            tag("thead", head),
            tag("tbody", body),
            class_=f"sortable {class_}".strip(),
        ),
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=caption,
    )


def facts_list(facts: Iterable[tuple[str, Child]]) -> Html:
    """Names and values, those without a value left out."""
    pairs = [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts if value]
    return tag("dl", pairs, class_="facts")


def device_link(device: str, name: str) -> Html:
    return tag("a", name, href=href("devices", device))
