"""Blocks: the same as observations, without the names."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.model import (
    ROOT,
    Block,
    BlockLayout,
    BlockSeries,
    BlockSubject,
    EntityId,
    EntityKey,
    EntityKind,
    Evidence,
    Reading,
    Snapshot,
)
from netwatch.native import load
from netwatch.state import Cause
from netwatch.state.blocks import named

TWINS = (None, load({}))
RX = "netwatch_interface_receive_bytes_total"
TX = "netwatch_interface_transmit_bytes_total"
ERRORS = "netwatch_interface_receive_errors_total"
PACKETS = tuple(
    f"netwatch_interface_receive_{cast}_packets_total" for cast in ("unicast", "multicast", "broadcast")
)
SPEED = "netwatch_interface_speed_bytes_per_second"
OPER = "netwatch_interface_oper_up"
UPTIME = "netwatch_device_uptime_seconds"


def make_layout(
    ports: Sequence[str],
    counters: Sequence[BlockSeries],
    gauges: Sequence[BlockSeries],
    *,
    by_row: bool = True,
) -> BlockLayout:
    """Row by row, or column by column."""
    subjects = tuple(
        BlockSubject(EntityKey(EntityKind.INTERFACE, name), str(n)) for n, name in enumerate(ports)
    )
    subject_of: list[int] = []
    series_of: list[int] = []
    for first, many in ((0, len(counters)), (len(counters), len(gauges))):
        pairs = [(p, s) for p in range(len(ports)) for s in range(first, first + many)]
        pairs.sort(key=lambda pair: pair if by_row else (pair[1], pair[0]))
        subject_of += [p for p, _ in pairs]
        series_of += [s for _, s in pairs]
    numbers = np.asarray(subject_of, dtype=np.int32), np.asarray(series_of, dtype=np.int32)
    return BlockLayout(subjects, (*counters, *gauges), *numbers, len(ports) * len(counters))


def make_block(
    source: EntityId,
    layout: BlockLayout,
    at: object,
    counters: Sequence[int | None],
    gauges: Sequence[float],
    uptime: float | None = None,
    times: Sequence[float] | None = None,
    table: str = "if",
) -> Block:
    """None for a counter that was not read."""
    return Block(
        source,
        table,
        layout,
        at,
        np.asarray([raw or 0 for raw in counters], dtype=np.uint64),
        np.asarray([raw is not None for raw in counters], dtype=np.bool_),
        np.asarray(gauges, dtype=np.float64),
        np.asarray([at.mono] * len(layout) if times is None else times),
        60.0,
        Evidence(uptime=uptime),
    )


def content(snapshot: Snapshot) -> dict[str, dict[object, tuple[object, ...]]]:
    """Everything that a column says, by series."""
    out = {}
    for name, column in snapshot.columns.items():
        exact = column.totals if column.totals is not None else column.values
        covered = column.covered if column.covered is not None else np.zeros(len(column.entities))
        lists = (exact, column.values, covered, column.rates, column.times, column.fresh)
        told = zip(*(array.tolist() for array in lists), column.origins, strict=True)
        names = [snapshot.entities[entity].name for entity in column.entities]
        keys = zip(names, column.labels, strict=True)
        out[name] = {key: tuple(map(str, told_one)) for key, told_one in zip(keys, told, strict=True)}
    return out


COUNTERS = tuple(
    BlockSeries(family, bits=bits, column=f"1.3.{n}")
    for n, (family, bits) in enumerate(
        [(RX, 32), (TX, 64), *[(family, 32) for family in PACKETS], (ERRORS, 32)]
    )
)
GAUGES = (BlockSeries(SPEED, column="1.4"), BlockSeries(OPER))
PORTS = ("Gi1", "Gi2", "Gi3")


def draw_pass(random: Random) -> tuple[float, list[int | None], list[float], str, bool]:
    """Seconds since the last pass, counters, gauges, what the uptime says, and whether it comes in names."""
    forms = (
        lambda: None,
        lambda: random.randrange(2**33),
        lambda: random.randrange(3_000_000),
        lambda: random.randrange(2**32 - 10**6, 2**32),
        lambda: 2**64 - 1,
    )
    return (
        random.choice([60.0, 60.0, 60.0, 61.5, 0.0, -30.0, 400.0]),
        [random.choices(forms, [1, 3, 6, 3, 0.2])[0]() for _ in range(18)],
        random.choices([float("nan"), 0.0, 12.5e6, 125e6, float("inf")], [1, 1, 3, 3, 0.2], k=6),
        random.choice(["on", "on", "on", "on", "restart", "none"]),
        random.random() < 0.3,
    )


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 9), st.booleans(), st.booleans(), st.sampled_from(TWINS))
def test_blocks_and_observations_are_the_same(new_world, seed, length, by_row, discovered, native):
    """Two states, one told blocks and the other what they mean in names, show the same."""
    random = Random(seed)
    history = [draw_pass(random) for _ in range(length)]
    one, two = new_world(native=native), new_world()
    worlds = [(one, one.polled("sw")[0]), (two, two.polled("sw")[0])]
    layout = make_layout(PORTS, COUNTERS, GAUGES, by_row=by_row)
    mono, uptime = one.clock.mono, 1e6
    for step, (seconds, counters, gauges, restart, mixed) in enumerate(history):
        mono += seconds
        uptime = seconds / 3 if restart == "restart" else uptime + seconds
        for blocks, (world, source) in zip((True, False), worlds, strict=True):
            world.clock.wall += mono - world.clock.mono
            world.clock.mono = mono
            told = None if restart == "none" else max(uptime, 0.0)
            block = make_block(source, layout, world.clock.now(), counters, gauges, told)
            if blocks and not mixed and (step or not discovered):
                world.state.accept_block(block)
            else:
                world.state.accept(named(block))
        first, second = content(one.state.snapshot()), content(two.state.snapshot())
        assert first == second, step


def poll(world, source, layout, counters, gauges=(), **extra):
    world.state.accept_block(make_block(source, layout, world.clock.now(), counters, gauges, **extra))


@pytest.fixture
def world(twin_world):
    return twin_world


def test_each_value_keeps_its_own_time(world):
    (switch,) = world.polled("sw")
    layout = make_layout(("Gi1", "Gi2"), [BlockSeries(RX)], [])
    start = world.clock.mono
    for step in range(3):
        times = [start + 60 * step, start + 60 * step + (2.0 if step < 2 else 5.0)]
        poll(world, switch, layout, [6000 * step, 6000 * step], times=times, uptime=100 + 60 * step)
        world.clock.tick(60)
    column = world.state.snapshot().columns[RX]
    assert column.covered.tolist() == [120, 123]
    assert column.rates.tolist() == pytest.approx([100, 6000 / 63])
    assert (column.times[1] - column.times[0]) == pytest.approx(5)


def test_a_value_that_was_not_read_grows_stale_alone(world):
    (switch,) = world.polled("sw")
    layout = make_layout(("Gi1", "Gi2"), [BlockSeries(RX)], [BlockSeries(OPER)])
    for step in range(6):
        missing = step > 0
        poll(world, switch, layout, [10 * step, None if missing else 5], [1.0, np.nan if missing else 1.0])
        world.clock.tick(60)
    columns = world.state.snapshot().columns
    assert columns[RX].fresh.tolist() == [True, False]
    assert columns[OPER].fresh.tolist() == [True, False]
    assert columns[RX].totals.tolist() == [50, 0]


def test_a_series_that_was_never_read_is_none(world):
    (switch,) = world.polled("sw")
    layout = make_layout(("Gi1", "Gi2"), [BlockSeries(RX), BlockSeries(TX)], [BlockSeries(OPER)])
    poll(world, switch, layout, [1, 1, None, 1], [1.0, np.nan])
    columns = world.state.snapshot().columns
    assert (len(columns[RX].entities), len(columns[TX].entities), len(columns[OPER].entities)) == (1, 2, 1)
    world.clock.tick(60)
    poll(world, switch, layout, [1, 1, 7, 1], [1.0, 0.0])
    columns = world.state.snapshot().columns
    assert len(columns[RX].entities) == len(columns[OPER].entities) == 2
    assert columns[RX].entities is columns[TX].entities, "equal ones are shared"
    assert columns[OPER].labels is columns[TX].labels


def test_a_late_block_never_writes_into_a_row_that_serves_another_series(world, port):
    (switch,) = world.polled("sw")
    layout = make_layout(("Gi1", "Gi2"), [BlockSeries(RX)], [BlockSeries(OPER)])
    world.tell(switch, "if", seen=[port("Gi1"), port("Gi2")], complete=True)
    poll(world, switch, layout, [100, 200], [1.0, 1.0])
    for _ in range(3):
        world.clock.tick(60)
        world.tell(switch, "if", seen=[port("Gi1")], complete=True)
    assert len(world.state.snapshot().columns[RX].entities) == 1
    world.tell(
        switch, "other", seen=[port("Gi3")], readings=[Reading(EntityKey(EntityKind.INTERFACE, "Gi3"), RX, 7)]
    )
    late = make_block(switch, layout, world.clock.now(), [150, 999], [1.0, 0.0])
    world.state.accept_block(late)
    snapshot = world.state.snapshot()
    column = snapshot.columns[RX]
    named_rows = {snapshot.entities[e].name: n for n, e in enumerate(column.entities)}
    assert column.totals[named_rows["Gi3"]] == 0
    assert column.totals[named_rows["Gi1"]] == 50
    assert len(set(column.slots.tolist())) == len(column.entities)


def test_a_restart_within_a_pass_is_judged_once(world):
    """Values that were read before the middle of the pass are not judged again in the next one."""
    (switch,) = world.polled("sw")
    layout = make_layout(("Gi1",), [BlockSeries(RX), BlockSeries(TX)], [BlockSeries(SPEED)])
    raw = [10**9, 10**9 + 6000, 600, 6600, 12600]
    for value, uptime in zip(raw, [5000, 5060, 20, 80, 140], strict=True):
        now = world.clock.tick(60)
        times = [now.mono - 1, now.mono + 1, now.mono]
        poll(world, switch, layout, [value, value], [12.5e6], uptime=uptime, times=times)
    snapshot = world.state.snapshot()
    assert snapshot.columns[RX].totals.tolist() == [6000 + 600 + 12000]
    assert snapshot.columns[RX].covered[0] == pytest.approx(60 + 20 + 120, abs=2.5)
    assert snapshot.value(switch, "netwatch_device_reboots_total") == 1


def test_who_clears_one_counter_of_a_port_clears_them_all(world):
    """The packets fell, so the bytes began at zero too, though they overtook their old value; not so the
    counters of the next port."""
    (switch,) = world.polled("sw")
    layout = make_layout(("Gi1", "Gi2"), [BlockSeries(RX), BlockSeries(PACKETS[0])], [BlockSeries(SPEED)])
    for counters in ([4_000, 9 * 10**9, 4_000, 9 * 10**9], [90_000, 70, 90_000, 9 * 10**9 + 70]):
        world.clock.tick(60)
        poll(world, switch, layout, counters, [125e6, 125e6], uptime=1e6 + world.clock.mono)
    column = world.state.snapshot().columns[RX]
    assert column.totals.tolist() == [0, 86_000]
    assert column.covered.tolist() == [0, 60]
    assert world.state.why(column.entities[0], RX) is Cause.RESET


def test_a_correction_of_an_error_counter_is_no_clear(world):
    (switch,) = world.polled("sw")
    layout = make_layout(("Gi1",), [BlockSeries(RX), BlockSeries(ERRORS)], [BlockSeries(SPEED)])
    for counters in ([4_000, 5], [90_000, 4]):
        world.clock.tick(60)
        poll(world, switch, layout, counters, [125e6], uptime=1e6 + world.clock.mono)
    assert world.state.snapshot().columns[RX].totals.tolist() == [86_000]


@pytest.mark.parametrize(
    ("unicast", "total"), [(70_000_000, 3_000_000_000 + 2**32), (10_000_000, None)], ids=["least", "both fit"]
)
def test_unicast_alone_tells_the_least_that_a_narrow_counter_counted(world, unicast, total):
    """70 million frames of 60 octets or more are no 3 GB, and two more wraps are beyond the line."""
    (switch,) = world.polled("sw")
    series = [BlockSeries(RX, bits=32), BlockSeries(PACKETS[0], bits=32)]
    layout = make_layout(("Gi1",), series, [BlockSeries(SPEED)])
    for counters in ([0, 0], [3_000_000_000, unicast]):
        world.clock.tick(60)
        poll(world, switch, layout, counters, [125e6], uptime=1e6 + world.clock.mono)
    column = world.state.snapshot().columns[RX]
    assert column.covered.tolist() == [60 if total else 0]
    assert column.totals.tolist() == [min(total, 60 * 125_000_000) if total else 0]


def test_foreign_subjects_and_scalars_are_taken_by_name(world, child):
    one, two = world.polled("one", "two")
    key = EntityKey(EntityKind.DEVICE, "ap")
    numbers = np.asarray([0, 1], dtype=np.int32), np.asarray([0, 0], dtype=np.int32)
    layout = BlockLayout(
        (BlockSubject(key, "1"), BlockSubject(ROOT, "")), (BlockSeries(UPTIME),), *numbers, 0
    )
    for source in (one, two):
        world.tell(source, "aps", seen=[child("ap", mac="00:1a:2b:3c:4d:5e")])
    for up in (1000.0, 1060.0, 15.0):
        world.clock.tick(60)
        world.state.accept_block(make_block(one, layout, world.clock.now(), [], [up, 1e6 + world.clock.mono]))
    snapshot = world.state.snapshot()
    ap = world.find(EntityKind.DEVICE, "ap")
    assert snapshot.value(ap, "netwatch_device_reboots_total") == 1
    assert snapshot.value(one, "netwatch_device_reboots_total") == 0


def test_an_uptime_in_a_block_counts_reboots(world):
    (switch,) = world.polled("sw")
    numbers = np.zeros(1, dtype=np.int32), np.zeros(1, dtype=np.int32)
    layout = BlockLayout((BlockSubject(ROOT, ""),), (BlockSeries(UPTIME, column="1.3.0"),), *numbers, 0)
    for up in (1000.0, 1060.0, 15.0):
        world.clock.tick(60)
        poll(world, switch, layout, [], [up])
    snapshot = world.state.snapshot()
    assert snapshot.value(switch, "netwatch_device_reboots_total") == 1
    assert snapshot.columns[UPTIME].origins == ("1.3.0",)


async def test_a_gentle_snapshot_is_a_snapshot(world):
    (switch,) = world.polled("sw")
    layout = make_layout(PORTS, COUNTERS, GAUGES)
    for step in range(3):
        poll(world, switch, layout, [1000 * step] * 18, [125e6] * 6, uptime=1000 + 60 * step)
        world.clock.tick(60)
    assert content(await world.state.snapshot_gently()) == content(world.state.snapshot())


def test_a_snapshot_of_blocks_goes_to_worker_processes(world):
    (switch,) = world.polled("sw")
    poll(world, switch, make_layout(PORTS, COUNTERS, GAUGES), list(range(18)), [125e6] * 6)
    snapshot = world.state.snapshot()
    assert content(pickle.loads(pickle.dumps(snapshot))) == content(snapshot)
    assert snapshot.columns[RX].origins[1] == "1.3.0.1"
    assert snapshot.columns[RX].origins[-1] == "1.3.0.2"
    assert snapshot.columns[OPER].origins == ("", "", "")


def test_a_layout_that_changes_keeps_the_series(world):
    (switch,) = world.polled("sw")
    for step, by_row in enumerate((True, False, True)):
        layout = make_layout(PORTS if by_row else (*PORTS, "Gi4"), COUNTERS, GAUGES, by_row=by_row)
        size = len(layout.subjects)
        poll(world, switch, layout, [1000 * step] * 6 * size, [125e6] * 2 * size, uptime=1000 + 60 * step)
        world.clock.tick(60)
    column = world.state.snapshot().columns[TX]
    assert column.totals.tolist() == [2000, 2000, 2000, 0]
    assert column.origins[3] == "1.3.1.3"
