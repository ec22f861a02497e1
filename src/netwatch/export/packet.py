"""Plans as one document for a board: without scripts or anything from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import resources

from netwatch.export.cells import UNKNOWN, is_number, is_unknown, iso, shown, used
from netwatch.export.chart import chart_of
from netwatch.export.edition import Edition, edition_of
from netwatch.export.markup import Child, Html, fragment, tag
from netwatch.export.report_table import first_words
from netwatch.model import EvidenceItem, Report, ReportRow, Sheet, Show

__all__ = ["document_of", "packet"]

GLANCE = "leadership"
"""The report that is one page of its own kind."""
_ROWS = 25
_OPENED = 10
"""Rows whose evidence is printed; the workbook holds all."""
_ROOM = 104
"""Characters that fit beside each other on paper."""
_WIDEST = 24
_SENTENCE = 40


def packet(
    reports: Iterable[Report],
    *,
    district: str = "",
    edition: Edition = Edition.INTERNAL,
    version: str = "",
) -> bytes:
    """The document, UTF-8. Reports stand in the order given, behind the monthly page; an edition narrows each
    of them."""
    ordered = sorted(reports, key=lambda report: report.name != GLANCE)
    return document_of((edition_of(report, edition) for report in ordered), district, edition, version)


def document_of(reports: Iterable[Report], district: str, edition: Edition, version: str = "") -> bytes:
    """Of reports that are already narrowed to the edition."""
    plans = [report for report in reports if report.sheets]
    title = plans[0].title if len(plans) == 1 else "Network plans"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{title} – {district}" if district else title),
        tag("style", Html(_style())),
    )
    body = tag(
        "body",
        tag("a", "Skip to the plans", href="#content", class_="skip"),
        _cover(plans, title, district, edition),
        tag(
            "main",
            [_plan(report, number, edition) for number, report in enumerate(plans)],
            id="content",
            tabindex="-1",
        ),
        tag("footer", tag("p", " ".join(["Made by netwatch", version]).strip(), " from its own readings.")),
    )
    whole = fragment(Html("<!doctype html>\n"), tag("html", head, body, lang="en"), Html("\n"))
    return whole.encode("utf-8", "replace")


@cache
def _style() -> str:
    return (resources.files("netwatch.export") / "packet.css").read_text(encoding="utf-8")


def _cover(plans: Sequence[Report], title: str, district: str, edition: Edition) -> Html:
    at = max((report.at for report in plans if iso(report)), default=0.0)
    policies = list(dict.fromkeys(report.policy for report in plans if report.policy))
    facts: list[tuple[str, str]] = [
        ("Made for", _day(at)),
        ("Policy" if len(policies) == 1 else "Policies", ", ".join(policies)),
        ("Edition", "public" if edition is Edition.PUBLIC else "internal: names devices and places"),
    ]
    simulated = any(report.simulated for report in plans)
    return tag(
        "header",
        tag("p", district, class_="district") if district else None,
        tag("h1", title),
        tag(
            "p",
            tag("strong", "Simulated. "),
            "Simulated history went into these plans: they show what plans look like, not what to do.",
            class_="warning",
        )
        if simulated
        else None,
        tag("dl", [[tag("dt", name), tag("dd", text)] for name, text in facts if text], class_="facts"),
        tag(
            "p",
            "Every number comes from readings and records; what is missing is told as unknown, which is "
            "neither zero nor good.",
        ),
        tag(
            "nav",
            tag("h2", "Contents"),
            tag("ol", [tag("li", tag("a", one.title, href=f"#plan-{at}")) for at, one in enumerate(plans)]),
            aria_label="Contents",
        )
        if len(plans) > 1
        else None,
        class_="cover",
    )


def _plan(report: Report, number: int, edition: Edition) -> Html:
    name = f"plan-{number}"
    if report.name == GLANCE:
        return _glance(report, name)
    sheets = [sheet for sheet in report.sheets if sheet.rows] or list(report.sheets[:1])
    return tag(
        "section",
        tag("h2", report.title, id=f"{name}-head"),
        tag("p", _summary(report), class_="lead"),
        _notes(report.notes),
        [
            _sheet(report, sheet, f"{name}-{place}", opened=not place and edition is Edition.INTERNAL)
            for place, sheet in enumerate(sheets)
        ],
        id=name,
        aria_labelledby=f"{name}-head",
    )


def _glance(report: Report, name: str) -> Html:
    """One page: the latest month in large figures, then short tables."""
    first = report.sheets[0]
    latest = first.rows[0] if first.rows else None
    figures = [
        tag(
            "li",
            tag("strong", shown(latest.cells[place], column.show, report.currency)),
            tag("span", column.title),
        )
        for place, column in enumerate(first.columns)
        if latest is not None and column.show is not Show.TEXT
    ]
    tables = [
        fragment(tag("h3", sheet.title), _notes(sheet.notes), _table(report, sheet) if sheet.rows else None)
        for sheet in report.sheets
    ]
    month = first_words(first, latest) if latest is not None else ()
    return tag(
        "section",
        tag("h2", report.title, id=f"{name}-head"),
        tag("p", f"Month {month[0]}, class time of all schools.", class_="lead") if month else None,
        tag("ul", figures, class_="figures") if figures else None,
        tables,
        id=name,
        aria_labelledby=f"{name}-head",
        class_="onepage",
    )


def _summary(report: Report) -> str:
    sheet = report.sheets[0]
    said = [f"{len(sheet.rows):,} row{'' if len(sheet.rows) == 1 else 's'}, what matters most first."]
    missing = sum(bool(row.unknown) for row in sheet.rows)
    if missing:
        said.append(f"Of {missing:,} of them facts are missing that would change the list.")
    for place, column in enumerate(sheet.columns):
        known = [row.cells[place] for row in sheet.rows if not is_unknown(row.cells[place])]
        if column.show is Show.MONEY and known:
            total = sum(float(cell) for cell in known if isinstance(cell, int | float))
            more = "" if len(known) == len(sheet.rows) else f" in {len(known):,} rows in which it is known"
            said.append(f"{column.title}: {shown(total, Show.MONEY, report.currency)} together{more}.")
    return " ".join(said)


def _sheet(report: Report, sheet: Sheet, name: str, *, opened: bool) -> Html:
    if not sheet.rows or not sheet.columns:
        return tag("div", tag("h3", sheet.title), tag("p", "Nothing to tell."), _notes(sheet.notes))
    return tag(
        "div",
        tag("h3", sheet.title),
        _notes(sheet.notes),
        chart_of(sheet, name, report.currency),
        _table(report, sheet),
        _opened(report, sheet) if opened else None,
    )


def _notes(notes: Sequence[str]) -> Html | None:
    return tag("ul", [tag("li", note) for note in notes], class_="notes") if notes else None


def _table(report: Report, sheet: Sheet) -> Html:
    places, rows = board_columns(sheet), sheet.rows[:_ROWS]
    rest = len(sheet.rows) - len(rows)
    caption = sheet.title if not rest else f"{sheet.title}: the first {len(rows)} of {len(sheet.rows):,}"
    named = next((place for place in places if sheet.columns[place].show is Show.TEXT), places[0])
    head = [tag("th", sheet.columns[at].title, scope="col", class_=_class(sheet, at)) for at in places]
    body = []
    for row in rows:
        cells: list[Child] = []
        for at in places:
            column, cell = sheet.columns[at], row.cells[at]
            text = shown(cell, column.show, report.currency, unknown=column.blank or UNKNOWN)
            cells.append(
                tag(
                    "th" if at == named else "td",
                    tag("span", text, class_="unknown") if is_unknown(cell) else text,
                    scope="row" if at == named else None,
                    class_=_class(sheet, at),
                )
            )
        body.append(tag("tr", cells))
    table = tag("table", tag("caption", caption), tag("thead", tag("tr", head)), tag("tbody", body))
    return tag("div", table, class_="scroll", tabindex="0", role="region", aria_label=f"Table: {caption}")


def board_columns(sheet: Sheet, room: int = _ROOM) -> list[int]:
    """The columns that fit on paper: first what a row calls itself, then numbers, then further words. Long
    sentences and columns of which nothing is known stay in the workbook."""
    widths = {place: _width(sheet, place) for place in used(sheet)}
    words = [at for at in widths if sheet.columns[at].show is Show.TEXT and widths[at] <= _SENTENCE]
    numbers = [at for at in widths if sheet.columns[at].show is not Show.TEXT]
    chosen: list[int] = []
    for place in (*numbers[:2], *words[:2], *numbers[2:], *words[2:]):
        width = min(widths[place], _WIDEST) + 2
        if width <= room:
            chosen.append(place)
            room -= width
    return sorted(chosen) or [0]


def _width(sheet: Sheet, place: int) -> int:
    column = sheet.columns[place]
    texts = [shown(row.cells[place], column.show) for row in sheet.rows[:_ROWS]]
    return max(max(map(len, texts), default=0), max(map(len, column.title.split()), default=0))


def _class(sheet: Sheet, place: int) -> str | None:
    return "number" if is_number(sheet.columns[place].show) else None


def _opened(report: Report, sheet: Sheet) -> Html | None:
    rows = [row for row in sheet.rows[:_OPENED] if row.evidence or row.unknown]
    if not rows:
        return None
    return fragment(
        tag("h3", "What the first rows stand on"),
        tag("ol", [_row(report, sheet, row) for row in rows], class_="evidence"),
    )


def _row(report: Report, sheet: Sheet, row: ReportRow) -> Html:
    parts = []
    told: list[tuple[EvidenceItem, ...]] = []
    for place, column in enumerate(sheet.columns):
        items = row.evidence.get(column.key, ())
        if items and items not in told:  # several columns may stand on the same
            told.append(items)
            blank = column.blank or UNKNOWN
            value = shown(row.cells[place], column.show, report.currency, unknown=blank)
            parts.append(
                tag(
                    "li", f"{column.title} {value}: ", [_item(item, last=item is items[-1]) for item in items]
                )
            )
    if row.unknown:
        parts.append(tag("li", f"Unknown: {', '.join(row.unknown)}"))
    return tag("li", tag("strong", " · ".join(first_words(sheet, row, 2)) or "Row"), tag("ul", parts))


def _item(item: EvidenceItem, *, last: bool) -> Html:
    return fragment(item.text, " ", tag("small", f"({item.source})"), "" if last else "; ")


def _day(at: float) -> str:
    day = datetime.fromtimestamp(at, UTC)
    return f"{day.strftime('%B')} {day.day}, {day.year}"
