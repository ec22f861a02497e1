"""Counters go on over a restart of netwatch, as far as the evidence allows."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from netwatch.errors import StoreError
from netwatch.model import (
    Block,
    BlockLayout,
    BlockSeries,
    BlockSubject,
    EntityKey,
    EntityKind,
    Evidence,
    Reading,
)
from netwatch.state import Cause
from netwatch.state.persist import decode_pages, encode_pages

RX = "netwatch_interface_receive_bytes_total"
SPEED = "netwatch_interface_speed_bytes_per_second"
LAYOUT = BlockLayout(
    tuple(BlockSubject(EntityKey(EntityKind.INTERFACE, f"Gi{n}"), str(n)) for n in range(3)),
    (BlockSeries(RX, column="1.3"), BlockSeries(SPEED)),
    np.asarray([0, 1, 2, 0, 1, 2], dtype=np.int32),
    np.asarray([0, 0, 0, 1, 1, 1], dtype=np.int32),
    3,
)


def poll(world, source, raw: int, uptime: float | None) -> None:
    at = world.clock.now()
    world.state.accept_block(
        Block(
            source,
            "if",
            LAYOUT,
            at,
            np.full(3, raw, dtype=np.uint64),
            np.ones(3, dtype=np.bool_),
            np.full(3, 12.5e6),
            np.full(6, at.mono),
            60.0,
            Evidence(uptime=uptime),
        )
    )


def live(world) -> bytes:
    """Three polls of one switch, 600 bytes a minute; what is kept of them."""
    (switch,) = world.polled("sw")
    for step in range(3):
        poll(world, switch, 1000 + 600 * step, 5000 + 60 * step)
        world.clock.tick(60)
    return b"".join(encode_pages(world.state.export_counters()))


def restart(world, data: bytes, *, down: float, mono: float = 17.0) -> None:
    """The program starts again `down` seconds after the last poll, on another monotonic clock."""
    world.clock.wall += down - 60
    world.clock.mono = mono
    world.restart()
    assert world.state.import_counters(decode_pages(data)) == 1
    world.polled("sw")


def test_what_still_waits_is_kept_over_a_second_restart(world):
    """The program stops again before the device was polled."""
    data = live(world)
    restart(world, data, down=120)
    again = b"".join(encode_pages(world.state.export_counters()))
    world.clock.tick(60)
    restart(world, again, down=60, mono=900.0)
    poll(world, world.find(EntityKind.DEVICE, "sw"), 1000 + 600 * 5, 5000 + 60 * 5)
    column = world.state.snapshot().columns[RX]
    assert column.totals.tolist() == [600 * 5] * 3
    assert column.covered.tolist() == pytest.approx([300] * 3)


def test_the_first_poll_after_a_restart_already_tells_an_increase(world):
    data = live(world)
    restart(world, data, down=300)
    poll(world, world.find(EntityKind.DEVICE, "sw"), 1000 + 600 * 7, 5000 + 60 * 7)
    column = world.state.snapshot().columns[RX]
    assert column.totals.tolist() == [600 * 7] * 3
    assert column.covered.tolist() == pytest.approx([420] * 3)
    assert column.rates.tolist() == pytest.approx([10] * 3)
    assert column.fresh.all()
    assert column.times.tolist() == pytest.approx([world.clock.wall] * 3)


def test_the_same_with_readings_that_have_names(world):
    (switch,) = world.polled("sw")
    key = EntityKey(EntityKind.INTERFACE, "Gi0")
    for step in range(2):
        world.tell(switch, "if", readings=[Reading(key, RX, 600 * step)], uptime=5000 + 60 * step)
        world.clock.tick(60)
    restart(world, b"".join(encode_pages(world.state.export_counters())), down=120)
    switch = world.find(EntityKind.DEVICE, "sw")
    world.tell(switch, "if", readings=[Reading(key, RX, 1800)], uptime=5180)
    column = world.state.snapshot().columns[RX]
    assert (column.totals.tolist(), column.covered.tolist()) == ([1800], pytest.approx([180]))


def test_devices_that_are_alike_go_on_from_their_own_totals(world):
    """Three of one build, of which the journal numbered the ports in another order for one."""
    names, keys = ("a", "b", "c"), [EntityKey(EntityKind.INTERFACE, f"Gi{n}") for n in range(3)]
    for number, switch in enumerate(world.polled(*names)):
        told = keys[::-1] if number == 2 else keys
        world.tell(switch, "names", readings=[Reading(key, SPEED, 1.0) for key in told])
    for step in range(2):
        for number, switch in enumerate(world.polled(*names), 1):
            readings = [Reading(key, RX, 100 * number * n * step) for n, key in enumerate(keys, 1)]
            world.tell(switch, "if", readings=readings, uptime=5000 + 60 * step)
        world.clock.tick(60)
    data = b"".join(encode_pages(world.state.export_counters()))
    world.restart()
    assert world.state.import_counters(decode_pages(data)) == 3
    for number, switch in enumerate(world.polled(*names), 1):
        shown = keys[:2] if number == 2 else keys
        readings = [Reading(key, RX, 200 * number * n) for n, key in enumerate(shown, 1)]
        world.tell(switch, "if", readings=readings, uptime=5120)
    snapshot = world.state.snapshot()
    totals = {
        (snapshot.entities[snapshot.entities[entity].device].name, snapshot.entities[entity].natural): total
        for entity, total in zip(
            snapshot.columns[RX].entities, snapshot.columns[RX].totals.tolist(), strict=True
        )
    }
    assert totals == {
        (name, key.natural): 200 * number * n
        for number, name in enumerate(names, 1)
        for n, key in enumerate(keys, 1)
        if (name, n) != ("b", 3)
    }
    world.clock.tick(60)
    late = world.find(EntityKind.DEVICE, "b")
    world.tell(late, "if", readings=[Reading(keys[2], RX, 200 * 2 * 3 + 50)], uptime=5180)
    gi2 = next(e for e in world.state.snapshot().entities.values() if e.device == late and e.natural == "Gi2")
    assert world.state.snapshot().value(gi2.id, RX) == 200 * 2 * 3 + 50


@pytest.mark.parametrize(
    ("uptime", "why"),
    [
        (None, "no evidence"),
        (5000 + 120 + 3600, "the wall clock went back by an hour while nobody looked"),
        (5000 + 120 + 60, "the wall clock went ahead"),
    ],
)
def test_what_nothing_confirms_is_unknown_but_totals_go_on(world, uptime, why):
    data = live(world)
    restart(world, data, down=300)
    switch = world.find(EntityKind.DEVICE, "sw")
    poll(world, switch, 9000, uptime)
    column = world.state.snapshot().columns[RX]
    assert column.totals.tolist() == [1200] * 3, why
    assert column.covered.tolist() == pytest.approx([120] * 3)
    assert np.isnan(column.rates).all()
    assert world.state.why(column.entities[0], RX) is Cause.FIRST
    world.clock.tick(60)
    poll(world, switch, 9600, None if uptime is None else uptime + 60)
    assert world.state.snapshot().columns[RX].totals.tolist() == [1800] * 3


def test_a_device_that_restarted_meanwhile_is_judged_as_restarted(world):
    data = live(world)
    restart(world, data, down=300)
    poll(world, world.find(EntityKind.DEVICE, "sw"), 400, 100)
    snapshot = world.state.snapshot()
    column = snapshot.columns[RX]
    assert column.totals.tolist() == [1200 + 400] * 3
    assert column.covered.tolist() == pytest.approx([120 + 100] * 3)
    assert snapshot.value(world.find(EntityKind.DEVICE, "sw"), "netwatch_device_reboots_total") == 1
    reboots = snapshot.columns["netwatch_device_reboots_total"]
    assert reboots.rates.tolist()[0] > 0, "rules see that it restarted"


def test_pages_are_bytes_and_back(world):
    data = live(world)
    (page,) = decode_pages(data)
    assert sorted(page.families) == ["netwatch_device_reboots_total", RX]
    assert sorted(page.totals.tolist()) == [0, 1200, 1200, 1200]
    assert b"".join(encode_pages([page])) == data


def test_a_file_that_is_cut_off_newer_or_damaged_is_refused(world):
    data = live(world)
    for size in range(len(data)):
        with pytest.raises(StoreError):
            list(decode_pages(data[:size]))
    newer = data[:8] + struct.pack("<I", 2) + data[12:]
    with pytest.raises(StoreError, match="version 2; this program reads version 1"):
        list(decode_pages(newer))
    for at in (0, 13, 30, len(data) // 2, len(data) - 1):
        broken = bytearray(data)
        broken[at] ^= 0x55
        with pytest.raises(StoreError):
            list(decode_pages(bytes(broken)))
    with pytest.raises(StoreError, match="damaged"):
        list(decode_pages(data + b"more"))
