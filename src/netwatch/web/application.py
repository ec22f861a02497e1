"""Puts the web room together: routes and their roles, the gate, what becomes of errors."""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from netwatch.model import Clock, SystemClock
from netwatch.web.api_handlers import ApiHandlers
from netwatch.web.audit import AuditSink, audit_to_log
from netwatch.web.auth import Auth, Role
from netwatch.web.incident_handlers import IncidentHandlers
from netwatch.web.login import Authenticator
from netwatch.web.page_handlers import PageHandlers
from netwatch.web.pages import error_page
from netwatch.web.plan_handlers import PlanHandlers
from netwatch.web.problem import HttpProblem, problem_response, wants_document
from netwatch.web.providers import Providers
from netwatch.web.security import MAX_BODY, Gate, Handler
from netwatch.web.site import Site
from netwatch.web.whatif_handlers import WhatIfHandlers

__all__ = ["AUTHENTICATOR", "build_app", "routes"]

AUTHENTICATOR: web.AppKey[Authenticator] = web.AppKey("netwatch.authenticator", Authenticator)


def routes(
    pages: PageHandlers, api: ApiHandlers, metrics_path: str = "/metrics"
) -> list[tuple[str, str, Handler, Role | None]]:
    """(method, path, handler, role needed) of everything that is served; None is open to everybody."""
    incidents, asked = IncidentHandlers(pages.site), WhatIfHandlers(pages.site)
    plans = PlanHandlers(pages.site)
    return [
        ("GET", "/", pages.overview, Role.VIEW),
        ("GET", "/schools/{site:.+}", pages.school, Role.VIEW),
        ("GET", "/devices", pages.devices, Role.VIEW),
        ("GET", "/devices/{id}", pages.device, Role.VIEW),
        ("GET", "/devices/{id}/readings", pages.readings, Role.VIEW),
        ("GET", "/alerts", pages.alerts, Role.VIEW),
        ("GET", "/alerts/{id}", incidents.page, Role.VIEW),
        ("POST", "/alerts/{id}/acknowledge", incidents.acknowledge_form, Role.OPERATE),
        ("POST", "/silences", incidents.silence_form, Role.OPERATE),
        ("POST", "/silences/{id}/end", incidents.end_form, Role.OPERATE),
        ("GET", "/acknowledge", incidents.link, None),
        ("POST", "/acknowledge", incidents.use_link, None),
        ("GET", "/services", pages.services, Role.VIEW),
        ("GET", "/plans", plans.index, Role.VIEW),
        ("GET", "/plans/{name}", plans.page, Role.VIEW),
        ("GET", "/replacements", plans.replacements, Role.VIEW),
        ("GET", "/leadership", plans.leadership, Role.VIEW),
        ("GET", "/where", pages.where, Role.OPERATE),
        ("GET", "/status", pages.status, Role.VIEW),
        ("GET", metrics_path, api.metrics, Role.VIEW),
        ("GET", "/probe", api.probe, Role.VIEW),
        ("GET", "/api/sd", api.service_discovery, Role.VIEW),
        ("GET", "/api/v1/devices", api.devices, Role.VIEW),
        ("GET", "/api/v1/devices/{id}", api.device, Role.VIEW),
        ("GET", "/api/v1/alerts", api.alerts, Role.VIEW),
        ("GET", "/api/v1/alerts/{id}", incidents.alert, Role.VIEW),
        ("POST", "/api/v1/alerts/{id}/acknowledge", incidents.acknowledge, Role.OPERATE),
        ("GET", "/api/v1/noise", incidents.noise, Role.VIEW),
        ("GET", "/api/v1/silences", incidents.silences, Role.VIEW),
        ("POST", "/api/v1/silences", incidents.add_silence, Role.OPERATE),
        ("POST", "/api/v1/silences/{id}/end", incidents.end_silence, Role.OPERATE),
        ("GET", "/api/v1/oncall", incidents.on_call, Role.VIEW),
        ("POST", "/api/v1/oncall/swaps", incidents.add_swap, Role.OPERATE),
        ("POST", "/api/v1/oncall/swaps/{id}/end", incidents.end_swap, Role.OPERATE),
        ("GET", "/api/v1/schools", api.schools, Role.VIEW),
        ("GET", "/api/v1/where", api.where, Role.OPERATE),
        ("POST", "/api/v1/plan/whatif", asked.what_if, Role.OPERATE),
        ("GET", "/api/v1/plan/snapshots", asked.snapshots, Role.VIEW),
        ("POST", "/api/v1/plan/snapshots", asked.keep, Role.OPERATE),
        ("GET", "/api/v1/plan/snapshots/{id}", asked.kept, Role.VIEW),
        ("GET", "/api/v1/plan/compare", asked.compare, Role.VIEW),
        ("GET", "/api/v1/plans", plans.plans, Role.VIEW),
        ("GET", "/api/v1/plans/packet", plans.packet, Role.VIEW),
        ("GET", "/api/v1/plan/{name}", plans.plan, Role.VIEW),
        ("GET", "/api/v1/export/utilisation", plans.utilisation, Role.VIEW),
        ("POST", "/-/reload", api.reload, Role.ADMIN),
        ("GET", "/-/healthy", api.healthy, None),
        ("GET", "/-/ready", api.ready, None),
        ("GET", "/static/{name}", api.static, None),
    ]


def build_app(
    providers: Providers,
    auth: Auth,
    *,
    clock: Clock | None = None,
    audit: AuditSink | None = None,
    allowed_hosts: Collection[str] = (),
) -> web.Application:
    """The application, ready to be served by `WebServer` or a test client.

    Without users in `auth` it answers only to loopback host names and to `allowed_hosts`, which are names
    without a port. With users, `allowed_hosts` narrows the names it answers to; empty allows any.
    """
    clock = clock or SystemClock()
    site = Site(providers, clock)
    authenticator = Authenticator(auth, clock)
    table = routes(PageHandlers(site), ApiHandlers(site), providers.metrics_path)
    gate = Gate(
        authenticator,
        {handler: role for _, _, handler, role in table},
        audit or audit_to_log(),
        allowed_hosts,
    )
    app = web.Application(middlewares=[_errors(site), gate.middleware], client_max_size=MAX_BODY)
    app[AUTHENTICATOR] = authenticator
    app.on_response_prepare.append(gate.prepare)
    for method, path, handler, _ in table:
        app.router.add_route(method, path, handler)
        if method == "GET":
            app.router.add_route("HEAD", path, handler)

    async def close(_: web.Application) -> None:
        authenticator.close()

    app.on_cleanup.append(close)
    return app


def _errors(site: Site) -> Middleware:
    """Outermost: every failure becomes a problem document or a page."""
    log = structlog.get_logger("netwatch.web")

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except HttpProblem as found:
            problem = found
        except web.HTTPException as error:
            if error.status < 400:
                raise
            headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            status = HTTPStatus(error.status)
            problem = HttpProblem(status, _WORDS.get(status, status.phrase), headers=headers)
        except ConnectionError:
            raise
        except Exception as error:
            log.exception("web.failed", path=request.path, error=type(error).__name__)
            detail = "netwatch failed to answer; its log tells why"
            problem = HttpProblem(HTTPStatus.INTERNAL_SERVER_ERROR, detail)
        if wants_document(request.path) or request.path == site.providers.metrics_path:
            return problem_response(problem, request.path)
        frame = site.frame(request, ())
        response = await site.page(
            lambda: error_page(frame, problem.status.phrase, [problem.detail]), problem.status
        )
        response.headers.update(problem.headers)
        return response

    return middleware


_WORDS = {
    HTTPStatus.NOT_FOUND: "there is no such page",
    HTTPStatus.METHOD_NOT_ALLOWED: "this path does not take that method",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: f"a body may hold at most {MAX_BODY} bytes",
}
