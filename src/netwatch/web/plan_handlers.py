"""Handlers of plans: pages for people, files for programs and boards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from http import HTTPStatus

from aiohttp import hdrs, web

from netwatch import __version__
from netwatch.errors import MissingExtra, PlanningError
from netwatch.export import Document, Edition, Format, find_report, find_sheet, packet, render
from netwatch.model import Report
from netwatch.planning.utilisation import Level
from netwatch.web.pages.plan import PLAN_WORDS, PlanView, plan_page, plans_page
from netwatch.web.problem import HttpProblem, Query, bad_request, not_found
from netwatch.web.site import Site

__all__ = ["PlanHandlers"]

_FORMATS = [form.value for form in Format]
_EDITIONS = [edition.value for edition in Edition]
_MOST_ROWS = 10_000_000


class PlanHandlers:
    def __init__(self, site: Site) -> None:
        self._site = site

    async def index(self, request: web.Request) -> web.Response:
        Query(request, ())
        reports = self._site.providers.reports()
        frame = self._site.frame(request, self._site.providers.alerts())
        return await self._site.page(lambda: plans_page(frame, reports))

    async def page(self, request: web.Request) -> web.Response:
        return await self._page(request, request.match_info["name"], "/plans")

    async def replacements(self, request: web.Request) -> web.Response:
        return await self._page(request, "replacements", "/replacements")

    async def leadership(self, request: web.Request) -> web.Response:
        return await self._page(request, "leadership", "/leadership")

    async def _page(self, request: web.Request, name: str, current: str) -> web.Response:
        reports = self._site.providers.reports()
        frame = self._site.frame(request, self._site.providers.alerts())
        if reports is None:
            Query(request, PLAN_WORDS)
            return await self._site.page(lambda: plan_page(frame, None, PlanView(current)))
        report = _found(reports, name)
        sheet_name = request.query.get("sheet", "")[:100]
        try:
            sheet = find_sheet(report, sheet_name)
        except PlanningError as error:
            raise not_found(str(error)) from None
        keys = [column.key for column in sheet.columns]
        query = Query(request, (*PLAN_WORDS, *keys))
        view = PlanView(
            current,
            sheet=sheet.name,
            text=query.text("q"),
            only={key: query.text(key) for key in keys if key not in PLAN_WORDS and query.text(key)},
            sort=query.choice("sort", keys),
            descending=query.choice("order", ["up", "down"], "up") == "down",
            number=query.number("page", 1, 1, 1_000_000),
        )
        path = current if current != "/plans" else f"/plans/{report.name}"
        return await self._site.page(lambda: plan_page(frame, report, view, path))

    async def plans(self, request: web.Request) -> web.Response:
        """What there is: names and sheets."""
        Query(request, ())
        plans = [
            {
                "name": report.name,
                "title": report.title,
                "at": report.at,
                "policy": report.policy,
                "simulated": report.simulated,
                "sheets": [
                    {"name": sheet.name, "title": sheet.title, "rows": len(sheet.rows)}
                    for sheet in report.sheets
                ],
            }
            for report in self._made().values()
        ]
        return web.json_response({"plans": plans})

    async def plan(self, request: web.Request) -> web.Response:
        query = Query(request, ("format", "edition", "sheet", "limit"))
        form = Format(query.choice("format", _FORMATS, Format.JSON))
        edition = Edition(query.choice("edition", _EDITIONS, Edition.INTERNAL))
        sheet = query.text("sheet")
        limit = query.number("limit", 0, 1, _MOST_ROWS) or None
        report = _found(self._made(), request.match_info["name"])
        try:
            find_sheet(report, sheet)
            made = await self._site.providers.worker(
                _render, report, form, edition, sheet, limit, self._district()
            )
        except MissingExtra as error:
            raise HttpProblem(HTTPStatus.NOT_IMPLEMENTED, str(error)) from None
        except PlanningError as error:
            raise bad_request(str(error)) from None
        return _file(made, inline=form in (Format.JSON, Format.TABLE))

    async def packet(self, request: web.Request) -> web.Response:
        """All plans as one document, to be kept or printed."""
        query = Query(request, ("edition",))
        edition = Edition(query.choice("edition", _EDITIONS, Edition.INTERNAL))
        reports = tuple(self._made().values())
        body = await self._site.providers.worker(_packet, reports, self._district(), edition)
        public = "-public" if edition is Edition.PUBLIC else ""
        return _file(Document(body, "text/html; charset=utf-8", f"netwatch-plans{public}.html"), inline=False)

    async def utilisation(self, request: web.Request) -> web.Response:
        """What was used, by place; measured for whoever asks."""
        query = Query(request, ("from", "to", "level", "format", "edition"))
        form = Format(query.choice("format", _FORMATS, Format.JSON))
        edition = Edition(query.choice("edition", _EDITIONS, Edition.INTERNAL))
        level = query.choice("level", [one.value for one in Level], Level.SCHOOL)
        first, last = _day(query, "from"), _day(query, "to")
        measure = self._site.providers.utilisation
        if measure is None:
            raise HttpProblem(HTTPStatus.SERVICE_UNAVAILABLE, "this netwatch keeps no history")
        try:
            report = await measure(first, last, level)
            made = await self._site.providers.worker(
                _render, report, form, edition, "", None, self._district()
            )
        except MissingExtra as error:
            raise HttpProblem(HTTPStatus.NOT_IMPLEMENTED, str(error)) from None
        except PlanningError as error:
            raise bad_request(str(error)) from None
        return _file(made, inline=form in (Format.JSON, Format.TABLE))

    def _made(self) -> Mapping[str, Report]:
        reports = self._site.providers.reports()
        if reports is None:
            raise HttpProblem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "the first plans are not made yet",
                headers={hdrs.RETRY_AFTER: "10"},
            )
        return reports

    def _district(self) -> str:
        return self._site.lookup().district_name()


def _render(
    report: Report, form: Format, edition: Edition, sheet: str, limit: int | None, district: str
) -> Document:
    return render(report, form, edition=edition, sheet=sheet, limit=limit, district=district)


def _packet(reports: tuple[Report, ...], district: str, edition: Edition) -> bytes:
    return packet(reports, district=district, edition=edition, version=__version__)


def _day(query: Query, name: str) -> date:
    text = query.text(name)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise bad_request(f"{name} must be a day such as 2026-08-01, not {text[:40]!r}") from None


def _found(reports: Mapping[str, Report], name: str) -> Report:
    try:
        return find_report(reports, name)
    except PlanningError as error:
        raise not_found(str(error)) from None


def _file(made: Document, *, inline: bool) -> web.Response:
    headers = {hdrs.CONTENT_TYPE: made.media_type}
    if not inline:
        headers[hdrs.CONTENT_DISPOSITION] = f'attachment; filename="{made.name}"'
    return web.Response(body=made.body, headers=headers)
