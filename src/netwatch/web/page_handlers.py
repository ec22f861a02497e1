"""Handlers of the pages: read the request, take the data, hand both to a page function."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from netwatch.model import Alert, AlertState, DeviceKind, Entity, EntityId
from netwatch.web.auth import Role
from netwatch.web.html import Html
from netwatch.web.lookup import Lookup, Measure
from netwatch.web.pages import (
    PAGE_SIZE,
    DeviceDetail,
    alerts_page,
    device_page,
    devices_page,
    last_page,
    overview_page,
    readings_page,
    school_page,
    services_page,
    status_page,
    where_page,
)
from netwatch.web.problem import Query, bad_request, not_found
from netwatch.web.searching import search
from netwatch.web.security import IDENTITY, Identity
from netwatch.web.services import school_services
from netwatch.web.site import Site
from netwatch.web.views import (
    DeviceFilter,
    SchoolView,
    Status,
    alert_views,
    device_view,
    device_views,
    filter_devices,
    link_views,
    school_views,
)

__all__ = ["DEVICE_PARAMETERS", "PageHandlers", "device_filter"]

DEVICE_PARAMETERS = ("q", "kind", "site", "status")


def device_filter(query: Query) -> DeviceFilter:
    """The filter that a query asks for. An unknown site narrows to nothing; an unknown kind is a mistake."""
    text = query.text("q")
    if len(text) > 100:
        raise bad_request("q may be at most 100 characters long")
    return DeviceFilter(
        kind=query.choice("kind", [kind.value for kind in DeviceKind]),
        site=query.text("site"),
        status=query.choice("status", [status.value for status in Status]),
        text=text,
    )


def site_key(step: str) -> str:
    """A device without a site has its page at `/schools/-`."""
    return "" if step == "-" else step


class PageHandlers:
    def __init__(self, site: Site) -> None:
        self._site = site

    @property
    def site(self) -> Site:
        return self._site

    def _data(self) -> tuple[Lookup, Sequence[Alert]]:
        return self._site.lookup(), self._site.providers.alerts()

    async def overview(self, request: web.Request) -> web.Response:
        Query(request, ())
        lookup, alerts = self._data()
        plan = self._site.providers.replacement_plan()
        frame = self._site.frame(request, alerts)
        standings = self._site.standings(alerts)

        def make() -> Html:
            schools = school_views(lookup, device_views(lookup, alerts), alerts)
            urgent = alert_views(self._site.urgent(alerts), alerts, standings)
            pending = sum(a.state is AlertState.PENDING and not a.suppressed_by for a in alerts)
            return overview_page(frame, schools, urgent, pending, link_views(lookup, 8), plan)

        return await self._site.page(make)

    async def school(self, request: web.Request) -> web.Response:
        Query(request, ())
        key = site_key(request.match_info["site"])
        lookup, alerts = self._data()
        frame = self._site.frame(request, alerts)
        standings = self._site.standings(alerts)

        def make() -> Html:
            devices = device_views(lookup, alerts)
            school = _school_named(key, school_views(lookup, devices, alerts))
            own = [view for view in devices if view.site == school.site]
            ids = {view.id for view in own}
            here = [alert for alert in self._site.urgent(alerts) if alert.device in ids]
            urgent = alert_views(here, alerts, standings)
            return school_page(frame, school, own, urgent, link_views(lookup, 8, school.site))

        return await self._site.page(make)

    async def services(self, request: web.Request) -> web.Response:
        Query(request, ())
        lookup, alerts = self._data()
        frame = self._site.frame(request, alerts)

        def make() -> Html:
            devices = device_views(lookup, alerts)
            return services_page(
                frame, school_services(school_views(lookup, devices, alerts), devices, alerts)
            )

        return await self._site.page(make)

    async def devices(self, request: web.Request) -> web.Response:
        query = Query(request, (*DEVICE_PARAMETERS, "page"))
        wanted = device_filter(query)
        number = query.number("page", 1, 1, 1_000_000)
        lookup, alerts = self._data()
        frame = self._site.frame(request, alerts)

        def make() -> Html:
            everything = device_views(lookup, alerts)
            sites = sorted(
                {(view.site, view.site_name) for view in everything if view.site}, key=lambda s: s[1]
            )
            found = filter_devices(everything, wanted)
            return devices_page(frame, found, wanted, sites, min(number, last_page(len(found), PAGE_SIZE)))

        return await self._site.page(make)

    async def device(self, request: web.Request) -> web.Response:
        Query(request, ())
        lookup, alerts = self._data()
        entity = self._site.device(lookup, request.match_info["id"])
        explanation = self._site.providers.explain(entity.id)
        frame = self._site.frame(request, alerts)
        standings = self._site.standings(alerts)

        def make() -> Html:
            parts = lookup.snapshot.of_device(entity.id)
            own_tables = [entry for entry in lookup.snapshot.freshness if entry.source == entity.id]
            if not own_tables and entity.parent is not None:
                own_tables = [entry for entry in lookup.snapshot.freshness if entry.source == entity.parent]
            children = [device_view(lookup, child, alerts) for child in lookup.children(entity.id)]
            detail = DeviceDetail(
                view=device_view(lookup, entity, alerts),
                entity=entity,
                parts=parts,
                measures=_measures(lookup, [entity, *parts]),
                children=sorted(children, key=lambda view: view.name.casefold()),
                alerts=alert_views([a for a in alerts if a.device == entity.id], alerts, standings),
                freshness=own_tables,
                explanation=explanation,
            )
            return device_page(frame, detail)

        return await self._site.page(make)

    async def readings(self, request: web.Request) -> web.Response:
        wanted = Query(request, ("of",)).text("of")
        lookup, alerts = self._data()
        entity = self._site.device(lookup, request.match_info["id"])
        of = lookup.snapshot.entities.get(EntityId(wanted)) if wanted else None
        if wanted and (of is None or of.device != entity.id):
            raise not_found("this device has no such part")
        frame = self._site.frame(request, alerts)

        def make() -> Html:
            shown = [of] if of is not None else [entity, *lookup.snapshot.of_device(entity.id)]
            by_entity: dict[EntityId, list[Measure]] = {}
            for measure in _measures(lookup, shown):
                by_entity.setdefault(measure.entity, []).append(measure)
            groups = [
                (one, by_entity.get(one.id, [])) for one in shown if of is not None or one.id in by_entity
            ]
            return readings_page(frame, device_view(lookup, entity, alerts), of, groups)

        return await self._site.page(make)

    async def alerts(self, request: web.Request) -> web.Response:
        Query(request, ())
        _, alerts = self._data()
        frame, desk = self._site.frame(request, alerts), self._site.providers.desk
        views = alert_views(alerts, alerts, self._site.standings(alerts))
        silences = () if desk is None else desk.silences()
        on_call = () if desk is None else desk.on_call()
        may_act = desk is not None and request[IDENTITY].role.may(Role.OPERATE)
        return await self._site.page(lambda: alerts_page(frame, views, silences, on_call, may_act=may_act))

    async def where(self, request: web.Request) -> web.Response:
        text = Query(request, ("mac",)).text("mac")
        found = await search(self._site, text) if text else None
        frame = self._site.frame(request, self._site.providers.alerts())
        return await self._site.page(lambda: where_page(frame, text, found))

    async def status(self, request: web.Request) -> web.Response:
        Query(request, ())
        lookup, alerts = self._data()
        providers = self._site.providers
        ready, costs, refused = providers.ready(), providers.costs(), providers.refused()
        delivery = providers.delivery()
        identity: Identity = request[IDENTITY]
        may_reload = identity if identity.role.may(Role.ADMIN) else None
        frame = self._site.frame(request, alerts)
        return await self._site.page(
            lambda: status_page(frame, lookup.snapshot, ready, may_reload, costs, refused, delivery)
        )


def _measures(lookup: Lookup, entities: Sequence[Entity]) -> list[Measure]:
    return lookup.measures({entity.id for entity in entities}, {entity.kind for entity in entities})


def _school_named(key: str, schools: Sequence[SchoolView]) -> SchoolView:
    for school in schools:
        if school.site == key or (key and school.site.rpartition("/")[2] == key):
            return school
    raise not_found("there is no such school; the overview lists them all")
