"""Where a MAC address is plugged in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netwatch.model import EntityId
from netwatch.web.html import Child, Html, tag
from netwatch.web.pages.layout import Frame, device_link, empty, page, section, table

__all__ = ["Place", "Search", "where_page"]


@dataclass(frozen=True, slots=True)
class Place:
    """A port that has learnt the address, in words."""

    device: EntityId
    name: str
    school: str
    place: str
    port: str
    alias: str
    vlan: int | None
    beyond: tuple[EntityId, str] | None
    """Id and name of what the port's cable leads to."""


@dataclass(frozen=True, slots=True)
class Search:
    """What came of one search, in words."""

    mac: str
    owner: tuple[EntityId, str] | None
    places: Sequence[Place]
    """The place itself first."""
    asked: int
    silent: Mapping[str, str]
    """By name of the switch: why it could not be asked."""


def where_page(frame: Frame, text: str, found: Search | None) -> Html:
    """`text`: what stands in the field. `found`: None before a search."""
    return page(
        frame,
        "Where is it?",
        "/where",
        tag("h1", "Where is it?"),
        tag(
            "p",
            "The switch port of a phone, a camera or a computer, by its MAC address. All switches are asked "
            "now, each with a question or two; nothing is stored.",
            class_="lead",
        ),
        tag(
            "form",
            tag(
                "label",
                "MAC address",
                tag(
                    "input",
                    name="mac",
                    value=text,
                    placeholder="00:11:22:aa:bb:cc",
                    required=True,
                    maxlength=40,
                ),
            ),
            tag("button", "Find", type="submit"),
            class_="filter",
            role="search",
            action="/where",
            method="get",
        ),
        None if found is None else _result(found),
        refresh=False,
    )


def _result(found: Search) -> Html:
    silent = None
    if found.silent:
        rows: list[list[Child]] = [[name, reason] for name, reason in found.silent.items()]
        silent = section(
            f"Switches that did not answer ({len(rows)})", table("Silent", ["Switch", "Why"], rows)
        )
    return tag(
        "div",
        tag("p", "This is ", device_link(*found.owner), " itself.") if found.owner else None,
        _places(found),
        silent,
    )


def _places(found: Search) -> Html:
    if not found.places:
        return empty(
            f"None of {found.asked:,} switches has learnt {found.mac}. A switch forgets one about five "
            "minutes after it heard it last."
        )
    rows: list[list[Child]] = [
        [
            device_link(place.device, place.name),
            [place.port, tag("small", place.alias) if place.alias else None],
            "" if place.vlan is None else str(place.vlan),
            place.school,
            place.place,
            ["on the way: leads to ", device_link(*place.beyond)] if place.beyond else "here",
        ]
        for place in found.places
    ]
    return table(
        f"Ports that have learnt {found.mac}", ["Switch", "Port", "VLAN", "School", "Place", "What"], rows
    )
