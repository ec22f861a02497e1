"""History of a district on disk, as the store's upkeep leaves it, in minutes instead of hours.

Of each family 500 series have noise of their own and the others repeat them: on disk and to its readers each
series is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tests.bench.planning_district import PlanDistrict

from netwatch.history.blocks import DAY, month_end, month_of, month_start, pieces
from netwatch.history.codec import encode_columns, encode_indices
from netwatch.history.names import Relations, names_of
from netwatch.history.records import BLOCK, COUNTER, GAUGE, PendingBlock, _record
from netwatch.history.segment import Segment
from netwatch.model import EntityId, FamilyType, load_catalogue

__all__ = ["make_history"]

OWN = 500
Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, Floats, Floats], Floats]
"""From levels, (series, 1), and the swing of the day, (buckets,): rates or values."""


def _traffic(rng: np.random.Generator, level: Floats, swing: Floats) -> Floats:
    return np.round(3e6 * level * (0.1 + swing) * np.exp(0.5 * rng.standard_normal((level.size, swing.size))))


def _errors(rng: np.random.Generator, level: Floats, swing: Floats) -> Floats:
    """One port in ten has any."""
    return np.where(level > 0.9, 1e-3, 0.0) * (rng.random((level.size, swing.size)) < 0.1)


def _share(rng: np.random.Generator, level: Floats, swing: Floats) -> Floats:
    told = np.clip(level * (0.3 + 0.7 * swing) + rng.normal(0, 0.05, (level.size, swing.size)), 0, 1)
    return np.round(told * 255) / 255


def _count(rng: np.random.Generator, level: Floats, swing: Floats) -> Floats:
    return rng.poisson(40 * level * swing).astype(np.float64)


def _steady(middle: float, spread: float) -> Draw:
    def draw(rng: np.random.Generator, level: Floats, swing: Floats) -> Floats:
        return np.round(middle * (0.5 + level) + rng.normal(0, spread, (level.size, swing.size)), 1)

    return draw


def _up(rng: np.random.Generator, level: Floats, swing: Floats) -> Floats:
    return np.where(rng.random((level.size, swing.size)) < 2e-4 * level, 0.5, 1.0)


def _restarts(rng: np.random.Generator, level: Floats, swing: Floats) -> Floats:
    return (rng.random((level.size, swing.size)) < 1e-4) / 3600.0


def _grown(rng: np.random.Generator, level: Floats, swing: Floats) -> Floats:
    return np.round(1e12 * (0.5 + level) + 1e8 * np.cumsum(rng.random((level.size, swing.size)), axis=1))


FAMILIES: Sequence[tuple[str, str, tuple[tuple[str, ...], ...], Draw]] = (
    ("netwatch_device_up", "devices", ((),), _up),
    ("netwatch_device_reboots_total", "devices", ((),), _restarts),
    ("netwatch_interface_receive_bytes_total", "ports", ((),), _traffic),
    ("netwatch_interface_transmit_bytes_total", "ports", ((),), _traffic),
    ("netwatch_interface_receive_errors_total", "ports", ((),), _errors),
    ("netwatch_interface_transmit_errors_total", "ports", ((),), _errors),
    ("netwatch_radio_airtime_ratio", "radios", (("all",), ("rx",), ("tx",)), _share),
    ("netwatch_radio_clients", "radios", (("",),), _count),
    ("netwatch_radio_retry_ratio", "radios", ((),), _share),
    ("netwatch_radio_noise_dbm", "radios", ((),), _steady(-60.0, 1.0)),
    ("netwatch_processor_utilization_ratio", "processors", ((),), _share),
    ("netwatch_memory_used_bytes", "memories", ((),), _grown),
    ("netwatch_volume_used_bytes", "volumes", ((),), _grown),
    ("netwatch_sensor_temperature_celsius", "heat", ((),), _steady(30.0, 2.0)),
    ("netwatch_sensor_power_watts", "power", ((),), _steady(100.0, 5.0)),
    ("netwatch_pse_used_watts", "pse", ((),), _steady(250.0, 20.0)),
)


@dataclass(frozen=True, slots=True)
class _Again:
    """A block that was encoded before, for other series."""

    rows: NDArray[np.intp]
    like: PendingBlock
    parts: Sequence[bytes]

    def record(self, numbers: NDArray[np.uint32]) -> bytes:
        assert numbers.size == self.like.rows.size
        parts = [encode_indices(numbers), *self.parts]
        return _record(
            BLOCK,
            b"".join(len(part).to_bytes(4, "little") + part for part in parts),
            flags=2,
            sequence=1,
            start=self.like.start,
            width=self.like.width,
            rows=numbers.size,
            buckets=self.like.columns[0].shape[1],
            lowest=int(numbers.min()),
            highest=int(numbers.max()),
        )


def make_history(folder: Path, district: PlanDistrict, *, end: float, days: int, width: int) -> int:
    """The `days` before `end` in buckets of `width` seconds, into the folder. Returns how many values."""
    catalogue, cells = load_catalogue(), 0
    last = int(end) // DAY * DAY
    for number, (family, sort, labels, draw) in enumerate(FAMILIES):
        entities = district.series[sort]
        names = [(entity, label) for label in labels for entity in entities]
        counter = catalogue[family].type is FamilyType.COUNTER
        made = _Family(np.random.default_rng(number), draw, names, counter, width)
        made.write(folder / family, last - days * DAY, last)
        cells += len(names) * days * DAY // width
    return cells


@dataclass
class _Family:
    rng: np.random.Generator
    draw: Draw
    names: list[tuple[EntityId, tuple[str, ...]]]
    counter: bool
    width: int

    def write(self, folder: Path, start: int, end: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        level = np.random.default_rng(1).random((min(OWN, len(self.names)), 1))
        names = names_of(self.names)
        while start < end:
            stop = min(end, month_end(month_of(start)))
            segment = Segment(folder / f"{month_of(start)}.nwh")
            kind = COUNTER if self.counter else GAUGE
            for day in range(start, stop, DAY * 4):
                until = min(stop, day + DAY * 4)
                segment.append_named(kind, names, self._stretch(level, day, until), Relations())
            segment.sync()
            start = month_start(month_of(stop)) if stop < end else end

    def _stretch(self, level: Floats, start: int, end: int) -> Iterator[_Again | PendingBlock]:
        buckets = (end - start) // self.width
        hour = (start + self.width * np.arange(buckets)) / 3600 - 6
        swing = np.clip(np.sin((hour % 24 - 7) / 10 * np.pi), 0, 1) * (hour % 24 < 17)
        values = self.draw(self.rng, level, swing)
        covered = np.full(values.shape, float(self.width))
        columns = (values * self.width, covered) if self.counter else (values, values, covered)
        rows = np.arange(level.size)
        for block in pieces(rows, start, self.width, columns, sequence=1, simulated=False):
            parts = encode_columns(block.columns, settled=True)
            for first in range(int(block.rows[0]), len(self.names), OWN):
                here = np.arange(first, min(first + block.rows.size, len(self.names)))
                if here.size == block.rows.size:
                    yield _Again(here, block, parts)
                else:
                    cut = tuple(column[: here.size] for column in block.columns)
                    yield block._replace(rows=here, columns=cut)
