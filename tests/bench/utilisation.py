"""How long utilisation takes, and how much memory: `python -m tests.bench.utilisation [DEVICES] [DAYS]`.

The history is made up as it is read, so that what is measured is the measuring.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator, Sequence

import numpy as np

from netwatch.calendars import Calendars
from netwatch.model import EntityId, Place, PlaceId, PlaceKind, Places, SchoolFacts, SeriesHistory
from netwatch.planning.utilisation import Frame, Group, Level, measure_utilisation
from netwatch.planning.utilisation.frame import Thing

START = 1_785_542_400  # 2026-08-01
_PARTS = (
    ("netwatch_radio_airtime_ratio", Group.AIRTIME, 2, ("all",)),
    ("netwatch_radio_clients", Group.CLIENTS, 2, ("",)),
    ("netwatch_interface_receive_bytes_total", Group.UPLINK_IN, 1, ()),
    ("netwatch_interface_transmit_bytes_total", Group.UPLINK_OUT, 1, ()),
)


class MadeUp:
    """Every five minutes of every series."""

    def __init__(self, labels: dict[str, tuple[str, ...]]) -> None:
        self._labels = labels

    def read(
        self, family: str, start: float, end: float, entities: Sequence[EntityId] | None = None
    ) -> Iterator[SeriesHistory]:
        starts = np.arange(int(start) // 300 * 300, int(end), 300, dtype=np.int64)
        widths, coverage = np.full(starts.size, 300, dtype=np.int64), np.ones(starts.size)
        rng = np.random.default_rng(7)
        for entity in entities or ():
            values = rng.random(starts.size)
            yield SeriesHistory(
                family, entity, self._labels[family], starts, widths, values, values, coverage, simulated=True
            )


def district(devices: int) -> Frame:
    top = Place(PlaceId("d"), PlaceKind.DISTRICT, "d", None)
    known = {top.id: top}
    rooms = []
    for number in range(max(1, devices // 2)):
        school = PlaceId(f"d/s{number // 50}")
        known.setdefault(school, Place(school, PlaceKind.SCHOOL, str(school), top.id, SchoolFacts()))
        room = Place(PlaceId(f"{school}/r{number}"), PlaceKind.ROOM, f"r{number}", school)
        known[room.id] = room
        rooms.append(room.id)
    things: dict[str, dict[EntityId, tuple[Thing, ...]]] = {}
    for family, group, count, _ in _PARTS:
        things[family] = {
            EntityId(f"{number}.{part}"): (Thing(group, rooms[number % len(rooms)], 1.0),)
            for number in range(devices)
            for part in range(count)
        }
    return Frame("d", Places(known), things)


def main(devices: int, days: int) -> None:
    history = MadeUp({family: labels for family, _, _, labels in _PARTS})
    frame = district(devices)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for level in Level:
        began = time.process_time()
        used = measure_utilisation(
            frame, history, Calendars(), start=START, end=START + days * 86_400, level=level
        )
        seconds = time.process_time() - began
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{devices:,} devices, {days} days, by {level}: {len(used):,} rows, {seconds:.0f} s of CPU, "
            f"{after - before:.0f} MB more than before"
        )


if __name__ == "__main__":
    main(*(int(word) for word in (sys.argv[1:] or ("10000", "31"))))
