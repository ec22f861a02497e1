"""Three years of history of simulated districts, week by week: two that a forecast may see, and one after."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tests.bench.forecast_series import Series

from netwatch.calendars import Calendar, load_calendars
from netwatch.documents import read_yaml
from netwatch.model import EntityId, FamilyType, SeriesHistory
from netwatch.planning.capacity.weekly import Weeks
from netwatch.simulate import District, SeedBlock, load_district, seed_history, write_config

END = 1_795_300_000.0
YEARS = 3
WEEKS = YEARS * 52
SEEN = 104
STORED = ("netwatch_volume_used_bytes", "netwatch_pool_used_bytes", "netwatch_memory_used_bytes")
TRAFFIC = (
    *("netwatch_interface_receive_bytes_total", "netwatch_interface_transmit_bytes_total"),
    *("netwatch_pse_used_watts", "netwatch_processor_utilization_ratio"),
)
CALLS = ("netwatch_trunk_channels_active", "netwatch_device_calls")


def districts(seeds: range) -> Iterator[tuple[str, Series]]:
    """Sorts of things and their series, as shares of their level, of several districts."""
    for seed in seeds:
        district = load_district(scale=40, seed=seed)
        weeks, calendar = Weeks(WEEKS, END), calendar_of(district)
        school = weeks.school(calendar)
        found: dict[str, list[np.ndarray]] = {}
        for block in seed_history(district, END, years=YEARS):
            for values in block.values:
                weekly = by_week(block, values, weeks, calendar)
                if weekly is not None and np.nanmax(weekly) > 0:
                    level = float(np.nanmedian(weekly[:SEEN])) or 1.0
                    found.setdefault(weekly_sort(block.family), []).append(weekly / level)
        for sort, rows in sorted(found.items()):
            yield sort, Series(np.stack(rows), np.tile(school, (len(rows), 1)), SEEN)


def weekly_sort(family: str) -> str:
    if family in STORED:
        return "simulated storage"
    return "simulated calls" if family in CALLS else "simulated traffic, power, load"


def by_week(block: SeedBlock, values: np.ndarray, weeks: Weeks, calendar: Calendar) -> np.ndarray | None:
    """As the plan makes it; None for families that it does not read."""
    if block.family not in STORED + TRAFFIC + CALLS:
        return None
    starts = block.start + block.width * np.arange(values.size, dtype=np.int64)
    widths = np.full(values.size, block.width, dtype=np.int64)
    rate = values / (block.width if block.type is FamilyType.COUNTER else 1)
    series = SeriesHistory(
        block.family, EntityId(""), (), starts, widths, rate, rate, np.ones(values.size), True
    )
    if block.family in STORED:
        return weeks.last(series)
    if block.family in CALLS:
        return weeks.busy_hour(series)[0]
    return weeks.percentile(series, calendar)


def calendar_of(district: District) -> Calendar:
    with tempfile.TemporaryDirectory() as folder:
        write_config(district, Path(folder), at=END)
        documents = [read_yaml(one) for one in Path(folder).glob("calendars/*.yaml")]
        return load_calendars(documents, district.library.district.timezone)["high"]
