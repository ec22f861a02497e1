"""Handlers of what people do about alerts: acknowledge, silence, follow a link, read the history."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from aiohttp import hdrs, web

from netwatch.config import parse_duration
from netwatch.errors import ConfigError
from netwatch.incidents import LinkError, Silence, Standing, standing_of
from netwatch.model import Alert
from netwatch.web.auth import Role
from netwatch.web.incident_json import (
    alert_json,
    event_json,
    noise_json,
    shift_json,
    silence_json,
    standing_json,
    swap_json,
)
from netwatch.web.pages import Frame, error_page, incident_page, link_page, link_used_page
from netwatch.web.problem import HttpProblem, Query, bad_request, not_found
from netwatch.web.providers import AlertDesk
from netwatch.web.security import IDENTITY
from netwatch.web.site import Site
from netwatch.web.units import clock_time
from netwatch.web.views import alert_views

__all__ = ["IncidentHandlers"]

_LONGEST = 200
_LISTS = ("rules", "sites", "devices", "tags")
_UNKNOWN = "there is no such alert, or it was forgotten long ago"


class IncidentHandlers:
    def __init__(self, site: Site) -> None:
        self._site = site

    # For programs.

    async def alert(self, request: web.Request) -> web.Response:
        Query(request, ())
        alert, history = self._history(request)
        explains = next(view.explains for view in alert_views([alert], self._site.providers.alerts()))
        document = alert_json(alert, explains, self._standing(alert))
        return web.json_response({**document, "history": [event_json(event) for event in history]})

    async def acknowledge(self, request: web.Request) -> web.Response:
        Query(request, ())
        fields = await _body(request, ("note", "by"))
        standing = self._acknowledge(request, fields)
        return web.json_response({"id": request.match_info["id"], "incident": standing_json(standing)})

    async def silences(self, request: web.Request) -> web.Response:
        Query(request, ())
        now = self._site.clock.now().wall
        found = [silence_json(one, now) for one in self._desk().silences()]
        return web.json_response({"at": clock_time(now), "silences": found})

    async def add_silence(self, request: web.Request) -> web.Response:
        Query(request, ())
        silence = self._add(request, await _body(request))
        document = silence_json(silence, self._site.clock.now().wall)
        return web.json_response(document, status=HTTPStatus.CREATED)

    async def end_silence(self, request: web.Request) -> web.Response:
        Query(request, ())
        self._end(request)
        return web.json_response({"id": request.match_info["id"], "ended": True})

    async def on_call(self, request: web.Request) -> web.Response:
        Query(request, ())
        desk, now = self._desk(), self._site.clock.now().wall
        return web.json_response(
            {
                "at": clock_time(now),
                "rotas": [shift_json(one) for one in desk.shifts()],
                "swaps": [swap_json(one) for one in desk.swaps()],
            }
        )

    async def add_swap(self, request: web.Request) -> web.Response:
        Query(request, ())
        fields = await _body(request, ("rota", "person", "starts", "ends", "for", "by"))
        wanted = self._with_end(fields)
        try:
            made = self._desk().add_swap(wanted, _who(request, fields))
        except ConfigError as error:
            raise HttpProblem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
        return web.json_response(swap_json(made), status=HTTPStatus.CREATED)

    async def end_swap(self, request: web.Request) -> web.Response:
        Query(request, ())
        if not self._desk().end_swap(request.match_info["id"]):
            raise not_found(
                "there is no such swap that can be taken back here; those of the settings end in their file"
            )
        return web.json_response({"id": request.match_info["id"], "ended": True})

    async def noise(self, request: web.Request) -> web.Response:
        weeks = Query(request, ("weeks",)).number("weeks", 4, 1, 520)
        return web.json_response(noise_json(self._desk().noise(weeks * 7 * 86400.0)))

    # For people.

    async def page(self, request: web.Request) -> web.Response:
        Query(request, ())
        alerts = self._site.providers.alerts()
        alert, history = self._history(request)
        view = alert_views([alert], alerts, {alert.id: self._standing(alert)})[0]
        frame = self._site.frame(request, alerts)
        may_act = request[IDENTITY].role.may(Role.OPERATE)
        return await self._site.page(lambda: incident_page(frame, view, history, may_act=may_act))

    async def acknowledge_form(self, request: web.Request) -> web.Response:
        self._acknowledge(request, await _body(request))
        return _see_other(f"/alerts/{request.match_info['id']}")

    async def silence_form(self, request: web.Request) -> web.Response:
        fields = await _body(request)
        fields = {key: value for key, value in fields.items() if value}
        for name in _LISTS:
            if name in fields:
                fields[name] = [part for one in str(fields[name]).split(",") if (part := one.strip())]
        self._add(request, fields)
        return _see_other("/alerts#silences")

    async def end_form(self, request: web.Request) -> web.Response:
        self._end(request)
        return _see_other("/alerts#silences")

    async def link(self, request: web.Request) -> web.Response:
        """Shows what the link is for. It does nothing: programs that check mails follow links, too."""
        token = request.query.get("token", "")
        try:
            alert, standing, _ = self._desk().follow(token)
        except LinkError as error:
            return await self._link_fails(request, error)
        frame = self._outside(request)
        return await self._site.page(lambda: link_page(frame, alert, standing, token))

    async def use_link(self, request: web.Request) -> web.Response:
        token = (await request.post()).get("token", "")
        try:
            alert, standing = self._desk().use(token if isinstance(token, str) else "")
        except LinkError as error:
            return await self._link_fails(request, error)
        frame = self._outside(request)
        return await self._site.page(lambda: link_used_page(frame, alert, standing))

    async def _link_fails(self, request: web.Request, error: LinkError) -> web.Response:
        frame, text = self._outside(request), str(error)
        return await self._site.page(
            lambda: error_page(frame, "Nothing was acknowledged", [text]), HTTPStatus.GONE
        )

    def _outside(self, request: web.Request) -> Frame:
        """For somebody who has not logged in: nothing of the district but the one alert."""
        return replace(self._site.frame(request, ()), firing=0)

    def _desk(self) -> AlertDesk:
        desk = self._site.providers.desk
        if desk is None:
            raise not_found("nobody keeps incidents here")
        return desk

    def _history(self, request: web.Request) -> tuple[Alert, Any]:
        found = self._desk().history(request.match_info["id"])
        if found is None:
            raise not_found(_UNKNOWN)
        return found

    def _standing(self, alert: Alert) -> Standing:
        return self._desk().standings([alert]).get(alert.id) or standing_of(alert, None)

    def _acknowledge(self, request: web.Request, fields: Mapping[str, Any]) -> Standing:
        note = fields.get("note", "")
        key = request.match_info["id"]
        standing = self._desk().acknowledge(key, _who(request, fields), str(note))
        if standing is None:
            if self._desk().history(key) is None:
                raise not_found(_UNKNOWN)
            raise HttpProblem(HTTPStatus.CONFLICT, "it does not fire: there is nothing to acknowledge")
        return standing

    def _add(self, request: web.Request, fields: Mapping[str, Any]) -> Silence:
        wanted = self._with_end(fields)
        try:
            return self._desk().add_silence(wanted, _who(request, fields))
        except ConfigError as error:
            raise HttpProblem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None

    def _with_end(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """`for`, a duration from now on, may stand instead of `starts` and `ends`."""
        wanted = {key: value for key, value in fields.items() if key not in ("by", "for")}
        if "for" in fields and ("starts" in fields or "ends" in fields):
            raise bad_request("for counts from now on: say either for, or starts and ends")
        if "for" in fields:
            try:
                seconds = parse_duration(fields["for"])
                ends = datetime.fromtimestamp(self._site.clock.now().wall + seconds, UTC)
            except (ValueError, OverflowError) as error:
                raise bad_request(f"for: {error}") from None
            wanted["ends"] = ends.isoformat()
        return wanted

    def _end(self, request: web.Request) -> None:
        if not self._desk().end_silence(request.match_info["id"]):
            raise not_found(
                "there is no such silence that can be ended here; those of files are ended in their files"
            )


def _who(request: web.Request, fields: Mapping[str, Any]) -> str:
    """The user; where nobody logs in, who they say they are."""
    return request[IDENTITY].user or str(fields.get("by", "")) or "somebody on this machine"


async def _body(request: web.Request, known: tuple[str, ...] = ()) -> dict[str, Any]:
    """Fields of a form or of a JSON object; an empty body has none. Texts are short and printable."""
    if request.content_type == "application/json":
        try:
            found = json.loads(await request.read() or b"{}")
        except ValueError:
            raise bad_request("the body is no JSON") from None
        if not isinstance(found, dict):
            raise bad_request("the body has to be a JSON object")
    else:
        found = {key: value for key, value in (await request.post()).items() if key != "token"}
    for key, value in found.items():
        if known and key not in known:
            raise bad_request(f"unknown field {key[:40]!r}: known are {', '.join(known)}")
        if isinstance(value, str) and (len(value) > _LONGEST or not value.isprintable()):
            raise bad_request(f"{key[:40]!r} must be printable and at most {_LONGEST} characters long")
    return found


def _see_other(path: str) -> web.Response:
    """What a form leads to: a page that can be loaded again without doing it again."""
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={hdrs.LOCATION: path})
