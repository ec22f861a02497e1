"""A search for a MAC address: from what a person typed to what the switches say, in words."""

from __future__ import annotations

from http import HTTPStatus

from netwatch.model import EntityId, Sighting, parse_mac
from netwatch.web.lookup import Lookup
from netwatch.web.pages import Place, Search
from netwatch.web.problem import HttpProblem, bad_request
from netwatch.web.site import Site
from netwatch.web.views import place_text

__all__ = ["search"]


async def search(site: Site, text: str) -> Search:
    """Raises a 400 problem for what is no MAC address, a 503 where nobody can be asked."""
    mac = parse_mac(text)
    if mac is None:
        raise bad_request("not a MAC address: write it as 00:11:22:aa:bb:cc, 0011.22aa.bbcc or 001122aabbcc")
    if site.providers.locate is None:
        raise HttpProblem(HTTPStatus.SERVICE_UNAVAILABLE, "this netwatch asks no switches")
    found = await site.providers.locate(mac)
    lookup = site.lookup()
    return Search(
        mac=found.mac,
        owner=None if found.owner is None else (found.owner, _name(lookup, found.owner)),
        places=[_place(lookup, one) for one in found.sightings],
        asked=found.asked,
        silent={_name(lookup, device): reason for device, reason in found.silent},
    )


def _name(lookup: Lookup, entity: EntityId) -> str:
    known = lookup.snapshot.entities.get(entity)
    return entity if known is None else known.name


def _place(lookup: Lookup, one: Sighting) -> Place:
    entities = lookup.snapshot.entities
    device = entities.get(one.device)
    port = None if one.port is None else entities.get(one.port)
    return Place(
        device=one.device,
        name=_name(lookup, one.device),
        school="" if device is None else lookup.site_name(str(device.facts.get("site", ""))),
        place="" if device is None else place_text(lookup, device),
        port=f"interface {one.if_index}" if port is None else port.name,
        alias="" if port is None else str(port.facts.get("alias") or ""),
        vlan=one.vlan,
        beyond=None if one.beyond is None else (one.beyond, _name(lookup, one.beyond)),
    )
