"""What was used equals a naive count over the same readings; rooms with few clients tell nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.app.utilisation import keep_frame, read_frame, utilisation
from netwatch.calendars import Calendars
from netwatch.errors import PlanningError
from netwatch.history import SegmentStore
from netwatch.model import (
    EntityId,
    GaugeBlock,
    Place,
    PlaceId,
    PlaceKind,
    Places,
    SchoolFacts,
    SeriesHistory,
    load_catalogue,
    percentile,
)
from netwatch.planning.utilisation import (
    Frame,
    Group,
    Level,
    frame_from_json,
    frame_to_json,
    measure_utilisation,
    utilisation_report,
)
from netwatch.planning.utilisation.frame import Thing

AIRTIME, CLIENTS = "netwatch_radio_airtime_ratio", "netwatch_radio_clients"
START = int(datetime(2026, 9, 14, tzinfo=UTC).timestamp())
DAY = 86_400
CALENDARS = Calendars()


def places() -> Places:
    district = Place(PlaceId("d"), PlaceKind.DISTRICT, "Maple", None)
    school = Place(PlaceId("d/s"), PlaceKind.SCHOOL, "Lincoln", district.id, SchoolFacts())
    rooms = [Place(PlaceId(f"d/s/{name}"), PlaceKind.ROOM, name, school.id) for name in ("a", "b")]
    return Places({one.id: one for one in (district, school, *rooms)})


def frame() -> Frame:
    rooms = (PlaceId("d/s/a"), PlaceId("d/s/b"), None)
    airtime = {EntityId(f"r{n}"): (Thing(Group.AIRTIME, place, 1.0),) for n, place in enumerate(rooms)}
    clients = {EntityId(f"r{n}"): (Thing(Group.CLIENTS, place, 1.0),) for n, place in enumerate(rooms)}
    return Frame("Maple", places(), {AIRTIME: airtime, CLIENTS: clients})


class Memory:
    def __init__(self, rows: Sequence[SeriesHistory]) -> None:
        self.rows = rows

    def read(
        self, family: str, start: float, end: float, entities: Sequence[EntityId] | None = None
    ) -> Iterator[SeriesHistory]:
        for row in self.rows:
            if row.family == family and (entities is None or row.entity in entities):
                chosen = (row.starts >= start) & (row.starts < end)
                yield SeriesHistory(
                    row.family, row.entity, row.labels, row.starts[chosen], row.widths[chosen],
                    row.values[chosen], row.peaks[chosen], row.coverage[chosen], row.simulated,
                )  # fmt: skip


def series(
    family: str, entity: str, values: Sequence[float], *, width: int = 3600, label: str = ""
) -> SeriesHistory:
    array = np.asarray(values, dtype=float)
    starts = START + np.arange(array.size, dtype=np.int64) * width
    widths = np.full(array.size, width, dtype=np.int64)
    coverage = np.where(np.isfinite(array), 1.0, 0.0)
    return SeriesHistory(
        family, EntityId(entity), (label,), starts, widths, array, array, coverage, simulated=True
    )


shares = st.lists(st.floats(0, 1.2) | st.just(float("nan")), min_size=48, max_size=48)


@settings(max_examples=40, deadline=None)
@given(shares)
def test_one_radio_equals_the_exact_percentile_to_a_tenth_of_a_point(values: list[float]) -> None:
    one = series(AIRTIME, "r0", values, label="all")
    used = measure_utilisation(
        frame(), Memory([one]), CALENDARS, start=START, end=START + 2 * DAY, level=Level.ROOM
    )
    known = np.asarray(values)[np.isfinite(values)]
    if not known.size:
        assert used == ()
        return
    (row,) = used
    assert (row.place.id if row.place else "", row.group) == ("d/s/a", Group.AIRTIME)
    exact = percentile(one, 95)
    assert exact is not None
    assert row.always.p95 == pytest.approx(min(exact, 1.0), abs=0.0011)
    assert row.always.mean == pytest.approx(known.mean())
    assert row.always.seconds == known.size * 3600
    assert row.largest == known.max()
    lessons = CALENDARS.default.mask(one.starts, one.widths) >= 0.5
    in_class = percentile(one, 95, lessons)
    if in_class is None:
        assert row.lessons.p95 is None
    else:
        assert row.lessons.p95 == pytest.approx(min(in_class, 1.0), abs=0.0011)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 40), min_size=24, max_size=24), min_size=3, max_size=3))
def test_clients_of_a_place_are_summed_moment_by_moment(counts: list[list[int]]) -> None:
    rows = [series(CLIENTS, f"r{n}", [float(one) for one in values]) for n, values in enumerate(counts)]
    noise = series(CLIENTS, "r0", [1000.0] * 24, label="guests")  # an SSID of the same radio
    window = {"start": START, "end": START + DAY}
    (school, unknown) = sorted(
        measure_utilisation(frame(), Memory([*rows, noise]), CALENDARS, **window, level=Level.SCHOOL),
        key=lambda one: one.place is None,
    )
    together = np.asarray(counts[0]) + np.asarray(counts[1])
    assert school.things == 2
    assert school.largest == together.max()
    assert school.always.mean == pytest.approx(together.mean())
    assert school.always.p95 == np.sort(together)[int(np.ceil(24 * 0.95)) - 1]
    assert unknown.place is None
    assert unknown.largest == max(counts[2])


def test_rooms_with_few_clients_tell_nothing_and_schools_do() -> None:
    rows = [series(CLIENTS, "r0", [3.0] * 24), series(CLIENTS, "r1", [4.0] * 23 + [9.0])]
    day = date(2026, 9, 14)
    told = {}
    for level in (Level.ROOM, Level.SCHOOL):
        used = measure_utilisation(
            frame(), Memory(rows), CALENDARS, start=START, end=START + DAY, level=level
        )
        report = utilisation_report(used, at=START + DAY, first=day, last=day, level=level)
        sheet = report.sheets[0]
        told[level] = [
            dict(zip([c.key for c in sheet.columns], row.cells, strict=True)) for row in sheet.rows
        ]
        assert report.simulated
    a, b = told[Level.ROOM]
    assert (a["mean"], a["p95"], a["max"], a["note"]) == (None, None, None, "not told where under 5")
    assert (b["mean"], b["max"]) == (None, 9.0)
    assert told[Level.SCHOOL][0]["mean"] == pytest.approx((3 * 24 + 4 * 23 + 9) / 24, abs=1e-3)


def test_what_series_belong_to_comes_back_and_damage_is_told(tmp_path: Path) -> None:
    assert frame_from_json(json.loads(json.dumps(frame_to_json(frame())))) == frame()
    with pytest.raises(PlanningError, match="let it run"):
        read_frame(tmp_path)
    keep_frame(tmp_path, frame())
    assert read_frame(tmp_path) == frame()
    (tmp_path / "utilisation.json").write_text("{}")
    with pytest.raises(PlanningError, match="use the netwatch that wrote it"):
        read_frame(tmp_path)
    (tmp_path / "utilisation.json").write_text('{"schema": "netwatch-utilisation-frame/1"}')
    with pytest.raises(PlanningError, match="is damaged"):
        read_frame(tmp_path)


def test_a_folder_of_history_is_read_across_months(tmp_path: Path) -> None:
    store = SegmentStore(tmp_path, load_catalogue())
    start = int(datetime(2026, 9, 30, tzinfo=UTC).timestamp())
    values = np.full((1, 2 * 288), 0.5)
    full = np.full_like(values, 300.0)
    store.append(GaugeBlock(AIRTIME, (EntityId("r0"),), (("all",),), start, 300, values, values, full))
    store.close()
    keep_frame(tmp_path, frame())
    days = date(2026, 9, 30), date(2026, 10, 1)
    report = utilisation(tmp_path, CALENDARS, *days, Level.SCHOOL, now=start + 10 * DAY)
    (row,) = report.sheets[0].rows
    assert row.cells[report.sheets[0].place("p95")] == 0.5
    assert row.cells[report.sheets[0].place("hours")] == pytest.approx(48, abs=6)  # days of the district
    with pytest.raises(PlanningError, match="swap the days"):
        utilisation(tmp_path, CALENDARS, days[1], days[0], Level.SCHOOL, now=start + DAY)
    with pytest.raises(PlanningError, match="nothing was measured"):
        utilisation(tmp_path, CALENDARS, date(2020, 1, 1), date(2020, 1, 2), Level.SCHOOL, now=start + DAY)
