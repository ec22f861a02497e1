"""What a page says beside its alert: from inventory, topology and what happened before."""

from __future__ import annotations

from datetime import date
from types import MappingProxyType

import pytest
from alert_snapshots import device, part, rules, snapshot

from netwatch.alerts import CONTEXT, AlertEngine, Context
from netwatch.model import (
    Alert,
    AlertState,
    Asset,
    Circuit,
    Entity,
    EntityKind,
    Inventory,
    InventoryDevice,
    Place,
    PlaceId,
    PlaceKind,
    Places,
    SchoolFacts,
    Severity,
)

NOW = 1_795_300_000.0  # 2026-11-21
LINCOLN = PlaceId("maple/lincoln-es")


def alert(name: str, entity: Entity, since: float = NOW, *, by: str = "") -> Alert:
    return Alert(
        id=name,
        rule="DeviceUnreachable",
        entity=entity.id,
        device=entity.device,
        state=AlertState.FIRING,
        severity=Severity.CRITICAL,
        since=since,
        fired=since,
        resolved=None,
        value=0.0,
        summary=f"{entity.device} does not answer",
        labels=MappingProxyType({"device": str(entity.device)}),
        suppressed_by=by,
    )


CORE, ACCESS, REST = (
    device("core", site=str(LINCOLN), model="EX-48P"),
    device("idf", site=str(LINCOLN)),
    device("bus-garage", site="maple/garage"),
)
PORT = part("core", "Te1")
PLACES = Places(
    {
        LINCOLN: Place(LINCOLN, PlaceKind.SCHOOL, "Lincoln ES", None, SchoolFacts(enrolment=400, staff=12)),
        PlaceId("maple/garage"): Place(PlaceId("maple/garage"), PlaceKind.BUILDING, "Garage", None),
    }
)
INVENTORY = Inventory(
    places=PLACES,
    devices={"idf": InventoryDevice("idf", None, serves=(PlaceId("201"), PlaceId("202")))},
    assets=(
        Asset("S1", "core", warranty_until=date(2024, 6, 30), support_until=date(2027, 6, 30)),
        Asset("SP1", model="ex-48p"),
        Asset("SP2", model="other"),
    ),
    circuits=(
        Circuit("C-1", "core", "Te1", "Example Fiber", "+1 800 555 0100", 1e10),
        Circuit("C-2", "core", "Te2"),
        Circuit("C-3", "idf"),
    ),
)
PICTURE = snapshot(NOW, [CORE, ACCESS, REST, PORT], {}, links=[("core/Te1", "idf")], inventory=INVENTORY)


def test_a_core_switch_with_a_school_behind_it() -> None:
    fault = alert("a", CORE)
    told = Context(PICTURE, (fault, alert("b", ACCESS, by="a"))).of(fault)
    assert told == {
        "affected": "1 device; 2 rooms; all of Lincoln ES (412 people)",
        "circuit": "C-1, Example Fiber, +1 800 555 0100, 10 Gbit/s; C-2",
        "warranty": "warranty ended 2024-06-30; support contract until 2027-06-30",
        "spare": "1 of this model (SP1)",
    }
    assert list(told) == [name for name in CONTEXT if name in told]


def test_a_port_names_its_own_circuit() -> None:
    assert Context(PICTURE, ()).of(alert("a", PORT))["circuit"].startswith("C-1, Example Fiber")


def test_what_explains_nothing_has_nobody_behind_it() -> None:
    fault = alert("a", REST)
    assert Context(PICTURE, (fault,)).of(fault) == {}


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (alert("b", ACCESS, NOW - 600), "10 min before: idf does not answer"),  # at the other end of a link
        (alert("b", CORE, NOW - 20), "1 min before: core does not answer"),
        (alert("b", REST, NOW - 600), ""),  # elsewhere
        (alert("b", ACCESS, NOW - 4000), ""),  # long ago
        (alert("b", ACCESS, NOW + 10), ""),  # afterwards
        (alert("b", ACCESS, NOW - 600, by="a"), ""),  # a consequence
    ],
)
def test_what_changed_before(other: Alert, told: str) -> None:
    fault = alert("a", CORE)
    assert Context(PICTURE, (fault, other)).of(fault).get("changed_before", "") == told


def test_an_entity_that_is_gone_has_no_context() -> None:
    gone = alert("a", device("gone"))
    assert Context(PICTURE, (gone,)).of(gone) == {}


def test_a_page_carries_its_context_from_the_moment_it_is_told() -> None:
    engine = AlertEngine(
        rules(
            "rules: [{rule: Full, value: netwatch_interface_oper_up, equals: 0, for: 60s, severity: warning,"
            " message: '{interface} is down'}]"
        )
    )
    values = {"netwatch_interface_oper_up": {"core/Te1": 0.0}}
    for at, known in ((NOW, False), (NOW + 60, True), (NOW + 120, True)):
        picture = snapshot(at, [CORE, ACCESS, PORT], values, inventory=INVENTORY)
        engine.evaluate(picture)
        (found,) = engine.alerts()
        assert ("circuit" in found.annotations) is known


def test_a_page_says_how_long_the_battery_lasts_that_feeds_it() -> None:
    ups, other = (device(name, kind="power", site=str(LINCOLN)) for name in ("mdf-ups", "idf-ups"))
    battery, empty = part("mdf-ups", "battery", EntityKind.SENSOR), part("mdf-ups", "pack", EntityKind.SENSOR)
    fed = Inventory(devices={"core": InventoryDevice("core", None, fed_by=("mdf-ups", "idf-ups"))})

    def told(on_battery: float, seconds: float) -> dict[str, str]:
        values = {
            "netwatch_device_on_battery": {"mdf-ups": on_battery, "idf-ups": 0.0},
            "netwatch_sensor_runtime_seconds": {"mdf-ups/battery": seconds, "mdf-ups/pack": 9000.0},
        }
        picture = snapshot(NOW, [CORE, ACCESS, ups, other, battery, empty], values, inventory=fed)
        context = Context(picture, ())
        found = {
            str(one.id): context.of(alert("a", one)).get("power", "") for one in (CORE, ACCESS, ups, other)
        }
        return {name: text for name, text in found.items() if text}

    assert told(1.0, 725.0) == {
        "core": "mdf-ups runs on battery, 12 min left",
        "mdf-ups": "12 min left; feeds core",
    }
    assert told(1.0, 30.0)["core"] == "mdf-ups runs on battery, less than 1 min left"
    assert told(1.0, float("nan"))["core"] == "mdf-ups runs on battery, 150 min left"
    assert told(0.0, 725.0) == {}
