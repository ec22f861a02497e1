"""One pass shows every plan what it would have read by itself, and reads each family once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.model import EntityId, SeriesHistory
from netwatch.planning.basis import Reading

HOUR = 3600
ENTITIES = [EntityId(name) for name in "abcd"]


class History:
    """A few series each; every third bucket of `c` is missing, and what `d` had at first was made up."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float, float, tuple[EntityId, ...] | None]] = []

    def read(
        self, family: str, start: float, end: float, entities: Sequence[EntityId] | None = None
    ) -> Iterator[SeriesHistory]:
        self.asked.append((family, start, end, None if entities is None else tuple(entities)))
        for entity in ENTITIES if entities is None else entities:
            starts = np.arange(0, 100 * HOUR, HOUR, dtype=np.int64)
            starts = np.concatenate([starts[:40], np.arange(40 * HOUR, 60 * HOUR, 900), starts[60:]])
            widths = np.where((starts >= 40 * HOUR) & (starts < 60 * HOUR), 900, HOUR)
            kept = (starts >= start) & (starts < end)
            if entity == "c":
                kept &= starts // HOUR % 3 != 0
            values = np.sin(starts + len(family) + ord(entity))[kept]
            if kept.any():
                yield SeriesHistory(
                    family, entity, (), starts[kept], widths[kept], values, values, np.ones(values.size),
                    bool(entity == "d" and (starts[kept] < 30 * HOUR).any()),
                )  # fmt: skip


def same(one: SeriesHistory, other: SeriesHistory) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in (f.name for f in fields(one))
    )


wishes = st.lists(
    st.tuples(
        st.sampled_from(["f", "gg"]),
        st.floats(-5, 105).map(lambda hour: hour * HOUR),
        st.floats(0, 80).map(lambda hours: hours * HOUR),
        st.none() | st.sets(st.sampled_from(ENTITIES)),
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(wishes)
def test_everybody_sees_what_reading_alone_gives(asked) -> None:
    reading, history = Reading(), History()
    seen: list[list[SeriesHistory]] = [[] for _ in asked]
    for (family, start, length, entities), into in zip(asked, seen, strict=True):
        reading.want(family, start, start + length, into.append, entities)
    reading.read(history)
    for (family, start, length, entities), found in zip(asked, seen, strict=True):
        chosen = None if entities is None else sorted(entities)
        alone = list(History().read(family, start, start + length, chosen)) if chosen != [] else []
        assert len(found) == len(alone)
        for one, other in zip(found, alone, strict=True):
            assert same(one, other), one.entity


def test_a_family_is_read_once() -> None:
    reading, history = Reading(), History()
    for start in (0, 50 * HOUR, 20 * HOUR):
        reading.want("f", start, 100 * HOUR, lambda series: None, ["a"])
    reading.want("f", 0, 10 * HOUR, lambda series: None, ["b"])
    reading.want("gg", 0, HOUR, lambda series: None)
    reading.read(history)
    assert history.asked == [("f", 0, 100 * HOUR, ("a", "b")), ("gg", 0, HOUR, None)]


def test_whose_series_they_are_may_depend_on_what_was_seen_before() -> None:
    reading, history, seen = Reading(), History(), Counter[str]()
    large: list[EntityId] = []

    def first(series: SeriesHistory) -> None:
        if series.values[0] > 0:
            large.append(series.entity)

    reading.want("f", 0, 10 * HOUR, first)
    reading.want("gg", 0, 10 * HOUR, lambda series: seen.update([series.entity]), lambda: large)
    reading.read(history)
    assert large
    assert set(seen) == set(large) < set(ENTITIES)


def test_nobody_is_asked_for_nothing() -> None:
    reading, history = Reading(), History()
    reading.want("f", 0, 10, lambda series: None, [])
    reading.read(history)
    assert history.asked == []


def test_what_was_invented_long_ago_does_not_taint_what_stands_on_today() -> None:
    reading, told = Reading(), {}
    for name, start in (("long", 0), ("short", 40 * HOUR)):

        def take(series: SeriesHistory, name: str = name) -> None:
            told[name] = series.simulated

        reading.want("f", start, 100 * HOUR, take, ["d"])
    reading.read(History())
    assert told == {"long": True, "short": False}


def test_a_piece_is_no_copy_of_another_series() -> None:
    reading, found = Reading(), []
    reading.want("f", 10 * HOUR, 20 * HOUR, found.append, ["a"])
    reading.want("f", 0, 100 * HOUR, lambda series: None, ["a"])
    reading.read(History())
    assert found[0].starts.tolist() == [hour * HOUR for hour in range(10, 20)]
    assert replace(found[0], values=found[0].values).until == 20 * HOUR
