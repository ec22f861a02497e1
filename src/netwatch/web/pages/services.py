"""The page for principals and facilities: what works at which school, to be read at arm's length."""

from __future__ import annotations

from collections.abc import Sequence

from netwatch.web.html import Child, Html, tag
from netwatch.web.pages.layout import Frame, empty, moment, page, table
from netwatch.web.services import SERVICES, SchoolServices, ServiceState, Standing

__all__ = ["services_page"]

_LOOKS = {
    ServiceState.WORKS: ("●", "works", "up"),
    ServiceState.TROUBLE: ("▲", "some trouble", "warning"),
    ServiceState.DOWN: ("✕", "does not work", "down"),
    ServiceState.UNKNOWN: ("○", "not known", "unknown"),
}


def services_page(frame: Frame, schools: Sequence[SchoolServices]) -> Html:
    """Columns are the services that at least one school has."""
    names = [
        name
        for name in SERVICES
        if any(school.services[name].state is not ServiceState.NONE for school in schools)
    ]
    rows: list[list[Child]] = [
        [school.name, *(_cell(school.services[name], frame.now) for name in names)] for school in schools
    ]
    keys = [[None, *(float(school.services[name].state) for name in names)] for school in schools]
    return page(
        frame,
        "Services",
        "/services",
        tag("h1", "What works where"),
        tag("p", _summary(schools), class_="lead"),
        table("Services by school", ["School", *names], rows, keys=keys, class_="services")
        if rows and names
        else empty("No school has a device yet."),
    )


def _summary(schools: Sequence[SchoolServices]) -> str:
    down = [school.name for school in schools if school.worst is ServiceState.DOWN]
    trouble = sum(school.worst is ServiceState.TROUBLE for school in schools)
    parts = []
    if down:
        named = ", ".join(down) if len(down) <= 3 else f"{len(down)} schools"
        parts.append(f"Something does not work at {named}.")
    if trouble:
        parts.append(f"{trouble} {'school has' if trouble == 1 else 'schools have'} some trouble.")
    return " ".join(parts) or "Everything that is watched works."


def _cell(standing: Standing, now: float) -> Child:
    if standing.state is ServiceState.NONE:
        return tag("span", "–", class_="none")
    shape, word, look = _LOOKS[standing.state]
    badge = tag("span", tag("span", shape, class_="shape", aria_hidden="true"), word, class_=f"badge {look}")
    if standing.since is None:
        return badge
    return [badge, tag("small", "began ", moment(standing.since, now))]
