"""Mains, UPSs and what they feed: one power failure, one page."""

from __future__ import annotations

from dataclasses import replace

from alert_snapshots import device, part, rules, snapshot

from netwatch.alerts import AlertEngine
from netwatch.model import (
    Alert,
    AlertState,
    EntityId,
    EntityKind,
    Inventory,
    InventoryDevice,
    Place,
    PlaceId,
    PlaceKind,
    Places,
    Target,
)

RULES = rules(
    """
rules:
  - rule: DeviceUnreachable
    value: netwatch_device_up
    equals: 0
    for: 2m
    severity: critical
    root_cause: true
    message: "{device} does not answer"
  - rule: UpsOnBattery
    value: netwatch_sensor_state_level
    above: 1.5
    for: 30s
    severity: critical
    root_cause: true
    scope: {kinds: [power]}
    message: "{device} is on battery"
  - rule: UpsBatteryLow
    value: netwatch_sensor_charge_ratio
    below: 0.5
    severity: critical
    message: "the battery of {device} is low"
"""
)
UPSES = ("ups1", "ups2")
SWITCHES = {"sw1": ("ups1",), "sw2": ("ups2",), "both": ("ups1", "ups2")}


def place(path: str, kind: PlaceKind) -> Place:
    above = path.rpartition("/")[0]
    return Place(PlaceId(path), kind, path.rpartition("/")[2], PlaceId(above) if above else None)


PLACES = {
    one.id: one
    for one in (
        place("maple", PlaceKind.DISTRICT),
        place("maple/lincoln", PlaceKind.SCHOOL),
        place("maple/lincoln/main", PlaceKind.BUILDING),
        *(place(f"maple/lincoln/main/idf-{n}", PlaceKind.CLOSET) for n in (1, 2)),
    )
}


class School:
    """A core switch outside, two UPSs and three switches inside."""

    def __init__(self, *, said: bool = True) -> None:
        at = {"ups1": 1, "ups2": 2, "sw1": 1, "sw2": 2, "both": 2}
        self.devices = [device("core", role="core", site="", place="maple")]
        for name, number in at.items():
            kind, role = ("power", "ups") if name in UPSES else ("switch", "access")
            where = {"site": "maple/lincoln", "place": f"maple/lincoln/main/idf-{number}"}
            self.devices.append(device(name, kind=kind, role=role, **where))
        names = ("core", *at)
        entries = {
            name: InventoryDevice(
                name,
                Target(EntityId(name), name, ("192.0.2.1",)),
                fed_by=SWITCHES.get(name, ()) if said else (),
            )
            for name in names
        }
        self.inventory = Inventory(places=Places(PLACES), devices=entries)
        self.sensors = [part(ups, "source", EntityKind.SENSOR) for ups in UPSES]
        self.levels = dict.fromkeys(UPSES, 0.0)
        self.on_battery: dict[str, float] = {}
        self.dark: set[str] = set()
        self.engine = AlertEngine(RULES)
        self.pages: dict[str, Alert] = {}
        self.updates: list[str] = []

    def run(self, begin: int, end: int) -> None:
        for at in range(begin, end, 15):
            up = {one.name: 0.0 if one.name in self.dark else 1.0 for one in self.devices}
            told = {f"{ups}/source": None if ups in self.dark else self.levels[ups] for ups in UPSES}
            low = {
                f"{ups}/source": 0.3 if self.levels[ups] and self.on_battery.get(ups, 1) else 1.0
                for ups in UPSES
            }
            frame = snapshot(
                at,
                [*self.devices, *self.sensors],
                {
                    "netwatch_device_up": up,
                    "netwatch_sensor_state_level": told,
                    "netwatch_sensor_charge_ratio": low,
                    "netwatch_device_on_battery": self.on_battery,
                },
                links=[("core", switch) for switch in SWITCHES],
                inventory=self.inventory,
            )
            for transition in self.engine.evaluate(frame):
                alert = transition.alert
                if alert.state is AlertState.FIRING and not alert.suppressed_by:
                    if alert.id in self.pages:
                        self.updates.append(alert.annotations.get("devices_behind", ""))
                    self.pages[alert.id] = alert

    def told(self) -> list[tuple[str, str]]:
        return [(page.rule, str(page.device)) for page in self.pages.values()]


def test_a_building_that_goes_dark_ups_by_ups_is_one_page_that_grows() -> None:
    school = School()
    school.run(0, 60)
    school.levels["ups1"] = 2.0
    school.run(60, 120)
    school.levels["ups2"] = 2.0
    school.run(120, 300)
    assert school.told() == [("UpsOnBattery", "ups1")]
    (page,) = school.pages.values()
    assert page.summary == "utility power of lincoln, main has failed: 2 UPSs run on battery"
    school.dark |= {"ups1", "sw1"}
    school.run(300, 600)
    school.dark |= {"ups2", "sw2", "both"}
    school.run(600, 1200)
    assert school.told() == [("UpsOnBattery", "ups1")]
    (page,) = school.pages.values()
    assert page.annotations["devices_behind"] == "4"
    assert school.updates[-1] == "4"
    assert "both, sw1, sw2, ups2" in page.annotations["behind"]


def test_when_the_mains_are_back_switches_may_take_minutes_to_start() -> None:
    school = School()
    school.levels["ups1"] = 2.0
    school.run(0, 300)
    school.dark |= {"ups1", "sw1"}
    school.run(300, 600)
    school.levels["ups1"] = 0.0
    school.dark = {"sw1"}
    school.run(600, 900)
    school.dark.clear()
    school.run(900, 1000)
    assert school.told() == [("UpsOnBattery", "ups1")]
    assert not [alert for alert in school.engine.alerts() if alert.state is not AlertState.RESOLVED]


def test_a_switch_that_dies_while_its_ups_runs_on_battery_and_answers_is_a_fault_of_its_own() -> None:
    school = School()
    school.levels["ups1"] = 2.0
    school.run(0, 120)
    school.dark = {"sw1"}
    school.run(120, 600)
    assert school.told() == [("UpsOnBattery", "ups1"), ("DeviceUnreachable", "sw1")]


def test_one_of_two_feeds_is_enough() -> None:
    school = School()
    school.levels["ups1"] = 2.0
    school.run(0, 120)
    school.dark = {"ups1", "sw1", "both"}
    school.run(120, 600)
    assert ("DeviceUnreachable", "both") in school.told()


def test_where_nobody_says_the_ups_of_the_closet_is_taken_to_feed_it() -> None:
    school = School(said=False)
    school.levels["ups1"] = 2.0
    school.run(0, 120)
    school.dark = {"ups1", "sw1"}
    school.run(120, 600)
    assert school.told() == [("UpsOnBattery", "ups1")]


def test_a_ups_that_drops_its_load_without_a_word_is_the_fault_and_not_what_it_fed() -> None:
    school = School()
    devices = dict(school.inventory.devices)
    devices["both"] = replace(devices["both"], fed_by=("ups2",))
    school.inventory = replace(school.inventory, devices=devices)
    school.run(0, 60)
    school.dark = {"ups2", "sw2", "both"}
    school.run(60, 600)
    assert school.told() == [("DeviceUnreachable", "ups2")]


def test_a_ups_that_has_mains_may_be_in_a_critical_state_for_another_reason() -> None:
    school = School()
    school.levels = dict.fromkeys(UPSES, 2.0)
    school.on_battery = dict.fromkeys(UPSES, 0.0)
    school.run(0, 120)
    assert school.told() == [("UpsOnBattery", "ups1"), ("UpsOnBattery", "ups2")]
    school.dark = {"ups1"}
    school.run(120, 600)
    assert school.told()[2:] == [("DeviceUnreachable", "ups1")]


def test_trouble_of_yesterday_does_not_explain_the_silence_of_today() -> None:
    school = School()
    school.levels["ups1"] = 2.0
    school.run(0, 120)
    school.run(100_000, 100_060)
    school.dark = {"ups1"}
    school.run(100_060, 100_600)
    assert school.told() == [("UpsOnBattery", "ups1"), ("DeviceUnreachable", "ups1")]
