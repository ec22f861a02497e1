"""The pages of plans: a list of them, and one sheet whose cells open to their evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from netwatch.export.cells import UNKNOWN, is_number, is_unknown, shown, used
from netwatch.export.chart import chart_of
from netwatch.model import Cell, EvidenceItem, Report, ReportRow, Sheet, Show
from netwatch.web.html import Child, Html, fragment, href, tag
from netwatch.web.pages.layout import Frame, empty, moment, page, section
from netwatch.web.pages.lists import last_page, page_links, search_form, select

__all__ = ["PLAN_WORDS", "SHOWN", "PlanView", "plan_page", "plans_page"]

SHOWN = 50
"""Rows on one page, each with its evidence; the files hold all."""
PLAN_WORDS = ("sheet", "q", "sort", "order", "page")
"""Parameters of a plan's page beside the keys of columns."""
_CHOICES, _FILTERS = 60, 4
"""Columns with at most so many different texts are filters, and at most so many of them."""
_LONG, _WORDS = 60, 26
"""Characters from which on a text is opened on demand, and from which on its column is a wide one."""


@dataclass(frozen=True, slots=True)
class PlanView:
    """What a page shows of a plan."""

    current: str
    """Path in the navigation."""
    sheet: str = ""
    text: str = ""
    only: Mapping[str, str] = field(default_factory=dict)
    """By column: the text that its cells have to be; `-` is an empty one."""
    sort: str = ""
    """Key of a column; empty is the order of the plan."""
    descending: bool = False
    number: int = 1
    """Page from 1; one beyond the last is the last."""

    def query(self, **changes: str) -> dict[str, str]:
        """Parameters that show the same, with changes."""
        order = "down" if self.sort and self.descending else ""
        return {"sheet": self.sheet, "q": self.text, **self.only, "sort": self.sort, "order": order} | changes


def plans_page(frame: Frame, reports: Mapping[str, Report] | None) -> Html:
    """All plans, and the document for a board."""
    if not reports:
        return page(frame, "Plans", "/plans", tag("h1", "Plans"), empty("No plan is made yet."))
    cards = [
        tag(
            "li",
            tag("h3", tag("a", report.title, href=href("plans", report.name))),
            tag(
                "p",
                " · ".join(f"{sheet.title}: {len(sheet.rows):,}" for sheet in report.sheets),
                class_="about",
            ),
            tag("p", "policy ", report.policy, ", ", moment(report.at, frame.now), class_="kinds"),
            class_="card",
        )
        for report in reports.values()
    ]
    return page(
        frame,
        "Plans",
        "/plans",
        tag("h1", "Plans"),
        tag(
            "p",
            "What to buy, where and when. Every number opens to the readings and records that it stands on.",
            class_="lead",
        ),
        _simulated(reports.values()),
        section("All plans", tag("ul", cards, class_="cards")),
        section(
            "For a board",
            tag(
                "p",
                "All plans as one document that prints and needs no network: ",
                tag("a", "internal edition", href="/api/v1/plans/packet"),
                " · ",
                tag("a", "public edition", href="/api/v1/plans/packet?edition=public"),
                ", which names no device, address or wiring.",
            ),
        ),
        refresh=False,
    )


def plan_page(frame: Frame, report: Report | None, view: PlanView, path: str = "") -> Html:
    """One sheet of a plan. `path`: of this page."""
    if report is None:
        return page(frame, "Plans", view.current, tag("h1", "Plans"), empty("No plan is made yet."))
    sheet = report.sheet(view.sheet)
    rows = _ordered(sheet, _found(sheet, view), view)
    last = last_page(len(rows), SHOWN)
    number = min(view.number, last)
    shown_rows = rows[(number - 1) * SHOWN : number * SHOWN]
    return page(
        frame,
        report.title,
        view.current,
        tag("h1", report.title),
        tag(
            "p",
            f"{len(sheet.rows):,} rows",
            f" under the policy “{report.policy}”" if report.policy else "",
            ", made ",
            moment(report.at, frame.now),
            ". What has evidence opens to it.",
            class_="lead",
        ),
        _simulated((report,)),
        _notes((*report.notes, *sheet.notes)),
        _sheets(report, view, path),
        _form(sheet, view, path),
        _picture(report, sheet) if not view.only and not view.text and number == 1 else None,
        section(
            sheet.title,
            _table(report, sheet, shown_rows, view, frame.now, path)
            if rows
            else empty("No row matches. Clear a filter to see more." if sheet.rows else "Nothing to tell."),
            aside=_files(report, sheet),
        ),
        page_links(path.lstrip("/"), view.query(), number, last),
        refresh=False,
    )


def _simulated(reports: Iterable[Report]) -> Html | None:
    if not any(report.simulated for report in reports):
        return None
    return tag(
        "p",
        tag("strong", "Simulated history went into this plan. "),
        "It shows how a plan looks, not what to do.",
        class_="banner",
        role="note",
    )


def _notes(notes: Sequence[str]) -> Html | None:
    return tag("ul", [tag("li", note) for note in notes], class_="plannotes") if notes else None


def _sheets(report: Report, view: PlanView, path: str) -> Html | None:
    if len(report.sheets) < 2:
        return None
    links = [
        tag(
            "li",
            tag(
                "a",
                sheet.title,
                href=_link(path, sheet=sheet.name),
                aria_current="page" if sheet.name == view.sheet else None,
            ),
        )
        for sheet in report.sheets
    ]
    return tag("nav", tag("ul", links), class_="sheets", aria_label="Sheets of this plan")


def _link(path: str, **query: str) -> str:
    return href(*path.strip("/").split("/"), **query)


def _files(report: Report, sheet: Sheet) -> list[Child]:
    def to(form: str) -> str:
        first = sheet is report.sheets[0]
        extra = {} if form in ("xlsx", "html") or first else {"sheet": sheet.name}
        return href("api", "v1", "plan", report.name, format=form, **extra)

    names = (("CSV", "csv"), ("XLSX", "xlsx"), ("JSON", "json"), ("HTML", "html"))
    links: list[Child] = []
    for title, form in names:
        links += [tag("a", title, href=to(form)), " · "]
    public = href("api", "v1", "plan", report.name, format="xlsx", edition="public")
    return [*links, tag("a", "public edition", href=public)]


def _picture(report: Report, sheet: Sheet) -> Html | None:
    drawn = chart_of(sheet, "chart", report.currency)
    return None if drawn is None else tag("div", drawn, class_="picture")


def _choices(sheet: Sheet) -> list[tuple[int, list[str]]]:
    """Columns of few texts that repeat, and these texts."""
    out: list[tuple[int, list[str]]] = []
    for place in used(sheet):
        column = sheet.columns[place]
        if column.show not in (Show.TEXT, Show.GRADE, Show.YES) or column.key in PLAN_WORDS:
            continue
        counts = Counter(_text(row.cells[place], column.show) for row in sheet.rows)
        few = 1 < len(counts) <= _CHOICES and len(sheet.rows) >= 1.5 * len(counts)
        if few and max(map(len, counts)) <= _LONG:
            out.append((place, sorted(counts)))
    return out[:_FILTERS]


def _text(cell: Cell, show: Show) -> str:
    return shown(cell, show, unknown="") or "-"


def _form(sheet: Sheet, view: PlanView, path: str) -> Html:
    filters = [
        select(
            sheet.columns[place].title,
            sheet.columns[place].key,
            [(text, "none" if text == "-" else text) for text in texts],
            view.only.get(sheet.columns[place].key, ""),
        )
        for place, texts in _choices(sheet)
    ]
    hidden = [("sheet", view.sheet), ("sort", view.sort), ("order", "down" if view.descending else "")]
    plain = not view.only and not view.text and not view.sort
    return search_form(
        path,
        view.text,
        "Any text of a row",
        filters,
        hidden=[tag("input", type="hidden", name=name, value=value) for name, value in hidden if value],
        clear="" if plain else _link(path, sheet=view.sheet),
    )


def _found(sheet: Sheet, view: PlanView) -> list[tuple[int, ReportRow]]:
    """Rows with their positions in the whole sheet, from 1."""
    only = [(sheet.place(key), text) for key, text in view.only.items()]
    shows = [column.show for column in sheet.columns]
    wanted = view.text.casefold()
    return [
        (position, row)
        for position, row in enumerate(sheet.rows, start=1)
        if all(_text(row.cells[place], shows[place]) == text for place, text in only)
        and (not wanted or any(isinstance(cell, str) and wanted in cell.casefold() for cell in row.cells))
    ]


def _ordered(sheet: Sheet, rows: list[tuple[int, ReportRow]], view: PlanView) -> list[tuple[int, ReportRow]]:
    """What is unknown comes last, whichever way."""
    if not view.sort:
        return rows
    place = sheet.place(view.sort)
    known = [one for one in rows if not is_unknown(one[1].cells[place])]
    rest = [one for one in rows if is_unknown(one[1].cells[place])]
    return sorted(known, key=lambda one: _key(one[1].cells[place]), reverse=view.descending) + rest


def _key(cell: Cell) -> tuple[int, float, str]:
    if isinstance(cell, date):
        return (0, float(cell.toordinal()), "")
    if isinstance(cell, int | float):
        return (0, float(cell), "")
    return (1, 0.0, str(cell).casefold())


def _table(
    report: Report, sheet: Sheet, rows: Sequence[tuple[int, ReportRow]], view: PlanView, now: float, path: str
) -> Html:
    places = [place for place in used(sheet) if sheet.columns[place].key != "device"]
    named = next((place for place in places if sheet.columns[place].show is Show.TEXT), None)
    wide = {
        place
        for place in places
        if sheet.columns[place].show is Show.TEXT
        and any(len(str(row.cells[place] or "")) > _WORDS for _, row in rows)
    }
    head = [_head(sheet, place, view, path) for place in places]
    body = [
        tag(
            "tr",
            [
                _cell(report, sheet, row, place, now, heads=place == named, wide=place in wide)
                for place in places
            ],
            id=f"rank-{position}",
        )
        for position, row in rows
    ]
    table = tag(
        "table",
        tag("caption", f"{report.title}: {sheet.title}", class_="quiet"),
        tag("thead", tag("tr", head)),
        tag("tbody", body),
        class_="plan",
    )
    return tag("div", table, class_="scroll", tabindex="0", role="region", aria_label=sheet.title)


def _head(sheet: Sheet, place: int, view: PlanView, path: str) -> Html:
    column = sheet.columns[place]
    on = view.sort == column.key
    down = not view.descending if on else is_number(column.show)  # numbers: the largest first
    sign = " ↓" if on and view.descending else " ↑" if on else ""
    link = _link(path, **view.query(sort=column.key, order="down" if down else "up"))
    return tag(
        "th",
        tag("a", column.title, sign, href=link, title=column.help or None),
        scope="col",
        class_="number" if is_number(column.show) else None,
        aria_sort=("descending" if view.descending else "ascending") if on else None,
    )


def _cell(
    report: Report, sheet: Sheet, row: ReportRow, place: int, now: float, *, heads: bool, wide: bool
) -> Html:
    column, cell = sheet.columns[place], row.cells[place]
    text = shown(cell, column.show, report.currency, unknown=column.blank or UNKNOWN)
    content: Child = tag("span", text, class_="none") if is_unknown(cell) else text
    device = (
        row.cells[sheet.place("device")] if heads and any(c.key == "device" for c in sheet.columns) else None
    )
    items = row.evidence.get(column.key, ())
    if isinstance(device, str) and device and text and not items:
        content = tag("a", text, href=href("devices", device))
    if items:
        told = tag("ul", [_evidence(item, now) for item in items])
        content = tag("details", tag("summary", content), told)
    elif len(text) > _LONG:
        content = tag("details", tag("summary", f"{text[: _LONG - 1]}…"), tag("p", text))
    return tag(
        "th" if heads else "td",
        content,
        scope="row" if heads else None,
        class_="number" if is_number(column.show) else "words" if wide else None,
        data_label=column.title,
    )


def _evidence(item: EvidenceItem, now: float) -> Html:
    """The text tells the number, rounded; the JSON has it in full."""
    at: Child = [", ", moment(item.at, now)] if item.at is not None else None
    return tag("li", item.text, tag("small", fragment(item.source, at)))
