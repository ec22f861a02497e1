"""Blocks against observations: the readings of both ways from the same answers."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence

import numpy as np

from netwatch.model import Block, EntityId, EntityKey, Instant, Observation, SnmpValue
from netwatch.profiles import BlockMemory, TablePlan
from netwatch.wire import Fetched
from netwatch.wire.fetched import fetched_from

AT = Instant(1_700_000_000.0, 50.0)
ID = EntityId("d1")

Found = dict[tuple[EntityKey, str, tuple[str, ...]], float]


def by_block(block: Block) -> Found:
    layout, found = block.layout, {}
    for at in range(len(layout)):
        subject, series = layout.subjects[layout.subject_of[at]], layout.series[layout.series_of[at]]
        if at < layout.counters:
            value = int(block.counters[at]) if block.counted[at] else math.nan
        else:
            value = float(block.gauges[at - layout.counters])
        if not math.isnan(value):
            key = (subject.key, series.family, series.labels)
            assert key not in found, "a series stands in one place"
            found[key] = value
    return found


def by_observation(observation: Observation) -> Found:
    found: Found = {}
    for one in observation.readings:
        found.setdefault((one.subject, one.family, one.labels), one.value)
    return found


def differences(plan: TablePlan, block: Block, observation: Observation) -> list[str]:
    """What one way tells and the other does not, or otherwise."""
    one, other = by_block(block), by_observation(observation)
    out = [
        f"{plan.name} {key}: block {one.get(key)}, observation {other.get(key)}"
        for key in one.keys() | other.keys()
        if key not in one or key not in other or not same(one[key], other[key])
    ]
    series = {
        (block.layout.subjects[s].key, block.layout.series[f].family, block.layout.series[f].labels): (
            block.layout.series[f].bits,
            block.layout.origin(at),
        )
        for at, (s, f) in enumerate(
            zip(block.layout.subject_of.tolist(), block.layout.series_of.tolist(), strict=True)
        )
    }
    seen: set[object] = set()
    for reading in observation.readings:
        key = (reading.subject, reading.family, reading.labels)
        if key not in seen and key in series and series[key][0] != reading.bits:
            out.append(f"{plan.name} {key}: {series[key]}, observation {reading.bits} bits")
        seen.add(key)
    return out


def same(one: float, other: float) -> bool:
    if isinstance(one, int) and isinstance(other, int):
        return one == other % (1 << 64)
    return math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-300)


def passes(plan: TablePlan, answers: Sequence[Mapping[str, SnmpValue]]) -> list[str]:
    """One device's passes over a table, both ways."""
    reader, oids = plan.blocks, plan.oids
    assert reader is not None
    memory: BlockMemory | None = None
    out: list[str] = []
    for number, answer in enumerate(answers):
        told = {oid: answer[oid] for oid in oids if answer.get(oid) is not None}
        fetched = fetched_from(oids, told, 50.0)
        block, memory = reader.read(fetched, memory, source=ID, at=AT, interval=60.0)
        observation = plan.observe(told, ID, AT, 60.0)
        out += [f"pass {number}: {line}" for line in differences(plan, block, observation)]
        assert len(block.times) == len(block.layout)
        assert not np.isnan(block.times).any()
    return out


def changed(answer: Mapping[str, SnmpValue], rng: random.Random, share: float) -> dict[str, SnmpValue]:
    """The same agent later, and not at its best."""
    out = dict(answer)
    for oid, value in answer.items():
        if rng.random() < share:
            out[oid] = other_value(value, rng)
    return out


def other_value(value: SnmpValue, rng: random.Random) -> SnmpValue:
    number = value if isinstance(value, int) else 7
    return rng.choice(
        [
            None,
            number + 1,
            number + rng.randrange(1 << 20),
            -5,
            -(1 << 31),
            0,
            1,
            2,
            3,
            (1 << 32) - 1,
            (1 << 64) - 1,
            b"12.5 V",
            b"",
            b"up",
            str(number).encode(),
            2.5,
            b"\x9f\x78\x04\x42\x48\x00\x00",
        ]
    )


def cut(fetched: Fetched, stop: int) -> Fetched:
    """An agent that stopped in mid-way."""
    kinds, values, times = fetched.kinds.copy(), fetched.values.copy(), fetched.times.copy()
    kinds[stop:], values[stop:], times[stop:] = 0, 0, np.nan
    return Fetched(values, kinds, times, {at: v for at, v in fetched.others.items() if at < stop})
