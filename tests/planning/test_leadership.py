"""The monthly page: each month counts its own class time, and what nobody measured is unknown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from netwatch.calendars import Calendars
from netwatch.documents import parse_yaml
from netwatch.errors import ConfigError
from netwatch.model import (
    Entity,
    EntityId,
    EntityKind,
    Instant,
    Inventory,
    Places,
    Report,
    ReportColumn,
    ReportRow,
    SeriesHistory,
    Sheet,
    Show,
    Snapshot,
)
from netwatch.planning import gather
from netwatch.planning.leadership import (
    Month,
    Months,
    leadership_report,
    load_leadership_policy,
    measure_leadership,
)
from netwatch.planning.leadership.measure import month_starts
from netwatch.resources import config_dir

POLICY = load_leadership_policy(config_dir() / "planning" / "leadership.yaml")

AT = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
NAME = ReportColumn("name", "N")
UP, SWITCH = "netwatch_device_up", EntityId("sw")
AIRTIME = "netwatch_radio_airtime_ratio"
MONTH = Month(date(2026, 11, 1), 990.0, 1000.0, 7200.0, 1e6, 0.0, 1e6, 4)


def table(report: Report, name: str) -> list[dict[str, object]]:
    sheet = report.sheet(name)
    return [dict(zip([one.key for one in sheet.columns], row.cells, strict=True)) for row in sheet.rows]


def test_months_are_those_of_the_calendar() -> None:
    starts = month_starts(datetime(2026, 2, 3, tzinfo=UTC).timestamp(), 6)
    assert starts == [date(2025, month, 1) for month in (9, 10, 11, 12)] + [
        date(2026, 1, 1),
        date(2026, 2, 1),
    ]


def test_what_was_not_measured_is_unknown_and_never_0() -> None:
    nothing = Month(date(2026, 10, 1), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, None)
    made = leadership_report(Months((MONTH, nothing), True, 0.8, 0.8), {}, POLICY, at=AT)
    latest, before = table(made, "months")
    assert latest == {
        "month": "2026-11", "availability": 0.99, "links_full": 7200.0, "radios_full": 0.0, "pages": 4,
    }  # fmt: skip
    assert before == {
        "month": "2026-10", "availability": None, "links_full": None, "radios_full": None, "pages": None,
    }  # fmt: skip
    assert made.simulated
    assert [sheet.name for sheet in made.sheets] == ["months"]


def test_other_plans_give_their_most_important_lines() -> None:
    ranked = Sheet(
        "ranking",
        "R",
        (
            ReportColumn("name", "N"),
            ReportColumn("rank", "R", Show.COUNT),
            ReportColumn("score", "S", Show.POINTS),
        ),
        tuple(ReportRow(f"k{n}", (f"sw-{n}", n, 90.0 - n)) for n in range(1, 9)),
    )
    full = Sheet(
        "things",
        "T",
        (
            ReportColumn("name", "N"),
            ReportColumn("low", "L", Show.DATE),
            ReportColumn("full", "M", Show.DATE),
        ),
        (
            ReportRow("late", ("late", date(2027, 1, 1), date(2029, 1, 1))),
            ReportRow("soon", ("soon", date(2027, 1, 1), date(2027, 3, 1))),
            ReportRow("never", ("never", None, None)),
        ),
    )
    reports = {
        "replacements": Report("replacements", "R", AT, (ranked,)),
        "capacity": Report("capacity", "C", AT, (full,), simulated=True),
    }
    made = leadership_report(Months((MONTH,), False, 0.8, 0.8), reports, POLICY, at=AT)
    assert [row["name"] for row in table(made, "replace")] == [f"sw-{n}" for n in range(1, 6)]
    assert [row["name"] for row in table(made, "full")] == ["soon"]
    assert made.simulated
    empty = replace(reports["capacity"], sheets=(replace(full, rows=()),))
    none = leadership_report(Months((MONTH,), False, 0.8, 0.8), {"capacity": empty}, POLICY, at=AT)
    assert none.sheet("full").notes == ("Nothing is expected to be full within a year.",)


@pytest.mark.parametrize("width", [300, 3600])
def test_class_time_counts_in_the_month_that_it_is_in(width: int) -> None:
    count = 40 * 86_400 // width  # from 11 October on
    starts = (int(AT) // width - count + np.arange(count, dtype=np.int64)) * width
    values = np.where(starts >= datetime(2026, 11, 1, tzinfo=UTC).timestamp(), 1.0, 0.5)
    widths = np.full(count, width, dtype=np.int64)
    row = SeriesHistory(UP, SWITCH, (), starts, widths, values, values, np.ones(count), simulated=False)
    device = Entity(SWITCH, EntityKind.DEVICE, SWITCH, None, "sw", "", "sw", {})
    snapshot = Snapshot(Instant(AT, 0.0), {SWITCH: device}, {}, Inventory("d", Places(), {}))

    class History:
        def read(
            self, family: str, start: float, end: float, entities: object = None
        ) -> Iterator[SeriesHistory]:
            yield from [row] if family == UP else []

    basis = gather(snapshot, History(), Calendars(), at=AT, days=60)
    months = measure_leadership(basis, History(), POLICY, {date(2026, 11, 1): 7}).months
    assert [month.first for month in months[:2]] == [date(2026, 11, 1), date(2026, 10, 1)]
    calendar = basis.calendars.default
    for month, share in zip(months[:2], (1.0, 0.5), strict=True):
        inside = (starts >= datetime(month.first.year, month.first.month, 1, tzinfo=UTC).timestamp()) & (
            starts < datetime(2026, month.first.month + 1, 1, tzinfo=UTC).timestamp()
        )
        lessons = calendar.mask(starts[inside], width) >= 0.5
        assert month.watched == pytest.approx(lessons.sum() * width)
        assert month.up == pytest.approx(share * month.watched)
    assert months[2].watched == 0
    assert [month.pages for month in months[:3]] == [7, 0, None]


@pytest.mark.parametrize(("bound", "full"), [(0.8, 0.0), (0.6, 1.0)])
def test_the_policy_says_from_when_on_a_radio_is_full_and_the_page_says_it_too(
    bound: float, full: float
) -> None:
    width = 3600
    starts = (int(AT) // width - 200 + np.arange(200, dtype=np.int64)) * width
    busy, widths = np.full(200, 0.7), np.full(200, width, dtype=np.int64)
    row = SeriesHistory(AIRTIME, SWITCH, ("all",), starts, widths, busy, busy, np.ones(200), simulated=False)
    device = Entity(SWITCH, EntityKind.DEVICE, SWITCH, None, "sw", "", "sw", {})
    snapshot = Snapshot(Instant(AT, 0.0), {SWITCH: device}, {}, Inventory("d", Places(), {}))

    class History:
        def read(
            self, family: str, start: float, end: float, entities: object = None
        ) -> Iterator[SeriesHistory]:
            yield from [row] if family == AIRTIME else []

    airtime = POLICY.full_at.airtime.model_copy(update={"value": bound})
    policy = POLICY.model_copy(
        update={"months": 3, "full_at": POLICY.full_at.model_copy(update={"airtime": airtime})}
    )
    basis = gather(snapshot, Nothing(), Calendars(), at=AT, days=60)
    found = measure_leadership(basis, History(), policy)
    assert len(found.months) == 3
    assert found.months[0].radios > 0
    assert found.months[0].radios_full == full * found.months[0].radios
    made = leadership_report(found, {}, policy, at=AT)
    assert made.policy == policy.name
    help_text = made.sheet("months").columns[made.sheet("months").place("radios_full")].help
    assert f"{bound:.0%} or more" in help_text


def test_a_bound_that_is_no_share_is_a_mistake_with_its_place() -> None:
    text = (config_dir() / "planning" / "leadership.yaml").read_text()
    with pytest.raises(ConfigError, match=r"leadership.yaml:\d+: full_at.uplink.value"):
        load_leadership_policy(parse_yaml(text.replace("value: 0.8", "value: 80", 1), "leadership.yaml"))


class Nothing:
    """A history without readings."""

    def read(self, family: str, start: float, end: float, entities: object = None) -> Iterator[SeriesHistory]:
        yield from ()
