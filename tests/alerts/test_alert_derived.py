"""Families that netwatch derives for rules: what changed, what is overdue, the last school day."""

from __future__ import annotations

import dataclasses
import math
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from alert_snapshots import CATALOGUE, device, part, rules, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.alerts import AlertEngine, KeptLink, school_day_columns
from netwatch.alerts.school_day import last_school_day
from netwatch.calendars import Calendar, Calendars, Closure
from netwatch.history import SegmentStore
from netwatch.model import CounterBlock, EntityId, Freshness, Inventory, InventoryDevice

KINDS = ("version", "serial", "config")
RULES = rules(
    "rules:\n"
    + "".join(
        f"  - {{rule: {name}, value: {{rate: netwatch_device_{family}_total}}, above: 0, severity: info, "
        f"message: '{{device}}'}}\n"
        for name, family in (
            ("Version", "version_changes"),
            ("Serial", "serial_changes"),
            ("Config", "config_changes"),
            ("Neighbor", "new_neighbors"),
            ("New", "sightings"),
            ("Lost", "children_lost"),
        )
    )
    + "  - {rule: Stale, value: netwatch_device_overdue_seconds, above: 600, severity: info, message: x}\n"
)
DAY = 86400.0
UPTIME = "netwatch_device_config_changed_uptime_seconds"


class Watch:
    """An engine, and what it says anew at each step."""

    def __init__(self, remembered=()) -> None:
        self.engine = AlertEngine(RULES)
        self.engine.restore([], remembered)
        self.rows = set(remembered)
        self.at = 3 * DAY

    def see(self, *entities, values=None, links=(), inventory=None, freshness=()):
        self.at += 60.0
        shot = snapshot(self.at, entities, values or {}, links=links, inventory=inventory or Inventory())
        shot = dataclasses.replace(shot, freshness=tuple(freshness))
        found = self.engine.evaluate(shot)
        self.rows |= set(self.engine.new_healthy())
        return {
            (one.alert.rule, str(one.alert.entity), one.alert.annotations.get("evidence", ""))
            for one in found
            if one.alert.state.value == "firing"
        }

    def later(self, seconds: float) -> None:
        self.at += seconds


def evidence(found, rule):
    return [text for name, _, text in found if name == rule]


def test_versions_and_serial_numbers_that_change_are_told_once() -> None:
    watch = Watch()
    assert watch.see(device("sw", version="15.2", serial="A1")) == set()
    assert watch.see(device("sw")) == set()  # not told this time
    found = watch.see(device("sw", version="17.3", serial="B2"))
    assert {name for name, _, _ in found} == {"Version", "Serial"}
    assert "15.2 before, 17.3 now" in evidence(found, "Version")[0]
    assert "A1 before, B2 now" in evidence(found, "Serial")[0]
    assert watch.see(device("sw", version="17.3", serial="B2")) == set()
    assert {name for name, _, _ in watch.see(device("sw", version="15.2", serial="B2"))} == {"Version"}


def test_a_version_that_changed_while_netwatch_was_not_running_is_told() -> None:
    before = Watch()
    before.see(device("sw", version="15.2"), device("idf", version="9"))
    after = Watch(before.rows)
    found = after.see(device("sw", version="17.3"), device("idf", version="9"))
    assert [(name, entity) for name, entity, _ in found] == [("Version", "sw")]
    again = Watch(after.rows)
    assert again.see(device("sw", version="17.3"), device("idf", version="9")) == set()


def test_a_configuration_that_changes_is_told() -> None:
    watch = Watch()
    for value, expected in (
        (100.0, set()),
        (None, set()),
        (100.0, set()),
        (900.0, {"Config"}),
        (900.0, set()),
    ):
        found = watch.see(device("sw"), values={UPTIME: {"sw": value}})
        assert {name for name, _, _ in found} == expected


def test_neighbors_that_are_new_are_told_and_those_that_come_back_are_not() -> None:
    watch = Watch()
    world = [device("core"), device("a"), device("b"), part("core", "1"), part("a", "1"), part("b", "1")]
    assert watch.see(*world, links=[("core/1", "a/1")]) == set()
    # Tables of neighbours are read one by one: what comes in the first hour was there before.
    late = [device("c"), part("c", "1")]
    assert watch.see(*world, *late, links=[("core/1", "a/1"), ("core/1", "c/1")]) == set()
    watch.later(3600)
    assert (
        watch.see(*world, device("d"), part("d", "1"), links=[("core/1", "d/1")]) == set()
    )  # d is new itself
    assert watch.see(*world) == set()
    assert watch.see(*world, links=[("core/1", "a/1")]) == set()
    found = watch.see(*world, links=[("core/1", "a/1"), ("core/1", "b/1")])
    assert {(name, entity) for name, entity, _ in found} == {("Neighbor", "core"), ("Neighbor", "b")}
    assert any("(from b)" in text for text in evidence(found, "Neighbor"))


def test_a_device_is_new_after_the_first_day_and_only_of_a_controller_that_is_known() -> None:
    watch = Watch()
    first = [device("wlc"), device("ap-1", parent="wlc")]
    watch.see(*first)
    assert watch.see(*first, device("ap-2", parent="wlc")) == set()  # the first day
    watch.later(DAY)
    watch.see(*first, device("ap-2", parent="wlc"))
    everything = [*first, device("ap-2", parent="wlc"), device("ap-3", parent="wlc")]
    found = watch.see(*everything)
    assert [(name, entity) for name, entity, _ in found] == [("New", "ap-3")]
    # Another controller brings what it has had for long; what the inventory lists is no news.
    everything += [device("wlc-2"), device("ap-9", parent="wlc-2"), device("ap-4", parent="wlc")]
    entered = Inventory("maple", devices={"ap-4": InventoryDevice("ap-4", None)})
    assert watch.see(*everything, inventory=entered) == set()
    restarted = Watch(watch.rows)
    restarted.at = watch.at
    restarted.see(*everything, inventory=entered)
    assert restarted.see(*everything, inventory=entered) == set()


def test_devices_that_a_controller_tells_of_no_more_are_told_of_it() -> None:
    watch = Watch()
    watch.see(device("wlc"), device("ap-1", parent="wlc"), device("ap-2", parent="wlc"), device("sw"))
    found = watch.see(device("wlc"), device("ap-2", parent="wlc"))
    assert [(name, entity) for name, entity, _ in found] == [("Lost", "wlc")]
    assert "(from ap-1)" in evidence(found, "Lost")[0]
    assert watch.see(device("wlc"), device("ap-2", parent="wlc")) == set()


def test_the_table_that_waits_longest_makes_data_stale() -> None:
    watch = Watch()

    def table(name: str, ago: float | None, interval: float = 60.0) -> Freshness:
        last = None if ago is None else watch.at + 60.0 - ago
        return Freshness(EntityId("sw"), name, last, None, "timeout", interval, 1)

    assert watch.see(device("sw"), freshness=[table("ports", 30), table("never", None)]) == set()
    assert watch.see(device("sw"), freshness=[table("ports", 30), table("slow", 80000, 86400)]) == set()
    found = watch.see(device("sw"), freshness=[table("ports", 30), table("sensors", 700)])
    assert evidence(found, "Stale") == ["netwatch_device_overdue_seconds = 640 (from table sensors: timeout)"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(["", "1", "2"]), max_size=3),
        min_size=1,
        max_size=8,
    )
)
def test_version_changes_are_those_that_a_list_of_known_versions_finds(steps) -> None:
    watch, last = Watch(), {}
    for told in steps:
        expected = set()
        for name, version in told.items():
            if version and last.get(name, version) != version:
                expected.add(name)
            if version:
                last[name] = version
        found = watch.see(*(device(name, version=version) for name, version in told.items()))
        seen = {entity for rule, entity, _ in found if rule == "Version"}
        # An alert that has not ended yet is the same alert; a device that was away is compared with before.
        assert seen <= expected


ZONES = ["America/Chicago", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.sampled_from([(2026, 3, 9), (2026, 11, 2), (2026, 4, 6), (2026, 10, 5)]),
    st.integers(0, 9 * 24 * 4),
    st.sets(st.integers(0, 9), max_size=8),
)
def test_the_last_school_day_is_what_a_look_at_every_quarter_of_an_hour_finds(zone, day, ahead, free) -> None:
    first = date(*day) - timedelta(days=2)
    calendar = Calendar(
        "x",
        zone,
        {"regular": ((8 * 3600, 11 * 3600), (12 * 3600, 15 * 3600))},
        ("regular",) * 5 + ("", ""),
        ((first, first + timedelta(days=20)),),
        {first + timedelta(days=n): "" for n in free},
    )
    at = datetime(*day, tzinfo=ZoneInfo(zone)).timestamp() + 900 * ahead
    found = None
    for quarter in range(9 * 96):
        moment = at - 900 * quarter
        if calendar.is_instructional(moment - 900) and not calendar.is_instructional(moment):
            today, end = calendar.wall(moment - 900)
            if end + 900 >= 15 * 3600:
                found = today, moment
                break
    span = last_school_day(calendar, at)
    if found is None or (calendar.wall(at)[0] - found[0]).days > 7:
        assert span is None
    else:
        assert span is not None
        assert span[1] == found[1]
        assert calendar.wall(span[0]) == (found[0], 8 * 3600)


def test_the_school_day_is_judged_by_history_and_a_closed_one_is_none(tmp_path) -> None:
    """Five days of history: busy at 80 % on Thursday, 50 % on Friday, full every night."""
    calendar = Calendar(
        "x",
        "UTC",
        {"r": ((8 * 3600, 15 * 3600),)},
        ("r",) * 5 + ("", ""),
        ((date(2026, 1, 1), date(2026, 12, 31)),),
    )
    port = part("core", "p1")
    start = int(datetime(2026, 9, 3, tzinfo=ZoneInfo("UTC")).timestamp())  # a Thursday
    buckets = 5 * 288
    hours = (np.arange(buckets) * 300 // 3600) % 24
    share = np.where((hours >= 8) & (hours < 15), np.where(np.arange(buckets) < 288, 0.8, 0.5), 1.0)
    store = SegmentStore(tmp_path, CATALOGUE)
    store.append(
        CounterBlock(
            "netwatch_interface_receive_bytes_total", (port.id,), ((),), start, 300,
            (share * 125e6 * 300)[None, :], np.full((1, buckets), 300.0),
        )
    )  # fmt: skip

    def told(day: int, *closures: Closure) -> float | None:
        shot = snapshot(
            start + day * DAY,
            [device("core"), port],
            {"netwatch_interface_speed_bytes_per_second": {port.id: 125e6}},
        )
        columns = school_day_columns(shot, store, Calendars({}, closures, calendar))
        column = columns.get("netwatch_interface_receive_school_day_p95_ratio")
        return None if column is None else float(column.values[0])

    assert told(1) == pytest.approx(0.8)
    assert told(4) == pytest.approx(0.5)  # on Monday morning Friday is the last one
    assert told(0) is None  # what was before history began
    snow = Closure("maple", date(2026, 9, 4), date(2026, 9, 4))
    assert told(4, snow) == pytest.approx(0.5)  # the device stands nowhere, so no closure covers it
    nothing = Calendars({}, (), dataclasses.replace(calendar, week=("",) * 7))
    shot = snapshot(start + DAY, [device("core"), port], {})
    assert school_day_columns(shot, store, nothing) == {}
    assert not math.isnan(told(2) or 0)
    store.close()


def test_what_changed_while_netwatch_was_away_is_told_at_its_first_look() -> None:
    before = Watch()
    values = {UPTIME: {"sw": 5000.0, "fw": 40.0}}
    devices = [device("sw", serial="A1"), device("fw"), device("idf", serial="C1")]
    assert before.see(*devices, values=values) == set()
    same = Watch(before.rows)
    assert same.see(*devices, values=values) == set()
    after = Watch(before.rows)
    changed = {UPTIME: {"sw": 9000.0, "fw": 4000.0}}
    found = after.see(device("sw", serial="B2"), device("fw"), device("idf", serial="C1"), values=changed)
    assert {(name, entity) for name, entity, _ in found} == {
        ("Serial", "sw"),
        ("Config", "sw"),
        ("Config", "fw"),
    }


def test_a_start_that_loads_its_configuration_has_not_changed_it() -> None:
    watch = Watch()
    watch.see(device("sw"), values={UPTIME: {"sw": 5000.0}})
    assert watch.see(device("sw"), values={UPTIME: {"sw": 41.0}}) == set()
    assert {name for name, _, _ in watch.see(device("sw"), values={UPTIME: {"sw": 700.0}})} == {"Config"}


def test_a_neighbor_that_came_while_netwatch_was_away_is_told_and_others_are_not() -> None:
    world = [device("core"), device("a"), device("b"), device("c")]
    world += [part("core", "1"), part("core", "2"), part("core", "3"), part("a", "1"), part("b", "1")]
    watch = Watch()
    links = [
        KeptLink((EntityId("core/1"), EntityId("a/1")), (EntityId("core"), EntityId("a")), watch.at),
        KeptLink((EntityId("core/3"), EntityId("b/1")), (EntityId("core"), EntityId("b")), watch.at),
    ]
    watch.engine.restore([], [("@learning", EntityId("until"), ("0",))], links)
    assert watch.see(*world, links=[("core/1", "a/1")]) == set()
    found = watch.see(*world, links=[("core/1", "a/1"), ("core/3", "b/1"), ("a/1", "b/1")])
    assert {(name, entity) for name, entity, _ in found} == {("Neighbor", "a"), ("Neighbor", "b")}
    # Of c netwatch knew no neighbour: its tables may be read for the first time.
    assert watch.see(*world, links=[("core/1", "a/1"), ("core/2", "c")]) == set()


def test_an_access_point_that_joined_while_netwatch_was_away_is_new() -> None:
    watch = Watch()
    first = [device("wlc"), device("ap-1", parent="wlc")]
    watch.see(*first)
    watch.later(DAY)
    watch.see(*first)
    after = Watch(watch.rows)
    after.at = watch.at
    assert after.see(device("wlc")) == set()  # its table of access points comes later
    found = after.see(*first, device("ap-2", parent="wlc"))
    assert [(name, entity) for name, entity, _ in found] == [("New", "ap-2")]
