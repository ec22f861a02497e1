"""Handlers for programs: JSON, metrics, service discovery, life cycle."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from http import HTTPStatus
from itertools import chain
from typing import Any

from aiohttp import hdrs, web

from netwatch.exposition import Shard, parse_shard, probe, probe_device, sd_targets, shards
from netwatch.model import AlertState, Entity, Severity
from netwatch.web.incident_json import alert_json
from netwatch.web.lookup import Measure
from netwatch.web.negotiation import content_type, wants_openmetrics
from netwatch.web.page_handlers import DEVICE_PARAMETERS, device_filter
from netwatch.web.pages import error_page
from netwatch.web.problem import HttpProblem, Query, bad_request, not_found
from netwatch.web.searching import search
from netwatch.web.site import Site
from netwatch.web.units import clock_time
from netwatch.web.views import (
    DeviceView,
    SchoolView,
    Status,
    alert_views,
    device_view,
    device_views,
    filter_devices,
    school_views,
)

__all__ = ["ApiHandlers"]

_MAX_LIMIT = 10_000


class ApiHandlers:
    def __init__(self, site: Site) -> None:
        self._site = site

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        """Streams the document; everybody else gets a turn between two chunks."""
        text = Query(request, ("shard",)).text("shard")
        shard: Shard | None = None
        if text:
            try:
                shard = parse_shard(text)
            except ValueError as error:
                raise bad_request(f"shard: {error}") from None
        openmetrics = wants_openmetrics(request.headers.get(hdrs.ACCEPT, ""))
        chunks = self._site.providers.metrics(openmetrics, shard)
        first = next(chunks, b"")  # what fails at once can still become an answer
        return await self._stream(request, content_type(openmetrics), first, chunks)

    async def _stream(
        self, request: web.Request, kind: str, first: bytes, rest: Iterator[bytes]
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: kind})
        pack = None
        if self._site.providers.gzip:
            response.headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
            if _takes_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, "")):
                pack = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
                response.headers[hdrs.CONTENT_ENCODING] = "gzip"
        with contextlib.suppress(ConnectionError):  # a client that goes away is no fault
            await response.prepare(request)
            if request.method == hdrs.METH_HEAD:
                return response
            for chunk in chain((first,), rest):
                data = chunk if pack is None else pack.compress(chunk)
                if data:
                    await response.write(data)
                await asyncio.sleep(0)
            await response.write_eof(b"" if pack is None else pack.flush())
        return response

    async def probe(self, request: web.Request) -> web.StreamResponse:
        target = Query(request, ("target",)).text("target")
        if not target:
            raise bad_request("say which device: /probe?target=NAME or an address of the inventory")
        openmetrics = wants_openmetrics(request.headers.get(hdrs.ACCEPT, ""))
        snapshot = self._site.lookup().snapshot
        body: bytes | None = None
        if self._site.providers.device_metrics is None:
            body = await self._site.compute(lambda: probe(snapshot, target, openmetrics))
        elif (device := probe_device(snapshot, target)) is not None:
            chunks = self._site.providers.device_metrics(device, openmetrics)
            return await self._stream(request, content_type(openmetrics), b"", chunks)
        if body is None:
            raise not_found("no device of the inventory has that name or address")
        return web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type(openmetrics)})

    async def service_discovery(self, request: web.Request) -> web.Response:
        """Shards for Prometheus' http_sd_config, at the address under which it asked."""
        Query(request, ())
        groups = sd_targets(await self._shards(), request.host)
        path = self._site.providers.metrics_path
        scheme = {"__scheme__": "https"} if request.secure else {}
        for group in groups:
            group["labels"] = {**group["labels"], "__metrics_path__": path, **scheme}
        return web.json_response(groups)

    async def _shards(self) -> Sequence[Shard]:
        providers = self._site.providers
        if providers.shards is None:
            snapshot = self._site.lookup().snapshot
            return await self._site.compute(lambda: shards(snapshot, providers.shard_limit))
        for found in providers.shards():
            if found is not None:
                return found
            await asyncio.sleep(0)
        return ()

    async def devices(self, request: web.Request) -> web.Response:
        query = Query(request, (*DEVICE_PARAMETERS, "limit", "offset"))
        wanted = device_filter(query)
        limit = query.number("limit", 1000, 1, _MAX_LIMIT)
        offset = query.number("offset", 0, 0, 100_000_000)
        lookup, alerts = self._site.lookup(), self._site.providers.alerts()

        def make() -> dict[str, Any]:
            found = filter_devices(device_views(lookup, alerts), wanted)
            return {
                "at": clock_time(lookup.snapshot.at.wall),
                "total": len(found),
                "offset": offset,
                "devices": [_device(view) for view in found[offset : offset + limit]],
            }

        return await self._answer(make)

    async def device(self, request: web.Request) -> web.Response:
        Query(request, ())
        lookup, alerts = self._site.lookup(), self._site.providers.alerts()
        entity = self._site.device(lookup, request.match_info["id"])

        def make() -> dict[str, Any]:
            shown = [entity, *lookup.snapshot.of_device(entity.id)]
            measures = lookup.measures({one.id for one in shown}, {one.kind for one in shown})
            return {
                "at": clock_time(lookup.snapshot.at.wall),
                **_device(device_view(lookup, entity, alerts)),
                "facts": dict(entity.facts),
                "children": [child.id for child in lookup.children(entity.id)],
                "entities": [_entity(one) for one in shown[1:]],
                "readings": [_reading(measure) for measure in measures],
            }

        return await self._answer(make)

    async def alerts(self, request: web.Request) -> web.Response:
        query = Query(request, ("state", "severity", "site"))
        state = query.choice("state", [item.value for item in AlertState])
        severity = query.choice("severity", [item.value for item in Severity])
        site = query.text("site")
        everything = self._site.providers.alerts()
        found = [
            alert_json(alert, explains, standing)
            for alert, explains, standing in alert_views(
                everything, everything, self._site.standings(everything)
            )
            if (not state or alert.state == state)
            and (not severity or alert.severity == severity)
            and (not site or alert.labels.get("site") in (site, site.rpartition("/")[2]))
        ]
        return web.json_response({"at": clock_time(self._site.clock.now().wall), "alerts": found})

    async def schools(self, request: web.Request) -> web.Response:
        Query(request, ())
        lookup, alerts = self._site.lookup(), self._site.providers.alerts()

        def make() -> dict[str, Any]:
            found = school_views(lookup, device_views(lookup, alerts), alerts)
            at = clock_time(lookup.snapshot.at.wall)
            return {"at": at, "schools": [_school(school) for school in found]}

        return await self._answer(make)

    async def where(self, request: web.Request) -> web.Response:
        text = Query(request, ("mac",)).text("mac")
        if not text:
            raise bad_request("say which: /api/v1/where?mac=00:11:22:aa:bb:cc")
        found = await search(self._site, text)
        return await self._answer(lambda: asdict(found))

    async def _answer(self, make: Callable[[], dict[str, Any]]) -> web.Response:
        """Makes a document and its text in a thread: a list of thousands takes a while to encode, too."""
        text = await self._site.compute(lambda: json.dumps(make()))
        return web.Response(text=text, content_type="application/json")

    async def healthy(self, request: web.Request) -> web.Response:
        del request
        return _lives(self._site.providers.healthy, "healthy", "not healthy")

    async def ready(self, request: web.Request) -> web.Response:
        del request
        return _lives(self._site.providers.ready, "ready", "not ready: first polls under way")

    async def reload(self, request: web.Request) -> web.Response:
        """Applies the configuration anew. A bad one changes nothing and is told problem by problem."""
        result = await self._site.providers.reload()
        status = HTTPStatus.OK if result.ok else HTTPStatus.UNPROCESSABLE_ENTITY
        if "text/html" in request.headers.get(hdrs.ACCEPT, ""):
            frame = self._site.frame(request, self._site.providers.alerts())
            lines = [result.message, *map(str, result.problems)]
            title = "Reloaded" if result.ok else "The old configuration goes on"
            return await self._site.page(lambda: error_page(frame, title, lines), status)
        if not result.ok:
            raise HttpProblem(
                status,
                result.message,
                more={
                    "problems": [
                        {"file": p.file, "line": p.line, "path": p.path, "message": p.message, "hint": p.hint}
                        for p in result.problems
                    ]
                },
            )
        return web.json_response({"reloaded": True, "message": result.message})

    async def static(self, request: web.Request) -> web.Response:
        file = self._site.files.get(request.match_info["name"])
        if file is None:
            raise not_found("there is no such file")
        return web.Response(
            body=file.body,
            content_type=file.content_type,
            charset="utf-8",
            headers={hdrs.CACHE_CONTROL: "public, max-age=31536000, immutable"},
        )


def _takes_gzip(accepted: str) -> bool:
    """Whether a client names gzip (RFC 9110, 12.5.3), and not with weight 0."""
    for item in accepted.lower().split(","):
        coding, *parameters = (part.strip() for part in item.split(";"))
        if coding == "gzip":
            return not any(re.fullmatch(r"q=0(\.0*)?", one) for one in parameters)
    return False


def _lives(check: Callable[[], bool], good: str, bad: str) -> web.Response:
    return (
        web.Response(text=f"netwatch is {good}.\n")
        if check()
        else web.Response(text=f"netwatch is {bad}.\n", status=HTTPStatus.SERVICE_UNAVAILABLE)
    )


def _device(view: DeviceView) -> dict[str, Any]:
    return {
        "id": view.id,
        "name": view.name,
        "kind": view.kind,
        "role": view.role,
        "site": view.site,
        "school": view.site_name,
        "place": view.place,
        "address": view.address,
        "status": view.status,
        "vendor": view.vendor,
        "model": view.model,
        "serial": view.serial,
        "version": view.version,
        "parent": view.parent,
        "uptime_seconds": view.uptime,
        "alerts": view.alerts,
        "worst_severity": view.worst,
    }


def _entity(entity: Entity) -> dict[str, Any]:
    return {
        "id": entity.id,
        "kind": entity.kind,
        "name": entity.name,
        "index": entity.index,
        "facts": dict(entity.facts),
    }


def _reading(measure: Measure) -> dict[str, Any]:
    return {
        "entity": measure.entity,
        "family": measure.family.name,
        "labels": dict(zip(measure.family.labels, measure.labels, strict=False)),
        "value": _number(measure.value),
        "rate": _number(measure.rate),
        "unit": measure.family.unit,
        "at": clock_time(measure.at),
        "fresh": measure.fresh,
        "origin": measure.origin,
    }


def _number(value: float) -> float | None:
    """JSON has neither NaN nor infinity."""
    return value if math.isfinite(value) else None


def _school(school: SchoolView) -> dict[str, Any]:
    return {
        "site": school.site,
        "name": school.name,
        "level": school.level or None,
        "enrolment": school.enrolment,
        "devices": {status.value: school.devices.get(status, 0) for status in Status},
        "kinds": dict(school.kinds),
        "alerts": {severity.value: school.alerts.get(severity, 0) for severity in Severity},
    }
