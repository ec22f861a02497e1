"""Handlers of what people ask of plans: what if, snapshots, what moved."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from aiohttp import hdrs, web

from netwatch.errors import ConfigError, PlanningError, StoreError
from netwatch.web.problem import HttpProblem, Query, bad_request, not_found
from netwatch.web.providers import PlanDesk
from netwatch.web.security import MAX_BODY
from netwatch.web.site import Site
from netwatch.web.units import clock_time

__all__ = ["WhatIfHandlers"]

_PLAN = "replacements"
_RETRY_SECONDS = "5"


class WhatIfHandlers:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._asking = asyncio.Lock()

    async def what_if(self, request: web.Request) -> web.Response:
        """Judges everything anew as a scenario has it; changes nothing."""
        query = Query(request, ("plan", "report"))
        plan = query.text("plan") or _PLAN
        with_report = query.choice("report", ["yes", "no"], "no") == "yes"
        fields = await _body(request, ("scenario", "files"))
        text, files = fields.get("scenario"), fields.get("files", {})
        if isinstance(text, dict):
            text = json.dumps(text, indent=1)
        if not isinstance(text, str) or not text.strip():
            raise bad_request("'scenario' is missing: a scenario as an object, or as the text of a YAML file")
        if not isinstance(files, dict) or not all(isinstance(one, str) for one in files.values()):
            raise bad_request("'files' maps names of policy files to their text")
        async with self._one() as desk:
            return _json(await desk.what_if(text, files, plan, with_report=with_report))

    async def snapshots(self, request: web.Request) -> web.Response:
        Query(request, ())
        found = await self._desk().snapshots()
        entries = [_entry(one) for one in found.entries]
        return web.json_response({"snapshots": entries, "problems": list(found.problems)})

    async def keep(self, request: web.Request) -> web.Response:
        """Keeps the plans of now under a name."""
        Query(request, ())
        name = (await _body(request, ("name",))).get("name")
        if not isinstance(name, str) or not name:
            raise bad_request("'name' is missing: what to call the snapshot, e.g. board-2027-01")
        async with self._one() as desk:
            return web.json_response({"snapshot": _entry(await desk.keep(name))}, status=HTTPStatus.CREATED)

    async def kept(self, request: web.Request) -> web.Response:
        plan = Query(request, ("plan",)).text("plan") or _PLAN
        async with self._one(now=False) as desk:
            return _json(await desk.kept(request.match_info["id"], plan))

    async def compare(self, request: web.Request) -> web.Response:
        query = Query(request, ("a", "b", "plan"))
        old, new = query.text("a"), query.text("b")
        if not old or not new:
            raise bad_request("say which: /api/v1/plan/compare?a=SNAPSHOT&b=SNAPSHOT, one may be 'now'")
        async with self._one(now="now" in (old, new)) as desk:
            return _json(await desk.compare(old, new, query.text("plan") or _PLAN))

    @asynccontextmanager
    async def _one(self, *, now: bool = True) -> AsyncIterator[PlanDesk]:
        """One question at a time: each takes a processor for seconds. `now`: it needs the plans of now."""
        desk = self._desk()
        if now and not desk.ready():
            detail = "the first plans are not made yet"
            headers: dict[str, str] = {hdrs.RETRY_AFTER: "10"}
            raise HttpProblem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=headers)
        if self._asking.locked():
            raise HttpProblem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "another question about plans is being worked on, one at a time: ask again in seconds",
                headers={hdrs.RETRY_AFTER: _RETRY_SECONDS},
            )
        async with self._asking:
            try:
                yield desk
            except ConfigError as error:
                raise HttpProblem(
                    HTTPStatus.UNPROCESSABLE_ENTITY,
                    f"the scenario is wrong in {len(error.problems)} places"
                    if len(error.problems) != 1
                    else f"the scenario is wrong: {str(error.problems[0]).lstrip(':')}",
                    more={"problems": [_problem(one) for one in error.problems]},
                ) from None
            except PlanningError as error:
                raise bad_request(str(error)) from None
            except StoreError as error:
                raise HttpProblem(HTTPStatus.INTERNAL_SERVER_ERROR, str(error)) from None

    def _desk(self) -> PlanDesk:
        desk = self._site.providers.plan_desk
        if desk is None:
            raise not_found("nobody keeps plans here")
        return desk


def _entry(one: Any) -> dict[str, Any]:
    return {
        "id": one.key,
        "name": one.head.name or None,
        "at": one.head.at,
        "at_iso": clock_time(one.head.at),
        "netwatch": one.head.version,
        "plans": dict(one.head.plans),
        "octets": one.octets,
    }


def _problem(one: Any) -> dict[str, Any]:
    return {"file": one.file, "line": one.line, "path": one.path, "message": one.message, "hint": one.hint}


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json", charset="utf-8")


async def _body(request: web.Request, known: tuple[str, ...]) -> Mapping[str, Any]:
    """The JSON object of a request, with no other keys than `known`."""
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        raise bad_request(f"send a JSON object of at most {MAX_BODY} bytes") from None
    if not isinstance(body, dict):
        raise bad_request("send a JSON object")
    if strange := sorted(body.keys() - set(known)):
        raise bad_request(f"unknown key {strange[0][:40]!r}: known are {', '.join(known)}")
    return body
