"""Shards hold everything once, stay under the limit, and stay the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from netwatch.exposition import Renderer, SelfMetrics, Shard, parse_shard, probe, render, sd_targets, shards
from netwatch.exposition.delivery import DeliveryFigures, PathFigures
from netwatch.model import (
    Column,
    DeviceCost,
    Entity,
    EntityId,
    EntityKind,
    Freshness,
    Instant,
    Inventory,
    InventoryDevice,
    Snapshot,
    TableCost,
    Target,
    load_catalogue,
)

CATALOGUE = load_catalogue()
RX = CATALOGUE["netwatch_interface_receive_bytes_total"]


def district(ports: list[list[int]]) -> Snapshot:
    """Ports per device, per site."""
    entities: dict[EntityId, Entity] = {}
    devices: dict[str, InventoryDevice] = {}
    series: list[EntityId] = []
    for site, counts in enumerate(ports):
        for number, count in enumerate(counts):
            name = f"sw-{site}-{number}"
            key = EntityId(f"id-{name}")
            facts = {"site": f"maple/s{site}" if site else "", "district": "maple", "listed": True}
            entities[key] = Entity(key, EntityKind.DEVICE, key, None, name, "", name, facts)
            devices[name] = InventoryDevice(name, Target(key, name, (f"192.0.{site}.{number}",)))
            for port in range(count):
                owned = EntityId(f"{key}/{port}")
                entities[owned] = Entity(owned, EntityKind.INTERFACE, key, key, str(port), "", str(port))
                series.append(owned)
    total = len(series)
    column = Column(
        RX,
        tuple(series),
        ((),) * total,
        np.ones(total),
        np.full(total, np.nan),
        np.full(total, 1.8e9),
        np.ones(total, dtype=bool),
        totals=np.ones(total, dtype=np.uint64),
    )
    freshness = (Freshness(EntityId("id-sw-0-0"), "ports", 1.8e9, None, "", 60, 0),)
    return Snapshot(
        Instant(1.8e9, 1), entities, {RX.name: column}, Inventory("maple", devices=devices), freshness
    )


def lines(data: bytes) -> list[str]:
    return [line for line in data.decode().splitlines() if not line.startswith("#")]


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.lists(st.integers(0, 30), max_size=12), min_size=1, max_size=4),
    st.integers(100, 400),
)
def test_together_they_hold_everything_once_each_below_the_limit(ports, limit):
    shot = district(ports)
    renderer = Renderer(CATALOGUE)
    whole = lines(b"".join(renderer.render(shot, openmetrics=False)))
    found = shards(shot, limit)
    parts = [lines(b"".join(renderer.render(shot, openmetrics=False, shard=shard))) for shard in found]
    assert sorted(line for part in parts for line in part) == sorted(whole)
    assert all(len(part) <= limit for part in parts)


def test_a_small_district_is_one_shard():
    assert shards(district([[3, 3], [4]])) == [Shard()]


def test_growth_elsewhere_moves_nobody():
    before = shards(district([[], [20] * 10, [20] * 3]), 150)
    after = shards(district([[], [20] * 10, [20] * 3 + [30] * 20]), 150)
    mine = [shard for shard in before if shard.site == "maple/s1"]
    assert mine
    assert [shard for shard in after if shard.site == "maple/s1"] == mine


@pytest.mark.parametrize(
    "shard", [Shard(), Shard("maple/lincoln-es"), Shard("maple/x", 3, 4), Shard("", 0, 2), Shard(None, 1, 2)]
)
def test_a_shard_is_read_back_from_its_text(shard):
    assert parse_shard(str(shard)) == shard


@pytest.mark.parametrize("text", ["", "site", "all:2/2", "site:x:1", "site:x:1/0", "site:x:-1/4", "part:1/2"])
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(ValueError, match=r"shard|part"):
        parse_shard(text)


def test_service_discovery_lists_every_shard():
    shot = district([[], [20] * 10, [20] * 3])
    groups = sd_targets(shards(shot, 150), "netwatch.example.org:8600")
    assert [parse_shard(g["labels"]["__param_shard"]) for g in groups] == shards(shot, 150)
    assert groups[0]["targets"] == ["netwatch.example.org:8600"]
    assert groups[0]["labels"]["__metrics_path__"] == "/metrics"


@pytest.mark.parametrize("target", ["sw-1-1", "192.0.1.1"])
def test_probe_serves_one_device(target):
    shot = district([[], [3, 4]])
    data = probe(shot, target, False)
    assert data is not None
    assert len(lines(data)) == 5
    assert all('device="sw-1-1"' in line for line in lines(data))


def test_probe_knows_only_the_inventory():
    assert probe(district([[3]]), "198.51.100.7", True) is None


def test_own_metrics_join_those_of_the_devices():
    shot = district([[2]])
    own = SelfMetrics("1.2.3")
    own.polled(ok=True, readings=5)
    own.polled(ok=False)
    own.poller(passes=3, deadlines=1, seconds_late=0.5, running=1, waiting=0)
    for seconds in (2.0, 5.0):  # sums, told twice
        cost = TableCost(1, 0, 572, seconds, 0.25)
        worst = [
            DeviceCost(EntityId(f"d{n}"), f"sw-{n}", 9.0 - n / 10, 60.0, "ports", cost) for n in range(30)
        ]
        own.costs({"ports": cost}, worst)
    own.loop_lag(0.001)
    own.state(shot)
    own.alerts({"firing": 2})
    own.notifications({("mail", "delivered"): 1})
    own.queued({"mail": 3})
    own.delivery.show(
        DeliveryFigures(
            oldest={"mail": 4.0},
            in_memory=0,
            reserve=1 << 24,
            handed_over={"mail": 1},
            paths={"sms": PathFigures(True, 1e9)},
            heartbeats={"sent": 2},
            heartbeat_at=1e9,
        )
    )
    own.history_written(100, 4096)
    own.trap(used=False)
    own.rendered(0.01)
    own.remote_write("mimir", sent=5, failed=1, dropped=0, waiting=2, spooled=100, lag=1.5)
    own.reloaded(ok=True)
    data = own.render(openmetrics=True, end=False) + b"".join(render(shot, openmetrics=True))
    values = {
        (s.name, *sorted(s.labels.values())): s.value
        for f in parse_openmetrics(data.decode())
        for s in f.samples
    }
    assert values["netwatch_poller_polls_total", "failed"] == 1
    assert values["netwatch_poller_readings_total",] == 5
    assert values["netwatch_poller_tables", "fresh"] == 1
    assert values["netwatch_poller_table_wait_seconds_total", "ports"] == 5
    assert values["netwatch_poller_table_values_total", "ports"] == 572
    assert values["netwatch_poller_table_mapping_seconds_total", "ports"] == 0.25
    assert values["netwatch_poller_costliest_pass_seconds", "ports", "sw-0"] == 9.0
    assert sum(name[0] == "netwatch_poller_costliest_pass_seconds" for name in values) == 20
    assert values["netwatch_state_series", "fresh"] == 2
    assert values["netwatch_state_entities", "interface"] == 2
    assert values["netwatch_alerts", "firing"] == 2
    assert values["netwatch_notifications_queued", "mail"] == 3
    assert values["netwatch_notifications_handed_over_total", "mail"] == 1
    assert values["netwatch_backup_test_success", "sms"] == 1
    text = own.render(openmetrics=False).decode()
    names = {s.name for f in parse_text(text) for s in f.samples}
    for family in own.families():
        if family.name.startswith("netwatch_plan_"):  # there are no plans here
            continue
        assert any(name.startswith(family.name) for name in names), family


def test_own_metrics_of_two_processes_do_not_meet():
    one, two = SelfMetrics(), SelfMetrics()
    one.polled(ok=True)
    line = b'netwatch_poller_polls_total{outcome="ok"} '
    assert line + b"1.0" in one.render(openmetrics=False)
    assert line + b"0.0" in two.render(
        openmetrics=False
    )  # there from the start, so that rate() sees the first
