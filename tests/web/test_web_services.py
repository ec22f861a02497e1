"""What works at which school, for people who know no device."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import web_district
from web_client import Outline, running

from netwatch.model import AlertState, EntityId
from netwatch.web.lookup import Kept, Lookup
from netwatch.web.services import ServiceState, school_services
from netwatch.web.views import device_views, school_views

BUILT = web_district.Builder
QUIET = ()


def services(district: web_district.Builder, alerts=QUIET):
    lookup = Lookup(district.snapshot(), Kept())
    devices = device_views(lookup, alerts)
    return school_services(school_views(lookup, devices, alerts), devices, alerts)


def school_with(*up: float | None) -> web_district.Builder:
    made = BUILT()
    made.school("oak", "Oak Elementary", "elementary", 100)
    for number, value in enumerate(up):
        made.device(f"d{number}", f"switch-{number}", "maple/oak", "switch", up=value)
    return made


@pytest.mark.parametrize(
    ("up", "state"),
    [
        ((), ServiceState.NONE),
        ((1.0, 1.0, 1.0), ServiceState.WORKS),
        ((None, None), ServiceState.UNKNOWN),
        ((0.0, 1.0, 1.0), ServiceState.TROUBLE),
        ((0.0, 1.0), ServiceState.DOWN),
        ((0.0,), ServiceState.DOWN),
    ],
)
def test_a_service_stands_as_its_devices_do(up, state) -> None:
    (school,) = services(school_with(*up))
    assert school.services["Network"].state is state
    assert school.services["Phones"].state is ServiceState.NONE


def test_a_fault_that_another_one_explains_counts_with_its_time() -> None:
    alert = replace(
        web_district.alerts()[0],
        device=EntityId("d0"),
        entity=EntityId("d0"),
        state=AlertState.FIRING,
        since=5.0,
        fired=9.0,
        resolved=None,
        suppressed_by="another",
    )
    (school,) = services(school_with(0.0), (alert,))
    assert school.services["Network"].since == 5.0


async def test_the_page_names_schools_and_no_devices() -> None:
    async with running() as web:
        status, text = await web.get("/services")
    assert status == 200
    words = re.sub(r"\s+", " ", " ".join(Outline(text).text))
    assert "What works where" in words
    assert "Maple High" in words
    assert "maple-hs-core" not in text
